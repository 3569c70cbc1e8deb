// Reads one plain instruction at a time into a draft: gates, matrices, measurements, resets, and what has no effect.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "program/matrix.hpp"
#include "qiskit_bridge/draft.hpp"
#include "qiskit_bridge/expression_text.hpp"
#include "qiskit_bridge/parameter_names.hpp"
#include "qiskit_bridge/qiskit_api.hpp"
#include "qiskit_bridge/settings.hpp"

namespace ketjet::qiskit_bridge {

// What has become of an instruction.
enum class Read { operations, nothing, left };

// Where instructions stand.
struct Site {
    QkCircuit* circuit;
    const std::uint32_t* qubits;  // the numbers that the circuit's own have in the program
    const std::uint32_t* clbits;
    Origin around;  // the instruction of the outermost circuit whose block it is; none if the gate is -1
};

class PlainInstructions {
 public:
    // `qubits` is how many numbers of qubits there are, `starts_in_zero` whether they are known to be in state zero.
    PlainInstructions(const Settings& settings, const std::vector<std::string>& parameters, Draft& draft,
                      std::size_t qubits, bool starts_in_zero, bool may_have_been_touched)
        : settings_(settings),
          names_(parameters),
          draft_(draft),
          starts_in_zero_(starts_in_zero),
          touched_(qubits, may_have_been_touched ? Touched::perhaps : Touched::no) {}

    bool measures() const { return measures_; }

    Read read(const Site& site, std::size_t index, QkOperationKind kind) {
        if (kind == QkOperationKind_Barrier || kind == QkOperationKind_Delay) return Read::nothing;
        QkCircuitInstructionView view;
        qk_circuit_view_instruction(site.circuit, index, &view);
        const Read found = read_view(site, index, kind, view);
        if (found != Read::nothing) {
            touch(site, view, found == Read::operations ? Touched::yes : Touched::perhaps);
        }
        return found;
    }
    // Notes that an instruction that something else reads may act on its qubits, or certainly does.
    void touch(const Site& site, const QkCircuitInstructionView& view, bool certainly) {
        touch(site, view, certainly ? Touched::yes : Touched::perhaps);
    }
    // The global phase of a block; false if it cannot be read here.
    bool read_phase(const Site& site) {
        const OwnedParameter phase(qk_circuit_global_phase(site.circuit));
        const QkParamKind kind = qk_param_kind(phase.get());
        if (kind == QkParamKind_Real) {
            const double angle = qk_param_as_real(phase.get());
            if (angle == 0) return true;
            draft_.columns.add_slot(angle);
            draft_.columns.add(settings_.global_phase);
            return true;
        }
        if (kind != QkParamKind_ParameterExpression ||
            !read_expression(site, site.around.instruction, 0, phase.get(), -1))
            return false;
        draft_.columns.add(settings_.global_phase);
        return true;
    }

 private:
    struct Seen {
        const char* name;
        std::size_t length;
        const Row* row;
    };
    enum class Touched : std::uint8_t { no, perhaps, yes };

    void touch(const Site& site, const QkCircuitInstructionView& view, Touched how) {
        for (std::uint32_t i = 0; i < view.num_qubits; ++i) {
            Touched& touched = touched_[site.qubits[view.qubits[i]]];
            touched = std::max(touched, how);
        }
    }

    Read read_view(const Site& site, std::size_t index, QkOperationKind kind, const QkCircuitInstructionView& view) {
        switch (kind) {
            case QkOperationKind_Gate:
                return read_gate(site, index, view);
            case QkOperationKind_Measure:
                measures_ = true;
                draft_.columns.add(settings_.measure, 0, site.clbits[view.clbits[0]], qubits_of(view), site.qubits);
                return Read::operations;
            case QkOperationKind_Reset:
                return read_reset(site, view);
            case QkOperationKind_Unitary:
                return read_matrix(site, index, view);
            case QkOperationKind_PauliProductRotation:
                return read_rotation(site, index, view);
            default:
                return Read::left;
        }
    }

    static std::span<const std::uint32_t> qubits_of(const QkCircuitInstructionView& view) {
        return {view.qubits, view.num_qubits};
    }

    // Qubits that nothing has acted on need no reset. What other instructions do to theirs is not known here.
    Read read_reset(const Site& site, const QkCircuitInstructionView& view) {
        const Touched before = touched_[site.qubits[view.qubits[0]]];
        if (starts_in_zero_ && before == Touched::perhaps) return Read::left;
        if (starts_in_zero_ && before == Touched::no) return Read::nothing;
        draft_.columns.add(settings_.reset, 0, -1, qubits_of(view), site.qubits);
        return Read::operations;
    }

    Read read_gate(const Site& site, std::size_t index, const QkCircuitInstructionView& view) {
        const Row* const known = row_of(view);
        if (known == nullptr) return Read::left;
        const Row& row = *known;
        if (row.is_identity) return Read::nothing;
        if (view.num_qubits != row.qubits || view.num_params != row.parameters) return Read::left;
        if (!read_angles(site, index, view, row.code)) return Read::left;
        draft_.columns.add(row.code, row.controls, -1, qubits_of(view), site.qubits);
        return Read::operations;
    }

    // The gate of that name, if the engine has it. A gate's name is the same text in memory wherever it is.
    const Row* row_of(const QkCircuitInstructionView& view) {
        Seen& seen = seen_[reinterpret_cast<std::uintptr_t>(view.name) % seen_.size()];
        if (seen.name != view.name || seen.length != view.name_len) {
            const auto found = settings_.gates.find(std::string_view(view.name, view.name_len));
            seen = {view.name, view.name_len, found == settings_.gates.end() ? nullptr : &found->second};
        }
        return seen.row;
    }

