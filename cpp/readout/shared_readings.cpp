#include "readout/shared_readings.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/exact_sum.hpp"
#include "exec/agree.hpp"
#include "exec/exchange.hpp"
#include "exec/peers.hpp"
#include "exec/read_strings.hpp"
#include "readout/expectations.hpp"

namespace ketjet {

namespace {

Index placed(Index qubits, std::span<const std::int32_t> places) {
    Index result = 0;
    for (; qubits != 0; qubits &= qubits - 1) {
        result |= bit(places[static_cast<std::size_t>(std::countr_zero(qubits))]);
    }
    return result;
}

template <class T>
class SharedReader {
 public:
    SharedReader(std::span<const PauliString> strings, StateVector<T>& share, std::vector<std::int32_t>& places,
                 const RunContext& context)
        : strings_(strings), share_(share), places_(places), context_(context), sums_(strings.size()) {
        for (std::uint32_t k = 0; k < strings.size(); ++k) left_.push_back(k);
    }

    std::vector<ExactSum> read_all() {
        for (read_local(); !left_.empty(); read_local()) make_local(strings_[left_.front()].x);
        return gathered();
    }

    // Undoes the exchanges.
    void restore() {
        for (; !swaps_.empty(); swaps_.pop_back()) swap(swaps_.back());
    }

 private:
    int local_qubits() const { return share_.stored_qubits(); }
    Index global_flips(std::uint32_t k) const { return placed(strings_[k].x, places_) & ~low_bits(local_qubits()); }

    // Reads those of the rest that flip no global qubit.
    void read_local() {
        const auto rest = std::ranges::stable_partition(left_, [&](std::uint32_t k) { return global_flips(k) != 0; });
        const std::vector<std::uint32_t> read(rest.begin(), rest.end());
        left_.erase(rest.begin(), rest.end());
        if (read.empty()) return;
        in_agreement(context_, [&] {
            std::vector<PauliString> here;
            for (const PauliString& string : strings_) {
                here.push_back({placed(string.x, places_),
                                placed(string.z, places_),
                                {placed(string.condition.mask, places_), placed(string.condition.value, places_)}});
            }
            constexpr Precision precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
            const auto sweeps = plan_readings(here, read, context_.machine, precision, local_qubits());
            read_strings<T>(here, sweeps, {}, share_, sums_, context_);
        });
    }

    // Exchanges the global ones of these qubits for local ones that the rest needs least.
    void make_local(Index qubits) {
        const Index wanted = placed(qubits, places_);
        std::vector<std::size_t> needed(static_cast<std::size_t>(local_qubits()));
        for (const std::uint32_t k : left_) {
            Index flips = placed(strings_[k].x, places_) & low_bits(local_qubits());
            for (; flips != 0; flips &= flips - 1) ++needed[static_cast<std::size_t>(std::countr_zero(flips))];
        }
        std::vector<int> free;  // the highest first, for long messages
        for (int place = local_qubits() - 1; place >= 0; --place) {
            if ((wanted >> place & 1) == 0) free.push_back(place);
        }
        std::ranges::stable_sort(free, {}, [&](int place) { return needed[static_cast<std::size_t>(place)]; });
        Index incoming = wanted & ~low_bits(local_qubits());
        if (free.size() < static_cast<std::size_t>(count_bits(incoming))) {
            throw std::invalid_argument("an observable flips " + std::to_string(count_bits(qubits)) +
                                        " qubits, but each rank has the amplitudes of " +
                                        std::to_string(local_qubits()));
        }
        std::vector<SwappedQubits> swaps;
        for (std::size_t i = 0; incoming != 0; incoming &= incoming - 1, ++i) {
            swaps.push_back({free[i], std::countr_zero(incoming)});
        }
        for (const auto& [first, second] : swaps) {
            std::swap(*std::ranges::find(places_, first), *std::ranges::find(places_, second));
        }
        swap(swaps);
        swaps_.push_back(std::move(swaps));
    }

    void swap(const std::vector<SwappedQubits>& swaps) {
        exchange(share_, Exchange{0, swaps, low_bits(share_.total_qubits())}, context_);
    }

    std::vector<ExactSum> gathered() const {
        Peers& peers = *context_.peers;
        std::vector<ExactSum> all(sums_.size() * static_cast<std::size_t>(peers.size())), result(sums_.size());
        peers.gather(std::as_bytes(std::span(sums_)), std::as_writable_bytes(std::span(all)));
        for (std::size_t i = 0; i < all.size(); ++i) result[i % result.size()].add(all[i]);
        return result;
    }

    std::span<const PauliString> strings_;
    StateVector<T>& share_;
    std::vector<std::int32_t>& places_;
    const RunContext& context_;
    std::vector<ExactSum> sums_;
    std::vector<std::uint32_t> left_;
    std::vector<std::vector<SwappedQubits>> swaps_;
};

}  // namespace

template <class T>
SavesVector<double> shared_expectations(const ObservableSet& observables, StateVector<T>& share,
                                        std::vector<std::int32_t>& places, const RunContext& context) {
    const std::vector<ExactSum> sums = SharedReader<T>(observables.strings(), share, places, context).read_all();
    return expectations(observables, std::span<const ExactSum>(sums));
}

template <class T>
SavesVector<double> shared_expectations(const ObservableSet& observables, StateVector<T>& share,
                                        const RunContext& context) {
    std::vector<std::int32_t> places(static_cast<std::size_t>(share.total_qubits()));
    std::iota(places.begin(), places.end(), 0);
    SharedReader<T> reader(observables.strings(), share, places, context);
    const std::vector<ExactSum> sums = reader.read_all();
    reader.restore();
    return expectations(observables, std::span<const ExactSum>(sums));
}

#define KETJET_INSTANTIATE(T)                                                                                      \
    template SavesVector<double> shared_expectations<T>(const ObservableSet&, StateVector<T>&, const RunContext&); \
    template SavesVector<double> shared_expectations<T>(const ObservableSet&, StateVector<T>&,                     \
                                                        std::vector<std::int32_t>&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
