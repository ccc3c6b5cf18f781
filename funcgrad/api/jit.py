"""jit: stage a function once per signature, optimise it, and run the program."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

import numpy as np

from .. import tree
from ..core.arguments import check_function
from ..core.pickling import importable_name, portable
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from .direct_calls import Direct
from .jit_calls import MOST_SIGNATURES, Programs, compile_for, split
from .lowering import Lowered
from .retraces import CacheInfo

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
V = TypeVar("V")


class Jitted(Programs[P, R]):
    """A jitted function."""

    __slots__ = ()

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Jitted[P, R]: ...
    @overload
    def __get__(
        self: Jitted[Concatenate[V, Q], R], obj: V, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, obj: object, owner: type | None = None) -> Any:
        return self if obj is None else functools.partial(self, obj)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"<jit of {where_defined(self.fun)}>"

    def __copy__(self) -> Jitted[P, R]:
        return self

    def __deepcopy__(self, memo: object) -> Jitted[P, R]:
        return self

    def __reduce_ex__(self, protocol: object) -> Any:
        name = importable_name(self)
        if name is not None:
            return name
        options = (self.static_argnums, self.static_argnames, self.donated, self.stabilize)
        return (Jitted, (portable(self.fun), *options))

    @user_facing
    def lower(self, *args: PyTree, **kwargs: PyTree) -> Lowered:
        """The function traced at arguments, without running it.

        Args:
            args: arguments, or ShapeDtypeStructs (or anything with shape and dtype) for arrays.
            kwargs: likewise.

        Returns:
            An object with ``compile()``, ``as_text()``, ``out_info`` and the jaxpr; ``groups()``,
            ``llvm_ir()``, ``asm()``, ``cost_analysis()`` and ``compile_time()`` look inside.

        >>> lowered = jit(lambda x: 2 * x).lower(np.ones(3))
        >>> lowered.out_info
        ShapeDtypeStruct(shape=(3,), dtype=float64)
        >>> lowered.compile()(np.ones(3))
        array([2., 2., 2.])
        """
        args, kwargs, static = split(self, args, kwargs)
        in_tree = tree.structure((args, kwargs))
        start = time.perf_counter()
        entry = compile_for(self, args, kwargs, static)
        seconds = time.perf_counter() - start
        return Lowered(self.owner, entry.jaxpr, entry.captured, in_tree, entry.out_tree, seconds)

    def cache_info(self) -> CacheInfo:
        """How often a program was found, and how many there are.

        >>> f = jit(lambda x: 2 * x)
        >>> f(1.0), f(2.0), f(3)
        (2.0, 4.0, 6)
        >>> f.cache_info()
        CacheInfo(hits=1, misses=2, maxsize=4096, currsize=2)
        """
        hits = self.hits + int(self.native_calls[0])
        size = len({id(entry) for entry in self.cache.values()})
        return CacheInfo(hits, self.traces.count, MOST_SIGNATURES, size)

    def explain_last(self) -> str:
        """Why the function was traced the last time: which argument had changed, and how.

        It is compared with the earlier trace that it is most like. Calls that find a program
        change nothing.

        >>> f = jit(lambda p: 2 * p["w"])
        >>> _ = f({"w": np.ones(3)}), f({"w": np.ones(4)})
        >>> print(f.explain_last())
        jit of ... was traced again: args[0]['w'] was f64[3], is f64[4].
        """
        return self.traces.explain()

    def clear_cache(self) -> None:
        """Forget every compiled signature."""
        self.cache.clear()
        self.programs.clear()
        self.call_by(Direct())


@overload
def jit(
    fun: np.ufunc,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    stabilize: bool = True,
) -> Any: ...  # what a checker also takes functools.partial(jit, ...) to return
@overload
def jit(
    fun: Callable[P, R],
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    stabilize: bool = True,
) -> Jitted[P, R]: ...
@overload
def jit(
    fun: None = None,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    stabilize: bool = True,
) -> Callable[[Callable[P, R]], Jitted[P, R]]: ...
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
