"""Transformations that add to updates: weight decay, noise; and that repair them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import arrays, random, tree
from ...core.tracebacks import user_facing
from ...typing import Key, PyTree
from ..hyperparameters import NOT_NEGATIVE, REAL, numbers, schedulable
from ..leaves import as_leaf, check_params, keep_dtype, like, map_leaves, wide
from ..transformation import GradientTransformation, make_transformation, stateless
from ..typing import Mask, ScalarOrSchedule
from ..wrappers.masking import masked


@schedulable(weight_decay=NOT_NEGATIVE)
def add_decayed_weights(
    weight_decay: ScalarOrSchedule = 0.0, mask: Mask | None = None
) -> GradientTransformation:
    """Add a multiple of the parameters: u <- u + weight_decay p. Its update needs params.

    Args:
        weight_decay: the factor.
        mask: booleans with the structure of the parameters or of an upper part of it, True for
            those that decay, or a function that makes them from parameters, like
            ``by_path({"*/b": False, "*": True})``; None for all.

    >>> add_decayed_weights(0.1).update(np.array([1.0]), (), np.array([5.0]))[0]
    array([1.5])
    """
    (factor,) = numbers(weight_decay)

    def update_decayed(updates: PyTree, params: PyTree) -> PyTree:
        check_params("add_decayed_weights", params)
        return map_leaves(
            "add_decayed_weights",
            lambda u, p: u + like(u, factor) * as_leaf(p),
            updates,
            others=(params,),
        )

    tx = stateless(update_decayed)
    return tx if mask is None else masked(tx, mask)


class AddNoiseState(NamedTuple):
    """Number of updates, and the key of the next numbers."""

    count: Any
    rng_key: Key


def _as_key(name: str, key: Key | int) -> Key:
    if isinstance(key, int):
        if not isinstance(key, bool):
            return random.key(key)
    elif hasattr(key, "dtype") and key.shape == (2,):
        return key
    raise TypeError(f"{name} needs a key, like funcgrad.random.key(0), or a seed; got {key!r}")


@schedulable(eta=NOT_NEGATIVE, gamma=REAL)
def add_noise(
    eta: ScalarOrSchedule, gamma: ScalarOrSchedule, key: Key | int
) -> GradientTransformation:
    """Add normal noise whose variance decays: eta / t^gamma at update t.

    (Neelakantan et al. 2015, arXiv:1511.06807.)

    Args:
        eta: variance at the first update.
        gamma: exponent of its decay.
        key: a key of ``funcgrad.random``, or an integer to make one of; further keys are made from
            the one in the state.

    >>> tx = add_noise(eta=0.01, gamma=0.55, key=0)
    >>> tx.update(np.zeros(2), tx.init(np.zeros(2)))[0].shape
    (2,)
    """
    variance, exponent = numbers(eta, gamma)
    first = _as_key("add_noise", key)

    def update_noisy(
        updates: PyTree, state: AddNoiseState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, AddNoiseState]:
        t = state.count + 1
        deviation = np.sqrt(variance / t**exponent)
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

    def init_noisy(params: PyTree) -> AddNoiseState:
        return AddNoiseState(0, arrays.like(arrays.first_on_gpu(tree.leaves(params)), first))

    return make_transformation(init_noisy, update_noisy, AddNoiseState)


class ZeroNansState(NamedTuple):
    """Of each leaf, True if the last update had a NaN."""

    found_nan: PyTree


@user_facing
def zero_nans() -> GradientTransformation:
    """Replace NaN by 0.

    >>> tx = zero_nans()
    >>> tx.update(np.array([np.nan, 1.0]), tx.init(np.zeros(2)))
    (array([0., 1.]), ZeroNansState(found_nan=np.True_))
    """

    def init_zero_nans(params: PyTree) -> ZeroNansState:
        return ZeroNansState(tree.map(lambda p: np.False_, params))

    def update_zero_nans(
        updates: PyTree, state: ZeroNansState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ZeroNansState]:
        updates = tree.map(lambda u: as_leaf(u, "zero_nans: an update"), updates)
        found = tree.map(lambda u: np.any(np.isnan(u)), updates)
        return tree.map(lambda u: np.where(np.isnan(u), 0.0, u), updates), ZeroNansState(found)

    return make_transformation(init_zero_nans, update_zero_nans, ZeroNansState)


@user_facing
def keep_params_nonnegative() -> GradientTransformation:
    """Shorten updates so that parameters that are not negative stay so.

    To be the last of a chain; its update needs params.

    >>> keep_params_nonnegative().update(np.array([-3.0, 1.0]), (), np.array([1.0, 1.0]))[0]
    array([-1.,  1.])
    """
    name = "keep_params_nonnegative"

    def update_nonnegative(updates: PyTree, params: PyTree) -> PyTree:
        check_params(name, params)
        return map_leaves(
            name, lambda u, p: np.where(p + u < 0, -as_leaf(p), u), updates, others=(params,)
        )

    return stateless(update_nonnegative)
