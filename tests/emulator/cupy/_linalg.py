"""``cupy.linalg``: routines that fail in silence unless asked to raise, as those of cuSOLVER."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._api import Parameters, argument_check
from ._array import fresh, ndarray, on_this_device, quiet
from ._functions import function
from ._statistics import statistics

errors = {"linalg": "ignore"}
"""What ``cupyx.errstate`` sets."""

LAUNCHES = {
    "inv": 3, "solve": 3, "det": 6, "slogdet": 6, "cholesky": 3, "qr": 5, "svd": 4, "eigh": 4,
    "eigvalsh": 4, "pinv": 8, "norm": 3, "lstsq": 10, "matrix_power": 3,
}  # fmt: skip
ONE_BY_ONE: dict[str, int] = {"qr": 0, "solve": 512, "svd": 32}
"""Above which size real CuPy works off stacks of matrices one by one."""
FACTORS = {"qr", "svd", "eig", "eigvals", "eigh", "eigvalsh"}
"""Those that also come to an end for a matrix of zeros, and tell the shapes of their results."""
NO_HALVES = {"solve", "inv", "det", "slogdet", "cholesky", *FACTORS}
UNREPORTED = {"det", "slogdet", "norm"}


def checked(name: str, reference: Any, parameters: Parameters) -> Callable[..., Any]:
    """A routine of cuSOLVER or cuBLAS."""
    plain = function(name, reference, parameters, "cupy.linalg")
    check = argument_check(f"cupy.linalg.{name}", parameters)

    def call(*args: Any, **kwargs: Any) -> Any:
        check(args, kwargs)
        refuse(name, args)
        count_launches(name, args[0])
        if name not in UNREPORTED and errors["linalg"] == "raise":
            statistics.sync(f"linalg.{name} info")
        try:
            return plain(*args, **kwargs)
        except np.linalg.LinAlgError as error:
            if errors["linalg"] == "raise" or name in UNREPORTED or "square" in str(error):
                raise
            return garbage(name, args, kwargs, reference)

    call.__name__ = name
    return call


def refuse(name: str, args: Any) -> None:
    """Raise for arguments that the real routine refuses before it computes."""
    x = args[0]
    if not isinstance(x, ndarray):
        raise np.linalg.LinAlgError("cupy.linalg only supports cupy.ndarray")
    for a in args:
        if isinstance(a, ndarray):
            on_this_device(a)
    if name in NO_HALVES and x.dtype == np.float16:
        raise TypeError("linalg routines do not take float16")
    if name == "solve" and len(args) > 1:
        b = args[1]
        if b.ndim != 1 and x.shape[:-1] != b.shape[:-1]:
            raise ValueError("a must have (..., M, M) shape and b must have (..., M, K)")


def count_launches(name: str, x: ndarray) -> None:
    """All but the one that the function itself counts."""
    each = LAUNCHES.get(name, 3)
    stack = int(np.prod(x.shape[:-2])) if x.ndim > 2 else 1
    if stack > 1 and x.shape[-1] > ONE_BY_ONE.get(name, x.shape[-1]):
        statistics.launch(f"linalg.{name}", (stack - 1) * each)
    statistics.launch(f"linalg.{name}", each - 1)


def garbage(name: str, args: Any, kwargs: Any, reference: Any) -> Any:
    """What is left in memory where a routine failed, and nobody asked whether it did."""
    x = args[0]
    with quiet():
        if name in FACTORS:
            found = reference(np.zeros(x.shape, x.dtype), *args[1:], **kwargs)
            factors = found if isinstance(found, tuple) else (found,)
            left = tuple(fresh(np.full(f.shape, np.nan, f.dtype)) for f in factors)
            return left if isinstance(found, tuple) else left[0]
        return fresh(np.full(args[1].shape if name == "solve" else x.shape, np.nan, x.dtype))


def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False,
    overwrite_b: bool = False, check_finite: bool = False,
) -> ndarray:  # fmt: skip
    """``cupyx.scipy.linalg.solve_triangular``: takes stacks of matrices, does not see zeros."""
    import scipy.linalg

    for x in (a, b):
        if not isinstance(x, ndarray):
            raise TypeError(f"only cupy.ndarray is supported, not {type(x)}")
    statistics.launch("trsm")
    out = np.empty(b.shape, np.result_type(a.dtype, b.dtype))
    for lane in np.ndindex(*a.shape[:-2]):
        try:
            out[lane] = scipy.linalg.solve_triangular(
                on_this_device(a)[lane], on_this_device(b)[lane], trans, lower, unit_diagonal,
                check_finite=False,
            )  # fmt: skip
        except np.linalg.LinAlgError:
            out[lane] = np.inf
    return fresh(out)
