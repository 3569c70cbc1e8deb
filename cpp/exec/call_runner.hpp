// Kernel calls on one block: their arguments are completed by what depends on the block.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/bits.hpp"
#include "base/exact_sum.hpp"
#include "emit/bound_sweep.hpp"
#include "kernels/kernel_table.hpp"

namespace ketjet {

// The factors of a phase call's row or table bits on one block; null if all are one.
class BitFactors {
 public:
    const double* of_block(std::span<const BitFactor> factors, int bits, Index base) {
        bool any = false;
        for (const BitFactor& factor : factors) {
            if ((base >> factor.cold & 1) == 0) continue;
            if (!any) std::fill_n(values_.begin(), bits, Complex(1));
            values_[static_cast<std::size_t>(factor.bit)] *= factor.factor;
            any = true;
        }
        return any ? reinterpret_cast<const double*>(values_.data()) : nullptr;
    }

 private:
    static constexpr std::size_t max_bits = 64;
    std::array<Complex, max_bits> values_;
};

// What readings take as bra: a block that the calls before have changed likewise.
struct BraBlock {
    void* block;
    Index base = 0;
    Prefetch* prefetch = nullptr;
    bool is_last = true;  // of all bras that are read with this ket
};

// One call on one block; copies of the arguments carry what depends on the block. `shift` is what the calls so far have
// added to all addresses.
struct CallRunner {
    const Kernels& kernels;
    void* block;
    void* scratch;
    const BraBlock& bra;  // the block itself, or another one
    std::span<ExactSum> sums;
    Index base;
    std::uint32_t& shift;
    Prefetch& prefetch;

    void place(VectorSubset& vectors) const {
        vectors.map.affine ^= shift;
        vectors.prefetch = unless_done(&prefetch);
    }
    static Prefetch* unless_done(Prefetch* prefetch) {
        return prefetch != nullptr && prefetch->next_line < prefetch->end_line ? prefetch : nullptr;
    }
    const void* chosen(const void* tables, const TableChoice& choice) const {
        return static_cast<const std::byte*>(tables) + extract_bits(base, choice.cold) * choice.table_bytes;
    }

