"""What the tests of linear algebra share: random matrices, sums, differences."""

from __future__ import annotations

import numpy as np

from funcgrad import grad, jvp, vjp
from funcgrad.ops.pointwise.complex import real
from funcgrad.ops.shape import reduce_sum

DTYPES = ["f8", "c16"]


def total(x):
    return reduce_sum(x, axes=tuple(range(len(x.shape))))


def weigh(x, w):
    """A real number that depends on every entry of x."""
    y = x * w
    return total(real(y) if y.dtype.kind == "c" else y)


def random_like(rng, shape, dtype="f8"):
    x = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    return x.astype(dtype)


def hermitian(rng, n, dtype="f8", lead=()):
    x = random_like(rng, (*lead, n, n), dtype)
    return x @ np.conj(np.swapaxes(x, -1, -2)) / n + np.diag(1.0 + np.arange(n)).astype(dtype)


def along(g, t):
    """The derivative in direction t that a gradient g stands for."""
    return np.sum(g * t).real


def difference(fun, x, t, h=1e-3):
    """Central difference with one step of Richardson extrapolation."""
    one = (fun(x + h * t) - fun(x - h * t)) / (2 * h)
    half = (fun(x + h / 2 * t) - fun(x - h / 2 * t)) / h
    return (4 * half - one) / 3


def check_gradient(fun, x, *, rtol=1e-7, second=True):
    """grad, jvp, and both orders of the second derivative, against differences."""
    rng = np.random.default_rng(7)
    t, u = random_like(rng, x.shape, x.dtype), random_like(rng, x.shape, x.dtype)
    expected = difference(fun, x, t)
    scale = 1 + abs(expected)
    assert abs(along(grad(fun)(x), t) - expected) < rtol * scale
    assert abs(jvp(fun, (x,), (t,))[1] - expected) < rtol * scale
    if second:
        expected = difference(lambda y: along(grad(fun)(y), t), x, u)
        scale = 1 + abs(expected)
        forward = along(jvp(grad(fun), (x,), (u,))[1], t)
        reverse = along(vjp(lambda y: jvp(fun, (y,), (t,))[1], x)[1](1.0)[0], u)
        assert abs(forward - expected) < 20 * rtol * scale
        assert abs(reverse - expected) < 20 * rtol * scale
