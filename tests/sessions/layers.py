"""What is built on Qiskit runs on ketjet with the backend line changed; `nox -s layers` installs it all.

Each test is one small workload as that package's own pages show it, and asserts a number that is known otherwise.
"""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import qaoa_ansatz, real_amplitudes, zz_feature_map
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.quantum_info import SparsePauliOp, Statevector, state_fidelity

from ketjet import EstimatorGradient, EstimatorV2, QuantumGeometricTensor, SamplerV2, Simulator


@pytest.fixture
def backend():
    return Simulator(seed_simulator=5)


@pytest.fixture
def bell():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


@pytest.fixture
def measured_bell(bell):
    return bell.measure_all(inplace=False)


ISING = SparsePauliOp(["ZZ", "XI", "IX"], [1, 0.5, 0.5])
GROUND = np.linalg.eigvalsh(ISING.to_matrix())[0]
RING = SparsePauliOp.from_sparse_list([("ZZ", [q, (q + 1) % 4], 1) for q in range(4)], 4)
"""Its ground states have every other qubit in |1>. One layer of QAOA reaches -2 on average, two reach them."""


def test_primitives_of_a_backend(backend, bell, measured_bell):
    counts = BackendSamplerV2(backend=backend).run([measured_bell], shots=4000).result()[0].data.meas.get_counts()
    assert set(counts) == {"00", "11"}
    assert counts["00"] == pytest.approx(2000, abs=160)
    estimator = BackendEstimatorV2(backend=backend)
    data = estimator.run([(bell, SparsePauliOp(["ZZ", "XX", "ZI"], [1, 0.5, 3]))], precision=0.01).result()[0].data
    assert data.evs == pytest.approx(1.5, abs=0.2)


class TestIbmRuntime:
    def test_sampler(self, measured_bell):
        from qiskit_ibm_runtime import SamplerV2

        sampler = SamplerV2(mode=Simulator(), options={"simulator": {"seed_simulator": 7}, "default_shots": 500})
        one, two = (sampler.run([measured_bell]).result()[0].data.meas.get_counts() for _ in range(2))
        assert one == two
        assert sum(one.values()) == 500

    def test_estimator(self, backend, bell):
        from qiskit_ibm_runtime import EstimatorV2

        data = EstimatorV2(mode=backend).run([(bell, SparsePauliOp("XX"))]).result()[0].data
        assert data.evs == 1

    def test_session(self, backend, bell, measured_bell):
        from qiskit_ibm_runtime import EstimatorV2, SamplerV2, Session

        with Session(backend=backend) as session:
            assert SamplerV2(mode=session).run([measured_bell], shots=300).result()[0].data.meas.num_shots == 300
            assert EstimatorV2(mode=session).run([(bell, SparsePauliOp("ZZ"))]).result()[0].data.evs == 1


class TestExperiments:
    @staticmethod
    def values(experiment, backend, **options):
        data = experiment.run(backend, **options).block_for_results()
        assert not data.errors()
        return {row.name: row.value for row in data.analysis_results(dataframe=True).itertuples()}

    def test_state_tomography(self, backend, bell):
        from qiskit_experiments.library import StateTomography

        values = self.values(StateTomography(bell), backend, shots=2000)
        assert state_fidelity(values["state"], Statevector(bell), validate=False) > 0.97

    def test_randomized_benchmarking(self, backend):
        from qiskit_experiments.library import StandardRB

        values = self.values(StandardRB([0], [1, 10, 20], num_samples=2, seed=1), backend)
        assert values["EPC"].nominal_value < 1e-6

    def test_t1(self, backend):
        from qiskit_experiments.library import T1

        experiment = T1([0], delays=np.linspace(1e-6, 1e-4, 5))
        experiment.analysis = None
        data = experiment.run(backend).block_for_results()
        assert not data.errors()
        assert [set(each["counts"]) for each in data.data()] == [{"1"}] * 5  # nothing decays

    def test_quantum_volume(self, backend):
        from qiskit_experiments.library import QuantumVolume

        values = self.values(QuantumVolume([0, 1, 2], trials=20, seed=1), backend)
        assert values["mean_HOP"].nominal_value == pytest.approx(0.85, abs=0.1)


