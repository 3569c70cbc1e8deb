"""Free-threaded builds of Python are refused in one sentence, which names builds that work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SENTENCE = "ketjet does not run on free-threaded builds of Python (Py_GIL_DISABLED): "
BUILD_FILE = Path(__file__).parents[2] / "cmake" / "RequireGil.cmake"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_import_is_refused():
    done = run(sys.executable, "-c", "import sys; sys.abiflags = 't'; import ketjet")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith(f"ImportError: {SENTENCE}")
    assert last.endswith("such as python3.13 in place of python3.13t.")
    assert run(sys.executable, "-c", "import ketjet").returncode == 0


@pytest.mark.skipif(shutil.which("cmake") is None, reason="there is no cmake")
@pytest.mark.parametrize("disabled", ["0", "1"])
def test_the_build_is_refused(disabled):
    done = run("cmake", f"-DKETJET_PY_GIL_DISABLED={disabled}", "-P", str(BUILD_FILE))
    assert (SENTENCE in " ".join(done.stderr.split())) is (disabled == "1")
    assert done.returncode == int(disabled)
