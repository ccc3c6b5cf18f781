"""Matrices that are made of vectors, of other matrices, or of their size."""

from __future__ import annotations

import numpy as np

from ...arrays import like
from ...core.dtypes import result_type
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of, value_behind
from ...errors import ShapeError
from ...numpy.protocol import as_operand, inexact
from ...ops.pointwise.complex import conj
from ...ops.shape import broadcast_to, cast, reshape
from ...ops.structural.joining import concatenate, pad
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .of_a_size import size_of
from .stacks import alike


def _last_axis(x: ArrayLike) -> Array:
    vector = as_operand(x)
    return vector if len(vector.shape) else reshape(vector, shape=(1,))


@user_facing
def block_diag(*arrs: ArrayLike) -> Array:
    """A matrix with matrices on its diagonal, and zeros elsewhere.

    Args:
        arrs: matrices (..., m, n); vectors are rows, numbers are 1 by 1.

    Returns:
        The matrix, or one for each of those in stacks, in the dtype that all have in common.

    Raises:
        ShapeError: leading axes do not broadcast.

    >>> block_diag([[1.0, 2.0]], 3.0)
    array([[1., 2., 0.],
           [0., 0., 3.]])
    """
    found = [as_operand(x) for x in arrs] or [np.zeros((1, 0))]
    blocks = [reshape(x, shape=(1,) * (2 - len(x.shape)) + tuple(x.shape)) for x in found]
    blocks = alike("block_diag", blocks, (2,) * len(blocks))
    dtype = result_type(*(aval_of(b).dtype for b in blocks))
    width = sum(b.shape[-1] for b in blocks)
    others = ((0, 0, 0),) * (len(blocks[0].shape) - 1)
    rows, left = [], 0
    for b in blocks:
        right = width - left - b.shape[-1]
        rows.append(pad(cast(b, dtype), dtype.type(0), (*others, (left, right, 0))))
        left += b.shape[-1]
    return concatenate(*rows, axis=len(others) - 1)


@user_facing
def toeplitz(c: ArrayLike, r: ArrayLike | None = None) -> Array:
    """Matrices with constant diagonals.

    Args:
        c: (..., m), the first column.
        r: (..., n), the first row, of which the first element is not read; the conjugate of c by
            default.

    Returns:
        (..., m, n).

    >>> toeplitz([1, 2, 3], [0, 4])
    array([[1, 4],
           [2, 1],
           [3, 2]])
    """
    column = _last_axis(c)
    row = (conj(column) if column.dtype.kind == "c" else column) if r is None else (_last_axis(r))
    column, row = alike("toeplitz", [column, row], (1, 1))
    m, n = column.shape[-1], row.shape[-1]
    values = np.concatenate([np.flip(row[..., 1:], -1), column], axis=-1)
    return values[..., np.arange(n - 1, n - 1 + m)[:, None] - np.arange(n)]


@user_facing
def circulant(c: ArrayLike) -> Array:
    """Matrices of which each column is the one before, turned by one place.

    Args:
        c: (..., n), the first column.

    Returns:
        (..., n, n).

    >>> circulant([1, 2, 3])
    array([[1, 3, 2],
           [2, 1, 3],
           [3, 2, 1]])
    """
    column = _last_axis(c)
    n = column.shape[-1]
    return column[..., (np.arange(n)[:, None] - np.arange(n)) % max(n, 1)]


@user_facing
def hankel(c: ArrayLike, r: ArrayLike | None = None) -> Array:
    """Matrices with constant antidiagonals.

    Args:
        c: (..., m), the first column.
        r: (..., n), the last row, of which the first element is not read; zeros by default.

    Returns:
        (..., m, n).

    >>> hankel([1, 2, 3], [0, 4])
    array([[1, 2],
           [2, 3],
           [3, 4]])
    """
    column = _last_axis(c)
    row = np.zeros_like(column) if r is None else _last_axis(r)
    column, row = alike("hankel", [column, row], (1, 1))
    m, n = column.shape[-1], row.shape[-1]
    values = np.concatenate([column, row[..., 1:]], axis=-1)
    return values[..., np.arange(m)[:, None] + np.arange(n)]


@user_facing
def companion(a: ArrayLike) -> Array:
    """The companion matrix of a polynomial.

    Args:
        a: (..., n + 1), its coefficients, the highest power first, which is not 0.

    Returns:
        (..., n, n), with the polynomial's roots as eigenvalues.

    Raises:
        ShapeError: there are fewer than two coefficients.
        ValueError: the first coefficient is 0.

    >>> companion([1.0, -3.0, 2.0])
    array([[ 3., -2.],
           [ 1.,  0.]])
    """
    x = inexact(a)
    if not x.shape or x.shape[-1] < 2:
        raise ShapeError(f"companion takes two coefficients or more, got shape {tuple(x.shape)}")
    _check_first("companion", x)
    n = x.shape[-1] - 1
    first = (-x[..., 1:] / x[..., :1])[..., None, :]
    below = broadcast_to(np.eye(n - 1, n, dtype=x.dtype), (*x.shape[:-1], n - 1, n))
    return concatenate(first, below, axis=len(x.shape) - 1)


