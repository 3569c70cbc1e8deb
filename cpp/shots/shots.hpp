// The shots that share one quantum state: groups with equal classical memory, each with a weight (a number of shots, or
// a probability) and an identity that numbers its random streams. Random draws belong to groups, never to states, so it
// does not matter for the outcome which groups happen to share one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/charged.hpp"
#include "base/rng.hpp"
#include "base/stop_token.hpp"
#include "readout/outcomes.hpp"
#include "readout/run_request.hpp"
#include "readout/weight.hpp"

namespace ketjet {

class Shots {
 public:
    // No shots.
    explicit Shots(int memory_words) : words_(static_cast<std::size_t>(memory_words)) {}
    // One group, its memory all zero; it and all that become of it may remember their ways.
    Shots(int memory_words, Weight weight, bool remember_ways = false);

    std::size_t groups() const { return groups_.size(); }
    bool empty() const { return groups_.empty(); }
    Weight weight() const;
    const Weight& weight_of(std::size_t group) const { return groups_[group].weight; }
    std::uint64_t identity_of(std::size_t group) const { return groups_[group].identity; }
    std::span<std::uint64_t> memory_of(std::size_t group) { return {groups_[group].memory.data(), words_}; }
    std::span<const std::uint64_t> memory_of(std::size_t group) const { return {groups_[group].memory.data(), words_}; }
    // Null if they are not remembered.
    const std::shared_ptr<Ways>& ways_of(std::size_t group) const { return groups_[group].ways; }

    // Takes out the shots that gave one, where the probabilities are as `zero` to `one`: drawn one way or the other, or
    // in an exact run divided. `origin` numbers the draw among those of a group. What falls below the floor is added to
    // `dropped`.
    Shots divide(double zero, double one, std::uint32_t origin, const RunRequest& request, double& dropped,
                 const StopToken& stop);
    // Takes out the groups for which taken[group] is true.
    Shots take(const std::vector<bool>& taken, const StopToken& stop);
    // Writes a classical bit of all groups.
    void store(std::int32_t clbit, bool value, const StopToken& stop);

    // Adds the groups of another.
    void absorb(Shots other, const StopToken& stop);
    // Makes one of all groups whose memory is equal. It then draws as one, so draws are no longer those of its parts.
    void unite(const StopToken& stop);
    // Whether there are more than so many groups, and twice as many as were left when they were last united.
    bool are_many(std::size_t groups) const { return groups_.size() > std::max(groups, 2 * united_); }

    // How far the memory tells these shots from those of another: the total variation of its two distributions, from 0,
    // where they are the same, to 1, where no value occurs in both.
    double memory_distance(const Shots& other, const StopToken& stop) const;

 private:
    // The words of one group, zero at first: a single one in place. Groups change hands without a word being copied.
    class Memory {
     public:
        explicit Memory(std::size_t words) : many_(words > 1 ? words : 0) {}
        std::uint64_t* data() { return many_.empty() ? &one_ : many_.data(); }
        const std::uint64_t* data() const { return many_.empty() ? &one_ : many_.data(); }

     private:
        ShotsVector<std::uint64_t> many_;
        std::uint64_t one_ = 0;
    };
    struct Group {
        std::uint64_t identity;
        Weight weight;
        Memory memory;
        std::shared_ptr<Ways> ways;
    };

    Group copy_of(const Group& group) const;
    ShotsVector<std::size_t> by_memory(Poll& poll) const;

    std::size_t words_;
    std::size_t united_ = 0;  // how many groups there were when they were last united
    ShotsVector<Group> groups_;
};

}  // namespace ketjet
