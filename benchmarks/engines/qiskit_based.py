"""Adapters for engines that take Qiskit circuits as they are: ketjet, Aer and BasicSimulator; see ``engines.base``."""

from __future__ import annotations

from typing import Any

import numpy as np

from engines.base import DOUBLE, Case, Engine


class Ketjet(Engine):
    """ketjet: a run of its backend, or ``StateVector.evolve``; both are kept, as a user would.

    It evolves from a given state, and in a prepared case, unless the setting says to ``run``.
    """

    key, package, module = "ketjet", "ketjet", "ketjet"

    def __init__(self, case: Case) -> None:
        from ketjet import Simulator, StateVector

        super().__init__(case)
        self.backend = Simulator(precision=case.precision, max_threads=case.threads)
        owns_state = case.prepared or case.initial is not None
        self.state = StateVector(case.num_qubits, case.precision, max_threads=case.threads) if owns_state else None
        self.stepped = self.state
        self.planning_seconds = 0.0

    def use(self, setting: dict[str, Any]) -> None:
        """Decide which of the two runs."""
        self.stepped = None if setting.get("run") else self.state

    def load(self) -> None:
        """Copy the initial state into the state's own memory."""
        if self.state is not None and self.case.initial is not None:
            np.asarray(self.state)[:] = self.case.initial

    def run(self) -> tuple[np.ndarray, float | None]:
        """Run; the execution is what remains of the time taken without planning. A plan found ready is paid for."""
        state = self.stepped
        if state is not None:
            if self.case.initial is None:
                state.reset()
            return np.asarray(state.evolve(self.case.circuit)), None
        result = self.backend.run(self.case.circuit, shots=1, return_state=True).result()
        facts = result.results[0].metadata
        is_spared = not self.case.prepared and facts["plan_time"] < self.planning_seconds / 10
        self.spared_seconds = self.planning_seconds if is_spared else 0.0
        return np.asarray(result.get_statevector()), float(facts["time_taken"] - facts["plan_time"])

    def explain(self) -> dict[str, Any]:
        """Return sweeps, passes, bytes, FMA, predicted and planning time of a run from |0…0⟩."""
        if self.state is not None or not hasattr(self.backend, "explain"):
            return {}
        facts: dict[str, Any] = self.backend.explain(self.case.circuit).to_dict()
        self.planning_seconds = facts["planning_seconds"]
        return facts


class OtherKetjet(Ketjet):
    """Another build of ketjet, in the environment of another interpreter."""

    key = "ketjet-other"


class Aer(Engine):
    """Aer's state vector method; a setting is options of its backend."""

    key, package, module = "aer", "qiskit-aer", "qiskit_aer"
    loads_while_running = True

    def __init__(self, case: Case) -> None:
        import qiskit_aer  # noqa: F401 - gives circuits their set_ and save_statevector

        super().__init__(case)
        self.backend: Any = None
        self.saved = case.circuit.copy_empty_like()
        if case.initial is not None:
            self.saved.set_statevector(case.initial)
        self.saved.compose(case.circuit, inplace=True)
        self.saved.save_statevector()

    def use(self, setting: dict[str, Any]) -> None:
        """Make a backend of this setting."""
        from qiskit_aer import AerSimulator

        self.backend = AerSimulator(
            method="statevector", precision=self.case.precision, max_parallel_threads=self.case.threads, **setting
        )

    def run(self) -> tuple[np.ndarray, float | None]:
        """Run on the backend."""
        result = self.backend.run(self.saved, shots=1).result()
        if not result.success:
            raise RuntimeError(result.status)
        return np.asarray(result.data()["statevector"]), float(result.results[0].time_taken)


class Basic(Engine):
    """Qiskit's BasicSimulator, written in Python; gates that it does not know are decomposed beforehand."""

    key, package, module = "basic", "qiskit", "qiskit"
    precisions, max_qubits = DOUBLE, 12
    loads_while_running = True

    def __init__(self, case: Case) -> None:
        from qiskit import transpile
        from qiskit.providers.basic_provider import BasicSimulator

        super().__init__(case)
        self.backend = BasicSimulator()
        self.circuit = transpile(case.circuit, self.backend, optimization_level=0)

    def run(self) -> tuple[np.ndarray, float | None]:
        """Run; the state stays in the backend, which has no public way to ask for it."""
        result = self.backend.run(self.circuit, shots=1, initial_statevector=self.case.initial).result()
        return self.backend._statevector.reshape(-1), float(result.results[0].time_taken)
