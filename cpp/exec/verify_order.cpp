// Verifier::check_order: an exact proof, no sampling. Two orders of operations are equivalent if on every qubit each
// operation comes after the same number of operations that move amplitudes along that qubit; what an operation moves is
// read from its actions, not from the roles that the planner goes by.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <variant>

#include "exec/merge_actions.hpp"
#include "exec/reference.hpp"
#include "exec/verify.hpp"

namespace ketjet {

namespace {

struct Touch {
    Index moved = 0;
    Index kept = 0;  // conditions and diagonal qubits
};

struct CollapsedQubits {
    const Program& program;
    Index operator()(const InitializeOperation& operation) const {
        Index qubits = 0;
        for (const std::int32_t target : program.targets(operation.wires)) qubits |= bit(target);
        return qubits;
    }
    Index operator()(const ResetOperation& operation) const { return bit(operation.qubit); }
    Index operator()(const MeasureOperation& operation) const { return bit(operation.qubit); }
    Index operator()(const auto&) const { return 0; }
};

std::vector<Touch> touches_of(const Program& program) {
    std::vector<Touch> result;
    for (const Operation& operation : program.operations()) {
        Touch touch{std::visit(CollapsedQubits{program}, operation), 0};
        if (!is_collapse(operation)) {
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

// The operations in the order in which stages run them; those of one sweep, which are compared by their effect, in
// program order.
std::vector<std::uint32_t> staged_order(const Plan& plan) {
    std::vector<std::uint32_t> order;
    for (const Stage& stage : plan.stages) {
        if (const auto* const sweep = std::get_if<Sweep>(&stage)) {
            const auto first = order.insert(order.end(), sweep->operations.begin(), sweep->operations.end());
            std::sort(first, order.end());
        } else if (const auto* const collapse = std::get_if<Collapse>(&stage)) {
            order.push_back(collapse->operation);
        }
    }
    return order;
}

// For every operation of `order`, in order of index: how many earlier ones move each of its qubits, lowest first.
std::vector<std::vector<std::uint32_t>> depths(std::span<const std::uint32_t> order, std::span<const Touch> touches) {
    std::vector<std::vector<std::uint32_t>> result(touches.size());
    std::array<std::uint32_t, 64> moves{};
    for (const std::uint32_t operation : order) {
        const Touch touch = touches[operation];
        for (Index rest = touch.moved | touch.kept; rest != 0; rest &= rest - 1) {
            std::uint32_t& count = moves[static_cast<std::size_t>(std::countr_zero(rest))];
            result[operation].push_back(count);
            if (touch.moved & rest & (~rest + 1)) ++count;
        }
    }
    return result;
}

// What is known of the state from stage to stage: which qubits are no longer |0>.
class Growth {
 public:
    explicit Growth(const Plan& plan) : all_(low_bits(plan.state_qubits)) {}

    bool allows(const Stage& stage) {
        if (const auto* const sweep = std::get_if<Sweep>(&stage)) {
            const bool known = sweep->active == active_;
            for (const int qubit : sweep->hot) active_ |= bit(qubit);
            return known;
        }
        const auto* const extend = std::get_if<Extend>(&stage);
        const bool known = extend != nullptr ? extend->active == active_ : active_ == all_;
        active_ = all_;
        return known;
    }
    bool complete() const { return active_ == all_; }

 private:
    Index all_;
    Index active_ = 0;
};

// The clbits that stages leave to sampling, with the qubits to be read.
std::map<std::int32_t, std::int32_t> reads_left(const Program& program, std::span<const int> runs) {
    std::map<std::int32_t, std::int32_t> reads;
    for (std::size_t i = 0; i < program.operations().size(); ++i) {
        const auto* const measure = std::get_if<MeasureOperation>(&program.operations()[i]);
        if (measure == nullptr) continue;
        if (runs[i] == 0) {
            reads[measure->clbit] = measure->qubit;
        } else {
            reads.erase(measure->clbit);
        }
    }
    return reads;
}

std::string number_of(std::size_t stage) { return "stage " + std::to_string(stage) + ": "; }

}  // namespace

void Verifier::check_order() {
    const std::vector<Touch> touches = touches_of(program_);
    const std::vector<std::uint32_t> order = staged_order(plan_);
    const auto require = [&](bool holds, auto finding) { check(holds ? 0 : 1, 0, finding); };
    std::vector<int> runs(touches.size());
    for (const std::uint32_t operation : order) ++runs[operation];
    std::vector<std::uint32_t> original;
    Index moved = 0, moved_later = 0;
    for (std::uint32_t i = 0; i < touches.size(); ++i) {
        const Operation& operation = program_.operations()[i];
        const bool fresh = std::holds_alternative<ResetOperation>(operation) && (moved & touches[i].moved) == 0;
        const bool may_be_left = fresh || std::holds_alternative<MeasureOperation>(operation);
        require(runs[i] == 1 || (runs[i] == 0 && may_be_left),
                [&] { return describe(plan_, i) + " runs " + std::to_string(runs[i]) + " times"; });
        if (runs[i] == 1) {
            original.push_back(i);
            moved |= touches[i].moved;
        }
    }
    for (std::uint32_t i = static_cast<std::uint32_t>(touches.size()); i-- > 0;) {
        const bool read_at_the_end = runs[i] == 0 && std::holds_alternative<MeasureOperation>(program_.operations()[i]);
        require(!read_at_the_end || (moved_later & touches[i].moved) == 0,
                [&] { return describe(plan_, i) + " is read from a state in which its qubit has changed"; });
        if (!std::holds_alternative<MeasureOperation>(program_.operations()[i]) || runs[i] == 1) {
            moved_later |= touches[i].moved;
        }
    }
    std::map<std::int32_t, std::int32_t> reads;
    for (const FinalMeasurement& read : plan_.final_measurements) reads[read.clbit] = read.qubit;
    require(reads == reads_left(program_, runs), [] { return "the final measurements are not those of the program"; });

    Growth growth(plan_);
    for (std::size_t stage = 0; stage < plan_.stages.size(); ++stage) {
        require(growth.allows(plan_.stages[stage]),
                [&] { return number_of(stage) + "it is wrong about which qubits are still |0>"; });
        const auto* const sweep = std::get_if<Sweep>(&plan_.stages[stage]);
        if (sweep == nullptr) continue;
        Index hot = 0;
        for (const int qubit : sweep->hot) hot |= bit(qubit);
        for (const std::uint32_t operation : sweep->operations) {
            require((touches[operation].moved & ~hot) == 0,
                    [&] { return number_of(stage) + describe(plan_, operation) + " needs a qubit that is not hot"; });
        }
    }
    require(growth.complete(), [] { return "some amplitudes are never written"; });

    const auto planned = depths(order, touches), expected = depths(original, touches);
    for (const std::uint32_t i : original) {
        require(planned[i] == expected[i],
                [&] { return describe(plan_, i) + " has been moved past an operation that it does not commute with"; });
    }
}

}  // namespace ketjet
