"""custom_vmap: functions with batching rules of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from .. import tree
from ..control.custom_batching import custom_vmap_call
from ..core.arguments import check_function
from ..core.containers import is_pair
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError, TreeError
from ..typing import Array, PyTree, PyTreeSpec
from .custom import positional, signature_of
from .flat_function import FlatFunction
from .leaves import is_leaf_value

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])


class custom_vmap(Generic[P, R]):
    """A function of positional arguments with a rule for ``vmap``.

    Without a batch, and in a loop that some examples have left, the function itself runs.
    Derivatives are those of the function; what a rule computes can be differentiated, too.

    Args:
        fun: the function.

    >>> import numpy as np
    >>> from funcgrad import vmap
    >>> @custom_vmap
    ... def f(x):
    ...     return np.sin(x)
    >>> @f.def_vmap
    ... def rule(axis_size, in_batched, x):
    ...     return 10 * np.sin(x), in_batched[0]
    >>> vmap(f)(np.array([0.0, np.pi / 2]))
    array([ 0., 10.])
    """

    rule: Callable[..., tuple[PyTree, PyTree]] | None = None

    @user_facing
    def __init__(self, fun: Callable[P, R]) -> None:
        check_function(fun, "custom_vmap")
        functools.update_wrapper(self, fun)  # type: ignore[arg-type]
        self.fun: Callable[P, R] = fun
        self.name: str = where_defined(fun)

    @user_facing
    def def_vmap(self, vmap_rule: V) -> V:
        """Set the rule.

        Args:
            vmap_rule: ``(axis_size, in_batched, *args) -> (out, out_batched)``. ``in_batched`` has
                True where an array has the batch as its axis 0, in the structure of the
                arguments; ``out_batched`` says so of the results, or is one bool for all.

        Returns:
            The rule.
        """
        check_function(vmap_rule, f"{self.name}: def_vmap")
        self.rule = vmap_rule
        return vmap_rule

    @user_facing
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function; where it is mapped over, its rule is."""
        args = positional(signature_of(self.fun), self.name, args, kwargs, "batching rule")  # type: ignore[assignment]
        if self.rule is None:
            raise TypeError(f"{self.name}: no rule yet; give one with @{self.__name__}.def_vmap")  # type: ignore[attr-defined]
        leaves, spec = tree.flatten(args)
        if not any(isinstance(x, Tracer) for x in leaves):
            return self.fun(*args)  # type: ignore[call-arg]
        flat = FlatFunction(self.fun, spec, f"custom_vmap of {self.name}")
        staged = flat.stage([aval_of(x) for x in leaves]).taking_tracers()
        outs = custom_vmap_call(
            *staged.captured,
            *leaves,
            jaxpr=staged.jaxpr,
            rule=functools.partial(_run_rule, self.name, self.rule, spec, staged.out_tree),
            name=self.__name__,  # type: ignore[attr-defined]
            consts=len(staged.captured),
        )
        return staged.rebuild(outs)


def _run_rule(
    name: str,
    rule: Callable[..., PyTree],
    spec: PyTreeSpec,
    out_tree: PyTreeSpec,
    size: int,
    batched: Sequence[bool],
    values: Sequence[Array],
) -> list[tuple[Array, bool]]:
    """The results of the user's rule with flags, checked."""
    flags = tree.unflatten(spec, [bool(b) for b in batched])
    result = rule(size, list(flags), *tree.unflatten(spec, values))
    if not is_pair(result):
        raise TypeError(f"the vmap rule of {name} must return a pair (out, out_batched)")
    out, out_batched = result
    outs, found = tree.flatten(out)
    if found != out_tree:
        raise TreeError(f"the vmap rule of {name} returns {found}; the function returns {out_tree}")
    what = f"out_batched of the vmap rule of {name}"
    if isinstance(out_batched, bool | np.bool):
        marks = [out_batched] * len(outs)
    else:
        marks = tree.match_prefix(out_tree, out_batched, what)
    if not all(isinstance(m, bool | np.bool) for m in marks):
        raise TypeError(f"{what} must be a bool for each result, got {out_batched!r}")
    for o, mark in zip(outs, marks, strict=True):
        if not is_leaf_value(o):
            raise TypeError(f"the vmap rule of {name} must return arrays, got {o!r}")
        if mark and (not aval_of(o).shape or aval_of(o).shape[0] != size):
            raise ShapeError(
                f"the vmap rule of {name} says that {aval_of(o)} has a batch of {size} examples as "
                "its axis 0"
            )
    return [(o, bool(m)) for o, m in zip(outs, marks, strict=True)]
