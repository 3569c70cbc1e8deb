// The amplitudes are a matrix A with a column for each value of the wires and a row for each value of the other qubits;
// the density matrix is the sum over its rows of a[r] conj(a[c]). It is computed in square tiles, one of each pair that
// mirror each other, from stretches of rows that are packed into panels; where there are few tiles, also in fixed
// slices of the rows. Every entry is summed in an order that depends on sizes only.
#include "readout/density.hpp"

#include <algorithm>
#include <array>

#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr Index tile_size = 64;
constexpr Index stretch = 64;                     // rows that are packed at a time
constexpr Index max_slices = 32;                  // of the rows, where there is one tile
constexpr Index step_rows = 2, step_columns = 4;  // of a tile, summed in registers

using Pair = double __attribute__((vector_size(16)));

Pair both(double value) { return Pair{value, value}; }

// A stretch of rows of some columns; columns beyond them are zero.
struct Panel {
    alignas(64) std::array<double, stretch * tile_size> real;
    alignas(64) std::array<double, stretch * tile_size> imaginary;
};

struct Tile {
    alignas(64) std::array<double, tile_size * tile_size> real;
    alignas(64) std::array<double, tile_size * tile_size> imaginary;
};

// Adds the products of so many rows to step_rows x step_columns entries of the tile.
void add_products(const Panel& left, Index row, const Panel& right, Index column, Index rows, Tile& tile) {
    std::array<std::array<Pair, 2>, step_rows> real{}, imaginary{};
    for (Index o = 0; o < rows; ++o) {
        const double* const right_real = &right.real[o * tile_size + column];
        const double* const right_imaginary = &right.imaginary[o * tile_size + column];
        for (std::size_t half = 0; half < 2; ++half) {
            const Pair re{right_real[2 * half], right_real[2 * half + 1]};
            const Pair im{right_imaginary[2 * half], right_imaginary[2 * half + 1]};
            for (Index r = 0; r < step_rows; ++r) {
                const Pair left_re = both(left.real[o * tile_size + row + r]);
                const Pair left_im = both(left.imaginary[o * tile_size + row + r]);
                real[r][half] += left_re * re + left_im * im;
                imaginary[r][half] += left_im * re - left_re * im;
            }
        }
    }
    for (Index r = 0; r < step_rows; ++r) {
        for (Index c = 0; c < step_columns; ++c) {
            tile.real[(row + r) * tile_size + column + c] += real[r][c / 2][c % 2];
            tile.imaginary[(row + r) * tile_size + column + c] += imaginary[r][c / 2][c % 2];
        }
    }
}

template <class T>
class DensityMaker {
 public:
    DensityMaker(const StateVector<T>& state, std::span<const std::int32_t> wires, const RunContext& context)
        : state_(state), context_(context), places_(bit(static_cast<int>(wires.size()))) {
        for (Index value = 0; value < dimension(); ++value) {
            for (std::size_t i = 0; i < wires.size(); ++i) places_[value] |= (value >> i & 1) << wires[i];
        }
        others_ = low_bits(state.num_qubits()) & ~places_.back();
        rows_ = bit(count_bits(others_));
        tiles_ = (dimension() + tile_size - 1) / tile_size;
        if (tiles_ == 1) slices_ = std::clamp(rows_ / (16 * stretch), Index{1}, max_slices);
    }

    SavesVector<std::complex<double>> run() {
        SavesVector<std::complex<double>> result;
        const Index size = dimension() * dimension();
        result.reserve(size);
        for (Index filled = 0; filled < size; filled = result.size()) {  // touching the memory takes long, too
            context_.stop.throw_if_stopped();
            result.resize(std::min(size, filled + (Index{1} << 18)));
        }
        std::vector<Tile> sums(slices_ > 1 ? slices_ : 0);
        const Index tasks = slices_ * tiles_ * (tiles_ + 1) / 2;
        for_shares(tasks, rows_ * result.size(), context_.walk(), [&](std::size_t begin, std::size_t end) {
            std::vector<Panel> panels(2);
            std::vector<Tile> own(1);
            for (std::size_t task = begin; task < end; ++task) {
                Tile& tile = sums.empty() ? own[0] : sums[task];
                const auto [row, column] = sums.empty() ? corner(task) : std::pair<Index, Index>{0, 0};
                sum(sums.empty() ? 0 : task, row, column, panels, tile);
                if (sums.empty()) write(tile, row, column, result);
            }
        });
        for (std::size_t slice = 1; slice < sums.size(); ++slice) {
            for (std::size_t i = 0; i < sums[0].real.size(); ++i) {
                sums[0].real[i] += sums[slice].real[i];
                sums[0].imaginary[i] += sums[slice].imaginary[i];
            }
        }
        if (!sums.empty()) write(sums[0], 0, 0, result);
        return result;
    }

