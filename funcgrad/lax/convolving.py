"""Convolutions with kernels of their own at each place, and shapes of convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, shape_of
from ..errors import ShapeError
from ..ops.contraction.convolution import (
    ConvDimensionNumbers,
    conv_dimension_numbers,
    conv_general_dilated_patches,
    transposed_padding,
)
from ..ops.shape import inverse_permutation, transpose
from ..ops.windows.geometry import per_axis, window_count, window_padding
from ..typing import Array, ArrayLike
from .conventions import PrecisionLike
from .making import shape_of_sizes
from .operands import strong
from .products import dot_general


@user_facing
def conv_general_dilated_local(
    lhs: ArrayLike,
    rhs: ArrayLike,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    filter_shape: Sequence[int],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: ConvDimensionNumbers | Sequence[str] | None = None,
    precision: PrecisionLike = None,
) -> Array:
    """Convolution with a kernel of its own at each position.

    Args:
        lhs: image, by default of shape (n, c, *space).
        rhs: kernels, by default of shape (o, c * taps, *positions), the taps varying fastest.
        window_strides: step of the window along each spatial axis.
        padding: "SAME", "SAME_LOWER", "VALID" or (low, high) pairs.
        filter_shape: number of taps along each spatial axis.
        lhs_dilation: distance of the image's elements; None is 1.
        rhs_dilation: distance of the taps; None is 1.
        dimension_numbers: see conv_dimension_numbers.
        precision: ignored; products are computed in the dtype of the operands.

    Returns:
        An array with the axes that dimension_numbers gives the result.

    Raises:
        ShapeError: shapes or paddings do not fit together.

    >>> import numpy as np
    >>> kernels = np.array([[[1.0, 10.0], [1.0, 10.0]]])
    >>> conv_general_dilated_local(np.ones((1, 1, 3)), kernels, (1,), "VALID", (2,))
    array([[[ 2., 20.]]])
    """
    lhs, rhs = strong("conv_general_dilated_local", lhs), strong("conv_general_dilated_local", rhs)
    numbers = conv_dimension_numbers(shape_of(lhs), shape_of(rhs), dimension_numbers)
    rank = len(shape_of(lhs)) - 2
    plain = tuple(range(rank + 2))
    taps = conv_general_dilated_patches(
        lhs,
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        ConvDimensionNumbers(numbers.lhs_spec, plain, plain),
    )
    kernels = transpose(rhs, perm=numbers.rhs_spec)
    if taps.shape[1:] != kernels.shape[1:]:
        raise ShapeError(
            f"conv_general_dilated_local: kernels of {aval_of(rhs)} for patches of shape "
            f"{tuple(taps.shape[1:])} (channels * taps, *positions)"
        )
    places = tuple(range(2, rank + 2))
    out = dot_general(kernels, taps, (((1,), (1,)), (places, places)), precision)
    out = transpose(out, perm=(rank + 1, rank, *range(rank)))
    return transpose(out, perm=inverse_permutation(numbers.out_spec))


@user_facing
def conv_general_permutations(
    dimension_numbers: Sequence[str],
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The permutations that bring image, kernel and result to (batch or output, channel, *space).

    Args:
        dimension_numbers: three strings such as ("NHWC", "HWIO", "NHWC").

    Returns:
        Three permutations.

    >>> conv_general_permutations(("NHWC", "HWIO", "NHWC"))
    ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))
    """
    if not isinstance(dimension_numbers, Sequence) or len(dimension_numbers) != 3:
        raise TypeError(
            "conv_general_permutations: dimension_numbers must be three strings, got "
            f"{describe(dimension_numbers)}"
        )
    ranks = [len(s) for s in dimension_numbers]
    zeros = (0,) * ranks[0], (0,) * ranks[1]
    found = conv_dimension_numbers(*zeros, dimension_numbers)
    return found.lhs_spec, found.rhs_spec, found.out_spec


