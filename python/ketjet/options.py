"""The options of a run: one frozen dataclass whose fields carry their own documentation and check.

Backend and job ask only `SimulatorOptions.resolve`, which merges layers (backend defaults, then run arguments),
translates the spellings Aer users have in their scripts, and refuses what is misspelt. Besides the C++ dispatcher
this is the only place that reads environment variables. Nothing here imports Qiskit unless there is something to
complain about.
"""

from __future__ import annotations

import difflib
import functools
import math
import numbers
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

__all__ = ["SimulatorOptions", "allowed_threads", "warn"]

_Check = Callable[[str, Any], Any]


def _invalid(message: str) -> Exception:
    from ketjet.errors import InvalidOptionError

    return InvalidOptionError(message)


def _wrong_type(name: str, value: object, expected: str) -> Exception:
    from ketjet.errors import OptionTypeError

    return OptionTypeError(f"{name} must be {expected}, got {value!r} ({type(value).__name__}).")


def warn(message: str) -> None:
    """Issue a KetjetWarning that points at the first frame outside this package."""
    from ketjet.errors import KetjetWarning

    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "ketjet":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, KetjetWarning, stacklevel=level)


MAX_SHOTS = 1 << 62
"""The most the engine's 64-bit counters can split."""


def _integer(minimum: int, maximum: int | None = None) -> _Check:
    """Accept any integer type but bool (True is not a number of shots) in a range."""

    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise _wrong_type(name, value, "an integer")
        number = int(value)
        if number < minimum:
            raise _invalid(f"{name} must be at least {minimum}, got {value}.")
        if maximum is not None and number > maximum:
            raise _invalid(f"{name} must be at most {maximum}, got {value}.")
        return number

    return check


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _wrong_type(name, value, "a number")
    if not math.isfinite(value) or value <= 0:
        raise _invalid(f"{name} must be positive and finite, got {value}.")
    return float(value)


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:  # numpy's bool, without importing it
        return bool(value)
    raise _wrong_type(name, value, "True or False")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, value, "a string")
    return value


def _choice(*allowed: str) -> _Check:
    def check(name: str, value: Any) -> str:
        if _text(name, value) not in allowed:
            raise _invalid(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
        return str(value)

    return check


def _switches(name: str, value: Any) -> dict[str, bool]:
    if not isinstance(value, Mapping):
        raise _wrong_type(name, value, "a mapping from names to True or False")
    return {_text(f"a name in {name}", key): _flag(f"{name}[{key!r}]", on) for key, on in value.items()}


def _executor(name: str, value: Any) -> Any:
    if not callable(getattr(value, "submit", None)):
        raise _wrong_type(name, value, "a concurrent.futures.Executor")
    return value


def _option(default: Any, check: _Check) -> Any:
    return field(default=default, metadata={"check": check})


@dataclass(frozen=True)
class SimulatorOptions:
    """Options of `Simulator` and `Simulator.run`; None always means the default.

    Raises
    ------
    OptionTypeError, InvalidOptionError
        If a value has the wrong type or is out of range.
    """

    shots: int = _option(1024, _integer(1, MAX_SHOTS))
    """How many times the measurements are sampled. 10^9 is fine: counts cost no time per shot."""

    memory: bool = _option(False, _flag)
    """Also return the outcome of every shot, in shot order."""

    seed_simulator: int | None = _option(None, _integer(0))
    """Seed of everything random, of any size. None draws one; the seed used is recorded in the result."""

    precision: Literal["single", "double"] = _option("double", _choice("single", "double"))
    """complex64 or complex128 amplitudes."""

    max_threads: int | None = _option(None, _integer(1))
    """Most threads one circuit may use. None: every core this process is allowed, or OMP_NUM_THREADS if smaller."""

    max_memory_mb: float | None = _option(None, _number)
    """Most memory, in MiB, that this backend's running circuits may hold. None: what the machine has free."""

    return_state: bool = _option(False, _flag)
    """Put the final state into the result, as a NumPy array over all the circuit's qubits."""

    executor: Any = _option(None, _executor)  # noqa: RUF009 - a dataclass field all the same
    """A concurrent.futures.Executor to run the circuits on, instead of ketjet's own worker threads."""

    cancel_on_interrupt: bool = _option(True, _flag)
    """Whether Ctrl-C in ``job.result()`` also cancels the job."""

    verify: Literal["off", "fast", "full"] = _option("off", _choice("off", "fast", "full"))
    """Whether a run checks itself: "fast" the order of operations, every matrix and the norm after each stage; "full"
    also each sweep, and the final state of up to 12 qubits, against the plain circuit. Metadata tell what was found."""

    isa: str = _option("", _text)
    """Name of the instruction set to use. "": KETJET_ISA if set, else the best this CPU has."""

    plan_options: Mapping[str, bool] | None = _option(None, _switches)
    """What the planner may do, by name (`ketjet.engine.PLAN_OPTIONS`); it may do all that is not set to False."""

    def __post_init__(self) -> None:
        for name, default, check in _checks():
            value = getattr(self, name)
            if value is not default:
                object.__setattr__(self, name, default if value is None else check(name, value))

    @classmethod
    def resolve(cls, *layers: Mapping[str, Any]) -> SimulatorOptions:
        """Merge option layers, later ones over earlier ones, into checked options.

        Parameters
        ----------
        layers
            Mappings from option name to value, Aer's spellings included. None is "not given".

        Raises
        ------
        UnknownOptionError
            If no option has a given name.
        OptionTypeError, InvalidOptionError
            If a value has the wrong type or is out of range.
        """
        merged: dict[str, Any] = {}
        without_meaning: list[str] = []
        known = cls.__dataclass_fields__
        for layer in layers:
            for name, value in layer.items():
                if name in known:
                    if value is not None:
                        merged[name] = value
                elif name in _AER_SPELLINGS:
                    given = _AER_SPELLINGS[name](name, value)
                    merged.update((key, new) for key, new in given.items() if new is not None)
                elif name not in _AER_ONLY:
                    raise _unknown(name, cls)
                elif value is not None:
                    without_meaning.append(name)
        if without_meaning:
            warn(f"these Aer options have no meaning for ketjet and are ignored: {', '.join(without_meaning)}.")
        resolved = cls.__new__(cls)  # the same as cls(**merged) in half the time
        values = resolved.__dict__
        for name, default, check in _checks():
            value = merged.get(name, default)
            values[name] = value if value is default else check(name, value)
        return resolved


@functools.cache
def _checks() -> tuple[tuple[str, Any, _Check], ...]:
    """Name, default and check of every option."""
    return tuple((option.name, option.default, option.metadata["check"]) for option in fields(SimulatorOptions))


def _unknown(name: str, options: type[SimulatorOptions]) -> Exception:
    from ketjet.errors import UnknownOptionError

    known = [*(option.name for option in fields(options)), "parameter_binds", *_AER_SPELLINGS]
    close = difflib.get_close_matches(name, known, n=1) or [other for other in known if other.startswith(name)]
    hint = f"did you mean {close[0]!r}?" if close else f"the options are {', '.join(known)}."
    return UnknownOptionError(f"unknown option {name!r}: {hint}")


def _aer_threads(name: str, value: Any) -> dict[str, Any]:
    return {"max_threads": None if value is None else _integer(0)(name, value) or None}


def _aer_constant(*allowed: str) -> Callable[[str, Any], dict[str, Any]]:
    def translate(name: str, value: Any) -> dict[str, Any]:
        if value is not None:
            _choice(*allowed)(name, value)
        return {}

    return translate


def _aer_noise(name: str, value: Any) -> dict[str, Any]:
    if value is not None:
        raise _invalid(f"{name}: ketjet simulates without noise; leave the option out, or use qiskit-aer for this run.")
    return {}


_AER_SPELLINGS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "max_parallel_threads": _aer_threads,
    "method": _aer_constant("automatic", "statevector"),
    "device": _aer_constant("CPU"),
    "noise_model": _aer_noise,
}

