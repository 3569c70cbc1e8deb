// Pauli strings that the sweeps of a run read from their blocks, while these are in cache: nobody then has to read the
// state once more for them, and the last sweep need not even write it if nothing else is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "base/exact_sum.hpp"
#include "emit/emit_sweep.hpp"
#include "plan/plan.hpp"
#include "plan/reading_places.hpp"

namespace ketjet {

class SweepReadings {
 public:
    SweepReadings(const Plan& plan, std::vector<PauliString> strings);

    std::span<const PauliString> strings() const { return strings_; }
    bool reads(std::size_t stage) const { return !read_by(stage).empty(); }
    // What a sweep reads.
    SweepReading reading(std::size_t stage) const { return {strings_, read_by(stage), Bra::same_block}; }
    // Whether a sweep reads all that the ones before it have not.
    bool is_last(std::size_t stage) const {
        return places_.left.empty() && !places_.sweeps.empty() && places_.sweeps.back().stage == stage;
    }
    // Whether a sweep's blocks are written to memory.
    bool writes(std::size_t stage) const { return writes_ || !is_last(stage); }
    // From now on those of the last sweep are not; it is the last stage.
    void leave_unwritten() { writes_ = false; }

    // Takes what some blocks of a sweep have given, by one thread; zeros are left.
    void take(std::size_t stage, std::span<ExactSum> sums);

    // Strings that are still to be read.
    std::span<const std::uint32_t> left() const { return places_.left; }
    // One for each string.
    std::span<ExactSum> sums() { return sums_; }

 private:
    std::span<const std::uint32_t> read_by(std::size_t stage) const;

    std::vector<PauliString> strings_;
    ReadingPlaces places_;
    bool writes_ = true;
    std::mutex mutex_;
    std::vector<ExactSum> sums_;
};

}  // namespace ketjet
