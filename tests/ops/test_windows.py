"""Sums, extrema and patches of windows against loops, and their derivatives."""

import numpy as np
import pytest

from funcgrad import grad, jvp, vjp
from funcgrad.api.jit import jit
from funcgrad.api.vmap import vmap
from funcgrad.errors import ShapeError
from funcgrad.lax import reduce_window
from funcgrad.ops.pointwise.comparison import select
from funcgrad.ops.shape import reduce_sum
from funcgrad.ops.windows.geometry import window_count, window_padding
from funcgrad.ops.windows.reduce_window import (
    avg_pool,
    max_pool,
    overlap_add,
    reduce_window_max,
    reduce_window_min,
    reduce_window_sum,
    window_patches,
)

NAMES = ("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")


def geometry(rng, rank):
    """A random geometry for arrays of shape (5, 4, 6)[:rank]."""
    return {
        "window_dimensions": tuple(int(v) for v in rng.integers(1, 4, rank)),
        "window_strides": tuple(int(v) for v in rng.integers(1, 4, rank)),
        "padding": tuple((int(a), int(b)) for a, b in rng.integers(-1, 4, (rank, 2))),
        "base_dilation": tuple(int(v) for v in rng.integers(1, 4, rank)),
        "window_dilation": tuple(int(v) for v in rng.integers(1, 3, rank)),
    }


