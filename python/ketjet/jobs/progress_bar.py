"""The bar that `job.result(progress=True)` and `StateVector.evolve(progress=True)` draw."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from ketjet.base.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ketjet.jobs.progress import JobProgress

__all__ = ["ProgressBar", "label_of"]


class ProgressBar:
    """A tqdm bar that follows a job: on standard error if that is a terminal, or in a notebook.

    Parameters
    ----------
    label
        What stands before the bar.
    """

    def __init__(self, label: str) -> None:
        self._bar = _tqdm(total=100, desc=label, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}")

    def __enter__(self) -> ProgressBar:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: JobProgress) -> None:
        """Move the bar; it never moves back."""
        if self._bar is None:
            return
        self._bar.set_postfix_str(_beside_the_bar(progress), refresh=False)
        self._bar.n = max(self._bar.n, round(100 * progress.fraction))
        self._bar.refresh()


def label_of(header: Mapping[str, Any], total: int, counted: str) -> str:
    """Return what stands before the bar of a job, by its first circuit's header and how many there are of what."""
    return printable(header["name"]) if total == 1 else f"{total} {counted}"


def _beside_the_bar(progress: JobProgress) -> str:
    parts = [f"waiting for {', '.join(progress.waiting_for)}"] if progress.waiting_for else []
    if progress.circuits_total > 1:
        parts.append(f"{progress.circuits_done}/{progress.circuits_total} {progress.counted}")
    elif progress.stages_total:
        parts.append(f"stage {min(progress.stages_done + 1, progress.stages_total)}/{progress.stages_total}")
    if progress.eta:
        parts.append(f"{progress.eta:.1f} s to go")
    return ", ".join(parts)


def _tqdm(**settings: Any) -> Any:
    """Return a bar for where it will be seen: a widget if there are any, else text; None where nobody looks."""
    if "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm

        return tqdm(**settings)
    if "ipykernel" not in sys.modules and not sys.stderr.isatty():
        return None
    from tqdm.std import tqdm as text_bar

    return text_bar(**settings)
