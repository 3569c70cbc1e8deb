// Pauli strings that a run reads for its end: from the blocks of its sweeps, while these are in cache, and what these
// cannot read from the state at last. The last sweep need not even write the state if nothing else is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "base/exact_sum.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "plan/reading_places.hpp"
#include "plan/reading_plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

class SweepReadings {
 public:
    // With the squared norm, that is read too if the last sweep can do it.
    SweepReadings(const Plan& plan, std::vector<PauliString> strings, bool with_norm = false);

    std::span<const PauliString> strings() const { return strings_; }
    bool reads(std::size_t stage) const { return !read_by(stage).empty(); }
    // What a sweep reads.
    SweepReading reading(std::size_t stage) const { return {strings_, read_by(stage), Bra::same_block}; }
    // Whether a sweep reads all that the ones before it have not.
    bool is_last(std::size_t stage) const {
        return sweeps_.empty() && !places_.sweeps.empty() && places_.sweeps.back().stage == stage;
    }
    // Whether a sweep's blocks are written to memory.
    bool writes(std::size_t stage) const { return writes_ || !is_last(stage); }
    // From now on those of the last sweep are not; it is the last stage.
    void leave_unwritten() { writes_ = false; }

    // Adds the nanoseconds that reading is predicted to take to those of each stage, and returns those that come after
    // all stages; all of them are counted as progress from now on. None if reading takes too little.
    std::int64_t add_work(const Plan& plan, int threads, std::span<std::int64_t> stage_work);

    // Takes what some blocks of a sweep have given, by one thread; zeros are left.
    void take(std::size_t stage, std::span<ExactSum> sums);
    // Reads what no sweep has read of the state that they have left; it is written out.
    template <class T>
    void read_rest(const StateVector<T>& state, const RunContext& context);

    // One for each string, the norm's last.
    std::span<const ExactSum> sums() const { return sums_; }
    // Begins anew, for another run of the plan; or where one has been that had found these sums.
    void clear() { sums_.assign(strings_.size(), {}); }
    void go_on_from(std::span<const ExactSum> sums) { sums_.assign(sums.begin(), sums.end()); }

 private:
    std::span<const std::uint32_t> read_by(std::size_t stage) const;

    std::vector<PauliString> strings_;
    ReadingPlaces places_;
    std::vector<ReadSweep> sweeps_;  // for what is left
    std::vector<std::int64_t> work_;
    bool writes_ = true;
    std::mutex mutex_;
    std::vector<ExactSum> sums_;
};

}  // namespace ketjet
