// Counts as the kernels do: controls leave a share of the amplitudes alone.
#include "plan/work.hpp"

#include <cmath>

namespace ketjet {

namespace {

// Real products per amplitude of a matrix on `qubits`: three per entry of a row instead of four where that pays.
double dense_fma(int qubits, bool by_three) { return (by_three ? 3 : 4) * std::ldexp(1.0, qubits); }
constexpr double even_pair_fma = 8;  // of two qubits whose parity is kept

}  // namespace

Work work_of(const OperationFacts& facts, const Operation& operation) {
    const int targets = count_bits(facts.local), diagonal = count_bits(facts.diagonal);
    const Wires* const wires = wires_of(operation);
    const double share = std::ldexp(1.0, wires == nullptr ? 0 : -int{wires->controls});
    if (targets == 0) {
        const GateFacts* const gate = gate_row_of(operation);
        const bool one_entry = gate != nullptr && gate->structure == Structure::phase;
        return {"diagonal", 4 * (one_entry ? std::ldexp(1.0, -diagonal) : share)};
    }
    if (facts.exchanges) return {"exchange", 0};
    if (facts.rotates) return {"rotation", 4 * share};
    if (targets == 2 && facts.pair_turn != TurnKind::none) return {"dense", even_pair_fma * share};
    return {"dense", dense_fma(targets, targets > 1 && diagonal == 0) * share};
}

Work work_of_product(int qubits, bool keeps_parity) {
    return {"dense", keeps_parity ? even_pair_fma : dense_fma(qubits, true)};
}

}  // namespace ketjet
