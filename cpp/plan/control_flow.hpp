// Where the jumps of a program lead, for the planner: straight-line reasoning ends at an operation that several paths
// reach, and only an operation that every run passes exactly once may be moved across all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "program/program.hpp"

namespace ketjet {

// The operation that a branch or jump leads to.
std::optional<std::uint32_t> target_of(const Operation& operation);

class ControlFlow {
 public:
    explicit ControlFlow(const Program& program);

    // Whether some jump leads to this operation; the number of operations stands for the end.
    bool is_joined(std::size_t operation) const { return joined_[operation]; }
    // Whether no jump passes over this operation or back before it.
    bool runs_once(std::size_t operation) const { return runs_once_[operation]; }

 private:
    std::vector<bool> joined_;
    std::vector<bool> runs_once_;
};

}  // namespace ketjet
