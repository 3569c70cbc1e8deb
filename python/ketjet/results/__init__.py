"""What came out of a run, shown in Qiskit's and qiskit-aer's forms."""

from ketjet.results.result import CircuitResult, SimulationResult

__all__ = ["CircuitResult", "SimulationResult"]
