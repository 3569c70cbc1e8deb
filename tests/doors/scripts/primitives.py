# Qiskit's own primitives on a backend, with its preset pass manager.
from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.quantum_info import SparsePauliOp

from ketjet import Simulator as AerSimulator  # was: from qiskit_aer import AerSimulator

backend = AerSimulator()
circuit = QuantumCircuit(3)
circuit.h(0)
circuit.cx(0, 1)
circuit.cx(1, 2)
passes = generate_preset_pass_manager(optimization_level=1, backend=backend)
prepared = passes.run(circuit)
observable = SparsePauliOp(["ZZI", "XXX"], [1.0, 2.0]).apply_layout(prepared.layout)
value = float(BackendEstimatorV2(backend=backend).run([(prepared, observable)], precision=0.01).result()[0].data.evs)
measured = circuit.copy()
measured.measure_all()
counts = BackendSamplerV2(backend=backend).run([passes.run(measured)], shots=500).result()[0].data.meas.get_counts()
print(value, counts)
