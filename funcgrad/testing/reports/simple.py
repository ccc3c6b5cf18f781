"""Signs, numbers and exchanges: what a wrong derivative is as a whole, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .diagnosis import number_text
from .parts import (
    EXACT,
    FACTOR,
    NUMBER,
    PART,
    RATIO,
    STRUCTURE,
    Array,
    Explanation,
    Part,
    most_in_rows,
)

FEW = 4
"""Lengths up to this may be numbers of a formula."""


def zeros(part: Part) -> Iterator[Explanation]:
    """Nothing where something is expected, and the other way round."""
    if part.size == 0:
        text = "expected is zero everywhere: the output does not change with it"
        yield Explanation(PART, "expected zero", text)
    elif not np.any(part.found):
        text = "found is zero everywhere: a term is missing, or a gradient is stopped"
        yield Explanation(EXACT + 1, "found zero", text)


def inverted(part: Part) -> Iterator[Explanation]:
    """Something exactly where zero is expected."""
    e, f = np.abs(part.expected) > part.limit, np.abs(part.found) > part.limit
    columns = np.any(e, axis=0), np.any(f, axis=0)
    opposite = np.array_equal(columns[0], ~columns[1])
    if part.units and opposite and np.any(columns[0]) and np.any(columns[1]):
        text = (
            "found is zero where expected is not, and the other way round: a mask or a condition "
            "is replaced by its opposite"
        )
        yield Explanation(STRUCTURE, "inverted", text)


def signs(part: Part) -> Iterator[Explanation]:
    """The sign."""
    if part.close(part.found, -part.expected):
        text = "the sign is flipped: found = -expected everywhere"
        yield Explanation(EXACT, "sign", text)


def exchanged(part: Part) -> Iterator[Explanation]:
    """The derivative with respect to another argument."""
    if part.close(part.found, -part.expected):
        return
    for name, other in part.others.items():
        found = part.found
        if other.shape != found.shape:  # of arguments that are broadcast, element by element
            if not part.units or max(map(most_in_rows, (found, other, part.expected))) > 1:
                continue
            found, other = np.sum(found, axis=1), np.sum(other, axis=1)
        for sign, text in ((1, ""), (-1, "minus ")):
            if np.any(other) and part.close(found, sign * other):
                back = part.given.get(name)
                both = back is not None and exchanged_back(part, back)
                text += f"the {part.word} of {name}"
                text += ": two arguments are exchanged" if both else ""
                yield Explanation(EXACT - 1, f"exchanged {name} {sign} {both}", f"found is {text}")


def exchanged_back(part: Part, back: Array) -> bool:
    """True if what is found of the other argument is what is expected of this one."""
    if back.shape == part.expected.shape:
        return part.close(back, part.expected)
    return part.close(np.sum(back, axis=1), np.sum(part.expected, axis=1))


def multiplied(part: Part) -> Iterator[Explanation]:
    """A number times what is expected."""
    norm = float(np.sum(part.expected**2))
    if norm == 0 or part.expected.size == 0:
        return
    ratio = float(np.sum(part.expected * part.found)) / norm
    if abs(ratio) < 1e-9 or not part.close(part.found, ratio * part.expected):
        return
    if abs(ratio + 1) < 1e-6:
        return
    for size, what in part.sizes.items():
        if size > 2 and abs(ratio * size - 1) < 1e-5:
            yield Explanation(
                FACTOR,
                f"{RATIO}1/{what}",
                f"found/expected is {number_text(ratio)} everywhere: that is 1/{size}, one over "
                f"{what}: a mean taken for a sum{other_factor(size)}?",
            )
            return
        if size > 2 and abs(ratio / size - 1) < 1e-5:
            yield Explanation(
                FACTOR,
                f"{RATIO}{what}",
                f"found/expected is {number_text(ratio)} everywhere: that is {what}: a sum taken "
                "for a mean?",
            )
            return
    known = meaning(ratio)
    rank = FACTOR if known else NUMBER
    text = f"found/expected is {number_text(ratio)} everywhere{known}"
    yield Explanation(rank, f"{RATIO}{ratio:.5g}", text)


def other_factor(size: int) -> str:
    """What else a small length may be."""
    return f", or a factor {size} left out" if size <= FEW else ""


def meaning(ratio: float) -> str:
    """A simple number in words."""
    size, sign = abs(ratio), "minus " if ratio < 0 else ""
    for k in range(2, 101):
        if abs(size * k - 1) < 1e-6:
            return f": that is {sign}1/{k}" + (", a factor 2 is missing" if k == 2 else "")
        if abs(size / k - 1) < 1e-6:
            return f": a factor {sign}{k} too many"
    for k in (2, 3, 5, 7):
        for text, value in ((f"the root of {k}", k**0.5), (f"1/root of {k}", k**-0.5)):
            if abs(size / value - 1) < 1e-6:
                return f": that is {sign}{text}"
    for text, value in (("pi", np.pi), ("1/pi", 1 / np.pi), ("2 pi", 2 * np.pi),
                        ("1/(2 pi)", 0.5 / np.pi), ("log 2", np.log(2)), ("1/log 2", 1 / np.log(2)),
                        ("log 10", np.log(10)), ("1/log 10", 1 / np.log(10)),
                        ("pi/180", np.pi / 180), ("180/pi", 180 / np.pi)):  # fmt: skip
        if abs(size / value - 1) < 1e-6:
            return f": that is {sign}{text}"
    return ""


def chosen_few(part: Part) -> Iterator[Explanation]:
    """One element of each row where many count, or all elements alike."""
    e, f = part.expected, part.found
    if e.shape[1] < 3 or not part.units:
        return
    used = np.abs(f) > part.limit
    rows = np.abs(e) > part.limit
    some = np.any(rows, axis=1)
    one = np.all(np.sum(used[some], axis=1) == 1) and np.all(np.sum(rows[some], axis=1) > 2)
    if np.any(some) and one:
        text = "only one element counts (as the largest or the last one): the others are missing"
        if np.array_equal(np.nonzero(used)[0], np.nonzero(used)[1]):
            text = "each element counts for itself only: what they do to one another (by a sum, a "
            text += "norm or a maximum) is missing"
        yield Explanation(STRUCTURE, "one element", text)
    sizes = np.sum(f[some], axis=1, keepdims=True) / np.maximum(
        np.sum(used[some], axis=1, keepdims=True), 1
    )
    where = np.array_equal(used[some], rows[some]) and np.any(some)
    if where and np.all(np.sum(used[some], axis=1) > 2):
        like = np.where(used[some], sizes, 0)
        if part.close(f[some], like) and not part.close(
            e[some], np.where(rows[some], np.sum(e[some], axis=1, keepdims=True)
                              / np.sum(rows[some], axis=1, keepdims=True), 0)
        ):  # fmt: skip
            text = (
                "found is the same for all elements, expected is not: the weights of a sum are "
                "missing, or replaced by equal ones"
            )
            yield Explanation(STRUCTURE, "uniform", text)
