// Every action is a loop over all indices of the block; qubits that are not hot are constants.
#include "check/reference.hpp"

#include <bit>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ketjet {

namespace {

// Without the standard operator's care for infinities.
Complex product(Complex a, Complex b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

struct ReferenceStep {
    ReferenceBlock& block;

    void operator()(const DenseAction& action) const {
        const std::vector<Index> places = places_of(action.targets);
        std::vector<Complex> before(places.size());
        each(action.condition, mask_of(action.targets),
             [&](Index first) { multiply(first, places, action.matrix.entries(), before); });
    }
    void operator()(const DiagonalAction& action) const {
        const EntryReader entry = reader(action.targets);
        each(action.condition, 0, [&](Index i) { at(i) = product(at(i), action.entries[entry(i)]); });
    }
    void operator()(const FlipAction& action) const {
        const Index partner = inside(action.mask);
        each(action.condition, action.mask & (~action.mask + 1), [&](Index i) { std::swap(at(i), at(i ^ partner)); });
    }
    void operator()(const SwapAction& action) const {
        const Index first = inside(bit(action.first)), second = inside(bit(action.second));
        each(action.condition, bit(action.first) | bit(action.second),
             [&](Index i) { std::swap(at(i | first), at(i | second)); });
    }
    // exp(-i angle/2 P) with P|x> = i^(Y) (-1)^(parity of x & z_mask) |x ^ x_mask>.
    void operator()(const RotationAction& action) const {
        constexpr Complex powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
        const double cosine = std::cos(action.angle / 2);
        const Complex weight =
            Complex(0, -std::sin(action.angle / 2)) * powers[count_bits(action.x_mask & action.z_mask) % 4];
        const auto image = [&](Index i) { return product(parity(basis(i) & action.z_mask) ? -weight : weight, at(i)); };
        if (action.x_mask == 0) {
            return each(action.condition, 0, [&](Index i) { at(i) = cosine * at(i) + image(i); });
        }
        const Index flip = inside(action.x_mask);
        each(action.condition, action.x_mask & (~action.x_mask + 1), [&](Index i) {
            const Complex low = cosine * at(i) + image(i ^ flip), high = cosine * at(i ^ flip) + image(i);
            at(i) = low;
            at(i ^ flip) = high;
        });
    }
    void operator()(const MultiplexerAction& action) const {
        const int target[] = {action.target};
        const std::vector<Index> places = places_of(target);
        const EntryReader entry = reader(action.selectors);
        std::vector<Complex> before(places.size());
        each(action.condition, bit(action.target), [&](Index first) {
            multiply(first, places, std::span(action.matrices).subspan(4 * entry(first), 4), before);
        });
    }

    Complex& at(Index i) const { return block.amplitudes_[i]; }
    Index basis(Index i) const { return deposit_bits(i, block.hot_) | block.base_; }

    Index inside(Index qubits) const {
        if ((qubits & ~block.hot_) != 0) throw std::logic_error("the operation needs a qubit that is not hot");
        return extract_bits(qubits, block.hot_);
    }

    // The index that the bits of some qubits form, the first one lowest.
    struct EntryReader {
        std::vector<std::pair<int, int>> moves;  // from a bit of the block's index to a bit of the entry
        std::size_t constant = 0;                // what the others give
        std::size_t operator()(Index i) const {
            std::size_t result = constant;
            for (const auto& [from, to] : moves) result |= (i >> from & 1) << to;
            return result;
        }
    };
    EntryReader reader(std::span<const int> qubits) const {
        EntryReader result;
        for (std::size_t j = 0; j < qubits.size(); ++j) {
            const Index qubit = bit(qubits[j]);
            if ((block.hot_ & qubit) != 0) {
                result.moves.emplace_back(count_bits(block.hot_ & (qubit - 1)), static_cast<int>(j));
            } else if ((block.base_ & qubit) != 0) {
                result.constant |= std::size_t{1} << j;
            }
        }
        return result;
    }

    // What every entry of some hot qubits adds to an index.
    std::vector<Index> places_of(std::span<const int> qubits) const {
        std::vector<Index> places{0};
        for (const int qubit : qubits) {
            const Index added = inside(bit(qubit));
            const std::size_t half = places.size();
            for (std::size_t i = 0; i < half; ++i) places.push_back(places[i] | added);
        }
        return places;
    }

    // Calls step(i) for every index where the condition holds and the qubits of `zero` are 0.
    template <class Step>
    void each(const Condition& condition, Index zero, Step step) const {
        const Index cold = ~block.hot_;
        if (((block.base_ ^ condition.value) & condition.mask & cold) != 0) return;
        const Index value = extract_bits(condition.value & block.hot_, block.hot_);
        const Index fixed = extract_bits(condition.mask & block.hot_, block.hot_) | inside(zero);
        for (Index i = 0; i < block.amplitudes_.size(); i = next_outside(i, fixed)) step(i | value);
    }

    void multiply(Index first, std::span<const Index> places, std::span<const Complex> matrix,
                  std::vector<Complex>& before) const {
        for (std::size_t row = 0; row < places.size(); ++row) before[row] = at(first | places[row]);
        for (std::size_t row = 0; row < places.size(); ++row) {
            Complex sum = 0;
            for (std::size_t column = 0; column < places.size(); ++column) {
                sum += product(matrix[row * places.size() + column], before[column]);
            }
            at(first | places[row]) = sum;
        }
    }
};

namespace {

struct MovedQubits {
    Index operator()(const DenseAction& action) const {
        Index moved = 0;
        const std::size_t dimension = action.matrix.dimension();
        for (std::size_t row = 0; row < dimension; ++row) {
            for (std::size_t column = 0; column < dimension; ++column) {
                if (action.matrix(row, column) != Complex(0)) moved |= row ^ column;
            }
        }
        Index qubits = 0;
        for (; moved != 0; moved &= moved - 1) {
            qubits |= bit(action.targets[static_cast<std::size_t>(std::countr_zero(moved))]);
        }
        return qubits;
    }
    Index operator()(const DiagonalAction&) const { return 0; }
    Index operator()(const FlipAction& action) const { return action.mask; }
    Index operator()(const SwapAction& action) const { return bit(action.first) | bit(action.second); }
    Index operator()(const RotationAction& action) const { return action.x_mask; }
    Index operator()(const MultiplexerAction& action) const {
        for (std::size_t i = 0; i < action.matrices.size(); i += 4) {
            if (action.matrices[i + 1] != Complex(0) || action.matrices[i + 2] != Complex(0)) return bit(action.target);
        }
        return 0;
    }
};

}  // namespace

Index moved_qubits(const Action& action) { return std::visit(MovedQubits{}, action); }

ReferenceBlock::ReferenceBlock(Index hot, Index base, std::vector<Complex> amplitudes)
    : hot_(hot), base_(base), amplitudes_(std::move(amplitudes)) {}

void ReferenceBlock::apply(const Action& action) { std::visit(ReferenceStep{*this}, action); }

void ReferenceBlock::prepare(std::span<const std::int32_t> targets, std::span<const Complex> state) {
    const ReferenceStep step{*this};
    const std::vector<int> qubits(targets.begin(), targets.end());
    const std::vector<Index> places = step.places_of(qubits);
    step.each({}, mask_of(qubits), [&](Index first) {
        const Complex before = amplitudes_[first];
        for (std::size_t entry = 0; entry < state.size(); ++entry) {
            amplitudes_[first | places[entry]] = before * state[entry];
        }
    });
}

}  // namespace ketjet
