"""``cupy.ufunc``: elementwise kernels with the loops, keywords and methods of the real ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._api import VERSION
from ._array import SCALARS, fresh, ndarray, on_this_device, quiet
from ._indexing import prepared
from ._statistics import statistics

WEAK = (int, float, complex)
RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 2}
SCATTERED = {
    "add": ("add", "ilqefdILQ"),
    "maximum": ("max", "ilqfdILQ"),
    "minimum": ("min", "ilqfdILQ"),
    "subtract": ("sub", "iI"),
    "bitwise_and": ("and", "ilqILQ"),
    "bitwise_or": ("or", "ilqILQ"),
    "bitwise_xor": ("xor", "ilqILQ"),
}
"""Kernel and dtypes of ufunc.at; CuPy before 14.1 has none of the 64-bit signed integers here."""


def kernel_argument(x: Any) -> Any:
    """A ufunc's operand: device arrays and scalars, nothing else."""
    if isinstance(x, ndarray):
        on_this_device(x)
    elif not isinstance(x, SCALARS):
        raise TypeError(f"Unsupported type {type(x)}")
    return x


def weak_types(operands: list[Any]) -> list[Any]:
    """For each operand the Python type by whose kind it counts, or None.

    Python's numbers count by their kind unless it is above that of all others, as in uint8 + 1.0.
    """
    weak = [type(x) if type(x) in WEAK else None for x in operands]
    ranks = [RANK[np.dtype(w).kind] if w else -1 for w in weak]
    others = [-1 if w else RANK[dtype_of(x).kind] for x, w in zip(operands, weak, strict=True)]
    usable = -1 < max(ranks) <= max(others)
    return weak if usable else [None] * len(operands)


def dtype_of(x: Any) -> np.dtype:
    """The dtype of an operand, of Python's numbers the widest one."""
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype


def takes(x: Any, t: np.dtype, weak: Any) -> bool:
    """Whether an operand can be cast safely to a loop's type."""
    if np.can_cast(dtype_of(x), t):
        return True
    return weak is not None and np.result_type(weak(0), t) == t


class ufunc:
    """A universal function of device arrays."""

    def __init__(self, name: str, reference: Any, described: dict[str, Any]) -> None:
        self.__name__ = name
        self.name = described["name"]
        self.reference = reference
        self.types = described["types"]
        self.nin, self.nout = described["nin"], described["nout"]
        self.nargs = self.nin + self.nout
        self.has_at = described["at"]
        self.loops = [
            tuple([np.dtype(c) for c in part] for part in t.split("->")) for t in self.types
        ]

    def __repr__(self) -> str:
        return f"<ufunc {self.name!r}>"

    def loop(self, operands: list[Any], dtype: Any = None) -> Any:
        """The first loop of the kernel to whose types the operands can be cast safely."""
        if dtype is not None:
            for ins, outs in self.loops:
                if outs[0] == np.dtype(dtype):
                    return ins, outs
            raise TypeError(f"{self.name}: no loop with output {dtype}")
        weak = weak_types(operands)
        for ins, outs in self.loops:
            if all(takes(x, t, w) for x, t, w in zip(operands, ins, weak, strict=True)):
                return ins, outs
        kinds = [type(x).__name__ if type(x) in WEAK else str(dtype_of(x)) for x in operands]
        raise TypeError(
            f"ufunc {self.name!r} not supported for the input types {kinds} (CuPy {VERSION})"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        out, dtype = kwargs.pop("out", None), kwargs.pop("dtype", None)
        casting = kwargs.pop("casting", "same_kind")
        if kwargs:
            raise TypeError(f"Wrong arguments {kwargs}")
        if not self.nin <= len(args) <= self.nargs:
            raise TypeError(f"Wrong number of arguments for {self.name!r}")
        operands = [kernel_argument(a) for a in args[: self.nin]]
        outs = list(args[self.nin :])
        if out is not None:
            outs = list(out) if isinstance(out, tuple) else [out]
        for o in outs:
            if o is not None and not isinstance(o, ndarray):
                raise TypeError(f"Unsupported type {type(o)}")
            kernel_argument(0 if o is None else o)
        ins, results = self.loop(operands, dtype)
        computed = self._computed(operands, ins, results)
        statistics.launch(self.name)
        places = outs + [None] * (self.nout - len(outs))
        found = [delivered(*of) for of in zip(computed, places, [casting] * self.nout, strict=True)]
        return found[0] if self.nout == 1 else tuple(found)

    def _computed(self, operands: list[Any], ins: Any, results: Any) -> list[np.ndarray]:
        """What NumPy gives for operands of the loop's types."""
        values = []
        with quiet():
            for x, t in zip(operands, ins, strict=True):
                a = x._a if isinstance(x, ndarray) else np.asarray(x)
                values.append(a.astype(t, copy=False))
            try:
                computed = self.reference(*values)
            except ValueError:
                if self.__name__ not in ("power", "pow"):
                    raise
                # Integers to negative powers raise in NumPy; a kernel just computes.
                computed = np.power(*[v.astype(float) for v in values])
            computed = computed if isinstance(computed, tuple) else (computed,)
            return [
                np.asarray(c).astype(t, copy=False) for c, t in zip(computed, results, strict=True)
            ]

    # Methods: real CuPy has a few of NumPy's, for a few ufuncs.

    def outer(self, a: Any, b: Any, **kwargs: Any) -> Any:
        from ._special_cases import array

        a, b = array(a), array(b)
        return self(a.reshape(a.shape + (1,) * b.ndim), b, **kwargs)

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        if not self.has_at:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        op, dtypes = SCATTERED[self.__name__]
        index, kind = prepared(a, indices)
        if kind != "view" and a.dtype.char not in dtypes:
            raise TypeError(f"{self.name}.at does not support {a.dtype} (CuPy {VERSION})")
        value = kernel_argument(b)
        value = value._a if isinstance(value, ndarray) else np.asarray(value)
        statistics.launch(f"scatter_{op}")
        with quiet():
            self.reference.at(on_this_device(a), index, value)

    def reduce(
        self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        if self.__name__ not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        total = array.sum if self.__name__ == "add" else array.prod
        return total(axis, dtype, out, keepdims)

    def accumulate(self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
        if self.__name__ not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.accumulate` is not supported yet")
        running = array.cumsum if self.__name__ == "add" else array.cumprod
        return running(axis, dtype, out)

    def reduceat(
        self, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
    ) -> Any:
        if self.__name__ != "add":
            raise NotImplementedError(f"`{self.name}.reduceat` is not supported yet")
        statistics.launch("add_reduceat")
        index = indices._a if isinstance(indices, ndarray) else np.asarray(indices)
        return fresh(np.add.reduceat(on_this_device(array), index, axis, dtype))


def delivered(computed: np.ndarray, place: ndarray | None, casting: Any) -> ndarray:
    """A result in memory of its own, or in the array that was given for it."""
    if place is None:
        return fresh(computed if computed.flags.owndata else computed.copy())
    t = computed.dtype
    if not np.can_cast(t, place.dtype, casting):
        raise TypeError(
            f"output (typecode {t.char}) could not be coerced to provided output parameter "
            f"(typecode {place.dtype.char}) according to the casting rule {casting!r}"
        )
    if np.broadcast_shapes(computed.shape, place.shape) != place.shape:
        raise ValueError("Out shape is mismatched")
    with quiet():
        np.copyto(place._a, computed, casting="unsafe")
    return place
