# QAOA of one layer for the maximum cut of a ring, all angles at once.
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from ketjet.basicaer import AerSimulator  # was: from qiskit.providers.aer import AerSimulator

n = 6
gamma, beta = Parameter("gamma"), Parameter("beta")
circuit = QuantumCircuit(n)
circuit.h(range(n))
for q in range(n):
    circuit.rzz(gamma, q, (q + 1) % n)
circuit.rx(2 * beta, range(n))
circuit.measure_all()

grid = np.linspace(0, np.pi, 9)
points = [(g, b) for g in grid for b in grid]
binds = {gamma: [g for g, _ in points], beta: [b for _, b in points]}
result = AerSimulator().run(circuit, parameter_binds=[binds], shots=4000, seed_simulator=5).result()


def cut(counts):
    total = sum(counts.values())
    return sum(sum(key[i] != key[(i + 1) % n] for i in range(n)) * count for key, count in counts.items()) / total


best = max(cut(result.get_counts(i)) for i in range(len(points)))
print(best, "of", n)
