"""What functions of CuPy make of a host scalar or array where an array of the device belongs.

As a program, with the real CuPy: most type checks come before it needs a driver, so that this runs
without a GPU, and prints JSON.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np

CALLS = """
cupy.broadcast_to(x, (3,))  cupy.reshape(x, (-1,))  cupy.sum(x)  cupy.max(x)  cupy.transpose(x)
cupy.cumsum(x)  cupy.cumprod(x)  cupy.vdot(x, x)  cupy.argsort(x)  cupy.moveaxis(x, 0, 0)
cupy.swapaxes(x, 0, 0)  cupy.diagonal(x)  cupy.expand_dims(x, 0)  cupy.clip(x, 0, 1)
cupy.flatnonzero(x)  cupy.squeeze(x)  cupy.ravel(x)  cupy.tensordot(x, x, 0)  cupy.dot(x, x)
cupy.take(x, 0)  cupy.any(x)  cupy.all(x)  cupy.argmax(x)  cupy.mean(x)  cupy.var(x)  cupy.prod(x)
cupy.repeat(x, 2)  cupy.searchsorted(x, x)  cupy.std(x)  cupy.trace(x)  cupy.where(True, x, x)
cupy.copyto(x, x)  cupy.linalg.inv(x)  cupy.matmul(x, x)  cupy.split(x, 1)  cupy.diag(x)
cupy.argmin(x)  cupy.min(x)  cupy.concatenate((x, x))  cupy.triu(x)  cupy.count_nonzero(x)
""".replace("\n", "  ").split("  ")
VALUES = {"scalar": np.float64(1.0), "array": np.ones(3)}


def outcome(call: str, x: Any, cupy: Any) -> str:
    """refused, host or device; the real package may not come as far as to say."""
    try:
        result = eval(call, {"cupy": cupy, "x": x})
    except Exception as error:
        return "device" if "CUDARuntimeError" in type(error).__name__ else "refused"
    first = result[0] if isinstance(result, list | tuple) else result
    return "host" if isinstance(first, np.ndarray | np.generic) else "device"


def outcomes(cupy: Any) -> dict[str, str]:
    """Of each call with each kind of argument."""
    return {
        f"{call} of {kind}": outcome(call, x, cupy)
        for call in filter(None, CALLS)
        for kind, x in VALUES.items()
    }


if __name__ == "__main__":
    print(json.dumps(outcomes(importlib.import_module("cupy"))))
