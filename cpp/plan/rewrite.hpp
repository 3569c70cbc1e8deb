// What is done to a Program before it is cut into sweeps: operations are dropped, renamed or replaced where structure
// alone shows that this changes no outcome. Values of slots are never read.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/bit_set.hpp"
#include "plan/planner.hpp"

namespace ketjet {

enum class Value : std::uint8_t { unknown, zero, one };

struct Rewritten {
    Program program;                                            // with the slots of the original
    std::vector<std::uint32_t> origins;                         // of every operation: its index in the original
    int num_qubits;                                             // of the state that is stored
    std::vector<KnownRead> known_reads{};                       // of measurements that are no longer there
    std::map<std::int64_t, std::vector<Value>> saved_values{};  // by index of a save: what is known of its wires there
    std::vector<SaveFrame> save_frames{};
    std::shared_ptr<const Reordering> reordering{};
};

// All rewrites that the request allows, in the order below.
Rewritten rewrite(const Program& program, const PlanRequest& request);

// The steps. All are for programs that start in |0...0>, but for those that are told which qubits are |0> at first.

// Unitary operations that no save, measurement or reset can see disappear (plan/leave_out.cpp).
Rewritten drop_unseen(const Rewritten& source);

// Controls, flips and swaps whose values are known are worked out (plan/known_bits.cpp).
struct KnownBitsRules {
    bool drop_phases;  // operations that are found to be no more than a global phase are dropped
    bool leave_out;    // measurements of known qubits become classical, and what is known at saves is noted
};
Rewritten use_known_bits(const Rewritten& source, const BitSet& zero, const KnownBitsRules& rules);

// Swaps and permutations without controls of qubits that are |0> at first disappear: they rename the qubits of all
// earlier operations, which |0...0> does not notice.
Rewritten relabel_swaps(const Rewritten& source, const BitSet& zero);

// Qubits whose values are known wherever anything looks at them are left out of the state (plan/leave_out.cpp).
Rewritten leave_out_known(const Rewritten& source);

// Operations that no measurement or save can tell disappear, and so do the qubits that are left with none
// (plan/prune.cpp).
Rewritten prune(const Rewritten& source);

// Qubits share slots of the state where their lives need not overlap, in programs that have trajectories anyway
// (plan/reuse.cpp).
Rewritten reuse_qubits(const Rewritten& source);

// Y becomes Z, X and a phase of the whole state, which are no work for the kernels; in programs that start in any
// state.
Rewritten write_out_y(const Rewritten& source, bool keeps_phases);

// What is wanted of a program, as far as the planner may make use of it: the final state, records that are saved on the
// way and outcomes, or nothing but the outcomes of measurements.
enum class Wanted : std::uint8_t { state, records, outcomes };
Wanted wanted_of(const Program& program, const PlanRequest& request);

// A rewritten program in the making.
class Draft {
 public:
    explicit Draft(const Rewritten& source) : source_(source), marks_(source.program.operations().size() + 1) {}

    // Jumps to this operation of the source, or to its end, lead to what is added next; to what was added last, where
    // the draft is made backwards.
    void mark(std::size_t index) { marks_[index] = static_cast<std::uint32_t>(operations_.size()); }

    // An operation of the source on other qubits.
    template <class Rename>
    void add_renamed(std::size_t index, const Rename& rename) {
        Operation operation = source_.program.operations()[index];
        std::visit([&](auto& op) { this->rename_qubits(op, rename); }, operation);
        operations_.push_back(std::move(operation));
        origins_.push_back(source_.origins[index]);
    }

    // An operation whose wires, if it has any, were made by `wires`.
    void add(Operation operation, std::uint32_t origin) {
        operations_.push_back(std::move(operation));
        origins_.push_back(origin);
    }

    Wires wires(std::span<const std::int32_t> controls, std::uint64_t control_state,
                std::span<const std::int32_t> targets);

    void reverse();
    // Lets the jumps of what was added since the last call lead to the marks as they are now.
    void settle_targets();
    Rewritten finish(int num_qubits);

 private:
    template <class Op, class Rename>
    void rename_qubits(Op& op, const Rename& rename) {
        if constexpr (requires { op.qubit; }) op.qubit = rename(op.qubit);
        if constexpr (requires { op.wires; }) {
            const Wires old = op.wires;
            op.wires = wires(source_.program.controls(old), old.control_state, source_.program.targets(old));
            for (std::size_t i = op.wires.begin; i < wires_.size(); ++i) wires_[i] = rename(wires_[i]);
        }
    }

    const Rewritten& source_;
    std::vector<std::uint32_t> marks_;  // by operation of the source: where it begins
    std::vector<Operation> operations_;
    std::size_t settled_ = 0;  // operations whose targets are final
    std::vector<std::int32_t> wires_;
    std::vector<std::uint32_t> origins_;
};

}  // namespace ketjet
