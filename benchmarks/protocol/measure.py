"""What the benchmarks share: facts and rates of the machine, statistics, result files, Markdown tables, processes."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).resolve().parents[1]
RESULTS = HERE / "results"
WRITTEN: list[str] = []
"""Names of the results that this process has written."""

PACKAGES = (
    "ketjet", "qiskit", "numpy", "qiskit-aer", "pennylane-lightning", "qsimcirq", "qulacs", "scaluq", "prism-q",
    "qevedo-simulator", "mimiq-exaqt",
)  # fmt: skip
QUIET_LOAD = 0.5
AMPLITUDE_BYTES = {"single": 8, "double": 16}
LARGEST_PASS = 1 << 28
"""Bytes beyond which a pass over memory is not measured: more would not be slower, only take longer."""


def machine_facts() -> dict[str, Any]:
    """Describe this machine, its load and the installed packages, to stand beside every result."""
    model = platform.processor() or platform.machine()
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    load = os.getloadavg()[0]
    if load > QUIET_LOAD:
        print(f"warning: the load is {load:.2f}; times of a busy machine mean little", file=sys.stderr)
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "caches": _caches(),
        "memory_gib": round(memory / 2**30, 1),
        "load_before": round(load, 2),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES if _is_installed(name)},
    }


def _lines(path: str) -> list[str]:
    """Read a text file's lines; none if it is not there."""
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _caches() -> str:
    """Sizes of the first core's data caches, smallest first."""
    sizes = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (_lines(str(index / "type")) or ["Instruction"])[0] != "Instruction":
            sizes += _lines(str(index / "size"))
    return " / ".join(sizes)


def _is_installed(name: str) -> bool:
    """Whether the distribution ``name`` is installed."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def child_environment(threads: int) -> dict[str, str]:
    """Environment of a measured process: so many threads, whatever library starts them."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    quiet = {"PYTHONWARNINGS": "ignore", "KOKKOS_DISABLE_WARNINGS": "1"}
    return os.environ | {name: str(threads) for name in names} | quiet | {"PYTHONPATH": str(HERE)}


def make_backend(engine: str, precision: str, threads: int) -> Any:
    """Make a Qiskit backend: ``ketjet``, or ``aer`` to see another one by the same measure."""
    if engine == "ketjet":
        from ketjet import Simulator

        return Simulator(precision=precision, max_threads=threads)
    if engine == "aer":
        from qiskit_aer import AerSimulator

        return AerSimulator(method="statevector", precision=precision, max_parallel_threads=threads)
    raise ValueError(f"unknown engine {engine!r}; choose ketjet or aer")


class Calibration:
    """The rates that bound a simulation on this machine: bytes and fused multiply-adds per second.

    They are measured by ``calibrate.cpp``, compiled here for this processor, as often as ``measure`` is called between
    other measurements; the best rates seen count. Without a C++ compiler there are none, and no bounds.

    Parameters
    ----------
    folder
        Where the compiled program may be kept.
    """

    def __init__(self, folder: Path) -> None:
        self.program = folder / "calibrate"
        self.rates: dict[str, dict[str, float]] = {}
        compiler = os.environ.get("CXX") or next(filter(shutil.which, ("c++", "g++", "clang++")), None)
        flags = [
            "-O3",
            "-march=native",
            "-std=c++17",
            "-pthread",
            str(HERE / "protocol" / "calibrate.cpp"),
            "-o",
            str(self.program),
        ]
        self.usable = compiler is not None and subprocess.run([compiler, *flags], check=False).returncode == 0
        if not self.usable:
            print("warning: no C++ compiler that takes calibrate.cpp; bounds are left out", file=sys.stderr)

    def measure(self, threads: int, num_qubits: int) -> None:
        """Measure once more, with passes over memory as large as states of so many qubits."""
        if not self.usable:
            return
        sizes = {str(_pass_bytes(precision, num_qubits)) for precision in AMPLITUDE_BYTES}
        done = subprocess.run(
            [self.program, str(threads), *sorted(sizes)], check=True, stdout=subprocess.PIPE, text=True
        )
        best = self.rates.setdefault(str(threads), {})
        for name, rate in json.loads(done.stdout).items():
            best[name] = max(rate, best.get(name, 0.0))

    def bound_seconds(self, explained: dict[str, Any], threads: int, precision: str, num_qubits: int) -> float | None:
        """Return the least time in which this machine could do what a plan says; none if that is not known."""
        rates = self.rates.get(str(threads), {})
        bytes_per_second = rates.get(str(_pass_bytes(precision, num_qubits)))
        if not explained or bytes_per_second is None:
            return None
        return float(max(explained["bytes_moved"] / bytes_per_second, explained["fma"] / rates[precision]))


def _pass_bytes(precision: str, num_qubits: int) -> int:
    """Memory of a state, or as much of it as is worth measuring."""
    return min(AMPLITUDE_BYTES[precision] << num_qubits, LARGEST_PASS)


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean of positive numbers."""
    return math.exp(statistics.fmean(map(math.log, values)))


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Return number, minimum, median, 99th percentile and maximum of some samples."""
    ordered = sorted(samples)
    return {
        "count": len(ordered),
        "min": ordered[0],
        "median": statistics.median(ordered),
        "p99": ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        "max": ordered[-1],
    }


def write_results(name: str, facts: dict[str, Any], settings: dict[str, Any], **results: Any) -> Path:
    """Write ``results/NAME.json`` and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": facts, "settings": settings, **results}, indent=1) + "\n")
    WRITTEN.append(name)
    return path


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
