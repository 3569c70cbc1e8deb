// use_known_bits: a walk that knows some qubits to be 0 or 1. For a known qubit the operations kept so far
// may have left the opposite bit in the state (`stored`); an X that sets this right is emitted only when an operation
// is kept that looks at the qubit, or where paths part or meet.
#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/bit_set.hpp"
#include "plan/control_flow.hpp"
#include "plan/rewrite.hpp"
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

// Which qubits the operations between two places change.
class Changes {
 public:
    explicit Changes(const Program& program) : places_(static_cast<std::size_t>(program.num_qubits())) {
        std::vector<WireRole> wires;
        const auto operations = program.operations();
        for (std::uint32_t i = 0; i < operations.size(); ++i) {
            if (std::holds_alternative<SaveOperation>(operations[i])) continue;
            wire_roles(program, operations[i], wires);
            for (const auto& [qubit, local] : wires) {
                if (local) places_[static_cast<std::size_t>(qubit)].push_back(i);
            }
        }
    }

    bool any(std::int32_t qubit, std::uint32_t first, std::uint32_t last) const {
        const auto& places = places_[static_cast<std::size_t>(qubit)];
        const auto place = std::ranges::lower_bound(places, first);
        return place != places.end() && *place <= last;
    }

 private:
    std::vector<std::vector<std::uint32_t>> places_;
};

// By operation, the last one of the loop that begins there: 0 where none does. Loops that cross one another are one.
std::vector<std::uint32_t> loop_ends(const Program& program) {
    const auto operations = program.operations();
    std::vector<std::uint32_t> ends(operations.size() + 1);
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        const auto target = target_of(operations[i]);
        if (target && *target <= i) ends[*target] = i;
    }
    for (std::uint32_t begin = 0; begin < operations.size(); ++begin) {
        for (std::uint32_t i = begin + 1; i <= ends[begin]; ++i) ends[begin] = std::max(ends[begin], ends[i]);
    }
    return ends;
}

class KnownBits {
 public:
    KnownBits(const Rewritten& source, const BitSet& zero, const KnownBitsRules& rules)
        : source_(source),
          program_(source.program),
          flow_(source.program),
          draft_(source),
          rules_(rules),
          known_(zero),
          ones_(program_.num_qubits()),
          stored_(program_.num_qubits()),
          causes_(static_cast<std::size_t>(program_.num_qubits())) {}

    Rewritten run() {
        const auto operations = program_.operations();
        if (rules_.leave_out) {
            straight_ = std::ranges::none_of(operations, is_classical);
            if (!straight_) loop_ends_ = loop_ends(program_);
            if (std::ranges::any_of(loop_ends_, [](std::uint32_t end) { return end > 0; })) {
                changes_ = std::make_unique<Changes>(program_);
            }
        }
        for (std::uint32_t i = 0; i < operations.size(); ++i) {
            index_ = i;
            origin_ = source_.origins[i];
            if (flow_.is_joined(i)) join();
            draft_.mark(i);
            std::visit([&](const auto& operation) { step(operation); }, operations[i]);
        }
        if (!rules_.leave_out) settle_all();
        draft_.mark(operations.size());
        Rewritten result = draft_.finish(source_.num_qubits);
        for (const auto& [clbit, value] : reads_) result.known_reads.push_back({clbit, value});
        result.saved_values = std::move(saved_values_);
        return result;
    }

 private:
    using Qubits = std::vector<std::int32_t>;

    // What is known where a jump begins.
    struct Knowledge {
        BitSet known;
        BitSet ones;

