// plan(): rewrites the program, finds the measurements to be read at the end, then cuts each straight-line stretch into
// sweeps (Stager).
#include "plan/planner.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "plan/rewrite.hpp"
#include "plan/stager.hpp"

namespace ketjet {

namespace {

// Marks the measurements that can be read from the final state: nothing but measurements follows on their qubit, and
// where the state is not returned also what is diagonal on it, for that commutes with measuring.
// One whose classical bit is written again later is not read at all.
struct FinalReads {
    std::vector<bool> is_final;
    std::vector<FinalMeasurement> read;
};
FinalReads find_final_measurements(const Program& program, std::span<const OperationFacts> facts,
                                   bool only_outcomes) {
    const auto operations = program.operations();
    FinalReads result{std::vector<bool>(operations.size()), {}};
    std::vector<bool> written(static_cast<std::size_t>(program.num_clbits()));
    Index touched_later = 0;
    for (std::size_t i = operations.size(); i-- > 0;) {
        const auto* const m = std::get_if<MeasureOperation>(&operations[i]);
        if (m == nullptr) {
            touched_later |= facts[i].local | (only_outcomes ? 0 : facts[i].diagonal);
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

// Fills a plan with stages, for one block shape after another.
class PlanMaker {
 public:
    PlanMaker(const Program& original, const Machine& machine, const PlanRequest& request)
        : request_(request), plan_(begin(original, machine, request)), facts_(operation_facts(plan_.program)) {
        if (!request.from_zero) return;
        FinalReads reads = find_final_measurements(plan_.program, facts_, only_outcomes_count(plan_.program, request));
        is_final_ = std::move(reads.is_final);
        plan_.final_measurements = std::move(reads.read);
    }

    int state_qubits() const { return plan_.state_qubits; }
    std::size_t operations() const { return facts_.size(); }
    double seconds() const { return seconds_; }  // predicted on one thread

    // Keeps the plan of this shape if it is predicted to take, times a factor, less than the best one so far.
    void consider(const BlockShape& shape, double factor) {
        const BlockShape best = std::exchange(plan_.shape, shape);
        std::vector<Stage> stages = std::exchange(plan_.stages, {});
        const double seconds = factor * make_stages(seconds_ / factor);
        if (seconds < seconds_) {
            seconds_ = seconds;
        } else {
            plan_.stages = std::move(stages);
            plan_.shape = best;
        }
    }

    Plan take() { return std::move(plan_); }

 private:
    static Plan begin(const Program& original, const Machine& machine, const PlanRequest& request) {
        Rewritten rewritten = rewrite(original, request);
        return {std::move(rewritten.program),
                original,
                std::move(rewritten.origins),
                {},
                machine.sweep_factor,
                machine.pass_factor,
                rewritten.num_qubits,
                std::max(rewritten.num_qubits, minimum_state_qubits),
                {},
                {}};
    }

    // Returns the predicted time, which is more than `most_seconds` if it has given up.
    double make_stages(double most_seconds) {
        const Index all = low_bits(plan_.state_qubits);
        const bool grows = request_.from_zero && request_.options.growth;
        Stager stager(facts_, request_.options, request_.precision, grows ? 0 : all, most_seconds, plan_);
        if (request_.from_zero && !grows) stager.append(Extend{0});
        Index touched = request_.from_zero ? 0 : all;
        const auto operations = plan_.program.operations();
        for (std::uint32_t i = 0; i < operations.size() && !stager.given_up(); ++i) {
            const Operation& operation = operations[i];
            const bool fresh = (touched & facts_[i].touched()) == 0;
            if (fresh && std::holds_alternative<ResetOperation>(operation)) continue;
            touched |= facts_[i].touched();
            if (!is_collapse(operation)) {
                stager.add(i);
            } else if (!request_.from_zero || !is_final_[i]) {
                stager.flush();
                const bool random = !(fresh && std::holds_alternative<InitializeOperation>(operation));
                stager.append(Collapse{i, plan_.origins[i], random});
            }
        }
        stager.flush();
        return stager.seconds();
    }

    const PlanRequest& request_;
    Plan plan_;
    std::vector<OperationFacts> facts_;
    std::vector<bool> is_final_;
    double seconds_ = std::numeric_limits<double>::infinity();
};

}  // namespace

Plan plan(const Program& program, const Machine& machine, const PlanRequest& request) {
    PlanMaker maker(program, machine, request);
    const std::vector<BlockShape> shapes = block_shapes(machine, request.precision, maker.state_qubits());
    maker.consider(shapes.front(), 1);
    if (request.options.search) {
        const double limit = std::min(maker.seconds() * search_share, most_planning_seconds);
        const double one_plan = planning_seconds * static_cast<double>(maker.operations() + 1);
        const auto tries = std::min(static_cast<std::size_t>(limit / one_plan), shapes.size() - 1);
        for (const BlockShape& shape : std::span(shapes).subspan(1, tries)) {
            maker.consider(shape, shape.block_qubits > shapes.front().block_qubits ? outgrown_factor : 1);
        }
    }
    return maker.take();
}

}  // namespace ketjet
