// One short function per op, called through a table. Code is checked before, so nothing is checked here but what only
// the values can tell; values of one word, nearly all, take no loop.
#include "program/classical_interpreter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "base/bits.hpp"
#include "program/classical_code.hpp"
#include "program/wide_uint.hpp"

namespace ketjet {
namespace {

// The state of a run. Every op reads its own immediates off `next`.
struct ClassicalMachine {
    const std::int64_t* next;
    Word* clbits;
    Word* variables;
    std::span<const std::string> labels;
    std::vector<Word>& stack;

    std::size_t immediate() { return static_cast<std::size_t>(*next++); }
    std::span<const std::int64_t> list(std::size_t count) {
        const std::span<const std::int64_t> result(next, count);
        next += count;
        return result;
    }

    Word& top() { return stack.back(); }
    WideUint top(std::size_t words) { return WideUint(stack).last(words); }
    void push(Word word) { stack.push_back(word); }
    void drop(std::size_t words) { stack.resize(stack.size() - words); }
    Word pop() {
        const Word word = stack.back();
        stack.pop_back();
        return word;
    }
    double pop_float() { return std::bit_cast<double>(pop()); }
    void push_float(double number) { push(std::bit_cast<Word>(number)); }

    // The Uint on top, or the largest word when it is larger than that.
    Word pop_amount(std::size_t words) {
        const WideUint value = top(words);
        const bool fits = words == 1 || wide_is_zero(value.subspan(1));
        const Word amount = fits ? value[0] : std::numeric_limits<Word>::max();
        drop(words);
        return amount;
    }
};

// The two operands of an op on values of several words.
struct WideOperands {
    WideUint left, right;
};
WideOperands operands(ClassicalMachine& machine, std::size_t words) {
    const WideUint both = machine.top(2 * words);
    return {both.first(words), both.last(words)};
}

bool get_bit(const Word* words, std::size_t position) { return (words[position / 64] >> (position % 64) & 1) != 0; }

void put_bit(Word* words, std::size_t position, bool value) {
    const Word mask = bit(static_cast<int>(position % 64));
    words[position / 64] = value ? words[position / 64] | mask : words[position / 64] & ~mask;
}

[[noreturn]] void reject_index(Word index, const std::string& thing, std::size_t size) {
    const bool saturated = index == std::numeric_limits<Word>::max();
    throw ClassicalError("index " + std::to_string(index) + (saturated ? " or more" : "") + " is out of range of " +
                         thing + "; use 0 to " + std::to_string(size - 1));
}

std::string uint_type(std::size_t width) { return "Uint(" + std::to_string(width) + ")"; }

void constant(ClassicalMachine& machine) {
    for (const std::int64_t word : machine.list(machine.immediate())) machine.push(static_cast<Word>(word));
}

void load_bits(ClassicalMachine& machine) {
    Word word = 0;
    int filled = 0;
    for (const std::int64_t clbit : machine.list(machine.immediate())) {
        if (filled == 64) {
            machine.push(word);
            word = 0;
            filled = 0;
        }
        word |= Word{get_bit(machine.clbits, static_cast<std::size_t>(clbit))} << filled++;
    }
    machine.push(word);
}

void load_words(ClassicalMachine& machine) {
    const Word* const source = machine.variables + machine.immediate();
    machine.stack.insert(machine.stack.end(), source, source + machine.immediate());
}

template <class Operator>
void bitwise(ClassicalMachine& machine) {
    const std::size_t words = machine.immediate();
    const auto [left, right] = operands(machine, words);
    for (std::size_t i = 0; i < words; ++i) left[i] = Operator{}(left[i], right[i]);
    machine.drop(words);
}

void bit_not(ClassicalMachine& machine) {
    const std::size_t width = machine.immediate();
    const WideUint value = machine.top(words_for(width));
    for (Word& word : value) word = ~word;
    wide_mask(value, width);
}

void logic_and(ClassicalMachine& machine) {
    const bool right = machine.pop() != 0;
    machine.top() = right && machine.top() != 0;
}

void logic_or(ClassicalMachine& machine) {
    const bool right = machine.pop() != 0;
    machine.top() = right || machine.top() != 0;
}

void logic_not(ClassicalMachine& machine) { machine.top() = machine.top() == 0; }

template <class Relation>
void compare(ClassicalMachine& machine) {
    const std::size_t words = machine.immediate();
    if (words == 1) {
        const Word right = machine.pop();
        machine.top() = Relation{}(machine.top(), right);
        return;
    }
    const auto [left, right] = operands(machine, words);
    const bool holds = Relation{}(wide_compare(left, right), 0);
    machine.drop(2 * words);
    machine.push(holds);
}

template <class Operator, void (*wide)(WideUint, ConstWideUint)>
void arithmetic(ClassicalMachine& machine) {
    const std::size_t width = machine.immediate();
    if (width <= 64) {
        const Word right = machine.pop();
        machine.top() = Operator{}(machine.top(), right) & low_bits(static_cast<int>(width));
        return;
    }
    const std::size_t words = words_for(width);
    const auto [left, right] = operands(machine, words);
    wide(left, right);
    wide_mask(left, width);
    machine.drop(words);
}

void divide(ClassicalMachine& machine) {
    const std::size_t width = machine.immediate();
    const std::size_t words = words_for(width);
    if (wide_is_zero(machine.top(words))) {
        throw ClassicalError("division by zero: the divisor, a " + uint_type(width) +
                             ", is 0; divide only where it is tested not to be");
    }
    if (words == 1) {
        const Word divisor = machine.pop();
        machine.top() /= divisor;
        return;
    }
    machine.stack.resize(machine.stack.size() + words + 1);
    const WideUint all = machine.top(3 * words + 1);
    wide_divide(all.first(words), all.subspan(words, words), all.last(words + 1));
    machine.drop(2 * words + 1);
}

template <void (*wide)(WideUint, std::size_t)>
void shift(ClassicalMachine& machine) {
    const std::size_t width = machine.immediate();
    const Word amount = machine.pop_amount(machine.immediate());
    const WideUint value = machine.top(words_for(width));
    if (amount >= width) {
        std::ranges::fill(value, 0);
        return;
    }
    wide(value, static_cast<std::size_t>(amount));
    wide_mask(value, width);
}

void index(ClassicalMachine& machine) {
    const std::size_t width = machine.immediate();
    const std::size_t words = words_for(width);
    const Word position = machine.pop_amount(machine.immediate());
    if (position >= width) reject_index(position, "a " + uint_type(width), width);
    const bool found = get_bit(machine.top(words).data(), position);
    machine.drop(words);
    machine.push(found);
}

void resize(ClassicalMachine& machine) {
    const std::size_t from_words = machine.immediate();
    const std::size_t width = machine.immediate();
    const std::size_t words = words_for(width);
    machine.stack.resize(machine.stack.size() - from_words + words);
    wide_mask(machine.top(words), width);
}

void truth(ClassicalMachine& machine) {
    const std::size_t words = machine.immediate();
    const bool any = !wide_is_zero(machine.top(words));
    machine.drop(words);
    machine.push(any);
}

template <class Operator>
void float_arithmetic(ClassicalMachine& machine) {
    const double right = machine.pop_float();
    const double left = machine.pop_float();
    machine.push_float(Operator{}(left, right));
}

template <class Relation>
void float_compare(ClassicalMachine& machine) {
    const double right = machine.pop_float();
    const double left = machine.pop_float();
    machine.push(Relation{}(left, right));
}

void float_negate(ClassicalMachine& machine) { machine.push_float(-machine.pop_float()); }

void float_truth(ClassicalMachine& machine) { machine.push(machine.pop_float() != 0.0); }

void uint_to_float(ClassicalMachine& machine) {
    const std::size_t words = machine.immediate();
    const double number = wide_to_double(machine.top(words));
    machine.drop(words);
    machine.push_float(number);
}

void float_to_uint(ClassicalMachine& machine) {
    const std::size_t width = machine.immediate();
    const double number = machine.pop_float();
    if (!(number > -1.0 && number < std::ldexp(1.0, static_cast<int>(width)))) {
        std::ostringstream text;
        text << "the Float " << number << " does not fit into a " << uint_type(width) << "; cast numbers from 0 to 2^"
             << width << " - 1";
        throw ClassicalError(text.str());
    }
    const std::size_t words = words_for(width);
    machine.stack.resize(machine.stack.size() + words);
    wide_from_double(machine.top(words), number);
}

void select(ClassicalMachine& machine) {
    const std::size_t words = machine.immediate();
    const std::size_t entries = machine.immediate();
    const auto table = machine.list(words * entries);
    const Word which = machine.pop();
    if (which >= entries) reject_index(which, "a table of " + std::to_string(entries), entries);
    for (const std::int64_t word : table.subspan(words * which, words)) machine.push(static_cast<Word>(word));
}

void store_bits(ClassicalMachine& machine) {
    const auto clbits = machine.list(machine.immediate());
    const std::size_t words = words_for(clbits.size());
    const Word* const value = machine.top(words).data();
    for (std::size_t i = 0; i < clbits.size(); ++i) {
        put_bit(machine.clbits, static_cast<std::size_t>(clbits[i]), get_bit(value, i));
    }
    machine.drop(words);
}

void store_words(ClassicalMachine& machine) {
    Word* const target = machine.variables + machine.immediate();
    const std::size_t words = machine.immediate();
    std::ranges::copy(machine.top(words), target);
    machine.drop(words);
}

void store_bit_at(ClassicalMachine& machine) {
    const Word position = machine.pop_amount(machine.immediate());
    const auto clbits = machine.list(machine.immediate());
    if (position >= clbits.size()) {
        reject_index(position, "a register of " + std::to_string(clbits.size()), clbits.size());
    }
    put_bit(machine.clbits, static_cast<std::size_t>(clbits[position]), machine.pop() != 0);
}

void store_word_bit_at(ClassicalMachine& machine) {
    const Word position = machine.pop_amount(machine.immediate());
    Word* const variable = machine.variables + machine.immediate();
    const std::size_t width = machine.immediate();
    if (position >= width) reject_index(position, "a " + uint_type(width), width);
    put_bit(variable, position, machine.pop() != 0);
}

void require(ClassicalMachine& machine) {
    const std::size_t flag = machine.immediate();
    const std::size_t label = machine.immediate();
    if (get_bit(machine.variables, flag)) return;
    throw ClassicalError("variable '" + machine.labels[label] +
                         "' is read before it has a value; store one on every way to this read");
}

template <bool value>
void put_flag(ClassicalMachine& machine) {
    put_bit(machine.variables, machine.immediate(), value);
}

using Run = void (*)(ClassicalMachine&);
struct Row {
    ClassicalOp op;
    Run run;
};

constexpr Row rows[] = {
    {ClassicalOp::constant, constant},
    {ClassicalOp::load_bits, load_bits},
    {ClassicalOp::load_words, load_words},
    {ClassicalOp::bit_and, bitwise<std::bit_and<>>},
    {ClassicalOp::bit_or, bitwise<std::bit_or<>>},
    {ClassicalOp::bit_xor, bitwise<std::bit_xor<>>},
    {ClassicalOp::bit_not, bit_not},
    {ClassicalOp::logic_and, logic_and},
    {ClassicalOp::logic_or, logic_or},
    {ClassicalOp::logic_not, logic_not},
    {ClassicalOp::equal, compare<std::equal_to<>>},
    {ClassicalOp::not_equal, compare<std::not_equal_to<>>},
    {ClassicalOp::less, compare<std::less<>>},
    {ClassicalOp::less_equal, compare<std::less_equal<>>},
    {ClassicalOp::greater, compare<std::greater<>>},
    {ClassicalOp::greater_equal, compare<std::greater_equal<>>},
    {ClassicalOp::add, arithmetic<std::plus<>, wide_add>},
    {ClassicalOp::sub, arithmetic<std::minus<>, wide_subtract>},
    {ClassicalOp::mul, arithmetic<std::multiplies<>, wide_multiply>},
    {ClassicalOp::div, divide},
    {ClassicalOp::shift_left, shift<wide_shift_left>},
    {ClassicalOp::shift_right, shift<wide_shift_right>},
    {ClassicalOp::index, index},
    {ClassicalOp::resize, resize},
    {ClassicalOp::truth, truth},
    {ClassicalOp::float_add, float_arithmetic<std::plus<>>},
    {ClassicalOp::float_sub, float_arithmetic<std::minus<>>},
    {ClassicalOp::float_mul, float_arithmetic<std::multiplies<>>},
    {ClassicalOp::float_div, float_arithmetic<std::divides<>>},
    {ClassicalOp::float_negate, float_negate},
    {ClassicalOp::float_equal, float_compare<std::equal_to<>>},
    {ClassicalOp::float_not_equal, float_compare<std::not_equal_to<>>},
    {ClassicalOp::float_less, float_compare<std::less<>>},
    {ClassicalOp::float_less_equal, float_compare<std::less_equal<>>},
    {ClassicalOp::float_greater, float_compare<std::greater<>>},
    {ClassicalOp::float_greater_equal, float_compare<std::greater_equal<>>},
    {ClassicalOp::float_truth, float_truth},
    {ClassicalOp::uint_to_float, uint_to_float},
    {ClassicalOp::float_to_uint, float_to_uint},
    {ClassicalOp::select, select},
    {ClassicalOp::store_bits, store_bits},
    {ClassicalOp::store_words, store_words},
    {ClassicalOp::store_bit_at, store_bit_at},
    {ClassicalOp::store_word_bit_at, store_word_bit_at},
    {ClassicalOp::require, require},
    {ClassicalOp::set_flag, put_flag<true>},
    {ClassicalOp::clear_flag, put_flag<false>},
};

constexpr bool every_op_has_its_row = [] {
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        if (rows[i].op != static_cast<ClassicalOp>(i)) return false;
    }
    return std::size(rows) == static_cast<std::size_t>(ClassicalOp::clear_flag) + 1;
}();
static_assert(every_op_has_its_row);

}  // namespace

bool run_code(std::span<const std::int64_t> code, std::uint64_t* memory, int clbit_words,
              std::span<const std::string> labels, std::vector<std::uint64_t>& stack) {
    stack.clear();
    ClassicalMachine machine{code.data(), memory, memory + clbit_words, labels, stack};
    const std::int64_t* const end = code.data() + code.size();
    while (machine.next != end) rows[machine.immediate()].run(machine);
    return !stack.empty() && stack.back() != 0;
}

}  // namespace ketjet
