// use_known_bits: a walk from |0...0> that knows some qubits to be 0 or 1. For a known qubit the operations kept so far
// may have left the opposite bit in the state (`stored`); an X that sets this right is emitted only when an operation
// is kept that looks at the qubit.
#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <string_view>

#include "plan/control_flow.hpp"
#include "plan/rewrite.hpp"
#include "program/action.hpp"

namespace ketjet {

namespace {

const GateFacts& facts_of(const GateOperation& gate) { return gate_table()[static_cast<std::size_t>(gate.gate)]; }

std::int32_t row_of_x() {
    const auto rows = gate_table();
    const auto row = std::ranges::find(rows, std::string_view("x"), &GateFacts::name);
    return static_cast<std::int32_t>(row - rows.begin());
}

// A gate that lost controls of its row is the row it controls, where there is one.
void use_base_row(GateOperation& gate) {
    const GateFacts& facts = facts_of(gate);
    if (gate.wires.controls >= facts.controls) return;
    const auto rows = gate_table();
    const auto base = std::ranges::find_if(rows, [&](const GateFacts& row) {
        return row.controls == 0 && row.matrix == facts.matrix && row.structure == facts.structure;
    });
    if (base != rows.end()) gate.gate = static_cast<std::int32_t>(base - rows.begin());
}

class KnownBits {
 public:
    KnownBits(const Rewritten& source, bool drop_phases)
        : source_(source), program_(source.program), draft_(source), drop_phases_(drop_phases) {}

    Rewritten run() {
        const auto operations = program_.operations();
        const ControlFlow flow(program_);
        for (std::size_t i = 0; i < operations.size(); ++i) {
            origin_ = source_.origins[i];
            if (flow.is_joined(i)) forget();
            draft_.mark(i);
            std::visit([&](const auto& operation) { step(operation); }, operations[i]);
        }
        settle(known_);
        draft_.mark(operations.size());
        return draft_.finish(source_.num_qubits);
    }

 private:
    struct OpenControls {
        std::vector<std::int32_t> qubits;
        std::uint64_t state = 0;
        Index known = 0;          // the qubits of the controls that are met
        bool impossible = false;  // one is known not to be met

        void add(std::int32_t qubit, bool value) {
            state |= std::uint64_t{value} << qubits.size();
            qubits.push_back(qubit);
        }
    };

    void step(const GateOperation& operation) {
        OpenControls open = open_controls(operation.wires);
        if (open.impossible) return;
        const auto targets = program_.targets(operation.wires);
        switch (facts_of(operation).structure) {
            case Structure::phase:
                return step_phase(operation, std::move(open), targets[0]);
            case Structure::flip:
                if (open.qubits.empty() && is_known(targets[0])) return toggle(targets[0]);
                break;
            case Structure::swap:
                if (moves_only_knowledge(open, targets, [](std::size_t k) { return 1 - k; })) return;
                if (open.qubits.empty()) {
                    keep(operation, open, targets);
                    return move_knowledge(targets, [](std::size_t k) { return 1 - k; });
                }
                break;
            default:
                break;
        }
        step_unitary(operation, open, targets);
    }

    void step(const PermutationOperation& operation) {
        const OpenControls open = open_controls(operation.wires);
        if (open.impossible) return;
        const auto targets = program_.targets(operation.wires);
        const auto source_of = [&](std::size_t k) { return static_cast<std::size_t>((*operation.pattern)[k]); };
        if (moves_only_knowledge(open, targets, source_of)) return;
        if (!open.qubits.empty()) return step_unitary(operation, open, targets);
        keep(operation, open, targets);
        move_knowledge(targets, source_of);
    }

    void step(const MeasureOperation& operation) {
        settle(bit(operation.qubit));
        draft_.add(operation, origin_);
    }

    void step(const ResetOperation& operation) {
        const Index qubit = bit(operation.qubit);
        if (is_known(operation.qubit)) {
            causes_[static_cast<std::size_t>(operation.qubit)] = origin_;
        } else {
            draft_.add(operation, origin_);
            known_ |= qubit;
            stored_ &= ~qubit;
        }
        ones_ &= ~qubit;
    }

    // Forgets what was before, so nothing needs to be settled.
    void step(const InitializeOperation& operation) {
        const auto targets = program_.targets(operation.wires);
        keep(operation, {}, targets);
        for (const std::int32_t target : targets) known_ &= ~bit(target);
    }

    void step(const GlobalPhaseOperation& operation) {
        if (!drop_phases_) draft_.add(operation, origin_);
    }

    void step(const SaveOperation& operation) {
        settle(known_);
        keep(operation, {}, program_.targets(operation.wires));
    }

    void step(const ComputeOperation& operation) { draft_.add(operation, origin_); }
    void step(const BranchOperation& operation) { leave_with(operation); }
    void step(const JumpOperation& operation) { leave_with(operation); }
    template <class Op>
    void leave_with(const Op& operation) {
        settle(known_);
        draft_.add(operation, origin_);
    }

    template <class Op>
    void step(const Op& operation) {
        const OpenControls open = open_controls(operation.wires);
        if (!open.impossible) step_unitary(operation, open, program_.targets(operation.wires));
    }

