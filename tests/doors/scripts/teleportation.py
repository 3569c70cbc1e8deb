# A textbook's teleportation with classical corrections.
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from ketjet import Simulator as AerSimulator  # was: from qiskit_aer import AerSimulator

qr = QuantumRegister(3, "q")
crz, crx, out = ClassicalRegister(1, "crz"), ClassicalRegister(1, "crx"), ClassicalRegister(1, "out")
circuit = QuantumCircuit(qr, crz, crx, out)
circuit.u(1.2, 0.3, 0.4, 0)
circuit.barrier()
circuit.h(1)
circuit.cx(1, 2)
circuit.cx(0, 1)
circuit.h(0)
circuit.measure(0, crz)
circuit.measure(1, crx)
with circuit.if_test((crx, 1)):
    circuit.x(2)
with circuit.if_test((crz, 1)):
    circuit.z(2)
circuit.u(-1.2, -0.4, -0.3, 2)
circuit.measure(2, out)

backend = AerSimulator()
counts = backend.run(circuit, shots=1024).result().get_counts()
print(counts)
received = {key.split()[0] for key in counts}
