"""A slow interpreter of dynamic circuits that shares nothing with the package: exact outcomes of every control flow.

Every measurement and reset splits a run into branches, each with its own state, classical bits and variables; blocks
are run by plain recursion. Where Qiskit and OpenQASM 3 leave a meaning open, this file decides, and says so:

- `Uint` results wrap modulo 2**width, division rounds down, a shift by the width or more gives 0.
- Division of a `Uint` or a duration by zero, a cast of a float to a `Uint` that cannot hold its integer part, an index
  past the end, a loop value that does not fit its variable and a read of a variable that was never written raise
  `UndefinedError`. Writing one bit of a variable reads the others.
- `Float` is IEEE 754 binary64: x / 0 is an infinity or NaN, and NaN is true as a `Bool`.
- `&&` and `||` evaluate both sides.
- Durations are exact: 1 us equals 1000 ns. Those in dt mix with others only if the length of dt is given.
- A block's variables and loop variable start afresh whenever it is entered, and hide what they share a name with.
- A run that exceeds `max_steps`, or is less probable than `floor`, is given up; its weight is the `remainder`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import (
    CASE_DEFAULT,
    Barrier,
    BoxOp,
    BreakLoopOp,
    ClassicalRegister,
    Clbit,
    ContinueLoopOp,
    Delay,
    ForLoopOp,
    IfElseOp,
    Measure,
    Parameter,
    ParameterExpression,
    Reset,
    Store,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.classical import expr, types

from oracles.static import TINY, matrix_of
from oracles.static import Branch as PureState


class UndefinedError(Exception):
    """The circuit does something that has no defined result."""


class UnsupportedError(Exception):
    """The circuit cannot be run at all."""


UNSET = object()  # the value of a variable that was never written

# Values: bool for Bool, int for Uint, float for Float, Length for Duration.


class Length(NamedTuple):
    """A duration: exactly so many "s" or "dt"."""

    amount: Fraction
    unit: str


UNITS = {"s": 0, "ms": -3, "us": -6, "ns": -9, "ps": -12}


def evaluate(node, env, *, dt=None):
    """Return the value of an expression; `env` maps variables and classical bits to theirs, `dt` is in seconds."""
    if isinstance(node, expr.Value):
        return constant(node, dt)
    if isinstance(node, expr.Var):
        return read(node, env)
    if isinstance(node, expr.Cast):
        return cast(evaluate(node.operand, env, dt=dt), node.type)
    if isinstance(node, expr.Unary):
        return unary(node.op, evaluate(node.operand, env, dt=dt), node.type)
    if isinstance(node, expr.Index):
        value, index = evaluate(node.target, env, dt=dt), evaluate(node.index, env, dt=dt)
        return bool(value >> in_bounds(index, node.target) & 1)
    if isinstance(node, expr.Binary):
        left, right = evaluate(node.left, env, dt=dt), evaluate(node.right, env, dt=dt)
        return binary(node.op, left, right, node.type)
    if isinstance(node, expr.Stretch):
        raise UnsupportedError("a stretch has no value before a circuit is scheduled")
    raise UnsupportedError(f"unknown expression {node!r}")


def constant(node, dt):
    """Return the value of a literal."""
    if node.type.kind is types.Bool:
        return bool(node.value)
    if node.type.kind is types.Uint:
        return int(node.value)
    if node.type.kind is types.Float:
        return float(node.value)
    number, unit = Fraction(str(node.value.value())), node.value.unit()
    if unit == "dt":
        return Length(number, "dt") if dt is None else Length(number * Fraction(str(dt)), "s")
    return Length(number * Fraction(10) ** UNITS[unit], "s")


def read(var, env):
    """Return the value of a variable, a classical bit or a register."""
    place = var.var
    if isinstance(place, (Clbit, ClassicalRegister)):
        bits = [place] if isinstance(place, Clbit) else list(place)
        if any(bit not in env for bit in bits):
            raise UnsupportedError(f"{place!r} is not part of the block")
        value = sum(int(env[bit]) << i for i, bit in enumerate(bits))
        return bool(value) if isinstance(place, Clbit) else value
    if var not in env:
        raise UndefinedError(f"variable {var.name!r} is not in scope")
    if env[var] is UNSET:
        raise UndefinedError(f"variable {var.name!r} is read before it is written")
    return env[var]


def in_bounds(index, target):
    """Return the index if the target has such a bit."""
    if index >= target.type.width:
        raise UndefinedError(f"index {index} of {target.type}")
    return index


def cast(value, kind):
    """Convert a value to a type."""
    if kind.kind is types.Bool:
        return bool(value)
    if kind.kind is types.Float:
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if kind.kind is types.Uint:
        if isinstance(value, float):
            if not math.isfinite(value) or not 0 <= math.trunc(value) < 1 << kind.width:
                raise UndefinedError(f"{value} as {kind}")
            return math.trunc(value)
        return int(value) % (1 << kind.width)
    return value


def unary(op, value, kind):
    """Apply an operator to a value; `kind` is the type of the result."""
    if op is expr.Unary.Op.LOGIC_NOT:
        return not value
    if op is expr.Unary.Op.BIT_NOT:
        return not value if kind.kind is types.Bool else (1 << kind.width) - 1 - value
    if op is expr.Unary.Op.NEGATE:
        return Length(-value.amount, value.unit) if isinstance(value, Length) else -value
    raise UnsupportedError(f"unknown operator {op}")


def binary(op, left, right, kind):
    """Apply an operator to two values; `kind` is the type of the result."""
    if isinstance(left, Length) or isinstance(right, Length):
        return duration_arithmetic(op, left, right)
    name = op.name
    if name in COMPARISONS:
        return COMPARISONS[name](left, right)
    if name in ("LOGIC_AND", "LOGIC_OR"):
        return (left and right) if name == "LOGIC_AND" else (left or right)
    if name in BITWISE:
        return BITWISE[name](left, right)  # stays a bool for two of them
    if kind.kind is types.Float:
        return float_arithmetic(name, left, right)
    size = 1 << kind.width
    if name == "SHIFT_LEFT":
        return (left << right) % size if right < kind.width else 0
    if name == "SHIFT_RIGHT":
        return left >> right if right < kind.width else 0
    if name == "ADD":
        return (left + right) % size
    if name == "SUB":
        return (left - right) % size
    if name == "MUL":
        return (left * right) % size
    if name == "DIV":
        if right == 0:
            raise UndefinedError("division by zero")
        return left // right
    raise UnsupportedError(f"unknown operator {op}")


COMPARISONS = {
    "EQUAL": lambda left, right: left == right,
    "NOT_EQUAL": lambda left, right: left != right,
    "LESS": lambda left, right: left < right,
    "LESS_EQUAL": lambda left, right: left <= right,
    "GREATER": lambda left, right: left > right,
    "GREATER_EQUAL": lambda left, right: left >= right,
}
BITWISE = {
    "BIT_AND": lambda left, right: left & right,
    "BIT_OR": lambda left, right: left | right,
    "BIT_XOR": lambda left, right: left ^ right,
}


def float_arithmetic(name, left, right):
    """Apply an arithmetic operator to two floats."""
    left, right = np.float64(left), np.float64(right)
    with np.errstate(all="ignore"):
        if name == "ADD":
            return float(left + right)
        if name == "SUB":
            return float(left - right)
        if name == "MUL":
            return float(left * right)
        return float(left / right)


def duration_arithmetic(op, left, right):
    """Apply an operator to two durations, or to a duration and a number."""
    name = op.name
    if isinstance(left, Length) and isinstance(right, Length):
        if left.unit != right.unit:
            raise UndefinedError("dt together with another unit of time")
        if name in COMPARISONS:
            return COMPARISONS[name](left.amount, right.amount)
        if name == "ADD":
            return Length(left.amount + right.amount, left.unit)
        if name == "SUB":
            return Length(left.amount - right.amount, left.unit)
        if right.amount == 0:
            raise UndefinedError("division by zero")
        return float(left.amount / right.amount)
    length, number = (left, right) if isinstance(left, Length) else (right, left)
    if not math.isfinite(number) or (name == "DIV" and number == 0):
        raise UndefinedError(f"{op} of a duration and {number}")
    factor = Fraction(number) if name == "MUL" else 1 / Fraction(number)
    return Length(length.amount * factor, length.unit)


@dataclass(frozen=True)
class Branch:
    """One way a run can go: its probability, normalised state, classical bits and variables, and what it saved."""

    probability: float
    state: np.ndarray  # one axis per qubit, qubit 0 last
    bits: int = 0  # the first classical bit lowest
    variables: dict = None  # of all scopes the branch is in
    steps: int = 0
    saves: tuple = ()  # (operation, qubits, state) of every instruction called save_...


class Scope(NamedTuple):
    """What the bits and parameters of a block stand for: indices of the whole circuit, and numbers."""

    qubits: dict
    clbits: dict
    parameters: dict


class Outcome(NamedTuple):
    """All ways a run can end, and the probability of those that were given up."""

    branches: list[Branch]
    remainder: float


class Distribution(dict):
    """Probabilities of the values of the classical bits; `remainder` is missing from their sum."""

    remainder = 0.0


def distribution(circuit, *, floor=0.0, max_steps=10_000, **options):
    """Return the exact probability of every final value of the classical bits, the first one as the lowest bit."""
    outcome = run(circuit, floor=floor, max_steps=max_steps, **options)
    result = Distribution()
    result.remainder = outcome.remainder
    for branch in outcome.branches:
        result[branch.bits] = result.get(branch.bits, 0.0) + branch.probability
    return result


def final_states(circuit, **options):
    """Return a (probability, classical bits, state) for every way a run can end; the options are those of `run`."""
    return [(end.probability, end.bits, end.state.reshape(-1)) for end in run(circuit, **options).branches]


def run(circuit, *, inputs=None, state=None, floor=0.0, max_steps=10_000, dt=None):
    """Run a circuit that starts in the given state, or in |0...0>; `inputs` maps input variables to values."""
    if circuit.num_captured_vars:
        raise UnsupportedError("only the blocks of a circuit can capture variables")
    missing = [var.name for var in circuit.iter_input_vars() if var not in (inputs or {})]
    if missing:
        raise UnsupportedError(f"input variables without a value: {missing}")
    if state is None:
        state = np.eye(1, 2**circuit.num_qubits, dtype=complex)[0]
    start = Branch(1.0, np.array(state, complex).reshape((2,) * circuit.num_qubits), variables={})
    interpreter = Interpreter(floor, max_steps, dt)
    ends = interpreter.block(
        circuit, range(circuit.num_qubits), range(circuit.num_clbits), {}, start, arguments=inputs or {}
    )
    if any(jump for _, jump in ends):
        raise UnsupportedError("break or continue outside a loop")
    return Outcome([branch for branch, _ in ends], interpreter.remainder)


class Interpreter:
    """Runs blocks and instructions on one branch at a time.

    They return a list of (branch, jump) pairs, where jump is None, "break" or "continue".
    """

    def __init__(self, floor, max_steps, dt):
        self.floor = floor
        self.max_steps = max_steps
        self.dt = dt
        self.remainder = 0.0

    def alive(self, branch):
        """Count a step of the branch; return what goes on of it: itself, or nothing if it has to be given up."""
        if branch.steps >= self.max_steps or branch.probability < self.floor or branch.probability == 0:
            self.remainder += branch.probability
            return []
        return [replace(branch, steps=branch.steps + 1)]

    def block(self, circuit, qubits, clbits, parameters, branch, arguments=()):
        """Run a circuit on some qubits and classical bits; `arguments` are the values of its input variables."""
        scope = Scope(
            dict(zip(circuit.qubits, qubits, strict=True)), dict(zip(circuit.clbits, clbits, strict=True)), parameters
        )
        own = {**dict.fromkeys(circuit.iter_declared_vars(), UNSET), **dict(arguments)}
        hidden = {var: value for var, value in branch.variables.items() if var in own}
        phase = np.exp(1j * number(circuit.global_phase, scope))
        running = [replace(branch, state=branch.state * phase, variables={**branch.variables, **own})]
        ended = []
        for instruction in circuit.data:
            results = [result for branch in running for result in self.step(instruction, scope, branch)]
            running = [branch for branch, jump in results if jump is None]
            ended += [(branch, jump) for branch, jump in results if jump is not None]
        ended += [(branch, None) for branch in running]
        return [(replace(branch, variables=outer(branch.variables, own, hidden)), jump) for branch, jump in ended]

    def step(self, instruction, scope, branch):
        """Run an instruction of a block."""
        operation = instruction.operation
        qubits = [scope.qubits[qubit] for qubit in instruction.qubits]
        clbits = [scope.clbits[clbit] for clbit in instruction.clbits]
        results = []
        for survivor in self.alive(branch):
            results += self.operation(operation, qubits, clbits, scope, survivor)
        return results

    def operation(self, operation, qubits, clbits, scope, branch):
        if isinstance(operation, (Barrier, Delay)):
            return [(branch, None)]
        if isinstance(operation, Measure):
            return [(set_bit(part, clbits[0], value), None) for part, value in split(branch, qubits[0])]
        if isinstance(operation, Reset):
            return [(flipped(part, qubits[0]) if value else part, None) for part, value in split(branch, qubits[0])]
        if isinstance(operation, Store):
            value = self.value(operation.rvalue, scope, branch)
            return [(self.store(operation.lvalue, value, scope, branch), None)]
        if isinstance(operation, BreakLoopOp):
            return [(branch, "break")]
        if isinstance(operation, ContinueLoopOp):
            return [(branch, "continue")]
        if isinstance(operation, IfElseOp):
            blocks = operation.blocks
            if self.condition(operation.condition, scope, branch):
                return self.block(blocks[0], qubits, clbits, scope.parameters, branch)
            return self.block(blocks[1], qubits, clbits, scope.parameters, branch) if blocks[1:] else [(branch, None)]
        if isinstance(operation, SwitchCaseOp):
            block = chosen(operation, int(self.value(operation.target, scope, branch)))
            return self.block(block, qubits, clbits, scope.parameters, branch) if block else [(branch, None)]
        if isinstance(operation, BoxOp):
            return self.block(operation.body, qubits, clbits, scope.parameters, branch)
        if isinstance(operation, WhileLoopOp):
            return self.while_loop(operation, qubits, clbits, scope, branch)
        if isinstance(operation, ForLoopOp):
            return self.for_loop(operation, qubits, clbits, scope, branch)
        if operation.name.startswith("save_"):
            return [(replace(branch, saves=(*branch.saves, (operation, tuple(qubits), branch.state))), None)]
        operation = bound(operation, scope)
        matrix = matrix_of(operation)
        if matrix is not None:
            return [(replace(branch, state=multiplied(branch.state, matrix, qubits)), None)]
        if operation.definition is None:
            raise UnsupportedError(f"instruction {operation.name}")
        return self.block(operation.definition, qubits, clbits, {}, branch)

    def while_loop(self, operation, qubits, clbits, scope, branch):
        waiting, done = [branch], []
        while waiting:
            for survivor in self.alive(waiting.pop()):
                if not self.condition(operation.condition, scope, survivor):
                    done.append(survivor)
                    continue
                for end, jump in self.block(operation.blocks[0], qubits, clbits, scope.parameters, survivor):
                    (done if jump == "break" else waiting).append(end)
        return [(end, None) for end in done]

    def for_loop(self, operation, qubits, clbits, scope, branch):
        values, variable, body = operation.params
        waiting, done = [branch], []
        for value in values:
            parameters, arguments = scope.parameters, {}
            if isinstance(variable, Parameter):
                parameters = {**parameters, variable: value}
            elif variable is not None:
                arguments = {variable: int(value)}
                if not 0 <= value < 1 << variable.type.width:
                    raise UndefinedError(f"loop value {value} as {variable.type}")
            results = []
            for end in waiting:
                for survivor in self.alive(end):
                    results += self.block(body, qubits, clbits, parameters, survivor, arguments)
            waiting = [end for end, jump in results if jump != "break"]
            done += [end for end, jump in results if jump == "break"]
            if not waiting:
                break
        return [(end, None) for end in done + waiting]

    def condition(self, condition, scope, branch):
        """Tell whether a condition holds: an expression, or a pair of a bit or register and what it has to equal."""
        if isinstance(condition, expr.Expr):
            return self.value(condition, scope, branch)
        target, wanted = condition
        value = self.value(target, scope, branch)
        return value == (bool(wanted) if isinstance(target, Clbit) else wanted)

    def value(self, target, scope, branch):
        """Return the value of an expression, a classical bit or a register."""
        bits = {clbit: bool(branch.bits >> index & 1) for clbit, index in scope.clbits.items()}
        return evaluate(expr.lift(target), {**branch.variables, **bits}, dt=self.dt)

    def store(self, place, value, scope, branch):
        """Return the branch after a value was written to a place."""
        if isinstance(place, expr.Index):
            index = in_bounds(self.value(place.index, scope, branch), place.target)
            old = self.value(place.target, scope, branch)
            return self.store(place.target, old & ~(1 << index) | int(value) << index, scope, branch)
        if isinstance(place.var, Clbit):
            return set_bit(branch, scope.clbits[place.var], value)
        if isinstance(place.var, ClassicalRegister):
            for index, clbit in enumerate(place.var):
                branch = set_bit(branch, scope.clbits[clbit], value >> index & 1)
            return branch
        if place not in branch.variables:
            raise UndefinedError(f"variable {place.name!r} is not in scope")
        return replace(branch, variables={**branch.variables, place: value})


def outer(variables, own, hidden):
    """Return the variables that are left when a block ends."""
    return {var: value for var, value in variables.items() if var not in own} | hidden


def chosen(operation, value):
    """Return the block of the first case that fits, or None."""
    for labels, block in operation.cases_specifier():
        if any(label is CASE_DEFAULT or label == value for label in labels):
            return block
    return None


def multiplied(state, matrix, qubits):
    """Return the product of a matrix on some qubits with a state."""
    product = PureState(state)
    product.apply(matrix, qubits)
    return product.state


def flipped(branch, qubit):
    """Return the branch with X on a qubit."""
    return replace(branch, state=multiplied(branch.state, [[0, 1], [1, 0]], [qubit]))


def split(branch, qubit):
    """Return the (branch, result) pairs of a measurement."""
    parts = []
    for value in (0, 1):
        part = PureState(branch.state).project(qubit, value)
        if part.weight > TINY:
            state = part.state / math.sqrt(part.weight)
            parts.append((replace(branch, probability=branch.probability * part.weight, state=state), value))
    return parts


def set_bit(branch, clbit, value):
    """Return the branch with another value of a classical bit."""
    return replace(branch, bits=branch.bits & ~(1 << clbit) | int(value) << clbit)


def number(value, scope):
    """Return a number that may be an expression of parameters."""
    for parameter in getattr(value, "parameters", ()):
        value = value.assign(parameter, lookup(parameter, scope))
    return float(value)


def bound(operation, scope):
    """Return the operation with values for all its parameters."""
    if not any(isinstance(value, ParameterExpression) for value in operation.params):
        return operation
    holder = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    holder.append(operation, holder.qubits, holder.clbits)
    values = {parameter: lookup(parameter, scope) for parameter in holder.parameters}
    return holder.assign_parameters(values).data[0].operation


def lookup(parameter, scope):
    """Return the value of a parameter."""
    if parameter not in scope.parameters:
        raise UnsupportedError(f"parameter {parameter.name!r} has no value")
    return scope.parameters[parameter]
