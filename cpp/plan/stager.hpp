// Cuts a straight-line stretch of operations into sweeps.
#pragma once

#include <vector>

#include "plan/cost.hpp"
#include "plan/plan.hpp"
#include "program/action.hpp"

namespace ketjet {

// Chooses the hot qubits of each sweep greedily: the qubits that an operation at the front misses are added where they
// let the most work be done per qubit; then single qubits are exchanged while that helps.
class Stager {
 public:
    // Appends to `stages`; qubits outside `active` are |0> at first.
    Stager(const Program& program, const PlanOptions& options, const BlockShape& shape, int state_qubits, Index active,
           std::vector<Stage>& stages);

    void add(std::uint32_t index, const Roles& roles);
    // Ends the stretch; afterwards every qubit counts as active.
    void flush();

 private:
    struct Pending {
        std::uint32_t index;
        float weight;
        Index local;
        Index diagonal;
    };

    Sweep next_sweep();
    Index choose_hot();
    Index exchange_qubits(Index hot);
    // The weight of the operations that could run with these hot qubits; `missing` receives what operations at the
    // front lack.
    double work_with(Index hot, std::vector<Index>* missing);
    void take_operations(Index hot, Sweep& sweep);

    const Program& program_;
    const PlanOptions& options_;
    const BlockShape& shape_;
    int state_qubits_;
    std::vector<Stage>& stages_;
    Index active_;
    std::vector<Pending> pending_;  // those before first_ are done
    std::size_t first_ = 0;
    std::int64_t budget_;  // of operations looked at
};

}  // namespace ketjet
