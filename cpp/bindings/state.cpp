// A state for stepwise use, in both precisions.
#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/control.hpp"
#include "bindings/gil.hpp"
#include "bindings/held_state.hpp"
#include "bindings/shares.hpp"
#include "exec/state_norms.hpp"
#include "kernels/dispatch.hpp"
#include "plan/cost.hpp"
#include "readout/density.hpp"
#include "readout/expectations.hpp"
#include "readout/outcomes.hpp"
#include "readout/overlap.hpp"
#include "readout/probabilities.hpp"
#include "readout/sampler.hpp"
#include "readout/variances.hpp"
#include "run/brief_evolution.hpp"
#include "run/evolve.hpp"

namespace ketjet::bindings {

namespace {

RunContext context_for(int threads, const RunControl& control, double time_limit = 0) {
    return {kernels_for(), threads, StopToken(control.counters(), time_limit)};
}

template <class T>
std::vector<std::uint64_t> evolve_state(HeldState<T>& held, const Program& program, const Machine& machine,
                                        const PhiloxKey& key, Verify verify, double time_limit, int threads,
                                        const RunControl& control) {
    const RunContext context = context_for(threads, control, time_limit);
    std::vector<std::uint64_t> memory = held.evolve(
        context, [&](StateVector<T>& state) { return evolve(program, machine, state, key, verify, context); });
    memory.resize(static_cast<std::size_t>(program.clbit_words()));
    return memory;
}

// What is kept of a program for the states that it evolves at once.
struct Evolution {
    template <class T>
    BriefEvolutions<T>& of_scalars() {
        if constexpr (sizeof(T) == sizeof(float)) return single;
        if constexpr (sizeof(T) == sizeof(double)) return double_;
    }

