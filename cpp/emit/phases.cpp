#include "emit/phases.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "emit/phase_rows.hpp"
#include "emit/tuning.hpp"

namespace ketjet {

namespace {

// Of the positions coupled across, those with the most couplings.
Index choose_keys(const PlacedForm& form, Index inner) {
    Index keys = 0;
    for (Index rest = form.coupled_to(inner); rest != 0 && count_bits(keys) < max_phase_key_bits;) {
        int best = -1, most = 0;
        for (Index left = rest; left != 0; left &= left - 1) {
            const int position = std::countr_zero(left), couplings = count_bits(form.partners(position) & inner);
            if (couplings <= most) continue;
            best = position;
            most = couplings;
        }
        keys |= bit(best);
        rest &= ~bit(best);
    }
    return keys;
}

// Where the vectors of a table are; those that differ by the `first` turns alone come one after another.
template <class T>
void order_table(PhaseArgs& args, Index inner, std::span<const PlacedTurn> first, const BlockFrame& frame,
                 CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const Index vector_bits = layout.vectors_of(inner), reversed = reversed_axes(first, layout);
    const auto entry_of = [&](Index y) {
        return static_cast<std::uint32_t>(extract_bits(y << layout.lane_bits(), inner));
    };
    const std::size_t vectors = std::size_t{1} << count_bits(vector_bits);
    auto* const offsets = out.template take<std::uint32_t>(vectors);
    auto* const entries = out.template take<std::uint32_t>(vectors);
    offsets[0] = frame.offset(reversed);
    entries[0] = entry_of(reversed);
    std::size_t half = 1;
    const auto double_up = [&](Index y) {  // by those that differ by y
        const std::uint32_t offset = frame.offset(y), entry = entry_of(y);
        for (std::size_t v = 0; v < half; ++v) {
            offsets[half + v] = offsets[v] ^ offset;
            entries[half + v] = entries[v] ^ entry;
        }
        half *= 2;
    };
    for (const PlacedTurn& turn : first) double_up(layout.vectors_of(turn.positions()));
    for (Index rest = vector_bits & ~axes_of(first, layout); rest != 0; rest &= rest - 1) double_up(lowest_bit(rest));
    args.inner_offsets = offsets;
    args.inner_entries = entries;
}

// Which table each row takes: that of the bits at the positions `keys`.
void place_keys(Index keys, Index outer, std::span<unsigned char> of_row) {
    of_row[0] = 0;
    std::size_t half = 1;
    unsigned char next = 1;
    for (Index rest = outer; rest != 0; rest &= rest - 1, half *= 2) {
        const bool chooses = (lowest_bit(rest) & keys) != 0;
        for (std::size_t row = 0; row < half; ++row) {
            of_row[half + row] = static_cast<unsigned char>(of_row[row] | (chooses ? next : 0));
        }
        if (chooses) next = static_cast<unsigned char>(2 * next);
    }
}

// How many tables the factors of rows may be multiplied into.
template <class T>
std::size_t max_tables(std::size_t entries, std::size_t rows, const BlockLayout& layout) {
    return std::min(max_absorbed_bytes / (2 * entries * sizeof(T)), rows * layout.blocks() / rows_per_table);
}

template <class T>
void write_tables(std::span<const PhaseRows::Table> tables, PhaseArgs& args, const BlockFrame& frame,
                  CallWriter<T>& out) {
    const std::size_t lanes = frame.layout().lanes(), vectors = (std::size_t{1} << args.table_bits) / lanes;
    auto* const trivial = out.template take<unsigned char>(tables.size());
    T* values = out.coefficients(2 * lanes * vectors * tables.size());
    args.tables = static_cast<int>(tables.size());
    args.table = values;
    args.trivial = trivial;
    for (const PhaseRows::Table& table : tables) {
        trivial[&table - tables.data()] = table.all_ones ? 1 : 0;
        for (std::size_t v = 0; v < vectors; ++v, values += 2 * lanes) {
            const double* const re = table.entries.re + args.inner_entries[v];
            const double* const im = table.entries.im + args.inner_entries[v];
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                values[lane] = static_cast<T>(re[frame.index_of_lane(lane)]);
                values[lanes + lane] = static_cast<T>(im[frame.index_of_lane(lane)]);
            }
        }
    }
}

// The couplings of row bits, `outer`, or of table bits, `inner`, with cold qubits.
template <class T>
std::span<const BitFactor> cold_factors(const PlacedForm& form, Index positions, CallWriter<T>& out) {
    const auto belongs = [&](const ColdCoupling& coupling) { return (positions >> coupling.position & 1) != 0; };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(form.cold_couplings(), belongs));
    if (count == 0) return {};
    auto* const factors = out.template take<BitFactor>(count);
    std::size_t taken = 0;
    for (const ColdCoupling& coupling : form.cold_couplings()) {
        if (!belongs(coupling)) continue;
        const Index among = extract_bits(bit(coupling.position), positions);
        factors[taken++] = {std::countr_zero(among), coupling.cold, coupling.factor};
    }
    return {factors, count};
}

// One call's phases, what its cold qubits change of them, and the scratch that they need.
struct PhasePart {
    PhaseArgs args;
    ColdPhases cold;
    std::size_t scratch_bytes;
};

