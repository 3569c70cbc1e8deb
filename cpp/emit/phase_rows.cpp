#include "emit/phase_rows.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace ketjet {

namespace {

// Two factors that have been multiplied together in another order agree to this.
constexpr double rounding = 1e-15;

}  // namespace

std::vector<Complex> products(PlacedForm& form, Index positions) {
    std::vector<Complex> result(std::size_t{1} << count_bits(positions));
    std::vector<Complex> factor(result.size());  // what the present bit contributes, by the lower bits
    result[0] = 1;
    std::size_t half = 1;
    for (Index rest = positions; rest != 0; rest &= rest - 1, half *= 2) {
        const int position = std::countr_zero(rest);
        const Complex linear = form.linear[static_cast<std::size_t>(position)];
        const Index lower = form.partners[static_cast<std::size_t>(position)] & positions & low_bits(position);
        if (lower == 0) {
            for (std::size_t i = 0; i < half; ++i)
                result[half + i] = linear == Complex(1) ? result[i] : result[i] * linear;
            continue;
        }
        factor[0] = linear;
        std::size_t quarter = 1;
        for (Index below = positions & low_bits(position); below != 0; below &= below - 1, quarter *= 2) {
            const int other = std::countr_zero(below);
            const Complex coupling = (lower >> other & 1) != 0 ? form.at(position, other) : Complex(1);
            for (std::size_t i = 0; i < quarter; ++i) {
                factor[quarter + i] = coupling == Complex(1) ? factor[i] : factor[i] * coupling;
            }
        }
        for (std::size_t i = 0; i < half; ++i) result[half + i] = result[i] * factor[i];
    }
    return result;
}

bool all_ones(std::span<const Complex> factors) {
    return std::ranges::all_of(factors, [](const Complex& factor) { return factor == Complex(1); });
}

void PhaseRows::fill_tables(PlacedForm& form, Index inner, Index choosing) {
    tables = {products(form, inner)};
    for (Index rest = choosing; rest != 0; rest &= rest - 1) {
        const int key = std::countr_zero(rest);
        PlacedForm across(form.size);  // the phases that appear when this key is set
        for (Index both = form.partners[static_cast<std::size_t>(key)] & inner; both != 0; both &= both - 1) {
            const int position = std::countr_zero(both);
            across.linear[static_cast<std::size_t>(position)] = form.at(key, position);
        }
        const std::vector<Complex> when_set = products(across, inner);
        const std::size_t half = tables.size();
        for (std::size_t t = 0; t < half; ++t) {
            tables.push_back(tables[t]);
            std::ranges::transform(tables.back(), when_set, tables.back().begin(), std::multiplies<>());
        }
    }
}

void PhaseRows::absorb_factors(std::size_t max_tables) {
    if (tables.empty() || all_ones(factors)) return;
    struct Product {
        std::size_t key;
        Complex factor;
    };
    std::vector<bool> plain;  // a factor alone takes as few products as a table
    for (const std::vector<Complex>& table : tables) plain.push_back(all_ones(table));
    std::vector<Product> needed;
    std::vector<std::size_t> needed_by;
    for (std::size_t row = 0; row < factors.size(); ++row) {
        const Product own{keys[row], plain[keys[row]] ? Complex(1) : factors[row]};
        const auto same = std::ranges::find_if(needed, [&](const Product& other) {
            return other.key == own.key && std::norm(other.factor - own.factor) < rounding * rounding;
        });
        needed_by.push_back(static_cast<std::size_t>(same - needed.begin()));
        if (same == needed.end()) needed.push_back(own);
        if (needed.size() > max_tables) return;
    }
    std::vector<std::vector<Complex>> absorbed;
    for (const Product& product : needed) {
        absorbed.push_back(tables[product.key]);
        for (Complex& entry : absorbed.back()) entry *= product.factor;
    }
    for (std::size_t row = 0; row < factors.size(); ++row) {
        if (!plain[keys[row]]) factors[row] = 1;
    }
    keys = std::move(needed_by);
    tables = std::move(absorbed);
}

}  // namespace ketjet
