// What rows are multiplied by: products over subsets of positions, and factors of rows that are multiplied into tables,
// where every row keeps its product and takes one factor less.
#include <cmath>
#include <complex>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "emit/phase_rows.hpp"

using namespace ketjet;

namespace {

constexpr std::size_t entries = 16;

Complex product(const PhaseRows& rows, std::size_t row, std::size_t entry) {
    return rows.factors[row] * rows.tables[rows.keys[row]].entries[entry];
}

Complex random_unit(std::mt19937& random) {
    return std::polar(1.0, std::uniform_real_distribution<double>(-3, 3)(random));
}

// Rows that lie in an arena.
struct TestRows {
    Arena arena;
    PhaseRows rows;

    TestRows(std::size_t count, std::size_t tables) {
        rows.factors = Factors::take(count, arena);
        rows.keys = {arena.take<unsigned char>(count), count};
        rows.tables = {arena.take<PhaseRows::Table>(tables), tables};
        for (PhaseRows::Table& table : rows.tables) table = {Factors::take(entries, arena), false};
    }
    TestRows(std::mt19937& random, std::size_t count, std::size_t tables, std::size_t factors, bool with_plain_table)
        : TestRows(count, tables) {
        for (std::size_t t = 0; t < tables; ++t) {
            rows.tables[t].all_ones = with_plain_table && t == 0;
            for (std::size_t e = 0; e < entries; ++e) {
                rows.tables[t].entries.set(e, rows.tables[t].all_ones ? 1 : random_unit(random));
            }
        }
        std::vector<Complex> values{1};
        while (values.size() < factors) values.push_back(random_unit(random));
        for (std::size_t row = 0; row < count; ++row) {
            rows.factors.set(row, values[random() % values.size()]);
            rows.keys[row] = static_cast<unsigned char>(random() % tables);
        }
    }
    std::vector<Complex> factors() const {
        std::vector<Complex> all;
        for (std::size_t row = 0; row < rows.factors.size; ++row) all.push_back(rows.factors[row]);
        return all;
    }
    std::vector<Complex> all_products() const {
        std::vector<Complex> all;
        for (std::size_t row = 0; row < rows.factors.size; ++row) {
            for (std::size_t e = 0; e < entries; ++e) all.push_back(product(rows, row, e));
        }
        return all;
    }
};

void rows_keep_their_products() {
    std::mt19937 random(7);
    for (std::size_t trial = 0; trial < 50; ++trial) {
        const bool plain = trial % 2 == 0;
        TestRows test(random, 64, 1 + trial % 4, 3, plain);
        const std::vector<Complex> products = test.all_products(), factors = test.factors();
        const std::vector<unsigned char> keys(test.rows.keys.begin(), test.rows.keys.end());
        test.rows.absorb_factors(12, test.arena);
        const std::vector<Complex> after = test.all_products();
        for (std::size_t i = 0; i < products.size(); ++i) CHECK(std::abs(products[i] - after[i]) < 1e-15);
        for (std::size_t row = 0; row < keys.size(); ++row) {
            // A table of ones alone is no product, so there the factor stays.
            CHECK(test.rows.factors[row] == (plain && keys[row] == 0 ? factors[row] : Complex(1)));
        }
        CHECK(test.rows.tables.size() <= 3 * (1 + trial % 4));
    }
}

void too_many_factors_stay() {
    std::mt19937 random(8);
    TestRows test(random, 256, 2, 5, false);
    const std::vector<Complex> factors = test.factors();
    test.rows.absorb_factors(9, test.arena);
    CHECK(test.rows.tables.size() == 2);
    CHECK(test.factors() == factors);
    test.rows.absorb_factors(10, test.arena);
    CHECK(test.rows.tables.size() == 10);
}

void factors_that_differ_by_rounding_share_a_table() {
    std::mt19937 random(9);
    TestRows test(random, 4, 1, 1, false);
    const Complex factor = std::polar(1.0, 0.7);
    const Complex factors[] = {factor, factor * (1 + 1e-16), factor * std::polar(1.0, 2e-16),
                               std::polar(1.0, 0.7 + 1e-9)};
    for (std::size_t row = 0; row < 4; ++row) test.rows.factors.set(row, factors[row]);
    test.rows.absorb_factors(2, test.arena);
    const auto keys = test.rows.keys;
    CHECK(test.rows.tables.size() == 2);
    CHECK(keys[0] == keys[1] && keys[0] == keys[2] && keys[0] != keys[3]);
}

void without_tables_factors_stay() {
    TestRows test(2, 0);
    test.rows.factors.set(0, 1);
    test.rows.factors.set(1, Complex(0, 1));
    test.rows.absorb_factors(8, test.arena);
    CHECK(test.rows.tables.empty());
    CHECK(test.rows.factors[1] == Complex(0, 1));
}

// A form with random phases, as dense as `density` says, and what it gives to the subset `bits` of positions.
struct RandomForm {
    static constexpr int positions = 7;
    Arena arena;
    PlacedForm form{positions, arena};

