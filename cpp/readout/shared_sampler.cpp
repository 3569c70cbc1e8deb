// Chunks have numbers by qubits, as in the whole state, and places by where the qubits are. The sums of chunks go to
// the ranks that own their numbers, who split shots over them by their part of the whole state's tree, and give the
// counts back. So nobody holds more than his share of the sums.
#include "readout/shared_sampler.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "exec/agree.hpp"
#include "exec/peers.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

template <class Number>
std::span<const std::byte> bytes_of(const std::vector<Number>& numbers) {
    return std::as_bytes(std::span(numbers));
}
template <class Number>
std::vector<Number> numbers_of(std::span<const std::byte> bytes) {
    std::vector<Number> numbers(bytes.size() / sizeof(Number));
    if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}
template <class Number>
std::vector<std::byte> to_bytes(const std::vector<Number>& numbers) {
    const auto bytes = bytes_of(numbers);
    return {bytes.begin(), bytes.end()};
}

// Where the items of a whole are: chunks, or amplitudes. Bits of an item's number are those of a contiguous stretch of
// qubits; in its place, each is where its qubit is.
class Places {
 public:
    // Of items of 2^first amplitudes.
    Places(std::span<const std::int32_t> places, int first, int local_qubits)
        : bits_(static_cast<int>(places.size()) - first), local_bits_(local_qubits - first) {
        for (int i = 0; i < bits_; ++i) place_.push_back(places[static_cast<std::size_t>(first + i)] - first);
    }

    Index local_items() const { return bit(local_bits_); }
    Index local_place(Index number) const { return place_of(number) & low_bits(local_bits_); }
    // Within the numbers that one rank owns.
    Index own_number(Index number) const { return number & low_bits(local_bits_); }
    Index number_of(int holder, Index local_place) const {
        const Index place = static_cast<Index>(holder) << local_bits_ | local_place;
        Index number = 0;
        for (int i = 0; i < bits_; ++i) number |= (place >> at(i) & 1) << i;
        return number;
    }

    // Calls body(number) for the items that one rank holds and one owns, in an order that both know.
    template <class Body>
    void for_common(int holder, int owner, Body body) const {
        Index fixed = low_bits(bits_) & ~low_bits(local_bits_), values = static_cast<Index>(owner) << local_bits_;
        for (int i = 0; i < bits_; ++i) {
            if (at(i) < local_bits_) continue;
            const Index value = static_cast<Index>(holder >> (at(i) - local_bits_) & 1) << i;
            if ((fixed & bit(i)) != 0 && (values & bit(i)) != value) return;
            fixed |= bit(i);
            values |= value;
        }
        const Index free = low_bits(bits_) & ~fixed;
        for (Index k = 0; k < bit(count_bits(free)); ++k) body(deposit_bits(k, free) | values);
    }

 private:
    int at(int i) const { return place_[static_cast<std::size_t>(i)]; }
    Index place_of(Index number) const {
        Index place = 0;
        for (int i = 0; i < bits_; ++i) place |= (number >> i & 1) << at(i);
        return place;
    }

    int bits_;
    int local_bits_;
    std::vector<int> place_;
};

// Items go from those who hold them to those who own them, or back.
class Dealer {
 public:
    Dealer(const Places& places, Peers& peers) : places_(places), peers_(peers) {}

    template <class Number>
    std::vector<Number> to_owners(const std::vector<Number>& held) {
        return dealt(held, Role::holder, Role::owner);
    }
    template <class Number>
    std::vector<Number> to_holders(const std::vector<Number>& owned) {
        return dealt(owned, Role::owner, Role::holder);
    }

 private:
    enum class Role { holder, owner };

    // Gives the items that this rank has in one role, and returns those that it has in the other one.
    template <class Number>
    std::vector<Number> dealt(const std::vector<Number>& mine, Role given_as, Role taken_as) {
        std::vector<std::vector<std::byte>> given;
        for (int peer = 0; peer < peers_.size(); ++peer) {
            std::vector<Number> items;
            for_common(given_as, peer, [&](Index number) { items.push_back(mine[own_index(given_as, number)]); });
            given.push_back(to_bytes(items));
        }
        const auto taken = peers_.deal(given);
        std::vector<Number> result(places_.local_items());
        for (int peer = 0; peer < peers_.size(); ++peer) {
            const auto items = numbers_of<Number>(taken[static_cast<std::size_t>(peer)]);
            auto item = items.begin();
            for_common(taken_as, peer, [&](Index number) { result[own_index(taken_as, number)] = *item++; });
        }
        return result;
    }

