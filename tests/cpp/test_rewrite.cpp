// The rewrites of a Program before it is planned: what is left of small programs, and where it comes from.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "plan/planner.hpp"
#include "plan/rewrite.hpp"
#include "program/instruction.hpp"

using namespace ketjet;

namespace {

// Controls come first in the wires, those of the gate's row included; all slots are 0.5.
struct Circuit : Builder {
    using Builder::Builder;
    Circuit& add(std::string_view name, const std::vector<std::int32_t>& wires, std::int64_t operand = -1,
                 int more_controls = 0, std::uint64_t control_state = all_ones) {
        const auto code = static_cast<std::size_t>(code_of(name));
        const bool is_gate = code < gate_table().size();
        const int slots = is_gate ? gate_table()[code].parameters : name == "global_phase" ? 1 : 0;
        const std::vector<double> values(static_cast<std::size_t>(slots), 0.5);
        Builder::add(name, wires, own_controls(name) + more_controls, values, operand, control_state);
        return *this;
    }
    Circuit& permute(const std::vector<std::int32_t>& wires, std::vector<std::int64_t> pattern) {
        with_payload("permutation", wires, std::move(pattern));
        return *this;
    }
};

std::string listed(std::span<const std::int32_t> qubits) {
    std::string text;
    for (const std::int32_t qubit : qubits) {
        if (!text.empty()) text += ' ';
        text += std::to_string(qubit);
    }
    return text;
}

// "name controls, targets @origin; ..." with "=control_state" where that is not all ones.
std::string text_of(const RewrittenProgram& rewritten) {
    std::string text;
    const Program& program = rewritten.program;
    for (std::size_t i = 0; i < program.operations().size(); ++i) {
        const Operation& operation = program.operations()[i];
        std::string name(instruction_names()[operation.index() == 0 ? 0 : operation.index() - 1]), qubits;
        std::visit(
            [&](const auto& op) {
                if constexpr (requires { op.gate; }) name = gate_table()[static_cast<std::size_t>(op.gate)].name;
                if constexpr (requires { op.qubit; }) qubits = std::to_string(op.qubit);
                if constexpr (requires { op.wires; }) {
                    qubits = listed(program.controls(op.wires));
                    if (op.wires.controls > 0) {
                        if (op.wires.control_state != low_bits(op.wires.controls)) {
                            qubits += "=" + std::to_string(op.wires.control_state);
                        }
                        qubits += ",";
                    }
                    qubits += (op.wires.controls > 0 ? " " : "") + listed(program.targets(op.wires));
                }
            },
            operation);
        text += name + (qubits.empty() ? "" : " ") + qubits + " @" + std::to_string(rewritten.origins[i]) + "; ";
    }
    return text.empty() ? text : text.substr(0, text.size() - 2);
}

void expect(const RewrittenProgram& rewritten, const std::string& wanted, const char* file, int line) {
    const std::string text = text_of(rewritten);
    if (text != wanted) report_failure(("\"" + text + "\", not \"" + wanted + "\"").c_str(), file, line);
}
#define EXPECT(rewritten, wanted) expect(rewritten, wanted, __FILE__, __LINE__)

PlanRequest with(bool known_bits, bool relabel_swaps, bool prune, bool keep_state = false) {
    PlanRequest request;
    request.options.known_bits = known_bits;
    request.options.relabel_swaps = relabel_swaps;
    request.options.prune = prune;
    request.keep_state = keep_state;
    return request;
}

RewrittenProgram relabelled(const Circuit& circuit) { return rewrite(circuit.build(), with(false, true, false)); }
RewrittenProgram known(const Circuit& circuit) { return rewrite(circuit.build(), with(true, false, false)); }
RewrittenProgram pruned(const Circuit& circuit) { return rewrite(circuit.build(), with(false, false, true)); }

void check_switches() {
    const Program program =
        Circuit(2, 1).add("x", {0}).add("swap", {0, 1}).add("h", {0}).add("measure", {1}, 0).build();
    EXPECT(rewrite(program, with(false, false, false)), "x 0 @0; swap 0 1 @1; h 0 @2; measure 1 @3");
    EXPECT(rewrite(program, with(false, true, false)), "x 1 @0; h 0 @2; measure 1 @3");
    EXPECT(rewrite(program, with(true, false, false)), "h 0 @2; x 1 @1; measure 1 @3");
    EXPECT(rewrite(program, with(false, false, true)), "x 0 @0; swap 0 1 @1; measure 1 @3");
    EXPECT(rewrite(program, with(false, false, true, true)), "x 0 @0; swap 0 1 @1; h 0 @2; measure 1 @3");
    EXPECT(rewrite(program, with(true, true, true)), "x 0 @1; measure 0 @3");
    PlanRequest evolving = with(true, true, true);
    evolving.from_zero = false;
    EXPECT(rewrite(program, evolving), "x 0 @0; swap 0 1 @1; h 0 @2; measure 1 @3");
}

// A state of which qubits 2 and 3 alone are known to be |0>.
void check_partly_known() {
    PlanRequest request = with(true, true, true);
    request.from_zero = false;
    request.fresh = 0b1100;
    const auto written = [&](const Circuit& circuit) { return rewrite(circuit.build(), request); };
    EXPECT(written(Circuit(4).add("cx", {2, 0}).add("h", {3}).add("swap", {2, 3})), "h 2 @1");
    EXPECT(written(Circuit(4).add("h", {3}).add("swap", {0, 3}).add("cx", {0, 1})), "h 3 @0; swap 0 3 @1; cx 0, 1 @2");
    EXPECT(written(Circuit(4).add("x", {2}).add("cx", {2, 0}).add("x", {0})), "x 0 @1; x 0 @2; x 2 @0");
}

void check_relabelling() {
    EXPECT(relabelled(Circuit(3).add("h", {0}).add("swap", {0, 2}).add("cx", {2, 1})), "h 2 @0; cx 2, 1 @2");
    EXPECT(relabelled(Circuit(3).add("h", {0}).add("rx", {1}).permute({0, 1, 2}, {1, 2, 0})), "h 2 @0; rx 0 @1");
    EXPECT(relabelled(Circuit(3).add("h", {0}).add("swap", {0, 1}).add("swap", {1, 2})), "h 2 @0");
    EXPECT(relabelled(Circuit(3).add("h", {1}).add("cswap", {0, 1, 2})), "h 1 @0; cswap 0, 1 2 @1");
    EXPECT(relabelled(Circuit(2, 1).add("measure", {0}, 0).add("reset", {1}).add("swap", {0, 1})),
           "measure 1 @0; reset 0 @1");
}

void check_y() {
    const auto written = [](const Circuit& circuit) { return rewrite(circuit.build(), with(false, false, false)); };
    EXPECT(written(Circuit(2).add("y", {1}).add("h", {1})), "z 1 @0; x 1 @0; h 1 @1; diagonal @0");
    EXPECT(written(Circuit(1).add("y", {0}).add("y", {0})), "z 0 @0; x 0 @0; z 0 @1; x 0 @1; diagonal @1");
    EXPECT(written(Circuit(4).add("y", {0}).add("y", {1}).add("y", {2}).add("y", {3})),
           "z 0 @0; x 0 @0; z 1 @1; x 1 @1; z 2 @2; x 2 @2; z 3 @3; x 3 @3");
    EXPECT(written(Circuit(2).add("cy", {0, 1}).add("y", {1, 0}, -1, 1)), "cy 0, 1 @0; y 1, 0 @1");
    EXPECT(written(Circuit(1, 1).add("y", {0}).add("measure", {0}, 0).add("y", {0})),
           "z 0 @0; x 0 @0; diagonal @0; measure 0 @1; z 0 @2; x 0 @2; diagonal @2");
    EXPECT(known(Circuit(2).add("y", {0}).add("cx", {0, 1})), "z 0 @0; x 0 @0; cx 0, 1 @1; diagonal @0");
    EXPECT(pruned(Circuit(1, 1).add("h", {0}).add("y", {0}).add("measure", {0}, 0)),
           "h 0 @0; z 0 @1; x 0 @1; measure 0 @2");
    PlanRequest request = with(false, false, false);
    request.from_zero = false;
    EXPECT(rewrite(Circuit(1).add("y", {0}).build(), request), "z 0 @0; x 0 @0; diagonal @0");
    request.options.block_frame = false;
    EXPECT(rewrite(Circuit(1).add("y", {0}).build(), request), "y 0 @0");
}

// The phase is there on each way, and each time round.
void check_y_and_jumps() {
    Builder builder(2);
    builder.gate("y", {0});
    builder.measure(1);
    builder.only_if(1, 2);
    builder.gate("y", {0});
    builder.gate("y", {0});
    builder.gate("y", {1});
    EXPECT(rewrite(builder.build(), with(false, false, false)),
           "z 0 @0; x 0 @0; diagonal @0; measure 1 @1; branch @2; z 0 @3; x 0 @3; z 0 @4; x 0 @4; diagonal @4; "
           "z 1 @5; x 1 @5; diagonal @5");
}

void check_known_bits() {
    EXPECT(known(Circuit(2).add("x", {0}).add("x", {0})), "");
    EXPECT(known(Circuit(2).add("x", {0}).add("h", {0})), "x 0 @0; h 0 @1");
    EXPECT(known(Circuit(2).add("cx", {0, 1}).add("x", {0}).add("cx", {0, 1})), "x 0 @1; x 1 @2");
    EXPECT(known(Circuit(2).add("x", {0}).add("ch", {0, 1}).add("x", {0})), "h 1 @1");
    EXPECT(known(Circuit(3).add("h", {2}).add("x", {0}).add("ccx", {0, 2, 1})), "h 2 @0; x 2, 1 @2; x 0 @1");
    EXPECT(known(Circuit(3).add("h", {1}).add("h", {2}).add("ccx", {0, 1, 2})), "h 1 @0; h 2 @1");
    EXPECT(known(Circuit(3).add("h", {2}).add("cx", {0, 1, 2}, -1, 1, 0)), "h 2 @0; x 2 @1");
    EXPECT(known(Circuit(2).add("x", {0}).add("cu", {0, 1})), "cu 1 @1; x 0 @0");
    // Phases: every qubit is a control.
    EXPECT(known(Circuit(2).add("h", {0}).add("cz", {0, 1})), "h 0 @0");
    EXPECT(known(Circuit(2).add("h", {0}).add("x", {1}).add("cz", {0, 1})), "h 0 @0; z 0 @2; x 1 @1");
    EXPECT(known(Circuit(2).add("h", {1}).add("x", {0}).add("cp", {0, 1})), "h 1 @0; p 1 @2; x 0 @1");
    EXPECT(known(Circuit(2).add("x", {0}).add("x", {1}).add("cp", {0, 1})), "global_phase @2; x 0 @0; x 1 @1");
    EXPECT(known(Circuit(1).add("x", {0}).add("s", {0}).add("x", {0})), "diagonal @1");
    EXPECT(known(Circuit(2).add("h", {0}).add("x", {1}).add("cz", {0, 1}, -1, 0, 0)), "h 0 @0; x 1 @1; cz 0=0, 1 @2");
    EXPECT(known(Circuit(4).add("h", {0}).add("h", {1}).add("h", {2}).add("x", {3}).add("z", {0, 1, 2, 3}, -1, 3, 5)),
           "h 0 @0; h 1 @1; h 2 @2; z 1 2=2, 0 @4; x 3 @3");
    // Diagonal operations keep what is known, and need the right bit to be there.
    EXPECT(known(Circuit(2).add("rz", {0}).add("x", {0}).add("rz", {0}).add("cx", {0, 1}).add("x", {0})),
           "rz 0 @0; x 0 @1; rz 0 @2; x 0 @4; x 1 @3");
    // Swaps move knowledge.
    EXPECT(known(Circuit(3).add("x", {0}).add("swap", {0, 2})), "x 2 @1");
    EXPECT(known(Circuit(3).add("x", {0}).add("h", {2}).add("swap", {0, 2})), "h 2 @1; swap 0 2 @2; x 2 @0");
    EXPECT(known(Circuit(3).add("h", {0}).add("cswap", {0, 1, 2})), "h 0 @0");
    EXPECT(known(Circuit(3).add("h", {0}).add("x", {1}).add("cswap", {0, 1, 2})), "h 0 @0; x 1 @1; cswap 0, 1 2 @2");
    EXPECT(known(Circuit(3).add("x", {0}).add("h", {1}).add("cswap", {0, 1, 2})), "h 1 @1; swap 1 2 @2; x 0 @0");
    EXPECT(known(Circuit(3).add("x", {0}).add("x", {1}).permute({0, 1, 2}, {2, 0, 1})), "x 1 @1; x 2 @2");
    EXPECT(known(Circuit(2).add("x", {0}).add("rz", {0}).add("swap", {0, 1})), "x 0 @0; rz 0 @1; x 0 @2; x 1 @2");
}

void check_known_bits_and_collapses() {
    EXPECT(known(Circuit(1, 1).add("x", {0}).add("measure", {0}, 0).add("x", {0})), "x 0 @0; measure 0 @1; x 0 @2");
    EXPECT(known(Circuit(2, 1).add("h", {0}).add("measure", {0}, 0).add("cx", {0, 1})),
           "h 0 @0; measure 0 @1; cx 0, 1 @2");
    EXPECT(known(Circuit(2).add("x", {0}).add("reset", {0}).add("cx", {0, 1})), "");
    EXPECT(known(Circuit(2).add("h", {0}).add("reset", {0}).add("cx", {0, 1})), "h 0 @0; reset 0 @1");
}

void check_pruning() {
    const RewrittenProgram phases = pruned(Circuit(2, 2)
                                               .add("h", {0})
                                               .add("h", {1})
                                               .add("cz", {0, 1})
                                               .add("rz", {0})
                                               .add("measure", {0}, 0)
                                               .add("measure", {1}, 1));
    EXPECT(phases, "h 0 @0; h 1 @1; measure 0 @4; measure 1 @5");
    // A qubit that nothing is needed of leaves the state, and the others are renumbered.
    const RewrittenProgram smaller = pruned(Circuit(3, 1)
                                                .add("h", {0})
                                                .add("h", {2})
                                                .add("cx", {2, 0})
                                                .add("cz", {2, 1})
                                                .add("measure", {2}, 0)
                                                .add("h", {2}));
    EXPECT(smaller, "h 0 @1; measure 0 @4");
    CHECK(smaller.num_qubits == 1);
    // The distribution of a target needs that of its control, whose phases do not matter.
    EXPECT(pruned(Circuit(2, 1).add("h", {0}).add("s", {0}).add("cx", {0, 1}).add("measure", {1}, 0)),
           "h 0 @0; cx 0, 1 @2; measure 1 @3");
    // They do where the control interferes, and then so does the target, measured or not.
    EXPECT(pruned(Circuit(2, 1).add("h", {0}).add("s", {0}).add("cx", {0, 1}).add("h", {0}).add("measure", {0}, 0)),
           "h 0 @0; s 0 @1; cx 0, 1 @2; h 0 @3; measure 0 @4");
    EXPECT(pruned(Circuit(2, 1).add("h", {0}).add("h", {1}).add("cz", {0, 1}).add("h", {0}).add("measure", {0}, 0)),
           "h 0 @0; h 1 @1; cz 0, 1 @2; h 0 @3; measure 0 @4");
    EXPECT(pruned(Circuit(2, 1).add("h", {0}).add("s", {0}).add("iswap", {0, 1}).add("y", {1}).add("measure", {1}, 0)),
           "h 0 @0; iswap 0 1 @2; z 1 @3; x 1 @3; measure 1 @4");
    // CX turns X on its control and Z on its target into a pair of Y: then phases of the target matter too.
    EXPECT(pruned(Circuit(2, 2)
                      .add("h", {1})
                      .add("s", {1})
                      .add("cx", {0, 1})
                      .add("h", {0})
                      .add("measure", {0}, 0)
                      .add("measure", {1}, 1)),
           "h 1 @0; s 1 @1; cx 0, 1 @2; h 0 @3; measure 0 @4; measure 1 @5");
    EXPECT(pruned(Circuit(1, 1).add("h", {0}).add("global_phase", {}).add("measure", {0}, 0)), "h 0 @0; measure 0 @2");
    EXPECT(pruned(Circuit(1).add("h", {0}).add("global_phase", {})), "h 0 @0; global_phase @1");
}

void check_pruning_of_collapses() {
    // A reset ends the need for what was before; a qubit that is traced out dephases nothing that is measured.
    EXPECT(pruned(Circuit(2, 2)
                      .add("h", {0})
                      .add("cx", {0, 1})
                      .add("reset", {1})
                      .add("measure", {0}, 0)
                      .add("measure", {1}, 1)),
           "h 0 @0; measure 0 @3");
    EXPECT(pruned(Circuit(2, 1).add("h", {0}).add("cx", {0, 1}).add("reset", {1}).add("h", {0}).add("measure", {0}, 0)),
           "h 0 @0; cx 0, 1 @1; h 0 @3; measure 0 @4");
    EXPECT(pruned(Circuit(1, 1).add("h", {0}).add("reset", {0}).add("h", {0}).add("measure", {0}, 0)),
           "h 0 @2; measure 0 @3");
    EXPECT(pruned(Circuit(2, 2)
                      .add("h", {0})
                      .add("cx", {0, 1})
                      .add("reset", {0})
                      .add("h", {0})
                      .add("measure", {0}, 0)
                      .add("measure", {1}, 1)),
           "h 0 @0; cx 0, 1 @1; reset 0 @2; h 0 @3; measure 0 @4; measure 1 @5");
    // A measurement whose bit is written again counts only as a loss of phase.
    EXPECT(pruned(Circuit(1, 1).add("h", {0}).add("measure", {0}, 0).add("measure", {0}, 0)), "h 0 @0; measure 0 @2");
    EXPECT(pruned(Circuit(1, 1).add("h", {0}).add("measure", {0}, 0).add("h", {0}).add("measure", {0}, 0)),
           "h 0 @0; measure 0 @1; h 0 @2; measure 0 @3");
    // An untouched qubit measures 0, which must still overwrite what an earlier measurement left in the bit.
    const RewrittenProgram overwritten =
        pruned(Circuit(2, 1).add("h", {0}).add("measure", {0}, 0).add("h", {0}).add("measure", {1}, 0));
    EXPECT(overwritten, "");
    EXPECT(pruned(Circuit(2, 2)
                      .add("h", {0})
                      .add("measure", {0}, 0)
                      .add("h", {0})
                      .add("measure", {0}, 1)
                      .add("measure", {1}, 0)),
           "h 0 @0; measure 0 @1; h 0 @2; measure 0 @3; measure 1 @4");
    CHECK(overwritten.num_qubits == 0);
}

void check_plans() {
    const Circuit circuit = Circuit(3, 2)
                                .add("h", {2})
                                .add("measure", {2}, 0)
                                .add("cx", {2, 1})
                                .add("h", {1})
                                .add("reset", {2})
                                .add("h", {2})
                                .add("measure", {2}, 1);
    const Plan made = plan(circuit.build(), {}, with(true, true, true));
    CHECK(made.num_qubits == 1);
    CHECK(made.state_qubits == minimum_state_qubits);
    CHECK(made.has_trajectories());
    CHECK(made.final_measurements == (std::vector<FinalMeasurement>{{0, 1}}));
    std::vector<std::uint32_t> collapses;
    for (const Stage& stage : made.stages) {
        if (const auto* const collapse = std::get_if<Collapse>(&stage)) {
            collapses.push_back(collapse->origin);
            CHECK(collapse->clears);
        }
    }
    CHECK(collapses == (std::vector<std::uint32_t>{1}));  // which leaves nothing to reset
    // A control commutes with measuring: without the state, nothing collapses here.
    const Program controlled = Circuit(2, 2)
                                   .add("h", {0})
                                   .add("measure", {0}, 0)
                                   .add("cx", {0, 1})
                                   .add("h", {1})
                                   .add("measure", {1}, 1)
                                   .build();
    CHECK(!plan(controlled, {}, with(true, true, true)).has_trajectories());
    CHECK(plan(controlled, {}, with(true, true, true, true)).has_trajectories());
    CHECK(plan(controlled, {}, with(true, true, false)).has_trajectories());
}

void check_options() {
    CHECK(options_without({}) == PlanOptions{});
    PlanOptions none;
    none.growth = none.known_bits = none.relabel_swaps = none.prune = none.reuse_qubits = none.merge_dense =
        none.turn_pairs = none.merge_passes = none.block_frame = none.real_blocks = none.merge_branches = none.search =
            false;
    const std::vector<std::string> all(plan_option_names().begin(), plan_option_names().end());
    CHECK(options_without(all) == none);
    PlanOptions one;
    one.prune = false;
    CHECK(options_without(std::vector<std::string>{"prune"}) == one);
    CHECK_THROWS(options_without(std::vector<std::string>{"speed"}), std::invalid_argument);
}

}  // namespace

int main() {
    check_switches();
    check_partly_known();
    check_relabelling();
    check_y();
    check_y_and_jumps();
    check_known_bits();
    check_known_bits_and_collapses();
    check_pruning();
    check_pruning_of_collapses();
    check_plans();
    check_options();
    return failed_checks == 0 ? 0 : 1;
}
