// plan(): rewrites the program, finds the measurements to be read at the end, then cuts each straight-line stretch into
// sweeps (Stager).
#include "plan/planner.hpp"

#include <algorithm>
#include <unordered_map>

#include "plan/control_flow.hpp"
#include "plan/rewrite.hpp"
#include "plan/stager.hpp"
#include "program/action.hpp"
#include "program/classical_code.hpp"

namespace ketjet {

namespace {

// Marks the measurements that can be read from the final state: nothing but measurements follows on their qubit, and
// where the state is not returned also what is diagonal on it, for that commutes with measuring. Classical code must
// not look at their bit, and every run must pass them once. One whose classical bit is written again later is not read
// at all.
struct FinalReads {
    std::vector<bool> is_final;
    std::vector<FinalMeasurement> read;
};

class FinalReadsFinder {
 public:
    FinalReadsFinder(const Program& program, const ControlFlow& flow, bool only_outcomes)
        : program_(program), flow_(flow), only_outcomes_(only_outcomes) {}

    FinalReads run() {
        const auto operations = program_.operations();
        result_.is_final.resize(operations.size());
        for (std::size_t i = operations.size(); i-- > 0;) {
            if (const auto* const m = std::get_if<MeasureOperation>(&operations[i])) {
                add_measurement(i, *m);
            } else {
                add_other(operations[i]);
            }
        }
        std::ranges::reverse(result_.read);
        return std::move(result_);
    }

 private:
    using Bits = std::vector<bool>;

    void add_measurement(std::size_t index, const MeasureOperation& m) {
        const auto clbit = static_cast<std::size_t>(m.clbit);
        const bool certain = flow_.runs_once(index);
        if (certain && (touched_later_ & bit(m.qubit)) == 0 && !used_later_[clbit]) {
            result_.is_final[index] = true;
            if (!written_[clbit]) result_.read.push_back({m.qubit, m.clbit});
        }
        (certain ? written_ : used_later_)[clbit] = true;
    }

    void add_other(const Operation& operation) {
        const Roles role = roles(program_, operation);
        touched_later_ |= role.local | (only_outcomes_ ? 0 : role.diagonal);
        const auto use = [&](int clbit) { used_later_[static_cast<std::size_t>(clbit)] = true; };
        if (const auto* const compute = std::get_if<ComputeOperation>(&operation)) {
            for_each_bit_read(compute->code(), use);
            for_each_bit_written(compute->code(), use);
        } else if (const auto* const branch = std::get_if<BranchOperation>(&operation)) {
            for_each_bit_read(branch->code(), use);
        }
    }

    const Program& program_;
    const ControlFlow& flow_;
    bool only_outcomes_;
    FinalReads result_;
    Index touched_later_ = 0;
    Bits written_ = Bits(static_cast<std::size_t>(program_.num_clbits()));  // later, by a measurement that always runs
    Bits used_later_ = Bits(static_cast<std::size_t>(program_.num_clbits()));  // by code, or written in some runs only
};

// The qubits that are looked at after each operation, before they are reset; after the last one those of `reads`.
std::vector<Index> live_qubits(const Program& program, const FinalReads& reads) {
    const auto operations = program.operations();
    std::vector<Index> before(operations.size() + 1), after(operations.size());
    for (const FinalMeasurement& m : reads.read) before.back() |= bit(m.qubit);
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t i = operations.size(); i-- > 0;) {
            const bool jumps = std::holds_alternative<JumpOperation>(operations[i]);
            Index live = jumps ? 0 : before[i + 1];
            if (const auto target = target_of(operations[i])) live |= before[*target];
            after[i] = live;
            const Roles role = roles(program, operations[i]);
            if (is_collapse(operations[i])) live &= ~role.local;  // forgotten by a reset
            if (!reads.is_final[i]) live |= role.diagonal;
            if (!is_collapse(operations[i])) live |= role.local;
            changed = changed || live != before[i];
            before[i] = live;
        }
    }
    return after;
}

// Cuts a rewritten program into stages.
class StageMaker {
 public:
    StageMaker(Plan& plan, const PlanRequest& request)
        : plan_(plan),
          program_(plan.program),
          request_(request),
          flow_(program_),
          all_(low_bits(plan.state_qubits)),
          zero_(request.from_zero ? all_ : 0),
          stager_(program_, request.options, plan.shape, plan.state_qubits, grows() ? 0 : all_, plan.stages) {}

    void run() {
        const bool only_outcomes = only_outcomes_count(program_, request_);
        if (request_.from_zero) reads_ = FinalReadsFinder(program_, flow_, only_outcomes).run();
        plan_.final_measurements = reads_.read;
        if (only_outcomes && measures_midway()) live_ = live_qubits(program_, reads_);
        if (request_.from_zero && !grows()) plan_.stages.emplace_back(Extend{0});
        const auto operations = program_.operations();
        for (std::uint32_t i = 0; i < operations.size(); ++i) {
            if (flow_.is_joined(i)) join(i);
            add(i, operations[i]);
        }
        stager_.flush();
        if (flow_.is_joined(operations.size())) join(static_cast<std::uint32_t>(operations.size()));
        for (Stage& stage : plan_.stages) {
            if (auto* const branch = std::get_if<Branch>(&stage)) branch->target = joins_.at(branch->target);
            if (auto* const jump = std::get_if<Jump>(&stage)) jump->target = joins_.at(jump->target);
        }
    }

