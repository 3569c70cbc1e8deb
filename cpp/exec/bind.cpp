// bind_sweep: from actions on qubits to kernel calls on lanes, vector bits and cold bits of a block.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <iterator>
#include <numeric>

#include "exec/bound_sweep.hpp"
#include "exec/merge_actions.hpp"

namespace ketjet {

void* Arena::take_bytes(std::size_t bytes) {
    constexpr std::size_t alignment = 64, chunk = 256 << 10;
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    if (chunks_.empty() || used_ + rounded > chunks_.back().bytes()) {
        chunks_.emplace_back(std::max(rounded, chunk));
        used_ = 0;
    }
    void* const result = static_cast<std::byte*>(chunks_.back().data()) + used_;
    used_ += rounded;
    return result;
}

namespace {

// A condition taken apart by where its bits live in the block.
struct PlacedCondition {
    Condition cold;
    Condition vectors;
    Condition lanes;
};

template <class T>
class Binder {
 public:
    Binder(const Sweep& sweep, int lane_bits, BoundSweep& bound)
        : bound_(bound),
          lane_bits_(lane_bits),
          lanes_(std::size_t{1} << lane_bits),
          vector_bits_(static_cast<int>(sweep.hot.size()) - lane_bits) {
        position_.fill(-1);
        for (std::size_t p = 0; p < sweep.hot.size(); ++p) {
            position_[static_cast<std::size_t>(sweep.hot[p])] = static_cast<int>(p);
        }
    }

    void operator()(const DenseAction& action) {
        const PlacedCondition condition = place(action.condition);
        DenseArgs args = dense_layout(condition, action.targets);
        T* const table = take_coefficients(dense_entries(args));
        args.real = fill_dense(args, condition.lanes, action.targets, action.matrix.entries().data(), table);
        args.coefficients = table;
        bound_.passes.push_back({condition.cold, 0, 0, args});
    }

    void operator()(const DiagonalAction& action) {
        const PlacedCondition condition = place(action.condition);
        Index cold = 0, axis_mask = 0;
        split_selectors(action.targets, cold, axis_mask);
        DiagonalArgs args{};
        args.axes = count_bits(axis_mask);
        args.vectors = subset(condition.vectors, axis_mask);
        args.row_offsets = take_offsets(axis_mask);
        const std::size_t rows = std::size_t{1} << args.axes, tables = std::size_t{1} << count_bits(cold);
        T* out = take_coefficients(tables * rows * 2 * lanes_);
        args.coefficients = out;
        std::vector<std::size_t> of_lane(lanes_), of_row(rows);  // what each part adds to the index of an entry
        for (std::size_t lane = 0; lane < lanes_; ++lane) of_lane[lane] = entry_index(action.targets, lane, 0);
        for (std::size_t row = 0; row < rows; ++row) {
            of_row[row] = entry_index(action.targets, deposit_bits(row, axis_mask) << lane_bits_, 0);
        }
        for (std::size_t table = 0; table < tables; ++table) {
            const std::size_t of_table = entry_index(action.targets, 0, deposit_bits(table, cold));
            for (std::size_t row = 0; row < rows; ++row, out += 2 * lanes_) {
                for (std::size_t lane = 0; lane < lanes_; ++lane) {
                    const std::size_t entry = of_table | of_row[row] | of_lane[lane];
                    const Complex c = holds(condition.lanes, lane) ? action.entries[entry] : Complex(1);
                    out[lane] = static_cast<T>(c.real());
                    out[lanes_ + lane] = static_cast<T>(c.imag());
                }
            }
        }
        bound_.passes.push_back({condition.cold, cold, rows * 2 * lanes_ * sizeof(T), args});
    }

    void operator()(const FlipAction& action) {
        const PlacedCondition condition = place(action.condition);
        const Condition flip = local({action.mask, action.mask});
        ExchangeArgs args{};
        args.vector_flip = flip.mask >> lane_bits_;
        args.lane_flip = static_cast<int>(flip.mask & low_bits(lane_bits_));
        args.vectors = subset(condition.vectors, lowest_bit(args.vector_flip));
        args.all_lanes = condition.lanes.mask == 0;
        args.take_first = lane_flags([&](Index lane) { return holds(condition.lanes, lane); });
        args.take_second = args.take_first;
        bound_.passes.push_back({condition.cold, 0, 0, args});
    }

