"""Cost of the derivative checker: points, loops, a million parameters, and a package by command.

    OMP_NUM_THREADS=1 python benchmarks/checking_alone.py

Processor time, so that other programs matter less; medians of several runs.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.testing import GradientCheckError, check_grads
from funcgrad.testing.command.main import main as command

FUNCTIONS = """import numpy as np
import funcgrad as fg
from typing import Annotated

A = Annotated[np.ndarray, "n"]
M = Annotated[np.ndarray, "n m"]


@fg.custom_jvp
def softplus(x):
    return np.logaddexp(0.0, x)


softplus.defjvp(lambda p, t: (softplus(p[0]), t[0] / (1 + np.exp(-p[0]))))


@fg.custom_vjp
def cube(x):
    return x**3


cube.defvjp(lambda x: (x**3, x), lambda x, ct: (3 * x * x * ct,))


def activation(x: A):
    return softplus(x) * np.tanh(x)


def polynomial(x: A):
    return cube(x) - 2 * x * x + 1


def logistic(x: A):
    return 1 / (1 + np.exp(-x))


def softmax(x: A):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def distance(x: A, y: A):
    return np.sum((x - y) ** 2)


def layer(w: M, x: Annotated[np.ndarray, "m"]):
    return np.tanh(w @ x)


def gram(x: M):
    return x.T @ x


def smooth(x: A):
    return np.sqrt(1 + x * x)
"""


def seconds(call: Callable[[], Any], runs: int = 1) -> float:
    """The median processor time of several runs after a first one."""
    if runs > 1:
        call()
    times = []
    for _ in range(runs):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


def loop(x: Any) -> Any:
    """Two hundred turns in Python."""
    y = x
    for _ in range(200):
        y = np.sin(y) * 1.01 + 0.1 * x
    return np.sum(y)


def sum_of_sines(mask: np.ndarray) -> Any:
    """A function of as many numbers as there are in the factors of its slope."""
    f = fg.custom_vjp(lambda x: np.sum(np.sin(x)))
    f.defvjp(lambda x: (np.sum(np.sin(x)), x), lambda x, ct: (ct * np.cos(x) * mask,))
    return f


def failing(f: Any, x: np.ndarray) -> None:
    """One check that finds a mistake."""
    try:
        check_grads(f, (x,))
    except GradientCheckError:
        return
    raise AssertionError("not found")


def main() -> None:
    """Print the times."""
    rng = np.random.default_rng(1)
    x = np.array([0.5, 2.0, -1.0])
    w, b, data = rng.standard_normal((4, 2)), rng.standard_normal(2), rng.standard_normal((5, 4))
    points: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "sin(x) x of 3": (lambda x: np.sin(x) * x, (x,)),
        "softmax of 3": (lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))), (x,)),
        "loss of 10": (lambda w, b: np.mean(np.log1p(np.exp(data @ w + b)) ** 2), (w, b)),
    }
    for name, (f, args) in points.items():
        for order in (1, 2):
            took = seconds(partial(check_grads, f, args, order), 9)
            print(f"{name}, order {order}: {1e3 * took:.1f} ms")
    for order in (1, 2):
        took = seconds(partial(check_grads, loop, (x,), order))
        print(f"200 turns, order {order}: {took:.2f} s")
    many, mask = rng.standard_normal(1_000_000), np.ones(1_000_000)
    print(f"a million, right: {seconds(lambda: check_grads(sum_of_sines(mask), (many,))):.2f} s")
    mask[123456] = 1.1
    print(f"a million, one wrong: {seconds(lambda: failing(sum_of_sines(mask), many)):.2f} s")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "ten.py"
        path.write_text(FUNCTIONS)
        with contextlib.redirect_stderr(io.StringIO()):
            took = seconds(lambda: command([str(path), "--domain=-30,30"]))
    print(f"a package of ten functions, by the command: {took:.1f} s", file=sys.stdout)


if __name__ == "__main__":
    main()
