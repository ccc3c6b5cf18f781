"""Programs that look at the neighbours of every element, and choose a few of many."""

from __future__ import annotations

from typing import Any

import numpy as onp

from . import Library, Workload


def heat(lib: Library, derivative: bool) -> Any:
    """The heat equation on 128 x 128 points with periodic boundaries, 50 steps, float32."""
    np, lax = lib.np, lib.lax
    u = onp.random.default_rng(0).normal(size=(128, 128)).astype("f")

    def run(u: Any) -> Any:
        def step(u: Any, _: Any) -> Any:
            rows = np.roll(u, 1, 0) + np.roll(u, -1, 0)
            columns = np.roll(u, 1, 1) + np.roll(u, -1, 1)
            return u + onp.float32(0.1) * (rows + columns - 4 * u), None

        return lax.scan(step, u, None, length=50)[0]

    return (lib.fg.grad(lambda u: np.sum(run(u) ** 2)) if derivative else run), (u,)


def life(lib: Library) -> Any:
    """Conway's game of life on 128 x 128 cells, 20 steps."""
    np, lax = lib.np, lib.lax
    cells = (onp.random.default_rng(0).random((128, 128)) < 0.4).astype("i4")

    def run(cells: Any) -> Any:
        def step(x: Any, _: Any) -> Any:
            around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
            n = sum(np.roll(np.roll(x, i, 0), j, 1) for i, j in around)
            return ((n == 3) | ((x == 1) & (n == 2))).astype("int32"), None

        return lax.scan(step, cells, None, length=20)[0]

    return run, (cells,)


def largest(lib: Library) -> Any:
    """The ten largest of 1,000 numbers in each of 100 rows."""
    x = onp.random.default_rng(0).normal(size=(100, 1000)).astype("f")
    return (lambda x: lib.lax.top_k(x, 10)), (x,)


def polynomial(lib: Library) -> Any:
    """The slope of a polynomial of degree 11, written as powers, at 10,000 points."""
    x = onp.random.default_rng(0).normal(size=10_000)
    slope = lib.fg.grad(lambda x: sum(0.1 * k * x**k for k in range(12)))
    return lib.fg.vmap(slope), (x,)


WORKLOADS: dict[str, Workload] = {
    "heat, 128 x 128, 50 steps": Workload(lambda lib: heat(lib, False), 0.5),
    "heat, 128 x 128, 50 steps, gradient": Workload(lambda lib: heat(lib, True), 1.0),
    "game of life, 20 steps": Workload(life, 0.5),
    "ten largest of 1,000": Workload(largest, 0.5),
    "slope of powers, 10,000": Workload(polynomial, 1.0),
}
