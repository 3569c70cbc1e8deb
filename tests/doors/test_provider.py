"""The thin provider finds what there is and names it when it is asked for something else."""

from __future__ import annotations

import pytest
from qiskit.providers import QiskitBackendNotFoundError

from ketjet import Provider, Simulator


def test_it_lists_the_simulator():
    [backend] = Provider().backends()
    assert isinstance(backend, Simulator)
    assert Provider().backends(name=backend.name)[0].name == backend.name
    assert Provider().backends(name="other") == []
    assert Provider().backends(filters=lambda found: False) == []


def test_it_gets_a_backend_by_name_or_the_only_one():
    name = Simulator().name
    assert Provider().get_backend().name == name
    assert Provider().get_backend(name).name == name


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(QiskitBackendNotFoundError, match=Simulator().name):
        Provider().get_backend("qasm_simulator_v9")
