"""The likely mistake, in words: what a wrong derivative has in common with the right one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np

from .shapes import diagnose_shapes

Array = np.ndarray
Close = Callable[[Array, Array], bool]

EXPLAINED = 20.0
"""How many times closer an explanation comes to what was found."""


def diagnose(expected: Array, found: Array, tolerance: Array) -> str | None:
    """The mistake that turns ``expected`` into ``found``, if there is an evident one.

    Args:
        expected: the right values.
        found: other values, of the same shape or not.
        tolerance: by how much values may differ, of the shape of ``expected``.

    Returns:
        A sentence, or None.

    >>> x = np.array([1.0, 2.0, 5.0])
    >>> diagnose(x, -x, 1e-9 * x)
    'the sign is flipped: found = -expected everywhere'
    """
    if expected.shape != found.shape:
        return _of_shapes(expected, found, tolerance)
    if not np.all(np.isfinite(found)):
        bad = int(np.sum(~np.isfinite(found)))
        return f"{bad} of {found.size} elements found are infinite or NaN"
    if not np.any(found):
        return "found is zero everywhere: a term is missing, or a gradient is stopped"
    if np.all(np.abs(expected) <= tolerance):
        return "expected is zero everywhere"

    # What explains a mistake comes much closer to what was found than what was expected does.
    unexplained = np.max(np.abs(found - expected)) / EXPLAINED

    def close(a: Array, b: Array) -> bool:
        limit = np.minimum(4 * tolerance + 1e-6 * np.abs(b), unexplained)
        return bool(np.all(np.abs(a - b) <= limit))

    for find in (_rounding, _simple, _factor, _symmetric, _moved, _shift, _constant_axes):
        text = find(expected, found, close)
        if text:
            return text
    wrong = np.abs(expected - found) > tolerance
    if 0 < np.sum(wrong) < expected.size:
        rest = diagnose(expected[wrong], found[wrong], tolerance[wrong])
        part = f"{np.sum(wrong)} of {expected.size} elements differ, the others agree"
        return f"{part}; among those that differ: {rest}" if rest else part
    return None


def _of_shapes(expected: Array, found: Array, tolerance: Array) -> str | None:
    text = f"found has shape {found.shape}, expected {expected.shape}"
    extra = found.ndim - expected.ndim
    if extra >= 0:
        axes = tuple(range(extra)) + tuple(
            i + extra
            for i, n in enumerate(expected.shape)
            if n == 1 and found.shape[i + extra] != 1
        )
        summed = np.sum(found, axis=axes).reshape(-1)
        if summed.size == expected.size and axes:
            gap = np.abs(summed - expected.reshape(-1))
            if np.all(gap <= 4 * tolerance.reshape(-1) + 1e-6 * np.abs(summed)):
                return f"{text}: the sum over broadcast axes {axes} is missing"
    return f"{text}: {diagnose_shapes(found.shape, expected.shape, [()])}"


def _rounding(expected: Array, found: Array, close: Close) -> str | None:
    size = np.max(np.abs(expected))
    gap = np.max(np.abs(found - expected))
    if expected.dtype.itemsize < 8 or not 1e-10 * size < gap <= 2e-7 * size:
        return None
    single = found.astype(np.complex64 if found.dtype.kind == "c" else np.float32)
    if np.all(single == found):
        return "found has single precision: a value was cast to float32 on the way"
    return "the error is as small as a rounding to float32: a value lost its precision on the way"


def _simple(expected: Array, found: Array, close: Close) -> str | None:
    if close(found, -expected):
        return "the sign is flipped: found = -expected everywhere"
    if "c" in (expected.dtype.kind, found.dtype.kind):
        for text, value in (
            ("the complex conjugate of expected: a conj is missing or too many", expected.conj()),
            ("minus the complex conjugate of expected", -expected.conj()),
            ("the real part of expected: the imaginary part is dropped", np.real(expected) + 0j),
            ("i times expected", 1j * expected),
            ("-i times expected", -1j * expected),
        ):
            if close(found, value):
                return f"found is {text}"
        if close(np.abs(found) + 0j, np.abs(expected) + 0j):
            return "found has the magnitudes of expected and other phases: is a conj missing?"
    return None


def _factor(expected: Array, found: Array, close: Close) -> str | None:
    if expected.size < 2:
        ratio = (found / expected).reshape(-1)[0] if np.all(expected) else None
        return (
            None if ratio is None else f"found/expected is {number_text(ratio)}{_hint(ratio, ())}"
        )
    norm = np.vdot(expected, expected).real
    ratio = np.vdot(expected, found) / norm
    if expected.dtype.kind != "c":
        ratio = ratio.real
    if abs(ratio) < 1e-9 or not close(found, ratio * expected):
        return None
    return f"found/expected is {number_text(ratio)} everywhere{_hint(ratio, expected.shape)}"


def number_text(ratio: complex) -> str:
    """A number with six digits; close to 1, its distance from it."""
    near = complex(ratio)
    if 0 < abs(near - 1) < 1e-4 and abs(near.imag) <= 1e-2 * abs(near - 1):
        return f"1 {'+' if near.real > 1 else '-'} {abs(near.real - 1):.2g}"
    return f"{near.real:.6g}" if abs(near.imag) <= 1e-5 * abs(near) else f"{near:.6g}"


def _hint(ratio: complex, shape: tuple[int, ...]) -> str:
    sizes = {n: f"the length of axis {i}" for i, n in enumerate(shape)}
    sizes[int(np.prod(shape))] = "the number of elements"
    for n, what in sizes.items():
        if n > 2 and abs(ratio - 1 / n) < 1e-5 / n:
            return f": that is 1/{n}, one over {what}: a mean taken for a sum?"
        if n > 2 and abs(ratio - n) < 1e-5 * n:
            return f": that is {what}: a sum taken for a mean?"
    near = complex(ratio).real
    if abs(complex(ratio).imag) > 1e-5 * abs(ratio) or abs(near) < 1e-3:
        return ""
    if abs(near) < 1 and abs(1 / near - round(1 / near)) < 1e-5 and round(1 / near) != 1:
        return f": that is 1/{round(1 / near)}"
    return ""


def _symmetric(expected: Array, found: Array, close: Close) -> str | None:
    if expected.ndim < 2 or expected.shape[-1] != expected.shape[-2] or expected.shape[-1] < 2:
        return None
    both = [(a + np.conj(np.swapaxes(a, -1, -2))) / 2 for a in (found, expected)]
    triangular = not np.any(np.triu(expected, 1)) or not np.any(np.tril(expected, -1))
    if not triangular or not close(*both):
        return None
    return (
        "found and expected agree along symmetric matrices: f reads one triangle, and found is the "
        "derivative with respect to a symmetric matrix; check it with tangents='symmetric'"
    )


def _moved(expected: Array, found: Array, close: Close) -> str | None:
    if expected.size > 10_000 or expected.size < 2:
        return None
    for axes in permutations(range(expected.ndim)) if expected.ndim <= 4 else ():
        turned = np.transpose(expected, axes)
        identity = axes == tuple(range(expected.ndim))
        if not identity and turned.shape == found.shape and close(found, turned):
            name = "transposed" if expected.ndim == 2 else f"with its axes in the order {axes}"
            return f"found is expected {name}"
    for axis in range(expected.ndim):
        if close(found, np.flip(expected, axis)):
            return f"found is expected in reverse along axis {axis}"
        for k in range(1, min(expected.shape[axis], 50)):
            if close(found, np.roll(expected, k, axis)):
                return f"found is expected shifted by {k} along axis {axis}"
    shape = expected.shape
    ordered = [np.sort(a, axis=None).reshape(shape) for a in (found, expected)]
    if expected.ndim and close(*ordered):
        return "found holds the expected values in other places"
    return None


def _shift(expected: Array, found: Array, close: Close) -> str | None:
    if expected.size < 3:
        return None
    gap = np.mean(found - expected)
    if close(found, expected + gap):
        return f"found is expected plus {number_text(complex(gap))} everywhere"
    return None


def _constant_axes(expected: Array, found: Array, close: Close) -> str | None:
    def varying(a: Array) -> tuple[int, ...]:
        return tuple(
            i
            for i, n in enumerate(a.shape)
            if n > 1 and not close(a, np.broadcast_to(np.mean(a, axis=i, keepdims=True), a.shape))
        )

    first, second = varying(expected), varying(found)
    if expected.ndim > 1 and first != second:
        return f"expected varies along axes {first}, found along axes {second}: a wrong axis"
    return None
