"""Matrices with a property, single or stacked; all shrink to identity-like matrices."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...typing import DTypeLike
from .arrays import elementwise as arrays
from .domains import interval
from .sides import matrix_side

ENTRIES = interval(-2.0, 2.0, closed=True)
FRACTIONS = interval(0.0, 1.0, closed=True)

Size: TypeAlias = int | SearchStrategy[int] | None


def orthogonal_matrices(
    n: Size = None, *, dtype: DTypeLike = np.float64, batch_shape: tuple[int, ...] = ()
) -> SearchStrategy[np.ndarray]:
    """Orthogonal matrices, or unitary ones for complex dtypes.

    The Cayley transform (I + S)^-1 (I - S) of a skew matrix S, with the signs of its columns
    drawn too.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> find(orthogonal_matrices(2), lambda q: True)
    array([[1., 0.],
           [0., 1.]])
    """

    def build(draw: DrawFn) -> np.ndarray:
        rows = side(draw, n)
        return rotation(draw, rows, np.dtype(dtype), batch_shape).astype(dtype)

    return st.composite(build)()


def spd_matrices(
    n: Size = None,
    *,
    condition: float = 100.0,
    dtype: DTypeLike = np.float64,
    batch_shape: tuple[int, ...] = (),
) -> SearchStrategy[np.ndarray]:
    """Symmetric (for complex dtypes Hermitian) matrices with positive eigenvalues.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        condition: eigenvalues lie between 1 and this.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> a = find(spd_matrices(), lambda a: len(a) == 2)
    >>> a.shape, bool(np.all(np.linalg.eigvalsh(a) > 0.9))
    ((2, 2), True)
    """

    def build(draw: DrawFn) -> np.ndarray:
        rows = side(draw, n)
        q = rotation(draw, rows, np.dtype(dtype), batch_shape)
        w = spectrum(draw, (*batch_shape, rows), condition)
        return hermitian_part((q * w[..., None, :]) @ adjoint(q)).astype(dtype)

    return st.composite(build)()


def symmetric_matrices(
    n: Size = None, *, dtype: DTypeLike = np.float64, batch_shape: tuple[int, ...] = ()
) -> SearchStrategy[np.ndarray]:
    """Matrices equal to their transpose.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: real or complex (and symmetric, not Hermitian).
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> a = find(symmetric_matrices(2), lambda a: a[0, 1] > 0)
    >>> bool(a[0, 1] == a[1, 0])
    True
    """

    def build(draw: DrawFn) -> np.ndarray:
        a = square(draw, side(draw, n), np.dtype(dtype), batch_shape)
        return np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)

    return st.composite(build)()


def skew_matrices(
    n: Size = None, *, dtype: DTypeLike = np.float64, batch_shape: tuple[int, ...] = ()
) -> SearchStrategy[np.ndarray]:
    """Matrices equal to minus their transpose; for complex dtypes, minus their adjoint.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> a = find(skew_matrices(2), lambda a: a[0, 1] > 0)
    >>> bool(a[0, 1] == -a[1, 0])
    True
    """

    def build(draw: DrawFn) -> np.ndarray:
        a = square(draw, side(draw, n), np.dtype(dtype), batch_shape)
        return (a - adjoint(a)).astype(dtype)

    return st.composite(build)()


def hermitian_matrices(
    n: Size = None,
    *,
    dtype: DTypeLike = np.complex128,
    batch_shape: tuple[int, ...] = (),
) -> SearchStrategy[np.ndarray]:
    """Matrices equal to their conjugate transpose.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: complex (or real: then they are symmetric).
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> a = find(hermitian_matrices(1), lambda a: a[0, 0] != 0)
    >>> a.dtype, float(a[0, 0].imag)
    (dtype('complex128'), 0.0)
    """

    def build(draw: DrawFn) -> np.ndarray:
        a = square(draw, side(draw, n), np.dtype(dtype), batch_shape)
        below = np.tril(a, -1)
        return below + adjoint(below) + (np.tril(a) - below).real

    return st.composite(build)()


def triangular_matrices(
    n: Size = None,
    *,
    lower: bool = True,
    unit_diagonal: bool = False,
    dtype: DTypeLike = np.float64,
    batch_shape: tuple[int, ...] = (),
) -> SearchStrategy[np.ndarray]:
    """Invertible triangular matrices, with diagonals between 1/2 and 2 in magnitude.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        lower: whether the zeros are above the diagonal, or below it.
        unit_diagonal: whether the diagonal is of ones.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> a = find(triangular_matrices(2), lambda a: a[1, 0] > 0)
    >>> float(a[0, 1])
    0.0
    """

    def build(draw: DrawFn) -> np.ndarray:
        rows = side(draw, n)
        a = np.tril(square(draw, rows, np.dtype(dtype), batch_shape), -1)
        diagonal = np.ones((*batch_shape, rows))
        if not unit_diagonal:
            magnitudes = draw(arrays(diagonal.shape, np.float64, interval(0.5, 2.0, closed=True)))
            diagonal = magnitudes * signs(draw, diagonal.shape)
        a = (a + diagonal[..., None] * np.eye(rows)).astype(dtype)
        return a if lower else np.ascontiguousarray(np.swapaxes(a, -1, -2))

    return st.composite(build)()


def stochastic_matrices(
    n: Size = None, *, dtype: DTypeLike = np.float64, batch_shape: tuple[int, ...] = ()
) -> SearchStrategy[np.ndarray]:
    """Matrices of positive numbers whose rows sum to 1.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: real.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> find(stochastic_matrices(2), lambda p: True)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    def build(draw: DrawFn) -> np.ndarray:
        rows = side(draw, n)
        weights = draw(arrays((*batch_shape, rows, rows), np.float64, interval(0.1, 10.0)))
        return (weights / weights.sum(axis=-1, keepdims=True)).astype(dtype)

    return st.composite(build)()


