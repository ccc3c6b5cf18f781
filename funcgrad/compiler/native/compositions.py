"""Operators that native code computes as programs of other operators.

Both of two formulas are computed where an operator takes one of them by a look at its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr
from ...ops.pointwise.comparison import isfinite, select
from ...ops.reductions.reducing import keepdims, reduce_max
from ...ops.shape import cast, reduce_sum
from ...transforms.staging import stage
from .places import Registers, is_small, size_of
from .protocol import Placing, are_known

Rule: TypeAlias = Callable[..., Any]
"""(*operands, **parameters) -> the result, by other operators."""


def _hits(x: Any, out: Any, axes: Sequence[int], wide: np.dtype) -> tuple[Any, Any]:
    """The places where the extremum is reached, and their number: at least 1, for NaN."""
    hit = x == keepdims(out, x, tuple(axes))
    count = reduce_sum(cast(hit, wide), axes=tuple(axes))
    return hit, select(count < 1, 1, count)


def _wide(t: Any) -> np.dtype:
    """The type in which NumPy divides by numbers of elements."""
    return np.result_type(t.dtype, np.int64)


def _mean_of_hits(t: Any, x: Any, out: Any, *, axes: tuple[int, ...]) -> Any:
    hit, count = _hits(x, out, axes, _wide(t))
    total = reduce_sum(select(hit, t, 0), axes=axes)
    return cast(cast(total, count.dtype) / count, t.dtype)


def _spread_to_hits(ct: Any, x: Any, out: Any, *, axes: tuple[int, ...]) -> Any:
    hit, count = _hits(x, out, axes, _wide(ct))
    share = cast(cast(ct, count.dtype) / count, ct.dtype)
    return select(hit, keepdims(share, x, axes), 0)


def _log_of_sum(x: Any, *, axes: tuple[int, ...]) -> Any:
    total = reduce_sum(np.exp(x), axes=axes)
    usual = (total > float(np.finfo(x.dtype).tiny) ** 0.5) & (total < np.inf)
    top = reduce_max(x, axes=axes)
    top = select(isfinite(top), top, 0)
    below = reduce_sum(np.exp(x - keepdims(top, x, axes)), axes=axes)
    return select(usual, np.log(total), np.log(below) + top)


def _log_of_total(total: Any, exponentials: Any, *, axes: tuple[int, ...]) -> Any:
    rest = reduce_sum(select(exponentials == 1, 0, exponentials), axes=axes)
    return select(total < 1.5, np.log1p(keepdims(rest, exponentials, axes)), np.log(total))


def _norm(x: Any, *, axes: tuple[int, ...], order: float, count: float = 1) -> Any:
    out = _power_mean(x, axes, order, count)
    info = np.finfo(x.dtype)
    exponent = min((info.maxexp - info.nmant - 2) / abs(order), info.maxexp - 1)
    usual = (out > 2.0**-exponent) & (out < 2.0**exponent)
    largest = reduce_max(abs(x), axes=axes)
    scale = select((largest > 0) & isfinite(largest), largest, 1)
    scaled = _power_mean(x / keepdims(scale, x, axes), axes, order, count) * scale
    return select(usual, out, scaled)


def _power_mean(x: Any, axes: tuple[int, ...], order: float, count: float) -> Any:
    if order == 2:
        total = reduce_sum(x * x, axes=axes)
        return np.sqrt(total if count == 1 else total / count)
    power = x.dtype.type(order)
    return reduce_sum(abs(x) ** power, axes=axes) ** (1 / power)


RULES: dict[str, Rule] = {
    "mean_of_hits": _mean_of_hits,
    "spread_to_hits": _spread_to_hits,
    "logsumexp": _log_of_sum,
    "log_total": _log_of_total,
    "vector_norm": _norm,
}
"""By the names of operators."""


def _program(e: Eqn) -> Jaxpr:
    """An equation as a program of other operators."""
    rule = RULES[e.primitive.name]
    avals = [a.aval for a in e.inputs]
    return stage(lambda *xs: (rule(*xs, **e.params),), avals, e.primitive.name)


def _takes(e: Eqn) -> bool:
    """True for floats, and some elements."""
    x = e.inputs[0].aval
    if not are_known((*e.inputs, *e.outvars)) or not all(size_of(a.aval.shape) for a in e.inputs):
        return False
    return bool(x.dtype.kind == "f")


def _place(frame: Any, e: Eqn) -> None:
    """Write the program into a frame of its own, as that of a branch."""
    made = e.outvars[0]
    target = None if is_small(made.aval.shape) else frame.define(made)
    held = [frame.place(a) for a in e.inputs]
    inner = frame.inside(_program(e), held, [target])
    (out,) = inner.run()
    if target is None:
        elements = frame.module.elements(out, inner)
        frame.places[made] = Registers(elements, out.shape, out.kind)
    else:
        inner.put(out, target)
    inner.close()


KERNELS: dict[str, Placing] = dict.fromkeys(RULES, Placing(_takes, _place))
"""By the names of operators."""

__all__ = ["KERNELS"]
