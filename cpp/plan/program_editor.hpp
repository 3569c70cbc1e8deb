// Makes a rewritten program out of another one: takes operations over, with other qubits or as they are, and adds new
// ones, while jumps keep leading to the same places.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "plan/rewritten_program.hpp"

namespace ketjet {

class ProgramEditor {
 public:
    explicit ProgramEditor(const RewrittenProgram& source)
        : source_(source), labels_(source.program.operations().size() + 1) {}

    // Jumps to this operation of the source, or to its end, lead to what is added next; to what was added last, where
    // the program is made backwards.
    void label(std::size_t index) { labels_[index] = static_cast<std::uint32_t>(operations_.size()); }

    // An operation of the source on other qubits.
    template <class Rename>
    void add_renamed(std::size_t index, const Rename& rename) {
        Operation operation = source_.program.operations()[index];
        std::visit([&](auto& op) { this->rename_qubits(op, rename); }, operation);
        operations_.push_back(std::move(operation));
        origins_.push_back(source_.origins[index]);
    }

    // An operation of the source as it is.
    void copy(std::size_t index) {
        add_renamed(index, [](std::int32_t qubit) { return qubit; });
    }

    // An operation whose wires, if it has any, were made by `wires`.
    void add(Operation operation, std::uint32_t origin) {
        operations_.push_back(std::move(operation));
        origins_.push_back(origin);
    }

    Wires wires(std::span<const std::int32_t> controls, std::uint64_t control_state,
                std::span<const std::int32_t> targets);

    void reverse();
    // Lets the jumps of what was added since the last call lead to the labels as they are now.
    void settle_targets();
    RewrittenProgram finish(int num_qubits);

 private:
    template <class Op, class Rename>
    void rename_qubits(Op& op, const Rename& rename) {
        if constexpr (requires { op.qubit; }) op.qubit = rename(op.qubit);
        if constexpr (requires { op.wires; }) {
            const Wires old = op.wires;
            op.wires = wires(source_.program.controls(old), old.control_state, source_.program.targets(old));
            for (std::size_t i = op.wires.begin; i < wires_.size(); ++i) wires_[i] = rename(wires_[i]);
        }
    }

    const RewrittenProgram& source_;
    std::vector<std::uint32_t> labels_;  // by operation of the source: where it begins
    std::vector<Operation> operations_;
    std::size_t settled_ = 0;  // operations whose targets are final
    std::vector<std::int32_t> wires_;
    std::vector<std::uint32_t> origins_;
};

}  // namespace ketjet
