// Strings that flip the same qubits x take amplitude y to y ^ x, times a number: the sum of their coefficients with
// signs by y. As for readings, one sweep serves all strings that flip the same cold qubits; a block of the state is
// copied, and what it becomes is added to a block of the result.
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

#include "base/stop_token.hpp"
#include "plan/reading_plan.hpp"
#include "program/matrix.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr std::array<Complex, 4> powers_of_i{Complex(1, 0), Complex(0, 1), Complex(-1, 0), Complex(0, -1)};

// The numbers that amplitudes are multiplied by are made for so many of them at a time.
constexpr int tile_bits = 9;

// values[y] becomes the sum of values[z] with the signs (-1)^popcount(z & y).
template <class T>
void transform(std::span<T> values) {
    for (std::size_t half = 1; half < values.size(); half *= 2) {
        for (std::size_t first = 0; first < values.size(); first += 2 * half) {
            for (std::size_t i = first; i < first + half; ++i) {
                const T a = values[i], b = values[i + half];
                values[i] = a + b;
                values[i + half] = a - b;
            }
        }
    }
}

// A sum of numbers with signs by the bits of an index, over tiles of indices.
template <class T>
class SignedSum {
 public:
    explicit SignedSum(std::size_t tile) : tile_(tile) {}

    void add(Index z, double number) {
        if (number == 0) return;
        terms_.emplace_back(z, static_cast<T>(number));
        if (terms_.size() > max_rows) return;
        const std::size_t begin = rows_.size();
        rows_.resize(begin + tile_);
        for (Index y = 0; y < tile_; ++y) rows_[begin + y] = static_cast<T>(parity(y & z) ? -number : number);
    }
    bool is_zero() const { return terms_.empty(); }

    // The sums of a tile's indices, the first of which is `first`.
    void fill(Index first, std::span<T> values) const {
        const auto is_negative = [&](Index z) { return parity(first & z); };
        if (terms_.size() > max_rows) {
            std::ranges::fill(values, T(0));
            for (const auto& [z, number] : terms_) values[z & (tile_ - 1)] += is_negative(z) ? -number : number;
            return transform(values);
        }
        for (std::size_t term = 0; term < terms_.size(); ++term) {
            const T* const row = rows_.data() + term * tile_;
            const T sign = is_negative(terms_[term].first) ? T(-1) : T(1);
            for (std::size_t y = 0; y < tile_; ++y) values[y] = (term == 0 ? T(0) : values[y]) + sign * row[y];
        }
    }

 private:
    static constexpr std::size_t max_rows = 8;  // a transform takes as long as some of them

    std::size_t tile_;
    std::vector<std::pair<Index, T>> terms_;
    std::vector<T> rows_;  // of each term, if they are few: its number with the signs of the first tile
};

// Indices whose lowest bits are the hot qubits of a sweep, and the others its cold ones.
struct BlockOrder {
    Index hot;
    Index cold;

    Index of(Index qubits) const { return extract_bits(qubits, hot) | extract_bits(qubits, cold) << count_bits(hot); }
};

// Strings with equal flips and conditions, all in the order of a block.
template <class T>
struct Group {
    Index x;
    Condition condition;
    SignedSum<T> re, im;
};

template <class T>
std::vector<Group<T>> groups_of(const ReadSweep& sweep, std::span<const PauliString> strings,
                                std::span<const double> coefficients, const BlockOrder& order, std::size_t tile) {
    std::map<std::tuple<Index, Index, Index>, std::size_t> places;
    std::vector<Group<T>> groups;
    for (const std::uint32_t k : sweep.strings) {
        const auto& [x, z, condition] = strings[k];
        const auto [place, is_new] = places.try_emplace({x, condition.mask, condition.value}, groups.size());
        if (is_new) {
            groups.push_back({order.of(x),
                              {order.of(condition.mask), order.of(condition.value)},
                              SignedSum<T>(tile),
                              SignedSum<T>(tile)});
        }
        const Complex number = coefficients[k] * powers_of_i[static_cast<std::size_t>(count_bits(x & z) % 4)];
        groups[place->second].re.add(order.of(z), number.real());
        groups[place->second].im.add(order.of(z), number.imag());
    }
    return groups;
}

// The groups of one sweep on its blocks.
template <class T>
class BlockAction {
 public:
    BlockAction(const std::vector<Group<T>>& groups, std::size_t block, std::size_t tile)
        : source(block), target(block), groups_(groups), tile_(tile), re_(tile), im_(tile) {}

    std::vector<std::complex<T>> source, target;

    // Adds to the target what becomes of the source, whose first amplitude has this index in the order of blocks.
    void run(Index first, StopToken stop) {
        for (const Group<T>& group : groups_) {
            stop.throw_if_stopped();
            for (Index tile = 0; tile < source.size(); tile += tile_) add(group, first, tile);
        }
    }

