// Each operation has one overload that reads its structure and the present slot values; controls become the action's
// condition.
#include "program/action.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "program/pauli.hpp"

namespace ketjet {
namespace {

// The present action of a unitary operation that has no more than one.
class Resolver {
 public:
    explicit Resolver(const Program& program) : program_(program), slots_(program.slots()) {}

    std::optional<Action> operator()(const GateOperation& operation) const {
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
                return DiagonalAction{condition, {}, {matrix.entries().back()}};
            }
            case Structure::diagonal:
                return DiagonalAction{condition, Targets(targets), diagonal_of(facts.matrix(parameters))};
            case Structure::flip:
                return FlipAction{condition, mask_of(targets)};
            case Structure::swap:
                return SwapAction{condition, targets[0], targets[1]};
            case Structure::rotation:
                return rotation(condition, masks_of(targets, [&](std::size_t k) { return pauli_of(facts.paulis[k]); }),
                                parameters[0]);
            case Structure::dense:
                break;
        }
        return DenseAction{condition, Targets(targets), facts.matrix(parameters)};
    }

    std::optional<Action> operator()(const UnitaryOperation& operation) const {
        const std::size_t dimension = std::size_t{1} << operation.wires.targets;
        return DenseAction{condition_of(operation.wires), Targets(program_.targets(operation.wires)),
                           Matrix(dimension, *operation.matrix)};
    }

    std::optional<Action> operator()(const DiagonalOperation& operation) const {
        return DiagonalAction{condition_of(operation.wires), Targets(program_.targets(operation.wires)),
                              DiagonalAction::Entries(*operation.entries)};
    }

    std::optional<Action> operator()(const MultiplexerOperation& operation) const {
        const auto targets = program_.targets(operation.wires), selectors = targets.subspan(1);
        return MultiplexerAction{
            condition_of(operation.wires), targets[0], {selectors.begin(), selectors.end()}, *operation.matrices};
    }

    std::optional<Action> operator()(const PauliRotationOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        const PauliMasks masks = masks_of(targets, [&](std::size_t k) { return (*operation.paulis)[k]; });
        return rotation(condition_of(operation.wires), masks, slots_[operation.slot]);
    }

    std::optional<Action> operator()(const GlobalPhaseOperation& operation) const {
        return DiagonalAction{{}, {}, {std::polar(1.0, slots_[operation.slot])}};
    }

    std::optional<Action> operator()(const PermutationOperation&) const {
        throw std::logic_error("a permutation has several actions");
    }
    std::optional<Action> operator()(const InitializeOperation&) const { refuse("initialize"); }
    std::optional<Action> operator()(const ResetOperation&) const { refuse("reset"); }
    std::optional<Action> operator()(const MeasureOperation&) const { refuse("measure"); }
    std::optional<Action> operator()(const ComputeOperation&) const { refuse("compute"); }
    std::optional<Action> operator()(const BranchOperation&) const { refuse("branch"); }
    std::optional<Action> operator()(const JumpOperation&) const { refuse("jump"); }
    std::optional<Action> operator()(const SaveOperation&) const { refuse("save"); }

 private:
    [[noreturn]] static void refuse(const std::string& name) {
        throw std::logic_error(name + " has no actions: it is no linear map of the state");
    }

    Condition condition_of(const Wires& wires) const { return ketjet::condition_of(program_, wires); }

    static DiagonalAction::Entries diagonal_of(const Matrix& matrix) {
        DiagonalAction::Entries entries(matrix.dimension());
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

std::optional<Action> action_of(const Program& program, const Operation& operation) {
    return std::visit(Resolver(program), operation);
}

// Target k must end up with the qubit that was at target pattern[k]: swap it in, from wherever it is by now.
std::vector<SwapAction> swaps_of(const Program& program, const PermutationOperation& operation) {
    const auto targets = program.targets(operation.wires);
    const Condition condition = condition_of(program, operation.wires);
    std::vector<std::size_t> place(targets.size());     // where the qubit of target q is now
    std::vector<std::size_t> resident(targets.size());  // whose qubit is at target k now
    for (std::size_t k = 0; k < targets.size(); ++k) place[k] = resident[k] = k;
    std::vector<SwapAction> swaps;
    for (std::size_t k = 0; k < targets.size(); ++k) {
        const auto wanted = static_cast<std::size_t>((*operation.pattern)[k]);
        const std::size_t from = place[wanted];
        if (from == k) continue;
        swaps.push_back({condition, targets[k], targets[from]});
        resident[from] = resident[k];
        place[resident[from]] = from;
    }
    return swaps;
}

std::vector<Action> resolve(const Program& program, const Operation& operation) {
    std::vector<Action> actions;
    for_each_action(program, operation, [&](Action&& action) { actions.push_back(std::move(action)); });
    return actions;
}

std::vector<Action> actions_of(const Program& program, std::span<const std::uint32_t> operations) {
    std::vector<Action> actions;
    for (const std::uint32_t operation : operations) {
        for_each_action(program, program.operations()[operation],
                        [&](Action&& action) { actions.push_back(std::move(action)); });
    }
    return actions;
}

Action adjoint(Action action) {
    std::visit(Undoing{}, action);
    return action;
}

}  // namespace ketjet
