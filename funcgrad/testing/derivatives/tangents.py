"""Directions that keep arguments on the sets where they have to lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import tree
from ...core.tracing import aval_of
from ...errors import TreeError
from ...typing import PyTree
from .functions import Leaves
from .leaves import entry_scales, has_tangent, host, random_leaf

Draw = Callable[[np.random.Generator, Any], Any]
Retract = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Constraint:
    """A set of arrays: random tangents at one of them, and the way back from a tangent to it.

    ``retract`` takes x + h t to the set and leaves its points where they are, up to h squared; None
    if the set is flat, so that x + h t belongs to it.
    """

    draw: Draw
    retract: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


def adjoint(x: np.ndarray) -> np.ndarray:
    """The conjugate transpose of matrices."""
    return np.conj(np.swapaxes(x, -1, -2))


def scaled(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Normal random numbers in proportion to the entries of an array."""
    return host(random_leaf(rng, x, entry_scales(x)))


def symmetric(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Symmetric matrices."""
    t = scaled(rng, x)
    return (t + np.swapaxes(t, -1, -2)) / 2


def hermitian(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Hermitian matrices."""
    t = scaled(rng, x)
    return (t + adjoint(t)) / 2


def skew(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Skew-symmetric matrices; for complex ones skew-Hermitian."""
    t = scaled(rng, x)
    return (t - adjoint(t)) / 2


def simplex(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Changes along the last axis that sum to zero."""
    t, scale = scaled(rng, x), entry_scales(x)
    total = np.sum(t, axis=-1, keepdims=True)
    return t - scale * total / np.sum(scale, axis=-1, keepdims=True)


def sphere(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Changes along the last axis that are orthogonal to the vectors."""
    t, a = scaled(rng, x), host(x)
    along = np.real(np.sum(np.conj(a) * t, axis=-1, keepdims=True))
    return t - a * along / np.sum(np.abs(a) ** 2, axis=-1, keepdims=True)


def to_sphere(x: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Vectors with the lengths of others."""
    return moved * np.sqrt(
        np.sum(np.abs(x) ** 2, axis=-1, keepdims=True)
        / np.sum(np.abs(moved) ** 2, axis=-1, keepdims=True)
    )


def orthogonal(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Changes that keep the columns of matrices orthonormal."""
    q, t = host(x), host(random_leaf(rng, x))
    inner = adjoint(q) @ t
    return t - q @ ((inner + adjoint(inner)) / 2)


def to_orthogonal(x: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The closest matrices with orthonormal columns: the polar factor."""
    u, _, vh = np.linalg.svd(moved, full_matrices=False)
    return u @ vh


CONSTRAINTS = {
    "symmetric": Constraint(symmetric),
    "hermitian": Constraint(hermitian),
    "skew": Constraint(skew),
    "simplex": Constraint(simplex),
    "sphere": Constraint(sphere, to_sphere),
    "orthogonal": Constraint(orthogonal, to_orthogonal),
}
"""The sets that have names. Matrices are the last two axes, vectors the last one."""


@dataclass(frozen=True)
class Tangents:
    """Random tangents of arguments, leaf by leaf, and the way of moving along them."""

    draws: Sequence[tuple[Callable[[np.random.Generator], Any], int]]
    point: Leaves
    curves: Sequence[Callable[[np.ndarray, np.ndarray], np.ndarray] | None]

    def draw(self, rng: np.random.Generator) -> Leaves:
        """One tangent for each real or complex leaf."""
        found: Leaves = []
        for draw, count in self.draws:
            leaves = [t for t in tree.leaves(draw(rng)) if has_tangent(t)]
            if len(leaves) != count:
                raise TreeError(f"tangents: {len(leaves)} arrays were drawn for {count}")
            found += leaves
        for k, (t, x) in enumerate(zip(found, self.point, strict=True)):
            if np.shape(t) != np.shape(x):
                raise TreeError(
                    f"tangents: a tangent of shape {np.shape(t)} was drawn for shape {np.shape(x)}"
                )
            found[k] = np.asarray(t, aval_of(x).dtype)[()]
        return found

    def curved(self, k: int, x: PyTree, moved: PyTree) -> Any:
        """The k-th leaf moved along its set, and not along the straight line."""
        curve = self.curves[k]
        return (
            moved if curve is None else np.asarray(curve(host(x), host(moved)), host(moved).dtype)
        )


def tangents_option(tangents: object, args: tuple[Any, ...], caller: str) -> Tangents | None:
    """What the option ``tangents`` says, or an error that lists the names."""
    if tangents is None:
        return None
    given = tangents if isinstance(tangents, tuple | list) else (tangents,) * len(args)
    if len(given) != len(args):
        raise ValueError(
            f"{caller}: tangents has {len(given)} entries for {len(args)} arguments; None stands "
            "for no constraint"
        )
    draws: list[tuple[Callable[[np.random.Generator], Any], int]] = []
    curves: list[Any] = []
    point: Leaves = []
    for choice, arg in zip(given, args, strict=True):
        leaves = [x for x in tree.leaves(arg) if has_tangent(x)]
        point += leaves
        if choice is not None and not isinstance(choice, str) and callable(choice):
            draws.append((lambda rng, draw=choice, x=arg: draw(rng, x), len(leaves)))  # type: ignore[misc]
            curves += [None] * len(leaves)
            continue
        constraint = constraint_of(choice, caller)
        for x in leaves:
            draws.append((lambda rng, draw=constraint.draw, x=x: draw(rng, x), 1))  # type: ignore[misc]
            curves.append(constraint.retract)
    return Tangents(draws, point, curves)


def constraint_of(choice: object, caller: str) -> Constraint:
    """The set of a name."""
    if choice is None:
        return Constraint(scaled)
    if isinstance(choice, str) and choice in CONSTRAINTS:
        return CONSTRAINTS[choice]
    raise ValueError(
        f"{caller}: unknown tangents {choice!r}; the names are {', '.join(CONSTRAINTS)}, and a "
        "function of (random generator, argument) draws any others"
    )
