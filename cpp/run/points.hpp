// Points: one plan run with many sets of angles, one after another. What is drawn or read of a point is what a run of
// its own would give; only what surrounds a run is set up once for all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/charged.hpp"
#include "base/rng.hpp"
#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "readout/run_request.hpp"

namespace ketjet {

struct Points {
    std::span<const double> slots;      // of the program, one point after another
    std::span<const PhiloxKey> keys{};  // one for each, if anything is drawn
    std::size_t count = 0;
};

struct PointsResult {
    int words = 1;
    std::vector<std::int64_t> begins{0};  // by point, and one more: where its outcomes are in the table
    OutcomesVector<std::uint64_t> keys;   // words per outcome, ascending by value within a point
    OutcomesVector<std::int64_t> counts;
    OutcomesVector<std::uint64_t> shots;        // words per shot, if asked for
    std::vector<SavesVector<double>> readouts;  // for each that was asked for, the numbers of all points
    std::vector<double> norm_errors;            // of each point, as RunResult's
    double sample_seconds = 0;
    std::vector<double> stage_seconds;  // per stage of the plan, summed over points
};

// Whether a request can be run so: the plan's shots are samples of one final state, of which no more is wanted than
// shots and readouts, and nothing is checked or measured on the way.
bool can_run_points(const Plan& plan, const RunRequest& request);

// `request` holds for each of the points, its time limit too, but for the key. Throws std::invalid_argument if it
// cannot be run so or something does not fit the number of points; else as run().
template <class T>
PointsResult run_points(const std::shared_ptr<const Plan>& plan, const Points& points, const RunRequest& request,
                        const RunContext& given);

}  // namespace ketjet
