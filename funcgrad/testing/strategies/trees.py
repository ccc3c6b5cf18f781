"""Pytrees of drawn arrays: from descriptions of their leaves, and like an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ... import tree
from ...api.staging import ShapeDtypeStruct
from ...core.tracing import aval_of
from ...typing import DTypeLike, PyTree
from ..derivatives.leaves import has_tangent
from .arrays import arrays, numbers
from .dimensions import Dimension, Sizes, parse
from .domains import DOMAINS, Domain, DomainLike, Integers, as_domain, real

Recipe = Callable[[DrawFn, Sizes], Any]
"""Makes one value during a draw; recipes that share Sizes agree on named dimensions."""


@dataclass(frozen=True)
class Spec:
    """The description of an array: its dimensions, dtype and domain."""

    dims: tuple[Dimension, ...]
    dtype: Any
    domain: Domain

    def __call__(self, draw: DrawFn, sizes: Sizes) -> Any:
        """Draw an array."""
        labels = isinstance(self.domain, Integers) and self.dtype == np.float64
        dtype = np.dtype(np.int64) if labels else self.dtype
        return draw(arrays(sizes.shape(self.dims), dtype, self.domain))


def spec(dims: object = "", *, dtype: DTypeLike = np.float64, domain: DomainLike = "real") -> Spec:
    """Describe an array, for ``from_spec`` and in annotations.

    Args:
        dims: text such as ``"batch n 3"``, an integer or a tuple. Dimensions of the same name
            get the same size in all arrays of one draw; ``"n+1"`` is computed, ``_`` is any
            size, ``"*batch"`` and ``"..."`` are any number of dimensions and ``"#n"`` is n or 1.
        dtype: a dtype or a strategy for dtypes.
        domain: a domain, its name, or a pair (low, high).

    Returns:
        A description: a leaf for ``from_spec``, or metadata of ``typing.Annotated``.

    >>> from hypothesis import find
    >>> a, b = find(from_spec((spec("n"), spec("n n+1"))), lambda ab: len(ab[0]) == 2)
    >>> a.shape, b.shape
    ((2,), (2, 3))
    """
    dtype = dtype if isinstance(dtype, SearchStrategy) else np.dtype(dtype)
    return Spec(parse(dims), dtype, as_domain(domain))


def from_spec(
    description: PyTree, *, domain: DomainLike = "real", sizes: Mapping[str, Any] | None = None
) -> SearchStrategy[Any]:
    """Pytrees whose leaves are described one by one.

    Args:
        description: a pytree. A leaf that is a strategy, a ``spec``, a domain, the name of a
            domain, the dimensions of an array as text ("batch 3") or a ``ShapeDtypeStruct`` is
            drawn; every other leaf is a constant (strings by ``hypothesis.strategies.just``).
        domain: the domain of what has none of its own.
        sizes: sizes of named dimensions, or strategies for them; by default 1 to 4,
            and in ``gradcheck`` more at some points.

    Returns:
        A strategy for pytrees of that structure.

    >>> from hypothesis import find
    >>> find(from_spec({"w": "2 n", "b": "n", "power": 3}), lambda tree: True)
    {'w': array([[0.],
           [0.]]), 'b': array([0.]), 'power': 3}
    """
    return cooked(recipe_of(description, as_domain(domain)), sizes)


def like(example: PyTree, *, domain: DomainLike = "real") -> SearchStrategy[Any]:
    """Pytrees of the structure, shapes and dtypes of an example.

    Args:
        example: a pytree; its leaves that are neither real nor complex are kept.
        domain: where the elements of the others are from.

    Returns:
        A strategy.

    >>> from hypothesis import find
    >>> find(like({"w": np.ones(2), "n": 3}, domain="positive"), lambda tree: True)
    {'w': array([1., 1.]), 'n': 3}
    """
    domain = as_domain(domain)
    leaves, structure = tree.flatten(example)
    drawn = st.tuples(*[like_leaf(leaf, domain) for leaf in leaves])
    return drawn.map(lambda values: tree.unflatten(structure, values))


def like_leaf(leaf: PyTree, domain: Domain) -> SearchStrategy[Any]:
    """Leaves of the shape and dtype of one."""
    if not has_tangent(leaf):
        return st.just(leaf)
    if type(leaf) in (float, complex):
        return numbers(type(leaf), domain)
    aval = aval_of(leaf)
    drawn = arrays(aval.shape, aval.dtype, domain)
    return drawn.map(np.asarray) if isinstance(leaf, np.ndarray) else drawn


@st.composite
def cooked(draw: DrawFn, recipe: Recipe, sizes: Mapping[str, Any] | None = None) -> Any:
    """The strategy of a recipe."""
    return recipe(draw, Sizes(draw, sizes))


def recipe_of(description: PyTree, domain: Domain = real) -> Recipe:
    """The recipe of a pytree of descriptions."""
    leaves, structure = tree.flatten(description, is_leaf=is_description)
    recipes = [leaf_recipe(leaf, domain) for leaf in leaves]
    return lambda draw, sizes: tree.unflatten(structure, [make(draw, sizes) for make in recipes])


def is_description(x: object) -> bool:
    """True if an object describes a leaf, though it may look like a container."""
    return isinstance(x, SearchStrategy | Spec | Domain | ShapeDtypeStruct | str)


def leaf_recipe(leaf: PyTree, domain: Domain) -> Recipe:
    """The recipe of one leaf of a description."""
    if isinstance(leaf, Spec):
        return leaf
    if isinstance(leaf, SearchStrategy):
        return lambda draw, sizes: draw(leaf)
    if isinstance(leaf, Domain) or (isinstance(leaf, str) and leaf in DOMAINS):
        return Spec(parse("..."), np.dtype(np.float64), as_domain(leaf))
    if isinstance(leaf, str):
        return spec(leaf, domain=domain)
    if isinstance(leaf, ShapeDtypeStruct):
        return Spec(parse(leaf.shape), leaf.dtype, domain)
    return lambda draw, sizes: leaf
