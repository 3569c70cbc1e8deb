#include "readout/outcomes.hpp"

#include <algorithm>
#include <bit>
#include <compare>
#include <functional>
#include <numeric>

#include "base/random_streams.hpp"
#include "exec/expected_work.hpp"
#include "exec/work_meter.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

std::strong_ordering compare_keys(const std::uint64_t* a, const std::uint64_t* b, int words) {
    for (int w = words; w-- > 0;) {
        if (a[w] != b[w]) return a[w] <=> b[w];
    }
    return std::strong_ordering::equal;
}

using WaysOfRows = OutcomesVector<std::shared_ptr<const Ways>>;  // empty, or of each row

// Merges equal keys of (key, count) rows, which are in order already, in their own memory.
template <class Count>
void merge_sorted(OutcomesVector<std::uint64_t>& keys, OutcomesVector<Count>& counts, WaysOfRows& ways,
                  std::size_t width, Poll& poll) {
    std::size_t kept = 0;
    for (std::size_t row = 0; row < counts.size(); ++row) {
        poll();
        const std::uint64_t* const key = keys.data() + row * width;
        if (kept > 0 && std::equal(key, key + width, keys.data() + (kept - 1) * width)) {
            counts[kept - 1] += counts[row];
            continue;
        }
        if (kept < row) std::copy(key, key + width, keys.data() + kept * width);
        if (!ways.empty()) ways[kept] = ways[row];
        counts[kept++] = counts[row];
    }
    keys.resize(kept * width);
    counts.resize(kept);
    if (!ways.empty()) ways.resize(kept);
}

// Puts rows in ascending order, those of equal keys as they came, and merges the latter; the ways of the first remain.
template <class Count>
void merge(OutcomesVector<std::uint64_t>& keys, OutcomesVector<Count>& counts, WaysOfRows& ways, int words,
           const StopToken& stop) {
    const auto width = static_cast<std::size_t>(words);
    Poll poll(stop);
    const auto less = [&](std::size_t a, std::size_t b) {
        poll();
        const auto order = compare_keys(keys.data() + a * width, keys.data() + b * width, words);
        return order != 0 ? order < 0 : a < b;
    };
    bool sorted = true, distinct = true;
    for (std::size_t i = 1; i < counts.size() && sorted; ++i) {
        poll();
        const auto order = compare_keys(keys.data() + (i - 1) * width, keys.data() + i * width, words);
        sorted = order <= 0;
        distinct = distinct && order < 0;
    }
    if (sorted && distinct) return;
    if (!sorted) {
        OutcomesVector<std::size_t> order(counts.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        const std::size_t rows = counts.size();
        WorkMeter meter(stop, nanoseconds(sorting_seconds(rows)),
                        rows * static_cast<std::size_t>(std::bit_width(rows)));
        std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
            meter();
            return less(a, b);
        });
        OutcomesVector<std::uint64_t> sorted_keys;
        OutcomesVector<Count> sorted_counts;
        WaysOfRows sorted_ways;
        sorted_keys.reserve(keys.size());
        sorted_counts.reserve(counts.size());
        for (const std::size_t row : order) {
            poll();
            const auto key = keys.begin() + static_cast<std::ptrdiff_t>(row * width);
            sorted_keys.insert(sorted_keys.end(), key, key + words);
            sorted_counts.push_back(counts[row]);
            if (!ways.empty()) sorted_ways.push_back(std::move(ways[row]));
        }
        keys = std::move(sorted_keys);
        counts = std::move(sorted_counts);
        ways = std::move(sorted_ways);
    }
    merge_sorted(keys, counts, ways, width, poll);
}

// Puts shots, which have so many words each, in a random order (Fisher and Yates); calls `step` for every shot.
template <class Word, class Step>
void shuffle(Word* shots, std::size_t count, std::size_t width, const PhiloxKey& key, const Step& step) {
    RandomStream random(key, 0, random_streams::shuffle);
    for (std::size_t i = count; i > 1; --i) {
        step();
        const std::size_t j = random.below(i);
        std::swap_ranges(shots + (i - 1) * width, shots + i * width, shots + j * width);
    }
}

}  // namespace

