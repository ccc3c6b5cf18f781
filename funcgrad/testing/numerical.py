"""numerical_jvp: finite differences for whoever wants to see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..core.avals import float0
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import TreeError
from .derivatives.differences import directional
from .derivatives.functions import flatten_function, with_zeros
from .derivatives.leaves import has_tangent
from .derivatives.lines import unpack, unpack_error
from .options import positive


@user_facing
def numerical_jvp(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    tangents: tuple[Any, ...],
    eps: float | None = None,
) -> tuple[Any, Any]:
    """The directional derivative of a function by finite differences, and its error.

    Central differences in double precision, extrapolated in the step (Ridders, "Accurate
    computation of F'(x) and F'(x) F''(x)", 1982), at steps searched from large to small; if f
    takes complex numbers and is analytic, the complex step.

    Args:
        f: function of positional arguments: pytrees of arrays.
        args: the point, a tuple.
        tangents: the direction, of the structure of ``args``; those of leaves that are neither
            real nor complex are ignored.
        eps: the largest step; None searches for it.

    Returns:
        (value, error): pytrees of the structure of ``f(*args)``; leaves that are neither real
        nor complex have float0 zeros. Errors are estimates, real, and infinite where nothing
        was finite.

    Raises:
        TreeError: ``tangents`` has another structure or other shapes than ``args``.

    >>> value, error = numerical_jvp(np.exp, (0.0,), (2.0,))
    >>> round(float(value), 9), bool(error < 1e-9)
    (2.0, True)
    """
    for what, value in (("args", args), ("tangents", tangents)):
        if not isinstance(value, tuple | list):
            raise TypeError(f"numerical_jvp: {what} must be a tuple, got {type(value).__name__}")
    args, tangents, eps = tuple(args), tuple(tangents), positive(eps, "eps", "numerical_jvp")
    flat = flatten_function(f, args)
    leaves, spec = tree.flatten(args)
    given = tree.match_prefix(spec, tangents, "numerical_jvp: tangents")
    ts = [t for x, t in zip(leaves, given, strict=True) if has_tangent(x)]
    for x, t, path in zip(flat.point, ts, flat.in_paths, strict=True):
        if np.shape(t) != np.shape(x):
            raise TreeError(
                f"numerical_jvp: the tangent of {path} has shape {np.shape(t)}, expected "
                f"{np.shape(x)}"
            )
    directions = [np.zeros(np.shape(t)) if aval_of(t).dtype == float0 else t for t in ts]
    line, found = directional(flat, directions, eps)
    out = f(*args)
    values = [v[()] for v in unpack(found.value, line.outs)]
    errors = [e[()] for e in unpack_error(found.error, line.outs)]
    return with_zeros(values, out), with_zeros(errors, out)
