// ONE table with every fact about the named gates: Qiskit's name, the base gate it controls, its sizes, its
// structure and its matrix. A new gate is one row in gate.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "program/matrix.hpp"

namespace ketjet {

// What a base gate does to basis states; decides which kernel runs it and which qubits must be local.
enum class Structure : std::uint8_t {
    phase,     // diag(1, ..., 1, e^{i angle}): symmetric in all its qubits, controls included
    diagonal,  // diagonal in general
    flip,      // Pauli X on its one qubit: moves amplitudes, changes none
    swap,      // exchanges its two qubits
    rotation,  // exp(-i angle/2 P) with a two-qubit Pauli string P
    dense,     // anything else
};

struct GateFacts {
    std::string_view name;    // Qiskit's name, e.g. "ccx"
    int controls;             // how many leading qubits are controls (state all ones by default)
    int targets;              // qubits of the base gate
    int parameters;           // real parameters, in Qiskit's order
    Structure structure;      // of the base gate
    std::string_view paulis;  // for Structure::rotation: target 0 first, e.g. "XX", "ZX" for rzx
    // The base gate's matrix (2^targets square, target 0 = lowest bit, controls left out).
    Matrix (*matrix)(std::span<const double> parameters);
};

// All rows; the index of a row is the gate's code everywhere (Program, Python's packed arrays).
std::span<const GateFacts> gate_table();

// The row of a gate that is in the table.
std::int32_t gate_row(std::string_view name);

}  // namespace ketjet
