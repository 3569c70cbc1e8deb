// A PhaseForm by positions in a block, with factors for angles; they may have other lengths than 1.
#pragma once

#include <array>
#include <bit>
#include <vector>

#include "base/bits.hpp"
#include "program/matrix.hpp"

namespace ketjet {

// A factor where the bits of a position and of a cold qubit are both 1.
struct ColdCoupling {
    int position;
    int cold;
    Complex factor;
};

struct PlacedForm {
    std::array<Complex, 64> linear;    // of positions, as factors
    std::array<Index, 64> partners{};  // positions coupled to a position
    std::size_t size;                  // positions of the block
    Index used = 0;                    // those with any phase
    std::vector<Complex> coupling;     // of two positions where partners says so; empty if there are none
    std::vector<ColdCoupling> cold_couplings;

    explicit PlacedForm(std::size_t positions) : size(positions) { linear.fill(1); }
    void couple(int a, int b, Complex factor) {
        coupling.resize(size * size);
        partners[static_cast<std::size_t>(a)] |= bit(b);
        partners[static_cast<std::size_t>(b)] |= bit(a);
        at(a, b) = at(b, a) = factor;
        used |= bit(a) | bit(b);
    }
    // By the values of bits a and b, a the lower one.
    void multiply(int a, int b, const std::array<Complex, 4>& factors) {
        const Complex one = factors[1] / factors[0], other = factors[2] / factors[0];
        const Complex both = factors[3] / (factors[0] * one * other);
        linear[static_cast<std::size_t>(a)] *= one;
        linear[static_cast<std::size_t>(b)] *= other;
        used |= bit(a) | bit(b);
        if (both != Complex(1)) couple(a, b, both * (partners[static_cast<std::size_t>(a)] >> b & 1 ? at(a, b) : 1));
    }
    Complex& at(int a, int b) { return coupling[static_cast<std::size_t>(a) * size + static_cast<std::size_t>(b)]; }
    Index coupled_to(Index positions) const {
        Index result = 0;
        for (Index rest = positions; rest != 0; rest &= rest - 1) {
            result |= partners[static_cast<std::size_t>(std::countr_zero(rest))];
        }
        return result & ~positions;
    }
    // The couplings between two sets alone.
    PlacedForm across(Index inner, Index outer) const {
        PlacedForm result(size);
        for (Index rest = coupled_to(inner) & outer; rest != 0; rest &= rest - 1) {
            const int a = std::countr_zero(rest);
            for (Index both = partners[static_cast<std::size_t>(a)] & inner; both != 0; both &= both - 1) {
                const int b = std::countr_zero(both);
                result.couple(a, b, coupling[static_cast<std::size_t>(a) * size + static_cast<std::size_t>(b)]);
            }
        }
        return result;
    }
};

}  // namespace ketjet
