// The order of the rewrites, what they are made with, and the one that needs no analysis: relabel_swaps.
#include "plan/rewrite.hpp"

#include <algorithm>
#include <numeric>

#include "plan/control_flow.hpp"

namespace ketjet {

Wires Draft::wires(std::span<const std::int32_t> controls, std::uint64_t control_state,
                   std::span<const std::int32_t> targets) {
    const auto begin = static_cast<std::uint32_t>(wires_.size());
    wires_.insert(wires_.end(), controls.begin(), controls.end());
    wires_.insert(wires_.end(), targets.begin(), targets.end());
    return {begin, static_cast<std::uint16_t>(controls.size()), static_cast<std::uint16_t>(targets.size()),
            control_state};
}

void Draft::reverse() {
    std::ranges::reverse(operations_);
    std::ranges::reverse(origins_);
    for (std::uint32_t& mark : marks_) mark = static_cast<std::uint32_t>(operations_.size()) - mark;
}

void Draft::settle_targets() {
    for (; settled_ < operations_.size(); ++settled_) {
        Operation& operation = operations_[settled_];
        if (auto* const branch = std::get_if<BranchOperation>(&operation)) branch->target = marks_[branch->target];
        if (auto* const jump = std::get_if<JumpOperation>(&operation)) jump->target = marks_[jump->target];
    }
}

Rewritten Draft::finish(int num_qubits) {
    settle_targets();
    return {source_.program.with_operations(std::move(operations_), std::move(wires_), num_qubits),
            std::move(origins_),
            num_qubits,
            source_.known_reads,
            source_.saved_values,
            source_.save_frames,
            nullptr};
}

namespace {

// Where the qubits are, before the operations that have been walked over backwards, of the circuit as it was written.
class Places {
 public:
    explicit Places(int qubits) : place_(static_cast<std::size_t>(qubits)) {
        std::iota(place_.begin(), place_.end(), 0);
    }

    std::int32_t operator()(std::int32_t qubit) const { return place_[static_cast<std::size_t>(qubit)]; }

    // What came to target k was at target source_of(k) before.
    template <class SourceOf>
    void undo(std::span<const std::int32_t> targets, const SourceOf& source_of) {
        after_.clear();
        for (const std::int32_t target : targets) after_.push_back((*this)(target));
        for (std::size_t k = 0; k < targets.size(); ++k) {
            place_[static_cast<std::size_t>(targets[source_of(k)])] = after_[k];
        }
    }

 private:
    std::vector<std::int32_t> place_;
    std::vector<std::int32_t> after_;  // of the targets, while something is undone
};

// True if the operation has been absorbed into `places`.
bool absorb(const Program& program, const Operation& operation, const BitSet& zero, Places& places) {
    const auto is_zero = [&](std::int32_t qubit) { return zero.contains(qubit); };
    if (const auto* const permutation = std::get_if<PermutationOperation>(&operation)) {
        const auto targets = program.targets(permutation->wires);
        if (permutation->wires.controls != 0 || !std::ranges::all_of(targets, is_zero)) return false;
        places.undo(targets, [&](std::size_t k) { return static_cast<std::size_t>((*permutation->pattern)[k]); });
        return true;
    }
    const auto* const gate = std::get_if<GateOperation>(&operation);
    if (gate == nullptr || gate->wires.controls != 0) return false;
    if (facts_of(*gate).structure != Structure::swap) return false;
    const auto targets = program.targets(gate->wires);
    if (!std::ranges::all_of(targets, is_zero)) return false;
    places.undo(targets, [](std::size_t k) { return 1 - k; });
    return true;
}

// Writes out Y; their phases are owed until the next operation that may not be passed by them.
class PauliDraft {
 public:
    PauliDraft(const Rewritten& source, bool keeps_phases)
        : source_(source), draft_(source), keeps_phases_(keeps_phases) {}

    void mark(std::size_t index) {
        settle();
        draft_.mark(index);
    }
    void copy(std::size_t index) {
        draft_.add_renamed(index, [](std::int32_t qubit) { return qubit; });
    }
    void add_y(std::size_t index) {
        const Wires wires = std::get<GateOperation>(source_.program.operations()[index]).wires;
        const auto target = source_.program.targets(wires);
        origin_ = source_.origins[index];
        draft_.add(GateOperation{z_row, draft_.wires({}, 0, target), 0}, origin_);
        draft_.add(GateOperation{x_row, draft_.wires({}, 0, target), 0}, origin_);
        quarters_ = (quarters_ + 1) % 4;
    }
    Rewritten finish() { return draft_.finish(source_.num_qubits); }

 private:
    void settle() {
        if (quarters_ == 0 || !keeps_phases_) return;
        const Complex phase[] = {1, {0, 1}, -1, {0, -1}};
        draft_.add(DiagonalOperation{draft_.wires({}, 0, {}),
                                     std::make_shared<const std::vector<Complex>>(1, phase[quarters_])},
                   origin_);
        quarters_ = 0;
    }

