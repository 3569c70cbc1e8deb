// Completes the kernels' arguments by what depends on the block.
#include "exec/block_runner.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>
#include <variant>

#include "exec/tuning.hpp"
#include "plan/block_shapes.hpp"

namespace ketjet {

namespace {

constexpr std::size_t rows_between_polls = 16;

const void* shifted(const void* pointer, std::size_t bytes) { return static_cast<const std::byte*>(pointer) + bytes; }

constexpr int max_bits = 64;

static_assert(leaf_bits <= minimum_state_qubits && max_row_bits <= max_norm_bits);

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
    std::array<Complex, max_bits> values_;
};

// One call on one block; copies of the arguments carry what depends on the block. `shift` is what the calls so far have
// added to all addresses.
struct CallRunner {
    const Kernels& kernels;
    void* block;
    void* scratch;
    const void* bra;  // what readings take as bra: the block itself, or another one
    std::span<ExactSum> sums;
    Index base;
    std::uint32_t& shift;
    Prefetch& prefetch;

    void place(VectorSubset& vectors) const {
        vectors.map.affine ^= shift;
        vectors.prefetch = prefetch.next_line < prefetch.end_line ? &prefetch : nullptr;
    }
    const void* chosen(const void* tables, const TableChoice& choice) const {
        return shifted(tables, extract_bits(base, choice.cold) * choice.table_bytes);
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
    void operator()(const ShiftCall& call) const { shift ^= call.offset; }
    void operator()(const ReadCall& call) const {
        PauliSumsArgs args = call.args;
        place(args.vectors);
        args.bra = bra;
        args.sums = static_cast<double*>(scratch);
        args.scratch = static_cast<std::byte*>(scratch) + call.scratch_begin();
        std::fill_n(args.sums, call.sums.size(), 0);
        kernels.pauli_sums(block, args);
        add_to_sums(call.sums, args.sums);
    }
    void operator()(const AxisReadCall& call) const {
        std::array<double, max_read_axes> found{};
        AxisSumsArgs args = call.args;
        place(args.vectors);
        args.bra = bra;
        args.sums = found.data();
        kernels.axis_sums(block, args);
        add_to_sums(call.sums, found.data());
    }
    void add_to_sums(std::span<const ReadSum> reads, const double* found) const {
        for (std::size_t k = 0; k < reads.size(); ++k) {
            const double factor = parity(base & reads[k].cold_signs) ? -reads[k].factor : reads[k].factor;
            sums[reads[k].sum].add(factor * found[k]);
        }
    }
};

// Adds laps to sums of seconds, one after another. It does not run where nobody wants to know.
class LapClock {
 public:
    explicit LapClock(bool runs) {
        if (runs) start_ = std::chrono::steady_clock::now();
    }
    void lap(double& sum) {
        const auto now = std::chrono::steady_clock::now();
        sum += std::chrono::duration<double>(now - start_).count();
        start_ = now;
    }

