// The operations of formulas: their names, how many operands they take, and the values they give.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ketjet {

// One step of postfix code over doubles; "a, b" means that b is on top.
enum class FormulaOp : std::uint8_t {
    parameter,  // number: pushes a parameter
    constant,   // number: pushes a constant
    add,        // a, b -> a + b
    subtract,
    multiply,
    divide,
    scale_down,  // a, b -> a (1 / b) if 1 / (1 / b) is b, a / b otherwise: so Qiskit divides by a number
    power,
    negate,  // a -> -a
    abs,
    sign,
    sin,
    cos,
    tan,
    asin,
    acos,
    atan,
    exp,
    log,
};

inline constexpr std::array<std::string_view, 19> formula_op_names{
    "parameter", "constant", "add", "subtract", "multiply", "divide", "scale_down", "power", "negate", "abs",
    "sign",      "sin",      "cos", "tan",      "asin",     "acos",   "atan",       "exp",   "log"};
static_assert(formula_op_names.size() == static_cast<std::size_t>(FormulaOp::log) + 1);

inline std::size_t operands_of(FormulaOp op) {
    if (op == FormulaOp::parameter || op == FormulaOp::constant) return 0;
    return op <= FormulaOp::power ? 2 : 1;
}

// Zero operands of sums and products are treated as Qiskit does, which decides the sign of zeros.
inline double qiskit_product(double a, double b) { return a == 0.0 ? a : b == 0.0 ? b : a * b; }

inline double qiskit_quotient(double a, double b) {
    if (b == -1.0) return -a;
    const double scale = 1.0 / b;
    return 1.0 / scale == b ? qiskit_product(a, scale) : a / b;
}

// The value of an operation; `b` is ignored where it takes one operand.
inline double apply(FormulaOp op, double a, double b) {
    switch (op) {
        case FormulaOp::parameter:
        case FormulaOp::constant:
            return a;
        case FormulaOp::add:
            return a == 0.0 ? b : b == 0.0 ? a : a + b;
        case FormulaOp::subtract:
            return a == 0.0 ? -b : b == 0.0 ? a : a - b;
        case FormulaOp::multiply:
            return qiskit_product(a, b);
        case FormulaOp::divide:
            return a == b ? 1.0 : a / b;
        case FormulaOp::scale_down:
            return a == b ? 1.0 : qiskit_quotient(a, b);
        case FormulaOp::power:
            return std::pow(a, b);
        case FormulaOp::negate:
            return -a;
        case FormulaOp::abs:
            return std::abs(a);
        case FormulaOp::sign:
            return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0;
        case FormulaOp::sin:
            return std::sin(a);
        case FormulaOp::cos:
            return std::cos(a);
        case FormulaOp::tan:
            return std::tan(a);
        case FormulaOp::asin:
            return std::asin(a);
        case FormulaOp::acos:
            return std::acos(a);
        case FormulaOp::atan:
            return std::atan(a);
        case FormulaOp::exp:
            return std::exp(a);
        case FormulaOp::log:
            return std::log(a);
    }
    return a;
}

}  // namespace ketjet
