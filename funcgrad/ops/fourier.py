"""Discrete Fourier transforms over several axes: of complex numbers, and between real numbers and
half of their spectrum.

With w = exp(-2 pi i / n), ``fft`` is the sum of x_j w^jk over j. Its matrix is symmetric, so it is
its own transpose. ``rfft`` leaves out what is the conjugate of something else, and ``irfft`` adds
it again: their matrices are each other's transposes but for signs of exponents and for the
elements that count twice, which ``_doubled`` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays import ArrayModule
from ..core.avals import Aval
from ..core.dtypes import SINGLE, is_small_float
from ..core.facts import Float64, Hazard
from ..core.primitive import Case, Cases
from ..errors import ShapeError
from ..typing import Array
from .families import Linear, linear, sample
from .pointwise.arithmetic import mul
from .pointwise.complex import conj, real
from .shape import cast, shift_axes

OPPOSITE_NORM = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
"""The norm of an inverse transform that is scaled as a transform of the other norm, or in turn."""

_ROUNDED = Float64("a fast transform, whose sums are ordered by the factors of the length")


def complex_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of a spectrum: complex64 of float16 and float32, complex128 of integers."""
    return np.result_type(
        SINGLE if is_small_float(dtype) else dtype if dtype.kind in "fc" else np.float64,
        np.complex64,
    )


