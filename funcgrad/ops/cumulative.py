"""Cumulative sum, product, maximum and minimum along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.avals import Aval
from ..core.primitive import Case, Primitive
from .families import general, linear, sample
from .indexing import FULL, index
from .joining import concatenate
from .shape import flip
from .sorting import take_along


def _along(axis: int, start: int | None, stop: int | None) -> tuple[Any, ...]:
    return (FULL,) * axis + ((start, stop, None),)


def _cumsum_eval(xp: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        return xp.flip(xp.cumsum(xp.flip(x, axis), axis), axis)
    return xp.cumsum(x, axis)


def _cumsum_abstract(x: Aval, **_: Any) -> Aval:
    return Aval(x.shape, np.cumsum(np.zeros(1, x.dtype)).dtype)


def _cases(dtypes: tuple[str, ...], domain: tuple[float, float] = (-2, 2)) -> Any:
    def cases(rng: Any) -> Any:
        for dtype in dtypes:
            for axis, reverse in ((0, False), (1, True), (1, False)):
                yield Case(sample(rng, (3, 4), dtype, domain), axis=axis, reverse=reverse)

    return cases


cumsum: Primitive = linear(
    "cumsum",
    _cumsum_eval,
    abstract=_cumsum_abstract,
    transpose=lambda ct, _x, *, axis, reverse: cumsum(ct, axis=axis, reverse=not reverse),
    batch=lambda _size, args, _batched, *, axis, reverse: cumsum(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "c16", "i8")),
)


def _cumprod_eval(xp: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        return xp.flip(xp.cumprod(xp.flip(x, axis), axis), axis)
    return xp.cumprod(x, axis)


def _cumprod_jvp(t: Any, _out: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    """Products of (value, tangent) pairs over doubling distances: right where factors are zero."""
    if reverse:
        x, t = flip(x, axes=(axis,)), flip(t, axes=(axis,))
    n, step = x.shape[axis], 1
    while step < n:
        head, tail = _along(axis, None, step), _along(axis, step, None)
        before = _along(axis, None, n - step)
        a, a_t = index(x, key=before), index(t, key=before)
        b, b_t = index(x, key=tail), index(t, key=tail)
        x = concatenate(index(x, key=head), a * b, axis=axis)
        t = concatenate(index(t, key=head), a_t * b + a * b_t, axis=axis)
        step *= 2
    return flip(t, axes=(axis,)) if reverse else t


cumprod: Primitive = general(
    "cumprod",
    _cumprod_eval,
    abstract=lambda x, **_: Aval(x.shape, np.cumprod(np.zeros(1, x.dtype)).dtype),
    jvp=_cumprod_jvp,
    batch=lambda _size, args, _batched, *, axis, reverse: cumprod(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "c16", "i8"), (0.5, 2)),
)


def _cummax_eval(xp: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        return xp.flip(xp.maximum.accumulate(xp.flip(x, axis), axis=axis), axis)
    return xp.maximum.accumulate(x, axis=axis)


def _cummin_eval(xp: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        return xp.flip(xp.minimum.accumulate(xp.flip(x, axis), axis=axis), axis)
    return xp.minimum.accumulate(x, axis=axis)


def first_hits(xp: Any, x: Any, out: Any, *, axis: int, reverse: bool) -> Any:
    """For each running extremum, the position where it first occurred."""
    if reverse:
        x, out = xp.flip(x, axis), xp.flip(out, axis)
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    places = xp.arange(x.shape[axis]).reshape(shape)
    changed = xp.ones(x.shape, bool)
    later = (slice(None),) * axis + (slice(1, None),)
    earlier = (slice(None),) * axis + (slice(None, -1),)
    changed[later] = out[later] != out[earlier]
    found = xp.maximum.accumulate(xp.where(changed, places, 0), axis=axis)
    return x.shape[axis] - 1 - xp.flip(found, axis) if reverse else found


first_hit: Primitive = general(
    "cumulative_argument",
    first_hits,
    abstract=lambda x, out, **_: Aval(x.shape, np.intp),
    batch=lambda size, args, _batched, *, axis, reverse: first_hit(
        *(
            np.broadcast_to(a, (size, *a.shape)) if not b else a
            for a, b in zip(args, _batched, strict=True)
        ),
        axis=axis + 1,
        reverse=reverse,
    ),
    cases=lambda rng: [
        Case(np.array([1.0, 3.0, 2.0, 3.0]), np.array([1.0, 3.0, 3.0, 3.0]), axis=0, reverse=False)
    ],
    nondifferentiable="the result is an index",
)


def _extremum_jvp(t: Any, out: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    return take_along(t, first_hit(x, out, axis=axis, reverse=reverse), axis)


cummax: Primitive = general(
    "cummax",
    _cummax_eval,
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    jvp=_extremum_jvp,
    batch=lambda _size, args, _batched, *, axis, reverse: cummax(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "i8")),
    traits=("masks",),
)
cummin: Primitive = general(
    "cummin",
    _cummin_eval,
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    jvp=_extremum_jvp,
    batch=lambda _size, args, _batched, *, axis, reverse: cummin(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "i8")),
    traits=("masks",),
)
