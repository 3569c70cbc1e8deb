// The order of passes in a sweep: looking ahead never makes it dearer, and often cheaper.
#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "plan/arrange.hpp"

using namespace ketjet;

namespace {

constexpr int num_qubits = 22, hot_qubits = 12;  // so large that looking ahead pays

Sweep arranged(const Program& program, bool looks_ahead) {
    const std::vector<OperationFacts> facts = operation_facts(program);
    Sweep sweep;
    sweep.active = low_bits(num_qubits);
    sweep.hot.resize(hot_qubits);
    std::iota(sweep.hot.begin(), sweep.hot.end(), 0);
    sweep.operations.resize(program.operations().size());
    std::iota(sweep.operations.begin(), sweep.operations.end(), 0u);
    PlanOptions options;
    options.search = looks_ahead;
    arrange_passes(facts, options, sweep);
    return sweep;
}

double cost_of(const Program& program, bool looks_ahead) {
    const Sweep sweep = arranged(program, looks_ahead);
    std::vector<int> passes_of(program.operations().size());
    double cost = 0;
    for (const Pass& pass : sweep.passes) {
        cost += pass.cost_ns;
        for (const Term& term : terms_of(pass)) {
            const bool counts = term.part == Part::whole || term.part == Part::turn;
            for (const std::uint32_t index : sweep.operations_of(term)) passes_of[index] += counts ? 1 : 0;
        }
    }
    for (const int passes : passes_of) CHECK(passes == 1);
    return cost;
}

Program random_circuit(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> qubit(0, hot_qubits - 1), kind(0, 8);
    Builder circuit(num_qubits);
    for (int i = 0; i < 80; ++i) {
        const int a = qubit(random), b = (a + 1 + qubit(random) % (hot_qubits - 1)) % hot_qubits;
        constexpr std::array<std::string_view, 4> fixed = {"h", "t", "cx", "cz"};
        constexpr std::array<std::string_view, 5> rotations = {"rx", "rz", "rxx", "ryy", "rzz"};
        const auto number = static_cast<std::size_t>(kind(random));
        const std::vector<std::int32_t> one = {a}, two = {a, b};
        if (number < fixed.size()) {
            circuit.gate(fixed[number], number < 2 ? one : two);
        } else {
            const std::string_view name = rotations[number - fixed.size()];
            circuit.gate(name, name.size() == 2 ? one : two, {0.3});
        }
    }
    return circuit.build();
}

// How many layers with turns, and with phases, these gates need on every qubit.
void expect_passes(const std::vector<std::string_view>& gates, int turns, int phases) {
    Builder circuit(num_qubits);
    for (int q = 0; q < hot_qubits; ++q) {
        for (const std::string_view name : gates) {
            circuit.gate(name, {q}, name[0] == 'r' ? std::vector<double>{0.3} : std::vector<double>{});
        }
    }
    const Sweep sweep = arranged(circuit.build(), false);
    const auto count_layers = [&](std::vector<Term> Layer::* terms) {
        return std::ranges::count_if(sweep.passes, [&](const Pass& pass) {
            const auto* const layer = std::get_if<Layer>(&pass.work);
            return layer != nullptr && !(layer->*terms).empty();
        });
    };
    CHECK(count_layers(&Layer::turns) == turns);
    CHECK(count_layers(&Layer::phases) == phases);
}

void flips_among_phases_and_turns() {
    expect_passes({"ry", "rz", "x"}, 1, 1);
    expect_passes({"x", "ry", "rz", "x"}, 1, 1);
    expect_passes({"x", "rz", "ry"}, 1, 1);
    expect_passes({"rz", "x", "rz"}, 0, 2);
    expect_passes({"rx", "x", "sx", "rz", "x"}, 1, 1);
    expect_passes({"rz", "x", "ry", "x", "rz"}, 1, 2);
    expect_passes({"rz", "x", "rz", "ry", "rz"}, 1, 2);
    expect_passes({"ry", "x", "rz", "sx", "x"}, 1, 2);
    expect_passes({"rz", "x", "rz", "x", "rz"}, 1, 2);
}

}  // namespace

int main() {
    flips_among_phases_and_turns();
    int cheaper = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        const Program circuit = random_circuit(seed);
        const double usual = cost_of(circuit, false), ahead = cost_of(circuit, true);
        CHECK(ahead <= usual * (1 + 1e-9));
        if (ahead < usual * 0.99) ++cheaper;
    }
    CHECK(cheaper > 20);
    return failed_checks == 0 ? 0 : 1;
}
