// From the operations of a sweep to the elements of which passes are made: runs on one qubit, with their phases apart,
// and pairs of qubits worth a dense matrix.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/cost.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// What has to be done with an element: which kind of pass takes it.
enum class ElementKind : std::uint8_t {
    relabel,
    turns,   // a term of a layer's turns
    phases,  // a term of a layer's phases
    dense,
    single,
};

struct Element {
    ElementKind kind;
    Term term;
    Index local;
    Index diagonal;
    TurnKind pair_turn = TurnKind::none;  // of a dense pair that could be a turn, with phases around it, instead
};

// Of the operations of a sweep, which it reorders; those of elements come one after another in the sweep's list.
std::vector<Element> group_operations(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep);

// Where the diagonal operations at the front of a run end, and where those at its back begin: both are the run's end if
// it has no others.
struct Core {
    std::size_t begin;
    std::size_t end;
};
Core core_of(std::span<const OperationFacts> facts, std::span<const std::uint32_t> run);

// A general turn with its phases.
std::array<Element, 3> parts_of(const Term& term, Index qubits);

}  // namespace ketjet
