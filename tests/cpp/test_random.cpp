// Tests of the random numbers: published known answers, and distributions against exact probabilities. The seeds are
// fixed, so a failure is a defect and never bad luck.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"

using namespace ketjet;

namespace {

// The known answers published with Random123 (kat_vectors).
void test_philox() {
    CHECK((philox4x32_10({0, 0, 0, 0}, {0, 0}) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    constexpr std::uint32_t ones = 0xffffffff;
    CHECK((philox4x32_10({ones, ones, ones, ones}, {ones, ones}) ==
           PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    CHECK((philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
           PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The chi-square statistic of `observed` against `expected`, neighbours pooled until at least 10 are expected, must
// stay within five standard deviations of its mean (the seeds are fixed, so this cannot flicker).
void check_distribution(const std::vector<double>& observed, const std::vector<double>& expected) {
    double statistic = 0, seen = 0, due = 0;
    int cells = 0;
    double left = std::accumulate(expected.begin(), expected.end(), 0.0);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        seen += observed[i];
        due += expected[i];
        left -= expected[i];
        if (due < 10 || (left < 10 && i + 1 < expected.size())) continue;
        statistic += (seen - due) * (seen - due) / due;
        ++cells;
        seen = due = 0;
    }
    const double freedom = std::max(1, cells - 1);
    CHECK(std::abs(statistic - freedom) < 5 * std::sqrt(2 * freedom) + 5);
}

void test_stream() {
    const PhiloxKey key{7, 8};
    RandomStream stream(key, 0x900000001, 5);
    const PhiloxBlock first = philox4x32_10({0, 5, 1, 9}, key);
    const PhiloxBlock second = philox4x32_10({1, 5, 1, 9}, key);
    for (const std::uint32_t word : first) CHECK(stream.next_u32() == word);
    CHECK(stream.next_u64() == (std::uint64_t{second[1]} << 32 | second[0]));

    std::vector<double> deciles(10, 0);
    for (int i = 0; i < 100000; ++i) {
        const double u = stream.uniform();
        CHECK(u >= 0 && u < 1);
        ++deciles[static_cast<std::size_t>(u * 10)];
        const double positive = stream.uniform_positive();
        CHECK(positive > 0 && positive <= 1);
    }
    check_distribution(deciles, std::vector<double>(10, 10000));

    std::vector<double> sevenths(7, 0);
    for (int i = 0; i < 70000; ++i) ++sevenths[stream.below(7)];
    check_distribution(sevenths, std::vector<double>(7, 10000));

    // Here the plain high word of the product would give one residue modulo 3 half of all draws.
    const std::uint64_t bound = std::uint64_t{3} << 62;
    std::vector<double> thirds(3, 0);
    for (int i = 0; i < 30000; ++i) {
        const std::uint64_t draw = stream.below(bound);
        CHECK(draw < bound);
        ++thirds[draw % 3];
    }
    check_distribution(thirds, std::vector<double>(3, 10000));
    CHECK(stream.below(1) == 0);
}

// Against the exact probabilities, for numbers of trials that can be tabulated.
void test_small_binomials() {
    const std::pair<std::int64_t, double> regimes[] = {
        {1, 0.5},      {3, 0.99},  {10, 0.3},      {19, 0.5},      {20, 0.5},   {25, 0.9},  {25, 0.505},   {99, 0.1},
        {101, 0.5051}, {104, 0.1}, {1000, 0.0103}, {1000, 0.0104}, {1000, 0.4}, {1000, .7}, {100000, 2e-4}};
    std::uint64_t regime = 0;
    for (const auto& [trials, p] : regimes) {
        RandomStream stream({42, 0}, regime++, 0);
        const double n = static_cast<double>(trials);
        // At the smallest means of the rejection the Stirling corrections are at their largest, yet below a percent.
        const int draws = n * p > 10.37 && n * p < 10.5 ? 4000000 : 200000;
        std::vector<double> observed(static_cast<std::size_t>(trials) + 1, 0), expected = observed;
        for (std::size_t k = 0; k < expected.size(); ++k) {
            const double x = static_cast<double>(k);
            const double log_ways = std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1);
            expected[k] = draws * std::exp(log_ways + x * std::log(p) + (n - x) * std::log1p(-p));
        }
        for (int i = 0; i < draws; ++i) ++observed[static_cast<std::size_t>(stream.binomial(trials, p))];
        check_distribution(observed, expected);
    }
}

// Far above anything tabulated the distribution is normal: moments, and twelve slices of half a deviation each.
void test_large_binomials() {
    const std::pair<std::int64_t, double> regimes[] = {{1000000000, 0.5},
                                                       {1000000000, 0.1},
                                                       {1000000000, 0.999},
                                                       {std::int64_t{1} << 40, 1e-4},
                                                       {1000000000000000, 0.25},
                                                       {(std::int64_t{1} << 62) - 1, 0.3},
                                                       {std::int64_t{1} << 62, 0.75}};
    std::uint64_t regime = 0;
    for (const auto& [trials, p] : regimes) {
        RandomStream stream({43, 0}, regime++, 0);
        const int draws = 200000;
        const double n = static_cast<double>(trials);
        const double deviation = std::sqrt(n * p * (1 - p));
        const auto centre = static_cast<std::int64_t>(n * p);
        double sum = 0, squares = 0;
        std::vector<double> observed(14, 0), expected(14, 0);
        for (int i = 0; i < draws; ++i) {
            const std::int64_t k = stream.binomial(trials, p);
            CHECK(k >= 0 && k <= trials);
            const double z = static_cast<double>(k - centre) / deviation;
            sum += z;
            squares += z * z;
            ++observed[static_cast<std::size_t>(std::clamp(std::floor(z * 2) + 7, 0.0, 13.0))];
        }
        const auto below = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
        for (int slice = 0; slice < 14; ++slice) {
            const double low = slice == 0 ? 0 : below((slice - 7) * 0.5);
            const double high = slice == 13 ? 1 : below((slice - 6) * 0.5);
            expected[static_cast<std::size_t>(slice)] = draws * (high - low);
        }
        CHECK(std::abs(sum / draws) < 5 / std::sqrt(draws));
        CHECK(std::abs(squares / draws - 1) < 5 * std::sqrt(2.0 / draws));
        check_distribution(observed, expected);
    }
}

// A billion or more rare events are Poisson.
void test_rare_binomials() {
    const std::pair<std::int64_t, double> regimes[] = {{1000000000, 1e-9}, {std::int64_t{1} << 62, 1e-18}};
    for (const auto& [trials, p] : regimes) {
        RandomStream stream({44, 0}, 0, 0);
        const int draws = 200000;
        const double mean = static_cast<double>(trials) * p;
        std::vector<double> observed(50, 0), expected(50, 0);
        for (std::size_t k = 0; k < 50; ++k) {
            const double x = static_cast<double>(k);
            expected[k] = draws * std::exp(x * std::log(mean) - mean - std::lgamma(x + 1));
        }
        for (int i = 0; i < draws; ++i) ++observed[static_cast<std::size_t>(stream.binomial(trials, p))];
        check_distribution(observed, expected);
    }
}

// Probabilities of circuits are often round numbers, but for rounding: that must not change the variate.
void test_rounding_of_binomials() {
    for (const std::int64_t trials : {1, 20, 40, 99, 250, 1000, 1000000}) {
        for (const double p : {0.1, 0.25, 0.5, 0.75, 0.9}) {
            for (std::uint64_t number = 0; number < 200; ++number) {
                RandomStream exact({45, 0}, number, 0), less = exact, more = exact;
                const std::int64_t k = exact.binomial(trials, p);
                CHECK(less.binomial(trials, p * (1 - 1e-14)) == k && more.binomial(trials, p * (1 + 1e-14)) == k);
            }
        }
    }
}

void test_binomial_limits() {
    RandomStream stream({1, 1}, 1, 1);
    const std::int64_t most = std::int64_t{1} << 62;
    CHECK(stream.binomial(0, 0.5) == 0);
    CHECK(stream.binomial(most, 0) == 0 && stream.binomial(most, -1e-17) == 0);
    CHECK(stream.binomial(most, 1) == most && stream.binomial(most, 1.0000001) == most);
    CHECK(stream.binomial(most, std::numeric_limits<double>::denorm_min()) == 0);
    CHECK_THROWS(stream.binomial(10, std::nan("")), std::invalid_argument);
    CHECK_THROWS(stream.binomial(-1, 0.5), std::invalid_argument);
    CHECK_THROWS(stream.binomial(most + 1, 0.5), std::invalid_argument);
    RandomStream again({1, 1}, 1, 1), other({1, 1}, 1, 2);
    stream = RandomStream({1, 1}, 1, 1);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const std::int64_t k = stream.binomial(1000000, 0.3);
        CHECK(k == again.binomial(1000000, 0.3));
        differs = differs || k != other.binomial(1000000, 0.3);
    }
    CHECK(differs);
}

}  // namespace

int main() {
    test_philox();
    test_stream();
    test_small_binomials();
    test_large_binomials();
    test_rare_binomials();
    test_rounding_of_binomials();
    test_binomial_limits();
    return failed_checks == 0 ? 0 : 1;
}
