"""Loops and implicit functions by hand: time steps, fixed points, adjoints, recurrences."""

from __future__ import annotations

from typing import Any

import numpy as np

from .layers_dense import Layer, changed
from .mutant import between, normal

Array = np.ndarray

# --- a recurrent network through time ------------------------------------------------------------


def unrolled(xs: Array, h: Array, w: Array, u: Array) -> Any:
    """The last state of h = tanh(x w + h u) over the rows x of xs."""
    states = [h]
    for x in xs:
        states.append(np.tanh(x @ w + states[-1] @ u))
    return states[-1], (xs, states, w, u)


def unrolled_backward(
    ct: Array, cache: Any, *, first: int = 0, shift: int = 0, kept: int = 99, slope_of: int = 1
) -> Any:
    xs, states, w, u = cache
    dxs, dw, du = np.zeros(xs.shape), np.zeros(w.shape), np.zeros(u.shape)
    d = ct
    for t in range(len(xs) - 1, first - 1, -1):
        if len(xs) - t > kept:
            d = 0 * d
        s = states[t + slope_of]
        d = d * (1 - s * s)
        dxs[t] = d @ w.T
        dw += np.outer(xs[t], d)
        du += np.outer(states[t + shift], d)
        d = d @ u.T
    return dxs, d, dw, du


UNROLLED = Layer("recurrent network", unrolled, unrolled_backward,
                 normal((4, 2), (3,), (2, 3), (3, 3)), {
    "first step forgotten": lambda ct, c: unrolled_backward(ct, c, first=1),
    "state after the step for the one before": lambda ct, c: unrolled_backward(ct, c, shift=1),
    "truncated after two steps": lambda ct, c: unrolled_backward(ct, c, kept=2),
    "slope at the state before": lambda ct, c: unrolled_backward(ct, c, slope_of=0),
    "weights of the last step alone": changed(
        unrolled_backward, 2, lambda g, ct, c: np.outer(c[0][-1], ct * (1 - c[1][-1] ** 2))),
    "recurrent weights not transposed": changed(
        unrolled_backward, 1,
        lambda g, ct, c: unrolled_backward(ct, (c[0], c[1], c[2], c[3].T))[1]),
})  # fmt: skip


def recurrence(a: Array, b: Array, h: Array) -> Any:
    """All states of h_t = a_t h_(t-1) + b_t."""
    states = []
    for x, y in zip(a, b, strict=True):
        h = x * h + y
        states.append(h)
    return np.stack(states), (a, np.stack(states), states[0] * 0 + (states[0] - b[0]) / a[0])


def recurrence_backward(ct: Array, cache: Any, *, shift: int = 1, decay: int = 0) -> Any:
    a, states, start = cache
    before = np.concatenate([[start], states[:-1]]) if shift else states
    d, da, db = np.zeros_like(start), np.zeros(a.shape), np.zeros(a.shape)
    for t in range(len(a) - 1, -1, -1):
        d = d + ct[t]
        da[t], db[t] = d * before[t], d
        d = d * a[max(t - decay, 0)]
    return da, db, d


RECURRENCE = Layer("linear recurrence", recurrence, recurrence_backward,
                   lambda rng: (rng.uniform(0.5, 1.5, 5), rng.standard_normal(5),
                                np.asarray(rng.standard_normal())), {
    "state of the same step": lambda ct, c: recurrence_backward(ct, c, shift=0),
    "factor of the step before": lambda ct, c: recurrence_backward(ct, c, decay=1),
    "not carried on": changed(recurrence_backward, 1, lambda g, ct, c: ct),
    "start without a cotangent": changed(recurrence_backward, 2, lambda g, ct, c: None),
})  # fmt: skip

# --- adjoints of differential equations ----------------------------------------------------------

STEPS, DT = 6, 0.2


def euler(y: Array, a: Array) -> Any:
    path = [y]
    for _ in range(STEPS):
        path.append(path[-1] + DT * np.tanh(a @ path[-1]))
    return path[-1], (path, a)


def euler_backward(
    ct: Array, cache: Any, *, last: int = STEPS, at: int = 0, dt: float = DT, sign: float = 1.0
) -> Any:
    path, a = cache
    d, da = ct, np.zeros(a.shape)
    for k in range(last - 1, -1, -1):
        y = path[k + at]
        s = d * (1 - np.tanh(a @ y) ** 2)
        da += dt * np.outer(s, y)
        d = d + sign * DT * a.T @ s
    return d, da


EULER = Layer("Euler steps", euler, euler_backward, normal((3,), (3, 3)), {
    "one step too few": lambda ct, c: euler_backward(ct, c, last=STEPS - 1),
    "state at the end of the step": lambda ct, c: euler_backward(ct, c, at=1),
    "step size forgotten for parameters": lambda ct, c: euler_backward(ct, c, dt=1.0),
    "adjoint forwards in time": lambda ct, c: euler_backward(ct, c, sign=-1.0),
    "adjoint of the first state everywhere": lambda ct, c: euler_backward(
        ct, ([c[0][0]] * (STEPS + 1), c[1])),
})  # fmt: skip


def leapfrog(q: Array, p: Array) -> Any:
    """Two steps of a pendulum: half a kick, a drift, half a kick."""
    saved = []
    for _ in range(2):
        saved.append(q)
        p = p - 0.5 * DT * np.sin(q)
        q = q + DT * p
        saved.append(q)
        p = p - 0.5 * DT * np.sin(q)
    return (q, p), saved


