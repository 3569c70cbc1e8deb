// Tests of classical code: every op against references that work bit by bit, every error at run time, and what
// check_code refuses; random words and random programs must neither crash nor leave their memory.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "program/classical_code.hpp"
#include "program/classical_interpreter.hpp"
#include "program/wide_uint.hpp"

using namespace ketjet;

namespace {

using Op = ClassicalOp;
using Code = std::vector<std::int64_t>;
using Words = std::vector<std::uint64_t>;
using Bits = std::vector<bool>;  // lowest first

constexpr std::size_t widths[] = {1, 8, 63, 64, 65, 128, 130};
constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan_value = std::nan("");

Code operator+(Code left, const Code& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

// The code of one op with its immediates.
template <class... Values>
Code op(Op which, Values... immediates) {
    return {static_cast<std::int64_t>(which), static_cast<std::int64_t>(immediates)...};
}

Code push(const Words& words) {
    Code code = op(Op::constant, words.size());
    for (const std::uint64_t word : words) code.push_back(static_cast<std::int64_t>(word));
    return code;
}

Code push_float(double number) { return push({std::bit_cast<std::uint64_t>(number)}); }

// A program's classical side; its memory has exactly the size it must have, so sanitizers see every step beyond.
struct Memory {
    int num_clbits = 150;
    int variable_words = 8;
    std::vector<std::string> labels{"x", "y"};
    Words words = Words(11);
    Words stack{};

    int clbit_words() const { return (num_clbits + 63) / 64; }
    std::uint64_t& variable(std::size_t word) { return words[static_cast<std::size_t>(clbit_words()) + word]; }
    bool clbit(std::size_t bit) const { return (words[bit / 64] >> (bit % 64) & 1) != 0; }

    void check(const Code& code, std::size_t results) const {
        check_code(code, num_clbits, variable_words, labels.size(), results);
    }
    bool run(const Code& code, std::size_t results = 0) {
        check(code, results);
        return run_code(code, words.data(), clbit_words(), labels, stack);
    }
    // The words that checked code leaves on the stack.
    Words results(const Code& code, std::size_t count) {
        run(code, count);
        return stack;
    }
};

Words result_of(const Code& code, std::size_t count) { return Memory().results(code, count); }

bool truth_of(const Code& code) { return Memory().run(code, 1); }

double float_of(const Code& code) { return std::bit_cast<double>(result_of(code, 1)[0]); }

bool fails(Memory memory, const Code& code, const std::string& text, std::size_t results = 0) {
    try {
        memory.run(code, results);
    } catch (const ClassicalError& error) {
        if (std::string(error.what()).find(text) != std::string::npos) return true;
        std::fprintf(stderr, "message: %s\n", error.what());
    }
    return false;
}

bool refused(const Code& code, const std::string& text, std::size_t results = 0) {
    try {
        Memory().check(code, results);
    } catch (const std::invalid_argument& error) {
        if (std::string(error.what()).find(text) != std::string::npos) return true;
        std::fprintf(stderr, "message: %s\n", error.what());
    }
    return false;
}

// Values whose words are often all zeros, all ones or a single bit: carries, borrows and wrong digits of quotients.
Words random_value(RandomStream& random, std::size_t width) {
    Words value(words_for(width));
    for (std::uint64_t& word : value) {
        const std::uint64_t any = random.next_u64();
        const std::uint64_t choices[] = {0, ~std::uint64_t{0}, std::uint64_t{1} << (any & 63), any, any >> (any & 63)};
        word = choices[random.below(std::size(choices))];
    }
    const std::size_t cut = random.below(4) == 0 ? random.below(width) + 1 : width;
    for (std::size_t i = cut; i < 64 * value.size(); ++i) value[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    return value;
}

Bits bits_of(const Words& words, std::size_t width) {
    Bits bits(width);
    for (std::size_t i = 0; i < width && i < 64 * words.size(); ++i) bits[i] = (words[i / 64] >> (i % 64) & 1) != 0;
    return bits;
}

Words words_of(const Bits& bits) {
    Words words(words_for(bits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i) words[i / 64] |= std::uint64_t{bits[i]} << (i % 64);
    return words;
}

// The references: binary numbers as at school, modulo 2^width.
Bits sum(const Bits& left, const Bits& right, bool carry = false) {
    Bits result(left.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
        const int digit = left[i] + right[i] + carry;
        result[i] = (digit & 1) != 0;
        carry = digit > 1;
    }
    return result;
}

Bits complement(Bits bits) {
    bits.flip();
    return bits;
}

Bits difference(const Bits& left, const Bits& right) { return sum(left, complement(right), true); }

Bits shifted_left(const Bits& bits, std::size_t amount) {
    Bits result(bits.size());
    for (std::size_t i = amount; i < bits.size(); ++i) result[i] = bits[i - amount];
    return result;
}

Bits shifted_right(const Bits& bits, std::size_t amount) {
    Bits result(bits.size());
    for (std::size_t i = amount; i < bits.size(); ++i) result[i - amount] = bits[i];
    return result;
}

Bits product(const Bits& left, const Bits& right) {
    Bits result(left.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (right[i]) result = sum(result, shifted_left(left, i));
    }
    return result;
}

bool is_less(const Bits& left, const Bits& right) {
    return std::lexicographical_compare(left.rbegin(), left.rend(), right.rbegin(), right.rend());
}

Bits quotient(const Bits& dividend, const Bits& divisor) {
    Bits result(dividend.size());
    Bits wide_divisor = divisor;
    wide_divisor.push_back(false);
    Bits rest(dividend.size() + 1);
    for (std::size_t i = dividend.size(); i-- > 0;) {
        rest = shifted_left(rest, 1);
        rest[0] = dividend[i];
        if (is_less(rest, wide_divisor)) continue;
        rest = difference(rest, wide_divisor);
        result[i] = true;
    }
    return result;
}

// The value as the C library reads it from hexadecimal digits: the nearest double.
double nearest_double(const Words& value) {
    std::string digits;
    for (std::size_t i = value.size(); i-- > 0;) {
        for (int nibble = 15; nibble >= 0; --nibble) digits += "0123456789abcdef"[value[i] >> (4 * nibble) & 15];
    }
    return std::strtod(("0x" + digits + "p0").c_str(), nullptr);
}

void test_names() {
    const auto names = classical_op_names();
    const auto name = [&](Op which) { return names[static_cast<std::size_t>(which)]; };
    CHECK(names.size() == static_cast<std::size_t>(Op::clear_flag) + 1);
    CHECK(name(Op::constant) == "constant" && name(Op::load_words) == "load_words" && name(Op::bit_and) == "bit_and");
    CHECK(name(Op::logic_not) == "logic_not" && name(Op::equal) == "equal" && name(Op::less) == "less");
    CHECK(name(Op::greater_equal) == "greater_equal" && name(Op::add) == "add" && name(Op::div) == "div");
    CHECK(name(Op::shift_right) == "shift_right" && name(Op::index) == "index" && name(Op::truth) == "truth");
    CHECK(name(Op::float_negate) == "float_negate" && name(Op::float_truth) == "float_truth");
    CHECK(name(Op::float_to_uint) == "float_to_uint" && name(Op::select) == "select" && name(Op::require) == "require");
    CHECK(name(Op::store_word_bit_at) == "store_word_bit_at" && name(Op::clear_flag) == "clear_flag");
}

void test_words_and_bits() {
    RandomStream random({1, 2}, 1, 0);
    for (const std::size_t width : widths) {
        const std::size_t words = words_for(width);
        for (int i = 0; i < 100; ++i) {
            const Words a = random_value(random, width), b = random_value(random, width);
            const Bits left = bits_of(a, width), right = bits_of(b, width);
            Bits both(width), either(width), one(width);
            for (std::size_t k = 0; k < width; ++k) {
                both[k] = left[k] && right[k];
                either[k] = left[k] || right[k];
                one[k] = left[k] != right[k];
            }
            const Code operands = push(a) + push(b);
            CHECK(result_of(push(a), words) == a);
            CHECK(result_of(operands + op(Op::bit_and, words), words) == words_of(both));
            CHECK(result_of(operands + op(Op::bit_or, words), words) == words_of(either));
            CHECK(result_of(operands + op(Op::bit_xor, words), words) == words_of(one));
            CHECK(result_of(push(a) + op(Op::bit_not, width), words) == words_of(complement(left)));
            CHECK(truth_of(push(a) + op(Op::truth, words)) == (std::ranges::count(left, true) > 0));
            for (const std::size_t other : widths) {
                const Code code = push(a) + op(Op::resize, words, other);
                CHECK(result_of(code, words_for(other)) == words_of(bits_of(a, other)));
            }
        }
    }
    for (std::uint64_t a : {0u, 1u}) {
        for (std::uint64_t b : {0u, 1u}) {
            CHECK(result_of(push({a}) + push({b}) + op(Op::logic_and), 1) == Words{a & b});
            CHECK(result_of(push({a}) + push({b}) + op(Op::logic_or), 1) == Words{a | b});
        }
        CHECK(result_of(push({a}) + op(Op::logic_not), 1) == Words{1 - a});
    }
}

void test_comparisons() {
    RandomStream random({1, 2}, 2, 0);
    for (const std::size_t width : widths) {
        const std::size_t words = words_for(width);
        for (int i = 0; i < 200; ++i) {
            const Words a = random_value(random, width);
            Words b = i % 4 == 0 ? a : random_value(random, width);
            if (i % 8 == 4) {  // differ in one bit only
                b = a;
                const std::size_t changed = random.below(width);
                b[changed / 64] ^= std::uint64_t{1} << (changed % 64);
            }
            const bool less = is_less(bits_of(a, width), bits_of(b, width));
            const bool greater = is_less(bits_of(b, width), bits_of(a, width));
            const Code operands = push(a) + push(b);
            CHECK(truth_of(operands + op(Op::equal, words)) == (!less && !greater));
            CHECK(truth_of(operands + op(Op::not_equal, words)) == (less || greater));
            CHECK(truth_of(operands + op(Op::less, words)) == less);
            CHECK(truth_of(operands + op(Op::less_equal, words)) == !greater);
            CHECK(truth_of(operands + op(Op::greater, words)) == greater);
            CHECK(truth_of(operands + op(Op::greater_equal, words)) == !less);
        }
    }
}

void test_arithmetic() {
    RandomStream random({1, 2}, 3, 0);
    for (const std::size_t width : widths) {
        const std::size_t words = words_for(width);
        for (int i = 0; i < 200; ++i) {
            const Words a = random_value(random, width), b = random_value(random, width);
            const Bits left = bits_of(a, width), right = bits_of(b, width);
            const Code operands = push(a) + push(b);
            CHECK(result_of(operands + op(Op::add, width), words) == words_of(sum(left, right)));
            CHECK(result_of(operands + op(Op::sub, width), words) == words_of(difference(left, right)));
            CHECK(result_of(operands + op(Op::mul, width), words) == words_of(product(left, right)));
        }
    }
}

void test_division() {
    RandomStream random({1, 2}, 4, 0);
    const auto divides_well = [](const Words& a, const Words& b, std::size_t width) {
        if (std::ranges::all_of(b, [](std::uint64_t word) { return word == 0; })) return true;
        const Bits expected = quotient(bits_of(a, width), bits_of(b, width));
        return result_of(push(a) + push(b) + op(Op::div, width), words_for(width)) == words_of(expected);
    };
    for (const std::size_t width : std::initializer_list<std::size_t>{1, 2, 8, 63, 64, 65, 128, 130, 192, 250, 320}) {
        for (int i = 0; i < 300; ++i) {
            CHECK(divides_well(random_value(random, width), random_value(random, width), width));
        }
        CHECK(fails({}, push(Words(words_for(width), 1)) + push(Words(words_for(width))) + op(Op::div, width),
                    "division by zero: the divisor, a Uint(" + std::to_string(width) + "), is 0", words_for(width)));
    }
    // Here a digit of the quotient is guessed too large, by the leading words (first) or even by all but the last.
    const std::uint64_t high = std::uint64_t{1} << 63, ones = ~std::uint64_t{0};
    CHECK(divides_well({0, 0, high, high - 1}, {1, 0, high, 0}, 256));
    CHECK(divides_well({0, ones - 1, high, 0}, {ones, high, 0, 0}, 256));
    CHECK(divides_well({3, 0, high, 0}, {1, 0, high >> 2, 0}, 256));
    CHECK(divides_well({0, 0, high, high - 1, 0}, {ones, 0, high, 0, 0}, 320));
    CHECK(divides_well({ones, ones, ones, ones}, {ones, ones, 0, 0}, 256));
}

void test_shifts_and_indices() {
    RandomStream random({1, 2}, 5, 0);
    for (const std::size_t width : widths) {
        const std::size_t words = words_for(width);
        for (std::size_t amount = 0; amount <= width + 65; ++amount) {
            const Words a = random_value(random, width);
            const Bits bits = bits_of(a, width);
            const Words left = words_of(shifted_left(bits, amount)), right = words_of(shifted_right(bits, amount));
            for (const Words& amounts : {Words{amount}, Words{amount, 0}, Words{amount, 0, 0}}) {
                const Code operands = push(a) + push(amounts);
                CHECK(result_of(operands + op(Op::shift_left, width, amounts.size()), words) == left);
                CHECK(result_of(operands + op(Op::shift_right, width, amounts.size()), words) == right);
                const Code index = operands + op(Op::index, width, amounts.size());
                if (amount < width) {
                    CHECK(truth_of(index) == bits[amount]);
                } else {
                    const std::string text = "index " + std::to_string(amount) + " is out of range of a Uint(" +
                                             std::to_string(width) + "); use 0 to " + std::to_string(width - 1);
                    CHECK(fails({}, index, text, 1));
                }
            }
        }
        const Code huge = push(Words(words, 1)) + push({0, 1});  // by 2^64
        CHECK(result_of(huge + op(Op::shift_left, width, 2), words) == Words(words));
        CHECK(result_of(huge + op(Op::shift_right, width, 2), words) == Words(words));
        CHECK(fails({}, huge + op(Op::index, width, 2), "index 18446744073709551615 or more is out of range", 1));
    }
}

void test_floats() {
    const double numbers[] = {0.0, -0.0, 1.5, -2.25, 1e300, -1e-300, infinity, -infinity, nan_value};
    const auto same = [](double left, double right) {
        return std::isnan(left) ? std::isnan(right)
                                : std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
    };
    for (const double a : numbers) {
        for (const double b : numbers) {
            const Code operands = push_float(a) + push_float(b);
            CHECK(same(float_of(operands + op(Op::float_add)), a + b));
            CHECK(same(float_of(operands + op(Op::float_sub)), a - b));
            CHECK(same(float_of(operands + op(Op::float_mul)), a * b));
            CHECK(b == 0 || same(float_of(operands + op(Op::float_div)), a / b));
            CHECK(truth_of(operands + op(Op::float_equal)) == (a == b));
            CHECK(truth_of(operands + op(Op::float_not_equal)) == (a != b));
            CHECK(truth_of(operands + op(Op::float_less)) == (a < b));
            CHECK(truth_of(operands + op(Op::float_less_equal)) == (a <= b));
            CHECK(truth_of(operands + op(Op::float_greater)) == (a > b));
            CHECK(truth_of(operands + op(Op::float_greater_equal)) == (a >= b));
        }
        CHECK(same(float_of(push_float(a) + op(Op::float_negate)), -a));
        CHECK(truth_of(push_float(a) + op(Op::float_truth)) == (a != 0.0));
    }
    CHECK(float_of(push_float(-1.0) + push_float(0.0) + op(Op::float_div)) == -infinity);
}

void test_uint_to_float() {
    RandomStream random({1, 2}, 6, 0);
    const auto converts_well = [](const Words& value) {
        return float_of(push(value) + op(Op::uint_to_float, value.size())) == nearest_double(value);
    };
    for (const std::size_t width :
         std::initializer_list<std::size_t>{1, 8, 53, 54, 63, 64, 65, 128, 130, 200, 1000, 1024}) {
        for (int i = 0; i < 200; ++i) CHECK(converts_well(random_value(random, width)));
    }
    // Ties and their neighbours: 54 leading bits, then at most one bit far below.
    for (std::size_t position = 0; position < 192; ++position) {
        for (const std::uint64_t last : {1u, 3u}) {
            Bits value(256);
            value[position + 53] = true;
            value[position] = (last & 1) != 0;
            value[position + 1] = (last & 2) != 0;
            CHECK(converts_well(words_of(value)));
            if (position == 0) continue;
            value[0] = true;
            CHECK(converts_well(words_of(value)));
            value[position] = false;
            for (std::size_t i = 0; i < position; ++i) value[i] = true;
            CHECK(converts_well(words_of(value)));
        }
    }
    CHECK(converts_well(Words(16, ~std::uint64_t{0})));  // 2^1024 - 1 is infinity
    CHECK(converts_well(Words(20, 1)));
}

void test_float_to_uint() {
    RandomStream random({1, 2}, 7, 0);
    const auto reference = [](double number, std::size_t width) {
        Bits bits(width);
        number = std::trunc(number);
        for (std::size_t i = 0; i < width; ++i) {
            bits[i] = std::fmod(number, 2) != 0;
            number = std::floor(number / 2);
        }
        return words_of(bits);
    };
    const auto cast = [](double number, std::size_t width) {
        return push_float(number) + op(Op::float_to_uint, width);
    };
    for (const std::size_t width :
         std::initializer_list<std::size_t>{1, 8, 52, 53, 63, 64, 65, 128, 130, 1023, 1024, 1100}) {
        const std::size_t words = words_for(width);
        for (int i = 0; i < 200; ++i) {
            const int exponent = static_cast<int>(random.below(std::min<std::size_t>(width, 1024) + 1));
            const double number = std::ldexp(random.uniform(), exponent);
            CHECK(result_of(cast(number, width), words) == reference(number, width));
        }
        for (const double small : {0.0, -0.0, 0.5, -0.5, -0x1.fffffffffffffp-1, 0x1.fffffffffffffp-1, 1e-310}) {
            CHECK(result_of(cast(small, width), words) == Words(words));
        }
        const double bound = std::ldexp(1.0, static_cast<int>(width));
        const double largest = std::nextafter(bound, 0.0);
        CHECK(result_of(cast(largest, width), words) == reference(largest, width));
        for (const double outside : {bound, -1.0, -1e300, infinity, -infinity, nan_value}) {
            CHECK(fails({}, cast(outside, width), "does not fit into a Uint(" + std::to_string(width) + ")", words));
        }
    }
    CHECK(fails({}, cast(300.5, 8), "the Float 300.5 does not fit into a Uint(8); cast numbers from 0 to 2^8 - 1", 1));
}

void test_select() {
    const Words table{5, ~std::uint64_t{0}, 7};
    for (std::uint64_t which = 0; which < 3; ++which) {
        CHECK(result_of(push({which}) + op(Op::select, 1, 3, 5, -1, 7), 1) == Words{table[which]});
        const Code pairs = push({which}) + op(Op::select, 2, 3, 0, 1, 2, 3, 4, 5);
        CHECK(result_of(pairs, 2) == (Words{2 * which, 2 * which + 1}));
    }
    CHECK(fails({}, push({3}) + op(Op::select, 1, 3, 5, -1, 7), "index 3 is out of range of a table of 3", 1));
    CHECK(fails({}, push({~std::uint64_t{0}}) + op(Op::select, 1, 1, 5), "use 0 to 0", 1));
}

void test_clbits() {
    RandomStream random({1, 2}, 8, 0);
    for (const std::size_t width : widths) {
        const std::size_t words = words_for(width);
        for (int i = 0; i < 50; ++i) {
            Code clbits(150);  // `width` distinct classical bits in any order
            std::iota(clbits.begin(), clbits.end(), 0);
            for (std::size_t k = 0; k < width; ++k) std::swap(clbits[k], clbits[k + random.below(150 - k)]);
            clbits.resize(width);
            Memory memory;
            const Words noise = random_value(random, 150), value = random_value(random, width);
            std::ranges::copy(noise, memory.words.begin());
            Bits expected = bits_of(noise, 150);
            for (std::size_t k = 0; k < width; ++k) {
                expected[static_cast<std::size_t>(clbits[k])] = bits_of(value, width)[k];
            }
            memory.run(push(value) + op(Op::store_bits, width) + clbits);
            CHECK(Words(memory.words.begin(), memory.words.begin() + 3) == words_of(expected));
            CHECK(memory.results(op(Op::load_bits, width) + clbits, words) == value);

            const std::size_t position = random.below(width);
            const bool bit = random.below(2) != 0;
            const auto changed = static_cast<std::size_t>(clbits[position]);
            expected[changed] = bit;
            const Code operands = push({bit}) + push({position, 0});
            memory.run(operands + op(Op::store_bit_at, 2, width) + clbits);
            CHECK(memory.clbit(changed) == bit);
            CHECK(Words(memory.words.begin(), memory.words.begin() + 3) == words_of(expected));
        }
        const Code outside = push({1}) + push({width}) + op(Op::store_bit_at, 1, width) + Code(width, 7);
        CHECK(fails({}, outside, "is out of range of a register of " + std::to_string(width)));
    }
}

void test_variables() {
    RandomStream random({1, 2}, 9, 0);
    for (const std::size_t width : widths) {
        const std::size_t words = words_for(width);
        Memory memory;
        const Words value = random_value(random, width);
        memory.run(push(value) + op(Op::store_words, 2, words));
        CHECK(std::equal(value.begin(), value.end(), &memory.variable(2)));
        CHECK(std::ranges::all_of(memory.words.begin(), memory.words.begin() + 5, [](auto word) { return word == 0; }));
        CHECK(memory.results(op(Op::load_words, 2, words), words) == value);

        Bits bits = bits_of(value, width);
        for (std::size_t position = 0; position < width; ++position) {
            bits[position] = !bits[position];
            const Code operands = push({std::uint64_t{bits[position]}}) + push({position});
            memory.run(operands + op(Op::store_word_bit_at, 1, 2, width));
            CHECK(memory.results(op(Op::load_words, 2, words), words) == words_of(bits));
        }
        const Code outside = push({1}) + push({width, 0}) + op(Op::store_word_bit_at, 2, 0, width);
        CHECK(fails({}, outside, "is out of range of a Uint(" + std::to_string(width) + ")"));
    }
}

void test_flags() {
    Memory memory;
    for (const std::int64_t flag : {0, 5, 63, 64, 200, 511}) {
        const Code require = op(Op::require, flag, 1);
        CHECK(fails(memory, require, "variable 'y' is read before it has a value"));
        memory.run(op(Op::set_flag, flag) + require);
        CHECK(memory.variable(static_cast<std::size_t>(flag / 64)) >> (flag % 64) & 1);
        CHECK(fails(memory, op(Op::clear_flag, flag) + require, "store one on every way to this read"));
    }
    CHECK(memory.variable(0) == (std::uint64_t{1} << 63 | 0x21));
    memory.run(op(Op::clear_flag, 5));
    CHECK(memory.variable(0) == (std::uint64_t{1} << 63 | 1));
}

void test_results_and_stack() {
    Memory memory;
    CHECK(!memory.run({}) && memory.stack.empty());
    CHECK(memory.run(push({1}), 1) && !memory.run(push({0}), 1));
    // (c[0] and variable 0 == 7) or not c[1]
    const Code code = op(Op::load_bits, 1, 0) + op(Op::load_words, 0, 1) + push({7}) + op(Op::equal, 1) +
                      op(Op::logic_and) + op(Op::load_bits, 1, 1) + op(Op::logic_not) + op(Op::logic_or);
    CHECK(memory.run(code, 1));
    memory.words[0] = 2;
    CHECK(!memory.run(code, 1));
    memory.words[0] = 3;
    memory.variable(0) = 7;
    CHECK(memory.run(code, 1));
    // What an error stopped leaves its stores, and the stack starts anew.
    CHECK(fails(memory, push({0}) + op(Op::store_words, 0, 1) + op(Op::require, 511, 0), "'x'"));
    const Code division = push({1, 2, 3}) + push({4, 5, 0}) + op(Op::div, 130) + op(Op::truth, 3);
    memory.run(division, 1);
    const std::uint64_t* const data = memory.stack.data();
    for (int i = 0; i < 10; ++i) memory.run(division, 1);
    CHECK(memory.stack.data() == data && memory.stack.size() == 1);
}

void test_bit_sets() {
    const Code code = op(Op::load_bits, 3, 5, 6, 5) + op(Op::store_bits, 3, 1, 2, 3) + push({1}) +
                      op(Op::load_bits, 1, 9) + op(Op::store_bit_at, 1, 2, 7, 8) + op(Op::set_flag, 3);
    Memory().check(code, 0);
    std::vector<int> read, written;
    for_each_bit_read(code, [&](int clbit) { read.push_back(clbit); });
    for_each_bit_written(code, [&](int clbit) { written.push_back(clbit); });
    CHECK(read == (std::vector<int>{5, 6, 5, 9}));
    CHECK(written == (std::vector<int>{1, 2, 3, 7, 8}));
    std::vector<Op> ops;
    for_each_step(code, [&](const ClassicalStep& step) { ops.push_back(step.op); });
    CHECK(ops == (std::vector<Op>{Op::load_bits, Op::store_bits, Op::constant, Op::load_bits, Op::store_bit_at,
                                  Op::set_flag}));
}

void test_refused_code() {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max(), least = -most - 1;
    for (const std::int64_t code : {std::int64_t{-1}, std::int64_t{47}, most, least}) {
        CHECK(refused({code}, "word 0: op " + std::to_string(code) + " is unknown; ops are 0 to 46"));
    }
    CHECK(refused(push({1}) + Code{99}, "word 3: op 99 is unknown"));
    CHECK(refused(push({1}), "it leaves 1 word on the stack; it must leave 0"));
    CHECK(refused({}, "it leaves 0 words on the stack; it must leave 1", 1));
    CHECK(refused(op(Op::constant), "word 0 (constant): needs 1 immediate, but the code ends after 0"));
    CHECK(refused(op(Op::constant, 3, 1), "needs 3 listed words, but the code ends after 1; append the rest"));
    CHECK(refused(op(Op::load_bits, 2, 1), "word 0 (load_bits): needs 2 clbits, but the code ends after 1"));
    CHECK(refused(op(Op::store_word_bit_at, 1), "needs 3 immediates, but the code ends after 1"));
    for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, most, least, std::int64_t{1} << 62}) {
        const std::string value = std::to_string(bad);
        CHECK(refused(op(Op::constant, bad), "words " + value + " is out of range; use 1 to 16384"));
        CHECK(refused(op(Op::bit_not, bad), "width " + value + " is out of range; use 1 to 1048576"));
        CHECK(refused(op(Op::store_bits, bad), "count " + value + " is out of range; use 1 to 1048576"));
        CHECK(refused(push({0}) + op(Op::select, 1, bad, 0), "entries " + value + " is out of range; use 1 to 7"));
        CHECK(refused(op(Op::resize, 1, bad), "width " + value));
    }
    for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{512}, most, least}) {
        const std::string value = std::to_string(bad);
        CHECK(refused(op(Op::load_words, bad, 1), "first " + value + " is out of range; use 0 to 7"));
        CHECK(refused(op(Op::set_flag, bad), "flag " + value + " is out of range; use 0 to 511"));
        CHECK(refused(op(Op::require, 0, bad), "label " + value + " is out of range; use 0 to 1"));
        CHECK(refused(op(Op::load_bits, 1, bad), "clbit " + value + " is out of range; use 0 to 149"));
        CHECK(refused(push({1}) + op(Op::store_bits, 1, bad), "word 3 (store_bits): clbit " + value));
    }
    CHECK(refused(op(Op::load_words, 6, 3), "uses variable words 6 to 8, but the program has 8; raise variable_words"));
    CHECK(refused(push({1, 1}) + op(Op::store_word_bit_at, 1, 7, 65), "uses variable words 7 to 8"));
    CHECK(refused(push({1}) + op(Op::add, 8), "word 3 (add): pops 2 words, but the stack has 1; push its operands"));
    CHECK(refused(push({1}) + op(Op::add, 65), "pops 4 words, but the stack has 1"));
    CHECK(refused(op(Op::logic_not), "pops 1 word, but the stack has 0"));
    Code deep;
    for (int i = 0; i < 5; ++i) deep = deep + push(Words(16384, 1));
    CHECK(refused(deep, "word 65544 (constant): the stack grows to 81920 words; use at most 65536"));

