// A walk over the operations. Flips of known qubits are put off: an X that sets the state right is emitted only when an
// operation is kept that looks at the qubit, or where paths part or meet.
#include "plan/known_bits.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "plan/control_flow.hpp"
#include "plan/known_qubits.hpp"
#include "plan/loop_changes.hpp"
#include "plan/program_editor.hpp"
#include "program/classical_code.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

// A gate that lost controls of its row is the row it controls, where there is one.
void use_base_row(GateOperation& gate) {
    if (gate.wires.controls >= facts_of(gate).controls) return;
    const std::int32_t base = base_row(gate.gate);
    if (base != no_row) gate.gate = base;
}

class KnownBits {
 public:
    KnownBits(const RewrittenProgram& source, const BitSet& zero, const KnownBitsRules& rules)
        : source_(source),
          program_(source.program),
          flow_(source.program),
          editor_(source),
          rules_(rules),
          qubits_(zero, program_.num_qubits()) {}

    RewrittenProgram run() {
        const auto operations = program_.operations();
        if (rules_.leave_out) {
            straight_ = std::ranges::none_of(operations, is_classical);
            if (!straight_) loops_.emplace(program_);
        }
        for (std::uint32_t i = 0; i < operations.size(); ++i) {
            index_ = i;
            origin_ = source_.origins[i];
            if (flow_.is_joined(i)) join();
            editor_.label(i);
            std::visit([&](const auto& operation) { step(operation); }, operations[i]);
        }
        if (!rules_.leave_out) settle_all();
        editor_.label(operations.size());
        RewrittenProgram result = editor_.finish(source_.num_qubits);
        for (const auto& [clbit, value] : reads_) result.known_reads.push_back({clbit, value});
        result.saved_values = std::move(saved_values_);
        return result;
    }

 private:
    using Qubits = std::vector<std::int32_t>;

    struct OpenControls {
        Qubits qubits;
        std::uint64_t state = 0;
        Qubits known;             // of the controls that are met
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
                if (open.qubits.empty() && is_known(targets[0])) return qubits_.flip(targets[0], origin_);
                break;
            case Structure::swap:
                if (moves_only_knowledge(open, targets, [](std::size_t k) { return 1 - k; })) return;
                if (open.qubits.empty()) {
                    keep(operation, open, targets);
                    return qubits_.permute(targets, [](std::size_t k) { return 1 - k; });
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
        qubits_.permute(targets, source_of);
    }

    void step(const MeasureOperation& operation) {
        if (rules_.leave_out && is_known(operation.qubit)) return read(operation.clbit, is_one(operation.qubit));
        reads_.erase(operation.clbit);
        settle({operation.qubit});
        editor_.add(operation, origin_);
    }

    void step(const ResetOperation& operation) {
        if (is_known(operation.qubit)) return qubits_.set(operation.qubit, false, origin_);
        editor_.add(operation, origin_);
        qubits_.reset(operation.qubit);
    }

    // Forgets what was before, so nothing needs to be settled.
    void step(const InitializeOperation& operation) {
        const auto targets = program_.targets(operation.wires);
        keep(operation, {}, targets);
        for (const std::int32_t target : targets) qubits_.forget(target);
    }

    void step(const GlobalPhaseOperation& operation) {
        if (!rules_.drop_phases) editor_.add(operation, origin_);
    }

    void step(const SaveOperation& operation) {
        const auto wires = program_.targets(operation.wires);
        settle_all();
        keep(operation, {}, wires);
        if (!rules_.leave_out) return;
        std::vector<KnownValue> values;
        for (const std::int32_t wire : wires) {
            values.push_back(!is_known(wire) ? KnownValue::unknown : is_one(wire) ? KnownValue::one : KnownValue::zero);
        }
        const auto [known, is_first] = saved_values_.try_emplace(operation.index(), values);
        if (is_first) return;
        known->second.resize(std::min(known->second.size(), values.size()));
        for (std::size_t k = 0; k < known->second.size(); ++k) {
            if (known->second[k] != values[k]) known->second[k] = KnownValue::unknown;
        }
    }

    void step(const ComputeOperation& operation) { editor_.add(operation, origin_); }
    void step(const BranchOperation& operation) {
        leave_for(operation.target);
        editor_.add(operation, origin_);
    }
    void step(const JumpOperation& operation) {
        leave_for(operation.target);
        editor_.add(operation, origin_);
        reached_ = !rules_.leave_out;
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
            open.known.push_back(target);
            target = open.qubits[k];
            open.qubits.erase(open.qubits.begin() + static_cast<std::ptrdiff_t>(k));
            open.state =
                (open.state & low_bits(static_cast<int>(k))) | (open.state >> 1 & ~low_bits(static_cast<int>(k)));
            break;
        }
        step_unitary(operation, open, std::span(&target, 1));
    }

    void keep_phase(const GateOperation& operation) {
        if (rules_.drop_phases) return;
        const GateFacts& facts = facts_of(operation);
        if (facts.parameters == 1) return editor_.add(GlobalPhaseOperation{operation.slot, false}, origin_);
        const Complex factor = facts.matrix({}).entries().back();
        editor_.add(
            DiagonalOperation{editor_.wires({}, 0, {}), std::make_shared<const std::vector<Complex>>(1, factor)},
            origin_);
    }

