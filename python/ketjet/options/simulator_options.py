"""The options of a run: one frozen dataclass whose fields carry their own documentation and check.

Backend and job ask only `SimulatorOptions.resolve`, which merges layers (backend defaults, then run arguments),
translates the spellings Aer users have in their scripts, and refuses what is misspelt. Nothing here imports Qiskit
unless there is something to complain about.
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from ketjet.base.fresh_seeds import fresh_seed
from ketjet.base.warnings import warn
from ketjet.options import aer, device
from ketjet.options.checks import Check, choice, executor, flag, folder, integer, number, ranks, switches, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOREIGN", "MAX_SHOTS", "SimulatorOptions"]


MAX_SHOTS = 1 << 62
"""The most the engine's 64-bit counters can split."""


FOREIGN = {**aer.MEANINGS, **device.MEANINGS}
"""Options that other backends have: what they mean here."""


def _option(default: Any, check: Check) -> Any:
    return field(default=default, metadata={"check": check})


@dataclass(frozen=True)
class SimulatorOptions:
    """Options of `Simulator` and `Simulator.run`; None always means the default.

    Raises
    ------
    OptionTypeError, InvalidOptionError
        If a value has the wrong type or is out of range.
    """

    shots: int = _option(1024, integer(1, MAX_SHOTS))
    """How many times the measurements are sampled. 10^9 is fine: counts cost no time per shot."""

    memory: bool = _option(False, flag)
    """Also return the outcome of every shot, in shot order."""

    seed_simulator: int | None = _option(None, integer(0))
    """Seed of everything random, of any size. None draws one; the seed used is recorded in the result."""

    precision: Literal["single", "double"] = _option("double", choice("single", "double"))
    """complex64 amplitudes (8 bytes) or complex128 (16 bytes)."""

    max_threads: int | None = _option(None, integer(1))
    """Most threads one circuit may use. None: every core this process is allowed, or OMP_NUM_THREADS if smaller."""

    max_memory_mb: float | None = _option(None, number())
    """Most memory, in MiB, that this backend's running circuits may hold. None: what the machine has free."""

    return_state: bool = _option(False, flag)
    """Put the final state into the result, as a NumPy array over all the circuit's qubits."""

    exact: bool = _option(False, flag)
    """Return the probabilities of all outcomes instead of drawing shots: ``result.get_probabilities()``."""

    exact_floor: float = _option(1e-12, number(zero=True, below=1))
    """An exact run does not follow branches that are less probable than this, for loops may branch without end. The
    metadata's ``exact["remainder"]`` is the probability of all that was left out."""

    max_iterations: int | None = _option(None, integer(1))
    """Most iterations of all loops of one shot; more are an `IterationLimitError`. None: any number."""

    time_limit: float | None = _option(None, number())
    """Most seconds that one circuit may run; more are a `TimeLimitError`. None: any time."""

    zero_threshold: float = _option(1e-10, number(zero=True))
    """Amplitudes and probabilities no larger than this are left out of the dictionaries that save instructions give."""

    executor: Any = _option(None, executor)  # noqa: RUF009 - a dataclass field all the same
    """Where the circuits run instead of ketjet's own worker threads: a concurrent.futures.Executor, a client of dask's,
    or a callable without arguments that makes either."""

    retries: int = _option(2, integer(0))
    """How often circuits are sent to the executor again that were lost with a worker. One that has broken by that is
    made anew if `executor` is a callable; else the rest fails."""

    control_dir: str | None = _option(None, folder)
    """A folder that this process and workers on other machines see, by which they hear of `cancel` and tell how far
    they are. Workers of dask, and processes of this machine, do so without."""

    detach: bool = _option(False, flag)
    """Run the job in a process of its own, which goes on when this one ends: ``Provider().job(job_id)`` finds it."""

    ranks: Any = _option(None, ranks)  # noqa: RUF009 - likewise
    """The `ketjet.ranks.Ranks` that share out states which are large enough, instead of this process alone."""

    results_dir: str | None = _option(None, folder)
    """A folder in which every result is kept as soon as it is there. A run takes what is there already of the same
    circuit, angles, seed and shots, and does the rest; it needs `seed_simulator`."""

    checkpoint: str | None = _option(None, folder)
    """A folder in which the job keeps what it has done, for itself alone. A run with the folder of the same circuits
    and options goes on from there, and so does `Simulator.resume`; of others it is a `CheckpointError`."""

    checkpoint_minutes: float = _option(30.0, number(zero=True))
    """The most minutes of work that are lost with a job that has a checkpoint, or is detached; 0 keeps all that can
    be kept."""

    cancel_on_interrupt: bool = _option(True, flag)
    """Whether Ctrl-C in ``job.result()`` also cancels the job."""

    verify: Literal["off", "fast", "full"] = _option("off", choice("off", "fast", "full"))
    """Whether a run checks itself: "fast" the order of operations, every matrix and the norm after each stage; "full"
    also each sweep, and the final state of up to 12 qubits, against the plain circuit. Metadata tell what was found."""

    isa: str = _option("", text)
    """Name of the instruction set to use. "": KETJET_ISA if set, else the best this CPU has."""

    plan_options: Mapping[str, bool] | None = _option(None, switches)
    """What the planner may do, by name (`ketjet.engine.PLAN_OPTIONS`); it may do all that is not set to False."""

    def __post_init__(self) -> None:
        for name, default, check in _checks():
            value = getattr(self, name)
            if value is not default:
                object.__setattr__(self, name, default if value is None else check(name, value))

    def drawn_seed(self) -> int:
        """Return the seed that was asked for, or a fresh one."""
        return fresh_seed() if self.seed_simulator is None else self.seed_simulator

    @classmethod
    def resolve(cls, *layers: Mapping[str, Any]) -> SimulatorOptions:
        """Merge option layers, later ones over earlier ones, into checked options.

        Parameters
        ----------
        layers
            Mappings from option name to value, those of other backends included. None is "not given".

        Raises
        ------
        UnknownOptionError
            If no option has a given name.
        OptionTypeError, InvalidOptionError
            If a value has the wrong type or is out of range.
        """
        merged: dict[str, Any] = {}
        in_vain: list[str] = []
        known = cls.__dataclass_fields__
        for layer in layers:
            planner: dict[str, bool] = {}
            for name, value in layer.items():
                if name in known:
                    if value is not None:
                        merged[name] = value
                elif name in FOREIGN:
                    if value is None:
                        continue
                    given = FOREIGN[name](name, value)
                    merged.update((key, new) for key, new in given.options.items() if new is not None)
                    planner.update(given.switches)
                    in_vain += [name] if given.in_vain else []
                else:
                    raise unknown_option(name)
            if planner:
                merged["plan_options"] = _with_switches(merged.get("plan_options"), planner, layer)
        if in_vain:
            warn(
                f"these options have no effect in ketjet, with the values given: {', '.join(in_vain)}. "
                "docs/from_aer.md says which have one."
            )
        resolved = cls.__new__(cls)  # the same as cls(**merged) in half the time
        values = resolved.__dict__
        for name, default, check in _checks():
            value = merged.get(name, default)
            values[name] = value if value is default else check(name, value)
        return resolved


