"""Arrays that are plain, and those that are not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TracerError


def check_plain(x: Any, what: str) -> None:
    """Raise if an array is of a subclass of NumPy's, whose meaning would be lost.

    Masks, matrix products and units are what subclasses are for; a derivative knows nothing of
    them. ``np.memmap`` is an array like others.
    """
    kind: Any = x.__class__
    if issubclass(kind, np.ndarray) and kind is not np.ndarray and kind is not np.memmap:
        masked = isinstance(x, np.ma.MaskedArray)
        repair = "x.filled(value), and the mask as another one" if masked else "np.array(x)"
        raise TracerError(
            f"{what} is a {kind.__name__} of shape {x.shape}, a subclass of NumPy's array with "
            f"rules of its own, which would be lost. Pass a plain array: {repair}."
        )
