// What a save operation reads from a state.
#pragma once

#include <complex>
#include <variant>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "program/program.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

using SavedData =
    std::variant<SavesVector<double>, SavesVector<std::complex<float>>, SavesVector<std::complex<double>>>;

// Reads what the operation asks for.
template <class T>
SavedData saved_data(const Program& program, const SaveOperation& operation, const StateVector<T>& state,
                     const RunContext& context);

}  // namespace ketjet
