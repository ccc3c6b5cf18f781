"""Arrays as they come in practice: of one magnitude, around thresholds, sorted, with ties."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from .around_points import AwayFrom
from .domains import Domain, Interval, Union, members

Numbers = tuple[float, ...]

THRESHOLDS = (1.0, 5.0, 6.0, 8.0, 10.0, 15.0, 18.0, 20.0, 25.0, 30.0, 36.0)
"""Where programs change from one formula to another: cut-offs of exp, softplus, series."""

FAR_THRESHOLDS = (44.0, 50.0, 64.0, 88.0, 100.0, 103.0)

SIDES = (0.98, 1.02, 0.9, 1.1)
"""Multiples of thresholds that are drawn."""

MODERATE = tuple(float(f"{x:.2g}") for x in np.geomspace(0.5, 40.0, 60))
SMALL = tuple(float(f"{x:.2g}") for x in np.geomspace(1e-8, 1e-3, 41))
MAGNITUDES = (1e-6, 1e-4, 1e-2, 0.1, 1.0, 5.0, 10.0, 20.0, 100.0)
"""The least numbers of arrays of one magnitude."""

FEW = 24
"""Arrays of up to so many elements shrink element by element; those of longer ones are random."""

Restriction = Callable[[DrawFn, Domain, np.dtype], Numbers]


def restricted(draw: DrawFn, domain: Domain, dtype: np.dtype, n: int) -> Numbers | None:
    """The numbers that an array of n is drawn from; None for those of the whole domain."""
    if not free(domain) or dtype.kind != "f":
        return None
    choose = draw(st.sampled_from(RESTRICTIONS if n < MANY else RESTRICTIONS_OF_MANY))
    return None if choose is None else choose(draw, domain, dtype) or None


def moderate(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Numbers up to 40, those above 5 as likely as those below."""
    return both_signs(domain, MODERATE)


