"""ketjet: a fast statevector simulator backend for Qiskit with an honest asynchronous job.

Public names load on first use, so that a worker process can import `ketjet.engine` without importing Qiskit.
"""

from __future__ import annotations

import sys
from importlib import import_module, metadata
from typing import TYPE_CHECKING

import ketjet.base.environment  # noqa: F401 - which is to be read before others change it

if "t" in getattr(sys, "abiflags", ""):
    msg = (
        "ketjet does not run on free-threaded builds of Python (Py_GIL_DISABLED): use an ordinary build of CPython "
        "3.10 or newer, such as python3.13 in place of python3.13t."
    )
    raise ImportError(msg)

if TYPE_CHECKING:
    from ketjet import errors
    from ketjet.backend import Simulator
    from ketjet.jobs.job import Job
    from ketjet.jobs.primitive_job import PrimitiveJob
    from ketjet.primitives.estimator import EstimatorV2
    from ketjet.primitives.estimator_gradient import EstimatorGradient
    from ketjet.primitives.geometric_tensor import QuantumGeometricTensor
    from ketjet.primitives.objective import Objective
    from ketjet.primitives.sampler import SamplerV2
    from ketjet.provider import Provider
    from ketjet.state import StateVector

    __version__: str

__all__ = [
    "EstimatorGradient",
    "EstimatorV2",
    "Job",
    "Objective",
    "PrimitiveJob",
    "Provider",
    "QuantumGeometricTensor",
    "SamplerV2",
    "Simulator",
    "StateVector",
    "__version__",
    "errors",
]

_HOMES = {
    "Simulator": "backend",
    "EstimatorGradient": "primitives.estimator_gradient",
    "EstimatorV2": "primitives.estimator",
    "Job": "jobs.job",
    "Objective": "primitives.objective",
    "PrimitiveJob": "jobs.primitive_job",
    "QuantumGeometricTensor": "primitives.geometric_tensor",
    "SamplerV2": "primitives.sampler",
    "StateVector": "state",
    "Provider": "provider",
}
_OLD_NAMES = ("Aer", "AerProvider", "AerSimulator", "BasicAer", "BasicAerJob", "BasicAerProvider", "execute")


def __getattr__(name: str) -> object:
    if name == "__version__":
        return metadata.version("ketjet")
    if name == "errors":
        return import_module("ketjet.errors")
    if name not in _HOMES:
        there = "; it is in ketjet.basicaer" if name in _OLD_NAMES else ""
        msg = f"module 'ketjet' has no attribute {name!r}{there}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f"ketjet.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
