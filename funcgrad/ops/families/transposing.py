"""How equations are transposed by the rules of their operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.avals import Aval
from ...core.primitive import Algebra
from ...errors import DifferentiationError


def is_value(x: Any) -> bool:
    """True if a transpose rule was given the value of an operand (not its Aval)."""
    return not isinstance(x, Aval)


def rule_of(prim: Any) -> Any:
    """The transpose rule of an operator, or an error that there is none."""
    if prim.transpose is None:
        raise DifferentiationError(
            f"{prim.name} has no reverse derivative: give its record transpose=, the adjoint in "
            "the operands that its jvp is linear in"
        )
    return prim.transpose


def pull_back_one(
    prim: Any,
    cts: Sequence[Any],
    flags: Sequence[bool],
    operands: Sequence[Any],
    params: dict[str, Any],
) -> tuple[Sequence[Any], Sequence[bool]]:
    """The cotangents of the operands of an operator with one result."""
    strong = flags[0]
    results = rule_of(prim)(cts[0], *operands, flagged=strong, **params)
    if not isinstance(results, tuple | list):
        results = (results,)
    return results, (strong or bool(prim.masks),) * len(results)


def pull_back_many(
    prim: Any,
    algebra: Algebra,
    cts: Sequence[Any],
    flags: Sequence[bool],
    operands: Sequence[Any],
    outs: Sequence[Aval],
    params: dict[str, Any],
) -> tuple[Sequence[Any], Sequence[bool]]:
    """The cotangents of the operands of an operator with several results."""
    strong = any(flag for flag, ct in zip(flags, cts, strict=True) if ct is not None)
    full = [algebra.zeros(a) if c is None else c for c, a in zip(cts, outs, strict=True)]
    results = rule_of(prim)(full, *operands, flagged=strong, **params)
    if not isinstance(results, tuple | list):
        results = (results,)
    strong = strong or bool(prim.masks) or (prim.parts and any(ct is None for ct in cts))
    return results, (strong,) * len(results)
