#include "batch/batch_run.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <variant>
#include <vector>

#include "batch/batch_calls.hpp"
#include "program/givens_rotation.hpp"
#include "program/pauli.hpp"

namespace ketjet {

namespace {

Condition with_ones(Condition condition, std::span<const std::int32_t> qubits) {
    condition.mask |= mask_of(qubits);
    condition.value |= mask_of(qubits);
    return condition;
}

// Does the operations of a program, one after another.
template <class T>
class BatchRunner {
 public:
    BatchRunner(const Program& program, std::span<const double> slots, BatchBlock<T>& block, const Kernels& kernels)
        : program_(program),
          slots_(slots),
          num_slots_(program.slots().size()),
          points_(slots.size() == num_slots_ ? 1 : block.points()),
          calls_(block, kernels) {}

    void operator()(const GateOperation& gate) {
        const GateFacts& facts = facts_of(gate);
        if (facts.is_identity()) return;
        const Condition condition = condition_of(program_, gate.wires);
        const std::span<const std::int32_t> targets = program_.targets(gate.wires);
        switch (facts.structure) {
            case Structure::flip:
                return calls_.flip(condition, mask_of(targets));
            case Structure::swap:
                return calls_.swap(condition, targets[0], targets[1]);
            case Structure::phase:
                return phase(with_ones(condition, targets), gate);
            case Structure::diagonal:
                return diagonal(condition, targets, gate);
            case Structure::rotation:
                return rotate(condition, masks_of(targets, [&](std::size_t k) { return pauli_of(facts.paulis[k]); }),
                              gate.slot);
            case Structure::dense:
                break;
        }
        const bool is_rotation = facts.parameters == 1 && targets.size() == 1;
        if (is_rotation && facts.turn == TurnKind::imaginary) return rotate(condition, {bit(targets[0]), 0}, gate.slot);
        if (is_rotation && facts.turn == TurnKind::real) {
            return rotate(condition, {bit(targets[0]), bit(targets[0])}, gate.slot);
        }
        matrices_.clear();
        for_points(gate, [&](auto parameters) { matrices_.push_back(facts.matrix(parameters)); });
        calls_.dense(condition, targets, matrices_);
    }

    void operator()(const UnitaryOperation& operation) {
        const Matrix matrix(std::size_t{1} << operation.wires.targets, *operation.matrix);
        calls_.dense(condition_of(program_, operation.wires), program_.targets(operation.wires), {&matrix, 1});
    }
    void operator()(const DiagonalOperation& operation) {
        calls_.diagonal(condition_of(program_, operation.wires), program_.targets(operation.wires), *operation.entries);
    }
    void operator()(const MultiplexerOperation& operation) {
        const std::span<const std::int32_t> targets = program_.targets(operation.wires), selectors = targets.subspan(1);
        for (std::size_t choice = 0; choice < operation.matrices->size() / 4; ++choice) {
            Condition condition = condition_of(program_, operation.wires);
            condition.mask |= mask_of(selectors);
            for (std::size_t k = 0; k < selectors.size(); ++k) {
                if ((choice >> k & 1) != 0) condition.value |= bit(selectors[k]);
            }
            const Matrix matrix(2, std::span(*operation.matrices).subspan(4 * choice, 4));
            calls_.dense(condition, targets.first(1), {&matrix, 1});
        }
    }
    void operator()(const PauliRotationOperation& operation) {
        rotate(condition_of(program_, operation.wires),
               masks_of(program_.targets(operation.wires), [&](std::size_t k) { return (*operation.paulis)[k]; }),
               operation.slot);
    }
    void operator()(const PermutationOperation& operation) {
        for (const SwapAction& swap : swaps_of(program_, operation)) {
            calls_.swap(swap.condition, swap.first, swap.second);
        }
    }
    void operator()(const GlobalPhaseOperation& operation) {
        numbers_.clear();
        for_points(operation.slot, 1, [&](auto parameters) { numbers_.push_back(unit_phase(parameters[0])); });
        calls_.diagonal({}, {}, numbers_);
    }
    void operator()(const MeasureOperation&) {}  // a final one: it is read from the state
    void operator()(const ResetOperation&) {}    // of a qubit that nothing has touched
    template <class Other>
    void operator()(const Other&) {
        throw std::logic_error("this operation is no linear map of the state");
    }

 private:
    // Calls take(the parameters) once if there is one point, else for each of the block's: those beyond the ones given
    // are as the last of these.
    template <class Take>
    void for_points(std::uint32_t slot, std::size_t count, Take take) {
        for (std::size_t point = 0; point < points_; ++point) {
            const std::size_t begin = std::min(point * num_slots_, slots_.size() - num_slots_);
            take(slots_.subspan(begin + slot, count));
        }
    }
    // Once for a gate without any.
    template <class Take>
    void for_points(const GateOperation& gate, Take take) {
        const auto count = static_cast<std::size_t>(facts_of(gate).parameters);
        if (count == 0) return take(std::span<const double>());
        for_points(gate.slot, count, take);
    }

    void rotate(const Condition& condition, const PauliMasks& paulis, std::uint32_t slot) {
        numbers_.clear();
        for_points(slot, 1, [&](auto parameters) {
            numbers_.emplace_back(std::cos(parameters[0] / 2), std::sin(parameters[0] / 2));
        });
        calls_.rotate(condition, paulis, numbers_);
    }

    void phase(const Condition& condition, const GateOperation& gate) {
        const GateFacts& facts = facts_of(gate);
        numbers_.clear();
        for_points(gate, [&](auto parameters) { numbers_.push_back(unit_phase(facts.rotation(parameters).after)); });
        calls_.diagonal(condition, {}, numbers_);
    }

    void diagonal(const Condition& condition, std::span<const std::int32_t> targets, const GateOperation& gate) {
        const GateFacts& facts = facts_of(gate);
        matrices_.clear();
        for_points(gate, [&](auto parameters) { matrices_.push_back(facts.matrix(parameters)); });
        numbers_.clear();
        for (std::size_t entry = 0; entry < std::size_t{1} << targets.size(); ++entry) {
            for (const Matrix& matrix : matrices_) numbers_.push_back(matrix(entry, entry));
        }
        calls_.diagonal(condition, targets, numbers_);
    }

    const Program& program_;
    std::span<const double> slots_;
    std::size_t num_slots_;
    std::size_t points_;
    BatchCalls<T> calls_;
    std::vector<Complex> numbers_{};
    std::vector<Matrix> matrices_{};
};

}  // namespace

template <class T>
void run_batch(const Program& program, std::size_t begin, std::size_t end, std::span<const double> slots,
               BatchBlock<T>& block, const Kernels& kernels, const StopToken& stop) {
    constexpr std::size_t operations_at_once = 256;  // microseconds
    BatchRunner<T> runner(program, slots, block, kernels);
    while (begin < end) {
        stop.throw_if_stopped();
        const std::size_t count = std::min(operations_at_once, end - begin);
        for (const Operation& operation : program.operations().subspan(begin, count)) std::visit(runner, operation);
        begin += count;
    }
}

template void run_batch<float>(const Program&, std::size_t, std::size_t, std::span<const double>, BatchBlock<float>&,
                               const Kernels&, const StopToken&);
template void run_batch<double>(const Program&, std::size_t, std::size_t, std::span<const double>, BatchBlock<double>&,
                                const Kernels&, const StopToken&);

}  // namespace ketjet
