"""Special functions and distributions with mpmath's, and the domains in which they are compared.

docs/special_functions_page.py measures many points, and a test holds the bounds on a few.
"""

from . import (
    bessel,
    continuous,
    discrete,
    error_functions,
    gammas,
    incomplete,
    integrals,
    logarithms,
    vectors,
)
from .comparing import Compared, Range, errors

SPECIAL: dict[str, Compared] = {
    **error_functions.CASES, **gammas.CASES, **bessel.CASES, **incomplete.CASES,
    **integrals.CASES, **logarithms.CASES,
}  # fmt: skip

DISTRIBUTIONS: dict[str, Compared] = {**continuous.CASES, **discrete.CASES, **vectors.CASES}
ALL = {**SPECIAL, **DISTRIBUTIONS}

__all__ = [
    "ALL",
    "DISTRIBUTIONS",
    "SPECIAL",
    "Compared",
    "Range",
    "continuous",
    "discrete",
    "errors",
]
