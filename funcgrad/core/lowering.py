"""What back ends need to know of an operator: how it is written in what they emit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .records import Record


class Template(Protocol):
    """An expression from the texts of operands."""

    def __call__(self, *operands: str, **params: Any) -> str: ...


class Writer(Protocol):
    """Text for one equation from those of its operands.

    ``module`` names functions and constants that the text refers to. None where the operator
    cannot be written so.
    """

    def __call__(self, module: Any, eqn: Any, operands: list[str], /) -> str | None: ...


class StatementWriter(Protocol):
    """A whole call with inner functions, and which of its results are memory of their own."""

    def __call__(self, module: Any, eqn: Any, operands: list[str], /) -> tuple[str, list[bool]]: ...


class NumpyText(Record):
    """The text of an operator in the NumPy back end; without anything its function is called.

    Attributes:
        template: an expression from the texts of operands.
        expression: likewise, where the equation has to be looked at.
        into: a statement that writes the result into ``{out}``; True if the evaluating function
            takes ``out`` as its last argument.
        overwrites: operands that ``{out}`` may be; None for all of them.
        statement: for operators that hold jaxprs.
    """

    template: Callable[..., str] | None = None
    expression: Writer | None = None
    into: Writer | bool = False
    overwrites: tuple[int, ...] | None = None
    statement: StatementWriter | None = None

    def write_into(self, module: Any, eqn: Any, operands: list[str]) -> str | None:
        """The statement that writes the result into ``{out}``, if there is one."""
        if self.into is True:
            function = module.callee(eqn.primitive.evaluate)
            return f"{function}({', '.join(operands)}, {{out}})"
        return self.into(module, eqn, operands) if self.into else None
