// The geometry of a sweep's blocks, then its passes one after another, then what the frame still holds.
#include "emit/emit_sweep.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "emit/call_writer.hpp"
#include "emit/conjugation.hpp"
#include "emit/exchange.hpp"
#include "emit/mirrored_passes.hpp"
#include "emit/pass_emitter.hpp"
#include "emit/reading.hpp"
#include "emit/slot_readings.hpp"
#include "emit/sweep_terms.hpp"
#include "plan/block_shapes.hpp"

namespace ketjet {

namespace {

// Those that are there already are left as they are.
void place_rows(Index qubits, int run_bits, Rows& rows) {
    if (rows.qubits == qubits && rows.run_bits == run_bits) return;
    rows.qubits = qubits;
    rows.run_bits = run_bits;
    rows.offsets.resize(bit(count_bits(qubits) - run_bits));
    const Index fixed = low_bits(run_bits) | ~qubits;
    Index offset = 0;
    for (Index& row : rows.offsets) {
        row = offset;
        offset = next_outside(offset, fixed);
    }
}

// What grows on the way forwards is left out on the way back.
void place_rows(const Sweep& sweep, Direction direction, BoundSweep& bound) {
    bound.block_qubits = static_cast<int>(sweep.hot.size());
    const Index hot = mask_of(sweep.hot), fresh = hot & ~sweep.active;
    place_rows(hot, scattered_row_bits(sweep), bound.scattered);
    bound.cold_mask = sweep.active & ~hot;
    if (direction == Direction::backwards) {
        bound.gathered = bound.scattered;
        bound.left_out = fresh;
        return;
    }
    bound.from_zero = sweep.active == 0;
    bound.zero_mask = fresh;
    if (bound.from_zero) {
        bound.gathered = {};
    } else {
        place_rows(hot, std::min(bound.scattered.run_bits, std::countr_one(sweep.active)), bound.gathered);
    }
}

template <class T>
void emit_passes(const Sweep& sweep, PassEmitter<T> emit, std::vector<BoundCall>& calls) {
    for (std::size_t number = 0; number < sweep.passes.size(); ++number) {
        const std::size_t before = calls.size();
        std::visit(emit, sweep.passes[number].work);
        for (BoundCall& call : std::span(calls).subspan(before)) call.pass = number;
    }
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

// What the emitters of one sweep share.
template <class T>
struct SweepEmitter {
    const Sweep& sweep;
    BoundSweep& bound;
    BlockFrame frame;
    CallWriter<T> out;

    SweepEmitter(const Sweep& given, Direction direction, const Kernels& kernels, BoundSweep& into)
        : sweep(given), bound(into), frame(given, kernels.lane_bits, sizeof(T), into.arena), out(kernels, into) {
        bound.clear();
        bound.calls.reserve(2 * sweep.passes.size());  // more are seldom: for lanes
        frame.block_factors.swap(bound.block_factors);
        place_rows(sweep, direction, bound);
        bound.gather_map = bound.scatter_map = frame.map();
    }
    SweepEmitter(const SweepEmitter&) = delete;
    SweepEmitter& operator=(const SweepEmitter&) = delete;
};

// A new one, without the memory that emitting alone has needed.
template <class Emit>
BoundSweep emitted(Emit emit) {
    BoundSweep bound;
    emit(bound);
    bound.temporaries = {};
    return bound;
}

// The first reading of all.
template <class T>
void read_overlaps(SweepEmitter<T>& emitter) {
    constexpr PauliString identity{};
    constexpr std::uint32_t first = 0;
    emit_reading(std::span(&identity, 1), std::span(&first, 1), ReadPart::real, Bra::other_state, emitter.frame,
                 emitter.out);
    emitter.bound.reads_overlaps = true;
}

}  // namespace

void BoundSweep::clear() {
    BoundSweep empty;
    calls.clear();
    block_factors.clear();
    slot_shares.clear();
    arena.rewind({});
    temporaries.rewind({});
    empty.gathered = std::move(gathered);
    empty.scattered = std::move(scattered);
    empty.calls = std::move(calls);
    empty.block_factors = std::move(block_factors);
    empty.slot_shares = std::move(slot_shares);
    empty.arena = std::move(arena);
    empty.temporaries = std::move(temporaries);
    *this = std::move(empty);
}

template <class T>
void emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels, BoundSweep& into,
                const SweepReading& reading) {
    SweepEmitter<T> emitter(sweep, Direction::forwards, kernels, into);
    SweepTerms terms(program, sweep, Direction::forwards, emitter.out.temporaries());
    emit_passes(sweep, PassEmitter<T>(terms, emitter.frame, emitter.out), into.calls);
    finish(sweep, reading, emitter.frame, emitter.out, into);
}

template <class T>
BoundSweep emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels, const SweepReading& reading) {
    return emitted([&](BoundSweep& bound) { emit_sweep<T>(program, sweep, kernels, bound, reading); });
}

template <class T>
BoundSweep emit_mirrored(const Program& program, const Sweep& sweep, const Kernels& kernels,
                         const MirrorReading& reading) {
    return emitted([&](BoundSweep& bound) {
        const std::span<const Application> sums = reading.sums;
        SweepEmitter<T> emitter(sweep, Direction::backwards, kernels, bound);
        SweepTerms terms(program, sweep, Direction::backwards, emitter.out.temporaries(), reading.wanted);
        for (std::size_t bra = 0; bra < sums.size(); ++bra) {
            emit_application(sums[bra], bra, emitter.frame, emitter.out);
        }
        if (!sums.empty()) read_overlaps(emitter);
        SlotReadings readings(sums.empty() ? 0 : 1);
        emit_mirrored_passes(sweep, terms, readings, emitter.frame, emitter.out, bound);
        bound.readings = readings.count();
        bound.slot_shares = readings.take_shares();
        finish(sweep, {}, emitter.frame, emitter.out, bound);
    });
}

template <class T>
BoundSweep emit_read_sweep(const Sweep& sweep, const SweepReading& reading, const Kernels& kernels) {
    return emitted([&](BoundSweep& bound) {
        SweepEmitter<T> emitter(sweep, Direction::forwards, kernels, bound);
        emit_reading(reading.strings, reading.read, ReadPart::real, reading.bra, emitter.frame, emitter.out);
    });
}

template <class T>
BoundSweep emit_apply_sweep(const Sweep& sweep, const Application& sum, const Kernels& kernels) {
    return emitted([&](BoundSweep& bound) {
        SweepEmitter<T> emitter(sweep, Direction::forwards, kernels, bound);
        emit_application(sum, 0, emitter.frame, emitter.out);
    });
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template BoundSweep emit_sweep<T>(const Program&, const Sweep&, const Kernels&, const SweepReading&);        \
    template void emit_sweep<T>(const Program&, const Sweep&, const Kernels&, BoundSweep&, const SweepReading&); \
    template BoundSweep emit_mirrored<T>(const Program&, const Sweep&, const Kernels&, const MirrorReading&);    \
    template BoundSweep emit_read_sweep<T>(const Sweep&, const SweepReading&, const Kernels&);                   \
    template BoundSweep emit_apply_sweep<T>(const Sweep&, const Application&, const Kernels&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
