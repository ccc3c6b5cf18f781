"""Convolution of NumPy and CuPy arrays, as products of matrices of patches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ...arrays import ArrayModule
from ...typing import Array
from ..windows.geometry import pad_and_dilate

Products: TypeAlias = tuple[Callable[..., Array], Callable[..., Array], Callable[..., Array]]
"""How matrices are multiplied, matrices in the other order, and elements."""

Phase: TypeAlias = tuple[slice, slice, int, int, tuple[int, int]]
"""Positions, taps, stride, dilation and padding of a convolution along one axis."""

# Images are (n, groups, channels, *space), kernels (groups, outputs, channels, *taps). Patches have
# the axes n, c, q (positions) and k (taps): n and q are free, c and k are summed over.


def conv_count(n: int, k: int, stride: int, dilation: int) -> int:
    """Number of positions of a kernel of k taps along n elements."""
    return max(0, (n - ((k - 1) * dilation + 1 if k else 0)) // stride + 1)


def conv_size(sizes: Sequence[int]) -> int:
    """The number of elements of a shape."""
    size = 1
    for n in sizes:
        size *= n
    return size


def conv_layout(
    x: Array,
    taps: Sequence[int],
    counts: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
) -> tuple[bool, bool, str]:
    """The order in which memory is read: the outer of n and c first, the longest runs innermost.

    Returns:
        sums: whether c is the outer axis, as in gradients of kernels, and n the inner one;
        inside: whether the inner one varies faster than space, as in NHWC;
        last: what varies fastest in the patches: the inner one ("i"), the window axes that go with
        it ("si": taps with channels, positions with images), or those of the outer one ("so").
    """
    n, c, w = x.strides[0], x.strides[2], x.strides[-1]
    if x.shape[0] == 1:
        sums = c > w and conv_size(taps) > conv_size(counts)
    else:
        sums = n <= w or (c > n and x.shape[2] > 1)
    inside = (n if sums else c) <= w
    by_taps = taps[-1] if dilation[-1] == 1 else 1
    by_counts = counts[-1] if strides[-1] == 1 else 1
    so, si = (by_taps, by_counts) if sums else (by_counts, by_taps)
    runs = {"i": x.shape[0 if sums else 2] * si, "so": so, "si": si}
    if 2 * conv_size(taps) * conv_size(counts) <= 3 * conv_size(x.shape[3:]):
        # Patches are no larger than the image: leave it as it lies.
        runs = {k: run for k, run in runs.items() if (k == "i") == inside}
    return sums, inside, max(runs, key=lambda k: runs[k])


def conv_patches(
    xp: ArrayModule,
    x: Array,
    counts: Sequence[int],
    taps: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    sums: bool,
    last: str,
) -> Array:
    """The view (groups, outer axis, ...) of which a chunk, reshaped, is a stack of matrices."""
    rank = len(strides)
    steps = [t * s for t, s in zip(x.strides[3:], strides, strict=True)]
    steps += [t * d for t, d in zip(x.strides[3:], dilation, strict=True)]
    view = xp.lib.stride_tricks.as_strided(
        x, (*x.shape[:3], *counts, *taps), (*x.strides[:3], *steps)
    )
    q, k = tuple(range(3, 3 + rank)), tuple(range(3 + rank, 3 + 2 * rank))
    o, i, so, si = (2, 0, k, q) if sums else (0, 2, q, k)
    rows = {"i": (*so, *si, i), "si": (*so, i, *si), "so": (i, *si, *so)}[last]
    return view.transpose((1, o, *rows))


def conv_chunks(
    xp: ArrayModule, patches: Array, size: int, outputs: int
) -> list[tuple[slice, slice]]:
    """Groups and outer positions in chunks whose patches stay in the cache."""
    groups, length = patches.shape[:2]
    each = conv_size(patches.shape[2:])
    budget = max(1 << (17 if xp is np else 27), 2 * size * outputs)
    group_step = min(groups, max(1, budget // (length * each)))
    step = max(1, budget // (group_step * each))
    return [
        (slice(g, g + group_step), slice(a, a + step))
        for g in range(0, groups, group_step)
        for a in range(0, length, step)
    ]


def conv_rows(xp: ArrayModule, patches: Array, size: int, last: str, merge: bool) -> Array:
    """A chunk of patches as matrices (groups, outer axis, rows, size); merged to one a group."""
    g, m = patches.shape[:2]
    if last == "so":
        p = patches.reshape(g, m, size, -1).swapaxes(-1, -2)
    else:
        p = patches.reshape(g, 1 if merge else m, -1, size)
    rows, columns = p.shape[-2:]
    s, t = p.strides[-2:]
    unit = p.dtype.itemsize
    # BLAS takes matrices with one unit stride and without overlap.
    if (t == unit and s >= columns * unit) or (s == unit and t >= rows * unit):
        return p
    return xp.ascontiguousarray(p)


def conv_dense(
    xp: ArrayModule,
    x: Array,
    w: Array,
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[tuple[int, int]],
    counts: Sequence[int],
    products: Products,
) -> Array:
    """Convolution as matrix products with chunks of patches."""
    taps = w.shape[3:]
    sums, inside, last = conv_layout(x, taps, counts, strides, dilation)
    o, i = (2, 0) if sums else (0, 2)
    space = tuple(range(3, x.ndim))
    order = (o, *space, 1, i) if last == "i" else (o, 1, i, *space)
    x = x.transpose(order)
    if any(p != (0, 0) for p in padding):
        pads = {a: p for a, p in zip(space, padding, strict=True)}
        x = pad_and_dilate(xp, x, 0, [pads.get(a, (0, 0)) for a in order], (1,) * x.ndim)
    if inside != (last == "i"):
        x = xp.ascontiguousarray(x)
    x = x.transpose([order.index(a) for a in range(x.ndim)])
    patches = conv_patches(xp, x, counts, taps, strides, dilation, sums, last)
    multiply = conv_add_products if sums else conv_products
    return multiply(xp, patches, x.shape[i], w, counts, inside, last, products)


def conv_products(
    xp: ArrayModule,
    patches: Array,
    channels: int,
    w: Array,
    counts: Sequence[int],
    inside: bool,
    last: str,
    products: Products,
) -> Array:
    """Chunks of patches over n times the kernel: each is a part of the result."""
    n, groups, outputs = patches.shape[1], w.shape[0], w.shape[1]
    k = tuple(range(3, w.ndim))
    w = w.transpose((0, *k, 2, 1) if last == "i" else (0, 2, *k, 1)).reshape(groups, 1, -1, outputs)
    dtype = xp.result_type(patches, w)
    positions = conv_size(counts)
    inside = inside or last == "i"
    if inside:
        out = xp.empty((n, positions, groups, outputs), dtype).transpose(2, 0, 1, 3)
    else:
        out = xp.empty((n, groups, outputs, positions), dtype).transpose(1, 0, 3, 2)
    size = w.shape[2]
    for g, a in conv_chunks(xp, patches, size, outputs):
        p = conv_rows(xp, patches[g, a], size, last, merge=inside)
        part = out[g, a]
        into = part.reshape(p.shape[0], p.shape[1], -1, outputs)
        if xp is np:
            np.matmul(p, w[g], out=into)
        else:  # a reshaped part may be a copy there
            part[...] = products[0](p, w[g]).reshape(part.shape)
    out = out.reshape(groups, n, *counts, outputs)
    return out.transpose(1, 0, -1, *range(2, 2 + len(counts)))


def conv_add_products(
    xp: ArrayModule,
    patches: Array,
    n: int,
    w: Array,
    counts: Sequence[int],
    inside: bool,
    last: str,
    products: Products,
) -> Array:
    """Chunks of patches over c times those of the kernel, added up."""
    groups, outputs = w.shape[:2]
    w = w.transpose(0, 2, *range(3, w.ndim), 1)
    dtype = xp.result_type(patches, w)
    size = n * conv_size(counts)
    out = xp.zeros((groups, size, outputs) if inside else (groups, outputs, size), dtype)
    for g, a in conv_chunks(xp, patches, size, outputs):
        p = conv_rows(xp, patches[g, a], size, last, merge=True)
        part = w[g, a].reshape(p.shape[0], p.shape[1], -1, outputs)
        left, right = (p, part) if inside else (part, p)
        multiply = products[0 if inside else 1]
        out[g] += multiply(left.swapaxes(-1, -2), right).sum(axis=1)
    out = out if inside else out.swapaxes(1, 2)
    rank = len(counts)
    if last == "i":
        out = out.reshape(groups, *counts, n, outputs)
        out = out.transpose(0, rank + 2, rank + 1, *range(1, rank + 1))
    else:
        out = out.reshape(groups, n, *counts, outputs)
        out = out.transpose(0, rank + 2, 1, *range(2, rank + 2))
    if not inside:
        out = xp.ascontiguousarray(out)
    return out.transpose(2, 0, 1, *range(3, rank + 3))


def conv_taps(
    xp: ArrayModule,
    x: Array,
    w: Array,
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[tuple[int, int]],
    counts: Sequence[int],
    products: Products,
) -> Array:
    """Many groups of very few channels and outputs: shifted images times one tap each."""
    groups, outputs, channels = w.shape[:3]
    taps = w.shape[3:]
    x = conv_channels_last(xp, x, padding)
    dtype = xp.result_type(x, w)
    out = xp.empty((outputs, x.shape[1], *counts, groups), dtype)
    # Taps are repeated along the last axis of space, so that long runs are multiplied.
    w = w.transpose(1, 2, *range(3, w.ndim), 0)[..., None, :]
    w = xp.ascontiguousarray(xp.broadcast_to(w, (*w.shape[:-2], counts[-1], groups)))
    step = max(1, (1 << (15 if xp is np else 26)) // (conv_size(counts) * groups))
    for a in range(0, x.shape[1], step):
        images = x[:, a : a + step]
        spare = xp.empty((images.shape[1], *counts, groups), dtype)
        for o in range(outputs):
            part = out[o, a : a + step]
            for index in np.ndindex(channels, *taps):
                c, *tap = index
                at = [
                    slice(i * d, i * d + (n - 1) * s + 1, s)
                    for i, d, n, s in zip(tap, dilation, counts, strides, strict=True)
                ]
                into = spare if any(index) else part
                factors = images[(c, slice(None), *at)], w[(o, *index)]
                if xp is np:
                    np.multiply(*factors, out=into)
                else:
                    into[...] = products[2](*factors)
                if into is spare:
                    xp.add(part, spare, out=part)
    return out.transpose(1, -1, 0, *range(2, x.ndim - 1))


def conv_positions(
    xp: ArrayModule,
    x: Array,
    w: Array,
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[tuple[int, int]],
    counts: Sequence[int],
    products: Products,
) -> Array:
    """An inner product for each position, where these are few, as in gradients of kernels."""
    groups, outputs, channels = w.shape[:3]
    taps = w.shape[3:]
    x = conv_channels_last(xp, x, padding)
    w = xp.ascontiguousarray(w.transpose(1, 2, *range(3, w.ndim), 0))
    out = xp.zeros((x.shape[1], outputs, *counts, groups), xp.result_type(x, w))
    step = max(1, (1 << (15 if xp is np else 26)) // (conv_size(taps) * groups))
    for a in range(0, channels, step):
        for index in np.ndindex(*out.shape[:-1]):
            n, o, *q = index
            at = [
                slice(i * s, i * s + (k - 1) * d + 1, d)
                for i, s, k, d in zip(q, strides, taps, dilation, strict=True)
            ]
            part = products[2](x[(slice(a, a + step), n, *at)], w[o, a : a + step])
            part = part.reshape(-1, taps[-1] * groups).sum(axis=0)
            out[index] += part.reshape(taps[-1], groups).sum(axis=0)
    return out.transpose(0, -1, 1, *range(2, x.ndim - 1))


def conv_channels_last(xp: ArrayModule, x: Array, padding: Sequence[tuple[int, int]]) -> Array:
    """Padded images in the order (channels, n, *space, groups)."""
    x = x.transpose(2, 0, *range(3, x.ndim), 1)
    x = pad_and_dilate(xp, x, 0, ((0, 0), (0, 0), *padding, (0, 0)), (1,) * x.ndim)
    return xp.ascontiguousarray(x)


def conv_undilated(
    xp: ArrayModule,
    x: Array,
    w: Array,
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[tuple[int, int]],
    products: Products,
) -> Array:
    """Convolution of grouped images with a grouped kernel: (n, groups, outputs, *positions)."""
    counts = [
        conv_count(low + n + high, k, s, d)
        for n, k, s, d, (low, high) in zip(
            x.shape[3:], w.shape[3:], strides, dilation, padding, strict=True
        )
    ]
    groups, outputs, channels = w.shape[:3]
    if 0 in x.shape or 0 in w.shape or 0 in counts:
        return xp.zeros((x.shape[0], groups, outputs, *counts), xp.result_type(x, w))
    n, positions, taps = x.shape[0], conv_size(counts), conv_size(w.shape[3:])
    multiply = conv_dense
    if groups > 1 and channels * outputs <= 4 and taps <= 128:
        multiply = conv_taps
    elif groups > 1 and n * outputs <= 4 and positions <= min(128, channels * taps):
        multiply = conv_positions
    return multiply(xp, x, w, strides, dilation, padding, counts, products)


def conv_phases(
    n: int, k: int, stride: int, pad: tuple[int, int], base: int, dilation: int
) -> list[Phase]:
    """Output positions along one axis by their phase: which taps meet elements and not gaps.

    Returns:
        (positions, taps, stride, dilation, padding) of one undilated convolution for each phase.
    """
    room = pad[0] + ((n - 1) * base + 1 if n else 0) + pad[1]
    count = conv_count(room, k, stride, dilation)
    period, every = base // int(np.gcd(stride, base)), base // int(np.gcd(dilation, base))
    s, d = stride * period // base, dilation * every // base
    phases = []
    for p in range(min(period, count)):
        start = p * stride - pad[0]
        meets = [t for t in range(min(every, k)) if (start + t * dilation) % base == 0]
        if meets:
            positions, taps = len(range(p, count, period)), len(range(meets[0], k, every))
            low = -((start + meets[0] * dilation) // base)
            high = (positions - 1) * s + (taps - 1) * d + 1 - low - n
            phases.append((slice(p, None, period), slice(meets[0], None, every), s, d, (low, high)))
    return phases


def conv_dilated(
    xp: ArrayModule,
    x: Array,
    w: Array,
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base: Sequence[int],
    products: Products,
) -> Array:
    """Convolution of images with gaps: one without gaps for each phase of the positions."""
    geometry = list(zip(x.shape[3:], w.shape[3:], strides, padding, base, dilation, strict=True))
    counts = [
        conv_count(p[0] + ((n - 1) * b + 1 if n else 0) + p[1], k, s, d)
        for n, k, s, p, b, d in geometry
    ]
    n, (groups, outputs) = x.shape[0], w.shape[:2]
    dtype = xp.result_type(x, w)
    if x.strides[2] <= x.strides[-1]:
        out = xp.zeros((n, *counts, groups, outputs), dtype)
        out = out.transpose(0, -2, -1, *range(1, len(counts) + 1))
    else:
        out = xp.zeros((n, groups, outputs, *counts), dtype)
    axes = [conv_phases(*g) for g in geometry]
    for index in np.ndindex(*map(len, axes)):
        phase = [axis[i] for axis, i in zip(axes, index, strict=True)]
        positions, taps, s, d, pads = zip(*phase, strict=True)
        out[(..., *positions)] = conv_undilated(xp, x, w[(..., *taps)], s, d, pads, products)
    return out


def conv_grouped(
    xp: ArrayModule,
    lhs: Array,
    rhs: Array,
    *,
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    feature_group_count: int,
    batch_group_count: int,
    products: Products | None = None,
) -> Array:
    """Convolution of (n, c, *space) with (o, i, *taps): (n, o, *positions)."""
    products = products or (xp.matmul, xp.matmul, xp.multiply)
    rank = len(window_strides)
    groups = feature_group_count * batch_group_count
    n, space = lhs.shape[0] // batch_group_count, lhs.shape[2:]
    if batch_group_count > 1:
        x = lhs.reshape(groups, n, *lhs.shape[1:]).swapaxes(0, 1)
    else:
        x = lhs.reshape(n, groups, lhs.shape[1] // groups, *space)
    w = rhs.reshape(groups, rhs.shape[0] // groups, *rhs.shape[1:])
    if rank == 0:
        x, w = x[..., None], w[..., None]
        return conv_undilated(xp, x, w, (1,), (1,), ((0, 0),), products).reshape(n, rhs.shape[0])
    if any(d != 1 for d in lhs_dilation):
        out = conv_dilated(xp, x, w, window_strides, rhs_dilation, padding, lhs_dilation, products)
    else:
        out = conv_undilated(xp, x, w, window_strides, rhs_dilation, padding, products)
    return out.reshape(n, rhs.shape[0], *out.shape[3:])
