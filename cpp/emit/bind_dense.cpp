// Dense and multiplexed actions: where their targets lie decides the kernel's layout and that of the coefficients.
#include <algorithm>
#include <bit>
#include <numeric>

#include "emit/block_binder.hpp"

namespace ketjet {

template <class T>
std::vector<int> BlockBinder<T>::by_position(const std::vector<int>& qubits) const {
    std::vector<int> order(qubits.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](int j) { return position(qubits[static_cast<std::size_t>(j)]); });
    return order;
}

template <class T>
DenseArgs BlockBinder<T>::dense_layout(const PlacedCondition& condition, const std::vector<int>& targets,
                                       bool per_lane) {
    Index lane_mask = 0, axis_mask = 0;
    for (const int target : targets) (frame_.is_vector(target) ? axis_mask : lane_mask) |= bit(position(target));
    axis_mask >>= frame_.lane_bits();
    DenseArgs args{};
    args.vectors = subset(condition.vectors, axis_mask);
    args.row_offsets = take_offsets(axis_mask);
    args.axes = count_bits(axis_mask);
    args.lane_mask = static_cast<int>(lane_mask);
    args.per_lane = per_lane || lane_mask != 0 || condition.lanes.mask != 0;
    bound_.scratch_bytes = std::max(bound_.scratch_bytes, (std::size_t{3} << targets.size()) * lanes() * sizeof(T));
    return args;
}

// For one lane target and one vector target: the lowest other vector bit, if there is one.
template <class T>
void BlockBinder<T>::choose_helper(DenseArgs& args) {
    if (args.axes != 1 || count_bits(static_cast<Index>(args.lane_mask)) != 1) return;
    const Index others = low_bits(frame_.vector_bits()) & ~args.vectors.fixed;
    if (others == 0) return;
    args.vectors.fixed |= lowest_bit(others);
    args.helper_offset = frame_.offset(lowest_bit(others));
    args.per_lane = false;
}

// Rows that have coefficients of their own: without a helper, lanes share those of their axes.
template <class T>
std::size_t BlockBinder<T>::dense_rows(const DenseArgs& args) const {
    return std::size_t{1} << (args.axes + (args.helper_offset != 0 ? 1 : 0));
}

template <class T>
std::size_t BlockBinder<T>::dense_scalars(const DenseArgs& args) const {
    const std::size_t terms = std::size_t{1} << (args.axes + count_bits(static_cast<Index>(args.lane_mask)));
    return dense_rows(args) * terms * static_cast<std::size_t>(args.parts) * (args.per_lane ? lanes() : 1);
}

// Writes entry(lane, row, column) in the kernels' order; rows and columns count sorted targets, lanes lowest.
template <class T>
template <class Entry>
void BlockBinder<T>::fill_dense(const DenseArgs& args, Entry entry, T* out) const {
    const Index lane_mask = static_cast<Index>(args.lane_mask);
    const int lane_targets = count_bits(lane_mask);
    const std::size_t terms = std::size_t{1} << (args.axes + lane_targets), width = args.per_lane ? lanes() : 1;
    const auto parts = static_cast<std::size_t>(args.parts);
    const bool helped = args.helper_offset != 0;
    for (std::size_t kernel_row = 0; kernel_row < dense_rows(args); ++kernel_row) {
        for (std::size_t m = 0; m < terms; ++m, out += parts * width) {
            for (std::size_t lane = 0; lane < width; ++lane) {
                const std::size_t in_lane = extract_bits(meaning(lane), lane_mask);
                const std::size_t row = helped ? kernel_row ^ in_lane : kernel_row << lane_targets | in_lane;
                const Complex c = entry(meaning(lane), row, row ^ m);
                out[lane] = static_cast<T>(c.real());
                if (parts == 2) out[width + lane] = static_cast<T>(c.imag());
                if (parts < 3) continue;
                out[width + lane] = static_cast<T>(c.imag() - c.real());
                out[2 * width + lane] = static_cast<T>(c.imag() + c.real());
            }
        }
    }
}

