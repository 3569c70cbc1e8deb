// What the rows of a block are multiplied by in a phases pass, before it is laid out for the kernel.
#pragma once

#include <cstddef>
#include <span>

#include "emit/arena.hpp"
#include "emit/placed_form.hpp"

namespace ketjet {

// Complex numbers, the real parts apart from the imaginary ones.
struct Factors {
    std::size_t size = 0;
    double* re = nullptr;
    double* im = nullptr;

    // Without values; the imaginary parts lie behind the real ones.
    static Factors take(std::size_t size, Arena& arena) {
        auto* const re = arena.take<double>(2 * size);
        return {size, re, re + size};
    }
    Complex operator[](std::size_t i) const { return {re[i], im[i]}; }
    void set(std::size_t i, Complex value) const {
        re[i] = value.real();
        im[i] = value.imag();
    }
};

// The product over set bits of factors and over pairs of set bits of couplings, for every subset of `positions`.
void products(const PlacedForm& form, Index positions, Factors result, Arena& arena);

// Each row is multiplied by a factor and by one of the tables, if there are any.
struct PhaseRows {
    Factors factors;
    std::span<unsigned char> keys;  // the table of each row

    struct Table {
        Factors entries;
        bool all_ones;
    };
    std::span<Table> tables;

    // A table for each value of the positions `choosing`: the phases among `inner`, and those between `inner` and the
    // choosing positions that are set.
    void fill_tables(const PlacedForm& form, Index inner, Index choosing, Arena& arena);
    // Multiplies the factors into the tables, if that makes no more of them than so many. Rows differ by few factors,
    // and a table alone takes half of the products.
    void absorb_factors(std::size_t max_tables, Arena& arena);
};

}  // namespace ketjet
