"""Moving pytrees between devices."""

from __future__ import annotations

from typing import Any

from .. import arrays, tree
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer


@user_facing
def device_put(x: Any, device: Any = None) -> Any:
    """Copy the arrays of a pytree to a device.

    Args:
        x: pytree of arrays and scalars.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    Returns:
        The pytree with NumPy or CuPy arrays.

    >>> device_put([1.0, 2.0], "cpu")
    [array(1.), array(2.)]
    """
    return tree.map(lambda a: a if isinstance(a, Tracer) else arrays.device_put(a, device), x)


@user_facing
def device_get(x: Any) -> Any:
    """The pytree with all arrays on the CPU.

    >>> device_get((1.0,))
    (1.0,)
    """
    return tree.map(arrays.device_get, x)