@functools.cache
def _checks() -> tuple[tuple[str, Any, Check], ...]:
    """Name, default and check of every option."""
    return tuple((option.name, option.default, option.metadata["check"]) for option in fields(SimulatorOptions))


def _with_switches(present: Any, planner: Mapping[str, bool], layer: Mapping[str, Any]) -> dict[str, bool] | None:
    """Return plan_options as Aer's options change them; those that are given beside them win."""
    found = {} if present is None else switches("plan_options", present)
    explicit = found if layer.get("plan_options") is not None else {}
    for name, on in planner.items():
        if name not in explicit:
            found.pop(name, None)
            if not on:
                found[name] = False
    return found or None


def unknown_option(name: str) -> Exception:
    """Return the error of an option that neither ketjet has nor a backend that it stands in for."""
    from ketjet.errors import UnknownOptionError

    if device.belongs_to_transpile(name):
        return UnknownOptionError(f"unknown option {name!r}: it belongs to transpile().")
    known = [*(option.name for option in fields(SimulatorOptions)), "parameter_binds", "inputs", "initial_statevector"]
    close = difflib.get_close_matches(name, [*known, *aer.WITH_MEANING], n=1) or [
        other for other in known if other.startswith(name)
    ]
    hint = f"did you mean {close[0]!r}?" if close else f"the options are {', '.join(known)}."
    return UnknownOptionError(f"unknown option {name!r}: {hint}")
