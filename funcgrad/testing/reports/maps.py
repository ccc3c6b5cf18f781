"""A wrong derivative of one argument as a linear map beside the right one, in words.

Rows belong to numbers of the outputs, or to cotangents, and columns to numbers of the argument.
What is said of one point may be chance: ``Explanation.key`` is what has to be found at others, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations

import numpy as np

from .diagnosis import number_text
from .factors import factor_words, sum_words

Array = np.ndarray
Shape = tuple[int, ...]

EXPLAINED = 20.0
"""How many times closer an explanation comes to what was found than what was expected does."""

EXACT, FACTOR, STRUCTURE, NUMBER, PART, WEAK = 1, 2, 3, 5, 7, 8
"""How much an explanation says; less is more."""

RATIO = "ratio "
"""How the keys of numbers begin that the whole is multiplied by."""

MOST_PERMUTED = 4
MOST_SHIFTS = 20


@dataclass(frozen=True)
class Explanation:
    """What a mistake may be: the less its rank the more it says, and the same key is the same."""

    rank: int
    key: str
    text: str


@dataclass(frozen=True)
class Part:
    """The derivative with respect to one argument at one point.

    ``values`` are arrays that stand in formulas by name, ``others`` the right matrices of other
    arguments and ``given`` those found, ``sizes`` the lengths of axes with words for them. With
    ``units`` each row belongs to one number of the outputs, whose shapes are ``outputs``.
    """

    name: str
    expected: Array
    found: Array
    shape: Shape
    outputs: Sequence[Shape]
    tolerance: float
    values: Mapping[str, Array] = field(default_factory=dict)
    others: Mapping[str, Array] = field(default_factory=dict)
    given: Mapping[str, Array] = field(default_factory=dict)
    sizes: Mapping[int, str] = field(default_factory=dict)
    units: bool = True
    word: str = "cotangent"

    @cached_property
    def size(self) -> float:
        """The largest number that is expected."""
        return float(np.max(np.abs(self.expected), initial=0.0))

    @cached_property
    def gap(self) -> float:
        """The largest difference."""
        return float(np.max(np.abs(self.found - self.expected), initial=0.0))

    @cached_property
    def limit(self) -> float:
        """How close an explanation has to come."""
        return min(self.tolerance * max(self.size, self.gap), self.gap / EXPLAINED)

    @property
    def wrong(self) -> bool:
        """True if the derivative is wrong."""
        return self.gap > self.tolerance * self.size

    def close(self, a: Array, b: Array) -> bool:
        """True if two arrays are as close as an explanation has to be."""
        return a.shape == b.shape and float(np.max(np.abs(a - b), initial=0.0)) <= self.limit

    @property
    def square(self) -> bool:
        """True if there are as many outputs as numbers of the argument, several."""
        return self.units and self.expected.shape[0] == self.expected.shape[1] > 1


def explanations(part: Part) -> Iterator[Explanation]:
    """What the mistake of a part may be."""
    if not np.all(np.isfinite(part.found)) or not part.wrong:
        return
    constant = False
    for find in FINDERS:
        if constant and find in OF_ELEMENTS:
            continue
        for found in find(part):
            constant = constant or found.key.startswith(RATIO)
            yield found


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


def zeros(part: Part) -> Iterator[Explanation]:
    """Nothing where something is expected, and the other way round."""
    if part.size == 0:
        text = "expected is zero everywhere: the output does not change with it"
        yield Explanation(PART, "expected zero", text)
    elif not np.any(part.found):
        text = "found is zero everywhere: a term is missing, or a gradient is stopped"
        yield Explanation(EXACT + 1, "found zero", text)


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


def most_in_rows(matrix: Array) -> int:
    """The largest number of entries that are not zero in a row."""
    return int(np.max(np.sum(np.abs(matrix) > 1e-12 * np.max(np.abs(matrix)), axis=1), initial=0))


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
                f"{what}: a mean taken for a sum?",
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


def diagonal_only(part: Part) -> Iterator[Explanation]:
    """Right where it is not zero, and zero elsewhere; or right but where zero is expected."""
    e, f, tiny = part.expected, part.found, part.limit
    if not np.any(f) or e.shape[0] < 2:
        return
    missing = (np.abs(f) <= tiny) & (np.abs(e) > tiny)
    if np.any(missing) and part.close(np.where(missing, e, f), e):
        yield from where_missing(part, missing)
    extra = (np.abs(e) <= tiny) & (np.abs(f) > tiny)
    if np.any(extra) and part.close(np.where(extra, e, f), e) and not np.all(extra):
        where = pattern(part, extra)
        if part.square and not np.any(np.diagonal(extra)) and part.close(
            e, np.diag(np.diagonal(e))
        ):  # fmt: skip
            where = "between different elements"
        yield Explanation(
            STRUCTURE if where else PART,
            f"extra {where}",
            f"found has terms where expected is zero{', ' + where if where else ''}; the others "
            "agree",
        )


def mixing(part: Part) -> Iterator[Explanation]:
    """Parts along an axis that are independent, and are mixed; or the other way round."""
    if not part.units or len(part.outputs) != 1 or part.word != "cotangent":
        return
    out = part.outputs[0]
    for axis in range(min(len(out), len(part.shape))):
        for a, b in {(axis, axis), (axis - len(out), axis - len(part.shape))}:
            n = out[a]
            if n < 2 or n != part.shape[b]:
                continue
            i, k = a % len(out), len(out) + b % len(part.shape)
            apart = ~np.eye(n, dtype=bool)
            between = [
                np.max(np.abs(np.moveaxis(m.reshape(*out, *part.shape), (i, k), (0, 1))[apart]),
                       initial=0.0)
                for m in (part.expected, part.found)
            ]  # fmt: skip
            if between[0] <= part.limit < between[1]:
                text = (
                    f"found mixes parts along axis {i}, which do not depend on each other: a sum "
                    "or a mean runs over the wrong axis"
                )
                yield Explanation(STRUCTURE, f"mixes {i}", text)
            if between[1] <= part.limit < between[0] and len(part.shape) > 1:
                text = (
                    f"found misses what parts along axis {i} do to each other: the term of a sum "
                    "or a mean over that axis is missing"
                )
                yield Explanation(STRUCTURE + 1, f"unmixed {i}", text)


def where_missing(part: Part, missing: Array) -> Iterator[Explanation]:
    """What is missing, if all else is right."""
    n = part.expected.shape[1]
    rows = np.all(missing | (np.abs(part.expected) <= part.limit), axis=1)
    columns = np.all(missing | (np.abs(part.expected) <= part.limit), axis=0)
    if part.square:
        off = ~np.eye(n, dtype=bool)
        on = np.abs(part.expected) > part.limit
        if np.array_equal(missing, off & on):
            text = (
                "only the diagonal of the Jacobian is there: what each element does to the other "
                "outputs is missing (as of a softmax, a norm or a mean)"
            )
            yield Explanation(STRUCTURE, "diagonal only", text)
            return
        if np.array_equal(missing, ~off & on):
            text = (
                "the diagonal of the Jacobian is missing: what each element does to its own output"
            )
            if not np.any(np.triu(part.expected, 1)) or not np.any(np.tril(part.expected, -1)):
                text += " (a cumulative sum is shifted by one place)"
            yield Explanation(STRUCTURE, "no diagonal", text)
            return
    used = np.any(part.expected, axis=1)
    if part.units and np.array_equal(
        missing, (rows & used)[:, None] & (np.abs(part.expected) > part.limit)
    ):
        where = outputs_text(part, np.flatnonzero(rows & used))
        kept = outputs_text(part, np.flatnonzero(~rows & used))
        text = f"only {kept} of the output's {part.word} counts: a sum is missing" if kept else ""
        text = text or f"{where} of the output's {part.word} is lost"
        if where or kept:
            yield Explanation(STRUCTURE, text, text)
            return
    where = pattern(part, missing)
    count = int(np.sum(columns & np.any(missing, axis=0)))
    text = "found is zero where it should not be, the others agree"
    if where:
        text = f"found is zero {where}, the others agree"
    yield Explanation(STRUCTURE if where else PART, f"missing {where or count}", text)


def outputs_text(part: Part, rows: Array) -> str:
    """Some numbers of the outputs in words, or none if they are many and of no pattern."""
    start = 0
    for k, shape in enumerate(part.outputs):
        size = int(np.prod(shape))
        inside = rows[(rows >= start) & (rows < start + size)] - start
        if inside.size == rows.size > 0:
            which = f" of output[{k}]" if len(part.outputs) > 1 else ""
            if inside.size == size:
                return f"output[{k}]" if len(part.outputs) > 1 else ""
            mask = np.zeros(size, bool)
            mask[inside] = True
            where = along_axis(mask.reshape(shape))
            return f"the {where}{which}" if where else ""
        start += size
    return ""


def along_axis(mask: Array) -> str:
    """A mask in words if it is one end of an axis, or a diagonal."""
    for axis in range(mask.ndim):
        n = mask.shape[axis]
        rows = np.moveaxis(mask, axis, 0).reshape(n, -1)
        if n < 2 or not np.all(np.all(rows, axis=1) == np.any(rows, axis=1)):
            continue
        chosen = np.flatnonzero(rows[:, 0])
        if chosen.size == 1 and chosen[0] == 0:
            return f"first part along axis {axis}"
        if chosen.size == 1 and chosen[0] == n - 1:
            return f"last part along axis {axis}"
        if chosen.size == n - 1 and chosen[0] == 1:
            return f"part but the first along axis {axis}"
        if chosen.size == n - 1 and chosen[-1] == n - 2:
            return f"part but the last along axis {axis}"
        if chosen.size == 1:
            return f"part at {int(chosen[0])} along axis {axis}"
    if mask.ndim == 2 and mask.shape[0] == mask.shape[1]:
        eye = np.eye(mask.shape[0], dtype=bool)
        names = {
            "diagonal": eye,
            "part off the diagonal": ~eye,
            "upper triangle": np.triu(np.ones_like(eye), 1),
            "lower triangle": np.tril(np.ones_like(eye), -1),
            "upper triangle with the diagonal": np.triu(np.ones_like(eye)),
            "lower triangle with the diagonal": np.tril(np.ones_like(eye)),
        }
        for name, other in names.items():
            if np.array_equal(mask, other):
                return name
    return ""


def pattern(part: Part, places: Array) -> str:
    """Where in the argument some entries are, in words; empty if there is no pattern."""
    columns = np.any(places, axis=0)
    relevant = np.abs(part.expected) + np.abs(part.found) > part.limit
    whole = np.array_equal(places, relevant & columns[None, :])
    if not whole or np.all(columns):
        return ""
    return places_text(part, columns, np.any(relevant, axis=0))


def places_text(part: Part, columns: Array, relevant: Array) -> str:
    """Some entries of the argument in words: by their values or their places, if that is clear."""
    values = of_values(part, columns, relevant)
    where = along_axis(columns.reshape(part.shape)) if part.shape else ""
    if values and where:
        return ""  # at a point with other values it will be one of both
    return f"in the {where}" if where else values


def of_values(part: Part, columns: Array, relevant: Array) -> str:
    """The sign, or the side of a threshold, of the entries in some columns."""
    for name, value in part.values.items():
        if np.shape(value) != part.shape:
            continue
        flat = np.ravel(value)
        inside, outside = flat[columns], flat[~columns & relevant]
        if not inside.size or not outside.size:
            continue
        tests = {
            f"where {name} is negative": (np.all(inside < 0), np.all(outside >= 0)),
            f"where {name} is positive": (np.all(inside > 0), np.all(outside <= 0)),
            f"where {name} is zero": (np.all(inside == 0), np.all(outside != 0)),
        }
        for text, (one, other) in tests.items():
            if one and other:
                return text
        if inside.size + outside.size < 4:
            continue
        if np.max(inside) < np.min(outside):
            return f"where {name} is small"
        if np.min(inside) > np.max(outside):
            return f"where {name} is large"
        if np.max(np.abs(inside)) < np.min(np.abs(outside)):
            return f"where {name} is close to 0"
        if np.min(np.abs(inside)) > np.max(np.abs(outside)):
            return f"where {name} is far from 0"
    return ""


def alike_outputs(part: Part) -> Iterator[Explanation]:
    """A derivative that does not know which output a cotangent belongs to."""
    if not part.units or part.expected.shape[0] < 2 or part.word != "cotangent":
        return
    f = part.found
    if np.any(f) and part.close(f, np.broadcast_to(f[:1], f.shape)):
        same = part.close(part.expected, np.broadcast_to(part.expected[:1], f.shape))
        if not same:
            text = "all elements of the output's cotangent have the same effect: it is summed first"
            yield Explanation(STRUCTURE, "summed cotangent", text)


def by_factors(part: Part) -> Iterator[Explanation]:
    """Each column, or each row, times a factor of its own."""
    many = part.expected.shape[0] > 1
    found = factor_words(part.expected, part.found, part.close, part.shape, part.values)
    for key, text, sure in found:
        if sure:
            yield Explanation(STRUCTURE, key, text)
        elif many and part.expected.shape[1] > 1:
            yield Explanation(WEAK, key, text)
    if part.units and len(part.outputs) == 1 and many and part.word == "cotangent":
        other = factor_words(
            part.expected.T, part.found.T, part.close, part.outputs[0], part.values
        )
        for key, text, sure in other:
            if sure:
                words = text.replace("found is", "found is, before the chain rule goes on,")
                yield Explanation(STRUCTURE + 1, f"output {key}", words)


def by_sums(part: Part) -> Iterator[Explanation]:
    """A term too many or too few."""
    gap = part.found - part.expected
    for name, other in part.others.items():
        for sign, text in ((1, "is added to"), (-1, "is taken from")):
            if other.shape == gap.shape and np.any(other) and part.close(gap, sign * other):
                words = f"the {part.word} of {name} {text} it"
                yield Explanation(STRUCTURE, words, words)
    alone = part.square and all(
        part.close(m, np.diag(np.diagonal(m))) for m in (part.expected, part.found)
    )
    if part.expected.shape[0] == 1 or alone:
        each = np.diagonal(gap) if alone else gap[0]
        for key, text in sum_words(each, part.close, part.shape, part.values):
            yield Explanation(STRUCTURE, key, text)
    yield from by_terms(part, gap)


def by_terms(part: Part, gap: Array) -> Iterator[Explanation]:
    """What kind of term is wrong: one that is the same along an axis, or only on the diagonal."""
    rows, shape = gap.shape[0], part.shape
    many = rows > 1
    for axis, n in enumerate(shape):
        whole = gap.reshape(rows, *shape)
        if n < 2 or not many:
            continue
        mean = np.broadcast_to(np.mean(whole, axis=axis + 1, keepdims=True), whole.shape)
        own = part.expected.reshape(rows, *shape)
        flat = np.broadcast_to(np.mean(own, axis=axis + 1, keepdims=True), whole.shape)
        if part.close(whole, mean) and not part.close(own, flat):
            text = (
                f"what is wrong is the same along axis {axis}: the term of a mean or a sum over "
                "that axis is missing or wrong"
            )
            yield Explanation(STRUCTURE + 2, f"same along {axis}", text)
    if part.square and not part.close(part.expected, np.diag(np.diagonal(part.expected))):
        if part.close(gap, np.diag(np.diagonal(gap))) and np.any(gap):
            text = (
                "only the diagonal of the Jacobian is wrong: what each element does directly to "
                "its own output"
            )
            yield Explanation(STRUCTURE + 2, "diagonal wrong", text)
    if min(gap.shape) > 2:
        u, s, _ = np.linalg.svd(gap)
        del u
        if s[1] <= part.limit < s[0]:
            text = (
                "what is wrong goes through a single number (a sum, a mean, a norm or a maximum): "
                "that term is missing or wrong"
            )
            yield Explanation(WEAK, "rank one", text)


def partly(part: Part) -> Iterator[Explanation]:
    """Only some columns are wrong."""
    gap = np.abs(part.found - part.expected)
    own = np.max(np.abs(part.expected), axis=0)
    wrong = np.max(gap, axis=0) > part.tolerance * np.maximum(own, 1e-9 * part.size)
    count, n = int(np.sum(wrong)), wrong.size
    relevant = np.any(np.abs(part.expected) + np.abs(part.found) > part.limit, axis=0)
    if not 0 < count < n:
        return
    where = places_text(part, wrong, relevant)
    inner = Part(
        part.name,
        part.expected[:, wrong],
        part.found[:, wrong],
        (count,),
        part.outputs,
        part.tolerance,
        {k: np.ravel(v)[wrong] for k, v in part.values.items() if np.shape(v) == part.shape},
        sizes=part.sizes,
        units=False,
    )
    finders = (zeros, signs, multiplied, *((by_factors,) if count > 3 else ()))
    rest = [e for find in finders for e in find(inner) if e.rank < WEAK]
    text = f"{count} of {n} elements differ{', ' + where if where else ''}, the others agree"
    key = f"part {where}"
    for _, words in sum_words(
        (inner.found - inner.expected)[0], inner.close, inner.shape, inner.values
    ) if part.expected.shape[0] == 1 and not rest else ():  # fmt: skip
        rest.append(Explanation(STRUCTURE, words, words))
    if rest:
        best = min(rest, key=lambda e: e.rank)
        text, key = f"{text}; among those that differ: {best.text}", f"{key} {best.key}"
    yield Explanation(STRUCTURE if where and rest else PART, key, text)


FINDERS: Sequence[Callable[[Part], Iterator[Explanation]]] = (
    zeros,
    signs,
    exchanged,
    transposed_map,
    multiplied,
    moved,
    inverted,
    diagonal_only,
    chosen_few,
    mixing,
    alike_outputs,
    by_factors,
    by_sums,
    partly,
)

OF_ELEMENTS = (by_factors, by_sums, partly)
"""What need not be asked where the whole is multiplied by a number."""
