"""Functions of NumPy that CuPy does not have: composed for its arrays, NumPy's own for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import first_on_gpu
from ..core.tracebacks import user_facing
from ..typing import Array, ArrayLike
from . import polynomial_algebra
from .calls import along_axes
from .protocol import holds_tracer
from .reductions import histograms

_numpy: Any = np


@user_facing
def polyder(p: ArrayLike, m: int = 1) -> Array:
    """The derivative of a polynomial, as ``numpy.polyder``.

    Args:
        p: its coefficients, the highest power first.
        m: the order.

    >>> polyder(np.array([1.0, 2.0, 3.0]))
    array([2., 2.])
    """
    return _run("polyder", polynomial_algebra.polyder, p)(p, m)


@user_facing
def polyint(p: ArrayLike, m: int = 1, k: ArrayLike | None = None) -> Array:
    """The integral of a polynomial, as ``numpy.polyint``.

    Args:
        p: its coefficients, the highest power first.
        m: the order.
        k: the constants, by default 0.

    >>> polyint(np.array([2.0, 2.0]))
    array([1., 2., 0.])
    """
    return _run("polyint", polynomial_algebra.polyint, p, k)(p, m, k)


@user_facing
def histogram_bin_edges(
    a: ArrayLike,
    bins: Any = 10,
    range: Sequence[ArrayLike] | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """The edges that ``histogram`` uses, as ``numpy.histogram_bin_edges``.

    Args:
        a: values.
        bins: the number of bins, edges, or the name of a rule, for which values must be known.
        range: the first and the last edge; by default the smallest and the largest value.
        weights: for some rules.

    >>> histogram_bin_edges(np.array([0.0, 3.0]), 3)
    array([0., 1., 2., 3.])
    """
    run = _run("histogram_bin_edges", histograms.histogram_bin_edges, a, bins, range)
    return run(a, bins, range, weights)


@user_facing
def piecewise(
    x: ArrayLike, condlist: ArrayLike, funclist: Sequence[Any], *args: Any, **kw: Any
) -> Array:
    """Functions of parts of an array, each where its condition is true, as ``numpy.piecewise``.

    Args:
        x: array.
        condlist: a list of conditions.
        funclist: a function or a value for each, and perhaps one more for all other elements.
            Functions get the elements of their part; of a traced array they get all, and those of
            their part are selected.
        args: passed on to the functions.
        kw: passed on to the functions.

    >>> x = np.array([-1.0, 2.0])
    >>> piecewise(x, [x < 0, x >= 0], [lambda x: -x, 7.0])
    array([1., 7.])
    """
    run = _run("piecewise", along_axes.piecewise, x)
    return run(x, condlist, funclist, *args, **kw)


def _run(name: str, composed: Callable[..., Any], *operands: Any) -> Callable[..., Any]:
    """NumPy's function, or the composed one for traced values and arrays of a GPU."""
    plain = first_on_gpu(operands) is None and not holds_tracer(operands)
    return getattr(_numpy, name) if plain else composed  # type: ignore[no-any-return]
