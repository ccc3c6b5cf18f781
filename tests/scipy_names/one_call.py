"""A call of each function of the smaller packages, with its arrays as arguments by name.

The page of names is made of them, and a test compares them with SciPy in every mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from surface.arrays import spread

IMAGE = spread((4, 5))
ROWS = spread((5, 2), -1.0, 1.3)
AT = np.array([0.0, 0.7, 1.5, 2.0, 3.1])
WHERE = np.array([0.4, 1.1, 2.6])
SIGNAL = spread((23,))
PLACES = [spread((3,), 0.2, 2.7), spread((3,), 0.3, 3.6)]
FEW = np.array([0.3, -0.2, 0.5])
POINTS = spread((4, 3))

Made = Callable[[Any], Callable[..., Any]]
"""From SciPy's module or ours to a function of arrays."""

ONE_CALL: dict[str, dict[str, tuple[Made, tuple[Any, ...]]]] = {
    "interpolate": {
        "Akima1DInterpolator": (
            lambda m: lambda x, y, at: m.Akima1DInterpolator(x, y)(at), (AT, ROWS, WHERE)),
        "CubicHermiteSpline": (
            lambda m: lambda x, y, dydx, at: m.CubicHermiteSpline(x, y, dydx)(at),
            (AT, ROWS, np.cos(ROWS), WHERE)),
        "CubicSpline": (lambda m: lambda x, y, at: m.CubicSpline(x, y)(at), (AT, ROWS, WHERE)),
        "PPoly": (lambda m: lambda c, x, at: m.PPoly(c, x)(at), (spread((3, 4, 2)), AT, WHERE)),
        "PchipInterpolator": (
            lambda m: lambda x, y, at: m.PchipInterpolator(x, y)(at), (AT, ROWS, WHERE)),
        "RegularGridInterpolator": (
            lambda m: lambda x, values, at: m.RegularGridInterpolator((x,), values)(at),
            (AT, ROWS, WHERE[:, None])),
    },
    "ndimage": {
        "affine_transform": (
            lambda m: lambda input, matrix, offset: m.affine_transform(
                input, matrix, offset, mode="mirror"),
            (IMAGE, np.array([[0.83, 0.21], [-0.34, 1.12]]), np.array([0.27, -0.52]))),
        "convolve": (
            lambda m: lambda input, weights: m.convolve(input, weights), (IMAGE, ROWS[:3])),
        "convolve1d": (lambda m: lambda input, weights: m.convolve1d(input, weights), (IMAGE, FEW)),
        "correlate": (
            lambda m: lambda input, weights: m.correlate(input, weights), (IMAGE, ROWS[:3])),
        "correlate1d": (
            lambda m: lambda input, weights: m.correlate1d(input, weights), (IMAGE, FEW)),
        "gaussian_filter": (lambda m: lambda input: m.gaussian_filter(input, 0.8), (IMAGE,)),
        "gaussian_filter1d": (
            lambda m: lambda input, sigma: m.gaussian_filter1d(input, sigma, radius=2),
            (IMAGE, np.float64(0.9))),
        "gaussian_gradient_magnitude": (
            lambda m: lambda input: m.gaussian_gradient_magnitude(input, 0.8), (IMAGE,)),
        "gaussian_laplace": (lambda m: lambda input: m.gaussian_laplace(input, 0.8), (IMAGE,)),
        "laplace": (lambda m: lambda input: m.laplace(input), (IMAGE,)),
        "map_coordinates": (
            lambda m: lambda input, y, x, cval: m.map_coordinates(
                input, [y, x], mode="grid-constant", cval=cval),
            (IMAGE, *PLACES, np.float64(0.3))),
        "prewitt": (lambda m: lambda input: m.prewitt(input), (IMAGE,)),
        "rotate": (
            lambda m: lambda input, angle: m.rotate(input, angle, reshape=False, mode="mirror"),
            (IMAGE, np.float64(23.0))),
        "shift": (
            lambda m: lambda input, shift: m.shift(input, shift, mode="mirror"),
            (IMAGE, np.array([0.37, -1.21]))),
        "sobel": (lambda m: lambda input: m.sobel(input), (IMAGE,)),
        "spline_filter": (lambda m: lambda input: m.spline_filter(input), (IMAGE,)),
        "spline_filter1d": (lambda m: lambda input: m.spline_filter1d(input), (IMAGE,)),
        "uniform_filter": (lambda m: lambda input: m.uniform_filter(input), (IMAGE,)),
        "uniform_filter1d": (lambda m: lambda input: m.uniform_filter1d(input, 3), (IMAGE,)),
        "zoom": (lambda m: lambda input: m.zoom(input, 1.7), (IMAGE,)),
    },
    "integrate": {
        "cumulative_simpson": (
            lambda m: lambda y, x: m.cumulative_simpson(y, x=x, axis=0, initial=0.3), (ROWS, AT)),
        "quad": (
            lambda m: lambda a, b, k: m.quad(
                lambda x: abs(x - 0.4) ** 1.5 * (x * k + 1), a, b, epsabs=1e-12, epsrel=1e-12)[0]
            + 0 * a,
            (np.float64(0.2), np.float64(1.3), np.float64(1.5))),
        "quad_vec": (
            lambda m: lambda a, k: m.quad_vec(
                lambda x: np.exp(-k * x) * x, a, np.inf, epsrel=1e-12)[0],
            (np.float64(0.2), np.array([1.5, 0.6]))),
        "romb": (lambda m: lambda y, dx: m.romb(y, dx, axis=0), (ROWS, np.float64(0.4))),
        "cumulative_trapezoid": (
            lambda m: lambda y, x: m.cumulative_trapezoid(y, x, axis=0), (ROWS, AT)),
        "simpson": (lambda m: lambda y, x: m.simpson(y, x=x, axis=0), (ROWS, AT)),
        "trapezoid": (lambda m: lambda y, x: m.trapezoid(y, x, axis=0), (ROWS, AT)),
        "fixed_quad": (
            lambda m: lambda a, b, k: m.fixed_quad(lambda x: np.cos(k * x), a, b)[0],
            (np.float64(0.2), np.float64(1.3), np.float64(1.5))),
        "solve_ivp": (
            lambda m: lambda y0, k: m.solve_ivp(
                lambda t, y: -k * y, (0.0, 1.0), y0, t_eval=np.array([0.5, 1.0]), rtol=1e-12,
                atol=1e-13).y,
            (FEW, np.float64(1.5))),
    },
    "signal": {
        "convolve": (lambda m: lambda in1, in2: m.convolve(in1, in2), (SIGNAL, FEW)),
        "convolve2d": (lambda m: lambda in1, in2: m.convolve2d(in1, in2), (IMAGE, ROWS)),
        "correlate": (lambda m: lambda in1, in2: m.correlate(in1, in2), (SIGNAL, FEW)),
        "correlate2d": (lambda m: lambda in1, in2: m.correlate2d(in1, in2), (IMAGE, ROWS)),
        "csd": (lambda m: lambda x, y: m.csd(x, y, nperseg=8)[1], (SIGNAL, SIGNAL[::-1])),
        "detrend": (lambda m: lambda data: m.detrend(data), (SIGNAL,)),
        "fftconvolve": (lambda m: lambda in1, in2: m.fftconvolve(in1, in2), (SIGNAL, FEW)),
        "istft": (
            lambda m: lambda Zxx: m.istft(Zxx, nperseg=8)[1], (spread((5, 6)) + 0.5j,)),
        "lfilter": (
            lambda m: lambda b, a, x: m.lfilter(b, a, x), (FEW, np.array([1.5, 0.4]), SIGNAL)),
        "savgol_filter": (lambda m: lambda x: m.savgol_filter(x, 5, 2), (SIGNAL,)),
        "stft": (lambda m: lambda x: m.stft(x, nperseg=8)[2], (SIGNAL,)),
        "welch": (lambda m: lambda x: m.welch(x, nperseg=8)[1], (SIGNAL,)),
    },
    "fft": {
        name: ((lambda m, name=name: lambda x: getattr(m, name)(x)), (IMAGE,))
        for name in (
            *("dct", "dctn", "dst", "dstn", "fft", "fft2", "fftn", "idct", "idctn", "idst"),
            *("idstn", "ifft", "rfft", "rfftn"),
        )
    },
    "spatial.distance": {
        "cdist": (lambda m: lambda XA, XB: m.cdist(XA, XB), (POINTS, POINTS[:2] + 0.3)),
        "pdist": (lambda m: lambda X: m.pdist(X), (POINTS,)),
    },
    "spatial.transform": {
        "Rotation": (
            lambda m: lambda q, v: m.Rotation.from_quat(q).apply(v), (spread((4,)), POINTS)),
    },
    "cluster.vq": {
        "vq": (
            lambda m: lambda obs, code_book: m.vq(obs, code_book)[1], (POINTS, POINTS[:2] + 0.3)),
    },
}  # fmt: skip
