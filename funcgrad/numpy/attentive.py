"""NumPy's functions that ask some of their arguments only whether they are traced.

``np.sum(x, initial=t)`` with a plain x and a traced t does not reach us. These do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..core.arguments import check_function
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from ..errors import TracerError
from .binding import load_all
from .protocol import FUNCTIONS, holds_tracer

F = TypeVar("F", bound=Callable[..., Any])


def _implementation(function: Any) -> Callable[..., Any]:
    if function not in FUNCTIONS:
        load_all()
    return FUNCTIONS[function]


def _attentive(function: F) -> F:
    """A function of NumPy that looks for traced values in all of its arguments."""
    numpys: Any = function

    @functools.wraps(numpys)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) > 1:
            for x in (*args, *kwargs.values()):
                if isinstance(x, Tracer) or holds_tracer(x):
                    return _implementation(numpys)(*args, **kwargs)
        return numpys(*args, **kwargs)

    name = numpys.__name__
    call.__module__ = __package__  # where pickle finds it
    call.__doc__ = f"""The function ``numpy.{name}``, with traced values in any of its arguments.

    >>> import inspect
    >>> import numpy as np
    >>> inspect.signature({name}) == inspect.signature(np.{name})
    True
    """
    return call  # type: ignore[return-value]


sum = _attentive(np.sum)
prod = _attentive(np.prod)
mean = _attentive(np.mean)
std = _attentive(np.std)
var = _attentive(np.var)
max = _attentive(np.max)
min = _attentive(np.min)
amax = max
amin = min
any = _attentive(np.any)
all = _attentive(np.all)
nansum = _attentive(np.nansum)
nanprod = _attentive(np.nanprod)
nanmean = _attentive(np.nanmean)
nanstd = _attentive(np.nanstd)
nanvar = _attentive(np.nanvar)
nanmax = _attentive(np.nanmax)
nanmin = _attentive(np.nanmin)
nan_to_num = _attentive(np.nan_to_num)
select = _attentive(np.select)
unwrap = _attentive(np.unwrap)
interp = _attentive(np.interp)
trapezoid = _attentive(np.trapezoid)
histogram = _attentive(np.histogram)
histogram2d = _attentive(np.histogram2d)
histogramdd = _attentive(np.histogramdd)
quantile = _attentive(np.quantile)
percentile = _attentive(np.percentile)
nanquantile = _attentive(np.nanquantile)
nanpercentile = _attentive(np.nanpercentile)


@user_facing
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    """A function of vectors along an axis, as ``numpy.apply_along_axis``.

    Args:
        func1d: the function, which may close over traced values.
        axis: the axis of the vectors.
        arr: array.
        args: further arguments of the function.
        kwargs: those by name.

    >>> apply_along_axis(np.sum, 0, np.ones((2, 3)))
    array([2., 2., 2.])
    """
    check_function(func1d, "apply_along_axis", "func1d")
    numpys: Any = np.apply_along_axis
    if isinstance(arr, Tracer) or holds_tracer((*args, *kwargs.values())):
        return _implementation(numpys)(func1d, axis, arr, *args, **kwargs)
    try:
        return numpys(func1d, axis, arr, *args, **kwargs)
    except TracerError:
        return _implementation(numpys)(func1d, axis, arr, *args, **kwargs)
