// Factors of rows that are multiplied into tables: every row keeps its product, and takes one factor less.
#include <cmath>
#include <complex>
#include <cstddef>
#include <random>
#include <vector>

#include "check.hpp"
#include "emit/phase_rows.hpp"

using namespace ketjet;

namespace {

constexpr std::size_t entries = 16;

Complex product(const PhaseRows& rows, std::size_t row, std::size_t entry) {
    return rows.factors[row] * rows.tables[rows.keys[row]][entry];
}

PhaseRows random_rows(std::mt19937& random, std::size_t count, int tables, int factors, bool with_plain_table) {
    std::uniform_real_distribution<double> angle(-3, 3);
    const auto unit = [&] { return std::polar(1.0, angle(random)); };
    PhaseRows rows;
    for (int t = 0; t < tables; ++t) {
        rows.tables.emplace_back();
        for (std::size_t e = 0; e < entries; ++e) rows.tables.back().push_back(with_plain_table && t == 0 ? 1 : unit());
    }
    std::vector<Complex> values{1};
    while (values.size() < static_cast<std::size_t>(factors)) values.push_back(unit());
    for (std::size_t row = 0; row < count; ++row) {
        rows.factors.push_back(values[random() % values.size()]);
        rows.keys.push_back(random() % rows.tables.size());
    }
    return rows;
}

void rows_keep_their_products() {
    std::mt19937 random(7);
    for (int trial = 0; trial < 50; ++trial) {
        const bool plain = trial % 2 == 0;
        const PhaseRows before = random_rows(random, 64, 1 + trial % 4, 3, plain);
        PhaseRows after = before;
        after.absorb_factors(12);
        for (std::size_t row = 0; row < before.factors.size(); ++row) {
            for (std::size_t e = 0; e < entries; ++e) {
                CHECK(std::abs(product(before, row, e) - product(after, row, e)) < 1e-15);
            }
            // A table of ones alone is no product, so there the factor stays.
            CHECK(after.factors[row] == (plain && before.keys[row] == 0 ? before.factors[row] : Complex(1)));
        }
        CHECK(after.tables.size() <= 3 * before.tables.size());
    }
}

void too_many_factors_stay() {
    std::mt19937 random(8);
    const PhaseRows before = random_rows(random, 256, 2, 5, false);
    PhaseRows after = before;
    after.absorb_factors(9);
    CHECK(after.tables.size() == 2);
    CHECK(after.factors == before.factors);
    after.absorb_factors(10);
    CHECK(after.tables.size() == 10);
}

void factors_that_differ_by_rounding_share_a_table() {
    std::mt19937 random(9);
    PhaseRows rows = random_rows(random, 4, 1, 1, false);
    const Complex factor = std::polar(1.0, 0.7);
    rows.factors = {factor, factor * (1 + 1e-16), factor * std::polar(1.0, 2e-16), std::polar(1.0, 0.7 + 1e-9)};
    rows.absorb_factors(2);
    CHECK(rows.tables.size() == 2);
    CHECK(rows.keys[0] == rows.keys[1] && rows.keys[0] == rows.keys[2] && rows.keys[0] != rows.keys[3]);
}

void without_tables_factors_stay() {
    PhaseRows rows;
    rows.factors = {1, Complex(0, 1)};
    rows.keys = {0, 0};
    rows.absorb_factors(8);
    CHECK(rows.tables.empty());
    CHECK(rows.factors[1] == Complex(0, 1));
}

}  // namespace

int main() {
    rows_keep_their_products();
    too_many_factors_stay();
    factors_that_differ_by_rounding_share_a_table();
    without_tables_factors_stay();
    return failed_checks == 0 ? 0 : 1;
}
