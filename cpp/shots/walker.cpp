// One step is a stretch of sweeps, one collapsed qubit, or one other stage. All walks consist of the
// same steps; they differ in who decides which way to go (DrawOutcomes, ReplayPath, ReplayShot).
#include "shots/walker.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/overloaded.hpp"
#include "base/parallel.hpp"
#include "exec/agree.hpp"
#include "exec/collapse.hpp"
#include "exec/exchange.hpp"
#include "exec/executor.hpp"
#include "exec/stage_clock.hpp"
#include "exec/write_out.hpp"
#include "program/classical_interpreter.hpp"

namespace ketjet {

IterationLimitReached::IterationLimitReached(std::int64_t limit)
    : std::runtime_error("the loops of one shot have run " + std::to_string(limit) +
                         " times, which is all that max_iterations allows; raise it, or look for an endless loop") {}

namespace {

constexpr std::int32_t no_clbit = -1;

// Whether the program initialises all qubits of the state together.
bool initializes_all(const Program& program, int num_qubits) {
    return std::ranges::any_of(program.operations(), [&](const Operation& operation) {
        const auto* const initializes = std::get_if<InitializeOperation>(&operation);
        return initializes != nullptr && initializes->wires.targets == num_qubits;
    });
}

}  // namespace

template <class T>
Walker<T>::Walker(const BoundPlan& bound, const RunRequest& request, const Kernels& kernels, SaveStore& saves)
    : bound_(bound),
      program_(bound.program),
      plan_(*bound.plan),
      request_(request),
      sweeps_(bound, kernels),
      saves_(saves),
      initializes_all_(initializes_all(program_, plan_.num_qubits)) {}

// Outcomes are drawn for the shots of the trajectory, and classical code runs on their memory.
template <class T>
struct Walker<T>::DrawOutcomes {
    const Walker& walker;
    BranchSink<T>& branches;
    const RunContext& context;
    std::vector<std::uint64_t> stack{};

    // One collapse: what is measured, into which classical bit, and the value that the qubit has afterwards.
    bool outcome(Trajectory<T>& here, const Collapse& stage, int qubit, const OutcomeWeights& weights,
                 std::int32_t clbit, bool value_of_one) {
        double dropped = 0;
        Shots ones = here.shots.divide(weights.zero, weights.one, stage.origin, walker.request_, dropped, context.stop);
        if (dropped > 0) walker.dropped_.fetch_add(dropped);
        if (clbit != no_clbit) {
            here.shots.store(clbit, false, context.stop);
            ones.store(clbit, true, context.stop);
        }
        if (here.shots.empty() && !ones.empty()) {
            here.shots = std::move(ones);
            return true;
        }
        if (!ones.empty()) {
            Trajectory<T> other = branch_off(here, std::move(ones), true);
            if (other.state != nullptr) project(*other.state, qubit, weights, true, value_of_one, context);
            branches.take(std::move(other));
        }
        return false;
    }

    bool goes_on(Trajectory<T>& here, const Branch& stage) {
        const auto code = std::get<BranchOperation>(walker.program_.operations()[stage.operation]).code();
        std::vector<bool> fails(here.shots.groups());
        Poll poll(context.stop);
        for (std::size_t group = 0; group < fails.size(); ++group) {
            poll();
            fails[group] = !run(code, here.shots, group);
        }
        const auto failing = std::ranges::count(fails, true);
        if (failing == 0 || failing == std::ssize(fails)) return failing == 0;
        Trajectory<T> other = branch_off(here, here.shots.take(fails, context.stop), false);
        walker.jump(other, stage.target);
        branches.take(std::move(other));
        return true;
    }

    void compute(Trajectory<T>& here, const Compute& stage) {
        const auto code = std::get<ComputeOperation>(walker.program_.operations()[stage.operation]).code();
        Poll poll(context.stop);
        for (std::size_t group = 0; group < here.shots.groups(); ++group) {
            poll();
            run(code, here.shots, group);
        }
    }

    void save(Trajectory<T>& here, const Save& stage) {
        const auto& operation = std::get<SaveOperation>(walker.program_.operations()[stage.operation]);
        if (operation.mode() == SaveMode::one && !walker.holds_all_shots(here, here.shots.weight())) {
            walker.owes_saves_.store(true);
        } else {
            record(here, operation);
        }
    }
    void record(Trajectory<T>& here, const SaveOperation& operation) {
        walker.saves_.add(walker.program_, operation, *here.state, here.shots, here.steps, context);
    }

    void record_branch(Trajectory<T>& here, bool way) const { here.path.push_back(way); }

