// The shots that share one quantum state: groups with equal classical memory, each with a weight (a number of shots, or
// a probability) and an identity that numbers its random streams. Random draws belong to groups, never to states, so it
// does not matter for the outcome which groups happen to share one. One of all shots is the witness, whose way is
// followed for what can be had of a single shot only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.hpp"

namespace ketjet {

// How groups are divided between the outcomes of a measurement.
struct DivisionRule {
    PhiloxKey key{};
    bool exact = false;  // weights are probabilities, and are divided as such; else shots, drawn one way or the other
    double floor = 0;    // exact: smaller weights are dropped
};

class Shots {
 public:
    // One group, its memory all zero, with the witness in it.
    Shots(int memory_words, double weight);

    std::size_t groups() const { return weights_.size(); }
    bool empty() const { return weights_.empty(); }
    double weight() const;
    bool has_witness() const { return witness_ != nobody; }
    std::size_t witness() const { return witness_; }  // its group
    double weight_of(std::size_t group) const { return weights_[group]; }
    std::uint64_t identity_of(std::size_t group) const { return identities_[group]; }
    std::span<std::uint64_t> memory_of(std::size_t group) { return std::span(memory_).subspan(group * words_, words_); }
    std::span<const std::uint64_t> memory_of(std::size_t group) const {
        return std::span(memory_).subspan(group * words_, words_);
    }

    // Takes out the shots that gave one, where this has probability `one`; `origin` numbers the draw among those of a
    // group. What falls below the floor is added to `dropped`.
    Shots divide(double one, std::uint32_t origin, const DivisionRule& rule, double& dropped);

    // Takes out the groups for which taken[group] is true.
    Shots take(const std::vector<bool>& taken);

    // Adds the groups of another.
    void absorb(const Shots& other);
    // Makes one of all groups whose memory is equal. It then draws as one, so draws are no longer those of its parts.
    void unite();

 private:
    static constexpr std::size_t nobody = ~std::size_t{0};

    explicit Shots(std::size_t memory_words) : words_(memory_words) {}
    void add(std::uint64_t identity, double weight, std::span<const std::uint64_t> memory, bool with_witness);

    std::size_t words_;
    std::size_t witness_ = nobody;
    std::vector<std::uint64_t> identities_;
    std::vector<double> weights_;
    std::vector<std::uint64_t> memory_;  // words_ for each group
};

}  // namespace ketjet
