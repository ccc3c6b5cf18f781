"""Python functions of scalars as universal functions, which broadcast, reduce and accumulate."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arguments import check_function, is_integer
from ...core.tracebacks import user_facing
from ...ops.shape import cast, reshape
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..indexing.updates import at
from ..protocol import as_operand, axes_of, axis_of
from .vectorize import vectorize


class ufunc(ABC):  # noqa: B024
    """The class of universal functions, for isinstance: NumPy's own, and those of ``frompyfunc``.

    >>> isinstance(np.add, ufunc), isinstance(np.sum, ufunc)
    (True, False)
    """


ufunc.register(np.ufunc)


class PythonUfunc(ufunc):
    """A function of scalars as a universal function; ``frompyfunc`` makes it."""

    def __init__(self, func: Callable[..., Any], nin: int, nout: int, identity: Any) -> None:
        self.func: Callable[..., Any] = func
        self.nin: int = nin
        self.nout: int = nout
        self.identity: Any = identity
        self.nargs: int = nin + nout
        self.__name__: str = getattr(func, "__name__", "ufunc")
        self.__doc__ = func.__doc__
        self._broadcasting: Callable[..., Any] = vectorize(func)

    def __repr__(self) -> str:
        return f"<ufunc {self.__name__!r} of funcgrad>"

    @user_facing
    def __call__(self, *args: ArrayLike, where: ArrayLike | None = None) -> Any:
        """The results for all elements of the operands; 0 where ``where`` is false."""
        if len(args) != self.nin:
            raise TypeError(f"{self.__name__} takes {self.nin} operands, got {len(args)}")
        out = self._broadcasting(*args)
        given = len(out) if isinstance(out, tuple) else 1
        if given != self.nout:
            raise TypeError(f"{self.__name__} is to have {self.nout} results, got {given}")
        if where is None:
            return out
        if isinstance(out, tuple):
            return tuple(np.where(where, y, 0) for y in out)
        return np.where(where, out, 0)

    def _check_binary(self, method: str) -> None:
        if self.nin != 2 or self.nout != 1:
            raise ValueError(
                f"{self.__name__}.{method} needs a function of two operands with one result, not "
                f"of {self.nin} with {self.nout}"
            )

    @user_facing
    def outer(self, a: ArrayLike, b: ArrayLike) -> Array:
        """The results for all pairs of elements."""
        self._check_binary("outer")
        x, y = as_operand(a), as_operand(b)
        return self(reshape(x, shape=tuple(x.shape) + (1,) * len(y.shape)), y)

    @user_facing
    def reduce(
        self,
        a: ArrayLike,
        axis: Axes = 0,
        dtype: DTypeLike | None = None,
        keepdims: bool = False,
        initial: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> Array:
        """The function applied from element to element along axes, the first ones first."""
        self._check_binary("reduce")
        x = as_operand(a) if dtype is None else cast(as_operand(a), np.dtype(dtype))
        axes = axes_of(axis, len(x.shape))
        mask = None if where is None else np.broadcast_to(where, x.shape)
        if mask is not None and initial is None and self.identity is None:
            raise ValueError(f"{self.__name__}.reduce: where= needs initial= or an identity")
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        rows = _rows(x, axes)
        masks = [None] * len(rows) if mask is None else _rows(mask, axes)
        start = self.identity if initial is None and not (len(rows) and mask is None) else initial
        if start is None and not len(rows):
            raise ValueError(f"{self.__name__}.reduce: no elements, and neither initial= nor "
                             "an identity")  # fmt: skip
        out: Any = None
        if start is not None:
            kept = tuple(n for i, n in enumerate(x.shape) if i not in axes)
            out = np.broadcast_to(cast(as_operand(start), x.dtype), kept)
        for row, included in zip(rows, masks, strict=True):
            step = row if out is None else self(out, row)
            out = step if included is None else np.where(included, step, out)
        return reshape(out, shape=shape) if keepdims else out

    @user_facing
    def accumulate(self, a: ArrayLike, axis: int = 0, dtype: DTypeLike | None = None) -> Array:
        """The results of ``reduce`` up to each element along an axis."""
        self._check_binary("accumulate")
        x = as_operand(a) if dtype is None else cast(as_operand(a), np.dtype(dtype))
        k = axis_of(axis, len(x.shape))
        if not x.shape[k]:
            return x
        found: list[Any] = []
        for row in _rows(x, (k,)):
            found.append(self(found[-1], row) if found else row)
        return np.stack(found, axis=k)

    @user_facing
    def at(self, a: ArrayLike, indices: Any, b: ArrayLike | None = None) -> Array:
        """A copy of an array with the function applied to elements, each as often as it is named.

        NumPy's ufuncs change the array; this one returns a new one.
        """
        x = as_operand(a)
        if self.nin == 1:
            return at(x)[indices].apply(self)
        self._check_binary("at")
        if b is None:
            raise ValueError(f"{self.__name__}.at needs a second operand")
        places = np.ravel(np.reshape(np.arange(x.size), x.shape)[indices])
        shape = np.shape(np.empty(x.shape, bool)[indices])
        values = np.ravel(np.broadcast_to(as_operand(b), shape))
        flat = np.ravel(x)
        for i, place in enumerate(places.tolist()):
            flat = at(flat)[place].set(self(flat[place], values[i]))
        return reshape(flat, shape=tuple(x.shape))

    @user_facing
    def reduceat(
        self, a: ArrayLike, indices: Any, axis: int = 0, dtype: DTypeLike | None = None
    ) -> Array:
        """The results of ``reduce`` over the elements from each index to the next one."""
        self._check_binary("reduceat")
        x = as_operand(a) if dtype is None else cast(as_operand(a), np.dtype(dtype))
        k = axis_of(axis, len(x.shape))
        starts = np.asarray(indices).tolist()
        parts = []
        for i, first in enumerate(starts):
            last = starts[i + 1] if i + 1 < len(starts) else x.shape[k]
            stop = last if last > first else first + 1
            parts.append(self.reduce(np.take(x, np.arange(first, stop), axis=k), axis=k))
        return np.stack(parts, axis=k)


def _rows(x: Array, axes: tuple[int, ...]) -> list[Any]:
    """The slices along some axes, in the order in which elements lie in memory."""
    rest = [i for i in range(len(x.shape)) if i not in axes]
    moved = np.transpose(x, (*axes, *rest))
    flat = np.reshape(moved, (-1, *moved.shape[len(axes) :])) if x.size else moved[:0]
    return [flat[i] for i in range(flat.shape[0])] if x.size else []


@user_facing
def frompyfunc(
    func: Callable[..., Any], /, nin: int, nout: int, *, identity: Any = None
) -> PythonUfunc:
    """A function of scalars as a universal function, as ``jax.numpy.frompyfunc``.

    It broadcasts by ``vectorize``, with the dtypes that the function gives; NumPy's has results of
    dtype object. The methods ``reduce``, ``accumulate``, ``reduceat``, ``outer`` and ``at`` apply
    it one after the other.

    Args:
        func: function of ``nin`` scalars, in operations that can be traced.
        nin: the number of its operands.
        nout: the number of its results.
        identity: what changes nothing as an operand, where ``reduce`` starts without elements.

    Returns:
        The universal function.

    >>> plus = frompyfunc(lambda x, y: x + y, 2, 1, identity=0)
    >>> plus.outer(np.array([1, 2]), np.array([10, 20]))
    array([[11, 21],
           [12, 22]])
    >>> plus.reduce(np.array([1.0, 2.0, 4.0]))
    np.float64(7.0)
    """
    check_function(func, "frompyfunc", "func")
    for what, count in (("nin", nin), ("nout", nout)):
        if not is_integer(count) or count < (what == "nout"):
            raise ValueError(f"frompyfunc: {what} must be a number of arrays, got {count!r}")
    return PythonUfunc(func, int(nin), int(nout), identity)
