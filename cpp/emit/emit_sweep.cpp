// The geometry of a sweep's blocks, then its passes one after another, then what the frame still holds.
#include "emit/emit_sweep.hpp"

#include <algorithm>
#include <bit>
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
#include "emit/relabel.hpp"
#include "emit/rotation.hpp"
#include "emit/sweep_terms.hpp"
#include "plan/cost.hpp"

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

void place_rows(const Sweep& sweep, BoundSweep& bound) {
    bound.block_qubits = static_cast<int>(sweep.hot.size());
    bound.from_zero = sweep.active == 0;
    const Index hot = mask_of(sweep.hot);
    bound.scattered = rows_of(hot, scattered_row_bits(sweep));
    if (!bound.from_zero)
        bound.gathered = rows_of(hot, std::min(bound.scattered.run_bits, std::countr_one(sweep.active)));
    bound.cold_mask = sweep.active & ~hot;
    bound.zero_mask = hot & ~sweep.active;
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

// The passes of a sweep, given by their terms.
template <class T>
class PassEmitter {
 public:
    PassEmitter(SweepTerms terms, BlockFrame& frame, CallWriter<T>& out)
        : terms_(std::move(terms)), frame_(frame), out_(out) {}

    void relabelling(std::span<const Term> terms) {
        Relabelling<T> relabelling(frame_, out_);
        for (const Term& term : terms) {
            for (const Action& action : terms_.actions(term)) relabelling.add(action);
        }
        relabelling.finish();
    }

    void layer(std::span<const Term> turns, std::span<const Term> phases) {
        const std::vector<LayerTurn> placed = terms_.turns(turns);
        auto [form, others] = terms_.phases(phases);
        emit_layer<T>(placed, std::move(form), frame_, out_);
        for (const Action& action : others) emit_action(action, frame_, out_);
    }

    // A matrix, or an operation that has a kernel of its own.
    void matrix(const Term& term) {
        if (term.end - term.begin > 1) return emit_dense(terms_.product(term), frame_, out_);
        for (const Action& action : terms_.actions(term)) emit_action(action, frame_, out_);
    }

 private:
    SweepTerms terms_;
    BlockFrame& frame_;
    CallWriter<T>& out_;
};

// Phases right behind turns go into the same loads and stores.
template <class T>
void emit_passes(const Sweep& sweep, PassEmitter<T> emit, std::vector<BoundCall>& calls) {
    const std::vector<Pass>& passes = sweep.passes;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        const std::size_t number = i, before = calls.size();
        const Pass& pass = passes[i];
        switch (pass.kind) {
            case PassKind::relabel:
                emit.relabelling(pass.terms);
                break;
            case PassKind::turns:
                if (i + 1 < passes.size() && joins_turns(sweep, i + 1)) {
                    emit.layer(pass.terms, passes[++i].terms);
                } else {
                    emit.layer(pass.terms, {});
                }
                break;
            case PassKind::phases:
                emit.layer({}, pass.terms);
                break;
            case PassKind::dense:
            case PassKind::single:
                for (const Term& term : pass.terms) emit.matrix(term);
                break;
        }
        for (BoundCall& call : std::span(calls).subspan(before)) {
            call.pass = std::holds_alternative<ReflectCall>(call.call) ? i : number;
        }
    }
}

// Leaves what the frame still holds to the gather and the scatter of the sweep.
template <class T>
void finish(const Sweep& sweep, BlockFrame& frame, CallWriter<T>& out, BoundSweep& bound) {
    if (frame.fold) {
        bound.folded = finish_folded(frame);
        if (frame.fold->unfolds) bound.unfolding = Unfolding{bit(frame.fold->qubit), frame.fold->unfold_scale};
    }
    const std::size_t before = bound.calls.size();
    emit_lane_order(frame, out);
    for (BoundCall& call : std::span(bound.calls).subspan(before)) call.pass = sweep.passes.size() - 1;
    bound.scatter_map = frame.map();
    bound.scale = frame.scale;
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

}  // namespace

template <class T>
BoundSweep emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels) {
    BoundSweep bound;
    place_rows(sweep, bound);
    BlockFrame frame(sweep, kernels.lane_bits, sizeof(T), bound.arena);
    bound.gather_map = frame.map();
    CallWriter<T> out(kernels, bound);
    emit_passes(sweep, PassEmitter<T>(SweepTerms(program, sweep), frame, out), bound.calls);
    finish(sweep, frame, out, bound);
    return bound;
}

template BoundSweep emit_sweep<float>(const Program&, const Sweep&, const Kernels&);
template BoundSweep emit_sweep<double>(const Program&, const Sweep&, const Kernels&);

}  // namespace ketjet
