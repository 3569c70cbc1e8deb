// From operations to actions. Each operation class has one overload that reads its structure and, in resolve, the
// present slot values; controls become the action's condition.
#include "program/action.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

namespace ketjet {
namespace {

Condition condition_of(std::span<const std::int32_t> controls, std::uint64_t control_state) {
    Condition condition;
    for (std::size_t position = 0; position < controls.size(); ++position) {
        const Index control = bit(controls[position]);
        condition.mask |= control;
        if ((control_state >> position) & 1) condition.value |= control;
    }
    return condition;
}

std::vector<int> list_of(std::span<const std::int32_t> qubits) { return {qubits.begin(), qubits.end()}; }

struct PauliMasks {
    Index x = 0;  // X and Y
    Index z = 0;  // Z and Y
};

// Pauli `code` (0 I, 1 X, 2 Y, 3 Z) on each target; `code_at(k)` tells the one of target k.
template <class CodeAt>
PauliMasks pauli_masks(std::span<const std::int32_t> targets, CodeAt code_at) {
    PauliMasks masks;
    for (std::size_t k = 0; k < targets.size(); ++k) {
        const int code = code_at(k);
        if (code == 1 || code == 2) masks.x |= bit(targets[k]);
        if (code == 2 || code == 3) masks.z |= bit(targets[k]);
    }
    return masks;
}

int code_of(char pauli) { return pauli == 'I' ? 0 : pauli - 'X' + 1; }

PauliMasks pauli_masks(std::span<const std::int32_t> targets, std::string_view paulis) {
    return pauli_masks(targets, [&](std::size_t k) { return code_of(paulis[k]); });
}

PauliMasks pauli_masks(std::span<const std::int32_t> targets, const std::vector<std::int64_t>& paulis) {
    return pauli_masks(targets, [&](std::size_t k) { return static_cast<int>(paulis[k]); });
}

// The identity is the one diagonal gate without parameters (all others are phases): it needs and does nothing.
bool does_nothing(const GateFacts& facts) { return facts.structure == Structure::diagonal && facts.parameters == 0; }

// The present actions of a unitary operation.
class Resolver {
 public:
    explicit Resolver(const Program& program) : program_(program), slots_(program.slots()) {}

    std::vector<Action> operator()(const GateOperation& operation) const {
        const GateFacts& facts = gate_table()[static_cast<std::size_t>(operation.gate)];
        if (does_nothing(facts)) return {};
        const auto parameters = slots_.subspan(operation.slot, static_cast<std::size_t>(facts.parameters));
        const auto targets = program_.targets(operation.wires);
        Condition condition = condition_of(operation.wires);
        switch (facts.structure) {
            case Structure::phase: {
                const Matrix matrix = facts.matrix(parameters);
                condition.mask |= mask_of(targets);
                condition.value |= mask_of(targets);
                return {DiagonalAction{condition, {}, {matrix.entries().back()}}};
            }
            case Structure::diagonal:
                return {DiagonalAction{condition, list_of(targets), diagonal_of(facts.matrix(parameters))}};
            case Structure::flip:
                return {FlipAction{condition, mask_of(targets)}};
            case Structure::swap:
                return {SwapAction{condition, targets[0], targets[1]}};
            case Structure::rotation:
                return {rotation(condition, pauli_masks(targets, facts.paulis), parameters[0])};
            case Structure::dense:
                break;
        }
        return {DenseAction{condition, list_of(targets), facts.matrix(parameters)}};
    }

    std::vector<Action> operator()(const UnitaryOperation& operation) const {
        const std::size_t dimension = std::size_t{1} << operation.wires.targets;
        return {DenseAction{condition_of(operation.wires), list_of(program_.targets(operation.wires)),
                            Matrix(dimension, *operation.matrix)}};
    }

    std::vector<Action> operator()(const DiagonalOperation& operation) const {
        return {DiagonalAction{condition_of(operation.wires), list_of(program_.targets(operation.wires)),
                               *operation.entries}};
    }

    std::vector<Action> operator()(const MultiplexerOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        return {MultiplexerAction{condition_of(operation.wires), targets[0], list_of(targets.subspan(1)),
                                  *operation.matrices}};
    }

    std::vector<Action> operator()(const PauliRotationOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        return {
            rotation(condition_of(operation.wires), pauli_masks(targets, *operation.paulis), slots_[operation.slot])};
    }

