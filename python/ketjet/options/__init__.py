"""The options of a run: their checks, what other backends' options mean here, and what they mean on this machine."""

from ketjet.options.simulator_options import SimulatorOptions

__all__ = ["SimulatorOptions"]
