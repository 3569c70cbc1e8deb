# The Fourier transform of a number, drawn from an OpenQASM string.
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import QFT

from ketjet.basicaer import BasicAer, execute  # was: from qiskit import BasicAer, execute

prepared = QuantumCircuit.from_qasm_str('OPENQASM 2.0; include "qelib1.inc"; qreg q[4]; x q[0]; x q[2];')
circuit = prepared.compose(QFT(4))
state = execute(circuit, BasicAer.get_backend("statevector_simulator")).result().get_statevector(circuit)
expected = np.exp(2j * np.pi * 5 * np.arange(16) / 16) / 4
print(np.abs(np.asarray(state) - expected).max())
