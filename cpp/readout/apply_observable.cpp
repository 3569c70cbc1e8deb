// Strings that flip the same qubits x take amplitude y to y ^ x, times a number: the sum of their coefficients with
// signs by y. Each chunk of the result adds up what comes from one chunk of the state for each x.
#include "readout/apply_observable.hpp"

#include <algorithm>
#include <complex>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "state/chunks.hpp"

namespace ketjet {

namespace {

// values[y] becomes the sum of values[z] with the signs (-1)^popcount(z & y).
void transform(std::span<double> values) {
    for (std::size_t half = 1; half < values.size(); half *= 2) {
        for (std::size_t first = 0; first < values.size(); first += 2 * half) {
            double* const even = values.data() + first;
            double* const odd = even + half;
            for (std::size_t i = 0; i < half; ++i) {
                const double a = even[i], b = odd[i];
                even[i] = a + b;
                odd[i] = a - b;
            }
        }
    }
}

// The numbers by which the amplitudes of a chunk are multiplied: scale * values[y], or the scale alone.
struct Factors {
    double scale;
    const double* values;  // null: they are all the same
    bool are_zero() const { return values == nullptr && scale == 0; }
};

// Memory for sums of signs that are the same in every chunk.
constexpr std::size_t max_tables = 64;

// A function of an amplitude's index: the sum of coefficients with the signs (-1)^popcount(z & index), where a
// condition is met, else zero. Signs by the bits inside a chunk make up a table for each pattern of z outside, which is
// the same in all chunks but for its sign.
class SignedSum {
 public:
    SignedSum(const Condition& condition, Index inside) : condition_(condition), inside_(inside) {}

    void add(Index z, double coefficient) { terms_[z & ~inside_].emplace_back(z & inside_, coefficient); }

    // Fills tables while there is room for them.
    void prepare(std::size_t& tables_left) {
        const bool is_plain = (condition_.mask & inside_) == 0;
        for (const auto& [outside, terms] : terms_) {
            if (is_plain && terms.size() == 1 && terms.front().first == 0) {
                constants_.emplace_back(outside, terms.front().second);
                continue;
            }
            if (tables_left == 0) {
                tables_.clear();
                return;
            }
            --tables_left;
            std::vector<double> table(inside_ + 1);
            for (const auto& [z, coefficient] : terms) table[z] += coefficient;
            finish(table);
            tables_.emplace_back(outside, std::move(table));
        }
        is_prepared_ = true;
    }

    // Of the chunk that begins at `first`; `room` has the size of a chunk.
    Factors at(Index first, std::span<double> room) const {
        if (((first ^ condition_.value) & condition_.mask & ~inside_) != 0) return {0, nullptr};
        if (!is_prepared_) return transformed(first, room);
        double constant = 0;
        for (const auto& [z, coefficient] : constants_) constant += parity(first & z) ? -coefficient : coefficient;
        if (tables_.empty()) return {constant, nullptr};
        const auto sign = [&](Index z) { return parity(first & z) ? -1.0 : 1.0; };
        if (tables_.size() == 1 && constant == 0) return {sign(tables_[0].first), tables_[0].second.data()};
        std::ranges::fill(room, constant);
        for (const auto& [z, table] : tables_) {
            const double factor = sign(z);
            for (std::size_t y = 0; y < room.size(); ++y) room[y] += factor * table[y];
        }
        return {1, room.data()};
    }

 private:
    Factors transformed(Index first, std::span<double> room) const {
        std::ranges::fill(room, 0);
        for (const auto& [outside, terms] : terms_) {
            const double sign = parity(first & outside) ? -1 : 1;
            for (const auto& [z, coefficient] : terms) room[z] += sign * coefficient;
        }
        finish(room);
        return {1, room.data()};
    }

    // From coefficients by z to sums by index.
    void finish(std::span<double> values) const {
        transform(values);
        const Index mask = condition_.mask & inside_;
        if (mask == 0) return;
        for (Index y = 0; y < values.size(); ++y) {
            if (((y ^ condition_.value) & mask) != 0) values[y] = 0;
        }
    }

