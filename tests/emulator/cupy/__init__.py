"""An emulator of CuPy for machines without a GPU: as strict, and counting what costs time.

Arrays of it live in the host's memory, but may only be used as real CuPy arrays may: nothing
converts them to NumPy arrays implicitly, only functions, keyword arguments, ufunc loops and ufunc
methods of the real CuPy exist (``_api.json``), results of reductions are arrays of shape (),
indices out of range wrap around, and of values stored at equal places the first one stays.
``cupy.statistics`` counts launches, synchronisations and copies. See README.md beside this folder.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as _np

from . import _functions, _linalg, _methods, _special_cases, cuda
from ._api import API as _API
from ._api import VERSION as __version__
from ._array import ndarray
from ._elementwise import ElementwiseKernel, ReductionKernel
from ._indexing import settings
from ._kernels import CompileException, RawKernel, RawModule
from ._special_cases import array
from ._statistics import statistics
from ._ufunc import ufunc

__all__ = [
    "CompileException", "ElementwiseKernel", "RawKernel", "RawModule", "ReductionKernel",
    "__version__", "array", "cuda", "get_array_module", "get_default_memory_pool", "is_available",
    "ndarray", "settings", "statistics", "ufunc",
]  # fmt: skip

emulated = True
"""Real CuPy has no such name."""

NUMPYS_OWN = ("errstate", "nditer")
"""Names of the table whose meaning is another one here and in NumPy."""


def get_array_module(*args: Any) -> types.ModuleType:
    """cupy if an argument is a device array, else numpy."""
    return sys.modules[__name__] if any(isinstance(a, ndarray) for a in args) else _np


def get_default_memory_pool() -> cuda.MemoryPool:
    return cuda.MemoryPool()


def is_available() -> bool:
    return True


def _value(name: str, described: dict[str, Any], reference: Any, prefix: str) -> Any:
    """What stands for one name of the real package, or None."""
    kind, numpys = described["kind"], getattr(reference, name, None)
    if name in _special_cases.SPECIAL and prefix == "cupy":
        return _special_cases.SPECIAL[name]
    if kind == "ufunc":
        return _functions.missing(name, prefix) if numpys is None else ufunc(
            name, numpys, described
        )  # fmt: skip
    if kind not in ("function", "gufunc"):
        return numpys
    if not callable(numpys):
        return _functions.missing(name, prefix)
    if prefix == "cupy.linalg":
        return _linalg.checked(name, numpys, described.get("parameters"))
    return _functions.function(name, numpys, described.get("parameters"), prefix)


def fill(module: types.ModuleType, reference: Any, prefix: str) -> None:
    """Put the real module's names into one of this package."""
    for name, described in _API["modules"][prefix].items():
        if hasattr(module, name) or name in NUMPYS_OWN:
            continue
        value = _value(name, described, reference, prefix)
        if value is not None:
            setattr(module, name, value)


def _module(name: str, reference: Any) -> types.ModuleType:
    module = types.ModuleType(name, f"The emulated {name}.")
    if name in _API["modules"]:
        fill(module, reference, name)
    sys.modules[name] = module
    return module


linalg = _module("cupy.linalg", _np.linalg)
linalg.LinAlgError = _np.linalg.LinAlgError  # type: ignore[attr-defined]
fft = _module("cupy.fft", _np.fft)
random = types.ModuleType("cupy.random", "cupy.random is not emulated.")
lib = types.ModuleType("cupy.lib")
lib.stride_tricks = types.ModuleType("cupy.lib.stride_tricks")  # type: ignore[attr-defined]
lib.stride_tricks.as_strided = _special_cases.as_strided  # type: ignore[attr-defined]
sys.modules |= {"cupy.random": random, "cupy.lib": lib, "cupy.lib.stride_tricks": lib.stride_tricks}
fill(sys.modules[__name__], _np, "cupy")
