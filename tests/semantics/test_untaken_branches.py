"""Ten thousand random programs whose untaken branches are singular at the point.

The oracle is the complex step of the program as NumPy runs it: Im f(x + ih e) / h.
"""

from typing import NamedTuple

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp
from funcgrad.core.jaxpr import subjaxprs

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

LANES = 3
STEP = 1e-30
WEIGHTS = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])

SINGULAR = {  # singular at 0 or beyond, smooth at 0.5 to 2
    "sqrt": np.sqrt,
    "log": np.log,
    "reciprocal": lambda x: 1 / x,
    "power": lambda x: x**0.3,
    "negative power": lambda x: x**-1.5,
    "arccos": lambda x: np.arccos(1 - 0.3 * x),
    "arctanh": lambda x: np.arctanh(1 - 0.3 * x),
    "log1p": lambda x: np.log1p(x - 1),
    "exp of reciprocal": lambda x: np.exp(-1 / x),
    "quotient": lambda x: np.sin(x) / x,
    "log of sqrt": lambda x: np.log(np.sqrt(x)),
    "sqrt of square": lambda x: np.sqrt(x * x),
    "entropy": lambda x: x * np.log(x),
    "product with infinity": lambda x: (x - 1) * np.where(x.real == 0, np.inf, 1.0),
}
FINITE = ("sqrt", "power", "arccos", "sqrt of square")
"""Those of finite value at 0: a boolean times the others is NaN in value."""
NOT_A_NUMBER = ("quotient", "entropy")
"""Those whose value at 0 is NaN, which no bound clips."""

SMOOTH = {
    "line": lambda x: 2.0 * x - 1.0,
    "square": lambda x: x * x,
    "sine": lambda x: np.sin(3 * x + 1),
    "tanh": np.tanh,
    "exponential": lambda x: np.exp(-0.5 * x),
    "polynomial": lambda x: x**3 - 2 * x + 0.5,
}


def stacked(taken, bad, good):
    """One of two rows for each lane, picked by indices."""
    both = fnp.stack([good, bad])
    return both[taken.astype(int), np.arange(LANES)]


def looped(c, bad, good, x):
    """A loop of two turns whose carry is selected in each."""

    def body(carry, _):
        return np.where(c, carry + bad(x) / 2, carry + good(x) / 2), None

    return lax.scan(body, x * 0, None, length=2)[0]


SELECTS = {
    "where": lambda c, bad, good, x: np.where(c, bad(x), good(x)),
    "where, the other way": lambda c, bad, good, x: np.where(~c, good(x), bad(x)),
    "nested": lambda c, bad, good, x: np.where(
        c, np.where(c, bad(x), bad(x + 1)), np.where(c, bad(2 * x), good(x))
    ),
    "select": lambda c, bad, good, x: np.select([c, ~c], [bad(x), good(x)]),
    "guarded inside, too": lambda c, bad, good, x: np.where(c, bad(np.where(c, x, 0 * x)), good(x)),
    "guarded inside only": lambda c, bad, good, x: (
        np.where(c, bad(np.where(c, x, 1.0)), 0.0) + np.where(c, 0.0, good(x))
    ),
    "indices": lambda c, bad, good, x: stacked(c, bad(x), good(x)),
    "mask": lambda c, bad, good, x: np.where(c, 0.0, good(x)) + fnp.at(x * 0)[c].set(bad(x)[c]),
    "cond": lambda c, bad, good, x: fg.vmap(lambda c, x: lax.cond(c, bad, good, x))(c, x),
    "loop": looped,
    "maximum": lambda c, bad, good, x: np.maximum(
        np.where(c, bad(x), -np.inf), np.where(c, -np.inf, good(x))
    ),
}
BOOLEANS = {"boolean": lambda c, bad, good, x: c * bad(x) + ~c * good(x)}
CLIPS = {
    "clip": lambda c, bad, good, x: np.where(c, bad(x), np.clip(bad(x), 5.0, 5.0) * 0 + good(x))
}
ALL_SELECTS = {**SELECTS, **BOOLEANS, **CLIPS}

ENDS = {
    "sum": np.sum,
    "squares": lambda y: np.sum(y * y),
    "matrix": lambda y: np.sum(np.sin(WEIGHTS @ y)),
    "mean": lambda y: np.mean(y[::-1] * WEIGHTS[0]),
    "cumulative": lambda y: np.sum(np.cumsum(y) * WEIGHTS[1]),
    "transposed": lambda y: np.sum(np.outer(y, WEIGHTS[0]) ** 2),
}


class Program(NamedTuple):
    """A program by the names of its parts, and which lanes take the branch of ``bad``."""

    end: str
    select: str
    good: str
    bad: str
    taken: tuple
    x: tuple

    @property
    def point(self):
        return np.array(self.x)

    def __call__(self, x):
        parts = np.array(self.taken), SINGULAR[self.bad], SMOOTH[self.good], x
        return ENDS[self.end](ALL_SELECTS[self.select](*parts))

    def plain(self, x):
        """The same in a form that NumPy evaluates for complex x."""
        return self._replace(select="where")(x)


