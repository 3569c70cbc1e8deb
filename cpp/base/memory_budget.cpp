// What a run holds is the greater of what it was promised and what it was granted. Free memory is what the system has
// left, and what runs have touched of their own, less what all others hold.
#include "base/memory_budget.hpp"

#include <pthread.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <mutex>
#include <numeric>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/machine.hpp"

namespace ketjet {

namespace {

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
constexpr std::int64_t min_step = 4 * mebibyte;
constexpr std::int64_t max_step = 256 * mebibyte;
constexpr std::int64_t unmeasured = 16 * mebibyte;  // looking at the system would take longer than a small run
constexpr std::int64_t margin = 64 * mebibyte;      // left to all others
constexpr std::int64_t boundless = std::numeric_limits<std::int64_t>::max() / 4;

// What is kept for other buffers, and so may be in RAM beside what runs hold.
std::int64_t kept_bytes(const BufferUsage& buffers) {
    return static_cast<std::int64_t>(buffers.pooled + buffers.offered);
}

std::string size_of(std::int64_t bytes) { return std::to_string((bytes + mebibyte - 1) / mebibyte) + " MiB"; }

// How the uses are called, and what takes less of them.
struct Use {
    const char* name;
    const char* remedy;
};
constexpr std::array<Use, memory_purposes> uses{{
    {"states", "use fewer qubits or precision='single'"},
    {"groups of shots", "ask for fewer shots, or for less that tells them apart"},
    {"outcomes", "ask for fewer shots or no list of them, or measure less"},
    {"saved data", "save less of each state, or at fewer places, or ask for fewer shots"},
    {"results of circuits before it", "run fewer circuits in one job"},
}};

}  // namespace

// The budgets of all runs of this process.
struct Ledger {
    std::mutex mutex;
    std::vector<const MemoryBudget*> budgets;
    std::int64_t resident_at_first = 0;  // of the process when its first run began

    static std::int64_t held_by(const MemoryBudget& budget) {
        return std::max(budget.promised_, budget.granted_.load(MemoryBudget::relaxed));
    }
    std::int64_t held_beside(const MemoryBudget* one) const {
        std::int64_t held = 0;
        for (const MemoryBudget* const budget : budgets) held += budget == one ? 0 : held_by(*budget);
        return held;
    }
    // What runs have been charged with that the system counts as taken.
    std::int64_t touched(const std::string& rule, const BufferUsage& buffers) const {
        std::int64_t used = 0;
        for (const MemoryBudget* const budget : budgets) used += std::max<std::int64_t>(budget->used(), 0);
        if (rule == "RLIMIT_AS") return used;  // which counts what is mapped
        return std::clamp<std::int64_t>(resident_bytes() - resident_at_first - kept_bytes(buffers), 0, used);
    }
    // What the runs of this process may hold together, by what the system has left.
    AvailableMemory all(const BufferUsage& buffers) const {
        AvailableMemory memory = available_memory(buffers);
        if (memory.bytes >= boundless) return {boundless, memory.rule};
        memory.bytes += touched(memory.rule, buffers);
        return memory;
    }

