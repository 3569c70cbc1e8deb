// Turns of several planes for one load and store, by the turn kernel.
#pragma once

#include <optional>
#include <span>

#include "base/small_vector.hpp"
#include "emit/call_writer.hpp"
#include "emit/placed_turn.hpp"

namespace ketjet {

// Turns that go into the same call as the phases behind them.
struct JoiningTurns {
    TurnArgs args;
    SmallVector<PlacedTurn, 3> axes;
};

// Emits turns, those on lanes first, but for those which join the phases that follow: the last axes, as far as they are
// `inner` positions, and the lanes if no axis comes before.
template <class T>
std::optional<JoiningTurns> emit_turns(std::span<const PlacedTurn> turns, Index inner, BlockFrame& frame,
                                       CallWriter<T>& out);

}  // namespace ketjet
