"""Windows by hand: strides, padding, dilation, overlaps, interpolation; right and with mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .layers_dense import Layer, changed
from .mutant import normal

Array = np.ndarray

# --- convolution along a line, with everything ---------------------------------------------------

STRIDE, DILATION, PAD = 2, 2, 1


def strided(x: Array, k: Array) -> Any:
    """Channels x of (c, length) with kernels (o, c, width), strided, dilated and padded."""
    padded = np.pad(x, ((0, 0), (PAD, PAD)))
    reach = (k.shape[2] - 1) * DILATION + 1
    count = (padded.shape[1] - reach) // STRIDE + 1
    out = np.zeros((k.shape[0], count))
    for t in range(count):
        for a in range(k.shape[2]):
            out[:, t] += k[:, :, a] @ padded[:, t * STRIDE + a * DILATION]
    return out, (x, k)


def strided_backward(
    ct: Array, cache: Any, *, stride: int = STRIDE, dilation: int = DILATION, pad: int = PAD,
    of_kernel: int = DILATION, last: int = 0,
) -> Any:  # fmt: skip
    x, k = cache
    padded = np.pad(x, ((0, 0), (PAD, PAD)))
    dx, dk = np.zeros(padded.shape), np.zeros(k.shape)
    for t in range(ct.shape[1] - last):
        for a in range(k.shape[2]):
            dx[:, t * stride + a * dilation] += k[:, :, a].T @ ct[:, t]
            dk[:, :, a] += np.outer(ct[:, t], padded[:, t * stride + a * of_kernel])
    return dx[:, pad : pad + x.shape[1]], dk


STRIDED = Layer("strided convolution", strided, strided_backward, normal((2, 9), (3, 2, 3)), {
    "stride forgotten": lambda ct, c: strided_backward(ct, c, stride=1),
    "dilation forgotten": lambda ct, c: strided_backward(ct, c, dilation=1, of_kernel=1),
    "dilation forgotten in the kernel": lambda ct, c: strided_backward(ct, c, of_kernel=1),
    "padding not cropped": lambda ct, c: strided_backward(ct, c, pad=0),
    "last window forgotten": lambda ct, c: strided_backward(ct, c, last=1),
    "kernel in reverse": changed(strided_backward, 1, lambda g, ct, c: g[:, :, ::-1]),
})  # fmt: skip


def grouped(x: Array, w: Array) -> Any:
    """Channels in two groups, each with weights of its own: x (4, n), w (2, 3, 2)."""
    return np.concatenate([w[g] @ x[2 * g : 2 * g + 2] for g in (0, 1)]), (x, w)


def grouped_backward(ct: Array, cache: Any, other: int = 0) -> Any:
    x, w = cache
    dx = np.concatenate([w[(g + other) % 2].T @ ct[3 * g : 3 * g + 3] for g in (0, 1)])
    dw = np.stack([ct[3 * g : 3 * g + 3] @ x[2 * g : 2 * g + 2].T for g in (0, 1)])
    return dx, dw


GROUPED = Layer("grouped convolution", grouped, grouped_backward, normal((4, 5), (2, 3, 2)), {
    "weights of the other group": lambda ct, c: grouped_backward(ct, c, 1),
    "first group for both": changed(grouped_backward, 1, lambda g, ct, c: np.stack([g[0], g[0]])),
})  # fmt: skip

# --- pooling where windows overlap ---------------------------------------------------------------


def overlapping_max(x: Array) -> Any:
    """The largest of three, at steps of two."""
    starts = range(0, x.shape[0] - 2, 2)
    where = np.array([s + int(np.argmax(x[s : s + 3])) for s in starts])
    return x[where], (where, x.shape)


def overlapping_max_backward(ct: Array, cache: Any) -> Any:
    where, shape = cache
    out = np.zeros(shape)
    np.add.at(out, where, ct)
    return (out,)


def put(where: Array, ct: Array, shape: Any) -> Any:
    out = np.zeros(shape)
    out[where] = ct
    return (out,)


def peaks(rng: Any) -> tuple[Any, ...]:
    """Numbers whose largest ones lie where windows overlap."""
    return (np.array([0.0, 0.1, 2.0, 0.3, 0.2, 0.4, 3.0, 0.6, 0.5]) + 0.05 * rng.random(9),)


OVERLAPPING = Layer("overlapping max pooling", overlapping_max, overlapping_max_backward, peaks, {
    "overlaps overwritten": lambda ct, c: put(c[0], ct, c[1]),
    "window's start for its largest": lambda ct, c: put(np.arange(0, 7, 2), ct, c[1]),
    "overlaps shared": lambda ct, c: (overlapping_max_backward(ct, c)[0] / 2,),
})  # fmt: skip


def padded_average(x: Array) -> Any:
    """Means of three neighbours, of those that there are."""
    n = len(x)
    counts = np.array([2.0, *[3.0] * (n - 2), 2.0])
    sums = np.convolve(x, np.ones(3))[1:-1]
    return sums / counts, counts


AVERAGE = Layer("average pooling with borders", padded_average,
                lambda ct, c: (np.convolve(ct / c, np.ones(3))[1:-1],), normal((7,)), {
    "padding counted at borders": lambda ct, c: (np.convolve(ct / 3, np.ones(3))[1:-1],),
    "divided by counts after the sum": lambda ct, c: (np.convolve(ct, np.ones(3))[1:-1] / c,),
    "window to one side": lambda ct, c: (np.convolve(ct / c, np.ones(3))[2:],),
})  # fmt: skip

# --- interpolation -------------------------------------------------------------------------------


def interpolated(at: Array, values: Array) -> Any:
    """Values on a grid of step 0.5, linear between its points, constant outside."""
    place = np.clip(at / 0.5, 0, len(values) - 1 - 1e-12)
    left = place.astype(int)
    w = place - left
    inside = (at > 0) & (at < 0.5 * (len(values) - 1))
    return (1 - w) * values[left] + w * values[left + 1], (left, w, inside, values)


def interpolated_backward(
    ct: Array, cache: Any, *, step: float = 0.5, swapped: bool = False, outside: bool = False,
    shift: int = 0,
) -> Any:  # fmt: skip
    left, w, inside, values = cache
    slope = (values[left + 1] - values[left]) / step
    dvalues = np.zeros(values.shape)
    v = 1 - w if swapped else w
    np.add.at(dvalues, left, ct * (1 - v))
    np.add.at(dvalues, left + 1 - shift, ct * v)
    return ct * slope * (1 if outside else inside), dvalues


def places(rng: Any) -> tuple[Any, ...]:
    at = np.array([-0.4, 0.6, 1.2, 1.3, 2.7, 0.1, 5.0]) + 0.05 * rng.random(7)
    return at, rng.standard_normal(6)


INTERPOLATED = Layer("linear interpolation", interpolated, interpolated_backward, places, {
    "weights of the neighbours exchanged": lambda ct, c: interpolated_backward(
        ct, c, swapped=True),
    "step of the grid forgotten": lambda ct, c: interpolated_backward(ct, c, step=1.0),
    "slope outside of the grid": lambda ct, c: interpolated_backward(ct, c, outside=True),
    "right neighbour forgotten": lambda ct, c: interpolated_backward(ct, c, shift=1),
})  # fmt: skip


def bilinear(image: Array, at: Array) -> Any:
    """An image (h, w) at points (n, 2) of rows and columns."""
    corner = np.floor(at).astype(int)
    u, v = (at - corner).T
    i, j = corner.T
    four = image[i, j], image[i, j + 1], image[i + 1, j], image[i + 1, j + 1]
    out = (1 - u) * (1 - v) * four[0] + (1 - u) * v * four[1]
    return out + u * (1 - v) * four[2] + u * v * four[3], (image.shape, i, j, u, v, four)


def bilinear_backward(ct: Array, cache: Any, corners: int = 4) -> Any:
    shape, i, j, u, v, (a, b, c, d) = cache
    dimage = np.zeros(shape)
    weights = ((1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v)
    for k in range(corners):
        np.add.at(dimage, (i + k // 2, j + k % 2), ct * weights[k])
    du = (1 - v) * (c - a) + v * (d - b)
    dv = (1 - u) * (b - a) + u * (d - c)
    return dimage, np.stack([ct * du, ct * dv], 1)


def inside(rng: Any) -> tuple[Any, ...]:
    return rng.standard_normal((4, 5)), rng.uniform(0.1, 0.9, (6, 2)) + rng.integers(0, 3, (6, 2))


BILINEAR = Layer("bilinear sampling", bilinear, bilinear_backward, inside, {
    "rows and columns exchanged": changed(bilinear_backward, 1, lambda g, ct, c: g[:, ::-1]),
    "one corner forgotten": lambda ct, c: bilinear_backward(ct, c, 3),
    "places of samples stopped": changed(bilinear_backward, 1, lambda g, ct, c: None),
    "row's slope between the wrong corners": changed(
        bilinear_backward, 1, lambda g, ct, c: np.stack([ct * (
            (1 - c[4]) * (c[5][1] - c[5][0]) + c[4] * (c[5][3] - c[5][2])), g[:, 1]], 1)),
})  # fmt: skip


def enlarged(x: Array) -> Any:
    return np.repeat(np.repeat(x, 2, 0), 3, 1), x.shape


def enlarged_backward(ct: Array, shape: Any) -> Any:
    return (ct.reshape(shape[0], 2, shape[1], 3).sum((1, 3)),)


ENLARGED = Layer("nearest upsampling", enlarged, enlarged_backward, normal((2, 3)), {
    "one of the copies": lambda ct, s: (ct[::2, ::3],),
    "mean of the copies": lambda ct, s: (enlarged_backward(ct, s)[0] / 6,),
    "copies in the wrong order": lambda ct, s: (ct.reshape(2, s[0], 3, s[1]).sum((0, 2)),),
})  # fmt: skip


def reflected(x: Array) -> Any:
    return np.pad(x, 2, mode="reflect") ** 2, x


def reflected_backward(ct: Array, x: Array, shift: int = 0) -> Any:
    d = 2 * ct * np.pad(x, 2, mode="reflect")
    out = d[2:-2].copy()
    out[1 - shift : 3 - shift] += d[:2][::-1]
    out[-3 + shift : len(out) - 1 + shift] += d[-2:][::-1]
    return (out,)


REFLECTED = Layer("reflecting border", reflected, reflected_backward, normal((6,)), {
    "border dropped": lambda ct, x: (2 * ct[2:-2] * x,),
    "border with the edge": lambda ct, x: reflected_backward(ct, x, 1),
    "border wrapped": lambda ct, x: (
        2 * ct[2:-2] * x + np.concatenate([2 * (ct * np.pad(x, 2, mode="reflect"))[-2:],
                                           np.zeros(len(x) - 2)]),),
})  # fmt: skip

# --- quadrature ----------------------------------------------------------------------------------


def trapezoids(y: Array, x: Array) -> Any:
    return np.sum(0.5 * (y[1:] + y[:-1]) * np.diff(x)), (y, x)


def trapezoids_backward(ct: Array, cache: Any, ends: float = 0.5) -> Any:
    y, x = cache
    steps, means = np.diff(x), 0.5 * (y[1:] + y[:-1])
    dy = np.zeros(len(y))
    dy[:-1] += 0.5 * steps
    dy[1:] += 0.5 * steps
    dy[[0, -1]] *= ends / 0.5
    dx = np.zeros(len(x))
    dx[1:] += means
    dx[:-1] -= means
    return ct * dy, ct * dx


def grid(rng: Any) -> tuple[Any, ...]:
    return rng.standard_normal(6), np.cumsum(rng.uniform(0.2, 1.0, 6))


TRAPEZOIDS = Layer("trapezoidal rule", trapezoids, trapezoids_backward, grid, {
    "ends not halved": lambda ct, c: trapezoids_backward(ct, c, 1.0),
    "even grid assumed": changed(
        trapezoids_backward, 0, lambda g, ct, c: ct * np.mean(np.diff(c[1]))
        * np.array([0.5, 1, 1, 1, 1, 0.5])),
    "left end of intervals forgotten": changed(
        trapezoids_backward, 1, lambda g, ct, c: ct * np.concatenate(
            [[0.0], 0.5 * (c[0][1:] + c[0][:-1])])),
})  # fmt: skip

LAYERS = [
    STRIDED, GROUPED, OVERLAPPING, AVERAGE, INTERPOLATED, BILINEAR, ENLARGED, REFLECTED, TRAPEZOIDS,
]  # fmt: skip
MUTANTS = [mutant for layer in LAYERS for mutant in layer.mutants()]
