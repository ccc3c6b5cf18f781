"""Compiled programs against JAX: time per call, first call, and agreement of results.

python benchmarks/compiled.py [part of a name ...]. One thread each, native code where llvmlite is
installed, none with FUNCGRAD_NATIVE=0.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("FUNCGRAD_NATIVE", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
import numpy as np
from workloads import Library, elementwise, loops, models

import funcgrad as fg

WORKLOADS = {**elementwise.WORKLOADS, **models.WORKLOADS, **loops.WORKLOADS}


def ours() -> Library:
    """Funcgrad on NumPy."""
    return Library(np, fg.lax, fg, fg.lax.erf, fg.random, lambda x: x)


def jaxs() -> Library:
    """JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    return Library(jnp, jax.lax, jax, jax.scipy.special.erf, jax.random, jnp.asarray)


def _first(fun: Any, args: Any, wait: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    out = wait(fun(*args))
    return time.perf_counter() - start, out


def compare(name: str, rounds: int = 15) -> None:
    """Print medians of one program, and how far the results are apart."""
    import jax

    workload = WORKLOADS[name]
    mine, args = workload.make(ours())
    theirs, their_args = workload.make(jaxs())
    their_args = jax.tree.map(jax.numpy.asarray, their_args)
    f, g = fg.jit(mine), jax.jit(theirs)
    first_f, out_f = _first(f, args, lambda x: x)
    first_g, out_g = _first(g, their_args, jax.block_until_ready)
    apart = max(
        float(np.max(np.abs(a - b) / (np.abs(b) + 1e-6)))
        for a, b in zip(fg.tree.leaves(out_f), map(np.asarray, jax.tree.leaves(out_g)), strict=True)
    )
    once = min(_first(f, args, lambda x: x)[0] for _ in range(3))
    number = max(1, int(5e-3 / max(once, 1e-7)))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(number):
            f(*args)
        times[0].append((time.perf_counter() - start) / number)
        start = time.perf_counter()
        for _ in range(number):
            jax.block_until_ready(g(*their_args))
        times[1].append((time.perf_counter() - start) / number)
    ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
    ms = [statistics.median(t) * 1e3 for t in times]
    print(
        f"{name:40s} {ms[0]:10.4f} ms {ms[1]:10.4f} ms  ratio {ratio:7.3f} (wanted "
        f"{workload.wanted})  first call {(first_f - once) / (first_g - ms[1] / 1e3):.3f}"
        f" ({(first_f - once) * 1e3:.0f} ms)  apart {apart:.1e}",
        flush=True,
    )


def main() -> None:
    """Run the programs of which the name contains an argument, or all."""
    for name in WORKLOADS:
        if not sys.argv[1:] or any(part in name for part in sys.argv[1:]):
            compare(name)


if __name__ == "__main__":
    main()
