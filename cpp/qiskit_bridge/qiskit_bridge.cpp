// The extension _qiskit_bridge: reads the plain instructions of circuits (gates, matrices, measurements, and what has
// no effect) through Qiskit's C API, in tens of nanoseconds each, into the columns of a packed program. Of angles that
// are expressions it tells where they stand, and of all other instructions, too: these are left to the Python lowering.
// The C API's tables belong to one translation unit, so this is the only one there is; and they are stable within a
// minor version only, so the extension refuses to be imported beside another one.
#define QISKIT_PYTHON_EXTENSION
#include <Python.h>
#include <qiskit.h>
//
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/gil.hpp"
#include "qiskit_bridge/circuit_mark.hpp"
#include "qiskit_bridge/columns.hpp"
#include "qiskit_bridge/expression_text.hpp"
#include "qiskit_bridge/parameter_names.hpp"

namespace py = pybind11;

namespace {

// What the engine's gate table says about a gate.
struct Row {
    std::int32_t code;
    std::uint32_t controls;
    std::uint32_t qubits;
    std::size_t parameters;
    bool is_identity;
};

// The engine's codes of what is no gate.
struct Codes {
    std::int32_t measure;
    std::int32_t reset;
    std::int32_t unitary;
    std::int32_t global_phase;
};

using ketjet::bindings::let_others_run;
using ketjet::bindings::NoCollection;
using ketjet::bindings::ReleasedForMany;
using ketjet::bindings::to_array;
using ketjet::qiskit_bridge::CircuitMark;
using ketjet::qiskit_bridge::Columns;
using ketjet::qiskit_bridge::ExpressionText;
using ketjet::qiskit_bridge::ParameterNames;
using ketjet::qiskit_bridge::Unbound;

using Gates = std::map<std::string, Row, std::less<>>;

// So many instructions are read without a pause: about a millisecond.
constexpr std::size_t instructions_at_once = 8192;

// Now and then gives other threads and signal handlers their turn; false if they have changed the circuit.
bool pause_at(std::size_t instruction, const QkCircuit* circuit, std::size_t count) {
    if (instruction % instructions_at_once != instructions_at_once - 1) return true;
    let_others_run();
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return qk_circuit_num_instructions(circuit) == count;
}

QkCircuit* borrowed(const py::object& circuit_data) {
    QkCircuit* const circuit = qk_circuit_borrow_from_python(circuit_data.ptr());
    if (circuit == nullptr) throw py::error_already_set();
    return circuit;
}

// Nothing for a circuit that cannot be marked, or that somebody changes meanwhile.
std::optional<std::uint64_t> mark_of(const py::object& circuit_data) {
    QkCircuit* const circuit = borrowed(circuit_data);
    CircuitMark mark(circuit);
    const std::size_t count = qk_circuit_num_instructions(circuit);
    for (std::size_t i = 0; i < count; ++i) {
        if (!pause_at(i, circuit, count) || !mark.add(i)) return std::nullopt;
    }
    if (!mark.add_phase()) return std::nullopt;
    return mark.finish();
}

// One circuit on its way into columns. While it is read nothing here owns a Python object: up to Python 3.13 a thread
// that waits for the GIL at the end of the interpreter is unwound.
class Reading {
 public:
    Reading(const Gates& gates, const Codes& codes, std::uint32_t max_matrix_qubits,
            const std::vector<std::string>& parameters, bool starts_in_zero, QkCircuit* circuit)
        : gates_(gates),
          codes_(codes),
          max_matrix_qubits_(max_matrix_qubits),
          starts_in_zero_(starts_in_zero),
          circuit_(circuit),
          touched_(qk_circuit_num_qubits(circuit)),
          names_(parameters),
          unbound_(parameters.size()) {}

