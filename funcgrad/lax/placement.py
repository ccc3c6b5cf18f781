"""Names that speak of compilers and devices, where they mean something here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .. import arrays, tree
from ..context import current
from ..core.arguments import check_function
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from .bodies import check_operands

T = TypeVar("T")

_GPU: tuple[str, ...] = ("cuda", "gpu")
_CPU: tuple[str, ...] = ("cpu",)


@user_facing
def optimization_barrier(operand: T, /) -> T:
    """The same values: compiled programs never move a computation over another that it needs.

    JAX uses it to keep a compiler from merging computations; what ``checkpoint`` computes again is
    never merged here.

    Args:
        operand: pytree of arrays.

    Returns:
        The pytree.

    >>> optimization_barrier((1.0, np.ones(2)))
    (1.0, array([1., 1.]))
    """
    check_operands(operand, "optimization_barrier: operand")
    return operand


@user_facing
def platform_dependent(
    *args: Any, default: Callable[..., T] | None = None, **per_platform: Callable[..., T]
) -> T:
    """Call the function for the platform of the arguments: ``cpu=``, ``cuda=`` or ``gpu=``.

    Args:
        args: arguments of the function. Where they are traced, the default device decides.
        default: the function for platforms that are not named.
        per_platform: functions by the names of platforms; others than these are never chosen.

    Returns:
        What the function returns.

    Raises:
        ValueError: there is no function for the platform.

    >>> platform_dependent(2.0, cpu=lambda x: x + 1, cuda=lambda x: x - 1)
    3.0
    """
    for name, fun in per_platform.items():
        check_function(fun, "platform_dependent", name)
    if default is not None:
        check_function(default, "platform_dependent", "default")
    leaves = tree.leaves(args)
    known = any(isinstance(x, np.ndarray | np.generic) for x in leaves)
    if arrays.first_on_gpu(leaves) is not None:
        names = _GPU
    elif known or not any(isinstance(x, Tracer) for x in leaves):
        names = _CPU
    else:
        names = _CPU if current().device in (None, "cpu") else _GPU
    for name in names:
        if name in per_platform:
            return per_platform[name](*args)
    if default is None:
        raise ValueError(
            f"platform_dependent: no function for {names[0]}; give {names[0]}= or default="
        )
    return default(*args)


@user_facing
def with_sharding_constraint(x: T, shardings: object) -> T:
    """The same values: an array is on one device, and ``shardings`` is ignored.

    Args:
        x: pytree of arrays.
        shardings: ignored.

    Returns:
        The pytree.

    >>> with_sharding_constraint(np.ones(2), None)
    array([1., 1.])
    """
    check_operands(x, "with_sharding_constraint: x")
    return x


@user_facing
def composite(decomposition: Callable[..., T], name: str, version: int = 0) -> Callable[..., T]:
    """The function itself: there is no compiler here that would know it by its name.

    Args:
        decomposition: a function.
        name: ignored.
        version: ignored.

    Returns:
        The function.

    >>> composite(lambda x: x + 1, "my.increment")(2.0)
    3.0
    """
    check_function(decomposition, "composite")
    if not isinstance(name, str):
        raise TypeError(f"composite: name must be a string, got {describe(name)}")
    return decomposition
