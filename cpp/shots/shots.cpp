// Dividing goes through the groups once and leaves in place those that gave zero; uniting and comparing sort them by
// memory.
#include "shots/shots.hpp"

#include <algorithm>
#include <cmath>
#include <compare>
#include <numeric>
#include <utility>

namespace ketjet {

namespace {

// The identity of what `identity` becomes in one of two ways, or together with another one: splitmix64's finish.
std::uint64_t mixed(std::uint64_t identity, std::uint64_t way) {
    std::uint64_t z = identity + 0x9e3779b97f4a7c15u * (way + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

std::shared_ptr<Ways> charged_ways(const Ways& ways) {
    return std::allocate_shared<Ways>(ChargedAllocator<Ways, MemoryPurpose::shots>(), ways);
}

std::strong_ordering compared(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

Shots::Shots(int memory_words, Weight weight, bool remember_ways) : Shots(memory_words) {
    groups_.push_back({0, weight, Memory(words_), remember_ways ? charged_ways({}) : nullptr});
}

Weight Shots::weight() const {
    Weight sum;
    for (const Group& group : groups_) sum += group.weight;
    return sum;
}

Shots::Group Shots::copy_of(const Group& group) const {
    Group copy{group.identity, group.weight, Memory(words_), nullptr};
    std::copy_n(group.memory.data(), words_, copy.memory.data());
    if (group.ways != nullptr) copy.ways = charged_ways(*group.ways);
    return copy;
}

Shots Shots::divide(double zero, double one, std::uint32_t origin, const RunRequest& request, double& dropped,
                    const StopToken& stop) {
    Poll poll(stop);
    const Coin coin(one, zero);
    const double of_zero = zero / (zero + one), of_one = one / (zero + one);
    // The weights of those that gave zero and one.
    const auto parts_of = [&](const Group& group) -> std::pair<Weight, Weight> {
        const auto [shots, whole] = group.weight;
        if (request.exact) return {{0, whole * of_zero}, {0, whole * of_one}};
        RandomStream random(request.key, group.identity, origin);
        const std::int64_t hits = shots == 1 ? coin.toss(random) : random.binomial_of(shots, one, zero);
        return {{shots - hits, 0}, {hits, 0}};
    };
    const auto survives = [&](const Weight& part) {
        if (part.shots > 0 || (part.probability > 0 && part.probability >= request.floor)) return true;
        dropped += part.probability;
        return false;
    };
    const auto send = [](Group& group, const Weight& part, bool way) {
        group.identity = mixed(group.identity, way);
        group.weight = part;
        if (group.ways != nullptr) group.ways->push_back(way);
    };
    Shots ones(static_cast<int>(words_));
    ones.groups_.reserve(static_cast<std::size_t>(of_one * static_cast<double>(groups())) + 1);
    std::size_t zeros = 0;
    for (Group& group : groups_) {
        poll();
        const auto [to_zero, to_one] = parts_of(group);
        const bool zero_goes_on = survives(to_zero);
        if (survives(to_one)) {
            ones.groups_.push_back(zero_goes_on ? copy_of(group) : std::move(group));
            send(ones.groups_.back(), to_one, true);
        }
        if (!zero_goes_on) continue;
        send(group, to_zero, false);
        if (&groups_[zeros] != &group) groups_[zeros] = std::move(group);
        ++zeros;
    }
    groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(zeros), groups_.end());
    return ones;
}

Shots Shots::take(const std::vector<bool>& taken, const StopToken& stop) {
    Poll poll(stop);
    Shots result(static_cast<int>(words_));
    std::size_t kept = 0;
    for (std::size_t group = 0; group < groups(); ++group) {
        poll();
        if (taken[group]) {
            result.groups_.push_back(std::move(groups_[group]));
        } else {
            if (kept < group) groups_[kept] = std::move(groups_[group]);
            ++kept;
        }
    }
    groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(kept), groups_.end());
    return result;
}

void Shots::store(std::int32_t clbit, bool value, const StopToken& stop) {
    Poll poll(stop);
    for (Group& group : groups_) {
        poll();
        std::uint64_t& word = group.memory.data()[clbit / 64];
        word = (word & ~(std::uint64_t{1} << (clbit % 64))) | static_cast<std::uint64_t>(value) << (clbit % 64);
    }
}

void Shots::absorb(Shots other, const StopToken& stop) {
    Poll poll(stop);
    for (Group& group : other.groups_) {
        poll();
        groups_.push_back(std::move(group));
    }
}

ShotsVector<std::size_t> Shots::by_memory(Poll& poll) const {
    ShotsVector<std::size_t> order(groups());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        poll();
        const auto order_of_memory = compared(memory_of(a), memory_of(b));
        return order_of_memory != 0 ? order_of_memory < 0 : groups_[a].identity < groups_[b].identity;
    });
    return order;
}

void Shots::unite(const StopToken& stop) {
    Poll poll(stop);
    ShotsVector<Group> united;
    for (const std::size_t each : by_memory(poll)) {
        poll();
        Group& group = groups_[each];
        const std::uint64_t* const memory = group.memory.data();
        if (!united.empty() && std::equal(memory, memory + words_, united.back().memory.data())) {
            united.back().weight += group.weight;
            united.back().identity = mixed(united.back().identity, group.identity);
        } else {
            united.push_back(std::move(group));
        }
    }
    groups_ = std::move(united);
    united_ = groups();
}

double Shots::memory_distance(const Shots& other, const StopToken& stop) const {
    Poll poll(stop);
    const auto first = memory_of(0);
    const auto is_first = [&](const Group& group) {
        poll();
        return std::equal(first.begin(), first.end(), group.memory.data());
    };
    if (std::ranges::all_of(groups_, is_first) && std::ranges::all_of(other.groups_, is_first)) return 0;
    const ShotsVector<std::size_t> ours = by_memory(poll), theirs = other.by_memory(poll);
    const double all = weight().value(), all_theirs = other.weight().value();
    // The weight of all groups with the memory of the one at `next`, which moves past them.
    const auto weight_of_next = [&](const Shots& shots, const ShotsVector<std::size_t>& order, std::size_t& next) {
        const auto memory = shots.memory_of(order[next]);
        double sum = 0;
        for (; next < order.size() && std::ranges::equal(shots.memory_of(order[next]), memory); ++next) {
            poll();
            sum += shots.weight_of(order[next]).value();
        }
        return sum;
    };
    double distance = 0;
    for (std::size_t i = 0, j = 0; i < ours.size() || j < theirs.size();) {
        const auto order = i == ours.size()     ? std::strong_ordering::greater
                           : j == theirs.size() ? std::strong_ordering::less
                                                : compared(memory_of(ours[i]), other.memory_of(theirs[j]));
        const double mine = order <= 0 ? weight_of_next(*this, ours, i) / all : 0;
        const double its = order >= 0 ? weight_of_next(other, theirs, j) / all_theirs : 0;
        distance += std::abs(mine - its) / 2;
    }
    return distance;
}

}  // namespace ketjet
