// Loops that cross one another are one.
#include "plan/loop_changes.hpp"

#include <algorithm>

#include "plan/control_flow.hpp"
#include "program/roles.hpp"

namespace ketjet {

LoopChanges::LoopChanges(const Program& program) : ends_(program.operations().size() + 1) {
    find_ends(program);
    if (std::ranges::any_of(ends_, [](std::uint32_t end) { return end > 0; })) find_places(program);
}

void LoopChanges::find_ends(const Program& program) {
    const auto operations = program.operations();
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        const auto target = target_of(operations[i]);
        if (target && *target <= i) ends_[*target] = i;
    }
    for (std::uint32_t begin = 0; begin < operations.size(); ++begin) {
        for (std::uint32_t i = begin + 1; i <= ends_[begin]; ++i) ends_[begin] = std::max(ends_[begin], ends_[i]);
    }
}

void LoopChanges::find_places(const Program& program) {
    places_.resize(static_cast<std::size_t>(program.num_qubits()));
    std::vector<WireRole> wires;
    const auto operations = program.operations();
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        if (std::holds_alternative<SaveOperation>(operations[i])) continue;
        wire_roles(program, operations[i], wires);
        for (const auto& [qubit, local] : wires) {
            if (local) places_[static_cast<std::size_t>(qubit)].push_back(i);
        }
    }
}

bool LoopChanges::any(std::int32_t qubit, std::uint32_t first, std::uint32_t last) const {
    const auto& places = places_[static_cast<std::size_t>(qubit)];
    const auto place = std::ranges::lower_bound(places, first);
    return place != places.end() && *place <= last;
}

}  // namespace ketjet
