#include "shots/tree_limits.hpp"

#include <algorithm>
#include <limits>

#include "plan/cost.hpp"
#include "plan/resources.hpp"
#include "readout/run_request.hpp"
#include "shots/tuning.hpp"

namespace ketjet {

TreeLimits::TreeLimits(const Plan& plan, const RunRequest& request, int threads) {
    const std::int64_t shots = request.weight().shots;
    const std::int64_t useful = useful_states(plan, shots > 0 ? shots : std::numeric_limits<std::int64_t>::max());
    const std::int64_t bytes = state_bytes(plan.state_qubits, plan.request.precision);
    const std::int64_t max_small = small_states_bytes / bytes;
    const MemoryBudget* const memory = MemoryBudget::current();

    unites_ = shots > max_single_shots;
    holds_all_ = bytes <= request.small_state_bytes;
    if (holds_all_ && !unites_ && memory != nullptr) {
        const std::int64_t all = std::min(useful, max_small) * bytes;
        holds_all_ = all <= unwatched_bytes / 8 || 2 * all <= memory->ceiling();
    }
    max_states_ = std::max(request.max_states, holds_all_ ? max_small : least_states(plan, shots));
    members_ = plan.state_qubits > shots_in_parallel_qubits
                   ? 1
                   : static_cast<int>(std::clamp<std::int64_t>(max_states_ / 2, 1, threads));
    std::int64_t in_breadth = holds_all_ || unites_ ? useful : request.max_states;
    if (holds_all_) in_breadth = std::min(in_breadth, max_small);
    max_waiting_ = std::max<std::int64_t>(in_breadth / 2, 1);
}

bool StateBudget::take() {
    if (!has_room_for(state_bytes_)) return false;
    if (left_.fetch_sub(1) > reserve_) return true;
    left_.fetch_add(1);
    return false;
}

bool StateBudget::has_room_for(std::int64_t bytes) const {
    if (memory_ == nullptr) return true;
    const std::int64_t states = memory_->used(MemoryPurpose::states) + bytes;
    const std::int64_t rest = memory_->used() + bytes - states;
    if (states + 3 * rest <= unwatched_bytes) return true;
    const std::int64_t most = memory_->ceiling();
    return states <= most / 4 || states + 3 * rest <= most;  // giving up few of them would not help
}

}  // namespace ketjet
