"""What the benchmarks share: facts of the machine, statistics, result files, Markdown tables, child processes."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PACKAGES = ("ketjet", "qiskit", "numpy", "qiskit-aer", "pennylane-lightning", "qsimcirq", "qulacs")
QUIET_LOAD = 0.5


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
    return os.environ | {name: str(threads) for name in names} | {"PYTHONWARNINGS": "ignore"}


def make_backend(engine: str, precision: str, threads: int) -> Any:
    """Make a Qiskit backend: ``ketjet``, or ``aer`` to see another one by the same measure."""
    if engine == "ketjet":
        from ketjet import Simulator

        return Simulator(precision=precision, max_threads=threads)
    if engine == "aer":
        from qiskit_aer import AerSimulator

        return AerSimulator(method="statevector", precision=precision, max_parallel_threads=threads)
    raise ValueError(f"unknown engine {engine!r}; choose ketjet or aer")


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
    return path


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