def above_five(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Numbers from 5 to 40 of one sign."""
    sign = draw(st.sampled_from((1.0, -1.0)))
    signed = np.array([sign * x for x in MODERATE if x > 5])
    return tuple(signed[domain.admits(signed)].tolist())


def near_thresholds(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Numbers on both sides of thresholds."""
    return both_signs(domain, tuple(t * s for t in THRESHOLDS for s in SIDES))


def near_far_thresholds(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Numbers on both sides of one large threshold, and moderate ones."""
    threshold = draw(st.sampled_from(FAR_THRESHOLDS))
    return both_signs(domain, (*MODERATE[::6], *(threshold * s for s in SIDES)))


def of_all_sizes(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Numbers from small ones to a hundred, and such on both sides of all thresholds."""
    near = tuple(t * s for t in (*THRESHOLDS, *FAR_THRESHOLDS) for s in SIDES)
    return both_signs(domain, (*MODERATE, *near, *SMALL[::8]))


def small(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Small numbers."""
    return both_signs(domain, SMALL)


def of_one_magnitude(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """Numbers within a factor of four."""
    least = draw(st.sampled_from(MAGNITUDES))
    return both_signs(domain, tuple(float(f"{least * f:.3g}") for f in np.geomspace(1, 4, 25)))


def ordinary(draw: DrawFn, domain: Domain, dtype: np.dtype) -> Numbers:
    """The members of the domain up to four, or up to a tenth of its width."""
    return up_to(domain, dtype, 4.0)


@functools.lru_cache(maxsize=256)
def up_to(domain: Domain, dtype: np.dtype, size: float) -> Numbers:
    """The members of a domain of a size at most."""
    return tuple(x for group in members(domain, dtype) for x in group if 0 < abs(x) <= size)


@functools.lru_cache(maxsize=512)
def both_signs(domain: Domain, values: Numbers) -> Numbers:
    """Numbers and their negatives, those of a domain."""
    signed = np.array([v for x in values for v in (x, -x)])
    return tuple(signed[domain.admits(signed)].tolist())


def close_together(seed: list[int], domain: Domain, n: int, *, small: bool = False) -> np.ndarray:
    """So many numbers of a domain that few ranges have none: ordinary ones, or small ones.

    They have four digits, so that they are short to print.
    """
    rng = np.random.default_rng(seed)
    low, high = limits(domain)
    for factor in (1, 2, 4, 8):
        values = spread_out(rng, n * factor, small)
        if np.isfinite(high - low):
            values = low + (high - low) * stratified(rng, n * factor)
        digits = 3 - np.floor(np.log10(np.abs(values) + 1e-30)).astype(int)
        values = np.array([round(x, d) for x, d in zip(values.tolist(), digits, strict=True)])
        values = values[domain.admits(values)]
        if values.size >= n:
            break
    found = values if values.size else np.array(members(domain, np.dtype(float))[0])
    return np.resize(rng.permutation(found), n)


def stratified(rng: np.random.Generator, n: int) -> np.ndarray:
    """Numbers between 0 and 1, one in each of n equal parts."""
    return (np.arange(n) + rng.random(n)) / max(n, 1)


def spread_out(rng: np.random.Generator, n: int, small: bool) -> np.ndarray:
    """Numbers of both signs: from 0.001 to 0.3, or up to 4 and from 0.3 to 50."""
    if small:
        return both(1e-3, 0.3, stratified(rng, n))
    ordinary = n // 2
    moderate = both(0.3, 50.0, stratified(rng, n - ordinary))
    return np.concatenate([8 * stratified(rng, ordinary) - 4, moderate])


def both(low: float, high: float, places: np.ndarray) -> np.ndarray:
    """Numbers of both signs whose logarithms are at places between two ends."""
    places = 2 * places - 1
    return np.sign(places) * low * (high / low) ** np.abs(places)


def limits(domain: Domain) -> tuple[float, float]:
    """The ends of a domain, infinite where it has none, or is made of several parts."""
    if isinstance(domain, AwayFrom):
        return limits(domain.inside)
    return (domain.low, domain.high) if isinstance(domain, Interval) else (-math.inf, math.inf)


def free(domain: Domain) -> bool:
    """True if a domain is made of intervals, not of single points."""
    if isinstance(domain, AwayFrom):
        return free(domain.inside)
    if isinstance(domain, Union):
        return free(domain.left) and free(domain.right)
    return isinstance(domain, Interval)


RESTRICTIONS: tuple[Restriction | None, ...] = (
    None,
    ordinary,
    moderate,
    None,
    near_thresholds,
    above_five,
    None,
    of_one_magnitude,
    near_far_thresholds,
    small,
)
"""What arrays are restricted to, each as likely; the first is the simplest."""

MANY = 12

RESTRICTIONS_OF_MANY = (
    None,
    of_all_sizes,
    moderate,
    of_all_sizes,
    moderate,
    near_thresholds,
    of_all_sizes,
    moderate,
    of_one_magnitude,
    small,
)
"""The same for arrays of many elements: where all may be moderate, there is one of each size."""


def structured(draw: DrawFn, values: np.ndarray, domain: Domain) -> np.ndarray:
    """An array made of another one's elements: as it is, mostly, or of a special structure."""
    if not free(domain) or values.dtype.kind != "f" or values.size < 2:
        return values
    shape = draw(st.sampled_from(STRUCTURES if values.size < MANY else STRUCTURES_OF_MANY))
    if shape is None:
        return values
    found = shape(values)
    return found if np.all(domain.admits(found.astype(np.float64))) else values


def constant(x: np.ndarray) -> np.ndarray:
    """One number everywhere."""
    return np.full_like(x, x.flat[0])


def constant_rows(x: np.ndarray) -> np.ndarray:
    """Rows of one number each."""
    return np.broadcast_to(x[..., :1], x.shape).copy()


def in_order(x: np.ndarray) -> np.ndarray:
    """Numbers in order."""
    return np.sort(x, axis=None).reshape(x.shape)


def reversed_order(x: np.ndarray) -> np.ndarray:
    """Numbers from the largest to the smallest."""
    return np.sort(x, axis=None)[::-1].reshape(x.shape).copy()


def tied(x: np.ndarray) -> np.ndarray:
    """Each number twice."""
    return np.repeat(x.ravel(), 2)[: x.size].reshape(x.shape)


def one_hot(x: np.ndarray) -> np.ndarray:
    """One number beside zeros."""
    found = np.zeros_like(x)
    found.flat[x.size // 2] = x.flat[np.argmax(np.abs(x))]
    return found


def with_zeros(x: np.ndarray) -> np.ndarray:
    """Every other number zero."""
    return np.where(np.arange(x.size).reshape(x.shape) % 2 == 0, x, np.zeros_like(x))


def negative(x: np.ndarray) -> np.ndarray:
    """No number above zero."""
    return -np.abs(x)


def positive(x: np.ndarray) -> np.ndarray:
    """No number below zero."""
    return np.abs(x)


def of_unit_length(x: np.ndarray) -> np.ndarray:
    """Divided by its length."""
    size = math.sqrt(float(np.sum(np.square(x, dtype=np.float64))))
    return x if not 0 < size < math.inf else (x / size).astype(x.dtype)


STRUCTURES: tuple[Callable[[np.ndarray], np.ndarray] | None, ...] = (
    *[None] * 6,
    in_order,
    negative,
    positive,
    constant,
    tied,
    constant_rows,
    one_hot,
    with_zeros,
    reversed_order,
    of_unit_length,
)
"""Structures of arrays, each as likely; the first is the simplest."""

STRUCTURES_OF_MANY = (*[None] * 15, *STRUCTURES)
