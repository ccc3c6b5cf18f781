"""Matrices that are known by their size: Fourier, Hilbert, Pascal, Hadamard, Helmert."""

from __future__ import annotations

from math import comb

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...typing import Array, DTypeLike
from ..arguments import one_of


def size_of(name: str, n: object) -> int:
    """The number of rows of a matrix, which is checked."""
    if not is_integer(n) or n < 0:  # type: ignore[operator]
        raise ValueError(f"{name}: the size must be a whole number, got {describe(n)}")
    return int(n)  # type: ignore[call-overload, no-any-return]


@user_facing
def dft(n: int, scale: str | None = None, *, dtype: DTypeLike | None = None) -> Array:
    """The matrix of the discrete Fourier transform.

    Args:
        n: its size.
        scale: 'sqrtn' or 'n': what it is divided by; None for 1.
        dtype: that of the elements, which is complex.

    Returns:
        (n, n), complex128 by default, a plain array.

    Raises:
        TypeError: dtype is not complex.
        ValueError: there is no such scale.

    >>> dft(2).real
    array([[ 1.,  1.],
           [ 1., -1.]])
    """
    one_of("dft", "scale", scale, (None, "sqrtn", "n"))
    size = size_of("dft", n)
    angles = np.outer(np.arange(size), np.arange(size)) % max(size, 1)
    matrix = np.exp(-2j * np.pi / max(size, 1) * angles)
    matrix = matrix / {None: 1, "sqrtn": np.sqrt(size), "n": size}[scale]
    if dtype is None:
        return matrix
    if np.dtype(dtype).kind != "c":
        raise TypeError(f"dft: dtype must be complex, got {np.dtype(dtype)}")
    return matrix.astype(dtype)


@user_facing
def hilbert(n: int) -> Array:
    """The matrix with elements 1 / (i + j + 1).

    Args:
        n: its size.

    Returns:
        (n, n), a plain array.

    >>> hilbert(2)
    array([[1.        , 0.5       ],
           [0.5       , 0.33333333]])
    """
    places = np.arange(size_of("hilbert", n))
    return 1.0 / (places[:, None] + places + 1)


@user_facing
def invhilbert(n: int, exact: bool = False) -> Array:
    """The inverse of ``hilbert(n)``, whose elements are whole numbers.

    Args:
        n: its size.
        exact: integers, int64 up to a size of 14.

    Returns:
        (n, n), a plain array.

    >>> invhilbert(2)
    array([[ 4., -6.],
           [-6., 12.]])
    """
    size = size_of("invhilbert", n)
    rows = [
        [
            (-1) ** (i + j)
            * (i + j + 1)
            * comb(size + i, size - j - 1)
            * comb(size + j, size - i - 1)
            * comb(i + j, i) ** 2
            for j in range(size)
        ]
        for i in range(size)
    ]
    dtype: DTypeLike = float if not exact else object if size > 14 else np.int64
    return np.array(rows, dtype).reshape(size, size)


@user_facing
def pascal(n: int, kind: str = "symmetric", exact: bool = True) -> Array:
    """Binomial coefficients as a matrix.

    Args:
        n: its size.
        kind: 'symmetric', 'lower' or 'upper'.
        exact: integers, uint64 up to a size of 34; floats else.

    Returns:
        (n, n), a plain array.

    Raises:
        ValueError: there is no such kind.

    >>> pascal(3, "lower", exact=False)
    array([[1., 0., 0.],
           [1., 1., 0.],
           [1., 2., 1.]])
    """
    one_of("pascal", "kind", kind, ("symmetric", "lower", "upper"))
    size = size_of("pascal", n)
    places = range(size)
    if kind == "symmetric":
        rows = [[comb(i + j, i) for j in places] for i in places]
    else:
        rows = [[comb(i, j) if kind == "lower" else comb(j, i) for j in places] for i in places]
    dtype: DTypeLike = float if not exact else object if size >= 35 else np.uint64
    return np.array(rows, dtype).reshape(size, size)


@user_facing
def invpascal(n: int, kind: str = "symmetric", exact: bool = True) -> Array:
    """The inverse of ``pascal(n, kind)``, whose elements are whole numbers.

    Args:
        n: its size.
        kind: 'symmetric', 'lower' or 'upper'.
        exact: integers, int64 up to a size of 34; floats else.

    Returns:
        (n, n), a plain array.

    Raises:
        ValueError: there is no such kind.

    >>> invpascal(3, "lower", exact=False)
    array([[ 1.,  0.,  0.],
           [-1.,  1.,  0.],
           [ 1., -2.,  1.]])
    """
    one_of("invpascal", "kind", kind, ("symmetric", "lower", "upper"))
    size = size_of("invpascal", n)
    places = range(size)
    lower = [[(-1) ** (i + j) * comb(i, j) for j in places] for i in places]
    if kind == "symmetric":  # the product of the inverses of the triangular factors
        rows = [[sum(row[i] * row[j] for row in lower) for j in places] for i in places]
    else:
        rows = [[lower[i][j] if kind == "lower" else lower[j][i] for j in places] for i in places]
    dtype: DTypeLike = float if not exact else object if size >= 35 else np.int64
    return np.array(rows, dtype).reshape(size, size)


@user_facing
def hadamard(n: int, dtype: DTypeLike = int) -> Array:
    """Sylvester's Hadamard matrix.

    Args:
        n: its size, a power of 2.
        dtype: that of the elements.

    Returns:
        (n, n), a plain array.

    Raises:
        ValueError: n is no power of 2.

    >>> hadamard(2)
    array([[ 1,  1],
           [ 1, -1]])
    """
    size = size_of("hadamard", n)
    if size < 1 or size & (size - 1):
        raise ValueError(f"hadamard: the size must be a power of 2, got {n}")
    out = np.ones((1, 1), dtype)
    while out.shape[0] < size:
        out = np.block([[out, out], [out, -out]])
    return out


@user_facing
def helmert(n: int, full: bool = False) -> Array:
    """Helmert's matrix of differences from means of those before.

    Args:
        n: its size.
        full: also the first row, so that it is square.

    Returns:
        (n - 1, n) or (n, n), a plain array.

    >>> helmert(2).round(6)
    array([[ 0.707107, -0.707107]])
    """
    size = size_of("helmert", n)
    rows = np.tril(np.ones((size, size)), -1) - np.diag(np.arange(size))
    rows[:1] = 1
    squares = np.arange(size) * np.arange(1, size + 1)
    squares[:1] = size
    rows = rows / np.sqrt(squares)[:, None]
    return rows if full else rows[1:]
