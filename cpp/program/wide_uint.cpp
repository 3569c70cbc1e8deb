// Schoolbook arithmetic on 64-bit digits; division is Knuth's algorithm D (The Art of Computer Programming, volume 2,
// 4.3.1). Conversions to double keep 64 leading bits and fold all others into the last, so they round once.
#include "program/wide_uint.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bits.hpp"

namespace ketjet {
namespace {

__extension__ using TwoWords = unsigned __int128;

constexpr Word low_word(TwoWords value) { return static_cast<Word>(value); }
constexpr Word high_word(TwoWords value) { return static_cast<Word>(value >> 64); }
constexpr TwoWords join(Word high, Word low) { return TwoWords{high} << 64 | low; }

// The number of words without leading zeros.
std::size_t significant(ConstWideUint value) {
    std::size_t count = value.size();
    while (count > 0 && value[count - 1] == 0) --count;
    return count;
}

// The 64 bits of `value` from bit `position` on, zeros past the end.
Word bits_from(ConstWideUint value, std::size_t position) {
    const std::size_t word = position / 64;
    const std::size_t offset = position % 64;
    const Word low = word < value.size() ? value[word] >> offset : 0;
    return offset == 0 || word + 1 >= value.size() ? low : low | value[word + 1] << (64 - offset);
}

// value += factor * addend modulo its size; `addend` is not longer than `value`.
void add_product(WideUint value, ConstWideUint addend, Word factor) {
    Word carry = 0;
    for (std::size_t i = 0; i < addend.size(); ++i) {
        const TwoWords sum = TwoWords{factor} * addend[i] + value[i] + carry;
        value[i] = low_word(sum);
        carry = high_word(sum);
    }
}

// value -= factor * subtrahend, which has one word less; returns whether the true difference is negative.
bool subtract_product(WideUint value, ConstWideUint subtrahend, Word factor) {
    Word borrow = 0;
    for (std::size_t i = 0; i < subtrahend.size(); ++i) {
        const TwoWords product = TwoWords{factor} * subtrahend[i] + borrow;
        borrow = high_word(product) + (value[i] < low_word(product) ? 1 : 0);
        value[i] -= low_word(product);
    }
    const bool negative = value.back() < borrow;
    value.back() -= borrow;
    return negative;
}

void divide_by_word(WideUint value, Word divisor) {
    Word remainder = 0;
    for (std::size_t i = value.size(); i-- > 0;) {
        const TwoWords dividend = join(remainder, value[i]);
        value[i] = low_word(dividend / divisor);
        remainder = low_word(dividend % divisor);
    }
}

// A digit of the quotient from the leading words (step D3): exact or one too large.
Word estimated_digit(ConstWideUint remainder, ConstWideUint divisor) {
    const std::size_t last = divisor.size() - 1;
    const TwoWords leading = join(remainder[last + 1], remainder[last]);
    TwoWords digit = leading / divisor[last];
    TwoWords rest = leading % divisor[last];
    while (high_word(digit) != 0 || digit * divisor[last - 1] > join(low_word(rest), remainder[last - 1])) {
        --digit;
        rest += divisor[last];
        if (high_word(rest) != 0) break;
    }
    return low_word(digit);
}

}  // namespace

void wide_mask(WideUint value, std::size_t width) {
    if (width % 64 != 0) value.back() &= low_bits(static_cast<int>(width % 64));
}

bool wide_is_zero(ConstWideUint value) { return significant(value) == 0; }

int wide_compare(ConstWideUint left, ConstWideUint right) {
    for (std::size_t i = left.size(); i-- > 0;) {
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

void wide_add(WideUint left, ConstWideUint right) { add_product(left, right, 1); }

void wide_subtract(WideUint left, ConstWideUint right) {
    Word borrow = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        const TwoWords difference = TwoWords{left[i]} - right[i] - borrow;
        left[i] = low_word(difference);
        borrow = high_word(difference) & 1;
    }
}

// From the highest digit of `left` down: the products of a digit go to its own place and above, where every digit has
// been used already.
void wide_multiply(WideUint left, ConstWideUint right) {
    for (std::size_t i = left.size(); i-- > 0;) {
        const Word digit = left[i];
        left[i] = 0;
        add_product(left.subspan(i), right.first(left.size() - i), digit);
    }
}

void wide_divide(WideUint left, WideUint right, WideUint scratch) {
    const WideUint divisor = right.first(significant(right));
    const std::size_t digits = significant(left);
    if (digits < divisor.size()) {
        std::ranges::fill(left, 0);
        return;
    }
    if (divisor.size() == 1) {
        divide_by_word(left.first(digits), divisor[0]);
        return;
    }
    // Both are shifted so that the divisor's highest bit is set, then digit after digit is taken off the remainder.
    const auto shift = static_cast<std::size_t>(std::countl_zero(divisor.back()));
    const WideUint remainder = scratch.first(digits + 1);
    std::ranges::copy(left.first(digits), remainder.begin());
    remainder.back() = 0;
    wide_shift_left(remainder, shift);
    wide_shift_left(divisor, shift);
    std::ranges::fill(left, 0);
    for (std::size_t i = digits - divisor.size() + 1; i-- > 0;) {
        const WideUint window = remainder.subspan(i, divisor.size() + 1);
        left[i] = estimated_digit(window, divisor);
        if (subtract_product(window, divisor, left[i])) {
            --left[i];
            wide_add(window.first(divisor.size()), divisor);  // its carry meets the borrow: the last word becomes 0
        }
    }
}

void wide_shift_left(WideUint value, std::size_t amount) {
    const std::size_t words = amount / 64;
    const std::size_t offset = amount % 64;
    for (std::size_t i = value.size(); i-- > words;) {
        const Word carried = offset != 0 && i > words ? value[i - words - 1] >> (64 - offset) : 0;
        value[i] = value[i - words] << offset | carried;
    }
    std::ranges::fill(value.first(words), 0);
}

void wide_shift_right(WideUint value, std::size_t amount) {
    for (std::size_t i = 0; i < value.size(); ++i) value[i] = bits_from(value, 64 * i + amount);
}

double wide_to_double(ConstWideUint value) {
    const std::size_t words = significant(value);
    if (words <= 1) return words == 0 ? 0.0 : static_cast<double>(value[0]);
    const std::size_t position = 64 * (words - 1) - static_cast<std::size_t>(std::countl_zero(value[words - 1]));
    const std::size_t partial = position / 64;
    const bool inexact =
        !wide_is_zero(value.first(partial)) || (value[partial] & low_bits(static_cast<int>(position % 64))) != 0;
    const Word leading = bits_from(value, position) | (inexact ? 1 : 0);
    return std::ldexp(static_cast<double>(leading), static_cast<int>(position));
}

void wide_from_double(WideUint value, double number) {
    std::ranges::fill(value, 0);
    if (!(number >= 1)) return;
    int exponent = 0;
    const double fraction = std::frexp(number, &exponent);
    const auto significand = static_cast<Word>(std::ldexp(fraction, 64));
    const auto width = static_cast<std::size_t>(exponent);  // the highest bit set is width - 1
    if (width <= 64) {
        value[0] = significand >> (64 - width);
        return;
    }
    const std::size_t last = (width - 1) / 64;
    const std::size_t offset = width - 64 * last;  // bits that the last word takes, 1 to 64
    value[last] = significand >> (64 - offset);
    if (offset < 64) value[last - 1] = significand << offset;
}

}  // namespace ketjet
