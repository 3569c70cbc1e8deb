// Gradients of expectation values.
#include "run/gradient.hpp"

#include <pybind11/stl.h>

#include <memory>
#include <new>
#include <numeric>
#include <utility>

#include "base/aligned_buffer.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/control.hpp"
#include "bindings/gil.hpp"
#include "kernels/dispatch.hpp"
#include "plan/commuting_layers.hpp"
#include "plan/plan_bytes.hpp"
#include "program/derivative.hpp"

namespace ketjet::bindings {

namespace {

MirroredPlan make_mirrored(const Program& program, const Machine& machine, Precision precision,
                           const std::vector<std::string>& switched_off) {
    return mirrored_plan(program, machine, precision, options_without(switched_off));
}

// The way back follows from the plan.
py::bytes mirrored_bytes(const MirroredPlan& mirrored) {
    const std::vector<std::uint8_t> bytes = bytes_of(*mirrored.plan);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

MirroredPlan read_mirrored(const py::bytes& bytes) {
    const auto text = static_cast<std::string_view>(bytes);
    auto plan = std::make_shared<const Plan>(
        plan_from_bytes(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())));
    return {plan, mirror_of(*plan)};
}

GradientResult run_gradient(const MirroredPlan& mirrored, const Program& program, const GradientRequest& request,
                            const RunContext& context) {
    const ReleasedGil released;
    try {
        return mirrored.plan->request.precision == Precision::single
                   ? gradient<float>(mirrored, program, request, context)
                   : gradient<double>(mirrored, program, request, context);
    } catch (const std::bad_alloc&) {
        release_free_memory();
        throw;
    }
}

py::tuple gradients(const MirroredPlan& mirrored, const Program& program, const GradientRequest& request, int threads,
                    const std::string& isa, const RunControl& control) {
    const RunContext context{kernels_for(isa), threads, StopToken(control.counters(), request.time_limit)};
    GradientResult result = run_gradient(mirrored, program, request, context);
    const auto slots = static_cast<py::ssize_t>(program.slots().size());
    const auto rows = static_cast<py::ssize_t>(result.rows);
    return py::make_tuple(to_array(std::move(result.values)), to_array(std::move(result.derivatives), {rows, slots}),
                          result.adjoint_residual);
}

// Of all slots one after the other: which slot a term belongs to, its string, and what that is multiplied by.
struct GeneratorTerms {
    std::vector<std::int64_t> slots;
    std::vector<std::uint64_t> x_masks, z_masks, condition_masks, condition_values;
    std::vector<double> coefficients;
};

GeneratorTerms find_generators(const Program& program) {
    const ReleasedGil released;
    if (program.num_qubits() > 64) throw std::invalid_argument("the program has too many qubits");
    GeneratorTerms terms;
    for (const Operation& operation : program.operations()) {
        for (const auto& [slot, generator] : generators_of(program, operation)) {
            for (const auto& [string, coefficient] : generator) {
                terms.slots.push_back(slot);
                terms.x_masks.push_back(string.x);
                terms.z_masks.push_back(string.z);
                terms.condition_masks.push_back(string.condition.mask);
                terms.condition_values.push_back(string.condition.value);
                terms.coefficients.push_back(coefficient);
            }
        }
    }
    return terms;
}

py::tuple generator_terms(const Program& program) {
    GeneratorTerms terms = find_generators(program);
    return py::make_tuple(to_array(std::move(terms.slots)), to_array(std::move(terms.x_masks)),
                          to_array(std::move(terms.z_masks)), to_array(std::move(terms.condition_masks)),
                          to_array(std::move(terms.condition_values)), to_array(std::move(terms.coefficients)));
}

py::array_t<std::uint32_t> layers_of(const Program& program, const InputArray<std::uint8_t>& varies) {
    const std::span flags(varies.data(), static_cast<std::size_t>(varies.size()));
    std::vector<std::uint32_t> layers;
    {
        const ReleasedGil released;
        layers = commuting_layers(program, flags);
    }
    return to_array(std::move(layers));
}

// Raised with its message and the index of the operation.
void register_not_differentiable(py::module_& m) {
    static PyObject* const type =
        py::exception<NotDifferentiable>(m, "NotDifferentiable", PyExc_ValueError).release().ptr();
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const NotDifferentiable& error) {
            PyErr_SetObject(type, py::make_tuple(error.what(), error.operation).ptr());
        }
    });
}

}  // namespace

void bind_gradient(py::module_& m) {
    register_not_differentiable(m);
    py::class_<MirroredPlan>(m, "MirroredPlan", "A plan for a program and the way back through it.")
        .def_property_readonly(
            "plan", [](const MirroredPlan& p) { return std::const_pointer_cast<Plan>(p.plan); }, "The way there.")
        .def(
            "seconds_back",
            [](const MirroredPlan& p, std::size_t states, int threads) {
                const std::vector<double> seconds = mirror_seconds(p, states, threads);
                return std::accumulate(seconds.begin(), seconds.end(), 0.0);
            },
            py::arg("states"), py::arg("threads"), "Predicted, of the way back with so many states.")
        .def(py::pickle(&mirrored_bytes, &read_mirrored));
    m.def("mirrored_plan", &make_mirrored, py::arg("program"), py::arg("machine"), py::arg("precision"),
          py::arg("switched_off"), py::call_guard<ReleasedGil>(),
          "Plans a program for gradients; raises NotDifferentiable with a message and the index of an operation.");
    py::class_<GradientRequest>(m, "GradientRequest", "What is wanted of a gradient.")
        .def(py::init(
                 [](std::shared_ptr<ObservableSet> observables) { return GradientRequest{std::move(observables)}; }),
             py::arg("observables").none(false))
        .def_readwrite("weights", &GradientRequest::weights)
        .def_property(
            "slots", [](const GradientRequest& request) { return request.slots; },
            [](GradientRequest& request,
               const py::array_t<std::uint32_t, py::array::c_style | py::array::forcecast>& slots) {
                request.slots.emplace(slots.data(), slots.data() + slots.size());
            },
            "To differentiate by; by all unless it is set.")
        .def_readwrite("max_states", &GradientRequest::max_states)
        .def_readwrite("time_limit", &GradientRequest::time_limit)
        .def_readwrite("memory_limit", &GradientRequest::memory_limit)
        .def_readwrite("promised_bytes", &GradientRequest::promised_bytes)
        .def_readwrite("kept_bytes", &GradientRequest::kept_bytes);
    m.def("gradient", &gradients, py::arg("mirrored_plan"), py::arg("program"), py::arg("request"), py::kw_only(),
          py::arg("threads"), py::arg("isa"), py::arg("control"),
          "Values of observables, their derivatives by all slots, and how far the way back has missed |0...0>, if it "
          "leads there; releases the GIL; raises Cancelled, MemoryError or TimeLimitReached.");
    m.def("generators", &generator_terms, py::arg("program"),
          "The generators of the derivatives by all slots, term by term: slots, masks of X and Z, of conditions and "
          "their "
          "values, and coefficients.");
    m.def("commuting_layers", &layers_of, py::arg("program"), py::arg("varies"), "The layer of each operation.");
}

}  // namespace ketjet::bindings
