"""Transformations that add to updates: weight decay, noise; and that repair them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import random, tree
from ...core.tracebacks import user_facing
from ..hyperparameters import NOT_NEGATIVE, REAL, schedulable
from ..leaves import as_leaf, check_params, keep_dtype, like, map_leaves, wide
from ..transformation import GradientTransformation, make_transformation, stateless
from ..wrappers.masking import masked


@schedulable(weight_decay=NOT_NEGATIVE)
def add_decayed_weights(weight_decay: Any = 0.0, mask: Any = None) -> GradientTransformation:
    """Add a multiple of the parameters: u <- u + weight_decay p.

    Args:
        weight_decay: the factor.
        mask: pytree of booleans, or a function of the parameters that gives one: which leaves
            decay; None for all. ``by_path({"*/b": False, "*": True})`` is such a function.

    Returns:
        The transformation; its update needs params.

    >>> add_decayed_weights(0.1).update(np.array([1.0]), (), np.array([5.0]))[0]
    array([1.5])
    """

    def update_decayed(updates: Any, params: Any) -> Any:
        check_params("add_decayed_weights", params)
        return map_leaves(
            "add_decayed_weights",
            lambda u, p: u + like(u, weight_decay) * as_leaf(p),
            updates,
            others=(params,),
        )

    tx = stateless(update_decayed)
    return tx if mask is None else masked(tx, mask)


class AddNoiseState(NamedTuple):
    """Number of updates, and the key of the next numbers."""

    count: Any
    rng_key: Any


def _as_key(name: str, key: Any) -> Any:
    if hasattr(key, "dtype") and key.shape == (2,):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return random.key(key)
    raise TypeError(f"{name} needs a key, like funcgrad.random.key(0), or a seed; got {key!r}")


@schedulable(eta=NOT_NEGATIVE, gamma=REAL)
def add_noise(eta: Any, gamma: Any, key: Any) -> GradientTransformation:
    """Add normal noise whose variance decays: eta / t^gamma at update t.

    (Neelakantan et al. 2015, arXiv:1511.06807.)

    Args:
        eta: variance at the first update.
        gamma: exponent of its decay.
        key: a key of ``funcgrad.random``, or an integer to make one of.

    Returns:
        The transformation. Further keys are made from the one in its state.

    >>> tx = add_noise(eta=0.01, gamma=0.55, key=0)
    >>> tx.update(np.zeros(2), tx.init(np.zeros(2)))[0].shape
    (2,)
    """
    first = _as_key("add_noise", key)

    def update_noisy(updates: Any, state: AddNoiseState, params: Any = None, **extra: Any) -> Any:
        t = state.count + 1
        deviation = np.sqrt(eta / t**gamma)
        keys = random.split(state.rng_key)
        leaves, spec = tree.flatten(updates)
        drawn = random.split(keys[1], len(leaves)) if leaves else ()
        noisy = []
        for i, u in enumerate(leaves):
            u = as_leaf(u, "add_noise: an update")
            x = wide(u)
            x = x + like(x, deviation) * random.normal(drawn[i], x.shape, x.dtype)
            noisy.append(keep_dtype(x, u))
        return tree.unflatten(spec, noisy), AddNoiseState(t, keys[0])

    return make_transformation(lambda params: AddNoiseState(0, first), update_noisy, AddNoiseState)


class ZeroNansState(NamedTuple):
    """Of each leaf, whether the last update had a NaN."""

    found_nan: Any


@user_facing
def zero_nans() -> GradientTransformation:
    """Replace NaN by 0.

    Returns:
        The transformation.

    >>> tx = zero_nans()
    >>> tx.update(np.array([np.nan, 1.0]), tx.init(np.zeros(2)))
    (array([0., 1.]), ZeroNansState(found_nan=np.True_))
    """

    def init_zero_nans(params: Any) -> ZeroNansState:
        return ZeroNansState(tree.map(lambda p: np.False_, params))

    def update_zero_nans(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        updates = tree.map(lambda u: as_leaf(u, "zero_nans: an update"), updates)
        found = tree.map(lambda u: np.any(np.isnan(u)), updates)
        return tree.map(lambda u: np.where(np.isnan(u), 0.0, u), updates), ZeroNansState(found)

    return make_transformation(init_zero_nans, update_zero_nans, ZeroNansState)


@user_facing
def keep_params_nonnegative() -> GradientTransformation:
    """Shorten updates so that parameters that are not negative stay so.

    Returns:
        The transformation, to be the last of a chain; its update needs params.

    >>> keep_params_nonnegative().update(np.array([-3.0, 1.0]), (), np.array([1.0, 1.0]))[0]
    array([-1.,  1.])
    """
    name = "keep_params_nonnegative"

    def update_nonnegative(updates: Any, params: Any) -> Any:
        check_params(name, params)
        return map_leaves(
            name, lambda u, p: np.where(p + u < 0, -as_leaf(p), u), updates, others=(params,)
        )

    return stateless(update_nonnegative)