    // Calls body(number) for the items that this rank has in its role, and a peer in the other one.
    template <class Body>
    void for_common(Role role, int peer, Body body) const {
        if (role == Role::holder) {
            places_.for_common(peers_.rank(), peer, body);
        } else {
            places_.for_common(peer, peers_.rank(), body);
        }
    }
    // Where this rank has an item in its role.
    Index own_index(Role role, Index number) const {
        return role == Role::holder ? places_.local_place(number) : places_.own_number(number);
    }

    const Places& places_;
    Peers& peers_;
};

// Gives everything to rank 0.
std::vector<std::vector<std::byte>> bring_together(std::vector<std::byte> mine, Peers& peers) {
    std::vector<std::vector<std::byte>> given(static_cast<std::size_t>(peers.size()));
    given.front() = std::move(mine);
    return peers.deal(given);
}

std::vector<double> gather_numbers(double mine, Peers& peers) {
    std::vector<double> all(static_cast<std::size_t>(peers.size()));
    peers.gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
    return all;
}

}  // namespace

double shared_norm(double of_share, const RunContext& context) {
    return pairwise_sum(gather_numbers(of_share, *context.peers));
}

bool samples_shares(std::span<const std::int32_t> places, int local_qubits) {
    if (local_qubits < chunk_bits) return false;
    for (std::int32_t qubit = 0; qubit < chunk_bits; ++qubit) {
        if (places[static_cast<std::size_t>(qubit)] != qubit) return false;
    }
    return true;
}

template <class T>
SharedSamples sample_shared(const StateVector<T>& share, const StateNorms& norms, std::span<const std::int32_t> qubits,
                            std::int64_t shots, const PhiloxKey& key, const RunContext& context) {
    Peers& peers = *context.peers;
    const Places places(qubits, chunk_bits, share.stored_qubits());
    Dealer dealer(places, peers);
    const std::vector<double> owned = dealer.to_owners(norms.chunks);
    const std::vector<double> roots = gather_numbers(pairwise_sum(owned), peers);
    SharedSamples result{{}, pairwise_sum(roots)};
    const auto levels = static_cast<std::size_t>(share.stored_qubits() - chunk_bits);
    const auto rank = static_cast<std::size_t>(peers.rank());
    const std::vector<std::int64_t> of_owners = split_over(roots, shots, key, {levels, 0});
    const std::vector<std::int64_t> counts = dealer.to_holders(split_over(owned, of_owners[rank], key, {0, rank}));
    std::vector<OutcomesVector<BasisCount>> parts(counts.size());
    in_agreement(context, [&] {
        for_chunks(share.stored_size(), context.walk(), [&](const Chunk& chunk) {
            const std::int64_t count = counts[chunk.number];
            if (count == 0) return;
            sample_chunk(share, norms, chunk, places.number_of(peers.rank(), chunk.number), count, key,
                         kernels_of<T>(context.kernels), parts[chunk.number]);
        });
    });
    std::vector<BasisCount> mine;
    for (const auto& part : parts) mine.insert(mine.end(), part.begin(), part.end());
    for (const auto& bytes : bring_together(to_bytes(mine), peers)) {
        const auto found = numbers_of<BasisCount>(bytes);
        result.samples.insert(result.samples.end(), found.begin(), found.end());
    }
    std::ranges::sort(result.samples, {}, &BasisCount::basis);
    return result;
}

template <class T>
std::unique_ptr<StateVector<T>> gather_state(const StateVector<T>& share, std::span<const std::int32_t> qubits,
                                             const RunContext& context) {
    using Amplitude = std::complex<T>;
    Peers& peers = *context.peers;
    std::unique_ptr<StateVector<T>> whole;
    in_agreement(context, [&] {
        if (peers.rank() == 0) {
            whole = std::make_unique<StateVector<T>>(static_cast<int>(qubits.size()), static_cast<int>(qubits.size()));
        }
    });
    const auto bytes = std::as_bytes(std::span(share.amplitudes(), share.stored_size()));
    const auto shares = bring_together({bytes.begin(), bytes.end()}, peers);
    if (whole == nullptr) return whole;
    const Places places(qubits, 0, share.stored_qubits());
    for (std::size_t holder = 0; holder < shares.size(); ++holder) {
        const auto amplitudes = numbers_of<Amplitude>(shares[holder]);
        for (Index place = 0; place < amplitudes.size(); ++place) {
            whole->amplitudes()[places.number_of(static_cast<int>(holder), place)] = amplitudes[place];
        }
    }
    return whole;
}

#define KETJET_INSTANTIATE(T)                                                                                        \
    template SharedSamples sample_shared<T>(const StateVector<T>&, const StateNorms&, std::span<const std::int32_t>, \
                                            std::int64_t, const PhiloxKey&, const RunContext&);                      \
    template std::unique_ptr<StateVector<T>> gather_state<T>(const StateVector<T>&, std::span<const std::int32_t>,   \
                                                             const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
