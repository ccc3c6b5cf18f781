"""What is known of arrays without their values: types, places by shape, orders of contraction."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import dtypes
from ..core.avals import WEAK_SAMPLES
from ..core.tracing import Tracer, aval_of, shape_of
from ..typing import Array, ArrayLike, DTypeLike
from .protocol import implements


def _sample(x: Any) -> Any:
    """A plain array of the same shape and dtype, of one element in memory."""
    if not isinstance(x, Tracer):
        return x
    return np.broadcast_to(np.zeros((), x.dtype), x.shape)


@implements(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """The dtype that arrays, numbers and dtypes promote to."""
    return dtypes.result_type(*[_as_type(x) for x in arrays_and_dtypes])


def _as_type(x: Any) -> Any:
    if not isinstance(x, Tracer):
        return x
    return WEAK_SAMPLES[x.dtype] if x.weak else x.dtype


@implements(np.can_cast)
def can_cast(from_: Any, to: DTypeLike, casting: Any = "safe") -> bool:
    """True if the dtype of an array can be cast to another one."""
    return np.can_cast(from_.dtype if isinstance(from_, Tracer) else from_, to, casting)


@implements(np.common_type)
def common_type(*arrays: ArrayLike) -> type[Any]:
    """The type of floating-point numbers that holds those of all arrays."""
    return np.common_type(*[_sample(x) for x in arrays])


@implements(np.min_scalar_type)
def min_scalar_type(a: ArrayLike) -> np.dtype:
    """The dtype of a traced value, as a smaller one would depend on the value."""
    return aval_of(a).dtype


@implements(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: Any = False) -> Any:
    """The order of contractions, which depends on shapes only."""
    plain: tuple[Any, ...] = tuple(map(_sample, operands))
    return np.einsum_path(*plain, optimize=optimize, einsum_call=einsum_call)


@implements(np.diag_indices_from)
def diag_indices_from(arr: ArrayLike) -> tuple[Array, ...]:
    """The places of the main diagonal of an array."""
    shape = shape_of(arr)
    if len(shape) < 2 or len(set(shape)) > 1:
        raise ValueError(
            f"np.diag_indices_from needs at least two axes, all of one length; got shape {shape}"
        )
    return np.diag_indices(shape[0], len(shape))


def _matrix_shape(arr: ArrayLike, name: str) -> tuple[int, int]:
    shape = shape_of(arr)
    if len(shape) != 2:
        raise ValueError(f"{name} needs a matrix, got an array of shape {shape}")
    return shape[0], shape[1]


@implements(np.tril_indices_from)
def tril_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Array, Array]:
    """The places of a matrix at and below a diagonal."""
    n, m = _matrix_shape(arr, "np.tril_indices_from")
    return np.tril_indices(n, k, m)


@implements(np.triu_indices_from)
def triu_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Array, Array]:
    """The places of a matrix at and above a diagonal."""
    n, m = _matrix_shape(arr, "np.triu_indices_from")
    return np.triu_indices(n, k, m)
