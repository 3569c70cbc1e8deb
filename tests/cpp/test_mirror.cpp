// The way back through a plan leads to |0...0>, with the same blocks; and what bars it is named.
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "check/reference.hpp"
#include "plan/mirror.hpp"
#include "plan/planner.hpp"

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
    names_what_bars_it();
    return failed_checks == 0 ? 0 : 1;
}
