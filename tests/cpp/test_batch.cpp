// States of few qubits side by side: every operation by plain loops, the digits of a point alone and in company, and
// those of one instruction set and another.
#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "batch/batch_readings.hpp"
#include "batch/batch_run.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "check/reference.hpp"
#include "exec/run_context.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"

using namespace ketjet;

namespace {

using Random = std::mt19937_64;

double angle(Random& random) { return std::uniform_real_distribution<double>(-7, 7)(random); }

std::vector<std::int32_t> some_qubits(Random& random, int num_qubits, std::size_t count) {
    std::vector<std::int32_t> qubits(static_cast<std::size_t>(num_qubits));
    std::iota(qubits.begin(), qubits.end(), 0);
    std::ranges::shuffle(qubits, random);
    qubits.resize(count);
    return qubits;
}

// A Fourier transform between random phases.
std::vector<Complex> some_unitary(Random& random, std::size_t dimension) {
    std::vector<Complex> matrix;
    std::vector<double> phases(2 * dimension);
    for (double& phase : phases) phase = angle(random);
    for (std::size_t row = 0; row < dimension; ++row) {
        for (std::size_t column = 0; column < dimension; ++column) {
            const double turn =
                2 * std::numbers::pi * static_cast<double>(row * column) / static_cast<double>(dimension);
            matrix.push_back(std::polar(1 / std::sqrt(static_cast<double>(dimension)),
                                        turn + phases[row] + phases[dimension + column]));
        }
    }
    return matrix;
}

// One operation of the given kind: a row of the gate table, or an instruction behind it. False if there are too few
// qubits.
bool add_operation(Builder& builder, Random& random, int num_qubits, std::size_t kind) {
    const std::size_t rows = gate_table().size();
    const auto at_most = static_cast<std::size_t>(num_qubits);
    std::size_t own = 0, targets = 1 + random() % std::min<std::size_t>(at_most, 3);
    std::string_view name = "global_phase";
    std::vector<double> slots;
    std::int64_t operand = -1;
    if (kind < rows) {
        const GateFacts& facts = gate_table()[kind];
        name = facts.name;
        own = static_cast<std::size_t>(facts.controls);
        targets = static_cast<std::size_t>(facts.targets);
        for (int k = 0; k < facts.parameters; ++k) slots.push_back(angle(random));
    } else {
        name = std::vector<std::string_view>{"unitary",        "diagonal",    "multiplexer",
                                             "pauli_rotation", "permutation", "global_phase"}[kind - rows];
        const std::size_t dimension = std::size_t{1} << targets;
        if (name == "global_phase") {
            builder.add(name, {}, 0, {angle(random)});
            return true;
        }
        if (name == "unitary") builder.payload(some_unitary(random, dimension));
        if (name == "diagonal") {
            std::vector<Complex> entries(dimension);
            for (Complex& entry : entries) entry = std::polar(1.0, angle(random));
            builder.payload(entries);
        }
        if (name == "multiplexer") {
            std::vector<Complex> blocks;
            for (std::size_t block = 0; block < dimension / 2; ++block) {
                const std::vector<Complex> matrix = some_unitary(random, 2);
                blocks.insert(blocks.end(), matrix.begin(), matrix.end());
            }
            builder.payload(blocks);
        }
        if (name == "pauli_rotation") {
            std::vector<std::int64_t> paulis(targets);
            for (std::int64_t& pauli : paulis) pauli = static_cast<std::int64_t>(random() % 4);
            builder.payload(paulis);
            slots.push_back(angle(random));
        }
        if (name == "permutation") {
            std::vector<std::int64_t> pattern(targets);
            std::iota(pattern.begin(), pattern.end(), 0);
            std::ranges::shuffle(pattern, random);
            builder.payload(pattern);
        }
        operand = static_cast<std::int64_t>(builder.packed.payloads.size()) - 1;
    }
    if (own + targets > at_most) return false;
    const std::size_t controls = own + random() % (std::min<std::size_t>(at_most - own - targets, 2) + 1);
    builder.add(name, some_qubits(random, num_qubits, controls + targets), static_cast<int>(controls), slots, operand,
                random() & low_bits(static_cast<int>(controls)));
    return true;
}

// Every kind of operation twice, in any order.
Program mixed(Random& random, int num_qubits) {
    constexpr std::size_t instructions = 6;
    Builder builder(num_qubits);
    for (int q = 0; q < num_qubits; ++q) builder.gate("u", {q}, {angle(random), angle(random), angle(random)});
    std::vector<std::size_t> kinds(2 * (gate_table().size() + instructions));
    for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = i / 2;
    std::ranges::shuffle(kinds, random);
    for (const std::size_t kind : kinds) add_operation(builder, random, num_qubits, kind);
    return builder.build();
}

std::vector<Complex> by_plain_loops(const Program& program) {
    std::vector<Complex> state(std::size_t{1} << program.num_qubits());
    state[0] = 1;
    ReferenceBlock block(low_bits(program.num_qubits()), 0, state);
    for (const Operation& operation : program.operations()) {
        for (const Action& action : resolve(program, operation)) block.apply(action);
    }
    return block.amplitudes();
}

template <class T>
using Amplitudes = std::vector<std::complex<T>>;

// The states of all points.
template <class T>
std::vector<Amplitudes<T>> by_batch(const Plan& plan, std::span<const double> slots, std::size_t points,
                                    const KernelTable& table) {
    const Kernels& kernels = kernels_of<T>(table);
    RunCounters counters;
    BatchBlock<T> block(plan.num_qubits, points, kernels.lane_bits);
    block.set_zero_state();
    run_batch<T>(plan.program, 0, plan.program.operations().size(), slots, block, kernels, StopToken(counters));
    std::vector<Amplitudes<T>> states;
    for (std::size_t point = 0; point < points; ++point) {
        StateVector<T> state(plan.num_qubits, plan.state_qubits);
        block.copy_to(state, point);
        CHECK(state.is_written_out());
        CHECK(std::all_of(state.amplitudes() + state.size(), state.amplitudes() + state.stored_size(),
                          [](const std::complex<T>& amplitude) { return amplitude == std::complex<T>(); }));
        states.emplace_back(state.amplitudes(), state.amplitudes() + state.size());
    }
    return states;
}

template <class T>
bool is_close(const Amplitudes<T>& found, const std::vector<Complex>& expected) {
    constexpr double tolerance = sizeof(T) == sizeof(float) ? 2e-5 : 1e-12;
    return std::ranges::equal(found, expected, [](const std::complex<T>& a, const Complex& b) {
        return std::abs(Complex(a) - b) < tolerance;
    });
}

template <class T>
void runs(int num_qubits, std::uint64_t seed) {
    Random random(seed);
    const Program program = mixed(random, num_qubits);
    const Plan made = plan(program, {}, {});
    CHECK(runs_by_operation(made));
    const std::size_t num_slots = program.slots().size(), most = 8;
    std::vector<double> slots(most * num_slots);
    for (double& slot : slots) slot = angle(random);
    std::vector<Amplitudes<T>> first_found;
    for (const KernelTable* const table : available_kernels()) {
        const std::size_t lanes = std::size_t{1} << kernels_of<T>(*table).lane_bits;
        std::vector<Amplitudes<T>> alone;
        for (std::size_t point = 0; point < most; ++point) {
            const auto own = std::span(slots).subspan(point * num_slots, num_slots);
            alone.push_back(by_batch<T>(made, own, 1, *table).front());
            CHECK(is_close(alone.back(), by_plain_loops(program.with_slots({own.begin(), own.end()}))));
        }
        for (std::size_t points = 2; points <= std::min(most, lanes); ++points) {
            const std::size_t begin = random() % (most - points + 1);
            const auto together =
                by_batch<T>(made, std::span(slots).subspan(begin * num_slots, points * num_slots), points, *table);
            for (std::size_t k = 0; k < points; ++k) CHECK(together[k] == alone[begin + k]);
        }
        if (std::string_view(table->name) == "portable") continue;  // rounds products before it adds them
        if (!first_found.empty()) CHECK(alone == first_found);
        first_found = alone;
    }
}

// Strings of all kinds, some of which flip the same qubits, sorted as in an ObservableSet or not.
std::vector<PauliString> some_strings(Random& random, int num_qubits) {
    std::vector<PauliString> strings(2);
    strings[1].z = low_bits(num_qubits);
    for (int k = 0; k < 40; ++k) {
        const Index x = k % 2 == 0 ? strings.back().x : random() & low_bits(num_qubits);
        const Index projected = k % 3 == 0 ? random() & random() & low_bits(num_qubits) & ~x : 0;
        strings.push_back({x, random() & low_bits(num_qubits) & ~projected, {projected, random() & projected}});
    }
    return strings;
}

// <state| string |state>, basis state by basis state.
double by_definition(const PauliString& string, const std::vector<Complex>& state) {
    constexpr Complex powers[] = {1, {0, 1}, -1, {0, -1}};
    Complex sum = 0;
    for (Index i = 0; i < state.size(); ++i) {
        if ((i & string.condition.mask) != string.condition.value) continue;
        const Complex factor = powers[count_bits(string.x & string.z) % 4] * (parity(i & string.z) ? -1.0 : 1.0);
        sum += std::conj(state[i ^ string.x]) * factor * state[i];
    }
    return sum.real();
}

template <class T>
void reads(int num_qubits, std::uint64_t seed) {
    constexpr double tolerance = sizeof(T) == sizeof(float) ? 2e-5 : 1e-12;
    Random random(seed);
    const Program program = mixed(random, num_qubits);
    const Plan made = plan(program, {}, {});
    const std::vector<PauliString> strings = some_strings(random, num_qubits);
    const std::size_t num_slots = program.slots().size(), most = 3;
    std::vector<double> slots(most * num_slots);
    for (double& slot : slots) slot = angle(random);
    for (const KernelTable* const table : available_kernels()) {
        const Kernels& kernels = kernels_of<T>(*table);
        RunCounters counters;
        const std::size_t together = std::min(most, std::size_t{1} << kernels.lane_bits);
        BatchBlock<T> all(num_qubits, together, kernels.lane_bits), one(num_qubits, 1, kernels.lane_bits);
        BatchReadings<T> of_all(strings, all), of_one(strings, one);
        const auto run = [&](std::span<const double> given, BatchBlock<T>& block) {
            block.set_zero_state();
            run_batch<T>(made.program, 0, made.program.operations().size(), given, block, kernels, StopToken(counters));
        };
        run(std::span(slots).first(together * num_slots), all);
        of_all.read(StopToken(counters));
        for (std::size_t point = 0; point < together; ++point) {
            const auto own = std::span(slots).subspan(point * num_slots, num_slots);
            run(own, one);
            of_one.read(StopToken(counters));
            CHECK(std::ranges::equal(of_one.values_of(0), of_all.values_of(point)));
            CHECK(of_one.squared_norm_of(0) == of_all.squared_norm_of(point));
            CHECK(std::abs(of_one.squared_norm_of(0) - 1) < tolerance);
            const std::vector<Complex> state = by_plain_loops(program.with_slots({own.begin(), own.end()}));
            for (std::size_t k = 0; k < strings.size(); ++k) {
                CHECK(std::abs(of_one.values_of(0)[k] - by_definition(strings[k], state)) < tolerance);
            }
        }
    }
}

void tells_what_it_can_run() {
    const Program wide = Builder(max_batch_qubits + 1).gate("h", {0}).build();
    CHECK(!runs_by_operation(plan(wide, {}, {})));
    Builder middle(2, 1);
    middle.gate("h", {0}).measure(0).gate("h", {0});
    CHECK(!runs_by_operation(plan(middle.build(), {}, {})));
    Builder prepared(1);
    prepared.with_payload("initialize", {0}, std::vector<Complex>{0, 1});
    CHECK(!runs_by_operation(plan(prepared.build(), {}, {})));
}

void stops() {
    Builder builder(1);
    for (int i = 0; i < 1000; ++i) builder.gate("sx", {0});
    RunCounters counters;
    counters.stop.store(true);
    BatchBlock<double> block(1, 1, kernels_for().double_.lane_bits);
    const Program program = builder.build();
    CHECK_THROWS(run_batch<double>(program, 0, 1000, {}, block, kernels_for().double_, StopToken(counters)), Cancelled);
}

}  // namespace

int main() {
    for (int num_qubits = 1; num_qubits <= max_batch_qubits; ++num_qubits) {
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
            runs<double>(num_qubits, seed);
            runs<float>(num_qubits, seed);
            reads<double>(num_qubits, seed);
            reads<float>(num_qubits, seed);
        }
    }
    tells_what_it_can_run();
    stops();
    return failed_checks == 0 ? 0 : 1;
}