class TestAlgorithms:
    def test_vqe_on_the_backend(self, backend):
        from qiskit_algorithms import VQE
        from qiskit_algorithms.optimizers import COBYLA

        found = VQE(BackendEstimatorV2(backend=backend), real_amplitudes(2, reps=1), COBYLA(maxiter=80))
        energy = found.compute_minimum_eigenvalue(ISING).eigenvalue
        assert GROUND - 0.1 < energy < GROUND + 0.5

    @pytest.mark.parametrize("gradient", [None, EstimatorGradient()], ids=["differences", "gradient"])
    def test_vqe(self, gradient):
        from qiskit_algorithms import VQE
        from qiskit_algorithms.optimizers import SLSQP

        solver = VQE(EstimatorV2(), real_amplitudes(2), SLSQP(maxiter=200, ftol=1e-10), gradient=gradient)
        solver.initial_point = np.linspace(0.1, 0.8, 8)
        found = solver.compute_minimum_eigenvalue(ISING, aux_operators={"ZZ": SparsePauliOp("ZZ")})
        assert found.eigenvalue == pytest.approx(GROUND, abs=1e-6)
        assert found.aux_operators_evaluated["ZZ"][0] == pytest.approx(-np.sqrt(0.5), abs=1e-2)

    def test_complex_derivatives(self):
        from qiskit_algorithms.gradients import DerivativeType, ReverseEstimatorGradient

        arguments = [real_amplitudes(2)], [ISING], [np.linspace(0.1, 0.8, 8)]
        for kind in DerivativeType:
            expected = ReverseEstimatorGradient(kind).run(*arguments).result().gradients
            found = EstimatorGradient(derivative_type=kind).run(*arguments).result().gradients
            np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_vqe_of_qaoa(self):
        from qiskit_algorithms import VQE
        from qiskit_algorithms.optimizers import L_BFGS_B

        solver = VQE(EstimatorV2(), qaoa_ansatz(RING, reps=2), L_BFGS_B(), gradient=EstimatorGradient())
        solver.initial_point = [-0.6, -0.3, 0.4, 0.7]  # of the mixer, then of the couplings
        assert solver.compute_minimum_eigenvalue(RING).eigenvalue == pytest.approx(-4, abs=1e-6)

    def test_qaoa(self):
        from qiskit_algorithms import QAOA
        from qiskit_algorithms.optimizers import COBYLA

        solver = QAOA(SamplerV2(seed=5, default_shots=4000), COBYLA(maxiter=60), initial_point=[0.6, 0.6])
        found = solver.compute_minimum_eigenvalue(RING)
        assert found.eigenvalue == pytest.approx(-2, abs=0.15)
        assert found.best_measurement["value"] == -4
        assert found.best_measurement["bitstring"] in {"0101", "1010"}

    def test_tensors(self):
        from qiskit_algorithms import TimeEvolutionProblem, VarQITE
        from qiskit_algorithms.gradients import QFI, DerivativeType, ReverseQGT
        from qiskit_algorithms.time_evolvers.variational import ImaginaryMcLachlanPrinciple

        circuit, point = real_amplitudes(2), np.linspace(0.1, 0.8, 8)
        (expected,) = QFI(ReverseQGT()).run([circuit], [point]).result().qfis
        np.testing.assert_allclose(
            QFI(QuantumGeometricTensor()).run([circuit], [point]).result().qfis[0], expected, atol=1e-12
        )
        kind = DerivativeType.REAL
        principle = ImaginaryMcLachlanPrinciple(QuantumGeometricTensor(), EstimatorGradient(derivative_type=kind))
        evolved = VarQITE(circuit, point, principle, num_timesteps=50).evolve(TimeEvolutionProblem(ISING, 4.0))
        energies = EstimatorV2().run([(circuit, ISING, evolved.parameter_values)]).result()[0].data.evs
        assert energies[-1] == pytest.approx(GROUND, abs=0.01)
        assert (np.diff(energies) < 1e-6).all()