    // Every qubit of a phase is a control, and any that must be 1 can stand as the target.
    void step_phase(GateOperation operation, OpenControls open, std::int32_t target) {
        if (!is_known(target)) return step_unitary(operation, open, std::span(&target, 1));
        if (!is_one(target)) return;
        if (open.qubits.empty()) return keep_phase(operation);
        for (std::size_t k = 0; k < open.qubits.size(); ++k) {
            if ((open.state >> k & 1) == 0) continue;
            open.known |= bit(target);
            target = open.qubits[k];
            open.qubits.erase(open.qubits.begin() + static_cast<std::ptrdiff_t>(k));
            open.state =
                (open.state & low_bits(static_cast<int>(k))) | (open.state >> 1 & ~low_bits(static_cast<int>(k)));
            break;
        }
        step_unitary(operation, open, std::span(&target, 1));
    }

    void keep_phase(const GateOperation& operation) {
        if (drop_phases_) return;
        const GateFacts& facts = facts_of(operation);
        if (facts.parameters == 1) return draft_.add(GlobalPhaseOperation{operation.slot, false}, origin_);
        const Complex factor = facts.matrix({}).entries().back();
        draft_.add(DiagonalOperation{draft_.wires({}, 0, {}), std::make_shared<const std::vector<Complex>>(1, factor)},
                   origin_);
    }

    template <class Op>
    void step_unitary(const Op& operation, const OpenControls& open, std::span<const std::int32_t> targets) {
        const Roles role = roles(program_, operation);
        const Index touched = (role.local | role.diagonal) & ~open.known;
        if (role.local == 0 && drop_phases_ && (touched & ~known_) == 0) return;
        settle(touched);
        keep(operation, open, targets);
        known_ &= ~role.local;
    }

    template <class Op>
    void keep(Op operation, const OpenControls& open, std::span<const std::int32_t> targets) {
        operation.wires = draft_.wires(open.qubits, open.state, targets);
        if constexpr (std::is_same_v<Op, GateOperation>) use_base_row(operation);
        draft_.add(std::move(operation), origin_);
    }

    OpenControls open_controls(const Wires& wires) const {
        OpenControls open;
        const auto controls = program_.controls(wires);
        for (std::size_t k = 0; k < controls.size(); ++k) {
            const bool wanted = (wires.control_state >> k & 1) != 0;
            if (!is_known(controls[k])) {
                open.add(controls[k], wanted);
            } else if (is_one(controls[k]) == wanted) {
                open.known |= bit(controls[k]);
            } else {
                open.impossible = true;
            }
        }
        return open;
    }

    // True if a permutation of the targets needs no operation: all are known, and equal unless it happens for certain.
    // What is stored stays where it is.
    template <class SourceOf>
    bool moves_only_knowledge(const OpenControls& open, std::span<const std::int32_t> targets,
                              const SourceOf& source_of) {
        if (!std::ranges::all_of(targets, [&](std::int32_t target) { return is_known(target); })) return false;
        for (std::size_t k = 0; k < targets.size() && !open.qubits.empty(); ++k) {
            if (is_one(targets[k]) != is_one(targets[source_of(k)])) return false;
        }
        const Index ones = ones_;
        for (std::size_t k = 0; k < targets.size(); ++k) {
            if ((ones >> targets[k] & 1) != (ones >> targets[source_of(k)] & 1)) toggle(targets[k]);
        }
        return true;
    }

    template <class SourceOf>
    void move_knowledge(std::span<const std::int32_t> targets, const SourceOf& source_of) {
        const auto causes = causes_;
        for (Index* const mask : {&known_, &ones_, &stored_}) {
            const Index before = *mask;
            for (std::size_t k = 0; k < targets.size(); ++k) {
                const Index moved = before >> targets[source_of(k)] & 1;
                *mask = (*mask & ~bit(targets[k])) | moved << targets[k];
            }
        }
        for (std::size_t k = 0; k < targets.size(); ++k) {
            causes_[static_cast<std::size_t>(targets[k])] = causes[static_cast<std::size_t>(targets[source_of(k)])];
        }
    }

    bool is_known(std::int32_t qubit) const { return (known_ >> qubit & 1) != 0; }
    bool is_one(std::int32_t qubit) const { return (ones_ >> qubit & 1) != 0; }

    void toggle(std::int32_t qubit) {
        ones_ ^= bit(qubit);
        causes_[static_cast<std::size_t>(qubit)] = origin_;
    }

    // Where several paths meet, none of them knows what the others do.
    void forget() {
        settle(known_);
        known_ = 0;
    }

    // Emits the X of those qubits whose stored bit is wrong.
    void settle(Index qubits) {
        static const std::int32_t x = row_of_x();
        for (Index wrong = qubits & known_ & (ones_ ^ stored_); wrong != 0; wrong &= wrong - 1) {
            const std::int32_t qubit = std::countr_zero(wrong);
            draft_.add(GateOperation{x, draft_.wires({}, 0, std::span(&qubit, 1)), 0},
                       causes_[static_cast<std::size_t>(qubit)]);
        }
        stored_ ^= qubits & known_ & (ones_ ^ stored_);
    }

    const Rewritten& source_;
    const Program& program_;
    Draft draft_;
    bool drop_phases_;
    std::uint32_t origin_ = 0;
    Index known_ = ~Index{0};
    Index ones_ = 0;                          // of the known qubits, those that are 1
    Index stored_ = 0;                        // of the known qubits, those that are 1 after the operations kept so far
    std::array<std::uint32_t, 64> causes_{};  // the operation that last changed a known qubit
};

}  // namespace

Rewritten use_known_bits(const Rewritten& source, bool drop_phases) { return KnownBits(source, drop_phases).run(); }

}  // namespace ketjet
