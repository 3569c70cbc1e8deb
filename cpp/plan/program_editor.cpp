#include "plan/program_editor.hpp"

#include <algorithm>

namespace ketjet {

Wires ProgramEditor::wires(std::span<const std::int32_t> controls, std::uint64_t control_state,
                           std::span<const std::int32_t> targets) {
    const auto begin = static_cast<std::uint32_t>(wires_.size());
    wires_.insert(wires_.end(), controls.begin(), controls.end());
    wires_.insert(wires_.end(), targets.begin(), targets.end());
    return {begin, static_cast<std::uint16_t>(controls.size()), static_cast<std::uint16_t>(targets.size()),
            control_state};
}

void ProgramEditor::reverse() {
    std::ranges::reverse(operations_);
    std::ranges::reverse(origins_);
    for (std::uint32_t& label : labels_) label = static_cast<std::uint32_t>(operations_.size()) - label;
}

void ProgramEditor::settle_targets() {
    for (; settled_ < operations_.size(); ++settled_) {
        Operation& operation = operations_[settled_];
        if (auto* const branch = std::get_if<BranchOperation>(&operation)) branch->target = labels_[branch->target];
        if (auto* const jump = std::get_if<JumpOperation>(&operation)) jump->target = labels_[jump->target];
    }
}

RewrittenProgram ProgramEditor::finish(int num_qubits) {
    settle_targets();
    return {source_.program.with_operations(std::move(operations_), std::move(wires_), num_qubits),
            std::move(origins_),
            num_qubits,
            source_.known_reads,
            source_.saved_values,
            source_.save_frames,
            nullptr};
}

}  // namespace ketjet
