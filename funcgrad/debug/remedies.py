"""Remedies where an operation makes infinities or NaN."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import numpy as np

from ..core.facts import LEFT_OUT, Decided, Hazard, Moves, Picks
from ..core.primitive import Primitive
from ..core.source import Source, Transposed
from ..ops.families import Bilinear, Linear
from ..transforms.recording import Operation
from .events import Event
from .recorded_calls import place_of


def logarithm(event: Event) -> str:
    """A logarithm of 0 or of a negative number."""
    value = np.asarray(event.operation.outputs[event.place])[event.element]
    if np.real(value) == -np.inf:
        return (
            f"logarithm of 0; {LEFT_OUT}; log_softmax and logsumexp take logarithms without "
            "underflow, and xlogy(x, y) is 0 where x is"
        )
    return f"logarithm of a negative number; {LEFT_OUT}"


def division(event: Event) -> str:
    """A division by 0, or a quotient that overflows."""
    x, y = event.operands if len(event.operands) == 2 else (1.0, event.operands[0])
    if y == 0:
        what = "0 / 0" if x == 0 else "division by 0"
        return f"{what}; np.where(y != 0, x / y, other) leaves it out, and its zeros are strong"
    return "the quotient overflows: scale, or subtract logarithms"


def exponential(event: Event) -> str:
    """An exponential that overflows."""
    limit = np.log(np.finfo(np.asarray(event.operation.outputs[0]).dtype).max)
    return (
        f"overflow: the exponential of more than {limit:.2f}; logsumexp, logaddexp, softmax, "
        "log_softmax, softplus and sigmoid are computed without it"
    )


def power(event: Event) -> str:
    """A power that overflows, or has no real value."""
    x = event.operands[0]
    if x == 0:
        return f"0 to a negative power; {LEFT_OUT}"
    if x < 0 and event.kind == "nan":
        return "a negative number to a power that is not whole: np.abs(x)**y, or np.cbrt(x)"
    return "the power overflows: work with its logarithm, y * np.log(x)"


def outside(event: Event) -> str:
    """A number outside of the domain."""
    name = event.operation.primitive.name
    return f"{name} of a number outside of its domain; np.clip it where rounding has moved it there"


def difference(event: Event) -> str:
    """A sum that overflows, or a difference of infinities."""
    if event.from_infinity:
        return "the difference of two infinities: the remedy is where they come from"
    return "the sum overflows: scale the numbers"


def product(event: Event) -> str:
    """A product that overflows, or 0 times infinity."""
    if event.from_infinity:
        return (
            "0 times infinity: the remedy is where the infinity comes from; np.where keeps 0, "
            "since its zeros are strong"
        )
    return "the product overflows: scale the numbers, or add logarithms"


def narrowing(event: Event) -> str:
    """A number too large for another dtype."""
    dtype = np.asarray(event.operation.outputs[event.place]).dtype
    return f"the number is too large for {dtype}, which ends at {np.finfo(dtype).max:.3g}"


def not_definite(event: Event) -> str:
    """Cholesky's factor; this and the next ones raise LinAlgError outside of jit and vmap."""
    return (
        "the matrix is not positive definite: make it symmetric, or add a small multiple of the "
        "identity"
    )


def singular(event: Event) -> str:
    """A matrix without an inverse."""
    other = "np.linalg.pinv" if len(event.operation.operands) == 1 else "np.linalg.lstsq or pinv"
    return f"the matrix is singular: {other}, or add a multiple of the identity"


def zero_on_diagonal(event: Event) -> str:
    """A triangular matrix without an inverse."""
    return "the triangular matrix has a zero on its diagonal"


def no_convergence(event: Event) -> str:
    """An iteration that fails."""
    return "the matrix has elements that are not finite, or the iteration failed"


def log_determinant(event: Event) -> str:
    """The logarithm of a determinant that is 0."""
    return "the matrix is singular: the logarithm of its determinant is -inf"


REMEDIES: dict[Hazard, Callable[[Event], str]] = {
    Hazard.LOGARITHM: logarithm,
    Hazard.DIVISION: division,
    Hazard.EXPONENTIAL: exponential,
    Hazard.POWER: power,
    Hazard.DOMAIN: outside,
    Hazard.SUM: difference,
    Hazard.PRODUCT: product,
    Hazard.NARROWING: narrowing,
    Hazard.NOT_DEFINITE: not_definite,
    Hazard.SINGULAR: singular,
    Hazard.ZERO_ON_DIAGONAL: zero_on_diagonal,
    Hazard.NO_CONVERGENCE: no_convergence,
    Hazard.LOG_DETERMINANT: log_determinant,
}
"""Sentences (event) by what has happened."""


def hazard_of(primitive: Primitive) -> Hazard | None:
    """The way an operator makes infinities: as its record says, or its family; None if unknown."""
    if primitive.hazard is not None:
        return cast(Hazard, primitive.hazard)
    if isinstance(primitive.elements, Moves | Picks | Decided):
        return Hazard.NONE
    if isinstance(primitive, Bilinear):
        return Hazard.PRODUCT
    return Hazard.SUM if isinstance(primitive, Linear) else None


def remedy(event: Event, steep: Iterable[Primitive], rewrite: str) -> str:
    """A sentence on what to write instead; "" if there is nothing to say.

    Args:
        event: what happened.
        steep: the forward operators at the same line whose derivative is infinite there.
        rewrite: what ``stabilize`` would replace a formula by that ends in this line, or "".
    """
    steep = list(steep)
    parts: list[str] = []
    hazard = hazard_of(event.operation.primitive)
    if event.backward and steep and not event.from_infinity:
        parts += dict.fromkeys(p.steep.instead for p in steep)
    elif hazard in REMEDIES:
        parts.append(REMEDIES[hazard](event))
    if rewrite:
        parts.append(f"funcgrad.stabilize replaces {rewrite}")
    return "; ".join(parts)


def steep_operators(operations: Iterable[Operation], source: Source | None) -> list[Primitive]:
    """Forward operators at a line whose derivative is infinite at their operands."""
    found = [
        o.primitive
        for o in operations
        if o.primitive.steep is not None
        and not isinstance(o.source, Transposed)
        and place_of(o.source) == place_of(source)
        and np.isin(np.abs(np.asarray(o.operands[0])), o.primitive.steep.at).any()
    ]
    return list(dict.fromkeys(found))
