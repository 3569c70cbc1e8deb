// Unsigned integers of any width as spans of 64-bit words, lowest word first; bits above the width are zero. Operations
// work in place on their first operand and allocate nothing. Used by the interpreter of classical code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ketjet {

using Word = std::uint64_t;
using WideUint = std::span<Word>;
using ConstWideUint = std::span<const Word>;

// How many words hold `width` bits.
constexpr std::size_t words_for(std::size_t width) { return (width + 63) / 64; }

// Clears the bits from `width` on, all of them in the last word of `value`.
void wide_mask(WideUint value, std::size_t width);

bool wide_is_zero(ConstWideUint value);
// Negative, zero or positive as `left` is less than, equal to or greater than `right`, of the same size.
int wide_compare(ConstWideUint left, ConstWideUint right);

// These are modulo 2^(64 words); both operands have the same size.
void wide_add(WideUint left, ConstWideUint right);
void wide_subtract(WideUint left, ConstWideUint right);
void wide_multiply(WideUint left, ConstWideUint right);

// Leaves the quotient in `left`, spoils `right`, which must not be zero, and needs one word more than them as scratch.
void wide_divide(WideUint left, WideUint right, WideUint scratch);

// By less than the 64 bits of every word together.
void wide_shift_left(WideUint value, std::size_t amount);
void wide_shift_right(WideUint value, std::size_t amount);

// The nearest double, ties to even; infinity from 2^1024 on.
double wide_to_double(ConstWideUint value);
// The integer part of `number`, which must lie between -1 and 2^(64 words), both excluded.
void wide_from_double(WideUint value, double number);

}  // namespace ketjet
