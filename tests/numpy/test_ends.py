"""Functions at the ends of their domains and of their types, against NumPy on plain arrays."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from surface.edges import Outcome, difference

import funcgrad as fg
import funcgrad.numpy as fnp

INTEGERS = [np.dtype(c) for c in "bBhHiIlL"]
ENDS = np.array(
    [
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.0,
        -1.0,
        2.5,
        1e300,
        -1e300,
        5e-324,
        -3e-310,
        1.7e308,
        np.inf,
        -np.inf,
        np.nan,
        255.0,
        -2.0,
        1e16,
    ]
)


def ends_of(dtype):
    """The extreme values of a type, and some between them."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([True, False])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        near = [info.min, info.min + 1, 0, 1, 2, 3, 5, 7, info.max - 1, info.max]
        return np.array(near + ([-1, -2, -5] if dtype.kind == "i" else []), dtype)
    with np.errstate(over="ignore"):
        return ENDS.astype(dtype)


def outcomes(f, *xs):
    """What jit, vmap and vjp make of a function."""
    yield "jit", Outcome(lambda: fg.jit(f)(*xs))
    if xs[0].ndim:
        yield "vmap", Outcome(lambda: fg.vmap(f)(*xs))
    if any(x.dtype.kind == "f" for x in xs):
        places = [i for i, x in enumerate(xs) if x.dtype.kind == "f"]

        def of_floats(*v):
            return f(*[v[places.index(i)] if i in places else x for i, x in enumerate(xs)])

        yield "vjp", Outcome(lambda: fg.vjp(of_floats, *[xs[i] for i in places])[0])


def check(f, *xs, signs=True):
    expected = Outcome(lambda: f(*xs))
    rtol = 1e-3 if any(x.dtype == np.float16 for x in xs) else 1e-12
    for how, got in outcomes(f, *xs):
        wrong = difference(got, expected, rtol)
        assert wrong is None, f"{how}: {wrong}"
        if expected.error is None and signs:
            for a, b in zip(got.values, expected.values, strict=True):
                zeros = (np.asarray(b) == 0) & (np.asarray(b).dtype.kind == "f")
                np.testing.assert_array_equal(
                    np.signbit(np.where(zeros, a, 1.0)),
                    np.signbit(np.where(zeros, b, 1.0)),
                    err_msg=how,
                )


@pytest.mark.parametrize("dtype", [*INTEGERS, "?", "e", "f", "d"])
@pytest.mark.parametrize(
    "f",
    [
        np.frexp,
        np.modf,
        np.rint,
        np.abs,
        np.square,
        np.isfinite,
        np.isinf,
        np.isnan,
        np.fabs,
        np.nan_to_num,
        lambda x: np.nan_to_num(x, nan=2.5, posinf=7.0, neginf=-7.0),
        np.sign,
    ],
)
def test_one_operand(f, dtype):
    check(f, ends_of(dtype))


def pairs(dtype):
    x = ends_of(dtype)
    return np.repeat(x, len(x)), np.tile(x, len(x))


@pytest.mark.parametrize("dtype", [*INTEGERS, "?", "f", "d"])
@pytest.mark.parametrize(
    "f",
    [
        np.floor_divide,
        np.remainder,
        np.mod,
        np.divmod,
        np.fmod,
        np.add,
        np.subtract,
        np.multiply,
        np.isclose,
        lambda x, y: np.isclose(x, y, equal_nan=True),
        np.maximum,
        np.fmin,
        np.left_shift,
        np.true_divide,
        np.hypot,
        np.copysign,
        np.arctan2,
    ],
)
def test_two_operands(f, dtype):
    x, y = pairs(dtype)
    if f is np.left_shift and np.dtype(dtype).kind in "iu":
        y = y % 7
    check(f, x, y)


BOUNDS = [
    (-5, 300),
    (None, 4550),
    (-1, None),
    (0, 256),
    (-(2**70), 2**70),
    (3, 5),
    (0.5, 2.5),
    (None, 2**63),
    (5, 3),
    (2**40, None),
    (None, -(2**40)),
    (np.nan, 2.0),
    (-np.inf, np.inf),
]


@pytest.mark.parametrize("dtype", [*INTEGERS, "f", "d"])
@pytest.mark.parametrize("bounds", BOUNDS)
def test_clip(bounds, dtype):
    # Of -0 and a bound of 0 NumPy takes one or the other.
    check(lambda x: np.clip(x, *bounds), ends_of(dtype), signs=False)
    check(lambda x: x.clip(*bounds), ends_of(dtype), signs=False)


@pytest.mark.parametrize("dtype", [*INTEGERS, "f", "d"])
@pytest.mark.parametrize("decimals", [0, 1, 3, -1, -2, 20, -20, 300])
def test_round(decimals, dtype):
    x = ends_of(dtype)
    if np.dtype(dtype).kind in "iu" and decimals < 0:
        x = x[np.abs(x.astype(float)) < 100]  # beyond that, the type overflows as the machine likes
    check(lambda x: np.round(x, decimals), x)


