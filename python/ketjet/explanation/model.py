"""`Explanation`: a plan in the circuit's own terms. Every total is the sum over the stages, so they cannot disagree.

What an explanation says of single operations is made when somebody looks at it: there may be millions of them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.explanation import page, text
from ketjet.explanation.as_json import json_pieces, known_fields, plain
from ketjet.explanation.kernels import KernelShare, kernel_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.engine import Precision
    from ketjet.explanation.readings import ExplainedReading
    from ketjet.explanation.stages import ExplainedStage


class Totals(NamedTuple):
    """Sums over stages."""

    sweeps: int = 0
    passes: int = 0
    operations: int = 0
    bytes_moved: int = 0
    fma: float = 0
    predicted_seconds: float = 0
    measured_seconds: float = 0


@dataclass(frozen=True)
class Explanation:
    """What running a circuit does, stage by stage; made by `Simulator.explain`.

    `print` shows it as a table and notebooks as HTML; `to_dict` and `to_json` hold everything.
    """

    name: str
    """Name of the circuit."""
    num_qubits: int
    """Qubits of the circuit, idle ones left out."""
    state_qubits: int
    """Qubits of the simulated state: fewer where no outcome depends on some, or where they take each other's places."""
    left_out: int
    """How many operations were worked out beforehand, or dropped because nobody can tell."""
    runs_by_operation: bool
    """Whether the state has so few qubits that runs take one operation after another: passes are those of gradients,
    of the self-check and of `StateVector`."""
    precision: Precision
    """Either "single" or "double"."""
    threads: int
    """How many threads times are predicted for, and measured with."""
    planning_seconds: float
    """How long the plan took to make."""
    stages: Sequence[ExplainedStage] = field(repr=False)
    """What is done, in order."""
    bandwidth_bytes_per_second: float | None = None
    """The most that this computer moves through memory, if analysed."""
    fma_per_second: float | None = None
    """The most real multiply-adds that this computer does in registers, if analysed."""
    state_bytes: int | None = None
    """Bytes of one state; as the next three in `Estimate`."""
    peak_bytes: int | None = None
    """Bytes of everything that the run holds at once."""
    available_bytes: int | None = None
    """Bytes that it may take."""
    peak_is_lower_bound: bool | None = None
    """Whether the run takes `peak_bytes` at least."""
    readings: tuple[ExplainedReading, ...] | None = None
    """How observables are read, if there are any."""
    reading_seconds: float | None = None
    """Time that sweeps took which only read observables, if analysed."""
    ranks: int = 1
    """Among how many ranks the state is shared out; bytes, products and times are those of one."""

    @functools.cached_property
    def _totals(self) -> Totals:
        totals = Totals()
        for stage in self.stages:
            totals = Totals(
                totals.sweeps + (stage.kind == "sweep"),
                totals.passes + len(stage.passes),
                totals.operations + len(stage.operations),
                totals.bytes_moved + stage.bytes_moved,
                totals.fma + stage.fma,
                totals.predicted_seconds + stage.predicted_seconds,
                totals.measured_seconds + (stage.measured_seconds or 0.0),
            )
        return totals

    @property
    def sweeps(self) -> int:
        """Passes over memory that apply gates."""
        return self._totals.sweeps

    @property
    def passes(self) -> int:
        """Passes over blocks in the cache."""
        return self._totals.passes

    @property
    def operations(self) -> int:
        """Operations in all stages; measurements that are read from the final state are in none."""
        return self._totals.operations

    @property
    def bytes_moved(self) -> int:
        """Bytes read and written by all stages."""
        return self._totals.bytes_moved

    @property
    def fma(self) -> float:
        """Real multiply-adds of all stages, at most."""
        return self._totals.fma

    @property
    def predicted_seconds(self) -> float:
        """Time that the stages, and sweeps that only read, should take; one shot if there are collapses."""
        only_read = [reading.predicted_seconds for reading in self.readings or () if reading.stage is None]
        return self._totals.predicted_seconds + sum(only_read)

    @property
    def measured_seconds(self) -> float | None:
        """Time that the stages, and sweeps that only read, took; None unless analysed."""
        if self.bandwidth_bytes_per_second is None:
            return None
        return self._totals.measured_seconds + (self.reading_seconds or 0.0)

    @property
    def fraction_of_bound(self) -> float | None:
        """The least time this computer needs for the bytes and the products of the stages, over their measured time.

        It can exceed 1 for states that fit into a cache, as caches are faster than memory.
        """
        return self.fraction(self.bytes_moved, self.fma, self._totals.measured_seconds)

    @functools.cached_property
    def kernels(self) -> tuple[KernelShare, ...]:
        """What the passes of each kernel took together, the longest first; empty unless analysed."""
        return kernel_shares(self)

    def fraction(self, bytes_moved: float, fma: float, seconds: float | None) -> float | None:
        """Return the part of `seconds` that moving these bytes, or these products, must take; None unless analysed."""
        if not seconds or self.bandwidth_bytes_per_second is None or self.fma_per_second is None:
            return None
        return max(bytes_moved / self.bandwidth_bytes_per_second, fma / self.fma_per_second) / seconds

    def to_dict(self) -> dict[str, Any]:
        """Return everything as numbers, strings, lists and dictionaries that JSON can hold."""
        return {name: plain(value) for name, value in self._facts().items()}

    def to_json(self, *, indent: int | None = None) -> str:
        """Return `to_dict` as JSON."""
        if indent is not None:
            return json.dumps(self.to_dict(), indent=indent)
        return "".join(json_pieces(self._facts()))

    def _facts(self) -> dict[str, Any]:
        """Return what there is to tell, the stages last."""
        totals: dict[str, Any] = {
            "sweeps": self.sweeps,
            "passes": self.passes,
            "operations": self.operations,
            "bytes_moved": self.bytes_moved,
            "fma": self.fma,
            "predicted_seconds": self.predicted_seconds,
        }
        if self.measured_seconds is not None:
            totals |= {"measured_seconds": self.measured_seconds, "fraction_of_bound": self.fraction_of_bound}
            totals["kernels"] = self.kernels
        facts = known_fields(self)
        return {**facts, **totals, "stages": facts["stages"]}

    def to_html(self) -> str:
        """Return a page of its own."""
        return page.document(self)

    def _repr_html_(self) -> str:
        return page.fragment(self)

    def __str__(self) -> str:
        return text.table(self)
