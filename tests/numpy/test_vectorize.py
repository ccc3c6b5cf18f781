"""Functions of elements as functions that broadcast: vectorize and frompyfunc."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from surface.arrays import COLUMN, CUBE, INTS, ROW, SCALAR, SQUARE, VECTOR, X, Y

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.errors import ConcretizationError, ShapeError

pytestmark = pytest.mark.usefixtures("by_numpy")


def clipped(x, y=0.5, scale=1.0):
    return scale * np.where(x > y, x - y, np.sin(x) * y)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((X,), {}),
        ((X, ROW), {}),
        ((COLUMN, ROW), {"scale": COLUMN}),
        ((SCALAR, 2.0), {}),
        ((CUBE, CUBE[:1, :, :1]), {}),
        ((VECTOR[:, None, None], X), {"scale": 2}),
        ((np.ones((1, 3)), np.ones((2, 1))), {}),
        (([1.0, 2.0], 1), {}),
    ],
)
def test_elements(args, kwargs):
    expected = np.vectorize(clipped, otypes="d")(*args, **kwargs)
    ours = fnp.vectorize(clipped)
    assert_allclose(ours(*args, **kwargs), expected, rtol=1e-15, strict=np.ndim(expected) > 0)
    assert_allclose(fg.jit(ours)(*args, **kwargs), expected, rtol=1e-14)
    if not isinstance(args[0], list):
        many = fg.vmap(lambda *a: ours(*a, **kwargs), in_axes=(0, *(None,) * (len(args) - 1)))
        assert_allclose(many(np.stack([args[0]] * 2), *args[1:])[1], expected, rtol=1e-14)


def test_types_are_those_of_the_function():
    assert fnp.vectorize(lambda i: i + 1)(INTS).dtype == np.int64
    assert fnp.vectorize(lambda i: i / 2)(INTS).dtype == np.float64
    both = fnp.vectorize(lambda x: (x, x > 0), otypes=[np.float32, int])(X)
    assert [y.dtype for y in both] == [np.float32, np.int64]
    assert fnp.vectorize(np.sin)(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("signature", "fun", "args"),
    [
        ("(n),(n)->()", np.dot, (X, ROW)),
        ("(m,n),(n)->(m)", np.dot, (np.stack([SQUARE, SQUARE.T])[:, None], X)),
        ("(m, n) -> (n, m)", np.transpose, (CUBE,)),
        ("(n)->(n),()", lambda v: (v - v.mean(), v.max()), (CUBE,)),
        ("(),(n)->(n)", lambda a, v: a * v, (COLUMN, X)),
        ("(n)->(m)", lambda v: v[1:], (X,)),
        ("(3)->()", np.sum, (X,)),
        ("()->()", np.sin, (X,)),
    ],
)
def test_signatures(signature, fun, args):
    ours = fnp.vectorize(fun, signature=signature)
    numpys = signature.replace("(3)", "(n)")
    expected = np.vectorize(fun, signature=numpys)(*args)
    for got in (ours(*args), fg.jit(ours)(*args)):
        parts = (
            zip(got, expected, strict=True) if isinstance(expected, tuple) else [(got, expected)]
        )
        for g, e in parts:
            assert_allclose(g, e, rtol=1e-13, strict=True)


def test_derivatives():
    f = fnp.vectorize(clipped)
    by_hand = fg.grad(lambda x, y: np.sum(clipped(x, y) ** 2), (0, 1))(X, ROW)
    for g, e in zip(
        fg.grad(lambda x, y: np.sum(f(x, y) ** 2), (0, 1))(X, ROW), by_hand, strict=True
    ):
        assert_allclose(g, e, rtol=1e-13)
    slope = fnp.vectorize(fg.grad(lambda x, y: x * x * y))
    assert_allclose(slope(X, ROW), 2 * X * ROW, rtol=1e-15)


def test_what_is_excluded_is_passed_on():
    seen = []

    def poly(p, x, name):
        seen.append((np.shape(p), name))
        return np.polyval(p, x)

    ours = fnp.vectorize(poly, excluded={0, "name"})
    assert_allclose(ours([1.0, 2.0, 3.0], X, name="a"), np.polyval([1, 2, 3], X), rtol=1e-15)
    assert seen == [((3,), "a")]


def test_as_decorators():
    @fnp.vectorize
    def double(x):
        """Twice x."""
        return 2 * x

    @fnp.vectorize(signature="(n)->()", doc="The sum.")
    def total(v):
        return np.sum(v)

    @partial(fnp.vectorize, excluded=(1,))
    def power(x, n):
        return x**n

    assert_array_equal(double(X), 2 * X)
    assert_array_equal(total(X), X.sum(1))
    assert_array_equal(power(X, 2), X**2)
    assert (double.__name__, double.__doc__) == ("double", "Twice x.")
    assert total.__doc__ == "The sum."
    assert_array_equal(pickle.loads(pickle.dumps(fnp.vectorize(np.sin)))(X), np.sin(X))


WRONG = {
    "no signature": (lambda: fnp.vectorize(np.dot, signature="(n,(n)->"), ValueError, "looks like"),
    "no function": (lambda: fnp.vectorize(3), TypeError, "pyfunc"),
    "sizes differ": (
        lambda: fnp.vectorize(np.dot, signature="(n),(n)->()")(X, VECTOR),
        ShapeError,
        "argument 1 has n=5, but n is 3",
    ),
    "too few axes": (
        lambda: fnp.vectorize(np.dot, signature="(m,n),(n)->()")(ROW, ROW),
        ShapeError,
        r"argument 0 of shape \(3,\) needs the axes \(m,n\)",
    ),
    "number of arguments": (
        lambda: fnp.vectorize(np.dot, signature="(n),(n)->()")(ROW),
        TypeError,
        "for 2 arguments, got 1",
    ),
    "number of results": (
        lambda: fnp.vectorize(np.sin, signature="()->(),()")(ROW),
        TypeError,
        "for 2 results, got 1",
    ),
    "axes of a result": (
        lambda: fnp.vectorize(np.sin, signature="(n)->()")(X),
        TypeError,
        r"result 0 of shape \(3,\)",
    ),
    "otypes": (lambda: fnp.vectorize(np.sin, otypes="dd")(X), ValueError, "2 types for 1 results"),
    "broadcast": (lambda: fnp.vectorize(np.add)(X, VECTOR), ValueError, "broadcast"),
    "branch on a value": (
        lambda: fnp.vectorize(lambda x: x if x > 0 else -x)(X),
        ConcretizationError,
        "fnp.where",
    ),
    "operands of a ufunc": (
        lambda: fnp.frompyfunc(np.add, 2, 1)(X),
        TypeError,
        "takes 2 operands, got 1",
    ),
    "results of a ufunc": (
        lambda: fnp.frompyfunc(np.sin, 1, 2)(X),
        TypeError,
        "is to have 2 results, got 1",
    ),
    "reduce with one operand": (
        lambda: fnp.frompyfunc(np.sin, 1, 1).reduce(X),
        ValueError,
        "of two operands",
    ),
    "reduce nothing": (
        lambda: fnp.frompyfunc(np.add, 2, 1).reduce(X[:0]),
        ValueError,
        "no elements",
    ),
    "where without a start": (
        lambda: fnp.frompyfunc(np.add, 2, 1).reduce(X, where=X > 0),
        ValueError,
        "needs initial=",
    ),
    "nin": (lambda: fnp.frompyfunc(np.add, -1, 1), ValueError, "nin must be"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_calls(what):
    run, error, message = WRONG[what]
    with pytest.raises(error, match=message):
        run()


PLUS = fnp.frompyfunc(lambda x, y: x + y, 2, 1, identity=0)
LESS = fnp.frompyfunc(lambda x, y: x - y, 2, 1)


def methods(u, plain):
    """Calls of a universal function, and NumPy's results."""
    return {
        "call": (lambda x: u(x, ROW), plain(X, ROW)),
        "where": (lambda x: u(x, ROW, where=X > 0), np.where(X > 0, plain(X, ROW), 0)),
        "outer": (lambda x: u.outer(x, ROW), plain.outer(X, ROW)),
        "reduce": (lambda x: u.reduce(x), plain.reduce(X)),
        "reduce 1": (lambda x: u.reduce(x, 1, keepdims=True), plain.reduce(X, 1, keepdims=True)),
        "reduce from": (lambda x: u.reduce(x, initial=2.0), plain.reduce(X, initial=2.0)),
        "reduce dtype": (
            lambda x: u.reduce(x, dtype=np.complex128),
            plain.reduce(X, dtype=np.complex128),
        ),
        "accumulate": (lambda x: u.accumulate(x), plain.accumulate(X)),
        "accumulate 1": (lambda x: u.accumulate(x, 1), plain.accumulate(X, 1)),
        "reduceat": (lambda x: u.reduceat(x, [0, 2, 1], 1), plain.reduceat(X, [0, 2, 1], 1)),
        "at": (lambda x: u.at(x, ([0, 0], [1, 1]), Y[:, 0]), changed(plain)),
    }


