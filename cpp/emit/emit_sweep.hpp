// A sweep of a plan and the present angles become kernel calls.
#pragma once

#include "emit/bound_sweep.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// For blocks of scalars T. `program` is that of the plan, with the angles of now.
template <class T>
BoundSweep emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels);

}  // namespace ketjet
