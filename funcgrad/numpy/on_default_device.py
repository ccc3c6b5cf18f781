"""NumPy's functions that make arrays of numbers: what they make goes to the default device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .. import arrays, tree
from ..arrays import Device
from ..core.tracebacks import user_facing

F = TypeVar("F", bound=Callable[..., Any])


def _made_there(fun: F, example: str, result: str) -> F:
    """A function whose arrays are moved to a device, the default one if none is given."""

    @functools.wraps(fun)
    def make(*args: Any, device: Device | None = None, **kwargs: Any) -> Any:
        out = fun(*args, **kwargs)
        return tree.map(lambda x: arrays.moved(x, device), out)

    name = fun.__name__
    make.__module__ = __name__
    make.__qualname__ = name
    make.__doc__ = f"""What ``numpy.{name}`` makes, on a device, the default one if none is given.

    Args:
        args: as for ``numpy.{name}``; arrays among them may be traced.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device.
        kwargs: as for ``numpy.{name}``.

    Returns:
        The array, or what NumPy's function returns with its arrays there.

    >>> {example}
    {result}
    """
    return user_facing(make)  # type: ignore[return-value]


bartlett = _made_there(np.bartlett, "bartlett(3)", "array([0., 1., 0.])")
blackman = _made_there(np.blackman, "blackman(3).round(3)", "array([-0.,  1., -0.])")
diag_indices = _made_there(np.diag_indices, "diag_indices(2)", "(array([0, 1]), array([0, 1]))")
geomspace = _made_there(np.geomspace, "geomspace(1, 100, 3)", "array([  1.,  10., 100.])")
hamming = _made_there(np.hamming, "hamming(3)", "array([0.08, 1.  , 0.08])")
hanning = _made_there(np.hanning, "hanning(3)", "array([0., 1., 0.])")
indices = _made_there(np.indices, "indices((2,))", "array([[0, 1]])")
kaiser = _made_there(np.kaiser, "kaiser(3, 0.0)", "array([1., 1., 1.])")
linspace = _made_there(np.linspace, "linspace(0, 1, 3)", "array([0. , 0.5, 1. ])")
logspace = _made_there(np.logspace, "logspace(0, 2, 3)", "array([  1.,  10., 100.])")
tril_indices = _made_there(
    np.tril_indices, "tril_indices(2)", "(array([0, 1, 1]), array([0, 0, 1]))"
)
triu_indices = _made_there(
    np.triu_indices, "triu_indices(2)", "(array([0, 0, 1]), array([0, 1, 1]))"
)
