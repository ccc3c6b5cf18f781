"""Convolution in any number of dimensions: strides, padding, dilation, groups, axis order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.tracebacks import user_facing
from ...core.tracing import aval_of, shape_of
from ...errors import ShapeError
from ...typing import Array, ArrayLike, DTypeLike
from ..shape import cast, flip, inverse_permutation, reshape, transpose
from ..windows.geometry import dilated_size, per_axis, window_padding
from ..windows.linear import window_patches
from .convolution_operator import check_convolution, convolution


class ConvDimensionNumbers(NamedTuple):
    """The places of the axes of image, kernel and result.

    Attributes:
        lhs_spec: axes of the image: (batch, channel, *space).
        rhs_spec: axes of the kernel: (output channel, input channel, *space).
        out_spec: axes of the result: (batch, channel, *space).

    >>> conv_dimension_numbers((8, 5, 5, 3), (2, 2, 3, 4), ("NHWC", "HWIO", "NHWC")).rhs_spec
    (3, 2, 0, 1)
    """

    lhs_spec: tuple[int, ...]
    rhs_spec: tuple[int, ...]
    out_spec: tuple[int, ...]


@user_facing
def conv_dimension_numbers(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    dimension_numbers: ConvDimensionNumbers | Sequence[str] | None = None,
) -> ConvDimensionNumbers:
    """Dimension numbers of a convolution from strings.

    Args:
        lhs_shape: shape of the image.
        rhs_shape: shape of the kernel.
        dimension_numbers: None (batch or output channel first, then channel, then space), three
            strings such as ("NHWC", "HWIO", "NHWC") where N, C, O, I stand for batch, channel,
            output and input channel and other letters for space, or ConvDimensionNumbers.

    Returns:
        ConvDimensionNumbers; space is in the order of the kernel's letters.

    Raises:
        ShapeError: ranks differ, or the strings do not describe the same axes.

    >>> conv_dimension_numbers((8, 5, 3), (2, 3, 4), ("NWC", "WIO", "NWC")).lhs_spec
    (0, 2, 1)
    """
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        return dimension_numbers
    rank = len(lhs_shape)
    if rank != len(rhs_shape) or rank < 2:
        raise ShapeError(
            f"convolution needs an image and a kernel of equal rank of at least 2, not shapes "
            f"{tuple(lhs_shape)} and {tuple(rhs_shape)}"
        )
    if dimension_numbers is None:
        return ConvDimensionNumbers(*(tuple(range(rank)),) * 3)
    specs = tuple(dimension_numbers)
    space = [c for c in specs[1] if c not in "OI"] if len(specs) == 3 else []
    wanted = [sorted([*pair, *space]) for pair in ("NC", "OI", "NC")]
    if len(space) != rank - 2 or [sorted(s) for s in specs] != wanted:
        raise ShapeError(
            f"dimension_numbers {dimension_numbers!r} do not fit arrays of rank {rank}: give three "
            'strings such as ("NHWC", "HWIO", "NHWC"), with N and C, O and I, N and C, and the '
            "same different letters for space in each"
        )
    return ConvDimensionNumbers(
        *(
            tuple(spec.index(c) for c in (*pair, *space))
            for spec, pair in zip(specs, ("NC", "OI", "NC"), strict=True)
        )
    )


@user_facing
def conv_general_dilated(
    lhs: ArrayLike,
    rhs: ArrayLike,
    window_strides: int | Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    lhs_dilation: int | Sequence[int] | None = None,
    rhs_dilation: int | Sequence[int] | None = None,
    dimension_numbers: ConvDimensionNumbers | Sequence[str] | None = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: object = None,
    preferred_element_type: DTypeLike | None = None,
    out_sharding: None = None,
) -> Array:
    """Convolution (cross-correlation: kernels are not flipped) in any number of dimensions.

    ``out[n, o, q] = sum over c, k of lhs[n, c, q*stride + k*rhs_dilation - low] * rhs[o, c, k]``.

    Args:
        lhs: image, by default of shape (n, c, *space).
        rhs: kernel, by default of shape (o, c / feature_group_count, *taps).
        window_strides: step of the window along each spatial axis.
        padding: "SAME", "SAME_LOWER", "VALID", or a (low, high) pair for each spatial axis; a
            negative number crops.
        lhs_dilation: distance of the image's elements, with zeros in between; None is 1.
        rhs_dilation: distance of the kernel's taps; None is 1.
        dimension_numbers: see conv_dimension_numbers.
        feature_group_count: groups of channels, each seen by its own part of the outputs.
        batch_group_count: groups of images, each seen by its own part of the outputs.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the computation and the result, if not the operands'.
        out_sharding: must be None: arrays are on one device.

    Returns:
        An array with the axes that dimension_numbers gives the result. It may lie in memory with
        channels last whatever its axes are, as that is faster for the next convolution.

    Raises:
        ShapeError: shapes, groups or paddings do not fit together.

    >>> conv_general_dilated(np.ones((1, 1, 4)), np.ones((1, 1, 3)), (1,), "SAME")
    array([[[2., 3., 3., 2.]]])
    """
    numbers = conv_dimension_numbers(shape_of(lhs), shape_of(rhs), dimension_numbers)
    x, w = _permute(lhs, numbers.lhs_spec), _permute(rhs, numbers.rhs_spec)
    space, taps = shape_of(x)[2:], shape_of(w)[2:]
    rank = len(space)
    strides = per_axis("window_strides", window_strides, rank)
    base = per_axis("lhs_dilation", lhs_dilation, rank)
    dilation = per_axis("rhs_dilation", rhs_dilation, rank)
    if isinstance(padding, str) and padding.upper() != "VALID" and any(d != 1 for d in base):
        raise ShapeError(
            f"padding {padding!r} with lhs_dilation {base}: give (low, high) pairs, or use "
            "conv_transpose"
        )
    windows = tuple(map(dilated_size, taps, dilation))
    params = {
        "window_strides": strides,
        "padding": window_padding(padding, space, windows, strides),
        "lhs_dilation": base,
        "rhs_dilation": dilation,
        "feature_group_count": int(feature_group_count),
        "batch_group_count": int(batch_group_count),
        "strong": None,
    }
    check_convolution(aval_of(x), aval_of(w), **params)
    if preferred_element_type is None:
        out = convolution(x, w, **params)
    else:
        dtype = np.dtype(preferred_element_type)
        wide = np.result_type(aval_of(x).dtype, aval_of(w).dtype, dtype)
        out = cast(convolution(cast(x, wide), cast(w, wide), **params), dtype)
    return _permute(out, inverse_permutation(numbers.out_spec))


def _permute(x: ArrayLike, perm: tuple[int, ...]) -> Any:
    """Transpose unless the axes are in order already."""
    return x if perm == tuple(range(len(perm))) else transpose(x, perm=perm)


@user_facing
def conv(
    lhs: ArrayLike,
    rhs: ArrayLike,
    window_strides: int | Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    precision: object = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Convolution of (n, c, *space) with (o, c, *taps).

    Args:
        lhs: image.
        rhs: kernel.
        window_strides: step of the window along each spatial axis.
        padding: "SAME", "SAME_LOWER", "VALID" or (low, high) pairs.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the computation and the result, if not the operands'.

    Returns:
        An array of shape (n, o, *positions).

    Raises:
        ShapeError: the shapes do not fit together.

    >>> conv(np.ones((1, 2, 3)), np.ones((1, 2, 2)), (1,), "VALID")
    array([[[4., 4.]]])
    """
    return conv_general_dilated(
        lhs, rhs, window_strides, padding, preferred_element_type=preferred_element_type
    )


