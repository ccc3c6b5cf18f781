"""Matrices that are made of vectors, of other matrices, or of their size."""

from __future__ import annotations

import numpy as np

from ...arrays import beside_each_other, like
from ...core.dtypes import result_type
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer, aval_of, value_behind
from ...errors import ShapeError
from ...numpy.protocol import as_operand, inexact
from ...ops.pointwise.complex import conj
from ...ops.shape import broadcast_to, cast, reshape
from ...ops.structural.joining import concatenate, pad
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .of_a_size import size_of


def _last_axis(x: ArrayLike) -> Array:
    vector = as_operand(x)
    return vector if len(vector.shape) else reshape(vector, shape=(1,))


@user_facing
def block_diag(*arrs: ArrayLike) -> Array:
    """A matrix with matrices on its diagonal, and zeros elsewhere.

    Args:
        arrs: matrices; vectors are rows, numbers are 1 by 1.

    Returns:
        The matrix, in the dtype that all of them have in common.

    Raises:
        ShapeError: an array has more than two axes.

    >>> block_diag([[1.0, 2.0]], 3.0)
    array([[1., 2., 0.],
           [0., 0., 3.]])
    """
    found = [as_operand(x) for x in arrs] or [np.zeros((1, 0))]
    for x in found:
        if len(x.shape) > 2:
            raise ShapeError(f"block_diag takes matrices, got shape {tuple(x.shape)}")
    blocks = [reshape(x, shape=(1,) * (2 - len(x.shape)) + tuple(x.shape)) for x in found]
    dtype = result_type(*(aval_of(b).dtype for b in blocks))
    width = sum(b.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        right = width - left - b.shape[1]
        rows.append(pad(cast(b, dtype), dtype.type(0), ((0, 0, 0), (left, right, 0))))
        left += b.shape[1]
    return concatenate(*rows, axis=0)


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
    column, row = _stacked_alike(column, row)
    m, n = column.shape[-1], row.shape[-1]
    values = np.concatenate([np.flip(row[..., 1:], -1), column], axis=-1)
    return values[..., np.arange(n - 1, n - 1 + m)[:, None] - np.arange(n)]


def _stacked_alike(column: Array, row: Array) -> tuple[Array, Array]:
    """Both with the axes that their stacks broadcast to."""
    lead = np.broadcast_shapes(tuple(column.shape[:-1]), tuple(row.shape[:-1]))
    column, row = beside_each_other([column, row])
    shapes = ((*lead, v.shape[-1]) for v in (column, row))
    first, second = (broadcast_to(v, s) for v, s in zip((column, row), shapes, strict=True))
    return first, second


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
    column, row = _stacked_alike(column, row)
    m, n = column.shape[-1], row.shape[-1]
    values = np.concatenate([column, row[..., 1:]], axis=-1)
    return values[..., np.arange(m)[:, None] + np.arange(n)]


@user_facing
def companion(a: ArrayLike) -> Array:
    """The companion matrix of a polynomial.

    Args:
        a: (n + 1,), its coefficients, the highest power first, which is not 0.

    Returns:
        (n, n), with the polynomial's roots as eigenvalues.

    Raises:
        ShapeError: there are fewer than two coefficients.
        ValueError: the first coefficient is 0.

    >>> companion([1.0, -3.0, 2.0])
    array([[ 3., -2.],
           [ 1.,  0.]])
    """
    x = inexact(a)
    if len(x.shape) != 1 or x.shape[0] < 2:
        raise ShapeError(f"companion takes two coefficients or more, got shape {tuple(x.shape)}")
    known = value_behind(x)
    if type(known) is np.ndarray and known.ndim == 1 and known[0] == 0:
        raise ValueError("companion: the first coefficient is that of the highest power, not 0")
    n = x.shape[0] - 1
    first = reshape(-x[1:] / x[0], shape=(1, n))
    below = np.eye(n - 1, n, dtype=x.dtype)
    return concatenate(first, below, axis=0)


@user_facing
def convolution_matrix(a: ArrayLike, n: int, mode: str = "full") -> Array:
    """The matrix of the convolution with a vector.

    Args:
        a: (m,).
        n: the length of what is convolved.
        mode: 'full', 'same' or 'valid', as of ``np.convolve``.

    Returns:
        The matrix M with ``M @ v = np.convolve(a, v, mode)``.

    Raises:
        ShapeError: a is no vector.
        ValueError: there is no such mode, or n is not positive.

    >>> convolution_matrix([1, 2], 2)
    array([[1, 0],
           [2, 1],
           [0, 2]])
    """
    one_of("convolution_matrix", "mode", mode, ("full", "same", "valid"))
    x = as_operand(a)
    size = size_of("convolution_matrix", n)
    if len(x.shape) != 1 or not x.shape[0]:
        raise ShapeError(f"convolution_matrix takes a vector, got shape {tuple(x.shape)}")
    if not size:
        raise ValueError("convolution_matrix: the size must be at least 1, got 0")
    m = x.shape[0]
    whole = toeplitz(pad(x, x.dtype.type(0), ((0, size - 1, 0),)), np.zeros(size, x.dtype))
    if mode == "full":
        return whole
    if mode == "same":
        first, rows = (min(m, size) - 1) // 2, max(m, size)
    else:
        first, rows = min(m, size) - 1, max(m, size) - min(m, size) + 1
    return whole[first : first + rows]


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
        a: (n + 1,), the coefficients from the highest power on, the first one not 0.

    Returns:
        (n, n), with the roots of the polynomial as eigenvalues.

    Raises:
        ShapeError: a is no vector.
        ValueError: the first coefficient is 0; a traced one gives inf or NaN.

    Reference: Fiedler, "A note on companion matrices", 2003.

    >>> fiedler_companion([1.0, -3.0, 2.0])
    array([[ 3., -2.],
           [ 1.,  0.]])
    """
    x = inexact(a)
    if len(x.shape) != 1:
        raise ShapeError(f"fiedler_companion takes a vector, got shape {tuple(x.shape)}")
    n = x.shape[0] - 1
    if n < 1:
        return like(x, np.zeros((0, 0), x.dtype))
    if not isinstance(x, Tracer) and not bool(x[0] != 0):
        raise ValueError("fiedler_companion: the first coefficient must not be 0")
    # Where there is a coefficient, a one, or nothing: the last two are behind the coefficients.
    places = np.full((n, n), n + 1)
    for row in range(0, n, 2):
        known = [(row, row - 1 if row else 0, row), (row, row + 1, row + 1), (row, row + 2, n)]
        known += [(row + 1, row - 1 if row else 0, n)]
        for i, j, what in known:
            if i < n and j < n and what <= n:
                places[i, j] = what
    ends = like(x, np.array([1, 0], x.dtype))
    return np.concatenate([-x[1:] / x[0], ends])[places]


@user_facing
def leslie(f: ArrayLike, s: ArrayLike) -> Array:
    """Leslie's matrix of a population.

    Args:
        f: (n,), fecundities.
        s: (n - 1,), survival rates.

    Returns:
        (n, n), with f in the first row and s below the diagonal.

    Raises:
        ShapeError: the lengths do not fit.

    >>> leslie([1.0, 2.0], [0.5])
    array([[1. , 2. ],
           [0.5, 0. ]])
    """
    first, rates = inexact(f), inexact(s)
    if len(first.shape) != 1 or tuple(rates.shape) != (first.shape[0] - 1,):
        raise ShapeError(
            f"leslie needs n and n - 1 numbers, got {tuple(first.shape)} and {tuple(rates.shape)}"
        )
    n = first.shape[0]
    below = rates[:, None] * like(rates, np.eye(n - 1, n, dtype=rates.dtype))
    dtype = result_type(aval_of(first).dtype, aval_of(rates).dtype)
    return concatenate(cast(reshape(first, shape=(1, n)), dtype), cast(below, dtype), axis=0)
