"""Slow, simple simulators that share nothing with the package: what every result is compared with.

- `static`: circuits of Qiskit without control flow, by the matrices of their gates; states and exact distributions.
  Serves the tests of lowering and of random circuits.
- `dynamic`: circuits of Qiskit with control flow, variables and expressions; exact distributions and final states.
  Serves the tests of dynamic circuits, and decides what Qiskit and OpenQASM 3 leave open.
- `gates`: gates by name on up to 18 qubits, hundreds of circuits a minute. Serves the tests of the engine's paths.
- `packed`: packed programs without control flow, so that what lowering wrote is read by a second reader.
- `packed_control_flow`: packed programs with jumps and classical code, for the same purpose.
"""
