// Straight runs on few qubits, the final states of which are made side by side (batch/batch_run.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "batch/batch_block.hpp"
#include "batch/batch_readings.hpp"
#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "readout/bit_mover.hpp"
#include "readout/run_request.hpp"
#include "run/run_result.hpp"

namespace ketjet {

// Whether runs of a plan are made so, all or none: what one gives does not depend on others.
bool runs_in_batches(const Plan& plan, const RunRequest& request);

template <class T>
class BatchRuns {
 public:
    // For all these slots of the program, those of one run after another; `runs` is at least 1. What all have in common
    // is run at once.
    BatchRuns(const Plan& plan, const RunRequest& request, std::span<const double> slots, std::size_t runs,
              const RunContext& context);

    // How many are made at a time, at most.
    std::size_t at_once() const { return block_.points(); }
    // Makes the final states of runs [begin, end), and tells the context's observers of all stages of each.
    void make(std::size_t begin, std::size_t end, const RunContext& context);
    // What the k-th of these gives. The request is as the first one, but for its key.
    RunResult<T> read(std::size_t k, const RunRequest& request, const BitMover& final_bits, const RunContext& context);

 private:
    const Plan& plan_;
    std::span<const double> slots_;
    BatchBlock<T> block_;
    std::optional<BatchBlock<T>> common_;       // the state behind what all runs have in common
    std::size_t first_operation_ = 0;           // that comes then
    std::optional<BatchReadings<T>> readings_;  // of the readouts' strings
    bool needs_states_;
};

}  // namespace ketjet
