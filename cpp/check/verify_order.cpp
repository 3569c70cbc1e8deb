// Verifier::check_order: an exact proof, no sampling. Two orders of operations are equivalent if on every qubit each
// operation comes after the same number of operations that move amplitudes along that qubit; what an operation moves is
// read from its actions, not from the roles that the planner goes by. Jumps, and the places they lead to, move all.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <variant>

#include "base/overloaded.hpp"
#include "check/reference.hpp"
#include "check/verify.hpp"
#include "emit/merge_actions.hpp"
#include "plan/control_flow.hpp"

namespace ketjet {

namespace {

struct Touch {
    Index moved = 0;
    Index kept = 0;  // conditions and diagonal qubits
};

struct MovedDirectly {
    const Program& program;
    Index operator()(const InitializeOperation& operation) const {
        Index qubits = 0;
        for (const std::int32_t target : program.targets(operation.wires)) qubits |= bit(target);
        return qubits;
    }
    Index operator()(const ResetOperation& operation) const { return bit(operation.qubit); }
    Index operator()(const MeasureOperation& operation) const { return bit(operation.qubit); }
    Index operator()(const BranchOperation&) const { return low_bits(program.num_qubits()); }
    Index operator()(const JumpOperation&) const { return low_bits(program.num_qubits()); }
    Index operator()(const SaveOperation&) const { return low_bits(program.num_qubits()); }
    Index operator()(const auto&) const { return 0; }
};

std::vector<Touch> touches_of(const Program& program) {
    std::vector<Touch> result;
    for (const Operation& operation : program.operations()) {
        Touch touch{std::visit(MovedDirectly{program}, operation), 0};
        if (is_unitary(operation)) {
            for (const Action& action : resolve(program, operation)) {
                touch.moved |= moved_qubits(action);
                touch.kept |= qubits_of(action);
            }
            touch.kept &= ~touch.moved;
        }
        result.push_back(touch);
    }
    return result;
}

constexpr std::uint32_t barrier = ~std::uint32_t{0};  // in a list of operations: a place that jumps lead to

// Those of one sweep, which are compared by their effect, are in program order.
std::vector<std::uint32_t> staged_order(const Plan& plan) {
    std::vector<std::uint32_t> order;
    for (const Stage& stage : plan.stages) {
        std::visit(Overloaded{[&](const Sweep& sweep) {
                                  const auto first =
                                      order.insert(order.end(), sweep.operations.begin(), sweep.operations.end());
                                  std::sort(first, order.end());
                              },
                              [&](const Exchange& exchange) {
                                  for (std::uint32_t i = 0; i < exchange.swaps.size(); ++i) {
                                      order.push_back(exchange.begin + i);
                                  }
                              },
                              [](const Extend&) {}, [&](const Join&) { order.push_back(barrier); },
                              [&](const Collapse& collapse) { order.push_back(collapse.operation); },
                              [&](const Compute& compute) { order.push_back(compute.operation); },
                              [&](const Branch& branch) { order.push_back(branch.operation); },
                              [&](const Jump& jump) { order.push_back(jump.operation); },
                              [&](const Save& save) { order.push_back(save.operation); }},
                   stage);
    }
    return order;
}

// For every operation of `order`, in order of index: how many earlier ones move each of its qubits, lowest first.
std::vector<std::vector<std::uint32_t>> depths(std::span<const std::uint32_t> order, std::span<const Touch> touches) {
    std::vector<std::vector<std::uint32_t>> result(touches.size());
    std::array<std::uint32_t, 64> moves{};
    for (const std::uint32_t operation : order) {
        if (operation == barrier) {
            for (std::uint32_t& count : moves) ++count;
            continue;
        }
        const Touch touch = touches[operation];
        for (Index rest = touch.moved | touch.kept; rest != 0; rest &= rest - 1) {
            std::uint32_t& count = moves[static_cast<std::size_t>(std::countr_zero(rest))];
            result[operation].push_back(count);
            if (touch.moved & rest & (~rest + 1)) ++count;
        }
    }
    return result;
}

// What is known of the state from stage to stage: which qubits may be other than |0>.
class Growth {
 public:
    explicit Growth(const Plan& plan) : all_(low_bits(plan.state_qubits)), active_(plan.active_before()) {}

    bool allows(const Stage& stage) { return std::visit(*this, stage); }
    bool operator()(const Sweep& sweep) {
        const bool known = sweep.active == active_ && (!is_folded_ || sweep.folded >= 0);
        const bool may_fold = sweep.folded < 0 || (active_ & bit(sweep.folded)) == 0;
        active_ = sweep.active_after();
        is_folded_ = sweep.folded >= 0 && !sweep.unfolds;
        return known && may_fold;
    }
    bool operator()(const Extend& extend) {
        const bool known = !is_folded_ && extend.active == active_;
        active_ = all_;
        return known;
    }
    bool operator()(const Exchange& exchange) {
        const bool known = !is_folded_ && exchange.active == active_;
        active_ = exchange.active_after();
        return known;
    }
    bool operator()(const Compute&) const { return true; }
    bool operator()(const Collapse&) const { return complete(); }
    bool operator()(const Save&) const { return complete(); }
    bool operator()(const Branch&) const { return complete(); }
    bool operator()(const Jump&) const { return complete(); }
    bool operator()(const Join&) const { return complete(); }
    bool complete() const { return ends_with(all_); }
    // Whether the state is left with these qubits active.
    bool ends_with(Index active) const { return active_ == active && !is_folded_; }

