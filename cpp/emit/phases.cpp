#include "emit/phases.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>
#include <vector>

#include "emit/phase_rows.hpp"
#include "emit/tuning.hpp"

namespace ketjet {

namespace {

// Of the positions coupled across, those with the most couplings.
Index choose_keys(const PlacedForm& form, Index inner) {
    std::vector<int> coupled;
    for (Index rest = form.coupled_to(inner); rest != 0; rest &= rest - 1) coupled.push_back(std::countr_zero(rest));
    std::ranges::sort(coupled, {}, [&](int position) {
        return std::pair(-count_bits(form.partners[static_cast<std::size_t>(position)] & inner), position);
    });
    Index keys = 0;
    for (const int position : coupled) {
        if (count_bits(keys) < max_phase_key_bits) keys |= bit(position);
    }
    return keys;
}

// Where the vectors of a table are; those that differ by the `first` turns alone come one after another.
template <class T>
void order_table(PhaseArgs& args, Index inner, std::span<const PlacedTurn> first, const BlockFrame& frame,
                 CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const Index vector_bits = layout.vectors_of(inner), others = vector_bits & ~axes_of(first, layout);
    const Index reversed = reversed_axes(first, layout);
    const std::size_t vectors = std::size_t{1} << count_bits(vector_bits);
    auto* const offsets = out.template take<std::uint32_t>(vectors);
    auto* const entries = out.template take<std::uint32_t>(vectors);
    for (std::size_t v = 0; v < vectors; ++v) {
        Index y = deposit_bits(v >> first.size(), others) ^ reversed;
        for (std::size_t axis = 0; axis < first.size(); ++axis) {
            if ((v >> axis & 1) != 0) y ^= layout.vectors_of(first[axis].positions());
        }
        offsets[v] = frame.offset(y);
        entries[v] = static_cast<std::uint32_t>(extract_bits(y << layout.lane_bits(), inner));
    }
    args.inner_offsets = offsets;
    args.inner_entries = entries;
}

// How many tables the factors of rows may be multiplied into.
template <class T>
std::size_t max_tables(std::size_t entries, std::size_t rows, const BlockLayout& layout) {
    return std::min(max_absorbed_bytes / (2 * entries * sizeof(T)), rows * layout.blocks() / rows_per_table);
}

template <class T>
void write_rows(const PhaseRows& rows, PhaseArgs& args, const BlockFrame& frame, CallWriter<T>& out) {
    const std::size_t count = rows.factors.size(), lanes = frame.layout().lanes();
    auto* const factors = out.template take<double>(2 * count);
    auto* const keys = out.template take<unsigned char>(count);
    for (std::size_t row = 0; row < count; ++row) {
        factors[row] = rows.factors[row].real();
        factors[count + row] = rows.factors[row].imag();
        keys[row] = static_cast<unsigned char>(rows.keys[row]);
    }
    args.factors = factors;
    args.keys = keys;
    if (rows.tables.empty()) return;
    args.tables = static_cast<int>(rows.tables.size());
    auto* const trivial = out.template take<unsigned char>(rows.tables.size());
    T* values = out.coefficients(2 * rows.tables[0].size() * rows.tables.size());
    args.table = values;
    args.trivial = trivial;
    for (std::size_t t = 0; t < rows.tables.size(); ++t) {
        trivial[t] = all_ones(rows.tables[t]) ? 1 : 0;
        for (std::size_t v = 0; v < rows.tables[t].size() / lanes; ++v, values += 2 * lanes) {
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                const Complex factor = rows.tables[t][args.inner_entries[v] + frame.index_of_lane(lane)];
                values[lane] = static_cast<T>(factor.real());
                values[lanes + lane] = static_cast<T>(factor.imag());
            }
        }
    }
}

// The couplings of row bits, `outer`, or of table bits, `inner`, with cold qubits.
template <class T>
std::span<const BitFactor> cold_factors(const PlacedForm& form, Index positions, CallWriter<T>& out) {
    const auto belongs = [&](const ColdCoupling& coupling) { return (positions >> coupling.position & 1) != 0; };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(form.cold_couplings, belongs));
    if (count == 0) return {};
    auto* const factors = out.template take<BitFactor>(count);
    std::size_t taken = 0;
    for (const ColdCoupling& coupling : form.cold_couplings) {
        if (!belongs(coupling)) continue;
        const Index among = extract_bits(bit(coupling.position), positions);
        factors[taken++] = {std::countr_zero(among), coupling.cold, coupling.factor};
    }
    return {factors, count};
}

// One call's phases, what its cold qubits change of them, the scratch that they need, and what is left to another call.
struct PhasePart {
    PhaseArgs args;
    ColdPhases cold;
    std::size_t scratch_bytes;
    PlacedForm rest;
};

// All phases inside `inner`, all outside, and those across to a few keys.
template <class T>
PhasePart make_part(PlacedForm& form, Index inner, std::span<const PlacedTurn> first, BlockFrame& frame,
                    CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const Index keys = choose_keys(form, inner), outer = low_bits(layout.positions()) & ~inner;
    PhaseArgs args{};
    args.vectors = frame.subset({}, layout.vectors_of(inner));
    args.row_bits = count_bits(outer);
    args.table_bits = count_bits(inner);
    args.lane_flip = static_cast<int>(frame.lane_flip());
    order_table(args, inner, first, frame, out);

    PhaseRows rows{products(form, outer), {}, {}};
    const Index row_keys = extract_bits(keys, outer);
    for (std::size_t row = 0; row < rows.factors.size(); ++row) rows.keys.push_back(extract_bits(row, row_keys));

    const ColdPhases cold{cold_factors(form, outer, out), cold_factors(form, inner, out)};
    rows.fill_tables(form, inner, keys);
    if (cold.inner.empty() && rows.tables.size() == 1 && all_ones(rows.tables[0])) rows.tables.clear();
    const std::size_t entries = std::size_t{1} << args.table_bits;
    if (cold.inner.empty() && cold.outer.empty()) {
        rows.absorb_factors(max_tables<T>(entries, rows.factors.size(), layout));
    }
    write_rows(rows, args, frame, out);
    constexpr std::size_t aligned_rows = 8;
    args.table_scratch = 2 * std::max(rows.factors.size(), aligned_rows);
    const std::size_t doubles = args.table_scratch + 2 * entries;
    const std::size_t scalars = 2 * entries * static_cast<std::size_t>(args.tables);
    return {args, cold, doubles * sizeof(double) + scalars * sizeof(T), form.across(inner, outer & ~keys)};
}

}  // namespace

