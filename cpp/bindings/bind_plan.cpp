// Plan, its cost and its report.
#include <pybind11/stl.h>

#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"
#include "plan/plan_cache.hpp"
#include "plan/report.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

namespace {

// Plans are shared with the cache, and all that Python sees of them is read-only.
std::shared_ptr<Plan> plan_program(const Program& program, const Machine& machine, Precision precision,
                                   const PlanOptions& options, bool from_zero, bool keep_state) {
    return std::const_pointer_cast<Plan>(cached_plan(program, machine, {precision, options, from_zero, keep_state}));
}

void bind_report(py::module_& m) {
    py::enum_<Part>(m, "Part", "What a pass does of an operation; the rest is done by passes beside it.")
        .value("whole", Part::whole)
        .value("before", Part::before)
        .value("turn", Part::turn)
        .value("after", Part::after);
    py::class_<OperationReport>(m, "OperationReport")
        .def_readonly("name", &OperationReport::name)
        .def_readonly("qubits", &OperationReport::qubits);
    py::class_<PassOperation>(m, "PassOperation")
        .def_readonly("operation", &PassOperation::operation)
        .def_readonly("part", &PassOperation::part);
    py::class_<PassReport>(m, "PassReport")
        .def_property_readonly("kind", [](const PassReport& p) { return name_of(p.kind); })
        .def_readonly("kernel", &PassReport::kernel)
        .def_readonly("operations", &PassReport::operations)
        .def_readonly("qubits", &PassReport::qubits)
        .def_readonly("ns_per_amplitude", &PassReport::ns_per_amplitude)
        .def_readonly("fma_per_amplitude", &PassReport::fma_per_amplitude)
        .def_property_readonly("reason", [](const PassReport& p) { return text_of(p.reason); });
    py::class_<StageReport>(m, "StageReport")
        .def_property_readonly("kind", [](const StageReport& s) { return name_of(s.kind); })
        .def_readonly("hot", &StageReport::hot)
        .def_readonly("active", &StageReport::active)
        .def_readonly("operations", &StageReport::operations)
        .def_readonly("bytes_moved", &StageReport::bytes_moved)
        .def_readonly("amplitudes", &StageReport::amplitudes)
        .def_readonly("fma", &StageReport::fma)
        .def_readonly("seconds", &StageReport::seconds)
        .def_property_readonly("reason", [](const StageReport& s) { return text_of(s.reason); })
        .def_readonly("missing", &StageReport::missing)
        .def_readonly("target", &StageReport::target)
        .def_readonly("passes", &StageReport::passes);
    py::class_<PlanReport>(m, "PlanReport", "What a plan does and why, stage by stage.")
        .def_readonly("operations", &PlanReport::operations)
        .def_readonly("stages", &PlanReport::stages)
        .def_readonly("cost", &PlanReport::cost)
        .def_readonly("fma", &PlanReport::fma);
    m.def("report", &report, py::arg("plan"), py::arg("options"), py::arg("precision"), py::arg("threads"),
          py::call_guard<ReleasedGil>());
}

}  // namespace

void bind_plan(py::module_& m) {
    py::enum_<Precision>(m, "Precision").value("single", Precision::single).value("double", Precision::double_);
    py::class_<PlanCost>(m, "PlanCost")
        .def_readonly("state_bytes", &PlanCost::state_bytes)
        .def_readonly("bytes_moved", &PlanCost::bytes_moved)
        .def_readonly("seconds", &PlanCost::seconds);
    py::class_<Plan, std::shared_ptr<Plan>>(m, "Plan", "The stages in which a Program is executed.")
        .def_readonly("num_qubits", &Plan::num_qubits)
        .def_property_readonly(
            "save_frames",
            [](const Plan& p) {
                py::dict frames;
                for (const auto& [save, places, ones] : p.save_frames)
                    frames[py::int_(save)] = py::make_tuple(places, ones);
                return frames;
            },
            "By index of a save that leaves out wires: the places of those it keeps, and of those left out that are 1.")
        .def_property_readonly("num_stages", [](const Plan& p) { return p.stages.size(); })
        .def_property_readonly("num_sweeps", &Plan::num_sweeps)
        .def_property_readonly("has_trajectories", &Plan::has_trajectories)
        .def_property_readonly("has_loops", &Plan::has_loops)
        .def_readonly("planning_seconds", &Plan::planning_seconds)
        .def_property_readonly("num_passes", &Plan::num_passes)
        .def("to_string", &Plan::to_string)
        .def("__eq__", [](const Plan& a, const Plan& b) { return a == b; });
    py::class_<PlanOptions>(m, "PlanOptions", "What the planner may do.")
        .def(py::init<>())
        .def_readwrite("growth", &PlanOptions::growth)
        .def_readwrite("known_bits", &PlanOptions::known_bits)
        .def_readwrite("relabel_swaps", &PlanOptions::relabel_swaps)
        .def_readwrite("prune", &PlanOptions::prune)
        .def_readwrite("merge_dense", &PlanOptions::merge_dense)
        .def_readwrite("turn_pairs", &PlanOptions::turn_pairs)
        .def_readwrite("merge_passes", &PlanOptions::merge_passes)
        .def_readwrite("block_frame", &PlanOptions::block_frame)
        .def_readwrite("merge_branches", &PlanOptions::merge_branches)
        .def_readwrite("search", &PlanOptions::search);
    m.def("plan", &plan_program, py::arg("program"), py::arg("machine"), py::arg("precision"), py::arg("options"),
          py::kw_only(), py::arg("from_zero"), py::arg("keep_state"), py::call_guard<ReleasedGil>());
    m.def(
        "state_qubits",
        [](const Program& program, const PlanOptions& options, bool keep_state) {
            return state_qubits(program, {Precision::double_, options, true, keep_state});
        },
        py::arg("program"), py::arg("options"), py::kw_only(), py::arg("keep_state"), py::call_guard<ReleasedGil>());
    m.def("plan_cost", &plan_cost, py::arg("plan"), py::arg("precision"), py::arg("threads"));
    bind_report(m);
    m.def("useful_threads", &useful_threads, py::arg("plan"), py::arg("precision"), py::arg("available"));
    m.def("useful_states", &useful_states, py::arg("plan"), py::arg("precision"), py::arg("shots"),
          "How many states a run is better off for holding at a time; it can do with one.");
}

}  // namespace ketjet::bindings
