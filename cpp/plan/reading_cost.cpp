#include "plan/reading_cost.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <variant>
#include <vector>

#include "base/bits.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

// Nanoseconds per amplitude on one thread in double precision, as measured: of a call, which goes through the block
// once, and of each string in it; strings that flip nothing have twice as many products.
constexpr double call_ns = 0.11, diagonal_string_ns = 0.018, flipping_string_ns = 0.008;
constexpr int axes_per_call = 3;
constexpr int lane_qubits = 3;  // the lowest ones of a block, for which each string takes a call

// Strings that flip the same follow each other.
double reading_ns(std::span<const PauliString> strings, std::span<const std::uint32_t> read, std::span<const int> hot) {
    const Index lanes = mask_of(hot.first(std::min<std::size_t>(hot.size(), lane_qubits)));
    double ns = 0;
    int axes = 0;
    const PauliString* last = nullptr;
    for (const std::uint32_t k : read) {
        const PauliString& string = strings[k];
        const bool is_axis = count_bits(string.x) == 1 && (string.z & ~string.x) == 0 && string.condition.mask == 0;
        if (is_axis && (string.x & lanes) == 0) {
            ++axes;
            continue;
        }
        const bool joins = last != nullptr && last->x == string.x && last->condition.mask == string.condition.mask &&
                           last->condition.value == string.condition.value;
        const double string_ns = (string.x == 0 ? diagonal_string_ns : flipping_string_ns) + (joins ? 0 : call_ns);
        ns += string.condition.mask == 0 ? string_ns : std::ldexp(string_ns, -count_bits(string.condition.mask));
        last = &string;
    }
    return ns + call_ns * ((axes + axes_per_call - 1) / axes_per_call);
}

double seconds_of(const Plan& plan, double ns_per_amplitude, double amplitudes, std::size_t block_qubits, int threads) {
    const double blocks = std::ldexp(amplitudes, -static_cast<int>(block_qubits));
    return 1e-9 * time_scale(plan.request.precision) * ns_per_amplitude * amplitudes /
           std::clamp<double>(threads, 1, std::max(blocks, 1.0));
}

double seconds_of_sweeps(const Plan& plan, std::span<const PauliString> strings, std::span<const std::uint32_t> read,
                         int threads) {
    double seconds = 0;
    for (const ReadSweep& sweep :
         plan_readings(strings, read, plan.machine, plan.request.precision, plan.state_qubits)) {
        seconds += reading_seconds(plan, sweep, strings, threads);
    }
    return seconds;
}

}  // namespace

double reading_seconds(const Plan& plan, const SweepReads& reads, std::span<const PauliString> strings, int threads) {
    const auto& sweep = std::get<Sweep>(plan.stages[reads.stage]);
    const double ns = plan.machine.pass_factor * reading_ns(strings, reads.strings, sweep.hot);
    return seconds_of(plan, ns, std::ldexp(1.0, count_bits(sweep.active_after())), sweep.hot.size(), threads);
}

double reading_seconds(const Plan& plan, const ReadSweep& sweep, std::span<const PauliString> strings, int threads) {
    const double ns = plan.machine.sweep_factor * gather_ns +
                      plan.machine.pass_factor * reading_ns(strings, sweep.strings, sweep.hot);
    return seconds_of(plan, ns, std::ldexp(1.0, plan.state_qubits), sweep.hot.size(), threads);
}

double state_reading_seconds(const Plan& plan, std::span<const PauliString> strings, int threads) {
    std::vector<std::uint32_t> all(strings.size());
    std::iota(all.begin(), all.end(), 0u);
    return seconds_of_sweeps(plan, strings, all, threads);
}

double run_reading_seconds(const Plan& plan, std::span<const PauliString> strings, int threads) {
    if (plan.has_trajectories()) return state_reading_seconds(plan, strings, threads);
    const ReadingPlaces places = reading_places(plan, strings);
    double seconds = seconds_of_sweeps(plan, strings, places.left, threads);
    for (const SweepReads& reads : places.sweeps) seconds += reading_seconds(plan, reads, strings, threads);
    return seconds;
}

}  // namespace ketjet