    void operator()(const SwapAction& action) {
        const PlacedCondition condition = place(action.condition);
        const Index low = bit(std::min(position(action.first), position(action.second)));
        const Index high = bit(std::max(position(action.first), position(action.second)));
        const Index vector_low = low >> lane_bits_, vector_high = high >> lane_bits_;
        const Index lane_low = low & low_bits(lane_bits_), lane_high = high & low_bits(lane_bits_);
        ExchangeArgs args{};
        args.vector_flip = vector_low | vector_high;
        args.lane_flip = static_cast<int>(lane_low | lane_high);
        args.vectors = subset(condition.vectors, args.vector_flip);
        args.vectors.value |= vector_low;  // of the pair, the one with the low bit set and the high bit clear
        args.all_lanes = lane_low == 0 && condition.lanes.mask == 0;
        args.take_first = lane_flags([&](Index lane) {
            const bool differs =
                lane_high == 0 ? lane_low == 0 || (lane & lane_low) != 0 : parity(lane & (lane_low | lane_high));
            return differs && holds(condition.lanes, lane);
        });
        args.take_second =
            lane_flags([&](Index lane) { return (lane & lane_low) == 0 && holds(condition.lanes, lane); });
        bound_.passes.push_back({condition.cold, 0, 0, args});
    }

    void operator()(const RotationAction& action) {
        const PlacedCondition condition = place(action.condition);
        const Index flip = local({action.x_mask, 0}).mask, sign = local({action.z_mask, 0}).mask;
        RotationArgs args{};
        args.vector_flip = flip >> lane_bits_;
        args.lane_flip = static_cast<int>(flip & low_bits(lane_bits_));
        args.sign_mask = sign >> lane_bits_;
        args.vectors = subset(condition.vectors, lowest_bit(args.vector_flip));
        // The weight of the partner is sin(angle/2) (-i)^(number of Y + 1), with a sign per basis state.
        const int power = (count_bits(action.x_mask & action.z_mask) + 1) % 4;
        args.imaginary = power % 2 == 1;
        const double weight = std::sin(action.angle / 2) * (power == 1 || power == 2 ? -1.0 : 1.0);
        const double second_sign = parity(args.vector_flip & args.sign_mask) ? -1.0 : 1.0;
        T* const values = take_coefficients(5 * lanes_);  // cosine; first, second; the same two negated
        for (std::size_t lane = 0; lane < lanes_; ++lane) {
            const bool active = holds(condition.lanes, lane);
            const double first = active ? (parity(lane & sign) ? -weight : weight) : 0.0;
            values[lane] = static_cast<T>(active ? std::cos(action.angle / 2) : 1.0);
            values[lanes_ + lane] = static_cast<T>(first);
            values[2 * lanes_ + lane] = static_cast<T>(first * second_sign);
            values[3 * lanes_ + lane] = static_cast<T>(-first);
            values[4 * lanes_ + lane] = static_cast<T>(-first * second_sign);
        }
        args.cosine = values;
        args.first = values + lanes_;
        args.second = values + 2 * lanes_;
        bound_.passes.push_back({condition.cold, cold_part(action.z_mask), 2 * lanes_ * sizeof(T), args});
    }

    void operator()(const MultiplexerAction& action) {
        const PlacedCondition condition = place(action.condition);
        Index cold = 0, vector_mask = 0;
        split_selectors(action.selectors, cold, vector_mask);
        const std::size_t tables = std::size_t{1} << count_bits(cold);
        for (Index choice = 0; choice < bit(count_bits(vector_mask)); ++choice) {
            const Index vectors = deposit_bits(choice, vector_mask);
            PlacedCondition chosen = condition;
            chosen.vectors.mask |= vector_mask;
            chosen.vectors.value |= vectors;
            DenseArgs args = dense_layout(chosen, {action.target}, true);
            T* const coefficients = take_coefficients(tables * dense_entries(args));
            for (std::size_t table = 0; table < tables; ++table) {
                fill_lanes(
                    args,
                    [&](Index lane, std::size_t row, std::size_t column) {
                        if (!holds(condition.lanes, lane)) return Complex(row == column ? 1 : 0);
                        const Index block = vectors << lane_bits_ | lane;
                        const std::size_t entry = entry_index(action.selectors, block, deposit_bits(table, cold));
                        return action.matrices[4 * entry + 2 * row + column];
                    },
                    coefficients + table * dense_entries(args));
            }
            args.coefficients = coefficients;
            bound_.passes.push_back({condition.cold, cold, dense_entries(args) * sizeof(T), args});
        }
    }

