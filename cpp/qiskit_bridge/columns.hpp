// The columns of a packed program while a circuit is read: one row per operation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "program/packed_program.hpp"

namespace ketjet::qiskit_bridge {

class Columns {
 public:
    Columns() = default;
    explicit Columns(PackedProgram program)
        : codes_(std::move(program.codes)),
          wire_begin_(std::move(program.wire_begin)),
          wires_(std::move(program.wires)),
          num_controls_(std::move(program.num_controls)),
          control_state_(std::move(program.control_state)),
          slot_begin_(std::move(program.slot_begin)),
          slots_(std::move(program.slots)),
          operand_(std::move(program.operand)) {}

    // An operation on some qubits, of which `numbers` tells how the program counts them. Its slots come before it.
    void add(std::int32_t code, std::uint32_t controls, std::int64_t operand, std::span<const std::uint32_t> qubits,
             const std::uint32_t* numbers) {
        codes_.push_back(code);
        num_controls_.push_back(static_cast<std::uint16_t>(controls));
        control_state_.push_back((std::uint64_t{1} << controls) - 1);
        operand_.push_back(operand);
        for (const std::uint32_t qubit : qubits) wires_.push_back(static_cast<std::int32_t>(numbers[qubit]));
        wire_begin_.push_back(static_cast<std::uint32_t>(wires_.size()));
        slot_begin_.push_back(static_cast<std::uint32_t>(slots_.size()));
    }
    // An operation on no qubit.
    void add(std::int32_t code) { add(code, 0, -1, {}, nullptr); }
    // Room for so many rows, so that they need not be moved.
    void reserve(std::size_t rows) {
        codes_.reserve(rows);
        wire_begin_.reserve(rows + 1);
        num_controls_.reserve(rows);
        control_state_.reserve(rows);
        slot_begin_.reserve(rows + 1);
        operand_.reserve(rows);
    }
    void add_slot(double value) { slots_.push_back(value); }
    std::size_t num_operations() const { return codes_.size(); }
    std::size_t num_slots() const { return slots_.size(); }
    std::size_t slots_before(std::size_t operation) const { return slot_begin_[operation]; }
    bool is_finite() const {
        return std::ranges::all_of(slots_, [](double slot) { return slot - slot == 0; });
    }

    // Forgets all operations but so many, and slots of which there is no operation yet.
    void truncate(std::size_t operations) {
        codes_.resize(operations);
        num_controls_.resize(operations);
        control_state_.resize(operations);
        operand_.resize(operations);
        wire_begin_.resize(operations + 1);
        slot_begin_.resize(operations + 1);
        wires_.resize(wire_begin_.back());
        slots_.resize(slot_begin_.back());
    }
    // Appends a stretch of operations once more.
    void repeat(std::size_t begin, std::size_t end) { append(*this, begin, end); }
    // Appends a stretch of other operations.
    void append(const Columns& from, std::size_t begin, std::size_t end) {
        const auto wire = static_cast<std::uint32_t>(wires_.size()) - from.wire_begin_[begin];
        const auto slot = static_cast<std::uint32_t>(slots_.size()) - from.slot_begin_[begin];
        append(wires_, from.wires_, from.wire_begin_[begin], from.wire_begin_[end]);
        append(slots_, from.slots_, from.slot_begin_[begin], from.slot_begin_[end]);
        append(codes_, from.codes_, begin, end);
        append(num_controls_, from.num_controls_, begin, end);
        append(control_state_, from.control_state_, begin, end);
        append(operand_, from.operand_, begin, end);
        append(wire_begin_, from.wire_begin_, begin + 1, end + 1, wire);
        append(slot_begin_, from.slot_begin_, begin + 1, end + 1, slot);
    }
    // Appends all operations of a definition on other qubits and classical bits, its payloads behind so many.
    void put_in(const Columns& definition, const std::uint32_t* qubits, const std::uint32_t* clbits,
                std::int32_t measure, std::int64_t payloads) {
        const std::size_t wire = wires_.size(), operation = codes_.size();
        append(definition, 0, definition.num_operations());
        for (std::size_t i = wire; i < wires_.size(); ++i) {
            wires_[i] = static_cast<std::int32_t>(qubits[static_cast<std::size_t>(wires_[i])]);
        }
        for (std::size_t i = operation; i < operand_.size(); ++i) {
            std::int64_t& operand = operand_[i];
            if (operand < 0) continue;
            operand = codes_[i] == measure ? clbits[static_cast<std::size_t>(operand)] : operand + payloads;
        }
    }
    void set_operand(std::size_t operation, std::int64_t operand) { operand_[operation] = operand; }
    // Drops operations that have neither qubits nor slots.
    void keep(const std::vector<bool>& kept) {
        std::size_t next = 0;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            if (!kept[i]) continue;
            codes_[next] = codes_[i];
            num_controls_[next] = num_controls_[i];
            control_state_[next] = control_state_[i];
            operand_[next] = operand_[i];
            ++next;
            wire_begin_[next] = wire_begin_[i + 1];
            slot_begin_[next] = slot_begin_[i + 1];
        }
        truncate(next);
    }

    struct Shape {
        std::uint32_t wires;
        std::uint32_t slots;
        std::uint32_t controls;
        std::uint64_t state;
    };
    Shape shape(std::size_t operation) const {
        return {wire_begin_[operation + 1] - wire_begin_[operation],
                slot_begin_[operation + 1] - slot_begin_[operation], num_controls_[operation],
                control_state_[operation]};
    }
    std::int32_t code(std::size_t operation) const { return codes_[operation]; }
    std::int64_t operand(std::size_t operation) const { return operand_[operation]; }

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

    // All columns, as those of a program whose qubits, classical bits and payloads are still to be given.
    PackedProgram take() {
        PackedProgram program;
        program.codes = std::move(codes_);
        program.wire_begin = std::move(wire_begin_);
        program.wires = std::move(wires_);
        program.num_controls = std::move(num_controls_);
        program.control_state = std::move(control_state_);
        program.slot_begin = std::move(slot_begin_);
        program.slots = std::move(slots_);
        program.operand = std::move(operand_);
        return program;
    }

 private:
    // The values may be those of the same column.
    template <class T>
    static void append(std::vector<T>& values, const std::vector<T>& from, std::size_t begin, std::size_t end,
                       T shift = {}) {
        const std::size_t before = values.size();
        values.resize(before + end - begin);
        for (std::size_t i = begin; i < end; ++i) values[before + i - begin] = from[i] + shift;
    }

    std::vector<std::int32_t> codes_;
    std::vector<std::uint32_t> wire_begin_{0};
    std::vector<std::int32_t> wires_;
    std::vector<std::uint16_t> num_controls_;
    std::vector<std::uint64_t> control_state_;
    std::vector<std::uint32_t> slot_begin_{0};
    std::vector<double> slots_;
    std::vector<std::int64_t> operand_;
};

}  // namespace ketjet::qiskit_bridge
