"""BFGS and L-BFGS as loops of vectors, which run inside of programs.

Nocedal and Wright, "Numerical Optimization", 2006, algorithms 6.1, 7.4 and 7.5.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...lax.loops import scan, while_loop
from ...ops.shape import cast
from ...typing import Array
from .results import Parts
from .wolfe import Objective, line_search

CONVERGED, ITERATIONS, VALUES, GRADIENTS, PROGRESS, NO_STEP = range(6)
"""Why a method ended; the last but one means that the value hardly changes any more."""


class Limits(NamedTuple):
    """When a method ends.

    Attributes:
        maxiter: the largest number of iterations.
        norm: order of the norm of the gradient.
        gtol: the norm that is small enough.
        ftol: relative decrease of the value that is small enough, or None.
        maxfun: the largest number of evaluations of the function.
        maxgrad: likewise of its gradient.
        maxls: the largest number of evaluations in one line search.
    """

    maxiter: float
    norm: Any
    gtol: float
    ftol: float | None
    maxfun: float
    maxgrad: float
    maxls: int


class _State(NamedTuple):
    """Where a method is. ``memory`` is what it knows of the Hessian."""

    x: Array
    value: Array
    gradient: Array
    before: Array  # the value one iteration earlier
    memory: Any
    nit: Any
    evaluations: Any
    status: Any
    going: Any


def _minimum(
    objective: Objective, x: Array, limits: Limits, memory: Any, descend: Any, learn: Any
) -> _State:
    """Steps along directions until a limit is reached.

    Args:
        objective: the function.
        x: where to start.
        limits: when to end.
        memory: what is known of the Hessian at first.
        descend: from (memory, gradient) to a direction.
        learn: from (memory, step, change of the gradient, first) to the next memory.
    """

    def small(gradient: Array) -> Any:
        return np.linalg.norm(gradient, limits.norm) <= limits.gtol

    def iterate(s: _State) -> _State:
        direction = descend(s.memory, s.gradient)
        slope = direction @ s.gradient
        downhill = slope < 0
        direction = np.where(downhill, direction, -s.gradient)
        slope = np.where(downhill, slope, -(s.gradient @ s.gradient))
        # The step by which a parabola with this slope decreases as much as in the last iteration.
        guess = 2.02 * (s.value - s.before) / np.where(slope == 0, 1, slope)
        first = np.where((guess > 0) & (guess < 1), guess, 1)
        found = line_search(
            objective, s.x, direction, s.value, s.gradient, cast(first, s.x.dtype), limits.maxls
        )
        step = found.step * direction
        memory = learn(s.memory, step, found.gradient - s.gradient, s.nit == 0)
        nit, evaluations = s.nit + 1, s.evaluations + found.evaluations
        status: Any = np.int64(CONVERGED)
        if limits.ftol is not None:
            scale = np.maximum(np.maximum(abs(s.value), abs(found.value)), 1)
            status = np.where(s.value - found.value <= limits.ftol * scale, PROGRESS, status)
        status = np.where(evaluations >= limits.maxgrad, GRADIENTS, status)
        status = np.where(evaluations >= limits.maxfun, VALUES, status)
        status = np.where(nit >= limits.maxiter, ITERATIONS, status)
        status = np.where(found.failed, NO_STEP, status)
        reached = small(found.gradient)
        status = np.where(reached, CONVERGED, status)
        going = ~reached & (status == CONVERGED)
        return _State(
            s.x + step,
            found.value,
            found.gradient,
            s.value,
            memory,
            nit,
            evaluations,
            status,
            going,
        )

    value, gradient = objective(x)
    before = value + np.linalg.norm(gradient) / 2
    reached = small(gradient)
    one: Any = np.int64(1)
    idle = limits.maxiter < 1
    status = np.where(reached | (not idle), CONVERGED, ITERATIONS)
    going = ~reached & (not idle)
    start = _State(
        x, value, gradient, cast(before, value.dtype), memory, 0 * one, one, status, going
    )
    return while_loop(lambda s: s.going, iterate, start)


def _parts(s: _State, inverse: Array | None, more: tuple[int, ...] = ()) -> Parts:
    success = s.status == CONVERGED
    for status in more:
        success = success | (s.status == status)
    return {
        "success": success, "status": s.status, "jac": s.gradient, "hess_inv": inverse,
        "nfev": s.evaluations, "njev": s.evaluations, "nit": s.nit,
    }  # fmt: skip


def bfgs_vector(objective: Objective, x: Array, limits: Limits) -> tuple[Array, Array, Parts]:
    """The minimiser, the minimum, and the rest of the result, by BFGS."""
    identity: Any = np.eye(x.shape[0], dtype=x.dtype)

    def learn(inverse: Array, step: Array, change: Array, first: Any) -> Array:
        along, length = step @ change, change @ change
        usable = along > np.finfo(x.dtype).eps * length * 1e-3
        along, length = np.where(usable, along, 1), np.where(usable, length, 1)
        inverse = np.where(first, along / length * identity, inverse)
        moved = inverse @ change
        mixed = np.outer(moved, step)
        factor = (1 + change @ moved / along) / along
        updated = inverse + factor * np.outer(step, step) - (mixed + mixed.T) / along
        return np.where(usable, updated, inverse)

    s = _minimum(objective, x, limits, identity, lambda h, g: -(h @ g), learn)
    return s.x, s.value, _parts(s, s.memory)


def lbfgs_vector(
    objective: Objective, x: Array, limits: Limits, maxcor: int
) -> tuple[Array, Array, Parts]:
    """The same by L-BFGS, which remembers ``maxcor`` steps. There is no inverse Hessian."""
    rows: Any = np.zeros((maxcor, x.shape[0]), x.dtype)
    inverses: Any = np.zeros(maxcor, x.dtype)  # of the products of steps and changes; 0: none yet
    one: Any = x.dtype.type(1)

    def direction(memory: Any, gradient: Array) -> Array:
        steps, changes, rho, gamma = memory

        def backwards(q: Array, row: Any) -> tuple[Array, Array]:
            step, change, r = row
            a = r * (step @ q)
            return q - a * change, a

        q, weights = scan(backwards, gradient, (steps, changes, rho), reverse=True)

        def forwards(q: Array, row: Any) -> tuple[Array, None]:
            step, change, r, a = row
            return q + (a - r * (change @ q)) * step, None

        q, _ = scan(forwards, gamma * q, (steps, changes, rho, weights))
        return -q

    def learn(memory: Any, step: Array, change: Array, first: Any) -> Any:
        steps, changes, rho, _ = memory
        along, length = step @ change, change @ change
        usable = along > np.finfo(x.dtype).eps * length * 1e-3
        whole = np.where(usable, along, 1)
        new = (
            np.concatenate([steps[1:], step[None]]),
            np.concatenate([changes[1:], change[None]]),
            np.concatenate([rho[1:], (1 / whole)[None]]),
            along / np.where(usable, length, 1),
        )
        return tuple(np.where(usable, a, b) for a, b in zip(new, memory, strict=True))

    s = _minimum(objective, x, limits, (rows, rows, inverses, one), direction, learn)
    return s.x, s.value, _parts(s, None, (PROGRESS,))
