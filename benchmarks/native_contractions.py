"""Native contractions and convolutions against NumPy's BLAS and, if it is there, JAX.

FUNCGRAD_NATIVE=1 python benchmarks/native_contractions.py [part of a name ...]. One thread each.
"""

from __future__ import annotations

import functools
import math
import os
import statistics
import sys
import timeit
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
import numpy as np

import funcgrad as fg

try:
    import jax
except ImportError:
    jax = None


class Task(NamedTuple):
    """A product.

    Attributes:
        name: what is printed.
        shapes: of the operands.
        run: computes it, given a module of NumPy's functions, one of JAX's, and the operands.
        products: multiplications in it.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    run: Callable[..., Any]
    products: int


PRODUCTS = [
    ("ij,jk->ik", (4, 4, 4)), ("ij,jk->ik", (8, 8, 8)), ("ij,jk->ik", (20, 20, 20)),
    ("ij,j->i", (20, 20)), ("i,ij->j", (20, 20)), ("ij,j->i", (200, 200)), ("i,ij->j", (200, 200)),
    ("i,i->", (1000,)), ("i,j->ij", (100, 200)), ("ij,kj->ik", (500, 20, 20)),
    ("ij,jk->ik", (64, 64, 64)), ("ij,jk->ik", (32, 512, 128)), ("ij,jk->ik", (128, 784, 512)),
    ("ij,ik->jk", (128, 784, 512)), ("ij,kj->ik", (128, 512, 784)), ("ij,jk->ik", (256, 256, 256)),
    ("bhqd,bhkd->bhqk", (4, 4, 128, 64, 128)), ("bhqk,bhkd->bhqd", (4, 4, 128, 128, 64)),
    ("ij,jk->ik", (512, 512, 512)), ("ij,jk->ik", (1024, 1024, 1024)),
    ("ij,jk->ik", (2048, 2048, 2048)),
]  # fmt: skip
"""Formulas, and the sizes of their letters in the order in which they come."""

IMAGES = [((16, 28, 28, 1), (5, 5, 1, 32), "VALID"), ((16, 12, 12, 32), (5, 5, 32, 64), "VALID"),
          ((16, 14, 14, 64), (3, 3, 64, 64), "SAME")]  # fmt: skip
"""Shapes of images and kernels, and the padding."""


def tasks() -> Iterator[Task]:
    """All products."""
    for formula, given in PRODUCTS:
        letters = list(dict.fromkeys(c for c in formula if c.isalpha()))
        size = dict(zip(letters, given, strict=True))
        factors = formula.split("->")[0].split(",")
        shapes = tuple(tuple(size[c] for c in factor) for factor in factors)

        def run(np: Any, _lax: Any, x: Any, y: Any, formula: str = formula) -> Any:
            return np.einsum(formula, x, y)

        yield Task(f"{formula} {'x'.join(map(str, given))}", shapes, run, math.prod(given))
    for image, kernel, padding in IMAGES:
        place = (image[1], image[2]) if padding == "SAME" else (image[1] - kernel[0] + 1,) * 2
        count = image[0] * math.prod(place) * math.prod(kernel)

        def convolve(_np: Any, lax: Any, x: Any, w: Any, padding: str = padding) -> Any:
            names = ("NHWC", "HWIO", "NHWC")
            return lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=names)

        name = f"conv {'x'.join(map(str, image))} {'x'.join(map(str, kernel))} {padding}"
        yield Task(name, (image, kernel), convolve, count)


def numpys(task: Task) -> Callable[..., Any]:
    """The same by NumPy: by a product of matrices where einsum would not use BLAS."""
    if task.name.startswith("conv"):
        return lambda *xs: task.run(np, fg.lax, *xs)
    formula = task.name.split()[0]
    matrices: dict[str, Any] = {
        "ij,jk->ik": np.matmul, "ij,j->i": np.matmul, "i,ij->j": np.matmul, "i,i->": np.dot,
        "i,j->ij": np.multiply.outer, "ij,kj->ik": lambda x, y: x @ y.T,
        "ij,ik->jk": lambda x, y: x.T @ y, "bhqk,bhkd->bhqd": np.matmul,
        "bhqd,bhkd->bhqk": lambda x, y: x @ y.swapaxes(-1, -2),
    }  # fmt: skip
    return matrices[formula]  # type: ignore[no-any-return]


def measured(contenders: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The median ratio of each contender's time to that of the first, and of that in seconds."""
    first, *_ = contenders
    number = max(1, int(2e-3 / max(1e-9, timeit.timeit(contenders[first], number=3) / 3)))
    rounds: list[dict[str, float]] = []
    for _ in range(11):
        rounds.append({k: timeit.timeit(f, number=number) / number for k, f in contenders.items()})
    found = {first: statistics.median(r[first] for r in rounds)}
    for k in [*contenders][1:]:
        found[k] = statistics.median(r[first] / r[k] for r in rounds)
    return found


def _waiting(f: Callable[..., Any], *xs: Any) -> None:
    f(*xs).block_until_ready()


def main(parts: list[str]) -> None:
    """Print time, rate and ratios of each task in both precisions."""
    for task in tasks():
        if parts and not any(p in task.name for p in parts):
            continue
        for char in "fd":
            rng = np.random.default_rng(0)
            xs = [rng.standard_normal(shape).astype(char) for shape in task.shapes]
            compiled = fg.jit(lambda *xs, t=task: t.run(np, fg.lax, *xs))
            plain = numpys(task)
            expected = plain(*xs)
            np.testing.assert_allclose(compiled(*xs), expected, rtol=1e-3, atol=1e-3)
            contenders: dict[str, Callable[[], Any]] = {
                "ours": functools.partial(compiled, *xs),
                "numpy": functools.partial(plain, *xs),
            }
            if jax is not None:
                jax.config.update("jax_enable_x64", True)
                jitted = jax.jit(lambda *xs, t=task: t.run(jax.numpy, jax.lax, *xs))
                ys = [jax.numpy.asarray(x) for x in xs]
                contenders["jax"] = functools.partial(_waiting, jitted, *ys)
                contenders["jax"]()
            found = measured(contenders)
            rate = 2e-9 * task.products / found["ours"]
            ratios = "  ".join(f"/{k} {r:5.2f}" for k, r in found.items() if k != "ours")
            spent = f"{found['ours'] * 1e6:10.2f} us {rate:7.1f} GFLOP/s"
            print(f"{task.name:44s} {char} {spent}  {ratios}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
