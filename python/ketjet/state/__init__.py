"""The state itself: `StateVector`, for scripts that keep one and step through it."""

from ketjet.state.shared_state import SharedStateVector
from ketjet.state.state_vector import StateVector

__all__ = ["SharedStateVector", "StateVector"]
