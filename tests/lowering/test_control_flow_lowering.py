"""Control flow and classical computing: what Qiskit's constructs are lowered to, run by a small interpreter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import dynamic as dynamic_oracle
from oracles import packed as packed_oracle
from oracles import packed_control_flow
from oracles import static as oracle
from qiskit import QuantumCircuit
from qiskit.circuit import (
    AnnotatedOperation,
    BoxOp,
    BreakLoopOp,
    Clbit,
    ContinueLoopOp,
    ControlModifier,
    Duration,
    ForLoopOp,
    Gate,
    IfElseOp,
    Instruction,
    InverseModifier,
    Parameter,
    PowerModifier,
    Qubit,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit import library as lib
from qiskit.circuit.classical import expr, types
from support import dynamic_strategies, strategies
from support.calls import calls_in
from support.lowering_checks import bits, distribution, error_of, names, registers, set_register
from support.qiskit_versions import LOOP_VARIABLES, needs_loop_variables

from ketjet import engine
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering import control_flow, lower

NAN = float("nan")


@pytest.mark.parametrize("value", range(4))
def test_conditions(value):
    circuit, a, b, result = registers(2, 70, 8)
    set_register(circuit, a, value)
    set_register(circuit, b, value << 67)
    conditions = [
        ((a[0], True), value & 1),
        ((a[1], 0), not value & 2),
        ((a, 3), value == 3),
        ((a, 9), False),
        ((b, 2 << 67), value == 2),
        (expr.lift(a[1]), value & 2),
        (expr.less(a, 2), value < 2),
        (expr.logic_and(a, expr.logic_not(a[0])), value == 2),
    ]
    for i, (condition, _) in enumerate(conditions):
        with circuit.if_test(condition):
            circuit.store(result[i], True)
    assert bits(circuit) >> 72 == sum(bool(holds) << i for i, (_, holds) in enumerate(conditions))


def test_if_else():
    circuit = QuantumCircuit(2, 2)
    circuit.ry(0.8, 0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as else_:
        circuit.x(1)
    with else_:
        circuit.ry(0.6, 1)
    circuit.measure(1, 1)
    assert names(circuit) == ["ry", "measure", "branch", "x", "jump", "ry", "measure"]
    one, two = math.sin(0.4) ** 2, math.sin(0.3) ** 2
    assert distribution(circuit) == pytest.approx({0: (1 - one) * (1 - two), 2: (1 - one) * two, 3: one})


def test_while_loops_run_until_the_condition_fails():
    circuit, a = registers(4)
    with circuit.while_loop(expr.less(a, 11)):
        circuit.store(a, expr.add(a, 2))
    assert bits(circuit) == 12
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((0, 0)):
        circuit.h(0)
        circuit.measure(0, 0)
    assert distribution(circuit) == pytest.approx({1: 1}, abs=1e-6)
    with circuit.while_loop((0, 0)):
        circuit.x(0)
    assert names(circuit) == ["branch", "h", "measure", "jump", "branch", "x", "jump"]


@pytest.mark.parametrize("values", [range(3), range(9, -3, -4), (5, 5, 0), [7], range(0), ()])
def test_for_loops_without_a_variable(values, loops):
    circuit, a = registers(8)
    with circuit.for_loop(values):
        circuit.store(a, expr.add(a, 3))
    assert bits(circuit) == 3 * len(values)


@needs_loop_variables
@pytest.mark.parametrize("width", [4, 64, 70])
@pytest.mark.parametrize("values", [range(3), range(9, -1, -4), (5, 15, 0), [7], range(0)])
def test_for_loops_over_a_variable(values, width, loops):
    circuit, a = registers(8 + width)
    variable = expr.Var.new("i", types.Uint(width))
    wide = types.Uint(8 + width)
    with circuit.for_loop(values, variable):
        circuit.store(a, expr.add(expr.mul(a, 3), expr.cast(variable, wide)))
    expected = 0
    for value in values:
        expected = 3 * expected + value
    assert bits(circuit) == expected


@needs_loop_variables
def test_values_of_a_loop_of_more_than_a_word(loops):
    circuit, a = registers(80)
    variable = expr.Var.new("i", types.Uint(80))
    values = (1 << 60, 3)
    with circuit.for_loop(values, variable):
        circuit.store(a, expr.add(expr.shift_left(a, 3), variable))
    assert bits(circuit) == (1 << 63) + 3


def test_loop_parameters_are_put_into_angles():
    extra = Parameter("extra")
    circuit = QuantumCircuit(2)
    with circuit.for_loop(range(3)) as i:
        circuit.rx(i, 0)
        circuit.rz(0.5 * i + extra, 1)
        with circuit.for_loop((2, 5)) as j:
            circuit.crx(i * j, 0, 1)
            circuit.append(lib.PhaseGate(-j), [0])
    lowered = lower(circuit, keep_idle_qubits=True)
    assert [parameter.name for parameter in lowered.parameters] == ["extra"]
    by_hand = QuantumCircuit(2)
    for i in range(3):
        by_hand.rx(i, 0)
        by_hand.rz(0.5 * i + 0.7, 1)
        for j in (2, 5):
            by_hand.crx(i * j, 0, 1)
            by_hand.p(-j, 0)
    bound = lowered.bind({extra: 0.7}).program
    assert packed_oracle.operation_names(bound) == names(by_hand)
    np.testing.assert_allclose(bound.slots, lower(by_hand).program.slots, atol=1e-12)


def test_one_definition_in_several_loops_gets_the_values_of_each():
    parameter = Parameter("t")
    inner = QuantumCircuit(1)
    inner.rx(2 * parameter, 0)
    gate = inner.to_gate()
    body = QuantumCircuit(1)
    body.append(gate, [0])
    body.append(gate, [0])
    circuit = QuantumCircuit(1)
    for values in ((1, 2), (3,)):
        circuit.append(ForLoopOp(values, parameter, body), [0])
    circuit.append(gate, [0])
    lowered = lower(circuit)
    assert lowered.bind({parameter: 4}).program.slots.tolist() == [2, 2, 4, 4, 6, 6, 8]


def test_global_phases_of_blocks(loops):
    body = QuantumCircuit(1, global_phase=0.25)
    body.x(0)
    circuit = QuantumCircuit(1, global_phase=0.5)
    circuit.append(ForLoopOp(range(2), None, body), [0])
    lowered = lower(circuit)
    assert lowered.header["global_phase"] == 0.5
    assert lowered.program.slots[-1] == 0.5
    assert names(circuit)[-1] == "global_phase"
    (end,) = packed_control_flow.run(lowered.program)
    np.testing.assert_allclose(end.state.state, [np.exp(1j), 0], atol=1e-12)


def test_a_global_phase_that_is_bound_behind_a_loop():
    parameter = Parameter("t")
    circuit = QuantumCircuit(1, 1, global_phase=parameter)
    with circuit.while_loop((0, 1)):
        circuit.rx(parameter, 0)
    bound = lower(circuit).bind({parameter: 0.5})
    assert bound.header["global_phase"] == 0.5
    assert bound.program.slots.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("value", range(8))
def test_switch(value):
    for default in (True, False):
        for target in ("register", "expression", "variable"):
            circuit, a, result = registers(3, 4)
            set_register(circuit, a, value)
            chosen = {"register": a, "expression": expr.bit_xor(a, 0)}.get(target)
            if chosen is None:
                chosen = circuit.add_var("v", a)
            with circuit.switch(chosen) as case:
                with case(1, 4, 7):
                    set_register(circuit, result, 1)
                    set_register(circuit, a, 2)  # nothing falls through
                with case(2):
                    set_register(circuit, result, 2)
                if default:
                    with case(case.DEFAULT):
                        set_register(circuit, result, 3)
            expected = {1: 1, 4: 1, 7: 1, 2: 2}.get(value, 3 if default else 0)
            assert bits(circuit) >> 3 == expected
    circuit, a, result = registers(3, 2)
    circuit.store(a[0], bool(value & 1))
    with circuit.switch(a[0]) as case:
        with case(False):
            set_register(circuit, result, 1)
        with case(True):
            set_register(circuit, result, 2)
    assert bits(circuit) >> 3 == 1 + (value & 1)


def test_a_switch_with_nothing_but_a_default():
    circuit, a = registers(3)
    with circuit.switch(a) as case, case(case.DEFAULT):
        circuit.x(0)
    assert names(circuit) == ["x"]


def test_boxes_are_inlined():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    with circuit.box(duration=100, unit="ns"):
        circuit.cx(0, 1)
        with circuit.box():
            circuit.rx(0.3, 1)
    circuit.delay(circuit.add_stretch("s"), 0)
    circuit.delay(expr.mul(Duration.ns(3), 2.0), 1)
    assert names(circuit) == ["h", "cx", "rx"]


def test_boxes_in_definitions_take_modifiers():
    inner = QuantumCircuit(2, global_phase=0.3)
    inner.s(0)
    inner.cx(0, 1)
    definition = QuantumCircuit(2)
    definition.append(BoxOp(inner), [1, 0])
    definition.h(0)
    gate = Gate("boxed", 2, [])
    gate.definition = definition
    flat = QuantumCircuit(2, global_phase=0.3)
    flat.s(1)
    flat.cx(1, 0)
    flat.h(0)
    modifiers = [InverseModifier(), ControlModifier(1, 0), PowerModifier(2)]
    for count in range(len(modifiers) + 1):
        circuit, expected = QuantumCircuit(3), QuantumCircuit(3)
        for target, base in ((circuit, gate), (expected, flat.to_gate())):
            operation = AnnotatedOperation(base, modifiers[:count])
            target.append(operation, range(operation.num_qubits))
        program = lower(circuit, keep_idle_qubits=True, starts_in_zero=False).program
        np.testing.assert_allclose(packed_oracle.unitary(program), oracle.unitary(expected), atol=1e-9)


JUMPS = ["break", "continue"]
LOOPS = ["while", "for", *(["variable"] if LOOP_VARIABLES else [])]


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("inner", LOOPS)
@pytest.mark.parametrize("outer", LOOPS)
@pytest.mark.parametrize("wrapping", ["if", "else", "switch", "none", "box in if"])
def test_break_and_continue_in_all_nestings(outer, inner, jump, wrapping, loops):
    """A nest of two loops with a jump after the second step of the inner one, against the same in Python."""
    circuit, steps, seen, turn, flag = registers(4, 8, 4, 1)

    def loop(kind, body, depth):
        if kind == "while":
            counter = circuit.add_var(f"n{depth}", expr.lift(0, types.Uint(4)))
            with circuit.while_loop(expr.less(counter, 4)):
                circuit.store(counter, expr.add(counter, 1))
                body()
        else:
            variable = expr.Var.new(f"i{depth}", types.Uint(4)) if kind == "variable" else None
            with circuit.for_loop(range(4), variable):
                body()

    def leave():
        if jump == "break":
            circuit.break_loop()
        else:
            circuit.continue_loop()

    def inside():
        circuit.store(turn, expr.add(turn, 1))
        if wrapping == "none":
            leave()
        elif wrapping == "switch":
            with circuit.switch(turn) as case, case(2):
                leave()
        elif wrapping == "else":
            with circuit.if_test(expr.not_equal(turn, 2)) as else_:
                circuit.store(flag, expr.bit_not(flag))
            with else_:
                leave()
        else:
            with circuit.if_test(expr.equal(turn, 2)):
                if wrapping == "box in if":
                    with circuit.box():
                        circuit.x(0)
                leave()
        circuit.store(seen, expr.add(seen, 1))

    def outside():
        set_register(circuit, turn, 0)
        loop(inner, inside, 1)
        circuit.store(steps, expr.add(steps, 1))
        with circuit.if_test(expr.equal(steps, 3)):
            leave()
        circuit.store(seen, expr.add(seen, 16))

    loop(outer, outside, 0)
    expected_steps, expected_seen = simulated(jump, wrapping)
    found = bits(circuit)
    assert (found & 15, found >> 4 & 255) == (expected_steps, expected_seen)


def simulated(jump, wrapping):
    steps = seen = 0
    for _ in range(4):
        for turn in range(1, 5):
            if wrapping == "none" or turn == 2:
                if jump == "break":
                    break
                continue
            seen += 1
        steps += 1
        if steps == 3:
            if jump == "break":
                break
            continue
        seen += 16
    return steps, seen % 256


def test_counted_and_unrolled_loops_with_measurements_agree(monkeypatch):
    circuit = QuantumCircuit(2, 3)
    with circuit.for_loop(range(3)):
        circuit.ry(0.7, 0)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.store(circuit.clbits[2], True)
            circuit.break_loop()
        with circuit.for_loop((1, 2)):
            circuit.crx(0.4, 0, 1)
            circuit.reset(0)
            circuit.prepare_state([0.6, 0.8], 0)
            circuit.measure(1, 1)
            with circuit.if_test((1, 1)):
                circuit.continue_loop()
            circuit.h(1)
    unrolled = distribution(circuit)
    assert "branch" in names(circuit)
    for limit in (0, 25):
        monkeypatch.setattr(control_flow, "UNROLL_LIMIT", limit)
        assert distribution(circuit) == pytest.approx(unrolled, abs=1e-12)


def test_what_may_have_run_before_is_not_still_zero(loops):
    circuit = QuantumCircuit(3, 1)
    circuit.reset(0)
    with circuit.if_test((0, 0)):
        circuit.reset(0)
        circuit.x(0)
    circuit.reset(0)
    with circuit.while_loop((0, 1)):
        circuit.reset(1)
        circuit.h(1)
    with circuit.for_loop(range(2)):
        circuit.reset(2)
        circuit.h(2)
    found = names(circuit)
    assert found[:3] == ["branch", "x", "reset"]
    assert found.count("reset") == (4 if loops == "unrolled" else 3)


def test_a_counter_leaves_no_trace_of_where_the_loop_was_left(monkeypatch):
    monkeypatch.setattr(control_flow, "UNROLL_LIMIT", 0)
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(5)):
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.break_loop()
    assert len({end.memory.variables for end in packed_control_flow.run(lower(circuit).program)}) == 1


def test_straight_loops_leave_nothing_classical_behind():
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(3)):
        circuit.x(0)
    with circuit.for_loop(range(10**12)):
        circuit.barrier()
    assert names(circuit) == ["x"] * 3
    assert lower(circuit).program.packed()[11:] == (0, [])


def test_a_loop_that_always_breaks_runs_once():
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**12)):
        circuit.x(0)
        circuit.break_loop()
    assert names(circuit) == ["x"]


def test_control_flow_inside_definitions():
    body = QuantumCircuit(1)
    body.h(0)
    definition = QuantumCircuit(2, 2)
    definition.measure(0, 1)
    definition.append(IfElseOp((definition.clbits[1], 1), body), [1])
    local = definition.add_var("local", expr.lift(True))
    definition.store(definition.clbits[0], local)
    operation = Instruction("feedback", 2, 2, [])
    operation.definition = definition
    circuit = QuantumCircuit(3, 4)
    circuit.x(0)
    circuit.append(operation, [0, 2], [0, 1])
    circuit.append(operation, [0, 1], [3, 2])
    circuit.measure(1, 1)
    assert distribution(circuit) == pytest.approx({0b1101: 0.5, 0b1111: 0.5})


def test_blocks_with_bits_of_their_own():
    body = QuantumCircuit([Qubit(), Qubit()], [Clbit(), Clbit()])
    inner = QuantumCircuit([Qubit()], [Clbit()])
    inner.x(0)
    inner.measure(0, 0)
    body.measure(0, 1)
    body.append(IfElseOp((body.clbits[1], 0), inner), [1], [0])
    circuit = QuantumCircuit(3, 3)
    circuit.x(2)
    circuit.append(IfElseOp((circuit.clbits[0], 0), body), [0, 2], [2, 1])
    circuit.measure(2, 0)
    assert bits(circuit) == 0


@given(strategies.circuits(measure=True, max_operations=5), st.integers(0, 3))
@settings(max_examples=30)
def test_gates_inside_blocks_are_lowered_as_outside(circuit, kind):
    outer = QuantumCircuit(circuit.num_qubits, circuit.num_clbits)
    places = outer.qubits, outer.clbits
    if kind == 0:
        outer.append(BoxOp(circuit), *places)
    elif kind == 1:
        outer.append(IfElseOp((outer.clbits[0], 0), circuit), *places)
    elif kind == 2:
        outer.append(ForLoopOp([7], None, circuit), *places)
    else:
        outer.append(SwitchCaseOp(outer.clbits[0], [(1, circuit.copy()), (0, circuit)]), *places)
    found, expected = distribution(outer), oracle.distribution(circuit)
    for value in found.keys() | expected.keys():
        assert found.get(value, 0) == pytest.approx(expected.get(value, 0), abs=1e-7)


@needs_loop_variables
def test_loop_values_that_do_not_fit():
    for values in (range(5), (3, -1), (0, 4)):
        circuit = QuantumCircuit(1)
        with circuit.for_loop(values, expr.Var.new("i", types.Uint(2))):
            circuit.x(0)
        wrong = -1 if -1 in values else 4
        assert error_of(circuit) == (
            f"circuit 'wrong', instruction 0: 'for_loop' on qubits [0]: the loop value {wrong} does not fit into "
            "variable 'i' of 2 bits; use values from 0 to 3 or a wider variable"
        )


def test_angles_without_a_value():
    circuit = QuantumCircuit(1)
    with circuit.for_loop((1, 0)) as i:
        circuit.rx(1 / i, 0)
    message = error_of(circuit)
    assert "instruction 0: 'for_loop' on qubits [0]: the angle 1/" in message
    assert "= 0" in message
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((0, 1)):
        circuit.rx(NAN, 0)
    assert "instruction 0: 'if_else' on qubits [0]: its angle is nan" in error_of(circuit)


def test_loops_that_unroll_to_too_much():
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**9)) as i:
        circuit.rx(i, 0)
    message = error_of(circuit)
    assert "instruction 0: 'for_loop' on qubits [0]" in message
    assert "unroll to more than 20000000 operations" in message


def test_the_path_to_a_nested_instruction():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    gate = Gate("outer", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.append(Gate("magic", 1, []), [0])
    with circuit.if_test((0, 1)), circuit.while_loop((0, 1)):
        circuit.append(gate, [1])
    message = error_of(circuit, UnsupportedInstructionError)
    assert "instruction 1, inside if_else > while_loop > the definition of outer: 'magic' on qubits [1]" in message


def test_jumps_and_modifiers_in_wrong_places():
    for operation in (BreakLoopOp(1, 0), ContinueLoopOp(1, 0)):
        circuit = QuantumCircuit(1)
        circuit.append(operation, [0])
        assert "it is not inside a loop" in error_of(circuit)
    gate = Gate("looping", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.append(ForLoopOp(range(2), None, QuantumCircuit(1)), [0])
    for modifier in (ControlModifier(1), InverseModifier()):
        circuit = QuantumCircuit(2)
        operation = AnnotatedOperation(gate, modifier)
        circuit.append(operation, range(operation.num_qubits))
        message = error_of(circuit, UnsupportedInstructionError)
        assert "inside the definition of looping: 'for_loop'" in message
        assert "cannot be controlled or inverted" in message
    body = QuantumCircuit(1)
    body.append(gate_that_breaks(), [0])
    circuit = QuantumCircuit(1, 1)
    circuit.append(WhileLoopOp((circuit.clbits[0], 0), body), [0])
    assert "inside while_loop > the definition of leaver: 'break_loop'" in error_of(circuit)


def gate_that_breaks():
    gate = Gate("leaver", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.append(BreakLoopOp(1, 0), [0])
    return gate


def nested(depth, kinds):
    qubit, clbit = Qubit(), Clbit()
    circuit = QuantumCircuit([qubit], [clbit])
    circuit.x(0)
    for level in range(depth):
        inner, circuit = circuit, QuantumCircuit([qubit], [clbit])
        operation = {
            "if_else": lambda body: IfElseOp((clbit, 0), body),
            "while_loop": lambda body: WhileLoopOp((clbit, 1), body),
            "for_loop": lambda body: ForLoopOp(range(1), None, body),
            "switch_case": lambda body: SwitchCaseOp(clbit, [(0, body)]),
            "box": lambda body: BoxOp(body),
        }[kinds[level % len(kinds)]](inner)
        circuit.append(operation, [0], [0])
    return circuit


@pytest.mark.parametrize(
    "kinds", [["if_else"], ["while_loop"], ["if_else", "box", "for_loop", "while_loop", "switch_case"]]
)
def test_nine_hundred_nested_blocks(kinds):
    found = names(nested(900, kinds))
    assert found.count("x") == 1
    assert found.count("branch") == 900 * sum(kind not in ("box", "for_loop") for kind in kinds) // len(kinds)


def test_a_million_gates_inside_a_loop():
    body = QuantumCircuit(4, 1)
    for i in range(10**6):
        body.rz(0.1, i % 4)
    circuit = QuantumCircuit(4, 1)
    circuit.append(WhileLoopOp((circuit.clbits[0], 1), body), range(4), [0])
    assert lower(circuit).program.num_operations == 10**6 + 2


def test_work_is_linear_in_the_number_of_blocks():
    def calls(count):
        circuit = QuantumCircuit(2, 2)
        for i in range(count):
            with circuit.if_test((i % 2, 1)):
                circuit.x(0)
        return calls_in(lambda: lower(circuit))

    assert calls(6000) < 20 * 1.1 * calls(300)


def same(found, expected):
    return all(
        found.get(value, 0) == pytest.approx(expected.get(value, 0), abs=1e-6)
        for value in found.keys() | expected.keys()
    )


@given(dynamic_strategies.dynamic_circuits(durations=True), st.sampled_from([0, 8, 4096]))
def test_random_dynamic_circuits_keep_their_outcomes(circuit, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control_flow, "UNROLL_LIMIT", limit)
        lowered = lower(circuit)
    program = lowered.program
    expected = dynamic_oracle.distribution(circuit)
    assert same(packed_control_flow.distribution(program), expected)
    if lowered.has_measurements:
        outcome = engine.execute(engine.Task(program, 0, 0, exact=True))
        keys = [sum(word << 64 * i for i, word in enumerate(row)) for row in outcome.keys.tolist()]
        assert same(dict(zip(keys, outcome.probabilities, strict=True)), expected)


def is_undefined(circuit):
    try:
        dynamic_oracle.distribution(circuit)
    except dynamic_oracle.UndefinedError:
        return True
    return False


@settings(max_examples=40)
@given(dynamic_strategies.dynamic_circuits(undefined=True))
def test_what_is_undefined_is_refused_or_an_error_at_run_time(circuit):
    assume(is_undefined(circuit))
    with pytest.raises((InvalidCircuitError, packed_control_flow.RunTimeError)):
        distribution(circuit)
