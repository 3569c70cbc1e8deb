"""The README and the docs tell the truth: their Python examples run and print what they promise, their links lead
somewhere.

A promise is the comment behind a `print`, where it is a value (`# {'1': 1024}`), or a block of `text` right behind a
block of Python: all that the block prints, `...` standing for anything.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import textwrap
import tokenize
import types
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from qiskit.circuit.library import real_amplitudes

from ketjet import EstimatorV2, Simulator

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
WITHOUT_EXAMPLES = {
    *(
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "benchmarks/README.md",
    ),
    *("docs/gallery.md", "docs/how_it_works.md", "docs/packaging.md"),
}
FENCE = re.compile(
    r"^( *)```+(\S*)[^\n]*\n(.*?)^\1```+ *$(\n*\1```text\n(?P<output>.*?)^\1```+ *$)?", re.DOTALL | re.MULTILINE
)


class Example(NamedTuple):
    line: int
    code: str
    output: str | None


def examples(text):
    """The Python blocks of a page; whatever else is fenced is left alone."""
    for fence in FENCE.finditer(text):
        if fence[2] == "python":
            yield Example(text.count("\n", 0, fence.start()) + 1, fence[3], fence["output"])


def is_value(text):
    try:
        ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return re.fullmatch(r"[A-Z]\w+\.[A-Z]+", text) is not None  # of an enumeration
    return True


def promised(code):
    """The values in comments, by line."""
    comments = (
        token for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type == tokenize.COMMENT
    )
    found = ((token.start[0], token.string.lstrip("# ")) for token in comments)
    return {line: text for line, text in found if is_value(text)}


def is_without_examples(page):
    name = page.relative_to(ROOT).as_posix()
    return name in WITHOUT_EXAMPLES or name.startswith(("docs/reference/", "docs/project/"))


def run(example, names, name):
    """Run an example statement by statement, and compare what each prints with what is promised."""
    values, printed = promised(example.code), io.StringIO()
    for statement in ast.parse(example.code).body:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(ast.Module([statement], []), name, "exec"), names)
        printed.write(output.getvalue())
        if statement.end_lineno in values:
            assert output.getvalue() == values.pop(statement.end_lineno) + "\n", ast.unparse(statement)
    assert not values, f"values promised where nothing of its own is printed: {values}"
    if example.output is not None:
        checker = doctest.OutputChecker()
        assert checker.check_output(example.output, printed.getvalue(), doctest.ELLIPSIS), printed.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
@pytest.mark.filterwarnings("default::ketjet.errors.KetjetWarning")
def test_examples_run_and_print_what_they_promise(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KETJET_STORE", str(tmp_path / "store"))
    text, names = page.read_text(encoding="utf-8"), {"__name__": "__main__"}
    found = list(examples(text))
    assert bool(found) == (not is_without_examples(page))
    assert len(found) == len(re.findall(r"```+ *\{?(python|py|code|pycon)", text))  # none is overlooked
    for example in found:
        run(example, names, f"{page.name}:{example.line}")


@pytest.mark.parametrize(
    "wrong",
    [
        "```python\nprint({'0': 2})  # {'0': 1}\n```\n",
        "```python\nfor _ in range(2):\n    print(1)  # 1\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nprint('JobStatus.DONE')  # JobStatus.ERROR\n```\n",
    ],
)
def test_a_broken_promise_is_noticed(wrong):
    (example,) = examples(wrong)
    with pytest.raises(AssertionError):
        run(example, {}, "wrong")


def anchors(page):
    """Names of the headings of a page, as GitHub and the site make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


class Tensor(np.ndarray):
    """What the page on gradients asks of a tensor of PyTorch, which is not installed here."""

    def detach(self):
        return self

    def numpy(self):
        return np.asarray(self)


class Function:
    """A function of PyTorch that remembers how it was called last."""

    @classmethod
    def apply(cls, *arguments):
        cls.context = types.SimpleNamespace()
        return cls.forward(cls.context, *arguments)


def test_the_function_for_pytorch_has_the_derivatives_of_its_values():
    text = (ROOT / "docs/gradients.md").read_text()
    code = textwrap.dedent(re.search(r"As a function of PyTorch[^\n]*\n\n((?:    .*\n|\n)+)", text)[1])
    torch = types.SimpleNamespace(
        autograd=types.SimpleNamespace(Function=Function), from_numpy=lambda array: array.view(Tensor)
    )
    layer, observables = real_amplitudes(3, reps=1), ["IIZ", "IZI", "XII"]
    values = np.random.default_rng(1).normal(size=(2, layer.num_parameters)).view(Tensor)
    names = {"torch": torch, "EstimatorV2": EstimatorV2, "Simulator": Simulator}
    exec(code, {**names, "layer": layer, "observables": observables, "values": values}, found := {})
    assert found["evs"].shape == (2, 3)
    weights = np.random.default_rng(2).normal(size=(2, 3)).view(Tensor)
    gradient, *others = found["Expectation"].backward(found["Expectation"].context, weights)
    assert others == [None, None]
    assert gradient.shape == values.shape
    step = 1e-6 * np.random.default_rng(3).normal(size=values.shape)
    change = (weights * (found["Expectation"].apply(values + step, layer, observables) - found["evs"])).sum()
    assert change == pytest.approx((gradient * step).sum(), rel=1e-4)
