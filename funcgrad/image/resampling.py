"""Images at other sizes, scales and places: products with a matrix of weights along each axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import like
from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.dtypes import is_inexact
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..numpy import take
from ..numpy.protocol import as_operand
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .kernels import KERNELS, ResizeMethod, method_of

_NO_WEIGHT = 1e-4
"""Sums of weights below this are those of no pixel."""


@user_facing
def resize(
    image: ArrayLike,
    shape: Sequence[int],
    method: str | ResizeMethod,
    antialias: bool = True,
    precision: Any = None,
) -> Array:
    """An image in another size, with pixels that have their values in their middles.

    Args:
        image: array.
        shape: the new shape, of as many axes; those that keep their size are not interpolated.
        method: "nearest", "linear", "cubic", "lanczos3" or "lanczos5", or a ResizeMethod.
        antialias: widen the kernel where the image gets smaller.
        precision: ignored.

    Returns:
        An array of this shape: of the image's dtype if that is floating point or the method is
        "nearest", else float64.

    Raises:
        ShapeError: shape has another number of axes.

    >>> resize(np.arange(6.0).reshape(2, 3), (2, 2), "nearest")
    array([[0., 2.],
           [3., 5.]])
    """
    x, sizes, how = _checked("resize", image, shape, method)
    changed = [i for i, (m, n) in enumerate(zip(x.shape, sizes, strict=True)) if m != n]
    if how is ResizeMethod.NEAREST:
        for i in changed:
            m, n = x.shape[i], sizes[i]
            x = take(x, np.floor((np.arange(n) + 0.5) * m / n).astype(np.intp), axis=i)
        return x
    x = x if is_inexact(x.dtype) else cast(x, np.dtype(float))
    scales = [np.float64(sizes[i] / x.shape[i]) if x.shape[i] else 1.0 for i in changed]
    return _resampled(x, sizes, changed, scales, [0.0] * len(changed), KERNELS[how], antialias)


@user_facing
def scale_and_translate(
    image: ArrayLike,
    shape: Sequence[int],
    spatial_dims: Sequence[int],
    scale: ArrayLike,
    translation: ArrayLike,
    method: str | ResizeMethod,
    antialias: bool = True,
    precision: Any = None,
) -> Array:
    """An image that is scaled and moved along some axes, and zero outside of what it shows.

    What is at x comes to x * scale + translation, where the middle of the first pixel is at 1/2.
    There are derivatives in the image, the scale and the translation.

    Args:
        image: array.
        shape: the new shape, of as many axes.
        spatial_dims: the axes.
        scale: a number for each of them.
        translation: a number for each of them.
        method: "linear", "cubic", "lanczos3" or "lanczos5", or a ResizeMethod.
        antialias: widen the kernel where the image gets smaller.
        precision: ignored.

    Returns:
        An array of this shape.

    Raises:
        ShapeError: another axis has another size in the new shape, or numbers do not fit.

    >>> scale_and_translate(np.array([1.0, 2.0, 3.0]), (3,), (0,), np.ones(1), np.ones(1), "linear")
    array([0., 1., 2.])
    """
    x, sizes, how = _checked("scale_and_translate", image, shape, method)
    if how is ResizeMethod.NEAREST:
        raise ValueError("scale_and_translate: nearest pixels have no weights; use resize")
    if isinstance(spatial_dims, np.ndarray) and spatial_dims.ndim == 1:
        spatial_dims = spatial_dims.tolist()
    if not isinstance(spatial_dims, tuple | list) or not all(map(is_integer, spatial_dims)):
        raise TypeError(
            f"scale_and_translate: spatial_dims must be a sequence of axes, got "
            f"{describe(spatial_dims)}"
        )
    rank = len(x.shape)
    if not all(-rank <= i < rank for i in spatial_dims):
        raise ShapeError(f"scale_and_translate: no axes {tuple(spatial_dims)} in {aval_of(x)}")
    factors, moves = as_operand(scale), as_operand(translation)
    for name, v in (("scale", factors), ("translation", moves)):
        if tuple(v.shape) != (len(spatial_dims),):
            raise ShapeError(
                f"scale_and_translate: {name} of shape {tuple(v.shape)} for {len(spatial_dims)} "
                "axes; give one number for each"
            )
    x = x if is_inexact(x.dtype) else cast(x, np.dtype(float))
    axes = [int(i) % rank for i in spatial_dims]
    for i, (before, after) in enumerate(zip(x.shape, sizes, strict=True)):
        if i not in axes and before != after:
            raise ShapeError(
                f"scale_and_translate: axis {i} of {aval_of(x)} is not among spatial_dims, so that "
                f"its size cannot become {after}"
            )
    rows = range(len(axes))
    kernel = KERNELS[how]
    return _resampled(
        x, sizes, axes, [factors[i] for i in rows], [moves[i] for i in rows], kernel, antialias
    )


def _checked(
    name: str, image: ArrayLike, shape: Sequence[int], method: str | ResizeMethod
) -> tuple[Array, tuple[int, ...], ResizeMethod]:
    x = as_operand(image)
    if not isinstance(shape, tuple | list) or not all(is_integer(n) and n >= 0 for n in shape):
        raise TypeError(f"{name}: shape must be a sequence of sizes, got {describe(shape)}")
    if len(shape) != len(x.shape):
        raise ShapeError(f"{name}: shape {tuple(shape)} for an image of shape {tuple(x.shape)}")
    return x, tuple(map(int, shape)), method_of(method)


def _resampled(
    x: Array,
    sizes: Sequence[int],
    axes: Sequence[int],
    scales: Sequence[Any],
    moves: Sequence[Any],
    kernel: Callable[[Array], Array],
    antialias: bool,
) -> Array:
    for axis, scale, move in zip(axes, scales, moves, strict=True):
        weights = _weights(x.shape[axis], sizes[axis], scale, move, kernel, antialias)
        weights = like(x, cast(weights, x.real.dtype))
        x = np.moveaxis(np.tensordot(x, weights, axes=((axis,), (0,))), -1, axis)
    return x


def _weights(
    m: int, n: int, scale: Any, move: Any, kernel: Callable[[Array], Array], antialias: bool
) -> Array:
    """The weights of m pixels for each of n new ones, as columns."""
    shrunk = 1.0 / scale
    width = np.maximum(shrunk, 1.0) if antialias else 1.0
    places = (np.arange(n) + 0.5 - move) * shrunk - 0.5
    weights = kernel(abs(places - np.arange(m)[:, None]) / width)
    total = np.sum(weights, axis=0)
    seen = (abs(total) > _NO_WEIGHT) & (places >= -0.5) & (places <= m - 0.5)
    return np.where(seen, weights / np.where(seen, total, 1.0), 0.0)
