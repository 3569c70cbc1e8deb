// Plan, its cost and its report.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"
#include "plan/plan_bytes.hpp"
#include "plan/plan_cache.hpp"
#include "plan/report.hpp"
#include "plan/resources.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

namespace {

struct PlanSwitch {
    const char* name;
    bool PlanOptions::* on;
};
constexpr std::array plan_switches{
    PlanSwitch{"growth", &PlanOptions::growth},
    PlanSwitch{"known_bits", &PlanOptions::known_bits},
    PlanSwitch{"relabel_swaps", &PlanOptions::relabel_swaps},
    PlanSwitch{"prune", &PlanOptions::prune},
    PlanSwitch{"reuse_qubits", &PlanOptions::reuse_qubits},
    PlanSwitch{"merge_dense", &PlanOptions::merge_dense},
    PlanSwitch{"turn_pairs", &PlanOptions::turn_pairs},
    PlanSwitch{"merge_passes", &PlanOptions::merge_passes},
    PlanSwitch{"block_frame", &PlanOptions::block_frame},
    PlanSwitch{"real_blocks", &PlanOptions::real_blocks},
    PlanSwitch{"merge_branches", &PlanOptions::merge_branches},
    PlanSwitch{"search", &PlanOptions::search},
};

std::vector<std::string> plan_options() {
    std::vector<std::string> names;
    for (const PlanSwitch& option : plan_switches) names.emplace_back(option.name);
    return names;
}

PlanOptions options_without(const std::vector<std::string>& switched_off) {
    PlanOptions options;
    for (const std::string& name : switched_off) {
        const auto* const found = std::ranges::find(plan_switches, name, &PlanSwitch::name);
        if (found == plan_switches.end()) throw std::invalid_argument("the planner has no switch " + name);
        options.*(found->on) = false;
    }
    return options;
}

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
                                   const std::vector<std::string>& switched_off, bool from_zero, bool keep_state) {
    const PlanOptions options = options_without(switched_off);
    return deleted_for_many(cached_plan(program, machine, {precision, options, from_zero, keep_state}));
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

// Lists of any lengths, one after the other: list i is values[begin[i]] up to values[begin[i + 1]].
template <class T>
struct Lists {
    std::vector<std::int64_t> begin{0};
    std::vector<T> values;

    template <class Range, class Of = std::identity>
    void add(const Range& list, Of of = {}) {
        for (const auto& item : list) values.push_back(static_cast<T>(of(item)));
        begin.push_back(static_cast<std::int64_t>(values.size()));
    }
    py::tuple arrays() { return py::make_tuple(to_array(std::move(begin)), to_array(std::move(values))); }
};

// Each text once, and who has which.
class Texts {
 public:
    std::int32_t number_of(std::string_view text) {
        const auto [found, is_new] = numbers_.emplace(text, static_cast<std::int32_t>(texts_.size()));
        if (is_new) texts_.emplace_back(text);
        return found->second;
    }
    py::tuple tuple() const {
        py::tuple made(texts_.size());
        for (std::size_t i = 0; i < texts_.size(); ++i) made[i] = py::str(texts_[i]);
        return made;
    }

 private:
    std::map<std::string, std::int32_t, std::less<>> numbers_;
    std::vector<std::string> texts_;
};

constexpr std::array part_names{"whole", "before", "turn", "after"};

// A report in columns, which are made without the GIL and read piece by piece.
struct ReportColumns {
    Texts texts;
    std::vector<std::int32_t> operation_names;
    Lists<std::int32_t> operation_qubits;
    std::vector<std::int32_t> stage_kinds, stage_reasons, folded;
    Lists<std::int32_t> hot, active, missing;
    Lists<std::int64_t> stage_operations;
    std::vector<std::int64_t> bytes_moved, targets, passes_end;
    std::vector<double> amplitudes, stage_fma, seconds;
    std::vector<std::int32_t> pass_kinds, kernels, pass_reasons;
    Lists<std::int64_t> pass_operations;
    Lists<std::int32_t> parts, pass_qubits;
    std::vector<double> ns_per_amplitude, pass_fma;
    std::size_t left_out;

    explicit ReportColumns(const PlanReport& report) : left_out(report.left_out) {
        for (const OperationReport& operation : report.operations) {
            operation_names.push_back(texts.number_of(operation.name));
            operation_qubits.add(operation.qubits);
        }
        for (const StageReport& stage : report.stages) add(stage);
    }

    py::tuple tuple() {
        const NoCollection while_made;
        return py::make_tuple(
            texts.tuple(), py::make_tuple(to_array(std::move(operation_names)), operation_qubits.arrays()),
            py::make_tuple(to_array(std::move(stage_kinds)), to_array(std::move(stage_reasons)), hot.arrays(),
                           active.arrays(), to_array(std::move(folded)), missing.arrays(), stage_operations.arrays(),
                           to_array(std::move(bytes_moved)), to_array(std::move(targets)),
                           to_array(std::move(amplitudes)), to_array(std::move(stage_fma)),
                           to_array(std::move(seconds)), to_array(std::move(passes_end))),
            py::make_tuple(to_array(std::move(pass_kinds)), to_array(std::move(kernels)),
                           to_array(std::move(pass_reasons)), pass_operations.arrays(), parts.arrays(),
                           pass_qubits.arrays(), to_array(std::move(ns_per_amplitude)), to_array(std::move(pass_fma))),
            left_out);
    }

 private:
    void add(const StageReport& stage) {
        stage_kinds.push_back(texts.number_of(stage.kind));
        stage_reasons.push_back(texts.number_of(text_of(stage.reason)));
        hot.add(stage.hot);
        active.add(stage.active);
        folded.push_back(stage.folded);
        missing.add(stage.missing);
        stage_operations.add(stage.operations);
        bytes_moved.push_back(stage.bytes_moved);
        targets.push_back(stage.target ? static_cast<std::int64_t>(*stage.target) : -1);
        amplitudes.push_back(stage.amplitudes);
        stage_fma.push_back(stage.fma);
        seconds.push_back(stage.seconds);
        for (const PassReport& pass : stage.passes) add(pass);
        passes_end.push_back(static_cast<std::int64_t>(pass_kinds.size()));
    }

    void add(const PassReport& pass) {
        pass_kinds.push_back(texts.number_of(pass.kind));
        kernels.push_back(texts.number_of(pass.kernel));
        pass_reasons.push_back(texts.number_of(text_of(pass.reason)));
        pass_operations.add(pass.operations, [](const PassOperation& of) { return of.operation; });
        parts.add(pass.operations, [this](const PassOperation& of) {
            return texts.number_of(part_names[static_cast<std::size_t>(of.part)]);
        });
        pass_qubits.add(pass.qubits);
        ns_per_amplitude.push_back(pass.ns_per_amplitude);
        pass_fma.push_back(pass.fma_per_amplitude);
    }
};

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
        .def_property_readonly("num_passes", &Plan::num_passes)
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
    m.def("plan_options", &plan_options, "Names of what the planner may do unless it is switched off.");
    m.def("plan", &plan_program, py::arg("program"), py::arg("machine"), py::arg("precision"), py::arg("switched_off"),
          py::kw_only(), py::arg("from_zero"), py::arg("keep_state"), py::call_guard<ReleasedGil>());
    m.def(
        "state_qubits",
        [](const Program& program, const std::vector<std::string>& switched_off, bool keep_state) {
            return state_qubits(program, {Precision::double_, options_without(switched_off), true, keep_state});
        },
        py::arg("program"), py::arg("switched_off"), py::kw_only(), py::arg("keep_state"),
        py::call_guard<ReleasedGil>());
    m.def("plan_cost", &plan_cost, py::arg("plan"), py::arg("threads"), py::call_guard<ReleasedGil>());
    m.def("report", &report_columns, py::arg("plan"), py::arg("threads"),
          "What a plan does and why, in columns: texts, operations, stages, passes; and how many operations it left "
          "out.");
    m.def("useful_threads", &useful_threads, py::arg("plan"), py::arg("available"), py::call_guard<ReleasedGil>());
    m.def("least_states", &least_states, py::arg("plan"), py::arg("shots"), py::call_guard<ReleasedGil>(),
          "How many states a run of a plan can do with.");
    m.def("useful_states", &useful_states, py::arg("plan"), py::arg("shots"), py::call_guard<ReleasedGil>(),
          "How many states a run is better off for holding at a time.");
}

}  // namespace ketjet::bindings
