"""Arrays in memory that other steps than their own lie between: slices, transposes, repetitions.

Where NumPy makes a view, native code does: the operator is evaluated on an array of no size to
speak of, with the steps in question.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...core.jaxpr import Eqn, Literal
from ...ops.families import Elementwise

MOST_BYTES = 1 << 32
"""Views that reach further are not looked for."""


def contiguous_steps(shape: Sequence[int]) -> tuple[int, ...]:
    """The steps, in elements, of an array in C order."""
    steps = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        steps[i] = steps[i + 1] * shape[i + 1]
    return tuple(steps)


def are_contiguous(shape: Sequence[int], steps: Sequence[int]) -> bool:
    """True if elements lie side by side in C order; steps along axes of length 1 do not count."""
    wanted = contiguous_steps(shape)
    return all(n <= 1 or a == b for n, a, b in zip(shape, steps, wanted, strict=True))


def steps_along(shape: Sequence[int], steps: Sequence[int], full: Sequence[int]) -> tuple[int, ...]:
    """The steps along the axes of a shape that an array broadcasts to."""
    own = [0 if n == 1 else s for n, s in zip(shape, steps, strict=True)]
    return (*[0] * (len(full) - len(shape)), *own)


def view(
    e: Eqn, shape: Sequence[int], steps: Sequence[int]
) -> list[tuple[int, tuple[int, ...]]] | None:
    """Offset and steps, in elements, of each result of an operator that only looks elsewhere.

    None where the operator moves elements.
    """
    if not e.primitive.view or len(e.inputs) != 1 or isinstance(e.primitive, Elementwise):
        return None
    if any(a.aval.symbolic or a.aval.size == 0 for a in (*e.inputs, *e.outvars)):
        return None
    if e.primitive.broadcasts:
        return [(0, steps_along(shape, steps, e.outvars[0].aval.shape))]
    if e.primitive.reshapes:
        found = reshaped(shape, steps, e.outvars[0].aval.shape)
        return None if found is None else [(0, found)]
    extra = (1,) if any(not v.aval.shape for v in e.outvars) else ()
    x = _unread(shape, steps, extra)
    if x is None:
        return None
    result = e.primitive.evaluate(np, x, **e.params)
    results = list(result) if e.primitive.multiple else [result]
    if any(type(r) is not np.ndarray or r.flags.owndata for r in results):
        return None
    return [(_address(r) - _address(x), r.strides[: r.ndim - len(extra)]) for r in results]


def permutation(e: Eqn) -> tuple[int, ...] | None:
    """The axis of the operand that each axis of the result is; None if it is anything else."""
    if len(e.inputs) != 1 or len(e.outvars) != 1 or e.primitive.reshapes:
        return None
    shape = e.inputs[0].aval.shape
    if type(e.inputs[0]) is Literal or sorted(e.outvars[0].aval.shape) != sorted(shape):
        return None
    steps = [1 << k for k in range(len(shape))]
    found = view(e, shape, steps)
    if found is None or found[0][0] or sorted(found[0][1]) != steps:
        return None
    return tuple(steps.index(s) for s in found[0][1])


def looked_back(e: Eqn, steps: Sequence[int]) -> tuple[int, ...] | None:
    """The steps of an operand of which a reshape or a transpose with such steps is a view."""
    x, out = e.inputs[0].aval, e.outvars[0].aval
    if len(e.outvars) != 1 or not e.primitive.view or x.size != out.size:
        return None
    if e.primitive.reshapes:
        return reshaped(out.shape, steps, x.shape)
    own = contiguous_steps(x.shape)
    found = view(e, x.shape, own)
    if found is None or found[0][0]:
        return None
    places = {s: k for k, (s, n) in enumerate(zip(own, x.shape, strict=True)) if n > 1}
    made = [0] * len(x.shape)
    for step, seen, n in zip(steps, found[0][1], out.shape, strict=True):
        if n > 1:
            if seen not in places or x.shape[places[seen]] != n:
                return None
            made[places[seen]] = step
    return tuple(made)


def _unread(shape: Sequence[int], steps: Sequence[int], extra: tuple[int, ...]) -> Any:
    """An array of bytes with these steps, of which nothing has been written."""
    reach = [(n - 1) * s for n, s in zip(shape, steps, strict=True)]
    before, after = -sum(r for r in reach if r < 0), sum(r for r in reach if r > 0)
    if before + after > MOST_BYTES:
        return None
    start = np.empty(before + after + 1, np.int8)[before:]
    return as_strided(start, (*shape, *extra), (*steps, *(0 for _ in extra)))


def reshaped(
    shape: Sequence[int], steps: Sequence[int], new: Sequence[int]
) -> tuple[int, ...] | None:
    """The steps of another shape over the same elements; None where there are none."""
    if 0 in shape:
        return contiguous_steps(new)
    old = [(n, s) for n, s in zip(shape, steps, strict=True) if n != 1]
    made: list[int] = []
    left = [n for n in new if n != 1]
    while old:
        group, sizes = [old.pop(0)], [left.pop(0)]
        while (a := _product(n for n, _ in group)) != (b := _product(sizes)):
            if a < b:
                group.append(old.pop(0))
            else:
                sizes.append(left.pop(0))
        for (_, outer), (n, inner) in itertools.pairwise(group):
            if outer != n * inner:
                return None
        step = group[-1][1]
        made += [step * _product(sizes[i + 1 :]) for i in range(len(sizes))]
    found = iter(made)
    return tuple([next(found) if n != 1 else 0 for n in new])


def _product(sizes: Iterable[int]) -> int:
    total = 1
    for n in sizes:
        total *= n
    return total


def _address(x: np.ndarray) -> int:
    return int(x.__array_interface__["data"][0])


def keyed(
    shape: Sequence[int], steps: Sequence[int], key: tuple[Any, ...]
) -> tuple[int, tuple[int, ...], tuple[int, ...]] | None:
    """Offset, shape and steps of what a key of slices, integers and None picks.

    None if that is empty.
    """
    offset, made, moved, axis = 0, [], [], 0
    for k in key:
        if k is None:
            made.append(1)
            moved.append(0)
            continue
        n, step = shape[axis], steps[axis]
        axis += 1
        if isinstance(k, slice):
            places = range(n)[k]
            made.append(len(places))
            moved.append(step * places.step)
            offset += step * places.start if places else 0
        else:
            offset += step * (k + n if k < 0 else k)
    made += shape[axis:]
    if not all(made):
        return None
    return offset, tuple(made), (*moved, *steps[axis:])


class Windows(NamedTuple):
    """An array with gaps and margins, for windows over it.

    Attributes:
        shape: with gaps and margins.
        source: the part of the array that is not cropped.
        target: where it stands in the larger one.
        grows: whether there is anything besides.
    """

    shape: tuple[int, ...]
    source: tuple[slice, ...]
    target: tuple[slice, ...]
    grows: bool


def windows(
    shape: Sequence[int], padding: Sequence[tuple[int, int]], gaps: Sequence[int]
) -> Windows:
    """Where elements stand once there are gaps between them, and margins, which may crop."""
    sizes, source, target = [], [], []
    for n, (low, high), d in zip(shape, padding, gaps, strict=True):
        size = max(0, low + ((n - 1) * d + 1 if n else 0) + high)
        first = max(0, -(low // d))
        count = max(0, min(n - 1, (size - 1 - low) // d) - first + 1)
        start = first * d + low
        sizes.append(size)
        source.append(slice(first, first + count))
        target.append(slice(start, start + (count - 1) * d + 1, d) if count else slice(0, 0))
    grows = any(n != s.stop - s.start for n, s in zip(sizes, source, strict=True))
    return Windows(tuple(sizes), tuple(source), tuple(target), grows)
