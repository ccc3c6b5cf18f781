"""Products along axes, norms, and linear algebra by elimination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .numbers import Array, Numbers

Result = Sequence[Array]


class SingularError(ArithmeticError):
    """A matrix has no inverse, or no Cholesky factor, in exact arithmetic."""


class Calculator:
    """Array functions of one kind of numbers, in terms of its elementwise operators."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers

    def call(self, name: str, *operands: Array) -> Array:
        """An elementwise operator; NaN where it has no value."""
        function = self.numbers.elementwise(name, False)
        assert function is not None
        shape = np.broadcast_shapes(*[x.shape for x in operands])
        dtypes = [self.numbers.terms(x)[0].dtype for x in operands]
        dtype = np.dtype(np.float64) if name == "abs" else np.result_type(*dtypes)
        return function(np.full(shape, np.nan, dtype), *operands)

    def values(self, x: Array) -> Any:
        """The float64 array next to it."""
        complex_in = self.numbers.terms(x)[0].dtype.kind == "c"
        return np.asarray(self.numbers.nearest(x, np.complex128 if complex_in else np.float64))

    def is_zero(self, a: Array, k: int) -> bool:
        """Whether a pivot is 0."""
        return bool(self.values(a[k : k + 1, k])[0] == 0)

    def moved(self, x: Array, move: Callable[[Any], Any]) -> Array:
        """A function that moves elements, such as a transposition."""
        places = np.arange(int(np.prod(x.shape))).reshape(x.shape)
        return self.numbers.choose([x], move(places))

    def stacked(self, parts: Sequence[Array], lead: tuple[int, ...]) -> Array:
        """Arrays of one shape as one with leading axes."""
        shape = parts[0].shape
        size = int(np.prod(shape))
        places = np.arange(size * len(parts)).reshape((*lead, *shape))
        return self.numbers.choose(parts, places)

    def fold(self, name: str, x: Array, axes: tuple[int, ...]) -> Array:
        """Combine all elements along axes by an operator of two operands."""
        rest = tuple(i for i in range(len(x.shape)) if i not in axes)
        shape = tuple(x.shape[i] for i in rest)
        flat = self.moved(x, lambda p: p.transpose(*axes, *rest).reshape(-1, *shape))
        if not flat.shape[0]:
            return self.numbers.lift(np.full(shape, 1.0 if name == "mul" else 0.0))
        result = flat[0:1]
        for i in range(1, flat.shape[0]):
            result = self.call(name, result, flat[i : i + 1])
        return self.moved(result, lambda p: p.reshape(shape))


def reduce_prod(c: Calculator, x: Array, *, axes: tuple[int, ...]) -> Result:
    return [c.fold("mul", x, axes)]


def cumprod(c: Calculator, x: Array, *, axis: int, reverse: bool) -> Result:
    n = x.shape[axis]
    first = c.moved(x, lambda p: np.moveaxis(p, axis, 0))
    rows: list[Array] = []
    for i in range(n - 1, -1, -1) if reverse else range(n):
        rows.append(c.call("mul", rows[-1], first[i : i + 1]) if rows else first[i : i + 1])
    rows = rows[::-1] if reverse else rows
    return [c.moved(c.stacked(rows, (n,)), lambda p: np.moveaxis(p[:, 0], 0, axis))]


def logsumexp(c: Calculator, x: Array, *, axes: tuple[int, ...]) -> Result:
    top = c.numbers.lift(np.max(c.values(x), axis=axes, keepdims=True))
    exps = c.call("exp", c.call("sub", x, top))
    flat = c.moved(top, lambda p: np.squeeze(p, axes))
    return [c.call("add", c.call("log", c.fold("add", exps, axes)), flat)]


def log_total(
    c: Calculator, total: Array, _exponentials: Array, *, axes: tuple[int, ...]
) -> Result:
    return [c.call("log", total)]


def vector_norm(c: Calculator, x: Array, *, axes: tuple[int, ...], order: Any) -> Result | None:
    size = c.call("abs", x)
    if order in (np.inf, -np.inf, 0):
        return None
    if order == 1:
        return [c.fold("add", size, axes)]
    if order == 2:
        return [c.call("sqrt", c.fold("add", c.call("mul", size, size), axes))]
    power = c.numbers.lift(np.float64(order))
    total = c.fold("add", c.call("pow", size, power), axes)
    return [c.call("pow", total, c.call("reciprocal", power))]


def lanes(c: Calculator, function: Callable[..., Result], *operands: Array) -> Result:
    """A function of matrices for each matrix of a batch."""
    lead = operands[0].shape[:-2]
    results = [function(*[x[i] for x in operands]) for i in np.ndindex(*lead)]
    return [c.stacked(column, lead) for column in zip(*results, strict=True)]


