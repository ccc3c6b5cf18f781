"""Factors and terms of a wrong derivative that are arrays with a name, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations

import numpy as np

from .diagnosis import number_text

Array = np.ndarray
Close = Callable[[Array, Array], bool]
Words = tuple[str, str, bool]
"""A key, a text, and whether the factor is one with a name."""

ALIKE = 1e-6


def factor_words(
    expected: Array,
    found: Array,
    close: Close,
    shape: tuple[int, ...],
    values: Mapping[str, Array],
) -> Iterator[Words]:
    """Each column of ``found`` as one of ``expected`` times a factor of its own, in words.

    Columns have the given shape; of the values those count that have it, or are single numbers.
    """
    norm = np.sum(expected**2, axis=0)
    known = norm > (1e-9 * np.max(np.abs(expected), initial=0)) ** 2
    if np.sum(known) < 2 and expected.shape[1] > 1:
        return
    with np.errstate(all="ignore"):
        factors = np.where(known, np.sum(expected * found, axis=0) / np.where(known, norm, 1), 1.0)
    if not np.any(known) or not close(found, expected * factors):
        return
    if expected.shape[1] > 1 and np.ptp(factors[known]) <= ALIKE * np.max(np.abs(factors)):
        return
    named = list(named_factor(factors, known, shape, values))
    for key, text in named[:1]:
        yield key, text, True
    if named or expected.shape[1] < 2:
        return
    ones = np.abs(factors[known] - 1) <= 1e-6
    if not np.any(ones):
        least, most = number_text(np.min(factors[known])), number_text(np.max(factors[known]))
        text = (
            f"it is wrong element by element (found/expected is between {least} and {most}); what "
            "depends on what is right: the formula of each element is wrong"
        )
        yield "factors", text, False


def named_factor(
    factors: Array, known: Array, shape: tuple[int, ...], values: Mapping[str, Array]
) -> Iterator[tuple[str, str]]:
    """Factors that are a number times a power of a value, or of two, in words."""
    fitting = {}
    for name, value in values.items():
        broadcast = fitted(value, shape)
        if broadcast is not None and np.ptp(broadcast[known]) > 0:
            fitting[name] = broadcast
    for name, v in fitting.items():
        forms = {
            f"times {name}": v,
            f"divided by {name}": reciprocal(v),
            f"times the square of {name}": v**2,
            f"divided by the square of {name}": reciprocal(v**2),
            f"times the size of {name}": np.abs(v),
            f"times 1 - {name}": 1 - v,
            f"divided by 1 - {name}": reciprocal(1 - v),
            f"times 1 + {name}": 1 + v,
            f"divided by 1 + {name}": reciprocal(1 + v),
            f"times 1 - the square of {name}": 1 - v**2,
            f"divided by 1 - the square of {name}": reciprocal(1 - v**2),
            f"divided by 1 + the square of {name}": reciprocal(1 + v**2),
            f"times 1 + the square of {name}": 1 + v**2,
            f"times exp({name})": np.exp(np.minimum(v, 700)),
            f"times exp(-{name})": np.exp(-np.maximum(v, -700)),
            f"times the root of {name}": np.sqrt(np.abs(v)),
            f"divided by the root of {name}": reciprocal(np.sqrt(np.abs(v))),
        }
        yield from matching(forms, factors, known)
    for one, other in permutations(fitting, 2):
        yield from matching(
            {f"with {one} in place of {other}": fitting[one] * reciprocal(fitting[other]),
             f"times {one} and {other}": fitting[one] * fitting[other]},
            factors, known,
        )  # fmt: skip


def matching(forms: Mapping[str, Array], factors: Array, known: Array) -> Iterator[tuple[str, str]]:
    """The forms that a number times is the factors."""
    for text, form in forms.items():
        a, b = form[known], factors[known]
        if not np.all(np.isfinite(a)) or (np.ptp(a) == 0 and a.size > 1):
            continue
        ratio = float(a @ b / (a @ a)) if np.any(a) else 0.0
        if ratio == 0 or np.max(np.abs(b - ratio * a)) > ALIKE * np.max(np.abs(b)):
            continue
        if a.size < 2 and abs(ratio - 1) > ALIKE:
            continue
        hint = (
            f": a factor {text.split(' ', 2)[-1]} is missing" if text.startswith("divided") else ""
        )
        hint = hint or (": a factor too many" if text.startswith("times") else "")
        number = "" if abs(ratio - 1) <= ALIKE else f", and times {number_text(ratio)}"
        yield f"{text} {ratio:.4g}", f"found is expected {text}{number}{hint}"


def sum_words(
    gap: Array, close: Close, shape: tuple[int, ...], values: Mapping[str, Array]
) -> Iterator[tuple[str, str]]:
    """What was added to a gradient, if it is a number, or a number times an array with a name."""
    if gap.size > 1 and np.any(gap) and close(gap, np.full(gap.shape, np.mean(gap))):
        mean = float(np.mean(gap))
        yield f"plus {mean:.4g}", f"found is expected plus {number_text(mean)} everywhere"
    for name, value in values.items():
        v = fitted(value, shape)
        if v is None or v.size < 2 or np.ptp(v) == 0 or not np.any(v):
            continue
        for text, form in ((name, v), (f"the sign of {name}", np.sign(v))):
            if np.ptp(form) == 0:
                continue
            ratio = float(form @ gap / (form @ form))
            if ratio and close(gap, ratio * form):
                missing = "is missing" if ratio < 0 else "is too many (or a sign is wrong)"
                size = number_text(abs(ratio))
                words = (
                    f"found is expected {'plus' if ratio > 0 else 'minus'} {size} times {text}: "
                )
                yield f"plus {text} {ratio:.4g}", f"{words}that term {missing}"


def fitted(value: Array, shape: tuple[int, ...]) -> Array | None:
    """A value spread over a shape, as a vector; None if it does not fit."""
    if np.asarray(value).dtype.kind != "f":
        return None
    try:
        return np.ravel(np.broadcast_to(value, shape)).astype(float)
    except ValueError:
        return None


def reciprocal(v: Array) -> Array:
    """1 / v, which may be infinite."""
    with np.errstate(all="ignore"):
        return 1 / v
