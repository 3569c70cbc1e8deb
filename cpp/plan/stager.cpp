// An operation that cannot run blocks its qubits: entirely where it acts non-diagonally, for non-diagonal action only
// where it is diagonal. One scan with two masks tells what can run; every choice is judged by such scans.
#include "plan/stager.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "plan/arrange.hpp"
#include "plan/search_limits.hpp"
#include "program/roles.hpp"

namespace ketjet {

Stager::Stager(std::span<const OperationFacts> facts, Index active, double max_seconds, Plan& plan)
    : facts_(facts),
      active_(active),
      max_seconds_(max_seconds),
      plan_(plan),
      budget_(plan.request.options.search ? search_operations : 0) {}

void Stager::add(std::uint32_t index) {
    const OperationFacts& facts = facts_[index];
    if (folded_ != 0 && facts.touched() == 0) return unfolding_.push_back(index);
    pending_.push_back({index, static_cast<float>(staging_weight(facts, plan_.shape)), facts.local, facts.diagonal});
    touched_ |= facts.touched() != 0 ? facts.touched() : low_bits(plan_.state_qubits);
}

void Stager::exchange(std::uint32_t begin, std::vector<SwappedQubits> swaps) {
    end();
    Exchange exchange{begin, std::move(swaps), active_};
    active_ = exchange.active_after();
    append(std::move(exchange));
}

void Stager::append(Stage stage) {
    seconds_ += stage_cost(plan_, stage, 1).seconds;
    plan_.stages.push_back(std::move(stage));
}

void Stager::cut() {
    while (first_ < pending_.size() && !given_up()) append(next_sweep());
    pending_.clear();
    first_ = 0;
    touched_ = 0;
}

// Where nothing touches the qubit, it stays |0> without a sweep that unfolds.
void Stager::unfold() {
    if (folded_ == 0) return;
    cut();
    folded_ = 0;
    for (const std::uint32_t index : std::exchange(unfolding_, {})) add(index);
}

void Stager::end() {
    unfold();
    cut();
}

void Stager::flush() {
    end();
    const Index all = low_bits(plan_.state_qubits);
    if (active_ != all) append(Extend{active_});
    active_ = all;
}

Sweep Stager::next_sweep() {
    Index hot = exchange_qubits(choose_hot());
    Sweep sweep;
    take_operations(hot, sweep);
    for (int qubit = 0; qubit < plan_.local_qubits() && count_bits(hot) < plan_.shape.block_qubits; ++qubit) {
        hot |= active_ & bit(qubit);
    }
    sweep.active = active_;
    for (Index rest = hot; rest != 0; rest &= rest - 1) sweep.hot.push_back(std::countr_zero(rest));
    if (folded_ != 0) {
        sweep.folded = std::countr_zero(folded_);
        sweep.unfolds = first_ == pending_.size();
        if (sweep.unfolds) sweep.operations.insert(sweep.operations.end(), unfolding_.begin(), unfolding_.end());
        if (sweep.unfolds) unfolding_.clear();
    }
    active_ = sweep.active_after();
    arrange_passes(facts_, plan_.request.options, sweep);
    return sweep;
}

std::size_t Stager::scan_end() const {
    return std::min(pending_.size(), first_ + static_cast<std::size_t>(plan_.shape.operations_per_sweep));
}

// Without branches on what is free, which no branch predictor could tell.
double Stager::work_from(const Lack& begin, Index hot) {
    const std::size_t end = scan_end();
    const Index cold = ~(hot | folded_);
    auto [qubits, i, blocked, blocked_local, work] = begin;
    for (; i < end && blocked != touched_; ++i) {
        const Pending& operation = pending_[i];
        const Index obstacles =
            (blocked & (operation.local | operation.diagonal)) | ((blocked_local | cold) & operation.local);
        const Index stays = obstacles != 0 ? ~Index{0} : 0;
        work += obstacles != 0 ? 0.0 : static_cast<double>(operation.weight);
        blocked |= operation.local & stays;
        blocked_local |= operation.diagonal & stays;
    }
    budget_ -= static_cast<std::int64_t>(i - begin.first);
    return work;
}

double Stager::look_around(Index hot) {
    const std::size_t end = scan_end();
    lacks_.clear();
    Index blocked = 0, blocked_local = 0;
    double work = 0;
    std::size_t i = first_;
    for (; i < end && blocked != touched_; ++i) {
        const Pending& operation = pending_[i];
        const bool free =
            (blocked & (operation.local | operation.diagonal)) == 0 && (blocked_local & operation.local) == 0;
        const Index lacks = operation.local & ~(hot | folded_);
        if (free && lacks == 0) {
            work += operation.weight;
            continue;
        }
        if (free) note_lack({lacks, i, blocked, blocked_local, work});
        blocked |= operation.local;
        blocked_local |= operation.diagonal;
    }
    budget_ -= static_cast<std::int64_t>(i - first_);
    return work;
}

// The first operation that misses no more may be an earlier one, which lacks a part of the same qubits.
void Stager::note_lack(const Lack& lack) {
    if (std::ranges::find(lacks_, lack.qubits, &Lack::qubits) != lacks_.end()) return;
    const auto part = std::ranges::find_if(lacks_, [&](const Lack& l) { return (l.qubits & ~lack.qubits) == 0; });
    Lack noted = part == lacks_.end() ? lack : *part;
    noted.qubits = lack.qubits;
    lacks_.push_back(noted);
}

Index Stager::choose_hot() {
    const BlockShape& shape = plan_.shape;
    Index hot = low_bits(shape.run_qubits);
    for (;;) {
        const double work = look_around(hot);
        std::erase_if(lacks_, [&](const Lack& lack) { return count_bits(hot | lack.qubits) > shape.block_qubits; });
        if (lacks_.empty()) {
            // An operation wider than a block gets a sweep of its own.
            return work > 0 || first_ == pending_.size() ? hot : hot | (pending_[first_].local & ~folded_);
        }
        Index best = lacks_.front().qubits;
        double best_gain = -1;
        for (const Lack& lack : lacks_) {
            if (lacks_.size() == 1 || budget_ <= 0) break;
            const double fresh = count_bits(lack.qubits & ~active_);
            const double gain = (work_from(lack, hot | lack.qubits) - work) /
                                (count_bits(lack.qubits) + shape.fresh_qubit_penalty * fresh);
            if (gain > best_gain) {
                best = lack.qubits;
                best_gain = gain;
            }
        }
        hot |= best;
    }
}

// Exchanges a hot qubit above the run for a cold one while more work can be done. What a further hot qubit allows
// without giving up another one bounds what an exchange can bring.
Index Stager::exchange_qubits(Index hot) {
    const Index movable = hot & ~low_bits(plan_.shape.run_qubits);
    if (budget_ <= 0 || count_bits(hot) > plan_.shape.block_qubits) return hot;
    double work = look_around(hot);
    Index wanted = 0;
    for (const Lack& lack : lacks_) wanted |= lack.qubits;
    for (Index in = wanted; in != 0; in &= in - 1) {
        const Index added = bit(std::countr_zero(in));
        if (work_with(hot | added) <= work) continue;
        for (Index out = movable & hot; out != 0 && budget_ > 0; out &= out - 1) {
            const Index changed = (hot & ~bit(std::countr_zero(out))) | added;
            const double changed_work = work_with(changed);
            if (changed_work <= work) continue;
            hot = changed;
            work = changed_work;
            break;
        }
    }
    return hot;
}

void Stager::take_operations(Index hot, Sweep& sweep) {
    Index blocked = 0, blocked_local = 0;
    left_behind_.clear();
    std::size_t i = first_;
    for (; i < pending_.size() && blocked != touched_; ++i) {
        if (static_cast<int>(sweep.operations.size()) == plan_.shape.operations_per_sweep) break;
        const Pending& operation = pending_[i];
        const auto [local, diagonal] = Roles{operation.local, operation.diagonal};
        const bool free = (blocked & (local | diagonal)) == 0 && (blocked_local & local) == 0;
        if (free && (local & ~(hot | folded_)) == 0) {
            sweep.operations.push_back(operation.index);
        } else {
            blocked |= local;
            blocked_local |= diagonal;
            left_behind_.push_back(operation);
        }
    }
    first_ = i - left_behind_.size();
    std::ranges::copy(left_behind_, pending_.begin() + static_cast<std::ptrdiff_t>(first_));
}

}  // namespace ketjet
