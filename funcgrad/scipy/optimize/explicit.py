"""Users' functions whose operands are explicit, for those who differentiate or compile them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import tree
from ...api.closure_convert import closure_convert
from ...api.disable_jit import disable_jit
from ...api.jit import jit
from ...arrays import is_array, is_gpu_array
from ...core.source import where_defined
from ...core.tracing import Tracer
from ...errors import ConcretizationError, TracerError
from ...typing import PyTree

Explicit = Callable[..., PyTree]
"""``call(operands, *given)``, which closes over no traced value."""


def explicit(
    fun: Callable[..., PyTree], given: Sequence[PyTree], args: PyTree
) -> tuple[Explicit, list[Any]]:
    """``fun(*given, *args)`` with everything that may have a derivative as operands, and these.

    They are the arrays in its further arguments, and the traced values that it closes over. A
    function that cannot be staged, since it looks at values, closes over none that are traced.
    """
    leaves, spec = tree.flatten(tuple(args))
    arrays = [_is_operand(x) for x in leaves]
    operands = [x for x, own in zip(leaves, arrays, strict=True) if own]
    others = [None if own else x for x, own in zip(leaves, arrays, strict=True)]
    count = len(operands)  # the function below must not hold the operands

    def of_operands(*values: Any) -> PyTree:
        first = len(values) - count
        own = iter(values[first:])
        all_of = [next(own) if a else x for a, x in zip(arrays, others, strict=True)]
        return fun(*values[:first], *tree.unflatten(spec, all_of))

    try:
        converted, captured = closure_convert(of_operands, *given, *operands)
    except Exception:  # whatever is wrong with the function is seen when it is called
        converted, captured = of_operands, []
    if not captured:
        converted = of_operands
    return (lambda held, *values: converted(*values, *held)), [*operands, *captured]


def _is_operand(x: Any) -> bool:
    """Python's integers may be sizes and exponents: they stay what they are."""
    if isinstance(x, Tracer | float | complex):
        return True
    return is_array(x) and x.dtype.kind in "biufc"


def is_traced(*whole: PyTree) -> bool:
    """True if there is a traced value among the leaves of pytrees."""
    return any(isinstance(x, Tracer) for x in tree.leaves(whole))


def refuse_gpu(name: str, whole: PyTree, instead: str) -> None:
    """Raise where SciPy would have to move arrays of a GPU to the host."""
    if any(is_gpu_array(x) for x in tree.leaves(whole)):
        raise TypeError(f"{name}: SciPy works on the host, and got arrays of a GPU; {instead}")


def run_loops(search: Callable[..., Any], *args: Any) -> Any:
    """A search with loops, which run as plain Python where a function cannot be staged."""
    try:
        return search(*args)
    except (ConcretizationError, TracerError):
        if is_traced(args):
            raise
        with disable_jit():
            return search(*args)


class Compiled:
    """A function as a program, or as it is where it cannot be staged."""

    __slots__ = ("owner", "run")

    def __init__(self, fun: Callable[..., PyTree], owner: str) -> None:
        self.owner: str = owner
        self.run: Callable[..., PyTree] = self._first(fun)

    def _first(self, fun: Callable[..., PyTree]) -> Callable[..., PyTree]:
        def run(*args: Any) -> PyTree:
            program: Callable[..., PyTree] = jit(fun)
            try:
                out = program(*args)
            except Exception:
                program = fun
                out = fun(*args)
            self.run = program
            return out

        return run

    def __call__(self, *args: Any) -> PyTree:
        """What the function returns; an error where that is traced."""
        out = self.run(*args)
        if is_traced(out):
            raise TracerError(
                f"{self.owner} looks at values and closes over one that is traced; pass that as "
                "one of args, or write it without looking at values"
            )
        return out


def owned(name: str, fun: Any) -> str:
    """A function of a user's in a message: ``minimize: loss (train.py:12)``."""
    return f"{name}: {where_defined(fun)}"


def plain(x: Any) -> np.ndarray:
    """A result as SciPy takes it."""
    return np.asarray(x, dtype=np.float64)
