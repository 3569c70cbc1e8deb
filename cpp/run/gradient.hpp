// Expectation values of observables in the final state of a program, and their derivatives by all its slots.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "exec/run_context.hpp"
#include "plan/mirror.hpp"
#include "program/observable_set.hpp"

namespace ketjet {

struct GradientRequest {
    std::shared_ptr<const ObservableSet> observables{};
    std::vector<double> weights{};  // if there are any: of the observables, for the gradient of their weighted sum
    std::optional<std::vector<std::uint32_t>> slots{};  // to differentiate by; by all if it is empty
    int max_states = 2;     // to hold at a time: the more, the fewer times the program is run
    double time_limit = 0;  // as in RunRequest, like those that follow
    std::int64_t memory_limit = 0;
    std::int64_t promised_bytes = 0;
    std::int64_t kept_bytes = 0;
};

struct GradientResult {
    std::vector<double> values;       // of the observables
    std::size_t rows = 0;             // of the derivatives: one for each observable, or one in all
    std::vector<double> derivatives;  // by row, then by slot; 0 by those that nobody wants
    // The distance from 1 of the amplitude of |0...0> after the way back, where that leads there: the engine's own
    // measure of its errors.
    std::optional<double> adjoint_residual;
};

// With the slots of `program`, which has the structure that the plan was made for. Throws Cancelled.
template <class T>
GradientResult gradient(const MirroredPlan& mirrored, const Program& program, const GradientRequest& request,
                        const RunContext& context);

}  // namespace ketjet
