"""Random operands for the cases on which the laws are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...core.primitive import Case


def sample(rng: Any, shape: tuple[int, ...], dtype: str, domain: tuple[float, float]) -> Any:
    """Random values of a dtype inside an interval, without ties; a NumPy scalar for shape ()."""
    low, high = domain
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.integers(0, 2, shape), bool)[()]
    if kind in "iu":
        low, high = int(np.ceil(low)), int(np.floor(high))
        if kind == "u":
            low = max(low, 0)
        return np.asarray(rng.integers(low, high + 1, shape), dtype)[()]
    margin = 0.05 * (high - low)
    x = rng.uniform(low + margin, high - margin, shape)
    if kind == "c":
        x = x + 1j * rng.uniform(-0.6, 0.6, shape)
    return np.asarray(x, dtype)[()]


def elementwise_cases(count: int, domain: Any, kinds: str) -> Callable[[Any], Iterable[Case]]:
    """Cases of an elementwise operator: every kind of dtype, broadcasting, and numbers."""
    domains = domain if isinstance(domain[0], tuple) else (domain,) * count

    def cases(rng: Any) -> Iterable[Case]:
        scalars = [()] * (count - 3)
        shapes = [(2, 3), (3,), (2, 1), *scalars]
        for kind in kinds:
            dtypes = {"f": ["f8", "f4"], "c": ["c16"], "i": ["i8", "i4"], "u": ["u4"], "b": ["?"]}
            for dtype in dtypes[kind]:
                yield Case(*[sample(rng, (2, 3), dtype, d) for d in domains])
        main = {"f": "f8", "c": "c16", "i": "i8", "u": "u4", "b": "?"}[kinds[0]]
        if count > 1:
            yield Case(*[sample(rng, s, main, d) for s, d in zip(shapes, domains, strict=False)])
            narrow = ((), (3,), (3,), *scalars)
            yield Case(*[sample(rng, s, main, d) for s, d in zip(narrow, domains, strict=False)])
        yield Case(*[sample(rng, (), main, d) for d in domains])

    return cases
