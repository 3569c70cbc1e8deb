"""The simulator as a Qiskit backend, and all that a run goes through before it becomes a job."""

from ketjet.backend.simulator import Simulator

__all__ = ["Simulator"]