def leapfrog_backward(cts: Any, saved: Any, half: float = 0.5, drift: float = DT) -> Any:
    dq, dp = cts
    for k in (1, 0):
        dq = dq - half * DT * np.cos(saved[2 * k + 1]) * dp
        dp = dp + drift * dq
        dq = dq - 0.5 * DT * np.cos(saved[2 * k]) * dp
    return dq, dp


LEAPFROG = Layer("leapfrog steps", leapfrog, leapfrog_backward, normal((4,), (4,)), {
    "kick not halved": lambda ct, c: leapfrog_backward(ct, c, half=1.0),
    "drift forgotten": lambda ct, c: leapfrog_backward(ct, c, drift=0.0),
    "momentum's cotangent ignored": lambda ct, c: leapfrog_backward((ct[0], 0 * ct[1]), c),
})  # fmt: skip

# --- implicit functions --------------------------------------------------------------------------


def fixed_point(w: Array, b: Array) -> Any:
    x = np.zeros(b.shape)
    for _ in range(200):
        x = np.tanh(0.3 * w @ x + b)
    return x, (w, x)


def fixed_point_backward(ct: Array, cache: Any, solve: Any = None, slope: Any = None) -> Any:
    w, x = cache
    s = 1 - x * x if slope is None else slope(x)
    j = 0.3 * s[:, None] * w
    u = np.linalg.solve(np.eye(len(x)) - j.T, ct) if solve is None else solve(j, ct)
    return 0.3 * np.outer(s * u, x), s * u


FIXED_POINT = Layer("fixed point", fixed_point, fixed_point_backward,
                    lambda rng: (rng.standard_normal((3, 3)), 0.5 * rng.standard_normal(3)), {
    "one iteration differentiated": lambda ct, c: fixed_point_backward(ct, c, lambda j, ct: ct),
    "two iterations differentiated": lambda ct, c: fixed_point_backward(
        ct, c, lambda j, ct: ct + j.T @ ct),
    "implicit system not transposed": lambda ct, c: fixed_point_backward(
        ct, c, lambda j, ct: np.linalg.solve(np.eye(3) - j, ct)),
    "implicit system with the wrong sign": lambda ct, c: fixed_point_backward(
        ct, c, lambda j, ct: np.linalg.solve(np.eye(3) + j.T, ct)),
    "linearised at zero": lambda ct, c: fixed_point_backward(
        ct, c, slope=lambda x: np.ones(3)),
})  # fmt: skip


def cubic_root(p: Array, q: Array) -> Any:
    """The root of y^3 + p y = q, for p > 0."""
    y = np.cbrt(q)
    for _ in range(60):
        y = y - (y**3 + p * y - q) / (3 * y * y + p)
    return y, (p, y)


CUBIC_ROOT = Layer("implicit root", cubic_root,
                   lambda ct, c: (-ct * c[1] / (3 * c[1] ** 2 + c[0]), ct / (3 * c[1] ** 2 + c[0])),
                   between(0.5, 2.0, (4,), (4,)), {
    "sign of the implicit derivative": lambda ct, c: (
        ct * c[1] / (3 * c[1] ** 2 + c[0]), ct / (3 * c[1] ** 2 + c[0])),
    "parameter's part of the slope forgotten": lambda ct, c: (
        -ct * c[1] / (3 * c[1] ** 2), ct / (3 * c[1] ** 2)),
    "residual's slope not inverted": lambda ct, c: (
        -ct * c[1] / (3 * c[1] ** 2 + c[0]), ct * (3 * c[1] ** 2 + c[0])),
})  # fmt: skip


def power_iteration(a: Array) -> Any:
    """The largest eigenvalue of a symmetric matrix."""
    values, vectors = np.linalg.eigh((a + a.T) / 2)
    return values[-1], (values, vectors)


POWER = Layer("largest eigenvalue", power_iteration,
              lambda ct, c: (ct * np.outer(c[1][:, -1], c[1][:, -1]),), normal((3, 3)), {
    "vector of the smallest": lambda ct, c: (ct * np.outer(c[1][:, 0], c[1][:, 0]),),
    "rows of the vectors": lambda ct, c: (ct * np.outer(c[1][-1], c[1][-1]),),
    "vector not squared": lambda ct, c: (ct * np.outer(c[1][:, -1], np.ones(3)),),
})  # fmt: skip


def sinkhorn(s: Array) -> Any:
    """Rows and columns of exp(s) normalised twice; all steps are kept."""
    steps = []
    m = np.exp(s)
    for axis in (1, 0, 1, 0):
        total = m.sum(axis, keepdims=True)
        m = m / total
        steps.append((m, total, axis))
    return m, (np.exp(s), steps)


def sinkhorn_backward(ct: Array, cache: Any, used: int = 4, last: float = 1.0) -> Any:
    start, steps = cache
    d = ct
    for m, total, axis in reversed(steps[4 - used :]):
        d = (d - last * np.sum(d * m, axis, keepdims=True)) / total
    return (d * start,)


SINKHORN = Layer("normalised rows and columns", sinkhorn, sinkhorn_backward, normal((3, 3)), {
    "last normalisations alone": lambda ct, c: (
        sinkhorn_backward(ct, (c[1][1][0], c[1]), used=2)[0],),
    "totals held constant": lambda ct, c: sinkhorn_backward(ct, c, last=0.0),
    "axes of the totals exchanged": lambda ct, c: sinkhorn_backward(
        ct, (c[0], [(m, t, 1 - axis) for m, t, axis in c[1]])),
})  # fmt: skip

LAYERS = [
    UNROLLED, RECURRENCE, EULER, LEAPFROG, FIXED_POINT, CUBIC_ROOT, POWER, SINKHORN,
]  # fmt: skip
MUTANTS = [mutant for layer in LAYERS for mutant in layer.mutants()]
