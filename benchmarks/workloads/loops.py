"""Programs whose work is done in loops."""

from __future__ import annotations

from typing import Any

import numpy as onp

from . import Library, Workload


def n_body(lib: Library, derivative: bool) -> Any:
    """Gravity of 16 bodies, 200 leapfrog steps, float32; final energy-like sum."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    x = rng.normal(size=(16, 3)).astype("f")
    v = 0.1 * rng.normal(size=(16, 3)).astype("f")
    m = (0.5 + rng.random(16)).astype("f")

    def acceleration(x: Any, m: Any) -> Any:
        d = x[None, :, :] - x[:, None, :]
        r2 = np.sum(d * d, axis=-1) + onp.float32(0.05)
        return np.sum(d * (m[None, :, None] / (r2 * np.sqrt(r2))[:, :, None]), axis=1)

    def run(x: Any, v: Any, m: Any) -> Any:
        h = onp.float32(0.01)

        def step(state: Any, _: Any) -> Any:
            x, v = state
            v = v + h * acceleration(x, m)
            return (x + h * v, v), None

        (x, v), _ = lax.scan(step, (x, v), None, length=200)
        return x, v

    if not derivative:
        return run, (x, v, m)
    return lib.fg.grad(lambda x, v, m: np.sum(run(x, v, m)[0] ** 2), (0, 1)), (x, v, m)


def hmc(lib: Library) -> Any:
    """One Hamiltonian Monte Carlo proposal of a logistic regression: 100 steps, 20 unknowns."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    a, y = rng.normal(size=(500, 20)), (rng.random(500) < 0.5) * 1.0

    def energy(q: Any, a: Any, y: Any) -> Any:
        z = a @ q
        return np.sum(np.logaddexp(0.0, z) - y * z) + 0.5 * np.sum(q * q)

    def run(q: Any, p: Any, a: Any, y: Any) -> Any:
        slope = lib.fg.grad(energy)

        def step(state: Any, _: Any) -> Any:
            q, p = state
            p = p - 0.005 * slope(q, a, y)
            q = q + 0.01 * p
            return (q, p - 0.005 * slope(q, a, y)), None

        (q, p), _ = lax.scan(step, (q, p), None, length=100)
        return q, p, energy(q, a, y) + 0.5 * np.sum(p * p)

    return run, (0.1 * rng.normal(size=20), rng.normal(size=20), a, y)


def nuts(lib: Library) -> Any:
    """A trajectory that doubles until it turns: a while loop inside a while loop, 10 unknowns."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    scale = 0.5 + rng.random(10)

    def energy(q: Any) -> Any:
        return 0.5 * np.sum((q / scale) ** 2) + 0.1 * np.sum(np.sin(q))

    slope = lib.fg.grad(energy)

    def leap(q: Any, p: Any, h: Any) -> Any:
        p = p - 0.5 * h * slope(q)
        q = q + h * p
        return q, p - 0.5 * h * slope(q)

    def run(q: Any, p: Any, key: Any) -> Any:
        def extend(q: Any, p: Any, h: Any, steps: Any) -> Any:
            def more(s: Any) -> Any:
                return np.logical_and(s[0] < steps, s[3])

            def step(s: Any) -> Any:
                i, a, b, _ = s
                a, b = leap(a, b, h)
                return i + 1, a, b, energy(a) + 0.5 * np.sum(b * b) < 1000.0

            _, a, b, _ = lax.while_loop(more, step, (np.zeros((), int), q, p, np.ones((), bool)))
            return a, b

        def going(s: Any) -> Any:
            depth, ql, pl, qr, pr, _, _ = s
            d = qr - ql
            straight = np.logical_and(np.dot(d, pl) >= 0, np.dot(d, pr) >= 0)
            return np.logical_and(depth < 8, straight)

        def double(s: Any) -> Any:
            depth, ql, pl, qr, pr, chosen, key = s
            keys = lib.random.split(key)
            right = lib.random.uniform(keys[0]) < 0.5
            q, p = np.where(right, qr, ql), np.where(right, pr, pl)
            q, p = extend(q, p, np.where(right, 0.05, -0.05), 2**depth)
            chosen = np.where(lib.random.uniform(keys[1]) < 0.5, q, chosen)
            ql, pl = np.where(right, ql, q), np.where(right, pl, p)
            qr, pr = np.where(right, q, qr), np.where(right, p, pr)
            return depth + 1, ql, pl, qr, pr, chosen, keys[0]

        start = (np.zeros((), int), q, p, q + 1e-6 * p, p, q, key)
        return lax.while_loop(going, double, start)[5]

    return run, (rng.normal(size=10), rng.normal(size=10), lib.random.key(0))


def kalman(lib: Library, derivative: bool) -> Any:
    """Log-likelihood of 1,000 observations, 4 states, 2 measured, with small solves."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    f = onp.eye(4) + onp.diag([0.1, 0.1, 0.1], 1)
    h = onp.eye(2, 4)
    ys = rng.normal(size=(1000, 2))

    def loss(q: Any, r: Any, f: Any, h: Any, ys: Any) -> Any:
        def step(state: Any, y: Any) -> Any:
            x, p = state
            x = f @ x
            p = f @ p @ f.T + q * np.eye(4)
            s = h @ p @ h.T + r * np.eye(2)
            e = y - h @ x
            k = np.linalg.solve(s, h @ p).T
            x, p = x + k @ e, p - k @ h @ p
            return (x, p), e @ np.linalg.solve(s, e) + np.log(np.linalg.det(s))

        _, terms = lax.scan(step, (np.zeros(4), np.eye(4)), ys)
        return 0.5 * np.sum(terms)

    args = (onp.array(0.1), onp.array(0.5), f, h, ys)
    return (lib.fg.value_and_grad(loss, (0, 1, 2)) if derivative else loss), args


