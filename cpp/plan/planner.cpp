// plan(): finds the measurements to be read at the end, then cuts each straight-line stretch into sweeps (Stager).
#include "plan/planner.hpp"

#include <algorithm>
#include <stdexcept>

#include "plan/merge.hpp"
#include "program/action.hpp"

namespace ketjet {

namespace {

struct PendingOperation {
    std::uint32_t index;
    Roles roles;
};

// Cuts straight-line stretches into sweeps, and keeps track of the qubits that may have left |0>.
class Stager {
 public:
    Stager(const Program& program, const PlanOptions& options, int state_qubits, bool from_zero,
           std::vector<Stage>& stages)
        : program_(program),
          options_(options),
          state_qubits_(state_qubits),
          stages_(stages),
          active_(from_zero ? 0 : low_bits(state_qubits)) {}

    void add(std::uint32_t index, const Roles& roles) { pending_.push_back({index, roles}); }

    void flush() {
        while (first_ < pending_.size()) stages_.emplace_back(next_sweep());
        pending_.clear();
        first_ = 0;
        if (active_ != low_bits(state_qubits_)) stages_.emplace_back(Extend{active_});
        active_ = low_bits(state_qubits_);
    }

 private:
    // Takes operations in order while they fit. One that is left behind blocks its qubits: entirely where it acts
    // non-diagonally, for non-diagonal action only where it is diagonal.
    Sweep next_sweep() {
        Index hot = low_bits(options_.run_qubits);
        Index blocked = 0, blocked_local = 0;
        const Index all = low_bits(state_qubits_);
        Sweep sweep;
        std::vector<PendingOperation> left_behind;
        std::size_t i = first_;
        for (; i < pending_.size(); ++i) {
            const PendingOperation& operation = pending_[i];
            const auto& [local, diagonal] = operation.roles;
            if (blocked == all || static_cast<int>(sweep.operations.size()) == options_.operations_per_sweep) break;
            const bool free = (blocked & (local | diagonal)) == 0 && (blocked_local & local) == 0;
            const bool fits = count_bits(hot | local) <= options_.block_qubits || sweep.operations.empty();
            if (free && fits) {
                hot |= local;
                sweep.operations.push_back(operation.index);
            } else {
                blocked |= local;
                blocked_local |= diagonal;
                left_behind.push_back(operation);
            }
        }
        first_ = i - left_behind.size();
        std::ranges::copy(left_behind, pending_.begin() + static_cast<std::ptrdiff_t>(first_));
        for (int qubit = 0; qubit < state_qubits_ && count_bits(hot) < options_.block_qubits; ++qubit) {
            hot |= active_ & bit(qubit);
        }
        sweep.active = active_;
        active_ |= hot;
        for (int qubit = 0; qubit < state_qubits_; ++qubit) {
            if (hot & bit(qubit)) sweep.hot.push_back(qubit);
        }
        merge_passes(program_, sweep);
        return sweep;
    }

    const Program& program_;
    const PlanOptions& options_;
    int state_qubits_;
    std::vector<Stage>& stages_;
    Index active_;
    std::vector<PendingOperation> pending_;  // those before first_ are done
    std::size_t first_ = 0;
};

struct CollapsedWires {
    Index qubits = 0;
    bool operator()(const MeasureOperation& m) { return qubits = bit(m.qubit), true; }
    bool operator()(const ResetOperation& r) { return qubits = bit(r.qubit), true; }
    bool operator()(const auto&) { return false; }
};

Index touched_qubits(const Program& program, const Operation& operation) {
    if (const auto* const initialize = std::get_if<InitializeOperation>(&operation)) {
        Index qubits = 0;
        for (const std::int32_t target : program.targets(initialize->wires)) qubits |= bit(target);
        return qubits;
    }
    CollapsedWires collapsed;
    if (std::visit(collapsed, operation)) return collapsed.qubits;
    const Roles role = roles(program, operation);
    return role.local | role.diagonal;
}

// Marks the measurements that can be read from the final state: nothing but measurements follows on their qubit.
// One whose classical bit is written again later is not read at all.
struct FinalReads {
    std::vector<bool> is_final;
    std::vector<FinalMeasurement> read;
};
FinalReads find_final_measurements(const Program& program) {
    const auto operations = program.operations();
    FinalReads result{std::vector<bool>(operations.size()), {}};
    std::vector<bool> written(static_cast<std::size_t>(program.num_clbits()));
    Index touched_later = 0;
    for (std::size_t i = operations.size(); i-- > 0;) {
        const auto* const m = std::get_if<MeasureOperation>(&operations[i]);
        if (m == nullptr) {
            touched_later |= touched_qubits(program, operations[i]);
            continue;
        }
        const auto clbit = static_cast<std::size_t>(m->clbit);
        if ((touched_later & bit(m->qubit)) == 0) {
            result.is_final[i] = true;
            if (!written[clbit]) result.read.push_back({m->qubit, m->clbit});
        }
        written[clbit] = true;
    }
    std::ranges::reverse(result.read);
    return result;
}

Plan make_plan(const Program& program, const PlanOptions& options, bool from_zero) {
    Plan plan;
    plan.num_qubits = program.num_qubits();
    plan.state_qubits = std::max(program.num_qubits(), minimum_state_qubits);
    FinalReads reads;
    if (from_zero) reads = find_final_measurements(program);
    plan.final_measurements = reads.read;

    Stager stager(program, options, plan.state_qubits, from_zero, plan.stages);
    Index touched = from_zero ? 0 : low_bits(plan.state_qubits);
    const auto operations = program.operations();
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        const Operation& operation = operations[i];
        const Index qubits = touched_qubits(program, operation);
        const bool fresh = (touched & qubits) == 0;
        if (fresh && std::holds_alternative<ResetOperation>(operation)) continue;
        touched |= qubits;
        if (!is_collapse(operation)) {
            stager.add(i, roles(program, operation));
        } else if (!from_zero || !reads.is_final[i]) {
            stager.flush();
            plan.stages.emplace_back(Collapse{i, !(fresh && std::holds_alternative<InitializeOperation>(operation))});
        }
    }
    stager.flush();
    return plan;
}

}  // namespace

Plan plan(const Program& program, const PlanOptions& options) { return make_plan(program, options, true); }

Plan plan_for_any_state(const Program& program, const PlanOptions& options) {
    return make_plan(program, options, false);
}

}  // namespace ketjet