 private:
    bool run(std::span<const std::int64_t> code, Shots& shots, std::size_t group) {
        return run_code(code, shots.memory_of(group).data(), walker.program_.clbit_words(), walker.program_.labels(),
                        stack);
    }

    Trajectory<T> branch_off(Trajectory<T>& here, Shots shots, bool way) {
        if (branches.may_meet_again()) {
            here.branch_points.push_back({walker.branch_points_.fetch_add(1), here.operations});
        }
        Trajectory<T> other{branches.copy_of(*here.state, context),
                            std::move(shots),
                            here.stage,
                            here.collapses_done,
                            here.steps,
                            here.path,
                            here.jumps_back,
                            here.phase,
                            here.operations,
                            here.branch_points,
                            here.merging_loss,
                            here.moved};
        other.path.push_back(way);
        return other;
    }
};

template <class T>
struct Walker<T>::ReplayPath {
    const ShotsVector<bool>& path;
    std::size_t position = 0;

    bool outcome(Trajectory<T>&, const Collapse&, int, const OutcomeWeights&, std::int32_t, bool) {
        return path[position++];
    }
    bool goes_on(Trajectory<T>&, const Branch&) { return path[position++]; }
    void compute(Trajectory<T>&, const Compute&) {}
    void save(Trajectory<T>&, const Save&) {}
    void record_branch(Trajectory<T>&, bool) const {}
};

// Outcomes are those that the shot had; classical code runs on its memory.
template <class T>
struct Walker<T>::ReplayShot {
    DrawOutcomes drawing;
    const Ways& ways;
    std::size_t position = 0;

