// reuse_qubits: qubits whose first operation can wait get the slots of qubits whose life has ended.
//
// The program is a list of units: single operations, and whole stretches that jumps pass over. Two units are in order
// if one moves amplitudes along a qubit that the other touches, or writes classical memory that the other uses. The
// life of a qubit ends with its last unit where that is a reset, or a measurement that cannot wait for the final state
// anyway; then it is in |0>, or a reset puts it there. So the units are taken in the order of these ends, each behind
// what has to come before it, and all others last.
#include <algorithm>
#include <array>
#include <cmath>

#include "plan/memory_use.hpp"
#include "plan/outlook.hpp"
#include "plan/rewrite.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

constexpr std::size_t max_looked_at = 1 << 18;  // of programs that are looked at: an operation takes some 200 bytes
constexpr std::uint32_t no_unit = ~std::uint32_t{0};
constexpr std::int32_t no_slot = -1;
constexpr int max_parted = 10;       // measurements that double the number of trajectories; more of them find no shots
constexpr double worthwhile = 0.75;  // of the work is left at most: of 16 circuits below all gain, of 7 above 4 lose

struct Unit {
    std::uint32_t begin;
    std::uint32_t end;
    Index moved = 0;
    Index touched = 0;
    int operations = 0;  // that are carried out: those measurements that wait for the final state are not
    int collapses = 0;   // of these
    std::vector<std::uint32_t> reads{};   // places of classical memory
    std::vector<std::uint32_t> writes{};  // at least perhaps
    std::vector<std::uint32_t> before{};  // units that come before it
    bool ends_life = false;
};

bool clears(const Operation& operation) {
    return std::holds_alternative<ResetOperation>(operation) || std::holds_alternative<MeasureOperation>(operation);
}

// False where no life ends, or every qubit has begun when the first one ends, in whatever order: found in two walks
// without lists of what depends on what, so that programs with nothing to gain go no further.
bool may_pay(const Program& program) {
    const auto operations = program.operations();
    struct LastUse {
        std::uint32_t index = 0;
        bool clears = false;
    };
    std::array<LastUse, 64> last_uses{};
    std::uint32_t stretch_end = 0, last_classical = 0;
    Index used = 0;
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        const Roles role = roles(program, operations[i]);
        const LastUse use{i, clears(operations[i]) && i >= stretch_end};
        used |= role.touched();
        for (Index rest = role.touched(); rest != 0; rest &= rest - 1) {
            last_uses[static_cast<std::size_t>(std::countr_zero(rest))] = use;
        }
        if (is_classical(operations[i])) last_classical = i;
        const auto target = target_of(operations[i]);
        if (!target) continue;
        stretch_end = std::max(stretch_end, *target);
        for (LastUse& earlier : last_uses) earlier.clears = earlier.clears && earlier.index < *target;
    }
    std::uint32_t end = no_unit;  // the first one; a measurement that no classical code follows can wait
    for (const LastUse& use : last_uses) {
        if (!use.clears) continue;
        const bool resets = std::holds_alternative<ResetOperation>(operations[use.index]);
        if (resets || use.index < last_classical) end = std::min(end, use.index);
    }
    if (end == no_unit) return false;
    Index moved = 0, touched = 0;  // by that end, and by what comes before it for certain
    for (std::size_t i = end + std::size_t{1}; i-- > 0 && touched != used;) {
        const Roles role = roles(program, operations[i]);
        const Index qubits = role.touched();
        const Index moves = is_collapse(operations[i]) ? qubits : role.local;
        if (i != end && (moves & touched) == 0 && (qubits & moved) == 0) continue;
        moved |= moves;
        touched |= qubits;
    }
    return touched != used;
}

class Reuser {
 public:
    explicit Reuser(const Rewritten& source)
        : source_(source),
          program_(source.program),
          operations_(program_.operations()),
          final_(find_final_reads(program_, operation_facts(program_), ControlFlow(program_), true)) {
        slots_.fill(no_slot);
        find_units();
        find_order();
        find_ends();
        schedule();
        assign_slots();
    }

