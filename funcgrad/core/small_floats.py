"""Small floats, bfloat16 and those of eight bits: how operators compute with them.

An operator computes in float32 and rounds each result once. It says of float16 what it makes of
it, and the same holds of a small float. NumPy alone would do otherwise, and differently from
function to function: the product of an array of bfloat16 and a Python float is of float32, and
some functions do not know such arrays. So transformations see arrays of small floats as values of a
trace of their own, the outermost one. What is computed with them goes to the operators, and is
rounded as it is in a program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from .. import arrays
from . import hooks
from .avals import Aval
from .dtypes import HALF, MODULES, SINGLE, DType, first_small, is_small_float, small_floats
from .tracing import Trace, Tracer, aval_of

# --- what an operator makes of them --------------------------------------------------------------


def _dtypes(operands: Iterable[Any], params: Mapping[str, Any]) -> list[Any]:
    """The dtypes of operands, which may be Avals, and those among parameters."""
    found = [getattr(a, "dtype", None) for a in operands]
    for v in params.values():
        if isinstance(v, np.dtype):
            found.append(v)
    return found


def has_small(operands: Iterable[Any], params: Mapping[str, Any]) -> bool:
    """True if an operand, or a parameter, is of a small float; for where ``ml_dtypes`` is there."""
    known = small_floats()
    for a in operands:
        if getattr(a, "dtype", None) in known:
            return True
    for v in params.values():
        if isinstance(v, np.dtype) and v in known:
            return True
    return False


def with_dtype(params: Mapping[str, Any], old: DType, new: DType) -> dict[str, Any]:
    """Parameters with one dtype in the place of another."""
    return {k: new if isinstance(v, np.dtype) and v == old else v for k, v in params.items()}


def abstract(prim: Any, avals: Sequence[Aval], params: dict[str, Any]) -> Any:
    """Abstract values of the results of an operator, of which operands may be of small floats."""
    if "ml_dtypes" not in MODULES or prim.any_dtype or not has_small(avals, params):
        return prim.abstract(*avals, **params)
    return _abstract(prim, avals, params)


def _abstract(prim: Any, avals: Sequence[Aval], params: dict[str, Any]) -> Any:
    dtypes = _dtypes(avals, params)
    small = first_small(dtypes)
    assert small is not None
    strong = {a.dtype for a in avals if not a.weak} - {small, np.dtype(bool)}
    # Alone, it gives the same type of number as float32 does. (SciPy has no float16.)
    alone = not strong and all(
        d is None or d in (small, np.bool_) or d.kind in "iub" for d in dtypes
    )
    stand_in = SINGLE if alone or HALF in strong else HALF
    given = [_like(a, small, stand_in) for a in avals]
    try:
        out = prim.abstract(*given, **with_dtype(params, small, stand_in))
    except Exception as error:
        error.add_note(f"In this message {stand_in.name} may stand for {small.name}.")
        raise
    if HALF in strong:
        return out
    if prim.multiple:
        return tuple(_like(a, stand_in, small) for a in out)
    return _like(out, stand_in, small)


def _like(aval: Aval, old: DType, new: DType) -> Aval:
    return Aval(aval.shape, new, aval.weak) if aval.dtype == old else aval


def compute(prim: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Evaluate an operator on plain arrays, in float32 for those of small floats."""
    avals = [aval_of(a) for a in args]
    small = first_small(_dtypes(avals, params))
    assert small is not None
    out = _abstract(prim, avals, params)
    given = tuple(
        [x.astype(SINGLE) if a.dtype == small else x for x, a in zip(args, avals, strict=True)]
    )
    found = prim.compute(given, with_dtype(params, small, SINGLE))
    if prim.multiple:
        return tuple(_rounded(x, a.dtype) for x, a in zip(found, out, strict=True))
    return _rounded(found, out.dtype)


def _rounded(x: Any, dtype: DType) -> Any:
    return x.astype(dtype) if getattr(x, "dtype", dtype) != dtype else x


# --- the trace of plain arrays -------------------------------------------------------------------


class SmallTracer(Tracer):
    """A plain array of small floats inside of a transformation."""

    __slots__ = ("primal",)
    holds: ClassVar[str | None] = "primal"

    def __init__(self, primal: Any) -> None:
        self._trace: Trace = TRACE
        self.primal: Any = primal

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return Aval(self.primal.shape, self.primal.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape

    @property
    def dtype(self) -> DType:
        return self.primal.dtype

    def concrete(self, use: str) -> Any:
        return self.primal

    def __float__(self) -> float:
        return float(self.primal)

    def __complex__(self) -> complex:
        return complex(self.primal)

    def item(self, *args: Any) -> Any:
        return self.primal.item(*args)

    def tolist(self) -> Any:
        return self.primal.tolist()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.primal, dtype, copy=copy)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = hooks.hooks.functions.get(func)
        if handler is None and hooks.complete():
            handler = hooks.hooks.functions.get(func)
        if handler is not None:
            return handler(*args, **kwargs)
        leaves, treedef = _flatten((args, kwargs))
        args, kwargs = _unflatten(treedef, map(plain, leaves))
        return func(*args, **kwargs)

    def __repr__(self) -> str:
        return repr(self.primal)


class SmallTrace(Trace):
    """Computes with arrays of small floats by the operators. There is one, which never ends."""

    __slots__ = ()

    def __init__(self) -> None:
        self.level: int = 1  # all others are newer
        self.alive: bool = True
        self.owner: str = "arrays of small floats"
        self.outside = None

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        plain = tuple([a.primal if type(a) is SmallTracer else a for a in args])
        out = prim.compute(plain, params)
        return tuple(map(lifted, out)) if prim.multiple else lifted(out)


