"""Compiled programs against other systems: time per call, first call, and agreement of results.

python benchmarks/compiled.py [part of a name ...]. Against JAX, with one thread each; with
THREADS=2 two each. PEERS=jax,torch,inductor,autograd chooses others: PyTorch as it is and through
torch.compile, HIPS autograd, where they can run a program. Native code is used where llvmlite is
installed, none with FUNCGRAD_NATIVE=0.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

os.environ.setdefault("THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", os.environ["THREADS"])
os.environ.setdefault("FUNCGRAD_NUM_THREADS", os.environ["THREADS"])
os.environ.setdefault("FUNCGRAD_NATIVE", "1")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if os.environ["THREADS"] == "1"
    else "",
)
import numpy as np
from workloads import Library, elementwise, loops, models, solvers, stencils, torches

import funcgrad as fg

WORKLOADS = {
    **elementwise.WORKLOADS, **models.WORKLOADS, **loops.WORKLOADS, **solvers.WORKLOADS,
    **stencils.WORKLOADS,
}  # fmt: skip


class Peer(NamedTuple):
    """A system to compare with.

    Attributes:
        library: what programs are written with.
        compile: of a function.
        array: of a NumPy array.
        wait: for a result.
    """

    library: Library
    compile: Callable[[Any], Any]
    array: Callable[[Any], Any]
    wait: Callable[[Any], Any]


def ours() -> Library:
    """Funcgrad on NumPy."""
    return Library(np, fg.lax, fg, fg.lax.erf, fg.random, lambda x: x)


def _jax() -> Peer:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    library = Library(jnp, jax.lax, jax, jax.scipy.special.erf, jax.random, jnp.asarray)
    return Peer(library, jax.jit, jnp.asarray, jax.block_until_ready)


def _torch(compiled: bool) -> Peer:
    import torch

    torch.set_num_threads(int(os.environ["THREADS"]))
    library = torches.torch_library(compiled)
    run = torch.compile if compiled else lambda f: f
    return Peer(library, run, library.array, lambda x: x)


def _autograd() -> Peer:
    library = torches.autograd_library()
    return Peer(library, lambda f: f, np.asarray, lambda x: x)


PEERS: dict[str, Callable[[], Peer]] = {
    "jax": _jax,
    "torch": lambda: _torch(False),
    "inductor": lambda: _torch(True),
    "autograd": _autograd,
}


def _first(fun: Any, args: Any, wait: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    out = wait(fun(*args))
    return time.perf_counter() - start, out


class _Contest(NamedTuple):
    """A program in one system: its call, and the seconds of the first one."""

    call: Callable[[], Any]
    first: float
    out: Any


def _entered(name: str, peer: Peer) -> _Contest:
    fun, args = WORKLOADS[name].make(peer.library)
    args = fg.tree.map(lambda x: peer.array(x) if hasattr(x, "dtype") else x, args)
    run = peer.compile(fun)
    first, out = _first(run, args, peer.wait)
    return _Contest(lambda: peer.wait(run(*args)), first, out)


def compare(name: str, peers: dict[str, Peer], rounds: int = 15) -> None:
    """Print medians of one program, and how far the results are from those of the first peer."""
    found = {"ours": _entered(name, Peer(ours(), fg.jit, lambda x: x, lambda x: x))}
    for peer, system in peers.items():
        try:
            found[peer] = _entered(name, system)
        except Exception as error:
            print(f"{name:40s} not for {peer}: {type(error).__name__}", flush=True)
    contests = list(found.values())
    others = [k for k in found if k != "ours"]
    if not others:
        return
    leaves = [fg.tree.leaves(c.out) for c in (contests[0], found[others[0]])]
    apart = max(
        float(np.max(np.abs(np.asarray(a) - np.asarray(b)) / (np.abs(np.asarray(b)) + 1e-6)))
        for a, b in zip(*leaves, strict=True)
    )
    usual = [min(_first(c.call, (), lambda x: x)[0] for _ in range(3)) for c in contests]
    numbers = [max(1, int(5e-3 / max(t, 1e-7))) for t in usual]
    times: list[list[float]] = [[] for _ in contests]
    for _ in range(rounds):
        for c, number, row in zip(contests, numbers, times, strict=True):
            start = time.perf_counter()
            for _ in range(number):
                c.call()
            row.append((time.perf_counter() - start) / number)
    mine, *theirs = times
    best = statistics.median(a / min(b) for a, *b in zip(mine, *theirs, strict=True))
    ms = {k: statistics.median(row) * 1e3 for k, row in zip(found, times, strict=True)}
    spent = contests[0].first - usual[0]
    their_first = found[others[0]].first - usual[1]
    print(
        f"{name:40s} {ms['ours']:10.4f} ms  "
        + "  ".join(f"{k} {ms[k]:.4f}" for k in others)
        + f"  ratio {best:7.3f} (wanted {WORKLOADS[name].wanted})"
        + f"  first call {spent / their_first:.3f} ({spent * 1e3:.0f} ms)  apart {apart:.1e}",
        flush=True,
    )


def main() -> None:
    """Run the programs of which the name contains an argument, or all."""
    asked = os.environ.get("PEERS", "jax").split(",")
    peers = {name: PEERS[name]() for name in asked}
    for name in WORKLOADS:
        if not sys.argv[1:] or any(part in name for part in sys.argv[1:]):
            compare(name, peers)


if __name__ == "__main__":
    main()