template <class T>
void BlockBinder<T>::operator()(const DenseAction& action) {
    const PlacedCondition condition = place(action.condition);
    DenseArgs args = dense_layout(condition, action.targets);
    const auto& entries = action.matrix.entries();
    const bool real = std::ranges::all_of(entries, [](const Complex& entry) { return entry.imag() == 0; });
    args.even = action.targets.size() == 2 && keeps_parity(action.matrix);
    args.parts = real ? 1 : (action.targets.size() == 1 || action.condition.mask != 0 || args.even ? 2 : 3);
    if (action.condition.mask == 0) choose_helper(args);
    const std::vector<int> order = by_position(action.targets);
    const std::size_t dimension = action.matrix.dimension();
    std::vector<std::size_t> original(dimension);  // index over sorted targets -> the gate's own index
    Index signs = 0;                               // of sorted targets
    for (std::size_t j = 0; j < order.size(); ++j) {
        const auto target = static_cast<std::size_t>(order[j]);
        if (frame_.has_sign(action.targets[target])) signs |= bit(static_cast<int>(j));
        for (std::size_t i = 0; i < dimension; ++i) original[i] |= (i >> j & 1) << target;
    }
    T* const table = take_coefficients(dense_scalars(args));
    fill_dense(
        args,
        [&](Index lane, std::size_t row, std::size_t column) {
            if (!holds(condition.lanes, lane)) return Complex(row == column ? 1 : 0);
            const Complex entry = entries[original[row] * dimension + original[column]];
            return parity((row ^ column) & signs) ? -entry : entry;
        },
        table);
    args.coefficients = table;
    bound_.passes.push_back({condition.cold, 0, 0, args});
}

template <class T>
void BlockBinder<T>::operator()(const MultiplexerAction& action) {
    const PlacedCondition condition = place(action.condition);
    Index cold = 0, vector_mask = 0;
    split_selectors(action.selectors, cold, vector_mask);
    const std::size_t tables = std::size_t{1} << count_bits(cold);
    const bool sign = frame_.has_sign(action.target);
    for (Index choice = 0; choice < bit(count_bits(vector_mask)); ++choice) {
        const Index vectors = deposit_bits(choice, vector_mask);
        PlacedCondition chosen = condition;
        chosen.vectors.mask |= vector_mask;
        chosen.vectors.value |= vectors;
        DenseArgs args = dense_layout(chosen, {action.target}, true);
        args.parts = 2;
        T* const coefficients = take_coefficients(tables * dense_scalars(args));
        for (std::size_t table = 0; table < tables; ++table) {
            fill_dense(
                args,
                [&](Index lane, std::size_t row, std::size_t column) {
                    if (!holds(condition.lanes, lane)) return Complex(row == column ? 1 : 0);
                    const Index block = vectors << frame_.lane_bits() | lane;
                    const std::size_t entry = entry_index(action.selectors, block, deposit_bits(table, cold));
                    const Complex value = action.matrices[4 * entry + 2 * row + column];
                    return sign && row != column ? -value : value;
                },
                coefficients + table * dense_scalars(args));
        }
        args.coefficients = coefficients;
        bound_.passes.push_back({condition.cold, cold, dense_scalars(args) * sizeof(T), args});
    }
}

#define KETJET_INSTANTIATE(T)                                                                               \
    template std::vector<int> BlockBinder<T>::by_position(const std::vector<int>&) const;                   \
    template DenseArgs BlockBinder<T>::dense_layout(const PlacedCondition&, const std::vector<int>&, bool); \
    template void BlockBinder<T>::choose_helper(DenseArgs&);                                                \
    template std::size_t BlockBinder<T>::dense_rows(const DenseArgs&) const;                                \
    template std::size_t BlockBinder<T>::dense_scalars(const DenseArgs&) const;                             \
    template void BlockBinder<T>::operator()(const DenseAction&);                                           \
    template void BlockBinder<T>::operator()(const MultiplexerAction&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
