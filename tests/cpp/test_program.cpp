// Tests of cpp/program: what a Program refuses, what its fingerprint sees, and what every class of operation
// resolves to.
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "builder.hpp"
#include "check.hpp"
#include "program/action.hpp"
#include "program/roles.hpp"

using namespace ketjet;

namespace {

using Amplitudes = std::vector<Complex>;
using Integers = std::vector<std::int64_t>;

// True when `packed` is refused with a message that contains `text`.
bool refused(const PackedProgram& packed, const std::string& text) {
    try {
        const Program program(packed);
    } catch (const std::invalid_argument& error) {
        if (std::string(error.what()).find(text) != std::string::npos) return true;
        std::printf("message: %s\n", error.what());
    }
    return false;
}

bool refused(const Builder& builder, const std::string& text) { return refused(builder.packed, text); }

// The only action of the only operation.
template <class Expected>
Expected only_action(const Builder& builder) {
    const Program program = builder.build();
    const auto actions = resolve(program, program.operations()[0]);
    if (actions.size() != 1) throw std::logic_error("expected one action");
    return std::get<Expected>(actions[0]);
}

Roles only_roles(const Builder& builder) {
    const Program program = builder.build();
    return roles(program, program.operations()[0]);
}

bool has_roles(const Builder& builder, Index local, Index diagonal) {
    const Roles found = only_roles(builder);
    return found.local == local && found.diagonal == diagonal;
}

bool is_condition(const Condition& condition, Index mask, Index value) {
    return condition.mask == mask && condition.value == value;
}

bool close(const Complex& left, const Complex& right) { return std::abs(left - right) < 1e-15; }

void test_names_are_checked() {
    CHECK_THROWS(code_of("measured"), std::logic_error);
    CHECK_THROWS(Builder(1).gate("hh", {0}), std::logic_error);
    CHECK_THROWS(Builder(1).add("hh", {0}), std::logic_error);
}

void test_gate_table() {
    std::set<std::string_view> names(instruction_names().begin(), instruction_names().end());
    CHECK(names.size() == 13);
    for (const GateFacts& facts : gate_table()) CHECK(names.insert(facts.name).second);
    CHECK(gate_table()[static_cast<std::size_t>(code_of("s"))].matrix({})(1, 1) == Complex(0, 1));
    const std::vector<double> zero{0.0};
    CHECK(gate_table()[static_cast<std::size_t>(code_of("p"))].matrix(zero)(1, 1) == Complex(1, 0));
}

void test_unitarity_error() {
    const Amplitudes skewed{1, 0, 0.5, 1};
    CHECK(std::abs(unitarity_error(2, skewed.data()) - 0.5) < 1e-15);
    const Amplitudes broken{1, 0, 0, std::numeric_limits<double>::infinity()};
    CHECK(std::isnan(unitarity_error(2, broken.data())));
    Matrix large = Matrix::identity(128);
    CHECK(unitarity_error(128, large.entries().data()) == 0);
    large(17, 92) = 1e-3;
    CHECK(unitarity_error(128, large.entries().data()) > 0.9e-3);
    large(17, 92) = std::nan("");
    CHECK(std::isnan(unitarity_error(128, large.entries().data())));
}

void test_refused_arrays() {
    CHECK(refused(PackedProgram{}, "wire_begin has 0 elements; it needs 1"));
    CHECK(refused(Builder(-1), "num_qubits is -1"));
    CHECK(refused(Builder(1, -1), "num_clbits is -1"));

    const PackedProgram good = Builder(3).add("x", {0}).add("cx", {0, 1}, 1).add("rz", {2}, 0, {0.5}).packed;
    CHECK(Program(good).operations().size() == 3);
    PackedProgram bad = good;
    bad.wire_begin[1] = 4;
    CHECK(refused(bad, "operation 1 (cx): wire_begin falls from 4 to 3"));
    bad = good;
    bad.wire_begin[0] = 1;
    CHECK(refused(bad, "wire_begin starts at 1, not 0"));
    bad = good;
    bad.wires.push_back(0);
    CHECK(refused(bad, "wire_begin ends at 4, but wires has 5 elements"));
    bad = good;
    bad.slot_begin.back() = 2;
    CHECK(refused(bad, "slot_begin ends at 2, but slots has 1 element"));
    bad = good;
    bad.num_controls.pop_back();
    CHECK(refused(bad, "num_controls has 2 elements; it needs 3"));
    bad = good;
    bad.control_state.pop_back();
    CHECK(refused(bad, "control_state has 2"));
    bad = good;
    bad.operand.push_back(-1);
    CHECK(refused(bad, "operand has 4"));
    for (std::int32_t code : {-1, 100000}) {
        bad = good;
        bad.codes[2] = code;
        CHECK(refused(bad, "operation 2 (unknown): code " + std::to_string(code) + " is unknown"));
    }
}

void test_refused_operations() {
    CHECK(refused(Builder(2).add("x", {2}), "operation 0 (x): qubit 2 is out of range; the program has 2 qubits"));
    CHECK(refused(Builder(2).add("x", {-1}), "qubit -1 is out of range"));
    CHECK(refused(Builder(2).add("cx", {1, 1}, 1), "qubit 1 appears twice"));
    CHECK(refused(Builder(2).add("cx", {0, 1}), "has 0 controls; this gate needs at least 1"));
    CHECK(refused(Builder(2).add("cx", {0}, 1), "has 0 targets; it takes exactly 1"));
    CHECK(refused(Builder(3).add("x", {0, 1}), "has 2 targets; it takes exactly 1"));
    CHECK(refused(Builder(3).add("x", {0}, 2), "has 2 controls but only 1 wire"));
    CHECK(refused(Builder(3).add("cx", {0, 1}, 1, {}, -1, 2), "control_state 2 has bits beyond the 1 control"));
    CHECK(refused(Builder(3).add("rx", {0}), "has 0 slots; it takes 1"));
    CHECK(refused(Builder(3).add("h", {0}, 0, {0.1}), "has 1 slot; it takes 0"));
    CHECK(refused(Builder(3).add("h", {0}, 0, {}, 0), "operand is 0; this instruction has none"));
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(refused(Builder(1).add("h", {0}).add("u", {0}, 0, {1, infinity, 2}), "operation 1 (u): slot 1 is inf"));
    CHECK(refused(Builder(1, 1).add("measure", {0}, 0, {}, 1), "clbit 1 is out of range; the program has 1 clbit"));
    CHECK(refused(Builder(1, 1).add("measure", {0}), "clbit -1 is out of range"));
    CHECK(refused(Builder(2, 1).add("measure", {0, 1}, 0, {}, 0), "has 2 targets; it takes exactly 1"));
    CHECK(refused(Builder(2).add("reset", {0, 1}, 1), "has 1 control; this instruction takes none"));
    CHECK(refused(Builder(2).add("global_phase", {0}, 1, {0.1}), "use a controlled p or diagonal"));
}

void test_refused_payloads() {
    const Amplitudes identity{1, 0, 0, 1};
    CHECK(refused(Builder(2).add("unitary", {0}), "payload -1 is out of range; the program has 0 payloads"));
    CHECK(refused(Builder(2).add("unitary", {0}, 0, {}, 1).payload(identity), "payload 1 is out of range"));
    CHECK(refused(Builder(2).add("unitary", {0, 1}, 0, {}, 0).payload(identity), "has 4 elements; it needs 16"));
    CHECK(refused(Builder(2).add("unitary", {0}, 0, {}, 0).payload(Integers{1, 0, 0, 1}), "array of complex numbers"));
    Builder missing = Builder(2).add("unitary", {0}, 0, {}, 0);
    missing.packed.payloads.push_back(nullptr);
    CHECK(refused(missing, "payload 0 has the wrong type"));
    const Amplitudes broken{1, 0, 0, {0, std::nan("")}};
    CHECK(refused(Builder(2).add("unitary", {0}, 0, {}, 0).payload(broken), "not finite"));
    CHECK(refused(Builder(2).add("diagonal", {0}, 0, {}, 0).payload(identity), "has 4 elements; it needs 2"));
    CHECK(refused(Builder(2).add("multiplexer", {0}, 0, {}, 0).payload(Amplitudes(8)), "it needs 4"));
    CHECK(refused(Builder(2).add("initialize", {0}, 0, {}, 0).payload(Amplitudes{1, 1}), "squared norm"));
    CHECK(refused(Builder(2).add("pauli_rotation", {0}, 0, {1}, 0).payload(Integers{4}), "Pauli code 4 is unknown"));
    CHECK(refused(Builder(2).add("pauli_rotation", {0}, 0, {1}, 0).payload(Amplitudes{1}), "array of integers"));
    CHECK(refused(Builder(2).add("permutation", {0, 1}, 0, {}, 0).payload(Integers{0, 0}), "pattern entry 0 is"));
    CHECK(refused(Builder(2).add("permutation", {0, 1}, 0, {}, 0).payload(Integers{0, 2}), "pattern entry 2 is"));
    Builder wide(62);
    std::vector<std::int32_t> all(62);
    for (int qubit = 0; qubit < 62; ++qubit) all[static_cast<std::size_t>(qubit)] = qubit;
    CHECK(refused(wide.add("unitary", all, 0, {}, 0).payload(identity), "2^124 elements is too large"));
}

Builder sample() {
    return Builder(3, 2)
        .add("h", {0})
        .add("rx", {1}, 0, {0.25})
        .add("ccx", {0, 1, 2}, 2, {}, -1, 1)
        .add("unitary", {2}, 0, {}, 0)
        .add("measure", {0}, 0, {}, 1)
        .payload(Amplitudes{0, 1, 1, 0});
}

void test_fingerprint() {
    const std::uint64_t base = sample().build().fingerprint();
    CHECK(base == sample().build().fingerprint());
    CHECK(Program(sample().build().packed()).fingerprint() == base);

    std::set<std::uint64_t> seen{base};
    const auto differs = [&](auto change) {
        Builder builder = sample();
        change(builder.packed);
        return seen.insert(builder.build().fingerprint()).second;
    };
    CHECK(differs([](PackedProgram& p) { p.num_qubits = 4; }));
    CHECK(differs([](PackedProgram& p) { p.num_clbits = 3; }));
    CHECK(differs([](PackedProgram& p) { p.codes[0] = code_of("y"); }));
    CHECK(differs([](PackedProgram& p) { p.wires[0] = 1; }));
    CHECK(differs([](PackedProgram& p) { p.control_state[2] = 2; }));
    CHECK(differs([](PackedProgram& p) { p.operand[4] = 0; }));
    CHECK(differs([](PackedProgram& p) { p.slots[0] = std::nextafter(0.25, 1.0); }));
    CHECK(differs([](PackedProgram& p) { p.slots[0] = 0; }));
    CHECK(differs(
        [](PackedProgram& p) { p.payloads[0] = std::make_shared<const Payload>(Amplitudes{0, 1, {1, 1e-300}, 0}); }));
    CHECK(Builder(2).add("h", {0}).add("x", {1}).build().fingerprint() !=
          Builder(2).add("x", {1}).add("h", {0}).build().fingerprint());

    const Program program = sample().build();
    CHECK(program.with_slots({-0.0}).fingerprint() == program.with_slots({0.0}).fingerprint());
    CHECK(Builder(1).build().fingerprint() != Builder(2).build().fingerprint());
}

// The number every machine must compute: it seeds the random numbers of a circuit.
void test_fingerprint_is_fixed() { CHECK(sample().build().fingerprint() == 0xca49049920d6bcf3u); }

void test_with_slots() {
    const Program program = sample().build();
    const Program bound = program.with_slots({1.5});
    CHECK(program.slots()[0] == 0.25);
    CHECK(bound.slots()[0] == 1.5);
    CHECK(bound.operations().data() == program.operations().data());
    CHECK(bound.fingerprint() != program.fingerprint());
    CHECK(bound.with_slots({0.25}).fingerprint() == program.fingerprint());
    CHECK(bound.packed().slots == std::vector<double>{1.5});
    PackedProgram packed = program.packed();
    packed.slots = {1.5};
    CHECK(packed == bound.packed());
    for (const std::vector<double>& wrong : {std::vector<double>{}, {1, 2}, {std::nan("")}}) {
        CHECK_THROWS(program.with_slots(wrong), std::invalid_argument);
    }
}

void test_resolve_phases() {
    const auto t = only_action<DiagonalAction>(Builder(3).add("t", {2}));
    CHECK(is_condition(t.condition, 4, 4) && t.targets.empty() && t.entries.size() == 1);
    CHECK(close(t.entries[0], std::polar(1.0, std::numbers::pi / 4)));
    const auto ccz = only_action<DiagonalAction>(Builder(4).add("ccz", {0, 3, 1}, 2, {}, -1, 2));
    CHECK(is_condition(ccz.condition, 0b1011, 0b1010) && ccz.entries[0] == Complex(-1));
    CHECK(has_roles(Builder(4).add("ccz", {0, 3, 1}, 2), 0, 0b1011));

    const auto crz = only_action<DiagonalAction>(Builder(2).add("crz", {1, 0}, 1, {0.6}));
    CHECK(is_condition(crz.condition, 2, 2) && crz.targets == Targets{0} && crz.entries.size() == 2);
    CHECK(close(crz.entries[0], std::polar(1.0, -0.3)) && close(crz.entries[1], std::polar(1.0, 0.3)));
    CHECK(has_roles(Builder(2).add("crz", {1, 0}, 1, {0.6}), 0, 3));

    const auto global = only_action<DiagonalAction>(Builder(1).add("global_phase", {}, 0, {0.7}));
    CHECK(is_condition(global.condition, 0, 0) && global.targets.empty());
    CHECK(close(global.entries[0], std::polar(1.0, 0.7)));
    CHECK(has_roles(Builder(1).add("global_phase", {}, 0, {0.7}), 0, 0));

    const Builder diagonal = Builder(3).add("diagonal", {0, 2, 1}, 1, {}, 0).payload(Amplitudes{1, -1, 1, 1});
    const auto entries = only_action<DiagonalAction>(diagonal);
    CHECK(is_condition(entries.condition, 1, 1) && entries.targets == (Targets{2, 1}));
    CHECK(entries.entries[1] == Complex(-1));
    CHECK(has_roles(diagonal, 0, 7));

    const Program identity = Builder(1).add("id", {0}).build();
    CHECK(resolve(identity, identity.operations()[0]).empty());
    CHECK(has_roles(Builder(1).add("id", {0}), 0, 0));
}

void test_resolve_moves() {
    const auto mcx = only_action<FlipAction>(Builder(5).add("x", {4, 0, 2, 1}, 3, {}, -1, 0b101));
    CHECK(is_condition(mcx.condition, 0b10101, 0b10100) && mcx.mask == 2);
    CHECK(has_roles(Builder(5).add("x", {4, 0, 2, 1}, 3), 2, 0b10101));
    const auto cswap = only_action<SwapAction>(Builder(3).add("cswap", {1, 0, 2}, 1));
    CHECK(is_condition(cswap.condition, 2, 2) && cswap.first == 0 && cswap.second == 2);
    CHECK(has_roles(Builder(3).add("cswap", {1, 0, 2}, 1), 5, 2));
}

void test_resolve_permutation() {
    const Builder builder = Builder(6).add("permutation", {5, 4, 0, 1, 2}, 1, {}, 0).payload(Integers{2, 1, 3, 0});
    const std::vector<int> targets{4, 0, 1, 2};
    CHECK(has_roles(builder, bit(4) | bit(1) | bit(2), bit(5)));
    const Program program = builder.build();
    const auto actions = resolve(program, program.operations()[0]);
    CHECK(actions.size() == 2);
    const std::size_t pattern[] = {2, 1, 3, 0};
    for (std::size_t from = 0; from < 4; ++from) {
        Index index = bit(targets[from]);
        for (const Action& action : actions) {
            const auto& swap = std::get<SwapAction>(action);
            CHECK(is_condition(swap.condition, 32, 32));
            const Index both = bit(swap.first) | bit(swap.second);
            if (parity(index & both)) index ^= both;
        }
        for (std::size_t to = 0; to < 4; ++to) CHECK((index == bit(targets[to])) == (pattern[to] == from));
    }
}

void test_resolve_rotations() {
    const auto rzx = only_action<RotationAction>(Builder(3).add("rzx", {2, 0}, 0, {0.4}));
    CHECK(is_condition(rzx.condition, 0, 0) && rzx.z_mask == 4 && rzx.x_mask == 1 && rzx.angle == 0.4);
    CHECK(has_roles(Builder(3).add("rzx", {2, 0}, 0, {0.4}), 1, 4));
    const auto cryy = only_action<RotationAction>(Builder(3).add("ryy", {0, 1, 2}, 1, {0.4}, -1, 0));
    CHECK(is_condition(cryy.condition, 1, 0) && cryy.z_mask == 6 && cryy.x_mask == 6);
    CHECK(has_roles(Builder(3).add("ryy", {0, 1, 2}, 1, {0.4}), 6, 1));

    const Builder string = Builder(4).add("pauli_rotation", {3, 2, 1, 0}, 0, {0.2}, 0).payload(Integers{0, 1, 2, 3});
    const auto pauli = only_action<RotationAction>(string);
    CHECK(pauli.x_mask == 0b0110 && pauli.z_mask == 0b0011 && pauli.angle == 0.2);
    CHECK(has_roles(string, 0b0110, 0b0001));

    const Builder nothing = Builder(2).add("pauli_rotation", {0, 1}, 1, {0.2}, 0).payload(Integers{0});
    const auto phase = only_action<DiagonalAction>(nothing);
    CHECK(is_condition(phase.condition, 1, 1) && phase.targets.empty());
    CHECK(close(phase.entries[0], std::polar(1.0, -0.1)));
    CHECK(has_roles(nothing, 0, 1));
}

void test_resolve_dense() {
    const auto cu = only_action<DenseAction>(Builder(2).add("cu", {0, 1}, 1, {0, 0, 0, 0.3}));
    CHECK(is_condition(cu.condition, 1, 1) && cu.targets == Targets{1} && cu.matrix.dimension() == 2);
    CHECK(close(cu.matrix(0, 0), std::polar(1.0, 0.3)));
    const auto unitary =
        only_action<DenseAction>(Builder(2).add("unitary", {1, 0}, 1, {}, 0).payload(Amplitudes{0, 1, -1, 0}));
    CHECK(is_condition(unitary.condition, 2, 2) && unitary.matrix(1, 0) == Complex(-1));
    CHECK(has_roles(Builder(3).add("dcx", {0, 2}), 5, 0));

    const Builder select = Builder(4).add("multiplexer", {0, 3, 2, 1}, 1, {}, 0).payload(Amplitudes(16, 0.5));
    const auto multiplexer = only_action<MultiplexerAction>(select);
    CHECK(is_condition(multiplexer.condition, 1, 1) && multiplexer.target == 3);
    CHECK(multiplexer.selectors == (std::vector<int>{2, 1}) && multiplexer.matrices.size() == 16);
    CHECK(has_roles(select, 8, 7));
}

void test_collapses() {
    const Program program = Builder(3, 1)
                                .add("initialize", {0, 1}, 0, {}, 0)
                                .add("reset", {2})
                                .add("measure", {1}, 0, {}, 0)
                                .add("h", {0})
                                .payload(Amplitudes{0.6, 0, 0, {0, 0.8}})
                                .build();
    const Roles expected[] = {{3, 0}, {4, 0}, {0, 2}, {1, 0}};
    for (std::size_t index = 0; index < 4; ++index) {
        const Operation& operation = program.operations()[index];
        const Roles found = roles(program, operation);
        CHECK(found.local == expected[index].local && found.diagonal == expected[index].diagonal);
        CHECK(is_collapse(operation) == (index < 3));
        bool thrown = false;
        try {
            resolve(program, operation);
        } catch (const std::logic_error&) {
            thrown = true;
        }
        CHECK(thrown == (index < 3));
    }
}

}  // namespace

int main() {
    test_names_are_checked();
    test_gate_table();
    test_unitarity_error();
    test_refused_arrays();
    test_refused_operations();
    test_refused_payloads();
    test_fingerprint();
    test_fingerprint_is_fixed();
    test_with_slots();
    test_resolve_phases();
    test_resolve_moves();
    test_resolve_permutation();
    test_resolve_rotations();
    test_resolve_dense();
    test_collapses();
    return failed_checks == 0 ? 0 : 1;
}
