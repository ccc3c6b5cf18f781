"""Sliding windows: their elements as an axis each, and their sum, maximum and minimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.avals import Aval
from ..core.primitive import Case
from ..core.tracing import Tracer, aval_of, shape_of
from ..errors import ShapeError
from .arithmetic import mul_strong
from .families import general, linear, sample
from .shape import cast, move_axis, reduce_sum, reshape
from .window_geometry import (
    dilated_size,
    offset_slice,
    pad_and_dilate,
    per_axis,
    window_adjoint,
    window_count,
    window_padding,
)

_GEOMETRY = ("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")


def _counts(shape: Any, params: dict[str, Any]) -> tuple[int, ...]:
    return tuple(map(window_count, shape, *(params[k] for k in _GEOMETRY)))


def _batched(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with a batch axis in front that windows do not touch."""
    return {k: (((0, 0),) if k == "padding" else (1,)) + params[k] for k in _GEOMETRY}

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


def lowest(dtype: Any) -> Any:
    """The identity of the maximum."""
    if dtype.kind == "b":
        return False
    return int(np.iinfo(dtype).min) if dtype.kind in "iu" else -np.inf


def highest(dtype: Any) -> Any:
    """The identity of the minimum."""
    if dtype.kind == "b":
        return True
    return int(np.iinfo(dtype).max) if dtype.kind in "iu" else np.inf


def _window_max_eval(xp: Any, x: Any, **params: Any) -> Any:
    return _reduce_windows(xp, xp.maximum, lowest(x.dtype), x, **params)


def _window_min_eval(xp: Any, x: Any, **params: Any) -> Any:
    return _reduce_windows(xp, xp.minimum, highest(x.dtype), x, **params)


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

# --- public forms --------------------------------------------------------------------------------

_REDUCTIONS: dict[Any, Any] = {
    "max": (reduce_window_max, np.maximum, lowest),
    "maximum": (reduce_window_max, np.maximum, lowest),
    "min": (reduce_window_min, np.minimum, highest),
    "minimum": (reduce_window_min, np.minimum, highest),
    "add": (reduce_window_sum, np.add, lambda _dtype: 0),
}


def _window_params(
    shape: tuple[int, ...], window: Any, strides: Any, padding: Any, base: Any = None,
    dilation: Any = None,
) -> dict[str, Any]:
    """Parameters of the operators above, checked and in their normal form."""
    rank = len(shape)
    window = per_axis("window_dimensions", window, rank)
    strides = per_axis("window_strides", strides, rank)
    base = per_axis("base_dilation", base, rank)
    dilation = per_axis("window_dilation", dilation, rank)
    spans = [dilated_size(n, d) for n, d in zip(window, dilation, strict=True)]
    pads = window_padding(padding, shape, spans, strides)
    return dict(zip(_GEOMETRY, (window, strides, pads, base, dilation), strict=True))


def reduce_window(
    operand: Any,
    init_value: Any,
    computation: Any,
    window_dimensions: Any,
    window_strides: Any,
    padding: Any,
    base_dilation: Any = None,
    window_dilation: Any = None,
) -> Any:
    """The maximum, minimum or sum of each window of an array.

    Elements that attain the extremum of their window share its derivative equally.

    Args:
        operand: array.
        init_value: combined with the result of each window; usually -inf, inf or 0.
        computation: np.maximum, np.minimum, np.add, or "max", "min", "add".
        window_dimensions: size of the window along each axis.
        window_strides: step of the window along each axis.
        padding: "SAME", "SAME_LOWER", "VALID", or a (low, high) pair for each axis. Padding does
            not count in a maximum, minimum or sum.
        base_dilation: distance of the array's elements, with padding in between; None is 1.
        window_dilation: distance of the window's elements; None is 1.

    Returns:
        An array with one element for each position of the window.

    Raises:
        ShapeError: the window's parameters do not fit the array's rank.
        TypeError: the computation is none of these.

    >>> reduce_window(np.array([1.0, 4.0, 2.0, 3.0]), -np.inf, np.maximum, (2,), (1,), "VALID")
    array([4., 4., 3.])
    """
    name = getattr(computation, "__name__", getattr(computation, "name", computation))
    found = _REDUCTIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise TypeError(
            f"reduce_window has no rule for {computation!r}: use np.maximum, np.minimum or np.add"
        )
    operator, combine, identity = found
    params = _window_params(
        shape_of(operand), window_dimensions, window_strides, padding, base_dilation,
        window_dilation,
    )
    out = operator(operand, **params)
    neutral = identity(aval_of(operand).dtype)
    if not isinstance(init_value, Tracer) and init_value in (neutral, float(neutral)):
        return out
    return combine(out, init_value)


def _pool_params(x: Any, window_shape: Any, strides: Any, padding: Any) -> dict[str, Any]:
    """A window over the spatial axes of (*batch, *space, channels)."""
    rank, shape = len(window_shape), shape_of(x)
    if len(shape) < rank + 1:
        raise ShapeError(
            f"pooling with the window {tuple(window_shape)} needs an array (*batch, *space, "
            f"channels) with {rank} spatial axes, not one of shape {tuple(shape)}"
        )
    ones = (1,) * (len(shape) - rank - 1)
    if not isinstance(padding, str):
        padding = (*((0, 0) for _ in ones), *padding, (0, 0))
    strides = per_axis("strides", strides, rank)
    return _window_params(shape, (*ones, *window_shape, 1), (*ones, *strides, 1), padding)


def max_pool(x: Any, window_shape: Any, strides: Any = None, padding: Any = "VALID") -> Any:
    """The maximum of each window of an image.

    Elements that attain the maximum share its derivative equally.

    Args:
        x: array of shape (*batch, *space, channels).
        window_shape: size of the window along each spatial axis.
        strides: step of the window along each spatial axis; None is 1.
        padding: "SAME", "SAME_LOWER", "VALID" or a (low, high) pair for each spatial axis;
            padding is never the maximum.

    Returns:
        An array of shape (*batch, *positions, channels).

    Raises:
        ShapeError: the window does not fit the array's rank.

    >>> max_pool(np.array([[[1.0], [4.0], [2.0], [3.0]]]), (2,), strides=(2,))[0, :, 0]
    array([4., 3.])
    """
    return reduce_window_max(x, **_pool_params(x, window_shape, strides, padding))


def avg_pool(
    x: Any,
    window_shape: Any,
    strides: Any = None,
    padding: Any = "VALID",
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window of an image.

    Args:
        x: array of shape (*batch, *space, channels).
        window_shape: size of the window along each spatial axis.
        strides: step of the window along each spatial axis; None is 1.
        padding: "SAME", "SAME_LOWER", "VALID" or a (low, high) pair for each spatial axis, of
            zeros.
        count_include_pad: whether the mean counts padding.

    Returns:
        An array of shape (*batch, *positions, channels).

    Raises:
        ShapeError: the window does not fit the array's rank.

    >>> avg_pool(np.array([[[1.0], [4.0], [2.0], [3.0]]]), (2,), strides=(2,))[0, :, 0]
    array([2.5, 2.5])
    """
    params = _pool_params(x, window_shape, strides, padding)
    total = reduce_window_sum(x, **params)
    if count_include_pad or not any(any(pair) for pair in params["padding"]):
        return total / int(np.prod(window_shape))
    shape = shape_of(x)
    lead = len(shape) - len(window_shape) - 1
    ones = np.ones((*(1,) * lead, *shape[lead:-1], 1), (aval_of(total)).dtype)
    return total / _window_sum_eval(np, ones, **params)
