"""NumPy's Fourier transforms with SciPy's arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.tracebacks import user_facing
from ...numpy import fft as _numpy
from ...typing import Array, ArrayLike, Axes, Shape


def _documented(numpys: Callable[..., Any], length: str, axes: str) -> Callable[[Any], Any]:
    """A decorator: the docstring of a function of NumPy, with SciPy's arguments."""

    def decorate(function: Any) -> Any:
        name = numpys.__name__
        function.__name__ = function.__qualname__ = name
        summary = (numpys.__doc__ or "").split("\n\n", maxsplit=1)[0]
        function.__doc__ = "\n".join(
            [
                f"{summary}\n",
                f"    The arguments are those of ``scipy.fft.{name}``.\n",
                "    Args:",
                "        x: array.",
                f"        {length}: what it is cut or filled with zeros to; None is what it is.",
                f"        {axes}: along what.",
                "        norm: 'backward' (None), 'ortho' or 'forward'.",
                "        overwrite_x: changes nothing: the argument is kept.",
                "        workers: changes nothing.",
                "        plan: must be None.\n",
                "    Returns:",
                f"        What ``numpy.fft.{name}`` returns.\n    ",
            ]
        )
        return user_facing(function)

    return decorate


def _check_plan(name: str, plan: object) -> None:
    if plan is not None:
        raise ValueError(f"{name}: plans are not taken; pass plan=None")


def _along_one(name: str) -> Callable[..., Array]:
    numpys = getattr(_numpy, name)

    @_documented(numpys, "n", "axis")
    def transform(
        x: ArrayLike,
        n: int | None = None,
        axis: int = -1,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: object = None,
    ) -> Array:
        _check_plan(name, plan)
        return numpys(x, n, axis, norm)  # type: ignore[no-any-return]

    return transform


def _along_several(name: str, default: Axes) -> Callable[..., Array]:
    numpys = getattr(_numpy, name)

    @_documented(numpys, "s", "axes")
    def transform(
        x: ArrayLike,
        s: Shape | None = None,
        axes: Axes = default,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: object = None,
    ) -> Array:
        _check_plan(name, plan)
        if isinstance(axes, int):
            axes = (axes,)
        if isinstance(s, int):
            s = (s,)
        return numpys(x, s, axes, norm)  # type: ignore[no-any-return]

    return transform


fft, ifft = _along_one("fft"), _along_one("ifft")
rfft, irfft = _along_one("rfft"), _along_one("irfft")
hfft, ihfft = _along_one("hfft"), _along_one("ihfft")
fft2, ifft2 = _along_several("fft2", (-2, -1)), _along_several("ifft2", (-2, -1))
rfft2, irfft2 = _along_several("rfft2", (-2, -1)), _along_several("irfft2", (-2, -1))
fftn, ifftn = _along_several("fftn", None), _along_several("ifftn", None)
rfftn, irfftn = _along_several("rfftn", None), _along_several("irfftn", None)
