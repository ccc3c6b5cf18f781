"""Distances of rows of matrices, with SciPy's names.

>>> import numpy as np
>>> cdist(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 0.0]]))
array([[5., 0.]])
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy import linalg
from ...numpy.protocol import inexact
from ...typing import Array, ArrayLike

__all__ = ["cdist", "pdist"]


def _cosine(x: Array, y: Array, _: float) -> Array:
    lengths = linalg.norm(x, axis=-1) * linalg.norm(y, axis=-1)
    return 1 - np.sum(x * y, axis=-1) / lengths


METRICS: dict[str, Callable[[Array, Array, float], Array]] = {
    "euclidean": lambda x, y, _: linalg.norm(x - y, axis=-1),
    "sqeuclidean": lambda x, y, _: np.sum((x - y) ** 2, axis=-1),
    "cityblock": lambda x, y, _: np.sum(abs(x - y), axis=-1),
    "chebyshev": lambda x, y, _: np.max(abs(x - y), axis=-1, initial=0.0),
    "minkowski": lambda x, y, p: linalg.norm(x - y, p, axis=-1),
    "cosine": _cosine,
}
"""Distances of the vectors along the last axes of two arrays, by name."""


@user_facing
def cdist(XA: ArrayLike, XB: ArrayLike, metric: str = "euclidean", *, p: float = 2.0) -> Array:
    """The distances of all pairs of rows of two matrices.

    Args:
        XA: matrix.
        XB: matrix with as many columns.
        metric: "euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine" or "minkowski".
        p: the exponent with "minkowski".

    Returns:
        A matrix with the rows of XA and, as columns, those of XB. The derivative of the distance
        of equal rows is 0.

    >>> cdist(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), "cityblock")
    array([[7.]])
    """
    a, b = _matrix("cdist", "XA", XA), _matrix("cdist", "XB", XB)
    if a.shape[1] != b.shape[1]:
        raise ShapeError(
            f"cdist: rows of shapes {tuple(a.shape)} and {tuple(b.shape)} differ in length"
        )
    distance = _metric("cdist", metric)
    if _scipy_can(metric, a, b):
        options = {"p": p} if metric == "minkowski" else {}
        return _scipys().cdist(a, b, metric, **options)  # type: ignore[no-any-return]
    return distance(a[:, None], b[None], p)


@user_facing
def pdist(X: ArrayLike, metric: str = "euclidean", *, p: float = 2.0) -> Array:
    """The distances of each two rows of a matrix, those of the first row first.

    Args:
        X: matrix.
        metric: as for ``cdist``.
        p: the exponent with "minkowski".

    Returns:
        A vector of n (n - 1) / 2 distances for n rows.

    >>> pdist(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]]))
    array([5., 4., 3.])
    """
    x = _matrix("pdist", "X", X)
    distance = _metric("pdist", metric)
    if _scipy_can(metric, x):
        options = {"p": p} if metric == "minkowski" else {}
        return _scipys().pdist(x, metric, **options)  # type: ignore[no-any-return]
    first, second = np.triu_indices(x.shape[0], 1)
    return distance(x[first], x[second], p)


def _scipy_can(metric: str, *xs: Array) -> bool:
    """True if SciPy is installed and takes the arrays: it makes none of all differences."""
    plain = all(type(x) is np.ndarray and x.dtype == np.float64 and x.size for x in xs)
    return plain and importlib.util.find_spec("scipy") is not None


def _scipys() -> Any:
    return importlib.import_module("scipy.spatial.distance")


def _matrix(name: str, argument: str, x: ArrayLike) -> Array:
    v = inexact(x)
    if len(v.shape) != 2:
        raise ShapeError(f"{name}: {argument} must be a matrix, got {aval_of(v)}")
    return v


def _metric(name: str, metric: str) -> Callable[[Array, Array, float], Array]:
    found = METRICS.get(metric) if isinstance(metric, str) else None
    if found is None:
        raise ValueError(
            f"{name}: metric must be one of {', '.join(map(repr, METRICS))}, got {describe(metric)}"
        )
    return found
