// Turns of one-qubit planes: angles are brought into [-pi/4, pi/4] by an X in the frame, so that tangents stay below 1;
// the cosines go into the common factor, or where those of a pair differ by parity into the phases.
#include <algorithm>
#include <limits>
#include <numbers>

#include "emit/block_binder.hpp"
#include "emit/placed_form.hpp"

namespace ketjet {

namespace {

// How far the tangent of pi/4 may be from 1.
constexpr double rounding_of_one = 1e-15;

}  // namespace

// Puts all but the tangent into the frame.
template <class T>
PlacedTurn BlockBinder<T>::prepare_turn(const LayerTurn& turn) {
    auto [phase, before, after, cosine, sine, imaginary] = turn.turns[0];
    frame_.scale *= unit_phase(phase);
    if (before != 0) frame_.toggle_sign(turn.qubit);
    if (std::abs(sine) > std::abs(cosine)) {  // R(a) = R(a - pi/2) R(pi/2), and R(pi/2) is XZ, or -iX if imaginary
        if (imaginary) {
            frame_.scale *= Complex(0, -1);
        } else {
            frame_.toggle_sign(turn.qubit);
        }
        frame_.flip(turn.qubit);
        const double old = cosine;
        cosine = sine;
        sine = -old;
    }
    frame_.scale *= cosine;
    double tangent = (imaginary ? sine : -sine) / cosine * (frame_.has_sign(turn.qubit) ? -1 : 1);
    if (std::abs(std::abs(tangent) - 1) < rounding_of_one) tangent = std::copysign(1, tangent);
    if (imaginary && tangent == -1) {  // 1 + iX is iX (1 - iX)
        frame_.flip(turn.qubit);
        frame_.scale *= Complex(0, frame_.has_sign(turn.qubit) ? -1 : 1);
        tangent = 1;
    }
    if (after != 0) frame_.toggle_sign(turn.qubit);
    return {position(turn.qubit), -1, {tangent, tangent}, imaginary};
}

// A turn of a pair by more than pi/4 exchanges the two states of its parity first, a SWAP or one and two X: R(a) =
// -Z R(pi/2 - a) X, or -i R(a - pi/2) X if imaginary. What is left besides the tangents, phases and cosines, are
// factors of the four basis states.
template <class T>
PlacedTurn BlockBinder<T>::prepare_pair(const LayerTurn& pair, PlacedForm& form) {
    PlacedTurn result{position(pair.qubit), position(pair.partner), {}, pair.turns[0].imaginary};
    std::array<Complex, 4> factors;
    bool exchanged[2];
    for (std::size_t p = 0; p < 2; ++p) {
        double cosine = pair.turns[p].cosine, sine = pair.turns[p].sine;
        const Complex phase = unit_phase(pair.turns[p].phase);
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
        frame_.flip(pair.qubit);
        frame_.flip(pair.partner);
    }
    if (exchanged[0] != exchanged[1]) relabel(SwapAction{{}, pair.partner, pair.qubit});
    if (frame_.has_sign(pair.qubit) != frame_.has_sign(pair.partner)) {
        for (double& tangent : result.tangents) tangent = -tangent;
    }
    frame_.scale *= factors[0];
    const bool alike = std::ranges::all_of(factors, [&](const Complex& factor) { return factor == factors[0]; });
    if (!alike) form.multiply(result.partner, result.position, factors);
    return result;
}

// Those of the lanes, with coefficients; `turns` are on lanes only.
template <class T>
TurnArgs BlockBinder<T>::lane_turns(std::span<const PlacedTurn> turns) {
    TurnArgs args{};
    if (turns.empty()) return args;
    T* values = take_coefficients(turns.size() * lanes());
    args.lane_tangents = values;
    for (const PlacedTurn& turn : turns) {
        args.lane_flips[args.lane_turns] = static_cast<int>(turn.positions());
        if (turn.imaginary) args.imaginary_lanes |= 1 << args.lane_turns;
        for (std::size_t lane = 0; lane < lanes(); ++lane, ++values) {
            const bool second = (meaning(lane) >> turn.position & 1) != 0;
            const bool odd = turn.partner >= 0 && parity(meaning(lane) & turn.positions());
            const double tangent = turn.tangents[odd ? 1 : 0];
            *values = static_cast<T>(second && !turn.imaginary ? -tangent : tangent);
        }
        ++args.lane_turns;
    }
    return args;
}

// Where all axes turn by one, the vector bits of those with a tangent of -1: it becomes 1 if the two rows of a pair
// change places.
template <class T>
Index BlockBinder<T>::reversed_axes(std::span<const PlacedTurn> axes) const {
    if (!std::ranges::all_of(axes, turns_by_one)) return 0;
    Index mask = 0;
    for (const PlacedTurn& turn : axes) {
        if (turn.tangents[0] < 0) mask |= bit(turn.position - frame_.lane_bits());
    }
    return mask;
}

// Emits all turns but those which join the phases that follow: the last axes, as far as they are `inner` positions, and
// the lanes if no axis comes before.
template <class T>
JoiningTurns BlockBinder<T>::add_turns(std::span<const PlacedTurn> turns, Index inner) {
    const auto on_lane = [&](const PlacedTurn& turn) { return turn.position < frame_.lane_bits(); };
    const auto on_lanes = static_cast<std::size_t>(std::ranges::find_if_not(turns, on_lane) - turns.begin());
    TurnArgs args = lane_turns(turns.first(on_lanes));
    const std::span<const PlacedTurn> axes = turns.subspan(on_lanes);
    std::size_t joining = 0;
    while (joining < std::min(axes.size(), static_cast<std::size_t>(kernels_.max_turn_axes)) &&
           (axes[axes.size() - 1 - joining].positions() & ~inner) == 0) {
        ++joining;
    }
    const auto before = axes.first(axes.size() - joining);
    if (!before.empty() || (inner == 0 && args.lane_turns > 0)) {
        emit_turns(before, args);
        args = {};
    }
    const auto last = axes.last(joining);
    set_axes(args, last, inner >> frame_.lane_bits() & ~vector_bits_of(last), static_cast<int>(joining));
    return {args, {last.begin(), last.end()}, joining > 0 || args.lane_turns > 0};
}

// One for each axis.
template <class T>
Index BlockBinder<T>::vector_bits_of(std::span<const PlacedTurn> axes) const {
    Index mask = 0;
    for (const PlacedTurn& turn : axes) mask |= bit(turn.position - frame_.lane_bits());
    return mask;
}

// The vector bits `others` are in ascending order the bits from `first_other` of the numbers by which tangents are
// chosen.
template <class T>
void BlockBinder<T>::set_axes(TurnArgs& args, std::span<const PlacedTurn> axes, Index others, int first_other) {
    args.axes = args.imaginary_axes = 0;
    args.by_ones = !axes.empty() && std::ranges::all_of(axes, turns_by_one);
    args.pairs = std::ranges::any_of(axes, [](const PlacedTurn& turn) { return turn.partner >= 0; });
    T* values = args.pairs ? take_coefficients(2 * axes.size() * lanes()) : nullptr;
    args.axis_tangents = values;
    for (const PlacedTurn& turn : axes) {
        args.axis_offsets[args.axes] = frame_.offset(turn.positions() >> frame_.lane_bits());
        args.axis_lane_flips[args.axes] = static_cast<int>(turn.positions() & low_bits(frame_.lane_bits()));
        args.tangents[args.axes] = args.by_ones ? 1 : turn.tangents[0];
        args.choosing_bits[args.axes] =
            turn.partner < frame_.lane_bits()
                ? no_choosing_bit
                : first_other + count_bits(others & low_bits(turn.partner - frame_.lane_bits()));
        if (turn.imaginary) args.imaginary_axes |= 1 << args.axes;
        for (std::size_t choice = 0; args.pairs && choice < 2; ++choice) {
            for (std::size_t lane = 0; lane < lanes(); ++lane, ++values) {
                const bool by_lane = turn.partner >= 0 && turn.partner < frame_.lane_bits();
                *values = static_cast<T>(turn.tangents[by_lane ? meaning(lane) >> turn.partner & 1 : choice]);
            }
        }
        ++args.axes;
    }
}

// As few calls as the registers allow, of even size; the lanes go with the first one.
template <class T>
void BlockBinder<T>::emit_turns(std::span<const PlacedTurn> axes, TurnArgs args) {
    const std::size_t most = static_cast<std::size_t>(kernels_.max_turn_axes);
    const std::size_t calls = std::max<std::size_t>(1, (axes.size() + most - 1) / most);
    for (std::size_t call = 0; call < calls; ++call) {
        const std::size_t count = (axes.size() + (calls - call) - 1) / (calls - call);
        set_axes(args, axes.first(count), low_bits(frame_.vector_bits()), 0);
        args.vectors = subset({}, vector_bits_of(axes.first(count)));
        args.vectors.map.affine ^= frame_.offset(reversed_axes(axes.first(count)));
        bound_.passes.push_back({{}, 0, 0, args});
        args.lane_turns = 0;
        axes = axes.subspan(count);
    }
}

template <class T>
void BlockBinder<T>::flush_scale() {
    const double length = std::abs(frame_.scale);
    const bool whole = folded_ < 0;  // else what is not real does not commute with the operations to come
    (*this)(DiagonalAction{{}, {}, {whole ? frame_.scale : length}});
    frame_.scale = whole ? 1 : frame_.scale / length;
}

#define KETJET_INSTANTIATE(T)                                                                   \
    template PlacedTurn BlockBinder<T>::prepare_turn(const LayerTurn&);                         \
    template PlacedTurn BlockBinder<T>::prepare_pair(const LayerTurn&, PlacedForm&);            \
    template TurnArgs BlockBinder<T>::lane_turns(std::span<const PlacedTurn>);                  \
    template JoiningTurns BlockBinder<T>::add_turns(std::span<const PlacedTurn>, Index);        \
    template Index BlockBinder<T>::reversed_axes(std::span<const PlacedTurn>) const;            \
    template Index BlockBinder<T>::vector_bits_of(std::span<const PlacedTurn>) const;           \
    template void BlockBinder<T>::set_axes(TurnArgs&, std::span<const PlacedTurn>, Index, int); \
    template void BlockBinder<T>::emit_turns(std::span<const PlacedTurn>, TurnArgs);            \
    template void BlockBinder<T>::flush_scale();
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
