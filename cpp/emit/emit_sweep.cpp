// The geometry of a sweep's blocks, then its passes one after another, then what the frame still holds.
#include "emit/emit_sweep.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "base/overloaded.hpp"
#include "emit/call_writer.hpp"
#include "emit/conjugation.hpp"
#include "emit/dense.hpp"
#include "emit/diagonal.hpp"
#include "emit/exchange.hpp"
#include "emit/layer.hpp"
#include "emit/reading.hpp"
#include "emit/relabel.hpp"
#include "emit/rotation.hpp"
#include "emit/slot_readings.hpp"
#include "emit/sweep_terms.hpp"
#include "plan/block_shapes.hpp"

namespace ketjet {

namespace {

// The rows of a block with these qubits.
Rows rows_of(Index hot, int run_bits) {
    Rows rows{run_bits, std::vector<Index>(bit(count_bits(hot) - run_bits))};
    for (std::size_t row = 0; row < rows.offsets.size(); ++row) {
        rows.offsets[row] = deposit_bits(row, hot & ~low_bits(run_bits));
    }
    return rows;
}

// What grows on the way forwards is left out on the way back.
void place_rows(const Sweep& sweep, Direction direction, BoundSweep& bound) {
    bound.block_qubits = static_cast<int>(sweep.hot.size());
    const Index hot = mask_of(sweep.hot), fresh = hot & ~sweep.active;
    bound.scattered = rows_of(hot, scattered_row_bits(sweep));
    bound.cold_mask = sweep.active & ~hot;
    if (direction == Direction::backwards) {
        bound.gathered = bound.scattered;
        bound.left_out = fresh;
        return;
    }
    bound.from_zero = sweep.active == 0;
    bound.zero_mask = fresh;
    if (!bound.from_zero)
        bound.gathered = rows_of(hot, std::min(bound.scattered.run_bits, std::countr_one(sweep.active)));
}

// One action by the kernel of its kind.
template <class T>
void emit_action(const Action& action, BlockFrame& frame, CallWriter<T>& out) {
    std::visit(Overloaded{[&](const DenseAction& dense) { emit_dense(dense, frame, out); },
                          [&](const DiagonalAction& diagonal) { emit_diagonal(diagonal, frame, out); },
                          [&](const FlipAction& flip) { emit_exchange(flip, frame, out); },
                          [&](const SwapAction& swap) { emit_exchange(swap, frame, out); },
                          [&](const RotationAction& rotation) { emit_rotation(rotation, frame, out); },
                          [&](const MultiplexerAction& multiplexer) { emit_dense(multiplexer, frame, out); }},
               action);
}

// A pass by what it does.
template <class T>
class PassEmitter {
 public:
    PassEmitter(SweepTerms& terms, BlockFrame& frame, CallWriter<T>& out) : terms_(terms), frame_(frame), out_(out) {}

    void operator()(const Relabel& pass) {
        Relabelling<T> relabelling(frame_, out_);
        for (const Term& term : pass.terms) {
            for (const Action& action : terms_.actions(term)) relabelling.add(action);
        }
        relabelling.finish();
    }

    void operator()(const Layer& layer) {
        const std::vector<LayerTurn> turns = terms_.turns(layer.turns);
        auto [form, others] = terms_.phases(layer.phases);
        emit_layer<T>(turns, std::move(form), frame_, out_);
        for (const Action& action : others) emit_action(action, frame_, out_);
    }

    void operator()(const Dense& dense) { matrix(dense.term); }
    void operator()(const Single& single) { matrix(single.term); }

 private:
    void matrix(const Term& term) {
        if (term.end - term.begin > 1) return emit_dense(terms_.product(term), frame_, out_);
        for (const Action& action : terms_.actions(term)) emit_action(action, frame_, out_);
    }

