"""What type checkers know of ketjet: a user's script passes, and each of his mistakes is found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing
from dataclasses import fields
from pathlib import Path

import pytest

import ketjet
from ketjet import engine
from ketjet.options import types
from ketjet.options.simulator_options import FOREIGN, SimulatorOptions

RIGHT = """
from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit

from ketjet import EstimatorGradient, EstimatorV2, Job, Objective, PrimitiveJob, Provider, SamplerV2, Simulator
from ketjet import QuantumGeometricTensor, StateVector, errors
from ketjet.basicaer import Aer, execute

circuit = QuantumCircuit(2)
backend = Simulator(precision="single", max_threads=np.int64(2), shots=100, method="statevector")
backend.set_options(shots=7, fusion_enable=False)
job: Job = backend.run(circuit, shots=np.int32(10), memory=True, verify="fast", meas_level=2, inputs={"theta": 0.5})
with backend.run([circuit, circuit], parameter_binds=[{"x": [1, 2]}, {}], seed_simulator=3) as running:
    stopped: bool = running.cancel()
try:
    counts: dict[str, int] = job.result(timeout=3.5, progress=True).get_counts()
except errors.JobTimeoutError:
    fraction: float = job.progress().fraction
seconds: float = backend.estimate(circuit, shots=10).seconds
page: str = backend.explain(circuit, analyze=True).to_html()
state: StateVector = StateVector.from_array([1, 0], verify="full", max_threads=1)
state.evolve(circuit, progress=True, time_limit=2).save("state.npy")
sample: dict[str, int] = StateVector.load("state.npy").sample(10, qubits=[0], seed=1)
probabilities: float = float(state.probabilities([0])[0])
amplitudes = np.asarray(state)
sampler = SamplerV2.from_backend(backend, default_shots=10, seed=np.random.default_rng(1))
sampler.options.seed_simulator = 3
sampled: PrimitiveJob = SamplerV2(options={"seed_simulator": 3}).run([circuit, (circuit, [0.5], 7)], shots=3)
distinct: dict[str, int] = sampled.result(timeout=3, partial=True)[0].data.meas.get_counts()
estimator = EstimatorV2(backend=backend, default_precision=0.1, seed=3, options={"variances": True})
estimator.options.noise = "sampled"
estimated: PrimitiveJob = estimator.run([(circuit, "ZZ"), (circuit, [["XX"]], [[0.5]], 0.0)], precision=0.2)
evs = estimated.result()[0].data.evs
energy = Objective(circuit, {"ZZ": 1.0}, backend=backend, parameters=["theta"])
value: float = energy([0.5]) + float(energy.batch(np.zeros((2, 1)))[0])
slopes: PrimitiveJob = estimator.gradient([(circuit, "ZZ", [0.5])], parameters=["theta"])
by_theta: float = float(energy.gradient([0.5])[0] + backend.gradient(circuit, "ZZ", [0.5])[0])
algorithm = EstimatorGradient(backend, derivative_type="complex")
listed = algorithm.run([circuit], ["ZZ"], [[0.5]], [None], time_limit=3).result(timeout=3).gradients
tensor = QuantumGeometricTensor(backend, phase_fix=False).run([circuit], [[0.5]]).result().qgts
by_both: float = float(backend.quantum_geometric_tensor(circuit, [0.5], phase_fix=False)[0, 0].real)
Provider().get_backend("ketjet")
execute(circuit, Aer.get_backend("aer_simulator"), shots=3)
"""

WRONG = """
from qiskit import QuantumCircuit

from ketjet import Simulator, StateVector

circuit = QuantumCircuit(2)
Simulator(precision="float32")  # no such precision
Simulator(shot=3)  # a misspelt option
Simulator(max_threads="2")  # a wrong type
backend = Simulator()
backend.run(circuit, shot=3)  # a misspelt option
backend.run(circuit, shots="10")  # a wrong type
backend.run(circuit, precision="half")  # no such precision
backend.run(circuit, verify=True)  # no such mode
backend.run(circuit, memory="yes")  # a wrong type
backend.run(circuit, method="density_matrix")  # another method
backend.run(circuit, inputs=[1])  # no mapping
backend.estimate(circuit, shotz=3)  # a misspelt option
backend.explain(circuit, analyse=True)  # a misspelt option
backend.set_options(sed_simulator=3)  # a misspelt option
backend.run(circuit).result(time=3)  # a misspelt argument
StateVector(3, "float32")  # no such precision
StateVector(3, verify="on")  # no such mode
StateVector(3).evolve(circuit, time_limit="3")  # a wrong type
StateVector(3).sample()  # nothing given
"""


def errors_of(script, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(script)
    source = Path(ketjet.__file__).parent.parent
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--ignore-missing-imports"]
    command += ["--cache-dir", str(tmp_path / "cache"), str(path)]
    environment = {**os.environ, "MYPYPATH": "" if "site-packages" in str(source) else str(source)}
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=250)
    assert found.returncode in {0, 1}, found.stderr
    return [int(line) for line in re.findall(r"^script.py:(\d+): error", found.stdout, re.MULTILINE)], found.stdout


@pytest.mark.slow
def test_a_users_script_passes(tmp_path):
    lines, output = errors_of(RIGHT, tmp_path)
    assert lines == [], output


@pytest.mark.slow
def test_a_users_mistakes_are_found(tmp_path):
    lines, output = errors_of(WRONG, tmp_path)
    expected = [number for number, line in enumerate(WRONG.splitlines(), 1) if "#" in line]
    assert lines == expected, output


def test_all_options_have_types():
    own = {option.name for option in fields(SimulatorOptions)}
    assert set(types.RunOptions.__annotations__) == own | set(FOREIGN)
    named = {"precision", "max_threads", "max_memory_mb", "seed_simulator"}
    assert set(types.FurtherOptions.__annotations__) == (own | set(FOREIGN)) - named


def test_choices_are_those_that_are_checked():
    written = Path(types.__file__).read_text()
    for name, kind in (("precision", engine.Precision), ("verify", engine.Verify)):
        (line,) = re.findall(rf"^    {name}: Literal\[(.*)\] \| None$", written, re.MULTILINE)
        assert [value.strip('"') for value in line.split(", ")] == list(typing.get_args(kind))
