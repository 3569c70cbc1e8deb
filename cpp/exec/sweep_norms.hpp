// The squared norms of a state's rows, added up while the last sweep scatters them: nobody then has to read the state
// once more to know them. Rows are nodes of the tree of StateNorms; those of the whole state are added up in any order.
#pragma once

#include <cstddef>

#include "base/charged.hpp"
#include "emit/bound_sweep.hpp"
#include "exec/state_norms.hpp"

namespace ketjet {

class SweepNorms {
 public:
    // Of every row, for sampling, or only of the whole state.
    enum class Wanted { rows, total };
    SweepNorms(Wanted wanted, int state_qubits) : wanted_(wanted), state_qubits_(state_qubits) {}

    // Gets ready for the blocks of a sweep, so many of them, which leaves amplitudes: it is not folded, or unfolds.
    void begin(const BoundSweep& sweep, std::size_t blocks);
    // Where the norms of a block's rows are to be added; see CopyArgs.
    struct Place {
        double* norms = nullptr;
        int norm_bits = 0;
        bool any_order = false;
    };
    Place of_block(std::size_t number, Index base);
    // The state is no longer what that sweep has left.
    void forget() { norms_.clear(); }

    bool are_known() const { return !norms_.empty(); }
    double total() const;
    StateNorms take();  // if rows were wanted

 private:
    Wanted wanted_;
    int state_qubits_;
    int row_bits_ = 0;
    OutcomesVector<double> norms_;  // of rows or of blocks
};

}  // namespace ketjet
