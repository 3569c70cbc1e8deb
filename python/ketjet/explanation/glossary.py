"""The words of an explanation in plain English, folded below the page: whoever wonders about one finds it there."""

from __future__ import annotations

from ketjet import faces

__all__ = ["glossary"]

UNMEASURED = "Without analyze=True: the passes are over half of the predicted time, and all else counts as memory."

SHORT = "It is short, and preparation is most of it; or others keep this computer busy."

CACHES = "A state in a cache may exceed 100 %, because caches are faster than memory."

WORDS = (
    ("stage", "One step of the plan. Most stages are sweeps."),
    ("sweep", "One pass over the memory of the state that applies many gates: block by block, each in a core's cache."),
    ("block", "A part of the state that fits into a core's cache: amplitudes that differ in the hot qubits alone."),
    ("hot", "A qubit inside the block. Gates can mix hot qubits only; controls and phases need not be hot."),
    ("active", "A qubit that may differ from |0⟩ before the stage. The state has amplitudes for active qubits only."),
    ("growing", "A qubit that becomes active in this stage: it is hot for the first time, and doubles the state."),
    ("folded", "While all amplitudes are real, two are stored as one complex number; all numbers count such pairs."),
    ("pass", "One loop over the block in the cache that applies several gates for one load and one store."),
    ("turns, turn", "A pass that rotates several qubits together and then applies the phases that follow; its kernel."),
    (
        "phases, phase",
        "A pass of phases alone: each amplitude is multiplied with one, of all diagonal gates that are ready.",
    ),
    ("diagonal", "The kernel of a diagonal matrix on more than two qubits."),
    ("dense", "A pass that multiplies with one matrix on two qubits, into which several gates may have been merged."),
    ("single", "A pass for one gate that fits nowhere else."),
    ("exchange", "The kernel that moves amplitudes and changes none: CCX, CSWAP, permutations."),
    ("rotation", "The kernel of a rotation about a Pauli string."),
    ("relabel", "A pass of X, Z, CX and SWAP: amplitudes get new names instead of moving."),
    ("kernel", "The loop that does a pass, written for this computer's instruction set: turn, dense and so on."),
    ("frame", "Not a loop: the bookkeeping of amplitudes that got new names."),
    ("gather", "Copying a block from memory into the cache. As the kernel of a pass: a factor of whole blocks."),
    ("scatter", "Copying a block back into memory."),
    ("reflect", "The kernel of controlled gates on the qubit along which the state is folded."),
    ("ns/amp", "Nanoseconds that a pass takes for each amplitude of the state, on one thread."),
    ("FMA/amp", "Multiply-adds of real numbers that a pass does for each amplitude, at most."),
    (
        "predicted",
        "What the planner's model says, on all threads; python -m ketjet calibrate fits it to this computer.",
    ),
    ("measured", "The time of the fastest of a few runs; of a circuit that measures on its way, of one shot."),
    ("bound by memory", "Moving the bytes takes this computer longer than the products do."),
    ("bound by arithmetic", f"The products take longer than moving the bytes. {UNMEASURED}"),
    ("bound by neither", f"The stage takes over ten times as long as both do. {SHORT}"),
    ("reached, % of the bound", f"The least time that this computer needs, over the measured time. {CACHES}"),
    ("exchange", "Ranks send each other amplitudes, for other qubits to be local; what is still |0⟩ needs no message."),
    ("collapse", "A measurement, reset or initialization in the middle of the circuit."),
    ("extend", "Qubits that have stayed |0⟩ come into the state."),
    ("branch, jump", "Shots go on at another stage, if a condition on classical bits fails, or always."),
    ("join", "Ways of shots meet; those that are in the same state go on together."),
    ("compute", "Classical bits and variables alone."),
    ("save", "A copy of something for the result."),
)


def glossary() -> str:
    """Return all words and their meanings, folded."""
    return f'<details class="glossary"><summary>What the words mean</summary>{faces.words(WORDS)}</details>'
