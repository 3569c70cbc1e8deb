#include "exec/block_runner.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <iterator>
#include <variant>

#include "exec/tuning.hpp"
#include "plan/block_shapes.hpp"

namespace ketjet {

namespace {

constexpr std::size_t rows_between_polls = 16;

static_assert(leaf_bits <= minimum_state_qubits && max_row_bits <= max_norm_bits);

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
        call(bound);
        if (times_) clock.lap(bound.pass == BoundCall::behind_passes ? times_->reading : times_->passes[bound.pass]);
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
void BlockRunner<T>::load(const BlockPlace<const T>& place) {
    place_ = {place.base, nullptr};
    gather(place, block());
    ahead_ = {};
    shift_ = 0;
}

template <class T>
void BlockRunner<T>::clear(const BlockPlace<T>& place) {
    place_ = place;
    std::memset(block(), 0, scratch_offset_);
    ahead_ = {};
    shift_ = 0;
}

template <class T>
void BlockRunner<T>::call(const BoundCall& bound, const BraBlock& bra) {
    stop_.throw_if_stopped();
    if ((place_.base & bound.cold.mask) != bound.cold.value) return;
    std::visit(CallRunner{kernels_, block(), scratch(), bra, sums_, place_.base, shift_, ahead_}, bound.call);
}

template <class T>
void BlockRunner<T>::read(const BlockPlace<const T>& ket, const BlockPlace<const T>& bra) {
    const auto applies = [&](const BoundCall& call) { return (ket.base & call.cold.mask) == call.cold.value; };
    if (std::ranges::none_of(sweep_->calls, applies)) return;
    load(ket);
    T* bra_block = block();
    if (bra.origin != ket.origin) {
        bra_block = reinterpret_cast<T*>(static_cast<std::byte*>(buffer_.data()) + bra_offset_);
        gather(bra, bra_block);
    }
    for (const BoundCall& bound : sweep_->calls) call(bound, {bra_block});
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
