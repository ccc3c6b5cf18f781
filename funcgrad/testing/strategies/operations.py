"""The operations that random programs are made of, as text with bounds of their values.

Each operation knows where it applies. Bounds are propagated as intervals, so that logarithms,
roots and quotients keep away from their singular points and nothing grows beyond ``LIMIT``.
Comparisons are shifted by odd constants, so that simple numbers are no ties.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

LIMIT = 30.0
"""Operations whose values may exceed this do not apply."""


class Value(NamedTuple):
    """A value of a program: an expression, its shape, and bounds of its elements."""

    text: str
    shape: tuple[int, ...]
    low: float
    high: float

    @property
    def size(self) -> float:
        """A bound of the magnitudes."""
        return max(abs(self.low), abs(self.high))


Operation = Callable[[Value, Value], Iterator[Value]]
"""From two operands to the expressions that apply to them; many use the first one only."""


def smooth(a: Value, b: Value) -> Iterator[Value]:
    """Elementwise functions of one operand without singular points."""
    x = a.text
    yield Value(f"np.sin({x})", a.shape, -1.0, 1.0)
    yield Value(f"np.cos({x})", a.shape, -1.0, 1.0)
    yield Value(f"np.tanh({x})", a.shape, -1.0, 1.0)
    yield Value(f"np.arctan({x})", a.shape, -1.6, 1.6)
    yield Value(f"-{x}", a.shape, -a.high, -a.low)
    yield Value(f"{x} * {x} + 1.0", a.shape, 1.0, a.size**2 + 1.0)
    yield Value(f"{x}**3 * 0.1", a.shape, 0.1 * a.low**3, 0.1 * a.high**3)
    yield Value(f"{x} * 0.5 + 0.25", a.shape, a.low / 2 + 0.25, a.high / 2 + 0.25)
    yield Value(f"np.logaddexp({x}, 0.0)", a.shape, 0.0, max(a.high, 0.0) + 0.7)


def guarded(a: Value, b: Value) -> Iterator[Value]:
    """Elementwise functions of one operand, where its bounds allow them."""
    x = a.text
    if a.high <= 3:
        yield Value(f"np.exp({x})", a.shape, 0.0, math.exp(a.high))
    if a.low >= 0.1:
        yield Value(f"np.log({x})", a.shape, math.log(a.low), math.log(a.high))
        yield Value(f"np.sqrt({x})", a.shape, math.sqrt(a.low), math.sqrt(a.high))
        yield Value(f"1.0 / {x}", a.shape, 1 / a.high, 1 / a.low)
    if a.low >= -0.8:
        yield Value(f"np.log1p({x})", a.shape, math.log1p(a.low), math.log1p(a.high))
    if a.size <= 1:
        yield Value(f"np.arcsin({x} * 0.9)", a.shape, -1.2, 1.2)


def kinked(a: Value, b: Value) -> Iterator[Value]:
    """Elementwise functions with kinks, at unlikely places."""
    x = a.text
    yield Value(f"np.abs({x} - 0.0173)", a.shape, 0.0, a.size + 0.0173)
    yield Value(f"np.clip({x}, -1.0371, 1.0739)", a.shape, -1.0371, 1.0739)
    yield Value(f"np.maximum({x}, 0.0119)", a.shape, 0.0119, max(a.high, 0.0119))
    yield Value(f"np.where({x} > 0.0317, {x}, {x} * 0.5)", a.shape, min(a.low, 0.0), a.size)


def arithmetic(a: Value, b: Value) -> Iterator[Value]:
    """Elementwise functions of two operands that broadcast."""
    shape = broadcast(a.shape, b.shape)
    if shape is None:
        return
    x, y = a.text, b.text
    products = [p * q for p in (a.low, a.high) for q in (b.low, b.high)]
    yield Value(f"{x} + {y}", shape, a.low + b.low, a.high + b.high)
    yield Value(f"{x} - {y}", shape, a.low - b.high, a.high - b.low)
    yield Value(f"{x} * {y}", shape, min(products), max(products))
    yield Value(f"np.maximum({x}, {y} + 0.0119)", shape, max(a.low, b.low), max(a.high, b.high + 1))
    high = max(a.high, b.high)
    yield Value(f"np.where({x} > {y} + 0.0317, {x}, {y})", shape, min(a.low, b.low), high)
    if b.low >= 0.2:
        bound = a.size / b.low
        yield Value(f"{x} / {y}", shape, -bound, bound)
        yield Value(f"np.arctan2({x}, {y})", shape, -1.6, 1.6)
        yield Value(f"np.hypot({x}, {y})", shape, b.low, math.hypot(a.size, b.high))


def reductions(a: Value, b: Value) -> Iterator[Value]:
    """Reductions over all axes or one, and cumulative sums."""
    if not a.shape:
        return
    n = math.prod(a.shape)
    x, first, last = a.text, a.shape[1:], a.shape[:-1]
    yield Value(f"np.sum({x})", (), *times(a, n))
    yield Value(f"np.mean({x})", (), a.low, a.high)
    yield Value(f"np.sum({x}, axis=0)", first, *times(a, a.shape[0]))
    yield Value(f"np.mean({x}, axis=-1, keepdims=True)", (*last, 1), a.low, a.high)
    yield Value(f"np.cumsum({x}, axis=0)", a.shape, *times(a, a.shape[0]))
    ties = f"np.linspace(0.0, 0.0371, {a.shape[-1]})"
    yield Value(f"np.max({x} + {ties}, axis=-1)", last, a.low, a.high + 0.04)
    yield Value(f"np.sort({x} + {ties}, axis=-1)", a.shape, a.low, a.high + 0.04)
    yield Value(f"np.var({x}, axis=0)", first, 0.0, a.size**2)


def movements(a: Value, b: Value) -> Iterator[Value]:
    """Reshapes, transposes, slices, indexing and joins."""
    if not a.shape:
        return
    x, bounds = a.text, (a.low, a.high)
    yield Value(f"{x}.T", a.shape[::-1], *bounds)
    yield Value(f"np.reshape({x}, (-1,))", (math.prod(a.shape),), *bounds)
    yield Value(f"{x}[::-1]", a.shape, *bounds)
    yield Value(f"{x}[0]", a.shape[1:], *bounds)
    yield Value(f"{x}[..., -1]", a.shape[:-1], *bounds)
    yield Value(f"{x}[[0, -1, 0]]", (3, *a.shape[1:]), *bounds)
    yield Value(f"{x}[..., None]", (*a.shape, 1), *bounds)
    yield Value(f"np.roll({x}, 1, axis=0)", a.shape, *bounds)
    if a.shape[0] > 1:
        yield Value(f"{x}[1:]", (a.shape[0] - 1, *a.shape[1:]), *bounds)
    bounds = min(a.low, b.low), max(a.high, b.high)
    if a.shape == b.shape:
        yield Value(f"np.stack([{x}, {b.text}])", (2, *a.shape), *bounds)
    if b.shape and a.shape[1:] == b.shape[1:]:
        shape = (a.shape[0] + b.shape[0], *a.shape[1:])
        yield Value(f"np.concatenate([{x}, {b.text}], axis=0)", shape, *bounds)


def contractions(a: Value, b: Value) -> Iterator[Value]:
    """Products of vectors and matrices, and linear algebra on positive definite matrices."""
    x, y = a.text, b.text
    if not a.shape:
        return
    n = a.shape[-1]
    if b.shape and n == b.shape[max(len(b.shape) - 2, 0)]:
        shape = (np.zeros(a.shape) @ np.zeros(b.shape)).shape if joins(a, b) else None
        if shape is not None:
            yield Value(f"{x} @ {y}", shape, -n * a.size * b.size, n * a.size * b.size)
    if len(a.shape) == len(b.shape) == 1:
        bound = a.size * b.size
        yield Value(f"np.outer({x}, {y})", (*a.shape, *b.shape), -bound, bound)
    if len(a.shape) == 2 and a.shape[0] == n:
        spd = f"{x} @ {x}.T + 2.0 * np.eye({n})"
        high = n * a.size**2 + 2
        yield Value(f"np.linalg.cholesky({spd})", a.shape, -math.sqrt(high), math.sqrt(high))
        yield Value(f"np.linalg.slogdet({spd})[1]", (), n * math.log(2), n * math.log(n * high))
        if b.shape and b.shape[0] == n and len(b.shape) <= 2:
            bound = math.sqrt(n) * b.size / 2
            yield Value(f"np.linalg.solve({spd}, {y})", b.shape, -bound, bound)


def control_flow(a: Value, b: Value) -> Iterator[Value]:
    """Loops and branches of ``funcgrad.lax``."""
    x, bounds = a.text, (-1.0, 1.0)
    branches = "np.sin, np.cos"
    yield Value(f"lax.cond(np.sum({x}) > 0.1234, {branches}, {x})", a.shape, *bounds)
    loop = f"lax.fori_loop(0, 3, lambda i, c: np.tanh(c + {x} * 0.3), {x})"
    yield Value(loop, a.shape, *bounds)
    grow = f"lax.while_loop(lambda c: np.sum(c * c) < 2.0371, lambda c: 1.5 * c + 0.6, {x})"
    yield Value(grow, a.shape, min(-5.0, a.low), max(5.0, a.high))
    if a.shape:
        step = "lambda c, e: (np.tanh(c + e), c * e)"
        yield Value(f"lax.scan({step}, {x}[0], {x})[1]", a.shape, -(a.size**2), a.size**2)


PLAIN = (smooth, arithmetic, movements, reductions, guarded, kinked, contractions)
WITH_CONTROL_FLOW = (*PLAIN, control_flow)


def candidates(families: Sequence[Operation], a: Value, b: Value) -> list[Value]:
    """The result of the first family that applies to two values."""
    found = ([value for value in family(a, b) if admissible(value)] for family in families)
    return next(values for values in found if values)


def admissible(value: Value) -> bool:
    """True if a value stays small in every respect."""
    return value.size <= LIMIT and math.prod(value.shape) <= 24 and len(value.shape) <= 3


def times(a: Value, n: int) -> tuple[float, float]:
    """Bounds of sums of one to n elements."""
    return min(a.low, n * a.low), max(a.high, n * a.high)


def broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that two shapes broadcast to, None if they do not."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def joins(a: Value, b: Value) -> bool:
    """True if the leading dimensions of two operands of matmul broadcast."""
    return broadcast(a.shape[:-2], b.shape[:-2]) is not None
