// RandomStream::binomial: exact binomial variates in constant time for any number of trials, which is what lets a
// billion shots cost no more than a thousand. Small means invert the distribution, large ones use rejection.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "base/rng.hpp"

namespace ketjet {

namespace {

constexpr std::int64_t max_trials = std::int64_t{1} << 62;

// Below this mean the inversion is faster; the rejection's constants are proven only above 10. Here and below, what is
// done changes at no value that circuits are likely to give: rounding there would change the variate altogether.
constexpr double min_rejection_mean = 10.37;

// Above this probability failures are drawn. The rejection is meant for at most 1/2, but exact up to 0.51 too: its hat
// and its squeeze, evaluated for 21 to 10^6 trials, keep the same margin.
constexpr double max_probability = 0.507;

// log k! - [log sqrt(2 pi) + (k + 1/2) log(k + 1) - (k + 1)]: a table, then Stirling's series.
double stirling_correction(std::int64_t k) {
    constexpr std::array<double, 10> table = {
        0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509,  0.01664469118982119,
        0.01387612882307075, 0.01189670994589177, 0.01041126526197209, 0.009255462182712733, 0.008330563433362871};
    if (k < static_cast<std::int64_t>(table.size())) return table[static_cast<std::size_t>(k)];
    const double next = static_cast<double>(k) + 1;
    const double square = next * next;
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / next;
}

// log(pmf(k) / pmf(mode)). Written around the distance from the mode, so that no two huge terms cancel: the error
// grows with the standard deviation, not with the number of trials.
double log_relative_pmf(std::int64_t trials, double p, std::int64_t mode, std::int64_t k) {
    const double distance = static_cast<double>(k - mode);
    const double successes = static_cast<double>(mode) + 1;
    const double failures = static_cast<double>(trials - mode) + 1;
    const double linear = distance * std::log(failures * p / (successes * (1 - p)));
    const double from_successes = (static_cast<double>(k) + 0.5) * std::log1p(distance / successes);
    const double from_failures = (static_cast<double>(trials - k) + 0.5) * std::log1p(-distance / failures);
    return linear - from_successes - from_failures + stirling_correction(mode) - stirling_correction(k) +
           stirling_correction(trials - mode) - stirling_correction(trials - k);
}

// Sequential inversion (algorithm BINV of Kachitvichyanukul and Schmeiser, "Binomial random variate generation",
// CACM 31, 1988). Beyond `last` lies a mass below 1e-70, reached only when rounding left u above the whole sum.
std::int64_t binomial_by_inversion(RandomStream& stream, std::int64_t trials, double p) {
    const std::int64_t last = std::min<std::int64_t>(trials, 110);
    const double count = static_cast<double>(trials);
    const double odds = p / (1 - p);
    const double nothing = std::exp(count * std::log1p(-p));
    for (;;) {
        double u = stream.uniform();
        double pmf = nothing;
        for (std::int64_t k = 0; k <= last; ++k) {
            if (u < pmf) return k;
            u -= pmf;
            const double done = static_cast<double>(k);
            pmf *= odds * (count - done) / (done + 1);
        }
    }
}

// Transformed rejection with squeeze (algorithm BTRS of Hörmann, "The generation of binomial random variates",
// J. Stat. Comput. Simul. 46, 1993), counting from the mode so that k stays exact above 2^53.
std::int64_t binomial_by_rejection(RandomStream& stream, std::int64_t trials, double p) {
    const double mean = static_cast<double>(trials) * p;
    const double deviation = std::sqrt(mean * (1 - p));
    const double b = 1.15 + 2.53 * deviation;
    const double a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double alpha = (2.83 + 5.1 / b) * deviation;
    const double squeeze = 0.92 - 4.2 / b;
    const auto mode = static_cast<std::int64_t>(mean + p);
    const double centre = mean + 0.5 - static_cast<double>(mode);
    for (;;) {
        const double u = stream.uniform() - 0.5;
        const double v = stream.uniform_positive();
        const double edge = 0.5 - std::abs(u);
        const double distance = std::floor((2 * a / edge + b) * u + centre);
        if (distance < -static_cast<double>(mode) || distance > static_cast<double>(trials - mode)) continue;
        const std::int64_t k = mode + static_cast<std::int64_t>(distance);
        if (k > trials) continue;  // only when trials - mode was rounded up
        if (edge >= 0.07 && v <= squeeze) return k;
        if (std::log(v * alpha / (a / (edge * edge) + b)) <= log_relative_pmf(trials, p, mode, k)) return k;
    }
}

}  // namespace

Coin::Coin(double weight, double other) : swaps_(weight / (weight + other) > max_probability) {
    const double rarer = (swaps_ ? other : weight) / (weight + other);
    if (std::isnan(rarer)) throw std::invalid_argument("coin: the probability is NaN");
    failure_ = std::exp(std::log1p(-rarer));
    success_ = failure_ * (rarer / (1 - rarer));
}

bool Coin::toss(RandomStream& stream) const {
    if (success_ == 0) return swaps_;
    for (;;) {
        const double u = stream.uniform();
        if (u < failure_) return swaps_;
        if (u - failure_ < success_) return !swaps_;
    }
}

std::int64_t RandomStream::binomial(std::int64_t trials, double p) {
    if (trials < 0 || trials > max_trials) {
        throw std::invalid_argument("binomial: trials must be in [0, 2^62], not " + std::to_string(trials));
    }
    if (std::isnan(p)) throw std::invalid_argument("binomial: the probability is NaN");
    if (trials == 0 || p <= 0) return 0;
    if (p >= 1) return trials;
    if (p > max_probability) return trials - binomial(trials, 1 - p);
    if (static_cast<double>(trials) * p < min_rejection_mean) return binomial_by_inversion(*this, trials, p);
    return binomial_by_rejection(*this, trials, p);
}

std::int64_t RandomStream::binomial_of(std::int64_t trials, double weight, double other) {
    const double p = weight / (weight + other);
    return p > max_probability ? trials - binomial(trials, other / (weight + other)) : binomial(trials, p);
}

}  // namespace ketjet