class TestNeuralNetwork:
    """A qubit turned by an input and a weight: its outputs are cos(x + w) and sin(x + w)."""

    POINTS, WEIGHT = np.array([[0.1], [0.7], [-1.3]]), 0.4
    ANGLES = POINTS[:, 0] + WEIGHT

    @staticmethod
    def network(outputs="ZX", **options):
        from qiskit_machine_learning.neural_networks import EstimatorQNN

        x, w = Parameter("x"), Parameter("w")
        circuit = QuantumCircuit(1)
        circuit.ry(x, 0)
        circuit.ry(w, 0)
        return EstimatorQNN(
            circuit=circuit,
            estimator=EstimatorV2(seed=5),
            observables=[SparsePauliOp(output) for output in outputs],
            input_params=[x],
            weight_params=[w],
            **options,
        )

    def test_forward(self):
        found = self.network(default_precision=0.0).forward(self.POINTS, [self.WEIGHT])
        assert found == pytest.approx(np.stack([np.cos(self.ANGLES), np.sin(self.ANGLES)], axis=1), abs=1e-12)

    def test_it_asks_for_noise_unless_told_otherwise(self):
        exact = self.network(default_precision=0.0).forward(self.POINTS, [self.WEIGHT])
        noise = self.network().forward(self.POINTS, [self.WEIGHT]) - exact
        assert 0.001 < np.abs(noise).max() < 5 / 64

    @pytest.mark.parametrize("input_gradients", [False, True])
    def test_backward(self, input_gradients):
        network = self.network(gradient=EstimatorGradient(), input_gradients=input_gradients)
        by_inputs, by_weights = network.backward(self.POINTS, [self.WEIGHT])
        known = np.stack([-np.sin(self.ANGLES), np.cos(self.ANGLES)], axis=1)[..., np.newaxis]
        assert by_weights == pytest.approx(known, abs=1e-12)
        assert by_inputs is None if not input_gradients else by_inputs == pytest.approx(known, abs=1e-12)

    def test_a_feature_map_and_an_ansatz(self):
        from qiskit_machine_learning.neural_networks import EstimatorQNN

        features, ansatz = zz_feature_map(2, reps=1), real_amplitudes(2, reps=1)
        network = EstimatorQNN(
            circuit=features.compose(ansatz),
            observables=[ISING, SparsePauliOp("ZY")],
            input_params=list(features.parameters),
            weight_params=list(ansatz.parameters),
            estimator=EstimatorV2(),
            gradient=EstimatorGradient(),
            input_gradients=True,
            default_precision=0.0,
        )
        inputs, weights = np.array([[0.1, 0.2], [0.5, 0.9], [-0.4, 1.2]]), np.array([0.3, -0.2, 0.9, 0.4])
        by_inputs, by_weights = network.backward(inputs, weights)
        assert by_inputs.shape == (3, 2, 2)
        shifts = 1e-5 * np.eye(4)
        differences = [network.forward(inputs, weights + d) - network.forward(inputs, weights - d) for d in shifts]
        np.testing.assert_allclose(by_weights, np.stack(differences, axis=-1) / 2e-5, atol=1e-8)

    def test_training(self):
        from qiskit_machine_learning.algorithms import NeuralNetworkRegressor
        from qiskit_machine_learning.optimizers import L_BFGS_B

        network = self.network("X", default_precision=0.0, gradient=EstimatorGradient())
        regressor = NeuralNetworkRegressor(network, optimizer=L_BFGS_B(), initial_point=np.array([self.WEIGHT]))
        assert regressor.fit(self.POINTS, np.sin(self.POINTS + 1.1)).weights == pytest.approx([1.1], abs=1e-4)


