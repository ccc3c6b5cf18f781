"""Line search for sufficient decrease only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import lax, tree
from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..hyperparameters import BELOW_ONE, NOT_NEGATIVE, POSITIVE, check_scalar
from ..leaves import as_leaf, check_params, inner_product, keep_dtype, like, map_leaves, wide
from ..transformation import GradientTransformation, make_transformation
from ..typing import Count, Scalar
from ..wrappers.skipping import check_positive
from .objective import Objective, objective_of, search_dtype


class BacktrackingLinesearchInfo(NamedTuple):
    """Evaluations in a search, and by how much the decrease is too small (0: it is not)."""

    num_linesearch_steps: Count
    decrease_error: Scalar


class ScaleByBacktrackingLinesearchState(NamedTuple):
    """The step size found, the value there, the gradient if it is kept, and about the search."""

    learning_rate: Scalar
    value: Scalar
    grad: PyTree
    info: BacktrackingLinesearchInfo


class _Rules(NamedTuple):
    """The parameters of a search."""

    max_backtracking_steps: int
    slope_rtol: float
    decrease_factor: float
    increase_factor: float
    max_learning_rate: float
    atol: float
    rtol: float


_RANGES = {
    "slope_rtol": NOT_NEGATIVE, "decrease_factor": BELOW_ONE, "increase_factor": POSITIVE,
    "atol": NOT_NEGATIVE, "max_learning_rate": POSITIVE, "rtol": NOT_NEGATIVE,
}  # fmt: skip


def _backtrack(
    rules: _Rules, objective: Objective, start: Array, slope: Array, before: Scalar
) -> tuple[Array, Array, Array, Array]:
    """Shrink the step until the function decreases enough.

    Args:
        rules: the parameters.
        objective: the function along the direction.
        start: its value at 0.
        slope: its slope at 0.
        before: the step size of the search before.

    Returns:
        (number of evaluations, step, value there, violation of the condition).
    """

    def body(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        count, step, _, _ = carry
        step = np.where(count > 0, rules.decrease_factor * step, step)
        reached = objective.value(step)
        error = reached - (1 + rules.rtol) * start
        error = error - rules.slope_rtol * like(start, step) * slope
        error = np.where(np.isnan(error), np.inf, np.maximum(error, 0.0))
        made = (count + 1, step, reached, error)
        return tuple(keep_dtype(new, old) for new, old in zip(made, carry, strict=True))

    def go_on(carry: tuple[Array, ...]) -> Array:
        return ~(carry[3] <= rules.atol) & (carry[0] <= rules.max_backtracking_steps)

    first = np.minimum(rules.increase_factor * before, rules.max_learning_rate)
    zero: Any = np.int64(0)
    infinite: Any = start.dtype.type(np.inf)
    carry: tuple[Array, ...] = (zero, first, start, infinite)  # type: ignore[assignment]
    count, step, reached, error = lax.while_loop(go_on, body, carry)
    return count, step, reached, error


def _first_state(name: str, params: PyTree, store_grad: bool) -> ScaleByBacktrackingLinesearchState:
    """The state before the first search: no value yet."""
    infinite = search_dtype(name, params).type(np.inf)
    grad = tree.map(lambda p: np.zeros_like(p)[()], params) if store_grad else None
    info = BacktrackingLinesearchInfo(np.int64(0), infinite)
    return ScaleByBacktrackingLinesearchState(np.float64(1.0), infinite, grad, info)


@user_facing
def scale_by_backtracking_linesearch(
    max_backtracking_steps: int,
    slope_rtol: float = 1e-4,
    decrease_factor: float = 0.8,
    increase_factor: float = 1.5,
    max_learning_rate: float = 1.0,
    atol: float = 0.0,
    rtol: float = 0.0,
    store_grad: bool = False,
) -> GradientTransformation:
    """Multiply updates by a step size that decreases the function enough.

    f(x + t u) <= (1 + rtol) f(x) + slope_rtol t f'(x).u + atol. The search begins with
    increase_factor times the step size before, and shrinks it.
    (Nocedal and Wright 2006, algorithm 3.1; Vaswani et al. 2019, arXiv:1905.09997.)

    Args:
        max_backtracking_steps: number of times that the step may shrink.
        slope_rtol: as above.
        decrease_factor: factor by which the step shrinks.
        increase_factor: as above.
        max_learning_rate: largest step size.
        atol: as above.
        rtol: as above.
        store_grad: True to compute and keep the gradient at the end, for
            ``value_and_grad_from_state``.

    Returns:
        The transformation. Its update needs params and the keywords ``value``, ``grad`` and
        ``value_fn``; further keywords that value_fn has are passed on to it. Where the function is
        not finite at any step, updates are zeros.

    >>> tx = scale_by_backtracking_linesearch(max_backtracking_steps=15)
    >>> f, x = lambda x: np.sum(x**2), np.array([1.0, 2.0])
    >>> tx.update(-2 * x, tx.init(x), x, value=f(x), grad=2 * x, value_fn=f)[0]
    array([-1.6, -3.2])
    """
    name = "scale_by_backtracking_linesearch"
    check_positive(name, "max_backtracking_steps", max_backtracking_steps)
    rules = _Rules(
        max_backtracking_steps, slope_rtol, decrease_factor, increase_factor, max_learning_rate,
        atol, rtol,
    )  # fmt: skip
    for what, allowed in _RANGES.items():
        check_scalar(name, what, getattr(rules, what), allowed)

    def init_backtracking(params: PyTree) -> ScaleByBacktrackingLinesearchState:
        return _first_state(name, params, store_grad)

    def update_backtracking(
        updates: PyTree, state: ScaleByBacktrackingLinesearchState, params: PyTree = None,
        *, value: Scalar | None = None, grad: PyTree = None,
        value_fn: Callable[..., Array] | None = None, **extra: object,
    ) -> tuple[PyTree, ScaleByBacktrackingLinesearchState]:  # fmt: skip
        check_params(name, params)
        objective = objective_of(name, updates, params, value, grad, value_fn, extra)
        start = wide(as_leaf(value))
        slope = inner_product(grad, updates).astype(start.dtype)
        count, step, reached, error = _backtrack(
            rules, objective, start, slope, state.learning_rate
        )
        step = np.where(np.isinf(error), 0.0, step)
        end = objective.value_and_grad(step)[1] if store_grad else None
        updates = map_leaves(name, lambda u: u * like(u, step), updates)
        info = BacktrackingLinesearchInfo(count, error)
        new = ScaleByBacktrackingLinesearchState(step, reached, end, info)
        return updates, tree.map(keep_dtype, new, state)

    return make_transformation(
        init_backtracking, update_backtracking, ScaleByBacktrackingLinesearchState
    )