def _check_first(name: str, x: Array) -> None:
    """Raise a ValueError if a coefficient of the highest power is 0, where it is known."""
    known = value_behind(x)
    if type(known) is np.ndarray and known.shape == x.shape and not np.all(known[..., 0]):
        raise ValueError(f"{name}: the first coefficient is that of the highest power, not 0")


@user_facing
def convolution_matrix(a: ArrayLike, n: int, mode: str = "full") -> Array:
    """The matrix of the convolution with a vector.

    Args:
        a: (..., m).
        n: the length of what is convolved.
        mode: 'full', 'same' or 'valid', as of ``np.convolve``.

    Returns:
        The matrix M with ``M @ v = np.convolve(a, v, mode)``.

    Raises:
        ShapeError: a has no element, or no axis.
        ValueError: there is no such mode, or n is not positive.

    >>> convolution_matrix([1, 2], 2)
    array([[1, 0],
           [2, 1],
           [0, 2]])
    """
    one_of("convolution_matrix", "mode", mode, ("full", "same", "valid"))
    x = as_operand(a)
    size = size_of("convolution_matrix", n)
    if not x.shape or not x.shape[-1]:
        raise ShapeError(f"convolution_matrix takes a vector, got shape {tuple(x.shape)}")
    if not size:
        raise ValueError("convolution_matrix: the size must be at least 1, got 0")
    m = x.shape[-1]
    others = ((0, 0, 0),) * (len(x.shape) - 1)
    column = pad(x, x.dtype.type(0), (*others, (0, size - 1, 0)))
    whole = toeplitz(column, np.zeros(size, x.dtype))
    if mode == "full":
        return whole
    if mode == "same":
        first, rows = (min(m, size) - 1) // 2, max(m, size)
    else:
        first, rows = min(m, size) - 1, max(m, size) - min(m, size) + 1
    return whole[..., first : first + rows, :]


@user_facing
def fiedler(a: ArrayLike) -> Array:
    """The matrix of absolute differences of numbers.

    Args:
        a: (..., n).

    Returns:
        (..., n, n).

    >>> fiedler([1.0, 4.0])
    array([[0., 3.],
           [3., 0.]])
    """
    x = _last_axis(a)
    return abs(x[..., :, None] - x[..., None, :])


@user_facing
def fiedler_companion(a: ArrayLike) -> Array:
    """A matrix of five diagonals whose characteristic polynomial is given.

    Args:
        a: (..., n + 1), the coefficients from the highest power on, the first one not 0.

    Returns:
        (..., n, n), with the roots of the polynomial as eigenvalues.

    Raises:
        ShapeError: a has no axis.
        ValueError: the first coefficient is 0; a traced one gives inf or NaN.

    Reference: Fiedler, "A note on companion matrices", 2003.

    >>> fiedler_companion([1.0, -3.0, 2.0])
    array([[ 3., -2.],
           [ 1.,  0.]])
    """
    x = inexact(a)
    if not x.shape:
        raise ShapeError("fiedler_companion takes a vector, got a number")
    n = x.shape[-1] - 1
    if n < 1:
        return like(x, np.zeros((*x.shape[:-1], 0, 0), x.dtype))
    _check_first("fiedler_companion", x)
    # Where there is a coefficient, a one, or nothing: the last two are behind the coefficients.
    places = np.full((n, n), n + 1)
    for row in range(0, n, 2):
        known = [(row, row - 1 if row else 0, row), (row, row + 1, row + 1), (row, row + 2, n)]
        known += [(row + 1, row - 1 if row else 0, n)]
        for i, j, what in known:
            if i < n and j < n and what <= n:
                places[i, j] = what
    ends = broadcast_to(like(x, np.array([1, 0], x.dtype)), (*x.shape[:-1], 2))
    return np.concatenate([-x[..., 1:] / x[..., :1], ends], axis=-1)[..., places]


@user_facing
def leslie(f: ArrayLike, s: ArrayLike) -> Array:
    """Leslie's matrix of a population.

    Args:
        f: (..., n), fecundities.
        s: (..., n - 1), survival rates.

    Returns:
        (..., n, n), with f in the first row and s below the diagonal.

    Raises:
        ShapeError: the lengths do not fit.

    >>> leslie([1.0, 2.0], [0.5])
    array([[1. , 2. ],
           [0.5, 0. ]])
    """
    first, rates = inexact(f), inexact(s)
    if not first.shape or tuple(rates.shape[-1:]) != (first.shape[-1] - 1,):
        raise ShapeError(
            f"leslie needs n and n - 1 numbers, got {tuple(first.shape)} and {tuple(rates.shape)}"
        )
    first, rates = alike("leslie", [first, rates], (1, 1))
    n = first.shape[-1]
    below = rates[..., None] * like(rates, np.eye(n - 1, n, dtype=rates.dtype))
    dtype = result_type(aval_of(first).dtype, aval_of(rates).dtype)
    return concatenate(
        cast(first[..., None, :], dtype), cast(below, dtype), axis=len(first.shape) - 1
    )
