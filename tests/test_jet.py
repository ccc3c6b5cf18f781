"""Taylor mode: derivatives of every operator are those of nested jvp, and of closed forms."""

import math

import laws
import numpy as np
import pytest
from effort import examples

import funcgrad as fg
from funcgrad import lax
from funcgrad.core.primitive import REGISTRY

ORDER = 3


def nested(f, order):
    """The value and the derivatives of a function of one number at 0."""
    out = [f(0.0)]
    for _ in range(order):

        def slope(s, f=f):
            return fg.jvp(f, (s,), (1.0,))[1]

        f = slope
        out.append(f(0.0))
    return out


def curve(x, terms):
    """The polynomial with these derivatives at 0."""
    return lambda s: x + sum(s**k / math.factorial(k) * t for k, t in enumerate(terms, 1))


def drawn(rng, x):
    t = 0.3 * rng.normal(size=np.shape(x))
    if np.iscomplexobj(x):
        t = t + 0.3j * rng.normal(size=np.shape(x))
    return np.asarray(t, np.asarray(x).dtype)[()]


def double(case):
    at = laws.inexact_positions(case.args)
    return bool(at) and all(np.asarray(case.args[i]).dtype.char in "dD" for i in at)


CASES = [
    (name, i)
    for name, prim in sorted(REGISTRY.items())
    if prim.cases is not None and not prim.nondifferentiable
    for i in [i for i, c in enumerate(laws.cases_of(prim)) if double(c)][: examples(2)]
]


@np.errstate(all="ignore")
@pytest.mark.parametrize(("name", "i"), CASES)
def test_operators(name, i):
    prim = REGISTRY[name]
    case = laws.cases_of(prim)[i]
    at = laws.inexact_positions(case.args)
    fun, xs = laws.function_of(prim, case, at), [case.args[i] for i in at]
    if not fun(*xs):
        return  # results are integers
    rng = np.random.default_rng(3)
    series = [[drawn(rng, x) for _ in range(ORDER)] for x in xs]
    curves = [curve(x, terms) for x, terms in zip(xs, series, strict=True)]
    expected = nested(lambda s: fun(*(c(s) for c in curves)), ORDER)
    values, found = fg.jet(fun, xs, series)
    for o, (value, terms) in enumerate(zip(values, found, strict=True)):
        for k, (got, want) in enumerate(zip([value, *terms], expected, strict=True)):
            assert np.asarray(got).dtype == np.asarray(value).dtype
            laws.close(got, want[o], 1e-7, f"derivative {k} of output {o}")


# --- elementary functions to a high order ---------------------------------------------------------

X = np.array([0.3, 0.7])


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.exp, lambda k: np.exp(X)),
        (np.log, lambda k: -math.factorial(k - 1) * (-1 / X) ** k),
        (np.sin, lambda k: np.sin(X + k * np.pi / 2)),
        (np.cosh, lambda k: np.sinh(X) if k % 2 else np.cosh(X)),
        (lambda x: 1 / x, lambda k: math.factorial(k) * (-1 / X) ** k / X),
        (lambda x: x**5, lambda k: np.prod(np.arange(5.0, 5 - k, -1)) * X ** max(5 - k, 0)),
        (np.sqrt, lambda k: np.prod(0.5 - np.arange(k)) * X ** (0.5 - k)),
        (lambda x: np.where(x > 0.5, x * x, np.exp(x)), None),
    ],
)
def test_high_orders(f, derivative):
    n = 8
    _, found = fg.jet(f, (X,), ([np.ones(2), *[np.zeros(2)] * (n - 1)],))
    for k, got in enumerate(found, 1):
        want = derivative(k) if derivative else [np.exp(X[0]), 2 * X[1] if k < 2 else 2.0 * (k < 3)]
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_coefficients_of_polynomials():
    value, found = fg.jet(np.exp, (0.0,), ([1.0, 0.0, 0.0],), factorial_scaled=False)
    np.testing.assert_allclose([value, *found], [1, 1, 1 / 2, 1 / 6])


# --- loops, branches and other transformations ----------------------------------------------------