    CHECK_THROWS(check_code(op(Op::load_bits, 1, 0), 0, 0, 0, 1), std::invalid_argument);
    CHECK_THROWS(check_code(op(Op::set_flag, 0), 0, 0, 0, 0), std::invalid_argument);
    CHECK_THROWS(check_code(op(Op::require, 0, 0), 1, 1, 0, 0), std::invalid_argument);
    CHECK_THROWS(check_code(op(Op::load_words, 0, 1), 1, 0, 0, 1), std::invalid_argument);
}

// The number of words that `code` leaves on the stack, or -1 when it is refused for more than these.
int accepted_results(const Memory& memory, const Code& code) {
    const std::string fault = "invalid classical code: it leaves ";
    try {
        memory.check(code, ~std::size_t{0});
    } catch (const std::invalid_argument& error) {
        const std::string text = error.what();
        if (text.starts_with(fault)) return std::stoi(text.substr(fault.size()));
    }
    return -1;
}

// One op with immediates that are often possible.
Code random_op(RandomStream& random) {
    const Op which = static_cast<Op>(random.below(classical_op_names().size()));
    const std::size_t usual[] = {1, 1, 1, 2, 3, 8, 64, 65, 130};
    const auto small = [&] { return usual[random.below(std::size(usual))]; };
    Code list(random.below(8) == 0 ? 70 : 1 + random.below(4));
    for (std::int64_t& entry : list) entry = static_cast<std::int64_t>(random.below(150));
    switch (which) {
        case Op::constant:
        case Op::load_bits:
        case Op::store_bits:
            return op(which, list.size()) + list;
        case Op::store_bit_at:
            return op(which, small(), list.size()) + list;
        case Op::select:
            return op(which, 1, list.size()) + list;
        case Op::load_words:
        case Op::store_words:
        case Op::require:
            return op(which, random.below(4), small());
        case Op::store_word_bit_at:
            return op(which, small(), random.below(4), small());
        default:
            break;
    }
    Code code = op(which);
    for (std::size_t count = random.below(3); count > 0; --count) code.push_back(static_cast<std::int64_t>(small()));
    return code;
}

