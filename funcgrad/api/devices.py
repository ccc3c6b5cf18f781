"""Moving pytrees between devices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import overload

from .. import arrays, tree
from ..arrays import Device
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from ..typing import Array, PyTree


@overload
def device_put(x: Array, device: Device | None = None) -> Array: ...
@overload
def device_put(x: PyTree, device: Device | None = None) -> PyTree: ...
@user_facing
def device_put(x: PyTree, device: Device | None = None) -> PyTree:
    """Copy the arrays of a pytree to a device.

    Args:
        x: pytree of arrays and scalars.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    Returns:
        The pytree with NumPy or CuPy arrays.

    >>> device_put([1.0, 2.0], "cpu")
    [array(1.), array(2.)]
    """

    def put(a: Array) -> Array:
        return a if isinstance(a, Tracer) else arrays.device_put(a, device)

    return tree.map(put, x)


@user_facing
def default_device(device: Device | None) -> AbstractContextManager[None]:
    """Make new arrays on a device inside a ``with`` block, in which a GPU is CuPy's current one.

    Args:
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the CPU.

    Returns:
        The context.

    Raises:
        ImportError: it is a GPU, and CuPy is not installed.
        ValueError: it is no name of a device.

    >>> with default_device("cpu"):
    ...     pass
    """
    return arrays.device_context(device)


@overload
def device_get(x: Array) -> Array: ...
@overload
def device_get(x: PyTree) -> PyTree: ...
@user_facing
def device_get(x: PyTree) -> PyTree:
    """The pytree with all arrays on the CPU.

    >>> device_get((1.0,))
    (1.0,)
    """
    return tree.map(arrays.device_get, x)
