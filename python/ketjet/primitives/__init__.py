"""Qiskit's primitives on the simulator: pubs in, arrays of what was sampled or measured out."""
