"""Products and contractions on tracers: dot, matmul, tensordot, einsum and relatives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..core.dtypes import result_type
from ..core.tracing import Tracer
from ..errors import ShapeError
from ..ops import shape as ops
from ..ops.contraction.dot_general import NO_AXES, ROWS_BY_COLUMNS, dot_general
from ..ops.contraction.dot_general import matmul as matrix_product
from ..ops.pointwise.comparison import filled_like
from ..ops.shape import cast, reduce_sum
from ..typing import Array, ArrayLike, DTypeLike
from .indexing.taking import diagonal
from .protocol import UFUNCS, as_operand, axis_of, implements, promoted, refuse


def contract(
    x: Array,
    y: Array,
    left: Sequence[int],
    right: Sequence[int],
    batch: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Array:
    """Contract axes ``left`` of x with axes ``right`` of y, in the promoted dtype."""
    if x.dtype is not y.dtype:
        dtype = result_type(x.dtype, y.dtype)
        x, y = cast(x, dtype), cast(y, dtype)
    return dot_general(
        x,
        y,
        contract=(tuple(left), tuple(right)),
        batch=batch,
        strong=None,
    )


def matmul(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """The product of matrices in the last two axes, broadcast over the others."""
    x = x1 if type(x1) is np.ndarray else as_operand(x1)
    y = x2 if type(x2) is np.ndarray else as_operand(x2)
    left, right = x.shape, y.shape
    if x.dtype is not y.dtype:
        dtype = result_type(x.dtype, y.dtype)
        x, y = cast(x, dtype), cast(y, dtype)
    if len(left) == len(right) == 2 and left[1] == right[0]:
        return dot_general(x, y, contract=ROWS_BY_COLUMNS, batch=NO_AXES, strong=None)
    if not left or not right:
        raise ValueError("matmul: operands must have at least one axis; use * for scalars")
    return matrix_product(x, y)


def matmul_operator(self: Array, other: ArrayLike) -> Any:
    """``self @ other`` of a traced value."""
    if isinstance(other, Tracer) or hasattr(other, "shape"):
        return matmul(self, other)
    return matmul(self, np.asarray(other)) if isinstance(other, list) else NotImplemented


def rmatmul_operator(self: Array, other: ArrayLike) -> Array:
    """``other @ self`` of a traced value."""
    return matmul(other, self)


@implements(np.dot)
def dot(a: ArrayLike, b: ArrayLike, out: None = None) -> Array:
    """The sum over the last axis of one array and the last but one of the other."""
    refuse("np.dot", out=out)
    x, y = as_operand(a), as_operand(b)
    if not len(x.shape) or not len(y.shape):
        return x * y
    right = 0 if len(y.shape) == 1 else len(y.shape) - 2
    if x.shape[-1] != y.shape[right]:
        raise ShapeError(f"dot: shapes {tuple(x.shape)} and {tuple(y.shape)} do not fit")
    return contract(x, y, (len(x.shape) - 1,), (right,))


@implements(np.vdot)
def vdot(a: ArrayLike, b: ArrayLike, /) -> Array:
    """The inner product of two flat arrays, of which the first is conjugated."""
    x, y = as_operand(a), as_operand(b)
    x = np.conj(x) if x.dtype.kind == "c" else x
    return dot(ops.reshape(x, shape=(x.size,)), ops.reshape(y, shape=(y.size,)))


@implements(np.inner)
def inner(a: ArrayLike, b: ArrayLike, /) -> Array:
    """The sum of products over the last axes of two arrays."""
    x, y = as_operand(a), as_operand(b)
    if not len(x.shape) or not len(y.shape):
        return x * y
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"inner: shapes {tuple(x.shape)} and {tuple(y.shape)} do not fit")
    return contract(x, y, (len(x.shape) - 1,), (len(y.shape) - 1,))


@implements(np.outer)
def outer(a: ArrayLike, b: ArrayLike, out: None = None) -> Array:
    """All products of elements of two flat arrays, as a matrix."""
    refuse("np.outer", out=out)
    x, y = as_operand(a), as_operand(b)
    return ops.reshape(x, shape=(x.size, 1)) * ops.reshape(y, shape=(1, y.size))


@implements(np.kron)
def kron(a: ArrayLike, b: ArrayLike) -> Array:
    """The Kronecker product."""
    x, y = as_operand(a), as_operand(b)
    n = max(len(x.shape), len(y.shape))
    left = (1,) * (n - len(x.shape)) + tuple(x.shape)
    right = (1,) * (n - len(y.shape)) + tuple(y.shape)
    product = ops.reshape(x, shape=tuple(d for s in left for d in (s, 1))) * ops.reshape(
        y, shape=tuple(d for s in right for d in (1, s))
    )
    return ops.reshape(product, shape=tuple(p * q for p, q in zip(left, right, strict=True)))


@implements(np.tensordot)
def tensordot(a: ArrayLike, b: ArrayLike, axes: int | Sequence[int | Sequence[int]] = 2) -> Array:
    """The sum of products over several axes of two arrays."""
    x, y = as_operand(a), as_operand(b)
    nx, ny = len(x.shape), len(y.shape)
    if isinstance(axes, int | np.integer):
        left, right = tuple(range(nx - int(axes), nx)), tuple(range(int(axes)))
    else:
        pair = [(s,) if isinstance(s, int | np.integer) else tuple(s) for s in axes]
        left = tuple(axis_of(i, nx) for i in pair[0])
        right = tuple(axis_of(i, ny) for i in pair[1])
    if len(left) != len(right) or any(
        x.shape[i] != y.shape[j] for i, j in zip(left, right, strict=False)
    ):
        raise ShapeError(
            f"tensordot: axes {axes} of shapes {tuple(x.shape)} and {tuple(y.shape)} do not fit"
        )
    return contract(x, y, left, right)


@implements(np.trace)
def trace(
    a: ArrayLike,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: DTypeLike | None = None,
    out: None = None,
) -> Array:
    """The sum along a diagonal."""
    refuse("np.trace", out=out)
    line = diagonal(a, offset, axis1, axis2)
    if dtype is None:
        return reduce_sum(line, axes=(len(line.shape) - 1,))
    return np.sum(line, axis=-1, dtype=dtype)


@implements(np.cross)
def cross(
    a: ArrayLike,
    b: ArrayLike,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Array:
    """The cross product of vectors with two or three components."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(as_operand(a), axisa, -1), np.moveaxis(as_operand(b), axisb, -1)
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ShapeError("cross: vectors must have 2 or 3 components")
    x0, x1 = x[..., 0], x[..., 1]
    y0, y1 = y[..., 0], y[..., 1]
    z = x0 * y1 - x1 * y0
    if x.shape[-1] == 2 and y.shape[-1] == 2:
        return z
    x2 = x[..., 2] if x.shape[-1] == 3 else filled_like(x0, 0)
    y2 = y[..., 2] if y.shape[-1] == 3 else filled_like(y0, 0)
    parts = np.broadcast_arrays(x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, z)
    return np.moveaxis(np.stack(list(parts), -1), -1, axisc)