def eliminate(c: Calculator, a: Array, b: Array) -> tuple[Array, Array, float]:
    """Gaussian elimination with pivots: the triangular matrix, the right side, and the sign."""
    a, b, sign = a.copy(), b.copy(), 1.0
    n = a.shape[0]
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(c.values(a[k:, k]))))
        if pivot != k:
            order = np.arange(n)
            order[[k, pivot]] = pivot, k
            a, b, sign = a[order], b[order], -sign
        if c.is_zero(a, k):
            continue
        factor = a[k + 1 :, k : k + 1] / a[k : k + 1, k : k + 1]
        a[k + 1 :] = a[k + 1 :] - factor * a[k : k + 1]
        b[k + 1 :] = b[k + 1 :] - factor * b[k : k + 1]
    return a, b, sign


def back_substitute(c: Calculator, a: Array, b: Array) -> Array:
    """Solve with an upper triangular matrix."""
    b = b.copy()
    for k in range(a.shape[0] - 1, -1, -1):
        if c.is_zero(a, k):
            raise SingularError
        b[k : k + 1] = b[k : k + 1] / a[k : k + 1, k : k + 1]
        b[:k] = b[:k] - a[:k, k : k + 1] * b[k : k + 1]
    return b


def solve_one(c: Calculator, a: Array, b: Array) -> Result:
    upper, right, _ = eliminate(c, a, b)
    return [back_substitute(c, upper, right)]


def solve(c: Calculator, a: Array, b: Array, **_: Any) -> Result:
    return lanes(c, lambda x, y: solve_one(c, x, y), a, b)


def inv(c: Calculator, a: Array, **_: Any) -> Result:
    dtype = c.numbers.terms(a)[0].dtype
    eye = c.numbers.lift(np.eye(a.shape[-1], dtype=dtype))
    return lanes(c, lambda x: solve_one(c, x, eye), a)


def triangular_solve(
    c: Calculator,
    a: Array,
    b: Array,
    *,
    lower: bool,
    transpose_a: int,
    unit_diagonal: bool,
    **_: Any,
) -> Result:
    def one(x: Array, y: Array) -> Result:
        n = x.shape[0]
        kept = np.tri(n, dtype=bool) if lower else np.tri(n, dtype=bool).T
        if unit_diagonal:
            kept = kept & ~np.eye(n, dtype=bool)
        fixed = c.numbers.lift(np.eye(n) if unit_diagonal else np.zeros((n, n)))
        own = np.arange(n * n).reshape(n, n)
        places = np.where(kept, own, n * n + own)
        x = c.numbers.choose([x, fixed], places)
        if transpose_a:
            x = c.moved(x, np.transpose)
            x = c.numbers.elementwise("conj", True)(c.values(x), x) if transpose_a == 2 else x  # type: ignore[misc]
        return solve_one(c, x, y)

    return lanes(c, one, a, b)


def cholesky(c: Calculator, a: Array, **_: Any) -> Result | None:
    if c.numbers.terms(a)[0].dtype.kind == "c":
        return None

    def one(x: Array) -> Result:
        x = x.copy()
        n = x.shape[0]
        for k in range(n):
            if not c.values(x[k : k + 1, k])[0] > 0:
                raise SingularError
            root = c.call("sqrt", x[k : k + 1, k : k + 1])
            x[k : k + 1, k + 1 :] = c.numbers.lift(np.zeros((1, n - k - 1)))
            x[k:, k : k + 1] = x[k:, k : k + 1] / root
            column = x[k + 1 :, k : k + 1]
            x[k + 1 :, k + 1 :] = x[k + 1 :, k + 1 :] - column * c.moved(column, np.transpose)
        return [x]

    return lanes(c, one, a)


def determinant(c: Calculator, a: Array) -> Result:
    """The product of the pivots."""
    n = a.shape[0]
    upper, _, sign = eliminate(c, a, a[:, :0])
    diagonal = c.moved(upper, lambda p: p[np.arange(n), np.arange(n)])
    complex_in = c.numbers.terms(a)[0].dtype.kind == "c"
    one = c.numbers.lift(np.ones(1, np.complex128 if complex_in else np.float64) * sign)
    for k in range(n):
        one = one * diagonal[k : k + 1]
    return [c.moved(one, lambda p: p.reshape(()))]


def det(c: Calculator, a: Array) -> Result:
    return lanes(c, lambda x: determinant(c, x), a)


def slogdet(c: Calculator, a: Array, **_: Any) -> Result | None:
    if c.numbers.terms(a)[0].dtype.kind == "c":
        return None
    (value,) = det(c, a)
    signs = c.numbers.lift(np.sign(c.values(value)))
    return [signs, c.call("log", c.call("abs", value))]


RULES: dict[str, Callable[..., Result | None]] = {
    "reduce_prod": reduce_prod,
    "cumprod": cumprod,
    "logsumexp": logsumexp,
    "log_total": log_total,
    "vector_norm": vector_norm,
    "solve": solve,
    "inv": inv,
    "triangular_solve": triangular_solve,
    "cholesky": cholesky,
    "det": det,
    "slogdet": slogdet,
}
"""Functions (calculator, *operands, **params) by the operator's name; None where they do not go."""
