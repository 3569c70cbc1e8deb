// Plan and its cost.
#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"
#include "plan/planner.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

namespace {

PlanOptions options_for(const Program& program, const Machine& machine, Precision precision) {
    return plan_options(machine, precision, std::max(program.num_qubits(), minimum_state_qubits));
}

}  // namespace

void bind_plan(py::module_& m) {
    py::enum_<Precision>(m, "Precision").value("single", Precision::single).value("double", Precision::double_);
    py::class_<PlanCost>(m, "PlanCost")
        .def_readonly("state_bytes", &PlanCost::state_bytes)
        .def_readonly("bytes_moved", &PlanCost::bytes_moved)
        .def_readonly("seconds", &PlanCost::seconds);
    py::class_<Plan>(m, "Plan", "The stages in which a Program is executed.")
        .def_readonly("num_qubits", &Plan::num_qubits)
        .def_property_readonly("num_stages", [](const Plan& p) { return p.stages.size(); })
        .def_property_readonly("num_sweeps", &Plan::num_sweeps)
        .def_property_readonly("has_random_collapse", &Plan::has_random_collapse)
        .def("to_string", &Plan::to_string, py::arg("program"))
        .def("__eq__", [](const Plan& a, const Plan& b) { return a == b; });
    m.def(
        "plan",
        [](const Program& program, const Machine& machine, Precision precision) {
            return plan(program, options_for(program, machine, precision));
        },
        py::arg("program"), py::arg("machine"), py::arg("precision"), py::call_guard<ReleasedGil>());
    m.def(
        "plan_for_any_state",
        [](const Program& program, const Machine& machine, Precision precision) {
            return plan_for_any_state(program, options_for(program, machine, precision));
        },
        py::arg("program"), py::arg("machine"), py::arg("precision"), py::call_guard<ReleasedGil>());
    m.def("plan_cost", &plan_cost, py::arg("program"), py::arg("plan"), py::arg("precision"), py::arg("threads"));
    m.def("useful_threads", &useful_threads, py::arg("program"), py::arg("plan"), py::arg("precision"),
          py::arg("available"));
}

}  // namespace ketjet::bindings
