// The kernels' arguments completed by what depends on the block.
#include "exec/block_runner.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <variant>

namespace ketjet {

namespace {

constexpr std::size_t rows_between_polls = 16;

const void* shifted(const void* pointer, std::size_t bytes) { return static_cast<const std::byte*>(pointer) + bytes; }

constexpr int most_bits = 64;

// The factors of a phase call's row or table bits on one block; null if all are one.
class ColdFactors {
 public:
    const double* of_block(std::span<const ColdFactor> factors, int bits, Index base) {
        bool any = false;
        for (const ColdFactor& factor : factors) {
            if ((base & factor.mask) != factor.mask) continue;
            if (!any) std::fill_n(values_.begin(), bits, Complex(1));
            values_[static_cast<std::size_t>(factor.bit)] *= factor.factor;
            any = true;
        }
        return any ? reinterpret_cast<const double*>(values_.data()) : nullptr;
    }

 private:
    std::array<Complex, most_bits> values_;
};

// One pass on one block; copies of the arguments carry what depends on the block. `shift` is what the passes so far
// have added to all addresses.
struct PassRunner {
    const Kernels& kernels;
    void* block;
    void* scratch;
    const BoundPass& pass;
    Index base;
    std::uint32_t& shift;

    std::size_t table_offset() const { return extract_bits(base, pass.cold_selector) * pass.table_bytes; }

    void operator()(DenseArgs args) const {
        args.vectors.map.affine ^= shift;
        args.coefficients = shifted(args.coefficients, table_offset());
        args.scratch = scratch;
        kernels.dense(block, args);
    }
    void operator()(DiagonalArgs args) const {
        args.vectors.map.affine ^= shift;
        args.coefficients = shifted(args.coefficients, table_offset());
        kernels.diagonal(block, args);
    }
    void operator()(ExchangeArgs args) const {
        args.vectors.map.affine ^= shift;
        kernels.exchange(block, args);
    }
    void operator()(RotationArgs args) const {
        args.vectors.map.affine ^= shift;
        if (parity(base & pass.cold_selector)) {
            args.first = shifted(args.first, pass.table_bytes);
            args.second = shifted(args.second, pass.table_bytes);
        }
        kernels.rotation(block, args);
    }
    void operator()(TurnArgs args) const {
        args.vectors.map.affine ^= shift;
        kernels.turn(block, args);
    }
    void operator()(PhaseArgs args) const {
        ColdFactors outer, inner;
        complete(args, outer, inner);
        kernels.phase(block, args);
    }
    void operator()(TurnPhaseArgs args) const {
        ColdFactors outer, inner;
        complete(args.phases, outer, inner);
        kernels.turn_phase(block, args);
    }
    void complete(PhaseArgs& args, ColdFactors& outer, ColdFactors& inner) const {
        args.vectors.map.affine ^= shift;
        args.outer = outer.of_block(pass.outer, args.row_bits, base);
        args.inner = inner.of_block(pass.inner, args.table_bits, base);
        args.scratch = scratch;
    }
    void operator()(const ShiftArgs& args) const { shift ^= args.offset; }
};

}  // namespace

template <class T>
void BlockRunner<T>::prepare(const BoundSweep& sweep) {
    sweep_ = &sweep;
    scratch_offset_ = (std::size_t{2} << sweep.block_qubits) * sizeof(T);
    const std::size_t needed = scratch_offset_ + sweep.scratch_bytes;
    if (buffer_.bytes() < needed) {
        buffer_.reset();
        buffer_ = AlignedBuffer(needed);
    }
}

template <class T>
void BlockRunner<T>::run(const BlockPlace<T>& place, double* norm) {
    gather(place);
    std::uint32_t shift = 0;
    for (const BoundPass& pass : sweep_->passes) {
        stop_.throw_if_stopped();
        if ((place.base & pass.cold.mask) != pass.cold.value) continue;
        std::visit(PassRunner{kernels_, block(), scratch(), pass, place.base, shift}, pass.call);
    }
    scatter(place.origin, shift, norm);
}

template <class T>
void BlockRunner<T>::gather(const BlockPlace<T>& place) const {
    const BoundSweep& sweep = *sweep_;
    Complex scale = sweep.scale;
    for (const ColdFactor& factor : sweep.scales) {
        if ((place.base & factor.mask) == factor.mask) scale *= factor.factor;
    }
    T* const amplitudes = block();
    if (sweep.from_zero) {
        std::memset(amplitudes, 0, (std::size_t{2} << sweep.block_qubits) * sizeof(T));
        amplitudes[0] = static_cast<T>(scale.real());
        amplitudes[bit(kernels_.lane_bits)] = static_cast<T>(scale.imag());
        return;
    }
    CopyArgs args{};
    args.row_offsets = sweep.row_offsets.data();
    args.rows = sweep.row_offsets.size();
    args.run_bits = sweep.run_bits;
    args.zero_mask = sweep.zero_mask;
    args.map = sweep.gather_map;
    args.scale[0] = scale.real();
    args.scale[1] = scale.imag();
    args.plain = scale == Complex(1);
    kernels_.gather(place.origin, block(), args);
}

// The first sweep over new memory maps it, a huge page for every few rows, which takes far longer than the rows:
// hence the stop token is polled in between.
template <class T>
void BlockRunner<T>::scatter(T* origin, std::uint32_t shift, double* norm) const {
    const BoundSweep& sweep = *sweep_;
    const bool maps_memory = sweep.from_zero || sweep.zero_mask != 0;
    const std::size_t rows = sweep.row_offsets.size(), step = maps_memory ? rows_between_polls : rows;
    CopyArgs args{};
    args.run_bits = sweep.run_bits;
    args.map = sweep.scatter_map;
    args.map.affine ^= shift;
    args.sign_mask = sweep.sign_mask;
    args.lane_signs = sweep.lane_signs;
    args.plain = sweep.lane_signs == nullptr;
    args.stream = streams_;
    args.norm = norm;
    for (std::size_t row = 0; row < rows; row += step) {
        if (row != 0) stop_.throw_if_stopped();
        args.row_offsets = sweep.row_offsets.data() + row;
        args.rows = std::min(step, rows - row);
        args.first_vector = row << (sweep.run_bits - kernels_.lane_bits);
        kernels_.scatter(origin, block(), args);
    }
}

template class BlockRunner<float>;
template class BlockRunner<double>;

}  // namespace ketjet
