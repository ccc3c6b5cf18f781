"""How the operands and the results of a loop are laid out: what is constant, carried, and stacked.

A loop's body takes constants, which are the same in every step, the carry, which a step hands on
to the next, and a row of what is stacked. It returns the carry and rows to be stacked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .jaxprs import Flags


class Parts(NamedTuple):
    """One value, or flag, for each constant, carried value, and stacked value."""

    consts: tuple[Any, ...]
    carry: tuple[Any, ...]
    xs: tuple[Any, ...]

    @property
    def flat(self) -> tuple[Any, ...]:
        """All of them, in the order of a loop's operands."""
        return (*self.consts, *self.carry, *self.xs)

    @property
    def layout(self) -> Layout:
        """The layout of as many operands."""
        return Layout(len(self.consts), len(self.carry))

    def where(self, flags: Parts, wanted: bool = True) -> Parts:
        """Those whose flag is ``wanted``."""
        return Parts(
            *(
                tuple(x for x, f in zip(part, chosen, strict=True) if bool(f) is wanted)
                for part, chosen in zip(self, flags, strict=True)
            )
        )

    def before(self, others: Parts) -> Parts:
        """Each part followed by that of others."""
        return Parts(*(a + b for a, b in zip(self, others, strict=True)))


class Layout(NamedTuple):
    """The number of constants and of carried values; the other operands are stacked."""

    consts: int
    carry: int

    @property
    def first_x(self) -> int:
        """The number of operands before those that are stacked."""
        return self.consts + self.carry

    @property
    def results(self) -> Layout:
        """The layout of the results: the carry, then what is stacked."""
        return Layout(0, self.carry)

    def split(self, values: Sequence[Any]) -> Parts:
        """The parts of values in the order of the operands."""
        k, m = self.consts, self.first_x
        return Parts(tuple(values[:k]), tuple(values[k:m]), tuple(values[m:]))

    def with_derivatives(self, values: Sequence[Any], nonzero: Parts) -> Parts:
        """Values and their derivatives, part by part.

        Args:
            values: one per operand, then the derivatives of those that have one.
            nonzero: which these are.
        """
        n = len(nonzero.flat)
        chosen = nonzero.where(nonzero).layout
        return self.split(values[:n]).before(chosen.split(values[n:]))

    def without_derivatives(
        self, values: Sequence[Any], nonzero: Parts
    ) -> tuple[list[Any], list[Any]]:
        """The opposite: one value per operand, and the derivatives of those that have one."""
        both = Layout(
            self.consts + sum(nonzero.consts), self.carry + sum(nonzero.carry)
        ).split(values)  # fmt: skip
        sizes = [len(part) for part in nonzero]
        values = [x for part, n in zip(both, sizes, strict=True) for x in part[:n]]
        return values, [x for part, n in zip(both, sizes, strict=True) for x in part[n:]]

    def settled(self, flags: Sequence[bool], step: Callable[[Flags], Sequence[bool]]) -> Settled:
        """Flags of operands and of results that a step no longer changes.

        Args:
            flags: of the operands of the first step.
            step: from flags of the operands to those of the results.
        """
        given = self.split(flags)
        while True:
            made = self.results.split(step(given.flat))
            grown = tuple(a or b for a, b in zip(given.carry, made.carry, strict=True))
            if grown == given.carry:
                return Settled(given, made._replace(carry=grown))
            given = given._replace(carry=grown)


class Settled(NamedTuple):
    """Flags of a loop's operands and of its results; those of the carry are the same."""

    operands: Parts
    results: Parts
