// What nobody can tell is dropped: operations, classical code, branches and jumps over what is dropped.
//
// One walk backwards finds what is needed (plan/needs.hpp). Needs flow along jumps forward; a jump back is always
// needed, for its loop may not end, and so is code that may fail. Two things are known only after such a walk, so it is
// taken again until neither changes:
//   Where a needed jump leads, trajectories may meet in the same state: the state is needed there, in full.
//   A reset that stays should not become more random than it is, for every outcome costs a state. If what is left
//     before it does not make its outcome certain, it counts as a measurement. Certain is the outcome of a qubit that
//     is in a basis state whatever the outcomes before.
#include "plan/prune.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "plan/control_flow.hpp"
#include "plan/needs.hpp"
#include "plan/program_editor.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

constexpr int max_walks = 16;  // after these, everything counts that might

class Pruner {
 public:
    explicit Pruner(const Program& program) : Pruner(program, Needs(program)) {}
    Pruner(const Program& program, Needs at_end)
        : program_(program),
          operations_(program.operations()),
          at_end_(std::move(at_end)),
          needed_(operations_.size()),
          observed_(operations_.size()),
          meets_(operations_.size() + 1),
          jumps_ahead_(operations_.size() + 1),
          needed_from_(operations_.size() + 1) {
        saves_ = std::ranges::any_of(
            operations_, [](const Operation& operation) { return std::holds_alternative<SaveOperation>(operation); });
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            const auto target = target_of(operations_[i]);
            if (target && *target <= i) meets_[*target] = true;
            if (target && *target > i) ++jumps_ahead_[*target];
        }
    }

    void run() {
        for (int walk = 1; walk_back() || observe_coins(); ++walk) {
            if (walk < max_walks) continue;
            meets_.assign(meets_.size(), true);
            observed_.assign(observed_.size(), true);
        }
        drop_fresh_resets();
    }

    // Whether an operation stays, if these are the qubits that are stored.
    bool is_kept(std::size_t operation, Index stored) const {
        const auto* const measure = std::get_if<MeasureOperation>(&operations_[operation]);
        return needed_[operation] && (measure == nullptr || (stored & bit(measure->qubit)) != 0);
    }

    // The qubits that need to be stored: those that a needed operation other than a measurement touches. Others measure
    // 0, the value that classical bits start with, so they need not even be measured, unless to overwrite an earlier
    // value.
    Index stored_qubits() const {
        bool computes = false;
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            computes = computes || (needed_[i] && is_classical(operations_[i]));
        }
        Index stored = 0;
        std::vector<bool> written(static_cast<std::size_t>(program_.num_clbits()));
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            if (!needed_[i]) continue;
            const auto* const measure = std::get_if<MeasureOperation>(&operations_[i]);
            const auto clbit = static_cast<std::size_t>(measure == nullptr ? 0 : measure->clbit);
            if (measure == nullptr || computes || written[clbit]) stored |= touched_by(i);
            if (measure != nullptr) written[clbit] = true;
        }
        return stored;
    }

 private:
    Index touched_by(std::size_t operation) const { return roles(program_, operations_[operation]).touched(); }

    // Finds what is needed; whether a place where paths meet has come up.
    bool walk_back() {
        Needs needs = at_end_;
        std::unordered_map<std::size_t, Needs> ahead;  // of the places that jumps further up lead to
        std::vector<std::uint32_t> jumps_left = jumps_ahead_;
        bool changed = false;
        const auto arrive = [&](std::size_t place) {
            if (meets_[place] && place < operations_.size()) needs.need_state();
            if (jumps_ahead_[place] > 0) ahead.emplace(place, needs);
        };
        arrive(operations_.size());
        for (std::size_t i = operations_.size(); i-- > 0;) {
            if (const auto target = target_of(operations_[i])) {
                needed_[i] = include_jump(i, *target, needs, ahead);
                if (*target > i && --jumps_left[*target] == 0) ahead.erase(*target);
                if (needed_[i] && !meets_[*target]) meets_[*target] = changed = true;
            } else {
                needed_[i] = needs.include(operations_[i], observed_[i]);
            }
            needed_from_[i] = needed_from_[i + 1] + needed_[i];
            arrive(i);
        }
        return changed;
    }

    bool include_jump(std::size_t index, std::size_t target, Needs& needs,
                      const std::unordered_map<std::size_t, Needs>& ahead) const {
        const auto* const branch = std::get_if<BranchOperation>(&operations_[index]);
        const MemoryUse use = branch == nullptr ? MemoryUse{} : memory_use(program_, branch->code());
        const bool back = target <= index;
        if (!back && !use.may_fail && needed_from_[index + 1] == needed_from_[target]) return false;
        if (back) {
            needs.need_memory();
            if (saves_) needs.need_exactly();
        } else if (branch == nullptr) {
            needs = ahead.at(target);
        } else {
            needs.join(ahead.at(target));
        }
        needs.need_state();
        needs.read(use);
        return true;
    }

    // Walks forwards with the qubits that are in a basis state for certain; whether a reset has come up that is not.
    bool observe_coins() {
        const Index stored = stored_qubits();
        std::vector<Index> arriving(operations_.size() + 1, ~Index{0});
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            const auto target = target_of(operations_[i]);
            if (target && *target <= i) arriving[*target] = 0;
        }
        bool changed = false;
        Index certain = ~Index{0};
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            certain &= arriving[i];
            if (!needed_[i]) continue;
            const Operation& operation = operations_[i];
            if (const auto target = target_of(operation)) {
                arriving[*target] &= certain;
                if (std::holds_alternative<JumpOperation>(operation)) certain = ~Index{0};
                continue;
            }
            const Roles role = roles(program_, operation);
            const Index touched = role.touched();
            if (std::holds_alternative<MeasureOperation>(operation)) {
                certain |= touched;
            } else if (is_collapse(operation)) {
                const bool resets = std::holds_alternative<ResetOperation>(operation);
                const bool draws = (certain & touched) != touched && (resets || touched != stored);
                if (draws && !observed_[i]) observed_[i] = changed = true;
                certain = resets ? certain | touched : certain & ~touched;
            } else if (!moves_basis_states(operation) || (certain & touched) != touched) {
                certain &= ~role.local;
            }
        }
        return changed;
    }

    // A reset does nothing to a qubit that no needed operation has touched.
    void drop_fresh_resets() {
        Index touched = 0;
        for (std::size_t i = 0; i < operations_.size() && !meets_[i]; ++i) {
            if (!needed_[i]) continue;
            if (std::holds_alternative<ResetOperation>(operations_[i]) && (touched & touched_by(i)) == 0) {
                needed_[i] = false;
            } else {
                touched |= touched_by(i);
            }
        }
    }

    const Program& program_;
    std::span<const Operation> operations_;
    Needs at_end_;
    bool saves_ = false;
    std::vector<bool> needed_;
    std::vector<bool> observed_;              // resets and initialisations whose outcome is to be as random as it is
    std::vector<bool> meets_;                 // by place: whether a needed jump leads there
    std::vector<std::uint32_t> jumps_ahead_;  // by place: how many jumps from further up lead there
    std::vector<std::size_t> needed_from_;    // by place: how many operations from there on are needed
};

}  // namespace

RewrittenProgram prune(const RewrittenProgram& source) {
    const auto operations = source.program.operations();
    Pruner pruner(source.program);
    pruner.run();
    const Index stored = pruner.stored_qubits();
    const auto new_number = [&](std::int32_t qubit) { return count_bits(stored & low_bits(qubit)); };
    ProgramEditor editor(source);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        editor.label(i);
        if (pruner.is_kept(i, stored)) editor.add_renamed(i, new_number);
    }
    editor.label(operations.size());
    return editor.finish(count_bits(stored));
}

std::vector<bool> needed_to_read(const Program& program, Index moved, Index kept) {
    Pruner pruner(program, Needs(program, moved, kept));
    pruner.run();
    const Index stored = pruner.stored_qubits();
    std::vector<bool> needed(program.operations().size());
    for (std::size_t i = 0; i < needed.size(); ++i) needed[i] = pruner.is_kept(i, stored);
    return needed;
}

}  // namespace ketjet
