"""The kernels that interpolate between pixels, as functions of a distance."""

from __future__ import annotations

import enum
from collections.abc import Callable

import numpy as np

from ..core.blame import describe
from ..typing import Array


class ResizeMethod(enum.Enum):
    """How values between pixels are found.

    >>> ResizeMethod.from_string("bicubic")
    <ResizeMethod.CUBIC: 4>
    """

    NEAREST = 0
    LINEAR = 1
    LANCZOS3 = 2
    LANCZOS5 = 3
    CUBIC = 4

    @staticmethod
    def from_string(s: str) -> ResizeMethod:
        """A method by one of its names."""
        found = _NAMES.get(s) if isinstance(s, str) else None
        if found is None:
            raise ValueError(
                f"image: method must be one of {', '.join(map(repr, _NAMES))}, got {describe(s)}"
            )
        return found


_NAMES = {
    "nearest": ResizeMethod.NEAREST,
    "linear": ResizeMethod.LINEAR, "bilinear": ResizeMethod.LINEAR,
    "trilinear": ResizeMethod.LINEAR, "triangle": ResizeMethod.LINEAR,
    "lanczos3": ResizeMethod.LANCZOS3, "lanczos5": ResizeMethod.LANCZOS5,
    "cubic": ResizeMethod.CUBIC, "bicubic": ResizeMethod.CUBIC, "tricubic": ResizeMethod.CUBIC,
}  # fmt: skip


def method_of(method: str | ResizeMethod) -> ResizeMethod:
    """A method from itself or one of its names."""
    return method if isinstance(method, ResizeMethod) else ResizeMethod.from_string(method)


def _triangle(x: Array) -> Array:
    return np.maximum(0.0, 1.0 - x)


def _keys(x: Array) -> Array:
    """Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2."""
    near = ((1.5 * x - 2.5) * x) * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x >= 2.0, 0.0, np.where(x >= 1.0, far, near))


def _lanczos(radius: float) -> Callable[[Array], Array]:
    """A sinc in the window of a wider sinc (Duchon, "Lanczos Filtering", 1979)."""

    def kernel(x: Array) -> Array:
        return np.where(x > radius, 0.0, np.sinc(x) * np.sinc(x / radius))

    return kernel


KERNELS: dict[ResizeMethod, Callable[[Array], Array]] = {
    ResizeMethod.LINEAR: _triangle,
    ResizeMethod.LANCZOS3: _lanczos(3.0),
    ResizeMethod.LANCZOS5: _lanczos(5.0),
    ResizeMethod.CUBIC: _keys,
}
"""Of each method its kernel, a function of distances that are not negative."""
