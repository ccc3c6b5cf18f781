"""The zeta function of Hurwitz, which SciPy evaluates on NumPy's arrays and CuPy on its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from ...arrays import ArrayModule, special_functions
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import DifferentiationError
from ...typing import Array
from ..families import Elementwise, elementwise, sample


def zeta_values(x: Array, q: Array) -> Array:
    """The sum of (k + q)**-x over k from 0, in the precision of q."""
    out = special_functions(np).zeta(x, q)
    dtype = getattr(q, "dtype", out.dtype)
    return out.astype(dtype if dtype.kind == "f" else out.dtype, copy=False)[()]


def _on_gpu(xp: ArrayModule, x: Array, q: Array) -> Array:
    dtype = np.result_type(q, np.float32)
    return special_functions(xp).zeta(xp.asarray(x, dtype), xp.asarray(q, dtype))


def _refuse(*_: Any) -> NoReturn:
    raise DifferentiationError(
        "zeta has no derivative with respect to its exponent x here; that with respect to q is "
        "there. Stop x with stop_gradient if it is meant to be a constant"
    )


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    exponents = np.array([2, 3, 5])
    for dtype in ("f8", "f4"):
        yield Case(exponents, sample(rng, (2, 3), dtype, (0.5, 3)))
    yield Case(np.array([[2], [4]]), sample(rng, (3,), "f8", (0.5, 3)))
    yield Case(3, sample(rng, (), "f8", (0.5, 3)))


# The terms of the sum, differentiated: NIST Digital Library of Mathematical Functions, 25.11.17.
zeta: Elementwise = elementwise(
    "zeta",
    zeta_values,
    jvp=(_refuse, lambda t, _o, x, q: t * -x * zeta(x + 1, q)),
    cases=_cases,
    on_gpu=_on_gpu,
    elements=Float64("a function of SciPy for float64"),
    hazard=Hazard.DOMAIN,
)
