#include "emit/placed_turn.hpp"

#include <algorithm>
#include <utility>

#include "emit/relabel.hpp"

namespace ketjet {

namespace {

// How far the tangent of pi/4 may be from 1.
constexpr double rounding_of_one = 1e-15;

}  // namespace

PlacedTurn place_turn(const QubitTurn& turn, BlockFrame& frame) {
    auto [phase, before, after, cosine, sine, imaginary] = turn.rotation;
    const int qubit = turn.qubit;
    std::optional<PlacedReading> reading;
    if (turn.reading) reading = PlacedReading{*turn.reading, frame.has_sign(qubit)};
    if (phase != 0) frame.scale *= unit_phase(phase);
    if (before != 0) frame.toggle_sign(qubit);
    if (std::abs(sine) > std::abs(cosine)) {  // R(a) = R(a - pi/2) R(pi/2), and R(pi/2) is XZ, or -iX if imaginary
        if (imaginary) {
            frame.scale *= Complex(0, -1);
        } else {
            frame.toggle_sign(qubit);
            if (reading) reading->negative = !reading->negative;  // XY = -YX
        }
        frame.flip(qubit);
        const double old = cosine;
        cosine = sine;
        sine = -old;
    }
    frame.scale *= cosine;
    double tangent = (imaginary ? sine : -sine) / cosine * (frame.has_sign(qubit) ? -1 : 1);
    if (std::abs(std::abs(tangent) - 1) < rounding_of_one) tangent = std::copysign(1, tangent);
    if (imaginary && tangent == -1) {  // 1 + iX is iX (1 - iX)
        frame.flip(qubit);
        frame.scale *= Complex(0, frame.has_sign(qubit) ? -1 : 1);
        tangent = 1;
    }
    if (after != 0) frame.toggle_sign(qubit);
    return {frame.layout().position(qubit), {}, {tangent, tangent}, imaginary, reading};
}

// A turn of a pair by more than pi/4 exchanges the two states of its parity first, a SWAP or one and two X: R(a) =
// -Z R(pi/2 - a) X, or -i R(a - pi/2) X if imaginary. What is left besides the tangents, phases and cosines, are
// factors of the four basis states.
template <class T>
PlacedTurn place_turn(const PairTurn& turn, PlacedForm& form, BlockFrame& frame, CallWriter<T>& out) {
    const int low = frame.layout().position(turn.low), high = frame.layout().position(turn.high);
    const std::array<GivensRotation, 2>& rotations = turn.rotation.of_parity;
    PlacedTurn result{high, low, {}, rotations[0].imaginary};
    std::array<Complex, 4> factors;
    bool exchanged[2];
    for (std::size_t p = 0; p < 2; ++p) {
        double cosine = rotations[p].cosine, sine = rotations[p].sine;
        const Complex phase = unit_phase(rotations[p].phase);
        std::array<Complex, 2> after{phase, phase};
        exchanged[p] = std::abs(sine) > std::abs(cosine);
        if (exchanged[p]) {
            std::swap(cosine, sine);
            if (result.imaginary) {
                sine = -sine;
                after = {phase * Complex(0, -1), phase * Complex(0, -1)};
            } else {
                after[0] = -phase;
            }
        }
        factors[p] = cosine * after[0];
        factors[3 - p] = cosine * after[1];
        result.tangents[p] = (result.imaginary ? sine : -sine) / cosine;
    }
    if (exchanged[0]) {
        frame.flip(turn.high);
        frame.flip(turn.low);
    }
    if (exchanged[0] != exchanged[1]) relabel(SwapAction{{}, turn.low, turn.high}, frame, out);
    if (frame.has_sign(turn.high) != frame.has_sign(turn.low)) {
        for (double& tangent : result.tangents) tangent = -tangent;
    }
    frame.scale *= factors[0];
    const bool alike = std::ranges::all_of(factors, [&](const Complex& factor) { return factor == factors[0]; });
    if (!alike) form.multiply(low, high, factors);
    return result;
}

Index axes_of(std::span<const PlacedTurn> turns, const BlockLayout& layout) {
    Index mask = 0;
    for (const PlacedTurn& turn : turns) mask |= bit(turn.position - layout.lane_bits());
    return mask;
}

Index reversed_axes(std::span<const PlacedTurn> turns, const BlockLayout& layout) {
    if (!std::ranges::all_of(turns, turns_by_one)) return 0;
    Index mask = 0;
    for (const PlacedTurn& turn : turns) {
        if (turn.tangents[0] < 0) mask |= bit(turn.position - layout.lane_bits());
    }
    return mask;
}

template PlacedTurn place_turn<float>(const PairTurn&, PlacedForm&, BlockFrame&, CallWriter<float>&);
template PlacedTurn place_turn<double>(const PairTurn&, PlacedForm&, BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
