"""The emulated ``cupyx.scipy.special``: SciPy's functions, of device arrays."""

from __future__ import annotations

import sys
from typing import Any

import cupy
import numpy as np
import scipy.special as _scipy
from cupy._array import fresh, ndarray, on_this_device, quiet
from cupy._statistics import statistics


def polygamma(n: Any, x: Any) -> Any:
    """As the real one: composed of ufuncs, with operands broadcast by ``cupy.broadcast_arrays``."""
    n, x = cupy.broadcast_arrays(n, x)
    statistics.launch("polygamma", 6)
    values = [on_this_device(v) if isinstance(v, ndarray) else v for v in (n, x)]
    single = all(getattr(v, "dtype", None) == np.float32 for v in (n, x))
    with quiet():
        return fresh(np.array(_scipy.polygamma(*values), "f" if single else "d"))


cupy.fill(sys.modules[__name__], _scipy, "cupyx.scipy.special")