 private:
    std::chrono::steady_clock::time_point start_{};
};

std::uint64_t vectors_of(const VectorSubset& subset) { return bit(subset.vector_bits - count_bits(subset.fixed)); }

// How often a call fetches.
struct Fetches {
    std::uint64_t operator()(const DenseCall& call) const { return vectors_of(call.args.vectors); }
    std::uint64_t operator()(const PhaseCall& call) const { return bit(call.args.row_bits); }
    std::uint64_t operator()(const TurnPhaseCall& call) const { return bit(call.args.phases.row_bits); }
    std::uint64_t operator()(const TurnCall& call) const {
        return call.args.axes < fetching_turn_axes ? 0 : vectors_of(call.args.vectors);
    }
    template <class Call>
    std::uint64_t operator()(const Call&) const {
        return 0;
    }
};

}  // namespace

template <class T>
void BlockRunner<T>::prepare(const BoundSweep& sweep, bool reads_pairs) {
    sweep_ = &sweep;
    scratch_offset_ = (std::size_t{2} << sweep.block_qubits) * sizeof(T);
    bra_offset_ = scratch_offset_ + ((sweep.scratch_bytes + line_bytes - 1) & ~(line_bytes - 1));
    const std::size_t needed = reads_pairs ? bra_offset_ + scratch_offset_ : bra_offset_;
    if (buffer_.bytes() < needed) {
        buffer_.reset();
        buffer_ = AlignedBuffer(needed);
    }
    read_rows_.clear();
    const std::vector<Index>& rows = sweep.gathered.offsets;
    std::ranges::copy_if(rows, std::back_inserter(read_rows_),
                         [&](Index offset) { return (offset & sweep.zero_mask) == 0; });
    fetches_ = cache_share_ > outgrown_share;
    const bool grows = sweep.from_zero || read_rows_.size() < rows.size() || sweep.unfolding.has_value();
    const bool fresh = sweep.from_zero || fresh_rows * read_rows_.size() < rows.size();
    const bool hides = !grows && sweep.calls.size() >= hiding_calls && cache_share_ <= far_outgrown_share;
    streams_ = (fetches_ && !hides) || (fresh && cache_share_ > fresh_share);
    fetches_of_block_ = 0;
    for (const BoundCall& call : sweep.calls) fetches_of_block_ += std::visit(Fetches{}, call.call);
}

// What is fetched would be lost again where the state is in the caches anyway.
template <class T>
Prefetch BlockRunner<T>::prefetch(const T* next) const {
    constexpr int line_bits = std::countr_zero(line_bytes / (2 * sizeof(T)));
    Prefetch result{};
    if (next == nullptr || !fetches_ || sweep_->gathered.run_bits < line_bits || fetches_of_block_ == 0) return result;
    result.state = next;
    result.row_offsets = read_rows_.data();
    result.line_bits = line_bits;
    result.row_line_bits = sweep_->gathered.run_bits - line_bits;
    result.end_line = read_rows_.size() << result.row_line_bits;
    result.lines_per_step = result.end_line / fetches_of_block_ + 1;
    return result;
}

template <class T>
void BlockRunner<T>::run(const BlockPlace<T>& place, const T* next, SweepNorms::Place norms, bool writes) {
    LapClock clock(times_.has_value());
    begin(place, next);
    if (times_) clock.lap(times_->gather);
    for (const BoundCall& bound : sweep_->calls) {
        call(bound, block());
        if (times_) clock.lap(times_->passes[bound.pass]);
    }
    if (writes) end(norms);
    if (times_) clock.lap(times_->scatter);
}

template <class T>
void BlockRunner<T>::begin(const BlockPlace<T>& place, const T* next) {
    place_ = place;
    gather({place.base, place.origin}, block());
    ahead_ = prefetch(next);
    shift_ = 0;
}

template <class T>
void BlockRunner<T>::call(const BoundCall& bound, const T* bra) {
    stop_.throw_if_stopped();
    if ((place_.base & bound.cold.mask) != bound.cold.value) return;
    std::visit(CallRunner{kernels_, block(), scratch(), bra, sums_, place_.base, shift_, ahead_}, bound.call);
}

template <class T>
void BlockRunner<T>::read(const BlockPlace<const T>& ket, const BlockPlace<const T>& bra) {
    const auto applies = [&](const BoundCall& call) { return (ket.base & call.cold.mask) == call.cold.value; };
    if (std::ranges::none_of(sweep_->calls, applies)) return;
    gather(ket, block());
    T* bra_block = block();
    if (bra.origin != ket.origin) {
        bra_block = reinterpret_cast<T*>(static_cast<std::byte*>(buffer_.data()) + bra_offset_);
        gather(bra, bra_block);
    }
    place_ = {ket.base, nullptr};
    ahead_ = {};
    shift_ = 0;
    for (const BoundCall& bound : sweep_->calls) call(bound, bra_block);
}

template <class T>
void BlockRunner<T>::gather(const BlockPlace<const T>& place, T* amplitudes) const {
    const BoundSweep& sweep = *sweep_;
    Complex scale = sweep.scale;
    for (const ColdFactor& factor : sweep.block_factors) {
        if ((place.base & factor.mask) == factor.mask) scale *= factor.factor;
    }
    if (sweep.from_zero) {
        std::memset(amplitudes, 0, (std::size_t{2} << sweep.block_qubits) * sizeof(T));
        amplitudes[0] = static_cast<T>(scale.real());
        amplitudes[bit(kernels_.lane_bits)] = static_cast<T>(scale.imag());
        return;
    }
    CopyArgs args{};
    args.row_offsets = sweep.gathered.offsets.data();
    args.rows = sweep.gathered.offsets.size();
    args.run_bits = sweep.gathered.run_bits;
    args.zero_mask = sweep.zero_mask;
    args.map = sweep.gather_map;
    args.scale[0] = scale.real();
    args.scale[1] = scale.imag();
    args.plain = scale == Complex(1);
    kernels_.gather(place.origin, amplitudes, args);
}

// The first sweep over new memory maps it, a huge page for every few rows, which takes far longer than the rows:
// hence the stop token is polled in between.
template <class T>
void BlockRunner<T>::end(SweepNorms::Place norms) const {
    const BoundSweep& sweep = *sweep_;
    const bool maps_memory = sweep.from_zero || sweep.zero_mask != 0 || sweep.unfolding.has_value();
    const Rows& scattered = sweep.scattered;
    const std::size_t rows = scattered.offsets.size(), step = maps_memory ? rows_between_polls : rows;
    CopyArgs args{};
    args.run_bits = scattered.run_bits;
    args.map = sweep.scatter_map;
    args.map.affine ^= shift_;
    args.sign_mask = sweep.sign_mask;
    args.lane_signs = sweep.lane_signs;
    args.plain = sweep.lane_signs == nullptr;
    args.stream = streams_;
    args.norms = norms.norms;
    args.norm_bits = norms.norm_bits;
    args.any_order = norms.any_order;
    const FoldedEnd end = sweep.folded.value_or(FoldedEnd{});
    const Unfolding unfolding = sweep.unfolding.value_or(Unfolding{});
    args.folded = sweep.folded.has_value();
    args.conjugates = end.conjugates;
    args.end_scale[0] = end.scale.real();
    args.end_scale[1] = end.scale.imag();
    args.unfold_offset = unfolding.offset;
    args.unfold_scale[0] = unfolding.scale.real();
    args.unfold_scale[1] = unfolding.scale.imag();
    const auto is_left_out = [&](Index offset) { return (offset & sweep.left_out) != 0; };
    for (std::size_t row = 0, count = 0; row < rows; row += count) {
        const Index* const offsets = scattered.offsets.data() + row;
        count = std::min(step, rows - row);
        if (sweep.left_out != 0) {
            const bool left_out = is_left_out(*offsets);
            const auto differs = [&](Index offset) { return is_left_out(offset) != left_out; };
            count = static_cast<std::size_t>(std::find_if(offsets, offsets + count, differs) - offsets);
            if (left_out) continue;
        }
        if (row != 0) stop_.throw_if_stopped();
        args.row_offsets = offsets;
        args.rows = count;
        args.first_vector = row << (scattered.run_bits - kernels_.lane_bits);
        kernels_.scatter(place_.origin, block(), args);
    }
}

template class BlockRunner<float>;
template class BlockRunner<double>;

}  // namespace ketjet
