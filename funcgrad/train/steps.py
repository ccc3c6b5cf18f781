"""One step of training as one program."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .. import random
from ..api.grad import grad, value_and_grad
from ..api.jit import jit
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..optim import GradientTransformation, apply_updates, with_extra_args_support
from ..typing import Array, Key, PyTree

Metrics: TypeAlias = dict[str, Any]
"""Numbers by name, which are scalars of any kind of array."""


def _takes_extras(update: Callable[..., PyTree]) -> bool:
    parameters = inspect.signature(update).parameters.values()
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


def call_loss(
    loss: Callable[..., PyTree], params: PyTree, state: PyTree, batch: PyTree, key: Key | None
) -> tuple[Array, tuple[PyTree, Metrics]]:
    """Call a loss function with what there is, and return (value, (state, metrics))."""
    options = {"state": state} if state is not None else {}
    if key is not None:
        options["key"] = key
    result = loss(params, batch, **options)
    parts = result if isinstance(result, tuple) else (result,)
    wanted = (
        "(value, state) or (value, state, metrics)"
        if state is not None
        else ("a value or (value, metrics)")
    )
    known = (2, 3) if state is not None else (1, 2)
    metrics = parts[-1] if len(parts) == known[1] else {}
    if len(parts) not in known or not isinstance(metrics, dict):
        name = getattr(loss, "__name__", "the loss function")
        raise TypeError(f"{name} must return {wanted}, metrics being a dict; got {result!r}")
    if np.shape(parts[0]) != ():
        name = getattr(loss, "__name__", "the loss function")
        raise ShapeError(
            f"{name} must return a number to minimise; got {aval_of(parts[0])}. Take its mean or "
            "sum first."
        )
    return parts[0], (parts[1] if state is not None else None, metrics)


@user_facing
def training_step(
    loss: Callable[..., PyTree], optimizer: GradientTransformation
) -> Callable[..., Any]:
    """One step of training, forward, backward and optimizer, compiled as one program.

    Args:
        loss: function of (params, batch), and of the keywords state= and key= where they are not
            None, that returns a value, or (value, metrics), metrics being a dict of numbers; with
            state (value, state) or (value, state, metrics).
        optimizer: a GradientTransformation. If its update takes keywords, it gets value=, grad=,
            value_fn=(params) and grad_fn=(params, i), which line searches and sam use.

    Returns:
        A function (params, state, opt_state, batch, key, step) to (params, state, opt_state, value,
        metrics). The loss gets the key folded with the step, so that each step has its own.

    >>> import numpy as np
    >>> from funcgrad import optim
    >>> step = training_step(lambda p, batch: np.sum((p - batch) ** 2), optim.sgd(0.5))
    >>> params = np.zeros(2)
    >>> step(params, None, optim.sgd(0.5).init(params), np.ones(2), None, 0)[0]
    array([1., 1.])
    """
    whole = with_extra_args_support(optimizer, "training_step")  # raises for what is no optimizer
    extras = whole is optimizer and _takes_extras(optimizer.update)

    def step(
        params: PyTree,
        state: PyTree,
        opt_state: PyTree,
        batch: PyTree,
        key: Key | None,
        index: int | Array,
    ) -> tuple[PyTree, ...]:
        step_key = None if key is None else random.fold_in(key, index)

        def objective(p: PyTree) -> tuple[Array, tuple[PyTree, Metrics]]:
            return call_loss(loss, p, state, batch, step_key)

        def value_at(p: PyTree) -> Array:
            return objective(p)[0]

        (value, (new_state, metrics)), grads = value_and_grad(objective, has_aux=True)(params)
        extra: dict[str, Any] = {}
        if extras:
            extra = {
                "value": value, "grad": grads, "value_fn": value_at,
                "grad_fn": lambda p, i: grad(value_at)(p),
            }  # fmt: skip
        updates, opt_state = optimizer.update(grads, opt_state, params, **extra)
        return apply_updates(params, updates), new_state, opt_state, value, metrics

    return jit(step)
