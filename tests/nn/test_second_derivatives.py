"""Second derivatives at special points: formulas that fork there must meet to second order."""

import inspect

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn

FUNCTIONS = [
    name
    for name in dir(nn)
    if not name.startswith("_")
    and inspect.isroutine(inspect.unwrap(getattr(nn, name)))
    and name[0].islower()
]

SECOND = {
    "number": lambda f: f,
    "target 0": lambda f: lambda x: f(x, np.float64(0.0)),
    "target 1": lambda f: lambda x: f(x, np.float64(1.0)),
    "target 0.3": lambda f: lambda x: f(x, np.float64(0.3)),
}

ENOUGH = {"number": 20, "target 0": 8, "target 1": 8, "target 0.3": 8}


def slopes_around(slope, x):
    """The first derivative beside a point; None if the function takes other arguments."""
    try:
        return [float(slope(np.float64(x + h))) for h in (-1e-4, 0.0, 1e-4)]
    except (TypeError, ValueError, AttributeError, LookupError, fg.errors.FuncgradError):
        return None


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize("second", SECOND)
def test_as_differences_of_the_first(second):
    checked = set()
    for name in FUNCTIONS:
        slope = fg.grad(SECOND[second](getattr(nn, name)))
        for x in (0.0, 1.0, -1.0, 0.3, 3.0):
            around = slopes_around(slope, x)
            if around is None:
                break
            left, right = (around[1] - around[0]) / 1e-4, (around[2] - around[1]) / 1e-4
            if not abs(left - right) < 1e-2 * max(1.0, abs(left)) or abs(left) > 1e3:
                continue  # a kink or a jump
            checked.add(name)
            for outer in (fg.grad, fg.jacfwd):
                found = float(outer(slope)(np.float64(x)))
                assert abs(found - (left + right) / 2) < 1e-3 * max(1.0, abs(left)), (name, x)
    assert len(checked) >= ENOUGH[second], sorted(checked)