 private:
    void add(const Group<T>& group, Index first, Index tile) {
        const Index inside = tile_ - 1, mask = group.condition.mask, value = group.condition.value;
        if (((first + tile) & mask & ~inside) != (value & ~inside)) return;
        if (!group.re.is_zero()) group.re.fill(first + tile, re_);
        if (!group.im.is_zero()) group.im.fill(first + tile, im_);
        if ((mask & inside) != 0) {
            for (Index y = 0; y < tile_; ++y) {
                if (((y ^ value) & mask & inside) != 0) re_[y] = im_[y] = 0;
            }
        }
        const Index flip = group.x & (source.size() - 1);
        const std::complex<T>* const from = source.data() + tile;
        std::complex<T>* const to = target.data() + (tile ^ (flip & ~inside));
        const Index low = flip & inside;
        const Index run = low == 0 ? tile_ : low & (~low + 1);  // of amplitudes that stay side by side
        for (Index y = 0; y < tile_; y += run) {
            if (!group.re.is_zero()) add_products(re_.data() + y, from + y, to + (y ^ low), run, false);
            if (!group.im.is_zero()) add_products(im_.data() + y, from + y, to + (y ^ low), run, true);
        }
    }

    // Adds factors times amplitudes, times i if they are imaginary.
    static void add_products(const T* __restrict factors, const std::complex<T>* amplitudes, std::complex<T>* sums,
                             Index count, bool imaginary) {
        const T* __restrict const from = reinterpret_cast<const T*>(amplitudes);
        T* __restrict const to = reinterpret_cast<T*>(sums);
        if (imaginary) {
            for (Index i = 0; i < count; ++i) {
                to[2 * i] -= factors[i] * from[2 * i + 1];
                to[2 * i + 1] += factors[i] * from[2 * i];
            }
        } else {
            for (Index i = 0; i < count; ++i) {
                to[2 * i] += factors[i] * from[2 * i];
                to[2 * i + 1] += factors[i] * from[2 * i + 1];
            }
        }
    }

    const std::vector<Group<T>>& groups_;
    Index tile_;
    std::vector<T> re_, im_;
};

// Calls body(place in the block, first amplitude of the state, amplitudes) for each row of a block.
template <class Body>
void for_rows(Index hot, Index base, Body body) {
    const int run = std::countr_one(hot);
    const Index rows = bit(count_bits(hot) - run);
    for (Index row = 0; row < rows; ++row) {
        body(row << run, base | deposit_bits(row, hot & ~low_bits(run)), bit(run));
    }
}

// Adds what the strings of a sweep make of the state to the result, or writes it there.
template <class T>
void apply_sweep(const ReadSweep& sweep, bool writes, std::span<const PauliString> strings,
                 std::span<const double> coefficients, const StateVector<T>& state, StateVector<T>& result,
                 const RunContext& context) {
    const Index hot = mask_of(sweep.hot);
    const BlockOrder order{hot, low_bits(state.stored_qubits()) & ~hot};
    const std::size_t block = bit(count_bits(hot)), tile = std::min<std::size_t>(block, bit(tile_bits));
    const std::vector<Group<T>> groups = groups_of<T>(sweep, strings, coefficients, order, tile);
    for_shares(state.stored_size() / block, state.stored_size() * groups.size(), context.walk(),
               [&](std::size_t begin, std::size_t end) {
                   BlockAction<T> action(groups, block, tile);
                   for (std::size_t number = begin; number < end; ++number) {
                       const Index base = deposit_bits(number, order.cold);
                       for_rows(hot, base ^ sweep.paired, [&](Index place, Index first, Index size) {
                           std::copy_n(state.amplitudes() + first, size, action.source.data() + place);
                       });
                       for_rows(hot, base, [&](Index place, Index first, Index size) {
                           if (writes) {
                               std::fill_n(action.target.data() + place, size, std::complex<T>(0));
                           } else {
                               std::copy_n(result.amplitudes() + first, size, action.target.data() + place);
                           }
                       });
                       action.run(order.of(base ^ sweep.paired), context.stop);
                       for_rows(hot, base, [&](Index place, Index first, Index size) {
                           std::copy_n(action.target.data() + place, size, result.amplitudes() + first);
                       });
                   }
               });
}

}  // namespace

template <class T>
void apply_observable(const ObservableSet& observables, std::size_t k, const StateVector<T>& state,
                      StateVector<T>& result, const RunContext& context) {
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
        apply_sweep(sweeps[sweep], sweep == 0, strings, std::span<const double>(coefficients), state, result, context);
    }
    if (sweeps.empty()) {
        for_chunks(result.stored_size(), context.walk(),
                   [&](const Chunk& chunk) { std::ranges::fill(chunk.of(result), std::complex<T>(0)); });
    }
    result.set_all_active();
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template void apply_observable<T>(const ObservableSet&, std::size_t, const StateVector<T>&, StateVector<T>&, \
                                      const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