    void operator()(const DenseCall& call) const {
        DenseArgs args = call.args;
        place(args.vectors);
        args.coefficients = chosen(args.coefficients, call.choice);
        args.scratch = scratch;
        kernels.dense(block, args);
    }
    void operator()(const DiagonalCall& call) const {
        DiagonalArgs args = call.args;
        place(args.vectors);
        args.coefficients = chosen(args.coefficients, call.choice);
        kernels.diagonal(block, args);
    }
    void operator()(const ExchangeCall& call) const {
        ExchangeArgs args = call.args;
        place(args.vectors);
        kernels.exchange(block, args);
    }
    void operator()(const RotationCall& call) const {
        RotationArgs args = call.args;
        place(args.vectors);
        if (parity(base & call.cold)) {
            args.first = call.negated_first;
            args.second = call.negated_second;
        }
        kernels.rotation(block, args);
    }
    void operator()(const TurnCall& call) const {
        TurnArgs args = call.args;
        place(args.vectors);
        kernels.turn(block, args);
    }
    void operator()(const ReflectCall& call) const {
        ReflectArgs args = call.args;
        place(args.vectors);
        if (parity(base & call.cold)) std::swap(args.even, args.odd);
        kernels.reflect(block, args);
    }
    void operator()(const PhaseCall& call) const {
        PhaseArgs args = call.args;
        BitFactors outer, inner;
        complete(args, call.cold, outer, inner);
        kernels.phase(block, args);
    }
    void operator()(const TurnPhaseCall& call) const {
        TurnPhaseArgs args = call.args;
        BitFactors outer, inner;
        complete(args.phases, call.cold, outer, inner);
        kernels.turn_phase(block, args);
    }
    void complete(PhaseArgs& args, const ColdPhases& cold, BitFactors& outer, BitFactors& inner) const {
        place(args.vectors);
        args.outer = outer.of_block(cold.outer, args.row_bits, base);
        args.inner = inner.of_block(cold.inner, args.table_bits, base);
        args.scratch = scratch;
    }
    void* scratch_at(std::size_t offset) const { return static_cast<std::byte*>(scratch) + offset; }
    void operator()(const ShiftCall& call) const { shift ^= call.offset; }
    void operator()(const ReadCall& call) const {
        PauliSumsArgs args = call.args;
        place(args.vectors);
        args.bra = bra.block;
        args.sums = static_cast<double*>(scratch);
        args.scratch = scratch_at(call.scratch_begin());
        std::fill_n(args.sums, call.sums.size(), 0);
        kernels.pauli_sums(block, args);
        add_to_sums(call.sums, args.sums);
    }
    void operator()(const AxisReadCall& call) const {
        std::array<double, max_read_axes> found{};
        AxisSumsArgs args = call.args;
        place(args.vectors);
        args.bra = bra.block;
        args.sums = found.data();
        kernels.axis_sums(block, args);
        add_to_sums(call.sums, found.data());
    }
    void operator()(const ReadTurnCall& call) const {
        std::array<double, max_read_axes> found{};
        ReadTurnArgs args = call.args;
        place(args.turns.vectors);
        args.bra = bra.block;
        args.bra_prefetch = unless_done(bra.prefetch);
        args.turned = bra.is_last ? Turned::both : Turned::bra;
        args.sums = found.data();
        kernels.read_turn(block, args);
        add_to_sums(call.sums, found.data());
    }
    void operator()(const ReadPhaseCall& call) const {
        ReadPhaseArgs args = call.args;
        BitFactors outer, inner;
        complete(args.phases, call.cold, outer, inner);
        args.phases.scratch = scratch_at(call.phases_begin());
        args.bra = bra.block;
        args.turned = bra.is_last ? Turned::both : Turned::bra;
        args.bra_prefetch = unless_done(bra.prefetch);
        args.sums = static_cast<double*>(scratch);
        args.scratch = scratch_at(call.lines_begin());
        std::fill_n(args.sums, call.sums.size(), 0);
        kernels.read_phase(block, args);
        add_to_sums(call.sums, args.sums);
    }
    void operator()(const ApplyCall& call) const {
        PauliApplyArgs args = call.args;
        place(args.vectors);
        auto* const groups = static_cast<PauliGroup*>(scratch);
        auto* strings = static_cast<WeightedSigns*>(scratch_at(call.strings_begin()));
        args.ket = block;
        args.groups = groups;
        args.count = 0;
        const Index* cold_signs = call.cold_signs.data();
        for (std::size_t g = 0; g < call.conditions.size(); ++g) {
            PauliGroup group = call.args.groups[g];
            const WeightedSigns* const given = std::exchange(group.strings, strings);
            for (int k = 0; k < group.count; ++k) {
                *strings = given[k];
                if (parity(bra.base & *cold_signs++)) strings->coefficient = -strings->coefficient;
                ++strings;
            }
            const Condition& condition = call.conditions[g];
            if ((bra.base & condition.mask) == condition.value) groups[args.count++] = group;
        }
        kernels.pauli_apply(bra.block, args);
    }
    void add_to_sums(std::span<const ReadSum> reads, const double* found) const {
        for (std::size_t k = 0; k < reads.size(); ++k) {
            const double factor = parity(base & reads[k].cold_signs) ? -reads[k].factor : reads[k].factor;
            sums[reads[k].sum].add(factor * found[k]);
        }
    }
};

// How often a call fetches.
struct Fetches {
    std::uint64_t operator()(const DenseCall& call) const { return vectors_of(call.args.vectors); }
    std::uint64_t operator()(const PhaseCall& call) const { return bit(call.args.row_bits); }
    std::uint64_t operator()(const ReadPhaseCall& call) const { return bit(call.args.phases.row_bits); }
    std::uint64_t operator()(const TurnPhaseCall& call) const { return bit(call.args.phases.row_bits); }
    std::uint64_t operator()(const TurnCall& call) const {
        return call.args.axes < fetching_turn_axes ? 0 : vectors_of(call.args.vectors);
    }
    std::uint64_t operator()(const ReadTurnCall& call) const { return vectors_of(call.args.turns.vectors); }
    template <class Call>
    std::uint64_t operator()(const Call&) const {
        return 0;
    }
    static std::uint64_t vectors_of(const VectorSubset& subset) {
        return bit(subset.vector_bits - count_bits(subset.fixed));
    }
};

}  // namespace ketjet
