"""Factors and terms of a wrong derivative: of each element, of a term, of some elements."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .factors import factor_words, sum_words
from .parts import PART, STRUCTURE, WEAK, Array, Explanation, Part
from .simple import multiplied, signs, zeros
from .where import places_text


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
    text = f"{count} of {n} elements differ, the others agree{': those ' + where if where else ''}"
    key = f"part {where}"
    for _, words in sum_words(
        (inner.found - inner.expected)[0], inner.close, inner.shape, inner.values
    ) if part.expected.shape[0] == 1 and not rest else ():  # fmt: skip
        rest.append(Explanation(STRUCTURE, words, words))
    if rest:
        best = min(rest, key=lambda e: e.rank)
        text, key = f"{text}; among those that differ: {best.text}", f"{key} {best.key}"
    yield Explanation(STRUCTURE if where and rest else PART, key, text)
