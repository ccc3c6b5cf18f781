"""NumPy arrays and PyTorch tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...typing import PyTree


def is_inexact(system: Any, x: PyTree) -> bool:
    """True for real and complex tensors."""
    return isinstance(x, system.Tensor) and (x.is_floating_point() or x.is_complex())


def array_of(system: Any, x: PyTree) -> Any:
    """A tensor as a NumPy array of its own memory; numbers as double precision."""
    if not isinstance(x, system.Tensor):
        return np.array(x)[()] if isinstance(x, np.ndarray | np.generic) else np.asarray(x)[()]
    x = x.detach()
    if x.layout != system.strided:
        x = x.to_dense()
    x = x.resolve_conj().resolve_neg().cpu()
    if x.dtype == system.bfloat16:
        small = small_float("bfloat16")
        return x.contiguous().view(system.int16).numpy().copy().view(small)[()]
    return np.array(x.numpy())[()]


def tensor_of(system: Any, x: PyTree, device: Any = None, *, shared: bool = False) -> Any:
    """A NumPy array as a tensor on a device; ``shared`` lets it share memory where it can."""
    array = np.asarray(x)
    if array.dtype.name == "bfloat16":
        found = system.from_numpy(np.array(array).view(np.int16)).view(system.bfloat16)
    else:
        fits = shared and array.flags.writeable and all(s >= 0 for s in array.strides)
        found = system.from_numpy(array if fits else np.array(array, order="C"))
    return found if device is None else found.to(device)


def small_float(name: str) -> Any:
    """A dtype that needs ml_dtypes."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
