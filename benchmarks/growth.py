"""How time grows with size, drawn: python benchmarks/growth.py docs/growth.svg.

A chain of elementwise operations and a training step of a perceptron, compiled, beside JAX, and
without compiling; one thread each.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("THREADS", "1")
import compiled
import matplotlib as mpl
import numpy as np
from workloads import Library, elementwise, models

mpl.use("Agg")
import matplotlib.pyplot as plt

import funcgrad as fg

ELEMENTS = [10**k for k in range(3, 8)]
WIDTHS = [32, 128, 512, 1024]

Make = Callable[[Library], tuple[Callable[..., Any], tuple[Any, ...]]]


def seconds(make: Make, rounds: int = 9) -> list[float]:
    """Medians of a call of funcgrad's program, JAX's, and of the function without compiling."""
    peer = compiled.PEERS["jax"]()
    mine, args = make(compiled.ours())
    theirs, given = make(peer.library)
    given = fg.tree.map(lambda x: peer.array(x) if hasattr(x, "dtype") else x, given)
    other = peer.compile(theirs)
    native = fg.jit(mine)
    calls = [lambda: native(*args), lambda: peer.wait(other(*given)), lambda: mine(*args)]
    for call in calls:
        call()
    rows: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, row in zip(calls, rows, strict=True):
            number = 0
            start = time.perf_counter()
            while time.perf_counter() - start < 5e-3:
                call()
                number += 1
            row.append((time.perf_counter() - start) / number)
    return [statistics.median(row) for row in rows]


def main(path: str) -> None:
    """Measure, print and draw."""
    chains = [seconds(lambda lib, n=n: elementwise.chain(lib, n)) for n in ELEMENTS]  # type: ignore[misc]
    steps = [seconds(lambda lib, n=n: models.mlp(lib, (n, n, n, 10), 64)) for n in WIDTHS]  # type: ignore[misc]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    for axis, sizes, rows, what in (
        (axes[0], ELEMENTS, chains, "elements of a chain of ten operations"),
        (axes[1], WIDTHS, steps, "width of a perceptron, one training step"),
    ):
        for label, marker, times in zip(
            ("jit", "JAX's jit", "without jit"), "osv", np.transpose(rows), strict=True
        ):
            axis.loglog(sizes, times * 1e3, marker=marker, markersize=4, label=label)
            print(
                what, label, [f"{n}: {t * 1e3:.4g} ms" for n, t in zip(sizes, times, strict=True)]
            )
        axis.set_xlabel(what)
        axis.set_ylabel("milliseconds")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(sys.argv[1])