    bool outcome(Trajectory<T>& here, const Collapse&, int, const OutcomeWeights&, std::int32_t clbit, bool) {
        const bool way = ways[position++];
        if (clbit != no_clbit) here.shots.store(clbit, way, drawing.context.stop);
        return way;
    }
    bool goes_on(Trajectory<T>& here, const Branch& stage) { return drawing.goes_on(here, stage); }
    void compute(Trajectory<T>& here, const Compute& stage) { drawing.compute(here, stage); }
    void save(Trajectory<T>& here, const Save& stage) {
        const auto& operation = std::get<SaveOperation>(drawing.walker.program_.operations()[stage.operation]);
        if (operation.mode() == SaveMode::one) drawing.record(here, operation);
    }
    void record_branch(Trajectory<T>&, bool) const {}
};

template <class T>
bool Walker<T>::advance(Trajectory<T>& trajectory, BranchSink<T>& branches, bool stops_at_collapses,
                        const RunContext& context) const {
    DrawOutcomes course{*this, branches, context};
    while (trajectory.stage < plan_.stages.size()) {
        const Stage& stage = plan_.stages[trajectory.stage];
        const bool stops = std::holds_alternative<Join>(stage) || (stops_at_collapses && is_random(stage));
        step(trajectory, course, context);
        if (trajectory.shots.empty()) return false;  // exact division has dropped them all
        if (stops) return true;
    }
    return false;
}

template <class T>
void Walker<T>::replay(Trajectory<T>& trajectory, Trajectory<T> origin, const RunContext& context) const {
    ReplayPath course{trajectory.path};
    while (origin.steps < trajectory.steps) {
        step(origin, course, context);
    }
    trajectory.state = std::move(origin.state);
    trajectory.merging_loss += std::exchange(trajectory.moved, 0.0);
}

template <class T>
void Walker<T>::retrace(Trajectory<T>& trajectory, const Ways& ways, const RunContext& context) const {
    NoBranching<T> no_branching;
    ReplayShot course{{*this, no_branching, context}, ways};
    while (trajectory.stage < plan_.stages.size()) {
        step(trajectory, course, context);
    }
}

template <class T>
template <class Course>
void Walker<T>::step(Trajectory<T>& here, Course& course, const RunContext& context) const {
    const auto part = [&] {
        context.stop.throw_if_stopped();
        take_step(here, course, context);
    };
    if (context.peers == nullptr) return part();
    in_agreement(context, part);
}

template <class T>
template <class Course>
void Walker<T>::take_step(Trajectory<T>& here, Course& course, const RunContext& context) const {
    const std::size_t number = here.stage;
    const Stage& stage = plan_.stages[number];
    ++here.steps;
    if (std::holds_alternative<Sweep>(stage)) {
        const StageRange sweeps = sweeps_from(plan_, number);
        here.stage = static_cast<std::uint32_t>(sweeps.end);
        for (std::size_t i = sweeps.begin; i < sweeps.end; ++i) {
            here.operations += static_cast<double>(bound_.sweep(i).operations.size());
        }
        if (initializes_all_) here.phase += phase_of(sweeps);
        return run_sweeps(bound_, sweeps, sweeps_, *here.state, here.beside, context);
    }
    context.observers.begin(number);
    const StageClock::Time start = StageClock::now();
    if (!std::holds_alternative<Collapse>(stage)) ++here.stage;  // one of several qubits takes several steps
    std::visit(Overloaded{[](const Sweep&) {},
                          [&](const Collapse& collapses) {
                              ++here.operations;
                              collapse(here, collapses, course, context);
                              if (here.beside.norms != nullptr) here.beside.norms->forget();
                          },
                          [&](const Extend& extend) {
                              extend_state(*here.state, extend.active, context);
                              if (here.beside.norms != nullptr && context.peers != nullptr) here.beside.norms->forget();
                          },
                          [&](const Exchange& exchanges) {
                              exchange(*here.state, exchanges, context);
                              if (here.beside.norms != nullptr) here.beside.norms->forget();
                          },
                          [&](const Compute& compute) { course.compute(here, compute); },
                          [&](const Branch& branch) {
                              const bool goes_on = course.goes_on(here, branch);
                              course.record_branch(here, goes_on);
                              if (!goes_on) jump(here, branch.target);
                          },
                          [&](const Jump& jumps) { jump(here, jumps.target); }, [](const Join&) {},
                          [&](const Save& save) { course.save(here, save); }},
               stage);
    context.observers.end(number, 1, StageClock::seconds_since(start));
    if (touches_state(stage) && context.observers.inspect_states()) {
        run_team(context.threads, [&](Team& team) {
            context.observers.inspect(number, std::as_const(*here.state), context.stop, team);
        });
    }
}

// A measurement, or one of the resets that a reset or initialize consists of; when all are done, its preparation.
template <class T>
template <class Course>
void Walker<T>::collapse(Trajectory<T>& here, const Collapse& stage, Course& course, const RunContext& context) const {
    const Operation& operation = program_.operations()[stage.operation];
    if (const auto* const measures = std::get_if<MeasureOperation>(&operation)) {
        ++here.stage;
        return collapse_qubit(here, stage, measures->qubit, measures->clbit, !stage.clears, course, context);
    }
    if (const auto* const resets = std::get_if<ResetOperation>(&operation)) {
        ++here.stage;
        return collapse_qubit(here, stage, resets->qubit, no_clbit, false, course, context);
    }
    const auto& initializes = std::get<InitializeOperation>(operation);
    const auto targets = program_.targets(initializes.wires);
    if (stage.random && here.collapses_done < targets.size()) {
        const std::int32_t target = targets[here.collapses_done++];
        return collapse_qubit(here, stage, target, no_clbit, false, course, context);
    }
    if (std::ssize(targets) == plan_.num_qubits) {
        extend_state(*here.state, 0, context);
        here.state->amplitudes()[0] = std::complex<T>(std::polar(1.0, here.phase));
    }
    prepare(*here.state, targets, *initializes.amplitudes, context);
    here.collapses_done = 0;
    ++here.stage;
}

template <class T>
template <class Course>
void Walker<T>::collapse_qubit(Trajectory<T>& here, const Collapse& stage, int qubit, std::int32_t clbit,
                               bool value_of_one, Course& course, const RunContext& context) const {
    const OutcomeWeights weights = outcome_weights(*here.state, qubit, context);
    drift_.note(weights.zero + weights.one);
    const bool outcome = course.outcome(here, stage, qubit, weights, clbit, value_of_one);
    course.record_branch(here, outcome);
    project(*here.state, qubit, weights, outcome, outcome && value_of_one, context);
}

template <class T>
void Walker<T>::jump(Trajectory<T>& trajectory, std::uint32_t target) const {
    if (target < trajectory.stage && request_.max_iterations > 0 && ++trajectory.jumps_back > request_.max_iterations) {
        throw IterationLimitReached(request_.max_iterations);
    }
    trajectory.stage = target;
}

template <class T>
double Walker<T>::phase_of(StageRange sweeps) const {
    double phase = 0;
    for (std::size_t stage = sweeps.begin; stage < sweeps.end; ++stage) {
        for (const std::uint32_t index : bound_.sweep(stage).operations) {
            const auto* const operation = std::get_if<GlobalPhaseOperation>(&program_.operations()[index]);
            if (operation == nullptr || !operation->of_circuit) continue;
            phase += std::arg(std::polar(1.0, program_.slots()[operation->slot]));  // a large one would swallow others
        }
    }
    return phase;
}

template class Walker<float>;
template class Walker<double>;

}  // namespace ketjet
