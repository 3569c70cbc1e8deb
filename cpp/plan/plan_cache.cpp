// A short list, the plan used last in front. Hashes find a plan, and structures are compared before it is believed.
#include "plan/plan_cache.hpp"

#include <chrono>
#include <list>
#include <mutex>

#include "base/fork.hpp"

namespace ketjet {

namespace {

constexpr std::size_t max_plans = 64;
constexpr std::size_t max_operations = 1'000'000;  // of all plans together, about 100 MB

struct Entry {
    Program program;
    Machine machine;
    PlanRequest request;
    std::shared_ptr<const Plan> plan;
};

class PlanCache {
 public:
    std::shared_ptr<const Plan> find(const Program& program, const Machine& machine, const PlanRequest& request) {
        const std::lock_guard lock(mutex_);
        for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
            if (entry->request == request && entry->machine == machine && entry->program.same_structure(program)) {
                entries_.splice(entries_.begin(), entries_, entry);
                return entry->plan;
            }
        }
        return nullptr;
    }

    void keep(Entry entry) {
        const std::size_t operations = entry.program.operations().size();
        if (operations > max_operations) return;
        const std::lock_guard lock(mutex_);
        operations_ += operations;
        entries_.push_front(std::move(entry));
        while (entries_.size() > max_plans || operations_ > max_operations) {
            operations_ -= entries_.back().program.operations().size();
            entries_.pop_back();
        }
    }

    std::mutex& mutex() { return mutex_; }

 private:
    std::mutex mutex_;
    std::list<Entry> entries_;
    std::size_t operations_ = 0;
};

// Never destroyed: worker threads may look for plans while the process ends.
PlanCache& cache() {
    static PlanCache& instance = *new PlanCache;
    return instance;
}

std::mutex& cache_mutex() { return cache().mutex(); }
const bool cache_is_held_across_fork = hold_across_fork<cache_mutex>();

}  // namespace

std::shared_ptr<const Plan> cached_plan(const Program& program, const Machine& machine, const PlanRequest& request) {
    if (auto found = cache().find(program, machine, request)) return found;
    const auto start = std::chrono::steady_clock::now();
    Plan fresh = plan(program, machine, request);
    fresh.planning_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto made = std::make_shared<const Plan>(std::move(fresh));
    cache().keep({program, machine, request, made});
    return made;
}

}  // namespace ketjet