def changed(plain):
    out = X.copy()
    plain.at(out, ([0, 0], [1, 1]), Y[:, 0])
    return out


CALLS = [(u, plain, m) for u, plain in ((PLUS, np.add), (LESS, np.subtract))
         for m in methods(u, plain)]  # fmt: skip


@pytest.mark.parametrize(("u", "plain", "method"), CALLS)
def test_methods_of_universal_functions(u, plain, method):
    fun, expected = methods(u, plain)[method]
    assert_allclose(fun(X), expected, rtol=1e-15, strict=np.ndim(expected) > 0)
    assert_allclose(fg.jit(fun)(X), expected, rtol=1e-15)
    ones = np.ones_like(np.asarray(expected))
    step = 1e-6 * np.cos(X)
    moved = (fun(X + step) - fun(X - step)) / 2e-6
    cotangent = fg.vjp(fun, X)[1](ones[()])[0]
    assert_allclose(np.sum(cotangent * np.cos(X)), np.sum(moved), atol=1e-8)


def test_reductions_over_axes_masks_and_nothing():
    assert_allclose(PLUS.reduce(CUBE, (0, 2)), CUBE.sum((0, 2)), rtol=1e-13)
    assert_allclose(PLUS.reduce(CUBE, None), CUBE.sum(), rtol=1e-13)
    assert_allclose(PLUS.reduce(X, where=X > 0), np.sum(X, 0, where=X > 0), rtol=1e-15)
    assert_array_equal(PLUS.reduce(X[:0]), np.zeros(3))
    assert PLUS.accumulate(X[:0]).shape == (0, 3)
    twice = fnp.frompyfunc(lambda x: (x, 2 * x), 1, 2)
    assert_array_equal(twice(X)[1], 2 * X)
    assert_array_equal(fnp.frompyfunc(np.negative, 1, 1).at(ROW, [0, 2]), ROW * [-1, 1, -1])


def test_the_class_of_universal_functions():
    assert isinstance(PLUS, fnp.ufunc)
    assert isinstance(np.add, fnp.ufunc)
    assert not isinstance(np.sum, fnp.ufunc)
    assert (PLUS.nin, PLUS.nout, PLUS.nargs, PLUS.identity) == (2, 1, 3, 0)
    assert repr(fnp.frompyfunc(np.add, 2, 1)) == "<ufunc 'add' of funcgrad>"


def test_none_is_passed_on():
    f = fnp.vectorize(lambda x, y: x if y is None else x + y)
    np.testing.assert_array_equal(f(np.ones(2), None), np.ones(2))
    np.testing.assert_array_equal(fg.jit(lambda x: f(x, None))(np.ones(2)), np.ones(2))
