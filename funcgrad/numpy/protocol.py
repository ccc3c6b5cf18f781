"""Dispatch: NumPy's own functions, applied to tracers, find their implementations here.

``np.sum(tracer)`` asks the tracer what to do (NEP 18); the table that answers is filled by the
decorator ``implements``. On plain arrays NumPy runs alone, so nothing is slowed down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .. import arrays
from ..core import hooks
from ..core.avals import WEAK_SAMPLES
from ..core.dtypes import is_inexact, result_type
from ..core.tracing import Tracer, aval_of, unknown_function_message
from ..errors import ShapeError, TracerError
from ..ops.shape import cast, definite, reshape
from ..ops.structural.joining import concatenate
from ..typing import Array, ArrayLike, Axes

F = TypeVar("F", bound=Callable[..., Any])

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""Implementations of NumPy's functions."""
METHODS: dict[str, Any] = {}
"""Methods and properties of traced values."""


def implements(*functions: Callable[..., Any] | str) -> Callable[[F], F]:
    """Register the implementation of NumPy functions for tracers.

    Functions that the oldest supported NumPy lacks are given by name.
    """

    def register(fun: F) -> F:
        for f in functions:
            found = getattr(np, f, None) if isinstance(f, str) else f
            if found is not None:
                FUNCTIONS[found] = fun
        return fun

    return register


def array(x: ArrayLike) -> Array:
    """An operand as an array or tracer; sequences that hold tracers are stacked."""
    if isinstance(x, Tracer) or hasattr(x, "dtype"):
        return x  # type: ignore[return-value]  # what has a dtype is an array or a scalar
    if isinstance(x, list | tuple) and holds_tracer(x):
        return stack_sequence(x)
    return np.asarray(x)


def as_operand(x: ArrayLike) -> Array:
    """An operand as an array, scalar or tracer that is not weakly typed.

    Numbers become scalars: beside an array of a GPU an array of shape () is refused.
    """
    if type(x) is np.ndarray or (isinstance(x, Tracer) and not x.weak):
        return x  # type: ignore[return-value]
    found = definite(array(x))
    if type(found) is np.ndarray and found.dtype.kind != "O":
        return found[()]
    return found


def promoted(*xs: ArrayLike) -> np.dtype:
    """The dtype NumPy gives to a mixture of arrays, tracers and Python scalars."""
    first = None
    for x in xs:
        if type(x) is not np.ndarray and (not isinstance(x, Tracer) or x.weak):
            break
        if first is None:
            first = x.dtype
        elif x.dtype is not first:
            break
    else:
        if first is not None and first.isnative:
            return first
    avals = [aval_of(x) for x in xs]
    return result_type(*(WEAK_SAMPLES[a.dtype] if a.weak else a.dtype for a in avals))


def inexact(x: ArrayLike) -> Array:
    """An operand in floating point: integers and booleans as float64."""
    x = as_operand(x)
    return x if is_inexact(x.dtype) else cast(x, np.dtype(np.float64))


def in_loop(ufunc: np.ufunc, x: ArrayLike) -> Array:
    """An operand in the type in which a function of NumPy computes it: float16 for int8."""
    x = as_operand(x)
    return cast(x, ufunc.resolve_dtypes((x.dtype, *(None,) * ufunc.nout))[0])


def is_plain(*xs: object) -> bool:
    """True if NumPy's own function will do: no traced values, no arrays on a GPU."""
    return not any(isinstance(x, Tracer) or arrays.is_gpu_array(x) for x in xs)


def given(x: object) -> bool:
    """True if an optional argument was given."""
    return x is not None and x is not np._NoValue


_SEQUENCES = (list, tuple)
_PLAIN = frozenset([float, int, bool, np.ndarray, np.float64, type(None), str])


def holds_tracer(x: object) -> bool:
    """True if a nested sequence contains a tracer."""
    if isinstance(x, Tracer):
        return True
    if isinstance(x, _SEQUENCES):
        for e in x:  # no generator: every call of some functions asks this
            if type(e) not in _PLAIN and holds_tracer(e):
                return True
    return False


def stack_sequence(xs: Sequence[Any]) -> Array:
    """The array of a nested sequence of numbers, arrays and tracers."""
    parts = [array(x) for x in xs]
    shapes = {tuple(p.shape) for p in parts}
    if len(shapes) > 1:
        raise ShapeError(f"cannot make an array of elements with shapes {sorted(shapes)}")
    dtype = result_type(*[aval_of(p).dtype for p in parts])
    rows = [reshape(cast(p, dtype), shape=(1, *p.shape)) for p in parts]
    return concatenate(*rows, axis=0)


