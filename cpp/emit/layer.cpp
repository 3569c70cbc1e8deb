// The first phase call takes turns of its own inner positions with it, as long as they are the last ones: turns are
// done in an order that depends on the plan and the form alone, not on the instruction set.
#include "emit/layer.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "emit/conjugation.hpp"
#include "emit/diagonal.hpp"
#include "emit/phases.hpp"
#include "emit/read_turn.hpp"
#include "emit/tuning.hpp"
#include "emit/turns.hpp"
#include "plan/work.hpp"

namespace ketjet {

namespace {

// The common factor is applied at the latest when it has become as small as this, far from underflow.
template <class T>
constexpr double min_scale = sizeof(T) == 4 ? 0x1p-60 : 0x1p-500;

// In a folded block its length alone: what is not real does not commute with the operations to come.
template <class T>
void emit_scale(BlockFrame& frame, CallWriter<T>& out) {
    const Complex factor = frame.fold ? Complex(std::abs(frame.scale)) : frame.scale;
    emit_diagonal(DiagonalAction{{}, {}, {factor}}, frame, out);
    frame.scale = frame.fold ? frame.scale / factor.real() : 1;
}

}  // namespace

template <class T>
bool emit_layer(std::span<const LayerTurn> turns, PhaseForm& phases, std::span<const DiagonalReading> readings,
                BlockFrame& frame, CallWriter<T>& out) {
    const double norm = std::norm(frame.scale);
    const Conjugation conjugation = frame.fold ? take_conjugation(phases, *frame.fold) : Conjugation{};
    const ArenaScope scope(out.temporaries());
    PlacedForm form = place_phases(phases, frame, out.temporaries());
    std::span<PlacedTurn> placed(out.temporaries().template take<PlacedTurn>(turns.size()), turns.size());
    std::size_t count = 0;
    Index turning = 0;
    bool pairs = false;
    for (const LayerTurn& turn : turns) {
        if (const auto* const single = std::get_if<QubitTurn>(&turn)) {
            if (frame.is_folded(single->qubit)) {
                turn_folded(single->rotation, frame);
                continue;
            }
            placed[count] = place_turn(*single, frame);
        } else {
            placed[count] = place_turn(std::get<PairTurn>(turn), form, frame, out);
            pairs = true;
        }
        turning |= placed[count++].positions();
    }
    placed = placed.first(count);
    Index inner =
        form.used() != 0 ? choose_inner(form, turning, pairs ? max_pair_table_bits : max_phase_table_bits) : 0;
    const bool reads = !readings.empty() && count_bits(inner) == read_phase_table_bits;
    std::ranges::sort(placed, {}, [&](const PlacedTurn& turn) {
        const bool joins = turn.position >= min_phase_table_bits && (turn.positions() & ~inner) == 0;
        return std::tuple(!turn.reading, joins, turn.position);
    });
    const auto others = std::ranges::find_if(placed, [](const PlacedTurn& turn) { return !turn.reading; });
    emit_read_turns(std::span<const PlacedTurn>(placed.begin(), others), norm, frame, out);
    std::optional<JoiningTurns> joining =
        emit_turns(std::span<const PlacedTurn>(others, placed.end()), reads ? 0 : inner, frame, out);
    if (reads) {
        emit_read_phases(form, inner, readings, frame, out);
        inner = choose_inner(form, 0, max_phase_table_bits);
    }
    while (form.used() != 0) {
        emit_phases(form, inner, joining, frame, out);
        joining.reset();
        inner = choose_inner(form, 0, max_phase_table_bits);
    }
    emit_conjugation(conjugation, frame, out);
    if (std::norm(frame.scale) < min_scale<T> * min_scale<T>) emit_scale(frame, out);
    return reads;
}

#define KETJET_INSTANTIATE(T)                                                                                          \
    template bool emit_layer<T>(std::span<const LayerTurn>, PhaseForm&, std::span<const DiagonalReading>, BlockFrame&, \
                                CallWriter<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
