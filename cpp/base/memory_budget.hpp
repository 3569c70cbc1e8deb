// What one run may take of this computer's memory. Whatever grows with its shots, outcomes, branches or saves is
// charged to the budget of the run that the thread works for (base/charged.hpp, AlignedBuffer). A budget grows in
// steps; a step beyond what the run was admitted with is taken only if the memory is there and has not been promised to
// another run.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

#include "base/machine.hpp"

namespace ketjet {

enum class MemoryPurpose : std::uint8_t {
    states,    // amplitudes
    shots,     // classical memory and ways of groups of shots
    outcomes,  // tables of outcomes and lists of shots
    saves,     // what save instructions have recorded
    results    // of runs before it
};
inline constexpr std::size_t memory_purposes = 5;

// A run would need more memory than it may take.
struct MemoryLimitReached : std::bad_alloc {
    explicit MemoryLimitReached(const std::string& message) : message_(message) {}
    const char* what() const noexcept override { return message_.what(); }

 private:
    std::runtime_error message_;  // copies without allocating
};

class MemoryBudget {
 public:
    // `limit` is the most that the runs of this process may hold together when this one grows, and the results that it
    // counts with, which take `kept`; 0 for what there is. It may always hold what it was promised. What it holds is
    // written to `held`.
    MemoryBudget(std::int64_t limit, std::int64_t promised, std::int64_t kept, std::atomic<std::int64_t>& held);
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;
    ~MemoryBudget();

    // Throws MemoryLimitReached.
    void charge(MemoryPurpose use, std::size_t bytes);
    void credit(MemoryPurpose use, std::size_t bytes) noexcept { used_by(use).fetch_sub(signed_size(bytes), relaxed); }

    std::int64_t used() const;
    std::int64_t used(MemoryPurpose use) const { return used_[static_cast<std::size_t>(use)].load(relaxed); }

    // The most that this run could hold when it was first asked for.
    std::int64_t ceiling() const;

    // Whether a buffer that the run gives back may be kept warm beside what it holds.
    bool may_keep_warm(std::size_t bytes) const;

    // That of the run which this thread works for; null if there is none.
    static MemoryBudget* current() { return current_; }

    // Makes a budget the current one of this thread.
    class Scope {
     public:
        explicit Scope(MemoryBudget* budget) : outer_(current_) { current_ = budget; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() { current_ = outer_; }

     private:
        MemoryBudget* outer_;
    };

 private:
    friend struct Ledger;
    static constexpr auto relaxed = std::memory_order_relaxed;
    static std::int64_t signed_size(std::size_t bytes) { return static_cast<std::int64_t>(bytes); }

    std::atomic<std::int64_t>& used_by(MemoryPurpose use) { return used_[static_cast<std::size_t>(use)]; }
    void grow();
    void grow_beside(const BufferUsage& buffers);
    std::string refusal(std::int64_t needed, std::int64_t most, const std::string& rule) const;

    static thread_local MemoryBudget* current_;

    const std::int64_t limit_, promised_;
    std::atomic<std::int64_t>& held_;
    std::atomic<std::int64_t> granted_{0};          // what may be used without asking
    mutable std::atomic<std::int64_t> ceiling_{0};  // 0: not known yet
    std::array<std::atomic<std::int64_t>, memory_purposes> used_{};
};

}  // namespace ketjet
