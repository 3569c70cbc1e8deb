// What is wanted of a run, and what it may take.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "readout/readout.hpp"
#include "readout/weight.hpp"

namespace ketjet {

// How far a run checks itself.
enum class Verify : std::uint8_t {
    off,
    fast,  // order of operations, matrices and their decompositions, and the norm after every stage
    full,  // beside that, every sweep on one block in full, and the final state of a narrow program
};

struct RunRequest {
    std::int64_t shots = 0;           // 0: only the final state is wanted
    PhiloxKey key{};                  // of this seed and program
    bool list_shots = false;          // also the outcome of every shot, in order
    bool keep_state = false;          // hand back the final state (of the last shot, where they differ)
    std::vector<Readout> readouts{};  // of the final states of all shots
    Verify verify = Verify::off;
    bool exact = false;           // the probabilities of all outcomes instead of samples: weights are divided as such
    double floor = 0;             // exact: what is less probable is dropped on the way
    std::int64_t max_states = 2;  // that a tree of trajectories holds at a time
    std::int64_t small_state_bytes = std::int64_t{1} << 16;  // states up to this size are held beside those
    std::int64_t max_iterations = 0;                         // of all loops of one shot together; 0: any number
    double time_limit = 0;                                   // seconds; 0: none
    std::int64_t memory_limit = 0;                           // MemoryBudget's
    std::int64_t promised_bytes = 0;                         // MemoryBudget's
    std::int64_t kept_bytes = 0;                             // by results that the limit holds for too
    bool time_passes = false;                                // measure each, which takes some percent longer

    // Of all shots together.
    Weight weight() const { return exact ? Weight{0, 1} : Weight{std::max<std::int64_t>(shots, 1), 0}; }
};

}  // namespace ketjet
