"""What is missing in a wrong derivative, or is there too much, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .parts import PART, STRUCTURE, Array, Explanation, Part, most_in_rows
from .where import outputs_text, pattern


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
    there = np.abs(part.expected) > part.limit
    spread = part.word == "cotangent" and part.units and most_in_rows(part.expected.T) > 1
    if spread and np.array_equal(missing, (rows & used)[:, None] & there):
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
        text = f"{count} of {n} elements differ, the others agree: found is zero {where}"
    yield Explanation(STRUCTURE if where else PART, f"missing {where or count}", text)


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
