"""Transformations that treat each leaf by itself, together with its part of the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ..typing import PyTree
from .leaves import check_params, map_leaves
from .transformation import GradientTransformation, make_transformation
from .typing import Count

S = TypeVar("S", bound=NamedTuple)


def leafwise(
    name: str,
    state_type: type[S],
    first: Callable[[PyTree], tuple[PyTree, ...]],
    rule: Callable[[Count], Callable[..., PyTree]],
    *,
    needs_params: bool = False,
) -> GradientTransformation:
    """A transformation from a rule for one leaf.

    Args:
        name: of the transformation, for errors.
        state_type: named tuple of trees, with the number of updates as ``count`` before them or
            without it.
        first: makes these trees from parameters.
        rule: gives for update 1, 2, ... the function from (update, parts of the trees) to the new
            ones; for a state without ``count`` it is always asked for update 1.
        needs_params: True if the function also takes the parameter, as the last argument.

    Returns:
        The transformation.
    """
    counted = "count" in state_type._fields

    def init_leaves(params: PyTree) -> S:
        trees = first(params)
        return state_type._make((0, *trees) if counted else trees)

    def update_leaves(
        updates: PyTree, state: S, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, S]:
        if needs_params:
            check_params(name, params)
        others = (params,) if needs_params else ()
        if not counted:
            updates, *trees = map_leaves(name, rule(1), updates, state, others)
            return updates, state_type._make(trees)
        count, *trees = state
        t = count + 1
        updates, *trees = map_leaves(name, rule(t), updates, trees, others)
        return updates, state_type._make((t, *trees))

    return make_transformation(init_leaves, update_leaves, state_type)