    const Rewritten& source_;
    Draft draft_;
    bool keeps_phases_;
    std::uint32_t origin_ = 0;  // of the last Y
    std::size_t quarters_ = 0;  // of a turn, that are owed
};

}  // namespace

Rewritten write_out_y(const Rewritten& source, bool keeps_phases) {
    const auto operations = source.program.operations();
    const auto is_y = [](const Operation& operation) {
        const auto* const gate = std::get_if<GateOperation>(&operation);
        return gate != nullptr && gate->gate == y_row && gate->wires.controls == 0;
    };
    if (std::ranges::none_of(operations, is_y)) return source;
    const ControlFlow flow(source.program);
    PauliDraft draft(source, keeps_phases);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (flow.is_joined(i) || !is_unitary(operations[i])) draft.mark(i);
        if (is_y(operations[i])) {
            draft.add_y(i);
        } else {
            draft.copy(i);
        }
    }
    draft.mark(operations.size());
    return draft.finish();
}

Rewritten relabel_swaps(const Rewritten& source, const BitSet& zero) {
    Places places(source.num_qubits);
    const ControlFlow flow(source.program);
    const auto operations = source.program.operations();
    const auto is_absorbed = [&](std::size_t i) {
        return flow.runs_once(i) && absorb(source.program, operations[i], zero, places);
    };
    std::size_t end = operations.size();
    while (end > 0 && !is_absorbed(end - 1)) --end;
    if (end == 0) return source;
    places = Places(source.num_qubits);
    Draft draft(source);
    draft.mark(operations.size());
    for (std::size_t i = operations.size(); i-- > 0;) {
        if (!is_absorbed(i)) draft.add_renamed(i, places);
        draft.mark(i);
    }
    draft.reverse();
    return draft.finish(source.num_qubits);
}

Wanted wanted_of(const Program& program, const PlanRequest& request) {
    if (!request.options.prune || !request.from_zero || request.keep_state) return Wanted::state;
    bool measures = false;
    for (const Operation& operation : program.operations()) {
        if (std::holds_alternative<SaveOperation>(operation)) return Wanted::records;
        measures = measures || std::holds_alternative<MeasureOperation>(operation);
    }
    return measures ? Wanted::outcomes : Wanted::state;
}

namespace {

// Narrower programs that draw anything keep their qubits: what leaving some out would gain is less than a few
// milliseconds, and random numbers go by the numbers of basis states.
constexpr int narrow_qubits = 20;

bool leaves_out_known(const Program& program, const PlanRequest& request) {
    if (!request.from_zero || !request.options.known_bits || !request.options.prune || request.keep_state) return false;
    bool reads = false, draws = false;
    for (const Operation& operation : program.operations()) {
        reads = reads || std::holds_alternative<SaveOperation>(operation) ||
                std::holds_alternative<MeasureOperation>(operation);
        draws = draws || is_collapse(operation);
    }
    return reads && (!draws || program.num_qubits() > narrow_qubits);
}

bool saves_phases(const Program& program) {
    return std::ranges::any_of(program.operations(), [](const Operation& operation) {
        const auto* const save = std::get_if<SaveOperation>(&operation);
        return save != nullptr && (save->kind() == Saved::state || save->kind() == Saved::amplitudes);
    });
}

// The qubits that are |0> at first.
BitSet zero_qubits(const Program& program, const PlanRequest& request) {
    BitSet zero(program.num_qubits());
    for (std::int32_t qubit = 0; qubit < program.num_qubits(); ++qubit) {
        if (request.from_zero || (qubit < max_state_qubits && (request.fresh >> qubit & 1) != 0)) zero.insert(qubit);
    }
    return zero;
}

Rewritten use_zeros(const Program& program, Rewritten result, const PlanRequest& request) {
    const BitSet zero = zero_qubits(program, request);
    const Wanted wanted = wanted_of(program, request);
    const bool leaves_out = leaves_out_known(program, request);
    const bool drops_phases = wanted == Wanted::outcomes || (leaves_out && !saves_phases(program));
    if (leaves_out && drops_phases) result = drop_unseen(result);
    if (request.options.known_bits) result = use_known_bits(result, zero, {drops_phases, leaves_out});
    if (request.options.relabel_swaps) result = relabel_swaps(result, zero);
    if (leaves_out) result = leave_out_known(result);
    if (wanted == Wanted::state || result.num_qubits > max_state_qubits) return result;
    result = prune(result);
    if (request.options.reuse_qubits && wanted == Wanted::outcomes) result = reuse_qubits(result);
    return result;
}

}  // namespace

Rewritten rewrite(const Program& program, const PlanRequest& request) {
    Rewritten result{program, std::vector<std::uint32_t>(program.operations().size()), program.num_qubits()};
    std::iota(result.origins.begin(), result.origins.end(), 0u);
    if (request.from_zero || request.fresh != 0) result = use_zeros(program, std::move(result), request);
    // It comes last: what the other steps find out, and with it every sample, does not depend on it.
    if (request.options.block_frame && result.reordering == nullptr) {
        result = write_out_y(result, wanted_of(program, request) != Wanted::outcomes);
    }
    return result;
}

}  // namespace ketjet
