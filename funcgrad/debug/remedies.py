"""What to write instead, where an operation makes infinities or NaN."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np

from ..core.source import Transposed
from ..transforms.recording import Operation
from .events import Event
from .recorded_calls import place_of

LEFT_OUT = (
    "np.where(x > 0, f(x), other) leaves such elements out; its zeros are strong, so the "
    "derivative needs no second where"
)

STEEP = {
    "sqrt": "the derivative of sqrt is infinite at 0; for the norm sqrt(sum(x**2)) write "
    "np.linalg.norm(x), whose derivative at 0 is 0",
    "acos": "the derivative of arccos is infinite at -1 and 1; for an angle, np.arctan2 of sine "
    "and cosine has a finite one",
    "asin": "the derivative of arcsin is infinite at -1 and 1; for an angle, np.arctan2 of sine "
    "and cosine has a finite one",
    "pow": f"the derivative of x**y is infinite at x = 0 for y < 1; {LEFT_OUT}",
    "cbrt": f"the derivative of cbrt is infinite at 0; {LEFT_OUT}",
    "log": f"the derivative of log is infinite at 0; {LEFT_OUT}",
    "acosh": "the derivative of arccosh is infinite at 1",
    "atanh": "the derivative of arctanh is infinite at -1 and 1",
}
"""Functions whose derivative is infinite where they have a value."""

SINGULAR = {"acos": 1.0, "asin": 1.0, "acosh": 1.0, "atanh": 1.0}
"""Absolute values of the places where they are; 0 if not listed."""

MATRICES = {
    "cholesky": "the matrix is not positive definite: make it symmetric, or add a small multiple "
    "of the identity",
    "solve": "the matrix is singular: np.linalg.lstsq or pinv, or add a multiple of the identity",
    "inv": "the matrix is singular: np.linalg.pinv, or add a multiple of the identity",
    "triangular_solve": "the triangular matrix has a zero on its diagonal",
    "eigh": "the matrix has elements that are not finite, or the iteration failed",
    "svd": "the matrix has elements that are not finite, or the iteration failed",
    "slogdet": "the matrix is singular: the logarithm of its determinant is -inf",
}
"""Linear algebra that fails; outside of jit and vmap it raises LinAlgError."""


def logarithm(event: Event) -> str:
    (x,) = event.operands[:1]
    if event.operation.primitive.name == "log1p":
        x = 1 + x
    if x == 0:
        return (
            f"logarithm of 0; {LEFT_OUT}; log_softmax and logsumexp take logarithms without "
            "underflow, and xlogy(x, y) is 0 where x is"
        )
    return f"logarithm of a negative number; {LEFT_OUT}"


def division(event: Event) -> str:
    x, y = event.operands if len(event.operands) == 2 else (1.0, event.operands[0])
    if y == 0:
        what = "0 / 0" if x == 0 else "division by 0"
        return f"{what}; np.where(y != 0, x / y, other) leaves it out, and its zeros are strong"
    return "the quotient overflows: scale, or subtract logarithms"


def exponential(event: Event) -> str:
    limit = np.log(np.finfo(np.asarray(event.operation.outputs[0]).dtype).max)
    return (
        f"overflow: the exponential of more than {limit:.2f}; logsumexp, logaddexp, softmax, "
        "log_softmax, softplus and sigmoid are computed without it"
    )


def power(event: Event) -> str:
    x = event.operands[0]
    if x == 0:
        return f"0 to a negative power; {LEFT_OUT}"
    if x < 0 and event.kind == "nan":
        return "a negative number to a power that is not whole: np.abs(x)**y, or np.cbrt(x)"
    return "the power overflows: work with its logarithm, y * np.log(x)"


def outside(event: Event) -> str:
    name = event.operation.primitive.name
    return f"{name} of a number outside of its domain; np.clip it where rounding has moved it there"


def difference(event: Event) -> str:
    if event.from_infinity:
        return "the difference of two infinities: the remedy is where they come from"
    return "the sum overflows: scale the numbers"


def product(event: Event) -> str:
    if event.from_infinity:
        return (
            "0 times infinity: the remedy is where the infinity comes from; np.where keeps 0, "
            "since its zeros are strong"
        )
    return "the product overflows: scale the numbers, or add logarithms"


REMEDIES: dict[str, Callable[[Event], str]] = {
    **dict.fromkeys(("log", "log2", "log10", "log1p"), logarithm),
    **dict.fromkeys(("div", "reciprocal"), division),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), exponential),
    **dict.fromkeys(("sqrt", "asin", "acos", "acosh", "atanh"), outside),
    **dict.fromkeys(("add", "sub", "reduce_sum", "cumsum"), difference),
    **dict.fromkeys(("mul", "square", "dot_general", "reduce_prod", "cumprod"), product),
    "pow": power,
}
"""Sentences (event) by the operator's name."""


def remedy(event: Event, steep: Collection[str], rewrite: str) -> str:
    """What to write instead; "" if there is nothing to say.

    Args:
        event: what happened.
        steep: names of the forward operations at the same line whose derivative is infinite there.
        rewrite: what ``stabilize`` would replace a formula by that ends in this line, or "".
    """
    name = event.operation.primitive.name
    parts: list[str] = []
    if event.backward and steep and not event.from_infinity:
        parts += [STEEP[n] for n in STEEP if n in steep]
    elif name in MATRICES:
        parts.append(MATRICES[name])
    elif name in REMEDIES:
        parts.append(REMEDIES[name](event))
    if rewrite:
        parts.append(f"funcgrad.stabilize replaces {rewrite}")
    return "; ".join(parts)


def steep_operations(operations: Iterable[Operation], source: Any) -> set[str]:
    """Names of the forward operations at a line whose derivative is infinite at their operands."""
    return {
        o.primitive.name
        for o in operations
        if o.primitive.name in STEEP
        and not isinstance(o.source, Transposed)
        and place_of(o.source) == place_of(source)
        and np.isin(np.abs(np.asarray(o.operands[0])), SINGULAR.get(o.primitive.name, 0.0)).any()
    }
