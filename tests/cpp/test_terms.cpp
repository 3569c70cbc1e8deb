// What emitting reads off angles, against the matrices of operations: turns between phases, and phases as a polynomial.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>
#include <string_view>
#include <variant>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "check/reference.hpp"
#include "emit/layer_turn.hpp"
#include "emit/phase_form.hpp"

using namespace ketjet;

namespace {

constexpr double pi = std::numbers::pi;

std::vector<double> random_angles(std::mt19937& random, int count, double size) {
    std::uniform_real_distribution<double> angle(-size, size);
    std::vector<double> angles(static_cast<std::size_t>(count));
    for (double& value : angles)
        value = random() % 8 == 0 ? pi / 4 * static_cast<double>(random() % 17) : angle(random);
    return angles;
}

using State = std::vector<Complex>;

// Operations done, or undone in this order, by plain loops.
State image(const Program& program, Direction direction, int qubits, State state) {
    ReferenceBlock block(low_bits(qubits), 0, std::move(state));
    for (const Operation& operation : program.operations()) {
        std::vector<Action> actions = resolve(program, operation);
        if (direction == Direction::backwards) std::ranges::reverse(actions);
        for (const Action& action : actions) block.apply(direction == Direction::forwards ? action : adjoint(action));
    }
    return {block.amplitudes().begin(), block.amplitudes().end()};
}

State basis_state(int qubits, Index index) {
    State state(bit(qubits));
    state[index] = 1;
    return state;
}

// e^{i phase} D(after) R D(before) on the plane of two amplitudes.
void apply(const GivensRotation& r, Complex& zero, Complex& one) {
    one *= std::polar(1.0, r.before);
    const Complex old = zero, off = r.imaginary ? Complex(0, 1) : Complex(1);
    zero = r.cosine * old - off * r.sine * one;
    one = r.cosine * one + (r.imaginary ? -off : off) * r.sine * old;
    one *= std::polar(1.0, r.after);
    zero *= std::polar(1.0, r.phase);
    one *= std::polar(1.0, r.phase);
}

State turned(const LayerTurn& turn, int qubits, State state) {
    for (Index i = 0; i < state.size(); ++i) {
        if (const auto* const single = std::get_if<QubitTurn>(&turn)) {
            if ((i >> single->qubit & 1) == 0) apply(single->rotation, state[i], state[i | bit(single->qubit)]);
            continue;
        }
        const auto& [low, high, rotation] = std::get<PairTurn>(turn);
        if ((i >> high & 1) != 0) continue;
        const std::size_t odd = i >> low & 1;
        apply(rotation.of_parity[odd], state[i], state[i ^ (bit(low) | bit(high))]);
    }
    CHECK(state.size() == bit(qubits));
    return state;
}

double distance(const State& a, const State& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

void check_turn(const Program& program, int qubits, bool plain) {
    std::vector<std::uint32_t> all(program.operations().size());
    std::iota(all.begin(), all.end(), 0);
    for (const Direction direction : {Direction::forwards, Direction::backwards}) {
        const LayerTurn turn = turn_of(program, all, direction, plain);
        for (Index i = 0; i < bit(qubits); ++i) {
            const State start = basis_state(qubits, i);
            CHECK(distance(turned(turn, qubits, start), image(program, direction, qubits, start)) < 1e-14);
        }
        if (!plain) continue;
        if (const auto* const single = std::get_if<QubitTurn>(&turn)) {
            for (const double outer : {single->rotation.before, single->rotation.after}) {
                CHECK(outer == 0 || std::abs(outer) == pi);
            }
        }
    }
}

// Every gate without controls that turns one qubit or a pair, on qubits in either order.
void gates_are_turns() {
    std::mt19937 random(1);
    for (const GateFacts& facts : gate_table()) {
        const bool pair = facts.pair_rotation != nullptr;
        if (facts.controls > 0 || (facts.rotation == nullptr && !pair)) continue;
        const bool plain = facts.turn == TurnKind::real || facts.turn == TurnKind::imaginary ||
                           (pair && facts.pair_turn == TurnKind::imaginary);
        for (int trial = 0; trial < 30; ++trial) {
            const std::vector<double> angles = random_angles(random, facts.parameters, trial % 2 == 0 ? 4 : 50);
            std::vector<std::int32_t> qubits = pair ? std::vector{0, 2} : std::vector{1};
            if (trial % 4 < 2) std::ranges::reverse(qubits);
            const Program program = Builder(3).gate(facts.name, qubits, angles).build();
            check_turn(program, 3, false);
            if (plain) check_turn(program, 3, true);
        }
    }
}

// Products of gates on one qubit, of real ones and of those about X; and of pairs that keep the parity.
void products_are_turns() {
    std::mt19937 random(2);
    const auto check = [&](std::vector<std::string_view> names, std::vector<std::int32_t> qubits, bool plain) {
        for (int trial = 0; trial < 40; ++trial) {
            Builder builder(3);
            for (std::size_t length = 2 + random() % 4; length > 0; --length) {
                const std::string_view name = names[random() % names.size()];
                const GateFacts& facts = gate_table()[static_cast<std::size_t>(code_of(name))];
                std::ranges::shuffle(qubits, random);
                const auto wires = static_cast<std::ptrdiff_t>(facts.controls + facts.targets);
                builder.gate(name, {qubits.begin(), qubits.begin() + wires},
                             random_angles(random, facts.parameters, 4));
            }
            check_turn(builder.build(), 3, plain);
        }
    };
    check({"h", "rz", "sx", "t", "u", "r", "y", "ry", "p", "sdg", "u2", "id"}, {2}, false);
    check({"h", "x", "y", "z", "ry"}, {1}, true);
    check({"sx", "rx", "x", "sxdg"}, {0}, true);
    check({"rxx", "iswap", "rzz", "xx_plus_yy", "cp", "crz", "xx_minus_yy", "swap", "cz"}, {0, 2}, false);
}

// The phase of a basis state.
double phase_of(const PhaseForm& form, Index state) {
    double angle = form.constant();
    for (Index rest = state & form.qubits(); rest != 0; rest &= rest - 1) angle += form.linear(std::countr_zero(rest));
    for (Index rest = state & form.coupled(); rest != 0; rest &= rest - 1) {
        const int first = std::countr_zero(rest);
        for (Index others = form.partners(first) & state & ~low_bits(first); others != 0; others &= others - 1) {
            angle += form.coupling(first, std::countr_zero(others));
        }
    }
    return angle;
}

// Sums of all diagonal gates with up to one control, met by either value, at small and large angles.
void diagonal_gates_are_phases() {
    constexpr int qubits = 3;
    std::mt19937 random(3);
    std::vector<const GateFacts*> diagonal;
    for (const GateFacts& facts : gate_table()) {
        const bool is = facts.structure == Structure::phase || facts.structure == Structure::diagonal;
        if (is && facts.controls + facts.targets <= 2) diagonal.push_back(&facts);
    }
    for (int trial = 0; trial < 400; ++trial) {
        Builder builder(qubits);
        const double size = std::array{4.0, 40.0, 1e8}[static_cast<std::size_t>(trial % 3)];
        for (std::size_t count = 1 + random() % 5; count > 0; --count) {
            const GateFacts& facts = *diagonal[random() % diagonal.size()];
            std::vector<std::int32_t> wires{0, 1, 2};
            std::ranges::shuffle(wires, random);
            // A gate on one qubit may have a control more than the table says.
            const int controls = facts.targets == 1 ? facts.controls | static_cast<int>(random() & 1) : 0;
            wires.resize(static_cast<std::size_t>(controls + facts.targets));
            builder.add(facts.name, wires, controls, random_angles(random, facts.parameters, size), -1,
                        random() & low_bits(controls));
        }
        const Program program = builder.build();
        for (const Direction direction : {Direction::forwards, Direction::backwards}) {
            PhaseForm form;
            std::vector<Action> others;
            for (const Operation& operation : program.operations()) form.add(program, operation, direction, others);
            CHECK(others.empty());
            for (Index state = 0; state < bit(qubits); ++state) {
                const Complex expected = image(program, direction, qubits, basis_state(qubits, state))[state];
                CHECK(std::abs(std::polar(1.0, phase_of(form, state)) - expected) < 1e-14);
            }
        }
    }
}

// What cancels but for rounding couples nothing.
void full_turns_couple_nothing() {
    for (const auto& [name, angle] : std::vector<std::pair<std::string_view, double>>{
             {"cp", 2 * pi}, {"rzz", pi}, {"crz", 4 * pi}, {"cp", -6 * pi}, {"rzz", 0}}) {
        const Program program = Builder(2).gate(name, {1, 0}, {angle}).build();
        PhaseForm form;
        std::vector<Action> others;
        form.add(program, program.operations()[0], Direction::forwards, others);
        CHECK(form.coupled() == 0);
    }
}

// Angles of Clifford and T gates keep exact factors, however they come about.
void eighths_are_exact() {
    for (int k = -40; k <= 40; ++k) {
        for (const std::string_view name : {"p", "rz"}) {
            const Program program = Builder(1).gate(name, {0}, {k * pi / 4}).build();
            PhaseForm form;
            std::vector<Action> others;
            form.add(program, program.operations()[0], Direction::forwards, others);
            const Complex factor = unit_phase(form.linear(0));
            constexpr double half = std::numbers::sqrt2 / 2;
            for (const double part : {factor.real(), factor.imag()}) {
                CHECK(part == 0 || std::abs(part) == 1 || std::abs(part) == half);
            }
        }
    }
}

}  // namespace

int main() {
    gates_are_turns();
    products_are_turns();
    diagonal_gates_are_phases();
    full_turns_couple_nothing();
    eighths_are_exact();
    return failed_checks == 0 ? 0 : 1;
}
