"""An explanation as plain text, at most 100 columns wide; also the wording that the HTML page shares."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from ketjet.base.printable import printable
from ketjet.base.units import counted, duration, size
from ketjet.explanation.readings import reading_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ketjet.explanation.model import Explanation
    from ketjet.explanation.stages import ExplainedOperation, ExplainedPass, ExplainedStage

WIDTH = 100
OPERATIONS_WIDTH = WIDTH - 37
MEASURED_WIDTH = 10
"""Of the column that an analysed plan has more."""
BY_OPERATION = "few qubits: runs take one operation after another, without these passes"
STAGES_SHOWN = 50
"""The others are counted by kind."""

WHAT = {
    "extend": "the other qubits come into the state as |0>",
    "compute": "classical bits and variables alone",
    "branch": "shots for which the condition fails go on at stage {target}",
    "jump": "all shots go on at stage {target}",
    "join": "shots in the same state go on together",
}
TOUCHES_NO_STATE = ("compute", "branch", "jump", "join")

PASSES_SHOWN = 24
"""Of one stage, likewise."""

QUBITS_SHOWN = 4
"""Of one operation."""

NUMBERS = ("ns/amp", "measured", "FMA/amp")
HEADINGS = ("pass", "kernel", *NUMBERS, "operations")


def table(explanation: Explanation) -> str:
    """Return the whole explanation as lines."""
    lines = [_fold(line) for line in summary(explanation)]
    for number, stage in enumerate(explanation.stages[:STAGES_SHOWN], 1):
        lines += ["", *(_fold(line) for line in stage_lines(number, stage)), *_pass_lines(stage.passes)]
    if rest := left_out(explanation.stages, STAGES_SHOWN, "stage"):
        lines += ["", rest]
    if explanation.readings:
        lines += ["", "observables", *(_fold(f"  {line}") for line in reading_lines(explanation.readings))]
    return "\n".join(lines)


def summary(explanation: Explanation) -> Iterator[str]:
    """Yield what holds for the circuit as a whole."""
    threads = counted(explanation.threads, "thread")
    yield f"{_cut(explanation.name, 50)}: {explanation.num_qubits} qubits, {explanation.precision} precision, {threads}"
    if explanation.state_qubits != explanation.num_qubits:
        left_out = counted(explanation.left_out, "operation")
        yield f"a state of {counted(explanation.state_qubits, 'qubit')}; {left_out} dropped or worked out beforehand"
    if explanation.runs_by_operation:
        yield BY_OPERATION
    if explanation.ranks > 1:
        yield f"shared out among {explanation.ranks} ranks; bytes, products and times are those of one"
    sweeps, passes = counted(explanation.sweeps, "sweep"), counted(explanation.passes, "pass")
    moved, products = size(explanation.bytes_moved), products_of(explanation.fma)
    yield f"{sweeps}, {passes}, {counted(explanation.operations, 'operation')}; {moved} moved, {products}"
    yield f"predicted {duration(explanation.predicted_seconds)}, planned in {duration(explanation.planning_seconds)}"
    measured, bandwidth, rate = (
        explanation.measured_seconds,
        explanation.bandwidth_bytes_per_second,
        explanation.fma_per_second,
    )
    if measured is not None and bandwidth is not None and rate is not None:
        fraction = percentage(explanation.fraction_of_bound)
        yield f"measured {duration(measured)}{fraction}: {bandwidth / 1e9:.3g} GB/s or {rate / 1e9:.3g} GFMA/s"
        if explanation.kernels:
            yield "of the time on blocks: " + "; ".join(
                f"{share.kernel} {100 * share.share:.0f} %{percentage(share.fraction_of_bound)}"
                for share in explanation.kernels
            )


def stage_lines(number: int, stage: ExplainedStage) -> Iterator[str]:
    """Yield the heading of a stage and what is known of it."""
    if stage.kind == "sweep":
        what = f"{counted(len(stage.operations), 'operation')} on hot qubits {ranges(stage.hot)}"
    elif stage.kind == "exchange":
        what = exchanged(stage)
    elif stage.kind in WHAT:
        what = WHAT[stage.kind].format(target=stage.target)
    else:
        what = ", ".join(label(operation) for operation in stage.operations)
    yield f"stage {number}, {stage.kind}: {what}"
    if stage.kind in TOUCHES_NO_STATE:
        return
    facts = [f"{counted(len(stage.active), 'qubit')} active before", f"{size(stage.bytes_moved)} moved"]
    facts += [] if stage.folded is None else [f"real, folded along qubit {stage.folded}"]
    facts += [products_of(stage.fma)] if stage.fma else []
    facts += [f"predicted {duration(stage.predicted_seconds)}"]
    if stage.measured_seconds is not None:
        facts += [f"measured {duration(stage.measured_seconds)}{percentage(stage.fraction_of_bound)}"]
    yield "  " + ", ".join(facts)
    if stage.reason:
        yield f"  {stage.reason}" + (f": {ranges(stage.missing)}" if stage.missing else "")


def exchanged(stage: ExplainedStage) -> str:
    """Say what ranks exchange, and what they send for it."""
    pairs = " ".join(f"{first}-{second}" for first, second in stage.swaps)
    sent = f"each rank sends {size(stage.bytes_moved // 2)}" if stage.bytes_moved else "no message is needed"
    return f"qubits change places {pairs}; {sent}"


def _pass_lines(passes: Sequence[ExplainedPass]) -> Iterator[str]:
    if not passes:
        return
    names, width = headings(passes), OPERATIONS_WIDTH
    width -= MEASURED_WIDTH if len(names) == len(HEADINGS) else 0
    yield _row(*names)
    for one in passes[:PASSES_SHOWN]:
        operations = fold_operations(one.operations, width)
        with_reason = f"{operations} - {one.reason}" if one.reason else operations
        fits = len(with_reason) <= width
        yield _row(one.kind, one.kernel, *numbers_of(one), with_reason if fits else operations)
        if not fits:
            yield _row(*[""] * (len(names) - 1), f"- {one.reason}")
    if rest := left_out(passes, PASSES_SHOWN, "pass"):
        yield f"  {rest}"


def left_out(parts: Sequence[ExplainedPass | ExplainedStage], shown: int, noun: str) -> str:
    """Say how many stages or passes of which kind come after those that are shown; empty if none."""
    kinds = Counter(part.kind for part in itertools.islice(parts, shown, None))
    listed = ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds))
    return f"and {counted(len(parts) - shown, f'more {noun}')}: {listed}" if kinds else ""


def headings(passes: Sequence[ExplainedPass]) -> Sequence[str]:
    """Return the names of the columns that a table of these passes has."""
    analysed = passes[0].measured_ns_per_amplitude is not None
    return [name for name in HEADINGS if analysed or name != "measured"]


def numbers_of(one: ExplainedPass) -> Iterator[str]:
    """Yield the numbers of a pass, as the headings say."""
    yield f"{one.ns_per_amplitude:.3f}"
    if one.measured_ns_per_amplitude is not None:
        yield f"{one.measured_ns_per_amplitude:.3f}" if one.measured_ns_per_amplitude > 0 else ""
    yield f"{one.fma_per_amplitude:.3g}"


def _row(kind: str, kernel: str, ns: str, *others: str) -> str:
    *measured, fma, operations = others
    columns = "".join(f"{number:>{MEASURED_WIDTH}}" for number in measured)
    return f"  {kind:<8}{kernel:<9}{ns:>7}{columns}{fma:>9}  {operations}".rstrip()


def fold_operations(operations: Sequence[ExplainedOperation], width: int) -> str:
    """Return the labels of the first operations and how many more there are, in `width` columns."""
    labels = [label(operation) for operation in operations[:width]]
    line, count = " ".join(labels), len(operations)
    if len(line) <= width and len(labels) == count:
        return line
    lengths = itertools.accumulate(len(text) + 1 for text in labels)
    room = width - len(f"and {count} more")
    shown = max(sum(length <= room for length in lengths), 1)
    return " ".join([*labels[:shown], f"and {count - shown} more" if shown < count else ""]).rstrip()


def label(operation: ExplainedOperation) -> str:
    """Return the name of an operation with its qubits, as in ``cx(0,1)``."""
    qubits = [str(qubit) for qubit in operation.qubits[:QUBITS_SHOWN]]
    further = len(operation.qubits) - len(qubits)
    part = "" if operation.part == "whole" else ":turn" if operation.part == "turn" else ":phase"
    return f"{operation.name}({','.join(qubits)}{f'+{further}' if further > 0 else ''}){part}"


def ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as in ``0-15 18 20``."""
    words = []
    for _, run in itertools.groupby(enumerate(sorted(numbers)), lambda item: item[1] - item[0]):
        first, *rest = (number for _, number in run)
        words.append(f"{first}-{rest[-1]}" if rest else str(first))
    return " ".join(words)


def products_of(fma: float) -> str:
    """Return a number of multiply-adds with its unit."""
    for unit, scale in (("FMA", 1.0), ("kFMA", 1e3), ("MFMA", 1e6), ("GFMA", 1e9)):
        if fma < 1000 * scale:
            return f"{fma / scale:.3g} {unit}"
    return f"{fma / 1e12:.3g} TFMA"


def whole_percent(fraction: float) -> str:
    """Return a part of the whole in percent, without digits that nobody needs."""
    return f"{100 * fraction:.0f} %" if fraction >= 0.01 else "<1 %"


def percentage(fraction: float | None) -> str:
    """Say how near to the bound something is, if that is known."""
    return "" if fraction is None else f", {100 * fraction:.0f} % of the bound"


def _fold(line: str) -> str:
    """Break a long line between words, indented further."""
    return "\n".join(textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_long_words=False)) or line


def _cut(name: str, width: int) -> str:
    flat = printable(name)
    return flat if len(flat) <= width else flat[: width - 3] + "..."
