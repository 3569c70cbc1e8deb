// What a save operation must be like, for unpack.cpp.
#pragma once

#include <string>

#include "program/program.hpp"

namespace ketjet {

// What is wrong with the wires and the payload, and the fix; empty if nothing is.
std::string fault_of_save(const SaveOperation& operation, const PackedProgram& packed);

}  // namespace ketjet