 private:
    Index all_;
    Index active_;
    bool is_folded_ = false;
};

// The clbits that stages leave to sampling, with the measurements to be read for them.
std::map<std::int32_t, std::uint32_t> reads_left(const Program& program, std::span<const int> runs) {
    std::map<std::int32_t, std::uint32_t> reads;
    for (std::uint32_t i = 0; i < runs.size(); ++i) {
        const auto* const measure = std::get_if<MeasureOperation>(&program.operations()[i]);
        if (measure == nullptr) continue;
        if (runs[i] == 0) {
            reads[measure->clbit] = i;
        } else {
            reads.erase(measure->clbit);
        }
    }
    return reads;
}

// By operation: whether it leaves its qubit in |0>.
std::vector<bool> clearing_measurements(const Plan& plan) {
    std::vector<bool> result(plan.program.operations().size());
    for (const Stage& stage : plan.stages) {
        const auto* const collapse = std::get_if<Collapse>(&stage);
        if (collapse != nullptr && collapse->clears) result[collapse->operation] = true;
    }
    return result;
}

std::string number_of(std::size_t stage) { return "stage " + std::to_string(stage) + ": "; }

}  // namespace

void Verifier::check_order() {
    const std::vector<Touch> touches = touches_of(program_);
    const std::vector<std::uint32_t> order = staged_order(plan_);
    const auto require = [&](bool holds, auto finding) { check(holds ? 0 : 1, 0, finding); };
    std::vector<int> runs(touches.size());
    for (const std::uint32_t operation : order) {
        if (operation != barrier) ++runs[operation];
    }
    const ControlFlow flow(program_);
    const std::vector<bool> clears = clearing_measurements(plan_);
    std::vector<std::uint32_t> original;
    Index moved = plan_.active_before(), moved_later = 0;
    for (std::uint32_t i = 0; i < touches.size(); ++i) {
        if (flow.is_joined(i)) {
            original.push_back(barrier);
            moved = ~Index{0};
        }
        const Operation& operation = program_.operations()[i];
        const bool resets = std::holds_alternative<ResetOperation>(operation);
        const bool fresh = resets && (moved & touches[i].moved) == 0;
        const bool may_be_left = fresh || std::holds_alternative<MeasureOperation>(operation);
        require(runs[i] == 1 || (runs[i] == 0 && may_be_left),
                [&] { return describe(plan_, i) + " runs " + std::to_string(runs[i]) + " times"; });
        if (runs[i] == 0) continue;
        original.push_back(i);
        if (resets || clears[i]) {
            moved &= ~touches[i].moved;
        } else if (!is_classical(operation)) {
            moved |= touches[i].moved;
        }
    }
    if (flow.is_joined(touches.size())) original.push_back(barrier);
    std::map<std::int32_t, std::int32_t> expected_reads, reads;
    std::vector<bool> is_read(touches.size());
    for (const auto& [clbit, measurement] : reads_left(program_, runs)) {
        is_read[measurement] = true;
        expected_reads[clbit] = std::get<MeasureOperation>(program_.operations()[measurement]).qubit;
    }
    for (std::uint32_t i = static_cast<std::uint32_t>(touches.size()); i-- > 0;) {
        require(!is_read[i] || (moved_later & touches[i].moved) == 0,
                [&] { return describe(plan_, i) + " is read from a state in which its qubit has changed"; });
        const bool stays = is_classical(program_.operations()[i]) ||
                           (std::holds_alternative<MeasureOperation>(program_.operations()[i]) && !clears[i]);
        if (!stays) moved_later |= touches[i].moved;
    }
    for (const FinalMeasurement& read : plan_.final_measurements) reads[read.clbit] = read.qubit;
    require(reads == expected_reads, [] { return "the final measurements are not those of the program"; });

    Growth growth(plan_);
    for (std::size_t stage = 0; stage < plan_.stages.size(); ++stage) {
        require(growth.allows(plan_.stages[stage]),
                [&] { return number_of(stage) + "it is wrong about which qubits are still |0>"; });
        const auto* const sweep = std::get_if<Sweep>(&plan_.stages[stage]);
        if (sweep == nullptr) continue;
        for (const std::uint32_t operation : sweep->operations) {
            require((touches[operation].moved & ~sweep->within_reach()) == 0,
                    [&] { return number_of(stage) + describe(plan_, operation) + " needs a qubit that is not hot"; });
        }
    }
    const Index left_active = plan_.request.from_zero ? low_bits(plan_.state_qubits) : plan_.active_after();
    require(growth.ends_with(left_active), [] { return "some amplitudes are never written"; });

    const auto planned = depths(order, touches), expected = depths(original, touches);
    for (const std::uint32_t i : original) {
        if (i == barrier) continue;
        require(planned[i] == expected[i],
                [&] { return describe(plan_, i) + " has been moved past an operation that it does not commute with"; });
    }
}

}  // namespace ketjet