    Program program;
    Machine machine;  // that plans are made for
    BriefEvolutions<float> single{};
    BriefEvolutions<double> double_{};
};

// At once is with the GIL, from the beginning to the end; and what has not been planned is not done at once.
template <class T>
bool evolve_state_briefly(HeldState<T>& held, Evolution& evolution, const std::optional<InputArray<double>>& slots,
                          bool at_once, int threads, const RunControl& control) {
    std::span<const double> bound = evolution.program.slots();
    if (slots) bound = {slots->data(), static_cast<std::size_t>(slots->size())};
    if (bound.size() != evolution.program.slots().size()) throw std::invalid_argument("the program has other slots");
    const RunContext context = context_for(1, control);
    const Index fresh = held.fresh();
    BriefEvolutions<T>& kept = evolution.of_scalars<T>();
    auto taken = kept.take(fresh, evolution.machine, context.kernels);
    if (taken == nullptr && !at_once) {
        const ReleasedGil released;
        taken = BriefEvolution<T>::of(evolution.program, evolution.machine, fresh, context.kernels, threads);
    }
    if (taken == nullptr) return false;
    const bool keeps_gil = taken->seconds(bound) < waking_seconds;
    bool applies = keeps_gil || !at_once;
    if (applies) {
        held.evolve_here(context, keeps_gil, [&](StateVector<T>& state) {
            applies = state.fresh() == fresh;  // nobody has asked for an array meanwhile
            if (applies) taken->run(bound, state, control.counters());
        });
    }
    kept.give(std::move(taken));
    return applies;
}

template <class T>
py::tuple sample_state(HeldState<T>& held, const std::vector<std::int32_t>& qubits, std::int64_t shots,
                       const PhiloxKey& key, int threads, const RunControl& control) {
    const RunContext context = context_for(threads, control);
    OutcomeTable table = held.read(context, [&](const StateVector<T>& state) {
        return sample_qubits(state, qubits, norms_of(state, context), shots, key, context);
    });
    const NoCollection while_made;
    return py::make_tuple(to_array(std::move(table.keys)), to_array(std::move(table.counts)));
}

template <class T>
py::array_t<double> probabilities(HeldState<T>& held, const std::vector<int>& qubits, int threads,
                                  const RunControl& control) {
    const RunContext context = context_for(threads, control);
    return to_array(held.read(
        context, [&](const StateVector<T>& state) { return marginal_probabilities(state, qubits, context); }));
}

template <class T>
double norm_squared(HeldState<T>& held, int threads, const RunControl& control) {
    const RunContext context = context_for(threads, control);
    return held.read(context, [&](const StateVector<T>& state) { return norms_of(state, context).total(); });
}

template <class T>
py::array_t<double> expectations_of(HeldState<T>& held, const ObservableSet& observables, const Machine& machine,
                                    int threads, const RunControl& control) {
    RunContext context = context_for(threads, control);
    context.machine = machine;
    return to_array(
        held.read(context, [&](const StateVector<T>& state) { return expectations(observables, state, context); }));
}

template <class T>
py::array_t<double> variances_of(HeldState<T>& held, const ObservableSet& observables, const Machine& machine,
                                 int threads, const RunControl& control) {
    RunContext context = context_for(threads, control);
    context.machine = machine;
    SavesVector<double> found =
        held.read(context, [&](const StateVector<T>& state) { return variances(observables, state, context); });
    return to_array(std::move(found), {static_cast<py::ssize_t>(observables.size()), 3});
}

template <class T>
py::array_t<Complex> reduced_density_matrix(HeldState<T>& held, const std::vector<std::int32_t>& qubits, int threads,
                                            const RunControl& control) {
    const RunContext context = context_for(threads, control);
    const auto dimension = static_cast<py::ssize_t>(bit(static_cast<int>(qubits.size())));
    return to_array(
        held.read(context, [&](const StateVector<T>& state) { return density_matrix(state, qubits, context); }),
        {dimension, dimension});
}

template <class Bra, class Ket>
Complex overlap_of(HeldState<Bra>& bra, HeldState<Ket>& ket, int threads, const RunControl& control) {
    const RunContext context = context_for(threads, control);
    return bra.read_both(ket, context, [&](const StateVector<Bra>& left, const StateVector<Ket>& right) {
        return overlap(left, right, context);
    });
}

template <class T>
py::class_<HeldState<T>> bind_state_class(py::module_& m, const char* name) {
    using State = HeldState<T>;
    return py::class_<State>(m, name, "The amplitudes of one state, for stepwise use.")
        .def(py::init<int>(), py::arg("num_qubits"))
        .def_property_readonly("num_qubits", &State::num_qubits)
        .def_property_readonly("is_written_out", &State::is_written_out)
        .def_property_readonly("array",
                               [](const py::object& self) {
                                   static RunCounters never_stopped;
                                   return self.cast<State&>().array(self, {kernels_for(), 1, StopToken(never_stopped)});
                               })
        .def(
            "write_out", [](State& s, int threads, const RunControl& c) { s.write_out(context_for(threads, c)); },
            py::arg("threads"), py::arg("control"))
        .def(
            "set_zero", [](State& s, int threads, const RunControl& c) { s.set_zero(context_for(threads, c)); },
            py::arg("threads"), py::arg("control"))
        .def(
            "set_zero_at_once", [](State& s, const RunControl& c) { return s.set_zero_at_once(context_for(1, c)); },
            py::arg("control"), "Likewise if that takes no time to speak of; returns whether it has.")
        .def(
            "copy_from",
            [](State& s, const State& source, int threads, const RunControl& c) {
                s.copy_from(source, context_for(threads, c));
            },
            py::arg("source"), py::arg("threads"), py::arg("control"))
        .def("evolve", &evolve_state<T>, py::arg("program"), py::arg("machine"), py::arg("key"), py::arg("verify"),
             py::arg("time_limit"), py::arg("threads"), py::arg("control"))
        .def(
            "evolve_at_once",
            [](State& s, Evolution& evolution, const std::optional<InputArray<double>>& slots, const RunControl& c) {
                return evolve_state_briefly<T>(s, evolution, slots, true, 1, c);
            },
            py::arg("evolution"), py::arg("slots"), py::arg("control"),
            "Applies a program, with these slots or its own, if that is over sooner than another thread is woken; "
            "returns whether it has.")
        .def(
            "evolve_here",
            [](State& s, Evolution& evolution, const std::optional<InputArray<double>>& slots, int threads,
               const RunControl& c) { return evolve_state_briefly<T>(s, evolution, slots, false, threads, c); },
            py::arg("evolution"), py::arg("slots"), py::arg("threads"), py::arg("control"),
            "Likewise where that is brief, and a worker with so many threads would not be sooner.")
        .def("norm_squared", &norm_squared<T>, py::arg("threads"), py::arg("control"))
        .def("expectations", &expectations_of<T>, py::arg("observables"), py::arg("machine"), py::arg("threads"),
             py::arg("control"))
        .def("variances", &variances_of<T>, py::arg("observables"), py::arg("machine"), py::arg("threads"),
             py::arg("control"))
        .def("reduced_density_matrix", &reduced_density_matrix<T>, py::arg("qubits"), py::arg("threads"),
             py::arg("control"))
        .def("sample", &sample_state<T>, py::arg("qubits"), py::arg("shots"), py::arg("key"), py::arg("threads"),
             py::arg("control"))
        .def("probabilities", &probabilities<T>, py::arg("qubits"), py::arg("threads"), py::arg("control"));
}

// Once Python knows the states of both precisions.
template <class T>
void bind_overlap(py::class_<HeldState<T>>& state) {
    state.def("overlap", &overlap_of<T, float>, py::arg("ket"), py::arg("threads"), py::arg("control"))
        .def("overlap", &overlap_of<T, double>, py::arg("ket"), py::arg("threads"), py::arg("control"));
}

}  // namespace

void bind_state(py::module_& m) {
    py::class_<Evolution>(m, "Evolution", "A program, and what is kept of it for the states that it evolves at once.")
        .def(py::init([](const Program& program, const Machine& machine) {
                 return std::make_unique<Evolution>(Evolution{program, machine});
             }),
             py::arg("program"), py::arg("machine"));
    auto single = bind_state_class<float>(m, "StateSingle");
    auto double_ = bind_state_class<double>(m, "StateDouble");
    bind_share(single);
    bind_share(double_);
    bind_overlap(single);
    bind_overlap(double_);
}

}  // namespace ketjet::bindings
