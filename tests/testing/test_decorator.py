"""check_derivatives on functions and on tests."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from hypothesis import strategies as st

import funcgrad as fg
from funcgrad.testing import (
    DerivativeCheck,
    GradientCheckError,
    active_profile,
    check_derivatives,
)
from funcgrad.testing import strategies as fst


@fg.custom_jvp
def halved(x):
    return x * 0.5


halved.defjvp(lambda primals, tangents: (primals[0] * 0.5, tangents[0] * 0.4))


@check_derivatives(domain=(-5, 5), order=1)
def softplus(x):
    """The logarithm of 1 + exp(x)."""
    return np.log1p(np.exp(x))


def test_a_decorated_function_stays_as_it_was():
    assert softplus(0.0) == np.log(2.0)
    assert softplus.__name__ == "softplus"
    assert softplus.__doc__.startswith("The logarithm")
    settings = softplus.__derivative_check__
    assert settings == DerivativeCheck(domain=(-5, 5), order=1)
    assert (settings.shapes, settings.args, settings.max_examples) == (None, None, None)
    assert settings.modes == ("fwd", "rev")


def test_a_decorated_function_checks_itself():
    with active_profile("quick"):
        report = softplus.check_derivatives()
    assert (report.passed, report.order, report.rejected) == (5, 1, 0)
    report = softplus.check_derivatives(order=2, modes="lin", max_examples=2)
    assert (report.passed, report.order, report.modes) == (2, 2, ("lin",))


def product(x, w):
    return np.sum(x) * np.sum(w)


def shapes_seen(**settings):
    """Shapes of the arguments that a decorated function of two is called with.

    Between two calls that are compared, it is called with twice as many rows: those are left out.
    """
    seen = set()

    @check_derivatives(order=1, max_examples=8, **settings)
    def watched(x, w):
        seen.add((np.shape(x), np.shape(w)))
        return product(x, w)

    assert watched.check_derivatives().passed == 8
    twice = {tuple((2 * s[0], *s[1:]) if s else s for s in pair) for pair in seen}
    return seen - twice or seen


def test_shapes_of_arguments():
    assert all(a[-len(b) :] == b or a == b for a, b in shapes_seen(shapes=["n", "n"]))
    assert all(a[-2:] == (2, 3) for a, _ in shapes_seen(shapes=[(2, 3), 3]))
    assert all(b[-1] == 4 for _, b in shapes_seen(shapes={"w": st.just((4,))}))
    assert all((a[-1], b[-1]) == (2, 3) for a, b in shapes_seen(args=("2", fst.spec("3"))))
    assert all(b[-1] == 5 for _, b in shapes_seen(args={"w": fst.arrays((5,))}))
    assert len({a[-1:] for a, _ in shapes_seen()}) > 1


def test_domains_of_arguments():
    both = DerivativeCheck(shapes=["n"], domain="positive").described(product)
    assert {name: spec.domain for name, spec in both.items()} == {"x": fst.positive}
    listed = DerivativeCheck(domain=["positive", (1, 2)]).described(product)
    assert (listed["x"].domain, listed["w"].domain) == (fst.positive, fst.interval(1, 2))
    assert listed["x"].dims == listed["w"].dims
    mapped = DerivativeCheck(domain={"w": "unit_interval"}, shapes={"w": 3}).described(product)
    assert {name: spec.domain for name, spec in mapped.items()} == {"w": fst.unit_interval}


def test_wrong_derivatives_of_a_decorated_function():
    @check_derivatives(shapes=["n"])
    def f(x):
        return halved(x)

    with pytest.raises(GradientCheckError, match=r"args = \(np.array\(\[0.0\]\),\)"):
        f.check_derivatives()


@check_derivatives(order=1, max_examples=3)
def test_annotated(x: Annotated[np.ndarray, "n m"], w: Annotated[np.ndarray, "m"]):
    return np.tanh(x @ w)


@check_derivatives
def test_without_parentheses(x):
    return np.arctan(x)


def test_a_test_without_parameters_that_can_fail():
    @check_derivatives(shapes=["n"])
    def test_of_halved(x):
        return halved(x)

    with pytest.raises(GradientCheckError, match=r"test_of_halved \(test_decorator.py"):
        test_of_halved()
    assert test_of_halved.__derivative_check__.shapes == ["n"]
    assert test_annotated() is None


FILE = """
import numpy as np
import pytest
from funcgrad.testing import check_derivatives

@pytest.mark.filterwarnings("error")
@check_derivatives(domain="positive", shapes=[(3,)], max_examples=2)
def test_right(x):
    return np.log(x)

@check_derivatives(max_examples=2, shapes=["n"])
def test_wrong(x):
    return np.linalg.inv(x)
"""


def test_pytest_runs_decorated_tests(tmp_path):
    path = tmp_path / "test_generated.py"
    path.write_text(FILE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(fg.__file__).parents[1])}
    run = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert "1 failed, 1 passed" in run.stdout, run.stdout
    assert "are outside the domain of test_wrong" in run.stdout


def test_wrong_settings_are_refused_at_once():
    with pytest.raises(ValueError, match="order must be at least 1"):
        check_derivatives(order=0)
    with pytest.raises(ValueError, match="unknown mode 'up'"):
        check_derivatives(modes="up")
    with pytest.raises(TypeError, match=r"for one argument x write \(x,\)"):
        check_derivatives(args=np.ones(3))
    with pytest.raises(TypeError, match="shapes must be a list with one entry"):
        check_derivatives(shapes="n")(np.sum)
    with pytest.raises(ValueError, match=r"shapes has 2 entries, and softplus .* has 1 parameters"):
        check_derivatives(shapes=[(), ()])(softplus)
    with pytest.raises(ValueError, match="has no parameter 'y'"):
        check_derivatives(shapes={"y": ()})(softplus)


def test_methods_are_refused():
    with pytest.raises(TypeError, match="is a method"):

        class Layer:
            @check_derivatives
            def test_scale(self, x):
                return 2 * x