 private:
    int position(int qubit) const { return position_[static_cast<std::size_t>(qubit)]; }
    static Index lowest_bit(Index mask) { return mask & (~mask + 1); }
    static bool holds(const Condition& condition, Index bits) { return (bits & condition.mask) == condition.value; }

    // A condition on hot qubits, as bits of an index inside the block.
    Condition local(const Condition& condition) const {
        Condition result;
        for (Index rest = condition.mask; rest != 0; rest &= rest - 1) {
            const int qubit = std::countr_zero(rest);
            if (position(qubit) < 0) continue;
            result.mask |= bit(position(qubit));
            if (condition.value & bit(qubit)) result.value |= bit(position(qubit));
        }
        return result;
    }
    Index cold_part(Index mask) const {
        Index result = 0;
        for (Index rest = mask; rest != 0; rest &= rest - 1) {
            if (position(std::countr_zero(rest)) < 0) result |= lowest_bit(rest);
        }
        return result;
    }
    // Qubits a table is indexed by: the cold ones as state bits, those above the lanes as vector bits.
    void split_selectors(const std::vector<int>& qubits, Index& cold, Index& vectors) const {
        for (const int qubit : qubits) {
            if (position(qubit) < 0) cold |= bit(qubit);
            if (position(qubit) >= lane_bits_) vectors |= bit(position(qubit) - lane_bits_);
        }
    }
    PlacedCondition place(const Condition& condition) const {
        const Condition inside = local(condition);
        const Index lane_part = low_bits(lane_bits_), cold = cold_part(condition.mask);
        return {{cold, condition.value & cold},
                {inside.mask >> lane_bits_, inside.value >> lane_bits_},
                {inside.mask & lane_part, inside.value & lane_part}};
    }
    VectorSubset subset(const Condition& vectors, Index axes) const {
        return {vectors.mask | axes, vectors.value, vector_bits_};
    }

    T* take_coefficients(std::size_t count) { return bound_.arena.template take<T>(count); }
    const std::uint64_t* take_offsets(Index axis_mask) {
        const std::size_t rows = std::size_t{1} << count_bits(axis_mask);
        std::uint64_t* const offsets = bound_.arena.template take<std::uint64_t>(rows);
        for (std::size_t row = 0; row < rows; ++row) offsets[row] = deposit_bits(row, axis_mask);
        return offsets;
    }
    template <class Flag>
    const T* lane_flags(Flag flag) {
        T* const flags = take_coefficients(lanes_);
        for (std::size_t lane = 0; lane < lanes_; ++lane) flags[lane] = flag(lane) ? T(1) : T(0);
        return flags;
    }

