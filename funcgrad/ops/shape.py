"""Sum and broadcast, reshape, transpose, flip, dtype conversion: linear maps that move elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import ArrayModule
from ..core.avals import Aval, SymbolicDim
from ..core.facts import Hazard, Moves
from ..core.jaxpr import Eqn
from ..core.lowering import NumpyText
from ..core.primitive import Case
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError
from ..typing import Array, ArrayLike
from .families import Linear, as_scalar, expand_rank, linear, sample

# --- reshape -------------------------------------------------------------------------------------


def _reshape_eval(xp: ArrayModule, x: Array, *, shape: tuple[int, ...]) -> Array:
    x = x.reshape(shape) if type(x) is np.ndarray else xp.reshape(x, shape)
    return x if shape else x[()]


def _reshape_abstract(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    if x.size != Aval(shape, x.dtype).size:
        raise ShapeError(f"cannot reshape an array of shape {x.shape} to {shape}")
    return Aval(shape, x.dtype)


reshape: Linear = linear(
    "reshape",
    _reshape_eval,
    abstract=_reshape_abstract,
    transpose=lambda ct, x, *, shape: reshape(ct, shape=x.shape),
    batch=lambda size, args, _batched, *, shape: reshape(args[0], shape=(size, *shape)),
    cases=lambda rng: (
        [
            Case(sample(rng, (2, 3), dt, (-2, 2)), shape=s)
            for dt, s in (("f8", (6,)), ("f4", (3, 1, 2)), ("c16", (1, 6)), ("i8", (3, 2)))
        ]
        + [Case(sample(rng, (1, 1), "f8", (-2, 2)), shape=())]
    ),
    view=True,
    identity=True,
    reshapes=True,
    source=lambda x, *, shape: f"np.reshape({x}, {shape})" + ("[()]" if shape == () else ""),
    elements=Moves(),
)

# --- transpose -----------------------------------------------------------------------------------


def _transpose_eval(xp: ArrayModule, x: Array, *, perm: tuple[int, ...]) -> Array:
    return xp.transpose(x, perm)


def inverse_permutation(perm: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes ``perm``."""
    inverse = [0] * len(perm)
    for i, p in enumerate(perm):
        inverse[p] = i
    return tuple(inverse)


def _transpose_abstract(x: Aval, *, perm: tuple[int, ...]) -> Aval:
    if sorted(perm) != list(range(x.ndim)):
        raise ShapeError(f"{perm} is no permutation of the axes of an array of shape {x.shape}")
    return Aval(tuple(x.shape[p] for p in perm), x.dtype)


transpose: Linear = linear(
    "transpose",
    _transpose_eval,
    abstract=_transpose_abstract,
    transpose=lambda ct, _x, *, perm: transpose(ct, perm=inverse_permutation(perm)),
    batch=lambda _size, args, _batched, *, perm: transpose(
        args[0], perm=(0, *(p + 1 for p in perm))
    ),
    cases=lambda rng: [
        Case(sample(rng, (2, 3, 4), dt, (-2, 2)), perm=(1, 2, 0)) for dt in ("f8", "f4", "c16", "?")
    ],
    view=True,
    source=lambda x, *, perm: f"{x}.T" if perm == (1, 0) else f"np.transpose({x}, {perm})",
    elements=Moves(),
)


def move_axis(x: Array, source: int, destination: int) -> Array:
    """Move one axis, as np.moveaxis does."""
    ndim = len(x.shape)
    source, destination = source % ndim, destination % ndim
    if source == destination:
        return x
    perm = [i for i in range(ndim) if i != source]
    perm.insert(destination, source)
    return transpose(x, perm=tuple(perm))


# --- broadcast and sum ---------------------------------------------------------------------------


SMALL = 1024
"""Elements up to which a repeated array is made in less time than a view of it."""


def _broadcast_eval(xp: ArrayModule, x: Array, *, shape: tuple[int, ...]) -> Array:
    if xp is np and math.prod(shape) <= SMALL:
        out = np.empty(shape, x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype)
        out[...] = x
        return out
    return xp.broadcast_to(x, shape)


