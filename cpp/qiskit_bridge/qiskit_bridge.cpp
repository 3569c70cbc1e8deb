// The extension _qiskit_bridge: reads circuits through Qiskit's C API, in tens of nanoseconds an instruction, into the
// columns of a packed program. Of angles that are expressions it tells where they stand, and of all instructions that
// the API does not show, too: these are left to the Python lowering. The C API's tables belong to one translation unit,
// so this is the only one there is; and they are stable within a minor version only, so the extension refuses to be
// imported beside another one.
#include "qiskit_bridge/qiskit_api.hpp"
//
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/gil.hpp"
#include "qiskit_bridge/circuit_mark.hpp"
#include "qiskit_bridge/draft.hpp"
#include "qiskit_bridge/read_circuit.hpp"
#include "qiskit_bridge/reading.hpp"
#include "qiskit_bridge/settings.hpp"

namespace py = pybind11;

namespace {

using ketjet::PackedProgram;
using ketjet::Payload;
using ketjet::bindings::InputArray;
using ketjet::bindings::let_others_run;
using ketjet::bindings::NoCollection;
using ketjet::bindings::ReleasedForMany;
using ketjet::bindings::to_array;
using ketjet::bindings::to_vector;
using ketjet::qiskit_bridge::CircuitMark;
using ketjet::qiskit_bridge::Columns;
using ketjet::qiskit_bridge::Draft;
using ketjet::qiskit_bridge::Gap;
using ketjet::qiskit_bridge::Jump;
using ketjet::qiskit_bridge::Place;
using ketjet::qiskit_bridge::ReadCircuit;
using ketjet::qiskit_bridge::Reading;
using ketjet::qiskit_bridge::Settings;
using ketjet::qiskit_bridge::Surroundings;

using Gates = std::map<std::string, std::tuple<std::int32_t, std::uint32_t, std::uint32_t, std::size_t>>;

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
        if (i % ketjet::qiskit_bridge::instructions_at_once == ketjet::qiskit_bridge::instructions_at_once - 1) {
            let_others_run();
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            if (qk_circuit_num_instructions(circuit) != count) return std::nullopt;
        }
        if (!mark.add(i)) return std::nullopt;
    }
    if (!mark.add_phase()) return std::nullopt;
    return mark.finish();
}

// For the engine alone, in place of arrays; the numbers of qubits and classical bits are still to be given.
py::capsule packed(Draft& draft, std::int64_t words) {
    auto program = std::make_unique<PackedProgram>(draft.columns.take());
    for (Payload& payload : draft.payloads) {
        program->payloads.push_back(std::make_shared<const Payload>(std::move(payload)));
    }
    program->variable_words = static_cast<std::int32_t>(words);
    return py::capsule(program.release(), ketjet::packed_program_capsule,
                       [](void* owned) { delete static_cast<PackedProgram*>(owned); });
}

py::tuple arrays(Draft& draft) {
    PackedProgram columns = draft.columns.take();
    return py::make_tuple(to_array(std::move(columns.codes)), to_array(std::move(columns.wire_begin)),
                          to_array(std::move(columns.wires)), to_array(std::move(columns.num_controls)),
                          to_array(std::move(columns.control_state)), to_array(std::move(columns.slot_begin)),
                          to_array(std::move(columns.slots)), to_array(std::move(columns.operand)));
}

py::list payloads(Draft& draft) {
    py::list listed;
    for (Payload& payload : draft.payloads) {
        std::visit([&](auto& values) { listed.append(to_array(std::move(values))); }, payload);
    }
    return listed;
}