def elements(x, position, g):
    """(place in the window, index into x) of the elements of the window at a position."""
    found = []
    for place in np.ndindex(*g["window_dimensions"]):
        index = []
        rows = zip(position, place, x.shape, *(g[k] for k in NAMES[1:]), strict=True)
        for q, k, n, stride, (low, high), base, dilation in rows:
            at = q * stride + k * dilation - low
            inside = -low <= at < (n - 1) * base + 1 + high and at % base == 0
            if inside and 0 <= at // base < n:
                index.append(at // base)
        if len(index) == x.ndim:
            found.append((place, tuple(index)))
    return found


def counts(shape, g):
    return tuple(
        len([q for q in range(99) if q * s + (k - 1) * r < low + (n - 1) * b + 1 + high])
        for n, k, s, (low, high), b, r in zip(shape, *(g[k] for k in NAMES), strict=True)
    )


def reference(x, g, combine, start):
    out = np.full(counts(x.shape, g), start, x.dtype)
    for position in np.ndindex(*out.shape):
        for _, index in elements(x, position, g):
            out[position] = combine(out[position], x[index])
    return out


@pytest.mark.parametrize("seed", range(25))
def test_reductions_against_loops(seed):
    rng = np.random.default_rng(seed)
    rank = 1 + seed % 3
    x = rng.standard_normal((5, 4, 6)[:rank])
    g = geometry(rng, rank)
    top = reduce_window_max(x, **g)
    np.testing.assert_array_equal(top, reference(x, g, max, -np.inf))
    np.testing.assert_array_equal(reduce_window_min(x, **g), reference(x, g, min, np.inf))
    np.testing.assert_allclose(
        reduce_window_sum(x, **g), reference(x, g, np.add, 0), rtol=1e-13, atol=1e-13
    )
    patches = np.zeros((*g["window_dimensions"], *top.shape))
    for position in np.ndindex(*top.shape):
        for place, index in elements(x, position, g):
            patches[place + position] = x[index]
    np.testing.assert_array_equal(window_patches(x, **g), patches)


@pytest.mark.parametrize("seed", range(12))
def test_adjoints(seed):
    rng = np.random.default_rng(seed)
    rank = 1 + seed % 3
    x = rng.standard_normal((5, 4, 6)[:rank])
    g = geometry(rng, rank)
    patches = window_patches(x, **g)
    ct = rng.standard_normal(patches.shape)
    back = overlap_add(ct, shape=x.shape, **g)
    np.testing.assert_allclose(np.sum(ct * patches), np.sum(back * x), rtol=1e-12, atol=1e-12)
    out, pull = vjp(lambda x: reduce_window_sum(x, **g), x)
    ct = rng.standard_normal(out.shape)
    np.testing.assert_allclose(np.sum(ct * out), np.sum(pull(ct)[0] * x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("operator", [reduce_window_max, reduce_window_min])
def test_extremum_gradient_shares_ties(seed, operator):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (5, 4)).astype(float)
    g = geometry(rng, 2)
    out, pull = vjp(lambda x: operator(x, **g), x)
    ct = rng.standard_normal(out.shape)
    wanted = np.zeros_like(x)
    for position in np.ndindex(*out.shape):
        hits = [i for _, i in elements(x, position, g) if x[i] == out[position]]
        for i in hits:
            wanted[i] += ct[position] / len(hits)
    np.testing.assert_allclose(pull(ct)[0], wanted, rtol=1e-13, atol=1e-13)
    t = rng.standard_normal(x.shape)
    tangent = jvp(lambda x: operator(x, **g), (x,), (t,))[1]
    np.testing.assert_allclose(np.sum(tangent * ct), np.sum(wanted * t), rtol=1e-12, atol=1e-12)


def test_extremum_second_derivative():
    rng = np.random.default_rng(0)
    x = rng.permutation(24).reshape(1, 6, 4, 1) / 5.0

    def loss(x):
        return np.sum(max_pool(x, (2, 3), (2, 1)) ** 3)

    v = rng.standard_normal(x.shape)
    product = jvp(grad(loss), (x,), (v,))[1]
    h = 1e-6
    wanted = (grad(loss)(x + h * v) - grad(loss)(x - h * v)) / (2 * h)
    np.testing.assert_allclose(product, wanted, rtol=1e-6, atol=1e-6)


def test_extremum_zeros_are_strong():
    x = np.array([1.0, 5.0, 2.0, 3.0])
    params = dict(zip(NAMES, ((2,), (2,), ((0, 0),), (1,), (1,)), strict=True))
    _, pull = vjp(lambda x: reduce_window_max(x, **params), x)
    np.testing.assert_array_equal(pull(np.array([np.inf, 2.0]))[0], [0, np.inf, 0, 2])
    t = np.array([np.nan, 1.0, np.inf, 7.0])
    tangent = jvp(lambda x: reduce_window_max(x, **params), (x,), (t,))[1]
    np.testing.assert_array_equal(tangent, [1, 7])

    def untaken(x):
        chosen = np.array([True, False])
        return reduce_sum(select(chosen, reduce_window_max(1 / x, **params), 0.0), axes=(0,))

    with np.errstate(divide="ignore"):
        slope = grad(untaken)(np.array([4.0, 2.0, 0.0, 0.0]))
    np.testing.assert_array_equal(slope, [0, -0.25, 0, 0])


def test_windows_of_padding_alone():
    params = dict(zip(NAMES, ((2,), (2,), ((2, 2),), (1,), (1,)), strict=True))
    x = np.array([1.0, 3.0])
    np.testing.assert_array_equal(reduce_window_max(x, **params), [-np.inf, 3, -np.inf])
    _, pull = vjp(lambda x: reduce_window_max(x, **params), x)
    np.testing.assert_array_equal(pull(np.ones(3))[0], [0, 1])
    low = np.array([-np.inf, -np.inf])
    _, pull = vjp(lambda x: reduce_window_max(x, **params), low)
    np.testing.assert_array_equal(pull(np.array([5.0, 1.0, 7.0]))[0], [0.5, 0.5])


@pytest.mark.parametrize(
    "operator", [reduce_window_max, reduce_window_min, reduce_window_sum, window_patches]
)
def test_vmap_of_derivatives(operator):
    rng = np.random.default_rng(3)
    g = geometry(rng, 2)
    xs, ts = rng.standard_normal((2, 3, 5, 4))

    def slope(x, t):
        return jvp(lambda x: operator(x, **g), (x,), (t,))[1]

    def pullback(x, ct):
        return vjp(lambda x: operator(x, **g), x)[1](ct)[0]

    cts = rng.standard_normal((3, *operator(xs[0], **g).shape))
    for fun, second, axis in ((slope, ts, 0), (slope, ts[0], None), (pullback, cts, 0)):
        wanted = [fun(x, t) for x, t in zip(xs, second if axis == 0 else [second] * 3, strict=True)]
        np.testing.assert_allclose(vmap(fun, in_axes=(0, axis))(xs, second), wanted, atol=1e-13)
        np.testing.assert_allclose(
            vmap(jit(fun), in_axes=(0, axis))(xs, second), wanted, atol=1e-13
        )


def test_results_are_fresh_and_writeable():
    x = np.arange(6.0)
    params = dict(zip(NAMES, ((1,), (1,), ((0, 0),), (1,), (1,)), strict=True))
    for operator in (reduce_window_max, reduce_window_sum, window_patches):
        for fun in (lambda x: operator(x, **params), jit(lambda x: operator(x, **params))):  # noqa: B023
            out = fun(x)
            assert out.flags.writeable
            assert not np.shares_memory(out, x)


def test_integers_and_booleans():
    x = np.array([3, -1, 2, 5])
    args = ((3,), (1,), "SAME")
    np.testing.assert_array_equal(reduce_window(x, -99, "max", *args), [3, 3, 5, 5])
    np.testing.assert_array_equal(reduce_window(x, 99, "min", *args), [-1, -1, -1, 2])
    assert reduce_window(x, -np.inf, "max", *args).dtype == x.dtype
    assert reduce_window(x, np.iinfo(x.dtype).max, np.minimum, *args).dtype == x.dtype
    out = reduce_window(x, 0, "add", *args)
    np.testing.assert_array_equal(out, [2, 4, 6, 7])
    assert out.dtype == x.dtype
    flags = np.array([True, False, False, False])
    np.testing.assert_array_equal(
        reduce_window(flags, False, np.maximum, *args), [True, True, False, False]
    )


def test_init_value():
    x = np.array([1.0, 4.0, 2.0])
    args = ((2,), (1,), "VALID")
    np.testing.assert_array_equal(reduce_window(x, 4.5, np.maximum, *args), [4.5, 4.5])
    np.testing.assert_array_equal(reduce_window(x, 1.5, np.minimum, *args), [1, 1.5])
    np.testing.assert_array_equal(reduce_window(x, 10, np.add, *args), [15, 16])
    single = x.astype(np.float32)
    assert reduce_window(single, -np.inf, np.maximum, *args).dtype == np.float32
    assert grad(lambda c: np.sum(reduce_window(x, c, "add", *args)))(1.0) == 2


def test_pooling_against_loops():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 7, 6, 3))
    top, mean = max_pool(x, (3, 2), (2, 3)), avg_pool(x, (3, 2), (2, 3))
    assert top.shape == mean.shape == (2, 3, 2, 3)
    for i in range(3):
        for j in range(2):
            window = x[:, 2 * i : 2 * i + 3, 3 * j : 3 * j + 2]
            np.testing.assert_array_equal(top[:, i, j], window.max(axis=(1, 2)))
            np.testing.assert_allclose(mean[:, i, j], window.mean(axis=(1, 2)), rtol=1e-13)
    assert max_pool(x, (3, 2)).shape == (2, 5, 5, 3)
    assert max_pool(x[0], (3, 2)).shape == (5, 5, 3)
    assert max_pool(x[None], (3, 2), padding="SAME").shape == (1, 2, 7, 6, 3)


