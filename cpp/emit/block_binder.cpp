// Diagonal, moving and rotating actions, one kernel call each; and what the frame leaves to gather and scatter.
#include "emit/block_binder.hpp"

#include <algorithm>
#include <bit>

namespace ketjet {

template <class T>
BlockBinder<T>::BlockBinder(const Sweep& sweep, const Kernels& kernels, BoundSweep& bound)
    : bound_(bound),
      kernels_(kernels),
      hot_(sweep.hot),
      frame_(hot_, kernels.lane_bits, std::uint32_t{2} << kernels.lane_bits,
             (std::size_t{2} << kernels.lane_bits) * sizeof(T), bound.arena),
      folded_(sweep.folded) {
    bound.gather_map = frame_.map();
}

template <class T>
void BlockBinder<T>::operator()(const DiagonalAction& action) {
    if (folded_ >= 0 && (action.condition.mask >> folded_ & 1) != 0) return conjugate_by(action);
    const PlacedCondition condition = place(action.condition);
    Index cold = 0, axis_mask = 0;
    split_selectors(action.targets, cold, axis_mask);
    DiagonalArgs args{};
    args.axes = count_bits(axis_mask);
    args.vectors = subset(condition.vectors, axis_mask);
    args.row_offsets = take_offsets(axis_mask);
    const std::size_t rows = std::size_t{1} << args.axes, tables = std::size_t{1} << count_bits(cold);
    T* out = take_coefficients(tables * rows * 2 * lanes());
    args.coefficients = out;
    std::vector<std::size_t> of_lane(lanes()), of_row(rows);  // what each part adds to the index of an entry
    for (std::size_t lane = 0; lane < lanes(); ++lane) of_lane[lane] = entry_index(action.targets, meaning(lane), 0);
    for (std::size_t row = 0; row < rows; ++row) {
        of_row[row] = entry_index(action.targets, deposit_bits(row, axis_mask) << frame_.lane_bits(), 0);
    }
    for (std::size_t table = 0; table < tables; ++table) {
        const std::size_t of_table = entry_index(action.targets, 0, deposit_bits(table, cold));
        for (std::size_t row = 0; row < rows; ++row, out += 2 * lanes()) {
            for (std::size_t lane = 0; lane < lanes(); ++lane) {
                const std::size_t entry = of_table | of_row[row] | of_lane[lane];
                const Complex c = holds(condition.lanes, meaning(lane)) ? action.entries[entry] : Complex(1);
                out[lane] = static_cast<T>(c.real());
                out[lanes() + lane] = static_cast<T>(c.imag());
            }
        }
    }
    bound_.passes.push_back({condition.cold, cold, rows * 2 * lanes() * sizeof(T), args});
}

// A sign on a target of a CX appears on its control too; behind more controls it would become a CZ, so it is undone.
template <class T>
void BlockBinder<T>::pass_signs_through(const FlipAction& action) {
    const int controls = count_bits(action.condition.mask);
    for (Index rest = action.mask & frame_.signs; rest != 0; rest &= rest - 1) {
        if (controls > 1) {
            flush_sign(std::countr_zero(rest));
            continue;
        }
        if (action.condition.value == 0) frame_.scale = -frame_.scale;
        if (controls == 1) frame_.toggle_sign(std::countr_zero(action.condition.mask));
    }
}

template <class T>
void BlockBinder<T>::operator()(const FlipAction& action) {
    pass_signs_through(action);
    const PlacedCondition condition = place(action.condition);
    const Condition flip = local({action.mask, action.mask});
    ExchangeArgs args{};
    args.vector_flip = flip.mask >> frame_.lane_bits();
    args.flip_offset = frame_.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(flip.mask & low_bits(frame_.lane_bits()));
    args.vectors = subset(condition.vectors, lowest_bit(args.vector_flip));
    args.all_lanes = condition.lanes.mask == 0;
    args.take_first = lane_values([&](Index lane) { return holds(condition.lanes, lane) ? 1 : 0; });
    args.take_second = args.take_first;
    bound_.passes.push_back({condition.cold, 0, 0, args});
}

template <class T>
void BlockBinder<T>::flip(int qubit) {
    if (is_folded(qubit)) return flip_folded();
    frame_.flip(qubit);
}

// An X is always bookkeeping; a CX too if its target is no lane, and a cold control shifts all addresses of its blocks.
template <class T>
void BlockBinder<T>::relabel(const FlipAction& action) {
    const Index control_bit = action.condition.mask;
    const int control = control_bit == 0 ? -1 : std::countr_zero(control_bit);
    const bool by_lane = control >= 0 && position(control) >= 0 && !frame_.is_vector(control);
    const bool by_cold = control >= 0 && position(control) < 0;
    Index moved = 0, shifted = 0;
    for (Index rest = action.mask; rest != 0; rest &= rest - 1) {
        const int target = std::countr_zero(rest);
        if (control < 0) {
            flip(target);
        } else if (by_lane || !frame_.is_vector(target)) {
            moved |= bit(target);
        } else if (by_cold) {
            shifted |= bit(target);
        } else {
            if (action.condition.value == 0) frame_.flip(target);
            frame_.add(control, target);
        }
    }
    if (moved != 0) (*this)(FlipAction{action.condition, moved});
    if (shifted == 0) return;
    pass_signs_through({action.condition, shifted});
    const std::uint32_t offset = frame_.offset(local({shifted, 0}).mask >> frame_.lane_bits());
    bound_.passes.push_back({action.condition, 0, 0, ShiftArgs{offset}});
}

template <class T>
void BlockBinder<T>::toggle_sign(int qubit) {
    if (is_folded(qubit)) return conjugate();
    frame_.toggle_sign(qubit);
}

template <class T>
void BlockBinder<T>::relabel(const SwapAction& action) {
    if (!frame_.is_vector(action.first) || !frame_.is_vector(action.second)) return (*this)(action);
    frame_.exchange(action.first, action.second);
}

template <class T>
void BlockBinder<T>::operator()(const SwapAction& action) {
    if (action.condition.mask != 0) {
        for (const int qubit : {action.first, action.second}) {
            if (frame_.has_sign(qubit)) flush_sign(qubit);
        }
    }
    frame_.move_signs_of_swap(action.first, action.second);
    const PlacedCondition condition = place(action.condition);
    const Index low = bit(std::min(position(action.first), position(action.second)));
    const Index high = bit(std::max(position(action.first), position(action.second)));
    const int lane_bits = frame_.lane_bits();
    const Index vector_low = low >> lane_bits, vector_high = high >> lane_bits;
    const Index lane_low = low & low_bits(lane_bits), lane_high = high & low_bits(lane_bits);
    ExchangeArgs args{};
    args.vector_flip = vector_low | vector_high;
    args.flip_offset = frame_.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(lane_low | lane_high);
    args.vectors = subset(condition.vectors, args.vector_flip);
    args.vectors.value |= vector_low;  // of the pair, the one with the low bit set and the high bit clear
    args.all_lanes = lane_low == 0 && condition.lanes.mask == 0;
    args.take_first = lane_values([&](Index lane) {
        const bool differs =
            lane_high == 0 ? lane_low == 0 || (lane & lane_low) != 0 : parity(lane & (lane_low | lane_high));
        return differs && holds(condition.lanes, lane) ? 1 : 0;
    });
    args.take_second =
        lane_values([&](Index lane) { return (lane & lane_low) == 0 && holds(condition.lanes, lane) ? 1 : 0; });
    bound_.passes.push_back({condition.cold, 0, 0, args});
}

template <class T>
void BlockBinder<T>::operator()(const RotationAction& action) {
    const PlacedCondition condition = place(action.condition);
    const Index flip = local({action.x_mask, 0}).mask, sign = local({action.z_mask, 0}).mask;
    const int lane_bits = frame_.lane_bits();
    RotationArgs args{};
    args.vector_flip = flip >> lane_bits;
    args.flip_offset = frame_.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(flip & low_bits(lane_bits));
    args.sign_mask = sign >> lane_bits;
    args.vectors = subset(condition.vectors, lowest_bit(args.vector_flip));
    // The weight of the partner is sin(angle/2) (-i)^(number of Y + 1), with a sign per basis state.
    const int power = (count_bits(action.x_mask & action.z_mask) + 1) % 4;
    args.imaginary = power % 2 == 1;
    const double sine = std::sin(action.angle / 2);
    const double weight =
        sine * (power == 1 || power == 2 ? -1.0 : 1.0) * (parity(action.x_mask & frame_.signs) ? -1.0 : 1.0);
    const double second_sign = parity(args.vector_flip & args.sign_mask) ? -1.0 : 1.0;
    T* const values = take_coefficients(5 * lanes());  // cosine; first, second; the same two negated
    for (std::size_t lane = 0; lane < lanes(); ++lane) {
        const bool active = holds(condition.lanes, meaning(lane));
        const double first = active ? (parity(meaning(lane) & sign) ? -weight : weight) : 0.0;
        values[lane] = static_cast<T>(active ? std::cos(action.angle / 2) : 1.0);
        values[lanes() + lane] = static_cast<T>(first);
        values[2 * lanes() + lane] = static_cast<T>(first * second_sign);
        values[3 * lanes() + lane] = static_cast<T>(-first);
        values[4 * lanes() + lane] = static_cast<T>(-first * second_sign);
    }
    args.cosine = values;
    args.first = values + lanes();
    args.second = values + 2 * lanes();
    bound_.passes.push_back({condition.cold, cold_part(action.z_mask), 2 * lanes() * sizeof(T), args});
}

template <class T>
void BlockBinder<T>::finish() {
    if (folded_ >= 0) finish_folded();
    if (frame_.lane_flip != 0) {
        ExchangeArgs args{};
        args.lane_flip = static_cast<int>(frame_.lane_flip);
        args.vectors = subset({}, 0);
        args.take_first = lane_values([](Index) { return 1; });
        args.take_second = args.take_first;
        bound_.passes.push_back({{}, 0, 0, args});
        frame_.lane_flip = 0;
    }
    bound_.scatter_map = frame_.map();
    bound_.scale = frame_.scale;
    for (Index rest = cold_part(frame_.signs); rest != 0; rest &= rest - 1) {
        bound_.scales.push_back({lowest_bit(rest), 0, -1});
    }
    const Index signs = local({frame_.signs, 0}).mask;
    if (signs == 0) return;
    bound_.sign_mask = signs >> frame_.lane_bits();
    bound_.lane_signs = lane_values([&](Index lane) { return parity(lane & signs) ? -1 : 1; });
}

// A condition on hot qubits, as bits of an index inside the block.
template <class T>
Condition BlockBinder<T>::local(const Condition& condition) const {
    Condition result;
    for (Index rest = condition.mask; rest != 0; rest &= rest - 1) {
        const int qubit = std::countr_zero(rest);
        if (position(qubit) < 0) continue;
        result.mask |= bit(position(qubit));
        if (condition.value & bit(qubit)) result.value |= bit(position(qubit));
    }
    return result;
}

template <class T>
Index BlockBinder<T>::cold_part(Index mask) const {
    Index result = 0;
    for (Index rest = mask; rest != 0; rest &= rest - 1) {
        if (position(std::countr_zero(rest)) < 0) result |= lowest_bit(rest);
    }
    return result;
}

// Qubits a table is indexed by: the cold ones as state bits, those above the lanes as vector bits.
template <class T>
void BlockBinder<T>::split_selectors(const std::vector<int>& qubits, Index& cold, Index& vectors) const {
    for (const int qubit : qubits) {
        if (position(qubit) < 0) cold |= bit(qubit);
        if (frame_.is_vector(qubit)) vectors |= bit(position(qubit) - frame_.lane_bits());
    }
}

template <class T>
PlacedCondition BlockBinder<T>::place(const Condition& condition) const {
    const Condition inside = local(condition);
    const Index lane_part = low_bits(frame_.lane_bits()), cold = cold_part(condition.mask);
    return {{cold, condition.value & cold},
            {inside.mask >> frame_.lane_bits(), inside.value >> frame_.lane_bits()},
            {inside.mask & lane_part, inside.value & lane_part}};
}

template <class T>
VectorSubset BlockBinder<T>::subset(const Condition& vectors, Index axes) {
    return {vectors.mask | axes, vectors.value, frame_.vector_bits(), frame_.map(), nullptr};
}

template <class T>
const std::uint64_t* BlockBinder<T>::take_offsets(Index axis_mask) {
    const std::size_t rows = std::size_t{1} << count_bits(axis_mask);
    std::uint64_t* const offsets = bound_.arena.template take<std::uint64_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) offsets[row] = frame_.offset(deposit_bits(row, axis_mask));
    return offsets;
}

// The index formed by the bits of `qubits` (first = lowest), hot ones read from `block`, cold ones from `base`.
template <class T>
std::size_t BlockBinder<T>::entry_index(const std::vector<int>& qubits, Index block, Index base) const {
    std::size_t entry = 0;
    for (std::size_t j = 0; j < qubits.size(); ++j) {
        const int p = position(qubits[j]);
        if ((p < 0 ? base >> qubits[j] : block >> p) & 1) entry |= std::size_t{1} << j;
    }
    return entry;
}

template <class T>
void BlockBinder<T>::flush_sign(int qubit) {
    (*this)(DiagonalAction{{bit(qubit), bit(qubit)}, {}, {-1}});
    frame_.toggle_sign(qubit);
}

template class BlockBinder<float>;
template class BlockBinder<double>;

}  // namespace ketjet
