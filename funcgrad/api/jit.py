"""jit: stage a function once per signature, optimise it, and run the program."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import arrays, tree
from ..compiler.program import compiled, source_text
from ..compiler.wrapper import program_wrapper
from ..control.call import call
from ..control.closures import staged_once
from ..control.jit_settings import jit_disabled, stabilizing
from ..core.arguments import check_function, names, positions
from ..core.avals import WEAK_DTYPES, float0
from ..core.garbage import rare_collections
from ..core.jaxpr import Jaxpr, eval_jaxpr, has_effects
from ..core.pickling import importable_name, portable
from ..core.source import where_defined
from ..core.tracebacks import Facing, user_facing
from ..core.tracing import Tracer, axis_frames, owner_name, running
from ..equality import exact_key
from ..errors import TracerError
from ..transforms.staging import lift_tracers
from .leaves import ArgumentPath, check_leaf, is_leaf_value
from .lowering import Lowered
from .stable_staging import stage_stable

MOST_SIGNATURES = 4096
"""How many signatures a jitted function keeps; the oldest go first."""


class Compiled:
    """One signature of a jitted function.

    ``exact`` says that the structure of the arguments has dicts whose keys are not all strings.
    """

    __slots__ = ("captured", "exact", "jaxpr", "out_tree", "run")

    def __init__(self, jaxpr: Jaxpr, captured: list[Any], out_tree: Any, run: Any) -> None:
        self.jaxpr = jaxpr
        self.captured = captured
        self.out_tree = out_tree
        self.run = run
        self.exact = False


def _keep(cache: dict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    if len(cache) > MOST_SIGNATURES:
        del cache[next(iter(cache))]


class Jitted(Facing):
    """A jitted function."""

    def __init__(
        self,
        fun: Callable[..., Any],
        static_argnums: Any,
        static_argnames: Any,
        donate_argnums: Any,
        stabilize: bool,
    ) -> None:
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.stabilize = stabilize
        self.owner = owner_name("jit", fun)
        self.static_argnums, self.static_argnames = _static_arguments(
            fun,
            positions(static_argnums, self.owner, "static_argnums"),
            names(static_argnames, self.owner, "static_argnames"),
        )
        self.donated = positions(donate_argnums, self.owner, "donate_argnums")
        _check_positions(fun, self.owner, {"donate_argnums": self.donated})
        self.name = getattr(fun, "__name__", type(fun).__name__)
        self.cache: dict[Any, Compiled] = {}
        self.programs: dict[Any, tuple[Any, Any]] = {}

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else functools.partial(self, obj)

    def __repr__(self) -> str:
        return f"<jit of {where_defined(self.fun)}>"

    def __copy__(self) -> Jitted:
        return self

    def __deepcopy__(self, memo: Any) -> Jitted:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        name = importable_name(self)
        if name is not None:
            return name
        options = (self.static_argnums, self.static_argnames, self.donated, self.stabilize)
        return (Jitted, (portable(self.fun), *options))

    @property
    def observed(self) -> Any:
        return self

    def run(self, *args: Any, **kwargs: Any) -> Any:
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
                if (
                    found is not None
                    and not jit_disabled()
                    and not axis_frames.get()
                    and (stabilizing.get() is not False or not self.stabilize)
                ):
                    return _run(found, args)
        return _dispatch(self, args, kwargs)

    @user_facing
    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """The function traced at arguments, without running it.

        Args:
            args: arguments, or ShapeDtypeStructs (or anything with shape and dtype) for arrays.
            kwargs: likewise.

        Returns:
            An object with ``compile()``, ``as_text()``, ``out_info`` and the jaxpr.

        >>> lowered = jit(lambda x: 2 * x).lower(np.ones(3))
        >>> lowered.out_info
        ShapeDtypeStruct(shape=(3,), dtype=float64)
        >>> lowered.compile()(np.ones(3))
        array([2., 2., 2.])
        """
        static: Any = ()
        if self.static_argnums or self.static_argnames:
            args, kwargs, static = _split_static(self, args, kwargs)
        in_tree = tree.structure((args, kwargs))
        entry = _compile(self, args, kwargs, static and static[1])
        return Lowered(self.owner, entry.jaxpr, entry.captured, in_tree, entry.out_tree)

    def clear_cache(self) -> None:
        """Forget every compiled signature."""
        self.cache.clear()
        self.programs.clear()


def _check_positions(fun: Any, owner: str, named: dict[str, tuple[int, ...]]) -> None:
    """Raise if a position of an argument is out of range for every call of a function."""
    if not any(named.values()):
        return
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
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


def _static_arguments(
    fun: Callable[..., Any], nums: tuple[int, ...], by_names: tuple[str, ...]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Static arguments by position and by name: each implies the other."""
    if not nums and not by_names:
        return (), ()
    _check_positions(fun, owner_name("jit", fun), {"static_argnums": nums})
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
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


