// Operations that a jump skips or repeats are found in one pass over the differences at both ends of each jump.
#include "plan/control_flow.hpp"

#include <algorithm>

namespace ketjet {

std::optional<std::uint32_t> target_of(const Operation& operation) {
    if (const auto* const branch = std::get_if<BranchOperation>(&operation)) return branch->target;
    if (const auto* const jump = std::get_if<JumpOperation>(&operation)) return jump->target;
    return std::nullopt;
}

ControlFlow::ControlFlow(const Program& program)
    : joined_(program.operations().size() + 1), runs_once_(program.operations().size(), true) {
    const auto operations = program.operations();
    std::vector<std::int64_t> jumps(operations.size() + 1);  // how many more jumps span this operation than the last
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto target = target_of(operations[i]);
        if (!target) continue;
        joined_[*target] = true;
        const std::size_t first = std::min<std::size_t>(i + 1, *target);
        const std::size_t last = std::max<std::size_t>(i + 1, *target);
        ++jumps[first];
        --jumps[last];
    }
    std::int64_t spanning = 0;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        spanning += jumps[i];
        runs_once_[i] = spanning == 0;
    }
}

}  // namespace ketjet