// All phases inside `inner`, all outside, and those across to a few keys; the form keeps the rest.
template <class T>
PhasePart take_part(PlacedForm& form, Index inner, std::span<const PlacedTurn> first, BlockFrame& frame,
                    CallWriter<T>& out) {
    const ArenaScope scope(out.temporaries());
    const BlockLayout& layout = frame.layout();
    const Index keys = choose_keys(form, inner), outer = low_bits(layout.positions()) & ~inner;
    PhaseArgs args{};
    args.vectors = frame.subset({}, layout.vectors_of(inner));
    args.row_bits = count_bits(outer);
    args.table_bits = count_bits(inner);
    args.lane_flip = static_cast<int>(frame.lane_flip());
    order_table(args, inner, first, frame, out);

    const std::size_t count = std::size_t{1} << args.row_bits, entries = std::size_t{1} << args.table_bits;
    auto* const parts = out.template take<double>(2 * count);
    PhaseRows rows{{count, parts, parts + count}, {out.template take<unsigned char>(count), count}, {}};
    args.factors = rows.factors.re;
    args.keys = rows.keys.data();
    products(form, outer, rows.factors, out.temporaries());
    place_keys(keys, outer, rows.keys);
    const ColdPhases cold{cold_factors(form, outer, out), cold_factors(form, inner, out)};
    rows.fill_tables(form, inner, keys, out.temporaries());
    if (cold.inner.empty() && rows.tables.size() == 1 && rows.tables[0].all_ones) rows.tables = {};
    if (cold.inner.empty() && cold.outer.empty()) {
        rows.absorb_factors(max_tables<T>(entries, count, layout), out.temporaries());
    }
    if (!rows.tables.empty()) write_tables<T>(rows.tables, args, frame, out);
    constexpr std::size_t aligned_rows = 8;
    args.table_scratch = 2 * std::max(count, aligned_rows);
    const std::size_t doubles = args.table_scratch + 2 * entries;
    const std::size_t scalars = 2 * entries * static_cast<std::size_t>(args.tables);
    form.keep_across(inner, outer & ~keys);
    return {args, cold, doubles * sizeof(double) + scalars * sizeof(T)};
}

}  // namespace

PlacedForm place_phases(const PhaseForm& form, BlockFrame& frame, Arena& arena) {
    const BlockLayout& layout = frame.layout();
    const bool unfolds = frame.fold && frame.fold->unfolds;
    (unfolds ? frame.fold->unfold_scale : frame.scale) *= unit_phase(form.constant());
    PlacedForm placed(layout.positions(), arena);
    for (Index rest = form.qubits(); rest != 0; rest &= rest - 1) {
        const int qubit = std::countr_zero(rest);
        const Complex factor = unit_phase(form.linear(qubit));
        if (layout.is_cold(qubit)) {
            frame.block_factors.push_back({bit(qubit), factor});
        } else {
            placed.multiply(layout.position(qubit), factor);
        }
    }
    for (Index rest = form.coupled(); rest != 0; rest &= rest - 1) {
        const int first = std::countr_zero(rest);
        for (Index others = form.partners(first) & ~low_bits(first); others != 0; others &= others - 1) {
            const int second = std::countr_zero(others);
            const Complex factor = unit_phase(form.coupling(first, second));
            if (layout.is_cold(first) && layout.is_cold(second)) {
                frame.block_factors.push_back({bit(first) | bit(second), factor});
            } else if (layout.is_cold(first) || layout.is_cold(second)) {
                const auto [hot, cold] = layout.is_cold(first) ? std::pair(second, first) : std::pair(first, second);
                placed.couple_to_cold({layout.position(hot), cold, factor});
            } else {
                placed.couple(layout.position(first), layout.position(second), factor);
            }
        }
    }
    return placed;
}

Index choose_inner(const PlacedForm& form, Index turning, int most) {
    const int positions = form.positions();
    Index inner = low_bits(std::min(positions, min_phase_table_bits)), across = form.coupled_to(inner);
    for (int count = count_bits(inner); count < std::min(positions, most); ++count) {
        std::tuple<int, bool, int, int> best{64, false, 64, -1};
        for (int position = 0; position < positions; ++position) {
            if (inner >> position & 1) continue;
            const int coupled = count_bits((across | form.partners(position)) & ~(inner | bit(position)));
            const bool waits = (turning >> position & 1) == 0;
            best = std::min(best, {std::max(coupled, max_phase_key_bits), waits, coupled, position});
        }
        inner |= bit(std::get<3>(best));
        across = (across | form.partners(std::get<3>(best))) & ~inner;
    }
    return inner;
}

template <class T>
void emit_phases(PlacedForm& form, Index inner, const std::optional<JoiningTurns>& turns, BlockFrame& frame,
                 CallWriter<T>& out) {
    const auto first = turns ? std::span<const PlacedTurn>(turns->axes) : std::span<const PlacedTurn>();
    const PhasePart part = take_part(form, inner, first, frame, out);
    out.need_scratch(part.scratch_bytes);
    if (turns) {
        out.add({}, TurnPhaseCall{{turns->args, part.args}, part.cold});
    } else {
        out.add({}, PhaseCall{part.args, part.cold});
    }
}

template <class T>
void emit_read_phases(PlacedForm& form, Index inner, std::span<const DiagonalReading> readings, BlockFrame& frame,
                      CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const double norm = std::norm(frame.scale);
    const int part_bits = widest_lane_bits<T> - layout.lane_bits();
    const Index row = layout.vectors_of(inner);
    const PhasePart part = take_part(form, inner, {}, frame, out);
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
}

#define KETJET_INSTANTIATE(T)                                                                                          \
    template void emit_phases<T>(PlacedForm&, Index, const std::optional<JoiningTurns>&, BlockFrame&, CallWriter<T>&); \
    template void emit_read_phases<T>(PlacedForm&, Index, std::span<const DiagonalReading>, BlockFrame&,               \
                                      CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
