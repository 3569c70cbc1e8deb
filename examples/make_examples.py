"""Write the example circuits: quantum phase estimation that measures pi, as OpenQASM 3 and as OpenQASM 2.

The gate p(1) turns |1⟩ by a phase of one radian, which is 1/(2 pi) of a full turn. Phase estimation with n counting
qubits reads that fraction as an integer m ≈ 2^n / (2 pi), so pi ≈ 2^n / (2 m). With n = 20 the most likely m is
166886, seen in 99 of 100 shots, and pi comes out as 3.141594.
"""

from __future__ import annotations

from pathlib import Path

COUNTING_QUBITS = 20
EXPECTED = 166886
"""The integer nearest to 2**20 / (2 pi)."""

COMMENT = f"""\
// Quantum phase estimation of p(1), the phase gate of one radian: a measurement of pi.
// Read `result` as an integer m; then pi = 2^{COUNTING_QUBITS} / (2 m). Expect m = {EXPECTED} in 99 of 100 shots.
"""


def gates(n: int, cp: str) -> list[str]:
    """Return the gate lines; `cp` is the language's name of the controlled phase gate."""
    lines = ["x eigenstate[0];"]
    lines += [f"h counting[{k}];" for k in range(n)]
    # Counting qubit k controls p(1)^(2^(n-1-k)): this reversed order saves the swaps of the Fourier transform.
    lines += [f"{cp}({2 ** (n - 1 - k)}) counting[{k}], eigenstate[0];" for k in range(n)]
    for j in range(n):  # the inverse Fourier transform
        lines += [f"{cp}(-pi/{2 ** (j - k)}) counting[{k}], counting[{j}];" for k in range(j)]
        lines += [f"h counting[{j}];"]
    return lines


def openqasm3(n: int = COUNTING_QUBITS) -> str:
    """Return the circuit as OpenQASM 3."""
    return "\n".join(
        [
            "OPENQASM 3.0;",
            'include "stdgates.inc";',
            COMMENT,
            f"qubit[{n}] counting;",
            "qubit[1] eigenstate;",
            f"bit[{n}] result;",
            "",
            *gates(n, "cp"),
            "result = measure counting;",
            "",
        ]
    )


def openqasm2(n: int = COUNTING_QUBITS) -> str:
    """Return the circuit as OpenQASM 2."""
    return "\n".join(
        [
            "OPENQASM 2.0;",
            'include "qelib1.inc";',
            COMMENT,
            f"qreg counting[{n}];",
            "qreg eigenstate[1];",
            f"creg result[{n}];",
            "",
            *gates(n, "cu1"),
            "measure counting -> result;",
            "",
        ]
    )


if __name__ == "__main__":
    here = Path(__file__).parent
    (here / "estimate_pi.qasm3").write_text(openqasm3(), encoding="utf-8")
    (here / "estimate_pi.qasm2").write_text(openqasm2(), encoding="utf-8")
