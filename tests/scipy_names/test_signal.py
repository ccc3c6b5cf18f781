"""Signals: SciPy's values in every mode."""

import numpy as np
import pytest
import scipy.signal as ss
from numpy.testing import assert_allclose
from surface.arrays import CUBE, INTS, LONG, SHORT, SQUARE, VECTOR, WIDE, X, spread
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import signal

TIME = spread((23,))
MANY = spread((3, 14))
B, A = np.array([0.3, -0.2, 0.5]), np.array([1.5, 0.4])
PAIRS = [(VECTOR, SHORT), (SHORT, VECTOR), (X, WIDE), (LONG, np.array([0.5, 1.0]))]
CALLS = [
    *[(n, p, {"mode": m}) for n in ("convolve", "correlate") for p in PAIRS[:2] for m in
      ("full", "same", "valid")],
    ("convolve", (X, SQUARE[:2]), {"mode": "same", "method": "fft"}),
    ("convolve", PAIRS[3], {"mode": "same"}), ("correlate", PAIRS[3], {"mode": "same"}),
    ("convolve", (CUBE, CUBE[:, :2, :2]), {}),
    *[("convolve2d", (SQUARE, X[:, :2]), {"mode": m, "boundary": b}) for m in ("full", "same")
      for b in ("fill", "wrap", "symm")],
    ("convolve2d", (SQUARE, X[:, :2]), {"mode": "same", "fillvalue": 0.7}),
    ("correlate2d", (SQUARE, X[:, :2]), {"mode": "same"}),
    ("correlate2d", (X[:, :2], SQUARE), {"mode": "valid"}),
    ("fftconvolve", (X, WIDE), {"mode": "full"}), ("fftconvolve", (X, SHORT[None]), {"axes": 1}),
    ("fftconvolve", (VECTOR, SHORT), {"mode": "valid"}),
    ("fftconvolve", (VECTOR, SHORT), {"mode": "same"}),
    ("detrend", (LONG,), {}), ("detrend", (X,), {"axis": 0, "type": "constant"}),
    ("detrend", (TIME,), {"bp": [9]}),
    ("lfilter", (B, A, LONG), {}), ("lfilter", (B, A, X), {"axis": 0}),
    ("lfilter", (B[:1], np.array([2.0]), X), {}),
    ("lfilter", (B, A, X), {"zi": WIDE[:, :2]}), ("lfilter", (B, A, X), {"zi": WIDE[:1, :2]}),
    *[("savgol_filter", (LONG, 5, 2), {"mode": m, "deriv": d, "delta": 0.5}) for m in
      ("interp", "mirror", "constant", "nearest", "wrap") for d in (0, 1)],
    ("savgol_filter", (MANY.T, 7, 3), {"axis": 0}),
    ("welch", (TIME,), {"nperseg": 8, "fs": 2.0}),
    ("welch", (MANY,), {"nperseg": 7, "average": "median", "detrend": "linear"}),
    ("welch", (MANY.T,), {"nperseg": 6, "scaling": "spectrum", "axis": 0, "window": "hamming"}),
    ("csd", (TIME, TIME[::-1]), {"nperseg": 8, "noverlap": 2, "nfft": 11, "window": "blackman"}),
    ("csd", (TIME, TIME[::-1]), {"nperseg": 8, "return_onesided": False}),
    ("stft", (TIME,), {"nperseg": 8}), ("stft", (MANY,), {"nperseg": 5, "boundary": "even"}),
    ("stft", (MANY.T,), {"nperseg": 6, "boundary": None, "padded": False, "axis": 0}),
    ("stft", (TIME,), {"nperseg": 8, "boundary": "odd", "window": np.hanning(8), "fs": 3.0}),
]  # fmt: skip


@pytest.mark.parametrize("i", range(len(CALLS)))
def test_calls(i):
    name, args, options = CALLS[i]
    case = Call(args, options, rtol=1e-10)
    check_function(getattr(signal, name), getattr(ss, name), case, "d")


