// Pauli strings that the last sweep of a plan reads from its blocks, while these are in cache: nobody then has to read
// the state once more for them, and the sweep need not even write it if nothing else is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/exact_sum.hpp"
#include "emit/emit_sweep.hpp"
#include "plan/plan.hpp"

namespace ketjet {

class SweepReadings {
 public:
    // Of these strings, the last sweep reads those that flip none of its cold qubits, if it leaves amplitudes as they
    // are: it is not folded, and nothing but zeros is written after it.
    SweepReadings(const Plan& plan, std::vector<PauliString> strings);

    // The stage of that sweep, if there is one.
    std::optional<std::size_t> stage() const { return stage_; }
    // What it reads.
    SweepReading reading() const { return {strings_, read_, Bra::same_block}; }
    bool reads_all() const { return left_.empty(); }
    // Whether its blocks are written to memory.
    bool writes() const { return writes_; }
    // From now on they are not; it reads all strings, and is the last stage.
    void leave_unwritten() { writes_ = false; }

    // What some blocks have given, by one thread.
    void add(std::span<const ExactSum> sums);

    std::span<const PauliString> strings() const { return strings_; }
    // Those that are still to be read.
    std::span<const std::uint32_t> left() const { return left_; }
    // One for each string.
    std::span<ExactSum> sums() { return sums_; }

 private:
    std::vector<PauliString> strings_;
    std::optional<std::size_t> stage_;
    std::vector<std::uint32_t> read_;
    std::vector<std::uint32_t> left_;
    bool writes_ = true;
    std::mutex mutex_;
    std::vector<ExactSum> sums_;
};

}  // namespace ketjet
