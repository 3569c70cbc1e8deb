// A plan as bytes that are the same on every machine, so that other processes, ranks and checkpoints have equal plans.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "plan/plan.hpp"

namespace ketjet {

// Rises whenever a plan is written in another way, or its numbers mean something else.
inline constexpr std::uint32_t plan_format = 3;

// The bytes are no plan of this format, or are damaged.
struct PlanFormatError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The number of the format, then all of the plan but slot values and planning time, then a checksum. Equal plans of one
// program give equal bytes.
std::vector<std::uint8_t> bytes_of(const Plan& plan);

// Throws PlanFormatError unless the bytes are those of a plan: the checksum finds damage, and what bytes that were
// changed on purpose refer to is in range. Slots are 0.
Plan plan_from_bytes(std::span<const std::uint8_t> bytes);

}  // namespace ketjet