def _result(
    batch: int, channels: int, space: Sequence[int], perm: tuple[int, ...]
) -> tuple[int, ...]:
    shape = (batch, channels, *space)
    return tuple(shape[i] for i in inverse_permutation(perm))


@user_facing
def conv_shape_tuple(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    strides: Sequence[int],
    pads: str | Sequence[tuple[int, int]],
    batch_group_count: int = 1,
) -> tuple[int, ...]:
    """The shape of the convolution of (n, c, *space) with (o, c, *taps).

    >>> conv_shape_tuple((1, 2, 8), (4, 2, 3), (1,), [(0, 0)])
    (1, 4, 6)
    """
    lhs = shape_of_sizes("conv_shape_tuple", "lhs_shape", lhs_shape)
    rhs = shape_of_sizes("conv_shape_tuple", "rhs_shape", rhs_shape)
    return _conv_shape(lhs, rhs, strides, pads, None, batch_group_count)


def _conv_shape(
    lhs: tuple[int, ...],
    rhs: tuple[int, ...],
    strides: Sequence[int],
    pads: str | Sequence[tuple[int, int]],
    dimension_numbers: ConvDimensionNumbers | Sequence[str] | None,
    groups: int = 1,
) -> tuple[int, ...]:
    numbers = conv_dimension_numbers(lhs, rhs, dimension_numbers)
    n, _, *space = (lhs[i] for i in numbers.lhs_spec)
    o, _, *taps = (rhs[i] for i in numbers.rhs_spec)
    steps = per_axis("strides", strides, len(space))
    padding = window_padding(pads, space, taps, steps)
    ones = (1,) * len(space)
    counts = list(map(window_count, space, taps, steps, padding, ones, ones))
    return _result(n // groups, o, counts, numbers.out_spec)


@user_facing
def conv_general_shape_tuple(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    dimension_numbers: ConvDimensionNumbers | Sequence[str],
) -> tuple[int, ...]:
    """The shape of a convolution with given dimension numbers.

    >>> numbers = ("NHWC", "HWIO", "NHWC")
    >>> conv_general_shape_tuple((1, 8, 8, 2), (3, 3, 2, 4), (1, 1), "SAME", numbers)
    (1, 8, 8, 4)
    """
    lhs = shape_of_sizes("conv_general_shape_tuple", "lhs_shape", lhs_shape)
    rhs = shape_of_sizes("conv_general_shape_tuple", "rhs_shape", rhs_shape)
    return _conv_shape(lhs, rhs, window_strides, padding, dimension_numbers)


@user_facing
def conv_transpose_shape_tuple(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    dimension_numbers: ConvDimensionNumbers | Sequence[str],
) -> tuple[int, ...]:
    """The shape of a transposed convolution with given dimension numbers.

    >>> numbers = ("NHWC", "HWIO", "NHWC")
    >>> conv_transpose_shape_tuple((1, 8, 8, 2), (3, 3, 2, 4), (2, 2), "SAME", numbers)
    (1, 16, 16, 4)
    """
    lhs = shape_of_sizes("conv_transpose_shape_tuple", "lhs_shape", lhs_shape)
    rhs = shape_of_sizes("conv_transpose_shape_tuple", "rhs_shape", rhs_shape)
    numbers = conv_dimension_numbers(lhs, rhs, dimension_numbers)
    n, _, *space = (lhs[i] for i in numbers.lhs_spec)
    o, _, *taps = (rhs[i] for i in numbers.rhs_spec)
    steps = per_axis("window_strides", window_strides, len(space))
    if isinstance(padding, str):
        padding = [transposed_padding(k, s, padding) for k, s in zip(taps, steps, strict=True)]
    ones = (1,) * len(space)
    pads = window_padding(padding, space, taps, ones)
    counts = list(map(window_count, space, taps, ones, pads, steps, ones))
    return _result(n, o, counts, numbers.out_spec)
