"""How a jitted function finds the program of a call, and makes it."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .. import tree
from ..compiler.program import program_for
from ..context import Plain, current
from ..control.call import call
from ..control.closures import staged_once
from ..core.arguments import names, positions
from ..core.garbage import rare_collections
from ..core.jaxpr import Jaxpr, eval_jaxpr, has_effects
from ..core.tracebacks import Facing
from ..core.tracing import owner_name
from ..transforms.staging import as_written
from ..typing import Array, PyTree, PyTreeSpec
from .direct_calls import direct_call
from .flat_function import Staged
from .jit_arguments import (
    Args,
    Kwargs,
    Static,
    check_positions,
    donated_leaves,
    signature,
    split_static,
    static_arguments,
    untraceable,
)
from .lowering import Run
from .retraces import Trace, Traces
from .stable_staging import stage_stable

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")
MOST_SIGNATURES = 4096
"""The number of signatures that a jitted function keeps; the oldest go first."""


class Compiled:
    """One signature of a jitted function.

    ``exact`` says that the structure of the arguments has dicts whose keys are not all strings;
    ``direct`` is native code that takes them, once it is known whether there is any.
    """

    __slots__ = ("captured", "direct", "exact", "jaxpr", "knows_direct", "out_tree", "run")

    def __init__(self, staged: Staged) -> None:
        self.jaxpr: Jaxpr = staged.jaxpr
        self.captured: Sequence[Array] = staged.captured
        self.out_tree: PyTreeSpec = staged.out_tree
        self.run: Run | None = None
        self.exact: bool = False
        self.direct: Callable[..., Any] | None = None
        self.knows_direct: bool = False


class General(Facing[..., Any]):
    """How a jitted function is called unless native code takes the arguments as they are.

    It is called in place of the jitted function, of which it knows weakly, so that no cycle is
    made: the function holds what calls it. Where the function is gone, one like it is made.
    """

    __slots__ = ("again", "where")

    def __init__(self, jitted: Programs[..., Any], again: Callable[[], Programs[..., Any]]) -> None:
        self.where: Callable[[], Programs[..., Any] | None] = weakref.ref(jitted)
        self.again: Callable[[], Programs[..., Any]] = again

    @property
    def observed(self) -> Programs[..., Any]:
        """The jitted function."""
        return self.where() or self.again()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Call the jitted function."""
        return self.observed.run(*args, **kwargs)


def _keep(cache: dict[Hashable, V], key: Hashable, value: V) -> None:
    cache[key] = value
    if len(cache) > MOST_SIGNATURES:
        del cache[next(iter(cache))]


