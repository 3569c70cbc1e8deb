// The life of a qubit ends with the last region that touches it, where that is a reset, or a measurement that cannot
// wait for the final state anyway; then it is in |0>, or a reset puts it there. So the regions are taken in the order
// of these ends, each behind what has to come before it, and all others last.
#include "plan/reuse.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "plan/liveness.hpp"
#include "plan/program_editor.hpp"
#include "plan/regions.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

constexpr std::size_t max_looked_at = 1 << 18;  // of programs that are looked at: an operation takes some 200 bytes
constexpr std::int32_t no_place = -1;
constexpr int max_doublings = 10;    // measurements that double the number of trajectories; more of them find no shots
constexpr double worthwhile = 0.75;  // of the work is left at most: of 16 circuits below all gain, of 7 above 4 lose

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
    constexpr std::uint32_t no_end = ~std::uint32_t{0};
    std::uint32_t end = no_end;  // the first one; a measurement that no classical code follows can wait
    for (const LastUse& use : last_uses) {
        if (!use.clears) continue;
        const bool resets = std::holds_alternative<ResetOperation>(operations[use.index]);
        if (resets || use.index < last_classical) end = std::min(end, use.index);
    }
    if (end == no_end) return false;
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
    explicit Reuser(const RewrittenProgram& source)
        : source_(source),
          program_(source.program),
          operations_(program_.operations()),
          final_(find_final_reads(program_, operation_facts(program_), ControlFlow(program_), true)),
          regions_(regions_of(program_, final_)) {
        places_.fill(no_place);
        find_ends();
        schedule();
        assign_places();
    }

    bool pays() const {
        if (std::max(num_places_, minimum_state_qubits) >= std::max(source_.num_qubits, minimum_state_qubits)) {
            return false;
        }
        std::vector<std::uint32_t> as_it_is(regions_.size());
        for (std::uint32_t region = 0; region < as_it_is.size(); ++region) as_it_is[region] = region;
        return work(schedule_, num_places_) <= worthwhile * work(as_it_is, source_.num_qubits);
    }

    RewrittenProgram write() const {
        ProgramEditor editor(source_);
        std::vector<std::uint32_t> order;
        const auto place_of = [&](std::int32_t qubit) { return places_[static_cast<std::size_t>(qubit)]; };
        for (const std::uint32_t index : schedule_) {
            const Region& region = regions_[index];
            for (std::uint32_t i = region.begin; i < region.end; ++i) {
                editor.label(i);
                editor.add_renamed(i, place_of);
                order.push_back(i);
            }
            editor.label(region.end);
            editor.settle_targets();
            const auto* const measure = std::get_if<MeasureOperation>(&operations_[region.begin]);
            if (handed_on_[index] && measure != nullptr) {
                editor.add(ResetOperation{place_of(measure->qubit)}, source_.origins[region.begin]);
                order.push_back(Reordering::added);
            }
        }
        RewrittenProgram result = editor.finish(num_places_);
        result.reordering = std::make_shared<const Reordering>(Reordering{program_, std::move(order)});
        return result;
    }

 private:
    void find_ends() {
        ends_life_.resize(regions_.size());
        Index touched_later = 0;
        for (std::size_t index = regions_.size(); index-- > 0;) {
            const Region& region = regions_[index];
            const Operation& operation = operations_[region.begin];
            ends_life_[index] = region.end == region.begin + 1 && clears(operation) && !final_.is_final[region.begin] &&
                                (touched_later & region.touched) == 0;
            touched_later |= region.touched;
        }
    }

    void schedule() {
        std::vector<bool> taken(regions_.size());
        std::vector<std::uint32_t> stack, found;
        const auto take = [&](std::uint32_t region) {
            if (taken[region]) return;
            taken[region] = true;
            stack.push_back(region);
        };
        for (std::uint32_t index = 0; index < regions_.size(); ++index) {
            if (!ends_life_[index]) continue;
            found.clear();
            for (take(index); !stack.empty();) {
                const std::uint32_t next = stack.back();
                stack.pop_back();
                found.push_back(next);
                for (const std::uint32_t before : regions_[next].before) take(before);
            }
            std::ranges::sort(found);
            schedule_.insert(schedule_.end(), found.begin(), found.end());
        }
        for (std::uint32_t index = 0; index < regions_.size(); ++index) {
            if (!taken[index]) schedule_.push_back(index);
        }
    }

    void assign_places() {
        handed_on_.resize(regions_.size());
        std::array<std::uint32_t, 64> ended_by{};
        Index free = 0;  // places whose qubit's life has ended
        for (const std::uint32_t index : schedule_) {
            const Region& region = regions_[index];
            for (Index rest = region.touched; rest != 0; rest &= rest - 1) {
                std::int32_t& place = places_[static_cast<std::size_t>(std::countr_zero(rest))];
                if (place != no_place) continue;
                place = free != 0 ? std::countr_zero(free) : num_places_++;
                if ((free & bit(place)) != 0) handed_on_[ended_by[static_cast<std::size_t>(place)]] = true;
                free &= ~bit(place);
            }
            if (!ends_life_[index]) continue;
            const std::int32_t place = places_[static_cast<std::size_t>(std::countr_zero(region.touched))];
            free |= bit(place);
            ended_by[static_cast<std::size_t>(place)] = index;
        }
    }

    // Operations times trajectories times amplitudes, if every collapse parts trajectories as long as there are shots.
    double work(const std::vector<std::uint32_t>& order, int num_qubits) const {
        double total = 0;
        int collapses = 0;
        for (const std::uint32_t index : order) {
            const Region& region = regions_[index];
            total += std::ldexp(region.operations, std::min(collapses, max_doublings));
            collapses += region.collapses;
        }
        return std::ldexp(total, std::max(num_qubits, minimum_state_qubits));
    }

    const RewrittenProgram& source_;
    const Program& program_;
    std::span<const Operation> operations_;
    FinalReads final_;
    std::vector<Region> regions_;
    std::vector<std::uint32_t> schedule_;
    std::vector<bool> ends_life_;  // by region
    std::vector<bool> handed_on_;  // by region that ends a life: whether the place is taken again
    std::array<std::int32_t, 64> places_{};
    std::int32_t num_places_ = 0;
};

}  // namespace

RewrittenProgram reuse_qubits(const RewrittenProgram& source) {
    if (source.program.operations().size() > max_looked_at || !may_pay(source.program)) return source;
    const Reuser reuser(source);
    return reuser.pays() ? reuser.write() : source;
}

}  // namespace ketjet
