// Program and the gate table.
#include "program/program.hpp"

#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"
#include "program/check_save.hpp"
#include "program/classical_code.hpp"
#include "program/formula_op.hpp"
#include "program/formulas.hpp"
#include "program/instruction.hpp"
#include "program/pauli.hpp"

namespace ketjet {

// Found by DeletedForMany.
static std::size_t number_of_items(const Program& program) { return program.operations().size(); }

}  // namespace ketjet

namespace ketjet::bindings {

namespace {

using PayloadArray = std::variant<InputArray<Complex>, InputArray<std::int64_t>>;

PayloadArray payload_array(const py::array& array) {
    if (array.dtype().kind() == 'c') return InputArray<Complex>(array);
    return InputArray<std::int64_t>(array);
}

std::shared_ptr<const Payload> to_payload(const PayloadArray& array) {
    return std::visit([](const auto& values) { return std::make_shared<const Payload>(to_vector(values)); }, array);
}

py::array from_payload(const Payload& payload) {
    return std::visit([](const auto& values) -> py::array { return to_array(values); }, payload);
}

Program make_program(std::int32_t num_qubits, std::int32_t num_clbits, const InputArray<std::int32_t>& codes,
                     const InputArray<std::uint32_t>& wire_begin, const InputArray<std::int32_t>& wires,
                     const InputArray<std::uint16_t>& num_controls, const InputArray<std::uint64_t>& control_state,
                     const InputArray<std::uint32_t>& slot_begin, const InputArray<double>& slots,
                     const InputArray<std::int64_t>& operand, const std::vector<py::array>& payloads,
                     std::int32_t variable_words, std::vector<std::string> labels) {
    std::vector<PayloadArray> arrays;
    for (const py::array& payload : payloads) arrays.push_back(payload_array(payload));
    const ReleasedForMany released(static_cast<std::size_t>(codes.size()) + arrays.size() * few_items);
    PackedProgram packed{num_qubits,
                         num_clbits,
                         to_vector(codes),
                         to_vector(wire_begin),
                         to_vector(wires),
                         to_vector(num_controls),
                         to_vector(control_state),
                         to_vector(slot_begin),
                         to_vector(slots),
                         to_vector(operand),
                         {},
                         variable_words,
                         std::move(labels)};
    for (const PayloadArray& payload : arrays) packed.payloads.push_back(to_payload(payload));
    return Program(std::move(packed));
}

Program program_from_capsule(const py::capsule& capsule, std::int32_t num_qubits, std::int32_t num_clbits) {
    if (std::string_view(capsule.name()) != packed_program_capsule) {
        throw std::invalid_argument("the capsule holds no program");
    }
    PackedProgram packed = std::exchange(*capsule.get_pointer<PackedProgram>(), {});
    if (packed.wire_begin.empty()) throw std::invalid_argument("the program has been taken out of the capsule");
    packed.num_qubits = num_qubits;
    packed.num_clbits = num_clbits;
    std::size_t items = packed.codes.size();
    for (const auto& payload : packed.payloads) {
        items += std::visit([](const auto& values) { return values.size(); }, *payload);
    }
    const ReleasedForMany released(items);
    return Program(std::move(packed));
}

py::tuple program_state(const Program& program) {
    std::optional<PackedProgram> copied;
    {
        const ReleasedForMany released(program.operations().size());
        copied.emplace(program.packed());
    }
    PackedProgram& packed = *copied;
    py::list payloads;
    for (const auto& payload : packed.payloads) payloads.append(from_payload(*payload));
    return py::make_tuple(packed.num_qubits, packed.num_clbits, to_array(std::move(packed.codes)),
                          to_array(std::move(packed.wire_begin)), to_array(std::move(packed.wires)),
                          to_array(std::move(packed.num_controls)), to_array(std::move(packed.control_state)),
                          to_array(std::move(packed.slot_begin)), to_array(std::move(packed.slots)),
                          to_array(std::move(packed.operand)), payloads, packed.variable_words, packed.labels);
}

Program program_from_state(const py::tuple& s) {
    return make_program(s[0].cast<std::int32_t>(), s[1].cast<std::int32_t>(), s[2].cast<InputArray<std::int32_t>>(),
                        s[3].cast<InputArray<std::uint32_t>>(), s[4].cast<InputArray<std::int32_t>>(),
                        s[5].cast<InputArray<std::uint16_t>>(), s[6].cast<InputArray<std::uint64_t>>(),
                        s[7].cast<InputArray<std::uint32_t>>(), s[8].cast<InputArray<double>>(),
                        s[9].cast<InputArray<std::int64_t>>(), s[10].cast<std::vector<py::array>>(),
                        s[11].cast<std::int32_t>(), s[12].cast<std::vector<std::string>>());
}

py::array_t<double> slots_of(const Program& program) {
    std::vector<double> slots;
    {
        const ReleasedForMany released(program.slots().size());
        slots.assign(program.slots().begin(), program.slots().end());
    }
    return to_array(std::move(slots));
}

std::uint64_t fingerprint_of(const Program& program) {
    const ReleasedForMany released(program.slots().size());
    return program.fingerprint();
}

// Of the program with each row of slots.
py::array_t<std::uint64_t> fingerprints_of(const Program& program, const InputArray<double>& slots) {
    if (slots.ndim() != 2) throw std::invalid_argument("slots are points x slots");
    const auto points = static_cast<std::size_t>(slots.shape(0)), width = static_cast<std::size_t>(slots.shape(1));
    std::vector<std::uint64_t> fingerprints(points);
    {
        const ReleasedForMany released(points * width);
        for (std::size_t i = 0; i < points; ++i) {
            fingerprints[i] = program.fingerprint_with({slots.data() + i * width, width});
        }
    }
    return to_array(std::move(fingerprints));
}

// Those of each program, one row for each.
py::array_t<double> slots_of_all(const std::vector<const Program*>& programs) {
    const std::size_t width = programs.empty() ? 0 : programs.front()->slots().size();
    std::vector<double> slots;
    {
        const ReleasedForMany released(programs.size() * width);
        slots.reserve(programs.size() * width);
        for (const Program* program : programs) {
            if (program->slots().size() != width) throw std::invalid_argument("the programs differ in structure");
            slots.insert(slots.end(), program->slots().begin(), program->slots().end());
        }
    }
    return to_array(std::move(slots), {static_cast<py::ssize_t>(programs.size()), static_cast<py::ssize_t>(width)});
}

py::list list_gates() {
    py::list rows;
    for (const GateFacts& gate : gate_table()) {
        rows.append(py::make_tuple(std::string(gate.name), gate.controls, gate.targets, gate.parameters));
    }
    return rows;
}

std::map<std::string, std::int64_t> numbers_of(std::span<const std::string_view> names) {
    std::map<std::string, std::int64_t> codes;
    for (const std::string_view name : names) {
        const auto code = static_cast<std::int64_t>(codes.size());
        codes.emplace(name, code);
    }
    return codes;
}

Formulas make_formulas(std::size_t num_parameters, const InputArray<double>& numbers,
                       const InputArray<std::int64_t>& slots, const InputArray<std::int64_t>& formulas,
                       const InputArray<std::int64_t>& phases, const InputArray<std::int64_t>& begins,
                       const InputArray<std::uint8_t>& ops, const InputArray<std::int32_t>& operands,
                       const InputArray<double>& constants, const InputArray<std::uint8_t>& ordered) {
    const ReleasedForMany released(static_cast<std::size_t>(numbers.size() + ops.size()));
    return Formulas(num_parameters, {to_vector(numbers), to_vector(slots), to_vector(formulas), to_vector(phases)},
                    {to_vector(begins), to_vector(ops), to_vector(operands), to_vector(constants), to_vector(ordered)});
}

std::span<const double> span_of(const InputArray<double>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

py::tuple evaluate_formulas(const Formulas& formulas, const InputArray<double>& values) {
    if (values.ndim() != 2) throw std::invalid_argument("values are points x parameters");
    const auto points = static_cast<std::size_t>(values.shape(0));
    std::vector<double> slots(points * formulas.num_slots());
    std::vector<std::int64_t> undecided;
    {
        const ReleasedForMany released(slots.size());
        for (const auto& [point, formula] : formulas.evaluate(span_of(values), slots)) {
            undecided.insert(undecided.end(), {point, formula});
        }
    }
    const auto rows = static_cast<py::ssize_t>(undecided.size() / 2);
    return py::make_tuple(
        to_array(std::move(slots), {static_cast<py::ssize_t>(points), static_cast<py::ssize_t>(formulas.num_slots())}),
        to_array(std::move(undecided), {rows, 2}));
}

py::tuple pull_back(const Formulas& formulas, const InputArray<double>& values,
                    const InputArray<double>& slot_gradient) {
    std::vector<double> gradient(formulas.num_parameters());
    std::vector<std::int64_t> left_out;
    {
        const ReleasedForMany released(static_cast<std::size_t>(slot_gradient.size()));
        left_out = formulas.pull_back(span_of(values), span_of(slot_gradient), gradient);
    }
    return py::make_tuple(to_array(std::move(gradient)), to_array(std::move(left_out)));
}

py::array_t<Complex> matrix_of_gate(std::size_t code, const std::vector<double>& parameters) {
    const Matrix matrix = gate_matrix(code, parameters);
    const auto dimension = static_cast<py::ssize_t>(matrix.dimension());
    const auto& entries = matrix.entries();
    return to_array(std::vector<Complex>(entries.begin(), entries.end()), {dimension, dimension});
}

}  // namespace

void bind_program(py::module_& m) {
    m.def("gate_table", &list_gates, "(name, controls, targets, parameters) per gate code.");
    m.def(
        "instruction_names",
        [] {
            const auto names = instruction_names();
            return std::vector(names.begin(), names.end());
        },
        "Names of the codes that follow the gate codes.");
    m.def(
        "classical_codes", [] { return numbers_of(classical_op_names()); },
        "Numbers of the operations of classical code, by name.");
    m.def("formula_codes", [] { return numbers_of(formula_op_names); }, "Numbers of the operations of formulas.");
    m.def("saved_codes", [] { return numbers_of(saved_names); }, "Numbers of what a save operation can save, by name.");
    m.def(
        "save_mode_codes", [] { return numbers_of(save_mode_names); },
        "Numbers of the rules which records of a save operation are kept, by name.");
    m.def("pauli_codes", [] { return numbers_of(pauli_names); }, "Numbers of the Pauli matrices of a Pauli rotation.");
    m.def(
        "max_density_qubits", [] { return max_density_qubits; },
        "Of how many qubits a density matrix is saved at most.");
    m.def("gate_matrix", &matrix_of_gate, py::arg("code"), py::arg("parameters"),
          "The base gate's matrix, without its controls.");
    m.def(
        "unitarity_error",
        [](const InputArray<Complex>& matrix) {
            const ReleasedGil released;
            return unitarity_error(static_cast<std::size_t>(matrix.shape(0)), matrix.data());
        },
        py::arg("matrix"), "max |U^dagger U - 1|; estimated on fixed vectors above dimension 64.");
    py::class_<Program, std::unique_ptr<Program, DeletedForMany>>(
        m, "Program", "Operations over numbered qubits; immutable but for its slots.")
        .def(py::init(&make_program), py::arg("num_qubits"), py::arg("num_clbits"), py::arg("codes"),
             py::arg("wire_begin"), py::arg("wires"), py::arg("num_controls"), py::arg("control_state"),
             py::arg("slot_begin"), py::arg("slots"), py::arg("operand"), py::arg("payloads"),
             py::arg("variable_words") = 0, py::arg("labels") = std::vector<std::string>())
        .def_static("from_capsule", &program_from_capsule, py::arg("capsule"), py::arg("num_qubits"),
                    py::arg("num_clbits"), "Takes the program out whose columns an extension of this build has read.")
        .def_property_readonly("num_qubits", &Program::num_qubits)
        .def_property_readonly("num_clbits", &Program::num_clbits)
        .def_property_readonly("memory_words", &Program::memory_words)
        .def_property_readonly("num_operations", [](const Program& p) { return p.operations().size(); })
        .def_property_readonly("slots", &slots_of)
        .def_property_readonly("structure_hash", &Program::structure_hash,
                               "Equal for programs that differ in nothing but slots.")
        .def(
            "same_structure",
            [](const Program& p, const Program& other) {
                const ReleasedForMany released(p.operations().size());
                return p.same_structure(other);
            },
            py::arg("other"), "Whether the two differ in nothing but slots.")
        .def_property_readonly("fingerprint", &fingerprint_of)
        .def("fingerprints_with", &fingerprints_of, py::arg("slots"), "Of the program with each row of slots.")
        .def(
            "with_slots",
            [](const Program& p, const InputArray<double>& slots) {
                const ReleasedForMany released(static_cast<std::size_t>(slots.size()));
                return p.with_slots(to_vector(slots));
            },
            py::arg("slots"))
        .def("packed", &program_state, "The constructor's arguments, as a tuple.")
        .def(py::pickle(&program_state, &program_from_state));
    m.def("slots_of_all", &slots_of_all, py::arg("programs"),
          "The slots of programs that differ in nothing else, one row for each.");
    py::class_<Formulas>(m, "Formulas", "How the slots of a program follow from parameters.")
        .def(py::init(&make_formulas), py::arg("num_parameters"), py::arg("numbers"), py::arg("slots"),
             py::arg("formulas"), py::arg("phases"), py::arg("begins"), py::arg("ops"), py::arg("operands"),
             py::arg("constants"), py::arg("ordered"))
        .def("evaluate", &evaluate_formulas, py::arg("values"),
             "Slots (points x slots) of values (points x parameters), and pairs of a point and a formula that only "
             "Qiskit can decide.")
        .def("pull_back", &pull_back, py::arg("values"), py::arg("slot_gradient"),
             "The gradient by parameters, and formulas that are left out of it.");
}

}  // namespace ketjet::bindings
