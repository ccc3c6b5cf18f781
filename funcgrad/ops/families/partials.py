"""Partial derivatives of elementwise operators: how they are given, and what they read."""

from __future__ import annotations

from collections.abc import Callable
from opcode import opmap
from types import FunctionType
from typing import Any

NONE, SAME, NEGATIVE, FUNCTION, SCALING = range(5)
"""How a partial derivative is given: none, 1, -1, a function, or a function of the tangent, too."""

NEED_OUT, NEED_X, NEED_Y = 1, 2, 4


class Scaling:
    """A partial derivative that is given as what it makes of a tangent.

    ``scale(t, out, *operands)`` is t times the partial derivative, by products and quotients that
    start at t: ``t / x`` and ``t / x * -out`` are in range wherever the result is, when 1 / x or
    out / x are not. It uses sums, products and quotients of t alone, so that it can be done with
    a StrongTangent as well.
    """

    __slots__ = ("scale",)

    def __init__(self, scale: Callable[..., Any]) -> None:
        self.scale: Callable[..., Any] = scale

    def __call__(self, out: Any, *operands: Any) -> Any:
        """The partial derivative itself."""
        return self.scale(1, out, *operands)


class Quotient(Scaling):
    """A partial derivative 1 / y, where y is an operand: ``Quotient(lambda x: x)`` of log(x)."""

    __slots__ = ("denominator",)

    def __init__(self, denominator: Callable[..., Any]) -> None:
        self.denominator: Callable[..., Any] = denominator
        super().__init__(lambda t, _out, *operands: t / denominator(*operands))


def partial_kind(partial: Any) -> int:
    """The kind in which a partial derivative is given."""
    if partial is None:
        return NONE
    if isinstance(partial, Scaling):
        return SCALING
    if callable(partial):
        return FUNCTION
    if partial in (1, -1):
        return SAME if partial == 1 else NEGATIVE
    raise TypeError(f"a partial derivative is 1, -1, None, a function or Scaling, not {partial!r}")


def partial_needs(partial: Any) -> int:
    """Bits for the output and the operands that a partial derivative reads.

    A parameter that the code of a Python function never loads is not read; of any other callable
    everything is.
    """
    if not callable(partial):
        return 0
    if isinstance(partial, Quotient):
        return partial_needs_of(partial.denominator, 0) << 1
    if isinstance(partial, Scaling):
        return partial_needs_of(partial.scale, 1)
    return partial_needs_of(partial, 0)


EVERYTHING = -1

LOADS = frozenset(
    number
    for name, number in opmap.items()
    if name.startswith("LOAD_FAST") and name.count("FAST") == 1
)
"""Instructions that load a local variable, whose number is the argument."""

DOUBLE_LOADS = frozenset(n for name, n in opmap.items() if name.count("FAST") > 1)
"""Instructions for two variables, whose numbers are the halves of the argument."""

UNSAFE = frozenset(["locals", "eval", "exec", "vars"])


def partial_needs_of(fun: Any, skipped: int) -> int:
    """Bits for the positional parameters that a function reads, without the first ones."""
    if not isinstance(fun, FunctionType) or fun.__code__.co_flags & 0x04:  # *args
        return EVERYTHING
    code = fun.__code__
    if not UNSAFE.isdisjoint(code.co_names):
        return EVERYTHING
    loaded: set[int] = {i for i, name in enumerate(code.co_varnames) if name in code.co_cellvars}
    instructions = code.co_code
    for operation, number in set(zip(instructions[::2], instructions[1::2], strict=True)):
        if operation in LOADS:
            loaded.add(number)
        elif operation in DOUBLE_LOADS:
            loaded.update((number >> 4, number & 15))
    places = range(skipped, code.co_argcount)
    return sum(1 << i - skipped for i in places if i in loaded)
