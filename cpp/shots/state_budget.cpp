#include "shots/state_budget.hpp"

#include "shots/tuning.hpp"

namespace ketjet {

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
    const std::int64_t ceiling = memory_->ceiling();
    return states <= ceiling / 4 || states + 3 * rest <= ceiling;  // giving up few of them would not help
}

}  // namespace ketjet
