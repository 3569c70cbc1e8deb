// Which qubits the loops of a program change.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bit_set.hpp"
#include "program/program.hpp"

namespace ketjet {

class LoopChanges {
 public:
    explicit LoopChanges(const Program& program);

    // Calls visit(qubit) for each of `qubits` that is changed by the loop that begins at this operation, if one does.
    template <class Visit>
    void for_each_changed(std::uint32_t begin, const BitSet& qubits, Visit&& visit) const {
        if (ends_[begin] == 0) return;
        qubits.for_each([&](std::int32_t qubit) {
            if (any(qubit, begin, ends_[begin])) visit(qubit);
        });
    }

 private:
    void find_ends(const Program& program);
    void find_places(const Program& program);
    // Whether an operation from the first to the last one changes the qubit.
    bool any(std::int32_t qubit, std::uint32_t first, std::uint32_t last) const;

    std::vector<std::uint32_t> ends_;                 // by operation: the last one of the loop that begins there, or 0
    std::vector<std::vector<std::uint32_t>> places_;  // by qubit: the operations that change it
};

}  // namespace ketjet
