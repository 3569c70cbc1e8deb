// Verifier::check_matrices: what emitting makes of the present angles is made once more and checked: products of
// operations, decompositions of 2x2 matrices, and the phases of diagonals.
#include <algorithm>
#include <bit>
#include <complex>
#include <limits>

#include "base/overloaded.hpp"
#include "check/verify.hpp"
#include "emit/layer_turn.hpp"
#include "emit/merge_actions.hpp"
#include "emit/phase_form.hpp"

namespace ketjet {

namespace {

constexpr double given_unitarity = 2e-5;  // lowering lets matrices through that are this far from unitary
constexpr double rounding = 64 * std::numeric_limits<double>::epsilon();

double unitarity_of(const Matrix& matrix) {
    return unitarity_error(matrix.dimension(), matrix.entries().data()) * static_cast<double>(matrix.dimension());
}

// How far an action is from conserving lengths, at most.
struct LengthError {
    double operator()(const DenseAction& action) const { return unitarity_of(action.matrix); }
    double operator()(const DiagonalAction& action) const {
        double error = 0;
        for (const Complex entry : action.entries) {
            const double one = std::abs(std::norm(entry) - 1);
            if (!(one <= error)) error = one;
        }
        return error;
    }
    double operator()(const MultiplexerAction& action) const {
        double error = 0;
        for (std::size_t i = 0; i < action.matrices.size(); i += 4) {
            const double one = 2 * unitarity_error(2, action.matrices.data() + i);
            if (!(one <= error)) error = one;
        }
        return error;
    }
    double operator()(const auto&) const { return 0; }
};

double distance(const Matrix& a, const Matrix& b) {
    double result = 0;
    for (std::size_t i = 0; i < a.entries().size(); ++i) {
        const double one = std::abs(a.entries()[i] - b.entries()[i]);
        if (!(one <= result)) result = one;
    }
    return result;
}

// The largest error of a PhaseForm made of one action over its basis states.
double phase_error(const PhaseForm& form, const Action& action) {
    const Index qubits = qubits_of(action);
    double error = 0;
    for (Index basis = 0; basis < bit(count_bits(qubits)); ++basis) {
        const Index state = deposit_bits(basis, qubits);
        double angle = form.constant();
        for (Index rest = state; rest != 0; rest &= rest - 1) {
            const int qubit = std::countr_zero(rest);
            angle += form.linear(qubit);
            for (Index others = form.partners(qubit) & rest & (rest - 1); others != 0; others &= others - 1) {
                angle += form.coupling(qubit, std::countr_zero(others));
            }
        }
        error = std::max(error, std::abs(std::polar(1.0, angle) - diagonal_factor(action, state)));
    }
    return error;
}

}  // namespace

Matrix recomposed(const GivensRotation& rotation) {
    const Complex off = rotation.imaginary ? Complex(0, -rotation.sine) : Complex(-rotation.sine);
    const Complex back = rotation.imaginary ? Complex(0, -rotation.sine) : Complex(rotation.sine);
    const Complex before = std::polar(1.0, rotation.before), after = std::polar(1.0, rotation.after);
    const Complex phase = std::polar(1.0, rotation.phase);
    return Matrix(2, {phase * rotation.cosine, phase * off * before, phase * after * back,
                      phase * after * rotation.cosine * before});
}

double turn_error(const Matrix& matrix, const GivensRotation& rotation) {
    return std::max(distance(recomposed(rotation), matrix),
                    std::abs(rotation.cosine * rotation.cosine + rotation.sine * rotation.sine - 1));
}

double pair_error(const Matrix& matrix, const PairRotation& pair) {
    std::vector<Action> parts;
    for (const Part part : {Part::before, Part::turn, Part::after}) parts.push_back(part_of_pair(pair, part, 0, 1));
    double error = distance(product_of(parts, 3), matrix);
    for (const GivensRotation& rotation : pair.of_parity) {
        error = std::max(error, std::abs(rotation.cosine * rotation.cosine + rotation.sine * rotation.sine - 1));
    }
    return error;
}

void Verifier::check_matrices() {
    const auto operations = program_.operations();
    std::vector<double> errors(operations.size());
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
        if (!is_unitary(operations[i])) continue;
        for (const Action& action : resolve(program_, operations[i])) {
            const double error = std::visit(LengthError{}, action);
            check(error, given_unitarity * static_cast<double>(bit(count_bits(qubits_of(action)))),
                  [&] { return describe(plan_, i) + " is not unitary"; });
            errors[i] += error;
        }
        length_error_ += errors[i];
    }
    for (const Stage& stage : plan_.stages) {
        const auto* const sweep = std::get_if<Sweep>(&stage);
        if (sweep == nullptr) continue;
        for (const Pass& pass : sweep->passes) check_pass(*sweep, pass, errors);
    }
}

void Verifier::check_pass(const Sweep& sweep, const Pass& pass, const std::vector<double>& errors) {
    std::visit(
        Overloaded{[](const Relabel&) {},
                   [&](const Layer& layer) {
                       for (const Term& term : layer.turns) check_split({sweep, term, errors});
                       for (const Term& term : layer.phases) {
                           term.part == Part::whole ? check_phases({sweep, term, errors})
                                                    : check_split({sweep, term, errors});
                       }
                   },
                   [&](const Dense& dense) { check_product({sweep, dense.term, errors}); }, [](const Single&) {}},
        pass.work);
}

double Verifier::allowed_of(const GivenTerm& given) const {
    double allowed = rounding;
    for (const std::uint32_t operation : given.operations()) allowed += rounding + 2 * given.errors[operation];
    return allowed;
}

void Verifier::check_product(const GivenTerm& given) {
    const std::vector<Action> actions = actions_of(program_, given.operations());
    if (actions.size() == 1) return;
    const Index qubits = qubits_of(actions);
    check(unitarity_of(product_of(actions, qubits)), allowed_of(given) * std::exp2(count_bits(qubits)),
          [&] { return "the product of " + describe(plan_, given.operations()); });
}

void Verifier::check_split(const GivenTerm& given) {
    const std::vector<Action> actions = actions_of(program_, given.operations());
    const Index qubits = qubits_of(actions);
    const Matrix product = product_of(actions, qubits);
    const bool plain = given.term.part == Part::whole;
    const LayerTurn turn = turn_of(program_, given.operations(), Direction::forwards, plain);
    const double error =
        std::visit(Overloaded{[&](const QubitTurn& single) { return turn_error(product, single.rotation); },
                              [&](const PairTurn& pair) { return pair_error(product, pair.rotation); }},
                   turn);
    check(error, allowed_of(given), [&] { return "the decomposition of " + describe(plan_, given.operations()); });
}

void Verifier::check_phases(const GivenTerm& given) {
    for (const std::uint32_t index : given.operations()) {
        const Operation& operation = program_.operations()[index];
        PhaseForm form;
        std::vector<Action> others;
        form.add(program_, operation, Direction::forwards, others);
        if (!others.empty()) continue;
        for (const Action& action : resolve(program_, operation)) {
            check(phase_error(form, action), allowed_of(given),
                  [&] { return "the phases of " + describe(plan_, given.operations()); });
        }
    }
}

}  // namespace ketjet
