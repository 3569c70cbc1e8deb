#include "emit/read_turn.hpp"

#include <algorithm>
#include <vector>

namespace ketjet {

namespace {

// The squared cosine that a turn leaves to the frame's scale.
double squared_cosine(const PlacedTurn& turn) { return 1 / (1 + turn.tangents[0] * turn.tangents[0]); }

// Up to max_read_axes of one kind.
template <class T>
void emit_call(std::span<const PlacedTurn> turns, double norm, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    ReadTurnCall call{};
    TurnArgs& args = call.args.turns;
    ReadSum* const sums = out.template take<ReadSum>(turns.size());
    for (std::size_t axis = 0; axis < turns.size(); ++axis) {
        const PlacedTurn& turn = turns[axis];
        args.axis_offsets[axis] = frame.offset(layout.vectors_of(turn.positions()));
        args.tangents[axis] = turn.tangents[0];
        sums[axis] = {turn.reading->sum, 0, turn.reading->negative ? -norm : norm};
    }
    args.axes = static_cast<int>(turns.size());
    args.imaginary_axes = turns.front().imaginary ? (1 << turns.size()) - 1 : 0;
    args.vectors = frame.subset({}, axes_of(turns, layout));
    call.sums = {sums, turns.size()};
    out.add({}, call);
}

}  // namespace

template <class T>
void emit_read_turns(std::span<const PlacedTurn> turns, double norm, BlockFrame& frame, CallWriter<T>& out) {
    std::vector<PlacedTurn> sorted(turns.begin(), turns.end());
    std::ranges::stable_sort(sorted, {}, &PlacedTurn::imaginary);
    std::span<const PlacedTurn> rest = sorted;
    while (!rest.empty()) {
        const auto of_kind =
            static_cast<std::size_t>(std::ranges::count(rest, rest.front().imaginary, &PlacedTurn::imaginary));
        const auto own = rest.first(std::min<std::size_t>(of_kind, max_read_axes));
        emit_call(own, norm, frame, out);
        for (const PlacedTurn& turn : own) norm *= squared_cosine(turn);
        rest = rest.subspan(own.size());
    }
}

template void emit_read_turns<float>(std::span<const PlacedTurn>, double, BlockFrame&, CallWriter<float>&);
template void emit_read_turns<double>(std::span<const PlacedTurn>, double, BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
