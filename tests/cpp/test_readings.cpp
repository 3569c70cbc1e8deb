// What is read of Pauli strings by calls among the passes of a sweep, and observables as operators, compared with plain
// loops over the state.
#include <algorithm>
#include <cmath>
#include <complex>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "base/bits.hpp"
#include "base/exact_sum.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/read_strings.hpp"
#include "exec/sweep_readings.hpp"
#include "kernels/dispatch.hpp"
#include "plan/block_shapes.hpp"
#include "plan/planner.hpp"
#include "plan/reading_places.hpp"
#include "plan/reading_plan.hpp"
#include "program/matrix.hpp"
#include "program/observable_set.hpp"
#include "readout/apply_observable.hpp"
#include "shots/run_stages.hpp"
#include "state/state_vector.hpp"

using namespace ketjet;

namespace {

template <class T>
const Kernels& kernels_of_type(const KernelTable& table) {
    if constexpr (sizeof(T) == sizeof(float)) return table.single;
    if constexpr (sizeof(T) == sizeof(double)) return table.double_;
}

template <class T>
Complex plain_value(const PauliString& string, const std::complex<T>* bra, const std::complex<T>* ket, int num_qubits) {
    Complex sum = 0;
    for (Index i = 0; i < bit(num_qubits); ++i) {
        if ((i & string.condition.mask) != string.condition.value) continue;
        const Complex product = std::conj(Complex(bra[i ^ string.x])) * Complex(ket[i]);
        sum += parity(i & string.z) ? -product : product;
    }
    constexpr Complex powers_of_i[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    return powers_of_i[count_bits(string.x & string.z) % 4] * sum;
}

// Every fourth has X or Y alone.
std::vector<PauliString> random_strings(std::mt19937_64& random, int num_qubits, Index may_flip, std::size_t count) {
    std::vector<PauliString> strings;
    std::vector<Index> flips{0, 0};
    for (int k = 0; k < 4; ++k) flips.push_back(random() & may_flip);
    for (std::size_t k = 0; k < count; ++k) {
        if (k % 4 == 1) {
            const Index one =
                deposit_bits(bit(static_cast<int>(random() % static_cast<unsigned>(count_bits(may_flip)))), may_flip);
            strings.push_back({one, random() & one, {}});
            continue;
        }
        const Index x = flips[random() % flips.size()];
        const Index projected = k % 3 == 0 ? random() & random() & low_bits(num_qubits) & ~x : 0;
        strings.push_back({x, random() & low_bits(num_qubits) & ~projected, {projected, random() & projected}});
    }
    return strings;
}

std::vector<std::uint32_t> numbers_to(std::size_t count) {
    std::vector<std::uint32_t> numbers(count);
    for (std::size_t k = 0; k < count; ++k) numbers[k] = static_cast<std::uint32_t>(k);
    return numbers;
}

// Relabellings, turns, phases and matrices, so that the frame holds something of everything in the end.
Program mixed(std::mt19937_64& random, int num_qubits, int operations = 60) {
    Builder builder(num_qubits);
    std::uniform_real_distribution<double> angle(-3, 3);
    const auto qubit = [&] { return static_cast<std::int32_t>(random() % static_cast<std::size_t>(num_qubits)); };
    for (int q = 0; q < num_qubits; ++q) builder.gate("u", {q}, {angle(random), angle(random), angle(random)});
    for (int i = 0; i < operations; ++i) {
        const std::int32_t first = qubit();
        const std::int32_t second = (first + 1 + qubit() % (num_qubits - 1)) % num_qubits;
        switch (random() % 7) {
            case 0:
                builder.gate("x", {first});
                break;
            case 1:
                builder.gate("z", {first});
                break;
            case 2:
                builder.gate("cx", {first, second});
                break;
            case 3:
                builder.gate("swap", {first, second});
                break;
            case 4:
                builder.gate("rx", {first}, {angle(random)});
                break;
            case 5:
                builder.gate("rzz", {first, second}, {angle(random)});
                break;
            default:
                builder.gate("ryy", {first, second}, {angle(random)});
        }
    }
    return builder.build();
}

// What the last sweep of a plan reads behind its passes.
template <class T>
std::vector<double> check_end_of_sweep(const KernelTable& table, std::uint64_t seed) {
    constexpr int num_qubits = 9;
    std::mt19937_64 random(seed);
    const Program program = mixed(random, num_qubits);
    Machine machine;
    machine.l2_bytes = sizeof(T) << 9;
    PlanRequest request;
    request.precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
    request.options.real_blocks = false;
    const BoundPlan bound(plan(program, machine, request), program);
    StateVector<T> state(num_qubits, num_qubits);
    const Kernels& kernels = kernels_of_type<T>(table);
    RunCounters counters;
    BlockRunner<T> runner(kernels, StopToken(counters), 0);
    std::vector<PauliString> strings;
    std::vector<ExactSum> sums;
    for (std::size_t stage = 0; stage < bound.plan->stages.size(); ++stage) {
        if (!std::holds_alternative<Sweep>(bound.plan->stages[stage])) continue;
        const Sweep& sweep = bound.sweep(stage);
        strings = random_strings(random, num_qubits, mask_of(sweep.hot), 40);
        sums.assign(strings.size(), {});
        runner.add_readings_to(sums);
        const BoundSweep emitted =
            emit_sweep<T>(bound.program, sweep, kernels, {strings, numbers_to(strings.size()), Bra::same_block});
        runner.prepare(emitted);
        for (Index block = 0; block < bit(count_bits(emitted.cold_mask)); ++block) {
            const Index base = deposit_bits(block, emitted.cold_mask);
            runner.run({base, state.scalars() + 2 * base}, nullptr, {}, true);
        }
    }
    std::vector<double> values;
    for (std::size_t k = 0; k < strings.size(); ++k) {
        values.push_back(sums[k].value());
        const Complex plain = plain_value(strings[k], state.amplitudes(), state.amplitudes(), num_qubits);
        CHECK(std::abs(values[k] - plain.real()) < (sizeof(T) == 4 ? 1e-5 : 1e-13));
    }
    return values;
}

template <class T>
void check_end_of_sweeps() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::vector<double> best;
        for (const KernelTable* const table : available_kernels()) {
            const std::vector<double> values = check_end_of_sweep<T>(*table, seed);
            if (best.empty()) best = values;
            if (std::string_view(table->name) != "portable") CHECK(values == best);
        }
    }
}

