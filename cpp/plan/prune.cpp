// prune: what no measurement can tell is dropped.
//
// The outcomes of what comes later have probabilities tr(state E), one operator E per outcome. Walking backwards, every
// qubit has a level, and all E lie in the product of the algebras that the levels stand for: the identity (nothing is
// needed of the qubit), diagonal matrices (its distribution), all matrices (everything). An operation U replaces E by
// U+ E U, and is dropped if this is E for every E of the product; levels are then raised until the new E fit.
//   Diagonal U: commutes with E unless it touches a qubit at the top level. Otherwise, in blocks labelled by the basis
//     states d of its other qubits, U+ E U = sum |d><d| (x) U_d+ E_d U_d: these need the distribution at least.
//   U = sum |d><d| (x) U_d with U_d on local qubits, d of its diagonal qubits: if no local qubit is needed and no
//     diagonal one is at the top, E = sum |d><d| (x) E_d commutes with U. Otherwise the U_d+ E_d' U_d' may be anything
//     on local qubits, and d labels blocks as before.
//   If U maps basis states to basis states up to phases, and E is diagonal on all its qubits, so is U+ E U.
//   Reset: E becomes <0|E|0>, with the identity on the qubit; the same E if nothing was needed. Initialize likewise.
//   Measurement: E becomes the sum of P_m E_m P_m, diagonal on the qubit. If its classical bit is overwritten later,
//     all E_m are the same, and it does nothing to an E that is diagonal already.
//   A global phase cancels.
// Where a jump begins or ends, everything is needed.
#include <algorithm>
#include <array>

#include "plan/control_flow.hpp"
#include "plan/rewrite.hpp"
#include "program/action.hpp"
#include "program/classical_code.hpp"

namespace ketjet {

namespace {

// Whether every row and column has one entry.
bool is_monomial(const Matrix& matrix) {
    const std::size_t dimension = matrix.dimension();
    std::vector<bool> used(dimension);
    for (std::size_t column = 0; column < dimension; ++column) {
        std::size_t entries = 0;
        for (std::size_t row = 0; row < dimension; ++row) {
            if (matrix(row, column) == Complex(0)) continue;
            if (++entries > 1 || used[row]) return false;
            used[row] = true;
        }
    }
    return true;
}

const std::vector<bool> monomial_rows = [] {
    std::vector<bool> rows;
    for (const GateFacts& facts : gate_table()) {
        rows.push_back(facts.parameters == 0 && is_monomial(facts.matrix({})));
    }
    return rows;
}();

// Whether the operation maps basis states to basis states up to phases, whatever the values of slots.
bool moves_basis_states(const Operation& operation) {
    const auto* const gate = std::get_if<GateOperation>(&operation);
    if (gate != nullptr) return monomial_rows[static_cast<std::size_t>(gate->gate)];
    return std::holds_alternative<PermutationOperation>(operation);
}

// What is needed of the state before the operations that have been looked at backwards.
class Needs {
 public:
    explicit Needs(const Program& program)
        : program_(program), written_(static_cast<std::size_t>(program.num_clbits())) {}

    void need_all() {
        distribution_ = everything_ = low_bits(program_.num_qubits());
        written_.assign(written_.size(), false);
    }

    // Whether the operation is needed too.
    bool include(const Operation& operation) {
        if (const auto* const measure = std::get_if<MeasureOperation>(&operation)) return include(*measure);
        if (std::holds_alternative<GlobalPhaseOperation>(operation)) return false;
        if (is_classical(operation)) return include_classical(operation);
        const Roles role = roles(program_, operation);
        if (is_collapse(operation)) return include_reset(role.local);
        const Index touched = role.local | role.diagonal;
        const bool commutes = role.local == 0 ? (touched & everything_) == 0
                                              : (role.local & distribution_) == 0 && (role.diagonal & everything_) == 0;
        if (commutes) return false;
        if (!moves_basis_states(operation) || (touched & everything_) != 0) everything_ |= role.local;
        distribution_ |= touched;
        return true;
    }

 private:
    bool include(const MeasureOperation& measure) {
        const auto clbit = static_cast<std::size_t>(measure.clbit);
        const bool is_read = !written_[clbit];
        if (!is_read && (everything_ & bit(measure.qubit)) == 0) return false;
        written_[clbit] = true;
        everything_ &= ~bit(measure.qubit);
        distribution_ |= bit(measure.qubit);
        return true;
    }

    bool include_classical(const Operation& operation) {
        if (const auto* const compute = std::get_if<ComputeOperation>(&operation)) {
            for_each_bit_read(compute->code(), [&](int clbit) { written_[static_cast<std::size_t>(clbit)] = false; });
        } else {
            need_all();
        }
        return true;
    }

    bool include_reset(Index qubits) {
        const bool needed = (distribution_ & qubits) != 0;
        everything_ &= ~qubits;
        distribution_ &= ~qubits;
        return needed;
    }

    const Program& program_;
    Index distribution_ = 0;  // qubits of which at least the distribution is needed
    Index everything_ = 0;    // a part of these
    std::vector<bool> written_;
};

// A reset does nothing to a qubit that no needed operation has touched.
void drop_fresh_resets(const Program& program, const ControlFlow& flow, std::vector<bool>& needed) {
    const auto operations = program.operations();
    Index touched = 0;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (flow.is_joined(i)) return;
        if (!needed[i]) continue;
        const Roles role = roles(program, operations[i]);
        if (std::holds_alternative<ResetOperation>(operations[i]) && (touched & role.local) == 0) {
            needed[i] = false;
        } else {
            touched |= role.local | role.diagonal;
        }
    }
}

// The qubits that need to be stored: those that a needed operation other than a measurement touches. Others measure 0,
// the value that classical bits start with, so they need not even be measured, unless to overwrite an earlier value.
Index stored_qubits(const Program& program, const std::vector<bool>& needed) {
    const auto operations = program.operations();
    const bool computes = std::ranges::any_of(operations, is_classical);
    Index stored = 0;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (!needed[i] || (!computes && std::holds_alternative<MeasureOperation>(operations[i]))) continue;
        const Roles role = roles(program, operations[i]);
        stored |= role.local | role.diagonal;
    }
    if (computes) return stored;
    std::vector<bool> written(static_cast<std::size_t>(program.num_clbits()));
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto* const measure = std::get_if<MeasureOperation>(&operations[i]);
        if (measure == nullptr || !needed[i]) continue;
        const auto clbit = static_cast<std::size_t>(measure->clbit);
        if (written[clbit]) stored |= bit(measure->qubit);
        written[clbit] = true;
    }
    return stored;
}

}  // namespace

Rewritten prune(const Rewritten& source) {
    const auto operations = source.program.operations();
    std::vector<bool> needed(operations.size());
    const ControlFlow flow(source.program);
    Needs needs(source.program);
    for (std::size_t i = operations.size(); i-- > 0;) {
        needed[i] = needs.include(operations[i]);
        if (flow.is_joined(i)) needs.need_all();
    }
    drop_fresh_resets(source.program, flow, needed);

    const Index stored = stored_qubits(source.program, needed);
    const auto new_number = [&](std::int32_t qubit) { return count_bits(stored & low_bits(qubit)); };
    Draft draft(source);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        draft.mark(i);
        if (!needed[i]) continue;
        const auto* const measure = std::get_if<MeasureOperation>(&operations[i]);
        if (measure != nullptr && (stored & bit(measure->qubit)) == 0) continue;
        draft.add_renamed(i, new_number);
    }
    draft.mark(operations.size());
    return draft.finish(count_bits(stored));
}

}  // namespace ketjet
