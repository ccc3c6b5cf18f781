"""A right derivative in other places: transposed, reversed, shifted, in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from .parts import EXACT, STRUCTURE, Array, Explanation, Part, Shape

MOST_PERMUTED = 4
MOST_SHIFTS = 20


def transposed_map(part: Part) -> Iterator[Explanation]:
    """The map itself in the place of its transpose."""
    if not part.square or part.close(part.expected, part.expected.T):
        return
    for sign, text in ((1, ""), (-1, ", with the sign flipped")):
        if part.close(part.found, sign * part.expected.T):
            name = "Jacobian" if part.word == "cotangent" else "transpose of the Jacobian"
            stands = "its transpose" if part.word == "cotangent" else "the Jacobian itself"
            yield Explanation(
                EXACT,
                f"transposed {sign}",
                f"found is the {name} times the {part.word}, where {stands} belongs{text}: a "
                "matrix is not transposed (or a permutation, a shift or a sum runs the wrong way)",
            )


def moved(part: Part) -> Iterator[Explanation]:
    """Axes in another order, reversed, or shifted: of the argument, or of the output."""
    rows = part.expected.shape[0]
    yield from moved_along(part, (rows, *part.shape), 1, "found is expected")
    if part.units and len(part.outputs) == 1 and part.outputs[0]:
        shape = part.outputs[0]
        text = f"found is that of the output's {part.word}"
        if part.word == "cotangent":
            yield from moved_along(part, (*shape, part.expected.shape[1]), 0, text)


def moved_along(part: Part, shape: Shape, first: int, text: str) -> Iterator[Explanation]:
    """Moves along the axes of the argument (first = 1) or of the output (first = 0)."""
    count = len(shape) - 1
    axes_of = tuple(range(first, first + count))
    expected, found = part.expected.reshape(shape), part.found.reshape(shape)
    for order in permutations(range(count)) if 1 < count <= MOST_PERMUTED else ():
        inner = [axes_of[i] for i in order]
        whole = [0, *inner] if first else [*inner, count]
        if list(order) != list(range(count)) and part.close(found, np.transpose(expected, whole)):
            name = "transposed" if count == 2 else f"with its axes in the order {order}"
            name += "" if first else ", or summed over another axis"
            yield Explanation(EXACT, f"axes {order} {first}", f"{text} {name}")
    for k, axis in enumerate(axes_of):
        if shape[axis] < 2:
            continue
        if shape[axis] > 2 and part.close(found, np.flip(expected, axis)):
            words = f"{text} in reverse along axis {k}"
            yield Explanation(EXACT, f"flip {k} {first}", words)
        for by in range(1, min(shape[axis], MOST_SHIFTS)):
            if part.close(found, np.roll(expected, by, axis)):
                short = by - shape[axis] if 2 * by > shape[axis] else by
                words = f"{text} shifted by {short} along axis {k}"
                yield Explanation(EXACT, f"roll {short} {k} {first}", words)
        if shape[axis] > 2:
            yield from moved_by_one(part, np.moveaxis(expected, axis, 0),
                                    np.moveaxis(found, axis, 0), k, text)  # fmt: skip


def moved_by_one(
    part: Part, expected: Array, found: Array, axis: int, text: str
) -> Iterator[Explanation]:
    """A shift by one place that leaves out what is at the ends."""
    for by, there, here in ((1, found[1:], expected[:-1]), (-1, found[:-1], expected[1:])):
        numbers = np.unique(np.round(here[np.abs(here) > part.limit] / (part.size or 1), 9))
        if numbers.size > 1 and part.close(there, here):
            words = f"{text} shifted by {by} along axis {axis}, the ends left out"
            yield Explanation(STRUCTURE, f"shift {by} {axis} {words}", words)
