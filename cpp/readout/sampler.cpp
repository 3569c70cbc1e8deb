// sample(): a tree of binomial draws down to chunks, then uniforms taken down its tree of norms (few shots) or one
// binomial draw per amplitude (many shots) within a chunk.
#include "readout/sampler.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <numeric>
#include <span>

#include "base/random_streams.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

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

// Numbers from 0 to a bound, spread evenly, in ascending order: each is put beside its like before they are compared.
std::vector<double> in_order(const std::vector<double>& numbers, double bound) {
    const std::size_t buckets = numbers.size();
    const double scale = static_cast<double>(buckets) / bound;
    const auto bucket_of = [&](double number) {
        return std::min(static_cast<std::size_t>(number * scale), buckets - 1);
    };
    std::vector<std::uint32_t> begins(buckets + 1);
    for (const double number : numbers) ++begins[bucket_of(number) + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    std::vector<double> sorted(numbers.size());
    for (const double number : numbers) sorted[begins[bucket_of(number)]++] = number;
    for (std::size_t end = 1; end < sorted.size(); ++end) {
        const double number = sorted[end];
        std::size_t place = end;
        for (; place > 0 && number < sorted[place - 1]; --place) sorted[place] = sorted[place - 1];
        sorted[place] = number;
    }
    return sorted;
}

// The nodes of a tree of norms from its leaves, or from other nodes of one level, up to the root, which is number 1.
class NormTree {
 public:
    void grow(std::span<const double> leaves) {
        leaves_ = leaves.size();
        std::ranges::copy(leaves, nodes_.begin() + static_cast<std::ptrdiff_t>(leaves_));
        for (std::size_t node = leaves_ - 1; node > 0; --node) nodes_[node] = nodes_[2 * node] + nodes_[2 * node + 1];
    }
    // The leaves in which the running sum reaches some thresholds; what leaves before them hold is taken away from
    // these. All go down by one level after another: no step waits for the one before it, nor for a branch.
    void find(std::span<double> thresholds, std::span<std::uint32_t> found) const {
        std::ranges::fill(found, 1u);
        for (std::size_t level = 1; level < leaves_; level *= 2) {
            for (std::size_t i = 0; i < found.size(); ++i) {
                const std::uint32_t left = 2 * found[i];
                const auto reaches = static_cast<std::uint32_t>(!(thresholds[i] < nodes_[left]));
                const auto is_right = reaches & static_cast<std::uint32_t>(nodes_[left + 1] != 0);
                thresholds[i] -= static_cast<double>(is_right) * nodes_[left];
                found[i] = left + is_right;
            }
        }
        for (std::uint32_t& node : found) node -= static_cast<std::uint32_t>(leaves_);
    }

 private:
    std::array<double, 2 * bit(chunk_bits - leaf_bits)> nodes_;
    std::size_t leaves_ = 0;
};

// Few shots in a chunk: sorted uniforms, taken down the chunk's tree of norms. Only rows that any fall into are
// read, if the norms of rows are known.
template <class T>
class FewShots {
 public:
    FewShots(const StateVector<T>& state, const StateNorms& norms, const Chunk& chunk, const Kernels& kernels)
        : state_(state),
          chunk_{chunk.number, chunk.first, std::max(chunk.size, bit(leaf_bits))},
          leaves_(kernels),
          row_bits_(norms.rows.empty() ? leaf_bits : norms.row_bits) {
        const std::size_t rows = chunk_.size >> row_bits_;
        rows_.grow(norms.rows.empty() ? std::span<const double>(leaves_(chunk_.of(state)))
                                      : std::span(norms.rows).subspan(chunk.number * rows, rows));
    }

    void draw(double total, std::int64_t shots, RandomStream& random, OutcomesVector<BasisCount>& out) {
        std::vector<double> thresholds(static_cast<std::size_t>(shots));
        for (double& threshold : thresholds) threshold = random.uniform() * total;
        thresholds = in_order(thresholds, total);
        std::vector<std::uint32_t> rows(thresholds.size()), leaves(thresholds.size());
        rows_.find(thresholds, rows);
        for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
            while (end < rows.size() && rows[end] == rows[begin]) ++end;
            const Index row = Index{rows[begin]} << row_bits_;
            const auto within = std::span(thresholds).subspan(begin, end - begin);
            const auto found = std::span(leaves).subspan(begin, end - begin);
            if (row_bits_ > leaf_bits) {
                row_tree_.grow(leaves_(chunk_.of(state_).subspan(row, bit(row_bits_))));
                row_tree_.find(within, found);
            }
            for (std::size_t i = 0; i < within.size(); ++i) {
                add(amplitude(chunk_.first + row + (Index{found[i]} << leaf_bits), within[i]), 1, out);
            }
        }
    }

 private:
    // In a leaf, which begins at `first`.
    Index amplitude(Index first, double threshold) const {
        double sum = 0;
        Index before = 0;  // amplitudes whose running sum does not exceed it
        for (Index i = first; i < first + bit(leaf_bits); ++i) {
            sum += probability(state_, i);
            before += !(threshold < sum);
        }
        if (before < bit(leaf_bits)) return first + before;
        return last_possible(state_, first, first + bit(leaf_bits));  // by rounding
    }

    const StateVector<T>& state_;
    Chunk chunk_;  // a whole leaf of a state that is smaller
    LeafNorms<T> leaves_;
    int row_bits_;
    NormTree rows_;
    NormTree row_tree_;
};

