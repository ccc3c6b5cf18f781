"""What ``checkpoint(policy=...)`` keeps for the backward pass, with JAX's names.

A policy is a function ``(operator, *operands, **params) -> bool`` of an operation: its operator, a
record of ``funcgrad.ops``, the abstract values of its operands, and its parameters. Where it is
true the results are kept, and all others are computed again. What loops and branches compute
inside of themselves is computed again; put ``checkpoint`` around the body.

>>> import numpy as np
>>> from funcgrad import checkpoint, checkpoint_policies, grad
>>> f = checkpoint(lambda x: np.sum(np.sin(x @ x)), policy=checkpoint_policies.dots_saveable)
>>> grad(f)(np.eye(2)).round(6)
array([[1.080605, 2.      ],
       [2.      , 1.080605]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .core.arguments import check_function
from .core.blame import describe
from .core.primitive import Primitive
from .core.tracebacks import user_facing
from .ops.contraction.convolution_operator import convolution
from .ops.contraction.dot_general import dot_general
from .ops.structural.naming import named

__all__ = [
    "checkpoint_dots",
    "checkpoint_dots_with_no_batch_dims",
    "dots_saveable",
    "dots_with_no_batch_dims_saveable",
    "everything_saveable",
    "nothing_saveable",
    "save_any_names_but_these",
    "save_anything_except_these_names",
    "save_from_both_policies",
    "save_only_these_names",
]

Policy: TypeAlias = Callable[..., bool]


def everything_saveable(prim: Primitive, *_: Any, **params: Any) -> bool:
    """Keep everything, as without ``checkpoint``.

    >>> everything_saveable(dot_general)
    True
    """
    return True


def nothing_saveable(prim: Primitive, *_: Any, **params: Any) -> bool:
    """Keep the arguments only: what ``checkpoint`` does without a policy.

    >>> nothing_saveable(dot_general)
    False
    """
    return False


def dots_saveable(prim: Primitive, *_: Any, **params: Any) -> bool:
    """Keep the results of products of matrices and of convolutions.

    >>> dots_saveable(dot_general), dots_saveable(named)
    (True, False)
    """
    return prim is dot_general or prim is convolution


checkpoint_dots = dots_saveable


def dots_with_no_batch_dims_saveable(prim: Primitive, *_: Any, **params: Any) -> bool:
    """Keep the results of products of matrices that are no stacks of matrices.

    >>> dots_with_no_batch_dims_saveable(dot_general, batch=((0,), (0,)))
    False
    """
    return prim is dot_general and params["batch"] == ((), ())


checkpoint_dots_with_no_batch_dims = dots_with_no_batch_dims_saveable


class _OfNames:
    """A policy that looks at the names that ``checkpoint_name`` gave; equal for equal names."""

    __slots__ = ("among", "names", "others")

    def __init__(self, names: tuple[str, ...], *, among: bool, others: bool) -> None:
        for name in names:
            if not isinstance(name, str):
                raise TypeError(f"a policy takes names, strings; got {describe(name)}")
        self.names: frozenset[str] = frozenset(names)
        self.among: bool = among
        self.others: bool = others

    def __call__(self, prim: Primitive, *_: Any, **params: Any) -> bool:
        if prim is not named:
            return self.others
        return (params["name"] in self.names) is self.among

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OfNames) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return (self.names, self.among, self.others)


@user_facing
def save_only_these_names(*names_which_can_be_saved: str) -> Policy:
    """Keep the values that ``checkpoint_name`` gave one of these names.

    >>> save_only_these_names("a")(named, name="a")
    True
    """
    return _OfNames(names_which_can_be_saved, among=True, others=False)


@user_facing
def save_any_names_but_these(*names_not_to_save: str) -> Policy:
    """Keep the values that have another name than these, and none without a name.

    >>> save_any_names_but_these("a")(named, name="b")
    True
    """
    return _OfNames(names_not_to_save, among=False, others=False)


@user_facing
def save_anything_except_these_names(*names_not_to_save: str) -> Policy:
    """Keep all values but those that have one of these names.

    A name is an operation of its own: what a named value was made from is kept.

    >>> save_anything_except_these_names("a")(dot_general)
    True
    """
    return _OfNames(names_not_to_save, among=False, others=True)


class _Either:
    """A policy that keeps what one of two keeps."""

    __slots__ = ("policies",)

    def __init__(self, *policies: Policy) -> None:
        self.policies: tuple[Policy, ...] = policies

    def __call__(self, prim: Primitive, *args: Any, **params: Any) -> bool:
        return any(policy(prim, *args, **params) for policy in self.policies)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Either) and self.policies == other.policies

    def __hash__(self) -> int:
        return hash(self.policies)


@user_facing
def save_from_both_policies(policy_1: Policy, policy_2: Policy) -> Policy:
    """Keep what one of two policies keeps.

    >>> save_from_both_policies(dots_saveable, save_only_these_names("a"))(named, name="a")
    True
    """
    check_function(policy_1, "save_from_both_policies", "policy_1")
    check_function(policy_2, "save_from_both_policies", "policy_2")
    return _Either(policy_1, policy_2)