    Condition condition_;
    Index inside_;
    std::map<Index, std::vector<std::pair<Index, double>>> terms_;  // by z outside: z inside, coefficient
    std::vector<std::pair<Index, double>> constants_;
    std::vector<std::pair<Index, std::vector<double>>> tables_;
    bool is_prepared_ = false;
};

// Strings with equal flips and conditions, as numbers times X^x Z^z: their real parts, and their imaginary parts.
struct Group {
    Index x;
    SignedSum real;
    SignedSum imaginary;
};

std::vector<Group> groups_of(const ObservableSet& observables, std::size_t k, Index inside) {
    std::map<std::tuple<Index, Index, Index>, Group> groups;
    const std::span columns = observables.columns(k);
    const std::span coefficients = observables.coefficients(k);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto& [x, z, condition] = observables.strings()[columns[i]];
        const SignedSum none(condition, inside);
        Group& group = groups.try_emplace({x, condition.mask, condition.value}, Group{x, none, none}).first->second;
        const int y = count_bits(x & z) % 4;  // Y = i X Z
        SignedSum& sum = y % 2 == 0 ? group.real : group.imaginary;
        sum.add(z, y < 2 ? coefficients[i] : -coefficients[i]);
    }
    std::size_t tables_left = max_tables;
    std::vector<Group> result;
    for (auto& [key, group] : groups) {
        group.real.prepare(tables_left);
        group.imaginary.prepare(tables_left);
        result.push_back(std::move(group));
    }
    return result;
}

// Adds factor * amplitude, or i times it, from each place y of a chunk to place y ^ flip of the sums, whose real and
// imaginary parts alternate. `low` are the lowest bits of the flip.
constexpr Index unrolled = 4;
template <bool imaginary, Index low, class T>
void add_products(const Factors& factors, Index flip, std::span<const std::complex<T>> amplitudes, double* sums) {
    const T* const scalars = reinterpret_cast<const T*>(amplitudes.data());
    for (Index to = 0; to < amplitudes.size(); to += unrolled) {
        const Index from = to ^ (flip & ~(unrolled - 1));
        const double* const values = factors.values == nullptr ? nullptr : factors.values + from;
        for (Index j = 0; j < unrolled; ++j) {
            const double factor = values == nullptr ? factors.scale : factors.scale * values[j ^ low];
            const double re = scalars[2 * (from + (j ^ low))], im = scalars[2 * (from + (j ^ low)) + 1];
            double* const sum = sums + 2 * (to + j);
            sum[0] += imaginary ? -factor * im : factor * re;
            sum[1] += imaginary ? factor * re : factor * im;
        }
    }
}

template <bool imaginary, class T>
void add_products(const Factors& factors, Index flip, std::span<const std::complex<T>> amplitudes, double* sums) {
    if (factors.are_zero()) return;
    switch (flip % unrolled) {
        case 0:
            return add_products<imaginary, 0>(factors, flip, amplitudes, sums);
        case 1:
            return add_products<imaginary, 1>(factors, flip, amplitudes, sums);
        case 2:
            return add_products<imaginary, 2>(factors, flip, amplitudes, sums);
        default:
            return add_products<imaginary, 3>(factors, flip, amplitudes, sums);
    }
}

}  // namespace

template <class T>
void apply_observable(const ObservableSet& observables, std::size_t k, const StateVector<T>& state,
                      StateVector<T>& result, const RunContext& context) {
    const Index size = std::min(state.stored_size(), bit(chunk_bits)), inside = size - 1;
    const std::vector<Group> groups = groups_of(observables, k, inside);
    const Index work = state.stored_size() * std::max<std::size_t>(groups.size(), 1);
    for_shares(chunk_count(state.stored_size()), work, context.walk(), [&](std::size_t begin, std::size_t end) {
        std::vector<double> sums(2 * size), room(size);
        for (std::size_t number = begin; number < end; ++number) {
            const Index first = static_cast<Index>(number) << chunk_bits;
            std::ranges::fill(sums, 0);
            for (const Group& group : groups) {
                context.stop.throw_if_stopped();
                const Index source = first ^ (group.x & ~inside);
                const std::span<const std::complex<T>> amplitudes = Chunk{number, source, size}.of(state);
                add_products<false>(group.real.at(source, room), group.x & inside, amplitudes, sums.data());
                add_products<true>(group.imaginary.at(source, room), group.x & inside, amplitudes, sums.data());
            }
            const std::span<std::complex<T>> written = Chunk{number, first, size}.of(result);
            for (Index y = 0; y < size; ++y) {
                written[y] = {static_cast<T>(sums[2 * y]), static_cast<T>(sums[2 * y + 1])};
            }
        }
    });
    result.set_all_active();
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template void apply_observable<T>(const ObservableSet&, std::size_t, const StateVector<T>&, StateVector<T>&, \
                                      const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