    // Target k must end up with the qubit that was at target pattern[k]: swap it in, from wherever it is by now.
    std::vector<Action> operator()(const PermutationOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        const Condition condition = condition_of(operation.wires);
        std::vector<std::size_t> place(targets.size());     // where the qubit of target q is now
        std::vector<std::size_t> resident(targets.size());  // whose qubit is at target k now
        for (std::size_t k = 0; k < targets.size(); ++k) place[k] = resident[k] = k;
        std::vector<Action> swaps;
        for (std::size_t k = 0; k < targets.size(); ++k) {
            const auto wanted = static_cast<std::size_t>((*operation.pattern)[k]);
            const std::size_t from = place[wanted];
            if (from == k) continue;
            swaps.push_back(SwapAction{condition, targets[k], targets[from]});
            resident[from] = resident[k];
            place[resident[from]] = from;
        }
        return swaps;
    }

    std::vector<Action> operator()(const GlobalPhaseOperation& operation) const {
        return {DiagonalAction{{}, {}, {std::polar(1.0, slots_[operation.slot])}}};
    }

    std::vector<Action> operator()(const InitializeOperation&) const { refuse("initialize"); }
    std::vector<Action> operator()(const ResetOperation&) const { refuse("reset"); }
    std::vector<Action> operator()(const MeasureOperation&) const { refuse("measure"); }
    std::vector<Action> operator()(const ComputeOperation&) const { refuse("compute"); }
    std::vector<Action> operator()(const BranchOperation&) const { refuse("branch"); }
    std::vector<Action> operator()(const JumpOperation&) const { refuse("jump"); }
    std::vector<Action> operator()(const SaveOperation&) const { refuse("save"); }

 private:
    [[noreturn]] static void refuse(const std::string& name) {
        throw std::logic_error(name + " has no actions: it is no linear map of the state");
    }

    Condition condition_of(const Wires& wires) const {
        return ketjet::condition_of(program_.controls(wires), wires.control_state);
    }

    static std::vector<Complex> diagonal_of(const Matrix& matrix) {
        std::vector<Complex> entries(matrix.dimension());
        for (std::size_t k = 0; k < entries.size(); ++k) entries[k] = matrix(k, k);
        return entries;
    }

    // A rotation about the identity is no more than a phase.
    static Action rotation(const Condition& condition, const PauliMasks& masks, double angle) {
        if ((masks.x | masks.z) == 0) return DiagonalAction{condition, {}, {std::polar(1.0, -angle / 2)}};
        return RotationAction{condition, masks.x, masks.z, angle};
    }

    const Program& program_;
    std::span<const double> slots_;
};

// The same walk over the structure alone: calls sink.local(qubit) or sink.diagonal(qubit) for every qubit that is
// needed.
template <class Sink>
class RoleReader {
 public:
    RoleReader(const Program& program, Sink& sink) : program_(program), sink_(sink) {}

    void operator()(const GateOperation& operation) const {
        const GateFacts& facts = gate_table()[static_cast<std::size_t>(operation.gate)];
        if (does_nothing(facts)) return;
        switch (facts.structure) {
            case Structure::phase:
            case Structure::diagonal:
                return diagonal_on(operation.wires);
            case Structure::rotation:
                return rotation(operation.wires, [&](std::size_t k) { return code_of(facts.paulis[k]); });
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
        rotation(operation.wires, [&](std::size_t k) { return static_cast<int>((*operation.paulis)[k]); });
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
    template <class CodeAt>
    void rotation(const Wires& wires, CodeAt code_at) const {
        diagonal(program_.controls(wires));
        const auto targets = program_.targets(wires);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            const int code = code_at(k);
            if (code == 3) sink_.diagonal(targets[k]);
            if (code == 1 || code == 2) sink_.local(targets[k]);
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

std::vector<Action> resolve(const Program& program, const Operation& operation) {
    return std::visit(Resolver(program), operation);
}

std::vector<Action> actions_of(const Program& program, std::span<const std::uint32_t> operations) {
    if (operations.size() == 1) return resolve(program, program.operations()[operations.front()]);
    std::vector<Action> actions;
    for (const std::uint32_t operation : operations) {
        std::ranges::move(resolve(program, program.operations()[operation]), std::back_inserter(actions));
    }
    return actions;
}

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
