# A variational loop by hand: the ground state of a two-qubit Hamiltonian from counts.
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from scipy.optimize import minimize

from ketjet import Simulator as AerSimulator  # was: from qiskit_aer import AerSimulator

theta = ParameterVector("theta", 4)
ansatz = QuantumCircuit(2)
ansatz.ry(theta[0], 0)
ansatz.ry(theta[1], 1)
ansatz.cx(0, 1)
ansatz.ry(theta[2], 0)
ansatz.ry(theta[3], 1)
measured_in_z, measured_in_x = ansatz.copy(), ansatz.copy()
measured_in_x.h([0, 1])
measured_in_z.measure_all()
measured_in_x.measure_all()
backend = AerSimulator(seed_simulator=11)


def parity(counts, qubits):
    total = sum(counts.values())
    return sum((-1) ** sum(int(key[-1 - q]) for q in qubits) * count for key, count in counts.items()) / total


def energy(values):  # H = Z0 Z1 + 0.5 X0 + 0.5 X1
    binds = {theta: [list(values)]}
    z, x = (
        backend.run([measured_in_z, measured_in_x], parameter_binds=[binds, binds], shots=20000).result().get_counts()
    )
    return parity(z, [0, 1]) + 0.5 * parity(x, [0]) + 0.5 * parity(x, [1])


found = minimize(energy, [-0.4, 0.0, -1.6, -1.6], method="COBYLA", options={"maxiter": 120})
print(found.fun)
