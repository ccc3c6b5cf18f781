"""The methods and properties that traced arrays share with NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..arrays import is_gpu_array
from ..context import current
from ..core.tracing import Tracer, value_behind
from ..errors import TracerError
from ..ops.shape import cast
from ..typing import Array, ArrayLike, DTypeLike
from . import elementwise, products
from .indexing import taking
from .protocol import METHODS
from .reductions import cumulative, means, moments, ordering, sums_and_extrema
from .shapes import edits, shaping


def _reshape(self: Array, *shape: Any, order: str = "C") -> Array:
    wanted = shape[0] if len(shape) == 1 else shape
    if isinstance(wanted, str):
        raise TypeError(f"reshape: shape must be integers, got {wanted!r}")
    return shaping.reshape(self, wanted, order)


def _transpose(self: Array, *axes: Any) -> Array:
    if not axes or axes == (None,):
        return shaping.transpose(self)
    return shaping.transpose(self, axes[0] if isinstance(axes[0], tuple | list) else axes)


def _astype(
    self: Array,
    dtype: DTypeLike,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Array:
    return cast(self, np.dtype(dtype))


def _flatten(self: Array, order: str = "C") -> Array:
    return shaping.ravel(self, order)


def _copy(self: Array, order: str = "C") -> Array:
    return self


def _clip(
    self: Array, min: ArrayLike | None = None, max: ArrayLike | None = None, out: None = None
) -> Array:
    return elementwise.clip(self, min, max, out)


def _divmod(self: Array, other: ArrayLike) -> tuple[Array, Array]:
    return elementwise.divmod_(self, other)


def _rdivmod(self: Array, other: ArrayLike) -> tuple[Array, Array]:
    return elementwise.divmod_(other, self)


def _in_place(name: str, advice: str) -> Callable[..., NoReturn]:
    def refuse(self: Array, *args: ArrayLike, **kwargs: object) -> NoReturn:
        raise TracerError(f"x.{name}() changes an array in place: write {advice}")

    return refuse


def _refused(name: str, why: str) -> Callable[..., NoReturn]:
    def refuse(self: Array, *args: object, **kwargs: object) -> NoReturn:
        raise TracerError(f"x.{name}() of a traced value: {why}")

    return refuse


def _device(self: Array) -> Any:
    """The device of the value; for one that is not there yet, the one where new arrays are made."""
    value = value_behind(self)
    if is_gpu_array(value):
        return value.device
    here = current().device if isinstance(value, Tracer) else None
    return "cpu" if here is None else here


def _to_device(self: Array, device: Any, /, *, stream: object = None) -> Array:
    """The value itself: it is computed where the arrays are that it depends on."""
    return self


def _round(self: Array, ndigits: int | None = None) -> Array:
    return elementwise.round(self, ndigits or 0)


DROPPED = (
    "plain bytes would have no derivative. Use the result of the transformation, or "
    "funcgrad.stop_gradient(x) outside of jit"
)
REREAD = (
    "it would read the memory of numbers as something else, which has no derivative. Convert "
    "numbers with x.astype(dtype); look at the bits of plain arrays, outside of transformations "
    "or in funcgrad.pure_callback"
)

METHODS.update(
    {
        "sum": sums_and_extrema.sum,
        "prod": sums_and_extrema.prod,
        "max": sums_and_extrema.max,
        "min": sums_and_extrema.min,
        "mean": means.mean,
        "var": moments.var,
        "std": moments.std,
        "any": sums_and_extrema.any,
        "all": sums_and_extrema.all,
        "argmax": sums_and_extrema.argmax,
        "argmin": sums_and_extrema.argmin,
        "cumsum": cumulative.cumsum,
        "cumprod": cumulative.cumprod,
        "ptp": sums_and_extrema.ptp,
        "reshape": _reshape,
        "transpose": _transpose,
        "swapaxes": shaping.swapaxes,
        "ravel": shaping.ravel,
        "flatten": _flatten,
        "squeeze": shaping.squeeze,
        "repeat": edits.repeat,
        "astype": _astype,
        "copy": _copy,
        "clip": _clip,
        "round": elementwise.round,
        "conj": lambda self: np.conjugate(self),
        "conjugate": lambda self: np.conjugate(self),
        "dot": products.dot,
        "take": taking.take,
        "compress": lambda self, condition, axis=None: taking.compress(condition, self, axis),
        "diagonal": taking.diagonal,
        "trace": products.trace,
        "nonzero": taking.nonzero,
        "argpartition": ordering.argpartition,
        "device": property(_device),
        "flat": property(shaping.ravel),
        "to_device": _to_device,
        "sort": _in_place("sort", "x = np.sort(x)"),
        "fill": _in_place("fill", "x = np.full_like(x, v)"),
        "partition": _in_place("partition", "x = np.partition(x, k)"),
        "put": _in_place("put", "x = x.at[i].set(v)"),
        "resize": _in_place("resize", "x = np.resize(x, shape)"),
        "setfield": _in_place("setfield", "x = x.at[...].set(v)"),
        **{name: _refused(name, DROPPED) for name in ("tobytes", "tofile", "dump", "dumps")},
        **{name: _refused(name, REREAD) for name in ("view", "byteswap", "getfield")},
        "setflags": _refused("setflags", "it has no memory whose flags could be set"),
        "argsort": ordering.argsort,
        "searchsorted": ordering.searchsorted,
        "choose": taking.choose,
        "__divmod__": _divmod,
        "__rdivmod__": _rdivmod,
        "__round__": _round,
        "T": property(shaping.transpose),
        "mT": property(shaping.matrix_transpose),
        "real": property(elementwise.real),
        "imag": property(elementwise.imag),
    }
)
