// Groups are kept as parallel arrays; dividing goes through them once, and uniting sorts them by memory.
#include "exec/shots.hpp"

#include <algorithm>
#include <numeric>

namespace ketjet {

namespace {

constexpr std::uint64_t witness_way = 2;  // beside the two outcomes: the stream in which the witness draws its own

// The identity of what `identity` becomes in one of two ways, or together with another one: splitmix64's finish.
std::uint64_t mixed(std::uint64_t identity, std::uint64_t way) {
    std::uint64_t z = identity + 0x9e3779b97f4a7c15u * (way + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace

Shots::Shots(int memory_words, double weight)
    : words_(static_cast<std::size_t>(memory_words)), witness_(0), identities_{0}, weights_{weight}, memory_(words_) {}

double Shots::weight() const { return std::accumulate(weights_.begin(), weights_.end(), 0.0); }

void Shots::add(std::uint64_t identity, double weight, std::span<const std::uint64_t> memory, bool with_witness) {
    if (with_witness) witness_ = groups();
    identities_.push_back(identity);
    weights_.push_back(weight);
    memory_.insert(memory_.end(), memory.begin(), memory.end());
}

Shots Shots::divide(double one, std::uint32_t origin, const DivisionRule& rule, double& dropped) {
    Shots zeros(words_), ones(words_);
    for (std::size_t group = 0; group < groups(); ++group) {
        const double weight = weights_[group];
        double to_one = weight * one;
        if (!rule.exact) {
            RandomStream random(rule.key, identities_[group], origin);
            to_one = static_cast<double>(random.binomial(static_cast<std::int64_t>(weight), one));
        }
        bool witness_gives_one = false;
        if (group == witness_) {
            RandomStream random(rule.key, mixed(identities_[group], witness_way), origin);
            witness_gives_one = random.uniform() * weight < to_one;
        }
        const auto give = [&](Shots& side, double part, bool way) {
            if (part > 0 && part >= rule.floor) {
                const bool with_witness = group == witness_ && witness_gives_one == way;
                side.add(mixed(identities_[group], way), part, memory_of(group), with_witness);
            } else {
                dropped += part;
            }
        };
        give(zeros, weight - to_one, false);
        give(ones, to_one, true);
    }
    *this = std::move(zeros);
    return ones;
}

Shots Shots::take(const std::vector<bool>& taken) {
    Shots kept(words_), result(words_);
    for (std::size_t group = 0; group < groups(); ++group) {
        Shots& side = taken[group] ? result : kept;
        side.add(identities_[group], weights_[group], memory_of(group), group == witness_);
    }
    *this = std::move(kept);
    return result;
}

void Shots::absorb(const Shots& other) {
    for (std::size_t group = 0; group < other.groups(); ++group) {
        add(other.identities_[group], other.weights_[group], other.memory_of(group), group == other.witness_);
    }
}

void Shots::unite() {
    std::vector<std::size_t> order(groups());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        const auto left = memory_of(a), right = memory_of(b);
        const auto differs = std::ranges::mismatch(left, right);
        return differs.in1 != left.end() ? *differs.in1 < *differs.in2 : identities_[a] < identities_[b];
    });
    Shots united(words_);
    for (const std::size_t group : order) {
        if (!united.empty() && std::ranges::equal(united.memory_of(united.groups() - 1), memory_of(group))) {
            if (group == witness_) united.witness_ = united.groups() - 1;
            united.weights_.back() += weights_[group];
            united.identities_.back() = mixed(united.identities_.back(), identities_[group]);
        } else {
            united.add(identities_[group], weights_[group], memory_of(group), group == witness_);
        }
    }
    *this = std::move(united);
}

}  // namespace ketjet
