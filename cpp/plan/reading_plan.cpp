#include "plan/reading_plan.hpp"

#include <algorithm>
#include <bit>

#include "base/bits.hpp"
#include "plan/block_shapes.hpp"

namespace ketjet {

namespace {

// Hot qubits around one set of flips: those that differ from it in hot qubits alone are read by one sweep.
struct Choice {
    Index flips;
    Index hot;

    bool reads(Index x) const { return ((x ^ flips) & ~hot) == 0; }
};

// Takes in, again and again, the flips that need fewest further hot qubits, while there is room for them.
Choice grow(Choice choice, const std::vector<Index>& wanted, int block_qubits) {
    for (;;) {
        int fewest = block_qubits - count_bits(choice.hot) + 1;
        Index added = 0;
        for (const Index x : wanted) {
            const Index missing = (x ^ choice.flips) & ~choice.hot;
            if (missing == 0 || count_bits(missing) >= fewest) continue;
            fewest = count_bits(missing);
            added = missing;
        }
        if (added == 0) return choice;
        choice.hot |= added;
    }
}

// Fills the block: with the flipped qubits, so that blocks need no partners, if all have room, then with the lowest.
Index filled(const Choice& choice, int block_qubits) {
    Index hot = choice.hot;
    if (count_bits(hot | choice.flips) <= block_qubits) hot |= choice.flips;
    while (count_bits(hot) < block_qubits) hot |= hot + 1;
    return hot;
}

std::vector<int> qubits_of(Index mask) {
    std::vector<int> qubits;
    for (; mask != 0; mask &= mask - 1) qubits.push_back(std::countr_zero(mask));
    return qubits;
}

}  // namespace

std::vector<ReadSweep> plan_readings(std::span<const PauliString> strings, std::span<const std::uint32_t> read,
                                     const Machine& machine, Precision precision, int state_qubits) {
    const BlockShape shape = block_shapes(machine, precision, state_qubits).front();
    std::vector<std::uint32_t> left(read.begin(), read.end());
    std::vector<ReadSweep> sweeps;
    while (!left.empty()) {
        std::vector<Index> wanted;
        for (const std::uint32_t k : left) wanted.push_back(strings[k].x);
        std::ranges::sort(wanted);
        const auto repeated = std::ranges::unique(wanted);
        wanted.erase(repeated.begin(), repeated.end());
        const auto found_by = [&](const Choice& choice) {
            return std::ranges::count_if(wanted, [&](Index x) { return choice.reads(x); });
        };
        const Index run = low_bits(shape.run_qubits);
        Choice choice = grow({0, run}, wanted, shape.block_qubits);
        const Choice other = grow({wanted.back(), run}, wanted, shape.block_qubits);
        if (found_by(other) > found_by(choice)) choice = other;
        const Index hot = filled(choice, shape.block_qubits);
        ReadSweep& sweep = sweeps.emplace_back(ReadSweep{qubits_of(hot), choice.flips & ~hot, {}});
        const auto rest = std::ranges::stable_partition(
            left, [&](std::uint32_t k) { return ((strings[k].x ^ choice.flips) & ~hot) != 0; });
        sweep.strings.assign(rest.begin(), rest.end());
        left.erase(rest.begin(), rest.end());
    }
    return sweeps;
}

}  // namespace ketjet
