"""JAX's lax: structured control flow, collectives, and operators by their own names."""

from __future__ import annotations

import numpy as _np

from ..api.stop_gradient import stop_gradient
from ..control import collectives as _collectives
from ..core.tracebacks import user_facing as _user_facing
from ..numpy import logsumexp
from ..ops.contraction.convolution import (
    ConvDimensionNumbers,
    conv,
    conv_dimension_numbers,
    conv_general_dilated,
    conv_general_dilated_patches,
    conv_transpose,
    conv_with_general_padding,
)
from ..ops.pointwise import arithmetic as _arithmetic
from ..ops.pointwise import comparison as _comparison
from ..ops.pointwise import special as _special
from ..ops.windows.reduce_window import avg_pool, max_pool, reduce_window
from .branches import cond, select, switch
from .loops import fori_loop, map, scan, while_loop
from .operators import (
    argmax,
    argmin,
    broadcast_in_dim,
    convert_element_type,
    cummax,
    cummin,
    cumprod,
    cumsum,
    dot_general,
    dynamic_index_in_dim,
    dynamic_slice,
    dynamic_slice_in_dim,
    dynamic_update_index_in_dim,
    dynamic_update_slice,
    dynamic_update_slice_in_dim,
    pad,
    rev,
    slice,
    slice_in_dim,
    top_k,
)
from .parallel import (
    all_gather,
    all_to_all,
    axis_index,
    axis_size,
    pmax,
    pmean,
    pmin,
    ppermute,
    psum,
    psum_scatter,
)
from .prefix import associative_scan

_UFUNCS = {
    "abs": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "add": "add",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "bitwise_and": "bitwise_and",
    "bitwise_not": "invert",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "cbrt": "cbrt",
    "ceil": "ceil",
    "conj": "conj",
    "cos": "cos",
    "cosh": "cosh",
    "div": "divide",
    "eq": "equal",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "floor": "floor",
    "ge": "greater_equal",
    "gt": "greater",
    "is_finite": "isfinite",
    "le": "less_equal",
    "log": "log",
    "log1p": "log1p",
    "lt": "less",
    "max": "maximum",
    "min": "minimum",
    "mul": "multiply",
    "ne": "not_equal",
    "neg": "negative",
    "nextafter": "nextafter",
    "pow": "power",
    "population_count": "bitwise_count",
    "reciprocal": "reciprocal",
    "rem": "fmod",
    "round": "rint",
    "shift_left": "left_shift",
    "shift_right_arithmetic": "right_shift",
    "sign": "sign",
    "sin": "sin",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "square": "square",
    "sub": "subtract",
    "tan": "tan",
    "tanh": "tanh",
    "reshape": "reshape",
    "transpose": "transpose",
    "squeeze": "squeeze",
    "sort": "sort",
    "expand_dims": "expand_dims",
    "imag": "imag",
    "real": "real",
    "full_like": "full_like",
}
globals().update({name: getattr(_np, numpy_name) for name, numpy_name in _UFUNCS.items()})


@_user_facing
def rsqrt(x):  # type: ignore[no-untyped-def]
    """One over the square root, elementwise.

    >>> rsqrt(4.0)
    np.float64(0.5)
    """
    return 1 / _np.sqrt(x)


@_user_facing
def concatenate(operands, dimension):  # type: ignore[no-untyped-def]
    """Arrays joined along an axis.

    >>> concatenate([_np.zeros(1), _np.ones(1)], 0)
    array([0., 1.])
    """
    return _np.concatenate(operands, axis=dimension)


@_user_facing
def clamp(min, x, max):  # type: ignore[no-untyped-def]
    """X limited to between min and max, elementwise.

    >>> clamp(0.0, _np.array([-1.0, 0.5]), 1.0)
    array([0. , 0.5])
    """
    return _np.clip(x, min, max)


@_user_facing
def digamma(x):  # type: ignore[no-untyped-def]
    """The derivative of lgamma, elementwise.

    >>> digamma(1.0).round(6)
    np.float64(-0.577216)
    """
    return _special.digamma(x)


@_user_facing
def erf(x):  # type: ignore[no-untyped-def]
    """The error function, elementwise.

    >>> erf(0.0)
    np.float64(0.0)
    """
    return _special.erf(x)


@_user_facing
def erf_inv(x):  # type: ignore[no-untyped-def]
    """The inverse of the error function, elementwise.

    >>> erf_inv(0.0)
    np.float64(0.0)
    """
    return _special.erf_inv(x)


@_user_facing
def erfc(x):  # type: ignore[no-untyped-def]
    """One minus the error function, elementwise.

    >>> erfc(0.0)
    np.float64(1.0)
    """
    return _special.erfc(x)


@_user_facing
def lgamma(x):  # type: ignore[no-untyped-def]
    """The logarithm of the absolute value of the gamma function, elementwise.

    >>> lgamma(1.0)
    np.float64(0.0)
    """
    return _special.lgamma(x)


@_user_facing
def logistic(x):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-x)), elementwise.

    >>> logistic(0.0)
    np.float64(0.5)
    """
    return _special.logistic(x)


__all__ = [
    "ConvDimensionNumbers",
    "all_gather",
    "all_to_all",
    "argmax",
    "argmin",
    "associative_scan",
    "avg_pool",
    "axis_index",
    "axis_size",
    "broadcast_in_dim",
    "clamp",
    "concatenate",
    "cond",
    "conv",
    "conv_dimension_numbers",
    "conv_general_dilated",
    "conv_general_dilated_patches",
    "conv_transpose",
    "conv_with_general_padding",
    "convert_element_type",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "digamma",
    "dot_general",
    "dynamic_index_in_dim",
    "dynamic_slice",
    "dynamic_slice_in_dim",
    "dynamic_update_index_in_dim",
    "dynamic_update_slice",
    "dynamic_update_slice_in_dim",
    "erf",
    "erf_inv",
    "erfc",
    "fori_loop",
    "lgamma",
    "logistic",
    "logsumexp",
    "map",
    "max_pool",
    "pad",
    "pmax",
    "pmean",
    "pmin",
    "ppermute",
    "psum",
    "psum_scatter",
    "reduce_window",
    "rev",
    "rsqrt",
    "scan",
    "select",
    "slice",
    "slice_in_dim",
    "stop_gradient",
    "switch",
    "top_k",
    "while_loop",
    *sorted(_UFUNCS),
]
_loaded = (_arithmetic, _collectives, _comparison)