// Whatever is accepted runs, or stops with a ClassicalError, without touching the words around its memory.
void run_accepted(Memory& memory, const Code& code, int results) {
    const std::uint64_t guard = 0x5ca1ab1e5ca1ab1e;
    Words guarded(memory.words.size() + 2, guard);
    std::ranges::copy(memory.words, guarded.begin() + 1);
    try {
        run_code(code, guarded.data() + 1, memory.clbit_words(), memory.labels, memory.stack);
        CHECK(memory.stack.size() == static_cast<std::size_t>(results));
    } catch (const ClassicalError&) {
    }
    CHECK(guarded.front() == guard && guarded.back() == guard);
    std::copy(guarded.begin() + 1, guarded.end() - 1, memory.words.begin());
    CHECK(memory.words[2] >> (150 - 128) == 0);  // no classical bit
}

void test_random_programs() {
    RandomStream random({1, 2}, 10, 0);
    int accepted = 0;
    Memory memory;
    for (int i = 0; i < 400; ++i) {
        Code code;
        int results = 0;
        for (int k = 0; k < 40; ++k) {
            const Code longer = code + random_op(random);
            const int longer_results = accepted_results(memory, longer);
            if (longer_results < 0) continue;
            code = longer;
            results = longer_results;
            ++accepted;
        }
        run_accepted(memory, code, results);
        for (int k = 0; k < 20 && !code.empty(); ++k) {  // and with one word changed
            Code changed = code;
            std::int64_t& word = changed[random.below(code.size())];
            word = random.below(2) == 0 ? word + static_cast<std::int64_t>(random.below(5)) - 2
                                        : static_cast<std::int64_t>(random.next_u64());
            const int changed_results = accepted_results(memory, changed);
            if (changed_results >= 0) run_accepted(memory, changed, changed_results);
        }
    }
    CHECK(accepted > 2000);
}

void test_random_words() {
    RandomStream random({1, 2}, 11, 0);
    Memory memory;
    for (int i = 0; i < 50000; ++i) {
        Code code(random.below(12));
        for (std::int64_t& word : code) {
            word = random.below(8) == 0 ? static_cast<std::int64_t>(random.next_u64())
                                        : static_cast<std::int64_t>(random.below(50));
        }
        const int results = accepted_results(memory, code);
        if (results >= 0) run_accepted(memory, code, results);
    }
}

}  // namespace

int main() {
    test_names();
    test_words_and_bits();
    test_comparisons();
    test_arithmetic();
    test_division();
    test_shifts_and_indices();
    test_floats();
    test_uint_to_float();
    test_float_to_uint();
    test_select();
    test_clbits();
    test_variables();
    test_flags();
    test_results_and_stack();
    test_bit_sets();
    test_refused_code();
    test_random_programs();
    test_random_words();
    return failed_checks == 0 ? 0 : 1;
}
