"""Batching rules of the user's own, with JAX's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import tree
from .api.custom_vmap import custom_vmap
from .core.tracebacks import user_facing
from .lax.mapping import map as map_one_by_one
from .typing import PyTree

__all__ = ["custom_vmap", "sequential_vmap"]


@user_facing
def sequential_vmap(f: Callable[..., Any]) -> custom_vmap[..., Any]:
    """A function that is called for one example after the other where it is mapped over.

    Args:
        f: function of positional arguments.

    Returns:
        The function with that rule.

    >>> import numpy as np
    >>> from funcgrad import vmap
    >>> vmap(sequential_vmap(lambda x: x**2))(np.arange(3.0))
    array([0., 1., 4.])
    """
    wrapped: custom_vmap[..., Any] = custom_vmap(f)

    @wrapped.def_vmap
    def rule(axis_size: int, in_batched: Sequence[PyTree], *args: PyTree) -> tuple[PyTree, bool]:
        leaves, spec = tree.flatten(args)
        flags = tree.leaves(tuple(in_batched))
        rows = [x for x, b in zip(leaves, flags, strict=True) if b]

        def one(given: list[Any]) -> Any:
            it = iter(given)
            full = [next(it) if b else x for x, b in zip(leaves, flags, strict=True)]
            return f(*tree.unflatten(spec, full))

        return map_one_by_one(one, rows), True

    return wrapped
