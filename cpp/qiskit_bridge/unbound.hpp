// What is known of the slots whose angles are expressions of parameters, and of these expressions. A parameter by
// itself is one expression wherever it stands; who adds others tells which are the same.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"

namespace ketjet::qiskit_bridge {

namespace py = pybind11;

// An instruction of the circuit that is read. The gate is its code; of an operation with blocks it is -2 - its kind, of
// one with a definition `first_definition` - its number, and -1 of the circuit's global phase, whose number is -1.
struct Origin {
    std::int64_t instruction;
    std::int32_t gate;
};

constexpr std::int32_t first_definition = -16;

class Unbound {
 public:
    explicit Unbound(std::size_t parameters) : expression_of_parameter_(parameters, -1) {}

    std::size_t size() const { return slots_.size(); }
    std::size_t num_parameters() const { return expression_of_parameter_.size(); }
    // An angle that is a parameter.
    void add_parameter(std::size_t parameter, std::size_t slot, const Origin& origin) {
        std::int64_t& expression = expression_of_parameter_[parameter];
        if (expression < 0) expression = new_expression(static_cast<std::int64_t>(parameter));
        add(expression, slot, origin);
    }
    // Any other, which is this one of an instruction's angles; returns its number.
    std::int64_t add_expression(std::int64_t position, std::size_t slot, const Origin& origin) {
        const std::int64_t expression = new_expression(-1);
        others_.insert(others_.end(), {expression, origin.instruction, position});
        add(expression, slot, origin);
        return expression;
    }
    // One that has a number.
    void add(std::int64_t expression, std::size_t slot, const Origin& origin) {
        slots_.push_back(static_cast<std::int64_t>(slot));
        numbers_.push_back(expression);
        instructions_.push_back(origin.instruction);
        gates_.push_back(origin.gate);
    }
    // Forgets all slots but so many.
    void truncate(std::size_t size) {
        if (size == slots_.size()) return;
        slots_.resize(size);
        numbers_.resize(size);
        instructions_.resize(size);
        gates_.resize(size);
        std::int64_t expressions = 0;
        for (const std::int64_t number : numbers_) expressions = std::max(expressions, number + 1);
        parameters_.resize(static_cast<std::size_t>(expressions));
        while (!others_.empty() && others_[others_.size() - 3] >= expressions) others_.resize(others_.size() - 3);
        for (std::int64_t& expression : expression_of_parameter_) {
            if (expression >= expressions) expression = -1;
        }
    }
    // Appends some of them once more, so many slots further.
    void repeat(std::size_t begin, std::size_t end, std::size_t shift) {
        for (std::size_t i = begin; i < end; ++i) {
            add(numbers_[i], static_cast<std::size_t>(slots_[i]) + shift, {instructions_[i], gates_[i]});
        }
    }
    // Takes over the numbers of expressions, but no slots.
    void begin_like(const Unbound& other) {
        expression_of_parameter_ = other.expression_of_parameter_;
        parameters_ = other.parameters_;
        others_ = other.others_;
    }
    // Appends those of another one that has the same numbers, between two slots, so many slots further.
    void append(const Unbound& from, std::size_t begin, std::size_t end, std::size_t shift) {
        const auto first = std::ranges::lower_bound(from.slots_, static_cast<std::int64_t>(begin));
        const auto last = std::ranges::lower_bound(from.slots_, static_cast<std::int64_t>(end));
        for (auto slot = first; slot != last; ++slot) {
            const auto i = static_cast<std::size_t>(slot - from.slots_.begin());
            add(from.numbers_[i], static_cast<std::size_t>(*slot) + shift, {from.instructions_[i], from.gates_[i]});
        }
    }
    // Appends those of a definition. Of these expressions the instruction is the definition's number, and the position
    // -2 - their number there.
    void put_in(const Unbound& definition, std::size_t shift, std::int64_t instruction, std::int64_t number) {
        std::vector<std::int64_t> own(definition.parameters_.size(), -1);
        for (std::size_t i = 0; i < definition.size(); ++i) {
            std::int64_t& expression = own[static_cast<std::size_t>(definition.numbers_[i])];
            if (expression < 0) {
                expression = new_expression(-1);
                others_.insert(others_.end(), {expression, number, -2 - definition.numbers_[i]});
            }
            add(expression, static_cast<std::size_t>(definition.slots_[i]) + shift,
                {instruction, first_definition - static_cast<std::int32_t>(number)});
        }
    }

    // By expression the parameter that it is, or -1; of those that are none their number, instruction and position.
    py::tuple expressions() const { return py::make_tuple(py::cast(parameters_), py::cast(others_)); }
    // By slot its number, its expression, instruction and gate; by expression the parameter that it is, or -1; of those
    // that are none their number, instruction and position there, or what `put_in` says. To be called once.
    py::tuple columns() {
        using bindings::to_array;
        const auto others = static_cast<py::ssize_t>(others_.size() / 3);
        return py::make_tuple(to_array(std::move(slots_)), to_array(std::move(numbers_)),
                              to_array(std::move(instructions_)), to_array(std::move(gates_)),
                              to_array(std::move(parameters_)), to_array(std::move(others_), {others, 3}));
    }

 private:
    std::int64_t new_expression(std::int64_t parameter) {
        parameters_.push_back(parameter);
        return static_cast<std::int64_t>(parameters_.size()) - 1;
    }

    std::vector<std::int64_t> expression_of_parameter_;
    std::vector<std::int64_t> slots_;
    std::vector<std::int64_t> numbers_;
    std::vector<std::int64_t> instructions_;
    std::vector<std::int32_t> gates_;
    std::vector<std::int64_t> parameters_;
    std::vector<std::int64_t> others_;
};

}  // namespace ketjet::qiskit_bridge
