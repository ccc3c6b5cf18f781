"""NumPy's reductions and order statistics on tracers."""

from . import (
    cumulative,
    moments,
    nan_reductions,
    ordering,
    quantiles,
    sets,
    statistics,
    sums_and_extrema,
)

__all__ = [
    "cumulative",
    "moments",
    "nan_reductions",
    "ordering",
    "quantiles",
    "sets",
    "statistics",
    "sums_and_extrema",
]
