#include "program/formulas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

#include "program/formula_op.hpp"

namespace ketjet {

namespace {

// Qiskit takes numbers within some rounding errors of 0, 1 and -1 for just these, when it adds, multiplies and divides.
// How many errors depends on its version.
constexpr double some_errors = 0x1p-45;
bool beside(double number, double target) { return number != target && std::abs(number - target) < some_errors; }
bool beside_zero(double number) { return beside(number, 0.0); }
bool beside_factor(double number) { return beside_zero(number) || beside(std::abs(number), 1.0); }

// Whether Qiskit may come to another value than `apply` did.
bool is_undecided(FormulaOp op, double a, double b, double value) {
    if (!std::isfinite(value)) return true;
    switch (op) {
        case FormulaOp::add:
        case FormulaOp::subtract:
            return beside_zero(a) || beside_zero(b);
        case FormulaOp::multiply:
            return beside_factor(a) || beside_factor(b);
        case FormulaOp::divide:
        case FormulaOp::scale_down:
            return b == 0.0 || beside_factor(a) || beside_factor(b) || beside_zero(a - b) || beside_zero(1.0 / b);
        case FormulaOp::power:  // which of integers is rounded to one
            return (value == 0.0) != (a == 0.0) || std::abs(value) >= 0x1p53 || beside(value, std::floor(value));
        case FormulaOp::sign:
            return beside_zero(a);
        default:
            return false;
    }
}

// As Python's and NumPy's remainder: in [0, 2 pi).
double reduced_phase(double angle) {
    constexpr double turn = 2.0 * std::numbers::pi;
    const double rest = std::fmod(angle, turn);
    if (rest == 0.0) return 0.0;
    return rest < 0.0 ? rest + turn : rest;
}

[[noreturn]] void refuse(std::size_t formula, const std::string& reason) {
    throw std::invalid_argument("formula " + std::to_string(formula) + ": " + reason);
}

// Points that are evaluated together.
constexpr std::size_t lanes = 8;
using Lanes = std::array<double, lanes>;

}  // namespace

Formulas::Formulas(std::size_t num_parameters, FormulaSlots slots, FormulaCode code)
    : num_parameters_(num_parameters), slots_(std::move(slots)), code_(std::move(code)) {
    const auto num_steps = static_cast<std::int64_t>(code_.ops.size());
    if (code_.begins.empty() || code_.begins.front() != 0 || code_.begins.back() != num_steps ||
        !std::ranges::is_sorted(code_.begins) || code_.operands.size() != code_.ops.size() ||
        code_.ordered.size() != num_formulas()) {
        throw std::invalid_argument("the columns of formulas do not fit together");
    }
    check_slots();
    for (std::size_t formula = 0; formula < num_formulas(); ++formula) {
        depth_ = std::max(depth_, checked_depth(formula));
    }
}

void Formulas::check_slots() const {
    const auto in_range = [](const std::vector<std::int64_t>& numbers, std::size_t end) {
        return std::ranges::all_of(
            numbers, [end](std::int64_t number) { return number >= 0 && static_cast<std::size_t>(number) < end; });
    };
    if (slots_.slots.size() != slots_.formulas.size() || !in_range(slots_.slots, num_slots()) ||
        !in_range(slots_.formulas, num_formulas()) || !in_range(slots_.phases, num_slots())) {
        throw std::invalid_argument("the slots of formulas do not fit together");
    }
}

std::size_t Formulas::checked_depth(std::size_t formula) const {
    const auto begin = static_cast<std::size_t>(code_.begins[formula]);
    const auto end = static_cast<std::size_t>(code_.begins[formula + 1]);
    std::size_t depth = 0;
    std::size_t deepest = 0;
    for (std::size_t step = begin; step < end; ++step) {
        if (code_.ops[step] >= formula_op_names.size()) refuse(formula, "unknown operation");
        const auto op = static_cast<FormulaOp>(code_.ops[step]);
        const std::size_t taken = operands_of(op);
        if (taken == 0) {
            const std::size_t limit = op == FormulaOp::parameter ? num_parameters_ : code_.constants.size();
            if (code_.operands[step] < 0 || static_cast<std::size_t>(code_.operands[step]) >= limit) {
                refuse(formula, "operand out of range");
            }
        }
        if (depth < taken) refuse(formula, "too few operands");
        depth = depth - taken + 1;
        deepest = std::max(deepest, depth);
    }
    if (begin == end && code_.ordered[formula] != 0) refuse(formula, "no code");
    if (begin != end && depth != 1) refuse(formula, "it leaves more than one value");
    return deepest;
}

// Some points that are evaluated together.
struct Formulas::Batch {
    explicit Batch(const Formulas& of)
        : parameters(of.num_parameters()), results(of.num_formulas()), stack(of.depth_ + 1) {}

