// plan(): rewrites the program, finds the measurements to be read at the end, then cuts each straight-line stretch into
// sweeps (Stager).
#include "plan/planner.hpp"

#include <algorithm>

#include "plan/rewrite.hpp"
#include "plan/stager.hpp"
#include "program/action.hpp"

namespace ketjet {

namespace {

Index touched_qubits(const Program& program, const Operation& operation) {
    const Roles role = roles(program, operation);
    return role.local | role.diagonal;
}

// Marks the measurements that can be read from the final state: nothing but measurements follows on their qubit, and
// where the state is not returned also what is diagonal on it, for that commutes with measuring.
// One whose classical bit is written again later is not read at all.
struct FinalReads {
    std::vector<bool> is_final;
    std::vector<FinalMeasurement> read;
};
FinalReads find_final_measurements(const Program& program, bool only_outcomes) {
    const auto operations = program.operations();
    FinalReads result{std::vector<bool>(operations.size()), {}};
    std::vector<bool> written(static_cast<std::size_t>(program.num_clbits()));
    Index touched_later = 0;
    for (std::size_t i = operations.size(); i-- > 0;) {
        const auto* const m = std::get_if<MeasureOperation>(&operations[i]);
        if (m == nullptr) {
            const Roles role = roles(program, operations[i]);
            touched_later |= role.local | (only_outcomes ? 0 : role.diagonal);
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

Plan make_plan(const Program& original, const Rewritten& rewritten, const Machine& machine, const PlanRequest& request,
               const BlockShape& shape) {
    const Program& program = rewritten.program;
    const int state_qubits = std::max(rewritten.num_qubits, minimum_state_qubits);
    Plan plan{program,
              original,
              rewritten.origins,
              shape,
              machine.sweep_factor,
              machine.pass_factor,
              rewritten.num_qubits,
              state_qubits,
              {},
              {}};
    FinalReads reads;
    if (request.from_zero) reads = find_final_measurements(program, only_outcomes_count(program, request));
    plan.final_measurements = reads.read;

    const bool grows = request.from_zero && request.options.growth;
    if (request.from_zero && !grows) plan.stages.emplace_back(Extend{0});
    Stager stager(program, request.options, shape, plan.state_qubits, grows ? 0 : low_bits(plan.state_qubits),
                  plan.stages);
    Index touched = request.from_zero ? 0 : low_bits(plan.state_qubits);
    const auto operations = program.operations();
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        const Operation& operation = operations[i];
        const Index qubits = touched_qubits(program, operation);
        const bool fresh = (touched & qubits) == 0;
        if (fresh && std::holds_alternative<ResetOperation>(operation)) continue;
        touched |= qubits;
        if (!is_collapse(operation)) {
            stager.add(i, roles(program, operation));
        } else if (!request.from_zero || !reads.is_final[i]) {
            stager.flush();
            const bool random = !(fresh && std::holds_alternative<InitializeOperation>(operation));
            plan.stages.emplace_back(Collapse{i, plan.origins[i], random});
        }
    }
    stager.flush();
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
