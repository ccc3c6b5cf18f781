"""Cost of calling an already jitted function on 3 elements: funcgrad and JAX."""

from __future__ import annotations

import os

import numpy as np
from pairs import paired, report

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax

import funcgrad as fg


def main() -> None:
    """Print the paired medians."""
    jax.config.update("jax_enable_x64", True)
    x = np.array([0.1, 0.2, 0.3])
    on_device = jax.numpy.asarray(x)
    ours, theirs = fg.jit(lambda x: x + 1.0), jax.jit(lambda x: x + 1.0)
    times = paired(
        {
            "funcgrad": lambda: ours(x),
            "jax": lambda: theirs(on_device),
            "jax, numpy argument": lambda: theirs(x),
            "numpy": lambda: x + 1.0,
        },
        number=2000,
    )
    report("dispatch of a jitted function, 3 elements", times, {"jax": 1.0})


if __name__ == "__main__":
    main()
