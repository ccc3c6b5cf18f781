"""The convolution operator, in the layout (n, c, *space), and what it is differentiated with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Hazard
from ...core.primitive import Case
from ...core.tracing import shape_of
from ...errors import ShapeError
from ...typing import Array
from ..families import Bilinear, bilinear, is_value, sample
from ..shape import cast, flip, move_axis, reshape, transpose
from ..windows.geometry import dilated_size, window_adjoint, window_count
from .convolution_evaluation import conv_grouped
from .dot_general import strong_product
from .strong_products import strong_products


def _conv_eval(
    xp: ArrayModule, lhs: Array, rhs: Array, *, strong: int | None, **params: Any
) -> Array:
    def product(a: Array, b: Array) -> Array:
        return conv_grouped(xp, a, b, **params)

    if strong is None:
        return product(lhs, rhs)
    if strong == 0:
        return strong_product(xp, product, lhs, rhs)
    return strong_product(xp, lambda z, d: product(d, z), rhs, lhs)


def _conv_on_gpu(
    xp: ArrayModule, lhs: Array, rhs: Array, *, strong: int | None, **params: Any
) -> Array:
    products = None if strong is None else strong_products(xp, strong == 0)
    return conv_grouped(xp, lhs, rhs, **params, products=products)


def check_convolution(lhs: Aval, rhs: Aval, **params: Any) -> Aval:
    """The shape and dtype of the result, or an error that says how the operands do not fit."""
    groups, batch_groups = params["feature_group_count"], params["batch_group_count"]
    if lhs.ndim != rhs.ndim or lhs.ndim < 2:
        raise ShapeError(
            f"convolution needs an image (n, c, *space) and a kernel (o, i, *space) of equal rank, "
            f"not shapes {lhs.shape} and {rhs.shape}"
        )
    if groups > 1 and batch_groups > 1:
        raise ShapeError(
            "convolution: one of feature_group_count and batch_group_count must be 1, not "
            f"{groups} and {batch_groups}"
        )
    if lhs.shape[1] != rhs.shape[1] * groups:
        raise ShapeError(
            f"convolution: the image has {lhs.shape[1]} channels, but the kernel takes "
            f"{rhs.shape[1]} in each of {groups} feature groups (shapes {lhs.shape}, {rhs.shape} "
            "as (n, c, *space), (o, i, *space))"
        )
    if rhs.shape[0] % (groups * batch_groups) or lhs.shape[0] % batch_groups:
        raise ShapeError(
            f"convolution: {lhs.shape[0]} images and {rhs.shape[0]} outputs do not divide into "
            f"{groups} feature and {batch_groups} batch groups"
        )
    space = zip(
        lhs.shape[2:],
        rhs.shape[2:],
        params["window_strides"],
        params["padding"],
        params["lhs_dilation"],
        params["rhs_dilation"],
        strict=True,
    )
    counts = tuple(window_count(*axis) for axis in space)
    dtype = np.result_type(lhs.dtype, rhs.dtype)
    return Aval((lhs.shape[0] // batch_groups, rhs.shape[0], *counts), dtype)


def _split(x: Array, axis: int, count: int) -> Array:
    """Split an axis into ``count`` parts."""
    shape = shape_of(x)
    return reshape(x, shape=(*shape[:axis], count, shape[axis] // count, *shape[axis + 1 :]))


def _join(x: Array, axis: int) -> Array:
    """Join an axis with the next one."""
    shape = shape_of(x)
    return reshape(x, shape=(*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]))


def _swap(x: Array, axis: int) -> Array:
    """Swap an axis with the next one."""
    perm = list(range(len(shape_of(x))))
    perm[axis], perm[axis + 1] = axis + 1, axis
    return transpose(x, perm=tuple(perm))


def _conv_transpose(
    ct: Array, lhs: Any, rhs: Any, *, flagged: bool, **params: Any
) -> tuple[Array | None, Array | None]:
    # The cotangent takes the position of the operand it is for.
    if flagged and params["strong"] is None:
        params["strong"] = 1 if is_value(lhs) else 0
    if is_value(rhs):
        return cast(_lhs_cotangent(ct, lhs, rhs, **params), lhs.dtype), None
    return None, cast(_rhs_cotangent(ct, lhs, rhs, **params), rhs.dtype)


def _lhs_cotangent(
    ct: Array,
    lhs: Aval,
    rhs: Array,
    *,
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    feature_group_count: int,
    batch_group_count: int,
    strong: int | None,
) -> Array:
    """The cotangent of images: strides become gaps and gaps strides, and the kernel is flipped.

    Its inputs and outputs change places.
    """
    groups = feature_group_count * batch_group_count
    taps = shape_of(rhs)[2:]
    kernel = flip(rhs, axes=tuple(range(2, len(taps) + 2))) if taps else rhs
    if groups > 1:
        kernel = _join(_swap(_split(kernel, 0, groups), 1), 0)
    else:
        kernel = _swap(kernel, 0)
    geometry = (lhs.shape[2:], taps, window_strides, padding, lhs_dilation, rhs_dilation)
    out = convolution(
        ct,
        kernel,
        window_strides=lhs_dilation,
        padding=tuple(map(window_adjoint, *geometry)),
        lhs_dilation=window_strides,
        rhs_dilation=rhs_dilation,
        feature_group_count=groups,
        batch_group_count=1,
        strong=strong,
    )
    if batch_group_count > 1:
        out = _join(_swap(_split(out, 1, groups), 0), 0)
    return out


def _rhs_cotangent(
    ct: Array,
    lhs: Array,
    rhs: Aval,
    *,
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    feature_group_count: int,
    batch_group_count: int,
    strong: int | None,
) -> Array:
    """The cotangent of kernels: images and channels change places, and both kinds of groups."""
    pads = tuple(
        (low, (k - 1) * r + dilated_size(q, s) - low - dilated_size(n, d))
        for n, k, q, s, (low, _), d, r in zip(
            shape_of(lhs)[2:],
            rhs.shape[2:],
            shape_of(ct)[2:],
            window_strides,
            padding,
            lhs_dilation,
            rhs_dilation,
            strict=True,
        )
    )
    out = convolution(
        _swap(lhs, 0),
        _swap(ct, 0),
        window_strides=rhs_dilation,
        padding=pads,
        lhs_dilation=lhs_dilation,
        rhs_dilation=window_strides,
        feature_group_count=batch_group_count,
        batch_group_count=feature_group_count,
        strong=strong,
    )
    return _swap(out, 0)


def _conv_batch(size: int, args: Sequence[Array], batched: Sequence[bool], **params: Any) -> Array:
    lhs, rhs = args
    groups, batch_groups = params["feature_group_count"], params["batch_group_count"]
    if not batched[1]:
        # More images.
        lhs = _split(lhs, 1, batch_groups)
        lhs = _join(_join(_swap(lhs, 0), 0), 0)
        return _split(convolution(lhs, rhs, **params), 0, size)
    if not batched[0]:
        # More outputs in every group.
        count = groups * batch_groups
        rhs = _join(_join(_swap(_split(rhs, 1, count), 0), 0), 0)
        out = _split(convolution(lhs, rhs, **params), 1, count)
        return _join(move_axis(_split(out, 2, size), 2, 0), 2)
    # More groups.
    if batch_groups > 1:
        lhs = _join(lhs, 0)
        params["batch_group_count"] = batch_groups * size
    else:
        lhs = _join(_swap(lhs, 0), 1)
        params["feature_group_count"] = groups * size
    return _swap(_split(convolution(lhs, _join(rhs, 0), **params), 1, size), 0)


def _conv_cases(rng: np.random.Generator) -> list[Case]:
    def case(
        lhs: tuple[int, ...],
        rhs: tuple[int, ...],
        dtype: str = "f8",
        strong: int | None = None,
        **given: Any,
    ) -> Case:
        rank = len(lhs) - 2
        params: dict[str, Any] = {
            "window_strides": (1,) * rank,
            "padding": ((0, 0),) * rank,
            "lhs_dilation": (1,) * rank,
            "rhs_dilation": (1,) * rank,
            "feature_group_count": 1,
            "batch_group_count": 1,
            "strong": strong,
        }
        params.update(given)
        x, w = sample(rng, lhs, dtype, (-2, 2)), sample(rng, rhs, dtype, (-2, 2))
        return Case(x, w, **params)

    full: dict[str, Any] = {
        "window_strides": (2, 1),
        "padding": ((1, 2), (-1, 3)),
        "lhs_dilation": (3, 2),
        "rhs_dilation": (2, 3),
    }
    return [
        case((2, 3, 5), (4, 3, 2)),
        case((2, 3, 5), (4, 3, 2), "f4", padding=((1, 0),)),
        case((2, 3, 5), (4, 3, 2), "c16", window_strides=(2,)),
        case((2, 3, 5), (4, 3, 2), "i8"),
        case((2, 3, 6, 5), (4, 3, 2, 3), padding=((2, 1), (0, -1)), window_strides=(2, 1)),
        case((2, 3, 6, 5), (4, 3, 2, 3), strong=0),
        case((2, 3, 6, 5), (4, 3, 2, 3), strong=1),
        case((2, 3, 5, 4), (3, 3, 3, 2), **full),
        case((2, 6, 5, 4), (9, 2, 3, 2), feature_group_count=3, **full),
        case((6, 2, 5, 4), (9, 2, 3, 2), batch_group_count=3, **full),
        case((2, 3, 5, 4), (6, 1, 3, 2), feature_group_count=3),
        case((2, 3, 4), (5, 3, 1)),
        case((2, 3, 2, 3, 4), (2, 3, 2, 1, 3), padding=((1, 0), (0, 0), (1, 1))),
        case((2, 3), (4, 3)),
        case((2, 3, 2), (4, 3, 4)),
    ]


convolution: Bilinear = bilinear(
    "conv_general_dilated",
    _conv_eval,
    on_gpu=_conv_on_gpu,
    abstract=check_convolution,
    transpose=_conv_transpose,
    batch=_conv_batch,
    cases=_conv_cases,
    hazard=Hazard.PRODUCT,
)
"""Convolution of (n, c, *space) with (o, i, *taps) to (n, o, *positions), kernels not flipped."""
