// A program cut into regions: parts that can be moved as a whole past others that they have nothing to do with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bits.hpp"
#include "plan/liveness.hpp"
#include "program/program.hpp"

namespace ketjet {

// A single operation, or a whole stretch that jumps pass over, together with what its order among others depends on.
struct Region {
    std::uint32_t begin;
    std::uint32_t end;
    Index moved = 0;
    Index touched = 0;
    int operations = 0;  // that are carried out: those measurements that wait for the final state are not
    int collapses = 0;   // of these
    std::vector<std::uint32_t> reads{};   // places of classical memory
    std::vector<std::uint32_t> writes{};  // at least perhaps
    std::vector<std::uint32_t> before{};  // regions that have to come before it
};

// All of a program, in order. Two are in order if one moves amplitudes along a qubit that the other touches, or writes
// classical memory that the other uses.
std::vector<Region> regions_of(const Program& program, const FinalReads& final);

}  // namespace ketjet
