"""Hypothesis strategies for dynamic circuits: nested control flow, variables, and expressions of every kind.

The circuits can be run: no variable is read before it is written, every loop ends, nothing is divided by zero, and at
most `max_collapses` measurements and resets are carried out, so that there are few branches. With `undefined=True`
there may be variables without a value, and an operation may have no result for its operands.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import (
    CASE_DEFAULT,
    BreakLoopOp,
    ClassicalRegister,
    Clbit,
    ContinueLoopOp,
    ControlFlowOp,
    Duration,
    ForLoopOp,
    IfElseOp,
    Parameter,
    QuantumRegister,
    Qubit,
    Store,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.classical import expr, types

from support.qiskit_versions import LOOP_VARIABLES, NEGATES, WIDE_NUMBERS
from support.strategies import angles, standard_gates

BOOL, FLOAT, DURATION = types.Bool(), types.Float(), types.Duration()
WIDTHS = (1, 2, 3, 8, 64, 70) if WIDE_NUMBERS else (1, 2, 3, 8, 50)
NEGATE = ["negate"] if NEGATES else []


widths = st.sampled_from(WIDTHS)
floats = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 0.1, 1e300, 5e-324]),
    st.floats(-1000, 1000, allow_nan=False).map(lambda value: round(value, 3)),
)
value_types = st.one_of(st.just(BOOL), widths.map(types.Uint), st.just(FLOAT))


def uints(width):
    """Numbers of so many bits, preferably at an edge."""
    top = (1 << width) - 1
    return st.one_of(st.sampled_from(sorted({0, 1, top // 2, top - 1 if top > 1 else 1, top})), st.integers(0, top))


@st.composite
def durations(draw):
    """A duration in some absolute unit."""
    unit = draw(st.sampled_from([Duration.s, Duration.ms, Duration.us, Duration.ns, Duration.ps]))
    return unit(draw(st.sampled_from([0.0, 1.0, 3.0, 250.0, 1000.0, 0.5])))


@st.composite
def literals(draw, kind):
    """A constant of a type."""
    if kind.kind is types.Bool:
        return expr.lift(draw(st.booleans()))
    if kind.kind is types.Uint:
        return expr.lift(draw(uints(kind.width)), kind)
    if kind.kind is types.Float:
        return expr.lift(draw(floats))
    return expr.lift(draw(durations()))


@st.composite
def expressions(draw, kind, variables=(), depth=3, *, undefined=False):
    """An expression of a type; `variables` are the nodes it may read."""
    own = [node for node in variables if node.type == kind]
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(own)) if own and draw(st.integers(0, 3)) else draw(literals(kind))

    def some(wanted):
        return draw(expressions(wanted, variables, depth - 1, undefined=undefined))

    def uint():
        present = [node.type.width for node in variables if node.type.kind is types.Uint]
        return types.Uint(draw(st.sampled_from([*WIDTHS, *present])))

    if kind.kind is types.Bool:
        return draw_bool(draw, some, uint, undefined)
    if kind.kind is types.Uint:
        return draw_uint(draw, some, uint, kind, undefined)
    if kind.kind is types.Float:
        return draw_float(draw, some, uint, undefined)
    return draw_duration(draw, some, uint, undefined)


def draw_bool(draw, some, uint, undefined):
    form = draw(st.sampled_from(["not", "logic", "bit", "equal", "relation", "cast", "index", "compare floats"]))
    if form == "not":
        operator = draw(st.sampled_from([expr.logic_not, expr.bit_not]))
        return operator(some(BOOL))
    if form == "logic":  # casts its operands implicitly
        operator = draw(st.sampled_from([expr.logic_and, expr.logic_or]))
        return operator(some(draw(st.sampled_from([BOOL, uint()]))), some(BOOL))
    if form == "bit":
        operator = draw(st.sampled_from([expr.bit_and, expr.bit_or, expr.bit_xor]))
        return operator(some(BOOL), some(BOOL))
    if form == "equal":
        operator = draw(st.sampled_from([expr.equal, expr.not_equal]))
        kind = draw(st.sampled_from([BOOL, uint()]))
        return operator(some(kind), some(kind))
    if form in ("relation", "compare floats"):
        operator = draw(st.sampled_from([expr.less, expr.less_equal, expr.greater, expr.greater_equal]))
        return operator(some(uint()), some(uint())) if form == "relation" else operator(some(FLOAT), some(FLOAT))
    if form == "cast":
        return expr.cast(some(draw(st.sampled_from([uint(), FLOAT]))), BOOL)
    target = some(uint())
    return expr.index(target, draw_index(draw, some, uint, target.type.width, undefined))


def draw_index(draw, some, uint, width, undefined):
    """An index of something so wide."""
    if undefined:
        return some(uint())
    bits = width.bit_length() - 1
    if bits and draw(st.booleans()):
        return expr.cast(some(uint()), types.Uint(bits))  # at most 2**bits - 1, so less than the width
    return expr.lift(draw(st.integers(0, width - 1)))


def draw_uint(draw, some, uint, kind, undefined):
    form = draw(st.sampled_from(["not", "bit", "bit", "shift", "arithmetic", "arithmetic", "divide", "cast"]))
    if form == "not":
        return expr.bit_not(some(kind))
    if form == "bit":
        operator = draw(st.sampled_from([expr.bit_and, expr.bit_or, expr.bit_xor]))
        return operator(some(kind), some(kind))
    if form == "shift":
        operator = draw(st.sampled_from([expr.shift_left, expr.shift_right]))
        return operator(some(kind), some(uint()))
    if form == "arithmetic":
        operator = draw(st.sampled_from([expr.add, expr.sub, expr.mul]))
        return operator(some(kind), some(kind))
    if form == "divide":
        divisor = some(kind)
        return expr.div(some(kind), divisor if undefined else expr.bit_or(divisor, 1))
    source = draw(st.sampled_from([BOOL, uint(), FLOAT]))
    if source is not FLOAT or undefined:
        return expr.cast(some(source), kind)
    narrow = types.Uint(min(kind.width, 50))  # a float holds it exactly, and half of it less than a whole
    quotient = expr.div(expr.cast(expr.cast(some(kind), narrow), FLOAT), draw(st.sampled_from([1.0, 2.0, 3.0, 10.0])))
    return expr.cast(quotient, kind)


def draw_float(draw, some, uint, undefined):
    form = draw(st.sampled_from([*NEGATE, "arithmetic", "arithmetic", "cast"]))
    if form == "negate":
        return expr.negate(some(FLOAT))
    if form == "arithmetic":
        operator = draw(st.sampled_from([expr.add, expr.sub, expr.mul, expr.div]))
        return operator(some(FLOAT), some(FLOAT))
    return expr.cast(some(draw(st.sampled_from([BOOL, uint()]))), FLOAT)


def draw_duration(draw, some, uint, undefined):
    form = draw(st.sampled_from([*NEGATE, "sum", "product", "quotient"]))
    if form == "negate":
        return expr.negate(some(DURATION))
    if form == "sum":
        operator = draw(st.sampled_from([expr.add, expr.sub]))
        return operator(some(DURATION), some(DURATION))
    if form == "product":
        return expr.mul(some(DURATION), expr.lift(draw(st.integers(0, 5))))
    return expr.div(some(DURATION), some(uint()) if undefined else expr.lift(draw(st.sampled_from([1, 2, 4, 8]))))


@st.composite
def duration_conditions(draw, variables=()):
    """A comparison of two durations, or of their quotient."""
    left, right = draw(expressions(DURATION, variables, 2)), draw(expressions(DURATION, variables, 2))
    if draw(st.booleans()):
        return expr.less(expr.div(left, draw(durations().filter(Duration.value))), 1.5)
    operator = draw(st.sampled_from([expr.equal, expr.not_equal, expr.less, expr.less_equal, expr.greater]))
    return operator(left, right)


@dataclass
class Scope:
    """What statements at some place may use."""

    variables: list  # nodes with a value
    repeats: int = 1  # how often the place is reached at most
    depth: int = 0
    jumps: bool = False  # is break allowed
    parameters: tuple = ()  # of the loops around it
    locked: tuple = ()  # variables that may only be read

    def inner(self, **changes):
        """Return the scope of a block."""
        return replace(self, **{"variables": list(self.variables), "depth": self.depth + 1, **changes})


@dataclass
class Writer:
    """Appends random statements to a circuit."""

    draw: callable
    circuit: QuantumCircuit
    collapses: int  # how many measurements and resets may yet be carried out
    max_depth: int
    variables: bool = True
    durations: bool = False
    undefined: bool = False
    spare: int = 0  # so many of the last qubits are left alone
    names: int = 0

    def statements(self, scope, most):
        for _ in range(self.draw(st.integers(0 if scope.depth else 2, most))):
            kinds = ["gate", "gate", "measure", "measure", "measure", "reset", "store_bit", "store_register", "barrier"]
            if self.variables:
                kinds += ["declare", "store", "store", "store_index"]
            if scope.depth < self.max_depth:
                kinds += ["if_", "if_", "else_", "switch", "for_", "for_", "box"]
                kinds += ["while_"] if self.variables else []
                kinds += ["for_variable"] if self.variables and LOOP_VARIABLES else []
            if scope.jumps:
                kinds += ["jump", "jump"]
            kind = self.draw(st.sampled_from(kinds))
            if getattr(self, kind)(scope):
                return  # nothing runs after a jump

    def name(self):
        self.names += 1
        return f"{self.draw(st.sampled_from(string.ascii_lowercase))}{self.names}"

    def expression(self, kind, scope, depth=2):
        return self.draw(expressions(kind, scope.variables, depth, undefined=self.undefined))

    def qubits(self, count):
        return self.draw(st.permutations(range(self.circuit.num_qubits - self.spare)))[:count]

    def gate(self, scope):
        gate = self.draw(standard_gates(min(self.circuit.num_qubits - self.spare, 3)))
        if gate.params and scope.parameters and self.draw(st.booleans()):
            value = sum(self.draw(st.lists(st.sampled_from(scope.parameters), min_size=1, max_size=2)))
            gate = gate.base_class(*[value * 0.25 + 0.5, *gate.params[1:]])
        self.circuit.append(gate, self.qubits(gate.num_qubits))

    def barrier(self, scope):
        self.circuit.barrier(self.qubits(1))
        self.circuit.delay(100, self.qubits(1)[0])

    def measure(self, scope):
        if self.collapses < scope.repeats:
            return
        self.collapses -= scope.repeats
        (qubit,) = self.qubits(1)
        if self.draw(st.booleans()):
            self.circuit.ry(self.draw(st.sampled_from([1.0, 0.3, 2.5])), qubit)
        self.circuit.measure(qubit, self.draw(st.sampled_from(self.circuit.clbits)))

    def reset(self, scope):
        if self.collapses >= scope.repeats:
            self.collapses -= scope.repeats
            self.circuit.reset(self.qubits(1)[0])

    def declare(self, scope):
        kind = self.draw(value_types)
        value = self.expression(kind, scope)
        scope.variables.append(self.circuit.add_var(expr.Var.new(self.name(), kind), value))

    def store(self, scope):
        targets = [node for node in scope.variables if node.standalone and node not in scope.locked]
        if targets:
            target = self.draw(st.sampled_from(targets))
            self.circuit.store(target, self.expression(target.type, scope))

    def store_bit(self, scope):
        bits = [node for node in scope.variables if isinstance(node.var, Clbit)]
        self.circuit.store(self.draw(st.sampled_from(bits)), self.expression(BOOL, scope))

    def store_register(self, scope):
        registers = [node for node in scope.variables if isinstance(node.var, ClassicalRegister)]
        register = self.draw(st.sampled_from(registers))
        self.circuit.store(register, self.expression(register.type, scope))

    def store_index(self, scope):
        targets = [node for node in scope.variables if node.type.kind is types.Uint and node not in scope.locked]
        target = self.draw(st.sampled_from(targets))
        uint = types.Uint(self.draw(widths))
        index = draw_index(
            self.draw, lambda kind: self.expression(kind, scope, 1), lambda: uint, target.type.width, self.undefined
        )
        self.circuit.store(expr.index(target, index), self.expression(BOOL, scope))

    def condition(self, scope):
        form = self.draw(st.integers(0, 5))
        if form == 0:
            return (self.draw(st.sampled_from(self.circuit.clbits)), self.draw(st.sampled_from([0, 1, True, False])))
        if form == 1:
            register = self.draw(st.sampled_from(self.circuit.cregs))
            return (register, self.draw(st.integers(0, 2**register.size)))
        if form == 2 and self.durations:
            return self.draw(duration_conditions())
        return self.expression(BOOL, scope, 3)

    def if_(self, scope):
        with self.circuit.if_test(self.condition(scope)):
            self.statements(scope.inner(), 3)

    def else_(self, scope):
        with self.circuit.if_test(self.condition(scope)) as otherwise:
            self.statements(scope.inner(), 3)
        with otherwise:
            self.statements(scope.inner(), 3)

    def switch(self, scope):
        form = self.draw(st.integers(0, 2))
        registers = [register for register in self.circuit.cregs if register.size]
        target = self.draw(st.sampled_from(registers if form else self.circuit.clbits))
        top = 2**target.size - 1 if form else 1
        if form == 2:
            kind = self.draw(st.sampled_from([BOOL, types.Uint(1), types.Uint(2), types.Uint(WIDTHS[-1])]))
            target = self.expression(kind, scope)
            top = 1 if kind is BOOL else 2**kind.width - 1
        labels = self.draw(st.lists(st.one_of(st.integers(0, min(top, 7)), st.just(top)), unique=True, max_size=5))
        cut = self.draw(st.integers(0, len(labels)))
        cases = [part for part in (labels[:cut], labels[cut:]) if part]
        if not cases or self.draw(st.booleans()):
            together = self.draw(st.booleans()) and cases
            cases = [*cases[:-1], [*cases[-1], CASE_DEFAULT]] if together else [*cases, [CASE_DEFAULT]]
        with self.circuit.switch(target) as case:
            for part in cases:
                with case(*part):
                    self.statements(scope.inner(), 3)

    def box(self, scope):
        with self.circuit.box():
            self.statements(scope.inner(jumps=False), 3)

    def for_(self, scope):
        values = self.draw(
            st.one_of(
                st.sampled_from([range(2), range(3), range(0), range(1, 6, 3), range(2, -2, -2)]),
                st.lists(st.integers(0, 9), max_size=3).map(tuple),
            )
        )
        inner = scope.inner(repeats=scope.repeats * len(values), jumps=True)
        if self.draw(st.booleans()):
            with self.circuit.for_loop(values) as parameter:
                inner.parameters = (*scope.parameters, parameter)
                self.statements(inner, 4)
        else:
            parameter = Parameter(self.name()) if self.draw(st.booleans()) else None
            if parameter is not None:
                inner.parameters = (*scope.parameters, parameter)
            with self.circuit.for_loop(values, parameter):
                self.statements(inner, 4)

    def for_variable(self, scope):
        width = self.draw(widths)
        values = self.draw(st.lists(uints(min(width, 63)), max_size=3).map(tuple))  # Qiskit keeps them in 64 bits
        if self.draw(st.booleans()):
            values = range(min(3, 2**width))
        # Such a body cannot capture anything: Qiskit does not let a circuit have inputs and captures.
        visible = [node for node in scope.variables if not node.standalone]
        with self.circuit.for_loop(values, expr.Var.new(self.name(), types.Uint(width))) as variable:
            inner = scope.inner(
                variables=[*visible, variable], repeats=scope.repeats * len(values), jumps=True, locked=()
            )
            self.statements(inner, 4)

    def while_(self, scope):
        turns = self.draw(st.integers(1, 3))
        kind = types.Uint(self.draw(st.sampled_from([2, 3, *WIDTHS[-2:]])))
        counter = self.circuit.add_var(expr.Var.new(self.name(), kind), expr.lift(0, kind))
        bound = expr.less(counter, expr.lift(turns, kind))
        if self.draw(st.booleans()):
            bound = expr.logic_and(bound, self.expression(BOOL, scope))
        inner = scope.inner(repeats=scope.repeats * turns, jumps=True, locked=(*scope.locked, counter))
        inner.variables.append(counter)
        with self.circuit.while_loop(bound):
            self.circuit.store(counter, expr.add(counter, 1))
            self.statements(inner, 4)

    def jump(self, scope):
        jump = self.draw(st.sampled_from([self.circuit.break_loop, self.circuit.continue_loop]))
        if self.draw(st.integers(0, 4)) == 0:
            jump()
            return True
        with self.circuit.if_test(self.condition(scope)):
            jump()
        return False


@st.composite
def empty_circuits(draw, max_qubits):
    """A circuit of qubits in superpositions, registers that may share bits, and loose classical bits."""
    bits = [Clbit() for _ in range(draw(st.integers(0, 2)))]
    first = ClassicalRegister(draw(st.integers(1, 3)), "c")
    shared = draw(st.lists(st.sampled_from([*first, *bits]), unique=True, min_size=1, max_size=3))
    second = ClassicalRegister(bits=shared, name="d") if draw(st.booleans()) else ClassicalRegister(2, "d")
    circuit = QuantumCircuit(QuantumRegister(draw(st.integers(1, max_qubits)), "q"), bits, first, second)
    circuit.global_phase = draw(angles)
    for qubit in circuit.qubits:
        circuit.ry(draw(st.sampled_from([0.5, 2.0, 0.0])), qubit)
    return circuit


def classical_nodes(circuit):
    """Return nodes for all bits and registers of a circuit."""
    return [expr.lift(place) for place in [*circuit.clbits, *circuit.cregs]]


@st.composite
def dynamic_circuits(
    draw,
    max_qubits=4,
    max_statements=8,
    max_depth=3,
    max_collapses=6,
    *,
    variables=True,
    durations=False,
    undefined=False,
):
    """A dynamic circuit."""
    circuit = draw(empty_circuits(max_qubits))
    writer = Writer(draw, circuit, max_collapses, max_depth, variables, durations, undefined)
    scope = Scope(classical_nodes(circuit))
    if variables:
        for kind in draw(st.lists(value_types, max_size=3)):
            variable = expr.Var.new(writer.name(), kind)
            if undefined and draw(st.booleans()):
                circuit.add_uninitialized_var(variable)
            else:
                circuit.add_var(variable, draw(literals(kind)))
            scope.variables.append(variable)
    writer.statements(scope, max_statements)
    if draw(st.booleans()):
        circuit.measure_all()
    return circuit


@st.composite
def unbounded_circuits(draw, max_qubits=3, max_statements=4):
    """A dynamic circuit that repeats something until a qubit is measured to be 1, of probability 0.4 or more."""
    circuit = draw(empty_circuits(max_qubits))
    outcome = ClassicalRegister(1, "outcome")
    circuit.add_register(QuantumRegister(1, "coin"), outcome)
    coin = circuit.num_qubits - 1
    writer = Writer(draw, circuit, 0, 2, spare=1)
    places = [node for node in classical_nodes(circuit) if node.var not in (outcome, outcome[0])]
    test = draw(st.sampled_from([(outcome, 0), (outcome[0], 0), expr.logic_not(outcome[0]), expr.less(outcome, 1)]))
    with circuit.while_loop(test):
        writer.statements(Scope(places, depth=1), max_statements)
        circuit.reset(coin)  # a qubit that was just measured, so this makes no branches
        circuit.ry(draw(st.sampled_from([1.4, 2.0])), coin)
        circuit.measure(coin, outcome)
    return circuit


def relocated(circuit, seed):
    """Return the same circuit with blocks on bits and registers of their own, in another order."""
    rng = np.random.default_rng(seed)
    result = circuit.copy_empty_like()
    same = {bit: bit for bit in [*circuit.qubits, *circuit.clbits]} | {register: register for register in circuit.cregs}
    return fill(result, circuit, same, rng)


def fill(result, circuit, places, rng):
    """Append the instructions of a circuit to another one; `places` says where its bits and registers went."""
    for instruction in circuit.data:
        operation = instruction.operation
        qubits, clbits = list(instruction.qubits), list(instruction.clbits)
        if isinstance(operation, Store):
            operation = Store(moved(operation.lvalue, places), moved(operation.rvalue, places))
        elif isinstance(operation, ControlFlowOp):
            order = rng.permutation(len(qubits)), rng.permutation(len(clbits))
            blocks = [relocated_block(block, order, rng) for block in operation.blocks]
            qubits, clbits = [qubits[i] for i in order[0]], [clbits[i] for i in order[1]]
            operation = with_blocks(operation, blocks, places)
        elif isinstance(operation, (BreakLoopOp, ContinueLoopOp)):
            qubits, clbits = list(circuit.qubits), list(circuit.clbits)
            operation = type(operation)(len(qubits), len(clbits))
        result.append(operation, [places[bit] for bit in qubits], [places[bit] for bit in clbits])
    return result


def relocated_block(block, order, rng):
    """Return a block on fresh bits in the given order."""
    places = {bit: Qubit() for bit in block.qubits} | {bit: Clbit() for bit in block.clbits}
    qubits = [places[block.qubits[i]] for i in order[0]]
    clbits = [places[block.clbits[i]] for i in order[1]]
    result = QuantumCircuit(qubits, clbits, inputs=block.iter_input_vars(), captures=block.iter_captured_vars())
    result.global_phase = block.global_phase
    for register in block.cregs:
        places[register] = ClassicalRegister(bits=[places[bit] for bit in register], name=register.name)
        result.add_register(places[register])
    for variable in block.iter_declared_vars():
        result.add_uninitialized_var(variable)
    return fill(result, block, places, rng)


def with_blocks(operation, blocks, places):
    """Return a control-flow operation with other blocks."""
    if isinstance(operation, IfElseOp):
        return IfElseOp(moved(operation.condition, places), *blocks)
    if isinstance(operation, WhileLoopOp):
        return WhileLoopOp(moved(operation.condition, places), *blocks)
    if isinstance(operation, SwitchCaseOp):
        labels = [labels for labels, _ in operation.cases_specifier()]
        return SwitchCaseOp(moved(operation.target, places), zip(labels, blocks, strict=True))
    if isinstance(operation, ForLoopOp):
        return ForLoopOp(operation.params[0], operation.params[1], *blocks)
    return operation.replace_blocks(blocks)


def moved(node, places):
    """Return an expression, condition, bit or register in terms of other bits and registers."""
    if isinstance(node, tuple):
        return (places[node[0]], node[1])
    if isinstance(node, (Clbit, ClassicalRegister)):
        return places[node]
    if isinstance(node, expr.Var):
        return node if node.standalone else expr.Var(places[node.var], node.type)
    if isinstance(node, expr.Cast):
        return expr.Cast(moved(node.operand, places), node.type, implicit=node.implicit)
    if isinstance(node, expr.Unary):
        return expr.Unary(node.op, moved(node.operand, places), node.type)
    if isinstance(node, expr.Binary):
        return expr.Binary(node.op, moved(node.left, places), moved(node.right, places), node.type)
    if isinstance(node, expr.Index):
        return expr.Index(moved(node.target, places), moved(node.index, places), node.type)
    return node
