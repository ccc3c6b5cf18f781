"""Operations across the examples of a named vmap axis: psum, all_gather and relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..context import current
from ..core.avals import Aval
from ..core.primitive import Primitive, Unbatched
from ..core.tracing import Trace, Tracer, aval_of, newest_trace
from ..errors import ShapeError
from ..ops.families import Linear
from ..ops.pointwise.comparison import select
from ..ops.shape import reduce_sum, transpose
from ..ops.structural.gather import gather
from ..transforms.vmap import BatchTrace, BatchTracer, add_batch_axis


class UnboundAxisError(NameError):
    """A collective names an axis that no enclosing vmap has."""


def axis_frame(name: Any) -> BatchTrace:
    """The batching trace of a named axis, or an error that lists the names in scope."""
    frame = current().axes.get(name)
    if frame is None:
        known = sorted(map(repr, current().axes)) or ["none"]
        raise UnboundAxisError(
            f"no vmap axis is called {name!r} here (in scope: {', '.join(known)}); write "
            f"vmap(f, axis_name={name!r})"
        )
    return frame


class Collective(Linear):
    """A linear operator over a named axis; bound at the trace of that axis or a newer one.

    Its batching rule takes the trace in the place of a size.
    """

    __slots__ = ()

    asks_for_lanes = True
    linear = False

    def batched(
        self, trace: Any, values: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
    ) -> Any:
        return self.batch(trace, values, batched, **params)

    def __call__(self, x: Any, **params: Any) -> Any:
        frame = axis_frame(params["axis_name"])
        trace: Trace | None = newest_trace((x,))
        if trace is None or trace.level < frame.level:
            value = x if isinstance(x, Tracer) or hasattr(x, "shape") else np.asarray(x)
            return frame.handle(
                self, (BatchTracer(frame, add_batch_axis(value, frame.size)),), params
            )
        return trace.handle(self, (x,), params)


def _evaluate(xp: Any, x: Any, **params: Any) -> Any:
    raise UnboundAxisError(f"no vmap axis is called {params['axis_name']!r} here")


def _collective(name: str, abstract: Any, transpose_rule: Any, own_axis: Any, shift: Any) -> Any:
    """Make a collective.

    Args:
        name: its name.
        abstract: rule on abstract values.
        transpose_rule: its adjoint.
        own_axis: what it does to a batch, when the batch axis is the named one.
        shift: parameters for an operand with one more leading axis, of another vmap.
    """

    def batch(trace: BatchTrace, values: Any, batched: Any, **params: Any) -> Any:
        (x,) = values
        if trace.axis_name == params["axis_name"]:
            x = x if batched[0] else add_batch_axis(x, trace.size)
            return own_axis(x, trace.size, **params)
        return shift(prim, x, **params)

    prim = Collective(
        name=name,
        evaluate=_evaluate,
        abstract=abstract,
        batch=batch,
        no_cases="needs a named axis: tested with vmap",
        transpose=transpose_rule,
    )
    return prim


def _size(name: Any) -> int:
    return axis_frame(name).size


def _front(prim: Primitive, x: Any, **params: Any) -> Any:
    """Collectives that use axis 0 of the operand: keep another vmap's batch axis behind it."""
    n = len(aval_of(x).shape)
    swapped = transpose(x, perm=(1, 0, *range(2, n)))
    out = prim(swapped, **params)
    m = len(aval_of(out).shape)
    return out if m == n - 1 else transpose(out, perm=(1, 0, *range(2, m)))


psum_p: Primitive = _collective(
    "psum",
    lambda x, *, axis_name: Aval(x.shape, np.add.reduce(np.zeros(1, x.dtype)).dtype),
    lambda ct, _x, *, axis_name: psum_p(ct, axis_name=axis_name),
    lambda x, _size, *, axis_name: Unbatched(reduce_sum(x, axes=(0,))),
    lambda prim, x, *, axis_name: prim(x, axis_name=axis_name),
)


def _gather_shift(prim: Primitive, x: Any, *, axis_name: Any) -> Any:
    out = prim(x, axis_name=axis_name)
    m = len(aval_of(out).shape)
    return transpose(out, perm=(1, 0, *range(2, m)))


all_gather_p: Primitive = _collective(
    "all_gather",
    lambda x, *, axis_name: Aval((_size(axis_name), *x.shape), x.dtype),
    lambda ct, _x, *, axis_name: psum_scatter_p(ct, axis_name=axis_name),
    lambda x, _size, *, axis_name: Unbatched(x),
    _gather_shift,
)
psum_scatter_p: Primitive = _collective(
    "psum_scatter",
    lambda x, *, axis_name: Aval(x.shape[1:], x.dtype),
    lambda ct, _x, *, axis_name: all_gather_p(ct, axis_name=axis_name),
    lambda x, _size, *, axis_name: reduce_sum(x, axes=(0,)),
    _front,
)
all_to_all_p: Primitive = _collective(
    "all_to_all",
    lambda x, *, axis_name: Aval(x.shape, x.dtype),
    lambda ct, _x, *, axis_name: all_to_all_p(ct, axis_name=axis_name),
    lambda x, _size, *, axis_name: transpose(x, perm=(1, 0, *range(2, len(aval_of(x).shape)))),
    _front,
)


def sources_of(perm: tuple[tuple[int, int], ...], size: int) -> tuple[Any, Any]:
    """For each example the one that it gets a value from, and whether it gets one."""
    source = np.zeros(size, np.intp)
    there = np.zeros(size, bool)
    for src, dst in perm:
        if not (0 <= src < size and 0 <= dst < size):
            raise ShapeError(f"ppermute: pair {(src, dst)} is out of range for an axis of {size}")
        source[dst], there[dst] = src, True
    return source, there


def _permute(x: Any, size: int, *, axis_name: Any, perm: tuple[tuple[int, int], ...]) -> Any:
    source, there = sources_of(perm, size)
    moved = gather(x, source)
    mask = there.reshape((size,) + (1,) * (len(aval_of(x).shape) - 1))
    return select(mask, moved, 0)


ppermute_p: Primitive = _collective(
    "ppermute",
    lambda x, *, axis_name, perm: Aval(x.shape, x.dtype),
    lambda ct, _x, *, axis_name, perm: ppermute_p(
        ct, axis_name=axis_name, perm=tuple((d, s) for s, d in perm)
    ),
    _permute,
    lambda prim, x, **params: prim(x, **params),
)


def axis_index_of(name: Any) -> Any:
    """The number of each example along a named axis."""
    frame = axis_frame(name)
    return BatchTracer(frame, np.arange(frame.size))