def _broadcast_abstract(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    offset = len(shape) - x.ndim
    if offset < 0 or any(d not in (1, shape[offset + i]) for i, d in enumerate(x.shape)):
        raise ShapeError(f"cannot broadcast an array of shape {x.shape} to {shape}")
    return Aval(shape, x.dtype)


def _broadcast_batch(
    size: int, args: Sequence[Array], _batched: Sequence[bool], *, shape: tuple[int, ...]
) -> Array:
    return broadcast(expand_rank(args[0], len(shape), reshape), shape=(size, *shape))


broadcast: Linear = linear(
    "broadcast_to",
    _broadcast_eval,
    abstract=_broadcast_abstract,
    transpose=lambda ct, x, **_: sum_to(ct, x.shape),
    batch=_broadcast_batch,
    cases=lambda rng: [
        Case(sample(rng, s, dt, (-2, 2)), shape=(4, 2, 3))
        for dt in ("f8", "f4", "c16")
        for s in ((), (3,), (2, 1), (1, 1, 3))
    ],
    view=True,
    identity=True,
    broadcasts=True,
    source=lambda x, *, shape: f"np.broadcast_to({x}, {shape})",
    elements=Moves(),
)


def sums_short_rows(x: Array, axes: tuple[int, ...]) -> bool:
    """True if all axes but a short last one are summed, over many elements."""
    return (
        0 < len(axes) == x.ndim - 1
        and axes[-1] == x.ndim - 2
        and 0 < x.shape[-1] < 64
        and x.size >= 8192
        and x.dtype.char in "fd"
    )


def sum_values(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    """The sum over axes; of many short rows as a product with ones, which is faster."""
    if xp is np and sums_short_rows(x, axes) and x.flags.c_contiguous:
        rows = x.size // x.shape[-1]
        return np.matmul(np.ones(rows, x.dtype), x.reshape(rows, x.shape[-1]))
    return np.add.reduce(x, axis=axes) if xp is np else xp.sum(x, axis=axes)


def _sum_expression(module: Any, e: Eqn, ins: list[str]) -> str:
    """Source text of a sum."""
    x, axes = e.inputs[0].aval, e.params["axes"]
    if not x.symbolic and sums_short_rows(x, axes):
        return f"{module.callee(sum_values)}(np, {ins[0]}, axes={axes})"
    return f"np.sum({ins[0]}, axis={axes})"


def _sum_dtype(dtype: np.dtype) -> np.dtype:
    return np.add.reduce(np.zeros(1, dtype)).dtype


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that is left when axes are reduced."""
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with reduced axes kept as ones."""
    return tuple(1 if i in axes else d for i, d in enumerate(shape))


def _sum_transpose(ct: Array, x: Aval, *, axes: tuple[int, ...]) -> Array:
    if len(axes) == len(x.shape):
        return broadcast(ct, shape=x.shape)
    return broadcast(reshape(ct, shape=kept_shape(x.shape, axes)), shape=x.shape)


def shift_axes(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Axes as they are behind a batch axis at 0."""
    return tuple(a + 1 for a in axes)


reduce_sum: Linear = linear(
    "reduce_sum",
    sum_values,
    abstract=lambda x, *, axes: Aval(reduced_shape(x.shape, axes), _sum_dtype(x.dtype)),
    transpose=_sum_transpose,
    batch=lambda _size, args, _batched, *, axes: reduce_sum(args[0], axes=shift_axes(axes)),
    cases=lambda rng: [
        Case(sample(rng, (2, 3, 4), dt, (-2, 2)), axes=axes)
        for dt, axes in (
            ("f8", (0,)),
            ("f8", (0, 2)),
            ("f8", (0, 1, 2)),
            ("f8", ()),
            ("f4", (1,)),
            ("c16", (1, 2)),
            ("i4", (0,)),
            ("?", (1,)),
        )
    ],
    numpy=NumpyText(expression=_sum_expression),
    hazard=Hazard.SUM,
)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum an array down to a shape that broadcasts to its own: the adjoint of broadcasting."""
    given = x.shape
    if given == shape:
        return x
    extra = len(given) - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, d in enumerate(shape) if d == 1 and given[extra + i] != 1
    )
    if axes:
        x = reduce_sum(x, axes=axes)
    # The trip count of a while loop is known by now, but for the variable that stood for it.
    known = tuple(
        g if type(d) is SymbolicDim else d for g, d in zip(given[extra:], shape, strict=True)
    )
    return x if x.shape in (known, shape) else reshape(x, shape=known)


def broadcast_to(x: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Broadcast unless the shape is right already."""
    if getattr(x, "shape", ()) == shape:
        return x  # type: ignore[return-value]  # a number stands for an array of shape ()
    return broadcast(x, shape=shape)


# --- flip ----------------------------------------------------------------------------------------


def _flip_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    return xp.flip(x, axes)


flip: Linear = linear(
    "rev",
    _flip_eval,
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    transpose=lambda ct, _x, *, axes: flip(ct, axes=axes),
    batch=lambda _size, args, _batched, *, axes: flip(args[0], axes=shift_axes(axes)),
    cases=lambda rng: [
        Case(sample(rng, (2, 3), dt, (-2, 2)), axes=axes)
        for dt, axes in (("f8", (0,)), ("f8", (0, 1)), ("f4", (1,)), ("c16", (1,)), ("i8", (0,)))
    ],
    view=True,
    source=lambda x, *, axes: f"np.flip({x}, {axes})",
    elements=Moves(),
)

# --- dtype ---------------------------------------------------------------------------------------


def _convert_eval(xp: ArrayModule, x: Array, *, dtype: np.dtype) -> Array:
    x = xp.asarray(x)
    if x.dtype.kind == "c" and dtype.kind not in "cb":
        x = x.real
    return x.astype(dtype)[()]


convert: Linear = linear(
    "convert_element_type",
    _convert_eval,
    abstract=lambda x, *, dtype: Aval(x.shape, dtype),
    transpose=lambda ct, x, *, dtype: convert(ct, dtype=x.dtype),
    batch=lambda _size, args, _batched, *, dtype: convert(args[0], dtype=dtype),
    cases=lambda rng: [
        Case(sample(rng, (2, 3), a, (-2, 2)), dtype=np.dtype(b))
        for a, b in (
            ("f8", "f4"),
            ("f4", "f8"),
            ("f8", "c16"),
            ("c16", "f8"),
            ("i8", "f8"),
            ("f8", "i4"),
            ("c16", "c8"),
            ("?", "f8"),
            ("f8", "?"),
        )
    ],
    identity=True,
    any_dtype=True,
    hazard=Hazard.NARROWING,
)


def cast(x: ArrayLike, dtype: np.dtype) -> Array:
    """Convert unless the dtype is right already; a complex value loses its imaginary part."""
    given = getattr(x, "dtype", None)
    if given is dtype or (given is not None and given == dtype):
        return x  # type: ignore[return-value]  # what has a dtype is an array
    return convert(x, dtype=dtype)


def wider(dtype: np.dtype) -> np.dtype:
    """The type in which numbers of a type are counted, and summed up if the sum is divided again.

    float16 ends at 65504, and counts no further than 2048. Where operators evaluate, there are no
    small floats; rules ask ``core.dtypes.sum_dtype``.

    >>> wider(np.dtype(np.float16)), wider(np.dtype(np.float64))
    (dtype('float32'), dtype('float64'))
    """
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def definite(x: ArrayLike) -> Any:
    """A Python scalar (or a tracer of one) as a NumPy scalar, which promotes strongly."""
    if type(x) is np.ndarray or (isinstance(x, Tracer) and not x.weak):
        return x
    aval = aval_of(x)
    return convert(x, dtype=aval.dtype) if aval.weak else x


def definite_scalar(x: Any) -> Any:
    """A Python scalar (or a tracer of one) as a NumPy scalar; anything else as it is.

    Derivative rules compute with these, so that 1 / 0.0 is infinite instead of an error.
    """
    kind = type(x)
    if kind is float:
        return np.float64(x)
    if kind is complex:
        return np.complex128(x)
    if isinstance(x, Tracer) and not x.shape and x.weak and x.dtype.kind in "fc":
        known = getattr(x, "definite", None)
        if known is None:
            known = x.definite = convert(x, dtype=x.dtype)
        return known
    return x


def zeros(aval: Aval) -> Array:
    """Zeros of an abstract value; a NumPy scalar for shape ()."""
    return as_scalar(np.zeros(aval.shape, aval.dtype))