@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_types(name):
    ours, theirs = getattr(signal, name), getattr(ss, name)
    for dtype in "fD":
        check_function(ours, theirs, Call((VECTOR, SHORT), {"mode": "same"}), dtype)
    got = ours(INTS[0], INTS[1])
    assert got.dtype == INTS.dtype
    np.testing.assert_array_equal(got, theirs(INTS[0], INTS[1]))


@pytest.mark.parametrize("options", [{}, {"window": "boxcar"}, {"noverlap": 6}])
def test_signals_come_back(options):
    for x in (TIME, MANY):
        z = signal.stft(x, nperseg=8, **options)[2]
        back = signal.istft(z, nperseg=8, **options)[1]
        np.testing.assert_allclose(back[..., : x.shape[-1]], x, atol=1e-12)
        times, theirs = ss.istft(z, nperseg=8, **options)
        np.testing.assert_allclose(back, theirs, atol=1e-12)
        if x.ndim == 1:  # of several signals, SciPy numbers these
            np.testing.assert_allclose(signal.istft(z, nperseg=8, **options)[0], times)
    slope = fg.grad(lambda z: np.sum(signal.istft(z + 0j, nperseg=8)[1] ** 2))(z.real)
    assert slope.shape == z.shape


WRONG = {
    "axes": (lambda: signal.convolve(X, VECTOR), "number of axes"),
    "mode": (lambda: signal.convolve(VECTOR, SHORT, "all"), "'all'"),
    "method": (lambda: signal.convolve(VECTOR, SHORT, method="best"), "'best'"),
    "valid": (lambda: signal.convolve(X, WIDE.T, "valid"), "inside"),
    "matrices": (lambda: signal.convolve2d(VECTOR, SHORT), "matrices"),
    "boundary": (lambda: signal.convolve2d(X, X, boundary="edge"), "'edge'"),
    "type": (lambda: signal.detrend(X, type="cubic"), "'cubic'"),
    "filter": (lambda: signal.lfilter(X, A, X), "vectors"),
    "state": (lambda: signal.lfilter(B, A, X, zi=X), "zi of shape"),
    "state's axes": (lambda: signal.lfilter(B, A, X, zi=X[0]), "zi of shape"),
    "leading zero": (lambda: signal.lfilter(B, 0 * A, X), "must not be 0"),
    "even": (lambda: signal.savgol_filter(LONG, 4, 2), "odd"),
    "degree": (lambda: signal.savgol_filter(LONG, 5, 5), "polyorder"),
    "long": (lambda: signal.savgol_filter(LONG, 9, 2), "7 samples"),
    "window": (lambda: signal.welch(TIME, window="kaiser"), "'kaiser'"),
    "overlap": (lambda: signal.welch(TIME, nperseg=4, noverlap=4), "noverlap"),
    "scaling": (lambda: signal.welch(TIME, scaling="power"), "'power'"),
}


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, words = WRONG[label]
    with pytest.raises(ValueError, match=words):
        call()


def test_long_vectors_are_transformed():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=3000), rng.normal(size=700)
    for mode in ("full", "same", "valid"):
        expected = ss.convolve(x, y, mode, "direct")
        assert_allclose(signal.convolve(x, y, mode), expected, atol=1e-10)
        assert_allclose(fg.jit(lambda x, m=mode: signal.convolve(x, y, m))(x), expected, atol=1e-10)
    jaxpr = str(fg.make_jaxpr(signal.convolve)(x, y))
    assert "fft" in jaxpr
    assert "fft" not in str(fg.make_jaxpr(signal.convolve)(x, y[:5]))


