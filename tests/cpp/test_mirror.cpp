// The way back through a plan leads to |0...0>, with the same blocks; derivatives that are read on it are those of
// plain loops, operation by operation; and what bars it is named.
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "check/reference.hpp"
#include "emit/emit_sweep.hpp"
#include "kernels/dispatch.hpp"
#include "plan/mirror.hpp"
#include "plan/planner.hpp"
#include "program/derivative.hpp"
#include "run/gradient.hpp"

using namespace ketjet;

namespace {

constexpr int num_qubits = 7;

// Blocks of a few qubits, so that there are several sweeps.
Plan plan_of(const Program& program) {
    Machine machine;
    machine.l2_bytes = 1 << 10;
    PlanRequest request;
    request.options.real_blocks = false;
    return plan(program, machine, request);
}

Program random_circuit(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::size_t> kind(0, 11);
    std::uniform_real_distribution<double> angle(-4, 4);
    std::vector<std::int32_t> qubits(num_qubits);
    std::iota(qubits.begin(), qubits.end(), 0);
    constexpr std::array<std::string_view, 12> names = {"h",   "u",   "cx",  "rz",   "rxx",        "crx",
                                                        "rzz", "ccx", "rzx", "swap", "xx_plus_yy", "r"};
    Builder circuit(num_qubits);
    for (int i = 0; i < 60; ++i) {
        std::ranges::shuffle(qubits, random);
        const std::string_view name = names[kind(random)];
        const GateFacts& facts = gate_table()[static_cast<std::size_t>(code_of(name))];
        std::vector<double> slots(static_cast<std::size_t>(facts.parameters));
        for (double& slot : slots) slot = angle(random);
        circuit.gate(name, {qubits.begin(), qubits.begin() + facts.controls + facts.targets}, slots);
    }
    return circuit.build();
}

void goes_back_to_zero() {
    for (unsigned seed = 0; seed < 20; ++seed) {
        const Plan made = plan_of(random_circuit(seed));
        const Mirror mirror = mirror_of(made);
        CHECK(mirror.to_zero && static_cast<int>(mirror.sweeps.size()) == made.num_sweeps() && made.num_sweeps() > 1);
        std::vector<Complex> zero(bit(num_qubits));
        zero[0] = 1;
        ReferenceBlock state(low_bits(num_qubits), 0, zero);
        for (const Operation& operation : made.program.operations()) {
            for (const Action& action : resolve(made.program, operation)) state.apply(action);
        }
        auto forward = made.stages.rbegin();
        for (const Sweep& sweep : mirror.sweeps) {
            while (!std::holds_alternative<Sweep>(*forward)) ++forward;
            const Sweep& undone = std::get<Sweep>(*forward++);
            CHECK(sweep.hot == undone.hot && sweep.active == undone.active && !sweep.passes.empty());
            CHECK(std::ranges::is_permutation(sweep.operations, undone.operations));
            for (const std::uint32_t operation : sweep.operations) {
                const std::vector<Action> actions = resolve(made.program, made.program.operations()[operation]);
                for (std::size_t i = actions.size(); i-- > 0;) state.apply(adjoint(actions[i]));
            }
        }
        for (std::size_t i = 0; i < zero.size(); ++i) CHECK(std::abs(state.amplitudes()[i] - zero[i]) < 1e-12);
    }
}

// Sums of strings with conditions, one of them on few qubits.
ObservableSet random_observables(std::mt19937& random, int qubits) {
    std::uniform_int_distribution<Index> index(0, low_bits(qubits));
    std::vector<PauliString> strings;
    SparseRows rows{{0, 12, 14}, {}, {}};
    for (std::uint32_t k = 0; k < 14; ++k) {
        const Index condition = k % 4 == 0 ? index(random) & index(random) : 0;
        const Index few = k < 12 ? low_bits(qubits) : 7;
        strings.push_back(
            {index(random) & few & ~condition, index(random) & ~condition, {condition, index(random) & condition}});
        rows.columns.push_back(k);
        rows.coefficients.push_back(0.1 * k - 0.55);
    }
    return {strings, rows};
}

// Rotations of all kinds in layers, as variational circuits have them, so that sweeps turn and multiply many qubits for
// one load.
Program layers(std::mt19937& random, int qubits) {
    std::uniform_real_distribution<double> angle(-4, 4);
    Builder circuit(qubits);
    for (const std::string_view name : {"ry", "rz", "rx", "u", "p", "h", "ry", "rz"}) {
        for (int q = 0; q < qubits; ++q) {
            const std::string_view own = random() % 8 == 0 ? "rx" : name;
            std::vector<double> slots(own == "h" ? 0 : own == "u" ? 3 : 1);
            for (double& slot : slots) slot = angle(random);
            circuit.gate(own, {q}, slots);
        }
        for (int q = 0; q + 1 < qubits; ++q) {
            if (random() % 4 == 0) circuit.gate("rzz", {q, q + 1}, {angle(random)});
            if (random() % 2 == 0) circuit.gate("cx", {q, q + 1});
            if (random() % 9 == 0) circuit.gate("crx", {q + 1, q}, {angle(random)});
        }
    }
    return circuit.build();
}

std::vector<Complex> applied(const PauliString& string, const std::vector<Complex>& state) {
    constexpr Complex powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    std::vector<Complex> result(state.size());
    for (Index i = 0; i < state.size(); ++i) {
        if ((i & string.condition.mask) != string.condition.value) continue;
        const Complex value = powers[count_bits(string.x & string.z) % 4] * state[i];
        result[i ^ string.x] += parity(i & string.z) ? -value : value;
    }
    return result;
}

Complex overlap(const std::vector<Complex>& bra, const std::vector<Complex>& ket) {
    Complex sum = 0;
    for (std::size_t i = 0; i < ket.size(); ++i) sum += std::conj(bra[i]) * ket[i];
    return sum;
}

// Values and derivatives by plain loops.
GradientResult plain_gradient(const Program& program, const ObservableSet& observables) {
    const Index all = low_bits(program.num_qubits());
    std::vector<Complex> zero(all + 1);
    zero[0] = 1;
    ReferenceBlock ket(all, 0, zero);
    for (const Operation& operation : program.operations()) {
        for (const Action& action : resolve(program, operation)) ket.apply(action);
    }
    GradientResult result;
    result.rows = observables.size();
    result.derivatives.resize(observables.size() * program.slots().size());
    std::vector<ReferenceBlock> bras;
    for (std::size_t k = 0; k < observables.size(); ++k) {
        std::vector<Complex> sum(zero.size());
        for (std::size_t i = 0; i < observables.columns(k).size(); ++i) {
            const auto term = applied(observables.strings()[observables.columns(k)[i]], ket.amplitudes());
            for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += observables.coefficients(k)[i] * term[j];
        }
        result.values.push_back(overlap(sum, ket.amplitudes()).real());
        bras.emplace_back(all, 0, sum);
    }
    for (std::size_t operation = program.operations().size(); operation-- > 0;) {
        const std::vector<Action> actions = resolve(program, program.operations()[operation]);
        for (std::size_t k = 0; k < bras.size(); ++k) {
            for (const auto& [slot, generator] : derivatives_of(program, program.operations()[operation])) {
                for (const auto& [string, coefficient] : generator) {
                    result.derivatives[k * program.slots().size() + slot] +=
                        2 * coefficient * overlap(bras[k].amplitudes(), applied(string, ket.amplitudes())).imag();
                }
            }
            for (std::size_t i = actions.size(); i-- > 0;) bras[k].apply(adjoint(actions[i]));
        }
        for (std::size_t i = actions.size(); i-- > 0;) ket.apply(adjoint(actions[i]));
    }
    return result;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

// Whether some sweep of the mirror reads turns and phases while it undoes them.
template <class T>
bool reads_on_the_way(const Program& program, const MirroredPlan& mirrored, const Kernels& kernels) {
    const BoundPlan bound(mirrored.plan, program);
    bool turns = false, phases = false;
    for (const Sweep& sweep : mirrored.mirror.sweeps) {
        for (const BoundCall& call : emit_mirrored<T>(bound.program, sweep, kernels).calls) {
            turns = turns || std::holds_alternative<ReadTurnCall>(call.call);
            phases = phases || std::holds_alternative<ReadPhaseCall>(call.call);
        }
    }
    return turns && phases;
}

// With blocks of a few rows of a phase table, one bra at a time and two.
template <class T>
void derivatives_are_those_of_plain_loops() {
    constexpr int qubits = 11;
    Machine machine;
    machine.l2_bytes = sizeof(T) << 12;
    for (unsigned seed = 0; seed < 6; ++seed) {
        std::mt19937 random(seed);
        const Program program = layers(random, qubits);
        const auto observables = std::make_shared<const ObservableSet>(random_observables(random, qubits));
        const GradientResult plain = plain_gradient(program, *observables);
        const MirroredPlan mirrored =
            mirrored_plan(program, machine, sizeof(T) == 4 ? Precision::single : Precision::double_, {});
        GradientResult first;
        for (const KernelTable* const table : available_kernels()) {
            CHECK(reads_on_the_way<T>(program, mirrored, kernels_of<T>(*table)));
            for (const int states : {2, 3}) {
                RunCounters counters;
                GradientRequest request;
                request.observables = observables;
                request.max_states = states;
                const GradientResult found =
                    gradient<T>(mirrored, program, request, {*table, states - 1, StopToken(counters)});
                CHECK(distance(found.values, plain.values) < (sizeof(T) == 4 ? 2e-5 : 1e-13));
                CHECK(distance(found.derivatives, plain.derivatives) < (sizeof(T) == 4 ? 1e-4 : 1e-12));
                if (std::string_view(table->name) == "portable") continue;
                if (first.values.empty()) first = found;
                CHECK(found.values == first.values && found.derivatives == first.derivatives);
            }
        }
    }
}

// The index that is named, or -1.
int barred_by(const Builder& circuit) {
    try {
        mirror_of(plan_of(circuit.build()));
    } catch (const NotDifferentiable& error) {
        return static_cast<int>(error.operation);
    }
    return -1;
}

void names_what_bars_it() {
    const auto prepared = [] { return std::vector<Complex>{0, 1}; };
    CHECK(barred_by(Builder(2).gate("h", {0}).measure(0)) == 1);
    CHECK(barred_by(Builder(2).gate("rx", {0}, {0.3}).add("reset", {0})) == 1);
    CHECK(barred_by(Builder(2).gate("h", {0}).add("reset", {0}).gate("rx", {0}, {0.3})) == 1);
    CHECK(barred_by(Builder(2).add("reset", {0}).gate("rx", {0}, {0.3})) == -1);
    CHECK(barred_by(Builder(2).with_payload("initialize", {0}, prepared()).gate("rx", {1}, {0.3})) == -1);
    CHECK(barred_by(Builder(2).gate("rx", {1}, {0.3}).with_payload("initialize", {0}, prepared())) == 1);
    CHECK(barred_by(Builder(2).gate("h", {0}).only_if(0, 1).gate("x", {1})) == 1);
    const Mirror mirror = mirror_of(
        plan_of(Builder(2).gate("h", {1}).with_payload("initialize", {0}, prepared()).gate("rx", {1}, {0.3}).build()));
    CHECK(!mirror.to_zero && mirror.sweeps.size() == 1);
}

}  // namespace

int main() {
    goes_back_to_zero();
    derivatives_are_those_of_plain_loops<double>();
    derivatives_are_those_of_plain_loops<float>();
    names_what_bars_it();
    return failed_checks == 0 ? 0 : 1;
}
