"""NumPy's functions that make arrays of numbers: what they make goes to the default device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .. import arrays, tree
from ..arrays import Device

F = TypeVar("F", bound=Callable[..., Any])


def _made_there(fun: F) -> F:
    """A function whose arrays are moved to a device, the default one if none is given."""

    @functools.wraps(fun)
    def make(*args: Any, device: Device | None = None, **kwargs: Any) -> Any:
        out = fun(*args, **kwargs)
        return tree.map(lambda x: arrays.moved(x, device), out)

    make.__module__ = __name__
    return make  # type: ignore[return-value]


bartlett = _made_there(np.bartlett)
blackman = _made_there(np.blackman)
diag_indices = _made_there(np.diag_indices)
geomspace = _made_there(np.geomspace)
hamming = _made_there(np.hamming)
hanning = _made_there(np.hanning)
indices = _made_there(np.indices)
kaiser = _made_there(np.kaiser)
linspace = _made_there(np.linspace)
logspace = _made_there(np.logspace)
tril_indices = _made_there(np.tril_indices)
triu_indices = _made_there(np.triu_indices)
