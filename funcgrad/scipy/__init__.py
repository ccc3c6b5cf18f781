"""SciPy's functions on arrays and traced values, with the names of ``scipy`` and ``jax.scipy``.

Names and results are SciPy's; arguments that JAX has besides have JAX's names. Modules are loaded
when they are asked for.

>>> import funcgrad as fg
>>> fg.grad(fg.scipy.special.gammaln)(1.0).round(6)
np.float64(-0.577216)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import cluster as cluster
    from . import fft as fft
    from . import integrate as integrate
    from . import interpolate as interpolate
    from . import linalg as linalg
    from . import ndimage as ndimage
    from . import optimize as optimize
    from . import signal as signal
    from . import sparse as sparse
    from . import spatial as spatial
    from . import special as special
    from . import stats as stats

    __all__: list[str]

_MODULES = tuple(
    "cluster fft integrate interpolate linalg ndimage optimize signal sparse spatial special "
    "stats".split()
)

if not TYPE_CHECKING:  # a checker would take every name for granted
    __all__ = list(_MODULES)

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module 'funcgrad.scipy' has no attribute {name!r}")
        return importlib.import_module(f".{name}", __name__)

    def __dir__() -> list[str]:
        return __all__
