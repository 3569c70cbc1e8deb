// The only walks over the amplitudes of a state: in chunks of one size, shared out among threads from one size of state
// on, asking the stop token at each of them. Sums are those of the chunks, added pairwise, so that they have the same
// digits for any number of threads.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "base/bits.hpp"
#include "base/charged.hpp"
#include "base/parallel.hpp"
#include "base/stop_token.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

inline constexpr int chunk_bits = 12;
inline constexpr Index min_shared_work = bit(16);  // amplitudes, or as much work, from which on threads pay

// By whom a state is walked, and who may stop that.
struct Walk {
    int threads;
    StopToken stop;
};

// The indices [first, first + size) of a state.
struct Chunk {
    Index number;
    Index first;
    Index size;

    Index last() const { return first + size; }
    template <class T>
    std::span<const std::complex<T>> of(const StateVector<T>& state) const {
        return {state.amplitudes() + first, size};
    }
    template <class T>
    std::span<std::complex<T>> of(StateVector<T>& state) const {
        return {state.amplitudes() + first, size};
    }
};

inline std::size_t chunk_count(Index items) {
    return static_cast<std::size_t>((items + low_bits(chunk_bits)) >> chunk_bits);
}

// Calls body(begin, end) for shares of so many parts, one for each thread; in all they are so much work.
template <class Body>
void for_shares(std::size_t parts, Index work, const Walk& walk, Body body) {
    parallel_for(work < min_shared_work ? 1 : walk.threads, static_cast<std::int64_t>(parts),
                 [&](std::int64_t begin, std::int64_t end) {
                     body(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
                 });
}

// Calls body(part) for each of them.
template <class Body>
void for_parts(std::size_t parts, Index work, const Walk& walk, Body body) {
    for_shares(parts, work, walk, [&](std::size_t begin, std::size_t end) {
        for (std::size_t part = begin; part < end; ++part) {
            walk.stop.throw_if_stopped();
            body(part);
        }
    });
}

// Calls body(chunk) for all chunks of [0, items), which have 2^bits each but for the last.
template <class Body>
void for_chunks(Index items, const Walk& walk, Body body, int bits = chunk_bits) {
    for_parts(static_cast<std::size_t>((items + low_bits(bits)) >> bits), items, walk, [&](std::size_t number) {
        const Index first = static_cast<Index>(number) << bits;
        body(Chunk{number, first, std::min(items - first, bit(bits))});
    });
}

// Pairs of amplitudes whose indices differ in one qubit alone: a chunk of them, as all pairs are numbered.
template <class Amplitude>
struct PairChunk {
    Chunk pairs;
    Amplitude* state;
    int qubit;

    // Calls body(zero, one) for each pair, in order.
    template <class Body>
    void for_each(Body body) const {
        for (Index i = pairs.first; i < pairs.last();) {
            const Index end = std::min(pairs.last(), (i | low_bits(qubit)) + 1);  // of the neighbours in memory
            Amplitude* zero = state + (((i >> qubit) << (qubit + 1)) | (i & low_bits(qubit)));
            for (; i < end; ++i, ++zero) body(zero[0], zero[bit(qubit)]);
        }
    }
};

// Calls body(pairs) for chunks of all pairs.
template <class State, class Body>
void for_chunk_pairs(State& state, int qubit, const Walk& walk, Body body) {
    using Pairs = PairChunk<std::remove_pointer_t<decltype(state.amplitudes())>>;
    for_chunks(state.stored_size() / 2, walk,
               [&](const Chunk& pairs) { body(Pairs{pairs, state.amplitudes(), qubit}); });
}

// Sums a list pairwise: neighbours, then neighbours of the sums, and so on. What the list held is lost.
template <class Number>
Number sum_in_place(std::span<Number> sums) {
    for (std::size_t count = sums.size(); count > 1; count = (count + 1) / 2) {
        for (std::size_t i = 0; i < count / 2; ++i) sums[i] = sums[2 * i] + sums[2 * i + 1];
        if (count % 2 == 1) sums[count / 2] = sums[count - 1];
    }
    return sums.empty() ? Number{} : sums[0];
}
inline double pairwise_sum(std::span<const double> values) {
    OutcomesVector<double> sums(values.begin(), values.end());
    return sum_in_place(std::span<double>(sums));
}

// The sum of what term(chunk) gives for the chunks of [0, items).
template <class Term>
auto sum_chunks(Index items, const Walk& walk, Term term) {
    std::vector<decltype(term(Chunk{}))> sums(chunk_count(items));
    for_chunks(items, walk, [&](const Chunk& chunk) { sums[chunk.number] = term(chunk); });
    return sum_in_place(std::span(sums));
}

}  // namespace ketjet