def real_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of what has a spectrum of a dtype."""
    return np.finfo(complex_dtype(dtype)).dtype


def half(size: int) -> int:
    """The number of elements of the spectrum of that many real numbers that are kept."""
    return size // 2 + 1


def _resized(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _check_sizes(name: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    if any(shape[axis] == 0 for axis in axes):
        raise ShapeError(f"{name} needs one element at least along axes {axes}, got shape {shape}")


def _fft_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    run = xp.fft.ifftn if inverse else xp.fft.fftn
    return run(x, axes=axes, norm=norm)


def _fft_abstract(x: Aval, *, axes: tuple[int, ...], **_: object) -> Aval:
    _check_sizes("fft", x.shape, axes)
    return Aval(x.shape, complex_dtype(x.dtype))


def _fft_transpose(ct: Array, x: Aval, **params: Any) -> Array:
    out = fft(ct, **params)
    return out if x.dtype.kind == "c" else cast(real(out), x.dtype)


def _fft_text(x: str, *, axes: tuple[int, ...], inverse: bool, norm: str) -> str:
    return f"np.fft.{'ifftn' if inverse else 'fftn'}({x}, axes={axes}, norm={norm!r})"


def _shifting(operator: Callable[[], Linear]) -> Callable[..., Array]:
    """The batching rule of a transform: it takes whole stacks."""

    def batch(_size: int, args: Any, _batched: Any, *, axes: tuple[int, ...], **params: Any) -> Any:
        return operator()(args[0], axes=shift_axes(axes), **params)

    return batch


def _fft_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape, axes, inverse, norm in (
        ("c16", (4,), (0,), False, "backward"),
        ("c16", (2, 5), (1,), True, "backward"),
        ("f8", (3, 4), (0, 1), False, "ortho"),
        ("f8", (5, 2), (0,), True, "forward"),
        ("f4", (2, 3), (1,), False, "forward"),
        ("c16", (2, 3, 4), (2, 0), True, "ortho"),
        ("c8", (3,), (0,), True, "backward"),
    ):
        yield Case(sample(rng, shape, dtype, (-2, 2)), axes=axes, inverse=inverse, norm=norm)


fft: Linear = linear(
    "fft",
    _fft_eval,
    abstract=_fft_abstract,
    transpose=_fft_transpose,
    batch=_shifting(lambda: fft),
    cases=_fft_cases,
    source=_fft_text,
    elements=_ROUNDED,
    hazard=Hazard.SUM,
)

# --- half spectra --------------------------------------------------------------------------------


def _doubled(x: Array, axis: int, size: int, factor: float) -> Array:
    """Half a spectrum with the elements that stand for two of them times a factor."""
    weights = np.full(half(size), factor, real_dtype(x.dtype))
    weights[0] = 1
    if size % 2 == 0:
        weights[-1] = 1
    return mul(x, weights.reshape(-1, *[1] * (len(x.shape) - axis - 1)))


def _rfft_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...], norm: str) -> Any:
    return xp.fft.rfftn(x, axes=axes, norm=norm)


def _rfft_abstract(x: Aval, *, axes: tuple[int, ...], **_: object) -> Aval:
    _check_sizes("rfft", x.shape, axes)
    if x.dtype.kind == "c":
        raise TypeError(f"rfft is of real numbers, got {x}; use fft")
    return Aval(_resized(x.shape, axes[-1], half(x.shape[axes[-1]])), complex_dtype(x.dtype))


def _rfft_transpose(ct: Array, x: Aval, *, axes: tuple[int, ...], norm: str) -> Array:
    size = x.shape[axes[-1]]
    spectrum = _doubled(conj(ct), axes[-1], size, 0.5)
    return cast(irfft(spectrum, axes=axes, size=size, norm=OPPOSITE_NORM[norm]), x.dtype)


def _irfft_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...], size: int, norm: str) -> Any:
    lengths = [x.shape[axis] for axis in axes[:-1]]
    return xp.fft.irfftn(x, s=(*lengths, size), axes=axes, norm=norm)


def irfft_on_gpu(
    xp: ArrayModule, x: Array, *, axes: tuple[int, ...], size: int, norm: str
) -> Array:
    """The same by cuFFT, which takes the symmetry of a whole spectrum for granted.

    NumPy's transform does not: it sees one axis after another, and for the last one the imaginary
    parts of what is real do not count.
    """
    *others, last = axes
    x = xp.fft.ifftn(x, axes=tuple(others), norm=norm) if others else x.copy()
    for bin in (0,) if size % 2 else (0, size // 2):
        x.imag[(slice(None),) * last + (bin,)] = 0
    return xp.fft.irfft(x, size, last, norm)


def _irfft_abstract(x: Aval, *, axes: tuple[int, ...], size: int, **_: object) -> Aval:
    _check_sizes("irfft", x.shape, axes)
    if x.dtype.kind != "c":
        raise TypeError(f"irfft is of a complex spectrum, got {x}")
    if x.shape[axes[-1]] != half(size):
        raise ShapeError(
            f"irfft to {size} real numbers needs {half(size)} elements along axis {axes[-1]}, got "
            f"shape {x.shape}"
        )
    return Aval(_resized(x.shape, axes[-1], size), real_dtype(x.dtype))


def _irfft_transpose(ct: Array, x: Aval, *, axes: tuple[int, ...], size: int, norm: str) -> Array:
    spectrum = conj(rfft(ct, axes=axes, norm=OPPOSITE_NORM[norm]))
    return _doubled(spectrum, axes[-1], size, 2.0)


def _half_cases(dtypes: tuple[str, str], *, inverse: bool) -> Cases:
    double, single = dtypes

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype, lengths, axes, norm in (
            (double, (4,), (0,), "backward"),
            (double, (2, 5), (1,), "forward"),
            (double, (3, 4), (1, 0), "ortho"),
            (double, (3, 2, 6), (0, 2), "backward"),
            (single, (5, 2), (0,), "backward"),
        ):
            shape: tuple[int, ...] = lengths
            params: dict[str, Any] = {"axes": axes, "norm": norm}
            if inverse:
                params["size"] = shape[axes[-1]]
                shape = _resized(shape, axes[-1], half(params["size"]))
            yield Case(sample(rng, shape, dtype, (-2, 2)), **params)

    return cases


rfft: Linear = linear(
    "rfft",
    _rfft_eval,
    abstract=_rfft_abstract,
    transpose=_rfft_transpose,
    batch=_shifting(lambda: rfft),
    cases=_half_cases(("f8", "f4"), inverse=False),
    source=lambda x, *, axes, norm: f"np.fft.rfftn({x}, axes={axes}, norm={norm!r})",
    elements=_ROUNDED,
    hazard=Hazard.SUM,
)
irfft: Linear = linear(
    "irfft",
    _irfft_eval,
    on_gpu=irfft_on_gpu,
    abstract=_irfft_abstract,
    transpose=_irfft_transpose,
    batch=_shifting(lambda: irfft),
    cases=_half_cases(("c16", "c8"), inverse=True),
    elements=_ROUNDED,
    hazard=Hazard.SUM,
)
