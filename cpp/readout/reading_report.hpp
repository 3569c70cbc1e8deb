// What is told of how a run of a plan reads observables: in its sweeps, or in sweeps that only read.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "plan/plan.hpp"
#include "program/observable_set.hpp"

namespace ketjet {

// Strings that one sweep reads. A sweep that only reads takes pairs of blocks that differ in the qubits `paired`.
struct ReadPartReport {
    std::vector<int> hot;
    std::vector<int> paired;
    std::size_t strings = 0;
    std::size_t flips = 0;  // how many different sets of qubits these flip
    double seconds = 0;     // predicted, beside the sweep's own work
};

// Strings that a sweep of the plan reads before it writes.
struct StageReadReport {
    std::size_t stage;
    ReadPartReport part;
};

struct ReadingReport {
    std::optional<std::size_t> last;  // stage of the last sweep, if it can read
    std::vector<StageReadReport> stages;
    std::vector<ReadPartReport> sweeps;
};

// Of a plan whose shots all end in one state, on so many threads.
ReadingReport reading_report(const Plan& plan, const ObservableSet& observables, int threads);

}  // namespace ketjet
