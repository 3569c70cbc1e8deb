# Saving on the way, as with Aer's instructions.
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction

from ketjet import Simulator as AerSimulator  # was: from qiskit_aer import AerSimulator


class SaveUnitary(Instruction):  # what circuit.save_unitary() appends, where qiskit_aer is installed
    _directive, _label, _subtype = True, "unitary", "single"


circuit = QuantumCircuit(3)
circuit.h(0)
circuit.cx(0, 1)
circuit.ccx(0, 1, 2)
circuit.append(SaveUnitary("save_unitary", 3, 0, []), [0, 1, 2])
backend = AerSimulator(method="statevector", precision="double", max_parallel_threads=2)
unitary = np.asarray(backend.run(circuit).result().get_unitary(circuit))
print(np.round(unitary, 3))
