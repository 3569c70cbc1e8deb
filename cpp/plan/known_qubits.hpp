// What is known of qubits at one place of a program. Flips of known qubits are put off: the state may hold the opposite
// of what a qubit is known to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bit_set.hpp"

namespace ketjet {

// Which qubits are 0 or 1 for certain; of the others, `ones` means nothing.
struct KnownValues {
    BitSet known;
    BitSet ones;

    // Keeps what the other says too.
    void agree(const KnownValues& other) {
        BitSet differing = ones;
        differing ^= other.ones;
        known &= other.known;
        known -= differing;
    }
};

class KnownQubits {
 public:
    // Those in `zero` are 0, in the state too.
    KnownQubits(const BitSet& zero, int num_qubits)
        : values_{zero, BitSet(num_qubits)}, stored_(num_qubits), causes_(static_cast<std::size_t>(num_qubits)) {}

    bool is_known(std::int32_t qubit) const { return values_.known.contains(qubit); }
    bool is_one(std::int32_t qubit) const { return values_.ones.contains(qubit); }
    const KnownValues& values() const { return values_; }
    // Of a known qubit: whether the state holds the opposite, and the operation that last changed it.
    bool is_wrong(std::int32_t qubit) const { return is_one(qubit) != stored_.contains(qubit); }
    std::uint32_t cause(std::int32_t qubit) const { return causes_[static_cast<std::size_t>(qubit)]; }

    template <class Visit>
    void for_each_wrong(Visit&& visit) const {
        BitSet wrong = values_.ones;
        wrong ^= stored_;
        wrong &= values_.known;
        wrong.for_each(visit);
    }

    void forget(std::int32_t qubit) { values_.known.erase(qubit); }
    void forget_all() { values_.known.clear(); }

    // These change what is known, and leave the state as it is.
    void flip(std::int32_t qubit, std::uint32_t cause) { set(qubit, !is_one(qubit), cause); }
    void set(std::int32_t qubit, bool value, std::uint32_t cause) {
        values_.ones.put(qubit, value);
        causes_[static_cast<std::size_t>(qubit)] = cause;
    }
    // The value of target source_of(k) comes to target k; all of them are known.
    template <class SourceOf>
    void permute_values(std::span<const std::int32_t> targets, const SourceOf& source_of, std::uint32_t cause) {
        const std::vector<bool> before = bits_of(values_.ones, targets);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            if (before[k] != before[source_of(k)]) flip(targets[k], cause);
        }
    }

    // These follow what is done to the state.
    void reset(std::int32_t qubit) {
        values_.known.insert(qubit);
        values_.ones.erase(qubit);
        stored_.erase(qubit);
    }
    void set_right(std::int32_t qubit) { stored_.put(qubit, is_one(qubit)); }
    template <class SourceOf>
    void permute(std::span<const std::int32_t> targets, const SourceOf& source_of) {
        for (BitSet* const set : {&values_.known, &values_.ones, &stored_}) {
            const std::vector<bool> before = bits_of(*set, targets);
            for (std::size_t k = 0; k < targets.size(); ++k) set->put(targets[k], before[source_of(k)]);
        }
        std::vector<std::uint32_t> before;
        for (const std::int32_t target : targets) before.push_back(cause(target));
        for (std::size_t k = 0; k < targets.size(); ++k) {
            causes_[static_cast<std::size_t>(targets[k])] = before[source_of(k)];
        }
    }
    // Takes values that the state holds.
    void replace(KnownValues values) {
        values_ = std::move(values);
        stored_ = values_.ones;
    }

 private:
    static std::vector<bool> bits_of(const BitSet& set, std::span<const std::int32_t> qubits) {
        std::vector<bool> bits;
        for (const std::int32_t qubit : qubits) bits.push_back(set.contains(qubit));
        return bits;
    }

    KnownValues values_;
    BitSet stored_;  // of the known qubits, those that are 1 in the state
    std::vector<std::uint32_t> causes_;
};

}  // namespace ketjet
