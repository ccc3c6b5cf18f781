"""Student's t distribution, which SciPy evaluates: derivatives are in the number, not in df."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from ...arrays import special_functions
from ...typing import Array
from ..families import Elementwise
from .of_scipy import cases_of_orders, of_scipy, refusal
from .special import lgamma


def log_density(df: Array, t: Array) -> Array:
    """The logarithm of the density at t."""
    half = 0.5 * (df + 1)
    constant = lgamma(half) - lgamma(half - 0.5) - 0.5 * np.log(df * pi)
    return constant - half * np.log1p(t * t / df)


def _below_there(xp: Any, df: Array, t: Array) -> Array:
    """By the incomplete beta function, which CuPy has."""
    kind = np.result_type(t, np.float32)
    df, t = xp.asarray(df, kind), xp.asarray(t, kind)
    tail = 0.5 * special_functions(xp).betainc(0.5 * df, xp.full((), 0.5, kind), df / (df + t * t))
    return xp.where(t < 0, tail, 1 - tail)


stdtr: Elementwise = of_scipy(
    "stdtr",
    jvp=(refusal("stdtr", "df", "t"), lambda s, _o, df, t: s * np.exp(log_density(df, t))),
    cases=cases_of_orders((2,), (-2, 2)),
    on_gpu=_below_there,
)
stdtrit: Elementwise = of_scipy(
    "stdtrit",
    jvp=(refusal("stdtrit", "df", "p"), lambda s, o, df, _p: s * np.exp(-log_density(df, o))),
    cases=cases_of_orders((2,), (0.1, 0.9)),
)
