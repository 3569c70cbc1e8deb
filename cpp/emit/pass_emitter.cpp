#include "emit/pass_emitter.hpp"

#include <variant>
#include <vector>

#include "base/overloaded.hpp"
#include "emit/dense.hpp"
#include "emit/diagonal.hpp"
#include "emit/exchange.hpp"
#include "emit/layer.hpp"
#include "emit/relabel.hpp"
#include "emit/rotation.hpp"

namespace ketjet {

namespace {

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

}  // namespace

template <class T>
void PassEmitter<T>::operator()(const Relabel& pass) {
    Relabelling<T> relabelling(frame_, out_);
    for (const Term& term : pass.terms) {
        terms_.for_each(term, [&](const Action& action) { relabelling.add(action); });
    }
    relabelling.finish();
}

template <class T>
bool PassEmitter<T>::read_layer(const Layer& layer, std::span<const LayerTurn> turns,
                                std::span<const DiagonalReading> others) {
    PhaseForm form;
    const std::vector<Action> unfit = terms_.add_phases(layer.phases, form);
    const bool reads = emit_layer<T>(turns, form, others, frame_, out_);
    for (const Action& action : unfit) emit_action(action, frame_, out_);
    return reads;
}

template <class T>
void PassEmitter<T>::matrix(const Term& term) {
    if (term.end - term.begin > 1) return emit_dense(terms_.product(term), frame_, out_);
    terms_.for_each(term, [&](const Action& action) { emit_action(action, frame_, out_); });
}

template class PassEmitter<float>;
template class PassEmitter<double>;

}  // namespace ketjet
