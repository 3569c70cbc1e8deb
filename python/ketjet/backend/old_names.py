"""What scripts and layers written for older backends, and for qiskit-aer's, ask a backend for."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from typing import Any

from qiskit.providers import BackendV2, Options

from ketjet.errors import InvalidOptionError
from ketjet.options.simulator_options import MAX_SHOTS

__all__ = ["BackendOptions", "Configuration", "OldNames"]


@dataclass(frozen=True)
class Configuration:
    """What a backend of Qiskit's first kind told of itself."""

    backend_name: str
    """The backend's name."""
    backend_version: str
    """The version of ketjet."""
    n_qubits: int
    """As `Simulator.num_qubits`."""
    basis_gates: tuple[str, ...]
    """Names of all instructions."""
    description: str = "ketjet statevector simulator"
    """What it is."""
    coupling_map: None = None
    """None: any qubits may interact."""
    max_shots: int = MAX_SHOTS
    """The most shots of a run."""
    simulator: bool = True
    """That it is no device."""
    local: bool = True
    """That it runs on this computer."""
    conditional: bool = True
    """That operations may depend on outcomes."""
    memory: bool = True
    """That the outcome of every shot can be had."""
    open_pulse: bool = False
    """That it takes no pulses."""

    @property
    def num_qubits(self) -> int:
        """The same as `n_qubits`."""
        return self.n_qubits

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name."""
        return asdict(self)


class BackendOptions(Options):
    """A backend's options; those of Aer's that have one value here can be read, too."""

    __slots__ = ()
    method = "statevector"
    device = "CPU"


class OldNames(BackendV2):
    """The methods that older backends have and `qiskit.providers.BackendV2` does not."""

    def configuration(self) -> Configuration:
        """Return what a backend of Qiskit's first kind told of itself."""
        return Configuration(self.name, self.backend_version, self.num_qubits, tuple(self.operation_names))

    def properties(self) -> None:
        """Return None: a simulator without noise has no error rates."""
        return

    def set_option(self, name: str, value: Any) -> None:
        """Change one default of `run`; see `set_options`."""
        self.set_options(**{name: value})

    def clear_options(self) -> None:
        """Bring back the original defaults of `run`."""
        self.set_options(**dict.fromkeys(self.options))

    @abstractmethod
    def set_max_qubits(self, max_qubits: int) -> None:
        """Change `num_qubits`, which the transpiler is told."""

    @classmethod
    def from_backend(cls, backend: Any, **_: Any) -> OldNames:
        """Refuse to imitate a device.

        Raises
        ------
        InvalidOptionError
            Always: what Aer takes from a device is its noise.
        """
        raise InvalidOptionError(
            f"from_backend({getattr(backend, 'name', backend)}) asks for the noise of a device, and ketjet simulates "
            f"without noise. Use {cls.__name__}() and transpile for the device, or use qiskit-aer for this run."
        )

    def available_methods(self) -> tuple[str, ...]:
        """Return what the option `method` may be."""
        return ("automatic", "statevector")

    def available_devices(self) -> tuple[str, ...]:
        """Return what the option `device` may be."""
        return ("CPU",)
