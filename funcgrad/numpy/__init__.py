"""NumPy's namespace. Its functions are NumPy's own, which accept traced values by protocol.

The few that NumPy does not pass on to traced values (``array``, ``zeros``, ``arange``, ...) are
defined here with NumPy's signatures, and so are a few that NumPy lacks (``at``, ``logsumexp``).
"""

from __future__ import annotations

import sys as _sys
from typing import Any

import numpy as _np

from ..core.tracebacks import user_facing as _user_facing
from ..core.tracing import Tracer as _Tracer
from ..ops import operators as _operators
from ..ops.contraction import dot_general as _contraction
from ..typing import Array as _Array
from . import (
    elementwise,
    linalg,
    methods,
    products,
    protocol,
    refused,
    scipy_ufuncs,
)
from . import (
    sampled_functions as sampled,
)
from . import (
    wider_dispatch as wider,
)
from .indexing import keys as indexing
from .indexing import taking, updates
from .indexing.updates import at
from .reductions import nan_reductions as missing
from .reductions import ordering, reducing, sets, statistics
from .reductions.reducing import logsumexp
from .shapes import creation, joining, padding, ranges, shaping
from .shapes.creation import (
    arange,
    array,
    asarray,
    empty,
    eye,
    fromfunction,
    full,
    identity,
    ones,
    tri,
    zeros,
)
from .wider_dispatch import full_like, pad, roll, take

_OWN = {
    "arange": arange,
    "array": array,
    "asarray": asarray,
    "at": at,
    "empty": empty,
    "eye": eye,
    "fromfunction": fromfunction,
    "full": full,
    "full_like": full_like,
    "identity": identity,
    "linalg": linalg,
    "logsumexp": logsumexp,
    "ones": ones,
    "pad": pad,
    "roll": roll,
    "take": take,
    "tri": tri,
    "zeros": zeros,
}

_CONSTANTS = (
    "e",
    "euler_gamma",
    "inf",
    "nan",
    "newaxis",
    "pi",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
    "bool_",
    "dtype",
    "finfo",
    "iinfo",
    "result_type",
    "promote_types",
    "can_cast",
    "errstate",
    "issubdtype",
    "integer",
    "floating",
    "inexact",
    "complexfloating",
    "number",
    "broadcast_shapes",
    "indices",
    "tril_indices",
    "triu_indices",
    "diag_indices",
    "bool",
    "blackman",
    "bartlett",
    "hamming",
    "hanning",
    "kaiser",
    "set_printoptions",
    "isscalar",
    "ix_",
    "ravel_multi_index",
    "unravel_index",
    "packbits",
    "unpackbits",
    "histogram",
    "array_repr",
    "array_str",
    "signedinteger",
    "unsignedinteger",
    "generic",
)


def _public() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for table in (_Tracer.functions, _Tracer.ufuncs, protocol.UFUNCS):
        for fun in table:
            name = fun.__name__
            if getattr(_np, name, None) is fun and fun not in refused.ADVICE:
                names[name] = fun
    for name in _CONSTANTS:
        names[name] = getattr(_np, name)
    names["ndarray"] = _Array
    aliases = (
        "abs",
        "acos",
        "asin",
        "atan",
        "acosh",
        "asinh",
        "atanh",
        "atan2",
        "pow",
        "concat",
        "permute_dims",
        "bitwise_invert",
        "bitwise_left_shift",
        "bitwise_right_shift",
        "amax",
        "amin",
        "around",
        "conj",
        "true_divide",
        "bitwise_not",
        "fabs",
        "degrees",
        "radians",
        "mod",
        "cumulative_sum",
        "cumulative_prod",
    )
    for name in aliases:
        if hasattr(_np, name):
            names[name] = getattr(_np, name)
    own: dict[str, Any] = {
        n: f if n == "linalg" else _user_facing(f)  # type: ignore[type-var]
        for n, f in _OWN.items()
    }
    return {**names, **own}


_NAMES = _public()
globals().update(_NAMES)
_Tracer.methods["namespace"] = lambda: _sys.modules[__name__]

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"funcgrad.numpy has no {name!r}")


_loaded = (
    _contraction,
    _operators,
    creation,
    elementwise,
    indexing,
    joining,
    methods,
    missing,
    ordering,
    padding,
    products,
    protocol,
    ranges,
    reducing,
    refused,
    sampled,
    scipy_ufuncs,
    sets,
    shaping,
    statistics,
    taking,
    updates,
    wider,
)
_Tracer.functions.update(linalg.NUMPY_FUNCTIONS)
