"""nan_checks: transformations raise where their results are not finite."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..api.jit import Jitted
from ..context import within
from ..core.source import INTERNAL, PACKAGE, current_source
from ..core.tracebacks import Facing, user_facing
from ..core.tracing import Tracer
from ..errors import NonFiniteError
from ..typing import PyTree
from .explain_nan import explain, is_finite, visible

CHECKED = frozenset(
    [
        "grad.py", "jacobians.py", "vjp.py", "jvp.py", "vmap.py", "stabilize.py", "jit_calls.py",
    ]
)  # fmt: skip
"""The files of ``funcgrad/api`` whose functions are checked."""

NAMES = {
    "Pullback.__call__": "the function that vjp returned",
    "Pushforward.__call__": "the function that linearize returned",
}
"""The names of functions in messages, by the name in the code."""

BOUNDARIES = (
    user_facing(lambda: None).__code__,  # type: ignore[attr-defined]
    Facing.__call__.__code__,
)
"""The code through which users call functions, and through which results are checked."""


def called_by_us() -> bool:
    """True if the function that returns was called by one of ours, which will be checked itself."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and INTERNAL[frame.f_code.co_filename]:
        if frame.f_code in BOUNDARIES:
            return True
        frame = frame.f_back
    return False


def check_result(fun: Callable[..., Any], args: PyTree, kwargs: PyTree, result: PyTree) -> None:
    """Raise if the result of a transformed function that the user has called is not finite."""
    if called_by_us():
        return
    run = fun if hasattr(fun, "__code__") else getattr(type(fun), "run", type(fun).__call__)
    code = run.__code__
    folder, file = os.path.split(code.co_filename)
    if folder != os.path.join(PACKAGE, "api") or file not in CHECKED:
        return
    if any(isinstance(x, Tracer) for x in visible(result)) or is_finite(result):
        return
    name = NAMES.get(code.co_qualname) or code.co_name.removesuffix("_fun")
    if name in ("__call__", "run"):
        name = "jit" if isinstance(fun, Jitted) else "stabilize"
    source = current_source(3)
    title = f"{name} at {source}" if source else name
    raise NonFiniteError(str(explain(fun, args, kwargs, title)))


@contextmanager
def nan_checks() -> Iterator[None]:
    """Inside this context, transformed and jitted functions raise if their results are not finite.

    Checked are ``grad`` and its relatives, ``vjp`` and ``jvp``, ``vmap``, ``jit`` and
    ``stabilize``, when they return arrays; what they do is run again to find the operation, as by
    ``explain_nan``. Plain NumPy code is not checked. Outside of the context nothing is.

    Raises:
        NonFiniteError: with the report as its message.

    >>> import numpy as np
    >>> import funcgrad as fg
    >>> with nan_checks():
    ...     fg.grad(np.sqrt)(0.0)
    Traceback (most recent call last):
        ...
    funcgrad.errors.NonFiniteError: grad at ...: the result is not finite
    ...
    """
    with within(observer=check_result):
        yield