def looped(x):
    return lax.scan(lambda c, a: (np.sin(c) * a, c), x[0], x)[0]


def until(x):
    return lax.while_loop(lambda c: c < 3.0, lambda c: c * (1.0 + x[1] * c), x[0])


def branched(x):
    return lax.cond(x[0] > 0, np.sin, np.cos, x[1] * x[0])


@fg.custom_jvp
def ruled(x):
    return np.sum(np.sin(x))


ruled.defjvps(lambda t, _, x: 10 * np.sum(np.cos(x) * t))

FUNCTIONS = {
    "jit": lambda x: fg.jit(lambda y: np.sum(y * np.exp(y)))(x),
    "scan": looped, "while_loop": until, "cond": branched, "custom_jvp": ruled,
    "checkpoint": fg.checkpoint(lambda x: np.sum(np.tanh(x) ** 2)),
    "grad inside": lambda x: np.sum(fg.grad(lambda y: np.sum(np.sin(y) ** 3))(x) * x),
    "vmap inside": lambda x: np.sum(fg.vmap(lambda a: np.exp(a) * x[0])(x)),
    "jet inside": lambda x: np.sum(fg.jet(np.sin, (x,), ([x, x],))[1][1]),
}  # fmt: skip
TERMS = [np.array([0.5, -0.2]), np.array([0.1, 0.4]), np.array([-0.3, 0.2])]


@pytest.mark.parametrize("label", FUNCTIONS)
def test_functions(label):
    f = FUNCTIONS[label]
    expected = nested(lambda s: f(curve(X, TERMS)(s)), ORDER)

    def derivatives(x):
        value, terms = fg.jet(f, (x,), (TERMS,))
        return np.stack([value, *terms])

    for wrap in (lambda h: h, fg.jit):
        np.testing.assert_allclose(wrap(derivatives)(X), expected, rtol=1e-9, atol=1e-9)
    rows = fg.vmap(derivatives)(np.stack([X, 0.5 * X]))
    np.testing.assert_allclose(rows[0], expected, rtol=1e-9, atol=1e-9)


def test_derivatives_of_jet():
    def third(x):
        return fg.jet(np.sin, (x,), ([1.0, 0.0, 0.0],))[1][2]

    np.testing.assert_allclose(fg.grad(third)(0.4), np.sin(0.4))
    np.testing.assert_allclose(fg.jvp(third, (0.4,), (1.0,))[1], np.sin(0.4))


def test_pytrees_and_what_does_not_move():
    def f(p, y):
        return {"sum": p["a"] * p["b"], "other": np.ones(2)}, y

    p, moves = {"a": 2.0, "b": X}, {"a": 1.0, "b": np.zeros(2)}
    (out, y), (terms, y_terms) = fg.jet(f, (p, 3.0), ([moves] * 2, [0.0, 0.0]))
    np.testing.assert_allclose(out["sum"], 2 * X)
    np.testing.assert_allclose(terms["sum"][0], X)
    np.testing.assert_allclose(terms["other"], np.zeros((2, 2)))
    assert (y, *y_terms) == (3.0, 0.0, 0.0)


WRONG = {
    "function": (lambda: fg.jet(3, (1.0,), ([1.0],)), TypeError, "jet"),
    "primals": (lambda: fg.jet(np.sin, 1.0, ([1.0],)), TypeError, "primals"),
    "count": (lambda: fg.jet(np.sin, (1.0,), ()), ValueError, "0 series for 1 primals"),
    "orders": (lambda: fg.jet(np.add, (1.0, 1.0), ([1.0], [1.0, 2.0])), ValueError, r"\[1, 2\]"),
    "terms": (lambda: fg.jet(np.sin, (1.0,), (1.0,)), TypeError, r"series\[0\]"),
    "shape": (lambda: fg.jet(np.sin, (X,), ([1.0],)), ValueError, r"series\[0\]\[0\]"),
    "integer": (lambda: fg.jet(np.sin, (np.arange(3),), ([np.ones(3)],)), TypeError, "float"),
}


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call()
