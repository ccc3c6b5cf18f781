"""A function that CuPy composes of ufuncs."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np
import scipy.special
from cupy._array import fresh, ndarray, on_this_device, quiet
from cupy._statistics import statistics


def polygamma(n: Any, x: Any) -> Any:
    """The derivatives of digamma, with operands broadcast by ``cupy.broadcast_arrays``."""
    n, x = cupy.broadcast_arrays(n, x)  # type: ignore[attr-defined]
    statistics.launch("polygamma", 6)
    values = [on_this_device(v) if isinstance(v, ndarray) else v for v in (n, x)]
    single = all(getattr(v, "dtype", None) == np.float32 for v in (n, x))
    with quiet():
        return fresh(np.array(scipy.special.polygamma(*values), "f" if single else "d"))
