"""What came out of a run, shown in Qiskit's and qiskit-aer's forms."""

from ketjet.results.circuit_result import CircuitResult
from ketjet.results.result import SimulationResult

__all__ = ["CircuitResult", "SimulationResult"]
