// An operation that cannot run blocks its qubits: entirely where it acts non-diagonally, for non-diagonal action only
// where it is diagonal. One scan with two masks tells what can run; every choice is judged by such scans.
#include "plan/stager.hpp"

#include <algorithm>
#include <bit>

#include "plan/arrange.hpp"

namespace ketjet {

Stager::Stager(const Program& program, const PlanOptions& options, const BlockShape& shape, int state_qubits,
               Index active, std::vector<Stage>& stages)
    : program_(program),
      options_(options),
      shape_(shape),
      state_qubits_(state_qubits),
      stages_(stages),
      active_(active),
      budget_(options.search ? search_operations : 0) {}

void Stager::add(std::uint32_t index, const Roles& roles) {
    const auto weight = static_cast<float>(staging_weight(program_, program_.operations()[index]));
    pending_.push_back({index, weight, roles.local, roles.diagonal});
}

void Stager::flush() {
    while (first_ < pending_.size()) stages_.emplace_back(next_sweep());
    pending_.clear();
    first_ = 0;
    if (active_ != low_bits(state_qubits_)) stages_.emplace_back(Extend{active_});
    active_ = low_bits(state_qubits_);
}

Sweep Stager::next_sweep() {
    Index hot = exchange_qubits(choose_hot());
    Sweep sweep;
    take_operations(hot, sweep);
    for (int qubit = 0; qubit < state_qubits_ && count_bits(hot) < shape_.block_qubits; ++qubit) {
        hot |= active_ & bit(qubit);
    }
    sweep.active = active_;
    active_ |= hot;
    for (int qubit = 0; qubit < state_qubits_; ++qubit) {
        if (hot & bit(qubit)) sweep.hot.push_back(qubit);
    }
    arrange_passes(program_, options_, sweep);
    return sweep;
}

double Stager::work_with(Index hot, std::vector<Index>* missing) {
    const Index all = low_bits(state_qubits_);
    const std::size_t end = std::min(pending_.size(), first_ + static_cast<std::size_t>(shape_.operations_per_sweep));
    Index blocked = 0, blocked_local = 0;
    double work = 0;
    std::size_t i = first_;
    for (; i < end && blocked != all; ++i) {
        const Pending& operation = pending_[i];
        const bool free =
            (blocked & (operation.local | operation.diagonal)) == 0 && (blocked_local & operation.local) == 0;
        const Index lacks = operation.local & ~hot;
        if (free && lacks == 0) {
            work += operation.weight;
            continue;
        }
        if (free && missing != nullptr && std::ranges::find(*missing, lacks) == missing->end()) {
            missing->push_back(lacks);
        }
        blocked |= operation.local;
        blocked_local |= operation.diagonal;
    }
    budget_ -= static_cast<std::int64_t>(i - first_);
    return work;
}

Index Stager::choose_hot() {
    Index hot = low_bits(shape_.run_qubits);
    std::vector<Index> missing;
    for (;;) {
        missing.clear();
        const double work = work_with(hot, &missing);
        std::erase_if(missing, [&](Index lacks) { return count_bits(hot | lacks) > shape_.block_qubits; });
        if (missing.empty()) {
            // An operation wider than a block gets a sweep of its own.
            return work > 0 || first_ == pending_.size() ? hot : hot | pending_[first_].local;
        }
        Index best = missing.front();
        double best_gain = -1;
        for (const Index lacks : missing) {
            if (missing.size() == 1 || budget_ <= 0) break;
            const double fresh = count_bits(lacks & ~active_);
            const double gain =
                (work_with(hot | lacks, nullptr) - work) / (count_bits(lacks) + shape_.fresh_qubit_penalty * fresh);
            if (gain > best_gain) {
                best = lacks;
                best_gain = gain;
            }
        }
        hot |= best;
    }
}

// Exchanges a hot qubit above the run for a cold one while more work can be done.
Index Stager::exchange_qubits(Index hot) {
    const Index movable = hot & ~low_bits(shape_.run_qubits);
    if (budget_ <= 0 || count_bits(hot) > shape_.block_qubits) return hot;
    std::vector<Index> missing;
    double work = work_with(hot, &missing);
    Index wanted = 0;
    for (const Index lacks : missing) wanted |= lacks;
    for (Index in = wanted; in != 0; in &= in - 1) {
        for (Index out = movable & hot; out != 0 && budget_ > 0; out &= out - 1) {
            const Index changed = (hot & ~bit(std::countr_zero(out))) | bit(std::countr_zero(in));
            const double changed_work = work_with(changed, nullptr);
            if (changed_work <= work) continue;
            hot = changed;
            work = changed_work;
            break;
        }
    }
    return hot;
}

void Stager::take_operations(Index hot, Sweep& sweep) {
    const Index all = low_bits(state_qubits_);
    Index blocked = 0, blocked_local = 0;
    std::vector<Pending> left_behind;
    std::size_t i = first_;
    for (; i < pending_.size() && blocked != all; ++i) {
        if (static_cast<int>(sweep.operations.size()) == shape_.operations_per_sweep) break;
        const Pending& operation = pending_[i];
        const auto [local, diagonal] = Roles{operation.local, operation.diagonal};
        const bool free = (blocked & (local | diagonal)) == 0 && (blocked_local & local) == 0;
        if (free && (local & ~hot) == 0) {
            sweep.operations.push_back(operation.index);
        } else {
            blocked |= local;
            blocked_local |= diagonal;
            left_behind.push_back(operation);
        }
    }
    first_ = i - left_behind.size();
    std::ranges::copy(left_behind, pending_.begin() + static_cast<std::ptrdiff_t>(first_));
}

}  // namespace ketjet
