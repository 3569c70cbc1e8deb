// The extension _qiskit_bridge: reads circuits of nothing but plain gates, matrices, measurements and barriers through
// Qiskit's C API, in tens of nanoseconds an instruction, into the columns of a packed program. All other circuits are
// left to the Python lowering. The C API's tables belong to one translation unit, so this is the only one there is; and
// they are stable within a minor version only, so the extension refuses to be imported beside another one.
#define QISKIT_PYTHON_EXTENSION
#include <Python.h>
#include <qiskit.h>
//
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <complex>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/gil.hpp"

namespace py = pybind11;

namespace {

// What the engine's gate table says about a gate.
struct Row {
    std::int32_t code;
    std::uint32_t controls;
    std::uint32_t qubits;
    std::size_t parameters;
};

// The engine's codes of what is no gate.
struct Codes {
    std::int32_t measure;
    std::int32_t unitary;
    std::int32_t global_phase;
};

using ketjet::bindings::let_others_run;
using ketjet::bindings::NoCollection;
using ketjet::bindings::ReleasedGil;
using ketjet::bindings::to_array;

// So many instructions are read without a pause: about a millisecond.
constexpr std::size_t instructions_at_once = 8192;

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

    // To be called once.
    py::tuple arrays() {
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

// One circuit on its way into columns. While it is read nothing here owns a Python object: up to Python 3.13 a thread
// that waits for the GIL at the end of the interpreter is unwound.
class Reading {
 public:
    Reading(const std::map<std::string, Row, std::less<>>& gates, const Codes& codes, std::uint32_t max_matrix_qubits,
            QkCircuit* circuit)
        : gates_(gates), codes_(codes), max_matrix_qubits_(max_matrix_qubits), circuit_(circuit) {}

    // Whether the circuit holds nothing but what can be read here.
    bool read(double global_phase) {
        const std::size_t count = qk_circuit_num_instructions(circuit_);
        columns_.reserve(count + 1);
        for (std::size_t i = 0; i < count; ++i) {
            if (i % instructions_at_once == instructions_at_once - 1 && !pause(count)) return false;
            if (!read_instruction(i)) return false;
        }
        if (global_phase != 0) {
            columns_.add_slot(global_phase);
            columns_.add(codes_.global_phase, 0, -1, nullptr, 0);
        }
        const ReleasedGil released;
        return columns_.is_finite();
    }
    // Qubits, columns, matrices, whether there is a measurement; to be called once.
    py::tuple result(bool keep_idle_qubits) {
        std::vector<std::int32_t> used;
        if (!keep_idle_qubits) {
            const ReleasedGil released;
            used = columns_.close_gaps();
        }
        const NoCollection while_made;
        py::object qubits = py::none();
        if (!keep_idle_qubits) qubits = py::tuple(py::cast(used));
        py::list matrices;
        for (Matrix& matrix : matrices_) {
            matrices.append(to_array(std::move(matrix.entries), {matrix.dimension, matrix.dimension}));
        }
        return py::make_tuple(std::move(qubits), columns_.arrays(), std::move(matrices), measures_);
    }

 private:
    struct Matrix {
        py::ssize_t dimension;
        std::vector<std::complex<double>> entries;
    };

    // Gives other threads and signal handlers their turn; false if they have changed the circuit.
    bool pause(std::size_t count) const {
        let_others_run();
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        return qk_circuit_num_instructions(circuit_) == count;
    }

    bool read_instruction(std::size_t index) {
        QkCircuitInstructionView view;
        switch (qk_circuit_instruction_kind(circuit_, index)) {
            case QkOperationKind_Barrier:
                return true;
            case QkOperationKind_Gate:
                qk_circuit_view_instruction(circuit_, index, &view);
                return read_gate(view);
            case QkOperationKind_Measure:
                qk_circuit_view_instruction(circuit_, index, &view);
                measures_ = true;
                columns_.add(codes_.measure, 0, view.clbits[0], view.qubits, 1);
                return true;
            case QkOperationKind_Unitary:
                qk_circuit_view_instruction(circuit_, index, &view);
                return read_matrix(index, view);
            default:
                return false;
        }
    }

    bool read_gate(const QkCircuitInstructionView& view) {
        const auto found = gates_.find(std::string_view(view.name, view.name_len));
        if (found == gates_.end()) return false;
        const Row& row = found->second;
        if (view.num_qubits != row.qubits || view.num_params != row.parameters) return false;
        for (std::size_t i = 0; i < view.num_params; ++i) {
            const void* const bytes = reinterpret_cast<const char*>(view.params) + i * parameter_stride_;
            const auto* const parameter = static_cast<const QkParam*>(bytes);
            if (qk_param_kind(parameter) != QkParamKind_Real) return false;  // as_real would end the process
            columns_.add_slot(qk_param_as_real(parameter));
        }
        columns_.add(row.code, row.controls, -1, view.qubits, view.num_qubits);
        return true;
    }

    bool read_matrix(std::size_t index, const QkCircuitInstructionView& view) {
        if (view.num_qubits > max_matrix_qubits_) return false;
        const py::ssize_t dimension = py::ssize_t{1} << view.num_qubits;
        Matrix matrix{dimension, std::vector<std::complex<double>>(static_cast<std::size_t>(dimension * dimension))};
        qk_circuit_inst_unitary(circuit_, index, reinterpret_cast<QkComplex64*>(matrix.entries.data()));
        columns_.add(codes_.unitary, 0, static_cast<std::int64_t>(matrices_.size()), view.qubits, view.num_qubits);
        matrices_.push_back(std::move(matrix));
        return true;
    }

    const std::map<std::string, Row, std::less<>>& gates_;
    const Codes& codes_;
    std::uint32_t max_matrix_qubits_;
    QkCircuit* circuit_;
    std::size_t parameter_stride_ = qk_param_stride();
    Columns columns_;
    std::vector<Matrix> matrices_;
    bool measures_ = false;
};

class Reader {
 public:
    Reader(const std::map<std::string, std::tuple<std::int32_t, std::uint32_t, std::uint32_t, std::size_t>>& gates,
           std::int32_t measure, std::int32_t unitary, std::int32_t global_phase, std::uint32_t max_matrix_qubits)
        : codes_{measure, unitary, global_phase}, max_matrix_qubits_(max_matrix_qubits) {
        for (const auto& [name, row] : gates) {
            const auto& [code, controls, targets, parameters] = row;
            gates_.emplace(name, Row{code, controls, controls + targets, parameters});
        }
    }

    std::optional<py::tuple> read(const py::object& circuit_data, double global_phase, bool keep_idle_qubits) const {
        QkCircuit* const circuit = qk_circuit_borrow_from_python(circuit_data.ptr());
        if (circuit == nullptr) throw py::error_already_set();
        Reading reading(gates_, codes_, max_matrix_qubits_, circuit);
        if (!reading.read(global_phase)) return std::nullopt;
        return reading.result(keep_idle_qubits);
    }

 private:
    std::map<std::string, Row, std::less<>> gates_;
    Codes codes_;
    std::uint32_t max_matrix_qubits_;
};

std::uint32_t minor_version(std::uint32_t version) { return version >> 16; }

}  // namespace

PYBIND11_MODULE(_qiskit_bridge, m) {
    if (qk_import() < 0) throw py::error_already_set();
    if (minor_version(qk_api_version()) != minor_version(QISKIT_VERSION_HEX)) {
        PyErr_SetString(PyExc_ImportError, "built for Qiskit " QISKIT_VERSION "; build ketjet anew to use it");
        throw py::error_already_set();
    }
    m.doc() = "Reads circuits of plain gates through Qiskit's C API.";
    py::class_<Reader>(m, "Reader", "Reads circuits; holds the engine's codes of what they are made of.")
        .def(py::init<const std::map<std::string, std::tuple<std::int32_t, std::uint32_t, std::uint32_t, std::size_t>>&,
                      std::int32_t, std::int32_t, std::int32_t, std::uint32_t>(),
             py::arg("gates"), py::arg("measure"), py::arg("unitary"), py::arg("global_phase"),
             py::arg("max_matrix_qubits"))
        .def("read", &Reader::read, py::arg("circuit_data"), py::arg("global_phase"), py::arg("keep_idle_qubits"),
             "(qubits or None, columns, matrices, whether it measures), or None for a circuit of another kind.");
}
