// Strings that flip the same qubits take amplitude y ^ x to y, times a number: the sum of their coefficients with signs
// by y. As for readings, one sweep serves all strings that flip the same cold qubits; a block of the state is gathered,
// and what the strings make of it is added to a block of the result by the kernel pauli_apply.
#include "readout/apply_observable.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/stop_token.hpp"
#include "exec/shared_work.hpp"
#include "plan/reading_plan.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

// Indices whose lowest bits are the hot qubits of a sweep, and the others its cold ones.
struct BlockOrder {
    Index hot;
    Index cold;

    int bits() const { return count_bits(hot); }
    Index of(Index qubits) const { return extract_bits(qubits, hot) | extract_bits(qubits, cold) << bits(); }
};

// Strings with equal flips and conditions, all in the order of a block; those with real coefficients come first.
struct Group {
    Index x;
    Condition condition;
    std::vector<std::pair<Index, double>> real, imaginary;  // where signs are, and what has them

    // Adds a coefficient times (-i)^y X^x Z^z, y the number of Y: with signs by where an amplitude comes to lie.
    void add(Index z, double coefficient) {
        const int y = count_bits(x & z) % 4;
        (y % 2 == 0 ? real : imaginary).emplace_back(z, y == 1 || y == 2 ? -coefficient : coefficient);
    }
};

// In an order that depends on the blocks alone: groups that flip the same lanes follow each other.
std::vector<Group> groups_of(const ReadSweep& sweep, std::span<const PauliString> strings,
                             std::span<const double> coefficients, const BlockOrder& order) {
    constexpr Index lanes = low_bits(leaf_bits);
    std::map<std::tuple<Index, Index, Index, Index>, Group> groups;
    for (const std::uint32_t k : sweep.strings) {
        const Condition condition{order.of(strings[k].condition.mask), order.of(strings[k].condition.value)};
        const Index x = order.of(strings[k].x);
        Group& group = groups[{x & lanes, x, condition.mask, condition.value}];
        group.x = x;
        group.condition = condition;
        group.add(order.of(strings[k].z), coefficients[k]);
    }
    std::vector<Group> result;
    for (auto& [key, group] : groups) result.push_back(std::move(group));
    return result;
}

// The groups of one sweep as arguments of the kernel, on one thread and for one block at a time.
template <class T>
class BlockAction {
 public:
    BlockAction(const std::vector<Group>& groups, const BlockOrder& order, const Kernels& kernels)
        : kernels_(kernels),
          groups_(groups),
          order_(order),
          lane_bits_(kernels.lane_bits),
          vector_bits_(order.bits() - lane_bits_),
          blocks_(2 * block_bytes()) {
        for (Index y = 0; y < low_.size(); ++y) low_[y] = static_cast<std::uint32_t>(y << (lane_bits_ + 1));
        for (Index y = 0; y < bit(std::max(vector_bits_ - low_bits_of_map, 0)); ++y) {
            high_.push_back(static_cast<std::uint32_t>(y << (low_bits_of_map + lane_bits_ + 1)));
        }
        const int run = std::countr_one(order.hot);
        copy_.run_bits = run;
        for (Index row = 0; row < bit(order.bits() - run); ++row) {
            rows_.push_back(deposit_bits(row, order.hot & ~low_bits(run)));
        }
        copy_.row_offsets = rows_.data();
        copy_.rows = rows_.size();
        copy_.map = map();
        copy_.scale[0] = 1;
        copy_.plain = true;
        std::size_t strings = 0;
        for (const Group& group : groups) strings += group.real.size() + group.imaginary.size();
        strings_.reserve(strings);
        lane_signs_.reserve(strings);
        for (const Group& group : groups) add(group);
    }

    // Adds to the block of the result, or writes there, what becomes of the state's block that differs from it in the
    // cold qubits `paired`.
    void run(const StateVector<T>& state, StateVector<T>& result, Index base, Index paired, bool writes) {
        kernels_.gather(state.scalars() + 2 * (base ^ paired), ket(), copy_);
        if (writes) {
            std::fill_n(static_cast<T*>(sums()), 2 * bit(order_.bits()), T(0));
        } else {
            kernels_.gather(result.scalars() + 2 * base, sums(), copy_);
        }
        apply(order_.of(base));
        kernels_.scatter(result.scalars() + 2 * base, sums(), copy_);
    }

 private:
    static constexpr int low_bits_of_map = 6;

    struct alignas(line_bytes) LaneSigns {
        std::array<T, line_bytes / sizeof(T)> values;
    };

    std::size_t block_bytes() const { return sizeof(std::complex<T>) << order_.bits(); }
    void* ket() const { return blocks_.data(); }
    void* sums() const { return static_cast<std::byte*>(blocks_.data()) + block_bytes(); }
    AddressMap map() const { return {low_.data(), high_.data(), 0}; }
    Index vectors_of(Index index) const { return (index & low_bits(order_.bits())) >> lane_bits_; }
    Index lanes_of(Index index) const { return index & low_bits(lane_bits_); }

