"""The arguments of jitted functions: which are static or donated, and what a program depends on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import arrays, tree
from ..core.avals import TRACEABLE, WEAK_DTYPES, is_traceable
from ..core.source import where_defined
from ..core.tracing import Tracer, owner_name
from ..equality import exact_key
from ..errors import TracerError
from ..typing import Array, PyTree, PyTreeSpec
from .leaves import ArgumentPath, check_leaf, is_leaf_value

Args = tuple[PyTree, ...]
Kwargs = dict[str, PyTree]


class Static(NamedTuple):
    """The static arguments of a call: as a part of the cache's key, by position and by name."""

    key: Hashable
    fixed: Mapping[int, object]
    named: Mapping[str, object]


class Given(NamedTuple):
    """The arguments of a call, taken apart.

    Attributes:
        args: those by position, without static ones.
        kwargs: those by name, without static ones.
        static: the static ones, if the function has any.
        leaves: all but static ones, flat.
        treedef: the structure of ``args``, or of ``(args, kwargs)`` if some are given by name.
        as_written: whether formulas are kept around the call, though not by the function.
    """

    args: Args
    kwargs: Kwargs
    static: Static | None
    leaves: list[Any]
    treedef: PyTreeSpec
    as_written: bool


def check_positions(
    fun: Callable[..., object], owner: str, named: Mapping[str, tuple[int, ...]]
) -> None:
    """Raise if a position of an argument is out of range for every call of a function."""
    if not any(named.values()):
        return
    parameters = _parameters(fun)
    if parameters is None:
        return
    kinds = [p.kind for p in parameters]
    count = sum(k <= inspect.Parameter.POSITIONAL_OR_KEYWORD for k in kinds)
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return
    for argument, nums in named.items():
        for n in nums:
            if not -count <= n < count:
                raise ValueError(
                    f"{owner}: {argument} has {n}, but there are {count} positional arguments"
                )


def _parameters(fun: Callable[..., object]) -> list[inspect.Parameter] | None:
    """The parameters of a function; None for built-in ones that do not tell."""
    try:
        return list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return None


def static_arguments(
    fun: Callable[..., object], nums: tuple[int, ...], by_names: tuple[str, ...]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Static arguments by position and by name: each implies the other."""
    if not nums and not by_names:
        return (), ()
    check_positions(fun, owner_name("jit", fun), {"static_argnums": nums})
    parameters = _parameters(fun)
    if parameters is None:
        return nums, by_names
    positional = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    for name in by_names:
        if name not in [p.name for p in parameters] and not any(
            p.kind == p.VAR_KEYWORD for p in parameters
        ):
            raise ValueError(f"jit of {where_defined(fun)}: no argument is called {name!r}")
    by_name = tuple(positional.index(n) for n in by_names if n in positional)
    by_num = tuple(positional[n] for n in nums if -len(positional) <= n < len(positional))
    return tuple(dict.fromkeys(nums + by_name)), tuple(dict.fromkeys(by_names + by_num))


def split_static(
    nums: tuple[int, ...], by_names: tuple[str, ...], args: Args, kwargs: Kwargs, owner: str
) -> tuple[Args, Kwargs, Static]:
    """Dynamic arguments by position and by name, and the static ones."""
    n = len(args)
    places = {i % n for i in nums if -n <= i < n}
    fixed = {i: args[i] for i in sorted(places)}
    named = {k: v for k, v in sorted(kwargs.items()) if k in by_names}
    key = tuple((i, _hashable(v, str(i), owner)) for i, v in fixed.items()) + tuple(
        (k, _hashable(v, repr(k), owner)) for k, v in named.items()
    )
    dynamic = tuple(a for i, a in enumerate(args) if i not in places)
    rest = {k: v for k, v in kwargs.items() if k not in named}
    return dynamic, rest, Static(key, fixed, named)


def _hashable(value: object, what: str, owner: str) -> Hashable:
    try:
        hash(value)
    except TypeError:
        raise TypeError(
            f"{owner}: the static argument {what} is {value!r} of type {type(value).__name__}, "
            "which cannot be hashed. Static arguments are part of the cache key: pass a tuple for "
            "a list, or make the argument dynamic."
        ) from None
    return exact_key(value)


def signature(leaves: Sequence[Array]) -> tuple[tuple[Any, ...], bool] | None:
    """The shapes and dtypes that a program depends on, and True if an argument is traced.

    None if one of them is nothing that can be traced.
    """
    key: list[Any] = []
    traced = False
    for x in leaves:
        kind: type[Any] = type(x)
        if kind is np.ndarray:
            if x.dtype not in TRACEABLE and not is_traceable(x.dtype):
                return None
            key.append((x.shape, x.dtype))
        elif kind in WEAK_DTYPES:
            key.append(kind)
        elif isinstance(x, Tracer):
            traced = True
            aval = x.aval
            key.append((aval.shape, aval.dtype, aval.weak))
        elif is_leaf_value(x):
            key.append((x.shape, x.dtype))
            if arrays.is_gpu_array(x):
                device: Any = x.device
                key.append((device.id, "gpu"))
        else:
            return None
    return tuple(key), traced


def untraceable(
    owner: str, leaves: Sequence[object], args: Args, kwargs: Kwargs, static: Static | None
) -> Exception:
    """The error about an argument that cannot be traced, which names it."""
    fixed: Mapping[int, Any] = static.fixed if static else {}
    places = [i for i in range(len(args) + len(fixed)) if i not in fixed]
    for i, x in enumerate(leaves):
        try:
            check_leaf(x, "", ArgumentPath(owner, args, i, kwargs, places))
        except TracerError as error:
            return error.with_traceback(None)
    raise AssertionError("every argument can be traced")


def donated_leaves(
    donated: tuple[int, ...], static_argnums: tuple[int, ...], args: Args
) -> tuple[int, ...]:
    """Positions among the flat arguments that belong to donated ones."""
    if not donated:
        return ()
    total = len(args) + len(static_argnums)
    dynamic = [i for i in range(total) if i not in static_argnums]
    places: list[int] = []
    start = 0
    for position, a in zip(dynamic, args, strict=False):
        count = len(tree.leaves(a))
        if position in donated or position - total in donated:
            places += range(start, start + count)
        start += count
    return tuple(places)
