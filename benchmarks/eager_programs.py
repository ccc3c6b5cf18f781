"""Eager value and gradient of eighteen small programs: funcgrad, HIPS autograd, PyTorch.

Programs of a few operations on 12 to 20 numbers each, as research code is made of them: what counts
is the fixed cost of a call and of each operation. CPU time, one thread, in one run.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp

try:
    import torch
except ImportError:
    torch = None

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 1.5, 12)
A = RNG.uniform(0.5, 1.5, (4, 4))
B = RNG.uniform(0.5, 1.5, (4, 4))
V = RNG.uniform(0.5, 1.5, 4)
LABELS = np.eye(4)

PLAIN = SimpleNamespace(
    sum=np.sum, mean=np.mean, max=np.max, exp=np.exp, log=np.log, tanh=np.tanh, where=np.where,
    reshape=np.reshape, transpose=np.transpose, concatenate=np.concatenate, stack=fnp.stack,
    einsum=np.einsum, axis="axis",
)  # fmt: skip
HIPS = SimpleNamespace(
    sum=anp.sum, mean=anp.mean, max=anp.max, exp=anp.exp, log=anp.log, tanh=anp.tanh,
    where=anp.where, reshape=anp.reshape, transpose=anp.transpose, concatenate=anp.concatenate,
    stack=anp.stack, einsum=anp.einsum, axis="axis",
)  # fmt: skip


def torch_namespace() -> Any:
    """PyTorch's functions under NumPy's names."""
    return SimpleNamespace(
        sum=lambda x, axis=None: torch.sum(x) if axis is None else torch.sum(x, axis),
        mean=torch.mean, max=torch.max, exp=torch.exp, log=torch.log, tanh=torch.tanh,
        where=torch.where, reshape=torch.reshape, transpose=torch.t, concatenate=torch.cat,
        stack=torch.stack, einsum=torch.einsum, axis="dim",
    )  # fmt: skip


def rosenbrock(m: Any, x: Any, _c: Any) -> Any:
    """Rosenbrock's function of ten numbers."""
    return m.sum(100.0 * (x[1:10] - x[:9] ** 2) ** 2 + (1 - x[:9]) ** 2)


def softmax_loss(m: Any, x: Any, c: Any) -> Any:
    """The cross-entropy of four rows with labels."""
    shifted = x - m.log(m.sum(m.exp(x), 1)).reshape((4, 1))
    return -m.sum(c.labels * shifted)


def loop_over_indices(_m: Any, x: Any, _c: Any) -> Any:
    """A sum of squares, element by element."""
    total = 0.0
    for i in range(12):
        total = total + x[i] * x[i]
    return total


PROGRAMS: dict[str, tuple[np.ndarray, Callable[[Any, Any, Any], Any]]] = {
    "a slice": (X, lambda m, x, c: m.sum(x[2:8])),
    "two elements": (X, lambda m, x, c: x[0] * x[3]),
    "sum": (X, lambda m, x, c: m.sum(x * x)),
    "mean": (X, lambda m, x, c: m.mean(x * x)),
    "sum over an axis": (A, lambda m, x, c: m.sum(m.sum(x, 0) ** 2)),
    "matrix product": (A, lambda m, x, c: m.sum(x @ c.b)),
    "reshape": (A, lambda m, x, c: m.sum(m.reshape(x, (2, 8)) ** 2)),
    "transpose": (A, lambda m, x, c: m.sum(m.transpose(x) * c.b)),
    "concatenate": (X, lambda m, x, c: m.sum(m.concatenate((x, x * 2.0)) ** 2)),
    "stack": (X, lambda m, x, c: m.sum(m.stack((x, x * 2.0)) ** 2)),
    "where": (X, lambda m, x, c: m.sum(m.where(x > 1.0, x, x * x))),
    "broadcast addition": (A, lambda m, x, c: m.sum((x + c.v) ** 2)),
    "max": (X, lambda m, x, c: m.max(x * x)),
    "einsum": (A, lambda m, x, c: m.sum(m.einsum("ij,jk->ik", x, c.b))),
    "rosenbrock": (X, rosenbrock),
    "softmax loss": (A, softmax_loss),
    "one layer": (A, lambda m, x, c: m.sum(m.tanh(c.b @ x + c.v))),
    "a loop over indices": (X, loop_over_indices),
}
"""The point, and the program of a namespace, a point and constants."""

CONSTANTS = SimpleNamespace(b=B, v=V, labels=LABELS)


def contenders(name: str) -> dict[str, Callable[[], Any]]:
    """Calls that compute value and gradient of one program."""
    x, program = PROGRAMS[name]
    ours = fg.value_and_grad(lambda x: program(PLAIN, x, CONSTANTS))
    theirs = autograd.value_and_grad(lambda x: program(HIPS, x, CONSTANTS))
    found: dict[str, Callable[[], Any]] = {
        "funcgrad": lambda: ours(x),
        "autograd": lambda: theirs(x),
    }
    if torch is not None:
        m = torch_namespace()
        constants = SimpleNamespace(**{k: torch.tensor(v) for k, v in vars(CONSTANTS).items()})

        def with_torch() -> Any:
            t = torch.tensor(x, requires_grad=True)
            value = program(m, t, constants)
            value.backward()
            return value, t.grad

        found["torch"] = with_torch
    return found


def measure(calls: dict[str, Callable[[], Any]], number: int, rounds: int) -> dict[str, Any]:
    """CPU seconds per call of each contender in every round; rounds take turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(20):
            call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            for _ in range(number):
                call()
            times[name].append((time.process_time() - start) / number)
    return times


def main(rounds: int = 15, number: int = 100) -> None:
    """Print the ratios of every program, and their geometric means."""
    if torch is not None:
        torch.set_num_threads(1)
    ratios: dict[str, list[float]] = {}
    print("\neager value and gradient of small programs (CPU time)")
    for name in PROGRAMS:
        calls = contenders(name)
        results = {who: call() for who, call in calls.items()}
        for value, gradient in results.values():
            np.testing.assert_allclose(float(value), float(results["funcgrad"][0]))
            np.testing.assert_allclose(np.asarray(gradient), results["funcgrad"][1])
        times = measure(calls, number, rounds)
        ours = times.pop("funcgrad")
        line = f"  {name:20s} {statistics.median(ours) * 1e6:7.1f} us"
        for who, theirs in times.items():
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            ratios.setdefault(who, []).append(ratio)
            line += f"   / {who} {ratio:5.2f}"
        print(line)
    for who, found in ratios.items():
        mean = statistics.geometric_mean(found)
        print(f"  funcgrad / {who}: {mean:.2f} (geometric mean), {max(found):.2f} at most")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