def low_rank_matrices(
    rank: int,
    *,
    shape: tuple[int, int] | None = None,
    condition: float = 100.0,
    dtype: DTypeLike = np.float64,
    batch_shape: tuple[int, ...] = (),
) -> SearchStrategy[np.ndarray]:
    """Matrices of a given rank, up to rounding.

    Args:
        rank: number of singular values that are not 0.
        shape: (rows, columns), each of at least rank; by default up to three more.
        condition: singular values other than 0 lie between 1 and this.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + shape.

    Raises:
        ValueError: if the shape has no matrices of that rank.

    >>> from hypothesis import find
    >>> find(low_rank_matrices(1, shape=(2, 3)), lambda a: True)
    array([[1., 0., 0.],
           [0., 0., 0.]])
    """
    if rank < 0 or (shape is not None and rank > min(shape)):
        raise ValueError(f"low_rank_matrices: no matrix of shape {shape} has rank {rank}")

    def build(draw: DrawFn) -> np.ndarray:
        more = st.integers(max(rank, 1), rank + 3)
        rows, columns = (draw(more), draw(more)) if shape is None else shape
        s = spectrum(draw, (*batch_shape, rank), condition)
        return from_singular_values(draw, s, (rows, columns), np.dtype(dtype), batch_shape)

    return st.composite(build)()


def invertible_matrices(
    n: Size = None,
    *,
    condition: float = 100.0,
    dtype: DTypeLike = np.float64,
    batch_shape: tuple[int, ...] = (),
) -> SearchStrategy[np.ndarray]:
    """Square matrices with singular values away from 0.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        condition: singular values lie between 1 and this.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n).

    >>> from hypothesis import find
    >>> a = find(invertible_matrices(), lambda a: np.linalg.det(a) < 0)
    >>> bool(np.linalg.cond(a) <= 101)
    True
    """

    def build(draw: DrawFn) -> np.ndarray:
        rows = side(draw, n)
        s = spectrum(draw, (*batch_shape, rows), condition)
        return from_singular_values(draw, s, (rows, rows), np.dtype(dtype), batch_shape)

    return st.composite(build)()


