"""Calls of Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import COUNTS, CUBE, INTS, LONG, ROW, SHORT, VECTOR, WIDE, X, spread
from .checks import Call, call

NORMS = (None, "backward", "ortho", "forward")
Z = spread((3, 4)) + 1j * np.cos(5 * spread((3, 4)))
DEEP = spread((2, 3, 4, 5))


def along_one_axis(*others: Call, only: str = "fdD") -> list[Call]:
    """Odd and even lengths, longer and shorter ones than the axis, every norm, integers."""
    lengths: list[dict[str, Any]] = [{}, {"n": 2}, {"n": 5}, {"n": 6}, {"n": 7, "axis": 0}]
    return [
        *(call(VECTOR, _dtypes=only, **kwargs) for kwargs in lengths),
        *(call(WIDE, norm=norm, _dtypes=only) for norm in NORMS),
        call(CUBE, 3, 1, "ortho", _dtypes=only),
        call(CUBE, axis=-3, _dtypes=only),
        call(INTS),
        call(X.astype(np.float16), _derivative=False, _vmap=False, _rtol=2e-3),
        *others,
    ]


def along_axes(axes: Any, only: str = "fdD") -> list[Call]:
    """The same for transforms along several axes."""
    return [
        call(WIDE, _dtypes=only),
        call(CUBE, axes=axes, _dtypes=only),
        call(CUBE, s=(3, 5), axes=axes, _dtypes=only),
        call(DEEP, s=(2, 7), axes=(1, 3), norm="ortho", _dtypes=only),
        call(CUBE, s=(-1, 2), axes=(1, 0), _dtypes=only),
        *(call(CUBE, norm=norm, axes=axes, _dtypes=only) for norm in NORMS[1:]),
        call(COUNTS),
    ]


def along_many(only: str = "fdD") -> list[Call]:
    return [
        *along_axes((0, 1), only),
        call(CUBE, _dtypes=only),
        call(CUBE, axes=(2,), _dtypes=only),
        call(WIDE, axes=(1, 1), _dtypes=only),
        call(CUBE, s=(3, 3), axes=(1, 1), _dtypes=only),
    ]


TABLE = {
    "fft": along_one_axis(call(Z, 3)),
    "ifft": along_one_axis(call(Z, 5)),
    "rfft": along_one_axis(call(ROW[:1], _dtypes="fd"), only="fd"),
    "irfft": along_one_axis(call(SHORT, 1), call(Z, 4), call(Z, 5, 0)),
    "hfft": along_one_axis(call(Z)),
    "ihfft": along_one_axis(call(LONG, _dtypes="fd"), only="fd"),
    "fft2": along_axes((0, 2)),
    "ifft2": along_axes((0, 2)),
    "rfft2": along_axes((0, 2), "fd"),
    "irfft2": along_axes((0, 2)),
    "fftn": [*along_many(), call(CUBE, axes=()), call(np.float64(2.5))],
    "ifftn": along_many(),
    "rfftn": along_many("fd"),
    "irfftn": along_many(),
    "fftfreq": [call(n, np.float64(0.7)) for n in (1, 4, 5)],
    "rfftfreq": [call(n, np.float64(0.7)) for n in (1, 4, 5)],
    "fftshift": [call(VECTOR), call(CUBE), call(CUBE, 1), call(CUBE, (0, -1)), call(INTS)],
    "ifftshift": [call(VECTOR), call(CUBE), call(CUBE, 1), call(CUBE, (0, -1)), call(INTS)],
}
