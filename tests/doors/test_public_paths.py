"""Every import path that documentation, examples and entry points name works, wherever its home is today."""

from __future__ import annotations

import ast
import importlib
import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    *(ROOT / "docs").rglob("*.md"),
    ROOT / "README.md",
    *(ROOT / "examples").glob("*.py"),
    *(ROOT / "tests" / "doors" / "scripts").glob("*.py"),
]
PATHS = [
    "ketjet.EstimatorGradient",
    "ketjet.EstimatorV2",
    "ketjet.Job",
    "ketjet.Objective",
    "ketjet.PrimitiveJob",
    "ketjet.Provider",
    "ketjet.QuantumGeometricTensor",
    "ketjet.SamplerV2",
    "ketjet.Simulator",
    "ketjet.StateVector",
    "ketjet.__version__",
    "ketjet.errors.KetjetError",
    "ketjet.errors.KetjetWarning",
    "ketjet.errors.JobFailedError",
    "ketjet.basicaer.Aer",
    "ketjet.basicaer.BasicAer",
    "ketjet.basicaer.execute",
    "ketjet.backend.Simulator",
    "ketjet.calibration.calibrate",
    "ketjet.cli.main",
    "ketjet.engine.Estimate",
    "ketjet.engine.PLAN_OPTIONS",
    "ketjet.explanation.Explanation",
    "ketjet.explanation.ExplainedOperation",
    "ketjet.explanation.ExplainedPass",
    "ketjet.explanation.ExplainedStage",
    "ketjet.explanation.KernelShare",
    "ketjet.options.SimulatorOptions",
    "ketjet.progress.JobProgress",
    "ketjet.provider.Provider",
    "ketjet.results.CircuitResult",
    "ketjet.results.SimulationResult",
]


def found_at(path: str) -> object:
    """What an import path leads to: a module, or a name in one."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def named_paths(text: str) -> set[str]:
    """Import paths of ketjet in a page's directives and in the code of a page or script."""
    found = set(re.findall(r"auto\w+:: (ketjet[\w.]*)", text))
    for line in re.findall(r"^ *(?:>>> )?(from ketjet[\w.]* import [\w, ]+|import ketjet[\w.]*)", text, re.MULTILINE):
        (node,) = ast.parse(line).body
        prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        found |= {prefix + alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_public_path_leads_to_something(path):
    found_at(path)


def test_the_documentation_names_only_paths_that_work():
    named = set().union(*(named_paths(source.read_text(encoding="utf-8")) for source in SOURCES))
    assert len(named) > 10
    for path in named:
        found_at(path)


def test_the_entry_point_is_the_command_line():
    (command,) = metadata.entry_points(group="console_scripts", name="ketjet")
    assert command.load() is found_at("ketjet.cli.main")