def test_mean_with_and_without_padding():
    x = np.arange(1.0, 5.0).reshape(1, 4, 1)
    with_padding = avg_pool(x, (3,), padding="SAME")
    np.testing.assert_allclose(with_padding[0, :, 0], [1, 2, 3, 7 / 3])
    without = avg_pool(x, (3,), padding="SAME", count_include_pad=False)
    np.testing.assert_allclose(without[0, :, 0], [1.5, 2, 3, 3.5])
    asymmetric = avg_pool(x, (2,), padding=[(0, 1)], count_include_pad=False)
    np.testing.assert_allclose(asymmetric[0, :, 0], [1.5, 2.5, 3.5, 4])
    single = avg_pool(x.astype(np.float32), (3,), padding="SAME", count_include_pad=False)
    assert single.dtype == np.float32


def test_padding_names():
    assert window_padding("SAME", (7,), (4,), (2,)) == ((1, 2),)
    assert window_padding("same_lower", (7,), (4,), (2,)) == ((2, 1),)
    assert window_padding("VALID", (7, 3), (4, 4), (2, 1)) == ((0, 0), (0, 0))
    assert window_padding([(1, -2)], (7,), (4,), (2,)) == ((1, -2),)
    for size, window, stride in np.ndindex(9, 4, 4):
        pads = window_padding("SAME", (size,), (window + 1,), (stride + 1,))[0]
        assert window_count(size, window + 1, stride + 1, pads, 1, 1) == -(-size // (stride + 1))


def test_errors():
    x = np.ones((4, 3))
    with pytest.raises(ShapeError, match=r"window_dimensions must be 2 positive integers.*\(2,\)"):
        reduce_window(x, 0, np.add, (2,), (1, 1), "VALID")
    with pytest.raises(ShapeError, match="window_strides must be 2 positive integers"):
        reduce_window(x, 0, np.add, (2, 2), (1, 0), "VALID")
    with pytest.raises(ShapeError, match=r"padding 'FULL' is not known"):
        reduce_window(x, 0, np.add, (2, 2), (1, 1), "FULL")
    with pytest.raises(ShapeError, match=r"does not give a \(low, high\) pair for each of 2 axes"):
        reduce_window(x, 0, np.add, (2, 2), (1, 1), [(0, 0)])
    with pytest.raises(TypeError, match=r"'mean' is unknown: use \"max\", \"min\", \"add\""):
        reduce_window(x, 1, "mean", (2, 2), (1, 1), "VALID")
    with pytest.raises(ShapeError, match="2 spatial axes, not one of shape"):
        max_pool(np.ones((4, 3)), (2, 2))
