#include "batch/batch_calls.hpp"

#include <algorithm>
#include <numeric>

#include "base/small_vector.hpp"

namespace ketjet {

namespace {

// The bits that targets have in a basis state.
std::size_t gather(Index state, std::span<const std::int32_t> targets) {
    std::size_t number = 0;
    for (std::size_t k = 0; k < targets.size(); ++k) number |= static_cast<std::size_t>(state >> targets[k] & 1) << k;
    return number;
}

}  // namespace

template <class T>
template <class Value>
T* BatchCalls<T>::lane_values(Value value) {
    T* const values = arena_.template take<T>(block_.lanes());
    for (std::size_t lane = 0; lane < block_.lanes(); ++lane) values[lane] = static_cast<T>(value(lane));
    return values;
}

template <class T>
void BatchCalls<T>::flip(const Condition& condition, Index mask) {
    const ArenaScope scope(arena_);
    const Condition vectors = on_vectors(condition);
    ExchangeArgs args{};
    args.vector_flip = block_.vectors_of(mask);
    args.flip_offset = block_.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(block_.lanes_of(mask));
    args.vectors = block_.vectors(vectors.mask | lowest_bit(args.vector_flip), vectors.value);
    args.all_lanes = (condition.mask & block_.lane_qubits()) == 0;
    args.take_first = args.take_second = lane_values([&](std::size_t lane) { return holds_in(condition, lane); });
    kernels_.exchange(block_.scalars(), args);
}

template <class T>
void BatchCalls<T>::swap(const Condition& condition, int first, int second) {
    const ArenaScope scope(arena_);
    const Condition vectors = on_vectors(condition);
    const auto [lower, upper] = std::minmax(first, second);
    const Index low = bit(lower), high = bit(upper), lane_qubits = block_.lane_qubits();
    ExchangeArgs args{};
    args.vector_flip = block_.vectors_of(low | high);
    args.flip_offset = block_.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(block_.lanes_of(low | high));
    // Of a pair, the vector with the low bit set and the high bit clear.
    args.vectors = block_.vectors(vectors.mask | args.vector_flip, vectors.value | block_.vectors_of(low));
    args.all_lanes = ((condition.mask | low) & lane_qubits) == 0;
    args.take_first = lane_values([&](std::size_t lane) {
        const Index qubits = block_.qubits_of(lane);
        const bool differs =
            (high & lane_qubits) == 0 ? (low & lane_qubits & ~qubits) == 0 : parity(qubits & (low | high));
        return differs && holds_in(condition, lane);
    });
    args.take_second =
        lane_values([&](std::size_t lane) { return (low & block_.qubits_of(lane)) == 0 && holds_in(condition, lane); });
    kernels_.exchange(block_.scalars(), args);
}

// The weight of an amplitude's partner is sin(angle/2) (-i)^(number of Y + 1), with a sign per basis state.
template <class T>
void BatchCalls<T>::rotate(const Condition& condition, const PauliMasks& paulis, std::span<const Complex> halves) {
    const ArenaScope scope(arena_);
    const Condition vectors = on_vectors(condition);
    const int power = (count_bits(paulis.x & paulis.z) + 1) % 4;
    const std::size_t last = halves.size() - 1;  // all ones, or 0
    RotationArgs args{};
    args.vector_flip = block_.vectors_of(paulis.x);
    args.flip_offset = block_.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(block_.lanes_of(paulis.x));
    args.sign_mask = block_.vectors_of(paulis.z);
    args.vectors = block_.vectors(vectors.mask | lowest_bit(args.vector_flip), vectors.value);
    args.imaginary = power % 2 == 1;
    const bool negative = power == 1 || power == 2;
    const bool second_differs = parity(args.vector_flip & args.sign_mask);
    T* const cosine = arena_.template take<T>(3 * block_.lanes());
    T* const first = cosine + block_.lanes();
    T* const second = first + block_.lanes();
    for (std::size_t lane = 0; lane < block_.lanes(); ++lane) {
        const Complex half = holds_in(condition, lane) ? halves[block_.point_of(lane) & last] : Complex(1);
        const double weight = parity(block_.qubits_of(lane) & paulis.z) != negative ? -half.imag() : half.imag();
        cosine[lane] = static_cast<T>(half.real());
        first[lane] = static_cast<T>(weight);
        second[lane] = static_cast<T>(second_differs ? -weight : weight);
    }
    args.cosine = cosine;
    args.first = first;
    args.second = second;
    kernels_.rotation(block_.scalars(), args);
}

template <class T>
void BatchCalls<T>::diagonal(const Condition& condition, std::span<const std::int32_t> targets,
                             std::span<const Complex> entries) {
    const ArenaScope scope(arena_);
    const Condition vectors = on_vectors(condition);
    const Index axes = block_.vectors_of(mask_of(targets));
    const std::size_t lanes = block_.lanes(), rows = std::size_t{1} << count_bits(axes);
    const std::size_t of_entry = entries.size() >> targets.size();  // points, or one for all
    std::uint64_t* const offsets = arena_.template take<std::uint64_t>(rows);
    T* out = arena_.template take<T>(2 * lanes * rows);
    DiagonalArgs args{};
    args.vectors = block_.vectors(vectors.mask | axes, vectors.value);
    args.row_offsets = offsets;
    args.axes = count_bits(axes);
    args.coefficients = out;
    for (std::size_t row = 0; row < rows; ++row, out += 2 * lanes) {
        const Index vector = deposit_bits(row, axes);
        offsets[row] = block_.offset(vector);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const std::size_t entry = gather(block_.qubits_at(vector, lane), targets);
            const Complex factor = holds_in(condition, lane)
                                       ? entries[entry * of_entry + (block_.point_of(lane) & (of_entry - 1))]
                                       : Complex(1);
            out[lane] = static_cast<T>(factor.real());
            out[lanes + lane] = static_cast<T>(factor.imag());
        }
    }
    kernels_.diagonal(block_.scalars(), args);
}

