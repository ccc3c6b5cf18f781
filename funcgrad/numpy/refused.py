"""NumPy functions that a traced value cannot pass through, each with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..errors import TracerError
from .protocol import FUNCTIONS

ADVICE: dict[Any, str] = {
    np.copyto: "it writes into an array, which would drop the derivative. Write "
    "dst = fnp.where(mask, src, dst), or dst = fnp.at(dst)[:].set(src)",
    np.apply_along_axis: "it calls Python once per row. Write funcgrad.vmap(f)(x), with in_axes= "
    "for the axis",
    np.apply_over_axes: "call the function with axis=(...) instead",
    np.histogram: "counts are piecewise constant. Use funcgrad.stop_gradient(x) outside of jit, "
    "or a sum of smooth bumps",
    np.polyfit: "write np.linalg.lstsq(np.vander(x, deg + 1), y)[0]",
    np.save: "save the result of the transformation instead",
    np.array2string: "use funcgrad.debug.print",
}
_HISTOGRAMS = (np.histogram2d, np.histogramdd, np.histogram_bin_edges)
ADVICE |= {f: ADVICE[np.histogram] for f in _HISTOGRAMS}
ADVICE |= {
    f: "it changes an array in place, which would drop derivatives. Write "
    "x = fnp.at(x)[i].set(v), or x = fnp.where(mask, v, x)"
    for f in (np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal)
}


def _refusing(function: Callable[..., Any], advice: str) -> Callable[..., NoReturn]:
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise TracerError(f"np.{function.__name__} cannot take a traced value: {advice}.")

    return refuse


FUNCTIONS.update({f: _refusing(f, advice) for f, advice in ADVICE.items()})
