#include "run/common_part.hpp"

#include <algorithm>
#include <cstdint>
#include <variant>

#include "base/overloaded.hpp"

namespace ketjet {

std::size_t CommonPart::operations() const {
    const std::span<const Operation> all = plan_.program.operations();
    const auto end = std::ranges::find_if(all, [&](const Operation& operation) { return differs(operation); });
    return static_cast<std::size_t>(end - all.begin());
}

std::size_t CommonPart::sweeps() const {
    const auto is_common = [&](const Stage& stage) {
        const auto* const sweep = std::get_if<Sweep>(&stage);
        return sweep != nullptr && std::ranges::none_of(sweep->operations, [&](std::uint32_t operation) {
                   return differs(plan_.program.operations()[operation]);
               });
    };
    return static_cast<std::size_t>(std::ranges::find_if_not(plan_.stages, is_common) - plan_.stages.begin());
}

bool CommonPart::differs(const Operation& operation) const {
    return std::visit(
        Overloaded{[&](const GateOperation& gate) { return differs(gate.slot, facts_of(gate).parameters); },
                   [&](const PauliRotationOperation& rotation) { return differs(rotation.slot, 1); },
                   [&](const GlobalPhaseOperation& phase) { return differs(phase.slot, 1); },
                   [](const auto&) { return false; }},
        operation);
}

bool CommonPart::differs(std::uint32_t slot, int count) const {
    const std::size_t stride = plan_.program.slots().size();
    const auto first = slots_.subspan(slot, static_cast<std::size_t>(count));
    for (std::size_t point = 1; point < points_; ++point) {
        if (!std::ranges::equal(first, slots_.subspan(point * stride + slot, first.size()))) return true;
    }
    return false;
}

}  // namespace ketjet
