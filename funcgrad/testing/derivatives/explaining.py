"""The likely mistake in a derivative: what explains it at the point, and at points close to it.

At one point much may look like an explanation. What is said has to hold for whole Jacobians where
these are small, and again at points around where the derivative is wrong, too.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ..reports.parts import EXACT, PART, RATIO, WEAK, Explanation, Part
from .edits import Search
from .functions import Flat, Leaves
from .jacobians_here import COLUMNS, SECONDS, At, Place
from .large_arguments import edits_of_arguments
from .leaves import entry_scales, host, random_leaf
from .lines import moved, pack
from .rule_edits import mended
from .session import Session

DIFFERENT = 6
"""What is found at one point alone counts if it explains so many different numbers."""

NOTHING = Explanation(WEAK, "", "")

MOVES = (0.25, 0.125, 0.0)
"""How far points around are, relative to the point."""

EDIT, PATHS = EXACT - 1, PART - 1
"""The ranks of an edit of the right derivative, and of one of several paths."""


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