 private:
    Index dimension() const { return places_.size(); }
    Index width(Index first) const { return std::min(tile_size, dimension() - first); }

    // Of the tile with this number, where they are counted row by row from the diagonal on.
    std::pair<Index, Index> corner(Index number) const {
        Index row = 0;
        for (; number >= tiles_ - row; ++row) number -= tiles_ - row;
        return {row * tile_size, (row + number) * tile_size};
    }

    void sum(Index slice, Index row, Index column, std::vector<Panel>& panels, Tile& tile) const {
        tile.real.fill(0);
        tile.imaginary.fill(0);
        const Index first = rows_ * slice / slices_, last = rows_ * (slice + 1) / slices_;
        for (Index begin = first; begin < last; begin += stretch) {
            context_.stop.throw_if_stopped();
            const Index count = std::min(stretch, last - begin);
            pack(begin, count, row, panels[0]);
            if (column != row) pack(begin, count, column, panels[1]);
            const Panel& right = panels[column != row ? 1 : 0];
            for (Index r = 0; r < width(row); r += step_rows) {
                for (Index c = column != row ? 0 : r / step_columns * step_columns; c < width(column);
                     c += step_columns) {
                    add_products(panels[0], r, right, c, count, tile);
                }
            }
        }
    }

    void pack(Index begin, Index count, Index first, Panel& panel) const {
        std::array<Index, stretch> rows{};
        rows[0] = deposit_bits(begin, others_);
        for (Index o = 1; o < count; ++o) rows[o] = next_outside(rows[o - 1], ~others_);
        const Index columns = width(first), padded = std::max(columns, step_columns);
        const auto copy = [&](Index o, Index c) {
            const std::complex<T> amplitude =
                c < columns ? state_.amplitudes()[rows[o] | places_[first + c]] : std::complex<T>();
            panel.real[o * tile_size + c] = amplitude.real();
            panel.imaginary[o * tile_size + c] = amplitude.imag();
        };
        if ((others_ & 1) == 0) {  // neighbours in memory are in one row, else in one column
            for (Index o = 0; o < count; ++o) {
                for (Index c = 0; c < padded; ++c) copy(o, c);
            }
        } else {
            for (Index c = 0; c < padded; ++c) {
                for (Index o = 0; o < count; ++o) copy(o, c);
            }
        }
    }

    // Puts a tile in its place, and its mirror image; of one on the diagonal, what is below comes from above.
    void write(const Tile& tile, Index row, Index column, SavesVector<std::complex<double>>& result) const {
        const auto entry = [&](Index r, Index c) {
            return std::complex<double>(tile.real[r * tile_size + c], tile.imaginary[r * tile_size + c]);
        };
        for (Index r = 0; r < width(row); ++r) {
            for (Index c = row == column ? r : 0; c < width(column); ++c) {
                result[(row + r) * dimension() + column + c] = entry(r, c);
            }
        }
        for (Index c = 0; c < width(column); ++c) {
            for (Index r = 0; r < (row == column ? c : width(row)); ++r) {
                result[(column + c) * dimension() + row + r] = std::conj(entry(r, c));
            }
        }
    }

    const StateVector<T>& state_;
    const RunContext& context_;
    std::vector<Index> places_;  // of the wires' values in an amplitude's index
    Index others_ = 0;
    Index rows_ = 1;
    Index tiles_ = 1;
    Index slices_ = 1;
};

}  // namespace

template <class T>
SavesVector<std::complex<double>> density_matrix(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                                 const RunContext& context) {
    return DensityMaker<T>(state, wires, context).run();
}

template SavesVector<std::complex<double>> density_matrix<float>(const StateVector<float>&,
                                                                 std::span<const std::int32_t>, const RunContext&);
template SavesVector<std::complex<double>> density_matrix<double>(const StateVector<double>&,
                                                                  std::span<const std::int32_t>, const RunContext&);

}  // namespace ketjet
