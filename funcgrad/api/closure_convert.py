"""closure_convert: what a function closes over, as arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .. import tree
from ..core.arguments import check_function
from ..core.tracebacks import user_facing
from ..core.tracing import owner_name
from ..typing import Array, PyTree
from .staging import stage_call

R = TypeVar("R")


@user_facing
def closure_convert(
    fun: Callable[..., R], *example_args: PyTree
) -> tuple[Callable[..., R], list[Array]]:
    """Make explicit the traced values that a function closes over.

    Args:
        fun: function of positional arguments.
        example_args: arguments to trace it at.

    Returns:
        (converted, captured): ``converted(*args, *captured)`` computes ``fun(*args)``, and
        ``captured`` is the list of values that are being differentiated, batched or staged.

    >>> converted, captured = closure_convert(lambda x: 2 * x, 1.0)
    >>> converted(3.0), captured
    (6.0, [])
    """
    check_function(fun, "closure_convert")
    staged = stage_call(fun, example_args, {}, owner_name("closure_convert", fun)).taking_tracers()
    spec = tree.structure(example_args)
    captured = list(staged.captured)
    staged = staged._replace(captured=())  # the function itself holds no traced value
    count = len(example_args)  # nor the examples

    def converted(*args: PyTree) -> Any:
        given, values = args[:count], args[count:]
        if tree.structure(given) != spec:
            raise tree.TreeError(
                f"closure_convert: arguments of structure {tree.structure(given)}; traced at {spec}"
            )
        return staged._replace(captured=values).run(tree.leaves(given))

    return converted, captured