class Programs(Facing[P, R]):
    """What finds the program of a call of a jitted function, and makes it.

    ``__call__`` is an attribute: native code for the arguments of the last call, which hands
    others over to ``general``, or that itself.
    """

    __slots__ = ("__call__", "__dict__", "__weakref__")

    __name__: str
    static_argnums: tuple[int, ...]
    static_argnames: tuple[str, ...]

    def __init__(
        self,
        fun: Callable[P, R],
        static_argnums: int | Sequence[int] | None,
        static_argnames: str | Sequence[str] | None,
        donate_argnums: int | Sequence[int] | None,
        stabilize: bool,
    ) -> None:
        functools.update_wrapper(self, fun)
        self.fun: Callable[P, R] = fun
        self.stabilize: bool = stabilize
        self.owner: str = owner_name("jit", fun)
        self.static_argnums, self.static_argnames = static_arguments(
            fun,
            positions(static_argnums, self.owner, "static_argnums"),
            names(static_argnames, self.owner, "static_argnames"),
        )
        self.donated: tuple[int, ...] = positions(donate_argnums, self.owner, "donate_argnums")
        check_positions(fun, self.owner, {"donate_argnums": self.donated})
        self.name: str = getattr(fun, "__name__", type(fun).__name__)
        self.cache: dict[Hashable, Compiled] = {}
        self.programs: dict[Hashable, tuple[Compiled, PyTreeSpec | None]] = {}
        self.traces: Traces = Traces(self.owner)
        self.hits: int = 0
        self.native_calls: np.ndarray = np.zeros(1, np.int64)
        options = (static_argnums, static_argnames, donate_argnums, stabilize)
        kind = type(self)
        self.general: General = General(self, lambda: kind(fun, *options))
        self.call_by(self.general)

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the program for these arguments, which is made where there is none yet."""
        if not kwargs:
            # The common case, plain arrays by position: find the program by shapes and dtypes.
            key: list[Any] = []
            for a in args:
                if type(a) is not np.ndarray:
                    break
                key.append(a.shape)
                key.append(a.dtype)
            else:
                found = self.programs.get(tuple(key))
                here = current()
                if (
                    found is not None
                    and not (here.jit_disabled or here.axes)
                    and not (here.running is not None and self.stabilize and as_written())
                ):
                    return _run(self, found, args)
        return _dispatch(self, args, kwargs)

    def call_by(self, way: Callable[..., Any]) -> None:
        """Let something else be called in place of this function."""
        self.__call__ = way  # type: ignore[method-assign]


def _run(
    jitted: Programs[..., Any], found: tuple[Compiled, PyTreeSpec | None], args: Sequence[Any]
) -> PyTree:
    """Run a program, and rebuild the output; without a tree the output is one array."""
    entry, out_tree = found
    jitted.hits += 1
    if entry.direct is not None:
        jitted.call_by(entry.direct)
    assert entry.run is not None
    outs = entry.run(*args)
    return outs[0] if out_tree is None else tree.unflatten(out_tree, outs)


def split(
    jitted: Programs[..., Any], args: Args, kwargs: Kwargs
) -> tuple[Args, Kwargs, Static | None]:
    """Dynamic arguments by position and by name, and the static ones if a function has any."""
    nums, by_names = jitted.static_argnums, jitted.static_argnames
    if not nums and not by_names:
        return args, kwargs, None
    return split_static(nums, by_names, args, kwargs, jitted.owner)


def _dispatch(jitted: Programs[..., Any], args: Args, kwargs: Kwargs) -> PyTree:
    here = current()
    if here.jit_disabled:
        return jitted.fun(*args, **kwargs)
    args, kwargs, static = split(jitted, args, kwargs)
    leaves, treedef = tree.flatten((args, kwargs) if kwargs else args)
    found = signature(leaves)
    if found is None:
        raise untraceable(jitted.owner, leaves, args, kwargs, static)
    shapes, traced = found
    key: tuple[Hashable, ...] = (treedef, shapes, static and static.key)
    plain = jitted.stabilize and as_written()
    if plain:
        key = (*key, "plain")
    frames = here.axes
    if frames:
        key = (*key, tuple((name, t.size) for name, t in frames.items()))
    entry = jitted.cache.get(key)
    if entry is None or entry.exact:
        short = key
        dict_keys = tree.exact_dict_keys(treedef)
        if dict_keys is not None:
            key = (*key, dict_keys)
            entry = jitted.cache.get(key)
        if entry is None:
            entry = _traced(jitted, key, leaves, args, kwargs, static, plain)
            entry.exact = dict_keys is not None
            if not entry.captured:
                _keep(jitted.cache, key, entry)
                _keep(jitted.cache, short, entry)
        else:
            jitted.hits += 1
    else:
        jitted.hits += 1
    effects = has_effects(entry.jaxpr)
    if traced or entry.captured or (effects and here.running is not None):
        outs = call(*entry.captured, *leaves, jaxpr=entry.jaxpr, name=jitted.name)
        return tree.unflatten(entry.out_tree, outs)
    if frames:
        outs = eval_jaxpr(entry.jaxpr, entry.jaxpr.consts, leaves)
        return tree.unflatten(entry.out_tree, outs)
    donated = donated_leaves(jitted.donated, jitted.static_argnums, args)
    if entry.run is None:
        with rare_collections():
            entry.run = program_for(entry.jaxpr, leaves, donated)
    if not (static or kwargs or plain or effects) and all(type(a) is np.ndarray for a in args):
        shapes = tuple(part for a in args for part in (a.shape, a.dtype))
        spec = None if entry.out_tree.is_leaf() else entry.out_tree
        _keep(jitted.programs, shapes, (entry, spec))
    if not (kwargs or plain or donated or effects) and type(here) is Plain:
        if not entry.knows_direct:
            entry.knows_direct = True
            entry.direct = direct_call(
                entry.jaxpr,
                leaves,
                treedef,
                entry.out_tree,
                static,
                jitted.general,
                jitted.native_calls,
            )
        if entry.direct is not None:
            jitted.call_by(entry.direct)
    return tree.unflatten(entry.out_tree, entry.run(*leaves))


def _traced(
    jitted: Programs[..., Any],
    key: Hashable,
    leaves: Sequence[Any],
    args: Args,
    kwargs: Kwargs,
    static: Static | None,
    plain: bool,
) -> Compiled:
    """What is found by tracing the function for these arguments."""
    make = functools.partial(_made, jitted, leaves, args, kwargs, static, plain)
    with rare_collections():
        return staged_once(jitted.fun, ("jit", id(jitted), key), make)  # type: ignore[no-any-return]


def _made(
    jitted: Programs[..., Any],
    leaves: Sequence[Any],
    args: Args,
    kwargs: Kwargs,
    static: Static | None,
    plain: bool,
) -> Compiled:
    here = current()
    trace = Trace(leaves, args, kwargs, static, plain, here.axes)
    jitted.traces.add(trace, here.retracing_refused)
    entry = compile_for(jitted, args, kwargs, static)
    trace.captures = bool(entry.captured)
    return entry


def compile_for(
    jitted: Programs[..., Any], args: Args, kwargs: Kwargs, static: Static | None
) -> Compiled:
    """The function traced for some arguments."""
    _, fixed, named = static or Static((), {}, {})

    def fun(*given: PyTree, **kw: PyTree) -> PyTree:
        it = iter(given)
        full = [fixed[i] if i in fixed else next(it) for i in range(len(given) + len(fixed))]
        return jitted.fun(*full, **kw, **named)

    staged, _ = stage_stable(
        fun if static else jitted.fun, args, kwargs, jitted.owner, jitted.stabilize
    )
    staged = staged.taking_tracers()
    if not jitted.stabilize:
        staged.jaxpr.as_written = True
    return Compiled(staged)
