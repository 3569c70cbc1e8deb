"""The rules the code keeps: who may use whom, how long a file may get, and where the delicate things live."""

from __future__ import annotations

import ast
import graphlib
import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = sorted((ROOT / "python" / "ketjet").rglob("*.py"))
CPP = sorted(path for suffix in ("hpp", "cpp", "inl") for path in (ROOT / "cpp").rglob(f"*.{suffix}"))

MAX_CPP_LINES = 500
MAX_PYTHON_LINES = 450

# What each C++ folder may include besides itself.
CPP_LAYERS = {
    "base": set(),
    "program": {"base"},
    "plan": {"base", "program"},
    "state": {"base"},
    "kernels": {"base"},
    "emit": {"base", "program", "plan", "kernels"},
    "exec": {"base", "program", "plan", "state", "kernels", "emit"},
    "batch": {"base", "program", "plan", "state", "kernels", "emit"},
    "readout": {"base", "program", "plan", "state", "kernels", "exec"},
    "check": {"base", "program", "plan", "state", "kernels", "emit", "exec", "readout"},
    "shots": {"base", "program", "plan", "state", "kernels", "exec", "readout", "check"},
    "run": {"base", "program", "plan", "state", "kernels", "batch", "exec", "readout", "check", "shots"},
    "bindings": {"base", "program", "plan", "state", "kernels", "exec", "readout", "check", "shots", "run"},
    "qiskit_bridge": {"bindings", "program", "base"},
}

# Python packages and modules from the ground up: each may import only from earlier rows, and a package from itself.
PYTHON_LAYERS = [
    {"_core", "_qiskit_bridge", "errors"},
    {"base"},
    {"faces"},
    {"engine"},
    {"options"},
    {"farm", "kept"},
    {"saves"},
    {"experiment"},
    {"archives"},
    {"checkpoints"},
    {"results"},
    {"lowering", "jobs", "ranks"},
    {"explanation", "points", "detached"},
    {"backend"},
    {"state", "primitives", "circuit_files", "provider", "basicaer", "calibration", "progress"},
    {"cli"},
    {"__main__", "__init__"},
]
WITHOUT_QISKIT = [
    *(
        "engine",
        "farm.bundles",
        "jobs.budget",
        "jobs.workers",
        "kept.results",
        "options",
        "archives.locks",
        "detached.__main__",
    )
]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """The package or module right below `ketjet` that a file belongs to."""
    return path.relative_to(ROOT / "python" / "ketjet").with_suffix("").parts[0]


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported_names(path: Path, *, at_runtime: bool = False) -> set[str]:
    """Full names of what a file imports, `from ketjet.jobs import x` as `ketjet.jobs.x`."""
    found = set()
    nodes = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative(path)}:{node.lineno}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        if not (at_runtime and is_for_type_checkers(node)):
            nodes += ast.iter_child_nodes(node)
    return found


@pytest.mark.parametrize("path", CPP, ids=relative)
def test_a_cpp_file_includes_only_lower_layers(path):
    folder = path.relative_to(ROOT / "cpp").parts[0]
    included = {Path(name).parts[0] for name in re.findall(r'#include "([^"]+)"', path.read_text(encoding="utf-8"))}
    assert included <= CPP_LAYERS[folder] | {folder}


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_a_python_file_imports_only_lower_layers(path):
    level = {room: i for i, row in enumerate(PYTHON_LAYERS) for room in row}
    own = room_of(path)
    assert own in level, f"give {own} a row in PYTHON_LAYERS"
    for name in imported_names(path):
        if name.startswith("ketjet.") and (used := name.split(".")[1]) != own:
            assert level[used] < level[own], f"{own} may not import {used}"
        if name.startswith("ketjet._core"):
            assert own == "engine", "only the engine package opens the door to the compiled engine"
        if name.startswith("ketjet._qiskit_bridge"):
            assert own == "lowering", "only the lowering reads circuits"
        if name.split(".")[0] == "qiskit":
            assert own not in {"base", "engine", "faces"}


def test_no_python_modules_import_each_other_in_a_circle():
    modules = {}
    for path in PYTHON:
        parts = path.relative_to(ROOT / "python").with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path

    def module_of(name: str) -> str:
        return name if name in modules else name.rpartition(".")[0]

    graph = {
        module: {module_of(name) for name in imported_names(path, at_runtime=True)} & modules.keys()
        for module, path in modules.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("module", WITHOUT_QISKIT)
def test_a_worker_process_never_imports_qiskit(module):
    code = f"import sys, ketjet.{module}; sys.exit('qiskit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_few_programs_need_is_not_imported_with_the_backend():
    code = "import sys, qiskit; before = set(sys.modules); import ketjet.backend; print(*(set(sys.modules) - before))"
    added = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"asyncio", "ketjet.detached", "ketjet.explanation", "ketjet.state", "sqlite3"} & set(added)