# --- positions of small types in long axes --------------------------------------------------------

SIZES = {"b": 300, "B": 300, "h": 40_000, "H": 70_000, "i": 300, "L": 300}
MODES = ("clip", "wrap")


def positions_of(code):
    info, n = np.iinfo(code), SIZES[code]
    values = [0, 3, 7, min(info.max, n - 1), max(info.min, -n), 100]
    return np.array(values, code)


@pytest.mark.parametrize("code", SIZES)
class TestPositionsOfSmallTypes:
    def test_taken(self, code):
        i, table = positions_of(code), np.arange(float(SIZES[code]))
        for f in (
            lambda t, i: t[i],
            np.take,
            lambda t, i: np.take(t, i, mode="wrap"),
            lambda t, i: np.take(t, i, mode="clip"),
            lambda t, i: np.take_along_axis(t, i, 0),
        ):
            expected = f(table, i)
            np.testing.assert_array_equal(fg.jit(f)(table, i), expected)
            batch = fg.vmap(f)(np.stack([table, table]), np.stack([i, i]))
            np.testing.assert_array_equal(batch[1], expected)
            slope = fg.jvp(functools.partial(lambda f, t: f(t, i), f), (table,), (table,))[1]
            np.testing.assert_array_equal(slope, expected)

    @pytest.mark.parametrize("mode", [None, "clip", "wrap", "fill", "drop"])
    @pytest.mark.parametrize("op", ["set", "add", "mul", "min", "max"])
    def test_updated(self, code, op, mode):
        n = SIZES[code]
        i = np.unique(positions_of(code).astype(np.int64) % n)
        i = i[i <= np.iinfo(code).max].astype(code)
        x = np.arange(float(n))
        wide = lambda x, i: getattr(fnp.at(x)[i], op)(2.5, mode=mode)  # noqa: E731
        expected = x.copy()
        old = expected[i.astype(int)]
        expected[i.astype(int)] = {
            "set": 2.5,
            "add": old + 2.5,
            "mul": old * 2.5,
            "min": np.minimum(old, 2.5),
            "max": np.maximum(old, 2.5),
        }[op]
        np.testing.assert_array_equal(wide(x, i), expected)
        np.testing.assert_array_equal(fg.jit(wide)(x, i), expected)
        got = fg.vmap(wide, in_axes=(None, 0))(x, np.stack([i, i]))
        np.testing.assert_array_equal(got[0], expected)
        slope = fg.grad(lambda x: np.sum(wide(x, i)))(x)
        known = fg.grad(lambda x: np.sum(wide(x, i.astype(int))))(x)
        np.testing.assert_array_equal(slope, known)


# --- counts and ranges ----------------------------------------------------------------------------


@pytest.mark.parametrize("ddof", [0, 2, 3, 4, 0.5])
@pytest.mark.parametrize("f", [np.var, np.std, np.nanvar, np.nanstd])
def test_degrees_of_freedom(f, ddof):
    check(lambda x: f(x, axis=-1, ddof=ddof), np.array([[0.5, 2.0, -1.0], [1.0, 1.0, 4.0]]))


@pytest.mark.parametrize("num", [0, 1, 2, 5])
@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("f", [np.linspace, np.logspace, np.geomspace])
@pytest.mark.parametrize("ends", [(1.0, 3.0), (2.0, 2.0), (3.0, 0.1), (5e-324, 1e-323)])
def test_ranges(f, ends, endpoint, num):
    if f is np.logspace and ends[1] > 2.5:
        ends = (0.5, 1.0)
    check(lambda a, b: f(a, b, num, endpoint), *map(np.float64, ends))


def test_ends_of_ranges_are_exact():
    for a, b in ((0.1, 0.7), (1e-3, 3.3), (2.0, 1 / 3)):
        for f in (np.linspace, np.geomspace):
            values = fg.jit(lambda a, b, f=f: f(a, b, 7))(a, b)
            assert (values[0], values[-1]) == (a, b)


def test_quantiles_beyond_the_ends():
    x = np.array([1.0, 2.0, 4.0])
    for q in (-1.0, 101.0, -0.5, 1.5):
        f = np.percentile if abs(q) > 2 else np.quantile
        with pytest.raises(ValueError, match="range"):
            fg.jit(lambda x, f=f, q=q: f(x, q))(x)
        with pytest.raises(ValueError, match="range"):
            fg.grad(lambda x, f=f, q=q: f(x, q))(x)
        assert np.isnan(fg.jit(f)(x, q))
    assert fg.jit(np.quantile)(x, 1.0) == 4.0
