"""The method of Levenberg and Marquardt as a loop of vectors, which runs inside of programs.

Nocedal and Wright, "Numerical Optimization", 2006, section 10.3; the damping as in Nielsen,
"Damping parameter in Marquardt's method", 1999.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...api.jacobians import jacfwd
from ...lax.loops import while_loop
from ...ops.shape import cast
from ...typing import Array
from .results import Parts

EVALUATIONS, GRADIENT, COST, STEP, NOTHING = 0, 1, 2, 3, -1
"""Why the method ended; the last one: it has not."""


class Tolerances(NamedTuple):
    """Relative changes of the cost and the step, and the gradient, that are small enough."""

    ftol: float
    xtol: float
    gtol: float
    max_nfev: int


class _State(NamedTuple):
    v: Array
    residuals: Array
    damping: Array
    growth: Array
    nfev: Any
    status: Any


def levenberg_marquardt(
    residual: Callable[[Array], Array], v: Array, limits: Tolerances
) -> tuple[Array, Parts]:
    """The minimiser of the sum of squares of a residual."""

    def iterate(s: _State) -> _State:
        jacobian = jacfwd(residual)(s.v)
        slope = s.residuals @ jacobian
        lengths = np.sqrt(np.sum(jacobian**2, axis=0))
        scale = np.where(lengths > 0, lengths, 1)
        # As a problem of least squares: products of the Jacobian would square its condition.
        rows = np.concatenate([jacobian, np.diag(np.sqrt(s.damping) * scale)])
        right = np.concatenate([-s.residuals, np.zeros_like(s.v)])
        step = np.linalg.lstsq(rows, right, rcond=None)[0]
        there = residual(s.v + step)
        cost, new = s.residuals @ s.residuals / 2, there @ there / 2
        new = np.where(np.isfinite(new), new, np.inf)
        expected = (s.damping * np.sum((scale * step) ** 2) - step @ slope) / 2
        gain = (cost - new) / np.where(expected > 0, expected, 1)
        better = (new < cost) & (expected > 0)
        gain = np.where(better, gain, 0)
        damping = np.where(
            better,
            s.damping * np.maximum(1 / 3, 1 - (2 * gain - 1) ** 3),
            s.damping * s.growth,
        )
        growth = np.where(better, 2, 2 * s.growth)
        small = np.linalg.norm(step) <= limits.xtol * (limits.xtol + np.linalg.norm(s.v))
        level = better & (cost - new <= limits.ftol * cost) & (gain > 0.25)
        flat = np.max(abs(slope)) <= limits.gtol
        # A step that the rounding of the cost hides is small, too, and not to be tried again.
        hidden = ~better & (expected <= np.finfo(v.dtype).eps * cost)
        nfev = s.nfev + 1
        status = np.where(nfev >= limits.max_nfev, EVALUATIONS, NOTHING)
        status = np.where(level | hidden, COST, status)
        status = np.where(small, STEP, status)
        status = np.where(flat, GRADIENT, status)
        taken = better & ~flat
        return _State(
            np.where(taken, s.v + step, s.v),
            np.where(taken, there, s.residuals),
            cast(damping, v.dtype),
            cast(growth, v.dtype),
            nfev,
            status,
        )

    start: Any = v.dtype.type(1e-3), v.dtype.type(2), np.int64(1), np.int64(NOTHING)
    s = while_loop(lambda s: s.status == NOTHING, iterate, _State(v, residual(v), *start))
    return s.v, {
        "success": s.status != EVALUATIONS, "status": s.status, "fun": s.residuals, "nfev": s.nfev,
    }  # fmt: skip