OutcomeTable tabulate(const OutcomesVector<BasisCount>& samples, const BitMover& mover, int num_clbits,
                      std::int64_t work, const StopToken& stop) {
    const int words = std::max(1, (num_clbits + 63) / 64);
    OutcomesVector<std::uint64_t> keys;
    OutcomesVector<std::int64_t> counts;
    keys.reserve(samples.size() * static_cast<std::size_t>(words));  // filled row by row: touching it all takes long
    counts.reserve(samples.size());
    Poll poll(stop);
    WorkMeter meter(stop, work, samples.size());
    for (const BasisCount& found : samples) {
        poll();
        meter();
        keys.resize(keys.size() + static_cast<std::size_t>(words));
        mover.write(found.basis, keys.data() + keys.size() - words);
        counts.push_back(found.count);
    }
    WaysOfRows none;
    merge(keys, counts, none, words, stop);
    return {words, std::move(keys), std::move(counts)};
}

WeightTable tabulate(WeightTable rows, int words, const StopToken& stop) {
    merge(rows.keys, rows.weights, rows.ways, words, stop);
    return rows;
}

std::size_t last_of_list(std::span<const std::int64_t> counts, const PhiloxKey& key) {
    const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    RandomStream random(key, 0, random_streams::shuffle);
    auto rank = total > 1 ? static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(total))) : 0;
    std::size_t row = 0;
    while (rank >= counts[row]) rank -= counts[row++];
    return row;
}

OutcomesVector<std::uint64_t> list_shots(const OutcomeTable& table, const PhiloxKey& key, std::int64_t work,
                                         const StopToken& stop) {
    const auto width = static_cast<std::size_t>(table.words);
    const std::int64_t total = std::accumulate(table.counts.begin(), table.counts.end(), std::int64_t{0});
    OutcomesVector<std::uint64_t> shots;
    shots.reserve(width * static_cast<std::size_t>(total));
    Poll poll(stop);
    for (std::size_t i = 0; i < table.counts.size(); ++i) {
        for (std::int64_t n = 0; n < table.counts[i]; ++n) {
            poll();
            for (std::size_t w = 0; w < width; ++w) shots.push_back(table.keys[i * width + w]);
        }
    }
    WorkMeter meter(stop, work, static_cast<std::size_t>(total));
    shuffle(shots.data(), static_cast<std::size_t>(total), width, key, [&] {
        poll();
        meter();
    });
    return shots;
}

void list_rows(std::span<const std::uint8_t> rows, std::size_t width, std::span<const std::int64_t> counts,
               const PhiloxKey& key, std::uint8_t* shots) {
    std::uint8_t* end = shots;
    std::size_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        for (std::int64_t n = 0; n < counts[i]; ++n) end = std::copy_n(rows.data() + i * width, width, end);
        total += static_cast<std::size_t>(counts[i]);
    }
    shuffle(shots, total, width, key, [] {});
}

template <class T>
OutcomeTable sample_qubits(const StateVector<T>& state, std::span<const std::int32_t> qubits, const StateNorms& norms,
                           std::int64_t shots, const PhiloxKey& key, const RunContext& context) {
    std::vector<BitMove> moves;
    for (const std::int32_t qubit : qubits) moves.push_back({qubit, static_cast<std::int32_t>(moves.size())});
    const int num_clbits = static_cast<int>(qubits.size()), words = (num_clbits + 63) / 64;
    return tabulate(sample(state, norms, shots, key, 0, context), BitMover(moves, {}, words), num_clbits, 0,
                    context.stop);
}

template OutcomeTable sample_qubits<float>(const StateVector<float>&, std::span<const std::int32_t>, const StateNorms&,
                                           std::int64_t, const PhiloxKey&, const RunContext&);
template OutcomeTable sample_qubits<double>(const StateVector<double>&, std::span<const std::int32_t>,
                                            const StateNorms&, std::int64_t, const PhiloxKey&, const RunContext&);

}  // namespace ketjet