template <class T>
StateVector<T> random_state(std::mt19937_64& random, int num_qubits) {
    StateVector<T> state(num_qubits, num_qubits);
    std::uniform_real_distribution<double> part(-1, 1);
    for (Index i = 0; i < state.size(); ++i) {
        state.amplitudes()[i] = {static_cast<T>(part(random)), static_cast<T>(part(random))};
    }
    return state;
}

// The overlaps of O |state> with another state are sums of those of its strings.
template <class T>
void check_applied_observables() {
    std::mt19937_64 random(3);
    RunCounters counters;
    for (const int num_qubits : {4, 7, 9, 17}) {
        for (const std::size_t count : {std::size_t{1}, std::size_t{3}, std::size_t{60}}) {
            const std::vector<PauliString> strings = random_strings(random, num_qubits, low_bits(num_qubits), count);
            SparseRows rows{{0, 0, static_cast<std::uint32_t>(count)}, numbers_to(count), {}};
            for (std::size_t k = 0; k < count; ++k) rows.coefficients.push_back(0.25 * static_cast<double>(k) - 1);
            const ObservableSet observables(strings, rows);
            const StateVector<T> state = random_state<T>(random, num_qubits),
                                 other = random_state<T>(random, num_qubits);
            StateVector<T> result(num_qubits, num_qubits);
            RunContext context{*available_kernels().front(), 2, StopToken(counters)};
            context.machine.l2_bytes = sizeof(T) << 9;
            apply_observable(observables, 1, state, result, 0, context);
            Complex expected = 0;
            for (std::size_t k = 0; k < count; ++k) {
                expected +=
                    rows.coefficients[k] * plain_value(strings[k], other.amplitudes(), state.amplitudes(), num_qubits);
            }
            const Complex found = plain_value<T>({}, other.amplitudes(), result.amplitudes(), num_qubits);
            CHECK(std::abs(found - expected) < (sizeof(T) == 4 ? 1e-2 : 1e-9));
            apply_observable(observables, 0, state, result, 0, context);
            for (Index i = 0; i < result.size(); ++i) CHECK(result.amplitudes()[i] == std::complex<T>(0));
        }
    }
}

// Every string is read once, by a sweep whose blocks it fits.
void check_reading_plan(const std::vector<PauliString>& strings, int num_qubits, std::size_t max_sweeps) {
    const Machine machine;
    const int hot_qubits = block_shapes(machine, Precision::double_, num_qubits).front().block_qubits;
    const std::vector<std::uint32_t> all = numbers_to(strings.size());
    const std::vector<ReadSweep> sweeps = plan_readings(strings, all, machine, Precision::double_, num_qubits);
    CHECK(sweeps.size() <= max_sweeps);
    std::vector<std::uint32_t> read;
    for (const ReadSweep& sweep : sweeps) {
        const Index hot = mask_of(sweep.hot);
        CHECK(std::ranges::is_sorted(sweep.hot) && count_bits(hot) == hot_qubits && (sweep.paired & hot) == 0);
        for (const std::uint32_t k : sweep.strings) CHECK((strings[k].x & ~hot) == sweep.paired);
        read.insert(read.end(), sweep.strings.begin(), sweep.strings.end());
    }
    std::ranges::sort(read);
    CHECK(read == all);
}