    SweepTerms& terms_;
    BlockFrame& frame_;
    CallWriter<T>& out_;
};

template <class T>
void emit_passes(const Sweep& sweep, PassEmitter<T> emit, std::vector<BoundCall>& calls) {
    for (std::size_t number = 0; number < sweep.passes.size(); ++number) {
        const std::size_t before = calls.size();
        std::visit(emit, sweep.passes[number].work);
        for (BoundCall& call : std::span(calls).subspan(before)) call.pass = number;
    }
}

// The terms of a pass whose derivatives are read before it.
struct ReadBefore {
    std::span<const Term> operator()(const Relabel&) const { return {}; }
    std::span<const Term> operator()(const Layer& layer) const { return layer.turns; }
    std::span<const Term> operator()(const auto& matrix) const { return {&matrix.term, 1}; }
};

// What is read behind a pass waits for the next one, which may share the place.
template <class T>
void emit_passes_back(const Sweep& sweep, SweepTerms& terms, BlockFrame& frame, CallWriter<T>& out, BoundSweep& bound) {
    SlotReadings readings;
    std::vector<Derivative> behind;
    const auto read = [&](std::span<const Term> list, bool in_layer, bool before) {
        for (const Term& term : list) {
            if (term.part == Part::before || term.part == Part::after) continue;
            auto derivatives = terms.derivatives(term, in_layer);
            if (before) readings.add(derivatives.before);
            if (!before) std::ranges::move(derivatives.before, std::back_inserter(behind));
            std::ranges::move(derivatives.behind, std::back_inserter(behind));
        }
    };
    std::size_t calls = 0;
    const auto belongs_to = [&](std::size_t pass) {
        for (BoundCall& call : std::span(bound.calls).subspan(calls)) call.pass = pass;
        calls = bound.calls.size();
    };
    PassEmitter<T> emit(terms, frame, out);
    for (std::size_t number = 0; number < sweep.passes.size(); ++number) {
        const Pass& pass = sweep.passes[number];
        const auto* const layer = std::get_if<Layer>(&pass.work);
        readings.add(std::exchange(behind, {}));
        read(std::visit(ReadBefore{}, pass.work), layer != nullptr, true);
        readings.emit(frame, out);
        std::visit(emit, pass.work);
        if (layer != nullptr) read(layer->phases, true, false);
        belongs_to(number);
    }
    readings.add(behind);
    readings.emit(frame, out);
    belongs_to(sweep.passes.size() - 1);
    bound.readings = readings.count();
    bound.slot_shares = readings.take_shares();
}

// Reads the block, then leaves what the frame still holds to the gather and the scatter of the sweep.
template <class T>
void finish(const Sweep& sweep, const SweepReading& reading, BlockFrame& frame, CallWriter<T>& out, BoundSweep& bound) {
    if (frame.fold) {
        bound.folded = finish_folded(frame);
        if (frame.fold->unfolds) bound.unfolding = Unfolding{bit(frame.fold->qubit), frame.fold->unfold_scale};
    }
    const std::size_t passes = bound.calls.size();
    emit_reading(reading.strings, reading.read, ReadPart::real, reading.bra, frame, out);
    const std::size_t reads = bound.calls.size();
    emit_lane_order(frame, out);
    for (BoundCall& call : std::span(bound.calls).subspan(passes)) call.pass = BoundCall::behind_passes;
    for (BoundCall& call : std::span(bound.calls).subspan(reads)) call.pass = sweep.passes.size() - 1;
    bound.scatter_map = frame.map();
    bound.scale = frame.scale;
    finish_readings(bound);
    bound.block_factors = std::move(frame.block_factors);
    const BlockLayout& layout = frame.layout();
    for (Index rest = layout.cold_of(frame.signs()); rest != 0; rest &= rest - 1) {
        bound.block_factors.push_back({lowest_bit(rest), -1});
    }
    const Index signs = layout.positions_of(frame.signs());
    if (signs == 0) return;
    bound.sign_mask = layout.vectors_of(signs);
    bound.lane_signs = out.lane_values(frame, [&](Index index) { return parity(index & signs) ? -1 : 1; });
}

template <class T>
BoundSweep emit(const Program& program, const Sweep& sweep, Direction direction, const Kernels& kernels,
                const SweepReading& reading) {
    BoundSweep bound;
    place_rows(sweep, direction, bound);
    BlockFrame frame(sweep, kernels.lane_bits, sizeof(T), bound.arena);
    bound.gather_map = frame.map();
    CallWriter<T> out(kernels, bound);
    SweepTerms terms(program, sweep, direction);
    if (direction == Direction::forwards) {
        emit_passes(sweep, PassEmitter<T>(terms, frame, out), bound.calls);
    } else {
        emit_passes_back(sweep, terms, frame, out, bound);
    }
    finish(sweep, reading, frame, out, bound);
    return bound;
}

}  // namespace

template <class T>
BoundSweep emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels, const SweepReading& reading) {
    return emit<T>(program, sweep, Direction::forwards, kernels, reading);
}

template <class T>
BoundSweep emit_mirrored(const Program& program, const Sweep& sweep, const Kernels& kernels) {
    return emit<T>(program, sweep, Direction::backwards, kernels, {});
}

template <class T>
BoundSweep emit_read_sweep(const Sweep& sweep, const SweepReading& reading, const Kernels& kernels) {
    BoundSweep bound;
    place_rows(sweep, Direction::forwards, bound);
    BlockFrame frame(sweep, kernels.lane_bits, sizeof(T), bound.arena);
    bound.gather_map = frame.map();
    CallWriter<T> out(kernels, bound);
    emit_reading(reading.strings, reading.read, ReadPart::real, reading.bra, frame, out);
    return bound;
}

template BoundSweep emit_sweep<float>(const Program&, const Sweep&, const Kernels&, const SweepReading&);
template BoundSweep emit_sweep<double>(const Program&, const Sweep&, const Kernels&, const SweepReading&);
template BoundSweep emit_read_sweep<float>(const Sweep&, const SweepReading&, const Kernels&);
template BoundSweep emit_read_sweep<double>(const Sweep&, const SweepReading&, const Kernels&);
template BoundSweep emit_mirrored<float>(const Program&, const Sweep&, const Kernels&);
template BoundSweep emit_mirrored<double>(const Program&, const Sweep&, const Kernels&);

}  // namespace ketjet
