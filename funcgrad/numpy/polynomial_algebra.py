"""Polynomials as vectors of coefficients, the highest power first, on tracers.

Leading zeros of traced coefficients are kept, since the size of a result cannot depend on values.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..arrays import like
from ..core.dtypes import finfo, is_inexact
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .protocol import as_operand, implements, promoted


def coefficients(p: ArrayLike) -> Array:
    """The coefficients as a vector."""
    return _vector(np.atleast_1d(as_operand(p)))


def _vector(p: ArrayLike) -> Array:
    """The coefficients, which have one axis."""
    p = as_operand(p)
    if len(p.shape) != 1:
        kind = ValueError if p.shape else TypeError
        raise kind(f"coefficients of a polynomial have one axis, got shape {tuple(p.shape)}")
    return p


def _aligned(a1: ArrayLike, a2: ArrayLike) -> tuple[Array, Array]:
    """Coefficients of two polynomials, with zeros before those of the shorter one."""
    p, q = coefficients(a1), coefficients(a2)
    n = max(p.shape[0], q.shape[0])
    return np.pad(p, (n - p.shape[0], 0)), np.pad(q, (n - q.shape[0], 0))


@implements(np.polyadd)
def polyadd(a1: ArrayLike, a2: ArrayLike) -> Array:
    """The sum of two polynomials."""
    p, q = _aligned(a1, a2)
    return p + q


@implements(np.polysub)
def polysub(a1: ArrayLike, a2: ArrayLike) -> Array:
    """The difference of two polynomials."""
    p, q = _aligned(a1, a2)
    return p - q


@implements(np.polymul)
def polymul(a1: ArrayLike, a2: ArrayLike) -> Array:
    """The product of two polynomials."""
    p, q = (np.pad(x, (0, 1)) if not x.shape[0] else x for x in map(coefficients, (a1, a2)))
    return np.convolve(p, q)


@implements(np.polydiv)
def polydiv(u: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    """The quotient and the remainder, which has as many coefficients as its degree can need."""
    rest, divisor = coefficients(u) + 0.0, coefficients(v) + 0.0
    rest, divisor = like(divisor, rest), like(rest, divisor)
    if not rest.shape[0] or not divisor.shape[0]:
        raise IndexError("np.polydiv: a polynomial without coefficients")
    dtype = promoted(rest, divisor)
    rest, divisor = cast(rest, dtype), cast(divisor, dtype)
    m, n = rest.shape[0] - 1, divisor.shape[0] - 1
    if m < n:
        return like(rest, np.zeros(1, dtype)), rest
    scale = 1.0 / divisor[0]
    quotient = []
    for _ in range(m - n + 1):
        q = scale * rest[0]
        quotient.append(q)
        # The first coefficient of what is left is zero, and is not kept.
        head = rest[1 : n + 1] - q * divisor[1:]
        rest = np.concatenate([head, rest[n + 1 :]])
    return np.stack(quotient), rest if n else like(rest, np.zeros(1, dtype))


@implements(np.polyder)
def polyder(p: ArrayLike, m: int = 1) -> Array:
    """The derivative of order m."""
    out, order = _vector(p), operator.index(m)
    if order < 0:
        raise ValueError(f"np.polyder: the order must not be negative, got {m}")
    for _ in range(order):
        out = out[:-1] * like(out, np.arange(out.shape[0] - 1, 0, -1))
    return out


@implements(np.polyint)
def polyint(p: ArrayLike, m: int = 1, k: ArrayLike | None = None) -> Array:
    """The integral of order m, with the constants k."""
    out, order = _vector(p) if m else as_operand(p), operator.index(m)
    if order < 0:
        raise ValueError(f"np.polyint: the order must not be negative, got {m}")
    constants = np.zeros(order) if k is None else np.atleast_1d(as_operand(k))
    if constants.shape[0] == 1 and order > 1:
        constants = np.broadcast_to(constants, (order,))
    if constants.shape[0] < order:
        raise ValueError(
            f"np.polyint: {order} integrations need as many constants, or one; got "
            f"{constants.shape[0]}"
        )
    for i in range(order):
        out = out / like(out, np.arange(out.shape[0], 0, -1))
        out = np.concatenate([out, like(out, constants[i : i + 1])])
    return out


@implements(np.poly)
def poly(seq_of_zeros: ArrayLike) -> Array:
    """The polynomial with given zeros, or the characteristic polynomial of a matrix."""
    zeros = np.atleast_1d(as_operand(seq_of_zeros))
    if len(zeros.shape) == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        return _characteristic(zeros)
    if len(zeros.shape) != 1:
        raise ValueError(
            f"np.poly needs a vector of zeros or a square matrix, got shape {tuple(zeros.shape)}"
        )
    dtype = zeros.dtype if is_inexact(zeros.dtype) else np.dtype(float)
    out: Any = np.ones(1, dtype)
    for i in range(zeros.shape[0]):
        kept, moved = np.pad(out, (0, 1)), np.pad(out, (1, 0))
        out = kept - cast(zeros[i], dtype) * moved
    return out


def _characteristic(matrix: Array) -> Array:
    """The characteristic polynomial, which needs no eigenvalues: Faddeev and Le Verrier."""
    a = matrix if is_inexact(matrix.dtype) else cast(matrix, np.dtype(float))
    n = a.shape[0]
    one: Any = np.ones((), a.dtype)[()]
    eye = np.eye(n, dtype=a.dtype)
    out, power = [one], a
    for k in range(1, n + 1):
        c = -np.trace(power) / k
        out.append(c)
        if k < n:
            power = a @ (power + c * eye)
    return np.stack(out)


@implements(np.polyfit)
def polyfit(
    x: ArrayLike,
    y: ArrayLike,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: ArrayLike | None = None,
    cov: bool | str = False,
) -> Array | tuple[Array, ...]:
    """The polynomial that fits points with the smallest sum of squares."""
    order = operator.index(deg) + 1
    points, values = as_operand(x) + 0.0, as_operand(y) + 0.0
    _check_points(order, points, values)
    if rcond is None:
        rcond = points.shape[0] * finfo(points.dtype).eps
    lhs, rhs = np.vander(points, order), values
    if w is not None:
        weights = as_operand(w) + 0.0
        if tuple(weights.shape) != tuple(values.shape[:1]):
            raise TypeError(
                f"np.polyfit: weights of shape {tuple(weights.shape)} do not fit "
                f"{values.shape[0]} points"
            )
        lhs = lhs * weights[:, None]
        rhs = rhs * (weights[:, None] if len(rhs.shape) == 2 else weights)
    scale = np.sqrt(np.sum(lhs * lhs, axis=0))
    lhs = lhs / scale
    c, residuals, rank, s = np.linalg.lstsq(lhs, rhs, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond  # type: ignore[return-value]
    return (c, _covariance(lhs, scale, residuals, cov, values)) if cov else c


def _check_points(order: int, x: Array, y: Array) -> None:
    if order < 1:
        raise ValueError(f"np.polyfit: the degree must not be negative, got {order - 1}")
    if len(x.shape) != 1 or not x.size or len(y.shape) not in (1, 2) or y.shape[0] != x.shape[0]:
        raise TypeError(
            "np.polyfit needs x with one axis and some points, and y with as many rows; got "
            f"shapes {tuple(x.shape)} and {tuple(y.shape)}"
        )


def _covariance(lhs: Array, scale: Array, residuals: Array, cov: bool | str, y: Array) -> Array:
    """The matrix of covariances of the coefficients, one for each column of y."""
    base = np.linalg.inv(lhs.T @ lhs) / np.outer(scale, scale)
    factor: Any = 1
    if cov != "unscaled":
        free = lhs.shape[0] - lhs.shape[1]
        if free <= 0:
            raise ValueError(
                f"np.polyfit: a covariance that is scaled by residuals needs more points than "
                f"coefficients, got {lhs.shape[0]} and {lhs.shape[1]}"
            )
        factor = residuals / free
    return base * factor if len(y.shape) == 1 else base[:, :, None] * factor
