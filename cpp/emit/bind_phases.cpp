// A PhaseForm as phase calls. Each call has a table over the lanes and a few more index bits; phases inside the table
// go into it, those outside into the factors of rows, and those across select among up to eight tables by row bits.
// What does not fit is left to a further call. Phases of cold qubits alone are a factor of the block.
#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "emit/block_binder.hpp"
#include "emit/phase_rows.hpp"
#include "plan/work.hpp"

namespace ketjet {

namespace {

// Index bits of a table: at least the lanes of every instruction set. Bits that select among tables, which together
// stay in the first-level cache.
constexpr int min_phase_table_bits = 4;
constexpr int max_pair_table_bits = 10;  // where pairs turn, of which both bits are the table's
constexpr int max_phase_key_bits = 3;
// Bytes of the tables that the factors of rows are multiplied into, half of a first-level cache; and how many rows of
// all blocks must share such a table to pay for making it.
constexpr std::size_t max_absorbed_bytes = 16384;
constexpr std::size_t rows_per_table = 256;

// The common factor is applied at the latest when it has become as small as this, far from underflow.
template <class T>
constexpr double min_scale = sizeof(T) == 4 ? 0x1p-60 : 0x1p-500;

// The inner positions: the lowest ones, then those that leave few others coupled across; where these can all be keys,
// positions that turn next come first, so that both fit into one call.
Index choose_inner(const PlacedForm& form, int block_qubits, Index turning, int most) {
    Index inner = low_bits(std::min(block_qubits, min_phase_table_bits));
    while (count_bits(inner) < std::min(block_qubits, most)) {
        std::tuple<int, bool, int, int> best{64, false, 64, -1};
        for (int position = 0; position < block_qubits; ++position) {
            if (inner >> position & 1) continue;
            const int coupled = count_bits(form.coupled_to(inner | bit(position)));
            const bool waits = (turning >> position & 1) == 0;
            best = std::min(best, {std::max(coupled, max_phase_key_bits), waits, coupled, position});
        }
        inner |= bit(std::get<3>(best));
    }
    return inner;
}

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

}  // namespace

// The part of a form that differs within a block; the rest goes into the common factor and those of blocks.
template <class T>
PlacedForm BlockBinder<T>::place(const PhaseForm& form) {
    (bound_.unfold_offset != 0 ? bound_.unfold_scale : frame_.scale) *= unit_phase(form.constant);
    PlacedForm placed(hot_.size());
    for (int qubit = 0; qubit < 64; ++qubit) {
        const double angle = form.linear[static_cast<std::size_t>(qubit)];
        if (angle == 0) continue;
        if (position(qubit) < 0) {
            bound_.scales.push_back({bit(qubit), 0, unit_phase(angle)});
        } else {
            placed.linear[static_cast<std::size_t>(position(qubit))] = unit_phase(angle);
            placed.used |= bit(position(qubit));
        }
    }
    for (const auto& [qubits, angle] : form.quadratic) {
        const int first = position(qubits.first), second = position(qubits.second);
        if (first >= 0 && second >= 0) {
            placed.couple(first, second, unit_phase(angle));
        } else if (first < 0 && second < 0) {
            bound_.scales.push_back({bit(qubits.first) | bit(qubits.second), 0, unit_phase(angle)});
        } else {
            const int hot = std::max(first, second), cold = first < 0 ? qubits.first : qubits.second;
            placed.cold_couplings.emplace_back(hot, ColdFactor{bit(cold), 0, unit_phase(angle)});
            placed.used |= bit(hot);
        }
    }
    return placed;
}

// The first phase call takes turns of its own inner positions with it, as long as they are the last ones: turns are
// done in an order that depends on the plan and the form alone, not on the instruction set.
template <class T>
void BlockBinder<T>::add_layer(std::span<const LayerTurn> turns, PhaseForm phases) {
    const Conjugation conjugation = take_conjugation(phases);
    PlacedForm form = place(phases);
    std::vector<PlacedTurn> placed;
    Index turning = 0;
    for (const LayerTurn& turn : turns) {
        if (is_folded(turn.qubit)) {
            turn_folded(turn.turns[0]);
            continue;
        }
        placed.push_back(turn.partner < 0 ? prepare_turn(turn) : prepare_pair(turn, form));
        turning |= placed.back().positions();
    }
    const int size = static_cast<int>(hot_.size());
    const bool pairs = std::ranges::any_of(turns, [](const LayerTurn& turn) { return turn.partner >= 0; });
    const int most = pairs ? max_pair_table_bits : max_phase_table_bits;
    Index inner = form.used != 0 ? choose_inner(form, size, turning, most) : 0;
    std::ranges::sort(placed, {}, [&](const PlacedTurn& turn) {
        const bool joins = turn.position >= min_phase_table_bits && (turn.positions() & ~inner) == 0;
        return std::pair(joins, turn.position);
    });
    JoiningTurns joining = add_turns(placed, inner);
    while (form.used != 0) {
        form = bind_phase_call(form, inner, joining);
        joining = {};
        inner = choose_inner(form, size, 0, max_phase_table_bits);
    }
    conjugate(conjugation);
    if (std::abs(frame_.scale) < min_scale<T>) flush_scale();
}

// Where the vectors of a table are; those that differ by the `first` turns alone come one after another.
template <class T>
void BlockBinder<T>::order_table(PhaseArgs& args, Index inner, std::span<const PlacedTurn> first) {
    const Index vector_bits = inner >> frame_.lane_bits(), others = vector_bits & ~vector_bits_of(first);
    const Index reversed = reversed_axes(first);
    const std::size_t vectors = std::size_t{1} << count_bits(vector_bits);
    auto* const offsets = bound_.arena.template take<std::uint32_t>(vectors);
    auto* const entries = bound_.arena.template take<std::uint32_t>(vectors);
    for (std::size_t v = 0; v < vectors; ++v) {
        Index y = deposit_bits(v >> first.size(), others) ^ reversed;
        for (std::size_t axis = 0; axis < first.size(); ++axis) {
            if ((v >> axis & 1) != 0) y ^= first[axis].positions() >> frame_.lane_bits();
        }
        offsets[v] = frame_.offset(y);
        entries[v] = static_cast<std::uint32_t>(extract_bits(y << frame_.lane_bits(), inner));
    }
    args.inner_offsets = offsets;
    args.inner_entries = entries;
}

// One call: all phases inside `inner`, all outside, and those across to a few keys; returns the rest.
template <class T>
PlacedForm BlockBinder<T>::bind_phase_call(PlacedForm& form, Index inner, const JoiningTurns& turns) {
    const Index keys = choose_keys(form, inner), outer = low_bits(static_cast<int>(hot_.size())) & ~inner;
    PhaseArgs args{};
    args.vectors = subset({}, inner >> frame_.lane_bits());
    args.row_bits = count_bits(outer);
    args.table_bits = count_bits(inner);
    args.lane_flip = static_cast<int>(frame_.lane_flip);
    order_table(args, inner, turns.axes);

    PhaseRows rows{products(form, outer), {}, {}};
    const Index row_keys = extract_bits(keys, outer);
    for (std::size_t row = 0; row < rows.factors.size(); ++row) rows.keys.push_back(extract_bits(row, row_keys));

    BoundPass pass;
    for (const auto& [hot, factor] : form.cold_couplings) {
        const bool is_inner = (inner >> hot & 1) != 0;
        const Index among = extract_bits(bit(hot), is_inner ? inner : outer);
        (is_inner ? pass.inner : pass.outer).push_back({factor.mask, std::countr_zero(among), factor.factor});
    }
    rows.fill_tables(form, inner, keys);
    if (pass.inner.empty() && rows.tables.size() == 1 && all_ones(rows.tables[0])) rows.tables.clear();
    const std::size_t entries = std::size_t{1} << args.table_bits;
    if (pass.inner.empty() && pass.outer.empty()) rows.absorb_factors(max_tables(entries, rows.factors.size()));
    write_rows(rows, args);
    constexpr std::size_t aligned_rows = 8;
    args.table_scratch = 2 * std::max(rows.factors.size(), aligned_rows);
    const std::size_t doubles = args.table_scratch + 2 * entries;
    const std::size_t scalars = 2 * entries * static_cast<std::size_t>(args.tables);
    bound_.scratch_bytes = std::max(bound_.scratch_bytes, doubles * sizeof(double) + scalars * sizeof(T));
    if (turns.any) {
        pass.call = TurnPhaseArgs{turns.args, args};
    } else {
        pass.call = args;
    }
    bound_.passes.push_back(std::move(pass));
    return form.across(inner, outer & ~keys);
}

// How many tables the factors of rows may be multiplied into.
template <class T>
std::size_t BlockBinder<T>::max_tables(std::size_t entries, std::size_t rows) const {
    const std::size_t all_rows = rows << count_bits(bound_.cold_mask);
    return std::min(max_absorbed_bytes / (2 * entries * sizeof(T)), all_rows / rows_per_table);
}

template <class T>
void BlockBinder<T>::write_rows(const PhaseRows& rows, PhaseArgs& args) {
    const std::size_t count = rows.factors.size();
    auto* const factors = bound_.arena.template take<double>(2 * count);
    auto* const keys = bound_.arena.template take<unsigned char>(count);
    for (std::size_t row = 0; row < count; ++row) {
        factors[row] = rows.factors[row].real();
        factors[count + row] = rows.factors[row].imag();
        keys[row] = static_cast<unsigned char>(rows.keys[row]);
    }
    args.factors = factors;
    args.keys = keys;
    if (rows.tables.empty()) return;
    args.tables = static_cast<int>(rows.tables.size());
    auto* const trivial = bound_.arena.template take<unsigned char>(rows.tables.size());
    T* out = take_coefficients(2 * rows.tables[0].size() * rows.tables.size());
    args.table = out;
    args.trivial = trivial;
    for (std::size_t t = 0; t < rows.tables.size(); ++t) {
        trivial[t] = all_ones(rows.tables[t]) ? 1 : 0;
        for (std::size_t v = 0; v < rows.tables[t].size() / lanes(); ++v, out += 2 * lanes()) {
            for (std::size_t lane = 0; lane < lanes(); ++lane) {
                const Complex factor = rows.tables[t][args.inner_entries[v] + meaning(lane)];
                out[lane] = static_cast<T>(factor.real());
                out[lanes() + lane] = static_cast<T>(factor.imag());
            }
        }
    }
}

#define KETJET_INSTANTIATE(T)                                                                     \
    template PlacedForm BlockBinder<T>::place(const PhaseForm&);                                  \
    template void BlockBinder<T>::add_layer(std::span<const LayerTurn>, PhaseForm);               \
    template void BlockBinder<T>::order_table(PhaseArgs&, Index, std::span<const PlacedTurn>);    \
    template PlacedForm BlockBinder<T>::bind_phase_call(PlacedForm&, Index, const JoiningTurns&); \
    template std::size_t BlockBinder<T>::max_tables(std::size_t, std::size_t) const;              \
    template void BlockBinder<T>::write_rows(const PhaseRows&, PhaseArgs&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
