"""Functions of matrices: exponential, square root, and those that act on eigenvalues."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...api.closure_convert import closure_convert
from ...api.custom import custom_jvp
from ...api.jvp import jvp
from ...core.arguments import check_function
from ...core.dtypes import is_floating
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...numpy.linalg.operands import of_one_dtype, square
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import eigen, exponential, solving, sylvester
from ...ops.linalg.directional import check_direction
from ...ops.linalg.matrices import swap
from ...ops.linalg.spectral import divided_differences, pairs
from ...ops.pointwise.complex import real
from ...ops.shape import broadcast_to, cast, reshape
from ...typing import Array, ArrayLike
from .stacks import alike


@user_facing
def expm(A: ArrayLike, *, upper_triangular: bool = False, max_squarings: int = 16) -> Array:
    """The exponential of matrices, by scaling, a Pade formula and squaring.

    Args:
        A: (..., n, n).
        upper_triangular: changes nothing.
        max_squarings: changes nothing: as many are done as the norm needs.

    Returns:
        The exponentials.

    Derivative: ``expm_frechet``. Formula: Higham (2005).

    >>> expm([[0.0, 1.0], [0.0, 0.0]])
    array([[1., 1.],
           [0., 1.]])
    """
    return exponential.expm(square("expm", A))


@user_facing
def expm_frechet(
    A: ArrayLike,
    E: ArrayLike,
    method: str | None = None,
    compute_expm: bool = True,
    check_finite: bool = True,
) -> Any:
    """The exponential of matrices, and its derivative in the direction E.

    Args:
        A: (..., n, n).
        E: (..., n, n), the directions.
        method: changes nothing.
        compute_expm: return the exponential as well.
        check_finite: changes nothing.

    Returns:
        (exponential, derivative), or the derivative.

    Raises:
        ShapeError: the shapes differ.

    >>> expm_frechet([[0.0]], [[2.0]])
    (array([[1.]]), array([[2.]]))
    """
    matrix, direction = of_one_dtype(A, E)
    if len(matrix.shape) > 1 and len(direction.shape) > 1:
        matrix, direction = alike("expm_frechet", [matrix, direction], (2, 2))
    check_direction("expm_frechet", aval_of(matrix), aval_of(direction))
    slope = exponential.frechet(matrix, direction)
    return (exponential.expm(matrix), slope) if compute_expm else slope


@user_facing
def sqrtm(A: ArrayLike, disp: bool = True, blocksize: int = 64) -> Array:
    """The principal square root of matrices.

    Args:
        A: (..., n, n), without eigenvalues that are negative or 0.
        disp: changes nothing.
        blocksize: changes nothing.

    Returns:
        The roots, real for real matrices: NaN where the root of one is not real, and it must be
        made complex before.

    Raises:
        ImportError: SciPy is not installed.

    Derivative: the solution X of ``S X + X S = dA`` with the root S.

    >>> sqrtm([[4.0, 0.0], [0.0, 9.0]])
    array([[2., 0.],
           [0., 3.]])
    """
    return sylvester.sqrtm(square("sqrtm", A))


@user_facing
def funm(A: ArrayLike, func: Callable[[Array], Array], disp: bool = True) -> Array:
    """A function of diagonalizable matrices, ``v func(w) v^-1`` with eigenvalues w.

    Args:
        A: (..., n, n), with n independent eigenvectors.
        func: a function of complex arrays, elementwise and analytic.
        disp: changes nothing.

    Returns:
        The matrices; real ones for real A: func must map conjugate numbers to conjugate ones.

    Derivative: by divided differences of ``func`` at pairs of eigenvalues (Higham 2008).

    >>> funm([[2.0, 0.0], [0.0, 3.0]], lambda w: w * w)
    array([[4., 0.],
           [0., 9.]])
    """
    check_function(func, "funm", "func")
    matrix = square("funm", A)
    values = cast(matrix[..., 0], np.result_type(matrix.dtype, np.complex64))
    of, captured = closure_convert(func, values)
    out = _function_of_matrix(of, matrix, tuple(captured))
    return real(out) if is_floating(matrix.dtype) else out


def _joined(v: Array, middle: Array) -> Array:
    """The product v middle v^-1."""
    return swap(solving.solve(swap(v), swap(matmul(v, middle))))


def _scaled(v: Array, values: Array) -> Array:
    columns = v * reshape(values, shape=(*values.shape[:-1], 1, values.shape[-1]))
    return swap(solving.solve(swap(v), swap(columns)))


@functools.partial(custom_jvp, nondiff_argnums=(0,))
def _function_of_matrix(of: Callable[..., Array], a: Array, captured: tuple[Array, ...]) -> Array:
    w, v = eigen.eig(a)
    return _scaled(v, of(w, *captured))


@_function_of_matrix.defjvp
def _function_of_matrix_jvp(of: Callable[..., Array], primals: Any, tangents: Any) -> Any:
    """Rule: v ((v^-1 dA v) * D) v^-1 with the divided differences D of the function (Higham,
    Functions of Matrices, 2008, theorem 3.11), next to equal eigenvalues the slope between them.
    """
    (a, captured), (t, moved) = primals, tangents
    w, v = eigen.eig(a)
    values, change = jvp(lambda *given: of(w, *given), tuple(captured), tuple(moved))
    (x, y), (fx, fy) = pairs(w), pairs(values)

    def slope(z: Array) -> Array:
        one = broadcast_to(w.dtype.type(1), z.shape)
        return jvp(lambda z: of(z, *captured), (z,), (one,))[1]

    quotients = divided_differences(x, y, fx - fy, slope)
    turned = solving.solve(v, matmul(cast(t, v.dtype), v))
    return _scaled(v, values), _joined(v, turned * quotients) + _scaled(v, change)
