// Sums of numbers that do not depend on their order: for threads that add up what they happen to come by.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ketjet {

// A fixed-point number of 256 bits, in units of 2^-160. Doubles below 2^94 in magnitude are added without rounding, but
// for what they have below that unit. Infinities and what is not a number stay; what is too large counts as infinite.
class ExactSum {
 public:
    void add(double value) {
        constexpr int digits = std::numeric_limits<double>::digits;
        if (!(std::abs(value) < largest)) {
            others_ += std::isfinite(value) ? std::copysign(std::numeric_limits<double>::infinity(), value) : value;
            return;
        }
        int exponent = 0;
        const double fraction = std::frexp(value, &exponent);
        auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, digits));
        int shift = exponent - digits + fraction_bits;
        if (shift < 0) {
            mantissa = shift <= -digits ? 0 : mantissa / (std::int64_t{1} << -shift);
            shift = 0;
        }
        const auto limb = static_cast<std::size_t>(shift / limb_bits);
        const __int128 shifted = static_cast<__int128>(mantissa) << (shift % limb_bits);
        const auto sign = static_cast<std::uint64_t>(shifted < 0 ? -1 : 0);
        std::array<std::uint64_t, limbs> addend{};
        for (std::size_t i = limb; i < limbs; ++i) addend[i] = sign;
        addend[limb] = static_cast<std::uint64_t>(shifted);
        if (limb + 1 < limbs) addend[limb + 1] = static_cast<std::uint64_t>(shifted >> limb_bits);
        add(addend);
    }
    void add(const ExactSum& other) {
        add(other.limbs_);
        others_ += other.others_;
    }

    double value() const {
        if (others_ != 0) return others_;  // also if it is not a number
        const bool negative = static_cast<std::int64_t>(limbs_[limbs - 1]) < 0;
        std::array<std::uint64_t, limbs> magnitude = limbs_;
        if (negative) {
            bool carry = true;
            for (std::uint64_t& limb : magnitude) {
                limb = ~limb + (carry ? 1 : 0);
                carry = carry && limb == 0;
            }
        }
        double sum = 0;
        for (std::size_t i = 0; i < limbs; ++i) {
            sum += std::ldexp(static_cast<double>(magnitude[i]), limb_bits * static_cast<int>(i) - fraction_bits);
        }
        return negative ? -sum : sum;
    }

 private:
    static constexpr std::size_t limbs = 4;
    static constexpr int limb_bits = 64, fraction_bits = 160;
    static constexpr double largest = 0x1p94;

    void add(const std::array<std::uint64_t, limbs>& addend) {
        unsigned __int128 carry = 0;
        for (std::size_t i = 0; i < limbs; ++i) {
            carry += static_cast<unsigned __int128>(limbs_[i]) + addend[i];
            limbs_[i] = static_cast<std::uint64_t>(carry);
            carry >>= limb_bits;
        }
    }

    std::array<std::uint64_t, limbs> limbs_{};  // two's complement, the lowest first
    double others_ = 0;                         // the sum of what is not finite
};

}  // namespace ketjet
