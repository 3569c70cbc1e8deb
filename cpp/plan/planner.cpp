// plan(): rewrites the program, looks ahead for the measurements to be read at the end, then cuts each straight-line
// stretch into sweeps (Stager), for one block shape after another.
#include "plan/planner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "plan/block_shapes.hpp"
#include "plan/fold.hpp"
#include "plan/liveness.hpp"
#include "plan/rewrite.hpp"
#include "plan/search_limits.hpp"
#include "plan/share_out.hpp"
#include "plan/stager.hpp"

namespace ketjet {

namespace {

// What is known of a rewritten program before it is cut.
struct Analysis {
    std::vector<OperationFacts> facts;
    ControlFlow flow;
    FinalReads final;         // nothing is read from a state that may hold anything
    std::vector<Index> live;  // qubits after each operation, where outcomes alone count and some are read midway
};

Analysis analyse(const Program& program, const PlanRequest& request) {
    Analysis analysis{operation_facts(program), ControlFlow(program), {}, {}};
    const auto operations = program.operations();
    analysis.final.is_final.resize(operations.size());
    if (!request.from_zero) return analysis;
    const bool only_outcomes = wanted_of(program, request) != Wanted::state;
    analysis.final = find_final_reads(program, analysis.facts, analysis.flow, only_outcomes);
    bool midway = false;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        midway = midway || (std::holds_alternative<MeasureOperation>(operations[i]) && !analysis.final.is_final[i]);
    }
    if (only_outcomes && midway) analysis.live = live_qubits(program, analysis.facts, analysis.final);
    return analysis;
}

// Cuts the program of a plan into stages for the plan's block shape.
class StageMaker {
 public:
    // Gives up once the stages are predicted to take longer than `max_seconds`.
    StageMaker(const Analysis& analysis, const PlanRequest& request, const FoldedPart& folded,
               std::span<const ExchangedQubits> exchanges, double max_seconds, Plan& plan)
        : analysis_(analysis),
          request_(request),
          folded_(folded),
          exchanges_(exchanges),
          plan_(plan),
          zero_(low_bits(plan.state_qubits) & ~plan.active_before()),
          stager_(analysis.facts, grows() ? plan.active_before() : low_bits(plan.state_qubits), max_seconds, plan) {}

    // Returns the predicted time.
    double run() {
        if (zero_ != 0 && !grows()) stager_.append(Extend{plan_.active_before()});
        const auto operations = plan_.program.operations();
        if (folded_.qubit >= 0) stager_.fold(folded_.qubit);
        for (std::uint32_t i = 0; i <= operations.size() && !stager_.given_up(); ++i) {
            if (i == folded_.end) stager_.unfold();
            if (analysis_.flow.is_joined(i)) join(i);
            if (next_exchange_ < exchanges_.size() && exchanges_[next_exchange_].begin == i) {
                const ExchangedQubits& exchange = exchanges_[next_exchange_++];
                add_exchange(exchange);
                i = exchange.end - 1;
            } else if (i < operations.size()) {
                add(i, operations[i]);
            }
        }
        if (request_.from_zero) {
            stager_.flush();
        } else {
            stager_.end();
        }
        if (stager_.given_up()) return stager_.seconds();
        for (Stage& stage : plan_.stages) {
            if (auto* const branch = std::get_if<Branch>(&stage)) branch->target = joins_.at(branch->target);
            if (auto* const jump = std::get_if<Jump>(&stage)) jump->target = joins_.at(jump->target);
        }
        return stager_.seconds();
    }

 private:
    bool grows() const { return request_.options.growth; }

    void add_exchange(const ExchangedQubits& exchange) {
        std::vector<SwappedQubits> swaps;
        for (std::uint32_t i = exchange.begin; i < exchange.end; ++i) {
            const Index qubits = analysis_.facts[i].local;
            swaps.push_back({std::countr_zero(qubits), static_cast<int>(std::bit_width(qubits)) - 1});
        }
        stager_.exchange(exchange.begin, std::move(swaps));
    }

    void join(std::uint32_t operation) {
        stager_.flush();
        zero_ = 0;
        joins_.emplace(operation, static_cast<std::uint32_t>(plan_.stages.size()));
        stager_.append(Join{operation});
    }

    void add(std::uint32_t index, const Operation& operation) {
        if (is_collapse(operation)) return add_collapse(index, operation);
        if (std::holds_alternative<ComputeOperation>(operation)) return stager_.append(Compute{index});
        if (const auto target = target_of(operation)) {  // for now an operation, later a stage
            stager_.flush();
            const bool jumps = std::holds_alternative<JumpOperation>(operation);
            return stager_.append(jumps ? Stage(Jump{index, *target}) : Stage(Branch{index, *target}));
        }
        zero_ &= ~analysis_.facts[index].touched();
        if (std::holds_alternative<SaveOperation>(operation)) {
            stager_.flush();
            return stager_.append(Save{index, plan_.origins[index]});
        }
        stager_.add(index);
    }

    void add_collapse(std::uint32_t index, const Operation& operation) {
        const Index qubits = analysis_.facts[index].touched();
        const bool fresh = (qubits & ~zero_) == 0;
        const bool resets = std::holds_alternative<ResetOperation>(operation);
        if (fresh && resets) return;
        zero_ &= ~qubits;
        if (analysis_.final.is_final[index]) return;
        stager_.flush();
        const bool measures = std::holds_alternative<MeasureOperation>(operation);
        const bool clears = measures && !analysis_.live.empty() && (analysis_.live[index] & qubits) == 0;
        const bool replaces = !measures && !resets && (fresh || count_bits(qubits) == plan_.num_qubits);
        stager_.append(Collapse{index, plan_.origins[index], !replaces, clears});
        if (clears || resets) zero_ |= qubits;
    }

