// Formulas: how the slots of a program follow from the parameters of a circuit, for many points at once, and how a
// gradient by slots becomes one by parameters. Values are equal, bit for bit, to those that Qiskit computes, or are
// left to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ketjet {

// Postfix code of formulas, one after the other: formula f has the steps from begins[f] on. A formula without steps is
// one that only Qiskit can evaluate.
struct FormulaCode {
    std::vector<std::int64_t> begins{0};  // one more than formulas
    std::vector<std::uint8_t> ops;        // FormulaOp
    std::vector<std::int32_t> operands;   // of a step; 0 where the op takes none
    std::vector<double> constants;
    std::vector<std::uint8_t> ordered;  // by formula: whether Qiskit takes the same operations in the same order
};

// Which slots have which formula.
struct FormulaSlots {
    std::vector<double> numbers;         // all slots; those that have a formula hold anything
    std::vector<std::int64_t> slots;     // that have one
    std::vector<std::int64_t> formulas;  // of these slots
    std::vector<std::int64_t> phases;    // slots that are kept in [0, 2 pi)
};

class Formulas {
 public:
    // Throws std::invalid_argument if a number is out of range or a formula does not leave one value.
    Formulas(std::size_t num_parameters, FormulaSlots slots, FormulaCode code);

    std::size_t num_parameters() const { return num_parameters_; }
    std::size_t num_slots() const { return slots_.numbers.size(); }
    std::size_t num_formulas() const { return code_.begins.size() - 1; }

    struct Undecided {
        std::int64_t point;
        std::int64_t formula;
        auto operator<=>(const Undecided&) const = default;
    };

    // Fills slots (points x slots) from the values of parameters (points x parameters). What Qiskit must decide is
    // returned in order, and its slots hold anything: formulas that are not ordered, values that are not finite or
    // real, and those near 0, 1 and -1, which Qiskit may round.
    std::vector<Undecided> evaluate(std::span<const double> values, std::span<double> slots) const;

    // Adds to the gradient by parameters what follows from one by slots, at one point. Formulas that have no finite
    // derivative there, or no code, are left out and returned.
    std::vector<std::int64_t> pull_back(std::span<const double> values, std::span<const double> slot_gradient,
                                        std::span<double> gradient) const;

 private:
    struct Batch;
    struct Tape;
    void check_slots() const;
    std::size_t checked_depth(std::size_t formula) const;
    void evaluate(std::size_t formula, Batch& batch) const;
    void fill(const Batch& batch, std::size_t lane, std::span<double> slots) const;
    bool add_gradient(std::size_t formula, std::span<const double> values, double weight, Tape& tape,
                      std::span<double> gradient) const;

    std::size_t num_parameters_;
    FormulaSlots slots_;
    FormulaCode code_;
    std::size_t depth_ = 0;  // of the deepest stack
};

}  // namespace ketjet
