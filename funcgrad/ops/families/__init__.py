"""The families of operators. A family is a class: it says how its operators are evaluated,
differentiated, transposed and batched, and fills in what follows from the mathematical class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import sample
from .control import Control, control
from .elementwise import Elementwise, align, broadcast_shapes, elementwise, expand_rank
from .general import General, general
from .linear import Bilinear, Linear, bilinear, linear
from .partials import (
    FUNCTION,
    NEED_OUT,
    NEED_X,
    NEED_Y,
    NEGATIVE,
    SAME,
    SCALING,
    Quotient,
    Scaling,
)
from .rules import Joint
from .transposing import is_value

__all__ = [
    "FUNCTION",
    "NEED_OUT",
    "NEED_X",
    "NEED_Y",
    "NEGATIVE",
    "SAME",
    "SCALING",
    "Bilinear",
    "Control",
    "Elementwise",
    "General",
    "Joint",
    "Linear",
    "Quotient",
    "Scaling",
    "align",
    "as_scalar",
    "bilinear",
    "broadcast_shapes",
    "control",
    "elementwise",
    "expand_rank",
    "general",
    "is_value",
    "linear",
    "sample",
]


def as_scalar(x: Any) -> Any:
    """NumPy scalars in place of 0-d arrays, as NumPy's own functions return them."""
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x