    const Analysis& analysis_;
    const PlanRequest& request_;
    const FoldedPart& folded_;
    std::span<const ExchangedQubits> exchanges_;
    std::size_t next_exchange_ = 0;
    Plan& plan_;
    Index zero_;  // qubits that are |0> for certain
    Stager stager_;
    std::unordered_map<std::uint32_t, std::uint32_t> joins_;  // stage by operation
};

// Fills a plan with stages, for one block shape after another.
class PlanMaker {
 public:
    PlanMaker(const Program& original, RewrittenProgram rewritten, const FoldedPart& folded, const Machine& machine,
              const PlanRequest& request)
        : request_(request),
          exchanges_(std::move(rewritten.exchanges)),
          plan_(begin(original, std::move(rewritten), machine, request)),
          folded_(folded),
          analysis_(analyse(plan_.program, request)) {
        plan_.final_measurements = analysis_.final.reads;
    }

    double seconds() const { return seconds_; }  // predicted on one thread

    // Takes the best plan of those shapes for which there is time.
    void search(std::span<const BlockShape> shapes) {
        begin_with(shapes.front());
        if (!request_.options.search) return;
        const double limit = std::min(seconds_ * search_share, max_planning_seconds);
        const double one_plan = planning_seconds * static_cast<double>(analysis_.facts.size() + 1);
        const auto tries = std::min(static_cast<std::size_t>(limit / one_plan), shapes.size() - 1);
        for (const BlockShape& shape : shapes.subspan(1, tries)) {
            consider(shape, shape_factor(shape, shapes.front(), request_.precision));
        }
    }

    Plan take() {
        const bool has_work = request_.from_zero || (request_.fresh == 0 && !analysis_.facts.empty());
        if (has_work && plan_.stages.empty()) throw std::logic_error("the planner has made no stages for a program");
        return std::move(plan_);
    }

 private:
    // Takes the plan of this shape, whatever is predicted for it.
    void begin_with(const BlockShape& shape) {
        plan_.shape = shape;
        seconds_ = make(std::numeric_limits<double>::infinity());
    }

    // Keeps the plan of this shape if it is predicted to take, times a factor, less than the best one so far.
    void consider(const BlockShape& shape, double factor) {
        const BlockShape best = std::exchange(plan_.shape, shape);
        std::vector<Stage> stages = std::exchange(plan_.stages, {});
        const double seconds = factor * make(seconds_ / factor);
        if (seconds < seconds_) {
            seconds_ = seconds;
        } else {
            plan_.stages = std::move(stages);
            plan_.shape = best;
        }
    }

    double make(double max_seconds) {
        return StageMaker(analysis_, request_, folded_, exchanges_, max_seconds, plan_).run();
    }

    static Plan begin(const Program& original, RewrittenProgram rewritten, const Machine& machine,
                      const PlanRequest& request) {
        return {request,
                machine,
                std::move(rewritten.program),
                original,
                std::move(rewritten.origins),
                {},
                rewritten.num_qubits,
                std::max(rewritten.num_qubits, minimum_state_qubits),
                {},
                {},
                std::move(rewritten.known_reads),
                std::move(rewritten.save_frames),
                0,
                std::move(rewritten.reordering),
                rewritten.global_qubits,
                std::move(rewritten.places)};
    }

    const PlanRequest& request_;
    std::vector<ExchangedQubits> exchanges_;
    Plan plan_;
    FoldedPart folded_;
    Analysis analysis_;
    double seconds_ = 0;
};

// Whether the state is |0...0> before.
bool starts_in_zero(const Program& program, const PlanRequest& request) {
    const Index all = low_bits(program.num_qubits());
    return request.from_zero || (request.fresh & all) == all;
}

// Small states are one block, and not worth a second plan.
bool may_fold(const RewrittenProgram& rewritten, const BlockShape& shape, const PlanRequest& request) {
    const PlanOptions& options = request.options;
    return rewritten.global_qubits == 0 && options.real_blocks && options.merge_passes && options.growth &&
           starts_in_zero(rewritten.program, request) && rewritten.num_qubits > shape.block_qubits;
}

void require_factor(const char* name, double factor) {
    if (std::isfinite(factor) && factor > 0) return;
    throw std::invalid_argument("the machine's " + std::string(name) + " is " + std::to_string(factor) +
                                "; it has to be a positive number");
}

}  // namespace

int state_qubits(const Program& program, const PlanRequest& request) { return rewrite(program, request).num_qubits; }

Plan plan(const Program& program, const Machine& machine, const PlanRequest& request) {
    require_factor("sweep_factor", machine.sweep_factor);
    require_factor("pass_factor", machine.pass_factor);
    RewrittenProgram rewritten = rewrite(program, request);
    if (rewritten.num_qubits > max_state_qubits) {
        throw std::length_error("a state of " + std::to_string(rewritten.num_qubits) +
                                " qubits is needed; no state has more than " + std::to_string(max_state_qubits));
    }
    rewritten = share_out(std::move(rewritten), request);
    const int local_qubits = std::max(rewritten.num_qubits, minimum_state_qubits) - rewritten.global_qubits;
    const std::vector<BlockShape> shapes = block_shapes(machine, request.precision, local_qubits);
    std::optional<Folded> folded;
    if (may_fold(rewritten, shapes.front(), request)) folded = fold(rewritten);
    PlanMaker plain(program, std::move(rewritten), {}, machine, request);
    plain.search(shapes);
    if (!folded) return plain.take();
    PlanMaker real(program, std::move(folded->program), folded->part, machine, request);
    real.search(shapes);
    return real.seconds() < plain.seconds() ? real.take() : plain.take();
}

}  // namespace ketjet
