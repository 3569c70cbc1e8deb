// Actions applied by plain loops, one after another, amplitude by amplitude, in double precision: no plan, no merging,
// no kernel. What the fast way is compared with (verify.hpp); it shares nothing with emitting but the Action itself.
#pragma once

#include <span>
#include <vector>

#include "program/action.hpp"

namespace ketjet {

class ReferenceBlock {
 public:
    // 2^count_bits(hot) amplitudes of the qubits in `hot`, lowest first; all other qubits have the bits of `base`.
    ReferenceBlock(Index hot, Index base, std::vector<Complex> amplitudes);

    // Throws std::logic_error if the action moves amplitudes along a qubit that is not hot.
    void apply(const Action& action);
    // Puts hot targets, all in |0>, into the given state.
    void prepare(std::span<const std::int32_t> targets, std::span<const Complex> state);

    const std::vector<Complex>& amplitudes() const { return amplitudes_; }

 private:
    friend struct ReferenceStep;
    Index hot_;
    Index base_;
    std::vector<Complex> amplitudes_;
};

// The qubits along which an action moves amplitudes. Told from the action as it is, so less than roles() may say where
// a matrix happens to be diagonal.
Index moved_qubits(const Action& action);

}  // namespace ketjet
