"""Linear and bilinear operators, exactly: operands are cut into slices of few bits.

Products and sums of slices are integers times one power of two, small enough for float64, so the
operator itself computes them without error: sums, matrix products, convolutions and cumulative sums
alike. Source: Ozaki, Ogita, Oishi and Rump, Error-free transformations of matrix multiplication by
using fast routines of matrix multiplication and its applications (2012).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, log2
from typing import Any

import numpy as np

from .numbers import Numbers, Precise, joined

MOST_SLICES = 60
"""More are needed only where elements differ by some hundreds of powers of ten."""


def slices(terms: Sequence[Any], bits: int) -> list[Any] | None:
    """Arrays with the sum of ``terms``, each of integers below 2**bits times a power of two.

    None if there are too many of them.
    """
    terms = [np.array(t, np.float64) for t in terms]
    found: list[Any] = []
    while True:
        top = max(float(np.abs(t).max(initial=0.0)) for t in terms)
        if top == 0.0:
            return found or [np.zeros(terms[0].shape)]
        if len(found) == MOST_SLICES:
            return None
        unit = np.ldexp(1.0, max(int(np.frexp(top)[1]) + 1 - bits, -1074))
        parts = [np.rint(t / unit) * unit for t in terms]
        found.append(np.sum(parts, axis=0))
        terms = [t - part for t, part in zip(terms, parts, strict=True)]


def parts_of(numbers: Numbers[Any], x: Precise) -> list[tuple[complex, list[Any]]]:
    """Real terms of an array, with the unit they count: 1, and 1j for a complex one."""
    terms = numbers.terms(x)
    if terms[0].dtype.kind != "c":
        return [(1, terms)]
    return [(1, [t.real for t in terms]), (1j, [t.imag for t in terms])]


def summed(
    numbers: Numbers[Any], apply: Callable[..., Any], operands: Sequence[Precise], complex_out: bool
) -> Precise | None:
    """The result of an operator that is linear in each of one or two operands.

    Args:
        numbers: the kind of numbers.
        apply: the operator on float64 arrays.
        operands: one or two precise arrays; all elements finite.
        complex_out: whether the result is complex.

    Returns:
        The result; None if the magnitudes of the elements differ too much.
    """
    size = min(int(np.prod(x.shape)) for x in operands)
    room = 52 - ceil(log2(max(size, 2)))
    bits = room if len(operands) == 1 else room // 2
    scales = [numbers.exponent(x) for x in operands]  # products must not overflow or vanish
    operands = [numbers.scaled(x, -s) for x, s in zip(operands, scales, strict=True)]
    real: list[Any] = []
    imag: list[Any] = []
    for combination in product_of([parts_of(numbers, x) for x in operands]):
        unit = np.prod([u for u, _ in combination])
        target = imag if unit.imag else real
        sign = -1.0 if (unit.real or unit.imag) < 0 else 1.0
        cut = [slices(terms, bits - 1) for _, terms in combination]
        if None in cut:
            return None
        for pieces in product_of(cut):  # type: ignore[arg-type]
            target.append(np.asarray(apply(*pieces)) * sign)
    if not complex_out:
        return numbers.scaled(numbers.total(real), sum(scales))
    result = joined(numbers, numbers.total(real), numbers.total(imag or [0 * real[0]]))
    return numbers.scaled(result, sum(scales))


def product_of(groups: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """All combinations of one member per group."""
    found: list[tuple[Any, ...]] = [()]
    for group in groups:
        found = [(*c, member) for c in found for member in group]
    return found