    std::vector<int> by_position(const std::vector<int>& qubits) const {
        std::vector<int> order(qubits.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::sort(order, {}, [&](int j) { return position(qubits[static_cast<std::size_t>(j)]); });
        return order;
    }
    // The index formed by the bits of `qubits` (first = lowest), hot ones read from `block`, cold ones from `base`.
    std::size_t entry_index(const std::vector<int>& qubits, Index block, Index base) const {
        std::size_t entry = 0;
        for (std::size_t j = 0; j < qubits.size(); ++j) {
            const int p = position(qubits[j]);
            if ((p < 0 ? base >> qubits[j] : block >> p) & 1) entry |= std::size_t{1} << j;
        }
        return entry;
    }

    DenseArgs dense_layout(const PlacedCondition& condition, const std::vector<int>& targets, bool per_lane = false) {
        Index lane_mask = 0, axis_mask = 0;
        for (const int target : targets) {
            (position(target) < lane_bits_ ? lane_mask : axis_mask) |= bit(position(target));
        }
        axis_mask >>= lane_bits_;
        DenseArgs args{};
        args.vectors = subset(condition.vectors, axis_mask);
        args.row_offsets = take_offsets(axis_mask);
        args.axes = count_bits(axis_mask);
        args.lane_mask = static_cast<int>(lane_mask);
        args.per_lane = per_lane || lane_mask != 0 || condition.lanes.mask != 0;
        bound_.scratch_bytes = std::max(bound_.scratch_bytes, (std::size_t{2} << targets.size()) * lanes_ * sizeof(T));
        return args;
    }
    // Scalars in one coefficient table: [rows][rows * lane patterns][re, im][lanes if per lane].
    std::size_t dense_entries(const DenseArgs& args) const {
        const std::size_t rows = std::size_t{1} << args.axes;
        const std::size_t patterns = std::size_t{1} << count_bits(static_cast<Index>(args.lane_mask));
        return rows * rows * patterns * 2 * (args.per_lane ? lanes_ : 1);
    }

    // Writes entry(lane, row, column) in the kernels' order; rows and columns count sorted targets, lanes lowest.
    template <class Entry>
    bool fill_lanes(const DenseArgs& args, Entry entry, T* out) const {
        const Index lane_mask = static_cast<Index>(args.lane_mask);
        const int lane_targets = count_bits(lane_mask);
        const std::size_t rows = std::size_t{1} << args.axes, width = args.per_lane ? lanes_ : 1;
        bool real = true;
        for (std::size_t axis_row = 0; axis_row < rows; ++axis_row) {
            for (std::size_t m = 0; m < rows << lane_targets; ++m, out += 2 * width) {
                for (std::size_t lane = 0; lane < width; ++lane) {
                    const std::size_t row = axis_row << lane_targets | extract_bits(lane, lane_mask);
                    const Complex c = entry(lane, row, row ^ m);
                    out[lane] = static_cast<T>(c.real());
                    out[width + lane] = static_cast<T>(c.imag());
                    real = real && c.imag() == 0;
                }
            }
        }
        return real;
    }
    bool fill_dense(const DenseArgs& args, const Condition& lane_condition, const std::vector<int>& targets,
                    const Complex* matrix, T* out) const {
        const std::vector<int> order = by_position(targets);
        const std::size_t dimension = std::size_t{1} << targets.size();
        std::vector<std::size_t> original(dimension);  // sorted index -> the gate's own index
        for (std::size_t i = 0; i < dimension; ++i) {
            for (std::size_t j = 0; j < order.size(); ++j) {
                if (i >> j & 1) original[i] |= std::size_t{1} << order[j];
            }
        }
        return fill_lanes(
            args,
            [&](Index lane, std::size_t row, std::size_t column) {
                if (!holds(lane_condition, lane)) return Complex(row == column ? 1 : 0);
                return matrix[original[row] * dimension + original[column]];
            },
            out);
    }

    BoundSweep& bound_;
    int lane_bits_;
    std::size_t lanes_;
    int vector_bits_;
    std::array<int, 64> position_;
};

}  // namespace

template <class T>
BoundSweep bind_sweep(const Program& program, const Sweep& sweep, int lane_bits) {
    BoundSweep bound;
    bound.block_qubits = static_cast<int>(sweep.hot.size());
    bound.from_zero = sweep.active == 0;
    while (bound.run_bits < bound.block_qubits &&
           sweep.hot[static_cast<std::size_t>(bound.run_bits)] == bound.run_bits &&
           (bound.from_zero || (sweep.active & bit(bound.run_bits)) != 0)) {
        ++bound.run_bits;
    }
    Index hot_mask = 0;
    for (const int qubit : sweep.hot) hot_mask |= bit(qubit);
    const Index row_mask = hot_mask & ~low_bits(bound.run_bits);
    bound.row_offsets.resize(std::size_t{1} << (bound.block_qubits - bound.run_bits));
    for (std::size_t row = 0; row < bound.row_offsets.size(); ++row) {
        bound.row_offsets[row] = deposit_bits(row, row_mask);
    }
    bound.cold_mask = sweep.active & ~hot_mask;
    bound.zero_mask = row_mask & ~sweep.active;

    Binder<T> binder(sweep, lane_bits, bound);
    for (std::size_t p = 0; p < sweep.num_passes(); ++p) {
        std::vector<Action> actions;
        for (const std::uint32_t operation : sweep.pass(p)) {
            std::ranges::move(resolve(program, program.operations()[operation]), std::back_inserter(actions));
        }
        if (sweep.pass(p).size() > 1) actions = {merge_actions(actions)};
        for (const Action& action : actions) std::visit(binder, action);
    }
    return bound;
}

template BoundSweep bind_sweep<float>(const Program&, const Sweep&, int);
template BoundSweep bind_sweep<double>(const Program&, const Sweep&, int);

}  // namespace ketjet