template <class T>
void BatchCalls<T>::dense(const Condition& condition, std::span<const std::int32_t> targets,
                          std::span<const Matrix> matrices) {
    const ArenaScope scope(arena_);
    const Condition vectors = on_vectors(condition);
    const Index mask = mask_of(targets), axes = block_.vectors_of(mask), lane_mask = block_.lanes_of(mask);
    const std::size_t last = matrices.size() - 1;
    const std::size_t dimension = std::size_t{1} << targets.size();
    const std::size_t rows = std::size_t{1} << count_bits(axes);
    const int lane_targets = count_bits(lane_mask);
    DenseArgs args{};
    args.vectors = block_.vectors(vectors.mask | axes, vectors.value);
    args.axes = count_bits(axes);
    args.lane_mask = static_cast<int>(lane_mask);
    args.per_lane = matrices.size() > 1 || ((mask | condition.mask) & block_.lane_qubits()) != 0;
    args.parts = std::ranges::all_of(matrices, is_real) ? 1 : 2;
    const std::size_t width = args.per_lane ? block_.lanes() : 1, parts = static_cast<std::size_t>(args.parts);
    std::uint64_t* const offsets = arena_.template take<std::uint64_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) offsets[row] = block_.offset(deposit_bits(row, axes));
    args.row_offsets = offsets;
    args.scratch = arena_.template take<T>(3 * dimension * block_.lanes());
    // Rows and columns count targets by qubit; the matrix, in its own order.
    SmallVector<std::size_t, 16> own(dimension);
    for (std::size_t i = 0; i < dimension; ++i) own[i] = gather(deposit_bits(i, mask), targets);
    T* out = arena_.template take<T>(rows * dimension * parts * width);
    args.coefficients = out;
    for (std::size_t kernel_row = 0; kernel_row < rows; ++kernel_row) {
        for (std::size_t m = 0; m < dimension; ++m, out += parts * width) {
            for (std::size_t lane = 0; lane < width; ++lane) {
                const std::size_t in_lane = extract_bits(lane, lane_mask);
                const std::size_t row = kernel_row << lane_targets | in_lane;
                const Matrix& matrix = matrices[block_.point_of(lane) & last];
                const Complex entry = holds_in(condition, lane) ? matrix(own[row], own[row ^ m]) : Complex(m == 0);
                out[lane] = static_cast<T>(entry.real());
                if (parts == 2) out[width + lane] = static_cast<T>(entry.imag());
            }
        }
    }
    kernels_.dense(block_.scalars(), args);
}

template class BatchCalls<float>;
template class BatchCalls<double>;

}  // namespace ketjet
