// One overload for each operation.
#include "program/roles.hpp"

#include <span>

#include "program/pauli.hpp"

namespace ketjet {

namespace {

// Calls sink.local(qubit) or sink.diagonal(qubit) for every qubit that is needed.
template <class Sink>
class RoleReader {
 public:
    RoleReader(const Program& program, Sink& sink) : program_(program), sink_(sink) {}

    void operator()(const GateOperation& operation) const {
        const GateFacts& facts = facts_of(operation);
        if (facts.is_identity()) return;
        switch (facts.structure) {
            case Structure::phase:
            case Structure::diagonal:
                return diagonal_on(operation.wires);
            case Structure::rotation:
                return rotation(operation.wires, [&](std::size_t k) { return pauli_of(facts.paulis[k]); });
            case Structure::flip:
            case Structure::swap:
            case Structure::dense:
                break;
        }
        local_on(operation.wires);
    }
    void operator()(const UnitaryOperation& operation) const { local_on(operation.wires); }
    void operator()(const DiagonalOperation& operation) const { diagonal_on(operation.wires); }
    void operator()(const MultiplexerOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        diagonal(program_.controls(operation.wires));
        sink_.local(targets[0]);
        diagonal(targets.subspan(1));
    }
    void operator()(const PauliRotationOperation& operation) const {
        rotation(operation.wires, [&](std::size_t k) { return (*operation.paulis)[k]; });
    }
    void operator()(const PermutationOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        bool moves = false;
        for (std::size_t k = 0; k < targets.size(); ++k) {
            if ((*operation.pattern)[k] == static_cast<std::int64_t>(k)) continue;
            moves = true;
            sink_.local(targets[k]);
        }
        if (moves) diagonal(program_.controls(operation.wires));
    }
    void operator()(const InitializeOperation& operation) const { local_on(operation.wires); }
    void operator()(const ResetOperation& operation) const { sink_.local(operation.qubit); }
    void operator()(const MeasureOperation& operation) const { sink_.diagonal(operation.qubit); }
    void operator()(const GlobalPhaseOperation&) const {}
    void operator()(const ComputeOperation&) const {}
    void operator()(const BranchOperation&) const {}
    void operator()(const JumpOperation&) const {}
    void operator()(const SaveOperation& operation) const { local_on(operation.wires); }

 private:
    void local(std::span<const std::int32_t> qubits) const {
        for (const std::int32_t qubit : qubits) sink_.local(qubit);
    }
    void diagonal(std::span<const std::int32_t> qubits) const {
        for (const std::int32_t qubit : qubits) sink_.diagonal(qubit);
    }
    void local_on(const Wires& wires) const {
        diagonal(program_.controls(wires));
        local(program_.targets(wires));
    }
    void diagonal_on(const Wires& wires) const {
        diagonal(program_.controls(wires));
        diagonal(program_.targets(wires));
    }
    template <class PauliAt>
    void rotation(const Wires& wires, PauliAt pauli_at) const {
        diagonal(program_.controls(wires));
        const auto targets = program_.targets(wires);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            const std::int64_t pauli = pauli_at(k);
            if (has_x(pauli)) {
                sink_.local(targets[k]);
            } else if (has_z(pauli)) {
                sink_.diagonal(targets[k]);
            }
        }
    }

    const Program& program_;
    Sink& sink_;
};

struct RoleMasks {
    Roles roles;
    void local(std::int32_t qubit) { roles.local |= bit(qubit); }
    void diagonal(std::int32_t qubit) { roles.diagonal |= bit(qubit); }
};

struct RoleList {
    std::vector<WireRole>& roles;
    void local(std::int32_t qubit) { roles.push_back({qubit, true}); }
    void diagonal(std::int32_t qubit) { roles.push_back({qubit, false}); }
};

}  // namespace

Roles roles(const Program& program, const Operation& operation) {
    // What is saved depends on what has become of all other qubits.
    if (std::holds_alternative<SaveOperation>(operation)) return {low_bits(program.num_qubits()), 0};
    RoleMasks masks;
    std::visit(RoleReader(program, masks), operation);
    return masks.roles;
}

void wire_roles(const Program& program, const Operation& operation, std::vector<WireRole>& result) {
    result.clear();
    RoleList list{result};
    std::visit(RoleReader(program, list), operation);
}

}  // namespace ketjet
