// The mark of a circuit: a hash of all that acts on a state, by which a circuit that somebody has changed is told from
// the one that was read before. It takes about a third of the time of reading. To be included behind qiskit.h.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "qiskit_bridge/expression_text.hpp"

namespace ketjet::qiskit_bridge {

class CircuitMark {
 public:
    explicit CircuitMark(QkCircuit* circuit) : circuit_(circuit) {
        wires_.add(std::uint64_t{qk_circuit_num_qubits(circuit)});
    }

    // Adds an instruction; false for one whose meaning the C API does not show in full.
    bool add(std::size_t index) {
        const QkOperationKind kind = qk_circuit_instruction_kind(circuit_, index);
        if (kind == QkOperationKind_Barrier) return true;
        const bool is_delay = kind == QkOperationKind_Delay;  // it does nothing, but may have parameters
        if (is_delay) return !has_symbols_;
        const bool is_gate = kind == QkOperationKind_Gate, is_matrix = kind == QkOperationKind_Unitary;
        if (!is_gate && !is_matrix && kind != QkOperationKind_Reset) return false;
        QkCircuitInstructionView view;
        qk_circuit_view_instruction(circuit_, index, &view);
        // A standard gate's name is the same text in memory wherever it is.
        operations_.add(is_gate ? std::uint64_t{reinterpret_cast<std::uintptr_t>(view.name)}
                                : static_cast<std::uint64_t>(kind) << 32 | view.num_qubits);
        for (std::uint32_t i = 0; i < view.num_qubits; i += 2) {
            const std::uint64_t second = i + 1 < view.num_qubits ? view.qubits[i + 1] : 0;
            wires_.add(second << 32 | view.qubits[i]);
        }
        if (is_matrix) return add_matrix(index, view.num_qubits);
        const auto* const bytes = reinterpret_cast<const char*>(view.params);
        for (std::size_t i = 0; i < view.num_params; ++i) {
            if (!add_angle(static_cast<const QkParam*>(static_cast<const void*>(bytes + i * parameter_stride_)))) {
                return false;
            }
        }
        return true;
    }
    bool add_phase() {
        QkParam* const phase = qk_circuit_global_phase(circuit_);
        const bool added = add_angle(phase);
        qk_param_free(phase);
        return added;
    }
    std::uint64_t finish() const {
        SequenceHash all = angles_;
        all.add(operations_.finish());
        all.add(wires_.finish());
        return all.finish();
    }

 private:
    static constexpr std::uint32_t max_matrix_qubits = 6;  // a larger one takes longer to be copied than to be applied

    void add_text(std::string_view text) {
        for (std::size_t begin = 0; begin < text.size(); begin += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + begin, std::min(sizeof word, text.size() - begin));
            angles_.add(word);
        }
    }
    bool add_angle(const QkParam* angle) {
        switch (qk_param_kind(angle)) {
            case QkParamKind_Real:
                angles_.add(std::bit_cast<std::uint64_t>(qk_param_as_real(angle)));
                return true;
            case QkParamKind_ParameterExpression: {
                const ExpressionText text(angle);
                angles_.add(std::uint64_t{text.view().size()});
                add_text(text.view());
                return true;
            }
            default:
                return false;
        }
    }
    bool add_matrix(std::size_t index, std::uint32_t num_qubits) {
        if (num_qubits == 0 || num_qubits > max_matrix_qubits) return false;
        matrix_.resize(std::size_t{1} << 2 * num_qubits);
        qk_circuit_inst_unitary(circuit_, index, reinterpret_cast<QkComplex64*>(matrix_.data()));
        std::array<SequenceHash, 4> parts;
        for (std::size_t i = 0; i < matrix_.size(); i += 2) {
            for (std::size_t k = 0; k < 2; ++k) {
                parts[2 * k].add(std::bit_cast<std::uint64_t>(matrix_[i + k].real()));
                parts[2 * k + 1].add(std::bit_cast<std::uint64_t>(matrix_[i + k].imag()));
            }
        }
        for (const SequenceHash& part : parts) angles_.add(part.finish());
        return true;
    }

    QkCircuit* circuit_;
    bool has_symbols_ = qk_circuit_num_param_symbols(circuit_) > 0;
    std::size_t parameter_stride_ = qk_param_stride();
    // The words of one hash wait for each other, those of several do not.
    SequenceHash operations_;
    SequenceHash wires_;
    SequenceHash angles_;
    std::vector<std::complex<double>> matrix_;
};

}  // namespace ketjet::qiskit_bridge
