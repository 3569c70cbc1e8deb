// A chunk keeps the high bits of its indices: what it adds to depends on these through one number, and on the low bits
// through a table. Chunks with the same value of the high qubits that are asked for form a group, whose sums have a
// place of their own; where there are few groups each is cut into fixed slices, so that sums run in an order that
// depends on sizes only.
#include "readout/probabilities.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr std::size_t min_parts = 64;  // of the sum, if there are so many chunks

// The value of `qubits` in the index of an amplitude.
Index value_of(Index index, const std::vector<int>& qubits) {
    Index value = 0;
    for (std::size_t j = 0; j < qubits.size(); ++j) value |= (index >> qubits[j] & 1) << j;
    return value;
}

template <class T>
class Marginal {
 public:
    Marginal(const StateVector<T>& state, const std::vector<int>& qubits) : state_(state), qubits_(qubits) {
        Index asked = 0;
        for (const int qubit : qubits) asked |= bit(qubit);
        const Index inside = low_bits(std::min(chunk_bits, state.num_qubits()));
        const Index outside = low_bits(state.num_qubits()) & ~inside;
        places_.resize(bit(count_bits(asked & inside)));
        for (Index value = 0; value < places_.size(); ++value) {
            places_[value] = value_of(deposit_bits(value, asked & inside), qubits);
        }
        numbers_.resize(inside + 1);
        for (Index i = 0; i <= inside; ++i) {
            numbers_[i] = static_cast<std::uint16_t>(extract_bits(i, asked & inside));
        }
        kept_ = asked & outside;
        summed_ = outside & ~asked;
        groups_ = bit(count_bits(kept_));
        slices_ = std::clamp<std::size_t>(min_parts / groups_, 1, bit(count_bits(summed_)));
    }

    SavesVector<double> run(const Walk& walk) const {
        SavesVector<double> result(bit(static_cast<int>(qubits_.size())));
        SavesVector<double> parts(slices_ > 1 ? groups_ * slices_ * places_.size() : 0);
        for_shares(groups_ * slices_, state_.size(), walk, [&](std::size_t begin, std::size_t end) {
            std::vector<double> sums(places_.size());
            for (std::size_t part = begin; part < end; ++part) {
                sum(part / slices_, part % slices_, sums, walk.stop);
                if (slices_ > 1) {
                    std::ranges::copy(sums, parts.begin() + static_cast<std::ptrdiff_t>(part * sums.size()));
                } else {
                    write(part, sums, result);
                }
            }
        });
        std::vector<double> sums(slices_ > 1 ? places_.size() : 0), of_slices(slices_);
        for (std::size_t group = 0; slices_ > 1 && group < groups_; ++group) {
            for (std::size_t i = 0; i < sums.size(); ++i) {
                for (std::size_t slice = 0; slice < slices_; ++slice) {
                    of_slices[slice] = parts[(group * slices_ + slice) * sums.size() + i];
                }
                sums[i] = sum_in_place(std::span(of_slices));
            }
            write(group, sums, result);
        }
        return result;
    }

 private:
    void sum(std::size_t group, std::size_t slice, std::vector<double>& sums, const StopToken& stop) const {
        const Index chunks = bit(count_bits(summed_)) / slices_, kept = deposit_bits(group, kept_);
        std::ranges::fill(sums, 0.0);
        for (Index i = slice * chunks; i < (slice + 1) * chunks; ++i) {
            stop.throw_if_stopped();
            const Chunk chunk{i, kept | deposit_bits(i, summed_), numbers_.size()};
            const std::span<const std::complex<T>> amplitudes = chunk.of(state_);
            for (Index j = 0; j < amplitudes.size(); ++j) {
                sums[numbers_[j]] += std::norm(std::complex<double>(amplitudes[j]));
            }
        }
    }
    void write(std::size_t group, const std::vector<double>& sums, SavesVector<double>& result) const {
        const Index high = value_of(deposit_bits(group, kept_), qubits_);
        for (std::size_t i = 0; i < sums.size(); ++i) result[high | places_[i]] = sums[i];
    }

    const StateVector<T>& state_;
    const std::vector<int>& qubits_;
    std::vector<Index> places_;           // in the result, of the values of the low qubits that are asked for
    std::vector<std::uint16_t> numbers_;  // of these values, by the low bits of an index
    Index kept_ = 0;                      // the high qubits that are asked for
    Index summed_ = 0;                    // all other high ones
    std::size_t groups_ = 1;
    std::size_t slices_ = 1;  // of each group
};

}  // namespace

template <class T>
SavesVector<double> marginal_probabilities(const StateVector<T>& state, const std::vector<int>& qubits,
                                           const RunContext& context) {
    return Marginal<T>(state, qubits).run(context.walk());
}

template SavesVector<double> marginal_probabilities<float>(const StateVector<float>&, const std::vector<int>&,
                                                           const RunContext&);
template SavesVector<double> marginal_probabilities<double>(const StateVector<double>&, const std::vector<int>&,
                                                            const RunContext&);

}  // namespace ketjet
