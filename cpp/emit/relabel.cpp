#include "emit/relabel.hpp"

#include <bit>

#include "emit/exchange.hpp"

namespace ketjet {

namespace {

// An X is always bookkeeping; a CX too if its target is no lane, and a cold control shifts all addresses of its blocks.
template <class T>
void relabel(const FlipAction& action, BlockFrame& frame, CallWriter<T>& out) {
    if (action.condition.mask == 0) {
        for (Index rest = action.mask; rest != 0; rest &= rest - 1) frame.flip(std::countr_zero(rest));
        return;
    }
    const BlockLayout& layout = frame.layout();
    const int control = std::countr_zero(action.condition.mask);
    const bool by_lane = layout.is_lane(control), by_cold = layout.is_cold(control);
    Index moved = 0, shifted = 0;
    for (Index rest = action.mask; rest != 0; rest &= rest - 1) {
        const int target = std::countr_zero(rest);
        if (by_lane || !layout.is_vector(target)) {
            moved |= bit(target);
        } else if (by_cold) {
            shifted |= bit(target);
        } else {
            if (action.condition.value == 0) frame.flip(target);
            frame.add(control, target);
        }
    }
    if (moved != 0) emit_exchange(FlipAction{action.condition, moved}, frame, out);
    if (shifted == 0) return;
    move_signs_of_flip({action.condition, shifted}, frame, out);
    out.add(action.condition, ShiftCall{frame.offset(layout.vectors_of(layout.positions_of(shifted)))});
}

}  // namespace

template <class T>
void relabel(const SwapAction& action, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    if (layout.is_vector(action.first) && layout.is_vector(action.second)) {
        frame.exchange(action.first, action.second);
    } else {
        emit_exchange(action, frame, out);
    }
}

template <class T>
void Relabelling<T>::add(const Action& action) {
    const auto* const flip = std::get_if<FlipAction>(&action);
    const bool goes_on = flip != nullptr && flip->condition == flips_.condition;
    if (!goes_on) finish();
    if (flip != nullptr) {
        flips_ = {flip->condition, flips_.mask ^ flip->mask};
    } else if (const auto* const swap = std::get_if<SwapAction>(&action)) {
        relabel(*swap, frame_, out_);
    } else {
        frame_.toggle_sign(std::countr_zero(std::get<DiagonalAction>(action).condition.mask));
    }
}

template <class T>
void Relabelling<T>::finish() {
    if (flips_.mask != 0) relabel(flips_, frame_, out_);
    flips_ = {};
}

template class Relabelling<float>;
template class Relabelling<double>;
template void relabel<float>(const SwapAction&, BlockFrame&, CallWriter<float>&);
template void relabel<double>(const SwapAction&, BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
