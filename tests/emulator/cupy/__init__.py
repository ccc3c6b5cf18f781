"""An emulator of CuPy for machines without a GPU: as strict, and counting what costs time.

Arrays of it live in the host's memory, but may only be used as real CuPy arrays may: nothing
converts them to NumPy arrays implicitly, only functions, keyword arguments, ufunc loops and ufunc
methods of the real CuPy exist (``_api.json``), results of reductions are arrays of shape (),
indices out of range wrap around, and of values stored at equal places the first one stays.
``cupy.statistics`` counts launches, synchronisations and copies. See README.md beside this folder.
"""

import sys as _sys

import numpy as _np

from . import _methods, cuda  # noqa: F401  (methods are added to ndarray)
from ._api import VERSION as __version__
from ._array import ndarray
from ._assembling import fft, lib, linalg, random
from ._assembling import fill as _fill
from ._choosing import get_array_module, get_default_memory_pool, is_available
from ._elementwise import ElementwiseKernel, ReductionKernel
from ._indexing import settings
from ._kernels import RawKernel, RawModule
from ._statistics import statistics
from ._ufunc import ufunc

__all__ = [
    "ElementwiseKernel", "RawKernel", "RawModule", "ReductionKernel", "__version__", "cuda", "fft",
    "get_array_module", "get_default_memory_pool", "is_available", "lib", "linalg", "ndarray",
    "random", "settings", "statistics", "ufunc",
]  # fmt: skip

emulated = True
"""Real CuPy has no such name."""

_fill(_sys.modules[__name__], _np, "cupy")
