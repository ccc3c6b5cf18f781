"""The calls of which the page of names is made: SciPy's values in every mode."""

import importlib

import pytest
from scipy_names.one_call import ONE_CALL
from surface.checks import Call, check_function

CALLS = [(module, name) for module, calls in ONE_CALL.items() for name in calls]


@pytest.mark.parametrize(("module", "name"), CALLS)
def test_call(module, name):
    made, args = ONE_CALL[module][name]
    ours, theirs = (importlib.import_module(f"{m}.{module}") for m in ("funcgrad.scipy", "scipy"))
    if name == "gaussian_filter1d":  # SciPy's takes a Python number
        reference = lambda x, s: theirs.gaussian_filter1d(x, float(s), radius=2)  # noqa: E731
    else:
        reference = made(theirs)
    case = Call(args, rtol=1e-9, vmap=name not in ("solve_ivp", "gaussian_filter1d"))
    check_function(made(ours), reference, case, "d")


@pytest.mark.parametrize("module", ONE_CALL)
def test_every_name_has_a_call(module):
    given = importlib.import_module(f"funcgrad.scipy.{module}")
    beside = {"OdeResult", "odeint", "Slerp", "METRICS"}
    left = set(given.__all__) - set(ONE_CALL[module]) - beside
    assert module == "fft" or not left
