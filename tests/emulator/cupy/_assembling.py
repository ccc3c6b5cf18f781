"""Modules with the names of the real package, as its table has them."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np

from . import _fourier, _linalg
from ._api import API
from ._functions import function, missing
from ._special_cases import SPECIAL, as_strided
from ._ufunc import ufunc

ANOTHER_MEANING = ("errstate", "nditer")
"""Names of the table that NumPy has, too, for something else."""


def value_of(name: str, described: dict[str, Any], reference: Any, prefix: str) -> Any:
    """What stands for one name of the real package, or None."""
    kind, numpys = described["kind"], getattr(reference, name, None)
    if name in SPECIAL and prefix == "cupy":
        return SPECIAL[name]
    if kind == "ufunc":
        return missing(name, prefix) if numpys is None else ufunc(name, numpys, described)
    if kind not in ("function", "gufunc"):
        return numpys
    if not callable(numpys):
        return missing(name, prefix)
    parameters = described.get("parameters")
    if prefix == "cupy.linalg":
        return _linalg.checked(name, numpys, parameters)
    if prefix == "cupy.fft" and name.removesuffix("2").removesuffix("n").endswith("fft"):
        return _fourier.checked(name, numpys, parameters)
    return function(name, numpys, parameters, prefix)


def fill(module: types.ModuleType, reference: Any, prefix: str) -> None:
    """Put the real module's names into one of this package, but for those that it has."""
    for name, described in API["modules"][prefix].items():
        if hasattr(module, name) or name in ANOTHER_MEANING:
            continue
        value = value_of(name, described, reference, prefix)
        if value is not None:
            setattr(module, name, value)


def made(name: str, reference: Any = None, **names: Any) -> types.ModuleType:
    """A module below ``cupy``, which can be imported."""
    module = types.ModuleType(name, f"The emulated {name}.")
    vars(module).update(names)
    if reference is not None:
        fill(module, reference, name)
    sys.modules[name] = module
    return module


linalg = made("cupy.linalg", np.linalg, LinAlgError=np.linalg.LinAlgError)
fft = made("cupy.fft", np.fft)
random = made("cupy.random")
stride_tricks = made("cupy.lib.stride_tricks", as_strided=as_strided)
lib = made("cupy.lib", stride_tricks=stride_tricks)