    // Reads what can be read here; false if somebody changes the circuit meanwhile.
    bool read() {
        const std::size_t count = qk_circuit_num_instructions(circuit_);
        columns_.reserve(count + 1);
        for (std::size_t i = 0; i < count; ++i) {
            if (!pause_at(i, circuit_, count)) return false;
            const Read found = read_instruction(i);
            if (found == Read::operation) continue;
            whole_ = whole_ && found == Read::no_effect;
            for (const std::size_t number : {i, columns_.num_operations(), std::size_t{found == Read::other}}) {
                gaps_.push_back(static_cast<std::int64_t>(number));
            }
        }
        return true;
    }
    bool is_whole() const { return whole_; }
    // The global phase of a circuit that is read as a whole: a number, or else an expression.
    void add_phase(std::optional<double> phase) {
        if (phase == 0.0) return;
        if (!phase) unbound_.add_expression(0, columns_.num_slots(), -1, -1);
        columns_.add_slot(phase.value_or(0));
        columns_.add(codes_.global_phase, 0, -1, nullptr, 0);
    }
    bool is_finite() const {
        const ReleasedForMany released(columns_.num_slots());
        return columns_.is_finite();
    }
    // What `Reader.read` returns; to be called once.
    py::tuple result(bool keep_idle_qubits) {
        std::vector<std::int32_t> used;
        keep_idle_qubits = keep_idle_qubits || !whole_;
        if (!keep_idle_qubits) {
            const ReleasedForMany released(columns_.num_operations());
            used = columns_.close_gaps();
        }
        const NoCollection while_made;
        py::object qubits = py::none(), unbound = py::none(), gaps = py::none();
        if (!keep_idle_qubits) qubits = py::tuple(py::cast(used));
        if (names_.size() > 0 || !unbound_.empty()) unbound = unbound_.columns();
        if (!whole_) {
            const auto count = static_cast<py::ssize_t>(gaps_.size() / 3);
            gaps = to_array(std::move(gaps_), {count, 3});
        }
        const bool plain = whole_ && matrices_.empty() && unbound.is_none();
        py::object columns = plain ? py::object(columns_.packed()) : columns_.arrays();
        py::list matrices;
        for (Matrix& matrix : matrices_) {
            matrices.append(to_array(std::move(matrix.entries), {matrix.dimension, matrix.dimension}));
        }
        return py::make_tuple(std::move(qubits), std::move(columns), std::move(matrices), measures_, std::move(unbound),
                              std::move(gaps));
    }

 private:
    struct Matrix {
        py::ssize_t dimension;
        std::vector<std::complex<double>> entries;
    };
    struct Seen {
        const char* name;
        std::size_t length;
        const Row* row;
    };
    enum class Read { operation, no_effect, other };
    enum class Touched : std::uint8_t { no, perhaps, yes };

    Read read_instruction(std::size_t index) {
        const QkOperationKind kind = qk_circuit_instruction_kind(circuit_, index);
        if (kind == QkOperationKind_Barrier || kind == QkOperationKind_Delay) return Read::no_effect;
        QkCircuitInstructionView view;
        qk_circuit_view_instruction(circuit_, index, &view);
        const Read found = read_view(index, kind, view);
        if (found == Read::no_effect) return found;
        const Touched how = found == Read::operation ? Touched::yes : Touched::perhaps;
        for (std::uint32_t i = 0; i < view.num_qubits; ++i) {
            Touched& touched = touched_[view.qubits[i]];
            touched = std::max(touched, how);
        }
        return found;
    }

    Read read_view(std::size_t index, QkOperationKind kind, const QkCircuitInstructionView& view) {
        switch (kind) {
            case QkOperationKind_Gate:
                return read_gate(index, view);
            case QkOperationKind_Measure:
                measures_ = true;
                columns_.add(codes_.measure, 0, view.clbits[0], view.qubits, 1);
                return Read::operation;
            case QkOperationKind_Reset:
                return read_reset(view);
            case QkOperationKind_Unitary:
                return read_matrix(index, view);
            default:
                return Read::other;
        }
    }

    // Qubits that nothing has acted on need no reset. What other instructions do to theirs is not known here.
    Read read_reset(const QkCircuitInstructionView& view) {
        const Touched before = touched_[view.qubits[0]];
        if (starts_in_zero_ && before == Touched::perhaps) return Read::other;
        if (starts_in_zero_ && before == Touched::no) return Read::no_effect;
        columns_.add(codes_.reset, 0, -1, view.qubits, 1);
        return Read::operation;
    }

    Read read_gate(std::size_t index, const QkCircuitInstructionView& view) {
        const Row* const known = row_of(view);
        if (known == nullptr) return Read::other;
        const Row& row = *known;
        if (row.is_identity) return Read::no_effect;
        if (view.num_qubits != row.qubits || view.num_params != row.parameters) return Read::other;
        for (std::size_t i = 0; i < view.num_params; ++i) {
            const QkParamKind kind = qk_param_kind(parameter(view, i));
            if (kind != QkParamKind_Real && kind != QkParamKind_ParameterExpression) return Read::other;
        }
        for (std::size_t i = 0; i < view.num_params; ++i) read_angle(index, i, parameter(view, i), row.code);
        columns_.add(row.code, row.controls, -1, view.qubits, view.num_qubits);
        return Read::operation;
    }

    // The gate of that name, if the engine has it. A gate's name is the same text in memory wherever it is.
    const Row* row_of(const QkCircuitInstructionView& view) {
        Seen& seen = seen_[reinterpret_cast<std::uintptr_t>(view.name) % seen_.size()];
        if (seen.name != view.name || seen.length != view.name_len) {
            const auto found = gates_.find(std::string_view(view.name, view.name_len));
            seen = {view.name, view.name_len, found == gates_.end() ? nullptr : &found->second};
        }
        return seen.row;
    }

