"""Runs packed programs with control flow with NumPy: where jumps lead and what classical code does.

A run is a program counter, a state and the words of classical memory. It splits at measurements and resets, so
distributions are exact. Gates are those of `packed_oracle`.
"""

from __future__ import annotations

import functools
import struct

import numpy as np

from ketjet import engine
from oracles import packed as packed_oracle
from oracles.static import Branch, controlled

TINY = 1e-12
WORD = (1 << 64) - 1


class RunTimeError(Exception):
    """The program did something that has no meaning, e.g. divide by zero."""


@functools.cache
def code_names():
    return {number: name for name, number in engine.classical_codes().items()}


def words_for(width):
    return -(-width // 64)


def double(word):
    return struct.unpack("<d", struct.pack("<Q", word))[0]


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


class Memory:
    """Classical bits and variable words as two integers."""

    def __init__(self, clbits=0, variables=0):
        self.clbits, self.variables = clbits, variables

    def copy(self):
        return Memory(self.clbits, self.variables)

    def load_bits(self, bits):
        return sum((self.clbits >> bit & 1) << i for i, bit in enumerate(bits))

    def store_bits(self, bits, value):
        for i, bit in enumerate(bits):
            self.clbits = self.clbits & ~(1 << bit) | (value >> i & 1) << bit

    def load_words(self, first, words):
        return self.variables >> 64 * first & (1 << 64 * words) - 1

    def store_words(self, first, words, value):
        self.variables = self.variables & ~((1 << 64 * words) - 1 << 64 * first) | value << 64 * first


def float_operation(name, left, right):
    with np.errstate(all="ignore"):
        left, right = np.float64(left), np.float64(right)
        result = {
            "add": left + right, "sub": left - right, "mul": left * right, "div": left / right,
            "equal": left == right, "not_equal": left != right, "less": left < right, "less_equal": left <= right,
            "greater": left > right, "greater_equal": left >= right,
        }[name]  # fmt: skip
    return bits_of(float(result)) if name in ("add", "sub", "mul", "div") else int(result)


def run_code(code, memory, labels):
    """Run classical code and return the word it leaves, or None."""
    stack = []
    code = iter([int(word) for word in code])

    def immediates(count):
        return [next(code) for _ in range(count)]

    def pop(words):
        value = sum(word << 64 * i for i, word in enumerate(stack[len(stack) - words :]))
        del stack[len(stack) - words :]
        return value

    def push(value, words):
        assert 0 <= value < 1 << 64 * words
        stack.extend(value >> 64 * i & WORD for i in range(words))

    for number in code:
        name = code_names()[number]
        if name == "constant":
            (words,) = immediates(1)
            stack += [word & WORD for word in immediates(words)]
        elif name == "load_bits":
            (count,) = immediates(1)
            push(memory.load_bits(immediates(count)), words_for(count))
        elif name == "load_words":
            first, words = immediates(2)
            push(memory.load_words(first, words), words)
        elif name in BITWISE:
            (words,) = immediates(1)
            right, left = pop(words), pop(words)
            push(BITWISE[name](left, right), words)
        elif name in RELATIONS:
            (words,) = immediates(1)
            right, left = pop(words), pop(words)
            push(int(RELATIONS[name](left, right)), 1)
        elif name in ("logic_and", "logic_or"):
            right, left = pop(1), pop(1)
            push(left & right if name == "logic_and" else left | right, 1)
        elif name == "logic_not":
            push(1 - pop(1), 1)
        elif name == "bit_not":
            (width,) = immediates(1)
            push(pop(words_for(width)) ^ (1 << width) - 1, words_for(width))
        elif name in ARITHMETIC:
            (width,) = immediates(1)
            right, left = pop(words_for(width)), pop(words_for(width))
            if name == "div" and right == 0:
                raise RunTimeError("division by zero")
            push(ARITHMETIC[name](left, right) % (1 << width), words_for(width))
        elif name in ("shift_left", "shift_right"):
            width, words = immediates(2)
            amount, value = pop(words), pop(words_for(width))
            moved = value << min(amount, width) if name == "shift_left" else value >> min(amount, width)
            push(moved % (1 << width), words_for(width))
        elif name == "index":
            width, words = immediates(2)
            index, value = pop(words), pop(words_for(width))
            if index >= width:
                raise RunTimeError(f"index {index}")
            push(value >> index & 1, 1)
        elif name == "resize":
            words, width = immediates(2)
            push(pop(words) % (1 << width), words_for(width))
        elif name == "truth":
            push(int(pop(immediates(1)[0]) != 0), 1)
        elif name == "float_negate":
            push(bits_of(-double(pop(1))), 1)
        elif name == "float_truth":
            push(int(double(pop(1)) != 0), 1)
        elif name == "uint_to_float":
            push(bits_of(float(pop(immediates(1)[0]))), 1)
        elif name == "float_to_uint":
            (width,) = immediates(1)
            value = double(pop(1))
            if not np.isfinite(value) or not 0 <= int(value) < 1 << width:
                raise RunTimeError(f"{value} as Uint({width})")
            push(int(value), words_for(width))
        elif name.startswith("float_"):
            right, left = double(pop(1)), double(pop(1))
            push(float_operation(name[6:], left, right), 1)
        elif name == "select":
            words, count = immediates(2)
            table, index = immediates(words * count), pop(1)
            if index >= count:
                raise RunTimeError(f"entry {index}")
            stack += [word & WORD for word in table[index * words : (index + 1) * words]]
        elif name == "store_bits":
            (count,) = immediates(1)
            memory.store_bits(immediates(count), pop(words_for(count)))
        elif name == "store_words":
            first, words = immediates(2)
            memory.store_words(first, words, pop(words))
        elif name == "store_bit_at":
            words, count = immediates(2)
            bits, index, value = immediates(count), pop(words), pop(1)
            if index >= count:
                raise RunTimeError(f"index {index}")
            memory.store_bits([bits[index]], value)
        elif name == "store_word_bit_at":
            words, first, width = immediates(3)
            index, value = pop(words), pop(1)
            if index >= width:
                raise RunTimeError(f"index {index}")
            place = 64 * first + index
            memory.variables = memory.variables & ~(1 << place) | value << place
        elif name == "require":
            flag, label = immediates(2)
            if not memory.variables >> flag & 1:
                raise RunTimeError(f"variable {labels[label]} is read before it has a value")
        elif name == "set_flag":
            memory.variables |= 1 << immediates(1)[0]
        else:
            assert name == "clear_flag"
            memory.variables &= ~(1 << immediates(1)[0])
    assert len(stack) <= 1
    return stack[0] if stack else None


BITWISE = {"bit_and": int.__and__, "bit_or": int.__or__, "bit_xor": int.__xor__}
ARITHMETIC = {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__, "div": int.__floordiv__}
RELATIONS = {
    "equal": int.__eq__, "not_equal": int.__ne__, "less": int.__lt__, "less_equal": int.__le__,
    "greater": int.__gt__, "greater_equal": int.__ge__,
}  # fmt: skip


class Run:
    """One way a program can go."""

    def __init__(self, state, memory, operation=0, steps=0):
        self.state, self.memory, self.operation, self.steps = state, memory, operation, steps


def run(program, max_steps=100_000, floor=1e-9):
    """Return all runs of a program from |0...0>, each with a state that is not normalised; unlikely ones are cut."""
    operations = list(packed_oracle.operations(program))
    labels = program.packed()[-1]
    state = np.eye(1, 2**program.num_qubits, dtype=complex)[0].reshape((2,) * program.num_qubits)
    waiting, done = [Run(Branch(state), Memory())], []
    while waiting:
        present = waiting.pop()
        while present is not None and present.operation < len(operations):
            assert present.steps < max_steps, "an endless loop"
            present.steps += 1
            parts = step(present, operations[present.operation], labels)
            parts = [part for part in parts if part.state.weight > floor]
            present = parts[0] if parts else None
            waiting += parts[1:]
        if present is not None:
            done.append(present)
    return done


def step(present, operation, labels):
    """Run one operation; return the ways it can go."""
    name, controls, control_state, targets, slots, operand = operation
    present.operation += 1
    if name == "compute":
        run_code(operand, present.memory, labels)
    elif name == "branch":
        if not run_code(operand[1:], present.memory, labels):
            present.operation = int(operand[0])
    elif name == "jump":
        present.operation = operand
    elif name == "global_phase":
        present.state.state = present.state.state * np.exp(1j * slots[0])
    elif name == "measure":
        return split(present, targets[0], operand)
    elif name in ("reset", "initialize"):
        parts = [present]
        for target in targets:
            parts = [part for each in parts for part in split(each, target, None)]
        if name == "initialize":
            for part in parts:
                part.state.apply(np.outer(operand, np.eye(len(operand))[0]), targets)
        return parts
    else:
        matrix = packed_oracle.base_matrix(name, len(targets), slots, operand)
        present.state.apply(controlled(matrix, len(controls), control_state), controls + targets)
    return [present]


def split(present, qubit, clbit):
    """Measure a qubit into a classical bit, or reset it when there is none."""
    parts = []
    for value in (0, 1):
        part = Run(present.state.project(qubit, value), present.memory.copy(), present.operation, present.steps)
        if part.state.weight < TINY:
            continue
        if clbit is not None:
            part.memory.store_bits([clbit], value)
        elif value:
            part.state.apply([[0, 1], [1, 0]], [qubit])
        parts.append(part)
    return parts


def distribution(program, **limits):
    """Return the probability of every value of the classical bits."""
    result = {}
    for end in run(program, **limits):
        result[end.memory.clbits] = result.get(end.memory.clbits, 0.0) + end.state.weight
    return result
