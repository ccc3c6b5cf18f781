"""Pytrees as vectors of real numbers, which is what SciPy's methods work on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import tree
from ...arrays import beside_each_other
from ...core.avals import Aval
from ...core.tracing import Tracer, aval_of
from ...errors import ShapeError, TreeError
from ...lax.bodies import as_carried, check_operands
from ...numpy.protocol import inexact
from ...ops.shape import cast, reshape
from ...typing import Array, PyTree, PyTreeSpec


def as_start(name: str, x0: PyTree) -> PyTree:
    """Where a search starts: a pytree of arrays of floats. A list of numbers is a vector."""
    check_operands(x0, f"{name}: x0")
    if type(x0) in (list, tuple) and x0 and all(_is_number(x) for x in x0):
        return inexact(np.stack([as_carried(x) for x in x0]))
    if not tree.leaves(x0):
        raise ValueError(f"{name}: x0 has no arrays")
    return tree.map(lambda x: inexact(as_carried(x)), x0)


def _is_number(x: Any) -> bool:
    return isinstance(x, Tracer | int | float | np.generic) and not aval_of(x).shape


class Vectors:
    """Pytrees of one structure as real vectors: complex numbers are their two parts."""

    __slots__ = ("avals", "dtype", "size", "spec")

    def __init__(self, like: PyTree) -> None:
        leaves, spec = tree.flatten(like)
        self.spec: PyTreeSpec = spec
        self.avals: list[Aval] = [aval_of(x) for x in leaves]
        real = [np.real(np.empty(0, a.dtype)).dtype for a in self.avals]
        self.dtype: np.dtype = np.result_type(*real)
        self.size: int = sum(a.size * (2 if a.dtype.kind == "c" else 1) for a in self.avals)

    @property
    def is_complex(self) -> bool:
        """Whether there are complex numbers."""
        return any(a.dtype.kind == "c" for a in self.avals)

    def ravel(self, whole: PyTree) -> Array:
        """A pytree as a vector."""
        parts = []
        for x, a in zip(tree.leaves(whole), self.avals, strict=True):
            halves = (np.real(x), np.imag(x)) if a.dtype.kind == "c" else (x,)
            parts += [reshape(cast(h, self.dtype), shape=(a.size,)) for h in halves]
        return parts[0] if len(parts) == 1 else np.concatenate(beside_each_other(parts))

    def unravel(self, v: Array) -> PyTree:
        """A vector as a pytree."""
        leaves: list[Any] = []
        first = 0

        def following(size: int) -> Array:
            nonlocal first
            first += size
            return v[first - size : first] if size < self.size else v

        for a in self.avals:
            part = following(a.size)
            if a.dtype.kind == "c":
                part = part + 1j * following(a.size)
            leaves.append(reshape(cast(part, a.dtype), shape=a.shape))
        return tree.unflatten(self.spec, leaves)

    def gradient(self, whole: PyTree) -> Array:
        """A gradient, whose complex numbers are conjugated as those of ``grad``, as a vector."""
        return self.ravel(tree.map(np.conj, whole) if self.is_complex else whole)

    def like_gradient(self, v: Array) -> PyTree:
        """The same backwards."""
        found = self.unravel(v)
        return tree.map(np.conj, found) if self.is_complex else found

    def check_same(self, found: PyTree, what: str) -> None:
        """Raise unless a pytree has the structure and the shapes of these."""
        if tree.structure(found) != self.spec:
            raise TreeError(
                f"{what} must have the structure {self.spec}, got {tree.structure(found)}"
            )
        for x, a in zip(tree.leaves(found), self.avals, strict=True):
            if aval_of(x).shape != a.shape:
                raise ShapeError(f"{what} must have the shape {a.shape}, got {aval_of(x).shape}")


def as_values(result: PyTree) -> PyTree:
    """What a function returned; a list of numbers is a vector."""
    if type(result) in (list, tuple) and result and all(_is_number(x) for x in result):
        return np.stack([as_carried(x) for x in result])
    return result


def ravel_result(whole: PyTree) -> Array:
    """Any pytree of results as a vector of real numbers."""
    return Vectors(whole).ravel(whole)


def as_matrix(whole: PyTree, rows: int, columns: Vectors) -> Array:
    """A Jacobian of a user's as a matrix.

    It is one already, or a pytree of blocks: arrays of the shape of a result, then of a leaf of
    the argument.
    """
    leaves = tree.leaves(whole)
    if len(leaves) == 1:
        return reshape(leaves[0], shape=(rows, columns.size))
    count = len(columns.avals)
    lines = []
    for i in range(0, len(leaves), count):
        group = zip(leaves[i : i + count], columns.avals, strict=True)
        lines.append(np.concatenate([reshape(x, shape=(-1, a.size)) for x, a in group], axis=1))
    return np.concatenate(lines, axis=0)
