// The way back through a plan: what a gradient needs behind a run. The sweeps are undone one after another, the last
// one first, on the final state and on what an observable makes of it; on the way the derivatives by all slots are
// read.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace ketjet {

struct Mirror {
    // Each does the adjoints of its operations in their order here. `hot` and `active` are those of the plan's sweep:
    // going back, the qubits outside `active` are |0> behind it, and nothing is written where they are 1.
    std::vector<Sweep> sweeps;
    bool to_zero;  // to |0...0>, else to a state that the program was given
};

// An operation of a program has no derivative, or comes behind a slot and cannot be undone.
struct NotDifferentiable : std::invalid_argument {
    NotDifferentiable(std::uint32_t index, const std::string& message)
        : std::invalid_argument(message), operation(index) {}
    std::uint32_t operation;  // its index in the program as it was given
};

// Of a plan that starts from |0...0> and folds nothing. Throws NotDifferentiable.
Mirror mirror_of(const Plan& plan);

// A plan for the way there and back, and the way back.
struct MirroredPlan {
    std::shared_ptr<const Plan> plan;
    Mirror mirror;
};
// Blocks of two states share what one has otherwise. Throws NotDifferentiable, and what plan() does.
MirroredPlan mirrored_plan(const Program& program, const Machine& machine, Precision precision, PlanOptions options);

// Predicted seconds of each sweep of the mirror on so many states.
std::vector<double> mirror_seconds(const MirroredPlan& mirrored, std::size_t states, int threads);

}  // namespace ketjet
