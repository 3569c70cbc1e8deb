// What a save operation must be like, for unpack.cpp and check_operations.cpp.
#pragma once

#include <cstddef>
#include <string>

#include "program/operation.hpp"

namespace ketjet {

constexpr std::size_t max_density_qubits = 14;

// What a save may refer to.
struct SaveBounds {
    int num_qubits;
    int variable_words;
    bool planned = false;  // in a planned program, where -1 stands for an index that the state leaves out
};

// What is wrong with the wires and the payload, and the fix; empty if nothing is.
std::string fault_of_save(const SaveOperation& operation, const SaveBounds& bounds);

}  // namespace ketjet