    const QkParam* parameter(const QkCircuitInstructionView& view, std::size_t position) const {
        const void* const bytes = reinterpret_cast<const char*>(view.params) + position * parameter_stride_;
        return static_cast<const QkParam*>(bytes);
    }

    // The angles of a gate, if all can be read here; else none.
    bool read_angles(const Site& site, std::size_t index, const QkCircuitInstructionView& view, std::int32_t gate) {
        const std::size_t unbound = draft_.unbound.size();
        for (std::size_t i = 0; i < view.num_params; ++i) {
            const QkParam* const angle = parameter(view, i);
            const QkParamKind kind = qk_param_kind(angle);
            if (kind == QkParamKind_Real) {  // of another kind `as_real` may end the process
                draft_.columns.add_slot(qk_param_as_real(angle));
            } else if (kind != QkParamKind_ParameterExpression ||
                       !read_expression(site, static_cast<std::int64_t>(index), i, angle, gate)) {
                draft_.columns.truncate(draft_.columns.num_operations());
                draft_.unbound.truncate(unbound);
                expressions_.clear();  // some may be forgotten
                return false;
            }
        }
        return true;
    }

    // An angle that is an expression. Inside a block only those can be told that are parameters, or known from outside.
    bool read_expression(const Site& site, std::int64_t instruction, std::size_t position, const QkParam* angle,
                         std::int32_t gate) {
        const bool is_in_block = site.around.gate != -1;
        const Origin origin = is_in_block ? site.around : Origin{instruction, gate};
        const ExpressionText text(angle);
        const std::size_t slot = draft_.columns.num_slots();
        if (const auto number = names_.find(text.view())) {
            draft_.unbound.add_parameter(*number, slot, origin);
        } else if (const auto known = expressions_.find(std::string(text.view()));
                   known != expressions_.end() && qk_param_equal(known->second.angle.get(), angle)) {
            draft_.unbound.add(known->second.number, slot, origin);
        } else if (is_in_block) {
            return false;
        } else {
            const std::int64_t added = draft_.unbound.add_expression(static_cast<std::int64_t>(position), slot, origin);
            expressions_.insert_or_assign(std::string(text.view()),
                                          Expression{OwnedParameter(qk_param_copy(angle)), added});
        }
        draft_.columns.add_slot(0);
        return true;
    }

    Read read_matrix(const Site& site, std::size_t index, const QkCircuitInstructionView& view) {
        if (view.num_qubits > settings_.max_matrix_qubits) return Read::left;
        std::vector<Complex> entries(std::size_t{1} << 2 * view.num_qubits);
        qk_circuit_inst_unitary(site.circuit, index, reinterpret_cast<QkComplex64*>(entries.data()));
        if (!(unitarity_error(std::size_t{1} << view.num_qubits, entries.data()) <= settings_.unitary_tolerance)) {
            return Read::left;  // a NaN is no error that compares
        }
        const auto number = static_cast<std::int64_t>(draft_.payloads.size());
        draft_.columns.add(settings_.unitary, 0, number, qubits_of(view), site.qubits);
        draft_.payloads.emplace_back(std::move(entries));
        return Read::operations;
    }

    // Of a single Pauli matrix it is a gate, and of none a phase.
    Read read_rotation(const Site& site, std::size_t index, const QkCircuitInstructionView& view) {
        QkPauliProductRotation rotation{};
        if (qk_circuit_inst_pauli_product_rotation(site.circuit, index, &rotation) != QkExitCode_Success) {
            return Read::left;
        }
        const std::unique_ptr<QkPauliProductRotation, Given<free_rotation>> owned(&rotation);
        if (rotation.len != view.num_qubits || view.num_params != 1) return Read::left;
        std::vector<std::uint32_t> qubits;
        Code paulis;
        for (std::size_t i = 0; i < rotation.len; ++i) {
            if (!rotation.x[i] && !rotation.z[i]) continue;
            qubits.push_back(view.qubits[i]);
            paulis.push_back(!rotation.z[i]  ? settings_.pauli_x
                             : rotation.x[i] ? settings_.pauli_y
                                             : settings_.pauli_z);
        }
        if (qubits.empty() || !read_angles(site, index, view, settings_.pauli_rotation)) return Read::left;
        if (qubits.size() == 1) {
            const char* const name = paulis[0] == settings_.pauli_x   ? "rx"
                                     : paulis[0] == settings_.pauli_y ? "ry"
                                                                      : "rz";
            draft_.columns.add(settings_.gates.find(name)->second.code, 0, -1, qubits, site.qubits);
        } else {
            const auto number = static_cast<std::int64_t>(draft_.payloads.size());
            draft_.columns.add(settings_.pauli_rotation, 0, number, qubits, site.qubits);
            draft_.payloads.emplace_back(std::move(paulis));
        }
        return Read::operations;
    }

    struct Expression {
        OwnedParameter angle;
        std::int64_t number;
    };

    const Settings& settings_;
    ParameterNames names_;
    std::unordered_map<std::string, Expression> expressions_;  // as they are written
    Draft& draft_;
    bool starts_in_zero_;
    bool measures_ = false;
    std::vector<Touched> touched_;  // by qubit
    std::array<Seen, 127> seen_{};
    std::size_t parameter_stride_ = qk_param_stride();
};

}  // namespace ketjet::qiskit_bridge
