"""Allocations of the engine fail, one after the other: the call raises MemoryError, and the next one works.

A tiny library that is loaded before all others lets the k-th allocation fail that `_core` or the C++ library asks for.
Each is tried in a forked child. A few of them pybind11 does not survive: those that make a Program, a Plan and the
records of a run known to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap

import pytest

FAILING_MALLOC = r"""
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <link.h>
    #include <stdint.h>
    #include <string.h>
    static void* (*real)(size_t);
    static struct { uintptr_t begin, end; } code[8];
    static int parts;
    static volatile long failing, seen;
    static int note(struct dl_phdr_info* library, size_t size, void* unused) {
        (void)size; (void)unused;
        if (!strstr(library->dlpi_name, "_core.") && !strstr(library->dlpi_name, "libstdc++")) return 0;
        for (int i = 0; i < library->dlpi_phnum && parts < 8; ++i) {
            if (library->dlpi_phdr[i].p_type != PT_LOAD || !(library->dlpi_phdr[i].p_flags & PF_X)) continue;
            code[parts].begin = library->dlpi_addr + library->dlpi_phdr[i].p_vaddr;
            code[parts].end = code[parts].begin + library->dlpi_phdr[i].p_memsz;
            ++parts;
        }
        return 0;
    }
    void fail_from_here(long which) {
        if (parts == 0) dl_iterate_phdr(note, 0);
        seen = 0;
        failing = which;
    }
    long fail_no_more(void) { failing = 0; return seen; }
    void* malloc(size_t size) {
        if (!real) real = (void* (*)(size_t))dlsym(RTLD_NEXT, "malloc");
        const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
        for (int i = 0; failing > 0 && i < parts; ++i) {
            if (caller < code[i].begin || caller >= code[i].end) continue;
            if (__sync_add_and_fetch(&seen, 1) == failing) { errno = ENOMEM; return 0; }
        }
        return real(size);
    }
"""

SCRIPT = """
    import ctypes, os, signal, sys
    from qiskit import QuantumCircuit
    from ketjet import Simulator

    shim = ctypes.CDLL(None)
    backend = Simulator(max_threads=1)
    circuit = QuantumCircuit(3)
    circuit.h(0); circuit.cx(0, 1); circuit.rx(0.3, 2); circuit.cp(0.2, 1, 2); circuit.measure_all()
    calls = {
        "run": lambda: backend.run(circuit, shots=10, memory=True).result().get_counts(),
        "explain": lambda: str(backend.explain(circuit)),
        "estimate": lambda: backend.estimate(circuit),
    }
    call = calls[sys.argv[1]]
    call()
    shim.fail_from_here(10**9)
    call()
    broken, total = [], shim.fail_no_more()
    for which in range(1, total + 1):
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            signal.alarm(30)
            shim.fail_from_here(which)
            code = 0
            try:
                call()
            except Exception as error:
                code = 0 if "MemoryError" in f"{type(error).__name__} {error}" else 1
            shim.fail_no_more()
            try:
                call()
            except BaseException:
                code = 2
            os._exit(code)
        if (status := os.waitpid(child, 0)[1]) != 0:
            broken.append((which, status))
    print(total, broken)
    assert total > 20
    assert len(broken) <= int(sys.argv[2]), broken
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("AddressSanitizer allows no other allocator in front of its own")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(textwrap.dedent(FAILING_MALLOC))
    target = folder / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", target, folder / "shim.c", "-ldl"], check=True)
    return target


@pytest.mark.parametrize(("call", "known"), [("run", 4), ("explain", 2), ("estimate", 2)])
def test_every_allocation_may_fail(call, known, library):
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), call, str(known)]
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
