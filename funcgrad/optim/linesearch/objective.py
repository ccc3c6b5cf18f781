"""The function of a line search, and its value and gradient from one step to the next."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import lax, tree
from ...api.grad import value_and_grad
from ...core.dtypes import is_floating, result_type
from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..inspection import tree_get
from ..leaves import as_leaf, keep_dtype, leaf_error, like, wide, wide_dtype
from ..typing import Scalar


class Objective(NamedTuple):
    """A function along a direction."""

    function: Callable[[PyTree], Array]
    params: PyTree
    direction: PyTree

    def at(self, step: Array) -> PyTree:
        """The parameters at a step."""
        return tree.map(
            lambda p, u: keep_dtype(wide(p) + like(wide(u), step) * wide(u), p),
            self.params,
            self.direction,
        )

    def value(self, step: Array) -> Array:
        """The value at a step."""
        return wide(as_leaf(self.function(self.at(step))))

    def value_and_grad(self, step: Array) -> tuple[Array, PyTree]:
        """The value and the gradient with respect to the parameters at a step."""
        value, grad = value_and_grad(self.function)(self.at(step))
        return wide(value), grad


def objective_of(
    name: str,
    updates: PyTree,
    params: PyTree,
    value: Scalar | None,
    grad: PyTree,
    value_fn: Callable[..., Array] | None,
    extra: dict[str, object],
) -> Objective:
    """The objective of a search, after checking that all it needs was given."""
    given = {"value": value, "grad": grad, "value_fn": value_fn}
    missing = [key for key, x in given.items() if x is None]
    if missing or value_fn is None:
        raise TypeError(
            f"{name} needs {', '.join(missing)}: call update(grad, state, params, value=loss, "
            "grad=grad, value_fn=loss_function)"
        )
    parameters = inspect.signature(value_fn).parameters.values()
    if not any(p.kind == inspect.Parameter.VAR_KEYWORD for p in parameters):
        names = {p.name for p in parameters}
        extra = {k: v for k, v in extra.items() if k in names}
    params = tree.map(as_leaf, params)
    return Objective(lambda p: value_fn(p, **extra), params, tree.map(as_leaf, updates))


def search_dtype(name: str, params: PyTree) -> np.dtype:
    """The dtype in which values of a function of these parameters are kept."""
    leaves, spec = tree.flatten(params)
    if not leaves:
        raise ValueError(f"{name}: there are no parameters")
    for i, p in enumerate(leaves):
        if not is_floating(as_leaf(p).dtype):
            raise leaf_error(
                TypeError, name, spec, i, f"is {as_leaf(p).dtype}; it must be a real float"
            )
    return wide_dtype(result_type(*[as_leaf(p).dtype for p in leaves]))


@user_facing
def value_and_grad_from_state(
    value_fn: Callable[..., Array],
) -> Callable[..., tuple[Array, PyTree]]:
    """Like ``funcgrad.value_and_grad``, with the results of the last line search, if there was one.

    Args:
        value_fn: the loss, a function of parameters and further arguments.

    Returns:
        A function of the same arguments and the keyword ``state``, which returns (value, gradient):
        those in the state, or, before the first search or where its value is not finite, new ones.
        Right only if the further arguments are those of the search.

    >>> from funcgrad import optim
    >>> tx = optim.scale_by_zoom_linesearch(max_linesearch_steps=15)
    >>> x = np.array([3.0])
    >>> value_and_grad_from_state(lambda x: np.sum(x**2))(x, state=tx.init(x))
    (np.float64(9.0), array([6.]))
    """

    def value_and_grad_fun(
        params: PyTree, *args: Any, state: PyTree, **kwargs: Any
    ) -> tuple[Array, PyTree]:
        value, grad = tree_get(state, "value"), tree_get(state, "grad")
        if value is None or grad is None:
            raise ValueError(
                "value_and_grad_from_state: the state has no value or no gradient; it must be of "
                "a line search (scale_by_backtracking_linesearch needs store_grad=True)"
            )

        def compute(params: PyTree) -> tuple[Array, PyTree]:
            fresh = value_and_grad(value_fn)(params, *args, **kwargs)
            return tree.map(lambda new, old: keep_dtype(as_leaf(new), old), fresh, (value, grad))

        return lax.cond(np.isfinite(value), lambda params: (value, grad), compute, params)

    return user_facing(value_and_grad_fun)
