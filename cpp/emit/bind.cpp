// bind_sweep: the geometry of a sweep's blocks, then its passes one after another.
#include <bit>
#include <unordered_map>

#include "emit/block_binder.hpp"
#include "emit/merge_actions.hpp"
#include "emit/pair_rotation.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

Index union_of_qubits(std::span<const Action> actions) {
    Index qubits = 0;
    for (const Action& action : actions) qubits |= qubits_of(action);
    return qubits;
}

template <class T>
class PassBinder {
 public:
    PassBinder(const Program& program, const Sweep& sweep, BlockBinder<T>& block, std::vector<BoundPass>& bound)
        : program_(program), sweep_(sweep), block_(block), bound_(bound) {}

    // Phases go with the turns before them.
    void bind_all() {
        const std::vector<Pass>& passes = sweep_.passes;
        for (std::size_t i = 0; i < passes.size(); ++i) {
            const std::size_t number = i, before = bound_.size();
            if (i + 1 < passes.size() && joins_turns(sweep_, i + 1)) {
                bind_layer(turns_of(passes[i]), passes[i + 1]);
                ++i;
            } else {
                bind(passes[i]);
            }
            for (BoundPass& pass : std::span(bound_).subspan(before)) {
                pass.number = std::holds_alternative<ReflectArgs>(pass.call) ? i : number;
            }
        }
    }

 private:
    void bind(const Pass& pass) {
        switch (pass.kind) {
            case PassKind::relabel:
                relabel(pass);
                break;
            case PassKind::turns:
                block_.add_layer(turns_of(pass), {});
                break;
            case PassKind::phases:
                bind_layer({}, pass);
                break;
            case PassKind::dense:
            case PassKind::single:
                for (const Term& term : pass.terms) act(term);
                break;
        }
    }

    std::vector<Action> actions(const Term& term) const { return actions_of(program_, sweep_.operations_of(term)); }

    // CX gates that follow each other on one control are done together.
    void relabel(const Pass& pass) {
        FlipAction flips{};
        const auto flush = [&] {
            if (flips.mask != 0) block_.relabel(flips);
            flips = {};
        };
        for (const Term& term : pass.terms) {
            for (const Action& action : actions(term)) {
                const auto* const flip = std::get_if<FlipAction>(&action);
                const bool goes_on = flip != nullptr && flip->condition == flips.condition;
                if (!goes_on) flush();
                if (flip != nullptr) {
                    flips = {flip->condition, flips.mask ^ flip->mask};
                } else if (const auto* const swap = std::get_if<SwapAction>(&action)) {
                    block_.relabel(*swap);
                } else {
                    block_.toggle_sign(std::countr_zero(std::get<DiagonalAction>(action).condition.mask));
                }
            }
        }
        flush();
    }

    // The run's qubits and the decomposition of its product, which up to three passes ask for.
    const LayerTurn& split(const Term& term) {
        if (const auto known = splits_.find(term.begin); known != splits_.end()) return known->second;
        return splits_.emplace(term.begin, make_split(term)).first->second;
    }
    LayerTurn make_split(const Term& term) const {
        const std::vector<Action> run = actions(term);
        const Index qubits = union_of_qubits(run);
        const Matrix product = product_of(run, qubits);
        const int low = std::countr_zero(qubits), high = static_cast<int>(std::bit_width(qubits)) - 1;
        const bool plain = term.part == Part::whole;
        if (low != high) return {high, low, (plain ? split_plain_pair(product) : split_pair(product)).of_parity};
        return {low, -1, {plain ? split_plain_turn(product) : split_turn(product), {}}};
    }

    std::vector<LayerTurn> turns_of(const Pass& pass) {
        std::vector<LayerTurn> turns;
        for (const Term& term : pass.terms) {
            turns.push_back(split(term));
            if (term.part == Part::whole) continue;
            for (GivensRotation& turn : turns.back().turns) {
                turn.before = turn.after = 0;
                if (turns.back().partner >= 0) turn.phase = 0;
            }
        }
        return turns;
    }

    // A pair's common phases may differ by parity, and come after the turn.
    void add_part(const LayerTurn& split, Part part, PhaseForm& form) const {
        const auto& [qubit, partner, turns] = split;
        if (partner >= 0) {
            form.add(part_of_pair({turns}, part, partner, qubit));
        } else {
            form.linear[static_cast<std::size_t>(qubit)] += part == Part::before ? turns[0].before : turns[0].after;
        }
    }

    void bind_layer(std::span<const LayerTurn> turns, const Pass& phases) {
        PhaseForm form;
        std::vector<Action> others;  // that do not fit into the form
        for (const Term& term : phases.terms) {
            if (term.part == Part::whole) {
                for (const Action& action : actions(term)) {
                    if (!form.add(action)) others.push_back(action);
                }
            } else {
                add_part(split(term), term.part, form);
            }
        }
        block_.add_layer(turns, form);
        for (const Action& action : others) std::visit(block_, action);
    }

    void act(const Term& term) {
        const std::vector<Action> all = actions(term);
        if (term.end - term.begin == 1) {
            for (const Action& action : all) std::visit(block_, action);
            return;
        }
        const Index qubits = union_of_qubits(all);
        std::vector<int> targets;
        for (Index rest = qubits; rest != 0; rest &= rest - 1) targets.push_back(std::countr_zero(rest));
        block_(DenseAction{{}, targets, product_of(all, qubits)});
    }

    const Program& program_;
    const Sweep& sweep_;
    BlockBinder<T>& block_;
    std::vector<BoundPass>& bound_;
    std::unordered_map<std::uint32_t, LayerTurn> splits_;  // by Term::begin
};

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
    bound.folded = sweep.folded >= 0;
    bound.unfold_offset = sweep.unfolds ? bit(sweep.folded) : 0;
}

}  // namespace

template <class T>
BoundSweep bind_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels) {
    BoundSweep bound;
    place_rows(sweep, bound);
    BlockBinder<T> block(sweep, kernels, bound);
    PassBinder<T>(program, sweep, block, bound.passes).bind_all();
    const std::size_t bound_passes = bound.passes.size();
    block.finish();
    for (BoundPass& pass : std::span(bound.passes).subspan(bound_passes)) pass.number = sweep.passes.size() - 1;
    return bound;
}

template BoundSweep bind_sweep<float>(const Program&, const Sweep&, const Kernels&);
template BoundSweep bind_sweep<double>(const Program&, const Sweep&, const Kernels&);

}  // namespace ketjet
