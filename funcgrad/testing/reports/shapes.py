"""The likely mistake where a derivative has another shape than its value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations

Shape = tuple[int, ...]


def diagnose_shapes(found: Shape, expected: Shape, outputs: Iterable[Shape] = ()) -> str:
    """The mistake that gives a derivative of one shape for a value of another.

    Args:
        found: the shape of the derivative.
        expected: that of the value.
        outputs: the shapes of the function's results.

    >>> diagnose_shapes((2, 3), (3,), [(2, 3)])
    'the sum over broadcast axes (0,) is missing'
    """
    outputs = list(outputs)
    if any(found == (*out, *expected) for out in outputs if out):
        return (
            "it has the shape of a whole Jacobian: multiply it with the cotangent, and sum over "
            "the axes of the output"
        )
    axes = broadcast_axes(found, expected)
    if axes and (found in outputs or not outputs):
        return f"the sum over broadcast axes {axes} is missing"
    if sorted(found) == sorted(expected):
        return "its axes are in another order: transpose it"
    axes = axes_left_out(found, expected)
    if axes:
        return (
            f"a sum, an index or a mean took axes {axes} away; a value that was summed over "
            "needs its cotangent spread over them"
        )
    if axes_left_out(expected, found):
        axes = axes_left_out(expected, found)
        return (
            f"it has axes {axes} too many: a sum over them is missing, or an outer product "
            "stands for another one"
        )
    return "derivatives have the shape of the value that they belong to"


def broadcast_axes(found: Shape, expected: Shape) -> Shape:
    """The axes to sum over if a value of the expected shape was broadcast to the found one."""
    extra = len(found) - len(expected)
    if extra < 0:
        return ()
    axes = list(range(extra))
    for i, n in enumerate(expected):
        if n == found[i + extra]:
            continue
        if n != 1:
            return ()
        axes.append(i + extra)
    return tuple(axes)


def axes_left_out(found: Shape, expected: Shape) -> Shape:
    """The axes of the expected shape without which it is the found one, or which have size 1."""
    missing = len(expected) - len(found)
    if missing > 0:
        for axes in combinations(range(len(expected)), missing):
            if tuple(n for i, n in enumerate(expected) if i not in axes) == found:
                return axes
    if missing == 0:
        axes = tuple(i for i, (n, m) in enumerate(zip(found, expected, strict=True)) if n != m)
        return axes if all(found[i] == 1 for i in axes) else ()
    return ()


def shapes_in(text: str) -> tuple[Shape, Shape] | None:
    """The found and the expected shape that a message tells, or None."""
    pair = re.search(r"shape \(([\d, ]*)\).*?shape \(([\d, ]*)\)", text)
    if pair is None:
        return None
    first, second = (tuple(int(n) for n in re.findall(r"\d+", g)) for g in pair.groups())
    return first, second
