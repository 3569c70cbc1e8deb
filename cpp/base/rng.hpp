// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC11). A draw is a pure function of key and counter, so results do not depend on who draws first.
#pragma once

#include <array>
#include <cstdint>

namespace ketjet {

using PhiloxKey = std::array<std::uint32_t, 2>;
using PhiloxBlock = std::array<std::uint32_t, 4>;

PhiloxBlock philox4x32_10(const PhiloxBlock& counter, const PhiloxKey& key);

// A stream of numbers for one (key, stream, substream): e.g. stream = shot, substream = operation.
// It repeats after 2^34 words.
class RandomStream {
 public:
    RandomStream(const PhiloxKey& key, std::uint64_t stream, std::uint32_t substream)
        : key_(key),
          counter_{0, substream, static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)} {}

    std::uint32_t next_u32();
    std::uint64_t next_u64();
    // Uniform in [0, 1) with 53 random bits.
    double uniform();
    // Uniform in (0, 1]: never zero, so that its logarithm is finite.
    double uniform_positive();
    // Uniform integer in [0, bound) without bias (Lemire 2019). bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Exact binomial variate: the number of successes in `trials` draws of probability `p`. Takes trials in
    // [0, 2^62]; a `p` outside [0, 1] counts as 0 or 1, NaN throws std::invalid_argument.
    std::int64_t binomial(std::int64_t trials, double p);
    // The same for `p` = weight / (weight + other), both at least 0 and not both 0; exact however small one of them is
    // beside the other.
    std::int64_t binomial_of(std::int64_t trials, double weight, double other);

 private:
    PhiloxKey key_;
    PhiloxBlock counter_;
    PhiloxBlock block_{};
    int used_ = 4;
};

// Many draws of one trial: what a stream's binomial_of(1, weight, other) would give, prepared once.
class Coin {
 public:
    Coin(double weight, double other);
    bool toss(RandomStream& stream) const;

 private:
    bool swaps_;  // successes are drawn as failures
    double failure_, success_;
};

}  // namespace ketjet