// Of each jump its operation, label and code; of each label the operation behind it; the codes; and of qubits that
// loops touch the operation that is next and their number.
py::tuple jumps(const Draft& draft) {
    std::vector<std::int64_t> numbers, touched;
    for (const Jump& jump : draft.jumps.all()) {
        numbers.insert(numbers.end(), {static_cast<std::int64_t>(jump.operation), jump.label, jump.code});
    }
    for (const auto& [operation, qubit] : draft.touched) {
        touched.insert(touched.end(), {static_cast<std::int64_t>(operation), static_cast<std::int64_t>(qubit)});
    }
    const auto count = static_cast<py::ssize_t>(draft.jumps.all().size());
    const auto touches = static_cast<py::ssize_t>(draft.touched.size());
    return py::make_tuple(to_array(std::move(numbers), {count, 3}), py::cast(draft.jumps.places()),
                          py::cast(draft.jumps.codes()), to_array(std::move(touched), {touches, 2}));
}

// The global phase of a circuit that is whole: a number, or else an expression.
void add_phase(Draft& draft, std::optional<double> phase, std::int32_t code) {
    if (phase == 0.0) return;
    if (!phase) draft.unbound.add_expression(0, draft.columns.num_slots(), {-1, -1});
    draft.columns.add_slot(phase.value_or(0));
    draft.columns.add(code);
}

// Six numbers of each operation whose shape does not follow from its code: its own, how many wires, slots and controls
// it has, their state, and its operand; and of each measurement its number and the classical bit.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> specials(const Settings& settings,
                                                                         const Columns& columns) {
    std::vector<std::int64_t> found, measured;
    for (std::size_t i = 0; i < columns.num_operations(); ++i) {
        const std::int64_t operand = columns.operand(i);
        const auto number = static_cast<std::int64_t>(i);
        if (columns.code(i) == settings.measure) {
            measured.insert(measured.end(), {number, operand});
            continue;
        }
        const Columns::Shape shape = columns.shape(i);
        const auto row = settings.rows.find(columns.code(i));
        const std::uint32_t controls = row == settings.rows.end() ? 0 : row->second.controls;
        if (operand < 0 && shape.controls == controls && shape.state == (std::uint64_t{1} << controls) - 1) continue;
        found.insert(found.end(), {number, shape.wires, shape.slots, shape.controls,
                                   static_cast<std::int64_t>(shape.state), operand});
    }
    return {std::move(found), std::move(measured)};
}

// What is returned of a circuit that is whole needs nothing more, all others go to a builder.
py::tuple result(const Settings& settings, ReadCircuit& found, bool is_whole, bool keep_idle_qubits) {
    Draft& draft = found.draft;
    std::vector<std::int32_t> used;
    const bool keep = keep_idle_qubits || !is_whole;
    if (is_whole) {
        const ReleasedForMany released(draft.columns.num_operations());
        draft.resolve();
        if (!keep) used = draft.columns.close_gaps();
    }
    const NoCollection while_made;
    py::object qubits = py::none(), unbound = py::none(), gaps = py::none(), classical = py::none(), odd = py::none();
    if (!keep) qubits = py::tuple(py::cast(used));
    if (draft.unbound.num_parameters() > 0 || draft.unbound.size() > 0) unbound = draft.unbound.columns();
    if (!is_whole) {
        std::vector<std::int64_t> numbers;
        for (const Gap& gap : found.gaps) {
            numbers.insert(numbers.end(), {gap.instruction, static_cast<std::int64_t>(gap.operations), gap.is_left});
        }
        gaps = to_array(std::move(numbers), {static_cast<py::ssize_t>(found.gaps.size()), 3});
        if (!draft.jumps.all().empty()) classical = jumps(draft);
        auto [special, measured] = specials(settings, draft.columns);
        const auto specials = static_cast<py::ssize_t>(special.size() / 6);
        const auto measurements = static_cast<py::ssize_t>(measured.size() / 2);
        odd = py::make_tuple(to_array(std::move(special), {specials, 6}),
                             to_array(std::move(measured), {measurements, 2}));
    }
    const bool plain = is_whole && unbound.is_none();
    py::object columns = plain ? py::object(packed(draft, found.words)) : arrays(draft);
    py::object listed = plain ? py::list() : payloads(draft);
    return py::make_tuple(std::move(qubits), std::move(columns), std::move(listed), found.measures, std::move(unbound),
                          std::move(gaps), std::move(odd), std::move(classical), found.words);
}

