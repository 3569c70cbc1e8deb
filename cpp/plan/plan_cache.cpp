// A list, the plan used last in front. Hashes find a plan in it, and structures are compared before it is believed.
#include "plan/plan_cache.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

#include "base/fork.hpp"

namespace ketjet {

namespace {

constexpr std::size_t max_plans = 1024;
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
        const auto [begin, end] = by_structure_.equal_range(program.structure_hash());
        for (auto found = begin; found != end; ++found) {
            const auto entry = found->second;
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
        entries_.push_front(std::move(entry));
        try {
            by_structure_.emplace(entries_.front().program.structure_hash(), entries_.begin());
        } catch (...) {
            entries_.pop_front();
            throw;
        }
        operations_ += operations;
        while (entries_.size() > max_plans || operations_ > max_operations) drop_last();
    }

    std::mutex& mutex() { return mutex_; }

 private:
    using Entries = std::list<Entry>;

    void drop_last() {
        const Program& program = entries_.back().program;
        operations_ -= program.operations().size();
        const auto [begin, end] = by_structure_.equal_range(program.structure_hash());
        by_structure_.erase(
            std::find_if(begin, end, [&](const auto& found) { return &*found.second == &entries_.back(); }));
        entries_.pop_back();
    }

    std::mutex mutex_;
    Entries entries_;
    std::unordered_multimap<std::uint64_t, Entries::iterator> by_structure_;
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
