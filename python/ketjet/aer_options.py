"""The options of qiskit-aer's simulator that are not ketjet's own: what they mean here, if anything.

A value that asks for what ketjet does anyway is accepted in silence. Whatever else has no effect is told to the user,
once for all of a call; docs/from_aer.md has the whole table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.option_checks import choice, flag, integer, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["KNOWN", "Translation", "translate"]


class Translation(NamedTuple):
    """What one option of Aer means here."""

    options: Mapping[str, Any]
    """Options of ketjet with their values."""
    switches: Mapping[str, bool]
    """What the planner may do, by name."""
    in_vain: bool
    """Whether it asks for something that does not exist here."""


NOTHING = Translation({}, {}, in_vain=False)
IN_VAIN = Translation({}, {}, in_vain=True)


def _threads(name: str, value: Any) -> Translation:
    return NOTHING._replace(options={"max_threads": integer(0)(name, value) or None})


def _constant(*allowed: str) -> Callable[[str, Any], Translation]:
    def check(name: str, value: Any) -> Translation:
        choice(*allowed)(name, value)
        return NOTHING

    return check


def _noise(name: str, _: Any) -> Translation:
    raise invalid(f"{name}: ketjet simulates without noise; leave the option out, or use qiskit-aer for this run.")


def _planner(*switches: str) -> Callable[[str, Any], Translation]:
    def switch(name: str, value: Any) -> Translation:
        return NOTHING._replace(switches=dict.fromkeys(switches, flag(name, value)))

    return switch


def _always(*values: Any) -> Callable[[str, Any], Translation]:
    """Return a check of an option for which ketjet always does what one of these values asks for."""

    def check(_: str, value: Any) -> Translation:
        return NOTHING if value in values else IN_VAIN

    return check


_MEANINGS: dict[str, Callable[[str, Any], Translation]] = {
    "max_parallel_threads": _threads,
    "method": _constant("automatic", "statevector"),
    "device": _constant("CPU"),
    "noise_model": _noise,
    "fusion_enable": _planner("merge_dense", "merge_passes"),
    "enable_truncation": _planner("prune"),
    "fusion_verbose": _always(False),
    "shot_branching_enable": _always(True),
    "shot_branching_sampling_enable": _always(True),
    "runtime_parameter_bind_enable": _always(True),
    "max_parallel_experiments": _always(0),
    "max_parallel_shots": _always(0),
    "max_job_size": _always(1),
    "blocking_enable": _always(False),
    "batched_shots_gpu": _always(False),
    "cuStateVec_enable": _always(False),
    "accept_distributed_results": _always(False),
}

_WITHOUT_MEANING = frozenset(
    """
    batched_shots_gpu_max_qubits blocking_qubits chop_threshold chunk_swap_buffer_qubits
    extended_stabilizer_approximation_error extended_stabilizer_metropolis_mixing_time
    extended_stabilizer_norm_estimation_repetitions extended_stabilizer_norm_estimation_samples
    extended_stabilizer_parallel_threshold extended_stabilizer_probabilities_snapshot_samples
    extended_stabilizer_sampling_method fusion_max_qubit fusion_parallelization_threshold fusion_threshold
    matrix_product_state_max_bond_dimension matrix_product_state_truncation_threshold max_shot_size mps_lapack
    mps_log_data mps_omp_threads mps_parallel_threshold mps_sample_measure_algorithm mps_swap_direction
    num_threads_per_device stabilizer_max_snapshot_probabilities statevector_parallel_threshold
    statevector_sample_measure_opt target_gpus tensor_network_num_sampling_qubits unitary_parallel_threshold
    use_cuTensorNet_autotuning validation_threshold
    """.split()  # noqa: SIM905 - readable as it is
)

KNOWN = frozenset(_MEANINGS) | _WITHOUT_MEANING
"""All options that are known here."""


def translate(name: str, value: Any) -> Translation:
    """Return what an option in `KNOWN` means here; None means nothing, as in Aer.

    Raises
    ------
    OptionTypeError, InvalidOptionError
        If the value has the wrong type, or asks for what only Aer can do.
    """
    if value is None:
        return NOTHING
    return _MEANINGS[name](name, value) if name in _MEANINGS else IN_VAIN