// Operations without classical bits that something else has lowered. Of the slots that are expressions, each has one of
// its own.
ReadCircuit lowered(PackedProgram program, const py::list& payloads, const std::vector<std::size_t>& unbound) {
    const std::size_t operations = program.codes.size();
    const auto is_short = [&](const auto& column, std::size_t more) { return column.size() != operations + more; };
    if (is_short(program.wire_begin, 1) || is_short(program.num_controls, 0) || is_short(program.control_state, 0) ||
        is_short(program.slot_begin, 1) || is_short(program.operand, 0) ||
        program.wire_begin.back() != program.wires.size() || program.slot_begin.back() != program.slots.size()) {
        throw py::value_error("the columns do not fit together");
    }
    const auto is_wrong = [](std::int64_t number, std::size_t end) { return number >= static_cast<std::int64_t>(end); };
    for (const std::int32_t wire : program.wires) {
        if (wire < 0 || wire >= program.num_qubits) throw py::value_error("there is no such qubit");
    }
    for (const std::int64_t operand : program.operand) {
        if (is_wrong(operand, payloads.size())) throw py::value_error("there is no such payload");
    }
    ReadCircuit circuit(0, static_cast<std::size_t>(program.num_qubits), 0);
    circuit.draft.columns = Columns(std::move(program));
    for (const py::handle& payload : payloads) {
        const auto take = [&](const auto& values) {
            const ReleasedForMany released(static_cast<std::size_t>(values.size()));
            circuit.draft.payloads.emplace_back(to_vector(values));
        };
        if (py::isinstance<py::array_t<std::complex<double>>>(payload)) {
            take(payload.cast<InputArray<std::complex<double>>>());
        } else {
            take(payload.cast<InputArray<std::int64_t>>());
        }
    }
    std::int64_t number = 0;
    for (const std::size_t slot : unbound) circuit.draft.unbound.add_expression(number++, slot, {-1, -1});
    return circuit;
}

class Reader {
 public:
    Reader(const Gates& gates, const Settings::Codes& instructions, const Settings::Codes& classical,
           const Settings::Codes& paulis, const Settings::Codes& limits, double unitary_tolerance)
        : settings_(instructions, classical, paulis, limits, unitary_tolerance) {
        for (const auto& [name, row] : gates) {
            const auto& [code, controls, targets, parameters] = row;
            const ketjet::qiskit_bridge::Row own{code, controls, controls + targets, parameters, name == "id"};
            settings_.gates.emplace(name, own);
            settings_.rows.emplace(code, own);
        }
    }

    py::object read(const py::object& circuit_data, const std::vector<std::string>& parameters, bool starts_in_zero,
                    std::int64_t first_free_word, std::optional<double> global_phase, bool keep_idle_qubits) const {
        QkCircuit* const circuit = borrowed(circuit_data);
        Surroundings surroundings = alone(circuit);
        surroundings.starts_in_zero = starts_in_zero;
        surroundings.first_free_word = first_free_word;
        std::optional<ReadCircuit> found = Reading(settings_, parameters, circuit, surroundings).read();
        if (!found) return py::none();
        return found->is_whole() ? py::cast(whole(*found, global_phase, keep_idle_qubits))
                                 : py::cast(std::move(*found));
    }

    std::optional<ReadCircuit> read_definition(const py::object& circuit_data,
                                               const std::vector<std::string>& parameters) const {
        QkCircuit* const circuit = borrowed(circuit_data);
        Surroundings surroundings = alone(circuit);
        surroundings.is_inside = true;
        surroundings.with_control_flow = false;
        return Reading(settings_, parameters, circuit, surroundings).read_definition();
    }

