// What classical code does with the classical memory, for the planner. Places are numbered: the classical bits, then
// the variable words.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.hpp"

namespace ketjet {

struct MemoryUse {
    std::vector<std::uint32_t> reads;
    std::vector<std::uint32_t> writes;   // for certain, and wholly
    std::vector<std::uint32_t> touches;  // perhaps or in part
    bool may_fail = false;               // the code may end in a ClassicalError
};

// How many places the memory of a program has.
std::size_t memory_places(const Program& program);
MemoryUse memory_use(const Program& program, std::span<const std::int64_t> code);

}  // namespace ketjet
