"""Options of the primitives: Aer's shape, checks when they are set, and who wins."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

from ketjet.errors import InvalidOptionError, KetjetWarning, OptionTypeError, UnknownOptionError
from ketjet.primitives.options import EstimatorOptions, SamplerOptions

BOTH = pytest.mark.parametrize("kind", [SamplerOptions, EstimatorOptions])


@BOTH
def test_defaults_and_their_looks(kind):
    options = kind()
    assert options.backend_options == options.run_options == {}
    assert options == kind()
    assert options != kind(run_options={"seed_simulator": 1})
    assert repr(options).startswith(f"{kind.__name__}(default_")


def test_own_defaults():
    assert SamplerOptions().default_shots == 1024
    assert SamplerOptions(default_shots=np.int64(3)).default_shots == 3
    assert EstimatorOptions().default_precision == 0
    assert EstimatorOptions(default_precision=0.5).default_precision == 0.5


@BOTH
def test_an_option_of_a_run_may_be_set_by_its_name(kind):
    options = kind(seed_simulator=5)
    assert options.run_options == {"seed_simulator": 5}
    options.seed_simulator = 7
    assert options.seed_simulator == 7
    assert options.precision is None
    options.run_options["max_threads"] = 1
    assert options.of_run() == {"seed_simulator": 7, "max_threads": 1}


@BOTH
def test_given_mappings_are_copied(kind):
    given = {"seed_simulator": 1}
    options = kind(run_options=given)
    given["seed_simulator"] = 2
    assert options.run_options == {"seed_simulator": 1}


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        (SamplerOptions, {"default_shot": 1}, UnknownOptionError, "did you mean 'default_shots'"),
        (SamplerOptions, {"run_option": {}}, UnknownOptionError, "did you mean 'run_options'"),
        (SamplerOptions, {"default_precision": 0.1}, UnknownOptionError, "unknown option 'default_precision'"),
        (SamplerOptions, {"zzz": 1}, UnknownOptionError, "the options are default_shots, backend_options, run_options"),
        (EstimatorOptions, {"default_shots": 1}, UnknownOptionError, "unknown option 'default_shots'"),
        (SamplerOptions, {"run_options": {"sed_simulator": 1}}, UnknownOptionError, "did you mean 'seed_simulator'"),
        (SamplerOptions, {"run_options": {"seed_simulator": -1}}, InvalidOptionError, "must be at least 0"),
        (SamplerOptions, {"run_options": {"inputs": {}}}, InvalidOptionError, "inputs belongs to a circuit"),
        (SamplerOptions, {"initial_statevector": [1, 0]}, InvalidOptionError, "make it a part of the circuit"),
        (SamplerOptions, {"seed_simulator": "x"}, OptionTypeError, "seed_simulator must be an integer"),
        (SamplerOptions, {"run_options": 3}, OptionTypeError, "run_options must be a mapping"),
        (SamplerOptions, {"backend_options": [1]}, OptionTypeError, "backend_options must be a mapping"),
        (SamplerOptions, {"default_shots": 0}, InvalidOptionError, "default_shots must be at least 1"),
        (SamplerOptions, {"default_shots": True}, OptionTypeError, "default_shots must be an integer"),
        (EstimatorOptions, {"default_precision": -1}, InvalidOptionError, "default_precision must be at least 0"),
        (EstimatorOptions, {"default_precision": float("nan")}, InvalidOptionError, "default_precision"),
        (EstimatorOptions, {"default_precision": True}, OptionTypeError, "default_precision must be a number"),
    ],
)  # fmt: skip
def test_mistakes(kind, options, error, message):
    with pytest.raises(error, match=message):
        kind(**options)
    made = kind()
    for name, value in options.items():
        with pytest.raises(error, match=message):
            setattr(made, name, value)
    assert made == kind()


def test_a_mistake_that_is_made_in_the_dictionary_is_found_by_the_run():
    options = SamplerOptions()
    options.run_options["sed_simulator"] = 1
    with pytest.raises(UnknownOptionError, match="did you mean 'seed_simulator'"):
        options.of_run()


def test_what_the_primitive_sets_itself_is_left_out_with_one_warning():
    with pytest.warns(KetjetWarning, match="memory, shots are left out") as told:
        options = SamplerOptions(run_options={"shots": 5, "memory": True, "seed_simulator": 1})
    assert len(told) == 1
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert options.of_run() == options.of_run() == {"seed_simulator": 1}


def test_options_that_have_no_such_name_have_no_such_attribute():
    assert not hasattr(SamplerOptions(), "default_precision")
    with pytest.raises(TypeError):
        hash(SamplerOptions())


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, lambda options: pickle.loads(pickle.dumps(options))])
def test_copies(copier):
    options = SamplerOptions(default_shots=7, seed_simulator=3)
    assert copier(options) == options