    void add(const Group& group) {
        const auto add_all = [&](const std::vector<std::pair<Index, double>>& strings) {
            for (const auto& [z, coefficient] : strings) {
                strings_.push_back({vectors_of(z), lane_signs(group.condition, lanes_of(z)), coefficient});
            }
        };
        add_all(group.real);
        add_all(group.imaginary);
    }
    const T* lane_signs(const Condition& condition, Index z) {
        const Index mask = lanes_of(condition.mask), value = lanes_of(condition.value);
        const auto [place, is_new] = places_of_signs_.try_emplace({mask, value, z}, lane_signs_.size());
        if (is_new) {
            LaneSigns& signs = lane_signs_.emplace_back();
            for (Index lane = 0; lane < bit(lane_bits_); ++lane) {
                signs.values[lane] = (lane & mask) != value ? T(0) : parity(lane & z) ? T(-1) : T(1);
            }
        }
        return lane_signs_[place->second].values.data();
    }

    // On the block that begins at this index in the order of blocks.
    void apply(Index first) {
        const Index cold = ~low_bits(order_.bits());
        arguments_.clear();
        auto next = strings_.begin();
        for (const Group& group : groups_) {
            const auto begin = next;
            for (const auto* const strings : {&group.real, &group.imaginary}) {
                for (const auto& [z, coefficient] : *strings) {
                    (next++)->coefficient = parity(first & z & cold) ? -coefficient : coefficient;
                }
            }
            if (((first ^ group.condition.value) & group.condition.mask & cold) != 0) continue;
            arguments_.push_back({vectors_of(group.condition.mask), vectors_of(group.condition.value),
                                  static_cast<std::uint32_t>(vectors_of(group.x) << (lane_bits_ + 1)),
                                  static_cast<int>(lanes_of(group.x)), &*begin, static_cast<int>(group.real.size()),
                                  static_cast<int>(next - begin)});
        }
        const VectorSubset all{0, 0, vector_bits_, map(), nullptr};
        kernels_.pauli_apply(sums(), {all, ket(), arguments_.data(), static_cast<int>(arguments_.size())});
    }

    const Kernels& kernels_;
    const std::vector<Group>& groups_;
    BlockOrder order_;
    int lane_bits_;
    int vector_bits_;
    AlignedBuffer blocks_;  // the ket's and the sums'
    std::array<std::uint32_t, 1 << low_bits_of_map> low_;
    std::vector<std::uint32_t> high_;
    std::vector<Index> rows_;
    CopyArgs copy_{};
    std::map<std::tuple<Index, Index, Index>, std::size_t> places_of_signs_;
    std::vector<LaneSigns> lane_signs_;   // never moved: there is room for those of all strings
    std::vector<WeightedSigns> strings_;  // of all groups
    std::vector<PauliGroup> arguments_;
};

// Adds what the strings of a sweep make of the state to the result, or writes it there. Counts so much work as
// progress.
template <class T>
void apply_sweep(const ReadSweep& sweep, bool writes, std::span<const PauliString> strings,
                 std::span<const double> coefficients, const StateVector<T>& state, StateVector<T>& result,
                 std::int64_t work, const RunContext& context) {
    const Index hot = mask_of(sweep.hot);
    const BlockOrder order{hot, low_bits(state.stored_qubits()) & ~hot};
    const std::vector<Group> groups = groups_of(sweep, strings, coefficients, order);
    const std::size_t blocks = state.stored_size() >> order.bits();
    const SharedWork counted(context.stop, work, blocks);
    for_shares(blocks, state.stored_size() * groups.size(), context.walk(), [&](std::size_t begin, std::size_t end) {
        BlockAction<T> action(groups, order, kernels_of<T>(context.kernels));
        for (std::size_t number = begin; number < end; ++number) {
            context.stop.throw_if_stopped();
            action.run(state, result, deposit_bits(number, order.cold), sweep.paired, writes);
            counted.part_is_done();
        }
    });
}

}  // namespace

template <class T>
void apply_observable(const ObservableSet& observables, std::size_t k, const StateVector<T>& state,
                      StateVector<T>& result, std::int64_t work, const RunContext& context) {
    const std::span<const PauliString> strings = observables.strings();
    std::vector<double> coefficients(strings.size());
    for (std::size_t i = 0; i < observables.columns(k).size(); ++i) {
        coefficients[observables.columns(k)[i]] += observables.coefficients(k)[i];
    }
    std::vector<std::uint32_t> applied;
    for (std::uint32_t string = 0; string < strings.size(); ++string) {
        if (coefficients[string] != 0) applied.push_back(string);
    }
    constexpr Precision precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
    const std::vector<ReadSweep> sweeps = plan_readings(strings, std::span<const std::uint32_t>(applied),
                                                        context.machine, precision, state.stored_qubits());
    for (std::size_t sweep = 0; sweep < sweeps.size(); ++sweep) {
        apply_sweep(sweeps[sweep], sweep == 0, strings, std::span<const double>(coefficients), state, result,
                    work / static_cast<std::int64_t>(sweeps.size()), context);
    }
    if (sweeps.empty()) {
        for_chunks(result.stored_size(), context.walk(),
                   [&](const Chunk& chunk) { std::ranges::fill(chunk.of(result), std::complex<T>(0)); });
    }
    result.set_all_active();
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template void apply_observable<T>(const ObservableSet&, std::size_t, const StateVector<T>&, StateVector<T>&, \
                                      std::int64_t, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
