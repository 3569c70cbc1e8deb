// One overload for each stage. That the plan does what its program says is not checked here, but by check/.
#include "plan/check_plan.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "program/roles.hpp"

namespace ketjet {

namespace {

void require(bool holds, const char* fault) {
    if (!holds) throw std::invalid_argument(fault);
}

bool is_positive(double number) { return std::isfinite(number) && number > 0; }

class StageCheck {
 public:
    explicit StageCheck(const Plan& plan)
        : plan_(plan), operations_(plan.program.operations()), all_(low_bits(plan.state_qubits)) {}

    void operator()(const Sweep& sweep) const {
        const auto is_qubit = [&](int qubit) { return qubit >= 0 && qubit < plan_.local_qubits(); };
        require(std::ranges::all_of(sweep.hot, is_qubit), "a hot qubit is out of range");
        require(std::ranges::adjacent_find(sweep.hot, std::greater_equal()) == sweep.hot.end(),
                "hot qubits do not ascend");
        const Index hot = mask_of(sweep.hot), lowest = low_bits(minimum_state_qubits);
        require((hot & lowest) == lowest, "the lowest qubits of a sweep are not hot");
        require((sweep.active & ~all_) == 0, "an active qubit is out of range");
        require(sweep.folded == -1 || (is_qubit(sweep.folded) && ((hot | sweep.active) >> sweep.folded & 1) == 0),
                "a folded qubit is hot, active or out of range");
        require(sweep.folded >= 0 || !sweep.unfolds, "a sweep unfolds that is not folded");
        for (const std::uint32_t operation : sweep.operations) {
            const Operation& swept = operation_at(operation);
            require(is_unitary(swept) && (roles(plan_.program, swept).local & ~sweep.within_reach()) == 0,
                    "an operation is in a sweep that cannot run it");
        }
        for (const Pass& pass : sweep.passes) check(sweep, pass);
    }
    void operator()(const Collapse& collapse) const {
        require(is_collapse(operation_at(collapse.operation)), "a collapse is of another operation");
        check_origin(collapse.origin);
    }
    void operator()(const Extend& extend) const {
        require((extend.active & ~all_) == 0, "an active qubit is out of range");
    }
    void operator()(const Exchange& exchange) const {
        require((exchange.active & ~all_) == 0, "an active qubit is out of range");
        require(!exchange.swaps.empty(), "an exchange is empty");
        Index swapped = 0;
        for (std::size_t i = 0; i < exchange.swaps.size(); ++i) {
            const auto [first, second] = exchange.swaps[i];
            require(first >= 0 && first < second && second >= plan_.local_qubits() && second < plan_.state_qubits,
                    "an exchanged qubit is out of range");
            const Index pair = bit(first) | bit(second);
            const auto* const swap =
                std::get_if<GateOperation>(&operation_at(exchange.begin + static_cast<std::uint32_t>(i)));
            require(swap != nullptr && swap->gate == swap_row && roles(plan_.program, *swap).local == pair,
                    "an exchange is of another operation");
            require((swapped & pair) == 0, "a qubit is exchanged twice at once");
            swapped |= pair;
        }
    }
    void operator()(const Compute& compute) const {
        require(std::holds_alternative<ComputeOperation>(operation_at(compute.operation)),
                "a computation is of another operation");
    }
    void operator()(const Branch& branch) const {
        require(std::holds_alternative<BranchOperation>(operation_at(branch.operation)),
                "a branch is of another operation");
        check_target(branch.target);
    }
    void operator()(const Jump& jump) const {
        require(std::holds_alternative<JumpOperation>(operation_at(jump.operation)), "a jump is of another operation");
        check_target(jump.target);
    }
    void operator()(const Join& join) const {
        require(join.before <= operations_.size(), "an operation is out of range");
    }
    void operator()(const Save& save) const {
        require(std::holds_alternative<SaveOperation>(operation_at(save.operation)), "a save is of another operation");
        check_origin(save.origin);
    }

 private:
    void check(const Sweep& sweep, const Pass& pass) const {
        const std::vector<Term> terms = terms_of(pass);
        require(!terms.empty(), "a pass is empty");
        require(std::isfinite(pass.cost_ns), "a cost is not finite");
        for (const Term& term : terms) {
            require(term.begin < term.end && term.end <= sweep.operations.size(), "a term is out of range");
        }
    }

