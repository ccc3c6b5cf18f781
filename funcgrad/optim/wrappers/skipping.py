"""Steps that happen only now and then, or only if all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import lax, tree
from ...core.dtypes import is_inexact
from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..leaves import as_leaf, choose, like, map_leaves, zeros_like
from ..transformation import GradientTransformation, make_transformation, with_extra_args_support
from ..typing import Count


def check_positive(name: str, what: str, value: object) -> None:
    """Raise unless a number of updates is a positive integer."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}: {what} must be a positive integer; got {value!r}")


class ApplyEveryState(NamedTuple):
    """Updates since the last that was applied, and their sum."""

    count: Any
    grad_acc: PyTree


@user_facing
def apply_every(k: int = 1) -> GradientTransformation:
    """Give the sum of every k updates, and zeros between.

    Args:
        k: number of updates.

    Returns:
        The transformation. What comes before it in a chain runs each time: ``accumulate`` averages
        gradients first.

    >>> tx = apply_every(2)
    >>> first, state = tx.update(np.array([1.0]), tx.init(np.zeros(1)))
    >>> first, tx.update(np.array([2.0]), state)[0]
    (array([0.]), array([3.]))
    """
    check_positive("apply_every", "k", k)

    def init_every(params: PyTree) -> ApplyEveryState:
        return ApplyEveryState(0, zeros_like("apply_every", params))

    def update_every(
        updates: PyTree, state: ApplyEveryState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ApplyEveryState]:
        first, emit = state.count == 0, state.count == k - 1

        def leaf(u: Array, total: Array) -> tuple[Array, Array]:
            total = choose(first, u, total + u)
            return choose(emit, total, 0.0), total

        updates, total = map_leaves("apply_every", leaf, updates, (state.grad_acc,))
        return updates, ApplyEveryState((state.count + 1) % k, total)

    return make_transformation(init_every, update_every, ApplyEveryState)


class AccumulateState(NamedTuple):
    """Gradients since the last step, steps made, the inner state, the mean of these gradients."""

    mini_step: Count
    gradient_step: Count
    inner_state: PyTree
    acc_grads: PyTree


def _filled_in(gradient: PyTree, mean: PyTree) -> PyTree:
    """The gradient; of leaves that have none this time, the mean of those that they had before."""
    means, spec = tree.flatten(mean)
    latest = tree.match_prefix(spec, gradient, "accumulate")
    filled = [m if g is None else g for g, m in zip(latest, means, strict=True)]
    return tree.unflatten(spec, filled)


@user_facing
def accumulate(
    transformation: GradientTransformation, every: int | Callable[[Count], Count]
) -> GradientTransformation:
    """Average gradients over several calls, then make one step: large batches in small memory.

    Args:
        transformation: makes the step; it sees one mean gradient for each ``every`` calls.
        every: number of calls for one step, or a function from the number of steps made so far to
            it.

    Returns:
        The transformation. Updates are zeros between steps. (In Optax: ``MultiSteps``.)

    >>> from funcgrad import optim
    >>> tx = accumulate(optim.sgd(1.0), every=2)
    >>> first, state = tx.update(np.array([1.0]), tx.init(np.zeros(1)))
    >>> first, tx.update(np.array([4.0]), state)[0]
    (array([0.]), array([-2.5]))
    """
    inner = with_extra_args_support(transformation, "accumulate")
    if not callable(every):
        check_positive("accumulate", "every", every)

    def init_accumulate(params: PyTree) -> AccumulateState:
        none = np.int64(0)
        return AccumulateState(none, none, inner.init(params), zeros_like("accumulate", params))

    def update_accumulate(
        updates: PyTree, state: AccumulateState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, AccumulateState]:
        k = state.mini_step + 1

        def leaf(g: Array, mean: Array) -> tuple[Array, Array]:
            mean = mean + (g - mean) * like(mean, 1 / k)
            return mean, mean

        gradient, mean = map_leaves("accumulate", leaf, updates, (state.acc_grads,))
        gradient = _filled_in(gradient, mean)
        still = tree.map(lambda a: np.zeros_like(a)[()], gradient)
        zeros = tree.map(lambda a: np.zeros_like(a)[()], mean)

        def step(inner_state: PyTree, mean: PyTree, zeros: PyTree) -> tuple[PyTree, PyTree, PyTree]:
            made, inner_state = inner.update(gradient, inner_state, params, **extra)
            return made, inner_state, zeros

        def wait(inner_state: PyTree, mean: PyTree, zeros: PyTree) -> tuple[PyTree, PyTree, PyTree]:
            return still, inner_state, mean

        last = k >= (every(state.gradient_step) if callable(every) else every)
        made, inner_state, mean = lax.cond(last, step, wait, state.inner_state, mean, zeros)
        mini_step = choose(last, 0, k)
        gradient_step = state.gradient_step + choose(last, 1, 0)
        return made, AccumulateState(mini_step, gradient_step, inner_state, mean)

    return make_transformation(init_accumulate, update_accumulate, AccumulateState)


