// Each operation has one overload that reads its structure and the present slot values; controls become the action's
// condition.
#include "program/action.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "program/pauli.hpp"

namespace ketjet {
namespace {

std::vector<int> list_of(std::span<const std::int32_t> qubits) { return {qubits.begin(), qubits.end()}; }

struct PauliMasks {
    Index x = 0;  // X and Y
    Index z = 0;  // Z and Y
};

// `pauli_at(k)` is the number of the Pauli on target k.
template <class PauliAt>
PauliMasks masks_of(std::span<const std::int32_t> targets, PauliAt pauli_at) {
    PauliMasks masks;
    for (std::size_t k = 0; k < targets.size(); ++k) {
        const std::int64_t pauli = pauli_at(k);
        if (has_x(pauli)) masks.x |= bit(targets[k]);
        if (has_z(pauli)) masks.z |= bit(targets[k]);
    }
    return masks;
}

// The present actions of a unitary operation.
class Resolver {
 public:
    explicit Resolver(const Program& program) : program_(program), slots_(program.slots()) {}

    std::vector<Action> operator()(const GateOperation& operation) const {
        const GateFacts& facts = facts_of(operation);
        if (facts.is_identity()) return {};
        const auto parameters = slots_.subspan(operation.slot, static_cast<std::size_t>(facts.parameters));
        const auto targets = program_.targets(operation.wires);
        Condition condition = condition_of(operation.wires);
        switch (facts.structure) {
            case Structure::phase: {
                const Matrix matrix = facts.matrix(parameters);
                condition.mask |= mask_of(targets);
                condition.value |= mask_of(targets);
                return alone(DiagonalAction{condition, {}, {matrix.entries().back()}});
            }
            case Structure::diagonal:
                return alone(DiagonalAction{condition, list_of(targets), diagonal_of(facts.matrix(parameters))});
            case Structure::flip:
                return alone(FlipAction{condition, mask_of(targets)});
            case Structure::swap:
                return alone(SwapAction{condition, targets[0], targets[1]});
            case Structure::rotation:
                return alone(rotation(condition,
                                      masks_of(targets, [&](std::size_t k) { return pauli_of(facts.paulis[k]); }),
                                      parameters[0]));
            case Structure::dense:
                break;
        }
        return alone(DenseAction{condition, list_of(targets), facts.matrix(parameters)});
    }

    std::vector<Action> operator()(const UnitaryOperation& operation) const {
        const std::size_t dimension = std::size_t{1} << operation.wires.targets;
        return alone(DenseAction{condition_of(operation.wires), list_of(program_.targets(operation.wires)),
                                 Matrix(dimension, *operation.matrix)});
    }

    std::vector<Action> operator()(const DiagonalOperation& operation) const {
        return alone(DiagonalAction{condition_of(operation.wires), list_of(program_.targets(operation.wires)),
                                    *operation.entries});
    }

    std::vector<Action> operator()(const MultiplexerOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        return alone(MultiplexerAction{condition_of(operation.wires), targets[0], list_of(targets.subspan(1)),
                                       *operation.matrices});
    }

    std::vector<Action> operator()(const PauliRotationOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        const PauliMasks masks = masks_of(targets, [&](std::size_t k) { return (*operation.paulis)[k]; });
        return alone(rotation(condition_of(operation.wires), masks, slots_[operation.slot]));
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
        return alone(DiagonalAction{{}, {}, {std::polar(1.0, slots_[operation.slot])}});
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

    // A list of one, which an initializer list would copy.
    static std::vector<Action> alone(Action action) {
        std::vector<Action> actions;
        actions.push_back(std::move(action));
        return actions;
    }

    Condition condition_of(const Wires& wires) const { return ketjet::condition_of(program_, wires); }

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

// Turns an action into its adjoint.
struct Undoing {
    void operator()(DenseAction& action) const { action.matrix = adjoint(action.matrix); }
    void operator()(DiagonalAction& action) const {
        for (Complex& entry : action.entries) entry = std::conj(entry);
    }
    void operator()(const FlipAction&) const {}
    void operator()(const SwapAction&) const {}
    void operator()(RotationAction& action) const { action.angle = -action.angle; }
    void operator()(MultiplexerAction& action) const {
        for (std::size_t block = 0; block < action.matrices.size(); block += 4) {
            std::swap(action.matrices[block + 1], action.matrices[block + 2]);
        }
        for (Complex& entry : action.matrices) entry = std::conj(entry);
    }
};

}  // namespace

Condition condition_of(const Program& program, const Wires& wires) {
    Condition condition;
    const auto controls = program.controls(wires);
    for (std::size_t position = 0; position < controls.size(); ++position) {
        const Index control = bit(controls[position]);
        condition.mask |= control;
        if ((wires.control_state >> position) & 1) condition.value |= control;
    }
    return condition;
}

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

Action adjoint(Action action) {
    std::visit(Undoing{}, action);
    return action;
}

}  // namespace ketjet
