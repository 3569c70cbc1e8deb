# Looking at amplitudes and at the matrix of a circuit.
import numpy as np
from qiskit import QuantumCircuit, transpile

from ketjet.basicaer import Aer  # was: from qiskit import Aer

circuit = QuantumCircuit(2)
circuit.h(0)
circuit.cx(0, 1)
circuit.rz(np.pi / 3, 1)

state_backend = Aer.get_backend("statevector_simulator")
state = state_backend.run(transpile(circuit, state_backend)).result().get_statevector(decimals=6)
unitary_backend = Aer.get_backend("unitary_simulator")
unitary = unitary_backend.run(transpile(circuit, unitary_backend)).result().get_unitary(circuit, decimals=6)
print(np.asarray(state))
print(np.asarray(unitary))
