// Where the targets are decides the kernel's layout and that of the coefficients.
#include "emit/dense.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "base/small_vector.hpp"

namespace ketjet {

namespace {

// The order of qubits by position, as indices into the list.
SmallVector<std::size_t, 4> by_position(std::span<const int> qubits, const BlockLayout& layout) {
    SmallVector<std::size_t, 4> order(qubits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t j) { return layout.position(qubits[j]); });
    return order;
}

// All but what concerns the coefficients.
template <class T>
DenseArgs place_targets(const PlacedCondition& condition, Index targets, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const Index positions = layout.positions_of(targets), lane_mask = layout.lanes_of(positions);
    const Index axes = layout.vectors_of(positions);
    DenseArgs args{};
    args.vectors = frame.subset(condition.vectors, axes);
    args.row_offsets = frame.offsets(axes);
    args.axes = count_bits(axes);
    args.lane_mask = static_cast<int>(lane_mask);
    args.per_lane = lane_mask != 0 || condition.lanes.mask != 0;
    out.need_scratch((std::size_t{3} << count_bits(targets)) * layout.lanes() * sizeof(T));
    return args;
}

// For one lane target and one vector target: the lowest other vector bit, if there is one.
void choose_helper(DenseArgs& args, const BlockFrame& frame) {
    if (args.axes != 1 || count_bits(static_cast<Index>(args.lane_mask)) != 1) return;
    const Index others = low_bits(frame.layout().vector_bits()) & ~args.vectors.fixed;
    if (others == 0) return;
    args.vectors.fixed |= lowest_bit(others);
    args.helper_offset = frame.offset(lowest_bit(others));
    args.per_lane = false;
}

// Rows that have coefficients of their own: without a helper, lanes share those of their axes.
std::size_t rows_of(const DenseArgs& args) { return std::size_t{1} << (args.axes + (args.helper_offset != 0 ? 1 : 0)); }

// The scalars of one table of coefficients.
std::size_t scalars_of(const DenseArgs& args, const BlockLayout& layout) {
    const std::size_t terms = std::size_t{1} << (args.axes + count_bits(static_cast<Index>(args.lane_mask)));
    return rows_of(args) * terms * static_cast<std::size_t>(args.parts) * (args.per_lane ? layout.lanes() : 1);
}

// Writes entry(index of the lane, row, column) in the kernels' order; rows and columns count sorted targets, lanes
// lowest.
template <class T, class Entry>
void fill(const DenseArgs& args, const BlockFrame& frame, Entry entry, T* out) {
    const Index lane_mask = static_cast<Index>(args.lane_mask);
    const int lane_targets = count_bits(lane_mask);
    const std::size_t rows = rows_of(args), terms = std::size_t{1} << (args.axes + lane_targets);
    const std::size_t width = args.per_lane ? frame.layout().lanes() : 1;
    const auto parts = static_cast<std::size_t>(args.parts);
    const bool helped = args.helper_offset != 0;
    for (std::size_t kernel_row = 0; kernel_row < rows; ++kernel_row) {
        for (std::size_t m = 0; m < terms; ++m, out += parts * width) {
            for (std::size_t lane = 0; lane < width; ++lane) {
                const Index index = frame.index_of_lane(lane);
                const std::size_t in_lane = extract_bits(index, lane_mask);
                const std::size_t row = helped ? kernel_row ^ in_lane : kernel_row << lane_targets | in_lane;
                const Complex c = entry(index, row, row ^ m);
                out[lane] = static_cast<T>(c.real());
                if (parts == 2) out[width + lane] = static_cast<T>(c.imag());
                if (parts < 3) continue;
                out[width + lane] = static_cast<T>(c.imag() - c.real());
                out[2 * width + lane] = static_cast<T>(c.imag() + c.real());
            }
        }
    }
}

}  // namespace

template <class T>
void emit_dense(const DenseAction& action, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(action.condition);
    DenseArgs args = place_targets(condition, mask_of(action.targets), frame, out);
    const auto& entries = action.matrix.entries();
    const bool real = is_real(action.matrix);
    args.even = action.targets.size() == 2 && keeps_parity(action.matrix);
    args.parts = real ? 1 : (action.targets.size() == 1 || action.condition.mask != 0 || args.even ? 2 : 3);
    if (action.condition.mask == 0) choose_helper(args, frame);
    const auto order = by_position(action.targets, layout);
    const std::size_t dimension = action.matrix.dimension();
    SmallVector<std::size_t, 16> original(dimension);  // index over sorted targets -> the gate's own index
    Index signs = 0;                                   // of sorted targets
    for (std::size_t j = 0; j < order.size(); ++j) {
        const std::size_t target = order[j];
        if (frame.has_sign(action.targets[target])) signs |= bit(static_cast<int>(j));
        for (std::size_t i = 0; i < dimension; ++i) original[i] |= (i >> j & 1) << target;
    }
    T* const table = out.coefficients(scalars_of(args, layout));
    fill(
        args, frame,
        [&](Index index, std::size_t row, std::size_t column) {
            if (!holds(condition.lanes, index)) return Complex(row == column ? 1 : 0);
            const Complex entry = entries[original[row] * dimension + original[column]];
            return parity((row ^ column) & signs) ? -entry : entry;
        },
        table);
    args.coefficients = table;
    out.add(condition.cold, DenseCall{args, {}});
}

// One call for each choice of the selectors that are vector bits; those that are cold choose among tables.
template <class T>
void emit_dense(const MultiplexerAction& action, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(action.condition);
    const Index selectors = mask_of(action.selectors), cold = layout.cold_of(selectors);
    const Index vector_mask = layout.vectors_of(layout.positions_of(selectors));
    const std::size_t tables = std::size_t{1} << count_bits(cold);
    const bool sign = frame.has_sign(action.target);
    for (Index choice = 0; choice < bit(count_bits(vector_mask)); ++choice) {
        const Index vectors = deposit_bits(choice, vector_mask);
        PlacedCondition chosen = condition;
        chosen.vectors.mask |= vector_mask;
        chosen.vectors.value |= vectors;
        DenseArgs args = place_targets(chosen, bit(action.target), frame, out);
        args.per_lane = true;
        args.parts = 2;
        const std::size_t scalars = scalars_of(args, layout);
        T* const coefficients = out.coefficients(tables * scalars);
        for (std::size_t table = 0; table < tables; ++table) {
            fill(
                args, frame,
                [&](Index index, std::size_t row, std::size_t column) {
                    if (!holds(condition.lanes, index)) return Complex(row == column ? 1 : 0);
                    const Index in_block = vectors << layout.lane_bits() | index;
                    const std::size_t entry = layout.entry_of(action.selectors, in_block, deposit_bits(table, cold));
                    const Complex value = action.matrices[4 * entry + 2 * row + column];
                    return sign && row != column ? -value : value;
                },
                coefficients + table * scalars);
        }
        args.coefficients = coefficients;
        out.add(condition.cold, DenseCall{args, {cold, scalars * sizeof(T)}});
    }
}

#define KETJET_INSTANTIATE(T)                                                     \
    template void emit_dense<T>(const DenseAction&, BlockFrame&, CallWriter<T>&); \
    template void emit_dense<T>(const MultiplexerAction&, BlockFrame&, CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
