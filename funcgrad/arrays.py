"""Array modules: NumPy and CuPy behind one name. The only file that names CuPy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np

from .context import current, within

ArrayModule: TypeAlias = ModuleType
"""NumPy or CuPy, as functions that evaluate operators take it: ``xp``."""


class NumberedDevice(Protocol):
    """A GPU as CuPy names it."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Device: TypeAlias = str | int | NumberedDevice
"""'cpu', 'gpu', 'gpu:1', the number of a GPU, or a CuPy device."""


def loaded_cupy() -> ModuleType | None:
    """CuPy if the program has imported it, else None: only then can CuPy arrays exist."""
    return sys.modules.get("cupy")


def import_cupy() -> ModuleType:
    """CuPy, or an error that says how to install it."""
    try:
        import cupy
    except ImportError as error:
        raise ImportError(
            "GPU arrays need CuPy: pip install 'funcgrad[cuda12]' (or cuda13, to match the driver)"
        ) from error
    return cupy


def is_gpu_array(x: object) -> bool:
    """True if x is a CuPy array."""
    cupy = loaded_cupy()
    return cupy is not None and isinstance(x, cupy.ndarray)


def is_array(x: object) -> bool:
    """True if x is a NumPy array or scalar, or a CuPy array."""
    return isinstance(x, np.ndarray | np.generic) or is_gpu_array(x)


def namespace(args: Iterable[object]) -> ModuleType:
    """The array module of some operands: CuPy if any of them lives on a GPU, else NumPy."""
    cupy = loaded_cupy()
    if cupy is None or not hasattr(cupy, "ndarray"):
        return np
    for a in args:
        if isinstance(a, cupy.ndarray):
            return cupy
    return np


def harmonize(args: tuple[Any, ...]) -> tuple[ModuleType, tuple[Any, ...]]:
    """The array module of some operands, and the operands with NumPy arrays uploaded to it."""
    xp = namespace(args)
    if xp is np:
        return np, args
    devices = {a.device.id for a in args if isinstance(a, xp.ndarray)}
    if len(devices) > 1:
        raise ValueError(
            f"one operation got arrays of GPUs {sorted(devices)}; move them to one with "
            "funcgrad.device_put(x, device)"
        )
    with xp.cuda.Device(devices.pop()):
        return xp, tuple(
            xp.asarray(a) if isinstance(a, np.ndarray | np.generic) else a for a in args
        )


def creation_namespace(device: Device | None = None) -> ModuleType:
    """The array module for new arrays on ``device`` ('cpu', 'gpu', 'gpu:1', a CuPy device)."""
    device = device if device is not None else current().device
    if device is None or device == "cpu":
        return np
    number = _device_number(device)
    cupy = import_cupy()
    cupy.cuda.Device(number).use()
    return cupy


def _device_number(device: Device) -> int:
    if isinstance(device, str):
        kind, _, number = device.partition(":")
        if kind not in ("gpu", "cuda") or not (number or "0").isdecimal():
            raise ValueError(
                f"unknown device {device!r}: use 'cpu', 'gpu' or 'gpu:0', 'gpu:1', ..."
            )
        return int(number or 0)
    found = getattr(device, "id", device)
    if not isinstance(found, int) or found < 0:
        raise TypeError(
            f"a device is 'cpu', 'gpu', 'gpu:1' or a CuPy device; got {device!r} of type "
            f"{type(device).__name__}"
        )
    return found


def device_put(x: Any, device: Device | None = None) -> Any:
    """Copy one array to a device.

    Args:
        x: array or scalar.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    Returns:
        A NumPy or CuPy array with the values of x.

    >>> device_put([1.0, 2.0])
    array([1., 2.])
    """
    device = device if device is not None else current().device
    if device is None or device == "cpu":
        return x.get() if is_gpu_array(x) else np.array(x)
    number = _device_number(device)
    cupy = import_cupy()
    with cupy.cuda.Device(number):
        return cupy.array(x)


def device_get(x: Any) -> Any:
    """Copy one array to the CPU; NumPy arrays come back as they are.

    >>> device_get(np.ones(2))
    array([1., 1.])
    """
    return x.get() if is_gpu_array(x) else x


def default_device(device: Device | None) -> AbstractContextManager[None]:
    """Create new arrays on ``device`` inside a ``with`` block.

    >>> with default_device("cpu"):
    ...     pass
    """
    return within(device=device)


def usable_modules() -> list[ModuleType]:
    """The array modules that work on this machine: NumPy, and CuPy if it finds a GPU."""
    modules = [np]
    try:
        import cupy

        if cupy.cuda.runtime.getDeviceCount() > 0:
            modules.append(cupy)
    except Exception:
        return modules
    return modules


def special_module(x: object) -> ModuleType:
    """The special functions for x: scipy.special, or cupyx.scipy.special for a CuPy array."""
    try:
        if hasattr(x, "__cuda_array_interface__"):
            import cupyx.scipy.special as special
        else:
            import scipy.special as special
    except ImportError as error:
        raise ImportError(
            "erf, erfc, lgamma, digamma and polygamma need SciPy: pip install 'funcgrad[special]'"
        ) from error
    return special


def raising_linalg(xp: ModuleType) -> AbstractContextManager[object]:
    """A context in which failing linear algebra raises LinAlgError, as NumPy's always does."""
    if xp is np:
        return np.errstate()
    import cupyx

    return cupyx.errstate(linalg="raise")


def triangular_solver(xp: ModuleType) -> Callable[..., Any] | None:
    """solve_triangular of SciPy or of CuPy; None if SciPy is not installed."""
    try:
        if xp is np:
            from scipy.linalg import solve_triangular
        else:
            from cupyx.scipy.linalg import solve_triangular
    except ImportError:
        return None
    return solve_triangular
