"""Functions of ``cupyx``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import cupy
import numpy
from cupy._linalg import errors
from cupy._statistics import statistics


@contextlib.contextmanager
def errstate(
    *, divide: Any = None, over: Any = None, under: Any = None, invalid: Any = None,
    linalg: str | None = None, fallback_mode: Any = None,
) -> Iterator[None]:  # fmt: skip
    """Whether routines of linear algebra look at their errors, for which they wait."""
    before = dict(errors)
    if linalg is not None:
        errors["linalg"] = linalg
    try:
        yield
    finally:
        errors.update(before)


def geterr() -> dict[str, str]:
    return dict(errors)


def seterr(*, linalg: str | None = None, **_: Any) -> dict[str, str]:
    before = geterr()
    if linalg is not None:
        errors["linalg"] = linalg
    return before


def _scatter(name: str) -> Callable[[Any, Any, Any], None]:
    def call(a: Any, slices: Any, value: Any) -> None:
        getattr(cupy, name).at(a, slices, value)

    return call


scatter_add, scatter_max, scatter_min = map(_scatter, ("add", "maximum", "minimum"))


def rsqrt(x: Any) -> Any:
    return 1 / cupy.sqrt(x)


@contextlib.contextmanager
def allow_synchronize(allow: bool) -> Iterator[None]:
    """Real CuPy raises on synchronisation inside, if not allowed; so does this, at its end."""
    before = statistics.syncs
    yield
    if not allow and statistics.syncs > before:
        raise RuntimeError("DeviceSynchronized: the block synchronised")


def empty_pinned(shape: Any, dtype: Any = float, order: Any = "C") -> numpy.ndarray:
    return numpy.empty(shape, dtype, order)