def axes_of(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Normalised axes: None is all of them."""
    if axis is None:
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    return tuple(sorted(axis_of(a, ndim) for a in _distinct(given, ndim)))


def axes_or_none(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Normalised axes of a reduction: the numbers 0 and -1 are right without axes, too."""
    if not ndim and isinstance(axis, int | np.integer) and axis in (0, -1):
        return ()
    return axes_of(axis, ndim)


def with_axis(x: Array, axis: int | None) -> tuple[Any, int]:
    """An array with at least one axis, flat for ``axis=None``, and the normalised axis."""
    if axis is None or (not len(x.shape) and axis in (0, -1)):
        x, axis = reshape(x, shape=(x.size,)), 0
    return x, axis_of(axis, len(x.shape))


def _distinct(axes: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    normal = [axis_of(a, ndim) for a in axes]
    if len(set(normal)) != len(normal):
        raise ValueError(f"axes {axes} are repeated")
    return axes


def axis_of(axis: int, ndim: int) -> int:
    """One normalised axis, or NumPy's AxisError."""
    number = int(axis)
    if not -ndim <= number < ndim:
        raise np.exceptions.AxisError(number, ndim)
    return number % ndim


def refuse(what: str, **given: object) -> None:
    """Raise for arguments that cannot be honoured on traced values."""
    for name, value in given.items():
        if value is None or value is np._NoValue:
            continue
        if name == "out":
            raise TracerError(
                f"{what}: out= writes into an array, which traced values cannot do; assign the "
                "result instead"
            )
        raise TracerError(f"{what}: {name}= is not supported on traced values; use fnp.where")


# --- ufunc methods and keyword arguments ---------------------------------------------------------

REDUCTIONS: dict[Any, Callable[..., Any]] = {}
"""ufunc -> implementation of ufunc.reduce."""
ACCUMULATIONS: dict[Any, Callable[..., Any]] = {}
"""ufunc -> implementation of ufunc.accumulate."""
UFUNCS: dict[Any, Callable[..., Any]] = {}
"""ufuncs that are not one operator: implementation of the call."""


def dispatch_ufunc(
    ufunc: np.ufunc, method: str, args: Sequence[ArrayLike], kwargs: dict[str, Any]
) -> Array:
    """A ufunc call on tracers that is not the plain call of an operator."""
    if method == "__call__" and not kwargs and ufunc in UFUNCS:
        return UFUNCS[ufunc](*args)
    if hooks.complete():
        return dispatch_ufunc(ufunc, method, args, kwargs)
    kwargs = {k: v for k, v in kwargs.items() if v is not None or k == "axis"}
    name = f"np.{ufunc.__name__}"
    if method == "__call__":
        return _call(ufunc, name, args, kwargs)
    if method == "at":
        raise TracerError(
            f"{name}.at changes an array in place; write fnp.at(x)[i].{_at_name(ufunc)}(v)"
        )
    if "out" in kwargs:
        refuse(f"{name}.{method}", out=kwargs["out"])
    if method == "outer":
        x, y = (as_operand(a) for a in args)
        shape = tuple(x.shape) + (1,) * len(y.shape)
        return _call(ufunc, name, (reshape(x, shape=shape), y), {})
    table = {"reduce": REDUCTIONS, "accumulate": ACCUMULATIONS}.get(method, {})
    if ufunc not in table:
        raise TracerError(
            f"{name}.{method} is not supported on traced values; use a function of funcgrad.numpy"
        )
    axis = {} if method == "accumulate" or "axis" in kwargs or len(args) > 1 else {"axis": 0}
    return table[ufunc](*args, **kwargs, **axis)


def _at_name(ufunc: np.ufunc) -> str:
    names: dict[np.ufunc, str] = {
        np.add: "add",
        np.multiply: "mul",
        np.minimum: "min",
        np.maximum: "max",
    }
    return names.get(ufunc, "set")


def _call(ufunc: np.ufunc, name: str, args: Sequence[ArrayLike], kwargs: dict[str, Any]) -> Array:
    out = kwargs.pop("out", None)
    if out is not None:
        raise TracerError(
            f"{name}: a traced value cannot be written into an array (out= or an in-place operator "
            "like +=). Write x = x + y instead of x += y where x is a plain array."
        )
    if kwargs.get("where") is True:
        kwargs.pop("where")
    dtype = kwargs.pop("dtype", None)
    for harmless in ("casting", "order", "subok"):
        kwargs.pop(harmless, None)
    if kwargs and not (ufunc is np.vecdot and set(kwargs) == {"axis"}):
        raise TracerError(
            f"{name}: {', '.join(f'{k}=' for k in kwargs)} is not supported on traced values; use "
            "fnp.where(mask, result, other)"
        )
    if dtype is not None:
        args = tuple(cast(array(a), np.dtype(dtype)) for a in args)
    prim = hooks.hooks.ufuncs.get(ufunc)
    if prim is not None:
        return prim(*args)
    special = UFUNCS.get(ufunc)
    if special is not None:
        return special(*args, **kwargs)
    found = scipy_ufunc(ufunc)
    if found is not None:
        return found(*args)
    raise TracerError(unknown_function_message(ufunc))


SCIPY_UFUNCS: dict[str, Callable[..., Any]] = {}
"""Implementations of scipy.special's ufuncs, by name: SciPy is not imported for this."""


def scipy_ufunc(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """The implementation of a ufunc of scipy.special."""
    if getattr(np, ufunc.__name__, None) is ufunc:
        return None
    return SCIPY_UFUNCS.get(ufunc.__name__)