    bool pays() const {
        if (std::max(num_slots_, minimum_state_qubits) >= std::max(source_.num_qubits, minimum_state_qubits)) {
            return false;
        }
        std::vector<std::uint32_t> as_it_is(units_.size());
        for (std::uint32_t unit = 0; unit < as_it_is.size(); ++unit) as_it_is[unit] = unit;
        return work(schedule_, num_slots_) <= worthwhile * work(as_it_is, source_.num_qubits);
    }

    Rewritten write() const {
        Draft draft(source_);
        std::vector<std::uint32_t> order;
        const auto slot_of = [&](std::int32_t qubit) { return slots_[static_cast<std::size_t>(qubit)]; };
        for (const std::uint32_t index : schedule_) {
            const Unit& unit = units_[index];
            for (std::uint32_t i = unit.begin; i < unit.end; ++i) {
                draft.mark(i);
                draft.add_renamed(i, slot_of);
                order.push_back(i);
            }
            draft.mark(unit.end);
            draft.settle_targets();
            const auto* const measure = std::get_if<MeasureOperation>(&operations_[unit.begin]);
            if (handed_on_[index] && measure != nullptr) {
                draft.add(ResetOperation{slot_of(measure->qubit)}, source_.origins[unit.begin]);
                order.push_back(Reordering::added);
            }
        }
        Rewritten result = draft.finish(num_slots_);
        result.reordering = std::make_shared<const Reordering>(Reordering{program_, std::move(order)});
        return result;
    }

 private:
    void find_units() {
        std::vector<std::uint32_t> reach(operations_.size());  // by operation: where a stretch that begins there ends
        for (std::uint32_t i = 0; i < operations_.size(); ++i) {
            reach[i] = std::max(reach[i], i + 1);
            const auto target = target_of(operations_[i]);
            if (!target) continue;
            const std::uint32_t first = std::min(i, *target);
            reach[first] = std::max({reach[first], i + 1, *target});
        }
        for (std::uint32_t i = 0; i < operations_.size();) {
            std::uint32_t end = reach[i];
            for (std::uint32_t k = i; k < end; ++k) end = std::max(end, reach[k]);
            Unit unit{i, end};
            for (; i < end; ++i) add_operation(unit, i);
            units_.push_back(std::move(unit));
        }
    }

    void add_operation(Unit& unit, std::uint32_t index) const {
        const Operation& operation = operations_[index];
        const Roles role = roles(program_, operation);
        unit.touched |= role.touched();
        unit.moved |= is_collapse(operation) ? role.touched() : role.local;
        if (!final_.is_final[index]) {
            ++unit.operations;
            if (is_collapse(operation)) ++unit.collapses;
        }
        if (const auto* const measure = std::get_if<MeasureOperation>(&operation)) {
            unit.writes.push_back(static_cast<std::uint32_t>(measure->clbit));
        }
        const auto target = target_of(operation);
        if (target && *target <= index) unit.writes.push_back(errors_place());
        const auto* const branch = std::get_if<BranchOperation>(&operation);
        const auto* const compute = std::get_if<ComputeOperation>(&operation);
        if (branch == nullptr && compute == nullptr) return;
        const MemoryUse use = memory_use(program_, branch != nullptr ? branch->code() : compute->code());
        unit.reads.insert(unit.reads.end(), use.reads.begin(), use.reads.end());
        unit.writes.insert(unit.writes.end(), use.writes.begin(), use.writes.end());
        unit.writes.insert(unit.writes.end(), use.touches.begin(), use.touches.end());
        if (use.may_fail) unit.writes.push_back(errors_place());
    }

    // Among the places of memory, what stands for the order in which errors and endless loops come up.
    std::uint32_t errors_place() const { return static_cast<std::uint32_t>(memory_places(program_)); }

