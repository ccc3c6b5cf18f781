"""Arrays and numbers of given shapes, dtypes and domains."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...typing import DTypeLike, Shape
from .domains import Distinct, Domain, DomainLike, as_domain, members
from .shapes import shapes
from .sides import REACHING, SCANNED
from .styles import FEW, close_together, free, restricted, structured

MOST = 10 * SCANNED
"""Points of more numbers are not drawn where numbers are scanned."""

MANY_CHOICES = st.lists(st.integers(0, 1), min_size=2 * FEW + 1, max_size=2 * FEW + 1)
"""The seed of a long array: more choices than a short one takes, which is simpler, thus."""

DTYPES = ("float64", "float32", "complex128", "complex64")


def dtypes(*names: str) -> SearchStrategy[np.dtype]:
    """One of several dtypes, all real and complex ones by default; shrinks to the first.

    >>> from hypothesis import find
    >>> find(dtypes(), lambda dtype: dtype.kind == "c")
    dtype('complex128')
    """
    return st.sampled_from([np.dtype(name) for name in names or DTYPES])


def arrays(
    shape: Shape | SearchStrategy[tuple[int, ...]] | None = None,
    dtype: DTypeLike = np.float64,
    domain: DomainLike = "real",
) -> SearchStrategy[np.ndarray]:
    """Arrays with elements from a domain; they shrink to small shapes and simple numbers.

    Args:
        shape: an integer, a tuple or a strategy for them; by default up to two dimensions of up
            to four. Shape () gives NumPy scalars.
        dtype: a dtype or a strategy for dtypes; real, complex, integer or bool.
        domain: a domain, its name, or a pair (low, high). Of complex numbers both parts belong
            to it.

    Returns:
        A strategy.

    Raises:
        ValueError: if the domain has no members of that dtype.

    >>> from hypothesis import find
    >>> x = find(arrays((2,), domain="positive"), lambda x: x[1] > x[0])
    >>> x.shape, x.dtype, bool(np.all(x > 0))
    ((2,), dtype('float64'), True)
    """
    domain = as_domain(domain)
    shape = shapes(max_dims=2) if shape is None else shape
    drawn: SearchStrategy[Any] = shape if isinstance(shape, SearchStrategy) else st.just(shape)
    if isinstance(dtype, SearchStrategy):
        return dtype.flatmap(lambda one: arrays(drawn, one, domain))
    dtype = np.dtype(dtype)
    element_lists(domain, dtype, 0)
    return drawn.flatmap(lambda one: varied(domain, dtype, as_shape(one)))


def elementwise(
    shape: Shape | SearchStrategy[tuple[int, ...]],
    dtype: DTypeLike = np.float64,
    domain: DomainLike = "real",
) -> SearchStrategy[np.ndarray]:
    """Arrays whose elements are drawn one by one, each from the whole domain."""
    domain, dtype = as_domain(domain), np.dtype(dtype)
    drawn: SearchStrategy[Any] = shape if isinstance(shape, SearchStrategy) else st.just(shape)
    return drawn.flatmap(lambda one: filled(domain, dtype, as_shape(one)))


def numbers(kind: type = float, domain: DomainLike = "real") -> SearchStrategy[Any]:
    """Python numbers from a domain: float, complex, int or bool.

    >>> from hypothesis import find
    >>> find(numbers(domain=(3, 4)), lambda x: True)
    3.1
    """
    return arrays((), np.dtype(kind), domain).map(lambda x: x if np.ndim(x) else x.item())


def as_shape(shape: Shape) -> tuple[int, ...]:
    """A shape as a tuple."""
    return (shape,) if isinstance(shape, int | np.integer) else tuple(shape)


@st.composite
def varied(draw: DrawFn, domain: Domain, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """Arrays of one shape and dtype, of all magnitudes, of one of them, or of some structure."""
    here = REACHING.get()
    if here.reach == "many" and free(domain) and dtype.kind == "f":
        shape = (SCANNED, *shape)
    n = math.prod(shape)
    if here.reach in ("scan", "many") and n > MOST:
        reject()
    if n >= SCANNED and here.reach in ("scan", "many") and free(domain) and dtype.kind == "f":
        values = close_together(draw(MANY_CHOICES), domain, n, small=here.turn > 0)
        return values.astype(dtype).reshape(shape)
    numbers = restricted(draw, domain, dtype, n)
    if n > FEW and dtype.kind == "f" and not isinstance(domain, Distinct):
        pool = numbers or tuple(x for group in members(domain, dtype) for x in group)
        rng = np.random.default_rng(draw(MANY_CHOICES))
        order = np.concatenate([rng.permutation(len(pool)) for _ in range(0, n, len(pool))])
        values = np.array(pool, dtype)[order[:n]].reshape(shape)
    elif numbers is None:
        values = draw(filled(domain, dtype, shape))
    else:
        values = np.array(draw(chosen_from(numbers, n)), dtype).reshape(shape)
    return structured(draw, values, domain)[()]


@functools.lru_cache(maxsize=512)
def chosen_from(numbers: tuple[float, ...], n: int) -> SearchStrategy[list[float]]:
    """Lists of n of some numbers.

    Each is drawn by two choices, as those of ``element_of`` are: what takes fewer is simpler to
    hypothesis, and arrays shall shrink to numbers of the whole domain.
    """
    element = st.tuples(st.booleans(), st.sampled_from(numbers)).map(lambda pair: pair[1])
    return st.lists(element, min_size=n, max_size=n)


def filled(domain: Domain, dtype: np.dtype, shape: tuple[int, ...]) -> SearchStrategy[np.ndarray]:
    """Arrays of one shape and dtype."""
    drawn = element_lists(domain, dtype, math.prod(shape))
    return drawn.map(lambda values: np.array(values, dtype).reshape(shape)[()])


@functools.lru_cache(maxsize=512)
def element_lists(domain: Domain, dtype: np.dtype, n: int) -> SearchStrategy[list[Any]]:
    """Lists of n Python numbers of a domain."""
    if dtype.kind == "c":
        half = np.dtype(f"f{dtype.itemsize // 2}")
        pair = [element_lists(part, half, n) for part in domain.parts()]
        return st.tuples(*pair).map(lambda parts: [complex(*z) for z in zip(*parts, strict=True)])
    groups = members(domain, dtype)
    if isinstance(domain, Distinct) and len(groups[0]) < n:
        raise ValueError(
            f"{domain!r} has only {len(groups[0])} members that far apart, and the array has {n} "
            "elements; give a smaller gap"
        )
    return st.lists(element_of(groups), min_size=n, max_size=n, unique=isinstance(domain, Distinct))


@functools.lru_cache(maxsize=256)
def element_of(groups: tuple[tuple[Any, ...], ...]) -> SearchStrategy[Any]:
    """One number of several groups, each as likely.

    Every group begins with the members of the first, so that shrinking can change the group.
    """
    first = groups[0]
    nested = [first, *[(*first, *group) for group in groups[1:]]]
    return st.one_of([st.sampled_from(group) for group in nested])