def rosenbrock(np: Any, x: Any) -> Any:
    """Rosenbrock's function of any number of coordinates."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def lbfgs(lib: Library) -> Any:
    """Minimise Rosenbrock's function of 20 unknowns by L-BFGS as one while loop."""
    np, lax = lib.np, lib.lax
    m, n = 8, 20
    fun = lib.fg.value_and_grad(lambda x: rosenbrock(np, x))

    def direction(g: Any, s: Any, y: Any, rho: Any) -> Any:
        def back(q: Any, row: Any) -> Any:
            s, y, r = row
            a = r * np.dot(s, q)
            return q - a * y, a

        q, alphas = lax.scan(back, g, (s, y, rho), reverse=True)
        scale = np.where(rho[-1] > 0, 1.0 / (rho[-1] * np.sum(y[-1] ** 2) + 1e-300), 1.0)

        def forth(q: Any, row: Any) -> Any:
            s, y, r, a = row
            return q + (a - r * np.dot(y, q)) * s, None

        return -lax.scan(forth, q * scale, (s, y, rho, alphas))[0]

    def run(x: Any) -> Any:
        def going(state: Any) -> Any:
            return np.logical_and(state[0] < 200, np.sum(state[3] ** 2) > 1e-10)

        def step(state: Any) -> Any:
            i, x, f, g, s, y, rho = state
            d = direction(g, s, y, rho)
            slope = np.dot(g, d)

            def shorten(ls: Any) -> Any:
                t, _, _ = ls
                t = 0.5 * t
                return (t, *fun(x + t * d))

            def too_long(ls: Any) -> Any:
                t, new, _ = ls
                return np.logical_and(new > f + 1e-4 * t * slope, t > 1e-10)

            t0 = np.where(i == 0, 1e-3, 1.0)
            t, f2, g2 = lax.while_loop(too_long, shorten, (t0, *fun(x + t0 * d)))
            ds, dy = t * d, g2 - g
            curve = np.dot(ds, dy)
            r = np.where(curve > 1e-12, 1.0 / curve, 0.0)
            s = np.concatenate([s[1:], ds[None]])
            y = np.concatenate([y[1:], dy[None]])
            rho = np.concatenate([rho[1:], r[None]])
            return i + 1, x + ds, f2, g2, s, y, rho

        zeros = (np.zeros((m, n)), np.zeros((m, n)), np.zeros(m))
        out = lax.while_loop(going, step, (np.zeros((), int), x, *fun(x), *zeros))
        return out[1], out[2]

    return run, (onp.full(n, -1.0),)


def conjugate_gradients(lib: Library) -> Any:
    """Solve for 200 unknowns by conjugate gradients as a while loop."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    a = rng.normal(size=(200, 200)) / 14
    a = a @ a.T + onp.eye(200)

    def run(a: Any, b: Any) -> Any:
        def going(s: Any) -> Any:
            return np.logical_and(s[0] < 200, s[4] > 1e-20)

        def step(s: Any) -> Any:
            i, x, r, p, rr = s
            ap = a @ p
            t = rr / np.dot(p, ap)
            x, r = x + t * p, r - t * ap
            new = np.dot(r, r)
            return i + 1, x, r, r + (new / rr) * p, new

        start = (np.zeros((), int), np.zeros(200), b, b, np.dot(b, b))
        return lax.while_loop(going, step, start)[1]

    return run, (a, rng.normal(size=200))


def sinkhorn(lib: Library) -> Any:
    """Value and gradient of entropic transport of 256 to 256 points, 200 iterations."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    x, y = rng.normal(size=(256, 2)), rng.normal(size=(256, 2))

    def cost(x: Any, y: Any) -> Any:
        c = np.sum((x[:, None] - y[None]) ** 2, -1)
        k = np.exp(-c / 0.5)

        def step(v: Any, _: Any) -> Any:
            u = (1 / 256) / (k @ v)
            return (1 / 256) / (k.T @ u), None

        v, _ = lax.scan(step, np.ones(256), None, length=200)
        u = (1 / 256) / (k @ v)
        return np.sum(u[:, None] * k * v[None] * c)

    return lib.fg.value_and_grad(cost), (x, y)


