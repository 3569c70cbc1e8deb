// Machine, memory, instruction sets and the buffer pool.
#include "base/machine.hpp"

#include <pybind11/stl.h>

#include "base/aligned_buffer.hpp"
#include "bindings/bindings.hpp"
#include "kernels/dispatch.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

namespace {

std::vector<std::string> isa_names() {
    std::vector<std::string> names;
    for (const KernelTable* const table : available_kernels()) names.emplace_back(table->name);
    return names;
}

Machine make_machine(std::int64_t l1, std::int64_t l2, std::int64_t l3, int cores, std::string rule,
                     double sweep_factor, double pass_factor) {
    return {l1, l2, l3, cores, std::move(rule), sweep_factor, pass_factor};
}

}  // namespace

void bind_machine(py::module_& m) {
    const Machine defaults;
    py::class_<Machine>(m, "Machine", "Caches and cores that plans are made for.")
        .def(py::init(&make_machine), py::kw_only(), py::arg("l1_bytes") = defaults.l1_bytes,
             py::arg("l2_bytes") = defaults.l2_bytes, py::arg("l3_bytes") = defaults.l3_bytes,
             py::arg("cores") = defaults.cores, py::arg("cores_rule") = "given", py::arg("sweep_factor") = 1.0,
             py::arg("pass_factor") = 1.0)
        .def_readonly("l1_bytes", &Machine::l1_bytes)
        .def_readonly("l2_bytes", &Machine::l2_bytes)
        .def_readonly("l3_bytes", &Machine::l3_bytes)
        .def_readonly("cores", &Machine::cores)
        .def_readonly("cores_rule", &Machine::cores_rule)
        .def_readonly("sweep_factor", &Machine::sweep_factor)
        .def_readonly("pass_factor", &Machine::pass_factor)
        .def("__eq__", [](const Machine& a, const Machine& b) { return a == b; });
    m.def("detect_machine", &detect_machine, py::arg("root") = "/");
    m.def(
        "available_memory",
        [] {
            const AvailableMemory memory = available_memory(buffer_usage());
            return std::pair(memory.bytes, memory.rule);
        },
        "Bytes this process could still take, and the limit that says so.");
    m.def("isa_names", &isa_names, "Instruction sets this CPU can run, best first.");
    m.def(
        "isa_in_use", [](const std::string& name) { return std::string(kernels_for(name).name); }, py::arg("name") = "",
        "The instruction set a name stands for; empty: KETJET_ISA or the best.");
    m.def(
        "buffer_usage",
        [] {
            const BufferUsage usage = buffer_usage();
            return std::tuple(usage.in_use, usage.pooled, usage.offered);
        },
        "Bytes held by live buffers, kept warm for the next ones, and kept as long as the system does not need them.");
    m.def("set_pool_limit", &set_pool_limit, py::arg("bytes"));
    m.def("fail_allocation_after", &fail_allocation_after, py::arg("count"),
          "Fault injection: the count-th allocation from now on fails (0: none).");
}

}  // namespace ketjet::bindings
