#include "emit/diagonal.hpp"

#include "base/small_vector.hpp"
#include "emit/conjugation.hpp"

namespace ketjet {

template <class T>
void emit_diagonal(const DiagonalAction& action, BlockFrame& frame, CallWriter<T>& out) {
    if (frame.fold && (action.condition.mask >> frame.fold->qubit & 1) != 0) {
        return emit_conjugation(conjugation_of(action, *frame.fold), frame, out);
    }
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(action.condition);
    const Index targets = mask_of(action.targets), cold = layout.cold_of(targets);
    const Index axes = layout.vectors_of(layout.positions_of(targets));
    DiagonalArgs args{};
    args.axes = count_bits(axes);
    args.vectors = frame.subset(condition.vectors, axes);
    args.row_offsets = frame.offsets(axes);
    const std::size_t lanes = layout.lanes(), row_scalars = 2 * lanes;
    const std::size_t rows = std::size_t{1} << args.axes, tables = std::size_t{1} << count_bits(cold);
    T* values = out.coefficients(tables * rows * row_scalars);
    args.coefficients = values;
    SmallVector<std::size_t, 16> of_lane(lanes), of_row(rows);  // what each part adds to the index of an entry
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        of_lane[lane] = layout.entry_of(action.targets, frame.index_of_lane(lane), 0);
    }
    for (std::size_t row = 0; row < rows; ++row) {
        of_row[row] = layout.entry_of(action.targets, deposit_bits(row, axes) << layout.lane_bits(), 0);
    }
    for (std::size_t table = 0; table < tables; ++table) {
        const std::size_t of_table = layout.entry_of(action.targets, 0, deposit_bits(table, cold));
        for (std::size_t row = 0; row < rows; ++row, values += row_scalars) {
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                const std::size_t entry = of_table | of_row[row] | of_lane[lane];
                const bool acts = holds(condition.lanes, frame.index_of_lane(lane));
                const Complex c = acts ? action.entries[entry] : Complex(1);
                values[lane] = static_cast<T>(c.real());
                values[lanes + lane] = static_cast<T>(c.imag());
            }
        }
    }
    out.add(condition.cold, DiagonalCall{args, {cold, rows * row_scalars * sizeof(T)}});
}

template <class T>
void emit_sign(int qubit, BlockFrame& frame, CallWriter<T>& out) {
    emit_diagonal(DiagonalAction{{bit(qubit), bit(qubit)}, {}, {-1}}, frame, out);
    frame.toggle_sign(qubit);
}

#define KETJET_INSTANTIATE(T)                                                           \
    template void emit_diagonal<T>(const DiagonalAction&, BlockFrame&, CallWriter<T>&); \
    template void emit_sign<T>(int, BlockFrame&, CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
