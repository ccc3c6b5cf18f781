"""to_source: the program of a function as text."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from ..compiler.program import source_text
from ..compiler.wrapper import program_wrapper
from ..core.arguments import check_function
from ..core.tracebacks import user_facing
from ..core.tracing import owner_name
from .jit import Jitted
from .stable_staging import stage_stable

P = ParamSpec("P")


@user_facing
def to_source(fun: Callable[P, object]) -> Callable[P, str]:
    """The program that jit would run, as standalone source text.

    Args:
        fun: function, jitted or not; ``to_source(grad(f))`` shows a derivative.

    Returns:
        A function of the same arguments that returns Python source. It needs NumPy alone (and
        SciPy where the program calls special functions) and defines ``program`` with the arguments
        and the result of ``fun``.

    >>> import numpy as np
    >>> print(to_source(lambda x: x * x + 1.0)(np.ones(2)))  # doctest: +ELLIPSIS
    import numpy as np
    ...
    """
    check_function(fun, "to_source")
    owner = owner_name("to_source", fun)
    inner, stable = (fun.fun, fun.stabilize) if isinstance(fun, Jitted) else (fun, True)

    @user_facing
    def source(*args: P.args, **kwargs: P.kwargs) -> str:
        staged, _ = stage_stable(inner, args, kwargs, owner, stable)
        out_tree = staged.out_tree
        wrap = functools.partial(program_wrapper, args=args, kwargs=kwargs, out_tree=out_tree)
        return source_text(staged.jaxpr, wrap, kwargs)

    return source
