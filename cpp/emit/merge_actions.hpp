// Several actions as one matrix, and a diagonal action as angles.
#pragma once

#include <cstdint>
#include <span>

#include "emit/direction.hpp"
#include "program/action.hpp"

namespace ketjet {

// The qubits an action acts on, or several do, conditions included.
Index qubits_of(const Action& action);
Index qubits_of(std::span<const Action> actions);

// The product of actions (first one first) as a matrix on `qubits`, lowest = lowest index bit.
Matrix product_of(std::span<const Action> actions, Index qubits);

// The product of operations, or of what undoes them one after the other, on the qubits on which it acts.
struct Product {
    Index qubits = 0;
    Matrix matrix = Matrix::identity(1);

    void multiply(const Action& action);
};
Product product_of(const Program& program, std::span<const std::uint32_t> operations, Direction direction);

bool is_diagonal(const Action& action);

// The factor a diagonal action gives to a basis state.
Complex diagonal_factor(const Action& action, Index basis);

}  // namespace ketjet
