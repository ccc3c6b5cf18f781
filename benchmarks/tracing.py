"""Tracing and compiling long programs: linearity, and the first jitted call against JAX."""

from __future__ import annotations

import os
import statistics
import time

import numpy as np

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp

import funcgrad as fg


def unrolled(n, xp):
    """N steps of a body of four operations."""

    def run(x):
        for _ in range(n):
            x = xp.sin(x) * 0.9 + x * 0.1
        return xp.sum(x)

    return run


def seconds(run) -> float:
    """Time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Print linearity and the comparison with JAX."""
    jax.config.update("jax_enable_x64", True)
    x = np.array([0.1, 0.2, 0.3])
    print("\nmake_jaxpr and first jitted call of n equations (microseconds per equation)")
    for n in (1250, 2500, 5000):
        fun = unrolled(n, np)
        make = min(seconds(lambda fun=fun: fg.make_jaxpr(fun)(x)) for _ in range(3))
        jit = min(seconds(lambda n=n: fg.jit(unrolled(n, np))(x * 1.0)) for _ in range(1))
        print(
            f"  {4 * n:6d} equations: make_jaxpr {make / n / 4 * 1e6:6.1f}"
            f"  jit {jit / n / 4 * 1e6:6.1f}"
        )
    ours, theirs = [], []
    for k in range(5):
        fun, other = unrolled(800 + k, np), unrolled(800 + k, jnp)
        ours.append(seconds(lambda fun=fun: fg.jit(fg.grad(fun))(x)))
        theirs.append(seconds(lambda other=other: jax.jit(jax.grad(other))(x).block_until_ready()))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print("\nfirst jitted call of the gradient of 800 unrolled steps of 4 operations")
    print(f"  funcgrad {statistics.median(ours):.3f} s, jax {statistics.median(theirs):.3f} s")
    print(f"  funcgrad / jax: {ratio:.3f}  (wanted: at most 0.2)")
    n = 25_000
    taken = seconds(lambda: fg.grad(unrolled(n, np))(x))
    print(f"\neager grad of {4 * n} equations: {taken:.2f} s, {taken / n / 4 * 1e6:.2f} us each")


if __name__ == "__main__":
    main()