    template <class Op>
    void step_unitary(const Op& operation, const OpenControls& open, std::span<const std::int32_t> targets) {
        wire_roles(program_, operation, roles_);
        Qubits touched;
        bool moves = false, finds_unknown = false;
        for (const auto& [qubit, local] : roles_) {
            moves = moves || local;
            if (std::ranges::find(open.known, qubit) != open.known.end()) continue;
            finds_unknown = finds_unknown || !is_known(qubit);
            touched.push_back(qubit);
        }
        if (!moves && rules_.drop_phases && !finds_unknown) return;
        settle(std::move(touched));
        keep(operation, open, targets);
        for (const auto& [qubit, local] : roles_) {
            if (local) qubits_.forget(qubit);
        }
    }

    template <class Op>
    void keep(Op operation, const OpenControls& open, std::span<const std::int32_t> targets) {
        operation.wires = editor_.wires(open.qubits, open.state, targets);
        if constexpr (std::is_same_v<Op, GateOperation>) use_base_row(operation);
        editor_.add(std::move(operation), origin_);
    }

    OpenControls open_controls(const Wires& wires) const {
        OpenControls open;
        const auto controls = program_.controls(wires);
        for (std::size_t k = 0; k < controls.size(); ++k) {
            const bool wanted = (wires.control_state >> k & 1) != 0;
            if (!is_known(controls[k])) {
                open.add(controls[k], wanted);
            } else if (is_one(controls[k]) == wanted) {
                open.known.push_back(controls[k]);
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
        qubits_.permute_values(targets, source_of, origin_);
        return true;
    }

    bool is_known(std::int32_t qubit) const { return qubits_.is_known(qubit); }
    bool is_one(std::int32_t qubit) const { return qubits_.is_one(qubit); }

    // What a measurement of a known qubit comes to.
    void read(std::int32_t clbit, bool value) {
        if (straight_) {
            reads_[clbit] = value;
            return;
        }
        const auto op = [](ClassicalOp which) { return static_cast<std::int64_t>(which); };
        std::vector<std::int64_t> code{op(ClassicalOp::constant), 1, value, op(ClassicalOp::store_bits), 1, clbit};
        editor_.add(ComputeOperation{std::make_shared<const std::vector<std::int64_t>>(std::move(code))}, origin_);
    }

    void leave_for(std::uint32_t target) {
        settle_all();
        if (!rules_.leave_out || !reached_ || target <= index_) return;
        const auto [arriving, is_first] = arriving_.try_emplace(target, qubits_.values());
        if (!is_first) arriving->second.agree(qubits_.values());
    }

    // Where several paths meet, only what all of them know is kept; a loop knows what it does not change.
    void join() {
        if (reached_) settle_all();
        const auto arriving = arriving_.extract(index_);
        if (!rules_.leave_out || (arriving.empty() && !reached_)) {
            qubits_.forget_all();
        } else if (!arriving.empty()) {
            KnownValues common = std::move(arriving.mapped());
            if (reached_) common.agree(qubits_.values());
            qubits_.replace(std::move(common));
        }
        reached_ = true;
        if (!loops_) return;
        loops_->for_each_changed(index_, qubits_.values().known, [&](std::int32_t qubit) { qubits_.forget(qubit); });
    }

    // Emits the X of those qubits whose stored bit is wrong.
    void settle(Qubits qubits) {
        std::erase_if(qubits, [&](std::int32_t qubit) { return !is_known(qubit) || !qubits_.is_wrong(qubit); });
        std::ranges::sort(qubits);
        for (const std::int32_t qubit : qubits) set_right(qubit);
    }

    void settle_all() {
        qubits_.for_each_wrong([&](std::int32_t qubit) { set_right(qubit); });
    }

    void set_right(std::int32_t qubit) {
        editor_.add(GateOperation{x_row, editor_.wires({}, 0, std::span(&qubit, 1)), 0}, qubits_.cause(qubit));
        qubits_.set_right(qubit);
    }

    const RewrittenProgram& source_;
    const Program& program_;
    ControlFlow flow_;
    ProgramEditor editor_;
    KnownBitsRules rules_;
    bool straight_ = false;  // there is no classical code
    std::uint32_t index_ = 0;
    std::uint32_t origin_ = 0;
    KnownQubits qubits_;
    std::vector<WireRole> roles_;  // of the present operation

    // Where known qubits are to be left out of the state.
    bool reached_ = true;                                      // whether the operation before goes on to this one
    std::unordered_map<std::uint32_t, KnownValues> arriving_;  // what the jumps to an operation agree on
    std::optional<const LoopChanges> loops_;
    std::map<std::int32_t, bool> reads_;  // classical bits that were last written by the measurement of a known qubit
    std::map<std::int64_t, std::vector<KnownValue>> saved_values_;
};

}  // namespace

RewrittenProgram use_known_bits(const RewrittenProgram& source, const BitSet& zero, const KnownBitsRules& rules) {
    return KnownBits(source, zero, rules).run();
}

}  // namespace ketjet
