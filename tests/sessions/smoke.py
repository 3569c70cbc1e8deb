"""What an installed ketjet must do, whoever built it: `python tests/sessions/smoke.py`, in any folder, without pytest.

`nox -s wheels` and cibuildwheel run it on every wheel. `--reader python` says that Qiskit is not of the minor version
that the wheel was built for, so that circuits are read in Python.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit

import ketjet
from ketjet import Simulator, StateVector

EXAMPLE = Path(__file__).parents[2] / "examples" / "estimate_pi.qasm3"


def output_of(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout


def the_command_of_the_readme() -> None:
    told = output_of("-m", "ketjet", "run", str(EXAMPLE), "--shots", "1000", "--seed", "7", "--json")
    counts = json.loads(told)["counts"]
    assert sum(counts.values()) == 1000
    assert counts["00101000101111100110"] >= 980, counts


def a_dynamic_circuit() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    counts = Simulator().run(circuit, shots=1000, seed_simulator=7).result(timeout=60).get_counts()
    assert set(counts) == {"00", "11"}, counts


def a_state() -> None:
    circuit = QuantumCircuit(16)
    circuit.h(0)
    for qubit in range(15):
        circuit.cx(qubit, qubit + 1)
    for precision, tolerance in (("double", 1e-15), ("single", 1e-6)):
        state = StateVector(16, precision)
        state.evolve(circuit)
        amplitudes = np.asarray(state)
        np.testing.assert_allclose(amplitudes[[0, -1]], 0.5**0.5, atol=tolerance)
        assert np.count_nonzero(amplitudes) == 2


def the_facts(reader: str) -> None:
    print(output_of("-m", "ketjet", "info"), end="")
    facts = json.loads(output_of("-m", "ketjet", "info", "--json"))
    assert facts["versions"]["ketjet"] == ketjet.__version__
    assert facts["native_reader"]["used"] == (reader == "native"), facts["native_reader"]
    assert "portable" in facts["instruction_sets"]


def cpu_seconds(code: str) -> float:
    return float(output_of("-c", f"{code}; import time; print(time.process_time())"))


def the_time_of_import() -> None:
    codes = ("import qiskit", "import qiskit; from ketjet import Simulator")
    rounds = [[cpu_seconds(code) for code in codes] for _ in range(9)]
    qiskit, both = (1e3 * statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"import    {both - qiskit:.0f} ms of processor time beyond the {qiskit:.0f} ms of Qiskit")


def main() -> None:
    parser = argparse.ArgumentParser(description="Try an installed ketjet.")
    parser.add_argument("--reader", choices=["native", "python"], default="native", help="who is to read circuits")
    options = parser.parse_args()
    the_facts(options.reader)
    the_command_of_the_readme()
    a_dynamic_circuit()
    a_state()
    the_time_of_import()
    print(f"passed    {Path(ketjet.__file__).parent}")


if __name__ == "__main__":
    main()
