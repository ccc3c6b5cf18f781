"""stop_gradient: values that are constants for every derivative."""

from __future__ import annotations

from typing import Any, TypeVar

from .. import tree
from ..core.avals import is_inexact
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from ..ops.structural.stop import stop
from ..typing import Array

T = TypeVar("T")


@user_facing
def stop_gradient(x: T) -> T:
    """The same values, as constants for every derivative.

    Args:
        x: pytree of arrays.

    Returns:
        A pytree with the same values, whose derivative is zero.

    >>> from funcgrad import grad
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    np.float64(3.0)
    """

    def stopped(a: Array) -> Any:
        return stop(a) if isinstance(a, Tracer) and is_inexact(a.dtype) else a

    return tree.map(stopped, x)
