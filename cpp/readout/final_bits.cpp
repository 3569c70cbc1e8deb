#include "readout/final_bits.hpp"

#include <algorithm>
#include <functional>

namespace ketjet {

FinalBits::FinalBits(const Plan& plan) {
    int clbits = 0;
    for (const FinalMeasurement& m : plan.final_measurements) {
        const int qubit = plan.qubit_at(m.qubit);
        mask_ |= bit(qubit);
        std::erase_if(moves_, [&](const BitMove& move) { return move.clbit == m.clbit; });
        moves_.push_back({qubit, m.clbit});
        clbits = std::max(clbits, m.clbit + 1);
    }
    for (const KnownRead& read : plan.known_reads) {
        std::erase_if(moves_, [&](const BitMove& move) { return move.clbit == read.clbit; });
        clbits = std::max(clbits, read.clbit + 1);
        if (read.value) ones_.push_back(read.clbit);
    }
    words_ = static_cast<std::size_t>(clbits + 63) / 64;
    kept_.assign(words_, ~std::uint64_t{0});
    const auto overwrite = [&](std::int32_t clbit) { kept_[static_cast<std::size_t>(clbit) / 64] &= ~bit(clbit % 64); };
    for (const BitMove& move : moves_) overwrite(move.clbit);
    for (const KnownRead& read : plan.known_reads) overwrite(read.clbit);
    // In the order of the highest classical bit that each is read into: so values ascend as their keys do.
    std::ranges::sort(moves_, std::ranges::greater{}, &BitMove::clbit);
    for (const BitMove& move : moves_) {
        if (std::ranges::find(qubits_, move.qubit) == qubits_.end()) qubits_.push_back(move.qubit);
    }
    std::ranges::reverse(qubits_);
}

BitMover FinalBits::of_value() const {
    std::vector<BitMove> moves = moves_;
    for (BitMove& move : moves) {
        move.qubit = static_cast<std::int32_t>(std::ranges::find(qubits_, move.qubit) - qubits_.begin());
    }
    return {moves, ones_, static_cast<int>(words_)};
}

void FinalBits::write(std::span<const std::uint64_t> memory, const BitMover& mover, Index index,
                      std::uint64_t* row) const {
    mover.write(index, row);
    for (std::size_t word = 0; word < words_; ++word) row[word] |= memory[word] & kept_[word];
    std::ranges::copy(memory.subspan(words_), row + words_);
}

}  // namespace ketjet
