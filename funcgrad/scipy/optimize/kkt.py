"""Derivatives of minimisers: of stationary points, on bounds, and under constraints.

Differentiated are the conditions of Karush, Kuhn and Tucker with the constraints that are active
(Fiacco, "Introduction to sensitivity and stability analysis in nonlinear programming", 1983,
chapter 3). They have one solution where the Hessian is positive definite along the constraints,
their gradients are independent, and no multiplier is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import tree
from ...api.grad import grad
from ...api.jvp import jvp
from ...api.stop_gradient import stop_gradient
from ...numpy.protocol import as_operand
from ...ops.shape import cast
from ...typing import Array
from .implicit import along, jacobian, solve_hessian
from .problem import Operands, Problem

NEAR, EXACT = 1e-3, 1e-9
"""Distances at which a constraint may be active, relatively, and at which it is."""


def minimiser_tangent(problem: Problem, v: Array, given: Operands, dots: Operands) -> Array:
    """The tangent of the minimiser, where operands move."""
    if problem.constraints:
        return _constrained(problem, v, given, dots)

    # Not the user's gradient, which need not have a derivative.
    def gradient(given: Operands, v: Array) -> Array:
        return grad(problem.value, 1)(given, v)

    moved = along(gradient, v, given, dots)
    at_given = lambda v: gradient(given, v)  # noqa: E731
    everywhere = np.ones_like(v, dtype=bool)
    if given.lower is None or given.upper is None:
        return solve_hessian(at_given, v, -moved, everywhere)
    # Where a step along the gradient leaves the box, its side holds the unknown.
    ahead = v - at_given(v)
    below, above = ahead <= given.lower, ahead >= given.upper
    sides: Any = dots.lower, dots.upper
    pushed = cast(np.where(below, sides[0], np.where(above, sides[1], 0)), v.dtype)
    moved = moved + jvp(at_given, (v,), (pushed,))[1]
    return pushed + solve_hessian(at_given, v, -moved, ~(below | above))


def _conditions(problem: Problem, given: Operands, v: Array) -> tuple[Array, Array, Array]:
    """All constraints, bounds too: (values, lower, upper), vectors."""
    values, lower, upper = [], [], []
    for c, held in zip(problem.constraints, given.constraints, strict=True):
        found = c.values(held, v)
        values.append(cast(found, v.dtype))
        lower.append(np.broadcast_to(cast(as_operand(held.lower), v.dtype), found.shape))
        upper.append(np.broadcast_to(cast(as_operand(held.upper), v.dtype), found.shape))
    if given.lower is not None and given.upper is not None:
        values.append(v)
        lower.append(given.lower)
        upper.append(given.upper)
    joined = (np.concatenate(parts) for parts in (values, lower, upper))
    return tuple(joined)  # type: ignore[return-value]


def _active(problem: Problem, v: Array, given: Operands) -> tuple[Array, Array]:
    """Which constraints hold the minimiser on their lower side, and which on their upper one.

    Those near it are, whose distance is less than their multiplier: the step along the gradient
    would leave them.
    """
    v, given = stop_gradient((v, given))
    found, lower, upper = _conditions(problem, given, v)
    below, above = found - lower, upper - found
    margin = NEAR * (1 + np.where(np.isfinite(found), abs(found), 0))
    near = (np.minimum(below, above) <= margin) | (lower == upper)
    rows = jacobian(lambda v: _conditions(problem, given, v)[0], v)
    slope = grad(problem.value, 1)(given, v)
    pull = np.linalg.lstsq(np.where(near[:, None], rows, 0).T, slope, rcond=None)[0]
    low = near & ((below <= np.maximum(pull, EXACT)) | (lower == upper))
    return low, near & ~low & (above <= np.maximum(-pull, EXACT))


def _constrained(problem: Problem, v: Array, given: Operands, dots: Operands) -> Array:
    """The tangent under constraints, from a linear system of unknowns and multipliers."""
    low, high = _active(problem, v, given)
    active = low | high

    def excess(given: Operands, v: Array) -> Array:
        """What is zero for active constraints."""
        found, lower, upper = _conditions(problem, given, v)
        return np.where(active, found - np.where(low, lower, np.where(high, upper, 0)), 0)

    rows = jacobian(lambda v: excess(given, v), v)
    slope = grad(problem.value, 1)(given, v)
    idle = np.diag(np.where(active, 0, 1).astype(v.dtype))
    multipliers = np.linalg.solve(rows @ rows.T + idle, rows @ slope)

    def stationary(given: Operands, v: Array) -> Array:
        """The gradient of the Lagrangian, for multipliers that do not move."""
        lagrangian = lambda v: problem.value(given, v) - multipliers @ excess(given, v)  # noqa: E731
        return grad(lagrangian)(v)

    second = jacobian(lambda v: stationary(given, v), v)
    matrix = np.concatenate(
        [
            np.concatenate([second, -rows.T], axis=1),
            np.concatenate([rows, idle], axis=1),
        ]
    )
    moved = along(lambda g, v: (stationary(g, v), excess(g, v)), v, given, dots)
    return np.linalg.solve(matrix, -np.concatenate(tree.leaves(moved)))[: v.shape[0]]
