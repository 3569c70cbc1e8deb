"""Scripts as people publish them for other simulators run with nothing but the line of the import changed."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parent / "scripts"

CHECKS = {
    "bb84": lambda names: (
        (names["read"] == names["bits"])[names["same"]].all()
        and 0.2 < (names["read"] == names["bits"])[~names["same"]].mean() < 0.8
    ),
    "bernstein_vazirani": lambda names: names["answer"] == "1011001",
    "error_correction": lambda names: (
        [{key.split()[0] for key in counts} for counts in names["outcomes"]] == [{"111"}] * 4
    ),
    "primitives": lambda names: abs(names["value"] - 3) < 0.1 and set(names["counts"]) == {"000", "111"},
    "qaoa": lambda names: 4.3 < names["best"] < 4.7,  # three quarters of the edges
    "qft": lambda names: np.abs(np.asarray(names["state"]) - names["expected"]).max() < 1e-12,
    "save_instructions": lambda names: (
        names["unitary"].shape == (8, 8) and np.allclose(names["unitary"] @ names["unitary"].conj().T, np.eye(8))
    ),
    "statevector": lambda names: np.allclose(np.asarray(names["unitary"])[:, 0], np.asarray(names["state"])),
    "teleportation": lambda names: names["received"] == {"0"},
    "vqe": lambda names: abs(names["found"].fun + np.sqrt(2)) < 0.05,
}


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:PendingDeprecationWarning")
def test_a_script_runs_with_its_import_changed(script, capsys):
    names = runpy.run_path(str(script))
    assert CHECKS[script.stem](names)
    changed = [line for line in script.read_text().splitlines() if "# was: " in line]
    assert len(changed) == 1
    assert capsys.readouterr().out


def test_every_script_is_checked():
    assert {path.stem for path in SCRIPTS.glob("*.py")} == set(CHECKS)
