// A whole run, its control and its output.
#include "run/run.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <unordered_map>

#include "base/aligned_buffer.hpp"
#include "base/memory_budget.hpp"
#include "base/seed_sequence.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/control.hpp"
#include "bindings/gil.hpp"
#include "bindings/peers.hpp"
#include "exec/agree.hpp"
#include "exec/machine_rates.hpp"
#include "kernels/dispatch.hpp"
#include "program/classical_interpreter.hpp"
#include "program/observable_set.hpp"
#include "readout/outcomes.hpp"
#include "run/points.hpp"
#include "shots/walker.hpp"

namespace ketjet::bindings {

namespace {

// RunResult as NumPy arrays.
struct RunOutput {
    py::array_t<std::uint64_t> keys;
    py::array_t<std::int64_t> counts;
    std::optional<py::array_t<double>> probabilities;
    double dropped;
    std::int64_t trajectories;
    std::optional<py::array_t<std::uint64_t>> shots;
    std::optional<py::array_t<std::uint64_t>> chains;
    py::list readouts;
    py::list saves;
    py::object state;
    double norm_error;
    double reading_seconds;
    double sample_seconds;
    std::vector<double> stage_seconds;
    std::vector<PassTimes> pass_times;
    VerifyReport verification;
};

template <class T>
py::object state_array(std::unique_ptr<StateVector<T>> state) {
    if (state == nullptr) return py::none();
    const auto size = static_cast<py::ssize_t>(state->size());
    std::complex<T>* const amplitudes = state->amplitudes();
    const py::capsule owner(state.release(), [](void* p) { delete static_cast<StateVector<T>*>(p); });
    return py::array_t<std::complex<T>>({size}, amplitudes, owner);
}

// A view of what a record refers to, which lives as long as the array does.
template <class Values>
py::array shared_array(const Values& values, const std::shared_ptr<const SavedData>& data) {
    using Owner = std::shared_ptr<const SavedData>;
    const py::capsule owner(std::make_unique<Owner>(data).release(), [](void* p) { delete static_cast<Owner*>(p); });
    return py::array_t<typename Values::value_type>({static_cast<py::ssize_t>(values.size())}, values.data(), owner);
}

// (save, identity, previous, weight, clbits, data) of each record; records of one datum share its array.
py::list list_saves(SavesVector<SavedRecord>& records) {
    constexpr std::size_t records_at_once = 4096;
    std::unordered_map<const SavedData*, py::array> arrays;
    py::list list;
    for (std::size_t begin = 0; begin < records.size(); begin += records_at_once) {
        let_others_run();
        const NoCollection while_made;
        for (SavedRecord& record :
             std::span(records).subspan(begin, std::min(records_at_once, records.size() - begin))) {
            py::array& data = arrays[record.data.get()];
            if (!data || data.size() == 0) {
                data = std::visit([&](const auto& values) { return shared_array(values, record.data); }, *record.data);
            }
            list.append(py::make_tuple(record.save, record.identity, record.previous, record.weight,
                                       to_array(std::move(record.clbits)), data));
        }
    }
    return list;
}

template <class T>
RunOutput run_and_convert(const BoundPlan& bound, const RunRequest& request, const RunContext& context) {
    RunResult<T> result;
    {
        std::optional<ReleasedGil> released;
        const bool waits = context.peers != nullptr || !is_brief(*bound.plan, request, context.threads);
        if (waits) released.emplace();  // handing it over would take longer
        try {
            result = run<T>(bound, request, context);
        } catch (const std::bad_alloc&) {
            release_free_memory();
            throw;
        }
    }
    const py::ssize_t words = result.table.words;
    const auto rows = static_cast<py::ssize_t>(result.table.keys.size()) / words;
    py::list saves = list_saves(result.saves);
    py::list readouts;
    for (SavesVector<double>& values : result.readouts) readouts.append(to_array(std::move(values)));
    const NoCollection while_made;
    RunOutput output{to_array(std::move(result.table.keys), {rows, words}),
                     to_array(std::move(result.table.counts)),
                     std::nullopt,
                     result.dropped,
                     result.trajectories,
                     std::nullopt,
                     std::nullopt,
                     std::move(readouts),
                     std::move(saves),
                     state_array<T>(std::move(result.state)),
                     result.norm_error,
                     result.reading_seconds,
                     result.sample_seconds,
                     std::move(result.stage_seconds),
                     std::move(result.pass_times),
                     result.verification};
    if (request.exact) output.probabilities = to_array(std::move(result.probabilities));
    if (request.list_shots || result.chain_words > 0) {
        const auto listed = static_cast<py::ssize_t>(result.shots.size()) / words;
        output.shots = to_array(std::move(result.shots), {listed, words});
        if (result.chain_words > 0) output.chains = to_array(std::move(result.chains), {listed, result.chain_words});
    }
    return output;
}

// PointsResult as NumPy arrays.
struct PointsOutput {
    py::array_t<std::int64_t> begins;
    py::array_t<std::uint64_t> keys;
    py::array_t<std::int64_t> counts;
    std::optional<py::array_t<std::uint64_t>> shots;
    py::list readouts;
    py::array_t<double> norm_errors;
    double sample_seconds;
    std::vector<double> stage_seconds;
};

template <class T>
PointsResult run_points_released(const std::shared_ptr<const Plan>& plan, const Points& points,
                                 const RunRequest& request, const RunContext& context) {
    const ReleasedGil released;
    try {
        return run_points<T>(plan, points, request, context);
    } catch (const std::bad_alloc&) {
        release_free_memory();
        throw;
    }
}

PointsOutput run_plan_at_points(const std::shared_ptr<const Plan>& plan, const InputArray<double>& slots,
                                const InputArray<std::uint32_t>& keys, const RunRequest& request, int threads,
                                const std::string& isa, const RunControl& control) {
    if (slots.ndim() != 2 || keys.ndim() != 2 || keys.shape(1) != 2) {
        throw std::invalid_argument("slots are points x slots, keys points x 2");
    }
    std::vector<PhiloxKey> own_keys;
    for (py::ssize_t i = 0; i < keys.shape(0); ++i) own_keys.push_back({keys.at(i, 0), keys.at(i, 1)});
    const auto count = static_cast<std::size_t>(slots.shape(0));
    const Points points{{slots.data(), static_cast<std::size_t>(slots.size())}, own_keys, count};
    const RunContext context{kernels_for(isa), threads, StopToken(control.counters())};
    PointsResult result = plan->request.precision == Precision::single
                              ? run_points_released<float>(plan, points, request, context)
                              : run_points_released<double>(plan, points, request, context);
    const NoCollection while_made;
    const auto rows = static_cast<py::ssize_t>(count);
    py::list readouts;
    for (SavesVector<double>& values : result.readouts) {
        const auto numbers = static_cast<py::ssize_t>(values.size() / std::max<std::size_t>(count, 1));
        readouts.append(to_array(std::move(values), {rows, numbers}));
    }
    const py::ssize_t words = result.words;
    const auto outcomes = static_cast<py::ssize_t>(result.counts.size());
    PointsOutput output{to_array(std::move(result.begins)),
                        to_array(std::move(result.keys), {outcomes, words}),
                        to_array(std::move(result.counts)),
                        std::nullopt,
                        std::move(readouts),
                        to_array(std::move(result.norm_errors)),
                        result.sample_seconds,
                        std::move(result.stage_seconds)};
    if (request.list_shots) output.shots = to_array(std::move(result.shots), {rows, request.shots, words});
    return output;
}

RunOutput run_plan(const BoundPlan& bound, const RunRequest& request, int threads, const std::string& isa,
                   const RunControl& control, const py::object& ranks) {
    RunContext context{kernels_for(isa), threads, StopToken(control.counters(), request.time_limit)};
    std::optional<PythonPeers> peers;
    if (!ranks.is_none()) context.peers = &peers.emplace(ranks);
    return bound.plan->request.precision == Precision::single ? run_and_convert<float>(bound, request, context)
                                                              : run_and_convert<double>(bound, request, context);
}

std::shared_ptr<ObservableSet> observable_set(const InputArray<Index>& x_masks, const InputArray<Index>& z_masks,
                                              const InputArray<Index>& condition_masks,
                                              const InputArray<Index>& condition_values,
                                              const InputArray<std::uint32_t>& row_begins,
                                              const InputArray<std::uint32_t>& columns,
                                              const InputArray<double>& coefficients) {
    const auto size = x_masks.size();
    if (z_masks.size() != size || condition_masks.size() != size || condition_values.size() != size) {
        throw std::invalid_argument("the masks of Pauli strings are of different lengths");
    }
    std::vector<PauliString> strings;
    for (py::ssize_t k = 0; k < size; ++k) {
        strings.push_back(
            {x_masks.data()[k], z_masks.data()[k], {condition_masks.data()[k], condition_values.data()[k]}});
    }
    return std::make_shared<ObservableSet>(
        std::move(strings), SparseRows{to_vector(row_begins), to_vector(columns), to_vector(coefficients)});
}

std::pair<double, double> rates(Precision precision, int threads, const std::string& isa, std::size_t buffer_bytes) {
    const MachineRates measured = machine_rates(kernels_for(isa), precision, threads, buffer_bytes);
    return {measured.bytes_per_second, measured.fma_per_second};
}

void list_rows_into(const InputArray<std::uint8_t>& rows, const InputArray<std::int64_t>& counts, const PhiloxKey& key,
                    py::array_t<std::uint8_t, py::array::c_style>& shots) {
    const std::span<const std::int64_t> numbers(counts.data(), static_cast<std::size_t>(counts.size()));
    const std::int64_t total = std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0});
    if (rows.ndim() != 2 || shots.ndim() != 2 || rows.shape(0) != counts.size() || shots.shape(0) != total ||
        rows.shape(1) != shots.shape(1)) {
        throw std::invalid_argument("there must be a row for every outcome, and room for one of every shot");
    }
    const std::span<const std::uint8_t> bytes(rows.data(), static_cast<std::size_t>(rows.size()));
    std::uint8_t* const into = shots.mutable_data();
    const ReleasedForMany released(static_cast<std::size_t>(total));
    list_rows(bytes, static_cast<std::size_t>(rows.shape(1)), numbers, key, into);
}

