"""A traced value in any argument that numbers go to, beside plain arrays."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
import funcgrad.numpy as fnp

X = np.array([0.3, -1.2, 2.1, 0.7, -0.4, 1.6])
M = np.array([[0.2, 1.1, -0.7], [0.9, -0.3, 1.4]])
HOLES = np.array([np.nan, 1.0, -np.inf, np.inf])

CALLS = {
    "sum initial": lambda c: fnp.sum(X, initial=c),
    "sum where": lambda c: fnp.sum(M, where=c > M),
    "prod initial": lambda c: fnp.prod(X, initial=c),
    "max initial": lambda c: fnp.max(X, initial=10 * c),
    "min initial": lambda c: fnp.min(X, initial=-10 * c),
    "amax initial": lambda c: fnp.amax(M, axis=0, initial=c),
    "any where": lambda c: c * fnp.any(M > 1, where=c > M),
    "mean where": lambda c: c * fnp.mean(M, where=c > M),
    "nansum initial": lambda c: fnp.nansum(HOLES[:2], initial=c),
    "nanmax initial": lambda c: fnp.nanmax(HOLES[:2], initial=3 * c),
    "nan_to_num": lambda c: fnp.nan_to_num(HOLES, nan=c, posinf=2 * c, neginf=-c),
    "select": lambda c: fnp.select([X > 0], [X], c),
    "unwrap": lambda c: fnp.unwrap(3 * X, period=c),
    "interp left": lambda c: fnp.interp(X, np.arange(2.0), np.arange(2.0), left=c, right=2 * c),
    "trapezoid dx": lambda c: fnp.trapezoid(X, dx=c),
    "histogram range": lambda c: fnp.histogram(X, 3, range=(-1.0, c))[1],
    "quantile q": lambda c: fnp.quantile(X, c / 3),
    "percentile q": lambda c: fnp.percentile(M, 20 * c, axis=1),
    "nanquantile q": lambda c: fnp.nanquantile(HOLES[:2], c / 3),
    "polyint k": lambda c: fnp.polyint(np.ones(3), 1, c),
    "apply_along_axis": lambda c: fnp.apply_along_axis(lambda v: v * c, 0, M),
    "pad": lambda c: fnp.pad(X, 1, constant_values=c),
    "insert": lambda c: fnp.insert(X, 1, c),
    "heaviside": lambda c: fnp.heaviside(np.array([0.0, 1.0, -1.0]), c),
    "clip": lambda c: fnp.clip(X, -c, c),
    "full_like": lambda c: fnp.full_like(X, c),
    "linspace": lambda c: fnp.linspace(0.0, c, 4),
    "gradient": lambda c: fnp.gradient(X, c),
    "diff": lambda c: fnp.diff(X, prepend=c),
}


@pytest.mark.parametrize("name", CALLS)
def test_one_argument_is_traced(name):
    f, c = CALLS[name], 1.3
    expected = f(np.float64(c))
    assert_allclose(fg.jit(f)(c), expected)
    assert_allclose(fg.vmap(f)(np.array([c, c]))[1], expected)
    h = 1e-6
    slope = (np.asarray(f(np.float64(c + h))) - np.asarray(f(np.float64(c - h)))) / (2 * h)
    for mode in (fg.jacfwd, fg.jacrev):
        assert_allclose(mode(f)(c), slope, rtol=1e-6, atol=1e-8)


def test_plain_calls_are_those_of_numpy():
    assert_allclose(fnp.sum(M, axis=1), np.sum(M, axis=1))
    assert fnp.sum.__name__ == "sum"
    assert pickle.loads(pickle.dumps(fnp.sum)) is fnp.sum
    out = np.zeros(3)
    assert fnp.sum(M, axis=0, out=out) is out
    assert_allclose(fnp.apply_along_axis(np.sort, 0, M), np.sort(M, 0))


def test_an_error_of_the_function_is_not_hidden():
    def wrong(_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fnp.apply_along_axis(wrong, 0, M)


PLACES = np.array([[0, 5], [11, 7]])


@pytest.mark.parametrize("order", ["C", "F"])
def test_flat_places(order):
    along = fg.jit(lambda i: np.unravel_index(i, (3, 4), order))(PLACES)
    for a, b in zip(along, np.unravel_index(PLACES, (3, 4), order), strict=True):
        np.testing.assert_array_equal(a, b)
    for mode in ("clip", "wrap", ("wrap", "clip")):
        far = tuple(x + 7 for x in along)
        found = fg.jit(lambda a, b, m=mode: np.ravel_multi_index((a, b), (3, 4), m, order))(*far)
        np.testing.assert_array_equal(found, np.ravel_multi_index(far, (3, 4), mode, order))
    back = fg.vmap(lambda a, b: np.ravel_multi_index((a, b), (3, 4), "clip", order))(*along)
    np.testing.assert_array_equal(back, PLACES)


def test_traced_places_are_not_looked_at():
    with pytest.raises(fg.errors.ConcretizationError, match="mode='clip' or mode='wrap'"):
        fg.jit(lambda a: np.ravel_multi_index((a, a), (3, 4)))(PLACES)
    outside = fg.jit(lambda i: np.unravel_index(i, (3, 4)))(np.array([-1, 99]))
    assert [x.tolist() for x in outside] == [[2, 2], [3, 3]]
    for wrong in (lambda i: np.unravel_index(i, (3, 4), "A"), lambda i: np.unravel_index(i, (-3,))):
        with pytest.raises(ValueError, match=r"order must be|no negative lengths"):
            fg.jit(wrong)(PLACES)


BITS = np.random.default_rng(0).integers(0, 2, (3, 11)).astype(np.uint8)


@pytest.mark.parametrize("bitorder", ["big", "little"])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_packed_bits(axis, bitorder):
    packed = np.packbits(BITS, axis, bitorder)
    for x in (BITS, BITS.astype(bool), 3 * BITS.astype(int)):
        found = fg.jit(lambda x: np.packbits(x, axis, bitorder))(x)
        np.testing.assert_array_equal(found, packed, strict=True)
    for count in (None, 5, 40):
        found = fg.jit(lambda p, c=count: np.unpackbits(p, axis, c, bitorder))(packed)
        expected = np.unpackbits(packed, axis, count, bitorder)
        np.testing.assert_array_equal(found, expected, strict=True)


def test_wrong_bits():
    with pytest.raises(TypeError, match="needs integers or booleans"):
        fg.jit(np.packbits)(X)
    with pytest.raises(TypeError, match="needs bytes"):
        fg.jit(np.unpackbits)(PLACES)
    with pytest.raises(ValueError, match="bitorder must be"):
        fg.jit(lambda x: np.packbits(x, None, "middle"))(BITS)
