#include "program/operation.hpp"

#include "program/instruction.hpp"

namespace ketjet {

const GateFacts* gate_row_of(const Operation& operation) {
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return gate == nullptr ? nullptr : &facts_of(*gate);
}

std::string_view name_of(const Operation& operation) {
    const GateFacts* const gate = gate_row_of(operation);
    return gate != nullptr ? gate->name : instruction_names()[operation.index() - 1];
}

const Wires* wires_of(const Operation& operation) {
    return std::visit(
        [](const auto& which) -> const Wires* {
            if constexpr (requires { which.wires; }) return &which.wires;
            return nullptr;
        },
        operation);
}

bool is_collapse(const Operation& operation) {
    return std::holds_alternative<InitializeOperation>(operation) ||
           std::holds_alternative<ResetOperation>(operation) || std::holds_alternative<MeasureOperation>(operation);
}

bool is_classical(const Operation& operation) {
    return std::holds_alternative<ComputeOperation>(operation) || std::holds_alternative<BranchOperation>(operation) ||
           std::holds_alternative<JumpOperation>(operation);
}

bool is_unitary(const Operation& operation) {
    return !is_collapse(operation) && !is_classical(operation) && !std::holds_alternative<SaveOperation>(operation);
}

}  // namespace ketjet
