// Turns by tangents alone: angles are brought into [-pi/4, pi/4] by an X in the frame, so that tangents stay below 1;
// the cosines go into the common factor, or where those of a pair differ by parity into the phases.
#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <span>

#include "emit/call_writer.hpp"
#include "emit/layer_turn.hpp"
#include "emit/placed_form.hpp"

namespace ketjet {

// What a turn reads of its plane before it.
struct PlacedReading {
    std::uint32_t sum;
    bool negative;
};

struct PlacedTurn {
    int position;
    std::optional<int> partner;      // the lower position of a pair
    std::array<double, 2> tangents;  // by parity of the pair's bits; equal for a single qubit
    bool imaginary;
    std::optional<PlacedReading> reading{};

    Index positions() const { return bit(position) | (partner ? bit(*partner) : 0); }
};

// Put all but the tangents into the frame, or into the form of the phases behind the turns.
PlacedTurn place_turn(const QubitTurn& turn, BlockFrame& frame);
template <class T>
PlacedTurn place_turn(const PairTurn& turn, PlacedForm& form, BlockFrame& frame, CallWriter<T>& out);

// By pi/4, so that its tangent is 1 or -1: H, SX, RX(pi/2) and RY(pi/2).
inline bool turns_by_one(const PlacedTurn& turn) { return !turn.partner && std::abs(turn.tangents[0]) == 1; }

// Of turns on vector bits: the (higher) vector bit of each.
Index axes_of(std::span<const PlacedTurn> turns, const BlockLayout& layout);

// Where all of them turn by one, the axes of those with a tangent of -1, which becomes 1 if the two rows of a pair
// change places; else none.
Index reversed_axes(std::span<const PlacedTurn> turns, const BlockLayout& layout);

}  // namespace ketjet
