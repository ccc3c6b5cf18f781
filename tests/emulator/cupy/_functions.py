"""The functions of ``cupy`` and its modules: those of NumPy, with the arguments of CuPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._api import VERSION, Parameters, argument_check
from ._array import SCALARS, check_kind, ndarray, on_this_device, quiet, returned
from ._statistics import statistics

HOST_RESULTS = {
    "can_cast", "common_type", "broadcast_shapes", "result_type", "iscomplexobj", "isrealobj",
    "isscalar", "ndim", "shape", "size", "may_share_memory", "shares_memory", "min_scalar_type",
    "promote_types", "issubdtype", "isfortran", "finfo", "iinfo", "dtype", "get_printoptions",
    "set_printoptions", "printoptions", "format_float_positional", "format_float_scientific",
    "base_repr", "binary_repr", "ndindex", "iterable", "mintypecode", "typename",
}  # fmt: skip
"""What answers on the host, without looking at values."""

FROM_HOST = {
    "ascontiguousarray", "asfortranarray", "copy", "append", "full_like", "arange", "linspace",
    "logspace", "zeros", "ones", "eye", "tri", "identity", "indices", "diag_indices", "zeros_like",
    "ones_like", "fromiter", "atleast_1d", "atleast_2d", "atleast_3d", "meshgrid", "bincount",
    "diff", "triu", "tril", "real", "imag", "roll", "pad", "outer", "einsum", "isclose",
    "allclose", "average", "unique", "angle", "nan_to_num",
}  # fmt: skip
"""What takes host arrays or lists, and uploads them."""

SYNCS = {
    "nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "histogram",
    "bincount", "union1d", "intersect1d", "setdiff1d", "setxor1d", "trim_zeros", "unique_all",
    "unique_counts", "unique_inverse", "unique_values", "array_repr", "array_str", "save",
    "savez", "savetxt", "delete", "choose", "roots", "histogramdd", "histogram2d",
}  # fmt: skip
"""What waits for the device, as the size of its result or its errors depend on values."""

LAUNCHES = {
    "var": 3, "std": 4, "nanmean": 2, "nonzero": 3, "flatnonzero": 3, "argwhere": 3, "unique": 6,
    "median": 3, "percentile": 6, "quantile": 6, "sort": 2, "argsort": 2, "allclose": 5,
    "isclose": 6, "array_equal": 2, "average": 3, "cross": 6, "trapezoid": 4, "append": 2,
    "bincount": 3, "histogram": 4, "roll": 2, "pad": 3, "interp": 3,
    "tri": 2, "tril": 2, "triu": 2, "eye": 2, "kron": 3, "convolve": 4, "ptp": 3, "gradient": 8,
    "cov": 6, "corrcoef": 9, "einsum": 2, "tensordot": 2,
}  # fmt: skip
"""Kernels of functions that real CuPy composes (an estimate from its source); others take one."""

TYPED = {
    "broadcast_to", "cumsum", "cumprod", "vdot", "moveaxis", "rollaxis", "expand_dims", "nonzero",
    "flatnonzero", "argwhere", "any", "all", "tensordot", "diag", "diagflat", "trim_zeros",
    "argmax", "argmin", "count_nonzero", "split", "array_split",
}  # fmt: skip
"""What raises TypeError for a host scalar or array where an array belongs. Other functions that
call a method of their first argument return a result on the host then, in silence. Both found out
by calling the real package, whose type checks come before it needs a driver."""

SEQUENCES = {"concatenate", "stack", "hstack", "vstack", "dstack", "column_stack"}
"""What takes a sequence, each element of which must be on the device."""


def host_only(name: str, prefix: str, args: Any, operands: Any) -> bool:
    """Whether a call without a device array in the first place runs on the host; or it raises."""
    first = args[0] if args else None
    if name in SEQUENCES:
        for x in first if isinstance(first, list | tuple) else ():
            if not isinstance(x, ndarray):
                raise TypeError(f"{prefix}.{name}: Only cupy arrays can be concatenated")
        return False
    if isinstance(first, ndarray | list | tuple | str) or first is None:
        return False
    if name in TYPED or (name == "dot" and not np.ndim(first)):
        raise TypeError(
            f"{prefix}.{name}: Argument 'a' has incorrect type "
            f"(expected cupy.ndarray, got {type(first).__module__}.{type(first).__name__})"
        )
    return isinstance(first, (np.ndarray, *SCALARS)) and not any(
        isinstance(x, ndarray) for x in operands
    )


def unwrapped(name: str, args: Any, kwargs: Any, host: bool = False) -> Any:
    """NumPy arrays in place of device arrays; arrays of the host are refused, or uploaded."""

    def one(x: Any) -> Any:
        if isinstance(x, ndarray):
            return x._a
        if isinstance(x, np.ndarray) and host:
            statistics.upload(x.nbytes)
            return x
        if isinstance(x, np.ndarray) and x.ndim:
            raise TypeError(f"{name}: Unsupported type {type(x)} (implicit copy to the device)")
        return type(x)(map(one, x)) if type(x) in (list, tuple) else x

    return tuple(map(one, args)), {k: one(v) for k, v in kwargs.items()}


def leaves(args: Any) -> Iterator[Any]:
    """The arrays among arguments, also in tuples and lists."""
    for a in args:
        if type(a) in (list, tuple):
            yield from leaves(a)
        else:
            yield a


def delivered(name: str, result: Any, operands: Any, out: Any, launches: int) -> Any:
    """A result on the device. Kernels take operands of the current device; views any."""
    found = out if out is not None else returned(name, result, operands, launches)
    if out is not None:
        statistics.launch(name, launches)
    parts = found if isinstance(found, tuple | list) else (found,)
    if out is not None or any(isinstance(p, ndarray) and p._base is None for p in parts):
        for x in operands:
            if isinstance(x, ndarray):
                on_this_device(x)
    return found


def function(
    name: str, reference: Any, parameters: Parameters, prefix: str = "cupy"
) -> Callable[..., Any]:
    """A function that computes what NumPy's does, if real CuPy takes such arguments."""
    check = argument_check(f"{prefix}.{name}", parameters)
    host, sorts = name in FROM_HOST, name in ("sort", "argsort")

    def call(*args: Any, **kwargs: Any) -> Any:
        check(args, kwargs)
        if name in HOST_RESULTS:
            a, k = unwrapped(name, args, kwargs, host=True)
            return reference(*a, **k)
        operands = list(leaves([*args, *kwargs.values()]))
        if not host and host_only(name, prefix, args, operands):
            with quiet():
                return reference(*args, **kwargs)
        if name in SYNCS and any(isinstance(x, ndarray) for x in operands):
            statistics.sync(name)
        a, k = unwrapped(f"{prefix}.{name}", args, kwargs, host)
        if sorts:
            check_kind(k.get("kind"))
            k["kind"] = "stable"
        with quiet():
            result = reference(*a, **k)
        return delivered(name, result, operands, kwargs.get("out"), LAUNCHES.get(name, 1))

    call.__name__ = call.__qualname__ = name
    call.__module__ = prefix
    return call


def missing(name: str, prefix: str = "cupy") -> Callable[..., Any]:
    """A function of CuPy that the emulator has no NumPy function for."""

    def call(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"the emulator has no {prefix}.{name}, which CuPy {VERSION} has")

    call.__name__ = name
    return call
