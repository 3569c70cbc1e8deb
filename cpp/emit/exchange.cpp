#include "emit/exchange.hpp"

#include <algorithm>
#include <bit>

#include "emit/diagonal.hpp"

namespace ketjet {

// A sign on a target of a CX appears on its control too; behind more controls it would become a CZ, so it is undone.
template <class T>
void move_signs_of_flip(const FlipAction& action, BlockFrame& frame, CallWriter<T>& out) {
    const int controls = count_bits(action.condition.mask);
    for (Index rest = action.mask & frame.signs(); rest != 0; rest &= rest - 1) {
        if (controls > 1) {
            emit_sign(std::countr_zero(rest), frame, out);
            continue;
        }
        if (action.condition.value == 0) frame.scale = -frame.scale;
        if (controls == 1) frame.toggle_sign(std::countr_zero(action.condition.mask));
    }
}

template <class T>
void emit_exchange(const FlipAction& action, BlockFrame& frame, CallWriter<T>& out) {
    move_signs_of_flip(action, frame, out);
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(action.condition);
    const Index flip = layout.positions_of(action.mask);
    ExchangeArgs args{};
    args.vector_flip = layout.vectors_of(flip);
    args.flip_offset = frame.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(layout.lanes_of(flip));
    args.vectors = frame.subset(condition.vectors, lowest_bit(args.vector_flip));
    args.all_lanes = condition.lanes.mask == 0;
    args.take_first = out.lane_values(frame, [&](Index index) { return holds(condition.lanes, index) ? 1 : 0; });
    args.take_second = args.take_first;
    out.add(condition.cold, ExchangeCall{args});
}

template <class T>
void emit_exchange(const SwapAction& action, BlockFrame& frame, CallWriter<T>& out) {
    if (action.condition.mask != 0) {
        for (const int qubit : {action.first, action.second}) {
            if (frame.has_sign(qubit)) emit_sign(qubit, frame, out);
        }
    }
    frame.move_signs_of_swap(action.first, action.second);
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(action.condition);
    const auto [lower, upper] = std::minmax({layout.position(action.first), layout.position(action.second)});
    const Index low = bit(lower), high = bit(upper);
    const Index vector_low = layout.vectors_of(low), vector_high = layout.vectors_of(high);
    const Index lane_low = layout.lanes_of(low), lane_high = layout.lanes_of(high);
    ExchangeArgs args{};
    args.vector_flip = vector_low | vector_high;
    args.flip_offset = frame.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(lane_low | lane_high);
    args.vectors = frame.subset(condition.vectors, args.vector_flip);
    args.vectors.value |= vector_low;  // of the pair, the one with the low bit set and the high bit clear
    args.all_lanes = lane_low == 0 && condition.lanes.mask == 0;
    args.take_first = out.lane_values(frame, [&](Index index) {
        const bool differs =
            lane_high == 0 ? lane_low == 0 || (index & lane_low) != 0 : parity(index & (lane_low | lane_high));
        return differs && holds(condition.lanes, index) ? 1 : 0;
    });
    args.take_second = out.lane_values(
        frame, [&](Index index) { return (index & lane_low) == 0 && holds(condition.lanes, index) ? 1 : 0; });
    out.add(condition.cold, ExchangeCall{args});
}

template <class T>
void emit_lane_order(BlockFrame& frame, CallWriter<T>& out) {
    if (frame.lane_flip() == 0) return;
    ExchangeArgs args{};
    args.lane_flip = static_cast<int>(frame.lane_flip());
    args.vectors = frame.subset({});
    args.take_first = out.lane_values(frame, [](Index) { return 1; });
    args.take_second = args.take_first;
    out.add({}, ExchangeCall{args});
    frame.order_lanes();
}

#define KETJET_INSTANTIATE(T)                                                       \
    template void emit_exchange<T>(const FlipAction&, BlockFrame&, CallWriter<T>&); \
    template void emit_exchange<T>(const SwapAction&, BlockFrame&, CallWriter<T>&); \
    template void emit_lane_order<T>(BlockFrame&, CallWriter<T>&);                  \
    template void move_signs_of_flip<T>(const FlipAction&, BlockFrame&, CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