    std::optional<ReadCircuit> read_inner(const py::object& circuit_data, const std::vector<std::string>& parameters,
                                          std::vector<std::uint32_t> qubits, std::vector<std::uint32_t> clbits,
                                          bool with_control_flow, std::int64_t first_free_word) const {
        QkCircuit* const circuit = borrowed(circuit_data);
        if (qubits.size() != qk_circuit_num_qubits(circuit) || clbits.size() != qk_circuit_num_clbits(circuit)) {
            throw py::value_error("there is not one number for each qubit and classical bit");
        }
        const Surroundings surroundings{.qubits = std::move(qubits),
                                        .clbits = std::move(clbits),
                                        .is_inside = true,
                                        .with_control_flow = with_control_flow,
                                        .first_free_word = first_free_word};
        return Reading(settings_, parameters, circuit, surroundings).read();
    }

    bool put_in(ReadCircuit& circuit, const std::vector<std::int64_t>& numbers,
                const std::map<std::int64_t, const ReadCircuit*>& definitions, std::size_t most) const {
        if (numbers.size() != circuit.places.size()) {
            throw py::value_error("there is not one number for each instruction that has been left");
        }
        std::vector<const ReadCircuit*> chosen(numbers.size(), nullptr);
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (numbers[i] < 0) continue;
            chosen[i] = definitions.at(numbers[i]);
            if (chosen[i] == nullptr || !fits(*chosen[i], circuit.places[i])) {
                throw py::value_error("a definition does not fit where it is to be put in");
            }
        }
        return circuit.put_in(settings_, chosen, numbers, most);
    }

    py::tuple parts(ReadCircuit& circuit) const { return result(settings_, circuit, false, true); }

    std::optional<py::tuple> whole(ReadCircuit& circuit, std::optional<double> global_phase,
                                   bool keep_idle_qubits) const {
        add_phase(circuit.draft, global_phase, settings_.global_phase);
        {
            const ReleasedForMany released(circuit.draft.columns.num_slots());
            if (!circuit.draft.columns.is_finite()) return std::nullopt;
        }
        return result(settings_, circuit, true, keep_idle_qubits);
    }

 private:
    static Surroundings alone(const QkCircuit* circuit) {
        Surroundings surroundings;
        surroundings.qubits.resize(qk_circuit_num_qubits(circuit));
        std::iota(surroundings.qubits.begin(), surroundings.qubits.end(), 0U);
        surroundings.clbits.resize(qk_circuit_num_clbits(circuit));
        std::iota(surroundings.clbits.begin(), surroundings.clbits.end(), 0U);
        return surroundings;
    }
    // Whether a definition is whole, without jumps, and has the numbers of qubits and classical bits that are there.
    static bool fits(const ReadCircuit& definition, const Place& place) {
        return definition.is_whole() && definition.draft.jumps.all().empty() &&
               definition.num_qubits == place.qubits.size() && definition.num_clbits == place.clbits.size();
    }

    Settings settings_;
};

std::uint32_t minor_version(std::uint32_t version) { return version >> 16; }

}  // namespace

