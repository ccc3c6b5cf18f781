"""Cost of checking a function of ten numbers to order two: funcgrad and JAX without jit."""

from __future__ import annotations

import os

import numpy as np
from pairs import paired, report

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
from jax.test_util import check_grads as jax_check_grads

from funcgrad.testing import check_grads

MODES = ("fwd", "rev")


def main() -> None:
    """Print the paired medians."""
    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(1)
    w, b, x = rng.standard_normal((4, 2)), rng.standard_normal(2), rng.standard_normal((5, 4))

    def loss(np_like):
        return lambda w, b: np_like.mean(np_like.log1p(np_like.exp(x @ w + b)) ** 2)

    ours, theirs = loss(np), loss(jax.numpy)

    def check_with_jax():
        with jax.disable_jit():
            jax_check_grads(theirs, (w, b), order=2, modes=MODES)

    times = paired(
        {
            "funcgrad": lambda: check_grads(ours, (w, b), order=2, modes=MODES),
            "jax": check_with_jax,
            "without laws": lambda: check_grads(ours, (w, b), 2, MODES, laws=False),
        },
        number=1,
    )
    report("check of 10 parameters to order 2, both modes", times, {"jax": 1.0})


if __name__ == "__main__":
    main()