def _hashable(value: Any, what: str, owner: str) -> Any:
    try:
        hash(value)
    except TypeError:
        raise TypeError(
            f"{owner}: the static argument {what} is {value!r} of type {type(value).__name__}, "
            "which cannot be hashed. Static arguments are part of the cache key: pass a tuple for "
            "a list, or make the argument dynamic."
        ) from None
    return exact_key(value)


def _signature(leaves: Sequence[Any]) -> tuple[Any, bool] | None:
    """What of the arguments a program depends on, and whether one is traced.

    None if one of them is nothing that can be traced.
    """
    key: list[Any] = []
    traced = False
    for x in leaves:
        kind = type(x)
        if kind is np.ndarray:
            key.append((x.shape, x.dtype))
        elif kind in WEAK_DTYPES:
            key.append(kind)
        elif isinstance(x, Tracer):
            traced = True
            aval = x.aval
            key.append((aval.shape, aval.dtype, aval.weak))
        elif is_leaf_value(x):
            device = x.device.id if arrays.is_gpu_array(x) else None
            key.append((x.shape, x.dtype) if device is None else (x.shape, x.dtype, device, "gpu"))
        else:
            return None
        if kind is np.ndarray and x.dtype.kind not in "biufc" and x.dtype != float0:
            return None
    return tuple(key), traced


def _untraceable(jitted: Jitted, leaves: Any, args: Any, kwargs: Any, static: Any) -> Exception:
    """The error about an argument that cannot be traced, which names it."""
    fixed = static[1][0] if static else {}
    places = [i for i in range(len(args) + len(fixed)) if i not in fixed]
    for i, x in enumerate(leaves):
        try:
            check_leaf(x, "", ArgumentPath(jitted.owner, args, i, kwargs, places))
        except TracerError as error:
            return error.with_traceback(None)
    raise AssertionError("every argument can be traced")


def _run(found: tuple[Any, Any], args: Any) -> Any:
    """Run a program, and rebuild the output; without a tree the output is one array."""
    run, out_tree = found
    outs = run(*args)
    return outs[0] if out_tree is None else tree.unflatten(out_tree, outs)


