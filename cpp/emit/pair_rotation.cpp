#include "emit/pair_rotation.hpp"

#include "base/bits.hpp"

namespace ketjet {

namespace {

// The matrix of a function of basis state and parity on the diagonal.
template <class Factor>
DiagonalAction::Entries diagonal_of(Factor factor) {
    DiagonalAction::Entries entries;
    for (Index state = 0; state < 4; ++state) entries.push_back(factor(state >> 1, parity(state) ? 1 : 0));
    return entries;
}

}  // namespace

Action part_of_pair(const PairRotation& pair, Part part, int low, int high) {
    const Targets targets{low, high};
    const auto& rotations = pair.of_parity;
    if (part == Part::before) {
        return DiagonalAction{{}, targets, diagonal_of([&](Index second, std::size_t p) {
                                  return second != 0 ? std::polar(1.0, rotations[p].before) : Complex(1);
                              })};
    }
    if (part == Part::after) {
        return DiagonalAction{{}, targets, diagonal_of([&](Index second, std::size_t p) {
                                  return std::polar(1.0, rotations[p].phase + (second != 0 ? rotations[p].after : 0));
                              })};
    }
    Matrix matrix(4);
    for (std::size_t p = 0; p < 2; ++p) {
        const GivensRotation& rotation = rotations[p];
        const Complex off = rotation.imaginary ? Complex(0, -rotation.sine) : Complex(-rotation.sine);
        matrix(p, p) = matrix(3 - p, 3 - p) = rotation.cosine;
        matrix(p, 3 - p) = off;
        matrix(3 - p, p) = rotation.imaginary ? off : -off;
    }
    return DenseAction{{}, targets, matrix};
}

}  // namespace ketjet