TRACE = SmallTrace()


def lifted(x: Any) -> Any:
    """A plain array of a small float as transformations see it; anything else as it is."""
    if getattr(x, "dtype", None) not in small_floats() or isinstance(x, Tracer):
        return x
    return SmallTracer(x) if arrays.is_array(x) else x


def plain(x: Any) -> Any:
    """The array behind what ``lifted`` made; anything else as it is."""
    return x.primal if type(x) is SmallTracer else x


# --- calls of what users call --------------------------------------------------------------------


_flatten: Callable[..., tuple[list[Any], Any]]
_unflatten: Callable[[Any, Iterable[Any]], Any]


def bind_trees(
    flatten: Callable[..., tuple[list[Any], Any]],
    unflatten: Callable[[Any, Iterable[Any]], Any],
) -> None:
    """Say what pytrees are: the layer above does."""
    global _flatten, _unflatten
    _flatten, _unflatten = flatten, unflatten


_NUMBERS = (bool, int, float, complex, str, bytes, type(None), type, FunctionType, np.ufunc)


_ATOMS = frozenset([*_NUMBERS, np.float64, np.float32])
"""Types of what holds no array of small floats; others may hold some."""


def _holds_small(x: Any) -> bool:
    """True if a plain array of small floats is in a pytree."""
    if type(x) is np.ndarray:
        return is_small_float(x.dtype)
    if isinstance(x, _NUMBERS) or isinstance(x, Tracer):
        return False
    if isinstance(x, tuple | list):
        return any(map(_holds_small, x))
    if isinstance(x, dict):
        return any(map(_holds_small, x.values()))
    if arrays.is_array(x):
        return is_small_float(x.dtype)
    if _is_opaque(x):
        return False
    leaves, _ = _flatten(x, _is_opaque)
    return not (len(leaves) == 1 and leaves[0] is x) and any(map(_holds_small, leaves))


def _is_opaque(x: Any) -> bool:
    """True for what transformations return to be called: to take it apart is to stage it."""
    return type(x).__module__.startswith("funcgrad.api.")


def run_lifted(fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function with its arrays of small floats lifted, and those of its result plain.

    Where an argument is traced, this is part of a function that others run: the result stays as
    it is.
    """
    known, small = small_floats(), True
    for a in args:
        if type(a) is np.ndarray:
            if a.dtype in known:
                break
        elif type(a) not in _ATOMS and _holds_small(a):
            break
    else:
        small = bool(kwargs) and any(map(_holds_small, kwargs.values()))
    if not small:
        if arrays.loaded_cupy() is None:
            out = fun(*args, **kwargs)
        else:
            out = arrays.run_there(fun, args, kwargs)
        if type(out) in _ATOMS or type(out) is np.ndarray or isinstance(out, np.generic):
            return out
        # small floats may have been made inside
        made = any(type(x) is SmallTracer for x in _flatten(out, _is_opaque)[0])
        if not made or any(isinstance(x, Tracer) for x in _flatten((args, kwargs), _is_opaque)[0]):
            return out
        return lowered(out, {})
    inputs, treedef = _flatten((args, kwargs), _is_opaque)
    args, kwargs = _unflatten(treedef, map(lifted, inputs))
    out = fun(*args, **kwargs)
    if any(isinstance(x, Tracer) for x in inputs):
        return out
    return lowered(out, {id(x): x for x in inputs})


def lifting(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A user's function, of which arrays of small floats are seen as transformations see them."""
    return lambda *args: run_lifted(fun, args, {}) if "ml_dtypes" in MODULES else fun(*args)


def drawn_in_single(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function that draws random numbers, which computes those of small floats in float32.

    What it makes of a uniform number would be one of 256 values otherwise.
    """

    def draw(*args: Any, **kwargs: Any) -> Any:
        place = [i for i, a in enumerate(args) if _is_small_dtype(a)]
        wanted = args[place[0]] if place else kwargs.get("dtype")
        if not _is_small_dtype(wanted):
            return fun(*args, **kwargs)
        if place:
            args = (*args[: place[0]], SINGLE, *args[place[0] + 1 :])
        else:
            kwargs = {**kwargs, "dtype": SINGLE}
        with np.errstate(over="ignore"):
            return fun(*args, **kwargs).astype(wanted)

    return draw


def _is_small_dtype(x: Any) -> bool:
    if isinstance(x, str):
        return any(x == dtype.name for dtype in small_floats())
    if not isinstance(x, type | np.dtype):
        return False
    try:
        return is_small_float(np.dtype(x))
    except TypeError:
        return False


def lowered(out: Any, inputs: Mapping[int, Any]) -> Any:
    """A pytree with plain arrays for what was lifted, which share memory with nothing.

    What is one of the inputs comes back as that object.
    """
    leaves, treedef = _flatten(out, _is_opaque)
    if not any(type(x) is SmallTracer for x in leaves):
        return out
    seen: set[int] = set(inputs)

    def owned(x: Any) -> Any:
        if type(x) is not SmallTracer:
            return x
        a = x.primal
        if id(a) in inputs:
            return a
        if not a.ndim:
            return a[()]
        if id(a) in seen or not a.flags.writeable or a.base is not None:
            a = arrays.copied(a)
        seen.add(id(a))
        return a

    return _unflatten(treedef, map(owned, leaves))
