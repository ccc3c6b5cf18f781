"""How a jitted function finds the program of a call, and makes it."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, ParamSpec, TypeVar

import numpy as np

from .. import tree
from ..compiler.program import native_program, program_for
from ..context import Plain, current
from ..control.call import call
from ..control.closures import staged_once
from ..core.arguments import names, positions
from ..core.dtypes import MODULES
from ..core.garbage import rare_collections
from ..core.jaxpr import Jaxpr, eval_jaxpr, has_effects
from ..core.small_floats import run_lifted
from ..core.tracebacks import Facing
from ..core.tracing import owner_name
from ..transforms.staging import as_written
from ..typing import Array, PyTree, PyTreeSpec
from .direct_calls import Direct, Quick, direct_calls
from .flat_function import Staged
from .jit_arguments import (
    Args,
    Given,
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
    ``direct`` is how calls like the first one are made, once that is known.
    """

    __slots__ = ("captured", "direct", "exact", "jaxpr", "out_tree", "run")

    def __init__(self, staged: Staged) -> None:
        self.jaxpr: Jaxpr = staged.jaxpr
        self.captured: Sequence[Array] = staged.captured
        self.out_tree: PyTreeSpec = staged.out_tree
        self.run: Run | None = None
        self.exact: bool = False
        self.direct: Direct | None = None


class General(Facing[..., Any]):
    """How a jitted function is called unless native code takes the arguments as they are.

    It is called in place of the jitted function, of which it knows weakly, so that no cycle is
    made: the function holds what calls it. Where the function is gone, one like it is made.
    """

    __slots__ = ("again", "where")

    lifts: ClassVar[bool] = False

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

    lifts: ClassVar[bool] = False  # a program takes plain arrays

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
        self.quick: Quick | None = None
        self.call_by(Direct())

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the program for these arguments, which is made where there is none yet."""
        quick = self.quick
        if quick is not None and not kwargs and type(current()) is Plain:
            unpack, program, pack = quick
            leaves = unpack(args)
            if leaves is not None:
                self.hits += 1
                return pack(program(*leaves))
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

    def call_by(self, direct: Direct) -> None:
        """Let calls be made as they were for earlier arguments while theirs are like those."""
        self.quick = direct.quick
        self.__call__ = direct.native or self.general  # type: ignore[method-assign]


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
        if "ml_dtypes" in MODULES:
            return run_lifted(jitted.fun, args, kwargs)
        return jitted.fun(*args, **kwargs)
    args, kwargs, static = split(jitted, args, kwargs)
    leaves, treedef = tree.flatten((args, kwargs) if kwargs else args)
    found = signature(leaves)
    if found is None:
        raise untraceable(jitted.owner, leaves, args, kwargs, static)
    shapes, traced = found
    given = Given(args, kwargs, static, leaves, treedef, jitted.stabilize and as_written())
    key: tuple[Hashable, ...] = (treedef, shapes, static and static.key)
    if given.as_written:
        key = (*key, "as written")
    frames = here.axes
    if frames:
        key = (*key, tuple((name, t.size) for name, t in frames.items()))
    entry = jitted.cache.get(key)
    if entry is None or entry.exact:
        entry = _found_exactly(jitted, key, given)
    else:
        jitted.hits += 1
    if traced or entry.captured or (has_effects(entry.jaxpr) and here.running is not None):
        outs = call(*entry.captured, *leaves, jaxpr=entry.jaxpr, name=jitted.name)
    elif frames:
        outs = eval_jaxpr(entry.jaxpr, entry.jaxpr.consts, leaves)
    else:
        outs = _prepared(jitted, entry, given)(*leaves)
    return tree.unflatten(entry.out_tree, outs)


def _found_exactly(jitted: Programs[..., Any], key: tuple[Hashable, ...], given: Given) -> Compiled:
    """What was traced for arguments like these, or is now; keys of dicts are told apart."""
    short = key
    dict_keys = tree.exact_dict_keys(given.treedef)
    if dict_keys is not None:
        key = (*key, dict_keys)
    entry = jitted.cache.get(key)
    if entry is not None:
        jitted.hits += 1
        return entry
    make = functools.partial(_traced, jitted, given)
    with rare_collections():
        entry = staged_once(jitted.fun, ("jit", id(jitted), key), make)
    assert isinstance(entry, Compiled)
    entry.exact = dict_keys is not None
    if not entry.captured:
        _keep(jitted.cache, key, entry)
        _keep(jitted.cache, short, entry)
    return entry


def _traced(jitted: Programs[..., Any], given: Given) -> Compiled:
    here = current()
    trace = Trace(given, here.axes)
    jitted.traces.add(trace, here.retracing_refused)
    entry = compile_for(jitted, given.args, given.kwargs, given.static)
    trace.captures = bool(entry.captured)
    return entry


def _prepared(jitted: Programs[..., Any], entry: Compiled, given: Given) -> Run:
    """The program of flat arguments; calls like this one will find it sooner."""
    args, leaves = given.args, given.leaves
    donated = donated_leaves(jitted.donated, jitted.static_argnums, args)
    first = entry.run is None
    if entry.run is None:
        with rare_collections():
            entry.run = program_for(entry.jaxpr, leaves, donated)
    if given.kwargs or given.as_written or has_effects(entry.jaxpr):
        return entry.run
    if not given.static and all(type(a) is np.ndarray for a in args):
        shapes = tuple(part for a in args for part in (a.shape, a.dtype))
        spec = None if entry.out_tree.is_leaf() else entry.out_tree
        _keep(jitted.programs, shapes, (entry, spec))
    if type(current()) is Plain:
        if entry.direct is None:
            kernel = native_program(entry.jaxpr, leaves, donated)
            if kernel is not None or not first:
                avals, general = entry.jaxpr.in_avals, jitted.general
                entry.direct = direct_calls(
                    given, avals, entry.out_tree, entry.run, kernel, general, jitted.native_calls
                )
        jitted.call_by(entry.direct or Direct())
    return entry.run


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
