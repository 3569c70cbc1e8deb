# Key distribution, one circuit for each qubit that is sent, with the outcomes of single shots.
import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.visualization import plot_histogram  # noqa: F401

from ketjet.basicaer import Aer  # was: from qiskit_aer import Aer

rng = np.random.default_rng(3)
bits, sent_in, read_in = rng.integers(2, size=(3, 80))
backend = Aer.get_backend("aer_simulator")
circuits = []
for bit, ours, theirs in zip(bits, sent_in, read_in, strict=True):
    circuit = QuantumCircuit(1, 1)
    if bit:
        circuit.x(0)
    if ours:
        circuit.h(0)
    if theirs:
        circuit.h(0)
    circuit.measure(0, 0)
    circuits.append(circuit)
result = backend.run(transpile(circuits, backend), shots=1, memory=True).result()
read = np.array([int(result.get_memory(i)[0]) for i in range(len(circuits))])
same = sent_in == read_in
print((read == bits)[same].all(), (read == bits)[~same].mean())
