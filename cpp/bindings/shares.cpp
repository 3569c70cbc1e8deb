#include "bindings/shares.hpp"

#include <pybind11/stl.h>

#include <numeric>

#include "bindings/arrays.hpp"
#include "bindings/control.hpp"
#include "bindings/peers.hpp"
#include "exec/agree.hpp"
#include "exec/state_norms.hpp"
#include "kernels/dispatch.hpp"
#include "readout/shared_readings.hpp"
#include "readout/shared_sampler.hpp"
#include "run/evolve.hpp"

namespace ketjet::bindings {

namespace {

// A call that all ranks make, each on its share.
struct SharedCall {
    PythonPeers peers;
    RunContext context;

    SharedCall(const py::object& ranks, int threads, const RunControl& control, double time_limit = 0)
        : peers(ranks), context{kernels_for(), threads, StopToken(control.counters(), time_limit)} {
        context.peers = &peers;
    }
    SharedCall(const SharedCall&) = delete;
    SharedCall& operator=(const SharedCall&) = delete;
};

template <class T>
void evolve_share(HeldState<T>& held, const Program& program, const Machine& machine, double time_limit, int threads,
                  const RunControl& control, const py::object& ranks) {
    const SharedCall call(ranks, threads, control, time_limit);
    held.evolve(call.context,
                [&](StateVector<T>& state) { return evolve(program, machine, state, {}, Verify::off, call.context); });
}

template <class T>
double norm_of_shares(HeldState<T>& held, int threads, const RunControl& control, const py::object& ranks) {
    const SharedCall call(ranks, threads, control);
    return held.read(call.context, [&](const StateVector<T>& state) {
        double norm = 0;
        in_agreement(call.context, [&] { norm = norms_of(state, call.context).total(); });
        return shared_norm(norm, call.context);
    });
}

std::vector<std::int32_t> own_places(int qubits) {
    std::vector<std::int32_t> places(static_cast<std::size_t>(qubits));
    std::iota(places.begin(), places.end(), 0);
    return places;
}

template <class T>
py::tuple sample_shares(HeldState<T>& held, std::int64_t shots, const PhiloxKey& key, int threads,
                        const RunControl& control, const py::object& ranks) {
    const SharedCall call(ranks, threads, control);
    const SharedSamples drawn = held.read(call.context, [&](const StateVector<T>& state) {
        StateNorms norms;
        in_agreement(call.context, [&] { norms = norms_of(state, call.context); });
        return sample_shared(state, norms, own_places(state.total_qubits()), shots, key, call.context);
    });
    std::vector<Index> basis;
    std::vector<std::int64_t> counts;
    for (const auto& [state, count] : drawn.samples) {
        basis.push_back(state);
        counts.push_back(count);
    }
    return py::make_tuple(to_array(std::move(basis)), to_array(std::move(counts)));
}

template <class T>
py::array_t<double> expectations_of_shares(HeldState<T>& held, const ObservableSet& observables, const Machine& machine,
                                           int threads, const RunControl& control, const py::object& ranks) {
    SharedCall call(ranks, threads, control);
    call.context.machine = machine;
    SavesVector<double> values;
    held.evolve(call.context, [&](StateVector<T>& state) {
        write_out(state, call.context);
        values = shared_expectations(observables, state, call.context);
        return std::vector<std::uint64_t>();
    });
    return to_array(std::move(values));
}

}  // namespace

template <class T>
void bind_share(py::class_<HeldState<T>>& state) {
    state
        .def(py::init<int, int, int>(), py::arg("local_qubits"), py::arg("total_qubits"), py::arg("rank"),
             "One rank's share of a state. All ranks make the calls that end with 'shared' together.")
        .def("evolve_shared", &evolve_share<T>, py::arg("program"), py::arg("machine"), py::arg("time_limit"),
             py::arg("threads"), py::arg("control"), py::arg("peers"))
        .def("norm_squared_shared", &norm_of_shares<T>, py::arg("threads"), py::arg("control"), py::arg("peers"))
        .def("sample_shared", &sample_shares<T>, py::arg("shots"), py::arg("key"), py::arg("threads"),
             py::arg("control"), py::arg("peers"), "Basis states and how often each was found, on rank 0.")
        .def("expectations_shared", &expectations_of_shares<T>, py::arg("observables"), py::arg("machine"),
             py::arg("threads"), py::arg("control"), py::arg("peers"));
}

template void bind_share<float>(py::class_<HeldState<float>>&);
template void bind_share<double>(py::class_<HeldState<double>>&);

}  // namespace ketjet::bindings
