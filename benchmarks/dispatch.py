"""Cost of calling already jitted functions of little work: funcgrad, JAX and plain NumPy."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from pairs import paired, report

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax

import funcgrad as fg

Case = tuple[Callable[[Any], Callable[..., Any]], tuple[Any, ...], float]
"""A function of ``numpy`` or ``jax.numpy``, arguments, and the ratio to JAX that is wanted."""


def two_arrays(xp: Any) -> Callable[..., Any]:
    """A formula of two arrays."""
    return lambda x, y: (x * 2.0 + y) * x


def parameters(xp: Any) -> Callable[..., Any]:
    """A step of gradient descent without gradients, on a pytree of 15 arrays."""
    return lambda layers: [{k: 0.9 * v for k, v in layer.items()} for layer in layers]


def chain(xp: Any) -> Callable[..., Any]:
    """Three functions, one after the other."""
    return lambda x: xp.tanh(xp.tanh(xp.tanh(x)))


def summed_chain(xp: Any) -> Callable[..., Any]:
    """The same of an array, summed."""
    return lambda x: xp.sum(xp.tanh(xp.tanh(xp.tanh(x))))


X = np.array([0.1, 0.2, 0.3])
LAYERS = [{"w": np.ones((3, 4)), "b": np.ones(4), "scale": np.ones(3)} for _ in range(5)]

CASES: dict[str, Case] = {
    "3 elements, two arrays": (two_arrays, (X, X[::-1].copy()), 0.05),
    "15 leaves in and out": (parameters, (LAYERS,), 0.1),
}
GRADIENTS: dict[str, Case] = {
    "gradient of three tanh, a Python float": (chain, (0.3,), 0.1),
    "gradient of three tanh, a NumPy scalar": (chain, (np.float64(0.3),), 0.1),
    "gradient of three tanh, 3 elements": (summed_chain, (X,), 0.1),
}


def main() -> None:
    """Print the paired medians."""
    jax.config.update("jax_enable_x64", True)
    for title, (make, args, wanted) in {**CASES, **GRADIENTS}.items():
        grads = title in GRADIENTS
        f, g = make(np), make(jax.numpy)
        ours = fg.jit(fg.grad(f) if grads else f)
        theirs = jax.jit(jax.grad(g) if grads else g)
        on_device = jax.tree.map(jax.numpy.asarray, args)
        contenders = {
            "funcgrad": lambda ours=ours, args=args: ours(*args),
            "jax": lambda theirs=theirs, args=on_device: theirs(*args),
            "jax, numpy arguments": lambda theirs=theirs, args=args: theirs(*args),
        }
        if not grads:
            contenders["numpy"] = lambda f=f, args=args: f(*args)
        report(title, paired(contenders, number=2000), {"jax": wanted})


if __name__ == "__main__":
    main()