    static Ledger& instance() {
        static Ledger& made = *new Ledger;  // never destroyed: workers may end after the process has begun to
        return made;
    }
};

namespace {

// A forked child has none of the parent's runs.
const bool ledger_is_fresh_after_fork =
    pthread_atfork([] { Ledger::instance().mutex.lock(); }, [] { Ledger::instance().mutex.unlock(); },
                   [] {
                       Ledger::instance().budgets.clear();
                       Ledger::instance().mutex.unlock();
                   }) == 0;

}  // namespace

thread_local MemoryBudget* MemoryBudget::current_ = nullptr;

MemoryBudget::MemoryBudget(std::int64_t limit, std::int64_t promised, std::int64_t kept,
                           std::atomic<std::int64_t>& held)
    : limit_(limit),
      promised_(limit > 0 ? std::max(promised, std::min(promised + kept, limit)) : promised + kept),
      held_(held) {
    used_by(MemoryPurpose::results) = kept;
    Ledger& ledger = Ledger::instance();
    const std::lock_guard lock(ledger.mutex);
    if (ledger.resident_at_first == 0) ledger.resident_at_first = resident_bytes();
    ledger.budgets.push_back(this);
}

MemoryBudget::~MemoryBudget() {
    Ledger& ledger = Ledger::instance();
    const std::lock_guard lock(ledger.mutex);
    std::erase(ledger.budgets, this);
    held_.store(0, relaxed);
}

std::int64_t MemoryBudget::used() const {
    std::int64_t sum = 0;
    for (const auto& use : used_) sum += use.load(relaxed);
    return sum;
}

void MemoryBudget::charge(MemoryPurpose use, std::size_t bytes) {
    used_by(use).fetch_add(signed_size(bytes), relaxed);
    if (used() <= granted_.load(relaxed)) return;
    try {
        grow();
    } catch (...) {
        credit(use, bytes);
        throw;
    }
}

void MemoryBudget::grow() {
    try {
        grow_beside(buffer_usage());
    } catch (const MemoryLimitReached&) {
        if (buffer_usage().offered == 0) throw;
        empty_pool();  // what is offered may be all that lacks, or hide how much runs have touched
        grow_beside(buffer_usage());
    }
}

// The pool is not asked here, for that locks it and the ledger is locked.
void MemoryBudget::grow_beside(const BufferUsage& buffers) {
    bool crowded = false;
    {
        Ledger& ledger = Ledger::instance();
        const std::lock_guard lock(ledger.mutex);
        const std::int64_t needed = used();
        if (needed <= granted_.load(relaxed)) return;
        const std::int64_t others = ledger.held_beside(this);
        std::int64_t wanted = needed + std::clamp(needed / 8, min_step, max_step);
        if (needed <= promised_) wanted = std::min(wanted, promised_);
        const auto keep_below = [&](std::int64_t most, const std::string& rule, std::int64_t kept) {
            if (needed > most) throw MemoryLimitReached(refusal(needed, most, rule));
            wanted = std::min(wanted, most);
            crowded = crowded || wanted + kept > most;
        };
        if (limit_ > 0) keep_below(std::max(limit_ - others, promised_), "max_memory_mb", kept_bytes(buffers));
        if (wanted > std::max(promised_, unmeasured)) {
            const AvailableMemory memory = ledger.all(buffers);
            const bool counts_offered = memory.rule == "RLIMIT_AS";
            keep_below(std::max(memory.bytes - margin - others, promised_), memory.rule,
                       counts_offered ? kept_bytes(buffers) : static_cast<std::int64_t>(buffers.pooled));
        }
        granted_.store(wanted, relaxed);
        held_.store(wanted, relaxed);
    }
    if (crowded) empty_pool();
}

bool MemoryBudget::may_keep_warm(std::size_t bytes) const {
    return limit_ == 0 || granted_.load(relaxed) + kept_bytes(buffer_usage()) + signed_size(bytes) <= limit_;
}

std::int64_t MemoryBudget::ceiling() const {
    if (const std::int64_t known = ceiling_.load(relaxed); known != 0) return known;
    const BufferUsage buffers = buffer_usage();
    Ledger& ledger = Ledger::instance();
    const std::lock_guard lock(ledger.mutex);
    const std::int64_t others = ledger.held_beside(this);
    std::int64_t most = ledger.all(buffers).bytes - margin - others;
    if (limit_ > 0) most = std::min(most, limit_ - others);
    most = std::max({most, promised_, std::int64_t{1}});
    ceiling_.store(most, relaxed);
    return most;
}

std::string MemoryBudget::refusal(std::int64_t needed, std::int64_t most, const std::string& rule) const {
    std::array<std::size_t, memory_purposes> order{};
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, std::greater{}, [&](std::size_t use) { return used_[use].load(relaxed); });
    std::string parts;
    for (const std::size_t use : order) {
        const std::int64_t bytes = used_[use].load(relaxed);
        if (bytes < mebibyte) break;
        parts += (parts.empty() ? "" : ", ") + size_of(bytes) + " of " + uses[use].name;
    }
    return "the run needs " + size_of(needed) + (parts.empty() ? "" : " by now (" + parts + ")") +
           ", but may not hold more than " + size_of(most) + " (" + rule + "): " + uses[order.front()].remedy +
           (rule == "max_memory_mb" ? ", or raise max_memory_mb" : "");
}

}  // namespace ketjet