    // Takes the values of points; spare lanes get those of the last one.
    void take(std::span<const double> values, std::size_t count) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const auto point = values.subspan(std::min(lane, count - 1) * parameters.size(), parameters.size());
            for (std::size_t i = 0; i < point.size(); ++i) parameters[i][lane] = point[i];
        }
    }

    std::vector<Lanes> parameters;
    std::vector<Lanes> results;         // of formulas
    std::array<bool, lanes> undecided;  // of the last formula
    std::vector<Lanes> stack;
};

void Formulas::evaluate(std::size_t formula, Batch& batch) const {
    if (code_.ordered[formula] == 0) {
        batch.undecided.fill(true);
        return;
    }
    batch.undecided.fill(false);
    const auto end = static_cast<std::size_t>(code_.begins[formula + 1]);
    std::size_t depth = 0;
    for (auto step = static_cast<std::size_t>(code_.begins[formula]); step < end; ++step) {
        const auto op = static_cast<FormulaOp>(code_.ops[step]);
        const auto operand = static_cast<std::size_t>(code_.operands[step]);
        depth -= operands_of(op);
        Lanes& a = batch.stack[depth++];
        if (op == FormulaOp::parameter) {
            a = batch.parameters[operand];
            continue;
        }
        if (op == FormulaOp::constant) {
            a.fill(code_.constants[operand]);
            continue;
        }
        const Lanes& b = batch.stack[depth];  // of an op with one operand, anything
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const double value = apply(op, a[lane], b[lane]);
            if (is_undecided(op, a[lane], b[lane], value)) batch.undecided[lane] = true;
            a[lane] = value;
        }
    }
    batch.results[formula] = batch.stack[0];
}

void Formulas::fill(const Batch& batch, std::size_t lane, std::span<double> slots) const {
    std::ranges::copy(slots_.numbers, slots.begin());
    for (std::size_t i = 0; i < slots_.slots.size(); ++i) {
        slots[static_cast<std::size_t>(slots_.slots[i])] =
            batch.results[static_cast<std::size_t>(slots_.formulas[i])][lane];
    }
    for (const std::int64_t phase : slots_.phases) {
        double& angle = slots[static_cast<std::size_t>(phase)];
        angle = reduced_phase(angle);
    }
}

std::vector<Formulas::Undecided> Formulas::evaluate(std::span<const double> values, std::span<double> slots) const {
    const std::size_t num_points = num_slots() == 0 ? 0 : slots.size() / num_slots();
    if (slots.size() != num_points * num_slots() || values.size() != num_points * num_parameters_) {
        throw std::invalid_argument("values or slots of formulas have a wrong size");
    }
    std::vector<Undecided> undecided;
    Batch batch(*this);
    for (std::size_t first = 0; first < num_points; first += lanes) {
        const std::size_t count = std::min(lanes, num_points - first);
        batch.take(values.subspan(first * num_parameters_, count * num_parameters_), count);
        for (std::size_t formula = 0; formula < num_formulas(); ++formula) {
            evaluate(formula, batch);
            for (std::size_t lane = 0; lane < count; ++lane) {
                if (!batch.undecided[lane]) continue;
                undecided.push_back({static_cast<std::int64_t>(first + lane), static_cast<std::int64_t>(formula)});
            }
        }
        for (std::size_t lane = 0; lane < count; ++lane) {
            fill(batch, lane, slots.subspan((first + lane) * num_slots(), num_slots()));
        }
    }
    std::ranges::sort(undecided);
    return undecided;
}

}  // namespace ketjet
