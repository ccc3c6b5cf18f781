"""Spectra of signals by Fourier transforms of their segments.

Welch, "The use of the fast Fourier transform for the estimation of power spectra", 1967.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy import fft as fourier
from ...numpy.protocol import as_operand, axis_of, inexact
from ...ops.shape import cast
from ...ops.structural.gather import scatter_add
from ...typing import Array, ArrayLike
from .filtering import detrend as without_trend

_COSINES = {
    "boxcar": (1.0,), "hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08),
}  # fmt: skip
"""Windows that are sums of cosines, by the sizes of these."""


@user_facing
def csd(
    x: ArrayLike,
    y: ArrayLike | None,
    fs: ArrayLike = 1.0,
    window: str | ArrayLike = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: str | bool = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Array, Array]:
    """The cross power spectral density of two signals, averaged over segments.

    Args:
        x: array.
        y: array whose shape broadcasts with that of ``x`` along other axes; None for ``x``. The
            shorter one is followed by zeros.
        fs: samples per unit of time.
        window: "hann", "hamming", "blackman", "boxcar", a vector, or what ``get_window`` of
            ``scipy.signal`` takes: another name, or a tuple of a name and parameters.
        nperseg: length of a segment; None is 256, or all of a shorter signal.
        noverlap: how much segments overlap; None is half of their length.
        nfft: length of the transforms; None is that of a segment.
        detrend: "constant" or "linear", what is taken from each segment, or a function of
            segments; False for nothing.
        return_onesided: only frequencies that are not negative, of real signals.
        scaling: "density" for power by frequency, "spectrum" for power.
        axis: the axis of time.
        average: "mean" or "median" over segments.

    Returns:
        (frequencies, density), the density with frequencies in the place of time.

    >>> f, p = csd(np.array([1.0, -1.0] * 4), None, window="boxcar", nperseg=4)
    >>> f, p.round(3)
    (array([0.  , 0.25, 0.5 ]), array([0., 0., 4.]))
    """
    a = inexact(x)
    b = a if y is None else inexact(y)
    a, b = _alike(a, b, axis)
    dtype = a.dtype
    onesided = return_onesided and dtype.kind != "c"
    n = _length("csd", a.shape[-1], nperseg, window)
    step, size = _step_and_size("csd", n, noverlap, nfft)
    win = _window("csd", window, n).astype(a.real.dtype)
    parts = [_spectra(v, -1, n, step, size, win, detrend, onesided) for v in (a, b)]
    power = np.conj(parts[0]) * parts[1]
    if y is None or y is x:
        power = power.real
    if scaling not in ("density", "spectrum"):
        raise ValueError(f'csd: scaling must be "density" or "spectrum", got {describe(scaling)}')
    power = power / (fs * np.sum(win * win) if scaling == "density" else np.sum(win) ** 2)
    if onesided:
        twice = np.full(power.shape[-1], 2.0, win.dtype)
        twice[0] = 1.0
        if size % 2 == 0:
            twice[-1] = 1.0
        power = power * like(power, twice)
    return like(power, _frequencies(size, fs, onesided)), np.moveaxis(
        _averaged(power, average), -1, axis
    )


def _alike(a: Array, b: Array, axis: int) -> tuple[Array, Array]:
    """Signals in one dtype along the last axis, the shorter one followed by zeros."""
    dtype = np.result_type(a.dtype, b.dtype)
    given = (a.shape, b.shape)
    a, b = (np.moveaxis(cast(v, dtype), axis_of(axis, len(v.shape)), -1) for v in (a, b))
    n = max(a.shape[-1], b.shape[-1])
    a, b = (np.pad(v, [(0, 0)] * (len(v.shape) - 1) + [(0, n - v.shape[-1])]) for v in (a, b))
    try:
        shape = np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    except ValueError:
        raise ShapeError(
            f"csd: signals of shapes {tuple(given[0])} and {tuple(given[1])} do not broadcast"
        ) from None
    return np.broadcast_to(a, shape), np.broadcast_to(b, shape)


def _averaged(power: Array, average: str) -> Array:
    """The mean over segments, or the median without its bias for exponential distributions."""
    if average == "mean":
        return np.mean(power, axis=-2)
    if average != "median":
        raise ValueError(f'csd: average must be "mean" or "median", got {describe(average)}')
    pairs = 2 * np.arange(1, (power.shape[-2] - 1) // 2 + 1)
    bias = 1 + np.sum(1.0 / (pairs + 1) - 1.0 / pairs)
    if power.dtype.kind == "c":
        middle = np.median(power.real, axis=-2) + 1j * np.median(power.imag, axis=-2)
    else:
        middle = np.median(power, axis=-2)
    return middle / float(bias)


@user_facing
def welch(
    x: ArrayLike,
    fs: ArrayLike = 1.0,
    window: str | ArrayLike = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: str | bool = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Array, Array]:
    """The power spectral density of a signal; arguments are those of ``csd``.

    >>> f, p = welch(np.array([1.0, -1.0] * 4), window="boxcar", nperseg=4)
    >>> p.round(3)
    array([0., 0., 4.])
    """
    options = (window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average)
    return csd(x, None, fs, *options)


@user_facing
def stft(
    x: ArrayLike,
    fs: ArrayLike = 1.0,
    window: str | ArrayLike = "hann",
    nperseg: int = 256,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: str | bool = False,
    return_onesided: bool = True,
    boundary: str | None = "zeros",
    padded: bool = True,
    axis: int = -1,
) -> tuple[Array, Array, Array]:
    """The Fourier transforms of the segments of a signal.

    Args:
        x: array.
        fs: samples per unit of time.
        window: as for ``csd``.
        nperseg: length of a segment.
        noverlap: how much segments overlap; None is half of their length.
        nfft: length of the transforms; None is that of a segment.
        detrend: "constant" or "linear", what is taken from each segment; False for nothing.
        return_onesided: only frequencies that are not negative, of real signals.
        boundary: what is half a segment beyond the ends: "zeros", "even", "odd", "constant"; None
            for nothing.
        padded: fill with zeros, so that segments reach to the end.
        axis: the axis of time.

    Returns:
        (frequencies, times, transforms), with frequencies in the place of time and times last.

    >>> f, t, z = stft(np.ones(8), window="boxcar", nperseg=4, boundary=None)
    >>> z.shape, z[0].real
    ((3, 3), array([1., 1., 1.]))
    """
    v = inexact(x)
    onesided = return_onesided and v.dtype.kind != "c"
    k = axis_of(axis, len(v.shape))
    n = _length("stft", v.shape[k], nperseg, window)
    step, size = _step_and_size("stft", n, noverlap, nfft)
    win = _window("stft", window, n).astype(v.real.dtype)
    v = np.moveaxis(v, k, -1)
    rest = [(0, 0)] * (len(v.shape) - 1)
    if boundary is not None:
        modes: dict[str, dict[str, Any]] = {
            "zeros": {"mode": "constant"}, "constant": {"mode": "edge"},
            "even": {"mode": "reflect"}, "odd": {"mode": "reflect", "reflect_type": "odd"},
        }  # fmt: skip
        if boundary not in modes:
            raise ValueError(
                f"stft: boundary must be one of {', '.join(map(repr, modes))}, or None, got "
                f"{describe(boundary)}"
            )
        v = np.pad(v, [*rest, (n // 2, n // 2)], **modes[boundary])
    if padded:
        v = np.pad(v, [*rest, (0, (-(v.shape[-1] - n) % step) % n)])
    out = _spectra(v, len(v.shape) - 1, n, step, size, win, detrend, onesided) / np.sum(win)
    rate = as_operand(fs)
    times = (np.arange(out.shape[-2]) * step + (0.0 if boundary is not None else n / 2)) / rate
    frequencies = _frequencies(size, fs, onesided)
    spectra = np.moveaxis(np.swapaxes(out, -1, -2), -2, k)
    return like(out, frequencies), like(out, times), spectra


@user_facing
def istft(
    Zxx: ArrayLike,
    fs: ArrayLike = 1.0,
    window: str | ArrayLike = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
) -> tuple[Array, Array]:
    """The signal whose transforms by ``stft`` are given, with the same arguments.

    Args:
        Zxx: array of transforms.
        fs: samples per unit of time.
        window: as for ``stft``.
        nperseg: length of a segment; None is what the number of frequencies says.
        noverlap: how much segments overlap; None is half of their length.
        nfft: length of the transforms.
        input_onesided: frequencies are not negative, and the signal is real.
        boundary: half a segment at each end was added.
        time_axis: the axis of times.
        freq_axis: the axis of frequencies.

    Returns:
        (times, signal).

    >>> istft(stft(np.arange(6.0), nperseg=4)[2])[1].round(6)
    array([0., 1., 2., 3., 4., 5.])
    """
    z = as_operand(Zxx)
    rank = len(z.shape)
    if rank < 2:
        raise ShapeError(f"istft: Zxx needs axes of frequencies and times, got {tuple(z.shape)}")
    t_axis, f_axis = axis_of(time_axis, rank), axis_of(freq_axis, rank)
    if t_axis == f_axis:
        raise ValueError(f"istft: time_axis and freq_axis are both {t_axis}")
    z = np.moveaxis(z, (t_axis, f_axis), (-2, -1))
    count = z.shape[-1]
    whole = 2 * (count - 1) if input_onesided else count
    n = whole if nperseg is None else int(nperseg)
    if nfft is None:
        size = n if input_onesided and n == whole + 1 else whole
    else:
        size = int(nfft)
    step, size = _step_and_size("istft", n, noverlap, size)
    win = _window("istft", window, n)
    frames = (fourier.irfft(z, size) if input_onesided else fourier.ifft(z, size))[..., :n]
    win = win.astype(frames.real.dtype)
    places = np.arange(z.shape[-2])[:, None] * step + np.arange(n)
    total = n + (z.shape[-2] - 1) * step
    rows = np.moveaxis(frames * like(frames, win * np.sum(win)), (-2, -1), (0, 1))
    x = scatter_add(rows, places, shape=(total, *rows.shape[2:]))
    weight = scatter_add(np.broadcast_to(win * win, places.shape), places, shape=(total,))
    x = np.moveaxis(x, 0, -1) / like(x, np.where(weight > 1e-10, weight, 1.0))
    if boundary:
        x = x[..., n // 2 : total - n // 2]
    times = np.arange(x.shape[-1]) / as_operand(fs)
    places_left = [i for i in range(rank) if i not in (t_axis, f_axis)]
    return like(x, times), np.moveaxis(x, -1, sum(i < t_axis for i in places_left))


# --- segments ------------------------------------------------------------------------------------


def _length(name: str, samples: int, nperseg: int | None, window: str | ArrayLike) -> int:
    if not isinstance(window, str | tuple):
        given = as_operand(window).shape
        if nperseg is None and len(given) == 1:
            nperseg = given[0]
    n = 256 if nperseg is None else nperseg
    if not is_integer(n) or n < 1:
        raise ValueError(f"{name}: nperseg must be a positive int, got {describe(n)}")
    return min(int(n), samples)


def _step_and_size(name: str, n: int, noverlap: int | None, nfft: int | None) -> tuple[int, int]:
    overlap = n // 2 if noverlap is None else noverlap
    if not is_integer(overlap) or not 0 <= overlap < n:
        raise ValueError(
            f"{name}: noverlap must be an int below the length {n} of segments, got "
            f"{describe(overlap)}"
        )
    size = n if nfft is None else nfft
    if not is_integer(size) or size < n:
        raise ValueError(
            f"{name}: nfft must be at least the length {n} of segments, got {describe(size)}"
        )
    return n - int(overlap), int(size)


def _window(name: str, window: str | ArrayLike, n: int) -> Array:
    if isinstance(window, tuple) and window and isinstance(window[0], str):
        return _scipys_window(name, window, n)
    if not isinstance(window, str):
        values = as_operand(window)
        if tuple(values.shape) != (n,):
            raise ShapeError(
                f"{name}: a window of shape {tuple(values.shape)} for segments of length {n}"
            )
        return values
    if window not in _COSINES:
        return _scipys_window(name, window, n)
    angles = 2 * np.pi * np.arange(n) / n
    terms = enumerate(_COSINES[window])
    return np.asarray(sum((-1) ** k * c * np.cos(k * angles) for k, c in terms) * np.ones(n))


def _scipys_window(name: str, window: str | tuple[Any, ...], n: int) -> Array:
    """A window of SciPy's, by its name or a tuple of its name and parameters."""
    try:
        signal = importlib.import_module("scipy.signal")
    except ImportError:
        raise ImportError(
            f"{name}: the window {window!r} is SciPy's: pip install 'funcgrad[special]'; without "
            f"it there are {', '.join(map(repr, _COSINES))}, and vectors"
        ) from None
    try:
        return signal.get_window(window, n)  # type: ignore[no-any-return]
    except ValueError as error:
        raise ValueError(f"{name}: window: {error}") from None


def _spectra(
    x: Array, axis: int, n: int, step: int, size: int, win: Array, trend: Any, onesided: bool
) -> Array:
    """The transforms of segments, along the last axis, segments along the one before."""
    x = np.moveaxis(x, axis, -1)
    starts = np.arange(0, x.shape[-1] - n + 1, step)
    segments = x[..., like(x, starts[:, None] + np.arange(n))]
    if callable(trend):
        segments = trend(segments)
    elif trend:
        segments = without_trend(segments, type="constant" if trend is True else trend)
    segments = segments * like(segments, win)
    return fourier.rfft(segments, size) if onesided else fourier.fft(segments, size)


def _frequencies(size: int, fs: ArrayLike, onesided: bool) -> Array:
    found = fourier.rfftfreq(size) if onesided else fourier.fftfreq(size)
    return found * fs