py::array_t<std::uint32_t> random_keys(const std::vector<std::uint32_t>& seed,
                                       const InputArray<std::uint64_t>& fingerprints,
                                       const InputArray<std::uint64_t>& occurrences) {
    if (fingerprints.size() != occurrences.size()) throw std::invalid_argument("each program has an occurrence");
    std::vector<std::uint32_t> keys;
    for (py::ssize_t i = 0; i < fingerprints.size(); ++i) {
        const PhiloxKey key = key_of(seed, fingerprints.data()[i], occurrences.data()[i]);
        keys.insert(keys.end(), key.begin(), key.end());
    }
    return to_array(std::move(keys), {fingerprints.size(), 2});
}

template <auto Counter>
std::int64_t read(const RunControl& control) {
    return (control.counters().*Counter).load(std::memory_order_relaxed);
}

}  // namespace

void bind_run(py::module_& m) {
    py::register_exception<Cancelled>(m, "Cancelled");
    py::register_exception<MemoryLimitReached>(m, "MemoryLimitReached", PyExc_MemoryError);
    py::register_exception<VerificationFailed>(m, "VerificationFailed", PyExc_RuntimeError);
    py::register_exception<ClassicalError>(m, "ClassicalError", PyExc_RuntimeError);
    py::register_exception<IterationLimitReached>(m, "IterationLimitReached", PyExc_RuntimeError);
    py::register_exception<PeerFailed>(m, "PeerFailed", PyExc_RuntimeError);
    py::register_exception<TimeLimitReached>(m, "TimeLimitReached", PyExc_RuntimeError);
    py::enum_<Verify>(m, "Verify").value("off", Verify::off).value("fast", Verify::fast).value("full", Verify::full);
    py::class_<VerifyReport>(m, "VerifyReport", "What a run has checked of itself.")
        .def_readonly("checks", &VerifyReport::checks)
        .def_readonly("max_deviation", &VerifyReport::max_deviation)
        .def_readonly("seconds", &VerifyReport::seconds)
        .def_readonly("sweeps_compared", &VerifyReport::sweeps_compared)
        .def_readonly("state_compared", &VerifyReport::state_compared)
        .def_readonly("mergers", &VerifyReport::mergers)
        .def_readonly("merging_loss", &VerifyReport::merging_loss);
    py::class_<ObservableSet, std::shared_ptr<ObservableSet>>(m, "ObservableSet",
                                                              "Real linear combinations of Pauli strings.")
        .def(py::init(&observable_set), py::arg("x_masks"), py::arg("z_masks"), py::arg("condition_masks"),
             py::arg("condition_values"), py::arg("row_begins"), py::arg("columns"), py::arg("coefficients"));
    py::class_<RunRequest>(m, "RunRequest", "What is wanted of a run.")
        .def(py::init<>())
        .def_readwrite("shots", &RunRequest::shots)
        .def_readwrite("key", &RunRequest::key)
        .def_readwrite("list_shots", &RunRequest::list_shots)
        .def_readwrite("keep_state", &RunRequest::keep_state)
        .def(
            "add_observables",
            [](RunRequest& request, std::shared_ptr<ObservableSet> observables, bool squares) {
                request.readouts.emplace_back(ObservablesReadout{std::move(observables), squares});
            },
            py::arg("observables"), py::arg("squares") = false)
        .def(
            "add_variances",
            [](RunRequest& request, std::shared_ptr<ObservableSet> observables) {
                request.readouts.emplace_back(VariancesReadout{std::move(observables)});
            },
            py::arg("observables"))
        .def(
            "add_probabilities",
            [](RunRequest& request, std::vector<int> qubits) {
                request.readouts.emplace_back(ProbabilitiesReadout{std::move(qubits)});
            },
            py::arg("qubits"))
        .def_readwrite("verify", &RunRequest::verify)
        .def_readwrite("exact", &RunRequest::exact)
        .def_readwrite("floor", &RunRequest::floor)
        .def_readwrite("max_states", &RunRequest::max_states)
        .def_readwrite("small_state_bytes", &RunRequest::small_state_bytes)
        .def_readwrite("max_iterations", &RunRequest::max_iterations)
        .def_readwrite("time_limit", &RunRequest::time_limit)
        .def_readwrite("memory_limit", &RunRequest::memory_limit)
        .def_readwrite("promised_bytes", &RunRequest::promised_bytes)
        .def_readwrite("kept_bytes", &RunRequest::kept_bytes)
        .def_readwrite("time_passes", &RunRequest::time_passes);
    py::class_<PassTimes>(m, "PassTimes", "Seconds of threads that one stage has taken, pass by pass.")
        .def_readonly("gather", &PassTimes::gather)
        .def_readonly("scatter", &PassTimes::scatter)
        .def_readonly("reading", &PassTimes::reading)
        .def_readonly("passes", &PassTimes::passes);
    py::class_<RunControl>(m, "RunControl", "Stop flag and progress counters, shared with a running simulation.")
        .def(py::init<>())
        .def(py::init<const py::buffer&>(), py::arg("buffer"))
        .def_property_readonly_static("size", [](const py::object&) { return sizeof(RunCounters); })
        .def("stop", &RunControl::stop)
        .def_property_readonly("stopped", [](const RunControl& c) { return StopToken(c.counters()).stop_requested(); })
        .def_property_readonly("started_at", [](const RunControl& c) { return c.counters().started_at.load(); })
        .def_property_readonly("stages_done", &read<&RunCounters::stages_done>)
        .def_property_readonly("stages_total", &read<&RunCounters::stages_total>)
        .def_property_readonly("shots_done", &read<&RunCounters::shots_done>)
        .def_property_readonly("shots_total", &read<&RunCounters::shots_total>)
        .def_property_readonly("bytes_moved", &read<&RunCounters::bytes_moved>)
        .def_property_readonly("work_done", &read<&RunCounters::work_done>)
        .def_property_readonly("work_total", &read<&RunCounters::work_total>)
        .def_property_readonly("bytes_held", &read<&RunCounters::bytes_held>)
        .def_property_readonly("bytes_exchanged", &read<&RunCounters::bytes_exchanged>);
    py::class_<RunOutput>(m, "RunOutput", "What a run gave: outcome keys (rows of 64-bit words), counts, shots, state.")
        .def_readonly("keys", &RunOutput::keys)
        .def_readonly("counts", &RunOutput::counts)
        .def_readonly("probabilities", &RunOutput::probabilities)
        .def_readonly("dropped", &RunOutput::dropped)
        .def_readonly("trajectories", &RunOutput::trajectories)
        .def_readonly("shots", &RunOutput::shots)
        .def_readonly("chains", &RunOutput::chains)
        .def_readonly("readouts", &RunOutput::readouts)
        .def_readonly("saves", &RunOutput::saves)
        .def_readonly("state", &RunOutput::state)
        .def_readonly("norm_error", &RunOutput::norm_error)
        .def_readonly("reading_seconds", &RunOutput::reading_seconds)
        .def_readonly("sample_seconds", &RunOutput::sample_seconds)
        .def_readonly("stage_seconds", &RunOutput::stage_seconds)
        .def_readonly("pass_times", &RunOutput::pass_times)
        .def_readonly("verification", &RunOutput::verification);
    m.def("run", &run_plan, py::arg("bound_plan"), py::arg("request"), py::kw_only(), py::arg("threads"),
          py::arg("isa"), py::arg("control"), py::arg("peers") = py::none(),
          "Runs a plan, together with other ranks where it is shared out among them; releases the GIL; raises "
          "Cancelled, MemoryError, VerificationFailed, ClassicalError, "
          "IterationLimitReached or TimeLimitReached.");
    py::class_<PointsOutput>(m, "PointsOutput",
                             "What the points of a plan gave: those of point i are rows begins[i] to begins[i + 1].")
        .def_readonly("begins", &PointsOutput::begins)
        .def_readonly("keys", &PointsOutput::keys)
        .def_readonly("counts", &PointsOutput::counts)
        .def_readonly("shots", &PointsOutput::shots)
        .def_readonly("readouts", &PointsOutput::readouts)
        .def_readonly("norm_errors", &PointsOutput::norm_errors)
        .def_readonly("sample_seconds", &PointsOutput::sample_seconds)
        .def_readonly("stage_seconds", &PointsOutput::stage_seconds);
    m.def("run_points", &run_plan_at_points, py::arg("plan"), py::arg("slots"), py::arg("keys"), py::arg("request"),
          py::kw_only(), py::arg("threads"), py::arg("isa"), py::arg("control"),
          "Runs a plan with the slots of many points, one after another; else as `run`. No point is a trajectory.");
    m.def(
        "random_key",
        [](const std::vector<std::uint32_t>& seed, std::uint64_t fingerprint, std::uint64_t occurrence) {
            const PhiloxKey key = key_of(seed, fingerprint, occurrence);
            return std::pair(key[0], key[1]);
        },
        py::arg("seed"), py::arg("fingerprint"), py::arg("occurrence"),
        "The key of a program under a seed, which is given in words of 32 bits, the lowest first.");
    m.def("random_keys", &random_keys, py::arg("seed"), py::arg("fingerprints"), py::arg("occurrences"),
          "Those of many programs, shape (programs, 2).");
    m.def("list_rows", &list_rows_into, py::arg("rows"), py::arg("counts"), py::arg("key"),
          py::arg("shots").noconvert(),
          "Writes a row of bytes for every shot, in the order of the list of shots; `rows` has one for each outcome.");
    m.def("machine_rates", &rates, py::arg("precision"), py::kw_only(), py::arg("threads"), py::arg("isa"),
          py::arg("buffer_bytes"), py::call_guard<ReleasedGil>(),
          "Bytes and fused multiply-adds a second, measured once per process; for worker threads.");
}

}  // namespace ketjet::bindings
