// Whether operations are done or undone, and their actions either way.
#pragma once

#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>
#include <variant>

#include "program/action.hpp"

namespace ketjet {

// A sweep of a plan does its operations, one of a mirror undoes them.
enum class Direction : std::uint8_t { forwards, backwards };

// Calls take(action) for each action that does an operation, or undoes it, in order.
template <class Take>
void for_each_action(const Program& program, const Operation& operation, Direction direction, Take&& take) {
    if (direction == Direction::forwards) return for_each_action(program, operation, take);
    if (const auto* const permutation = std::get_if<PermutationOperation>(&operation)) {
        for (const SwapAction& swap : swaps_of(program, *permutation) | std::views::reverse) take(Action(swap));
    } else if (std::optional<Action> action = action_of(program, operation)) {
        take(adjoint(*std::move(action)));
    }
}

}  // namespace ketjet