def _dispatch(jitted: Jitted, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if jit_disabled():
        return jitted.fun(*args, **kwargs)
    static: Any = ()
    if jitted.static_argnums or jitted.static_argnames:
        args, kwargs, static = _split_static(jitted, args, kwargs)
    leaves, treedef = tree.flatten((args, kwargs) if kwargs else args)
    signature = _signature(leaves)
    if signature is None:
        raise _untraceable(jitted, leaves, args, kwargs, static)
    shapes, traced = signature
    key: Any = (treedef, shapes, static and static[0])
    plain = stabilizing.get() is False and jitted.stabilize
    if plain:
        key = (*key, "plain")
    frames = axis_frames.get()
    if frames:
        key = (*key, tuple((name, t.size) for name, t in frames.items()))
    entry = jitted.cache.get(key)
    if entry is None or entry.exact:
        names = tree.exact_dict_keys(treedef)
        if names is not None:
            short, key = key, (*key, names)
            entry = jitted.cache.get(key)
        if entry is None:
            with rare_collections():
                entry = staged_once(
                    jitted.fun,
                    ("jit", id(jitted), key),
                    lambda: _compile(jitted, args, kwargs, static and static[1]),
                )
            entry.exact = names is not None
            if not entry.captured:
                _keep(jitted.cache, key, entry)
                if entry.exact:
                    _keep(jitted.cache, short, entry)
    effects = has_effects(entry.jaxpr)
    if traced or entry.captured or (effects and running.get() is not None):
        outs = call(*entry.captured, *leaves, jaxpr=entry.jaxpr, name=jitted.name)
        return tree.unflatten(entry.out_tree, outs)
    if frames:
        outs = eval_jaxpr(entry.jaxpr, entry.jaxpr.consts, leaves)
        return tree.unflatten(entry.out_tree, outs)
    if entry.run is None:
        with rare_collections():
            entry.run = compiled(entry.jaxpr, _donated_leaves(jitted, args, kwargs))
    if not (static or kwargs or plain or effects) and all(type(a) is np.ndarray for a in args):
        shapes = tuple(part for a in args for part in (a.shape, a.dtype))
        spec = None if entry.out_tree.is_leaf() else entry.out_tree
        _keep(jitted.programs, shapes, (entry.run, spec))
    return tree.unflatten(entry.out_tree, entry.run(*leaves))


def _split_static(jitted: Jitted, args: Any, kwargs: Any) -> Any:
    """Dynamic arguments, and the static ones as a key and as they are."""
    n = len(args)
    places = {i % n for i in jitted.static_argnums if -n <= i < n}
    fixed = {i: args[i] for i in sorted(places)}
    named = {k: v for k, v in sorted(kwargs.items()) if k in jitted.static_argnames}
    key = tuple((i, _hashable(v, str(i), jitted.owner)) for i, v in fixed.items()) + tuple(
        (k, _hashable(v, repr(k), jitted.owner)) for k, v in named.items()
    )
    dynamic = tuple(a for i, a in enumerate(args) if i not in places)
    rest = {k: v for k, v in kwargs.items() if k not in named}
    return dynamic, rest, (key, (fixed, named))


def _compile(jitted: Jitted, args: Any, kwargs: Any, static: Any) -> Compiled:
    fixed: dict[int, Any]
    named: dict[str, Any]
    fixed, named = static if static else ({}, {})

    def fun(*given: Any, **kw: Any) -> Any:
        it = iter(given)
        full = [fixed[i] if i in fixed else next(it) for i in range(len(given) + len(fixed))]
        return jitted.fun(*full, **kw, **named)

    jaxpr, out_tree, _ = stage_stable(
        fun if static else jitted.fun, args, kwargs, jitted.owner, jitted.stabilize
    )
    jaxpr, captured = lift_tracers(jaxpr)
    if not jitted.stabilize:
        jaxpr.as_written = True
    return Compiled(jaxpr, captured, out_tree, None)


def _donated_leaves(jitted: Jitted, args: Any, kwargs: Any) -> tuple[int, ...]:
    """Positions among the flat arguments that belong to donated ones."""
    if not jitted.donated:
        return ()
    skipped = [
        i for i in range(len(args) + len(jitted.static_argnums)) if i not in jitted.static_argnums
    ]
    places: list[int] = []
    start = 0
    total = len(args) + len(jitted.static_argnums)
    for position, a in zip(skipped, args, strict=False):
        count = len(tree.leaves(a))
        if position in jitted.donated or position - total in jitted.donated:
            places += range(start, start + count)
        start += count
    return tuple(places)


@user_facing
def jit(
    fun: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    stabilize: bool = True,
) -> Any:
    """Compile a function: it is traced once per shapes, dtypes and static values.

    Args:
        fun: the function. It must not depend on the values of its (dynamic) arguments by Python
            control flow.
        static_argnums: positional arguments that are part of the signature; must be hashable.
        static_argnames: the same by name.
        donate_argnums: positional arguments that may be updated in place and returned.
        stabilize: replace naive formulas by stable ones, before derivatives are taken, too;
            ``funcgrad.stabilize`` tells which. False keeps them here and in all that is called.

    Returns:
        The jitted function; without ``fun``, a decorator.

    Raises:
        ConcretizationError: the function needs the value of an argument.
        TypeError: a static argument cannot be hashed.

    >>> jit(lambda x: 2 * x + 1)(np.arange(3.0))
    array([1., 3., 5.])
    """
    if fun is None:
        return functools.partial(
            jit,
            static_argnums=static_argnums,
            static_argnames=static_argnames,
            donate_argnums=donate_argnums,
            stabilize=stabilize,
        )
    check_function(fun, "jit")
    return Jitted(fun, static_argnums, static_argnames, donate_argnums, stabilize)


@user_facing
def to_source(fun: Callable[..., Any]) -> Callable[..., str]:
    """The program that jit would run, as standalone source text.

    Args:
        fun: function, jitted or not; ``to_source(grad(f))`` shows a derivative.

    Returns:
        A function of the same arguments that returns Python source. It needs NumPy alone (and
        SciPy where the program calls special functions) and defines ``program`` with the arguments
        and the result of ``fun``.

    >>> print(to_source(lambda x: x * x + 1.0)(np.ones(2)))  # doctest: +ELLIPSIS
    import numpy as np
    ...
    """
    check_function(fun, "to_source")
    owner = owner_name("to_source", fun)
    inner, stable = (fun.fun, fun.stabilize) if isinstance(fun, Jitted) else (fun, True)

    @user_facing
    def source(*args: Any, **kwargs: Any) -> str:
        jaxpr, out_tree, _ = stage_stable(inner, args, kwargs, owner, stable)
        wrap = functools.partial(program_wrapper, args=args, kwargs=kwargs, out_tree=out_tree)
        return source_text(jaxpr, wrap, kwargs)

    return source