class ApplyIfFiniteState(NamedTuple):
    """Bad gradients in a row, True if the last was good, bad ones in all, the inner state."""

    notfinite_count: Count
    last_finite: Array | np.bool
    total_notfinite: Count
    inner_state: PyTree


def all_finite(updates: PyTree) -> Array | np.bool:
    """True if all elements of all leaves are finite."""
    finite: Array | np.bool = np.True_
    for u in tree.leaves(updates):
        u = as_leaf(u)
        if is_inexact(u.dtype):
            finite = finite & np.all(np.isfinite(u))
    return finite


@user_facing
def apply_if_finite(
    inner: GradientTransformation, max_consecutive_errors: int
) -> GradientTransformation:
    """Leave out updates whose gradients are not finite, unless there are too many in a row.

    Args:
        inner: the transformation. For a gradient with an infinity or a NaN anywhere it is not run,
            its state stays, and the updates are zeros.
        max_consecutive_errors: after so many bad gradients in a row, further ones are let through.

    Returns:
        The transformation. Its state counts bad gradients.

    >>> from funcgrad import optim
    >>> tx = apply_if_finite(optim.sgd(1.0), 3)
    >>> updates, state = tx.update(np.array([np.inf]), tx.init(np.zeros(1)))
    >>> updates, state.total_notfinite
    (array([0.]), np.int64(1))
    """
    check_positive("apply_if_finite", "max_consecutive_errors", max_consecutive_errors)
    return _if_finite(inner, max_consecutive_errors)


@user_facing
def skip_not_finite(inner: GradientTransformation) -> GradientTransformation:
    """Leave out all updates whose gradients are not finite.

    (Optax gives this name to a criterion for its ``MultiSteps``; what is meant here is its
    ``apply_if_finite`` without a limit.)

    Args:
        inner: the transformation. For a gradient with an infinity or a NaN anywhere it is not run,
            its state stays, and the updates are zeros.

    Returns:
        The transformation. Its state counts bad gradients: in a row (``notfinite_count``) and in
        all (``total_notfinite``).

    >>> from funcgrad import optim
    >>> tx = skip_not_finite(optim.sgd(1.0))
    >>> updates, state = tx.update(np.array([np.nan]), tx.init(np.zeros(1)))
    >>> updates, state.notfinite_count
    (array([0.]), np.int64(1))
    """
    return _if_finite(inner, None)


def _if_finite(inner: GradientTransformation, limit: int | None) -> GradientTransformation:
    name = "skip_not_finite" if limit is None else "apply_if_finite"
    inner = with_extra_args_support(inner, name)

    def init_finite(params: PyTree) -> ApplyIfFiniteState:
        none = np.int64(0)
        return ApplyIfFiniteState(none, np.True_, none, inner.init(params))

    def update_finite(
        updates: PyTree, state: ApplyIfFiniteState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ApplyIfFiniteState]:
        finite = all_finite(updates)
        in_a_row = choose(finite, 0, state.notfinite_count + 1)
        apply = finite if limit is None else finite | (in_a_row > limit)

        def run(updates: PyTree, inner_state: PyTree) -> tuple[PyTree, PyTree]:
            return inner.update(updates, inner_state, params, **extra)

        def rest(updates: PyTree, inner_state: PyTree) -> tuple[PyTree, PyTree]:
            return tree.map(lambda u: np.zeros_like(u)[()], updates), inner_state

        updates, inner_state = lax.cond(apply, run, rest, updates, state.inner_state)
        in_all = state.total_notfinite + choose(finite, 0, 1)
        return updates, ApplyIfFiniteState(in_a_row, finite, in_all, inner_state)

    return make_transformation(init_finite, update_finite, ApplyIfFiniteState)
