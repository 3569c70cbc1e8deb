"""What the benchmarks ask of an engine: take a circuit, load a state, run, hand over the final state.

An adapter turns a Qiskit circuit into the engine's own circuit object, which nobody times. Its ``run`` does everything
else, and all of it is timed: lowering, fusion, planning, simulation, and the state as a NumPy array. In a case that is
``prepared`` what the engine's own passes make of its circuit is ready, too. Qiskit's qubit q
is kept at bit q of the index everywhere, so that all engines return the same vector.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

BOTH, SINGLE, DOUBLE = ("double", "single"), ("single",), ("double",)


@dataclass(frozen=True)
class Case:
    """What an engine is to run.

    Attributes
    ----------
    circuit : QuantumCircuit
        Gates of ``circuits.families.GATES`` without measurements.
    precision : str
        "double" or "single".
    threads : int
        Threads the engine may use; those that listen to OMP_NUM_THREADS find it set.
    initial : ndarray or None
        The state to start from, in this precision; None for |0…0⟩.
    prepared : bool
        Whether all that can be made before a run is made before: what the engine's own passes give, and its state.
    """

    circuit: QuantumCircuit
    precision: str
    threads: int
    initial: np.ndarray | None
    prepared: bool = False

    @property
    def num_qubits(self) -> int:
        """Width of the circuit."""
        return int(self.circuit.num_qubits)

    @property
    def dtype(self) -> type[np.complexfloating]:
        """Type of an amplitude."""
        return {"single": np.complex64, "double": np.complex128}[self.precision]


class Engine:
    """One engine with one case, ready to run: ``use`` a setting, then ``load`` and ``run`` as often as wanted."""

    key: ClassVar[str]
    package: ClassVar[str]
    module: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = BOTH
    max_qubits: ClassVar[int] = 62
    loads_while_running: ClassVar[bool] = False
    """Whether ``run`` contains the loading of the initial state, because the engine offers no other way."""

    starts_anywhere: ClassVar[bool] = True
    """Whether it can start from a given state."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.setting: dict[str, Any] = {}
        self.spared_seconds = 0.0
        """What the last run did not have to do because an earlier one had done it; counted as part of its time."""

    def use(self, setting: dict[str, Any]) -> None:
        """Get ready for runs at this setting; not timed."""
        self.setting = setting

    def load(self) -> None:
        """Put the initial state in place where that is a step of its own; not timed."""

    def run(self) -> tuple[Any, float | None]:
        """Simulate once; return the product, and the execution's seconds if the engine tells them."""
        raise NotImplementedError

    def fetch(self, product: Any) -> np.ndarray:
        """Return the state that a product is or stands for; not timed."""
        return np.asarray(product)

    def explain(self) -> dict[str, Any]:
        """Return what the engine's planner says about the circuit; empty if it says nothing."""
        return {}

    @classmethod
    def installed(cls) -> bool:
        """Whether the engine can be imported here."""
        return importlib.util.find_spec(cls.module) is not None

    @classmethod
    def version(cls) -> str:
        """Version of the engine's package."""
        return importlib.metadata.version(cls.package)
