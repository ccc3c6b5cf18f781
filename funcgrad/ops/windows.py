"""Sliding windows: their elements as an axis each, and their sum, maximum and minimum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.avals import Aval
from ..core.primitive import Case
from ..core.tracing import aval_of, shape_of
from ..errors import ShapeError
from .arithmetic import mul_strong
from .families import general, linear, sample
from .shape import cast, move_axis, reduce_sum, reshape

# --- geometry ------------------------------------------------------------------------------------


def dilated_size(size: int, dilation: int) -> int:
    """Length of an axis with ``dilation - 1`` gaps between its elements."""
    return (size - 1) * dilation + 1 if size else 0


def window_count(size: int, window: int, stride: int, pad: Any, base: int, dilation: int) -> int:
    """Number of positions of a window along one axis."""
    room = pad[0] + dilated_size(size, base) + pad[1] - dilated_size(window, dilation)
    return max(0, room // stride + 1)


def window_padding(
    padding: Any, sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Padding as one (low, high) pair per axis.

    Args:
        padding: "VALID", "SAME", "SAME_LOWER", or (low, high) pairs, which may be negative.
        sizes: length of each axis.
        windows: length of the (dilated) window along each axis.
        strides: stride of the window along each axis.

    Returns:
        A tuple of pairs.

    Raises:
        ShapeError: the padding is none of these.

    >>> window_padding("SAME", (5, 4), (3, 2), (2, 1))
    ((1, 1), (0, 1))
    """
    if isinstance(padding, str):
        name = padding.upper()
        if name == "VALID":
            return ((0, 0),) * len(sizes)
        if name not in ("SAME", "SAME_LOWER"):
            raise ShapeError(
                f'padding {padding!r} is not known: use "VALID", "SAME", "SAME_LOWER" or one '
                "(low, high) pair per axis"
            )
        missing = [
            max(0, (-(-n // s) - 1) * s + w - n)
            for n, w, s in zip(sizes, windows, strides, strict=True)
        ]
        low = [m - m // 2 if name == "SAME_LOWER" else m // 2 for m in missing]
        return tuple((a, m - a) for a, m in zip(low, missing, strict=True))
    pairs = tuple(tuple(int(p) for p in pair) for pair in padding)
    if len(pairs) != len(sizes) or any(len(p) != 2 for p in pairs):
        raise ShapeError(f"padding {padding!r} does not give a (low, high) pair for each of "
                         f"{len(sizes)} axes")
    return pairs  # type: ignore[return-value]


def per_axis(what: str, value: Any, count: int) -> tuple[int, ...]:
    """A positive integer per axis; None stands for ones.

    >>> per_axis("strides", None, 2)
    (1, 1)
    """
    numbers = (1,) * count if value is None else tuple(int(v) for v in value)
    if len(numbers) != count or any(v < 1 for v in numbers):
        raise ShapeError(f"{what} must be {count} positive integers, not {value!r}")
    return numbers


def pad_and_dilate(xp: Any, x: Any, fill: Any, padding: Any, dilation: Any) -> Any:
    """Gaps of ``fill`` between the elements and around them; negative padding crops. Maybe a view."""
    into, source, shape = [], [], []
    grows = False
    for n, (low, high), d in zip(x.shape, padding, dilation, strict=True):
        size = max(0, low + ((n - 1) * d + 1 if n else 0) + high)
        first = max(0, -(low // d))
        count = max(0, min(n - 1, (size - 1 - low) // d) - first + 1)
        start = first * d + low
        source.append(slice(first, first + count))
        into.append(slice(start, start + (count - 1) * d + 1, d) if count else slice(0, 0))
        shape.append(size)
        grows = grows or size != count
    if not grows:
        return x[tuple(source)]
    out = xp.zeros(shape, x.dtype) if not fill else xp.full(shape, fill, x.dtype)
    out[tuple(into)] = x[tuple(source)]
    return out


def offset_slice(offset: int, count: int, stride: int) -> slice:
    """The positions offset, offset + stride, ...: ``count`` of them."""
    return slice(offset, offset + (count - 1) * stride + 1 if count else offset, stride)


_GEOMETRY = ("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")


def _counts(shape: Any, params: dict[str, Any]) -> tuple[int, ...]:
    return tuple(map(window_count, shape, *(params[k] for k in _GEOMETRY)))


def _batched(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with a batch axis in front that windows do not touch."""
    return {k: (((0, 0),) if k == "padding" else (1,)) + params[k] for k in _GEOMETRY}


def window_adjoint(
    size: int, window: int, stride: int, pad: Any, base: int, dilation: int
) -> tuple[int, int]:
    """The padding with which the windows of a window's outputs cover the input.

    An input i belongs to output q at window position k where q*stride + k*dilation = i*base + low.
    """
    low = dilated_size(window, dilation) - 1 - pad[0]
    count = window_count(size, window, stride, pad, base, dilation)
    room = (size - 1) * base + dilated_size(window, dilation)
    return low, room - low - dilated_size(count, stride)


# --- window_patches and its adjoint --------------------------------------------------------------


def _patches_eval(
    xp: Any, x: Any, *, window_dimensions: Any, window_strides: Any, padding: Any,
    base_dilation: Any, window_dilation: Any,
) -> Any:
    x = pad_and_dilate(xp, x, 0, padding, base_dilation)
    sizes = [
        max(0, (n - (k - 1) * r - 1) // s + 1)
        for n, k, s, r in zip(
            x.shape, window_dimensions, window_strides, window_dilation, strict=True
        )
    ]
    steps = [t * r for t, r in zip(x.strides, window_dilation, strict=True)]
    steps += [t * s for t, s in zip(x.strides, window_strides, strict=True)]
    out = xp.lib.stride_tricks.as_strided(x, (*window_dimensions, *sizes), steps)
    if xp is np:
        out.flags.writeable = False
    return out


def _patches_batch(size: int, args: Any, _batched_args: Any, **params: Any) -> Any:
    out = window_patches(args[0], **_batched(params))
    rank = len(params["window_dimensions"])
    return reshape(move_axis(out, rank + 1, 0), shape=(size, *out.shape[1 : rank + 1],
                                                       *out.shape[rank + 2 :]))


def _overlap_add_eval(
    xp: Any, x: Any, *, shape: Any, window_dimensions: Any, window_strides: Any, padding: Any,
    base_dilation: Any, window_dilation: Any,
) -> Any:
    counts = x.shape[len(shape) :]
    padded = [
        max(0, low + ((n - 1) * d + 1 if n else 0) + high)
        for n, (low, high), d in zip(shape, padding, base_dilation, strict=True)
    ]
    out = xp.zeros(padded, x.dtype)
    for k in np.ndindex(*window_dimensions):
        where = zip(k, counts, window_strides, window_dilation, strict=True)
        out[tuple(offset_slice(i * r, n, s) for i, n, s, r in where)] += x[k]
    back = tuple((-low, -high) for low, high in padding)
    out = pad_and_dilate(xp, out, 0, back, (1,) * len(shape))
    return out[tuple(slice(None, None, d) for d in base_dilation)]


def _overlap_add_batch(
    size: int, args: Any, _batched_args: Any, *, shape: Any, **params: Any
) -> Any:
    x = move_axis(args[0], 0, len(shape))
    x = reshape(x, shape=(1, *x.shape))
    return overlap_add(x, shape=(size, *shape), **_batched(params))


def _geometries() -> list[dict[str, Any]]:
    """Window geometries for arrays of shape (5, 4) that between them use every parameter."""
    rows = [
        ((2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
        ((2, 3), (2, 1), ((1, 0), (2, 1)), (1, 1), (1, 1)),
        ((2, 2), (2, 3), ((-1, 1), (1, -2)), (1, 1), (2, 1)),
        ((3, 1), (1, 2), ((0, 2), (-1, 0)), (1, 3), (2, 2)),
        ((2, 3), (3, 2), ((1, -2), (0, 2)), (2, 3), (1, 2)),
    ]
    return [dict(zip(_GEOMETRY, row, strict=True)) for row in rows]


def _patches_cases(rng: Any) -> list[Case]:
    cases = [Case(sample(rng, (5, 4), "f8", (-2, 2)), **g) for g in _geometries()]
    return cases + [
        Case(sample(rng, (5, 4), dt, (-2, 2)), **_geometries()[1]) for dt in ("f4", "c16", "i8")
    ]


def _overlap_add_cases(rng: Any) -> list[Case]:
    return [
        Case(
            sample(rng, (*g["window_dimensions"], *_counts((5, 4), g)), dt, (-2, 2)),
            shape=(5, 4),
            **g,
        )
        for g in _geometries()
        for dt in (("f8", "f4", "c16") if g["window_strides"] == (2, 1) else ("f8",))
    ]


window_patches = linear(
    "window_patches",
    _patches_eval,
    abstract=lambda x, **params: Aval(
        (*params["window_dimensions"], *_counts(x.shape, params)), x.dtype
    ),
    transpose=lambda ct, x, **params: overlap_add(ct, shape=x.shape, **params),
    batch=_patches_batch,
    cases=_patches_cases,
    traits=("view",),
)
"""The elements of all windows, zeros for padding: shape (*window_dimensions, *positions)."""

overlap_add = linear(
    "overlap_add",
    _overlap_add_eval,
    abstract=lambda x, *, shape, **_: Aval(shape, x.dtype),
    transpose=lambda ct, _x, *, shape, **params: window_patches(ct, **params),
    batch=_overlap_add_batch,
    cases=_overlap_add_cases,
)
"""Adds what windows hold at the places they were taken from: the adjoint of window_patches."""

# --- sum -----------------------------------------------------------------------------------------


def _reduce_windows(
    xp: Any, combine: Any, fill: Any, x: Any, *, window_dimensions: Any, window_strides: Any,
    padding: Any, base_dilation: Any, window_dilation: Any,
) -> Any:
    """Boxes are products of intervals: reduce axis after axis, strided ones first."""
    given = x
    x = pad_and_dilate(xp, x, fill, padding, base_dilation)
    for axis in sorted(range(x.ndim), key=lambda i: -window_strides[i]):
        k, s, r = window_dimensions[axis], window_strides[axis], window_dilation[axis]
        if k == s == 1:
            continue
        count = max(0, (x.shape[axis] - (k - 1) * r - 1) // s + 1)
        before = (slice(None),) * axis
        out = x[(*before, offset_slice(0, count, s))]
        for i in range(1, k):
            part = x[(*before, offset_slice(i * r, count, s))]
            out = combine(out, part) if i == 1 else combine(out, part, out=out)
        x = out
    return xp.array(x)[()] if x is given or x.base is not None else x


def _window_sum_eval(xp: Any, x: Any, **params: Any) -> Any:
    return _reduce_windows(xp, xp.add, 0, x, **params)


def _window_sum_transpose(ct: Any, x: Aval, **params: Any) -> Any:
    pads = tuple(map(window_adjoint, x.shape, *(params[k] for k in _GEOMETRY)))
    return reduce_window_sum(
        ct,
        window_dimensions=params["window_dimensions"],
        window_strides=params["base_dilation"],
        padding=pads,
        base_dilation=params["window_strides"],
        window_dilation=params["window_dilation"],
    )


reduce_window_sum = linear(
    "reduce_window_sum",
    _window_sum_eval,
    abstract=lambda x, **params: Aval(_counts(x.shape, params), x.dtype),
    transpose=_window_sum_transpose,
    batch=lambda _size, args, _b, **params: reduce_window_sum(args[0], **_batched(params)),
    cases=_patches_cases,
)

# --- maximum and minimum -------------------------------------------------------------------------


def _window_max_eval(xp: Any, x: Any, **params: Any) -> Any:
    low = False if x.dtype.kind == "b" else (
        np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    )
    return _reduce_windows(xp, xp.maximum, low, x, **params)


def _window_min_eval(xp: Any, x: Any, **params: Any) -> Any:
    high = True if x.dtype.kind == "b" else (
        np.iinfo(x.dtype).max if x.dtype.kind in "iu" else np.inf
    )
    return _reduce_windows(xp, xp.minimum, high, x, **params)


def _extremum_jvp(t: Any, out: Any, x: Any, **params: Any) -> Any:
    """The mean tangent of the elements that attain the extremum of their window."""
    hit = np.equal(window_patches(x, **params), out)
    outside = any(p != (0, 0) for p in params["padding"]) or any(
        d != 1 for d in params["base_dilation"]
    )
    if outside:
        hit = np.logical_and(hit, _patches_eval(np, np.ones(x.shape, bool), **params))
    axes = tuple(range(len(params["window_dimensions"])))
    hit = cast(hit, t.dtype)
    share = hit / np.maximum(reduce_sum(hit, axes=axes), cast(1, t.dtype))
    return reduce_sum(mul_strong(share, window_patches(t, **params)), axes=axes)


def _extremum_cases(rng: Any) -> list[Case]:
    cases = [Case(rng.permutation(20).reshape(5, 4) / 7 - 1, **g) for g in _geometries()[:4]]
    g = _geometries()[1]
    return [
        *cases,
        Case(np.asarray(rng.permutation(20).reshape(5, 4) / 7 - 1, np.float32), **g),
        Case(rng.permutation(20).reshape(5, 4) - 9, **g),
    ]


def _window_extremum(name: str, evaluate: Callable[..., Any]) -> Any:
    def batch(_size: int, args: Any, _batched_args: Any, **params: Any) -> Any:
        return operator(args[0], **_batched(params))

    operator = general(
        name,
        evaluate,
        abstract=lambda x, **params: Aval(_counts(x.shape, params), x.dtype),
        jvp=_extremum_jvp,
        batch=batch,
        cases=_extremum_cases,
        traits=("masks",),
    )
    return operator


reduce_window_max = _window_extremum("reduce_window_max", _window_max_eval)
reduce_window_min = _window_extremum("reduce_window_min", _window_min_eval)
