#include "emit/turns.hpp"

#include <algorithm>

namespace ketjet {

namespace {

// Those of the lanes, with coefficients; `turns` are on lanes only.
template <class T>
TurnArgs place_lanes(std::span<const PlacedTurn> turns, const BlockFrame& frame, CallWriter<T>& out) {
    TurnArgs args{};
    if (turns.empty()) return args;
    const std::size_t lanes = frame.layout().lanes();
    T* values = out.coefficients(turns.size() * lanes);
    args.lane_tangents = values;
    for (const PlacedTurn& turn : turns) {
        const Index positions = turn.positions();
        args.lane_flips[args.lane_turns] = static_cast<int>(positions);
        if (turn.imaginary) args.imaginary_lanes |= 1 << args.lane_turns;
        for (std::size_t lane = 0; lane < lanes; ++lane, ++values) {
            const Index index = frame.index_of_lane(lane);
            const bool second = (index >> turn.position & 1) != 0;
            const bool odd = turn.partner && parity(index & positions);
            const double tangent = turn.tangents[odd ? 1 : 0];
            *values = static_cast<T>(second && !turn.imaginary ? -tangent : tangent);
        }
        ++args.lane_turns;
    }
    return args;
}

// The vector bits `others` are in ascending order the bits from `first_other` of the numbers by which tangents are
// chosen.
template <class T>
void place_axes(TurnArgs& args, std::span<const PlacedTurn> axes, Index others, int first_other,
                const BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    args.axes = args.imaginary_axes = 0;
    args.by_ones = !axes.empty() && std::ranges::all_of(axes, turns_by_one);
    args.pairs = std::ranges::any_of(axes, [](const PlacedTurn& turn) { return turn.partner.has_value(); });
    T* values = args.pairs ? out.coefficients(2 * axes.size() * layout.lanes()) : nullptr;
    args.axis_tangents = values;
    for (const PlacedTurn& turn : axes) {
        const Index positions = turn.positions();
        const bool chosen_by_lane = turn.partner && *turn.partner < layout.lane_bits();
        args.axis_offsets[args.axes] = frame.offset(layout.vectors_of(positions));
        args.axis_lane_flips[args.axes] = static_cast<int>(layout.lanes_of(positions));
        args.tangents[args.axes] = args.by_ones ? 1 : turn.tangents[0];
        args.choosing_bits[args.axes] =
            turn.partner && !chosen_by_lane
                ? first_other + count_bits(others & low_bits(*turn.partner - layout.lane_bits()))
                : no_choosing_bit;
        if (turn.imaginary) args.imaginary_axes |= 1 << args.axes;
        for (std::size_t choice = 0; args.pairs && choice < 2; ++choice) {
            for (std::size_t lane = 0; lane < layout.lanes(); ++lane, ++values) {
                const std::size_t chosen = chosen_by_lane ? frame.index_of_lane(lane) >> *turn.partner & 1 : choice;
                *values = static_cast<T>(turn.tangents[chosen]);
            }
        }
        ++args.axes;
    }
}

// As few calls as the registers allow, of even size; the lanes go with the first one.
template <class T>
void emit_axes(std::span<const PlacedTurn> axes, TurnArgs args, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const std::size_t most = out.max_turn_axes();
    const std::size_t calls = std::max<std::size_t>(1, (axes.size() + most - 1) / most);
    for (std::size_t call = 0; call < calls; ++call) {
        const auto own = axes.first((axes.size() + (calls - call) - 1) / (calls - call));
        place_axes(args, own, low_bits(layout.vector_bits()), 0, frame, out);
        args.vectors = frame.subset({}, axes_of(own, layout));
        args.vectors.map.affine ^= frame.offset(reversed_axes(own, layout));
        out.add({}, TurnCall{args});
        args.lane_turns = 0;
        axes = axes.subspan(own.size());
    }
}

}  // namespace

template <class T>
std::optional<JoiningTurns> emit_turns(std::span<const PlacedTurn> turns, Index inner, BlockFrame& frame,
                                       CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const auto on_lane = [&](const PlacedTurn& turn) { return turn.position < layout.lane_bits(); };
    const auto on_lanes = static_cast<std::size_t>(std::ranges::find_if_not(turns, on_lane) - turns.begin());
    TurnArgs args = place_lanes(turns.first(on_lanes), frame, out);
    const std::span<const PlacedTurn> axes = turns.subspan(on_lanes);
    std::size_t joining = 0;
    while (joining < std::min(axes.size(), out.max_turn_axes()) &&
           (axes[axes.size() - 1 - joining].positions() & ~inner) == 0) {
        ++joining;
    }
    const auto before = axes.first(axes.size() - joining);
    if (!before.empty() || (inner == 0 && args.lane_turns > 0)) {
        emit_axes(before, args, frame, out);
        args = {};
    }
    if (joining == 0 && args.lane_turns == 0) return {};
    const auto last = axes.last(joining);
    place_axes(args, last, layout.vectors_of(inner) & ~axes_of(last, layout), static_cast<int>(joining), frame, out);
    return JoiningTurns{args, SmallVector<PlacedTurn, 3>(last)};
}

#define KETJET_INSTANTIATE(T) \
    template std::optional<JoiningTurns> emit_turns<T>(std::span<const PlacedTurn>, Index, BlockFrame&, CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