    RandomForm(std::mt19937& random, double density) {
        std::bernoulli_distribution there(density);
        for (int a = 0; a < positions; ++a) {
            if (there(random)) form.multiply(a, random_unit(random));
            for (int b = 0; b < a; ++b) {
                if (there(random)) form.couple(b, a, random_unit(random));
            }
        }
    }
    Complex factor_of(Index bits) const {
        Complex result = 1;
        for (int a = 0; a < positions; ++a) {
            if ((bits >> a & 1) == 0) continue;
            if ((form.factors() >> a & 1) != 0) result *= form.factor(a);
            for (int b = 0; b < a; ++b) {
                if ((bits >> b & form.partners(a) >> b & 1) != 0) result *= form.coupling(a, b);
            }
        }
        return result;
    }
};

void products_are_those_of_set_bits() {
    std::mt19937 random(10);
    for (int trial = 0; trial < 40; ++trial) {
        const RandomForm test(random, 0.25 * (trial % 5));
        const Index positions = random() & low_bits(RandomForm::positions);
        Arena arena;
        const Factors all = Factors::take(bit(count_bits(positions)), arena);
        products(test.form, positions, all, arena);
        for (Index i = 0; i < all.size; ++i) {
            CHECK(std::abs(all[i] - test.factor_of(deposit_bits(i, positions))) < 1e-14);
        }
    }
}

// Tables and factors of rows together are the whole form, but for the couplings that are kept for another call.
void tables_hold_what_the_keys_choose() {
    std::mt19937 random(11);
    for (int trial = 0; trial < 40; ++trial) {
        RandomForm test(random, 0.25 * (trial % 5));
        const Index inner = low_bits(4), outer = low_bits(RandomForm::positions) & ~inner;
        const Index keys = random() & outer;
        Arena arena;
        PhaseRows rows;
        rows.factors = Factors::take(bit(count_bits(outer)), arena);
        products(test.form, outer, rows.factors, arena);
        rows.fill_tables(test.form, inner, keys, arena);
        CHECK(rows.tables.size() == bit(count_bits(keys)));
        std::vector<Complex> whole;
        for (Index bits = 0; bits < bit(RandomForm::positions); ++bits) whole.push_back(test.factor_of(bits));
        test.form.keep_across(inner, outer & ~keys);
        for (Index bits = 0; bits < whole.size(); ++bits) {
            const PhaseRows::Table& table = rows.tables[extract_bits(bits, keys)];
            const Complex made = rows.factors[extract_bits(bits, outer)] * table.entries[extract_bits(bits, inner)];
            CHECK(std::abs(made * test.factor_of(bits) - whole[bits]) < 1e-14);
            CHECK(!table.all_ones || table.entries[extract_bits(bits, inner)] == Complex(1));
        }
    }
}

}  // namespace

int main() {
    rows_keep_their_products();
    too_many_factors_stay();
    factors_that_differ_by_rounding_share_a_table();
    without_tables_factors_stay();
    products_are_those_of_set_bits();
    tables_hold_what_the_keys_choose();
    return failed_checks == 0 ? 0 : 1;
}
