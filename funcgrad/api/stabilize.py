"""stabilize: a function with its naive formulas replaced by numerically stable ones."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import numpy as np

from .. import tree
from ..compiler.stabilize import Rewrite
from ..context import current
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import owner_name
from ..typing import PyTree
from .flat_function import Staged
from .leaves import ArgumentPath
from .stable_staging import stage_stable
from .staging import staged_aval

__all__ = ["Report", "Rewrite", "Stabilized", "stabilize"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
V = TypeVar("V")


class Report:
    """The formulas that ``stabilize`` replaced: prints one line for each.

    ``rewrites`` holds the records: name, equations before and after, the user's line.
    """

    def __init__(self, rewrites: tuple[Rewrite, ...]) -> None:
        self.rewrites: tuple[Rewrite, ...] = rewrites

    def __repr__(self) -> str:
        return "\n".join(map(str, self.rewrites)) or "nothing to rewrite"


class Stabilized(Generic[P, R]):
    """A function that computes with stable formulas; see ``stabilize``."""

    __name__: str

    def __init__(self, fun: Callable[P, R]) -> None:
        functools.update_wrapper(self, fun)
        self.fun: Callable[P, R] = fun
        self.owner: str = owner_name("stabilize", fun)
        self.cache: dict[Hashable, Staged] = {}

    def __repr__(self) -> str:
        return f"<stabilize of {where_defined(self.fun)}>"

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Stabilized[P, R]: ...
    @overload
    def __get__(
        self: Stabilized[Concatenate[V, Q], R], obj: V, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, obj: object, owner: type | None = None) -> Any:
        return self if obj is None else functools.partial(self, obj)  # type: ignore[arg-type]

    @user_facing
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function with stable formulas in place of naive ones."""
        leaves, treedef = tree.flatten((args, kwargs))
        avals = tuple(
            staged_aval(x, ArgumentPath(self.owner, args, i, kwargs)) for i, x in enumerate(leaves)
        )
        frames = tuple((name, t.size) for name, t in current().axes.items())
        key = (treedef, avals, frames)
        found = self.cache.get(key)
        if found is None:
            staged, _ = stage_stable(self.fun, args, kwargs, self.owner, True)
            found = staged.taking_tracers()
            if not found.captured:
                self.cache[key] = found
        return found.run(leaves)

    @user_facing
    def report(self, *args: PyTree, **kwargs: PyTree) -> Report:
        """The formulas that are replaced at these arguments, or at ShapeDtypeStructs for them."""
        return Report(stage_stable(self.fun, args, kwargs, self.owner, True)[1])


@overload
def stabilize(fun: np.ufunc) -> Stabilized[..., Any]: ...
@overload
def stabilize(fun: Callable[P, R]) -> Stabilized[P, R]: ...
@user_facing
def stabilize(fun: Callable[..., Any]) -> Stabilized[..., Any]:
    """A function that computes the same with numerically stable formulas.

    ``log(1 + exp(x))``, ``log(softmax(x))``, ``exp(x) - 1``, ``inv(a) @ b`` and their like are
    recognised, in any spelling, and replaced where they lose digits, overflow, or have derivatives
    that do. ``stabilize(f).report(...)`` tells which, and where they stand.

    Args:
        fun: the function. It is staged, once per shapes and dtypes of its arguments, as by
            ``jit``: Python's ``if`` and ``while`` on their values raise, what it closes over is
            taken as it is then, and a singular matrix gives NaN instead of ``LinAlgError``.

    Returns:
        The function, with a method ``report`` of the same arguments. It may be transformed, and
        used in transformed functions.

    Raises:
        ConcretizationError: the function needs the value of an argument.

    >>> import numpy as np
    >>> f = stabilize(lambda x: np.log(1 + np.exp(x)))
    >>> f(1000.0)
    np.float64(1000.0)
    >>> f.report(1000.0)  # doctest: +ELLIPSIS
    log(1 + exp(x)) -> softplus(x)  at ...
    """
    if not callable(fun):
        raise TypeError(f"stabilize needs a function, got {fun!r}")
    return Stabilized(fun)
