// Amplitudes travel in chunks, two of which are under way at a time: what arrives is put where what was sent has been.
// Ranks meet in pairs, whose numbers differ by the same bits at the same time.
#include "exec/exchange.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "exec/agree.hpp"
#include "exec/peers.hpp"
#include "plan/cost.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr std::size_t messages_between_checks = 256;

// Some amplitudes of a share: those whose indices have some bits fixed, in order.
struct Part {
    Index bits;   // that vary
    Index fixed;  // the values of the others

    Index size() const { return bit(count_bits(bits)); }
    Index run() const { return bit(std::countr_one(bits)); }  // so many follow each other in memory
};

template <class T>
class Exchanger {
 public:
    Exchanger(StateVector<T>& share, const Exchange& stage, const RunContext& context)
        : amplitudes_(share.amplitudes()),
          context_(context),
          peers_(*context.peers),
          local_(low_bits(share.stored_qubits())),
          local_qubits_(share.stored_qubits()),
          active_(stage.active) {
        const std::size_t bytes =
            std::min(exchange_message_bytes, static_cast<std::size_t>(share.stored_size()) * sizeof(Amplitude));
        in_agreement(context, [&] {
            for (AlignedBuffer& buffer : buffers_) buffer = AlignedBuffer(bytes);
        });
        message_ = bytes / sizeof(Amplitude);
    }

    void run(std::span<const SwappedQubits> swaps) {
        std::vector<SwappedQubits> selected, paired, doubled;
        for (const SwappedQubits& swap : swaps) {
            if (swap.first >= local_qubits_) {
                swap_shares(swap);
            } else if (!is_active(swap.second)) {
                if (is_active(swap.first)) selected.push_back(swap);
            } else if (is_active(swap.first)) {
                paired.push_back(swap);
            } else {
                doubled.push_back(swap);
            }
        }
        select(selected);
        exchange_pairs(paired);
        for (const SwappedQubits& swap : doubled) double_share(swap);
    }

 private:
    using Amplitude = std::complex<T>;

    bool is_active(int qubit) const { return (active_ >> qubit & 1) != 0; }
    bool rank_bit(int qubit) const { return (peers_.rank() >> (qubit - local_qubits_) & 1) != 0; }

    // Both qubits are global: ranks for which they differ exchange all they have.
    void swap_shares(const SwappedQubits& swap) {
        const int mask = (1 << (swap.first - local_qubits_)) | (1 << (swap.second - local_qubits_));
        const bool moves = is_active(swap.first) || is_active(swap.second);
        const Part all{active_ & local_, 0};
        const bool differs = rank_bit(swap.first) != rank_bit(swap.second);
        if (moves) send(differs ? std::optional(peers_.rank() ^ mask) : std::nullopt, all, all, nullptr);
        if (is_active(swap.first) != is_active(swap.second)) active_ ^= bit(swap.first) | bit(swap.second);
    }

    // The global qubits are |0>: of what every rank has, each keeps the amplitudes for its own number.
    void select(std::span<const SwappedQubits> swaps) {
        Index mine = 0;
        for (const auto& [first, second] : swaps) {
            if (rank_bit(second)) mine |= bit(first);
            active_ ^= bit(first) | bit(second);
        }
        const Part kept{active_ & local_, 0};
        if (mine != 0) copy({kept.bits, mine}, kept);
        for (const auto& [first, second] : swaps) {
            if (first >= minimum_state_qubits) continue;
            clear({active_ & local_, bit(first)});
            active_ |= bit(first);
        }
    }

    void exchange_pairs(std::span<const SwappedQubits> swaps) {
        Index out = 0, mine = 0;
        for (const auto& [first, second] : swaps) {
            out |= bit(first);
            if (rank_bit(second)) mine |= bit(first);
        }
        const Index bits = active_ & local_ & ~out;
        for (Index number = 1; number < bit(static_cast<int>(swaps.size())); ++number) {
            int other_rank = 0;
            Index other = mine;
            for (std::size_t i = 0; i < swaps.size(); ++i) {
                if ((number >> i & 1) == 0) continue;
                other_rank |= 1 << (swaps[i].second - local_qubits_);
                other ^= bit(swaps[i].first);
            }
            send(peers_.rank() ^ other_rank, {bits, other}, {bits, other}, nullptr);
        }
    }

    // The local qubit is |0>: ranks in pairs give each other all they have, and put one behind the other.
    void double_share(const SwappedQubits& swap) {
        const auto& [first, second] = swap;
        const Index bits = active_ & local_;
        const Part low{bits, 0}, high{bits, bit(first)};
        send(peers_.rank() ^ (1 << (second - local_qubits_)), low, rank_bit(second) ? low : high,
             rank_bit(second) ? &high : nullptr);
        active_ ^= bit(first) | bit(second);
    }

