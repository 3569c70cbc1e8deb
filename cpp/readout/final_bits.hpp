// What the final measurements of a plan, and what is known of others, write into the classical bits. Where several
// write one bit, the last one counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.hpp"
#include "readout/bit_mover.hpp"

namespace ketjet {

class FinalBits {
 public:
    explicit FinalBits(const Plan& plan);

    // The qubits that are read.
    Index mask() const { return mask_; }
    // Those whose values can be told from the classical bits at the end.
    const std::vector<int>& qubits() const { return qubits_; }
    // Of a basis state, or of a value of qubits().
    BitMover of_basis() const { return {moves_, ones_, static_cast<int>(words_)}; }
    BitMover of_value() const;
    // Writes the memory of shots that had `memory` before and found this index.
    void write(std::span<const std::uint64_t> memory, const BitMover& mover, Index index, std::uint64_t* row) const;

 private:
    Index mask_ = 0;
    std::vector<BitMove> moves_;
    std::vector<std::int32_t> ones_;
    std::vector<int> qubits_;
    std::size_t words_ = 0;            // that are written to
    std::vector<std::uint64_t> kept_;  // their other bits
};

}  // namespace ketjet