@pytest.mark.parametrize("path", CPP + PYTHON, ids=relative)
def test_files_stay_short_and_say_what_they_are(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (MAX_PYTHON_LINES if path.suffix == ".py" else MAX_CPP_LINES)
    assert max(map(len, lines), default=0) <= 120
    its_header_says_it = path.suffix == ".cpp" and path.with_suffix(".hpp").exists()
    assert its_header_says_it or lines[0].startswith(("//", '"""'))


@pytest.mark.parametrize(
    ("pattern", "homes"),
    [
        (r"#\s*pragma\s+omp|\bomp_\w+\(", []),
        (r"std::j?thread\(|std::async|pthread_create", ["cpp/base/crew.cpp"]),
        (r"pybind11|py::", ["cpp/bindings/", "cpp/qiskit_bridge/"]),
        (r"\bqk_\w+", ["cpp/qiskit_bridge/"]),
        (r"\bgetenv\(", ["cpp/kernels/dispatch.cpp"]),
        (r"\bos\.(environ|getenv)", ["python/ketjet/options/machine.py", "python/ketjet/base/environment.py"]),
        (
            r'"(measure_sampling|sample_measure_time|required_memory_mb|active_input_qubits)"',  # Aer's names
            ["python/ketjet/results/metadata.py", "python/ketjet/cli/commands.py"],
        ),
        (r"0xf{6}", ["cpp/base/random_streams.hpp"]),
        (
            r"\bparallel_for\(|\brun_team\(",  # whoever walks a state does it by state/chunks
            [
                "cpp/base/parallel",
                "cpp/state/chunks.hpp",
                "cpp/exec/sweep_walk.hpp",
                "cpp/exec/machine_rates.cpp",
                "cpp/check/verify",
                "cpp/shots/",
            ],
        ),
        (
            r"state\w*(\.|->)(amplitudes|scalars)\(\)",  # beside the walk: gathering, scattering, single amplitudes
            [
                "cpp/state/",
                "cpp/batch/batch_block.hpp",
                "cpp/exec/apply_strings.cpp",
                "cpp/exec/executor.cpp",
                "cpp/exec/mirror_run.cpp",
                "cpp/exec/collapse.cpp",
                "cpp/exec/read_strings.cpp",
                "cpp/exec/ready_sweeps.cpp",
                "cpp/exec/write_out.cpp",
                "cpp/readout/",
                "cpp/check/verify.cpp",
                "cpp/shots/walker.cpp",
                "cpp/bindings/",
            ],
        ),
        (r"-march=native|-ffast-math|-Ofast", []),
        (r"\b(Manager|Helper|Util|Impl|Processor)\b", []),
    ],
)
def test_delicate_things_have_one_home(pattern, homes):
    build_files = [ROOT / "CMakeLists.txt", *sorted((ROOT / "cmake").glob("*.cmake")), ROOT / "pyproject.toml"]
    sources = [*CPP, *PYTHON] + (build_files if pattern.startswith("-march") else [])
    guilty = [relative(path) for path in sources if re.search(pattern, path.read_text(encoding="utf-8"))]
    assert [name for name in guilty if not name.startswith(tuple(homes))] == []


def test_no_two_random_streams_share_a_number():
    text = (ROOT / "cpp" / "base" / "random_streams.hpp").read_text(encoding="utf-8")
    numbers = re.findall(r"= (0x\w+);", text)
    assert len(numbers) == len(set(numbers)) == text.count("uint32_t") >= 5


def kernel_objects() -> list[Path]:
    """The kernel objects of the newest build folder, one per instruction set."""
    installed_from = importlib.metadata.distribution("ketjet").read_text("direct_url.json") or "{}"
    if json.loads(installed_from).get("url") != ROOT.as_uri():
        pytest.skip("this ketjet was built elsewhere: its kernel objects are not here")
    objects = sorted((ROOT / "build").glob("**/*kernels*/**/kernels.cpp.o"), key=lambda path: path.stat().st_mtime)
    assert objects, "no kernel objects in build/, where pip leaves them"
    newest_build = objects[-1].relative_to(ROOT / "build").parts[0]
    return [path for path in objects if path.relative_to(ROOT / "build").parts[0] == newest_build]


def test_a_kernel_object_exports_one_symbol():
    # A weak symbol could be merged with the same template compiled for another instruction set.
    for path in kernel_objects():
        output = subprocess.run(
            ["nm", "--defined-only", "--extern-only", path], capture_output=True, text=True, check=True
        )
        symbols = [line.split()[-2:] for line in output.stdout.splitlines()]
        # An instrumented object may hold the address of the exception routine, which is the same for all.
        kinds = [kind for kind, name in symbols if not name.startswith("DW.ref.")]
        assert len(kinds) == 1, f"{path}:\n{output.stdout}"
        assert kinds[0] in "TDR", f"{path}:\n{output.stdout}"


def test_the_citation_is_of_this_version_and_address():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for cited, own in (("version: (.+)", 'version = "(.+)"'), ('url: "(.+)"', 'Homepage = "(.+)"')):
        assert re.search(f"^{cited}$", citation, re.MULTILINE)[1] == re.search(f"^{own}$", project, re.MULTILINE)[1]


STUBS = ROOT / "python" / "ketjet"


def test_the_stub_names_what_the_engine_has():
    from ketjet import _core

    public = {name for name in vars(_core) if not name.startswith("_")}
    body = ast.parse((STUBS / "_core.pyi").read_text(encoding="utf-8")).body
    declared = {node.name: node for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    assert public == set(declared)
    for name, node in declared.items():
        if isinstance(node, ast.ClassDef):
            members = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            missing = {member for member in vars(getattr(_core, name)) if not member.startswith("_")} - members
            assert missing <= {
                target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign) and isinstance(target := item.target, ast.Name)
            }


def stub_text(path: Path) -> str:
    """A stub as Python 3.12 and later write it: until then typing_extensions is the home of Buffer."""
    text = path.read_text(encoding="utf-8").replace("import typing_extensions\n", "")
    return text.replace("typing_extensions.Buffer", "collections.abc.Buffer")


@pytest.mark.parametrize("module", ["_core", "_qiskit_bridge"])
def test_the_stubs_are_fresh(module, tmp_path):
    pytest.importorskip(f"ketjet.{module}", exc_type=ImportError)
    command = [sys.executable, "-m", "pybind11_stubgen", f"ketjet.{module}", "-o", tmp_path]
    subprocess.run(command, capture_output=True, check=True)
    assert stub_text(tmp_path / "ketjet" / f"{module}.pyi") == stub_text(STUBS / f"{module}.pyi")