 private:
    bool grows() const { return request_.from_zero && request_.options.growth; }

    bool measures_midway() const {
        const auto operations = program_.operations();
        for (std::size_t i = 0; i < operations.size(); ++i) {
            if (std::holds_alternative<MeasureOperation>(operations[i]) && !reads_.is_final[i]) return true;
        }
        return false;
    }

    void join(std::uint32_t operation) {
        stager_.flush();
        zero_ = 0;
        joins_.emplace(operation, static_cast<std::uint32_t>(plan_.stages.size()));
        plan_.stages.emplace_back(Join{operation});
    }

    void add(std::uint32_t index, const Operation& operation) {
        if (is_classical(operation)) return add_classical(index, operation);
        const Roles role = roles(program_, operation);
        if (is_collapse(operation)) return add_collapse(index, operation, role.local | role.diagonal);
        zero_ &= ~(role.local | role.diagonal);
        stager_.add(index, role);
    }

    void add_classical(std::uint32_t index, const Operation& operation) {
        if (std::holds_alternative<ComputeOperation>(operation)) {
            plan_.stages.emplace_back(Compute{index});
            return;
        }
        stager_.flush();
        if (std::holds_alternative<BranchOperation>(operation)) {
            plan_.stages.emplace_back(Branch{index, *target_of(operation)});
        } else {
            plan_.stages.emplace_back(Jump{index, *target_of(operation)});
        }
    }

    void add_collapse(std::uint32_t index, const Operation& operation, Index qubits) {
        const bool fresh = (qubits & ~zero_) == 0, measures = std::holds_alternative<MeasureOperation>(operation);
        if (fresh && std::holds_alternative<ResetOperation>(operation)) return;
        zero_ &= ~qubits;
        if (measures && request_.from_zero && reads_.is_final[index]) return;
        stager_.flush();
        const bool initializes = std::holds_alternative<InitializeOperation>(operation);
        const bool everything = count_bits(qubits) == plan_.num_qubits;
        const bool clears = measures && !live_.empty() && (live_[index] & qubits) == 0;
        const bool random = !(initializes && (fresh || everything));
        plan_.stages.emplace_back(Collapse{index, plan_.origins[index], random, clears});
        if (clears || std::holds_alternative<ResetOperation>(operation)) zero_ |= qubits;
    }

    Plan& plan_;
    const Program& program_;
    const PlanRequest& request_;
    ControlFlow flow_;
    Index all_;
    Index zero_;  // qubits that are |0> for certain
    Stager stager_;
    FinalReads reads_;
    std::vector<Index> live_;                                 // after each operation, where only outcomes count
    std::unordered_map<std::uint32_t, std::uint32_t> joins_;  // stage by operation
};

Plan make_plan(const Program& original, const Rewritten& rewritten, const Machine& machine, const PlanRequest& request,
               const BlockShape& shape) {
    const int state_qubits = std::max(rewritten.num_qubits, minimum_state_qubits);
    Plan plan{rewritten.program,
              original,
              rewritten.origins,
              shape,
              machine.sweep_factor,
              machine.pass_factor,
              rewritten.num_qubits,
              state_qubits,
              {},
              {}};
    StageMaker(plan, request).run();
    return plan;
}

}  // namespace

Plan plan(const Program& program, const Machine& machine, const PlanRequest& request) {
    const Rewritten rewritten = rewrite(program, request);
    const int state_qubits = std::max(rewritten.num_qubits, minimum_state_qubits);
    const std::vector<BlockShape> shapes = block_shapes(machine, request.precision, state_qubits);
    const auto predicted = [&](const Plan& candidate) {
        const bool outgrown = candidate.shape.block_qubits > shapes.front().block_qubits;
        return plan_cost(candidate, request.precision, 1).seconds * (outgrown ? outgrown_factor : 1.0);
    };
    Plan best = make_plan(program, rewritten, machine, request, shapes.front());
    if (!request.options.search) return best;
    double least = predicted(best);
    const double one_plan = planning_seconds * static_cast<double>(rewritten.program.operations().size() + 1);
    const auto tries = static_cast<std::size_t>(std::min(least * search_share, most_planning_seconds) / one_plan);
    for (const BlockShape& shape : std::span(shapes).subspan(1, std::min(tries, shapes.size() - 1))) {
        Plan other = make_plan(program, rewritten, machine, request, shape);
        const double seconds = predicted(other);
        if (seconds < least) {
            best = std::move(other);
            least = seconds;
        }
    }
    return best;
}

}  // namespace ketjet
