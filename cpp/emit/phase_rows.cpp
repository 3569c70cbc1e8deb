#include "emit/phase_rows.hpp"

#include <algorithm>
#include <bit>

namespace ketjet {

namespace {

// Two factors that have been multiplied together in another order agree to this.
constexpr double rounding = 1e-15;

// Of the first `count` numbers.
void multiply(const Factors& from, std::size_t count, Complex by, const Factors& to) {
    if (by == Complex(1)) {
        std::copy_n(from.re, count, to.re);
        std::copy_n(from.im, count, to.im);
        return;
    }
    const double re = by.real(), im = by.imag();
    for (std::size_t i = 0; i < count; ++i) {
        to.re[i] = from.re[i] * re - from.im[i] * im;
        to.im[i] = from.re[i] * im + from.im[i] * re;
    }
}
void multiply(const Factors& a, const Factors& b, std::size_t count, const Factors& to) {
    for (std::size_t i = 0; i < count; ++i) {
        to.re[i] = a.re[i] * b.re[i] - a.im[i] * b.im[i];
        to.im[i] = a.re[i] * b.im[i] + a.im[i] * b.re[i];
    }
}

Factors from(const Factors& factors, std::size_t begin) {
    return {factors.size - begin, factors.re + begin, factors.im + begin};
}

// The product over set bits of factor_of(position), times the first number of the result, for every subset.
template <class FactorOf>
void double_up(Index positions, FactorOf factor_of, const Factors& result) {
    std::size_t half = 1;
    for (Index rest = positions; rest != 0; rest &= rest - 1, half *= 2) {
        multiply(result, half, factor_of(std::countr_zero(rest)), from(result, half));
    }
}

bool all_ones(const Factors& factors) {
    const auto is = [](double value) { return [value](double other) { return other == value; }; };
    return std::all_of(factors.re, factors.re + factors.size, is(1)) &&
           std::all_of(factors.im, factors.im + factors.size, is(0));
}

}  // namespace

void products(const PlacedForm& form, Index positions, Factors result, Arena& arena) {
    const ArenaScope scope(arena);
    const auto own = [&](int position) { return (form.factors() >> position & 1) != 0 ? form.factor(position) : 1; };
    result.set(0, 1);
    if ((form.coupled() & positions) == 0) return double_up(positions, own, result);
    const Factors factors = Factors::take(result.size / 2, arena);  // of the present bit, by the lower ones
    std::size_t half = 1;
    for (Index rest = positions; rest != 0; rest &= rest - 1, half *= 2) {
        const int position = std::countr_zero(rest);
        const Index lower = positions & low_bits(position), partners = form.partners(position) & lower;
        if (partners == 0) {
            multiply(result, half, own(position), from(result, half));
            continue;
        }
        factors.set(0, own(position));
        double_up(
            lower,
            [&](int other) { return (partners >> other & 1) != 0 ? form.coupling(position, other) : Complex(1); },
            factors);
        multiply(result, factors, half, from(result, half));
    }
}

void PhaseRows::fill_tables(const PlacedForm& form, Index inner, Index choosing, Arena& arena) {
    const std::size_t entries = std::size_t{1} << count_bits(inner), count = std::size_t{1} << count_bits(choosing);
    tables = {arena.take<Table>(count), count};
    tables[0] = {Factors::take(entries, arena), false};
    products(form, inner, tables[0].entries, arena);
    const Factors when_set = choosing != 0 ? Factors::take(entries, arena) : Factors{};
    std::size_t half = 1;
    for (Index rest = choosing; rest != 0; rest &= rest - 1, half *= 2) {
        const int key = std::countr_zero(rest);
        const Index partners = form.partners(key);
        when_set.set(0, 1);
        double_up(
            inner, [&](int other) { return (partners >> other & 1) != 0 ? form.coupling(key, other) : Complex(1); },
            when_set);
        for (std::size_t t = 0; t < half; ++t) {
            tables[half + t] = {Factors::take(entries, arena), false};
            multiply(tables[t].entries, when_set, entries, tables[half + t].entries);
        }
    }
    for (Table& table : tables) table.all_ones = all_ones(table.entries);
}

void PhaseRows::absorb_factors(std::size_t max_tables, Arena& arena) {
    if (tables.empty() || all_ones(factors)) return;
    struct Need {
        unsigned char key;
        Complex factor;
    };
    auto* const needed = arena.take<Need>(max_tables);
    auto* const needed_by = arena.take<unsigned char>(factors.size);
    std::size_t count = 0;
    for (std::size_t row = 0; row < factors.size; ++row) {
        // A factor alone takes as few products as a table.
        const Need own{keys[row], tables[keys[row]].all_ones ? Complex(1) : factors[row]};
        const Need* const same = std::find_if(needed, needed + count, [&](const Need& other) {
            return other.key == own.key && std::norm(other.factor - own.factor) < rounding * rounding;
        });
        needed_by[row] = static_cast<unsigned char>(same - needed);
        if (same < needed + count) continue;
        if (count == max_tables) return;
        needed[count++] = own;
    }
    for (std::size_t row = 0; row < factors.size; ++row) {
        if (!tables[keys[row]].all_ones) factors.set(row, 1);
        keys[row] = needed_by[row];
    }
    const std::span<Table> absorbed(arena.take<Table>(count), count);
    for (std::size_t t = 0; t < count; ++t) {
        const Table& table = tables[needed[t].key];
        absorbed[t] = {Factors::take(table.entries.size, arena), table.all_ones};
        multiply(table.entries, table.entries.size, needed[t].factor, absorbed[t].entries);
    }
    tables = absorbed;
}

}  // namespace ketjet