// Many shots in a chunk: one binomial draw per amplitude, each from a stream of its own, so that an amplitude that is
// zero but for rounding does not change what others draw. What is left for the later ones is a sum of theirs: it would
// cancel if it were the total less what has been drawn. The streams are numbered from `stream` on.
template <class T>
void sample_many(const StateVector<T>& state, const Chunk& chunk, Index stream, std::int64_t shots,
                 const PhiloxKey& key, OutcomesVector<BasisCount>& out) {
    std::array<double, bit(chunk_bits)> later;
    double sum = 0;
    const Index first = chunk.first, last = chunk.last();
    for (Index i = last; i-- > first; sum += probability(state, i)) later[i - first] = sum;
    for (Index i = first; i < last && shots > 0; ++i) {
        const double p = probability(state, i);
        if (p == 0) continue;
        RandomStream random(key, stream + (i - first), random_streams::amplitude);
        const std::int64_t count = random.binomial_of(shots, p, later[i - first]);
        if (count > 0) out.push_back({i, count});
        shots -= count;
    }
}

}  // namespace

std::vector<std::int64_t> split_over(std::span<const double> weights, std::int64_t shots, const PhiloxKey& key,
                                     const Subtree& subtree) {
    std::vector<std::vector<double>> levels{{weights.begin(), weights.end()}};
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
        const std::uint64_t row = static_cast<std::uint64_t>(level + subtree.level) << 48;
        const std::uint64_t first = subtree.number * counts.size();  // of the nodes of this level
        std::vector<std::int64_t> split(below.size());
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const double left = below[2 * i], right = 2 * i + 1 < below.size() ? below[2 * i + 1] : 0.0;
            std::int64_t to_left = right == 0 ? counts[i] : 0;
            if (counts[i] > 0 && left > 0 && right > 0) {
                RandomStream random(key, row | (first + i), random_streams::tree);
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
void sample_chunk(const StateVector<T>& state, const StateNorms& norms, const Chunk& chunk, Index number,
                  std::int64_t shots, const PhiloxKey& key, const Kernels& kernels, OutcomesVector<BasisCount>& out) {
    const std::size_t before = out.size();
    const Index first = number << chunk_bits;
    if (shots < static_cast<std::int64_t>(chunk.size)) {
        RandomStream random(key, number, random_streams::chunk);
        FewShots<T>(state, norms, chunk, kernels).draw(norms.chunks[chunk.number], shots, random, out);
    } else {
        sample_many(state, chunk, first, shots, key, out);
    }
    for (BasisCount& found : std::span(out).subspan(before)) found.basis = first + (found.basis - chunk.first);
}

template <class T>
OutcomesVector<BasisCount> sample(const StateVector<T>& state, const StateNorms& norms, std::int64_t shots,
                                  const PhiloxKey& key, std::int64_t work, const RunContext& context) {
    const std::int64_t of_chunk = work / static_cast<std::int64_t>(chunk_count(state.size()));
    const std::vector<std::int64_t> per_chunk = split_over(norms.chunks, shots, key);
    std::vector<OutcomesVector<BasisCount>> parts(per_chunk.size());
    for_chunks(state.size(), context.walk(), [&](const Chunk& chunk) {
        context.stop.counters().work_done.fetch_add(of_chunk, std::memory_order_relaxed);
        const std::int64_t count = per_chunk[chunk.number];
        if (count == 0) return;
        sample_chunk(state, norms, chunk, chunk.number, count, key, kernels_of<T>(context.kernels),
                     parts[chunk.number]);
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

#define KETJET_INSTANTIATE(T)                                                                                  \
    template void sample_chunk<T>(const StateVector<T>&, const StateNorms&, const Chunk&, Index, std::int64_t, \
                                  const PhiloxKey&, const Kernels&, OutcomesVector<BasisCount>&);              \
    template OutcomesVector<BasisCount> sample<T>(const StateVector<T>&, const StateNorms&, std::int64_t,      \
                                                  const PhiloxKey&, std::int64_t, const RunContext&);          \
    template OutcomesVector<Index> sample_at<T>(const StateVector<T>&, const std::vector<double>&,             \
                                                std::span<const double>);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