    const Operation& operation_at(std::uint32_t operation) const {
        require(operation < operations_.size(), "an operation is out of range");
        return operations_[operation];
    }

    void check_origin(std::uint32_t origin) const {
        require(origin < plan_.original.operations().size(), "an original operation is out of range");
    }

    void check_target(std::uint32_t target) const {
        require(target < plan_.stages.size() && std::holds_alternative<Join>(plan_.stages[target]),
                "a jump leads to no join");
    }

    const Plan& plan_;
    std::span<const Operation> operations_;
    Index all_;
};

void check_numbers(const Plan& plan) {
    const BlockShape& shape = plan.shape;
    require(is_positive(plan.machine.sweep_factor) && is_positive(plan.machine.pass_factor) &&
                plan.machine.l3_bytes >= 0 && plan.machine.cores >= 1,
            "a number of the machine is out of range");
    require(shape.block_qubits >= 0 && shape.block_qubits <= max_state_qubits && shape.run_qubits >= 0 &&
                shape.run_qubits <= max_state_qubits && shape.operations_per_sweep > 0 &&
                std::isfinite(shape.fresh_qubit_penalty) && std::isfinite(shape.diagonal_weight),
            "a number of the block shape is out of range");
    require(plan.num_qubits <= max_state_qubits && plan.num_qubits == plan.program.num_qubits() &&
                plan.state_qubits == std::max(plan.num_qubits, minimum_state_qubits),
            "wrong number of qubits");
    require(plan.global_qubits == 0 || (plan.global_qubits > 0 && plan.local_qubits() >= minimum_state_qubits &&
                                        std::ssize(plan.places) == plan.num_qubits),
            "a state is shared out wrongly");
    Index places = 0;
    for (const std::int32_t place : plan.places) {
        require(place >= 0 && place < plan.num_qubits && (places >> place & 1) == 0, "a qubit has no place of its own");
        places |= bit(place);
    }
}

// Of one of the original program's saves: some of its wires.
void check_frame(const Plan& plan, const SaveFrame& frame) {
    std::int64_t wires = -1;
    for (const Operation& operation : plan.original.operations()) {
        const auto* const save = std::get_if<SaveOperation>(&operation);
        if (save != nullptr && save->index() == frame.save) wires = save->wires.targets;
    }
    const auto is_wire = [&](std::int64_t place) { return place >= 0 && place < wires; };
    require(std::ranges::all_of(frame.places, is_wire) && std::ranges::all_of(frame.ones, is_wire),
            "a save's wire is out of range");
}

void check_reordering(const Plan& plan, const Reordering& reordering) {
    const std::size_t before = reordering.before.operations().size();
    require(reordering.before.num_qubits() <= max_state_qubits &&
                reordering.order.size() == plan.program.operations().size() &&
                std::ranges::all_of(reordering.order,
                                    [&](std::uint32_t index) { return index < before || index == Reordering::added; }),
            "a reordered operation is out of range");
}

}  // namespace

void check_plan(const Plan& plan) {
    check_numbers(plan);
    const std::size_t originals = plan.original.operations().size();
    require(plan.origins.size() == plan.program.operations().size() &&
                std::ranges::all_of(plan.origins, [&](std::uint32_t origin) { return origin < originals; }),
            "an original operation is out of range");
    const StageCheck check(plan);
    for (const Stage& stage : plan.stages) std::visit(check, stage);
    const auto is_clbit = [&](std::int32_t clbit) { return clbit >= 0 && clbit < plan.original.num_clbits(); };
    for (const FinalMeasurement& read : plan.final_measurements) {
        require(read.qubit >= 0 && read.qubit < plan.num_qubits && is_clbit(read.clbit),
                "a final measurement is out of range");
    }
    for (const KnownRead& read : plan.known_reads) require(is_clbit(read.clbit), "a known read is out of range");
    for (const SaveFrame& frame : plan.save_frames) check_frame(plan, frame);
    if (plan.reordering != nullptr) check_reordering(plan, *plan.reordering);
}

}  // namespace ketjet
