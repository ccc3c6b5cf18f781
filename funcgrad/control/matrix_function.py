"""Functions of a matrix by its eigenvalues or singular values: V f(w) V*, U f(s) V*.

Their derivative is finite and right where values are equal, which no rule of the vectors alone can
be: the slope of f is not in them. It needs the divided differences of f (Daleckii and Krein 1965;
Higham, Functions of Matrices, 2008, theorem 3.11; for singular values Noferini, A formula for the
Fréchet derivative of a generalized matrix function, 2017).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core.avals import Aval
from ..core.dtypes import is_inexact
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.tracing import aval_of
from ..ops.contraction.dot_general import matmul
from ..ops.linalg.factorizations import from_triangle
from ..ops.linalg.matrices import adjoint, diagonal_of
from ..ops.linalg.spectral import divided_differences, eigh, pairs, svd
from ..ops.shape import broadcast_to, reshape
from ..transforms.jaxprs import jvp_jaxpr
from ..transforms.staging import stage
from ..typing import Array
from .custom import custom_jvp_call
from .custom_rule import Rule

OWNER = "a function of a matrix"


class Weights(NamedTuple):
    """A function of values and of scalars, elementwise, at vectors and at matrices of values."""

    vector: Jaxpr
    matrix: Jaxpr


def weights(run: Callable[..., Array], values: Aval, scalars: Sequence[Aval]) -> Weights:
    """The function ``run(values, *scalars)`` of values along the last axis."""
    shape = (*values.shape, values.shape[-1])

    def staged(w: Aval) -> Jaxpr:
        jaxpr = stage(lambda w, *xs: [broadcast_to(run(w, *xs), w.shape)], [w, *scalars], OWNER)
        jaxpr.as_written = True
        return jaxpr

    return Weights(staged(values), staged(Aval(shape, values.dtype)))


def matrix_function(of: Weights, a: Array, scalars: Sequence[Array], **params: Any) -> Array:
    """The matrix with the vectors of another one, and a function of its values.

    Args:
        of: the function.
        a: Hermitian matrices, or any with ``lower=None``, of which singular values are meant.
        scalars: the other arguments of the function.
        params: ``lower`` and ``failing`` of ``eigh``, or ``failing`` of ``svd``.
    """
    value = functools.partial(_value, of, params)
    call = stage(value, [aval_of(x) for x in (a, *scalars)], OWNER)
    call.as_written = True
    forward = functools.partial(_forward, of, params)
    rule = Rule(OWNER, call, forward, out_avals=call.out_avals, roots=(_value,))
    (out,) = custom_jvp_call(a, *scalars, rule=rule)
    return out  # type: ignore[no-any-return]


def _vectors(a: Array, params: dict[str, Any]) -> tuple[Array, Array, Array]:
    """The values, and the vectors on the left and on the right."""
    if "lower" in params:
        w, v = eigh(a, **params)
        return w, v, adjoint(v)
    u, s, vh = svd(a, full_matrices=False, **params)
    return s, u, vh


def _joined(left: Array, values: Array, right: Array) -> Array:
    return matmul(left * reshape(values, shape=(*values.shape[:-1], 1, values.shape[-1])), right)


def _value(of: Weights, params: dict[str, Any], a: Array, *scalars: Array) -> list[Array]:
    w, left, right = _vectors(a, params)
    (f,) = eval_jaxpr(of.vector, of.vector.consts, [w, *scalars])
    return [_joined(left, f, right)]


def _forward(of: Weights, params: dict[str, Any], a: Array, *rest: Array) -> list[Array]:
    """The value and its tangent.

    With M = U* dA V: the Hermitian part of M times (f_i - f_j) / (s_i - s_j), the skew part, which
    a Hermitian matrix does not have, times (f_i + f_j) / (s_i + s_j), and what is outside of the
    vectors on one side times f_i / s_i.
    """
    count = len(of.vector.invars) - 1
    scalars, (t, *moves) = rest[:count], rest[count:]
    w, left, right = _vectors(a, params)
    (f,) = eval_jaxpr(of.vector, of.vector.consts, [w, *scalars])
    (x, y), (fx, fy) = pairs(w), pairs(f)
    of_values = (True, *(False for _ in scalars))
    steep, _ = jvp_jaxpr(of.matrix, of_values, (True,), strong=False)

    def slope(v: Array) -> Array:
        one = broadcast_to(w.dtype.type(1), v.shape)
        return eval_jaxpr(steep, steep.consts, [v, *scalars, one])[1]  # type: ignore[no-any-return]

    differences = divided_differences(x, y, fx - fy, slope)
    if "lower" in params:
        t = from_triangle(t, lower=params["lower"])
        core = matmul(matmul(adjoint(left), t), adjoint(right)) * differences
        out = matmul(matmul(left, core), right)
    else:
        sums = divided_differences(x, -y, fx + fy, slope)
        inner = matmul(matmul(adjoint(left), t), adjoint(right))
        turned = adjoint(inner)
        core = (inner + turned) * 0.5 * differences + (inner - turned) * 0.5 * sums
        out = matmul(matmul(left, core), right)
        if a.shape[-2] != a.shape[-1]:
            outside = t - matmul(matmul(left, inner), right)
            slopes = diagonal_of(sums)
            if a.shape[-2] > a.shape[-1]:
                out = out + matmul(outside, _joined(adjoint(right), slopes, right))
            else:
                out = out + matmul(_joined(left, slopes, adjoint(left)), outside)
    inexact = [is_inexact(aval_of(x).dtype) for x in scalars]
    if any(inexact):
        change, _ = jvp_jaxpr(of.vector, (False, *inexact), (True,), strong=False)
        _, df = eval_jaxpr(change, change.consts, [w, *scalars, *moves])
        out = out + _joined(left, df, right)
    return [_joined(left, f, right), out]