PlacedForm place_phases(const PhaseForm& form, BlockFrame& frame) {
    const BlockLayout& layout = frame.layout();
    const bool unfolds = frame.fold && frame.fold->unfolds;
    (unfolds ? frame.fold->unfold_scale : frame.scale) *= unit_phase(form.constant);
    PlacedForm placed(static_cast<std::size_t>(layout.positions()));
    for (int qubit = 0; qubit < 64; ++qubit) {
        const double angle = form.linear[static_cast<std::size_t>(qubit)];
        if (angle == 0) continue;
        if (layout.is_cold(qubit)) {
            frame.block_factors.push_back({bit(qubit), unit_phase(angle)});
        } else {
            placed.linear[static_cast<std::size_t>(layout.position(qubit))] = unit_phase(angle);
            placed.used |= bit(layout.position(qubit));
        }
    }
    for (const auto& [qubits, angle] : form.quadratic) {
        const auto [first, second] = qubits;
        if (layout.is_cold(first) && layout.is_cold(second)) {
            frame.block_factors.push_back({bit(first) | bit(second), unit_phase(angle)});
        } else if (layout.is_cold(first) || layout.is_cold(second)) {
            const auto [hot, cold] = layout.is_cold(first) ? std::pair(second, first) : qubits;
            placed.cold_couplings.push_back({layout.position(hot), cold, unit_phase(angle)});
            placed.used |= bit(layout.position(hot));
        } else {
            placed.couple(layout.position(first), layout.position(second), unit_phase(angle));
        }
    }
    return placed;
}

Index choose_inner(const PlacedForm& form, Index turning, int most) {
    const int positions = static_cast<int>(form.size);
    Index inner = low_bits(std::min(positions, min_phase_table_bits));
    while (count_bits(inner) < std::min(positions, most)) {
        std::tuple<int, bool, int, int> best{64, false, 64, -1};
        for (int position = 0; position < positions; ++position) {
            if (inner >> position & 1) continue;
            const int coupled = count_bits(form.coupled_to(inner | bit(position)));
            const bool waits = (turning >> position & 1) == 0;
            best = std::min(best, {std::max(coupled, max_phase_key_bits), waits, coupled, position});
        }
        inner |= bit(std::get<3>(best));
    }
    return inner;
}

template <class T>
PlacedForm emit_phases(PlacedForm& form, Index inner, const std::optional<JoiningTurns>& turns, BlockFrame& frame,
                       CallWriter<T>& out) {
    const auto first = turns ? std::span(turns->axes) : std::span<const PlacedTurn>();
    PhasePart part = make_part(form, inner, first, frame, out);
    out.need_scratch(part.scratch_bytes);
    if (turns) {
        out.add({}, TurnPhaseCall{{turns->args, part.args}, part.cold});
    } else {
        out.add({}, PhaseCall{part.args, part.cold});
    }
    return std::move(part.rest);
}

template <class T>
PlacedForm emit_read_phases(PlacedForm& form, Index inner, std::span<const DiagonalReading> readings, BlockFrame& frame,
                            CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const double norm = std::norm(frame.scale);
    const int part_bits = widest_lane_bits<T> - layout.lane_bits();
    const Index row = layout.vectors_of(inner);
    PhasePart part = make_part(form, inner, {}, frame, out);
    ReadPhaseCall call{};
    call.args.phases = part.args;
    call.cold = part.cold;
    PhaseString* const strings = out.template take<PhaseString>(readings.size());
    ReadSum* const sums = out.template take<ReadSum>(readings.size());
    LaneSigns<T> lane_signs(frame, out);
    for (std::size_t k = 0; k < readings.size(); ++k) {
        const Index positions = layout.positions_of(readings[k].z), vectors = layout.vectors_of(positions);
        const auto in_row = static_cast<unsigned>(extract_bits(vectors, row));
        strings[k] = {vectors & ~row, in_row >> part_bits, in_row & static_cast<unsigned>(low_bits(part_bits)),
                      lane_signs.of(layout.lanes_of(positions))};
        sums[k] = {readings[k].sum, layout.cold_of(readings[k].z), norm};
    }
    call.args.strings = strings;
    call.args.count = static_cast<int>(readings.size());
    call.sums = {sums, readings.size()};
    out.need_scratch(call.phases_begin() + part.scratch_bytes);
    out.add({}, call);
    return std::move(part.rest);
}

#define KETJET_INSTANTIATE(T)                                                                                  \
    template PlacedForm emit_phases<T>(PlacedForm&, Index, const std::optional<JoiningTurns>&, BlockFrame&,    \
                                       CallWriter<T>&);                                                        \
    template PlacedForm emit_read_phases<T>(PlacedForm&, Index, std::span<const DiagonalReading>, BlockFrame&, \
                                            CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
