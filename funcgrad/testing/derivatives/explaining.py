"""The likely mistake in a derivative: what explains it at the point, and at points close to it.

At one point much may look like an explanation. What is said has to hold for whole Jacobians where
these are small, and again at points around where the derivative is wrong, too.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ..reports.maps import explanations
from ..reports.parts import EXACT, PART, RATIO, WEAK, Explanation, Part
from .differences import (
    Difference,
    Line,
    central_quotient,
    complex_step,
    directional,
    extrapolated,
    moved,
    pack,
    unpack,
)
from .edits import Search
from .functions import Flat, Leaves, entry_scales, host, random_leaf
from .large_arguments import edits_of_arguments
from .other_points import Right, elsewhere
from .rule_edits import mended
from .session import Session

Map = Callable[[Sequence[Any]], Leaves]
"""A claimed derivative at a point, as a function of cotangents or tangents."""

At = Callable[[Sequence[Any]], tuple[Leaves, Map]]
"""From a point to the outputs there, and the claimed derivative."""

COLUMNS = 64
"""Jacobians of arguments of up to so many numbers are looked at."""

ROWS = 64
"""Of more numbers of outputs some random sums are looked at."""

FIRST, ROWS_OF_FEW = 2.0**-8, 3
"""The first of few steps of differences, and their number."""

DIFFERENT = 6
"""What is found at one point alone counts if it explains so many different numbers."""

SUMS = 6
SECONDS = 3.0
"""The time after which no more points are looked at."""

NOTHING = Explanation(WEAK, "", "")

MOVES = (0.25, 0.125, 0.0)
"""How far points around are, relative to the point."""

EDIT, PATHS = EXACT - 1, PART - 1
"""The ranks of an edit of the right derivative, and of one of several paths."""


@dataclass
class Place:
    """A derivative at a point: the right Jacobian and the claimed one, argument by argument."""

    session: Session
    flat: Flat
    outs: Leaves
    claimed: Map
    reverse: bool
    shuffled: bool = False

    @property
    def word(self) -> str:
        """What is claimed."""
        return "cotangent" if self.reverse else "tangent"

    @cached_property
    def lengths(self) -> tuple[list[int], list[int]]:
        """The numbers in each argument and in each output."""
        return [aval_of(x).size for x in self.flat.point], [aval_of(o).size for o in self.outs]

    @cached_property
    def units(self) -> bool:
        """True if rows are numbers of the outputs."""
        return not self.reverse or sum(self.lengths[1]) <= ROWS

    @cached_property
    def weights(self) -> np.ndarray:
        """The rows of what is compared, as sums of outputs."""
        m = sum(self.lengths[1])
        if self.units:
            return np.eye(m)
        return np.random.default_rng(5).standard_normal((SUMS, m))

    @cached_property
    def expected(self) -> np.ndarray:
        """The right Jacobian, by differences; NaN where they do not settle."""
        n = sum(self.lengths[0])
        columns = []
        end = time.monotonic() + SECONDS
        for k in range(n):
            if time.monotonic() > end:
                raise TimeoutError
            unit = np.zeros(n)
            unit[k] = 1.0
            known = slope_along(self.flat, unpack(unit, self.flat.point), self.session.eps)
            columns.append(np.where(known.settled, known.value, np.nan))
        return self.weights @ np.stack(columns, axis=1)

    @cached_property
    def found(self) -> np.ndarray:
        """The claimed Jacobian."""
        n = sum(self.lengths[0])
        if self.reverse:
            rows = [self.claimed(unpacked(w, self.outs)) for w in self.weights]
            return np.stack([pack(row) for row in rows]).reshape(-1, n)
        eye = np.eye(n)
        columns = [pack(self.claimed(unpacked(t, self.flat.point))) for t in eye]
        return np.stack(columns, axis=1)

    def explanations(self, i: int) -> list[Explanation]:
        """What may be wrong with the derivative with respect to one argument."""
        found = list(explanations(self.parts[i]))
        if not self.parts[i].wrong or any(e.rank <= EXACT for e in found):
            return found
        right = slopes_of(self.session, self.flat)
        return [*found, *elsewhere(self.parts, i, self.flat.point, self.outs, right)]

    @cached_property
    def parts(self) -> list[Part]:
        """The derivative with respect to each argument."""
        ends = np.cumsum(self.lengths[0])[:-1]
        right, given = (np.split(x, ends, axis=1) for x in (self.expected, self.found))
        names, shapes = self.flat.in_paths, [aval_of(x).shape for x in self.flat.point]
        values = dict(zip(names, map(host, self.flat.point), strict=True))
        outputs = [aval_of(o).shape for o in self.outs]
        values |= dict(zip(self.flat.out_paths, map(host, self.outs), strict=False))
        sizes: dict[int, str] = {}
        for name, x in reversed(list(values.items())):
            sizes |= {n: f"the length of axis {i} of {name}" for i, n in enumerate(np.shape(x))}
            if np.ndim(x) > 1:
                sizes.setdefault(np.size(x), f"the number of elements of {name}")
        for name, x in zip(names, map(host, self.flat.point), strict=True):
            if np.ndim(x):
                sizes[np.size(x)] = (
                    f"the number of elements of {name}"
                    if np.ndim(x) > 1
                    else f"the length of {name}"
                )
        largest = float(np.max(np.abs(self.expected), initial=0.0))
        found = []
        for name, shape, e, f in zip(names, shapes, right, given, strict=True):
            others = {other: x for other, x in zip(names, right, strict=True) if other != name}
            returned = {other: x for other, x in zip(names, given, strict=True) if other != name}
            tolerance = max(1e-6, 4 * self.session.tolerances.rtol)
            size = float(np.max(np.abs(e), initial=0.0))
            gap = float(np.max(np.abs(e - f), initial=0.0))
            if size and gap <= self.session.tolerances.rtol * size + 1e-12 * largest:
                f = e
            elif gap < 20 * tolerance * size:
                tolerance = gap / (20 * size)
            found.append(
                Part(
                    name,
                    e,
                    f,
                    shape,
                    outputs,
                    tolerance,
                    values,
                    others,
                    returned,
                    sizes,
                    self.units,
                    self.word,
                )
            )  # fmt: skip
        return found


def slope_along(flat: Flat, tangents: Leaves, eps: float | None) -> Difference:
    """The derivative along tangents, by few differences where these are good enough."""
    line = Line(flat, flat.point, tangents)
    with np.errstate(all="ignore"):
        exact = complex_step(line)
        quotient = partial(central_quotient, line)
        rough = extrapolated(quotient, line.unit * FIRST, 4.0, ROWS_OF_FEW)
        size = np.max(np.abs(rough.value), initial=0.0)
        if exact is not None and np.all(np.abs(exact - rough.value) <= 1e-5 * size):
            return replace(rough, value=exact, error=1e-12 * np.abs(exact))
        noise = line.noise() / (line.unit * FIRST * 2.0 ** (1 - ROWS_OF_FEW))
        if np.all(rough.error <= 1e-9 * size + 8 * noise) and np.all(noise <= 1e-9 * (size + 1)):
            natural = np.maximum(line.natural, size)
            return replace(rough, natural=natural)
    return directional(flat, tangents, eps)[1]


def unpacked(vector: np.ndarray, like: Sequence[Any]) -> Leaves:
    """A vector as leaves of the shapes and dtypes of others."""
    parts = []
    for part, x in zip(unpack(vector, like), like, strict=True):
        value = np.asarray(part, aval_of(x).dtype)[()]
        parts.append(value.item() if type(x) in (float, complex) else value)
    return parts


def slopes_of(session: Session, flat: Flat) -> Right:
    """The right slopes of a function that works element by element, at any point."""

    def right(point: Sequence[Any], i: int) -> np.ndarray | None:
        there = replace(flat, point=list(point), staged=None)
        along = [np.zeros(np.shape(x)) for x in point]
        along[i] = np.ones(np.shape(point[i]))
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = slope_along(there, along, session.eps)
        except Exception:  # whatever keeps f from being called there
            return None
        return found.value if np.all(found.settled) else None

    return right


def explain(
    session: Session, flat: Flat, at: At, worst: str, *, reverse: bool
) -> Explanation | None:
    """The likely mistake in a derivative that is wrong at a point, in words.

    Without text if nothing explains it; None if it cannot be looked at so.

    Args:
        session: the run of the checker.
        flat: the function at the point.
        at: the claimed derivatives at any point.
        worst: the path of what is wrong.
        reverse: whether they take cotangents.
    """
    end = time.monotonic() + SECONDS
    try:
        if not small(flat):
            text = edits_of_arguments(flat, *at(flat.point), worst, reverse=reverse)
            return None if text is None else Explanation(EXACT, text, text)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return explained(session, flat, at, end, reverse=reverse)
    except Exception:  # what cannot be computed again at other points has no explanation
        return None


def explained(
    session: Session, flat: Flat, at: At, end: float, *, reverse: bool
) -> Explanation | None:
    """The same, before some time."""
    first = place_at(session, flat, at, flat.point, reverse)
    if first is None:
        return None
    straight = state_words(first) or not_linear(first)
    if straight:
        return Explanation(EXACT, straight, straight)
    around = []
    for k, distance in enumerate(MOVES):
        if time.monotonic() < end:
            other = place_at(session, flat, at, beside(flat, distance, k), reverse)
            if other is not None:
                other.shuffled = not distance
                around.append(other)
    return best_words(first, around)


def explain_state(session: Session, flat: Flat, at: At, *, reverse: bool) -> str | None:
    """Whether a derivative that breaks a law keeps state between calls, in words."""
    try:
        outs, claimed = at(flat.point)
        return state_words(Place(session, flat, outs, claimed, reverse))
    except Exception:  # a rule that cannot be called again has no such words
        return None


def small(flat: Flat) -> bool:
    """True if all arguments are real and hold few numbers."""
    leaves = [aval_of(x) for x in flat.point]
    return all(a.dtype.kind == "f" for a in leaves) and sum(a.size for a in leaves) <= COLUMNS


def beside(flat: Flat, distance: float, seed: int) -> Leaves:
    """A point around, where no numbers are equal or zero."""
    rng = np.random.default_rng(seed)
    return [moved(x, host(random_leaf(rng, x, entry_scales(x))), distance / 2) for x in flat.point]


def place_at(
    session: Session, flat: Flat, at: At, point: Sequence[Any], reverse: bool
) -> Place | None:
    """The derivatives at a point; None where there are none."""
    there = replace(flat, point=list(point), staged=None)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outs, claimed = at(there.point)
            if any(aval_of(o).dtype.kind != "f" for o in outs):
                return None
            place = Place(session, there, outs, claimed, reverse)
            if not np.all(np.isfinite(place.expected)) or not np.all(np.isfinite(place.found)):
                return None
    except Exception:  # whatever keeps f or its rule from being called at another point
        return None
    return place


REPEATED = 8
"""How often a derivative is computed again to see whether it is the same."""


def state_words(place: Place) -> str | None:
    """Words for a derivative that changes from call to call, or changes what it is given."""
    before = pack(place.flat.point)
    like = place.outs if place.reverse else place.flat.point
    rng = np.random.default_rng(7)
    seeds, others = ([random_leaf(rng, x) for x in like] for _ in range(2))
    first = place.claimed([s * 1 for s in seeds])
    kept = pack(first)
    place.claimed(others)
    if not np.array_equal(pack(first), kept, equal_nan=True):
        return "a later call overwrites an earlier result: the rule returns the same buffer again"
    size = float(np.max(np.abs(kept), initial=0.0))
    changed = any(
        np.max(np.abs(pack(place.claimed([s * 1 for s in seeds])) - kept), initial=0.0)
        > 1e-12 * size
        for _ in range(REPEATED)
    )
    if not np.array_equal(pack(place.flat.point), before, equal_nan=True):
        return "the rule writes into an argument: it is overwritten by a call"
    if changed and place.session.nondet_tol == 0:
        return (
            "two calls with the same arguments differ: the rule keeps hidden state, such as a "
            "counter, a cache or random numbers"
        )
    return None


def not_linear(place: Place) -> str | None:
    """Words for a derivative that does not scale with its cotangents or tangents."""
    like = place.outs if place.reverse else place.flat.point
    rng = np.random.default_rng(6)
    seeds = [random_leaf(rng, x) for x in like]
    once = pack(place.claimed([s * 1 for s in seeds]))
    twice = pack(place.claimed([s * 2 for s in seeds]))
    none = pack(place.claimed([s * 0 for s in seeds]))
    size = float(np.max(np.abs(once), initial=0.0))
    word = place.word
    if not np.all(np.isfinite(once)):
        return None
    if np.max(np.abs(none), initial=0.0) > 1e-6 * size:
        if np.max(np.abs(twice - once), initial=0.0) <= 1e-6 * size:
            return f"the {word} is left out: it has to be multiplied with it"
        return f"it is not linear: a term that does not depend on the {word} is added"
    gap = twice - 2 * once
    if np.max(np.abs(gap), initial=0.0) <= 1e-3 * size:
        others = [random_leaf(rng, x) for x in like]
        both = pack(place.claimed([s + t for s, t in zip(seeds, others, strict=True)]))
        apart = both - once - pack(place.claimed(others))
        if np.max(np.abs(apart), initial=0.0) <= 1e-3 * np.max(np.abs(both), initial=0.0):
            return None
        return f"it is not linear in the {word}: a modulus, a sign or a mask of it is taken"
    if np.max(np.abs(twice - 4 * once), initial=0.0) <= 1e-6 * size:
        return f"it is not linear: it is quadratic in the {word}, which is multiplied twice"
    if np.max(np.abs(twice - once), initial=0.0) <= 1e-6 * size:
        return f"it is not linear: the size of the {word} is lost"
    return f"it is not linear in the {word}"


def best_words(first: Place, around: Sequence[Place]) -> Explanation | None:
    """The explanation that says most of those that hold at all places."""
    parts = first.parts
    wrong = [i for i, part in enumerate(parts) if part.wrong]
    if not wrong:
        return None
    beside_it = [place for place in around if not place.shuffled]
    if beside_it and not any(part.wrong for place in beside_it for part in place.parts):
        text = (
            "it is wrong at this point and right at points around: a special value is handled "
            "differently (a zero, equal numbers, a threshold)"
        )
        return Explanation(EXACT + 2, text, text)
    best = [(found, parts[i].name) for i in wrong if (found := words_of(first, around, i))]
    if not best:
        best = [(found, parts[i].name) for i in wrong if (found := words_here(first, around, i))]
    if not best:
        return NOTHING
    found, name = min(best, key=lambda pair: pair[0].rank)
    same = len(best) == len(wrong) and all(e.key == found.key for e, _ in best)
    if len(parts) == 1 or (same and len(wrong) == len(parts)):
        return found
    place = f"the cotangent of {name}" if first.reverse else f"the tangent of {name} alone"
    return replace(found, text=f"in {place}: {found.text}")


def words_of(first: Place, around: Sequence[Place], i: int) -> Explanation | None:
    """What is wrong with the derivative with respect to one argument, at all places."""
    candidates = first.explanations(i)
    for place in around:
        if place.parts[i].wrong and candidates:
            known = {e.key for e in place.explanations(i)}
            candidates = [e for e in candidates if e.key in known]
    edits = edited(first, around, i)
    named = min(candidates, key=lambda e: e.rank, default=NOTHING)
    if edits and named.key.startswith(RATIO):
        number = next((e.text for e in edits if "factor" in e.text), None)
        text = named.text if number is None else f"{named.text}; {number}"
        edits = [replace(named, rank=EXACT, text=text)]
    elif edits and edits[0].rank == PATHS and named.rank < PART:
        edits = [replace(named, text=f"{named.text}; {edits[0].text}", rank=EXACT)]
    if not any(e.rank <= EXACT for e in (named, *edits)):
        both = f"{named.text}; " if named.rank < WEAK else ""
        edits += [replace(e, text=both + e.text) for e in mended_at(first, around, i)]
    return min([*candidates, *edits], key=lambda e: e.rank, default=None)


def mended_at(first: Place, around: Sequence[Place], i: int) -> list[Explanation]:
    """Edits of the claimed rule that make it right at all places."""
    texts: list[str] | None = None
    for place in (first, *around):
        if not place.units or texts == []:
            return []
        if not place.parts[i].wrong:
            continue
        rng = np.random.default_rng(9)
        right = place.parts[i].expected
        values = dict(zip(place.flat.in_paths, map(host, place.flat.point), strict=True))
        values |= dict(zip(place.flat.out_paths, map(host, place.outs), strict=False))
        if place.reverse:
            seeds = [random_leaf(rng, o) for o in place.outs]
            expected = pack(seeds) @ right
            found = mended(place.claimed, seeds, values, expected, lambda g: g[i], texts)
        else:
            seeds = [
                random_leaf(rng, x) if k == i else x * 0 for k, x in enumerate(place.flat.point)
            ]
            expected = right @ pack([seeds[i]])
            found = mended(place.claimed, seeds, values, expected, np.concatenate, texts)
        texts = found
    return [Explanation(EDIT, text, text) for text in texts or []]


def words_here(first: Place, around: Sequence[Place], i: int) -> Explanation | None:
    """The same where a claim holds at one point only: what cannot be chance."""
    if alike(first.parts[i]):
        return None
    candidates = [*first.explanations(i), *(edited(first, (), i) if around else [])]
    return min((e for e in candidates if e.rank <= EXACT), key=lambda e: e.rank, default=None)


def alike(part: Part) -> bool:
    """True if a derivative holds few different numbers, so that much may look like it."""
    numbers = np.abs(part.expected[np.abs(part.expected) > part.limit])
    return np.unique(np.round(numbers / max(part.size, 1e-300), 9)).size < DIFFERENT


def edited(first: Place, around: Sequence[Place], i: int) -> list[Explanation]:
    """Edits of the right derivative that give the claimed one at all places."""
    texts: list[tuple[str, bool]] | None = None
    for place in (first, *around):
        search = Search.of(place.flat, place.outs, place.claimed, i, reverse=place.reverse)
        if search is None:
            return []
        found = search.matching(i, None if texts is None else [t for t, _ in texts])
        texts = found if texts is None else [pair for pair in texts if pair in found]
        if not texts:
            return []
    return [Explanation(PATHS if several else EDIT, text, text) for text, several in texts or []]
