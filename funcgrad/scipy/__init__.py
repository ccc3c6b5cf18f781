"""SciPy's functions on traced values, with the names of ``scipy`` and ``jax.scipy``.

Subpackages are loaded when they are used.

>>> import numpy as np
>>> integrate.trapezoid(np.array([0.0, 1.0, 4.0]))
np.float64(3.0)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import cluster as cluster
    from . import fft as fft
    from . import integrate as integrate
    from . import interpolate as interpolate
    from . import ndimage as ndimage
    from . import signal as signal
    from . import spatial as spatial

    __all__: list[str]

_MODULES = (
    "cluster",
    "fft",
    "integrate",
    "interpolate",
    "ndimage",
    "signal",
    "spatial",
)  # fmt: skip

if not TYPE_CHECKING:  # a checker would take every name for granted
    __all__ = list(_MODULES)

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module 'funcgrad.scipy' has no attribute {name!r}")
        value = importlib.import_module(f".{name}", __name__)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return __all__
