"""Python's operators and the methods of ``cupy.ndarray`` that do what NumPy's do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._api import API, Parameters, argument_check
from ._array import ndarray, quiet
from ._functions import delivered, unwrapped
from ._statistics import statistics

BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift, "matmul": np.matmul, "divmod": np.divmod,
}  # fmt: skip
COMPARING = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal,
}  # fmt: skip
UNARY = {"neg": np.negative, "abs": np.absolute, "invert": np.invert}
NO_IN_PLACE = ("matmul", "divmod")
AWAITED = ("nonzero",)
WRAPPING = {"take": {"mode": "wrap"}, "put": {"mode": "wrap"}, "choose": {"mode": "wrap"}}
"""What real methods do with indices out of range, whatever NumPy's do."""


def operated(ufunc: Any, x: Any, y: Any) -> Any:
    """Defer to operands with ``__array_ufunc__ = None``, else call the ufunc."""
    if any(getattr(v, "__array_ufunc__", ()) is None for v in (x, y)):
        return NotImplemented
    return ufunc(x, y)


def operators(ufunc: Any) -> tuple[Callable[..., Any], ...]:
    """``x + y``, ``y + x`` and ``x += y`` of a ufunc."""

    def forward(self: ndarray, other: Any) -> Any:
        return operated(ufunc, self, other)

    def backward(self: ndarray, other: Any) -> Any:
        return operated(ufunc, other, self)

    def in_place(self: ndarray, other: Any) -> Any:
        return ufunc(self, other, out=self)

    return forward, backward, in_place


def install_operators() -> None:
    for name, ufunc in BINARY.items():
        forward, backward, in_place = operators(ufunc)
        setattr(ndarray, f"__{name}__", forward)
        setattr(ndarray, f"__r{name}__", backward)
        if name not in NO_IN_PLACE:
            setattr(ndarray, f"__i{name}__", in_place)
    for name, ufunc in COMPARING.items():
        setattr(ndarray, f"__{name}__", operators(ufunc)[0])
    for name, ufunc in UNARY.items():
        setattr(ndarray, f"__{name}__", lambda self, ufunc=ufunc: ufunc(self))
    ndarray.__pos__ = lambda self: self.copy()  # type: ignore[attr-defined]
    ndarray.__hash__ = None  # type: ignore[assignment]  # __eq__ does not set it afterwards


def method(name: str, parameters: Parameters) -> Callable[..., Any]:
    """A method that computes what NumPy's does, if the real one takes such arguments."""
    check = argument_check(f"ndarray.{name}", parameters)

    def call(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        check(args, kwargs)
        operands = [self, *args, *kwargs.values()]
        (a, *rest), keywords = unwrapped(f"ndarray.{name}", (self, *args), kwargs)
        if name in AWAITED:
            statistics.sync(name)
        with quiet():
            result = getattr(a, name)(*rest, **(keywords | WRAPPING.get(name, {})))
        return delivered(name, result, operands, kwargs.get("out"), 1)

    call.__name__ = name
    return call


def install_methods() -> None:
    for name, parameters in API["ndarray"].items():
        public = not name.startswith("_") and not hasattr(ndarray, name)
        if public and callable(getattr(np.ndarray, name, None)):
            setattr(ndarray, name, method(name, parameters))


install_operators()
install_methods()
