"""The operators: one record each, by family; and the constructors to define more.

>>> import numpy as np
>>> from funcgrad import grad
>>> from funcgrad.ops import elementwise
>>> quad = elementwise("quad", lambda x: x**4, lambda _out, x: 4 * x**3)
>>> grad(quad)(2.0)
np.float64(32.0)
"""

import importlib
from typing import TYPE_CHECKING, Any

from ..core.avals import Aval
from ..core.facts import (
    Arrays,
    ByRule,
    Decided,
    Float64,
    Hazard,
    Moves,
    OneTriangle,
    Picks,
    Scalars,
    Steep,
)
from ..core.lowering import NumpyText
from ..core.primitive import Case, Primitive, Unbatched, operator_named
from .families import (
    Bilinear,
    Control,
    Elementwise,
    General,
    Joint,
    Linear,
    Quotient,
    Scaling,
    bilinear,
    control,
    elementwise,
    general,
    linear,
)

if TYPE_CHECKING:
    from .reductions.segments import segment_max, segment_min, segment_prod, segment_sum

__all__ = [
    "Arrays",
    "Aval",
    "Bilinear",
    "ByRule",
    "Case",
    "Control",
    "Decided",
    "Elementwise",
    "Float64",
    "General",
    "Hazard",
    "Joint",
    "Linear",
    "Moves",
    "NumpyText",
    "OneTriangle",
    "Picks",
    "Primitive",
    "Quotient",
    "Scalars",
    "Scaling",
    "Steep",
    "Unbatched",
    "bilinear",
    "control",
    "elementwise",
    "general",
    "linear",
    "operator_named",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
]

if not TYPE_CHECKING:  # a checker would take every name for granted

    def __getattr__(name: str) -> Any:
        if not name.startswith("segment_") or name not in __all__:
            raise AttributeError(f"module 'funcgrad.ops' has no attribute {name!r}")
        value = getattr(importlib.import_module(".reductions.segments", __name__), name)
        globals()[name] = value
        return value
