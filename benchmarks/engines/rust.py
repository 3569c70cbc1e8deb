"""Adapters for engines written in Rust: prism-q, qevedo and exaqt; see ``engines.base``.

All have circuits of their own, start their threads by RAYON_NUM_THREADS, and number qubits as Qiskit does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engines.base import DOUBLE, Case, Engine
from engines.native import operations

if TYPE_CHECKING:
    from collections.abc import Callable


class Prism(Engine):
    """prism-q, double precision only; it fuses of its own accord and leaves nothing to choose."""

    key, package, module = "prism", "prism-q", "prism_q"
    precisions = DOUBLE
    loads_while_running = True

    def __init__(self, case: Case) -> None:
        import prism_q

        super().__init__(case)
        made = prism_q.CircuitBuilder(case.num_qubits)
        gates: dict[str, Callable[..., Any]] = {
            "cp": made.cphase, "ccz": lambda *qubits: made.mcu([[1, 0], [0, -1]], qubits[:-1], qubits[-1]),
            "mcphase": lambda angle, *qubits: made.mcu([[1, 0], [0, np.exp(1j * angle)]], qubits[:-1], qubits[-1]),
        }  # fmt: skip
        for name, qubits, parameters, matrix in operations(case.circuit):
            if matrix is not None:
                made.gate(prism_q.Gate.unitary(matrix.tolist()), qubits[::-1])
            else:
                gates.get(name, getattr(made, name, None))(*parameters, *qubits)
        self.simulation = prism_q.simulate(made.build())
        if case.initial is not None:
            self.simulation.initial_state(case.initial)

    def run(self) -> tuple[np.ndarray, float | None]:
        """Simulate the circuit."""
        return self.simulation.state_vector(), None


class Qevedo(Engine):
    """qevedo's state vector method, without shots.

    Its package hands amplitudes over only in double precision, by a run that is not this one's; that is its ``fetch``,
    and not timed.
    """

    key, package, module = "qevedo", "qevedo-simulator", "qevedo"
    starts_anywhere = False
    KNOWN: ClassVar[tuple[str, ...]] = (
        "h", "x", "z", "s", "sdg", "t", "tdg", "rx", "ry", "rz", "p", "cx", "cz", "cp", "swap", "ccx", "rxx", "rzz",
    )  # fmt: skip

    def __init__(self, case: Case) -> None:
        from qevedo.simulator import Circuit
        from qiskit import transpile
        from qiskit.circuit.library import RYYGate

        super().__init__(case)
        made = self.native = Circuit(case.num_qubits)
        gates: dict[str, Callable[..., Any]] = {
            "ryy": lambda angle, *qubits: made.unitary(RYYGate(angle).to_matrix().tolist(), qubits),
            "ccz": lambda *qubits: made.unitary(np.diag([1.0] * 7 + [-1.0]).tolist(), qubits),
        }
        circuit = case.circuit
        if "mcphase" in circuit.count_ops():
            circuit = transpile(circuit, basis_gates=[*self.KNOWN, *gates], optimization_level=0)
        for name, qubits, parameters, matrix in operations(circuit):
            if matrix is not None:
                made.unitary(matrix.tolist(), qubits)
            else:
                gates.get(name, getattr(made, name, None))(*parameters, *qubits)

    def run(self) -> tuple[None, float | None]:
        """Simulate the circuit; the state is let go of."""
        from qevedo.simulator import run

        return None, float(run(self.native, 0, backend="statevector", precision=self.case.precision).gate_seconds)

    def fetch(self, product: None) -> np.ndarray:
        """Simulate the circuit once more, in double precision."""
        from qevedo.simulator import statevector

        assert product is None
        return np.asarray(statevector(self.native), self.case.dtype)


class Exaqt(Engine):
    """MIMIQ's exaqt, double precision only: its ``evolve``, after the passes named in ``passes``.

    A pass that renames qubits leaves the state in that order; undoing it is its ``fetch``, and not timed.
    """

    key, package, module = "exaqt", "mimiq-exaqt", "exaqt"
    precisions = DOUBLE

    def __init__(self, case: Case) -> None:
        import mimiqcircuits as mimiq
        from exaqt import ExaqtReorderQubitsPass, ExaqtState
        from exaqt.fusion import default_max_diagonal_support, default_max_support

        super().__init__(case)
        gates: dict[str, Callable[..., Any]] = {
            "ccz": lambda: mimiq.Control(2, mimiq.GateZ()), "cx": mimiq.GateCX, "cz": mimiq.GateCZ,
            **{name: getattr(mimiq, f"Gate{name.upper()}") for name in ("h", "x", "z", "s", "t", "sdg", "tdg", "swap")},
            **{name: getattr(mimiq, f"Gate{name.upper()}") for name in ("rx", "ry", "rz", "cp", "rxx", "ryy", "rzz")},
        }  # fmt: skip
        self.native = mimiq.Circuit()
        for name, qubits, parameters, matrix in operations(case.circuit):
            if matrix is not None:
                self.native.push(mimiq.GateCustom(matrix), *qubits[::-1])
            elif name == "mcphase":
                phase = mimiq.GateP(*parameters)
                self.native.push(mimiq.Control(len(qubits) - 1, phase) if len(qubits) > 1 else phase, *qubits)
            else:
                self.native.push(gates[name](*parameters), *qubits)
        self.passes = {
            "fuse": mimiq.FusePass(default_max_support(), default_max_diagonal_support()),
            "reorder": ExaqtReorderQubitsPass(seed=0),
        }
        self.state = ExaqtState.zero(case.num_qubits)
        self.ready: tuple[Any, list[int]] | None = None

    def use(self, setting: dict[str, Any]) -> None:
        """Apply the passes in advance if the case is prepared."""
        self.setting = setting
        self.ready = self._after_passes() if self.case.prepared else None

    def _after_passes(self) -> tuple[Any, list[int]]:
        """Return the circuit after the passes, and where each qubit has gone."""
        circuit, places = self.native, list(range(self.case.num_qubits))
        for name in self.setting.get("passes", ()):
            circuit, result = self.passes[name].apply(None, circuit)
            places = [(result.qubit_permutation or range(self.case.num_qubits))[place] for place in places]
        return circuit, places

    def load(self) -> None:
        """Make a state of the initial one, its qubits where the circuit will look for them."""
        if self.case.initial is not None:
            from exaqt import ExaqtState, ExaqtSV

            last = self.case.num_qubits - 1
            _, places = self._after_passes()
            moved = _axes_moved(self.case.initial, [last - places.index(last - axis) for axis in range(last + 1)])
            self.state = ExaqtState(ExaqtSV.from_amplitudes(self.case.num_qubits, moved))

    def run(self) -> tuple[tuple[np.ndarray, list[int]], float | None]:
        """Apply the passes, and evolve the state."""
        from exaqt import evolve

        circuit, places = self._after_passes() if self.ready is None else self.ready
        if self.case.initial is None:
            self.state.reset()
        evolve(self.state, circuit)
        return (self.state.q.amplitudes(), places), None

    def fetch(self, product: tuple[np.ndarray, list[int]]) -> np.ndarray:
        """Put the qubits back."""
        state, places = product
        last = self.case.num_qubits - 1
        return _axes_moved(state, [last - places[last - axis] for axis in range(last + 1)])


def _axes_moved(state: np.ndarray, axes: list[int]) -> np.ndarray:
    """Return a state whose axis ``a``, from the highest qubit down, is the axis ``axes[a]`` of the given one."""
    return np.ascontiguousarray(state.reshape([2] * len(axes)).transpose(axes).reshape(-1))
