// Plan, its cost and its report.
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"
#include "bindings/report_columns.hpp"
#include "plan/by_operation.hpp"
#include "plan/light_cones.hpp"
#include "plan/plan_bytes.hpp"
#include "plan/plan_cache.hpp"
#include "plan/prune.hpp"
#include "plan/reading_cost.hpp"
#include "plan/report.hpp"
#include "plan/resources.hpp"
#include "readout/reading_report.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

namespace {

// Plans are shared with the cache, and all that Python sees of them is read-only. The last owner of one lets go of the
// GIL meanwhile: a plan of a million operations takes tens of milliseconds to delete.
std::shared_ptr<Plan> deleted_for_many(std::shared_ptr<const Plan> owned) {
    auto made = std::const_pointer_cast<Plan>(std::move(owned));
    Plan* const plan = made.get();
    return {plan, [made = std::move(made)](Plan*) mutable {
                const ReleasedForMany released(made->original.operations().size());
                made.reset();
            }};
}

std::shared_ptr<Plan> plan_program(const Program& program, const Machine& machine, Precision precision,
                                   const std::vector<std::string>& switched_off, bool from_zero, bool keep_state,
                                   int global_qubits, int pinned_qubits) {
    const PlanOptions options = options_without(switched_off);
    constexpr std::size_t as_items = 16;  // planning an operation takes far longer than most else that is done to it
    const ReleasedForMany released(as_items * program.operations().size());
    return deleted_for_many(
        cached_plan(program, machine, {precision, options, from_zero, keep_state, 0, {global_qubits, pinned_qubits}}));
}

py::bytes plan_bytes(const Plan& plan) {
    std::vector<std::uint8_t> bytes;
    {
        const ReleasedForMany released(plan.original.operations().size());
        bytes = bytes_of(plan);
    }
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::shared_ptr<Plan> read_plan(const py::bytes& bytes) {
    const auto text = static_cast<std::string_view>(bytes);
    const std::span read(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    const ReleasedForMany released(read.size());
    return deleted_for_many(std::make_shared<const Plan>(plan_from_bytes(read)));
}

py::tuple as_tuple(const ReadPartReport& part) {
    return py::make_tuple(part.hot, part.paired, part.strings, part.flips, part.seconds);
}

py::tuple report_readings(const Plan& plan, const ObservableSet& observables, int threads) {
    const ReadingReport report = reading_report(plan, observables, threads);
    py::list stages, sweeps;
    for (const auto& [stage, part] : report.stages) stages.append(py::make_tuple(stage, as_tuple(part)));
    for (const ReadPartReport& part : report.sweeps) sweeps.append(as_tuple(part));
    return py::make_tuple(report.last, stages, sweeps);
}

struct FoundCone {
    LightCone cone;
    ProgramPart part;
};

std::optional<std::vector<FoundCone>> find_cones(const Program& program, const StringMasks& strings, double max_share) {
    const ReleasedGil released;
    auto cones = light_cones(program, strings, max_share);
    if (!cones) return std::nullopt;
    std::vector<FoundCone> found;
    for (LightCone& cone : *cones) {
        ProgramPart part = part_of(program, cone);
        found.push_back({std::move(cone), std::move(part)});
    }
    return found;
}

std::optional<py::list> cones_of(const Program& program, const InputArray<std::uint64_t>& x_masks,
                                 const InputArray<std::uint64_t>& z_masks, double max_share) {
    if (x_masks.ndim() != 2 || z_masks.ndim() != 2) throw std::invalid_argument("masks are strings x words");
    const auto words_of = [](const InputArray<std::uint64_t>& masks) {
        return std::span(masks.data(), static_cast<std::size_t>(masks.size()));
    };
    const StringMasks strings{static_cast<std::size_t>(x_masks.shape(1)), words_of(x_masks), words_of(z_masks)};
    auto found = find_cones(program, strings, max_share);
    if (!found) return std::nullopt;
    py::list cones;
    for (auto& [cone, part] : *found) {
        cones.append(py::make_tuple(std::move(part.program), to_array(std::move(cone.qubits)),
                                    to_array(std::move(part.slots)), to_array(std::move(cone.strings))));
    }
    return cones;
}

py::array_t<bool> needed_to_read_flags(const Program& program, Index moved, Index kept) {
    if (program.num_qubits() > max_state_qubits) throw std::invalid_argument("no state has so many qubits");
    std::vector<bool> needed;
    {
        const ReleasedForMany released(program.operations().size());
        needed = needed_to_read(program, moved, kept);
    }
    py::array_t<bool> flags(static_cast<py::ssize_t>(needed.size()));
    std::ranges::copy(needed, flags.mutable_data());
    return flags;
}

template <auto function, class Number>
auto of_plan(const Plan& plan, Number number) {
    const ReleasedForMany released(plan.stages.size());
    return function(plan, number);
}

py::tuple report_columns(const Plan& plan, int threads) {
    std::optional<ReportColumns> columns;
    {
        const ReleasedGil released;
        columns.emplace(report(plan, threads));
    }
    return columns->tuple();
}

}  // namespace

void bind_plan(py::module_& m) {
    py::register_exception<PlanFormatError>(m, "PlanFormatError", PyExc_ValueError);
    py::enum_<Precision>(m, "Precision").value("single", Precision::single).value("double", Precision::double_);
    py::class_<PlanCost>(m, "PlanCost")
        .def_readonly("state_bytes", &PlanCost::state_bytes)
        .def_readonly("bytes_moved", &PlanCost::bytes_moved)
        .def_readonly("norm_bytes", &PlanCost::norm_bytes)
        .def_readonly("exchanges", &PlanCost::exchanges)
        .def_readonly("message_bytes", &PlanCost::message_bytes)
        .def_readonly("bytes_exchanged", &PlanCost::bytes_exchanged)
        .def_readonly("seconds", &PlanCost::seconds);
    py::class_<BoundPlan>(m, "BoundPlan", "A plan with the angles of one program: all that a run needs.");
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
        .def_property_readonly("collapses_at_random", &Plan::collapses_at_random)
        .def_property_readonly("arbitrary_save", &Plan::arbitrary_save)
        .def_property_readonly("has_loops", &Plan::has_loops)
        .def_readonly("planning_seconds", &Plan::planning_seconds)
        .def_property_readonly("runs_by_operation", &runs_by_operation)
        .def_property_readonly("num_passes", &Plan::num_passes)
        .def_readonly("global_qubits", &Plan::global_qubits)
        .def_property_readonly("local_qubits", &Plan::local_qubits)
        .def_property_readonly("precision", [](const Plan& p) { return p.request.precision; })
        .def(
            "bind", [](std::shared_ptr<Plan> p, const Program& program) { return BoundPlan(std::move(p), program); },
            py::arg("program"), "With the slots of a program that has the structure it was made for.")
        .def("to_string", &Plan::to_string)
        .def("to_bytes", &plan_bytes, "All of it but slots and planning time: the same bytes on every machine.")
        .def_static("from_bytes", &read_plan, py::arg("data"),
                    "The plan that was written; raises PlanFormatError if it was not, or is damaged.")
        .def(py::pickle(&plan_bytes, &read_plan))
        .def("__eq__", [](const Plan& a, const Plan& b) { return a == b; });
    m.def(
        "reading_seconds",
        [](const Plan& plan, const ObservableSet& observables, int threads) {
            return run_reading_seconds(plan, observables.strings(), threads);
        },
        py::arg("plan"), py::arg("observables"), py::arg("threads"), py::call_guard<ReleasedGil>(),
        "What reading observables is predicted to add to a run of the plan, or to each trajectory of one.");
    m.def(
        "reading_report", &report_readings, py::arg("plan"), py::arg("observables"), py::arg("threads"),
        "The stage of the last sweep, or None if it cannot read; then pairs of a stage and what its sweep reads before "
        "it writes; and what sweeps read that write nothing. That is: tuples of hot qubits, of qubits in which pairs "
        "of blocks differ, of how many strings, of how many sets of qubits that these flip, and of the seconds that "
        "this is predicted to add.");
    m.def(
        "plan_options",
        [] {
            const auto names = plan_option_names();
            return std::vector(names.begin(), names.end());
        },
        "Names of what the planner may do unless it is switched off.");
    m.def(
        "plan_format", [] { return plan_format; }, "The number of the format of a plan as bytes.");
    m.def("plan", &plan_program, py::arg("program"), py::arg("machine"), py::arg("precision"), py::arg("switched_off"),
          py::kw_only(), py::arg("from_zero"), py::arg("keep_state"), py::arg("global_qubits") = 0,
          py::arg("pinned_qubits") = Sharing{}.pinned_qubits);
    m.def(
        "state_qubits",
        [](const Program& program, const std::vector<std::string>& switched_off, bool keep_state) {
            return state_qubits(program, {Precision::double_, options_without(switched_off), true, keep_state});
        },
        py::arg("program"), py::arg("switched_off"), py::kw_only(), py::arg("keep_state"),
        py::call_guard<ReleasedGil>());
    m.def("needed_to_read", &needed_to_read_flags, py::arg("program"), py::arg("moved"), py::arg("kept"),
          "Of each operation, whether expectation values of strings with X or Y on the qubits `moved` and Z, Y or "
          "projectors on the qubits `kept` depend on it.");
    m.def("light_cones", &cones_of, py::arg("program"), py::arg("x_masks"), py::arg("z_masks"), py::arg("max_share"),
          "Tuples of a part of a program, its qubits, its slots, and the strings whose values it gives; None where "
          "there are no cones, or they take that share of the work.");
    m.def("plan_cost", &of_plan<plan_cost, int>, py::arg("plan"), py::arg("threads"));
    m.def("report", &report_columns, py::arg("plan"), py::arg("threads"),
          "What a plan does and why, in columns: texts, operations, stages, passes; and how many operations it left "
          "out.");
    m.def("useful_threads", &of_plan<useful_threads, int>, py::arg("plan"), py::arg("available"));
    m.def("least_states", &of_plan<least_states, std::int64_t>, py::arg("plan"), py::arg("shots"),
          "How many states a run of a plan can do with.");
    m.def("useful_states", &of_plan<useful_states, std::int64_t>, py::arg("plan"), py::arg("shots"),
          "How many states a run is better off for holding at a time.");
}

}  // namespace ketjet::bindings