@user_facing
def conv_with_general_padding(
    lhs: ArrayLike,
    rhs: ArrayLike,
    window_strides: int | Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    lhs_dilation: int | Sequence[int] | None = None,
    rhs_dilation: int | Sequence[int] | None = None,
    precision: object = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Convolution of (n, c, *space) with (o, c, *taps), dilated.

    Args:
        lhs: image.
        rhs: kernel.
        window_strides: step of the window along each spatial axis.
        padding: "SAME", "SAME_LOWER", "VALID" or (low, high) pairs.
        lhs_dilation: distance of the image's elements; None is 1.
        rhs_dilation: distance of the kernel's taps; None is 1.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the computation and the result, if not the operands'.

    Returns:
        An array of shape (n, o, *positions).

    Raises:
        ShapeError: the shapes do not fit together.

    >>> x, w = np.ones((1, 1, 3)), np.ones((1, 1, 2))
    >>> conv_with_general_padding(x, w, (1,), [(0, 0)], (2,), (2,))
    array([[[2., 0., 2.]]])
    """
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        preferred_element_type=preferred_element_type,
    )


@user_facing
def conv_transpose(
    lhs: ArrayLike,
    rhs: ArrayLike,
    strides: int | Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    rhs_dilation: int | Sequence[int] | None = None,
    dimension_numbers: ConvDimensionNumbers | Sequence[str] | None = None,
    transpose_kernel: bool = False,
    precision: object = None,
    preferred_element_type: DTypeLike | None = None,
    use_consistent_padding: bool = False,
) -> Array:
    """Fractionally strided convolution ('deconvolution'): the image is stretched by ``strides``.

    Args:
        lhs: image, by default of shape (n, *space, c).
        rhs: kernel, by default of shape (*taps, c, o).
        strides: factor by which each spatial axis grows.
        padding: "SAME" (length times stride), "VALID" (every position that meets the image), or
            (low, high) pairs of zeros around the stretched image.
        rhs_dilation: distance of the kernel's taps; None is 1.
        dimension_numbers: see conv_dimension_numbers; None puts channels last.
        transpose_kernel: flip the kernel and swap its channels, so that with "SAME" or "VALID"
            this is the adjoint of the convolution with that kernel.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the computation and the result, if not the operands'.
        use_consistent_padding: take pairs as the padding of the convolution that this one undoes.

    Returns:
        An array with the axes that dimension_numbers gives the result.

    Raises:
        ShapeError: the shapes do not fit together.

    >>> x = np.array([1.0, 2.0]).reshape(1, 2, 1)
    >>> conv_transpose(x, np.ones((2, 1, 1)), (2,), "SAME")[0, :, 0]
    array([1., 1., 2., 2.])
    """
    rank = len(shape_of(lhs)) - 2
    if dimension_numbers is None:
        space = "HWDEFGJKLM"[:rank]
        dimension_numbers = (f"N{space}C", f"{space}IO", f"N{space}C")
    numbers = conv_dimension_numbers(shape_of(lhs), shape_of(rhs), dimension_numbers)
    strides = per_axis("strides", strides, rank)
    dilation = per_axis("rhs_dilation", rhs_dilation, rank)
    taps = numbers.rhs_spec[2:]
    sizes = [dilated_size(shape_of(rhs)[a], d) for a, d in zip(taps, dilation, strict=True)]
    if not isinstance(padding, str) and use_consistent_padding:
        pairs = window_padding(padding, sizes, sizes, strides)
        padding = [(k - 1 - a, k - 1 - b) for k, (a, b) in zip(sizes, pairs, strict=True)]
    if isinstance(padding, str):
        padding = [transposed_padding(k, s, padding) for k, s in zip(sizes, strides, strict=True)]
    if transpose_kernel:
        rhs = flip(rhs, axes=tuple(sorted(taps)))
        out, into, *_ = numbers.rhs_spec
        numbers = numbers._replace(rhs_spec=(into, out, *taps))
    return conv_general_dilated(
        lhs,
        rhs,
        (1,) * rank,
        padding,
        strides,
        dilation,
        numbers,
        preferred_element_type=preferred_element_type,
    )


def transposed_padding(k: int, stride: int, padding: str) -> tuple[int, int]:
    """The padding whose transposed convolution inverts the shape of a padded convolution."""
    name = padding.upper()
    if name == "SAME":
        total = k + stride - 2
        low = k - 1 if stride > k - 1 else -(-total // 2)
    elif name == "VALID":
        total = k + stride - 2 + max(k - stride, 0)
        low = k - 1
    else:
        raise ShapeError(f'conv_transpose: padding {padding!r} is not "SAME", "VALID" or pairs')
    return low, total - low


@user_facing
def conv_general_dilated_patches(
    lhs: ArrayLike,
    filter_shape: Sequence[int],
    window_strides: int | Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    lhs_dilation: int | Sequence[int] | None = None,
    rhs_dilation: int | Sequence[int] | None = None,
    dimension_numbers: ConvDimensionNumbers | Sequence[str] | None = None,
    precision: object = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """The patches of an image that a convolution multiplies with its kernel, as channels.

    Args:
        lhs: image, by default of shape (n, c, *space).
        filter_shape: number of taps along each spatial axis.
        window_strides: step of the window along each spatial axis.
        padding: "SAME", "SAME_LOWER", "VALID" or (low, high) pairs.
        lhs_dilation: distance of the image's elements; None is 1.
        rhs_dilation: distance of the taps; None is 1.
        dimension_numbers: see conv_dimension_numbers.
        precision: ignored: elements are only moved.
        preferred_element_type: dtype of the result, if not that of the image.

    Returns:
        An array with c * taps channels, the taps varying fastest.

    Raises:
        ShapeError: the shapes do not fit together.

    >>> x = np.arange(4.0).reshape(1, 1, 4)
    >>> conv_general_dilated_patches(x, (2,), (2,), "VALID")[0]
    array([[0., 2.],
           [1., 3.]])
    """
    rank = len(filter_shape)
    numbers = conv_dimension_numbers(shape_of(lhs), (1, 1, *filter_shape), dimension_numbers)
    x = _permute(lhs, numbers.lhs_spec)
    strides = per_axis("window_strides", window_strides, rank)
    dilation = per_axis("rhs_dilation", rhs_dilation, rank)
    windows = tuple(map(dilated_size, filter_shape, dilation))
    taps = window_patches(
        x,
        window_dimensions=(1, 1, *per_axis("filter_shape", filter_shape, rank)),
        window_strides=(1, 1, *strides),
        padding=((0, 0), (0, 0), *window_padding(padding, shape_of(x)[2:], windows, strides)),
        base_dilation=(1, 1, *per_axis("lhs_dilation", lhs_dilation, rank)),
        window_dilation=(1, 1, *dilation),
    )
    k = tuple(range(2, rank + 2))
    n, c, *q = range(rank + 2, 2 * rank + 4)
    shape = shape_of(taps)
    channels = int(np.prod([shape[i] for i in (c, *k)]))
    out = transpose(taps, perm=(0, 1, n, c, *k, *q))
    out = reshape(out, shape=(shape[n], channels, *(shape[i] for i in q)))
    if preferred_element_type is not None:
        out = cast(out, np.dtype(preferred_element_type))
    return _permute(out, inverse_permutation(numbers.out_spec))
