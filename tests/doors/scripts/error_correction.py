# The repetition code with a flip, its syndrome and a correction in the same circuit.
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from ketjet import Simulator as AerSimulator  # was: from qiskit_aer import AerSimulator

data, ancilla = QuantumRegister(3, "data"), QuantumRegister(2, "ancilla")
syndrome, outcome = ClassicalRegister(2, "syndrome"), ClassicalRegister(3, "outcome")
circuits = []
for flipped in (None, 0, 1, 2):
    circuit = QuantumCircuit(data, ancilla, syndrome, outcome, name=f"flip {flipped}")
    circuit.x(data[0])
    circuit.cx(data[0], data[1])
    circuit.cx(data[0], data[2])
    if flipped is not None:
        circuit.x(data[flipped])
    circuit.cx(data[0], ancilla[0])
    circuit.cx(data[1], ancilla[0])
    circuit.cx(data[1], ancilla[1])
    circuit.cx(data[2], ancilla[1])
    circuit.measure(ancilla, syndrome)
    circuit.reset(ancilla)
    for value, qubit in ((1, 0), (3, 1), (2, 2)):
        with circuit.if_test((syndrome, value)):
            circuit.x(data[qubit])
    circuit.measure(data, outcome)
    circuits.append(circuit)
job = AerSimulator().run(circuits, shots=100)
job.wait_for_final_state()
outcomes = [job.result().get_counts(circuit) for circuit in circuits]
print(outcomes)
