"""Plans of programs, and what can be asked of a program before it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import _core
from ketjet.engine.machine import PRECISIONS, Precision, machine

if TYPE_CHECKING:
    from collections.abc import Collection

    from ketjet._core import Machine, Plan, Program

PLAN_OPTIONS = tuple(_core.plan_options())
"""What the planner may do unless it is switched off; the engine's documentation of each is in ``docs``."""

PLAN_FORMAT = _core.plan_format()
"""The number of the format of a plan as bytes."""

PINNED_QUBITS = 12
"""The qubits of a chunk, within which samples are drawn: where they are local, every rank draws its own."""


def plan(
    program: Program,
    precision: Precision = "double",
    on: Machine | None = None,
    *,
    keep_state: bool = True,
    from_zero: bool = True,
    switched_off: Collection[str] = (),
    global_qubits: int = 0,
    pinned_qubits: int = PINNED_QUBITS,
) -> Plan:
    """Plan a program for a machine (default: this one).

    Parameters
    ----------
    program : Program
    precision : {"single", "double"}
    on : Machine, optional
    keep_state : bool
        Whether the final state is wanted, not only what is measured.
    from_zero : bool
        Whether the state is |0...0> before; otherwise it may hold anything, and every collapse is for good.
    switched_off : collection of str
        Names of what the planner may not do: some of `PLAN_OPTIONS`.
    global_qubits : int
        Share the state out among 2**global_qubits ranks. A state of too few qubits is not: see ``Plan.global_qubits``.
    pinned_qubits : int
        How many of the lowest qubits stay local, so that each rank draws samples of its own share; for tests.

    Raises
    ------
    ValueError
        The program has collapses, control flow or saves on the way, and is to be shared out; or an operation is on
        more qubits than one rank has amplitudes of.
    """
    return _core.plan(
        program,
        on or machine(),
        PRECISIONS[precision],
        list(switched_off),
        from_zero=from_zero,
        keep_state=keep_state,
        global_qubits=global_qubits,
        pinned_qubits=pinned_qubits,
    )


def precision_of(made: Plan) -> Precision:
    """Return the precision that a plan was made for."""
    return "single" if made.precision == _core.Precision.single else "double"


def state_qubits(program: Program, *, keep_state: bool = True, switched_off: Collection[str] = ()) -> int:
    """Return how many qubits the state has that a program needs: those that are idle or known may be left out.

    A plan cannot be made if they are more than `MAX_QUBITS`.

    Parameters
    ----------
    program : Program
    keep_state : bool
        Whether the final state is wanted, not only what is measured.
    switched_off : collection of str
        Names of what the planner may not do: some of `PLAN_OPTIONS`.
    """
    return _core.state_qubits(program, list(switched_off), keep_state=keep_state)
