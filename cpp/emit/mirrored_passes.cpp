#include "emit/mirrored_passes.hpp"

#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "emit/pass_emitter.hpp"

namespace ketjet {

namespace {

template <class T>
class MirroredPasses {
 public:
    MirroredPasses(SweepTerms& terms, SlotReadings& readings, BlockFrame& frame, CallWriter<T>& out)
        : terms_(terms), readings_(readings), frame_(frame), out_(out), emit_(terms, frame, out) {}

    void operator()(const Relabel& pass) {
        readings_.emit(frame_, out_);
        emit_(pass);
    }
    void operator()(const auto& matrix) {
        read_before(matrix.term);
        readings_.emit(frame_, out_);
        emit_(matrix);
    }
    // Phases are behind the turns, and commute with what is read of them.
    void operator()(const Layer& layer) {
        const ArenaScope scope(out_.temporaries());
        const std::span<LayerTurn> turns = terms_.turns(layer.turns);
        for (std::size_t i = 0; i < turns.size(); ++i) read_turn(layer.turns[i], turns[i]);
        readings_.emit(frame_, out_);
        for (const Term& term : layer.phases) {
            if (is_outer(term)) continue;
            auto [before, behind] = terms_.derivatives(term, true);
            for (Derivative& derivative : before) readings_.add_behind(std::move(derivative));
            for (Derivative& derivative : behind) readings_.add_behind(std::move(derivative));
        }
        const std::vector<DiagonalReading> diagonal = readings_.take_diagonal();
        if (!emit_.read_layer(layer, turns, diagonal)) readings_.give_back(diagonal);
    }

 private:
    // A term in parts is read at its turn.
    static bool is_outer(const Term& term) { return term.part == Part::before || term.part == Part::after; }

    void read_before(const Term& term) {
        auto [before, behind] = terms_.derivatives(term, false);
        for (Derivative& derivative : before) readings_.add(std::move(derivative));
        for (Derivative& derivative : behind) readings_.add_behind(std::move(derivative));
    }

    void read_turn(const Term& term, LayerTurn& turn) {
        auto [before, behind] = terms_.derivatives(term, true);
        for (Derivative& derivative : before) {
            QubitTurn* const own = turn_that_reads(derivative.generator, turn);
            if (own != nullptr) {
                own->reading = readings_.add_apart(derivative.slot, derivative.generator[0]);
            } else {
                readings_.add(std::move(derivative));
            }
        }
        for (Derivative& derivative : behind) readings_.add_behind(std::move(derivative));
    }

    // The turn if it can read this: the generator of turns in its plane, if that is no lane of any instruction set.
    QubitTurn* turn_that_reads(const PauliSum& generator, LayerTurn& turn) const {
        auto* const single = std::get_if<QubitTurn>(&turn);
        if (single == nullptr || single->reading || generator.size() != 1) return nullptr;
        if (frame_.layout().position(single->qubit) < widest_lane_bits<T>) return nullptr;
        const Index x = bit(single->qubit), z = single->rotation.imaginary ? 0 : x;
        return generator[0].string == PauliString{x, z, {}} ? single : nullptr;
    }

    SweepTerms& terms_;
    SlotReadings& readings_;
    BlockFrame& frame_;
    CallWriter<T>& out_;
    PassEmitter<T> emit_;
};

}  // namespace

// What is read behind a pass waits for the next one, which may share the place.
template <class T>
void emit_mirrored_passes(const Sweep& sweep, SweepTerms& terms, SlotReadings& readings, BlockFrame& frame,
                          CallWriter<T>& out, BoundSweep& bound) {
    MirroredPasses<T> emit(terms, readings, frame, out);
    std::size_t calls = bound.calls.size();
    const auto belong_to = [&](std::size_t pass) {
        for (BoundCall& call : std::span(bound.calls).subspan(calls)) call.pass = pass;
        calls = bound.calls.size();
    };
    for (std::size_t number = 0; number < sweep.passes.size(); ++number) {
        std::visit(emit, sweep.passes[number].work);
        readings.go_on();
        belong_to(number);
    }
    readings.emit(frame, out);
    belong_to(sweep.passes.size() - 1);
}

template void emit_mirrored_passes<float>(const Sweep&, SweepTerms&, SlotReadings&, BlockFrame&, CallWriter<float>&,
                                          BoundSweep&);
template void emit_mirrored_passes<double>(const Sweep&, SweepTerms&, SlotReadings&, BlockFrame&, CallWriter<double>&,
                                           BoundSweep&);

}  // namespace ketjet
