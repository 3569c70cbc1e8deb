# Bernstein and Vazirani's algorithm, as older tutorials ran it.
from qiskit import QuantumCircuit

from ketjet.basicaer import Aer, execute  # was: from qiskit import Aer, execute

secret = "1011001"
n = len(secret)
circuit = QuantumCircuit(n + 1, n)
circuit.x(n)
circuit.h(range(n + 1))
for index, bit in enumerate(reversed(secret)):
    if bit == "1":
        circuit.cx(index, n)
circuit.h(range(n))
circuit.measure(range(n), range(n))

backend = Aer.get_backend("qasm_simulator")
job = execute(circuit, backend, shots=1, memory=True, optimization_level=1, seed_transpiler=3)
answer = job.result().get_memory()[0]
print(answer)
