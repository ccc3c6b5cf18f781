"""custom_gradient: a function that returns its own pullback beside its value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..core.arguments import check_function
from ..core.blame import describe
from ..core.containers import is_pair
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..typing import PyTree
from .closure_convert import closure_convert
from .custom import custom_vjp


@user_facing
def custom_gradient(fun: Callable[..., tuple[PyTree, Callable[..., PyTree]]]) -> Callable[..., Any]:
    """A function whose reverse derivative is the pullback that it returns itself.

    Args:
        fun: returns a pair (output, pullback); the pullback takes the cotangent of the output, and
            returns that of the argument, or a tuple with one for each argument.

    Returns:
        The function of the output alone.

    >>> import numpy as np
    >>> from funcgrad import grad
    >>> @custom_gradient
    ... def f(x):
    ...     return np.sin(x), lambda ct: 10 * ct * np.cos(x)
    >>> f(0.0), grad(f)(0.0)
    (np.float64(0.0), np.float64(10.0))
    """
    check_function(fun, "custom_gradient")
    where = where_defined(fun)

    def both(*args: PyTree) -> tuple[PyTree, Callable[..., PyTree]]:
        result = fun(*args)
        if not is_pair(result) or not callable(result[1]):
            raise TypeError(
                f"custom_gradient: {where} must return a pair (output, pullback), got "
                f"{describe(result)}"
            )
        return result

    def value(*args: PyTree) -> PyTree:
        return both(*args)[0]

    def forward(*args: PyTree) -> tuple[PyTree, PyTree]:
        out, pullback = both(*args)
        example = tree.map(lambda a: np.ones(aval_of(a).shape, aval_of(a).dtype)[()], out)
        converted, captured = closure_convert(pullback, example)
        return out, (tree.Partial(converted), captured, args)

    def backward(residuals: PyTree, ct: PyTree) -> tuple[PyTree, ...]:
        converted, captured, args = residuals
        found = converted(ct, *captured)
        return found if isinstance(found, tuple) and len(args) == len(found) else (found,)

    functools.update_wrapper(value, fun)
    with_rule = custom_vjp(value)
    with_rule.defvjp(forward, backward)
    return with_rule