def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Array:
    """The inner product along one axis, of which the first operand is conjugated."""
    x, y = as_operand(x1), as_operand(x2)
    if not len(x.shape) or not len(y.shape):
        raise ShapeError("vecdot: both operands need an axis")
    x, y = (ops.move_axis(a, axis_of(axis, len(a.shape)), -1) for a in (x, y))
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"vecdot: vectors of {x.shape[-1]} and of {y.shape[-1]} elements")
    both = (np.conj(x) if x.dtype.kind == "c" else x) * y
    return cast(reduce_sum(both, axes=(len(both.shape) - 1,)), both.dtype)


def matvec(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """The product of matrices and vectors, broadcast."""
    return matmul(x1, np.expand_dims(as_operand(x2), -1))[..., 0]


def vecmat(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """The product of conjugated vectors and matrices, broadcast."""
    return matmul(np.expand_dims(np.conj(as_operand(x1)), -2), x2)[..., 0, :]


UFUNCS.update(
    {
        np.matmul: matmul,
        np.vecdot: vecdot,
    }
)
for _name, _fun in (("matvec", matvec), ("vecmat", vecmat)):
    if hasattr(np, _name):  # since NumPy 2.2
        UFUNCS[getattr(np, _name)] = _fun


# --- einsum --------------------------------------------------------------------------------------


def _check_output(subscripts: str) -> None:
    """Raise if the output of an einsum has labels that no operand has, or one twice."""
    inputs, arrow, output = subscripts.replace(" ", "").replace("...", "").partition("->")
    for c in output if arrow else "":
        if c not in inputs or output.count(c) > 1:
            why = "is in no operand" if c not in inputs else "comes twice"
            raise ValueError(f"einsum {subscripts!r}: the output label {c!r} {why}")


@implements(np.einsum)
def einsum(
    subscripts: str | ArrayLike,
    *operands: ArrayLike,
    out: None = None,
    optimize: bool | str | Sequence[object] = True,
    dtype: DTypeLike | None = None,
    order: str = "K",
    casting: str = "safe",
) -> Array:
    """The sum of products that subscripts describe, as contractions of two operands at a time."""
    if out is not None:
        refuse("np.einsum", out=out)
    if not isinstance(subscripts, str):
        subscripts, arrays = _from_sublists((subscripts, *operands))
    else:
        arrays = list(operands)
    arrays = [as_operand(a) for a in arrays]
    common = np.dtype(dtype) if dtype is not None else promoted(*arrays)
    arrays = [cast(a, common) for a in arrays]
    parsed, output = _parse(subscripts, tuple(len(a.shape) for a in arrays))
    inputs = list(parsed)
    if len(arrays) == 2:
        plan = _pair_plan(parsed[0], parsed[1], output)
        x, y = arrays
        if plan is not None and all(x.shape[i] == y.shape[j] for i, j in plan.shared):
            result = dot_general(x, y, contract=plan.contract, batch=plan.batch, strong=None)
            return result if plan.perm is None else ops.transpose(result, perm=plan.perm)
    _check_sizes(subscripts, inputs, arrays)
    for pair in _path(inputs, output, arrays, optimize):
        taken = [(inputs[i], arrays[i]) for i in pair]
        inputs = [s for i, s in enumerate(inputs) if i not in pair]
        arrays = [a for i, a in enumerate(arrays) if i not in pair]
        kept = set(output).union(*inputs)
        labels, result = _reduce_group(taken, kept)
        inputs.append(labels)
        arrays.append(result)
    labels, result = _single(inputs[0], arrays[0], set(output))
    result = cast(result, common)  # sums of small integers are of the default ones
    perm = tuple(labels.index(c) for c in output)
    return result if perm == tuple(range(len(perm))) else ops.transpose(result, perm=perm)


class _PairPlan(NamedTuple):
    """The plan of a contraction of two operands; ``shared`` are axes that must be equal."""

    contract: tuple[tuple[int, ...], tuple[int, ...]]
    batch: tuple[tuple[int, ...], tuple[int, ...]]
    perm: tuple[int, ...] | None
    shared: tuple[tuple[int, int], ...]


@lru_cache(maxsize=4096)
def _pair_plan(left: str, right: str, output: str) -> _PairPlan | None:
    """The one contraction that an einsum of two operands is, if it is one."""
    if not left or not right or len(set(left)) < len(left) or len(set(right)) < len(right):
        return None
    both = [c for c in left if c in right]
    if not set(left).symmetric_difference(right) <= set(output):
        return None  # an axis of one operand is summed by itself
    kept, summed = [c for c in both if c in output], [c for c in both if c not in output]
    free = [c for c in left if c not in right] + [c for c in right if c not in left]
    labels = "".join(kept + free)
    perm = tuple(labels.index(c) for c in output)
    return _PairPlan(
        (tuple(map(left.index, summed)), tuple(map(right.index, summed))),
        (tuple(map(left.index, kept)), tuple(map(right.index, kept))),
        None if perm == tuple(range(len(perm))) else perm,
        tuple((left.index(c), right.index(c)) for c in both),
    )


def _from_sublists(args: Sequence[Any]) -> tuple[str, list[Any]]:
    """The string form of einsum's calls with operands and lists of axis numbers in turn."""
    operands = list(args[0:-1:2]) if len(args) % 2 else list(args[0::2])
    lists = list(args[1::2])
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def text(entries: Sequence[Any]) -> str:
        return "".join("..." if e is Ellipsis else letters[e] for e in entries)

    subscripts = ",".join(map(text, lists))
    if len(args) % 2:
        subscripts += "->" + text(args[-1])
    return subscripts, operands


@lru_cache(maxsize=4096)
def _parse(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """Labels of operands and output, the ellipsis spelled out in capital letters not in use."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum {subscripts!r} names {len(terms)} operands, got {len(ndims)}")
    _check_output(subscripts)
    free = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in text]
    widths = [n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True)]
    wide = max([w for t, w in zip(terms, widths, strict=True) if "..." in t], default=0)
    dots = "".join(free[:wide])[::-1]
    inputs = []
    for t, w, n in zip(terms, widths, ndims, strict=True):
        if w < 0 or (w > 0 and "..." not in t):
            raise ValueError(f"einsum {subscripts!r}: operand {t!r} does not fit {n} axes")
        inputs.append(t.replace("...", dots[len(dots) - w :] if w else ""))
    if arrow:
        return tuple(inputs), right.replace("...", dots)
    joined = "".join(inputs)
    once = sorted(c for c in set(joined) if joined.count(c) == 1 and c not in dots)
    return tuple(inputs), dots + "".join(once)


def _check_sizes(subscripts: str, inputs: list[str], arrays: list[Any]) -> None:
    sizes: dict[str, int] = {}
    for labels, a in zip(inputs, arrays, strict=True):
        for c, d in zip(labels, a.shape, strict=True):
            if d == 1:
                sizes.setdefault(c, 1)
            elif sizes.get(c, 1) not in (1, d):
                shapes = [tuple(x.shape) for x in arrays]
                raise ShapeError(
                    f"einsum {subscripts!r}: label {c!r} has sizes {sizes[c]} and {d} in {shapes}"
                )
            else:
                sizes[c] = d


def _path(
    inputs: list[str], output: str, arrays: list[Any], optimize: bool | str | Sequence[object]
) -> list[Any]:
    """The operands to contract one after the other, as NumPy's path optimiser orders them."""
    if len(inputs) == 1:
        return []
    if len(inputs) == 2:
        return [(0, 1)]
    if optimize is False:
        return [(0, 1)] + [(0, len(inputs) - 2 - k) for k in range(len(inputs) - 2)]
    stand_ins = [np.broadcast_to(np.zeros(()), a.shape) for a in arrays]
    chosen = optimize if not isinstance(optimize, bool) else "greedy"
    path = np.einsum_path(",".join(inputs) + "->" + output, *stand_ins, optimize=chosen)[0]
    return [p for p in path if not isinstance(p, str)]


def _reduce_group(taken: list[tuple[str, Any]], kept: set[str]) -> tuple[str, Any]:
    labels, x = taken[0]
    for k, (other, y) in enumerate(taken[1:], start=1):
        later = set().union(*[set(t[0]) for t in taken[k + 1 :]]) if k + 1 < len(taken) else set()
        labels, x = _pair(labels, x, other, y, kept | later)
    return labels, x


def _single(labels: str, x: Array, kept: set[str]) -> tuple[str, Any]:
    """Take diagonals of repeated labels and sum labels that nothing else needs."""
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            i = labels.index(c)
            j = labels.index(c, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(
                    f"np.einsum: label {c!r} stands for axes of sizes {x.shape[i]} and "
                    f"{x.shape[j]} of one operand"
                )
            x = diagonal(x, 0, i, j)
            labels = labels[:i] + labels[i + 1 : j] + labels[j + 1 :] + c
    gone = tuple(i for i, c in enumerate(labels) if c not in kept)
    if gone:
        x = reduce_sum(x, axes=gone)
        labels = "".join(c for c in labels if c in kept)
    return labels, x


def _squeeze_broadcast(labels: str, x: Array, other: str, y: Array) -> tuple[str, Any]:
    """Drop axes of size one whose label has a larger size in the other operand."""
    keep = [
        not (d == 1 and c in other and y.shape[other.index(c)] != 1)
        for c, d in zip(labels, x.shape, strict=True)
    ]
    if all(keep):
        return labels, x
    shape = tuple(d for d, k in zip(x.shape, keep, strict=True) if k)
    return "".join(c for c, k in zip(labels, keep, strict=True) if k), ops.reshape(x, shape=shape)


def _pair(left: str, x: Array, right: str, y: Array, kept: set[str]) -> tuple[str, Any]:
    left, x = _single(left, x, kept | set(right))
    right, y = _single(right, y, kept | set(left))
    left, x = _squeeze_broadcast(left, x, right, y)
    right, y = _squeeze_broadcast(right, y, left, x)
    shared = [c for c in left if c in right]
    batch = [c for c in shared if c in kept]
    summed = [c for c in shared if c not in kept]
    out = dot_general(
        x,
        y,
        contract=(tuple(left.index(c) for c in summed), tuple(right.index(c) for c in summed)),
        batch=(tuple(left.index(c) for c in batch), tuple(right.index(c) for c in batch)),
        strong=None,
    )
    labels = "".join(batch) + "".join(c for c in left if c not in shared)
    return labels + "".join(c for c in right if c not in shared), out
