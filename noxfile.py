"""Every check we run: `nox` for lint and tests, `nox -s asan`, `nox -l` for the list."""

from __future__ import annotations

import shutil
import subprocess

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests", "cpp"]


def cpp_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "cpp", "tests/cpp"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if name.endswith((".hpp", ".cpp", ".inl"))]


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, ruff and strict mypy."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("clang-format", "--dry-run", "--Werror", *cpp_files())
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite; arguments go to pytest."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ tests, every warning an error; arguments go to cmake, e.g. -DCMAKE_CXX_COMPILER=clang++."""
    session.install("cmake>=3.25", "ninja")
    session.run("cmake", "--preset", "dev", "-DKETJET_WERROR=ON", *session.posargs)
    session.run("cmake", "--build", "--preset", "dev")
    session.run("ctest", "--preset", "dev")


@nox.session
def stubs(session: nox.Session) -> None:
    """Write python/ketjet/_core.pyi and _qiskit_bridge.pyi anew."""
    session.install(".[test]")
    for module in ("_core", "_qiskit_bridge"):
        session.run("pybind11-stubgen", f"ketjet.{module}", "-o", "python")


@nox.session
def asan(session: nox.Session) -> None:
    """The test suite under AddressSanitizer and UndefinedBehaviorSanitizer (GCC)."""
    settings = [
        "build-dir=build/asan-py",
        "cmake.build-type=Debug",
        "cmake.define.CMAKE_CXX_FLAGS_DEBUG=-O1 -g -D_GLIBCXX_ASSERTIONS",
        "cmake.define.KETJET_SANITIZE=address,undefined",
    ]
    session.install(*(f"-C{setting}" for setting in settings), ".[test]")
    libraries = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    ]
    session.run(
        "python", "-m", "pytest", "-m", "not slow", "-p", "no:cacheprovider", *session.posargs,
        env={
            "LD_PRELOAD": " ".join(libraries),
            "ASAN_OPTIONS": "detect_leaks=0,allocator_may_return_null=1",  # the interpreter itself leaks at exit
            "UBSAN_OPTIONS": "print_stacktrace=1,halt_on_error=1",
            "PYTHONMALLOC": "malloc",
        },
    )  # fmt: skip


@nox.session
def avx512(session: nox.Session) -> None:
    """The test suite with the AVX-512 kernels, emulated: for CPUs with AVX2 alone."""
    session.install("-Cbuild-dir=build/avx512", "-Ccmake.define.KETJET_EMULATE_AVX512=ON", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs, env={"KETJET_ISA": "avx512"})


@nox.session
def tsan(session: nox.Session) -> None:
    """The C++ tests under ThreadSanitizer."""
    session.install("cmake>=3.25", "ninja")
    session.run("cmake", "--preset", "tsan", *session.posargs)
    session.run("cmake", "--build", "--preset", "tsan")
    session.run("ctest", "--preset", "tsan")


@nox.session
def stress(session: nox.Session) -> None:
    """Random dynamic circuits, exits and tiny jobs in numbers that take too long for the suite."""
    session.install(".[test]")
    for command, count in (("circuits", 100_000), ("exits", 200), ("jobs", 100_000)):
        session.run("python", "tests/stress.py", command, "--count", str(count))


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks; arguments go to benchmarks/bench_circuits.py."""
    session.install(".")
    session.run("python", "benchmarks/bench_circuits.py", *session.posargs)


@nox.session
def oldest(session: nox.Session) -> None:
    """The test suite with the oldest Qiskit that ketjet takes, which its native reader was not built for."""
    session.install(".[test]", "qiskit==2.2.*")
    stubs = "tests/test_codebase.py::test_the_stubs_are_fresh"
    session.run("python", "-m", "pytest", "--deselect", stubs, *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """One small workload of each package that builds on Qiskit (tests/layers.py)."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "layers"))
    session.run("python", "-m", "pytest", "-W", "default", "tests/layers.py", *session.posargs)


@nox.session
def pennylane(session: nox.Session) -> None:
    """A small workload of PennyLane (tests/pennylane_layer.py), with the newest Qiskit that its plugin allows."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "pennylane"))
    session.run("python", "-m", "pytest", "-W", "default", "tests/pennylane_layer.py", *session.posargs)


@nox.session
def page(session: nox.Session) -> None:
    """Render the page of `explain` and all faces in Debian's chromium (tests/page.py); look at build/page/*.png."""
    if shutil.which("chromium") is None:
        session.error("chromium is not installed: nox -s page renders in it (Debian: apt-get install chromium)")
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "page"))
    session.run("python", "-m", "pytest", "tests/page.py", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation site into build/site, every warning an error, and check it (tests/site_pages.py)."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "site"))
    strict = ("--fresh-env", "--fail-on-warning", "--keep-going", "--quiet")
    session.run("sphinx-build", *strict, "-c", "docs/site", "docs", "build/site")
    session.run("python", "-m", "pytest", "tests/site_pages.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run every example of the README and the docs, and follow every link between them."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", "tests/test_docs.py")
