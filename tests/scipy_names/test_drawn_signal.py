"""scipy.signal over drawn signals, dtypes and arguments."""

import numpy as np
import pytest
import scipy.signal as ss
from surface.drawing import FLOATS, KINDS, REALS, check_calls

from funcgrad.scipy import signal

MODES = ("full", "same", "valid")
WINDOWS = ("hann", "hamming", "blackman", "boxcar", ("tukey", 0.4))


def two(draw):
    x = draw.array(dims=(1, 2), dtypes=KINDS)
    y = draw.filled(draw.shape((x.ndim, x.ndim), (1, 4)), KINDS)
    return (x, y), {"mode": draw.of(*MODES), "method": draw.of("auto", "direct", "fft")}


def by_fft(draw):
    x = draw.array(dtypes=KINDS)
    axes = draw.of(None, draw.axes(x))
    sides = [
        draw.whole(1, 4) if axes is None or i in axes else draw.of(1, n)
        for i, n in enumerate(x.shape)
    ]
    return (x, draw.filled(sides, KINDS)), {"mode": draw.of(*MODES), "axes": axes}


def planar(draw):
    x, y = draw.array((2, 2), dtypes=KINDS), draw.array((2, 2), (1, 4), KINDS)
    boundary = draw.of("fill", "wrap", "symm")
    return (x, y), {"mode": draw.of(*MODES), "boundary": boundary, "fillvalue": draw.of(0, 0.5)}


def without_trend(draw):
    x = draw.array(sides=(1, 7), dtypes=KINDS)
    axis = draw.axis(x)
    bp = draw.of(0, [x.shape[axis] // 2])
    return (x,), {"axis": axis, "type": draw.of("linear", "constant"), "bp": bp}


def filtered(draw):
    x = draw.array(dtypes=KINDS)
    axis = draw.axis(x)
    b, a = draw.filled((draw.whole(1, 4),), KINDS), draw.filled((draw.whole(1, 4),), FLOATS)
    a[0] = draw.of(1.0, 2.0, -0.5)
    kwargs = {"axis": axis}
    if draw.of(True, False):
        shape = list(x.shape)
        shape[axis] = max(len(a), len(b)) - 1
        kwargs["zi"] = draw.filled(shape, FLOATS)
    return (b, a, x), kwargs


def smoothed(draw):
    x = draw.array(sides=(5, 9), dtypes=REALS)
    kwargs = {"deriv": draw.whole(0, 2), "delta": draw.of(1.0, 0.5), "axis": draw.axis(x)}
    kwargs |= {"mode": draw.of("interp", "mirror", "constant", "nearest", "wrap")}
    return (x, draw.of(3, 5), draw.whole(0, 2)), {**kwargs, "cval": draw.of(0.0, 0.7)}


def segments(draw, length):
    nperseg = draw.whole(2, min(8, length))
    kwargs = {
        "nperseg": nperseg,
        "fs": draw.of(1.0, 2.5),
        "window": draw.of(*WINDOWS, np.linspace(0.5, 1.5, nperseg)),
        "noverlap": draw.of(None, 0, nperseg - 1),
        "nfft": draw.of(None, nperseg + 3),
        "return_onesided": draw.of(True, False),
    }
    return kwargs


def spectra(count):
    def case(draw):
        x = draw.array(sides=(2, 20), dtypes=KINDS)
        axis = draw.axis(x)
        kwargs = segments(draw, x.shape[axis]) | {"axis": axis}
        kwargs |= {"detrend": draw.of("constant", "linear", False)}
        kwargs |= {"scaling": draw.of("density", "spectrum"), "average": draw.of("mean", "median")}
        return (x, *(draw.filled(x.shape, KINDS) for _ in range(count - 1))), kwargs

    return case


def windowed(draw):
    x = draw.array(sides=(2, 20), dtypes=KINDS)
    axis = draw.axis(x)
    kwargs = segments(draw, x.shape[axis]) | {"axis": axis, "detrend": draw.of(False, "constant")}
    kwargs |= {"boundary": draw.of("zeros", "even", "odd", "constant", None)}
    return (x,), {**kwargs, "padded": draw.of(True, False)}


def put_together(draw):
    nperseg = draw.of(4, 6, 7)
    lead = draw.shape((0, 2), (1, 3)) if draw.of(True, False) else ()
    one = draw.of(True, False)
    bins = nperseg // 2 + 1 if one else nperseg
    z = draw.filled((*lead, bins, draw.whole(2, 6)), ("c16", "c8"))
    kwargs = {"nperseg": nperseg, "fs": draw.of(1.0, 2.5), "window": draw.of("hann", "boxcar")}
    return (z,), {**kwargs, "input_onesided": one, "boundary": draw.of(True, False)}


CASES = {
    "convolve": two, "correlate": two, "fftconvolve": by_fft, "convolve2d": planar,
    "correlate2d": planar, "detrend": without_trend, "lfilter": filtered,
    "savgol_filter": smoothed, "welch": spectra(1), "csd": spectra(2), "stft": windowed,
    "istft": put_together,
}  # fmt: skip


def inside(x, y, mode="full", axes=None):
    """SciPy neither transforms axes of size 1 nor asks which array is inside of the other there."""
    larger = np.sign(np.subtract(x.shape, y.shape))
    larger = larger if axes is None else larger[list(axes)]
    if mode == "valid" and {-1, 1} <= set(larger.tolist()):
        raise ValueError("neither is inside of the other")
    return ss.fftconvolve(*(v.astype(np.result_type(v, np.float32)) for v in (x, y)), mode, axes)


def timed(z, **kwargs):
    """SciPy counts signals, not samples, if there are several."""
    out = ss.istft(z, **kwargs)[1]
    return np.arange(out.shape[-1]) / kwargs["fs"], out


OTHERS = {"fftconvolve": inside, "istft": timed}


def test_every_function_is_drawn():
    assert set(CASES) == set(signal.__all__)


@pytest.mark.parametrize("name", CASES)
def test_drawn_calls(name):
    known = OTHERS.get(name, getattr(ss, name))
    check_calls(getattr(signal, name), known, CASES[name], 15)
