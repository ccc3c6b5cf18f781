"""What outputs and derivatives are sums of: rounding errors are in proportion to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ... import arrays
from ...core.dtypes import finfo
from ...core.tracing import aval_of
from ...typing import PyTree
from .leaves import entry_scales, finite_max, host, length, shaken
from .staged import Leaves

STEEPEST = 4e3
"""By so much the terms of a derivative may be larger than its outputs, beside the arguments."""

FINE = 1e-10
"""Numbers of smaller steps have digits to spare."""

CANCELLED = 1e3
"""Outputs are taken for sums of terms up to this many times the largest number seen."""

OF_NOTHING = 1e-2
"""What outputs of zero that stay zero are a sum of, beside the arguments: nothing shows it."""

SHAKES = (2, 2, 4, 8, 16)
"""By how many units in the last place inputs are moved to see the rounding errors of outputs."""

ROUGH_STEPS = (2.0**-24, 2.0**-16)
"""By how much inputs are moved, relative to them, to see outputs that change in jumps."""

ROUGHEST = 1e-5
"""Larger jumps, relative to the largest number seen, are none of rounding."""


class Measured(Sequence[Any]):
    """A list that is computed when it is first looked at: most comparisons do not need sizes."""

    def __init__(self, measure: Callable[[], list[Any]]) -> None:
        self.measure = measure

    @cached_property
    def values(self) -> list[Any]:
        """The list."""
        return self.measure()

    def __getitem__(self, i: Any) -> Any:
        return self.values[i]

    def __len__(self) -> int:
        return len(self.values)


def cotangent_sizes(
    cts: Sequence[Any], values: Sequence[Any], point: Sequence[Any]
) -> list[np.ndarray]:
    """The sizes of the terms of the cotangents of arguments, of outputs of some sizes.

    They are those of the outputs, beside the arguments; where f does not depend on how large these
    are, as a softmax, of the outputs themselves.
    """
    parts = [length(np.abs(host(c)) * np.abs(host(v))) for c, v in zip(cts, values, strict=True)]
    scales = [entry_scales(x) for x in point]
    return [np.sum(parts) * np.clip(s, 1.0, STEEPEST) / s for s in scales]


def value_sizes(call: Callable[[Sequence[Any]], Leaves], point: Sequence[Any]) -> list[np.ndarray]:
    """For each output the size of what it is a sum of, as its rounding errors show it.

    That is its value, or more if it changes by more than its rounding where the inputs do.
    """
    outs = [host(o) for o in call(point)]
    eps = max(float(finfo(x.dtype).eps) for x in (*map(host, point), *outs))
    rng = np.random.default_rng(0)
    sizes = [finite_max(o) for o in outs]
    limit = CANCELLED * max([1.0, *sizes, *(finite_max(host(x)) for x in point)])
    for ulps in SHAKES:
        try:
            with np.errstate(all="ignore"):
                moved = call([shaken(x, rng, ulps) for x in point])
                changes = [finite_max(host(a) - b) for a, b in zip(moved, outs, strict=True)]
        except (ArithmeticError, np.linalg.LinAlgError, ValueError):
            continue
        unit = eps if eps < 1e-10 else eps * ulps  # single precision has no digits to spare
        sizes = [max(s, min(c / unit, limit)) for s, c in zip(sizes, changes, strict=True)]
    jumps = roughness(call, point, outs) if eps < 1e-10 else [0.0] * len(outs)
    jumps = [j if j <= ROUGHEST * limit / CANCELLED else 0.0 for j in jumps]
    sizes = [max(s, j / eps) for s, j in zip(sizes, jumps, strict=True)]
    if not all(sizes):
        scale = max(finite_max(entry_scales(x)) for x in point)
        sizes = [s or OF_NOTHING * scale for s in sizes]
    return [np.asarray(s) for s in sizes]


def roughness(
    call: Callable[[Sequence[Any]], Leaves], point: Sequence[Any], outs: Sequence[np.ndarray]
) -> list[float]:
    """For each output the size of its jumps between close points, 0 if it has none but rounding.

    Fourth differences of a smooth function vanish with the step, those of a kink are in proportion
    to it; where a function computes in single precision inside, or adds to large numbers, they do
    not shrink (Moré and Wild, "Estimating computational noise", 2011).
    """
    rng = np.random.default_rng(1)
    found = [0.0] * len(outs)
    for step in ROUGH_STEPS:  # along each by other parts, lest all of them are single precision's
        signs = [_signs(rng, x) for x in point]
        jumps = jumps_of(call, point, outs, signs, step)
        large = [j > 1e-13 * (1 + finite_max(o)) for j, o in zip(jumps, outs, strict=True)]
        if any(large):  # at steps as large as the distance to a kink it looks like jumps
            more = jumps_of(call, point, outs, signs, 8 * step)
            jumps = [min(a, b) for a, b in zip(jumps, more, strict=True)]
        found = [max(a, b) for a, b in zip(found, jumps, strict=True)]
    return found


def _signs(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Steps of numbers, of 0.3 to 1 in either direction."""
    shape = np.shape(x)
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 1.0, shape)


def jumps_of(
    call: Callable[[Sequence[Any]], Leaves],
    point: Sequence[Any],
    outs: Sequence[np.ndarray],
    signs: Sequence[np.ndarray],
    step: float,
) -> list[float]:
    """The size of the jumps of each output between points that are a step apart, 0 if none."""
    values: dict[int, Sequence[np.ndarray]] = {0: outs}
    try:
        with np.errstate(all="ignore"):
            for k in (-4, -2, -1, 1, 2, 4):
                xs = [_scaled(x, 1 + k * step * s) for x, s in zip(point, signs, strict=True)]
                values[k] = [host(o) for o in call(xs)]
            near, far = fourth_differences(values, 1), fourth_differences(values, 2)
    except (ArithmeticError, np.linalg.LinAlgError, ValueError):
        return [0.0] * len(outs)
    return [
        0.0 if 1.9 * n < f < 2.1 * n or f > 4 * n else n for n, f in zip(near, far, strict=True)
    ]


def fourth_differences(values: dict[int, Sequence[np.ndarray]], step: int) -> list[float]:
    """The largest fourth difference of each output, as if by rounding errors of its size."""
    columns = zip(*(values[k * step] for k in (-2, -1, 0, 1, 2)), strict=True)
    return [finite_max(a - 4 * b + 6 * c - 4 * d + e) / 8 for a, b, c, d, e in columns]


def _scaled(x: PyTree, factor: np.ndarray) -> Any:
    if type(x) in (float, complex):
        return x * float(factor)
    return x * arrays.namespace((x,)).asarray(factor, aval_of(x).dtype)[()]


def steepness_of(eps: float, tangents: Sequence[Any]) -> float:
    """The size of the terms of a derivative, beside that of what the outputs are sums of.

    It is that of the tangents where f does not depend on how large its arguments are: terms that
    cancel leave rounding errors of their size. Single precision has no digits to spare.
    """
    if eps > FINE:
        return 1.0
    largest = max((finite_max(host(t)) for t in tangents), default=1.0)
    return min(max(1.0, largest), STEEPEST)
