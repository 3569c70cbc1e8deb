// A PhaseForm by positions in a block, with factors for angles; they may have other lengths than 1. Factors of one are
// left out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <utility>

#include "base/bits.hpp"
#include "base/small_vector.hpp"
#include "emit/arena.hpp"
#include "program/matrix.hpp"

namespace ketjet {

// A factor where the bits of a position and of a cold qubit are both 1.
struct ColdCoupling {
    int position;
    int cold;
    Complex factor;
};

class PlacedForm {
 public:
    // Of a block with so many positions; the arena holds the factors.
    PlacedForm(int positions, Arena& arena)
        : positions_(positions),
          linear_(arena.take<Complex>(size())),
          partners_(arena.take<Index>(size())),
          couplings_(arena.take<Complex>(size() * (size() - 1) / 2)) {
        std::fill_n(partners_, size(), Index{0});
    }

    int positions() const { return positions_; }
    // Positions with any phase: of their own, or coupled.
    Index used() const { return factors_ | coupled_ | cold_; }
    // The positions with factors of their own; one's factor where it has one.
    Index factors() const { return factors_; }
    Complex factor(int position) const { return linear_[position]; }
    // The positions that one is coupled to, all that have such partners, and the factor of two that are coupled.
    Index partners(int position) const { return partners_[position]; }
    Index coupled() const { return coupled_; }
    Complex coupling(int a, int b) const { return couplings_[place_of(a, b)]; }
    const SmallVector<ColdCoupling, 8>& cold_couplings() const { return cold_couplings_; }

    void multiply(int position, Complex factor) {
        if (factor == Complex(1)) return;
        linear_[position] = (factors_ >> position & 1) != 0 ? linear_[position] * factor : factor;
        factors_ |= bit(position);
    }
    void couple(int a, int b, Complex factor) {
        if (factor == Complex(1)) return;
        Complex& coupling = couplings_[place_of(a, b)];
        coupling = (partners_[a] >> b & 1) != 0 ? coupling * factor : factor;
        partners_[a] |= bit(b);
        partners_[b] |= bit(a);
        coupled_ |= bit(a) | bit(b);
    }
    void couple_to_cold(const ColdCoupling& coupling) {
        cold_couplings_.push_back(coupling);
        cold_ |= bit(coupling.position);
    }
    // By the values of bits a and b, a the lower one.
    void multiply(int a, int b, const std::array<Complex, 4>& factors) {
        const Complex one = factors[1] / factors[0], other = factors[2] / factors[0];
        multiply(a, one);
        multiply(b, other);
        couple(a, b, factors[3] / (factors[0] * one * other));
    }

    Index coupled_to(Index positions) const {
        Index result = 0;
        for (Index rest = positions & coupled_; rest != 0; rest &= rest - 1) {
            result |= partners_[std::countr_zero(rest)];
        }
        return result & ~positions;
    }
    // Leaves the couplings between two sets alone.
    void keep_across(Index inner, Index outer) {
        factors_ = cold_ = 0;
        cold_couplings_.clear();
        for (Index rest = std::exchange(coupled_, 0); rest != 0; rest &= rest - 1) {
            const int position = std::countr_zero(rest);
            Index& partners = partners_[position];
            partners &= (inner >> position & 1) != 0 ? outer : (outer >> position & 1) != 0 ? inner : 0;
            if (partners != 0) coupled_ |= bit(position);
        }
    }

 private:
    std::size_t size() const { return static_cast<std::size_t>(positions_); }
    static int place_of(int a, int b) {
        const auto [low, high] = std::minmax(a, b);
        return high * (high - 1) / 2 + low;
    }

    int positions_;
    Index factors_ = 0;
    Index coupled_ = 0;
    Index cold_ = 0;
    Complex* linear_;  // where factors_ says so
    Index* partners_;
    Complex* couplings_;  // where partners_ says so
    SmallVector<ColdCoupling, 8> cold_couplings_;
};

}  // namespace ketjet