C = (0.2, 0.3, 0.8, 8 / 9, 1.0)
A = (
    (0.2,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
E = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
"""Of the pair of Dormand and Prince (1980)."""


def _predation(np: Any) -> Any:
    """The slope of hares and lynxes, by Lotka and Volterra."""

    def field(y: Any, theta: Any) -> Any:
        a, b, c, d = (theta[i] for i in range(4))
        return np.stack([a * y[0] - b * y[0] * y[1], d * y[0] * y[1] - c * y[1]])

    return field


def _dormand_prince(np: Any, field: Any, y: Any, h: Any, theta: Any) -> Any:
    ks = [field(y, theta)]
    for row in A:
        stage = y
        for a, k in zip(row, ks, strict=False):
            if a:
                stage = stage + h * a * k
        ks.append(field(stage, theta))
        new = stage
    error = sum((e * k for e, k in zip(E, ks, strict=True) if e), 0.0 * ks[0])
    return new, h * error


def lotka_volterra(lib: Library) -> Any:
    """An adaptive solver as a while loop, about 1,000 steps."""
    np, lax = lib.np, lib.lax

    def run(y: Any, theta: Any) -> Any:
        def going(s: Any) -> Any:
            return s[0] < 100.0

        def step(s: Any) -> Any:
            t, y, h, n = s
            h = np.minimum(h, 100.0 - t)
            new, error = _dormand_prince(np, _predation(np), y, h, theta)
            size = np.sqrt(np.mean((error / (1e-9 + 1e-9 * np.abs(y))) ** 2))
            good = size <= 1.0
            factor = np.clip(0.9 * np.maximum(size, 1e-10) ** -0.2, 0.2, 5.0)
            return np.where(good, t + h, t), np.where(good, new, y), h * factor, n + 1

        start = (np.zeros(()), y, np.asarray(0.01), np.zeros((), int))
        return lax.while_loop(going, step, start)[1]

    return run, (onp.array([1.0, 1.0]), onp.array([1.5, 1.0, 3.0, 1.0]))


def ode_gradient(lib: Library) -> Any:
    """Value and gradient through 1,000 fixed Dormand-Prince steps as a scan."""
    np, lax = lib.np, lib.lax

    def loss(theta: Any, y: Any) -> Any:
        def step(y: Any, _: Any) -> Any:
            return _dormand_prince(np, _predation(np), y, 0.01, theta)[0], None

        return np.sum(lax.scan(step, y, None, length=1000)[0])

    return lib.fg.value_and_grad(loss), (onp.array([1.5, 1.0, 3.0, 1.0]), onp.array([1.0, 1.0]))


def newton(lib: Library) -> Any:
    """Kepler's equation for 10,000 orbits: a vmapped while loop."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)

    def solve(m: Any, e: Any) -> Any:
        def going(s: Any) -> Any:
            return np.logical_and(np.abs(s[1]) > 1e-12, s[2] < 50)

        def step(s: Any) -> Any:
            x, _, n = s
            d = (x - e * np.sin(x) - m) / (1 - e * np.cos(x))
            return x - d, d, n + 1

        return lax.while_loop(going, step, (m, np.ones(()), np.zeros((), int)))[0]

    return lib.fg.vmap(solve), (3 * rng.random(10000), 0.9 * rng.random(10000))


WORKLOADS: dict[str, Workload] = {
    "16 bodies, 200 steps": Workload(lambda lib: n_body(lib, False), 0.1),
    "16 bodies, 200 steps, gradient": Workload(lambda lib: n_body(lib, True), 0.2),
    "Hamiltonian Monte Carlo, 100 steps": Workload(hmc, 0.3),
    "NUTS transition": Workload(nuts, 0.5),
    "Kalman filter": Workload(lambda lib: kalman(lib, False), 0.5),
    "Kalman filter, gradient": Workload(lambda lib: kalman(lib, True), 0.5),
    "L-BFGS, Rosenbrock 20": Workload(lbfgs, 0.5),
    "conjugate gradients, 200": Workload(conjugate_gradients, 0.5),
    "Sinkhorn 256, value and gradient": Workload(sinkhorn, 0.6),
    "adaptive Lotka-Volterra": Workload(lotka_volterra, 0.3),
    "Lotka-Volterra, 1,000 steps, gradient": Workload(ode_gradient, 0.3),
    "Newton, 10,000 problems": Workload(newton, 0.5),
}