    void find_order() {
        struct Use {
            std::uint32_t writer = no_unit;
            std::vector<std::uint32_t> readers{};
        };
        std::vector<Use> uses(64 + memory_places(program_) + 1);
        for (std::uint32_t index = 0; index < units_.size(); ++index) {
            Unit& unit = units_[index];
            const auto read = [&](std::size_t thing) {
                if (uses[thing].writer != no_unit) unit.before.push_back(uses[thing].writer);
                uses[thing].readers.push_back(index);
            };
            const auto write = [&](std::size_t thing) {
                Use& use = uses[thing];
                if (use.writer != no_unit && use.writer != index) unit.before.push_back(use.writer);
                for (const std::uint32_t reader : use.readers) {
                    if (reader != index) unit.before.push_back(reader);
                }
                use = {index, {}};
            };
            for (std::size_t qubit = 0; qubit < 64; ++qubit) {
                if ((unit.moved >> qubit & 1) != 0) {
                    write(qubit);
                } else if ((unit.touched >> qubit & 1) != 0) {
                    read(qubit);
                }
            }
            for (const std::uint32_t place : unit.reads) read(64 + place);
            for (const std::uint32_t place : unit.writes) write(64 + place);
        }
    }

    void find_ends() {
        Index touched_later = 0;
        for (std::size_t index = units_.size(); index-- > 0;) {
            Unit& unit = units_[index];
            const Operation& operation = operations_[unit.begin];
            unit.ends_life = unit.end == unit.begin + 1 && clears(operation) && !final_.is_final[unit.begin] &&
                             (touched_later & unit.touched) == 0;
            touched_later |= unit.touched;
        }
    }

    void schedule() {
        std::vector<bool> taken(units_.size());
        std::vector<std::uint32_t> stack, found;
        const auto take = [&](std::uint32_t unit) {
            if (taken[unit]) return;
            taken[unit] = true;
            stack.push_back(unit);
        };
        for (std::uint32_t index = 0; index < units_.size(); ++index) {
            if (!units_[index].ends_life) continue;
            found.clear();
            for (take(index); !stack.empty();) {
                const std::uint32_t next = stack.back();
                stack.pop_back();
                found.push_back(next);
                for (const std::uint32_t before : units_[next].before) take(before);
            }
            std::ranges::sort(found);
            schedule_.insert(schedule_.end(), found.begin(), found.end());
        }
        for (std::uint32_t index = 0; index < units_.size(); ++index) {
            if (!taken[index]) schedule_.push_back(index);
        }
    }

    void assign_slots() {
        handed_on_.resize(units_.size());
        std::array<std::uint32_t, 64> ended_by{};
        Index free = 0;  // slots whose qubit's life has ended
        for (const std::uint32_t index : schedule_) {
            const Unit& unit = units_[index];
            for (Index rest = unit.touched; rest != 0; rest &= rest - 1) {
                std::int32_t& slot = slots_[static_cast<std::size_t>(std::countr_zero(rest))];
                if (slot != no_slot) continue;
                slot = free != 0 ? std::countr_zero(free) : num_slots_++;
                if ((free & bit(slot)) != 0) handed_on_[ended_by[static_cast<std::size_t>(slot)]] = true;
                free &= ~bit(slot);
            }
            if (!unit.ends_life) continue;
            const std::int32_t slot = slots_[static_cast<std::size_t>(std::countr_zero(unit.touched))];
            free |= bit(slot);
            ended_by[static_cast<std::size_t>(slot)] = index;
        }
    }

    // Operations times trajectories times amplitudes, if every collapse parts trajectories as long as there are shots.
    double work(const std::vector<std::uint32_t>& order, int num_qubits) const {
        double total = 0;
        int collapses = 0;
        for (const std::uint32_t index : order) {
            const Unit& unit = units_[index];
            total += std::ldexp(unit.operations, std::min(collapses, max_parted));
            collapses += unit.collapses;
        }
        return std::ldexp(total, std::max(num_qubits, minimum_state_qubits));
    }

    const Rewritten& source_;
    const Program& program_;
    std::span<const Operation> operations_;
    FinalReads final_;
    std::vector<Unit> units_;
    std::vector<std::uint32_t> schedule_;
    std::vector<bool> handed_on_;  // by unit that ends a life: whether the slot is taken again
    std::array<std::int32_t, 64> slots_{};
    std::int32_t num_slots_ = 0;
};

}  // namespace

Rewritten reuse_qubits(const Rewritten& source) {
    if (source.program.operations().size() > max_looked_at || !may_pay(source.program)) return source;
    const Reuser reuser(source);
    return reuser.pays() ? reuser.write() : source;
}

}  // namespace ketjet