def test_transforms_at_their_edges():
    assert signal.fftconvolve(2.0, 3.0) == 6.0
    assert signal.fftconvolve(np.ones(0), np.ones(2)).shape == (0,)
    assert signal.fftconvolve(np.ones((2, 3)), np.ones((2, 3)), axes=np.int64(0)).shape == (3, 3)
    with pytest.raises(ValueError, match="names an axis twice"):
        signal.fftconvolve(np.eye(2), np.eye(2), axes=(0, 0))


NOISE = np.random.default_rng(3).normal(size=64)


@pytest.mark.parametrize("window", ["flattop", ("tukey", 0.25), "hann"])
def test_windows_of_scipy(window):
    for f, g in zip(
        signal.welch(NOISE, window=window, nperseg=16),
        ss.welch(NOISE, window=window, nperseg=16),
        strict=True,
    ):
        assert_allclose(f, g)
    with pytest.raises(ValueError, match=r"no such|Invalid|Unknown"):
        signal.welch(NOISE, window="no such", nperseg=16)


def test_signals_of_different_lengths():
    for x, y in ((NOISE, NOISE[:40]), (NOISE.reshape(4, 16), NOISE[:16])):
        for f, g in zip(signal.csd(x, y, nperseg=8), ss.csd(x, y, nperseg=8), strict=True):
            assert_allclose(f, g)
    with pytest.raises(fg.errors.ShapeError, match="do not broadcast"):
        signal.csd(np.ones((2, 8)), np.ones((3, 8)))


def test_a_function_takes_trends_away():
    ours, theirs = (m.welch(NOISE, detrend=lambda s: s - 1, nperseg=16) for m in (signal, ss))
    assert_allclose(ours[1], theirs[1])


def test_single_precision_stays():
    assert signal.welch(NOISE.astype("f"), average="median", nperseg=16)[1].dtype == np.float32


def test_traced_values_beside_plain_signals():
    def filled(c):
        return np.sum(signal.savgol_filter(NOISE, 5, 2, mode="constant", cval=c))

    def spaced(c):
        return np.sum(signal.savgol_filter(NOISE, 5, 2, deriv=1, delta=c))

    def around(c):
        return np.sum(signal.convolve2d(np.eye(3), np.ones((2, 2)), "same", fillvalue=c))

    for f in (filled, spaced, around):
        h = 1e-6
        slope = (f(1.5 + h) - f(1.5 - h)) / (2 * h)
        assert_allclose(fg.grad(f)(1.5), slope, rtol=1e-6)
        assert_allclose(fg.jit(f)(1.5), f(1.5))


@pytest.mark.parametrize("kind", ["b", "h", "i", "q", "?"])
def test_integers_are_filtered_in_float64(kind):
    x = (np.arange(9) * 13 % 7).astype(kind)
    b, a = np.array([3, 1], kind), np.array([2, 1], kind)
    found = signal.lfilter(b, a, x)
    assert found.dtype == np.float64
    expected = ss.lfilter(*(v.astype(float) for v in (b, a, x)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["correlate", "correlate2d", "convolve", "convolve2d"])
def test_complex_matrices_in_either_order(name, mode):
    large, small = SQUARE + 1j * SQUARE.T, SQUARE[:2, 1:] * (0.3 - 0.7j)
    for pair in ((large, small), (small, large), (large, large * 1j)):
        ours, theirs = (getattr(m, name)(*pair, mode) for m in (signal, ss))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_traced_windows():
    """Of plain signals, and of the inverse transform."""
    window = np.array([0.2, 0.9, 1.3, 1.0, 0.7, 0.4, 0.3, 0.1])
    z = ss.stft(TIME, window=window, nperseg=8)[2]
    for name, x in (("istft", z), ("stft", TIME), ("welch", TIME)):
        case = Call((window,), rtol=1e-10)
        i = 2 if name == "stft" else 1
        check_function(
            *(lambda w, m=m, i=i, x=x, n=name: abs(getattr(m, n)(x, window=w, nperseg=8)[i])
              for m in (signal, ss)), case, "d")  # fmt: skip
