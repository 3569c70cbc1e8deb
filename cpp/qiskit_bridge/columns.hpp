// The columns of a packed program while a circuit is read, and those of its slots whose angles are expressions.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "program/packed_program.hpp"

namespace ketjet::qiskit_bridge {

namespace py = pybind11;

// The columns of a program, as the engine takes them.
class Columns {
 public:
    void add(std::int32_t code, std::uint32_t controls, std::int64_t operand, const std::uint32_t* qubits,
             std::uint32_t count) {
        codes_.push_back(code);
        num_controls_.push_back(static_cast<std::uint16_t>(controls));
        control_state_.push_back((std::uint64_t{1} << controls) - 1);
        operand_.push_back(operand);
        for (std::uint32_t i = 0; i < count; ++i) wires_.push_back(static_cast<std::int32_t>(qubits[i]));
        wire_begin_.push_back(static_cast<std::uint32_t>(wires_.size()));
        slot_begin_.push_back(static_cast<std::uint32_t>(slots_.size()));
    }
    // Room for so many rows, so that they need not be moved.
    void reserve(std::size_t rows) {
        codes_.reserve(rows);
        wire_begin_.reserve(rows + 1);
        num_controls_.reserve(rows);
        control_state_.reserve(rows);
        slot_begin_.reserve(rows + 1);
        operand_.reserve(rows);
    }
    // To be called before `add`.
    void add_slot(double value) { slots_.push_back(value); }
    std::size_t num_operations() const { return codes_.size(); }
    std::size_t num_slots() const { return slots_.size(); }
    bool is_finite() const {
        return std::ranges::all_of(slots_, [](double slot) { return slot - slot == 0; });
    }

    // Renumbers the qubits by those in use; returns these.
    std::vector<std::int32_t> close_gaps() {
        const std::int32_t most = wires_.empty() ? -1 : *std::ranges::max_element(wires_);
        std::vector<std::int32_t> numbers(static_cast<std::size_t>(most + 1), -1), used;
        for (const std::int32_t wire : wires_) numbers[static_cast<std::size_t>(wire)] = 0;
        for (std::int32_t wire = 0; wire <= most; ++wire) {
            if (numbers[static_cast<std::size_t>(wire)] < 0) continue;
            numbers[static_cast<std::size_t>(wire)] = static_cast<std::int32_t>(used.size());
            used.push_back(wire);
        }
        for (std::int32_t& wire : wires_) wire = numbers[static_cast<std::size_t>(wire)];
        return used;
    }

    // For the engine alone, in place of arrays; the numbers of qubits and classical bits are still to be given. To be
    // called once.
    py::capsule packed() {
        auto program = std::make_unique<PackedProgram>();
        program->codes = std::move(codes_);
        program->wire_begin = std::move(wire_begin_);
        program->wires = std::move(wires_);
        program->num_controls = std::move(num_controls_);
        program->control_state = std::move(control_state_);
        program->slot_begin = std::move(slot_begin_);
        program->slots = std::move(slots_);
        program->operand = std::move(operand_);
        return py::capsule(program.release(), packed_program_capsule,
                           [](void* owned) { delete static_cast<PackedProgram*>(owned); });
    }

    // To be called once.
    py::tuple arrays() {
        using bindings::to_array;
        return py::make_tuple(to_array(std::move(codes_)), to_array(std::move(wire_begin_)),
                              to_array(std::move(wires_)), to_array(std::move(num_controls_)),
                              to_array(std::move(control_state_)), to_array(std::move(slot_begin_)),
                              to_array(std::move(slots_)), to_array(std::move(operand_)));
    }

 private:
    std::vector<std::int32_t> codes_;
    std::vector<std::uint32_t> wire_begin_{0};
    std::vector<std::int32_t> wires_;
    std::vector<std::uint16_t> num_controls_;
    std::vector<std::uint64_t> control_state_;
    std::vector<std::uint32_t> slot_begin_{0};
    std::vector<double> slots_;
    std::vector<std::int64_t> operand_;
};

// What is known of the slots whose angles are expressions of parameters, and of these expressions. A parameter by
// itself is one expression wherever it stands; all others are taken for different ones.
class Unbound {
 public:
    explicit Unbound(std::size_t parameters) : expression_of_parameter_(parameters, -1) {}

    bool empty() const { return slots_.empty(); }
    // An angle that is a parameter.
    void add_parameter(std::size_t parameter, std::size_t slot, std::int64_t instruction, std::int32_t gate) {
        std::int64_t& expression = expression_of_parameter_[parameter];
        if (expression < 0) expression = new_expression(static_cast<std::int64_t>(parameter));
        add(expression, slot, instruction, gate);
    }
    // Any other, which is this one of an instruction's angles.
    void add_expression(std::int64_t position, std::size_t slot, std::int64_t instruction, std::int32_t gate) {
        const std::int64_t expression = new_expression(-1);
        others_.insert(others_.end(), {expression, instruction, position});
        add(expression, slot, instruction, gate);
    }

    // By slot its number, its expression, instruction and gate; by expression the parameter that it is, or -1; of those
    // that are none their number, instruction and position there. To be called once.
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
    void add(std::int64_t expression, std::size_t slot, std::int64_t instruction, std::int32_t gate) {
        slots_.push_back(static_cast<std::int64_t>(slot));
        numbers_.push_back(expression);
        instructions_.push_back(instruction);
        gates_.push_back(gate);
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
