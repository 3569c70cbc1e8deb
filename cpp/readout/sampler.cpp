// sample(): a tree of binomial draws down to chunks, then sorted uniforms (few shots) or one binomial draw per
// amplitude (many shots) within a chunk.
#include "readout/sampler.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <span>

#include "base/random_streams.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

// Splits `shots` over leaves with the given weights by a binary tree of binomial draws, in place level by level.
std::vector<std::int64_t> split_over_chunks(const std::vector<double>& weights, std::int64_t shots,
                                            const PhiloxKey& key) {
    std::vector<std::vector<double>> levels{weights};
    while (levels.back().size() > 1) {
        const std::vector<double>& below = levels.back();
        std::vector<double> sums((below.size() + 1) / 2);
        for (std::size_t i = 0; i < sums.size(); ++i) {
            sums[i] = below[2 * i] + (2 * i + 1 < below.size() ? below[2 * i + 1] : 0.0);
        }
        levels.push_back(std::move(sums));
    }
    std::vector<std::int64_t> counts{shots};
    for (std::size_t level = levels.size() - 1; level-- > 0;) {
        const std::vector<double>& below = levels[level];
        std::vector<std::int64_t> split(below.size());
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const double left = below[2 * i], right = 2 * i + 1 < below.size() ? below[2 * i + 1] : 0.0;
            std::int64_t to_left = right == 0 ? counts[i] : 0;
            if (counts[i] > 0 && left > 0 && right > 0) {
                RandomStream random(key, static_cast<std::uint64_t>(level) << 48 | i, random_streams::tree);
                to_left = random.binomial_of(counts[i], left, right);
            }
            split[2 * i] = to_left;
            if (2 * i + 1 < below.size()) split[2 * i + 1] = counts[i] - to_left;
        }
        counts = std::move(split);
    }
    return counts;
}

template <class T>
double probability(const StateVector<T>& state, Index i) {
    return std::norm(std::complex<double>(state.amplitudes()[i]));
}

template <class T>
Index last_possible(const StateVector<T>& state, Index first, Index last) {
    while (last > first + 1 && probability(state, last - 1) == 0) --last;
    return last - 1;
}

void add(Index basis, std::ptrdiff_t count, OutcomesVector<BasisCount>& out) {
    if (!out.empty() && out.back().basis == basis) {
        out.back().count += count;
    } else if (count > 0) {
        out.push_back({basis, count});
    }
}

// Few shots in a chunk: sorted uniforms against the running sum, from row to row and within those that any fall into.
template <class T>
void sample_few(const StateVector<T>& state, Index first, Index last, double total, std::span<const double> rows,
                std::int64_t shots, RandomStream& random, OutcomesVector<BasisCount>& out) {
    std::vector<double> thresholds(static_cast<std::size_t>(shots));
    for (double& threshold : thresholds) threshold = random.uniform() * total;
    std::ranges::sort(thresholds);
    const Index row_size = (last - first) / rows.size();
    double before = 0;
    auto next = thresholds.begin();
    for (Index row = first; row < last && next != thresholds.end(); row += row_size) {
        const double after = before + rows[(row - first) / row_size];
        const auto end = std::lower_bound(next, thresholds.end(), after);
        double sum = before;
        for (Index i = row; i < row + row_size && next != end; ++i) {
            sum += probability(state, i);
            const auto begin = next;
            while (next != end && *next < sum) ++next;
            add(i, next - begin, out);
        }
        if (next != end) add(last_possible(state, row, row + row_size), end - next, out);  // by rounding
        next = end;
        before = after;
    }
    if (next != thresholds.end()) add(last_possible(state, first, last), thresholds.end() - next, out);  // likewise
}

// Many shots in a chunk: one binomial draw per amplitude, each from a stream of its own, so that an amplitude that is
// zero but for rounding does not change what others draw. What is left for the later ones is a sum of theirs: it would
// cancel if it were the total less what has been drawn.
template <class T>
void sample_many(const StateVector<T>& state, Index first, Index last, std::int64_t shots, const PhiloxKey& key,
                 OutcomesVector<BasisCount>& out) {
    std::array<double, bit(chunk_bits)> later;
    double sum = 0;
    for (Index i = last; i-- > first; sum += probability(state, i)) later[i - first] = sum;
    for (Index i = first; i < last && shots > 0; ++i) {
        const double p = probability(state, i);
        if (p == 0) continue;
        RandomStream random(key, i, random_streams::amplitude);
        const std::int64_t count = random.binomial_of(shots, p, later[i - first]);
        if (count > 0) out.push_back({i, count});
        shots -= count;
    }
}

}  // namespace

template <class T>
OutcomesVector<BasisCount> sample(const StateVector<T>& state, const StateNorms& norms, std::int64_t shots,
                                  const PhiloxKey& key, const RunContext& context) {
    const std::vector<std::int64_t> per_chunk = split_over_chunks(norms.chunks, shots, key);
    std::vector<OutcomesVector<BasisCount>> parts(per_chunk.size());
    for_chunks(state.size(), context.walk(), [&](const Chunk& chunk) {
        context.stop.counters().work_done.fetch_add(context.chunk_work, std::memory_order_relaxed);
        const std::int64_t count = per_chunk[chunk.number];
        if (count == 0) return;
        if (count < static_cast<std::int64_t>(chunk.size)) {
            RandomStream random(key, chunk.number, random_streams::chunk);
            sample_few(state, chunk.first, chunk.last(), norms.chunks[chunk.number], norms.rows_of(chunk.number), count,
                       random, parts[chunk.number]);
        } else {
            sample_many(state, chunk.first, chunk.last(), count, key, parts[chunk.number]);
        }
    });
    OutcomesVector<BasisCount> result;
    std::size_t total = 0;
    for (const auto& part : parts) total += part.size();
    result.reserve(total);
    for (const auto& part : parts) {
        context.stop.throw_if_stopped();
        result.insert(result.end(), part.begin(), part.end());
    }
    return result;
}

template <class T>
OutcomesVector<Index> sample_at(const StateVector<T>& state, const std::vector<double>& chunk_sums,
                                std::span<const double> thresholds) {
    OutcomesVector<Index> found;
    found.reserve(thresholds.size());
    std::size_t last_chunk = chunk_sums.size() - 1;
    while (last_chunk > 0 && chunk_sums[last_chunk] == 0) --last_chunk;
    double sum = 0;  // of the chunks before
    for (std::size_t chunk = 0; chunk <= last_chunk && found.size() < thresholds.size(); ++chunk) {
        const bool is_last = chunk == last_chunk;
        const double after = sum + chunk_sums[chunk];
        const auto inside = [&] {
            return found.size() < thresholds.size() && (is_last || thresholds[found.size()] < after);
        };
        if (inside()) {
            const Index first = static_cast<Index>(chunk) << chunk_bits;
            const Index last = last_possible(state, first, std::min(state.size(), first + bit(chunk_bits)));
            double running = sum;
            for (Index i = first; i <= last && inside(); ++i) {
                const double p = probability(state, i);
                running += p;
                while (inside() && ((p > 0 && thresholds[found.size()] < running) || i == last)) found.push_back(i);
            }
        }
        sum = after;
    }
    return found;
}

#define KETJET_INSTANTIATE(T)                                                                             \
    template OutcomesVector<BasisCount> sample<T>(const StateVector<T>&, const StateNorms&, std::int64_t, \
                                                  const PhiloxKey&, const RunContext&);                   \
    template OutcomesVector<Index> sample_at<T>(const StateVector<T>&, const std::vector<double>&,        \
                                                std::span<const double>);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
