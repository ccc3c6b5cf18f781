"""L-BFGS: steps scaled by an estimate of the inverse Hessian from past steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import lax, tree
from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..leaves import (
    as_leaf,
    check_params,
    choose,
    global_norm,
    inner_product,
    keep_dtype,
    leaf_error,
    like,
    map_leaves,
    wide,
    zeros_like,
)
from ..linesearch.zoom import scale_by_zoom_linesearch
from ..pieces.scaling import scale, scale_by_learning_rate
from ..transformation import (
    GradientTransformation,
    chain,
    identity,
    make_transformation,
    with_extra_args_support,
)
from ..typing import Scalar, ScalarOrSchedule
from ..wrappers.skipping import check_positive


class ScaleByLBFGSState(NamedTuple):
    """Number of updates, the last point and its gradient, and the memory of their changes.

    The memory is stacked along the first axis, the oldest change first; weights are the inverse
    products of the two changes, and 0 for what is not used.
    """

    count: Any
    params: PyTree
    updates: PyTree
    diff_params_memory: PyTree
    diff_updates_memory: PyTree
    weights_memory: Array


def _add_multiple(a: PyTree, factor: Scalar, b: PyTree) -> PyTree:
    """The tree a + factor * b."""
    return tree.map(lambda x, y: x + like(x, factor) * y, a, b)


def _empty_memory(name: str, params: PyTree, size: int) -> ScaleByLBFGSState:
    """The first state, after checking that the parameters are real."""
    zeros = zeros_like(name, params)
    leaves, spec = tree.flatten(zeros)
    if not leaves:
        raise ValueError(f"{name}: there are no parameters")
    for i, z in enumerate(leaves):
        if z.dtype.kind == "c":
            raise leaf_error(TypeError, name, spec, i, f"is {z.dtype}; it must be real")
    memory = tree.map(lambda z: np.zeros_like(z, shape=(size, *z.shape)), zeros)
    weights = np.zeros_like(leaves[0], shape=(size,), dtype=np.float64)
    return ScaleByLBFGSState(0, zeros, zeros, memory, memory, weights)


def _remember(memory: Array, new: Array) -> Array:
    """The memory of changes without the oldest one, and with the new one."""
    return np.concatenate([memory[1:], np.reshape(new, (1, *memory.shape[1:]))])


def _times_inverse_hessian(
    gradient: PyTree, memory: tuple[PyTree, PyTree], weights: Array, first_scale: Scalar
) -> PyTree:
    """The estimated inverse Hessian times the gradient. (Nocedal and Wright 2006, algorithm 7.4.)

    Args:
        gradient: pytree.
        memory: pair of pytrees, changes of parameters and of gradients.
        weights: one for each pair of changes.
        first_scale: multiple of the identity that the estimate starts from.

    Returns:
        A pytree like gradient.
    """

    def backward(
        vector: PyTree, change: tuple[tuple[PyTree, PyTree], Array]
    ) -> tuple[PyTree, Array]:
        (s, y), weight = change
        alpha = weight * inner_product(s, vector)
        return _add_multiple(vector, -alpha, y), alpha

    def forward(
        vector: PyTree, change: tuple[tuple[tuple[PyTree, PyTree], Array], Array]
    ) -> tuple[PyTree, None]:
        ((s, y), weight), alpha = change
        beta = weight * inner_product(y, vector)
        return _add_multiple(vector, alpha - beta, s), None

    vector, alphas = lax.scan(backward, gradient, (memory, weights), reverse=True)
    vector = tree.map(lambda x: x * like(x, first_scale), vector)
    return lax.scan(forward, vector, ((memory, weights), alphas))[0]


@user_facing
def scale_by_lbfgs(
    memory_size: int = 10, scale_init_precond: bool = True
) -> GradientTransformation:
    """Multiply gradients by the L-BFGS estimate of the inverse Hessian.

    (Nocedal and Wright 2006, section 7.2.) The estimate starts from s.y / y.y times the identity,
    with s and y the last changes of parameters and gradients, and at first from
    min(1, 1 / |gradient|). Changes with s.y <= 0 are left out of it (Optax leaves out s.y = 0).
    Its update needs params.

    Args:
        memory_size: number of past steps that are used.
        scale_init_precond: True to start the estimate as above, False to start from the identity.

    >>> tx = scale_by_lbfgs()
    >>> params, gradient = np.array([1.0, 2.0]), np.array([6.0, 8.0])
    >>> tx.update(gradient, tx.init(params), params)[0]
    array([0.6, 0.8])
    """
    name = "scale_by_lbfgs"
    check_positive(name, "memory_size", memory_size)

    def init_lbfgs(params: PyTree) -> ScaleByLBFGSState:
        return _empty_memory(name, params, memory_size)

    def update_lbfgs(
        updates: PyTree, state: ScaleByLBFGSState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ScaleByLBFGSState]:
        check_params(name, params)
        given = tree.map(as_leaf, updates)
        params, updates = (tree.map(lambda x: wide(as_leaf(x)), t) for t in (params, updates))
        started = state.count > 0

        def change(new: PyTree, old: PyTree) -> PyTree:
            return map_leaves(name, lambda x, o: choose(started, x - o, 0.0), new, others=(old,))

        s, y = change(params, state.params), change(updates, state.updates)
        product, length = inner_product(s, y), inner_product(y, y)
        good = product > 0
        weight = np.where(good, 1 / np.where(good, product, 1.0), 0.0).astype(np.float64)

        memory = (
            tree.map(_remember, state.diff_params_memory, s),
            tree.map(_remember, state.diff_updates_memory, y),
        )
        weights = _remember(state.weights_memory, weight)
        first_scale: Scalar = 1.0
        if scale_init_precond:
            ratio = np.where(good, product / np.where(good, length, 1.0), 1.0)
            first_scale = choose(started, ratio, 1 / np.maximum(global_norm(updates), 1.0))
        direction = _times_inverse_hessian(updates, memory, weights, first_scale)
        direction = tree.map(keep_dtype, direction, given)
        return direction, ScaleByLBFGSState(state.count + 1, params, updates, *memory, weights)

    return make_transformation(init_lbfgs, update_lbfgs, ScaleByLBFGSState)


_ZOOM = scale_by_zoom_linesearch(max_linesearch_steps=20, initial_guess_strategy="one")


@user_facing
def lbfgs(
    learning_rate: ScalarOrSchedule | None = None,
    memory_size: int = 10,
    scale_init_precond: bool = True,
    linesearch: GradientTransformation | None = _ZOOM,
) -> GradientTransformation:
    """L-BFGS with a line search, for smooth functions that are not stochastic.

    Args:
        learning_rate: factor of the step that the line search starts from; None for 1.
        memory_size: number of past steps that the estimated Hessian is made of.
        scale_init_precond: as of ``scale_by_lbfgs``.
        linesearch: chooses the length of the step: ``scale_by_zoom_linesearch`` by default, or
            ``scale_by_backtracking_linesearch``; None for none.

    Returns:
        The transformation. Its update needs params and, for the line search, the keywords
        ``value`` (the loss), ``grad`` (its gradient) and ``value_fn`` (the loss as a function of
        parameters); ``value_and_grad_from_state`` saves the first two from the search before.

    >>> from funcgrad import optim
    >>> def loss(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> tx, x = lbfgs(), np.array([-1.2, 1.0])
    >>> value_and_grad, state = optim.value_and_grad_from_state(loss), tx.init(x)
    >>> for _ in range(35):
    ...     value, grad = value_and_grad(x, state=state)
    ...     updates, state = tx.update(grad, state, x, value=value, grad=grad, value_fn=loss)
    ...     x = optim.apply_updates(x, updates)
    >>> x.round(6)
    array([1., 1.])
    """
    if linesearch is not None:
        linesearch = with_extra_args_support(linesearch, "lbfgs")
    rate = scale(-1.0) if learning_rate is None else scale_by_learning_rate(learning_rate)
    search = identity() if linesearch is None else linesearch
    return chain(scale_by_lbfgs(memory_size, scale_init_precond), rate, search)
