// Diagonal operations on up to two qubits each, summed up as one polynomial of the index bits: the phase of basis state
// x is constant + sum of linear[q] x_q + sum of quadratic[a, b] x_a x_b.
#pragma once

#include <array>
#include <map>
#include <utility>

#include "program/action.hpp"

namespace ketjet {

struct PhaseForm {
    double constant = 0;
    std::array<double, 64> linear{};
    std::map<std::pair<int, int>, double> quadratic;  // first < second

    // False, and nothing is added, if the action is not diagonal, on more than two qubits or changes lengths.
    bool add(const Action& action);
    bool empty() const;
};

}  // namespace ketjet