def well_separated_spectrum(
    n: Size = None,
    *,
    gap: float = 0.5,
    symmetric: bool = True,
    shape: tuple[int, int] | None = None,
    dtype: DTypeLike = np.float64,
    batch_shape: tuple[int, ...] = (),
) -> SearchStrategy[np.ndarray]:
    """Matrices whose eigenvalues (or singular values) differ by at least a gap, up to rounding.

    Args:
        n: number of rows, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        gap: smallest difference; singular values are also at least that far from 0.
        symmetric: symmetric (for complex dtypes Hermitian) matrices with separated eigenvalues,
            or general ones with separated singular values.
        shape: (rows, columns) of general matrices, in place of n.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n, n), or batch_shape + shape.

    Raises:
        ValueError: for a shape together with symmetric=True.

    >>> from hypothesis import find
    >>> find(well_separated_spectrum(2, gap=1), lambda a: True)
    array([[1., 0.],
           [0., 2.]])
    """
    if symmetric and shape is not None:
        raise ValueError("well_separated_spectrum: shape is for symmetric=False; give n instead")

    def build(draw: DrawFn) -> np.ndarray:
        rows, columns = (side(draw, n),) * 2 if shape is None else shape
        values = (*batch_shape, min(rows, columns))
        w = np.cumsum(gap + draw(arrays(values, np.float64, FRACTIONS)), axis=-1)
        if not symmetric:
            return from_singular_values(draw, w, (rows, columns), np.dtype(dtype), batch_shape)
        w = w - draw(st.sampled_from([0.0, 1.0, float(rows)]))
        q = rotation(draw, rows, np.dtype(dtype), batch_shape)
        return hermitian_part((q * w[..., None, :]) @ adjoint(q)).astype(dtype)

    return st.composite(build)()


def side(draw: DrawFn, n: Size) -> int:
    """A number of rows."""
    if isinstance(n, int):
        return n
    return matrix_side(draw) if n is None else draw(n)


def square(draw: DrawFn, n: int, dtype: np.dtype, batch_shape: tuple[int, ...]) -> np.ndarray:
    """A stack of matrices with small entries."""
    return draw(arrays((*batch_shape, n, n), dtype, ENTRIES))


def signs(draw: DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """An array of 1 and -1."""
    return 1.0 - 2.0 * draw(arrays(shape, np.bool_, "whole_numbers"))


def spectrum(draw: DrawFn, shape: tuple[int, ...], condition: float) -> np.ndarray:
    """Numbers from 1 to condition, as many small as large."""
    if not condition >= 1:
        raise ValueError(f"condition must be at least 1, got {condition!r}")
    return condition ** draw(arrays(shape, np.float64, FRACTIONS))


def rotation(draw: DrawFn, n: int, dtype: np.dtype, batch_shape: tuple[int, ...]) -> np.ndarray:
    """Orthogonal or unitary matrices, in double precision."""
    wide = np.dtype(np.complex128 if dtype.kind == "c" else np.float64)
    a = np.tril(square(draw, n, wide, batch_shape))
    skew = a - adjoint(a)
    eye = np.eye(n)
    return np.linalg.solve(eye + skew, eye - skew) * signs(draw, (*batch_shape, 1, n))


def from_singular_values(
    draw: DrawFn,
    s: np.ndarray,
    shape: tuple[int, int],
    dtype: np.dtype,
    batch_shape: tuple[int, ...],
) -> np.ndarray:
    """Matrices with given singular values, others being 0."""
    u = rotation(draw, shape[0], dtype, batch_shape)[..., : s.shape[-1]]
    v = rotation(draw, shape[1], dtype, batch_shape)[..., : s.shape[-1], :]
    return ((u * s[..., None, :]) @ v).astype(dtype)


def adjoint(a: np.ndarray) -> np.ndarray:
    """The conjugate transpose of matrices."""
    return np.conj(np.swapaxes(a, -1, -2))


def hermitian_part(a: np.ndarray) -> np.ndarray:
    """Matrices without the rounding errors that make them unsymmetric."""
    return (a + adjoint(a)) / 2
