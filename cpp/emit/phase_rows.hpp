// What the rows of a block are multiplied by in a phases pass, before it is laid out for the kernel.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "emit/placed_form.hpp"

namespace ketjet {

// The product over set bits of linear factors and over pairs of set bits of couplings, for every subset of `positions`.
std::vector<Complex> products(PlacedForm& form, Index positions);

bool all_ones(std::span<const Complex> factors);

// Each row is multiplied by a factor and by one of the tables, if there are any.
struct PhaseRows {
    std::vector<Complex> factors;
    std::vector<std::size_t> keys;  // the table of each row
    std::vector<std::vector<Complex>> tables;

    // A table for each value of the positions `choosing`: the phases among `inner`, and those between `inner` and the
    // choosing positions that are set.
    void fill_tables(PlacedForm& form, Index inner, Index choosing);
    // Multiplies the factors into the tables, if that makes no more of them than so many. Rows differ by few factors,
    // and a table alone takes half of the products.
    void absorb_factors(std::size_t max_tables);
};

}  // namespace ketjet
