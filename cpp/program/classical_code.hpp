// Classical code: what a program does with classical bits and variables, as postfix code of 64-bit words. Programs
// check it once, planners ask which bits it touches, executors run it for every shot (classical_interpreter.hpp). ONE
// table, in classical_code.cpp, holds the immediates and the stack effect of every op.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ketjet {

// An op is one word, its immediates follow it. Values are stretches of words on one stack: a Uint(width) takes
// words_for(width) of them, lowest first, a Bool (0 or 1) and a Float (the bits of a double) one. "a, b" means that b
// is on top; lists are written [...].
enum class ClassicalOp : std::int64_t {
    constant,    // words, [word...]: pushes them
    load_bits,   // count, [clbit...]: pushes Uint(count), bit i from the i-th classical bit of the list
    load_words,  // first, words: pushes these variable words

    bit_and,  // words: a, b -> a & b
    bit_or,
    bit_xor,
    bit_not,    // width
    logic_and,  // Bools: a, b -> Bool
    logic_or,
    logic_not,
    equal,  // words: Uints a, b -> Bool
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,

    add,  // width: a, b -> a + b, modulo 2^width
    sub,
    mul,
    div,          // the quotient; an error when b is 0
    shift_left,   // width, words of the amount: value, amount -> value << amount, modulo 2^width
    shift_right,  // the same to the right
    index,        // width, words of the index: value, index -> Bool; an error when index >= width
    resize,       // words, width: -> Uint(width), cut or filled with zeros
    truth,        // words: a -> a != 0

    float_add,  // Floats a, b -> Float
    float_sub,
    float_mul,
    float_div,
    float_negate,
    float_equal,  // Floats a, b -> Bool
    float_not_equal,
    float_less,
    float_less_equal,
    float_greater,
    float_greater_equal,
    float_truth,    // a -> a != 0.0
    uint_to_float,  // words: the nearest Float
    float_to_uint,  // width: rounds towards zero; an error when no Uint(width) results

    select,  // words, entries, [words of entry 0, of entry 1, ...]: pushes the entry that the popped word names; an
             // error when there is none

    store_bits,         // count, [clbit...]: pops Uint(count) into the classical bits
    store_words,        // first, words: pops into the variable words
    store_bit_at,       // words of the index, count, [clbit...]: Bool, index -> ; an error when index >= count
    store_word_bit_at,  // words of the index, first, width: the same for the Uint(width) in the variable words
    require,            // flag, label: an error unless the flag is set; flag 64 w + b is bit b of variable word w
    set_flag,           // flag
    clear_flag,         // flag
};
std::span<const std::string_view> classical_op_names();  // in the order of ClassicalOp

// Throws std::invalid_argument, naming the word, the op, what is wrong and the fix, unless `code` is well-formed, uses
// only what the program has and leaves exactly `result_words` words on the stack. Takes any words whatsoever.
void check_code(std::span<const std::int64_t> code, int num_clbits, int variable_words, std::size_t num_labels,
                std::size_t result_words);

// One op of checked code with its parts; it takes `length` words.
struct ClassicalStep {
    ClassicalOp op;
    std::span<const std::int64_t> immediates;
    std::span<const std::int64_t> list;
    std::size_t length;
};
ClassicalStep first_step(std::span<const std::int64_t> code);

// Calls visit(ClassicalStep) for every op of checked code.
template <class Visit>
void for_each_step(std::span<const std::int64_t> code, Visit&& visit) {
    while (!code.empty()) {
        const ClassicalStep step = first_step(code);
        visit(step);
        code = code.subspan(step.length);
    }
}

// Calls visit(int clbit) for every classical bit that checked code reads, as often as it is named.
template <class Visit>
void for_each_bit_read(std::span<const std::int64_t> code, Visit&& visit) {
    for_each_step(code, [&](const ClassicalStep& step) {
        if (step.op != ClassicalOp::load_bits) return;
        for (const std::int64_t clbit : step.list) visit(static_cast<int>(clbit));
    });
}

// The same for every classical bit that it may write: store_bit_at writes one of its bits, but may write any.
template <class Visit>
void for_each_bit_written(std::span<const std::int64_t> code, Visit&& visit) {
    for_each_step(code, [&](const ClassicalStep& step) {
        if (step.op != ClassicalOp::store_bits && step.op != ClassicalOp::store_bit_at) return;
        for (const std::int64_t clbit : step.list) visit(static_cast<int>(clbit));
    });
}

}  // namespace ketjet