void check_reading_plans() {
    constexpr int num_qubits = 20;
    std::mt19937_64 random(11);
    std::vector<PauliString> diagonal, neighbours, any;
    for (int q = 0; q < num_qubits; ++q) {
        const Index pair = bit(q) | bit((q + 1) % num_qubits);
        diagonal.push_back({0, pair, {}});
        neighbours.push_back({pair, 0, {}});
        neighbours.push_back({pair, pair, {}});
        neighbours.push_back({bit(q), 0, {}});
    }
    for (int k = 0; k < 500; ++k) {
        any.push_back({random() & low_bits(num_qubits), random() & low_bits(num_qubits), {}});
    }
    check_reading_plan({}, num_qubits, 0);
    check_reading_plan(diagonal, num_qubits, 1);
    check_reading_plan(neighbours, num_qubits, 3);
    check_reading_plan(any, num_qubits, 64);
}

template <class T>
std::vector<ReadSweep> sweeps_for(const std::vector<PauliString>& strings, const Machine& machine, int num_qubits) {
    constexpr Precision precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
    return plan_readings(strings, numbers_to(strings.size()), machine, precision, num_qubits);
}

// Strings that are read from a state in memory, with blocks that face each other: the same digits for all lane widths.
template <class T>
void check_read_strings() {
    constexpr int num_qubits = 9;
    std::mt19937_64 random(13);
    const StateVector<T> state = random_state<T>(random, num_qubits);
    const std::vector<PauliString> strings = random_strings(random, num_qubits, low_bits(num_qubits), 60);
    RunCounters counters;
    std::vector<double> best;
    for (const KernelTable* const table : available_kernels()) {
        RunContext context{*table, 1, StopToken(counters)};
        context.machine.l2_bytes = sizeof(T) << 7;
        std::vector<ExactSum> sums(strings.size());
        read_strings<T>(strings, sweeps_for<T>(strings, context.machine, num_qubits), {}, state, sums, context);
        std::vector<double> values;
        for (std::size_t k = 0; k < strings.size(); ++k) {
            values.push_back(sums[k].value());
            const Complex plain = plain_value(strings[k], state.amplitudes(), state.amplitudes(), num_qubits);
            CHECK(std::abs(values[k] - plain.real()) < (sizeof(T) == 4 ? 1e-3 : 1e-11));
        }
        if (best.empty()) best = values;
        if (std::string_view(table->name) != "portable") CHECK(values == best);
    }
}

// Products on one to three qubits.
std::vector<PauliString> local_strings(std::mt19937_64& random, int num_qubits, std::size_t count) {
    const auto some_qubit = [&] { return bit(static_cast<int>(random() % static_cast<std::size_t>(num_qubits))); };
    std::vector<PauliString> strings;
    for (std::size_t k = 0; k < count; ++k) {
        const Index support = some_qubit() | some_qubit() | some_qubit(), x = random() & support;
        const Index projected = support & ~x & random();
        strings.push_back({x, support & ~projected & (~x | random()), {projected, projected & random()}});
    }
    return strings;
}

// Strings are read by sweeps behind which others still come, and have the values that the final state gives them.
template <class T>
void check_reading_places() {
    constexpr int num_qubits = 9;
    std::mt19937_64 random(17);
    RunCounters counters;
    std::size_t before_the_last = 0, left = 0;
    for (int operations = 0; operations < 60; operations += 3) {
        const Program program = mixed(random, num_qubits, operations);
        RunContext context{*available_kernels().front(), 2, StopToken(counters)};
        context.machine.l2_bytes = sizeof(T) << 7;
        PlanRequest request;
        request.precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
        const BoundPlan bound(plan(program, context.machine, request), program);
        SweepReadings readings(*bound.plan, local_strings(random, num_qubits, 60));
        const ReadingPlaces places = reading_places(*bound.plan, readings.strings());
        for (const SweepReads& reads : places.sweeps) {
            if (reads.stage + 1 < bound.plan->stages.size()) before_the_last += reads.strings.size();
        }
        left += places.left.size();
        StateVector<T> state(num_qubits, num_qubits);
        run_stages(bound, state, {}, {nullptr, &readings}, context);
        readings.read_rest(state, context);
        for (std::size_t k = 0; k < readings.strings().size(); ++k) {
            const Complex plain =
                plain_value(readings.strings()[k], state.amplitudes(), state.amplitudes(), num_qubits);
            CHECK(std::abs(readings.sums()[k].value() - plain.real()) < (sizeof(T) == 4 ? 1e-5 : 1e-13));
        }
    }
    CHECK(before_the_last > 200 && left > 200);
}

}  // namespace

int main() {
    check_reading_plans();
    check_reading_places<double>();
    check_reading_places<float>();
    check_read_strings<double>();
    check_read_strings<float>();
    check_applied_observables<double>();
    check_applied_observables<float>();
    check_end_of_sweeps<double>();
    check_end_of_sweeps<float>();
    return failed_checks == 0 ? 0 : 1;
}