_AER_ONLY = frozenset(
    """
    accept_distributed_results batched_shots_gpu batched_shots_gpu_max_qubits blocking_enable blocking_qubits
    chop_threshold chunk_swap_buffer_qubits cuStateVec_enable enable_truncation
    extended_stabilizer_approximation_error extended_stabilizer_metropolis_mixing_time
    extended_stabilizer_norm_estimation_repetitions extended_stabilizer_norm_estimation_samples
    extended_stabilizer_parallel_threshold extended_stabilizer_probabilities_snapshot_samples
    extended_stabilizer_sampling_method fusion_enable fusion_max_qubit fusion_parallelization_threshold
    fusion_threshold fusion_verbose matrix_product_state_max_bond_dimension
    matrix_product_state_truncation_threshold max_job_size max_parallel_experiments max_parallel_shots max_shot_size
    mps_lapack mps_log_data mps_omp_threads mps_parallel_threshold mps_sample_measure_algorithm mps_swap_direction
    num_threads_per_device runtime_parameter_bind_enable shot_branching_enable shot_branching_sampling_enable
    stabilizer_max_snapshot_probabilities statevector_parallel_threshold statevector_sample_measure_opt target_gpus
    tensor_network_num_sampling_qubits unitary_parallel_threshold use_cuTensorNet_autotuning validation_threshold
    zero_threshold
    """.split()  # noqa: SIM905 - readable as it is
)


def allowed_threads(max_threads: int | None, cores: int) -> int:
    """Return how many engine threads one circuit may use.

    Parameters
    ----------
    max_threads
        The option of that name.
    cores
        Cores that this process may run on.
    """
    limits = [max(cores, 1)]
    if max_threads is not None:
        limits.append(max_threads)
    text = os.environ.get("OMP_NUM_THREADS", "").strip()
    if text:
        first = text.split(",")[0].strip()  # a list gives one number per nesting level
        if first.isdecimal() and int(first) > 0:
            limits.append(int(first))
        else:
            warn(f"the environment variable OMP_NUM_THREADS is {text!r}, not a positive integer; it is ignored.")
    return min(limits)
