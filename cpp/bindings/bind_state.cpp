// A state for stepwise use, in both precisions.
#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/control.hpp"
#include "bindings/gil.hpp"
#include "exec/state_norms.hpp"
#include "kernels/dispatch.hpp"
#include "readout/observable.hpp"
#include "readout/probabilities.hpp"
#include "run/run.hpp"

namespace ketjet::bindings {

namespace {

RunContext context_for(int threads, const RunControl& control, double time_limit = 0) {
    return {kernels_for(), threads, StopToken(control.counters(), time_limit)};
}

template <class T>
std::vector<std::uint64_t> evolve_state(StateVector<T>& state, const BoundPlan& bound, const PhiloxKey& key,
                                        Verify verify, double time_limit, int threads, const RunControl& control) {
    const RunContext context = context_for(threads, control, time_limit);
    std::vector<std::uint64_t> memory = evolve(bound, state, key, verify, context);
    memory.resize(static_cast<std::size_t>(bound.program.clbit_words()));
    return memory;
}

template <class T>
py::tuple sample_state(const StateVector<T>& state, const std::vector<std::int32_t>& qubits, std::int64_t shots,
                       const PhiloxKey& key, int threads, const RunControl& control) {
    OutcomeTable table;
    {
        const ReleasedGil released;
        const RunContext context = context_for(threads, control);
        std::vector<BitMove> moves;
        for (const std::int32_t qubit : qubits) moves.push_back({qubit, static_cast<std::int32_t>(moves.size())});
        const StateNorms norms = norms_of(state, context);
        table = tabulate(sample(state, norms, shots, key, context), moves, {}, static_cast<int>(qubits.size()), 0,
                         context.stop);
    }
    const NoCollection while_made;
    return py::make_tuple(to_array(std::move(table.keys)), to_array(std::move(table.counts)));
}

template <class T>
py::array_t<double> probabilities(const StateVector<T>& state, const std::vector<int>& qubits, int threads,
                                  const RunControl& control) {
    SavesVector<double> result;
    {
        const ReleasedGil released;
        result = marginal_probabilities(state, qubits, context_for(threads, control));
    }
    return to_array(std::move(result));
}

template <class T>
Complex pauli_expectation(const StateVector<T>& state, const std::vector<Index>& x_masks,
                          const std::vector<Index>& z_masks, const std::vector<Complex>& coefficients, int threads,
                          const RunControl& control) {
    return expectation(state, pauli_terms(x_masks, z_masks, coefficients), context_for(threads, control));
}

template <class T>
void bind_state_class(py::module_& m, const char* name) {
    using State = StateVector<T>;
    const auto release_gil = py::call_guard<ReleasedGil>();
    py::class_<State>(m, name, "The amplitudes of one state, for stepwise use.")
        .def(py::init([](int num_qubits) { return State(num_qubits, minimum_state_qubits); }), py::arg("num_qubits"))
        .def_property_readonly("num_qubits", &State::num_qubits)
        .def_property_readonly("array",
                               [](py::object self) {
                                   State& state = self.cast<State&>();
                                   return py::array_t<std::complex<T>>({static_cast<py::ssize_t>(state.size())},
                                                                       state.amplitudes(), self);
                               })
        .def(
            "set_zero", [](State& s, int threads, const RunControl& c) { extend_state(s, 0, context_for(threads, c)); },
            py::arg("threads"), py::arg("control"), release_gil)
        .def("evolve", &evolve_state<T>, py::arg("bound_plan"), py::arg("key"), py::arg("verify"),
             py::arg("time_limit"), py::arg("threads"), py::arg("control"), release_gil)
        .def(
            "norm_squared",
            [](const State& s, int threads, const RunControl& c) {
                return norms_of(s, context_for(threads, c)).total();
            },
            py::arg("threads"), py::arg("control"), release_gil)
        .def("expectation", &pauli_expectation<T>, py::arg("x_masks"), py::arg("z_masks"), py::arg("coefficients"),
             py::arg("threads"), py::arg("control"), release_gil)
        .def("sample", &sample_state<T>, py::arg("qubits"), py::arg("shots"), py::arg("key"), py::arg("threads"),
             py::arg("control"))
        .def("probabilities", &probabilities<T>, py::arg("qubits"), py::arg("threads"), py::arg("control"));
}

}  // namespace

void bind_state(py::module_& m) {
    bind_state_class<float>(m, "StateSingle");
    bind_state_class<double>(m, "StateDouble");
}

}  // namespace ketjet::bindings