    // Sends a part to a rank, if there is one, and puts what it sends into another part of that size; before that, what
    // was sent is put into `keep` too, if given.
    void send(std::optional<int> peer, const Part& out, const Part& in, const Part* keep) {
        const auto messages = static_cast<std::size_t>((out.size() + message_ - 1) / message_);
        const auto size = static_cast<std::size_t>(std::min<Index>(message_, out.size()));
        std::array<int, 2> tickets{};
        const auto begin = [&](std::size_t message) {
            const std::size_t slot = message % 2;
            load(out, message * message_, sent(slot, size));
            tickets[slot] =
                peers_.start(*peer, std::as_bytes(sent(slot, size)), std::as_writable_bytes(received(slot, size)));
        };
        const auto complete = [&](std::size_t message) {
            const std::size_t slot = message % 2;
            peers_.finish(tickets[slot]);
            if (keep != nullptr) store(*keep, message * message_, sent(slot, size));
            store(in, message * message_, received(slot, size));
            context_.stop.counters().bytes_exchanged.fetch_add(static_cast<std::int64_t>(size * sizeof(Amplitude)),
                                                               std::memory_order_relaxed);
        };
        for (std::size_t message = 0, completed = 0; message <= messages; ++message) {
            if (message % messages_between_checks == 0) {  // with nothing under way, for this may be the end
                for (; peer && completed < message; ++completed) complete(completed);
                in_agreement(context_, [&] { context_.stop.throw_if_stopped(); });
            }
            if (!peer) continue;
            if (message < messages) begin(message);
            for (; completed < message; ++completed) complete(completed);
        }
    }

    std::span<Amplitude> sent(std::size_t slot, std::size_t size) {
        return {static_cast<Amplitude*>(buffers_[slot].data()), size};
    }
    std::span<Amplitude> received(std::size_t slot, std::size_t size) {
        return {static_cast<Amplitude*>(buffers_[2 + slot].data()), size};
    }

    // Nobody can stop it: ranks end together, in an agreement.
    Walk walk() { return {context_.threads, StopToken(unstopped_)}; }

    // Calls body(first amplitude, place, count) for the runs of a stretch of a part, which begins at number `begin`.
    template <class Body>
    void for_runs(const Part& part, Index begin, std::size_t size, Body body) {
        const Index run = std::min<Index>(part.run(), size);
        for_parts(size / run, size, walk(), [&](std::size_t number) {
            const Index place = number * run;
            body(amplitudes_ + (deposit_bits(begin + place, part.bits) | part.fixed), place, run);
        });
    }
    void load(const Part& part, Index begin, std::span<Amplitude> into) {
        for_runs(part, begin, into.size(), [&](const Amplitude* from, Index place, Index count) {
            std::copy_n(from, count, into.data() + place);
        });
    }
    void store(const Part& part, Index begin, std::span<const Amplitude> from) {
        for_runs(part, begin, from.size(),
                 [&](Amplitude* into, Index place, Index count) { std::copy_n(from.data() + place, count, into); });
    }
    void clear(const Part& part) {
        for_runs(part, 0, static_cast<std::size_t>(part.size()),
                 [&](Amplitude* into, Index, Index count) { std::fill_n(into, count, Amplitude(0)); });
    }
    // Of one part to another of the same bits.
    void copy(const Part& from, const Part& to) {
        const Index run = std::min<Index>(from.run(), message_);
        for_parts(static_cast<std::size_t>(from.size() / run), from.size(), walk(), [&](std::size_t number) {
            const Index offset = deposit_bits(number * run, from.bits);
            std::copy_n(amplitudes_ + (offset | from.fixed), run, amplitudes_ + (offset | to.fixed));
        });
    }

    Amplitude* amplitudes_;
    const RunContext& context_;
    Peers& peers_;
    Index local_;
    int local_qubits_;
    Index active_;
    RunCounters unstopped_;
    std::size_t message_ = 0;               // amplitudes
    std::array<AlignedBuffer, 4> buffers_;  // two to be sent, two received
};

}  // namespace

template <class T>
void exchange(StateVector<T>& share, const Exchange& stage, const RunContext& context) {
    Exchanger<T>(share, stage, context).run(stage.swaps);
}

template void exchange<float>(StateVector<float>&, const Exchange&, const RunContext&);
template void exchange<double>(StateVector<double>&, const Exchange&, const RunContext&);

}  // namespace ketjet
