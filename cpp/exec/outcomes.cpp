// The part of sampler.hpp that turns basis states into tables of classical values and lists of shots.
#include <algorithm>
#include <numeric>

#include "exec/sampler.hpp"

namespace ketjet {

namespace {

constexpr std::uint32_t shuffle_stream = 0xffffffe0;

bool key_less(const std::uint64_t* a, const std::uint64_t* b, int words) {
    for (int w = words; w-- > 0;) {
        if (a[w] != b[w]) return a[w] < b[w];
    }
    return false;
}

// Merges equal keys of (key, count) rows into an ascending table.
OutcomeTable merge(const std::vector<std::uint64_t>& keys, const std::vector<std::int64_t>& counts, int words) {
    const auto width = static_cast<std::size_t>(words);
    std::vector<std::size_t> order(counts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto less = [&](std::size_t a, std::size_t b) {
        return key_less(keys.data() + a * width, keys.data() + b * width, words);
    };
    if (!std::ranges::is_sorted(order, less)) std::ranges::sort(order, less);
    OutcomeTable table;
    table.words = words;
    for (const std::size_t i : order) {
        const std::uint64_t* const key = keys.data() + i * width;
        if (!table.counts.empty() && std::equal(key, key + width, table.keys.end() - words)) {
            table.counts.back() += counts[i];
        } else {
            table.keys.insert(table.keys.end(), key, key + width);
            table.counts.push_back(counts[i]);
        }
    }
    return table;
}

}  // namespace

OutcomeTable tabulate(const std::vector<BasisCount>& samples, const std::vector<BitMove>& moves, int num_clbits) {
    const int words = std::max(1, (num_clbits + 63) / 64);
    std::vector<std::uint64_t> keys(samples.size() * static_cast<std::size_t>(words));
    std::vector<std::int64_t> counts(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        for (const BitMove& move : moves) {
            const std::uint64_t value = samples[i].basis >> move.qubit & 1;
            keys[i * static_cast<std::size_t>(words) + static_cast<std::size_t>(move.clbit / 64)] |=
                value << (move.clbit % 64);
        }
        counts[i] = samples[i].count;
    }
    return merge(keys, counts, words);
}

OutcomeTable tabulate(const std::vector<std::uint64_t>& shot_keys, int words) {
    return merge(shot_keys, std::vector<std::int64_t>(shot_keys.size() / static_cast<std::size_t>(words), 1), words);
}

std::vector<std::uint64_t> list_shots(const OutcomeTable& table, const PhiloxKey& key) {
    const auto width = static_cast<std::size_t>(table.words);
    std::vector<std::uint64_t> shots;
    shots.reserve(width *
                  static_cast<std::size_t>(std::accumulate(table.counts.begin(), table.counts.end(), std::int64_t{0})));
    for (std::size_t i = 0; i < table.counts.size(); ++i) {
        for (std::int64_t n = 0; n < table.counts[i]; ++n) {
            for (std::size_t w = 0; w < width; ++w) shots.push_back(table.keys[i * width + w]);
        }
    }
    RandomStream random(key, 0, shuffle_stream);
    for (std::size_t i = shots.size() / width; i > 1; --i) {  // Fisher and Yates
        const std::size_t j = random.below(i);
        std::swap_ranges(shots.begin() + static_cast<std::ptrdiff_t>((i - 1) * width),
                         shots.begin() + static_cast<std::ptrdiff_t>(i * width),
                         shots.begin() + static_cast<std::ptrdiff_t>(j * width));
    }
    return shots;
}

}  // namespace ketjet
