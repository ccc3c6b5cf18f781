"""Vectorisation: one batched evaluation in place of a loop. The batch axis is at 0 inside."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Token
from typing import Any, ClassVar

import numpy as np

from .. import arrays, tree
from ..context import Context, leave
from ..core.avals import Aval
from ..core.dtypes import MODULES
from ..core.primitive import Unbatched
from ..core.small_floats import lifted
from ..core.tracing import (
    Trace,
    Tracer,
    abstract_value_error,
    aval_of,
    enter_lanes,
    shape_of,
)
from ..errors import ConcretizationError
from ..ops.families import align
from ..ops.shape import broadcast, move_axis, reshape

_NUMBERS = frozenset([float, int, complex])
"""Types of what broadcasts to a batch as it is."""


class BatchTracer(Tracer):
    """A batch of values; its shape is that of one of them."""

    __slots__ = ("value",)
    holds: ClassVar[str | None] = "value"

    def __init__(self, trace: Trace, value: Any) -> None:
        self._trace: Trace = trace
        self.value: Any = value

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        aval = aval_of(self.value)
        return Aval(aval.shape[1:], aval.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape[1:]

    @property
    def dtype(self) -> np.dtype:
        return self.value.dtype

    @property
    def weak(self) -> bool:
        return False

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        if use.startswith("a Python condition"):
            error = abstract_value_error(self, use)
            raise ConcretizationError(
                str(error).replace(
                    "is traced without one by",
                    "holds a different value for each example of",
                )
            )
        raise abstract_value_error(self, use)


class UnmappedTracer(Tracer):
    """An array that is the same for every example, such as a table that a traced index may index.

    It has a value, and is used as a plain array would be where that is asked for.
    """

    __slots__ = ("value",)
    holds: ClassVar[str | None] = "value"

    def __init__(self, trace: Trace, value: Any) -> None:
        self._trace: Trace = trace
        self.value: Any = value

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return Aval(self.value.shape, self.value.dtype)

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return self.value

    def __float__(self) -> float:
        return float(self.concrete("float()"))

    def __complex__(self) -> complex:
        return complex(self.concrete("complex()"))

    def item(self, *args: Any) -> Any:
        return self.concrete(".item()").item(*args)

    def tolist(self) -> Any:
        return self.concrete(".tolist()").tolist()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.concrete("np.asarray"), dtype, copy=copy)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, UnmappedTracer) for t in types):
            return super().__array_function__(func, types, args, kwargs)
        newest = self._trace

        def value(x: Any) -> Any:
            nonlocal newest
            if type(x) is not UnmappedTracer:
                return x
            if x._trace.level > newest.level:
                newest = x._trace
            return x.concrete("a NumPy function")

        args, kwargs = tree.map(value, (args, kwargs))
        return tree.map(newest.unmapped, func(*args, **kwargs))  # type: ignore[attr-defined]


class BatchTrace(Trace):
    """Evaluates operations on whole batches."""

    __slots__ = ("active", "axis_name", "size")
    quick: ClassVar[bool] = True

    def __init__(self, size: int, owner: str, axis_name: Any = None, active: Any = None) -> None:
        super().__init__(owner)
        self.size: int = size
        self.axis_name: Any = axis_name
        self.active: Any = active

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        batched = [type(a) is BatchTracer and a._trace is self for a in args]
        values = [
            a.value if b or (type(a) is UnmappedTracer and a._trace is self) else a
            for a, b in zip(args, batched, strict=True)
        ]
        if not any(batched) and not prim.asks_for_lanes:
            out = prim(*values, **params)
            return tuple(map(self.unmapped, out)) if prim.multiple else self.unmapped(out)
        if prim.fails:
            params = {**params, "failing": "nan"}
        if self.active is not None and prim.mask_indices is not None:
            values = prim.mask_indices(values, batched, self.active, params)
            batched = [b or v is not a for b, v, a in zip(batched, values, args, strict=True)]
        out = prim.batched(self, values, batched, params)
        return tuple(map(self.wrap, out)) if prim.multiple else self.wrap(out)

    def unary(self, prim: Any, x: Any) -> Any:
        if self.takes(x) and self.is_simple(prim):
            return self.wrap(prim.unary(x.value))
        return self.handle(prim, (x,), {})

    def binary(self, prim: Any, x: Any, y: Any) -> Any:
        if self.is_simple(prim):
            if self.takes(x):
                a = x.value
                if self.takes(y):
                    if y.value.ndim == a.ndim:
                        return self.wrap(prim.binary(a, y.value))
                elif type(y) in _NUMBERS or (type(y) is np.ndarray and y.ndim < a.ndim):
                    return self.wrap(prim.binary(a, y))
            elif self.takes(y):
                b = y.value
                if type(x) in _NUMBERS or (type(x) is np.ndarray and x.ndim < b.ndim):
                    return self.wrap(prim.binary(x, b))
        return self.handle(prim, (x, y), {})

    def linear(self, prim: Any, x: Any, params: dict[str, Any]) -> Any:
        if self.takes(x) and self.is_simple(prim):
            return self.wrap(prim.batched(self, (x.value,), (True,), params))
        return self.handle(prim, (x,), params)

    def takes(self, x: Any) -> bool:
        """True for a batch of this trace whose values are there, in whatever context."""
        return type(x) is BatchTracer and x._trace is self and type(x.value) is np.ndarray

    def is_simple(self, prim: Any) -> bool:
        """True if an operator does the same for all lanes, and nothing else has to be said."""
        return self.active is None and self.alive and not prim.bodily

    def align(self, values: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
        """Batched operands with axes of one behind the batch axis, so that ranks agree."""
        return align(values, batched, reshape)

    def wrap(self, out: Any) -> Any:
        """A result of a batching rule as a tracer."""
        if type(out) is Unbatched:
            return self.unmapped(out.value)
        return BatchTracer(self, lifted(out) if "ml_dtypes" in MODULES else out)

    def unmapped(self, x: Any) -> Any:
        """A value that does not depend on the example, so that traced indices can index it."""
        return UnmappedTracer(self, x) if arrays.is_array(x) and x.ndim else x

    def unwrap(self, x: Any) -> tuple[Any, bool]:
        """The value of an output, and whether it is batched."""
        if type(x) is BatchTracer and x._trace is self:
            return x.value, True
        if type(x) is UnmappedTracer and x._trace is self:
            return x.value, False
        return x, False

    def materialize(self, x: Any) -> Any:
        """The value of an output with a batch axis at 0, whether it was batched or not."""
        value, batched = self.unwrap(x)
        return value if batched else add_batch_axis(value, self.size)


def add_batch_axis(x: Any, size: int) -> Any:
    """Repeat an unbatched value along a new axis 0."""
    if not isinstance(x, Tracer) and not hasattr(x, "shape"):
        x = np.asarray(x)
    shape = tuple(shape_of(x))
    return broadcast(reshape(x, shape=(1, *shape)), shape=(size, *shape))


def to_front(x: Any, axis: int) -> Any:
    """Move a user's batch axis to 0."""
    return move_axis(x, axis, 0)


class running_lanes:
    """Makes a batching trace the one whose function is being run, with its axis name in scope."""

    __slots__ = ("_trace", "token")

    token: Token[Context]

    def __init__(self, trace: BatchTrace) -> None:
        self._trace: BatchTrace = trace

    def __enter__(self) -> None:
        self.token = enter_lanes(self._trace, self._trace.axis_name)

    def __exit__(self, *exc: Any) -> None:
        leave(self.token)
