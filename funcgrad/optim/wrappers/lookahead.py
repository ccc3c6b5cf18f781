"""Optimizers around optimizers: lookahead and sharpness-aware minimisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ... import lax, tree
from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..hyperparameters import FRACTION, check_scalar, resolve
from ..leaves import as_leaf, check_params, choose, like, map_leaves
from ..transformation import (
    GradientTransformation,
    apply_updates,
    make_transformation,
    with_extra_args_support,
)
from ..typing import Count, ScalarOrSchedule, Update
from .skipping import check_positive


class LookaheadState(NamedTuple):
    """State of the inner optimizer, the slow parameters, and steps since they last moved."""

    fast_state: PyTree
    slow: PyTree
    steps_since_sync: Count


@user_facing
def lookahead(
    fast_optimizer: GradientTransformation,
    sync_period: int,
    slow_step_size: ScalarOrSchedule,
    reset_state: bool = False,
) -> GradientTransformation:
    """Every few steps, go back part of the way to where the last such stretch began.

    After sync_period steps of the inner optimizer: slow <- slow + a (params - slow),
    params <- slow. (Zhang et al. 2019, arXiv:1907.08610.) Here the slow parameters are part of the
    state, ``tree_get(state, "slow")``, and parameters are what they are without lookahead; Optax
    keeps both in ``LookaheadParams``. Its update needs params.

    Args:
        fast_optimizer: the inner optimizer.
        sync_period: number of its steps, at least 1.
        slow_step_size: a, a number or a schedule of the number of updates in this stretch.
        reset_state: True to start the inner optimizer anew after each stretch.

    >>> from funcgrad import optim
    >>> tx = lookahead(optim.sgd(1.0), sync_period=1, slow_step_size=0.5)
    >>> params = np.array([3.0])
    >>> tx.update(np.array([1.0]), tx.init(params), params)[0]
    array([-0.5])
    """
    check_positive("lookahead", "sync_period", sync_period)
    if not callable(slow_step_size):
        check_scalar("lookahead", "slow_step_size", slow_step_size, FRACTION)
    fast = with_extra_args_support(fast_optimizer, "lookahead")

    def init_lookahead(params: PyTree) -> LookaheadState:
        return LookaheadState(fast.init(params), params, np.int64(0))

    def update_lookahead(
        updates: PyTree, state: LookaheadState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, LookaheadState]:
        check_params("lookahead", params)
        updates, fast_state = fast.update(updates, state.fast_state, params, **extra)
        sync = state.steps_since_sync == sync_period - 1
        alpha = resolve("lookahead", "slow_step_size", slow_step_size, state.steps_since_sync)

        def leaf(u: Array, slow: Array, p: Array) -> tuple[Array, Array]:
            p, slow = as_leaf(p), as_leaf(slow)
            moved = slow + like(slow, alpha) * (p + u - slow)
            return choose(sync, moved - p, u), choose(sync, moved, slow)

        updates, slow = map_leaves("lookahead", leaf, updates, (state.slow,), (params,))
        if reset_state:
            fast_state = lax.cond(sync, lambda s: fast.init(params), lambda s: s, fast_state)
        steps = choose(sync, 0, state.steps_since_sync + 1)
        return updates, LookaheadState(fast_state, slow, steps)

    return make_transformation(init_lookahead, update_lookahead, LookaheadState)


class SAMState(NamedTuple):
    """Steps since the last descent, both inner states, and the parameters to descend from."""

    steps_since_sync: Count
    opt_state: PyTree
    adv_state: PyTree
    cache: PyTree


@user_facing
def sam(
    optimizer: GradientTransformation,
    adv_optimizer: GradientTransformation,
    sync_period: int = 2,
    reset_state: bool = True,
    opaque_mode: bool = False,
) -> GradientTransformation:
    """Sharpness-aware minimisation: descend with the gradient at the worst point nearby.

    (Foret et al. 2021, arXiv:2010.01412.) The worst point is found by ascending with
    adv_optimizer, for which the paper takes
    ``chain(normalize_by_update_norm(eps=0.0), sgd(radius))``.

    Without opaque_mode the transformation is called sync_period times for each step, each time
    with the gradient at the parameters it has led to: first it ascends, and the last time it goes
    back to where it began and descends from there. With opaque_mode it is called once, with
    the keyword ``grad_fn(params, i)``, and computes the gradients in between itself. In both cases
    its update needs params.

    Args:
        optimizer: descends.
        adv_optimizer: ascends (its updates are negated).
        sync_period: number of gradients for each step.
        reset_state: True to start adv_optimizer anew for each step.
        opaque_mode: True to do all of this in one call.

    >>> from funcgrad import grad, optim
    >>> gradient = grad(lambda x: np.sum(x**4))
    >>> tx = sam(optim.sgd(0.25), optim.sgd(0.25), opaque_mode=True)
    >>> x = np.array([1.0])  # ascends to 2, where the gradient is 32
    >>> tx.update(gradient(x), tx.init(x), x, grad_fn=lambda x, i: gradient(x))[0]
    array([-8.])
    """
    check_positive("sam", "sync_period", sync_period)
    descend = with_extra_args_support(optimizer, "sam")
    ascend = with_extra_args_support(adv_optimizer, "sam")

    def init_sam(params: PyTree) -> SAMState:
        cache = None if opaque_mode else params
        return SAMState(np.int64(0), descend.init(params), ascend.init(params), cache)

    update = _update_at_once if opaque_mode else _update_in_turns
    return make_transformation(
        init_sam, update(descend, ascend, sync_period, reset_state), SAMState
    )


def _climb(
    ascend: GradientTransformation,
    updates: PyTree,
    state: PyTree,
    params: PyTree,
    extra: Mapping[str, object],
) -> tuple[PyTree, PyTree]:
    """One step uphill."""
    updates, state = ascend.update(updates, state, params, **extra)
    return tree.map(np.negative, updates), state


def _update_in_turns(
    descend: GradientTransformation,
    ascend: GradientTransformation,
    sync_period: int,
    reset_state: bool,
) -> Update:
    """The update of ``sam`` that is called for each step up, and once for the way down."""

    def update_sam(
        updates: PyTree, state: SAMState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, SAMState]:
        check_params("sam", params)
        first = state.steps_since_sync == 0
        start = tree.map(lambda p, c: choose(first, p, c), params, state.cache)

        def go_up(opt_state: PyTree, adv_state: PyTree) -> tuple[PyTree, PyTree, PyTree]:
            made, adv_state = _climb(ascend, updates, adv_state, params, extra)
            return made, opt_state, adv_state

        def come_down(opt_state: PyTree, adv_state: PyTree) -> tuple[PyTree, PyTree, PyTree]:
            made, opt_state = descend.update(updates, opt_state, start, **extra)
            made = map_leaves("sam", lambda u, c, p: c - p + u, made, others=(start, params))
            return made, opt_state, ascend.init(params) if reset_state else adv_state

        last = state.steps_since_sync == sync_period - 1
        made, opt_state, adv_state = lax.cond(
            last, come_down, go_up, state.opt_state, state.adv_state
        )
        steps = (state.steps_since_sync + 1) % sync_period
        return made, SAMState(steps, opt_state, adv_state, start)

    return update_sam


def _update_at_once(
    descend: GradientTransformation,
    ascend: GradientTransformation,
    sync_period: int,
    reset_state: bool,
) -> Update:
    """The update of ``sam`` in its opaque mode: it computes the gradients on the way itself."""

    def update_opaque(
        updates: PyTree,
        state: SAMState,
        params: PyTree = None,
        *,
        grad_fn: Callable[[PyTree, int], PyTree] | None = None,
        **extra: object,
    ) -> tuple[PyTree, SAMState]:
        check_params("sam", params)
        if grad_fn is None:
            raise TypeError("sam in opaque_mode needs the gradient: update(..., grad_fn=f)")
        adv_params, adv_state = params, state.adv_state
        for i in range(sync_period - 1):
            made, adv_state = _climb(ascend, updates, adv_state, adv_params, extra)
            adv_params = apply_updates(adv_params, made)
            updates = grad_fn(adv_params, i)
        if reset_state:
            adv_state = ascend.init(params)
        made, opt_state = descend.update(updates, state.opt_state, params, **extra)
        return made, SAMState(np.int64(0), opt_state, adv_state, None)

    return update_opaque
