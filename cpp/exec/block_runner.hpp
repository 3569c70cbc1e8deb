// One block of a sweep on one thread: gathered into the thread's own buffer, worked on pass by pass, scattered back.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/exact_sum.hpp"
#include "base/stop_token.hpp"
#include "emit/bound_sweep.hpp"
#include "exec/call_runner.hpp"
#include "exec/pass_times.hpp"
#include "exec/sweep_norms.hpp"
#include "kernels/kernel_table.hpp"

namespace ketjet {

// Where a block lies in the state.
template <class T>
struct BlockPlace {
    Index base;  // its cold bits
    T* origin;   // its first amplitude
};

// The buffer is kept from one sweep to the next.
template <class T>
class BlockRunner {
 public:
    // `cache_share` is the size of the state divided by that of the last-level cache.
    BlockRunner(const Kernels& kernels, StopToken stop, double cache_share)
        : kernels_(kernels), stop_(stop), cache_share_(cache_share) {}

    // Gets ready for the blocks of a sweep, which must outlive them; or for pairs of blocks, to be read.
    void prepare(const BoundSweep& sweep, bool reads_pairs = false);
    // Runs one block, and adds its norms to their place if there is one. `next` is the first amplitude of the block
    // that will be run after it, null if there is none. `writes`: it is scattered. Throws Cancelled.
    void run(const BlockPlace<T>& place, const T* next, SweepNorms::Place norms, bool writes);
    // The same in steps, for blocks of several states at a time: gathers one, calls a kernel on it if its base meets
    // the condition, and scatters it.
    void begin(const BlockPlace<T>& place, const T* next);
    void call(const BoundCall& bound) { call(bound, {block()}); }
    void end(SweepNorms::Place norms) const;
    // What begins differently: a block that is never scattered, or one of zeros.
    void load(const BlockPlace<const T>& place);
    void clear(const BlockPlace<T>& place);
    // A call that takes the block of another state as bra.
    void call_with(const BoundCall& bound, BlockRunner& bra, bool is_last) {
        call(bound, {bra.block(), bra.place_.base, &bra.ahead_, is_last});
    }
    T* block() const { return static_cast<T*>(buffer_.data()); }

    // Reads one block of a sweep without passes, as ket and as bra, or with another block as bra. Throws Cancelled.
    void read(const BlockPlace<const T>& ket, const BlockPlace<const T>& bra);

    // From now on readings are added to these sums.
    void add_readings_to(std::span<ExactSum> sums) { sums_ = sums; }

    // From now on measures how long each of so many passes of the plan takes.
    void begin_times(std::size_t passes) { times_.emplace().passes.resize(passes); }
    const PassTimes& times() const { return *times_; }

 private:
    void call(const BoundCall& bound, const BraBlock& bra);
    void* scratch() const { return static_cast<std::byte*>(buffer_.data()) + scratch_offset_; }
    Prefetch prefetch(const T* next) const;
    void gather(const BlockPlace<const T>& place, T* amplitudes) const;

    const Kernels& kernels_;
    StopToken stop_;
    double cache_share_;
    bool fetches_ = false;  // what the next block needs
    bool streams_ = false;  // stores past the caches
    const BoundSweep* sweep_ = nullptr;
    std::vector<Index> read_rows_;        // the offsets of those rows that are not known to be zero
    std::uint64_t fetches_of_block_ = 0;  // of all its passes
    AlignedBuffer buffer_;                // the block, and what the kernels need behind it
    std::size_t scratch_offset_ = 0;
    std::size_t bra_offset_ = 0;
    std::span<ExactSum> sums_{};
    BlockPlace<T> place_{};    // of the present block
    Prefetch ahead_{};         // of what comes after it
    std::uint32_t shift_ = 0;  // what its calls so far have added to all addresses
    std::optional<PassTimes> times_;
};

extern template class BlockRunner<float>;
extern template class BlockRunner<double>;

}  // namespace ketjet
