// The derivatives of formulas: each one's steps are run and then gone through backwards.
#include <cmath>
#include <limits>
#include <stdexcept>

#include "program/formula_op.hpp"
#include "program/formulas.hpp"

namespace ketjet {

namespace {

struct Slopes {
    double a;
    double b;
};

// The derivatives of a value by its operands.
Slopes slopes(FormulaOp op, double a, double b, double value) {
    switch (op) {
        case FormulaOp::parameter:
        case FormulaOp::constant:
            return {0.0, 0.0};
        case FormulaOp::add:
            return {1.0, 1.0};
        case FormulaOp::subtract:
            return {1.0, -1.0};
        case FormulaOp::multiply:
            return {b, a};
        case FormulaOp::divide:
        case FormulaOp::scale_down:
            return {1.0 / b, -a / (b * b)};
        case FormulaOp::power:
            return {b * std::pow(a, b - 1.0), value * std::log(a)};
        case FormulaOp::negate:
            return {-1.0, 0.0};
        case FormulaOp::abs:
            return {a / std::abs(a), 0.0};
        case FormulaOp::sign:
            return {std::numeric_limits<double>::quiet_NaN(), 0.0};
        case FormulaOp::sin:
            return {std::cos(a), 0.0};
        case FormulaOp::cos:
            return {-std::sin(a), 0.0};
        case FormulaOp::tan:
            return {1.0 + value * value, 0.0};
        case FormulaOp::asin:
            return {1.0 / std::sqrt(1.0 - a * a), 0.0};
        case FormulaOp::acos:
            return {-1.0 / std::sqrt(1.0 - a * a), 0.0};
        case FormulaOp::atan:
            return {1.0 / (1.0 + a * a), 0.0};
        case FormulaOp::exp:
            return {value, 0.0};
        case FormulaOp::log:
            return {1.0 / a, 0.0};
    }
    return {0.0, 0.0};
}

}  // namespace

// The values of a formula's steps, where their operands stand, and the derivatives of the result by them.
struct Formulas::Tape {
    struct Step {
        double value;
        double slope;
        std::size_t a;
        std::size_t b;
    };
    std::vector<Step> steps;
    std::vector<std::size_t> stack;

    std::size_t pop() {
        const std::size_t top = stack.back();
        stack.pop_back();
        return top;
    }
};

bool Formulas::add_gradient(std::size_t formula, std::span<const double> values, double weight, Tape& tape,
                            std::span<double> gradient) const {
    const auto begin = static_cast<std::size_t>(code_.begins[formula]);
    const auto end = static_cast<std::size_t>(code_.begins[formula + 1]);
    if (begin == end) return false;
    tape.steps.clear();
    for (std::size_t step = begin; step < end; ++step) {
        const auto op = static_cast<FormulaOp>(code_.ops[step]);
        const auto operand = static_cast<std::size_t>(code_.operands[step]);
        Tape::Step made{0.0, 0.0, 0, 0};
        if (op == FormulaOp::parameter) {
            made.value = values[operand];
        } else if (op == FormulaOp::constant) {
            made.value = code_.constants[operand];
        } else {
            if (operands_of(op) == 2) made.b = tape.pop();
            made.a = tape.pop();
            made.value = apply(op, tape.steps[made.a].value, tape.steps[made.b].value);
        }
        tape.stack.push_back(tape.steps.size());
        tape.steps.push_back(made);
    }
    tape.stack.clear();
    tape.steps.back().slope = weight;
    bool finite = true;
    const auto op_of = [&](std::size_t step) { return static_cast<FormulaOp>(code_.ops[begin + step]); };
    for (std::size_t step = tape.steps.size(); step-- > 0;) {
        const Tape::Step& made = tape.steps[step];
        if (op_of(step) == FormulaOp::parameter) finite = finite && std::isfinite(made.slope);
        const std::size_t operands = operands_of(op_of(step));
        if (operands == 0) continue;
        const Slopes by = slopes(op_of(step), tape.steps[made.a].value, tape.steps[made.b].value, made.value);
        tape.steps[made.a].slope = made.slope * by.a;
        if (operands == 2) tape.steps[made.b].slope = made.slope * by.b;
    }
    if (!finite) return false;
    for (std::size_t step = 0; step < tape.steps.size(); ++step) {
        if (op_of(step) != FormulaOp::parameter) continue;
        gradient[static_cast<std::size_t>(code_.operands[begin + step])] += tape.steps[step].slope;
    }
    return true;
}

std::vector<std::int64_t> Formulas::pull_back(std::span<const double> values, std::span<const double> slot_gradient,
                                              std::span<double> gradient) const {
    if (values.size() != num_parameters_ || gradient.size() != num_parameters_ || slot_gradient.size() != num_slots()) {
        throw std::invalid_argument("values or gradients of formulas have a wrong size");
    }
    std::vector<double> weights(num_formulas());
    for (std::size_t i = 0; i < slots_.slots.size(); ++i) {
        weights[static_cast<std::size_t>(slots_.formulas[i])] +=
            slot_gradient[static_cast<std::size_t>(slots_.slots[i])];
    }
    std::vector<std::int64_t> left_out;
    Tape tape;
    for (std::size_t formula = 0; formula < num_formulas(); ++formula) {
        if (!add_gradient(formula, values, weights[formula], tape, gradient)) {
            left_out.push_back(static_cast<std::int64_t>(formula));
        }
    }
    return left_out;
}

}  // namespace ketjet
