"""scipy.fft over drawn arrays, dtypes, axes, lengths and norms."""

import pytest
import scipy.fft as sf
from surface.drawing import FLOATS, KINDS, REALS, check_calls

from funcgrad.scipy import fft

NORMS = (None, "backward", "ortho", "forward")
COSINES = {"dct", "idct", "dst", "idst", "dctn", "idctn", "dstn", "idstn"}


def dtypes_of(name):
    return REALS if name.startswith(("rfft", "ihfft")) else KINDS


def along_one_axis(name):
    def case(draw):
        x = draw.array(dtypes=dtypes_of(name))
        kwargs = {"axis": draw.axis(x), "norm": draw.of(*NORMS), "n": draw.of(None, 1, 2, 5, 8)}
        if name in COSINES:
            kwargs["type"] = draw.whole(1, 4)
        return (x,), kwargs

    return case


def along_axes(name):
    def case(draw):
        x = draw.array(dims=(2, 3), dtypes=dtypes_of(name))
        axes = draw.axes(x, 2)[:2]
        kwargs = {"axes": axes, "norm": draw.of(*NORMS)}
        if draw.of(True, False):
            kwargs["s"] = tuple(draw.whole(1, 7) for _ in axes)
        if name in COSINES:
            kwargs["type"] = draw.whole(1, 4)
        elif "2" not in name and draw.of(True, False):
            del kwargs["axes"]
        return (x,), kwargs

    return case


def shifted(draw):
    x = draw.array(dtypes=KINDS)
    return (x,), {"axes": draw.of(None, draw.axis(x), draw.axes(x))}


def frequencies(draw):
    return (draw.whole(1, 9), draw.filled((), FLOATS, 0.1, 2)[()]), {}


def case_of(name):
    if "freq" in name:
        return frequencies
    if "shift" in name:
        return shifted
    return along_axes(name) if name.endswith(("2", "n")) else along_one_axis(name)


def of_some_length(known):
    """NumPy refuses a length of 0, which SciPy takes for 1 there."""

    def run(x, s=None, axes=None, **kwargs):
        if s is None and x.shape[-1 if axes is None else axes[-1]] == 1:
            raise ValueError("no points")
        return known(x, s=s, axes=axes, **kwargs)

    return run


@pytest.mark.parametrize("name", fft.__all__)
def test_drawn_calls(name):
    known = getattr(sf, name)
    known = of_some_length(known) if name in ("irfft2", "irfftn") else known
    check_calls(getattr(fft, name), known, case_of(name), 8)
