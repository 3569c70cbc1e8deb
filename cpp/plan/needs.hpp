// What is needed of qubits and of classical memory at one place of a program, so that all that comes later turns out as
// it does. The pruner walks backwards with it.
//
// The outcomes of what comes later have probabilities tr(state E), one operator E per outcome. Every qubit has a level,
// and all E lie in the product of the algebras that the levels stand for: the identity (nothing is needed of the
// qubit), diagonal matrices (its distribution), all matrices (everything). An operation U replaces E by U+ E U, and is
// dropped if this is E for every E of the product; levels are then raised until the new E fit.
//   Diagonal U: commutes with E unless it touches a qubit at the top level. Otherwise, in blocks labelled by the basis
//     states d of its other qubits, U+ E U = sum |d><d| (x) U_d+ E_d U_d: these need the distribution at least.
//   U = sum |d><d| (x) U_d with U_d on local qubits, d of its diagonal qubits: if no local qubit is needed and no
//     diagonal one is at the top, E = sum |d><d| (x) E_d commutes with U. Otherwise the U_d+ E_d' U_d' may be anything
//     on local qubits, and d labels blocks as before.
//   If U maps basis states to basis states up to phases, and E is diagonal on all its qubits, so is U+ E U.
//   Reset: E becomes <0|E|0>, with the identity on the qubit; the same E if nothing was needed. Initialize likewise. If
//     its outcome is to be as random as it is, it counts as a measurement: |m><m| (x) <0|E|0>, diagonal on the qubit.
//   Measurement: E becomes the sum of P_m E_m P_m, diagonal on the qubit. If its classical bit is not read later, all
//     E_m are the same, and it does nothing to an E that is diagonal already.
//   A global phase cancels.
// A save shows more than outcomes: all operations that can come before one are needed.
#pragma once

#include "base/bits.hpp"
#include "plan/memory_use.hpp"
#include "program/program.hpp"

namespace ketjet {

class Needs {
 public:
    // Of the end of a program: the classical bits.
    explicit Needs(const Program& program);
    // Of the end of a program of which expectation values of products of Paulis are read, and no classical bits: which
    // qubits they have X or Y on, and which Z, Y or a projector.
    Needs(const Program& program, Index moved, Index kept);

    void need_state();   // everything of all qubits
    void need_memory();  // all of it
    void need_exactly();
    // What another place needs too.
    void join(const Needs& other);

    // Whether an operation, other than a branch or a jump, is needed before this place; goes on to the place before it.
    // `observed` says of a reset or initialize that its outcome is to be as random as it is.
    bool include(const Operation& operation, bool observed);
    void read(const MemoryUse& use);

 private:
    bool include_measure(const MeasureOperation& measure);
    bool include_reset(Index qubits, bool observed);
    bool include_compute(const ComputeOperation& compute);
    bool is_read(std::uint32_t place) const { return (read_[place / 64] >> (place % 64) & 1) != 0; }
    void set_read(std::uint32_t place, bool value);

    const Program* program_;
    Index distribution_ = 0;           // qubits of which at least the distribution is needed
    Index everything_ = 0;             // a part of these
    bool exactly_ = false;             // every operation is needed
    std::vector<std::uint64_t> read_;  // bit by bit: the places of memory whose value is read later
};

// Whether the operation maps basis states to basis states up to phases, whatever the values of slots.
bool moves_basis_states(const Operation& operation);

}  // namespace ketjet
