"""The leaves that transformations take and give back: their checks, and whose memory they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np

from .. import arrays, tree
from ..core.avals import WEAK_DTYPES, Aval, float0, is_inexact, is_traceable
from ..core.blame import describe
from ..core.dtypes import is_floating
from ..core.plain_arrays import check_plain
from ..core.source import where_defined
from ..core.tracing import Tracer, aval_of, value_behind
from ..errors import DifferentiationError, TracerError, TreeError
from ..ops.shape import cast, zeros
from ..typing import Array, PyTree

Path: TypeAlias = "str | tree.LeafPath"
"""The path of a leaf for a message, or what prints as one."""


def is_leaf_value(x: object) -> TypeGuard[Array]:
    """Return True if x is something that a transformation can trace."""
    kind = type(x)
    if kind is np.ndarray or kind in WEAK_DTYPES or isinstance(x, Tracer):
        return True
    return arrays.is_array(x) and (not isinstance(x, np.ndarray) or kind is np.memmap)


class ArgumentPath(tree.LeafPath):
    """A leaf among the arguments of a call, for a message: ``jit of f: argument args[0]['w']``."""

    __slots__ = ("kwargs", "owner", "places")

    def __init__(
        self,
        owner: str,
        args: PyTree,
        index: int,
        kwargs: Mapping[str, PyTree] | None = None,
        places: Sequence[int] | None = None,
    ) -> None:
        super().__init__(args, index)
        self.owner: str = owner
        self.kwargs: Mapping[str, PyTree] = kwargs or {}
        self.places: Sequence[int] | None = places

    def __str__(self) -> str:
        part: int
        part, first, *rest = tree.paths_of((tuple(self.whole), self.kwargs))[self.index]
        if self.places is not None and not part:
            first = self.places[first]  # pyright: ignore[reportUnknownVariableType]
        root = f"kwargs[{first!r}]" if part else f"args[{first}]"
        return f"{self.owner}: argument {tree.format_path(tuple(rest), root)}"


class OutputPath(tree.LeafPath):
    """A leaf of what a function returned, for a message: ``jit of f: the output['y']``."""

    __slots__ = ("owner",)

    def __init__(self, owner: str, out: PyTree, index: int) -> None:
        super().__init__(out, index)
        self.owner: str = owner

    def __str__(self) -> str:
        path = tree.paths_of(self.whole)[self.index]
        return f"{self.owner}: {tree.format_path(path, 'the output')}"


def check_leaf(x: object, what: str, path: Path) -> None:
    """Raise unless x is an array, a scalar or a tracer of numeric dtype."""
    if not is_leaf_value(x):
        check_plain(x, f"{what}{path}")
        hint = (
            ""
            if isinstance(path, OutputPath) or "tangent" in what
            else (" Pass it as a static argument, or close over it.")
        )
        raise TracerError(f"{what}{path} is {describe(x)}, which is not an array or number.{hint}")
    dtype = aval_of(x).dtype
    if not is_traceable(dtype):
        raise TracerError(f"{what}{path} has dtype {dtype}, {why_not_traced(dtype)}")


def why_not_traced(dtype: np.dtype[Any]) -> str:
    """The end of a message: why an array of a dtype cannot be traced, and what to do."""
    if getattr(dtype.type, "__module__", "") == "ml_dtypes":
        return (
            "a type that is for storage alone: of ml_dtypes, bfloat16 and the floats of eight bits "
            "with a sign can be traced. Pass x.astype(np.float32), or np.int8 for integers."
        )
    if dtype.kind not in "biufc":
        return "which is not numeric"
    if not dtype.isnative:
        swapped = "x.astype(x.dtype.newbyteorder('='))"
        return f"in another byte order than this machine's. Pass {swapped}."
    usual = "np.complex128" if dtype.kind == "c" else "np.float64"
    return f"which is another number on each machine. Pass x.astype({usual})."


def own(results: Sequence[Array], inputs: Iterable[Array]) -> list[Array]:
    """Results as arrays that are writeable and share memory with nothing.

    A result that is one of the inputs comes back as that object.
    """
    allowed = set(map(id, inputs))
    seen: set[int] = set()
    owned: list[Array] = []
    for x in results:
        if type(x) is np.ndarray and id(x) not in allowed:
            if x.ndim == 0:
                x = x[()]
            elif not x.flags.writeable or id(x) in seen:
                x = x.copy()
            elif x.base is not None and (
                sys.getrefcount(x.base) > 2 or not isinstance(x.base, np.ndarray)
            ):
                x = x.copy()
            seen.add(id(x))
        elif type(x) is not np.float64 and arrays.is_gpu_array(x):
            return _own_on_gpu(results, inputs)
        owned.append(x)
    return owned


def _own_on_gpu(results: Sequence[Array], inputs: Iterable[Array]) -> list[Array]:
    """The same for results of which some are on a GPU."""
    host = [x if type(x) is np.ndarray else None for x in results]
    kept = own([x for x in host if x is not None], inputs)  # pyright: ignore
    rest = iter(kept)
    whole = [x if h is None else next(rest) for x, h in zip(results, host, strict=True)]
    return arrays.unshared(whole, inputs)


def disown(results: Sequence[Array], inputs: Iterable[Array]) -> list[Array]:
    """Copies of results that a pullback keeps as residuals; inputs come back as they are."""
    allowed = {id(x) for x in inputs}
    return [
        arrays.copied(x)
        if (type(x) is np.ndarray or arrays.is_gpu_array(x)) and id(x) not in allowed
        else x
        for x in results
    ]


def check_cotangent(ct: Array, aval: Aval, path: Path, what: str) -> Array | None:
    """A cotangent (or tangent) of the right shape and dtype, or an error that names both."""
    if not is_inexact(aval.dtype):
        return None
    if type(ct) is not np.ndarray and not is_leaf_value(ct):
        check_leaf(ct, what, path)
    given = aval_of(ct)
    if given.dtype == float0:
        return zeros(aval)
    if given.shape != aval.shape:
        raise TreeError(
            f"{what}{path} has shape {given.shape}, but the value it belongs to has shape "
            f"{aval.shape}"
        )
    if given.dtype != aval.dtype:
        if not given.weak and (given.dtype.kind == "c" or aval.dtype.kind != "c"):
            if given.dtype.kind not in "iub":
                raise TreeError(
                    f"{what}{path} has dtype {given.dtype}, but the value it belongs to has "
                    f"dtype {aval.dtype}; convert it with .astype({aval.dtype.name!r})"
                )
        return cast(ct, aval.dtype)
    return cast(ct, aval.dtype) if given.weak else ct


def zero_derivative(x: Array) -> Array:
    """The derivative with respect to an input that nothing depends on."""
    aval = aval_of(x)
    if not is_inexact(aval.dtype):
        return np.zeros(aval.shape, float0)
    return arrays.like(value_behind(x), zeros(aval))


def check_differentiable(
    x: object, path: Path, name: str, *, holomorphic: bool, allow_int: bool
) -> None:
    """Raise unless grad can differentiate with respect to x."""
    check_leaf(x, f"{name}: argument ", path)
    dtype = aval_of(x).dtype
    if holomorphic and dtype.kind != "c":
        raise DifferentiationError(
            f"{name} with holomorphic=True needs complex inputs; argument {path} is {aval_of(x)}"
        )
    if not is_inexact(dtype) and not allow_int:
        raise DifferentiationError(
            f"{name} needs real or complex inputs; argument {path} is {aval_of(x)}. Convert it "
            "to a float (write 3.0 for 3), leave it out of argnums, or pass allow_int=True."
        )


def check_scalar_output(
    out: PyTree, fun: Callable[..., PyTree], name: str, *, holomorphic: bool
) -> None:
    """Raise unless an output can be differentiated by grad."""
    if not is_leaf_value(out):
        raise DifferentiationError(
            f"{name} needs a function that returns a scalar; {where_defined(fun)} returned "
            f"{type(out).__name__} {tree.structure(out)}. Return one number, or use has_aux=True "
            "for a pair (number, anything)."
        )
    aval = aval_of(out)
    if aval.shape != ():
        raise DifferentiationError(
            f"{name} needs a function that returns a scalar; {where_defined(fun)} returned "
            f"{aval}.\nSum it first, or use funcgrad.jacobian."
        )
    if holomorphic and aval.dtype.kind != "c":
        raise DifferentiationError(
            f"{name} with holomorphic=True needs a complex output; {where_defined(fun)} "
            f"returned {aval}"
        )
    if not holomorphic and aval.dtype.kind != "f" and not is_floating(aval.dtype):
        hint = (
            "Take its real part or absolute value, or pass holomorphic=True."
            if aval.dtype.kind == "c"
            else "It has no derivative; return a float."
        )
        raise DifferentiationError(
            f"{name} needs a real output; {where_defined(fun)} returned {aval}. {hint}"
        )
