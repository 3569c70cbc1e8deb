// Turns of one-qubit planes: angles are brought into [-pi/4, pi/4] by an X in the frame, so that tangents stay below 1;
// the cosines go into the common factor.
#include <algorithm>
#include <limits>
#include <numbers>

#include "exec/block_binder.hpp"

namespace ketjet {

// Puts all but the tangent into the frame.
template <class T>
PlacedTurn BlockBinder<T>::prepare_turn(const QubitTurn& turn) {
    auto [phase, before, after, cosine, sine, imaginary] = turn.turn;
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
    const double tangent = (imaginary ? sine : -sine) / cosine * (frame_.has_sign(turn.qubit) ? -1 : 1);
    if (after != 0) frame_.toggle_sign(turn.qubit);
    return {position(turn.qubit), tangent, imaginary};
}

// Those of the lanes, with coefficients; `turns` are on lanes only.
template <class T>
TurnArgs BlockBinder<T>::lane_turns(std::span<const PlacedTurn> turns) {
    TurnArgs args{};
    if (turns.empty()) return args;
    T* const values = take_coefficients(static_cast<std::size_t>(frame_.lane_bits()) * lanes());
    for (const auto& [p, tangent, imaginary] : turns) {
        args.lane_mask |= 1 << p;
        if (imaginary) args.imaginary_lanes |= 1 << p;
        for (std::size_t lane = 0; lane < lanes(); ++lane) {
            const bool second = (meaning(lane) >> p & 1) != 0 && !imaginary;
            values[static_cast<std::size_t>(p) * lanes() + lane] = static_cast<T>(second ? -tangent : tangent);
        }
    }
    args.lane_tangents = values;
    return args;
}

// Emits all turns but those which join the phases that follow: the last axes, as far as they are `inner` positions, and
// the lanes if no axis comes before.
template <class T>
JoiningTurns BlockBinder<T>::add_turns(std::span<const QubitTurn> turns, Index inner) {
    std::vector<PlacedTurn> placed;
    for (const QubitTurn& turn : turns) placed.push_back(prepare_turn(turn));
    const auto on_lane = [&](const PlacedTurn& turn) { return turn.position < frame_.lane_bits(); };
    const auto on_lanes = static_cast<std::size_t>(std::ranges::find_if_not(placed, on_lane) - placed.begin());
    TurnArgs args = lane_turns(std::span(placed).first(on_lanes));
    const std::span<const PlacedTurn> axes = std::span(placed).subspan(on_lanes);
    std::size_t joining = 0;
    while (joining < std::min(axes.size(), static_cast<std::size_t>(kernels_.max_turn_axes)) &&
           (inner >> axes[axes.size() - 1 - joining].position & 1) != 0) {
        ++joining;
    }
    const auto before = axes.first(axes.size() - joining);
    if (!before.empty() || (inner == 0 && args.lane_mask != 0)) {
        emit_turns(before, args);
        args = {};
    }
    const Index joining_axes = set_axes(args, axes.last(joining));
    return {args, joining_axes, joining > 0 || args.lane_mask != 0};
}

// Returns the axes as vector bits.
template <class T>
Index BlockBinder<T>::set_axes(TurnArgs& args, std::span<const PlacedTurn> axes) const {
    Index mask = 0;
    args.axes = args.imaginary_axes = 0;
    for (const PlacedTurn& turn : axes) {
        const Index axis = bit(turn.position - frame_.lane_bits());
        mask |= axis;
        args.axis_offsets[args.axes] = frame_.offset(axis);
        args.tangents[args.axes] = turn.tangent;
        if (turn.imaginary) args.imaginary_axes |= 1 << args.axes;
        ++args.axes;
    }
    return mask;
}

// As few calls as the registers allow, of even size; the lanes go with the first one.
template <class T>
void BlockBinder<T>::emit_turns(std::span<const PlacedTurn> axes, TurnArgs args) {
    const std::size_t most = static_cast<std::size_t>(kernels_.max_turn_axes);
    const std::size_t calls = std::max<std::size_t>(1, (axes.size() + most - 1) / most);
    for (std::size_t call = 0; call < calls; ++call) {
        const std::size_t count = (axes.size() + (calls - call) - 1) / (calls - call);
        args.vectors = subset({}, set_axes(args, axes.first(count)));
        bound_.passes.push_back({{}, 0, 0, args});
        args.lane_mask = args.imaginary_lanes = 0;
        axes = axes.subspan(count);
    }
}

template <class T>
void BlockBinder<T>::flush_scale() {
    (*this)(DiagonalAction{{}, {}, {frame_.scale}});
    frame_.scale = 1;
}

#define KETJET_INSTANTIATE(T)                                                              \
    template PlacedTurn BlockBinder<T>::prepare_turn(const QubitTurn&);                    \
    template TurnArgs BlockBinder<T>::lane_turns(std::span<const PlacedTurn>);             \
    template JoiningTurns BlockBinder<T>::add_turns(std::span<const QubitTurn>, Index);    \
    template Index BlockBinder<T>::set_axes(TurnArgs&, std::span<const PlacedTurn>) const; \
    template void BlockBinder<T>::emit_turns(std::span<const PlacedTurn>, TurnArgs);       \
    template void BlockBinder<T>::flush_scale();
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