        // Keeps what the other says too.
        void agree(const Knowledge& other) {
            BitSet differing = ones;
            differing ^= other.ones;
            known &= other.known;
            known -= differing;
        }
    };

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
        if (rules_.leave_out && is_known(operation.qubit)) return read(operation.clbit, is_one(operation.qubit));
        reads_.erase(operation.clbit);
        settle({operation.qubit});
        draft_.add(operation, origin_);
    }

    void step(const ResetOperation& operation) {
        if (is_known(operation.qubit)) {
            cause(operation.qubit);
        } else {
            draft_.add(operation, origin_);
            known_.insert(operation.qubit);
            stored_.erase(operation.qubit);
        }
        ones_.erase(operation.qubit);
    }

    // Forgets what was before, so nothing needs to be settled.
    void step(const InitializeOperation& operation) {
        const auto targets = program_.targets(operation.wires);
        keep(operation, {}, targets);
        for (const std::int32_t target : targets) known_.erase(target);
    }

    void step(const GlobalPhaseOperation& operation) {
        if (!rules_.drop_phases) draft_.add(operation, origin_);
    }

    void step(const SaveOperation& operation) {
        const auto wires = program_.targets(operation.wires);
        settle_all();
        keep(operation, {}, wires);
        if (!rules_.leave_out) return;
        std::vector<Value> values;
        for (const std::int32_t wire : wires) {
            values.push_back(!is_known(wire) ? Value::unknown : is_one(wire) ? Value::one : Value::zero);
        }
        const auto [known, is_first] = saved_values_.try_emplace(operation.index(), values);
        if (is_first) return;
        known->second.resize(std::min(known->second.size(), values.size()));
        for (std::size_t k = 0; k < known->second.size(); ++k) {
            if (known->second[k] != values[k]) known->second[k] = Value::unknown;
        }
    }

    void step(const ComputeOperation& operation) { draft_.add(operation, origin_); }
    void step(const BranchOperation& operation) {
        leave_for(operation.target);
        draft_.add(operation, origin_);
    }
    void step(const JumpOperation& operation) {
        leave_for(operation.target);
        draft_.add(operation, origin_);
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
        if (facts.parameters == 1) return draft_.add(GlobalPhaseOperation{operation.slot, false}, origin_);
        const Complex factor = facts.matrix({}).entries().back();
        draft_.add(DiagonalOperation{draft_.wires({}, 0, {}), std::make_shared<const std::vector<Complex>>(1, factor)},
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
            if (local) known_.erase(qubit);
        }
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
        const std::vector<bool> before = bits_of(ones_, targets);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            if (before[k] != before[source_of(k)]) toggle(targets[k]);
        }
        return true;
    }

    template <class SourceOf>
    void move_knowledge(std::span<const std::int32_t> targets, const SourceOf& source_of) {
        for (BitSet* const set : {&known_, &ones_, &stored_}) {
            const std::vector<bool> before = bits_of(*set, targets);
            for (std::size_t k = 0; k < targets.size(); ++k) set->put(targets[k], before[source_of(k)]);
        }
        std::vector<std::uint32_t> causes;
        for (const std::int32_t target : targets) causes.push_back(causes_[static_cast<std::size_t>(target)]);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            causes_[static_cast<std::size_t>(targets[k])] = causes[source_of(k)];
        }
    }

    static std::vector<bool> bits_of(const BitSet& set, std::span<const std::int32_t> qubits) {
        std::vector<bool> bits;
        for (const std::int32_t qubit : qubits) bits.push_back(set.contains(qubit));
        return bits;
    }

    bool is_known(std::int32_t qubit) const { return known_.contains(qubit); }
    bool is_one(std::int32_t qubit) const { return ones_.contains(qubit); }

    void cause(std::int32_t qubit) { causes_[static_cast<std::size_t>(qubit)] = origin_; }

    void toggle(std::int32_t qubit) {
        ones_.put(qubit, !is_one(qubit));
        cause(qubit);
    }

    // What a measurement of a known qubit comes to.
    void read(std::int32_t clbit, bool value) {
        if (straight_) {
            reads_[clbit] = value;
            return;
        }
        const auto op = [](ClassicalOp which) { return static_cast<std::int64_t>(which); };
        std::vector<std::int64_t> code{op(ClassicalOp::constant), 1, value, op(ClassicalOp::store_bits), 1, clbit};
        draft_.add(ComputeOperation{std::make_shared<const std::vector<std::int64_t>>(std::move(code))}, origin_);
    }

    void leave_for(std::uint32_t target) {
        settle_all();
        if (!rules_.leave_out || !reached_ || target <= index_) return;
        const auto [arriving, is_first] = arriving_.try_emplace(target, Knowledge{known_, ones_});
        if (!is_first) arriving->second.agree({known_, ones_});
    }

    // Where several paths meet, only what all of them know is kept; a loop knows what it does not change.
    void join() {
        if (reached_) settle_all();
        const auto arriving = arriving_.extract(index_);
        if (!rules_.leave_out || (arriving.empty() && !reached_)) {
            known_.clear();
        } else if (!arriving.empty()) {
            Knowledge common = std::move(arriving.mapped());
            if (reached_) common.agree({known_, ones_});
            known_ = std::move(common.known);
            ones_ = std::move(common.ones);
            stored_ = ones_;
        }
        reached_ = true;
        if (changes_ == nullptr || loop_ends_[index_] == 0) return;
        BitSet changed(program_.num_qubits());
        known_.for_each([&](std::int32_t qubit) {
            if (changes_->any(qubit, index_, loop_ends_[index_])) changed.insert(qubit);
        });
        known_ -= changed;
    }

    // Emits the X of those qubits whose stored bit is wrong.
    void settle(Qubits qubits) {
        std::erase_if(qubits, [&](std::int32_t qubit) { return !is_known(qubit) || !is_wrong(qubit); });
        std::ranges::sort(qubits);
        for (const std::int32_t qubit : qubits) set_right(qubit);
    }

    void settle_all() {
        BitSet wrong = ones_;
        wrong ^= stored_;
        wrong &= known_;
        wrong.for_each([&](std::int32_t qubit) { set_right(qubit); });
    }

    bool is_wrong(std::int32_t qubit) const { return is_one(qubit) != stored_.contains(qubit); }

    void set_right(std::int32_t qubit) {
        draft_.add(GateOperation{x_row, draft_.wires({}, 0, std::span(&qubit, 1)), 0},
                   causes_[static_cast<std::size_t>(qubit)]);
        stored_.put(qubit, is_one(qubit));
    }

    const Rewritten& source_;
    const Program& program_;
    ControlFlow flow_;
    Draft draft_;
    KnownBitsRules rules_;
    bool straight_ = false;  // there is no classical code
    std::uint32_t index_ = 0;
    std::uint32_t origin_ = 0;
    BitSet known_;
    BitSet ones_;                        // of the known qubits, those that are 1
    BitSet stored_;                      // of the known qubits, those that are 1 after the operations kept so far
    std::vector<std::uint32_t> causes_;  // the operation that last changed a known qubit
    std::vector<WireRole> roles_;        // of the present operation

    // Where known qubits are to be left out of the state.
    bool reached_ = true;                                    // whether the operation before goes on to this one
    std::unordered_map<std::uint32_t, Knowledge> arriving_;  // what the jumps to an operation agree on
    std::vector<std::uint32_t> loop_ends_;
    std::unique_ptr<const Changes> changes_;
    std::map<std::int32_t, bool> reads_;  // classical bits that were last written by the measurement of a known qubit
    std::map<std::int64_t, std::vector<Value>> saved_values_;
};

}  // namespace

Rewritten use_known_bits(const Rewritten& source, const BitSet& zero, const KnownBitsRules& rules) {
    return KnownBits(source, zero, rules).run();
}

}  // namespace ketjet