    const QkParam* parameter(const QkCircuitInstructionView& view, std::size_t position) const {
        const void* const bytes = reinterpret_cast<const char*>(view.params) + position * parameter_stride_;
        return static_cast<const QkParam*>(bytes);
    }

    void read_angle(std::size_t index, std::size_t position, const QkParam* angle, std::int32_t gate) {
        if (qk_param_kind(angle) == QkParamKind_Real) {  // of another kind `as_real` may end the process
            columns_.add_slot(qk_param_as_real(angle));
            return;
        }
        const auto instruction = static_cast<std::int64_t>(index);
        if (const auto number = names_.find(ExpressionText(angle).view())) {
            unbound_.add_parameter(*number, columns_.num_slots(), instruction, gate);
        } else {
            unbound_.add_expression(static_cast<std::int64_t>(position), columns_.num_slots(), instruction, gate);
        }
        columns_.add_slot(0);
    }

    Read read_matrix(std::size_t index, const QkCircuitInstructionView& view) {
        if (view.num_qubits > max_matrix_qubits_) return Read::other;
        const py::ssize_t dimension = py::ssize_t{1} << view.num_qubits;
        Matrix matrix{dimension, std::vector<std::complex<double>>(static_cast<std::size_t>(dimension * dimension))};
        qk_circuit_inst_unitary(circuit_, index, reinterpret_cast<QkComplex64*>(matrix.entries.data()));
        columns_.add(codes_.unitary, 0, static_cast<std::int64_t>(matrices_.size()), view.qubits, view.num_qubits);
        matrices_.push_back(std::move(matrix));
        return Read::operation;
    }

    const Gates& gates_;
    const Codes& codes_;
    std::uint32_t max_matrix_qubits_;
    bool starts_in_zero_;
    QkCircuit* circuit_;
    std::vector<Touched> touched_;  // by qubit
    std::array<Seen, 127> seen_{};
    ParameterNames names_;
    std::size_t parameter_stride_ = qk_param_stride();
    Columns columns_;
    Unbound unbound_;
    std::vector<Matrix> matrices_;
    std::vector<std::int64_t> gaps_;  // instructions without an operation here, operations before, whether to be read
    bool whole_ = true;
    bool measures_ = false;
};

constexpr std::string_view identity = "id";

class Reader {
 public:
    Reader(const std::map<std::string, std::tuple<std::int32_t, std::uint32_t, std::uint32_t, std::size_t>>& gates,
           std::int32_t measure, std::int32_t reset, std::int32_t unitary, std::int32_t global_phase,
           std::uint32_t max_matrix_qubits)
        : codes_{measure, reset, unitary, global_phase}, max_matrix_qubits_(max_matrix_qubits) {
        for (const auto& [name, row] : gates) {
            const auto& [code, controls, targets, parameters] = row;
            gates_.emplace(name, Row{code, controls, controls + targets, parameters, name == identity});
        }
    }

    std::optional<py::tuple> read(const py::object& circuit_data, const std::vector<std::string>& parameters,
                                  std::optional<double> global_phase, bool keep_idle_qubits,
                                  bool starts_in_zero) const {
        Reading reading(gates_, codes_, max_matrix_qubits_, parameters, starts_in_zero, borrowed(circuit_data));
        if (!reading.read()) return std::nullopt;
        if (reading.is_whole()) {
            reading.add_phase(global_phase);
            if (!reading.is_finite()) return std::nullopt;
        }
        return reading.result(keep_idle_qubits);
    }

 private:
    Gates gates_;
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
    m.doc() = "Reads plain instructions of circuits through Qiskit's C API.";
    m.def("mark", &mark_of, py::arg("circuit_data"),
          "A hash of all that acts on a state, in 64 bits; None for a circuit with instructions that this cannot tell "
          "of.");
    py::class_<Reader>(m, "Reader", "Reads circuits; holds the engine's codes of what they are made of.")
        .def(py::init<const std::map<std::string, std::tuple<std::int32_t, std::uint32_t, std::uint32_t, std::size_t>>&,
                      std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::uint32_t>(),
             py::arg("gates"), py::arg("measure"), py::arg("reset"), py::arg("unitary"), py::arg("global_phase"),
             py::arg("max_matrix_qubits"))
        .def("read", &Reader::read, py::arg("circuit_data"), py::arg("parameters"), py::arg("global_phase"),
             py::arg("keep_idle_qubits"), py::arg("starts_in_zero"),
             "(qubits or None, columns, matrices, whether it measures, expressions or None, gaps or None), or None for "
             "a "
             "circuit with an angle that is not finite. There are gaps if other instructions are still to be read: of "
             "each instruction without an operation its number, how many operations come before it, and whether it is "
             "to be read; then the global phase is left out, too, and all qubits have their own numbers. The columns "
             "of a circuit without matrices, expressions and gaps are a capsule for the engine.");
}