def test_machine_learning(backend):
    from qiskit_machine_learning.kernels import FidelityQuantumKernel
    from qiskit_machine_learning.state_fidelities import ComputeUncompute

    features, points = zz_feature_map(2), np.array([[0.1, 0.2], [0.5, 0.9]])
    fidelity = ComputeUncompute(BackendSamplerV2(backend=backend))
    kernel = FidelityQuantumKernel(feature_map=features, fidelity=fidelity).evaluate(points)
    one, two = (Statevector(features.assign_parameters(point)) for point in points)
    assert kernel[0, 1] == pytest.approx(abs(one.inner(two)) ** 2, abs=0.06)


def test_nature(backend):
    from qiskit_nature.second_q.hamiltonians import FermiHubbardModel
    from qiskit_nature.second_q.hamiltonians.lattices import LineLattice
    from qiskit_nature.second_q.mappers import JordanWignerMapper

    lattice = LineLattice(2).uniform_parameters(-1, 0)
    hubbard = JordanWignerMapper().map(FermiHubbardModel(lattice, onsite_interaction=2.0).second_q_op())
    pair = QuantumCircuit(4)
    pair.x([0, 1])  # both spins on one site
    assert BackendEstimatorV2(backend=backend).run([(pair, hubbard)]).result()[0].data.evs == pytest.approx(2, abs=0.1)


def test_circuit_cutting(backend):
    from qiskit_addon_cutting import generate_cutting_experiments, partition_problem, reconstruct_expectation_values

    circuit, observable = QuantumCircuit(4), SparsePauliOp("ZZZZ")
    for qubit in range(4):
        circuit.ry(0.3 * qubit + 0.2, qubit)
    for qubit in range(3):
        circuit.cx(qubit, qubit + 1)
    parts = partition_problem(circuit=circuit, partition_labels="AABB", observables=observable.paulis)
    experiments, coefficients = generate_cutting_experiments(parts.subcircuits, parts.subobservables, np.inf)
    sampler = BackendSamplerV2(backend=backend)
    results = {label: sampler.run(circuits, shots=20_000).result() for label, circuits in experiments.items()}
    (found,) = reconstruct_expectation_values(results, coefficients, parts.subobservables)
    assert found == pytest.approx(Statevector(circuit).expectation_value(observable).real, abs=0.05)


def test_mthree(backend, measured_bell):
    import mthree

    mitigation = mthree.M3Mitigation(backend)
    mitigation.cals_from_system([0, 1])
    counts = backend.run(measured_bell, shots=1000).result().get_counts()
    mitigated = mitigation.apply_correction(counts, [0, 1])
    assert mitigated == pytest.approx({outcome: count / 1000 for outcome, count in counts.items()})


@pytest.mark.parametrize("name", ["dj", "ghz", "grover", "qft", "wstate"])
def test_mqt_bench(backend, name):
    from mqt.bench import BenchmarkLevel, get_benchmark

    circuit = get_benchmark(name, level=BenchmarkLevel.ALG, circuit_size=4)
    counts = backend.run(circuit, shots=20_000).result().get_counts()
    measured = sorted(
        (circuit.find_bit(each.clbits[0]).index, circuit.find_bit(each.qubits[0]).index)
        for each in circuit.get_instructions("measure")
    )
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    probabilities = state.probabilities_dict([qubit for _, qubit in measured])
    for outcome, count in counts.items():
        assert count / 20_000 == pytest.approx(probabilities.get(outcome.replace(" ", ""), 0), abs=0.02)


def test_pytket(backend):
    from pytket import Circuit
    from pytket.extensions.qiskit import tk_to_qiskit

    circuit = tk_to_qiskit(Circuit(2, 2).H(0).CX(0, 1).measure_all())
    assert set(backend.run(circuit).result().get_counts()) == {"00", "11"}


def test_transpile_for_a_device_and_run(backend):
    from qiskit_ibm_runtime.fake_provider import FakeSherbrooke

    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, [1, 2])
    wide = transpile(circuit.measure_all(inplace=False), FakeSherbrooke(), seed_transpiler=1)
    assert wide.num_qubits == 127
    assert set(backend.run(wide).result().get_counts()) == {"000", "111"}
