"""The emulated ``cupyx.scipy.special``: SciPy's functions, of device arrays."""

import sys as _sys

import scipy.special as _scipy
from cupy._assembling import fill as _fill

from ._polygamma import polygamma

__all__ = ["polygamma"]

_fill(_sys.modules[__name__], _scipy, "cupyx.scipy.special")
