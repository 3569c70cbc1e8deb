"""What a notebook and a terminal show of a result: a line, and its most frequent outcomes as bars.

Used by `results`, which hands in each circuit as a few `CircuitFacts`, so that nothing large is made for the face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ketjet import faces
from ketjet.base.units import counted, duration, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.results.leading_outcomes import Leading

__all__ = ["CIRCUITS_SHOWN", "OUTCOMES_SHOWN", "CircuitFacts", "html", "line"]

OUTCOMES_SHOWN = 10
"""Of each circuit."""

CIRCUITS_SHOWN = 4
"""Of one result."""

NAMES_SHOWN = 3
"""In one line."""

REASON_WIDTH = 100
"""Characters of the reason why a circuit failed."""


class CircuitFacts(NamedTuple):
    """What there is to show of one circuit.

    Attributes
    ----------
    name : str
    shots : int
        0 for an exact run.
    error : str
        Why it failed; empty if it did not.
    leading : Leading or None
        None if the circuit measures nothing, or failed.
    exact : bool
        Whether the outcomes have probabilities instead of counts.
    data : tuple of str
        The names of all data.
    """

    name: str
    shots: int
    error: str
    leading: Leading | None
    exact: bool
    data: tuple[str, ...]

    @property
    def drawn(self) -> str:
        """How the outcomes came about."""
        return "exact" if self.exact else counted(self.shots, "shot")


def line(
    kind: str, circuits: Sequence[CircuitFacts], number: int, seconds: float | None, status: str | None = None
) -> str:
    """Return a result in one line.

    Parameters
    ----------
    kind
        "Result", or what it is called.
    circuits
        The first ones.
    number
        How many circuits there are.
    seconds
        What all of them took.
    status
        Of the job, which is told unless everything went well.
    """
    names = ", ".join(repr(faces.cut(circuit.name)) for circuit in circuits[:NAMES_SHOWN])
    further = ", ..." if number > NAMES_SHOWN else ""
    whose = names if number == 1 else f"{counted(number, 'circuit')}{': ' if names else ''}{names}{further}"
    told = ", ".join(_facts(circuits, seconds, status))
    return f"<{kind} of {whose}{f': {told}' if told else ''}>"


def html(circuits: Sequence[CircuitFacts], number: int, seconds: float | None, status: str | None) -> str:
    """Return a result as a card with bars; the arguments are those of `line`."""
    facts = _facts(circuits, seconds, status)
    if number == 1:
        return faces.card("Result of", circuits[0].name, facts, _circuit(circuits[0]))
    parts = [
        f'<div class="note"><span class="name">{faces.shown(faces.cut(circuit.name))}</span></div>{_circuit(circuit)}'
        for circuit in circuits[:CIRCUITS_SHOWN]
    ]
    if number > CIRCUITS_SHOWN:
        parts.append(f'<p class="note">and {counted(number - CIRCUITS_SHOWN, "more circuit")}</p>')
    return faces.card("Result of", counted(number, "circuit"), facts, *parts)


def _facts(circuits: Sequence[CircuitFacts], seconds: float | None, status: str | None) -> list[str]:
    """Return what holds for all circuits, as far as it does."""
    facts = []
    drawn = {circuit.drawn for circuit in circuits}
    if len(drawn) == 1:
        facts += [f"{drawn.pop()}{' each' if len(circuits) > 1 and not circuits[0].exact else ''}"]
    failed = [circuit for circuit in circuits if circuit.error]
    if failed:
        facts += [faces.cut(failed[0].error, REASON_WIDTH)]
    if seconds is not None:
        facts += [duration(seconds)]
    return facts if status in (None, "COMPLETED") else [*facts, str(status)]


def _circuit(circuit: CircuitFacts) -> str:
    if circuit.error:
        return f'<p class="note"><span class="bad">{faces.shown(faces.cut(circuit.error, REASON_WIDTH))}</span></p>'
    others = [name for name in circuit.data if name not in ("counts", "probabilities")]
    saved = f'<p class="note">data: {faces.shown(faces.cut(", ".join(others), REASON_WIDTH))}</p>' if others else ""
    found = circuit.leading
    if found is None or not found.outcomes:
        return f'<p class="note">no outcomes: the circuit measures nothing</p>{saved}'
    most = max(value for _, value in found.outcomes) or 1
    rows = [
        faces.Row(name, value / most, (f"{value:.6g}" if circuit.exact else f"{value}", _share(value, found.total)))
        for name, value in found.outcomes
    ]
    rest = ""
    if found.others:
        weight = found.total - sum(value for _, value in found.outcomes)
        told = f"and {counted(found.others, 'more outcome')}, together {_share(weight, found.total)}"
        rest = f'<p class="note">{told}</p>'
    return f"{faces.chart(rows)}{rest}{saved}"


def _share(value: float, total: float) -> str:
    return share(value / total) if total else ""
