"""Hypergeometric functions 1F1 and 2F1 of real numbers; derivatives are in the argument.

NIST Digital Library of Mathematical Functions, 13.3.15 and 15.5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...core.primitive import Case
from ..families import Elementwise, sample
from .of_scipy import of_scipy, refusal


def _cases(*parameters: float, domain: tuple[float, float]):  # type: ignore[no-untyped-def]
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        first, *rest = parameters
        for dtype in ("f8", "f4"):
            yield Case(*(int(p) for p in parameters), sample(rng, (2, 3), dtype, domain))
        yield Case(np.array([[1], [2]]), *(int(p) for p in rest), sample(rng, (3,), "f8", domain))
        yield Case(int(first), *(int(p) for p in rest), sample(rng, (), "f8", domain))

    return cases


_refuse_1 = refusal("hyp1f1", "a parameter", "x")
_refuse_2 = refusal("hyp2f1", "a parameter", "z")

hyp1f1: Elementwise = of_scipy(
    "hyp1f1",
    jvp=(_refuse_1, _refuse_1, lambda t, _o, a, b, x: t * (a / b) * hyp1f1(a + 1, b + 1, x)),
    cases=_cases(1, 2, domain=(-2, 2)),
)
hyp2f1: Elementwise = of_scipy(
    "hyp2f1",
    jvp=(
        _refuse_2,
        _refuse_2,
        _refuse_2,
        lambda t, _o, a, b, c, z: t * (a * b / c) * hyp2f1(a + 1, b + 1, c + 1, z),
    ),
    cases=_cases(1, 2, 3, domain=(-0.6, 0.6)),
)
