"""Gradient transformations, and how they are chained and applied."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import tree
from ..core.avals import float0
from ..core.dtypes import is_inexact
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..typing import PyTree
from .leaves import as_leaf, leaf_error
from .typing import Init, Update


class GradientTransformation(NamedTuple):
    """A pair of pure functions that turns gradients into updates.

    A complex parameter needs the conjugate of what ``funcgrad.grad`` returns.

    Attributes:
        init: from parameters to the first state, a pytree of arrays and Python numbers.
        update: ``update(updates, state, params=None, **extra)`` returns (updates, state). Keywords
            that a transformation does not know are ignored.

    >>> halve = GradientTransformation(
    ...     lambda params: (), lambda updates, state, params=None, **extra: (updates / 2, state))
    >>> halve.update(np.array([2.0]), halve.init(np.zeros(1)))
    (array([1.]), ())
    """

    init: Init
    update: Callable[..., tuple[PyTree, PyTree]]


class EmptyState(NamedTuple):
    """The state of a transformation that remembers nothing."""


def make_transformation(
    init: Init, update: Update, state_type: type | None = None
) -> GradientTransformation:
    """A transformation of this library, whose errors show the lines of its user only.

    Args:
        init: makes the state.
        update: makes updates.
        state_type: named tuple that the state is; None if it has no type of its own.

    Returns:
        The transformation. Its update refuses states of other types.
    """
    checked = update if state_type is None else _only_for(state_type, update)
    return GradientTransformation(user_facing(init), user_facing(checked))


def _only_for(state_type: type, update: Update) -> Update:
    def update_checked(
        updates: PyTree, state: PyTree, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, PyTree]:
        if not isinstance(state, state_type):
            raise TypeError(
                f"update needs the state that init of the same transformation makes, here a "
                f"{state_type.__name__}; got {_kind_of_state(state)}"
            )
        return update(updates, state, params, **extra)

    return update_checked


def _kind_of_state(state: PyTree) -> str:
    """A state in a few words, for messages."""
    if hasattr(state, "_fields") or not isinstance(state, tuple):
        return f"a {type(state).__name__}"
    return f"a chain of {len(state)} states: ({', '.join(type(s).__name__ for s in state)})"


@user_facing
def stateless(update: Callable[[PyTree, PyTree], PyTree]) -> GradientTransformation:
    """A transformation without state.

    Args:
        update: from (updates, params) to updates; params may be None.

    >>> double = stateless(lambda updates, params: 2 * updates)
    >>> double.update(np.array([1.0]), double.init(np.zeros(1)))
    (array([2.]), EmptyState())
    """

    def init_stateless(params: PyTree) -> EmptyState:
        return EmptyState()

    def update_stateless(
        updates: PyTree, state: PyTree, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, PyTree]:
        if state != () or (hasattr(state, "_fields") and not isinstance(state, EmptyState)):
            raise TypeError(
                "update of a transformation without state needs an EmptyState, which its init "
                f"makes; got {_kind_of_state(state)}"
            )
        return update(updates, params), state

    return make_transformation(init_stateless, update_stateless)


@user_facing
def identity() -> GradientTransformation:
    """Updates as they are.

    >>> identity().update(np.array([1.0]), EmptyState())
    (array([1.]), EmptyState())
    """
    return stateless(lambda updates, params: updates)


@user_facing
def set_to_zero() -> GradientTransformation:
    """Zeros, which leave parameters as they are.

    >>> set_to_zero().update(np.array([1.0]), EmptyState())
    (array([0.]), EmptyState())
    """
    return stateless(
        lambda updates, params: tree.map(lambda u: np.zeros_like(as_leaf(u))[()], updates)
    )


@user_facing
def with_extra_args_support(tx: GradientTransformation, name: str = "") -> GradientTransformation:
    """A transformation whose ``update`` accepts further keywords.

    Args:
        tx: a transformation, with an update that accepts them or does not.
        name: the function to name in errors.

    Returns:
        tx itself, or one that drops them.

    >>> plain = GradientTransformation(lambda params: (), lambda u, state, params=None: (u, state))
    >>> with_extra_args_support(plain).update(1.0, (), value=3.0)
    (1.0, ())
    """
    if not isinstance(tx, GradientTransformation):
        pair = getattr(tx, "init", None), getattr(tx, "update", None)
        if not all(callable(part) for part in pair):
            raise TypeError(
                f"{name}: " * bool(name) + "an optimizer or another gradient transformation has "
                f"functions init and update, like optim.adam(1e-3); got {tx!r}"
            )
        tx = GradientTransformation(*pair)
    kinds = {p.kind for p in inspect.signature(tx.update).parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return tx

    def update_without_extra(
        updates: PyTree, state: PyTree, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, PyTree]:
        return tx.update(updates, state, params)

    return GradientTransformation(tx.init, user_facing(update_without_extra))


@user_facing
def chain(*transformations: GradientTransformation) -> GradientTransformation:
    """Transformations applied one after the other.

    Args:
        transformations: the first gets the gradients, each other what the one before it returns.

    Returns:
        The transformation. Its state is the tuple of their states; further keywords of ``update``
        go to all of them.

    >>> from funcgrad import optim
    >>> clipped = chain(optim.clip(1.0), optim.sgd(0.5))
    >>> params = np.zeros(2)
    >>> clipped.update(np.array([0.2, 3.0]), clipped.init(params), params)[0]
    array([-0.1, -0.5])
    """
    parts = tuple(with_extra_args_support(tx, "chain") for tx in transformations)

    def init_chain(params: PyTree) -> tuple[PyTree, ...]:
        return tuple(tx.init(params) for tx in parts)

    def update_chain(
        updates: PyTree, state: PyTree, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, PyTree]:
        if type(state) is not tuple:
            raise TypeError(
                f"chain: update needs a tuple of {len(parts)} states, which init of the same chain "
                f"makes; got {_kind_of_state(state)}"
            )
        if len(state) != len(parts):
            raise ValueError(
                f"chain: a state of {len(state)} parts for {len(parts)} transformations; "
                "make it with init of the same chain"
            )
        new_state = []
        for tx, part in zip(parts, state, strict=True):
            updates, part = tx.update(updates, part, params, **extra)
            new_state.append(part)
        return updates, tuple(new_state)

    return make_transformation(init_chain, update_chain)


@user_facing
def named_chain(*transformations: tuple[str, GradientTransformation]) -> GradientTransformation:
    """Like ``chain``, with a dict of states by name.

    Args:
        transformations: pairs of name and transformation; names differ.

    >>> from funcgrad import optim
    >>> tx = named_chain(("clip", optim.clip(1.0)), ("step", optim.scale(-0.5)))
    >>> tx.update(np.array([3.0]), tx.init(np.zeros(1)))
    (array([-0.5]), {'clip': EmptyState(), 'step': EmptyState()})
    """
    for pair in transformations:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"named_chain: pairs (name, transformation) are needed; got {pair!r}")
    names = [name for name, _ in transformations]
    if len(set(names)) < len(names):
        raise ValueError(f"named_chain: names must differ; got {names}")
    inner = chain(*[tx for _, tx in transformations])

    def init_named(params: PyTree) -> dict[str, PyTree]:
        return dict(zip(names, inner.init(params), strict=True))

    def update_named(
        updates: PyTree, state: PyTree, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, PyTree]:
        if not isinstance(state, dict) or state.keys() != set(names):
            keyed = isinstance(state, dict)
            found = f"a dict of {sorted(state)}" if keyed else repr(type(state))
            raise (ValueError if keyed else TypeError)(
                f"named_chain: the state must be a dict of the states of {names}; got {found}"
            )
        parts = tuple(state[name] for name in names)
        updates, parts = inner.update(updates, parts, params, **extra)
        return updates, dict(zip(names, parts, strict=True))

    return make_transformation(init_named, update_named)


@user_facing
def apply_updates(params: PyTree, updates: PyTree) -> PyTree:
    """Add updates to parameters.

    Args:
        params: pytree of arrays.
        updates: pytree of the same structure and shapes; None in place of an update, and the
            gradients of dtype ``float0`` of integers, leave a parameter as it is.

    Returns:
        The new parameters, each of the dtype that it had.

    Raises:
        ShapeError: the shape of an update is not that of its parameter.
        TypeError: a parameter is an integer and its update is not.
        TreeError: the structures differ.

    >>> apply_updates({"w": np.array([1.0, 2.0]), "b": 0.5}, {"w": np.array([0.5, 0.5]), "b": None})
    {'w': array([1.5, 2.5]), 'b': 0.5}
    """
    leaves, spec = tree.flatten(params)
    changes = tree.match_prefix(spec, updates, "apply_updates")
    applied = []
    for i, (p, u) in enumerate(zip(leaves, changes, strict=True)):
        if u is None or (hasattr(u, "dtype") and u.dtype == float0):
            applied.append(p)
            continue
        p = as_leaf(p, "apply_updates: a parameter")
        u = as_leaf(u, "apply_updates: an update")
        if p.shape != u.shape:
            raise leaf_error(
                ShapeError, "apply_updates", spec, i,
                f"has shape {p.shape}, its update {u.shape}",
            )  # fmt: skip
        if not is_inexact(p.dtype) and is_inexact(u.dtype):
            raise leaf_error(
                TypeError, "apply_updates", spec, i,
                f"is {p.dtype} and cannot take an update of {u.dtype}; keep what is not trained "
                "apart from the parameters, or freeze it with multi_transform and set_to_zero",
            )  # fmt: skip
        applied.append(p + (u if u.dtype == p.dtype else u.astype(p.dtype)))
    return tree.unflatten(spec, applied)