@st.composite
def programs(draw):
    bad = draw(st.sampled_from(sorted(SINGULAR)))
    known = {
        **SELECTS,
        **(BOOLEANS if bad in FINITE else {}),
        **({} if bad in NOT_A_NUMBER else CLIPS),
    }
    taken = draw(st.tuples(*[st.booleans()] * LANES))
    x = [draw(st.sampled_from([0.5, 0.75, 1.0, 1.6])) if t else 0.0 for t in taken]
    end, good, select = (draw(st.sampled_from(sorted(d))) for d in (ENDS, SMOOTH, known))
    return Program(end, select, good, bad, taken, tuple(x))


def complex_step(f, x):
    rows = [f(x + 1j * STEP * e).imag / STEP for e in np.eye(LANES)]
    return np.array(rows)


def hessian_by_differences(f, x):
    h = 1e-5
    return np.array(
        [(complex_step(f, x + h * e) - complex_step(f, x - h * e)) / (2 * h) for e in np.eye(LANES)]
    )


FIRST = {
    "grad": lambda f: fg.grad(f),
    "jit of grad": lambda f: fg.jit(fg.grad(f)),
    "grad of jit": lambda f: fg.grad(fg.jit(f)),
    "jacfwd": fg.jacfwd,
    "jit of jacfwd": lambda f: fg.jit(fg.jacfwd(f)),
    "vmap of grad": lambda f: lambda x: fg.vmap(fg.grad(f))(np.stack([x, x]))[1],
    "linearize": lambda f: lambda x: np.array([fg.linearize(f, x)[1](e) for e in np.eye(LANES)]),
    "grad of vmap": lambda f: fg.grad(lambda x: np.sum(fg.vmap(f)(fnp.stack([x, x])) / 2)),
}

SECOND = {
    "jvp of grad": lambda f: fg.jacfwd(fg.grad(f)),
    "grad of grad": lambda f: fg.jacrev(fg.grad(f)),
    "vjp of jvp": lambda f: fg.jacrev(fg.jacfwd(f)),
    "jvp of jvp": lambda f: fg.jacfwd(fg.jacfwd(f)),
    "jit of jvp of grad": lambda f: fg.jit(fg.jacfwd(fg.grad(f))),
}


@pytest.mark.parametrize("transformation", FIRST)
@settings(max_examples=examples(200), deadline=None)
@given(program=programs())
def test_first_derivative(transformation, program):
    expected = complex_step(program.plain, program.point)
    assert_allclose(FIRST[transformation](program)(program.point), expected, 1e-9, 1e-12)


@pytest.mark.parametrize("transformation", SECOND)
@settings(max_examples=examples(100), deadline=None)
@given(program=programs())
def test_second_derivative(transformation, program):
    expected = hessian_by_differences(program.plain, program.point)
    assert_allclose(SECOND[transformation](program)(program.point), expected, 1e-4, 1e-5)


def products(jaxpr):
    names = [e.primitive.name for e in jaxpr.eqns]
    strong = [e.params.get("strong") for e in jaxpr.eqns]
    found = [n for n in names if n == "mul_strong"] + [s for s in strong if s is not None]
    return found + [n for e in jaxpr.eqns for j in subjaxprs(e) for n in products(j)]


@pytest.mark.parametrize("derive", [fg.grad, fg.jacfwd, fg.jacrev, fg.hessian])
def test_no_strong_product_where_nothing_is_selected(derive):
    def f(x):
        y, _ = lax.scan(lambda c, _: (np.tanh(c * x), None), x, None, length=3)
        return np.sum(np.exp(WEIGHTS @ y) / (1 + np.sum(y) ** 2))

    assert products(fg.make_jaxpr(derive(f))(np.ones(LANES))) == []
    selected = derive(lambda x: np.sum(np.sqrt(np.where(x > 0, np.exp(x), 1.0)) * (x > 0)))
    assert products(fg.make_jaxpr(selected)(np.ones(LANES)))


INFINITE_SLOPE = ("sqrt", "log", "reciprocal", "power", "negative power", "arccos", "arctanh")


@pytest.mark.parametrize("transformation", ["grad", "jit of grad", "jacfwd", "linearize"])
@pytest.mark.parametrize("bad", INFINITE_SLOPE)
@pytest.mark.parametrize("select", SELECTS)
def test_what_a_taken_branch_gives_is_never_hidden(select, bad, transformation):
    program = Program("sum", select, "sine", bad, (True, False, True), (0.0, 0.0, 1.0))
    found = FIRST[transformation](program)(program.point)
    assert not np.isfinite(found[0])
    if "grad" in transformation:  # the others multiply the infinite slope by zeros of directions
        elsewhere = program._replace(taken=(False, False, True))
        assert_allclose(found[1:], complex_step(elsewhere.plain, program.point)[1:], 1e-9)
