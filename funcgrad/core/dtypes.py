"""Questions about dtypes: NumPy's own, and the small floats of ``ml_dtypes``.

NumPy files most of the latter under kind 'V', as if they were raw bytes: what asks whether numbers
are floats asks here. The package is optional. Nothing of it is imported: only where a program has
imported it can there be such arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

DType = np.dtype[Any]

MODULES = sys.modules
"""Where ``ml_dtypes`` is if the program has imported it: looked at before anything that costs."""

SHORT_NAMES = {
    "bfloat16": "bf16",
    "float8_e3m4": "f8_e3m4",
    "float8_e4m3": "f8_e4m3",
    "float8_e4m3b11fnuz": "f8_e4m3b11fnuz",
    "float8_e4m3fn": "f8_e4m3fn",
    "float8_e4m3fnuz": "f8_e4m3fnuz",
    "float8_e5m2": "f8_e5m2",
    "float8_e5m2fnuz": "f8_e5m2fnuz",
}
"""The small floats, and how a printed jaxpr has them."""

SINGLE: DType = np.dtype(np.float32)
HALF: DType = np.dtype(np.float16)

INEXACT: frozenset[DType] = frozenset(map(np.dtype, "efdgFDG"))
"""NumPy's own floats and complex numbers: membership costs less than a look at a kind."""

_small: dict[DType, str] = {}


def small_floats() -> dict[DType, str]:
    """The dtypes of small floats, with their short names; none before ``ml_dtypes`` is imported."""
    if _small:
        return _small
    if "ml_dtypes" in MODULES:
        package = MODULES["ml_dtypes"]
        types = {name: getattr(package, name, None) for name in SHORT_NAMES}
        _small.update((np.dtype(t), SHORT_NAMES[n]) for n, t in types.items() if t is not None)
    return _small


def small_float(name: str) -> type[np.generic]:
    """The scalar type of a small float, for which ``ml_dtypes`` is imported.

    Raises:
        ImportError: it is not installed, or too old to have this one.
    """
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError(
            f"{name} is a type of the package ml_dtypes: pip install 'funcgrad[small-floats]'"
        ) from error
    found = getattr(ml_dtypes, name, None)
    if found is None:
        raise ImportError(
            f"this version of ml_dtypes has no {name}: pip install --upgrade ml_dtypes"
        )
    return found


def is_small_float(dtype: DType) -> bool:
    """True for bfloat16 and the floats of eight bits."""
    return "ml_dtypes" in MODULES and dtype in (_small or small_floats())


def kind_of(dtype: DType) -> str:
    """``dtype.kind``, which is 'f' for small floats, too."""
    kind = dtype.kind
    return "f" if kind == "V" and is_small_float(dtype) else kind


def is_inexact(dtype: DType) -> bool:
    """True if values of this dtype have tangents."""
    return dtype in INEXACT or kind_of(dtype) in "fc"


def is_floating(dtype: DType) -> bool:
    """True for real floating-point numbers."""
    return kind_of(dtype) == "f"


def first_small(dtypes: Iterable[Any]) -> DType | None:
    """The small float among some dtypes; None if there is none.

    Raises:
        TypeError: there are several.
    """
    known = small_floats()
    found: DType | None = None
    for dtype in dtypes:
        if isinstance(dtype, np.dtype) and dtype in known:
            if found is not None and dtype != found:
                raise TypeError(
                    f"{found} and {dtype} have no common type: convert one of them, with "
                    f".astype({dtype.name!r}) or to float32"
                )
            found = dtype
    return found


def result_type(*given: Any) -> DType:
    """``np.result_type`` of dtypes and Python scalars, for small floats as well.

    A small float promotes as float16 does in NumPy, with float16 itself to float32; several of
    them have no common type.

    >>> result_type(np.dtype(np.float16), 1.0)
    dtype('float16')
    """
    if "ml_dtypes" not in MODULES:
        return np.result_type(*given)
    dtypes = [_as_dtype(x) for x in given]
    small = first_small(dtypes)
    if small is None:
        return np.result_type(*given)
    if any(isinstance(d, np.dtype) and d == HALF for d in dtypes):
        return np.result_type(
            *[SINGLE if isinstance(d, np.dtype) and d == small else d for d in dtypes]
        )
    out = np.result_type(*[HALF if isinstance(d, np.dtype) and d == small else d for d in dtypes])
    return small if out == HALF else out


def _as_dtype(x: Any) -> Any:
    """What promotes for an operand: the dtype of an array, the number that a number is."""
    if isinstance(x, type):
        return np.dtype(x) if issubclass(x, np.generic) else x
    return getattr(x, "dtype", x)


def is_narrow(dtype: Any) -> bool:
    """True for float16 and small floats, whose sums and squares are formed in float32."""
    return isinstance(dtype, np.dtype) and (dtype == HALF or is_small_float(dtype))


def sum_dtype(dtype: DType) -> DType:
    """The type in which numbers of a type are counted, and summed up if the sum is divided again.

    float16 ends at 65504, and counts no further than 2048; bfloat16 counts to 256.
    """
    return SINGLE if is_narrow(dtype) else dtype


def real_dtype(dtype: DType) -> DType:
    """The dtype of absolute values of floats or complex numbers."""
    return dtype if kind_of(dtype) == "f" else np.finfo(dtype).dtype


def finfo(dtype: Any) -> Any:
    """``np.finfo``, for small floats as well."""
    dtype = np.dtype(dtype)
    return MODULES["ml_dtypes"].finfo(dtype) if is_small_float(dtype) else np.finfo(dtype)