PYBIND11_MODULE(_qiskit_bridge, m) {
    if (qk_import() < 0) throw py::error_already_set();
    if (minor_version(qk_api_version()) != minor_version(QISKIT_VERSION_HEX)) {
        PyErr_SetString(PyExc_ImportError, "built for Qiskit " QISKIT_VERSION "; build ketjet anew to use it");
        throw py::error_already_set();
    }
    m.doc() = "Reads circuits through Qiskit's C API.";
    m.def("mark", &mark_of, py::arg("circuit_data"),
          "A hash of all that acts on a state, in 64 bits; None for a circuit with instructions that this cannot tell "
          "of.");
    py::class_<ReadCircuit>(m, "ReadCircuit", "What has been read of a circuit.")
        .def(
            py::init([](std::int32_t num_qubits, std::vector<std::int32_t> codes, std::vector<std::uint32_t> wire_begin,
                        std::vector<std::int32_t> wires, std::vector<std::uint16_t> num_controls,
                        std::vector<std::uint64_t> control_state, std::vector<std::uint32_t> slot_begin,
                        std::vector<double> slots, std::vector<std::int64_t> operand, const py::list& payloads,
                        const std::vector<std::size_t>& unbound) {
                PackedProgram program;
                program.num_qubits = num_qubits;
                program.codes = std::move(codes);
                program.wire_begin = std::move(wire_begin);
                program.wires = std::move(wires);
                program.num_controls = std::move(num_controls);
                program.control_state = std::move(control_state);
                program.slot_begin = std::move(slot_begin);
                program.slots = std::move(slots);
                program.operand = std::move(operand);
                return lowered(std::move(program), payloads, unbound);
            }),
            py::arg("num_qubits"), py::arg("codes"), py::arg("wire_begin"), py::arg("wires"), py::arg("num_controls"),
            py::arg("control_state"), py::arg("slot_begin"), py::arg("slots"), py::arg("operand"), py::arg("payloads"),
            py::arg("unbound"), "Operations that something else has lowered, and which of their slots are expressions.")
        .def_property_readonly("is_whole", &ReadCircuit::is_whole)
        .def_property_readonly(
            "left",
            [](const ReadCircuit& read) {
                std::vector<std::int64_t> numbers;
                for (const Gap& gap : read.gaps) {
                    if (!gap.is_left) continue;
                    numbers.push_back(read.places[numbers.size()].may_be_defined ? gap.instruction : -1);
                }
                return numbers;
            },
            "The numbers of the instructions that have been left, -1 for those that no circuit defines.")
        .def_property_readonly(
            "expressions", [](const ReadCircuit& read) { return read.draft.unbound.expressions(); },
            "By expression the parameter that it is, or -1; three numbers of each that is none, one after the other: "
            "its own, an instruction's, and its place among the instruction's angles.");
    py::class_<Reader>(m, "Reader", "Reads circuits; holds the engine's codes of what they are made of.")
        .def(py::init<const Gates&, const Settings::Codes&, const Settings::Codes&, const Settings::Codes&,
                      const Settings::Codes&, double>(),
             py::arg("gates"), py::arg("instructions"), py::arg("classical"), py::arg("paulis"), py::arg("limits"),
             py::arg("unitary_tolerance"))
        .def("read", &Reader::read, py::arg("circuit_data"), py::arg("parameters"), py::arg("starts_in_zero"),
             py::arg("first_free_word"), py::arg("global_phase"), py::arg("keep_idle_qubits"),
             "What `whole` gives, or a `ReadCircuit` of which something has been left; None also for a circuit that "
             "somebody changes meanwhile.")
        .def("read_inner", &Reader::read_inner, py::arg("circuit_data"), py::arg("parameters"), py::arg("qubits"),
             py::arg("clbits"), py::arg("with_control_flow"), py::arg("first_free_word"),
             "A circuit inside another one, with the numbers that its qubits and classical bits have there; None for "
             "one that somebody changes meanwhile.")
        .def("read_definition", &Reader::read_definition, py::arg("circuit_data"), py::arg("parameters"),
             "The same for what is to be put in, its global phase first.")
        .def("put_in", &Reader::put_in, py::arg("circuit"), py::arg("definitions"), py::arg("numbers"), py::arg("most"),
             "Puts in a definition, or none, for each instruction that has been left; its number goes with the "
             "expressions in it. False, and nothing has changed, if there would be more operations than so many.")
        .def("parts", &Reader::parts, py::arg("circuit"),
             "(None, columns, payloads, whether it measures, expressions or None, gaps, specials and measurements, "
             "jumps "
             "or None, words of classical memory): of each instruction that is not exactly one operation the gaps are "
             "its number, how many operations come before what follows it, and whether it has been left; jumps have no "
             "operands. To be called once.")
        .def("whole", &Reader::whole, py::arg("circuit"), py::arg("global_phase"), py::arg("keep_idle_qubits"),
             "What `parts` gives of a circuit that is whole, with the qubits in use, or None for all, without gaps, "
             "specials and "
             "jumps; the columns are a capsule for the engine unless there are expressions. None if an "
             "angle is not finite. To be called once.");
}
