"""Products along axes, norms, and linear algebra by elimination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.primitive import Primitive
from ...ops.linalg import determinants, factorizations, inverses, norms, solving
from ...ops.pointwise.arithmetic import add, mul, sub
from ...ops.pointwise.complex import absolute, conj
from ...ops.pointwise.exponentials import exp, log
from ...ops.pointwise.powers import power, reciprocal, sqrt
from ...ops.reductions import cumulative, reducing, softmax
from ...typing import ArrayLike
from .numbers import Numbers, Precise

Result = Sequence[Precise]


class SingularError(ArithmeticError):
    """A matrix has no inverse, or no Cholesky factor, in exact arithmetic."""


class NoPreciseFormError(ArithmeticError):
    """An operator that these numbers do not have."""


def as_array(x: Precise) -> Precise:
    """Precise numbers; one that arithmetic took out of an array of objects is put into one."""
    return x if hasattr(x, "shape") else np.asarray(x, object)


class Calculator:
    """Precise functions of one kind of numbers, in terms of its elementwise operators.

    It is the ``core.facts.Arrays`` of rules that records declare.
    """

    def __init__(self, numbers: Numbers[Any]) -> None:
        self.numbers = numbers

    def lift(self, x: ArrayLike) -> Precise:
        """A float, complex or integer array, exactly."""
        return self.numbers.lift(x)

    def call(self, prim: Primitive, *operands: Precise) -> Precise:
        """An elementwise operator; NaN where it has no value."""
        operands = tuple(map(as_array, operands))
        shape = np.broadcast_shapes(*[x.shape for x in operands])
        dtypes = [self.numbers.terms(x)[0].dtype for x in operands]
        dtype = np.dtype(np.float64) if prim is absolute else np.result_type(*dtypes)
        assert prim.scalar is not None
        found = self.numbers.calculate(prim.scalar, np.full(shape, np.nan, dtype), *operands)
        if found is None:
            raise NoPreciseFormError(prim.name)
        return found

    def values(self, x: Precise) -> Any:
        """The float64 array next to it."""
        complex_in = self.numbers.terms(x)[0].dtype.kind == "c"
        return np.asarray(self.numbers.nearest(x, np.complex128 if complex_in else np.float64))

    def is_zero(self, a: Precise, k: int) -> bool:
        """True if a pivot is 0."""
        return bool(self.values(a[k : k + 1, k])[0] == 0)

    def moved(self, x: Precise, move: Callable[[Any], Any]) -> Precise:
        """A function that moves elements, such as a transposition."""
        x = as_array(x)
        places = np.arange(int(np.prod(x.shape))).reshape(x.shape)
        return self.numbers.choose([x], move(places))

    def stacked(self, parts: Sequence[Precise], lead: tuple[int, ...]) -> Precise:
        """Arrays of one shape as one with leading axes."""
        parts = list(map(as_array, parts))
        shape = parts[0].shape
        size = int(np.prod(shape))
        places = np.arange(size * len(parts)).reshape((*lead, *shape))
        return self.numbers.choose(parts, places)

    def fold(self, prim: Primitive, x: Precise, axes: tuple[int, ...]) -> Precise:
        """Combine all elements along axes by an operator of two operands."""
        x = as_array(x)
        rest = tuple(i for i in range(len(x.shape)) if i not in axes)
        shape = tuple(x.shape[i] for i in rest)
        flat = self.moved(x, lambda p: p.transpose(*axes, *rest).reshape(-1, *shape))
        if not flat.shape[0]:
            return self.numbers.lift(np.full(shape, 1.0 if prim is mul else 0.0))
        result = flat[0:1]
        for i in range(1, flat.shape[0]):
            result = self.call(prim, result, flat[i : i + 1])
        return self.moved(result, lambda p: p.reshape(shape))


def reduce_prod(c: Calculator, x: Precise, *, axes: tuple[int, ...]) -> Result:
    """The product along axes."""
    return [c.fold(mul, x, axes)]


def cumprod(c: Calculator, x: Precise, *, axis: int, reverse: bool) -> Result:
    """Products of all elements up to each one."""
    n = x.shape[axis]
    first = c.moved(x, lambda p: np.moveaxis(p, axis, 0))
    rows: list[Precise] = []
    for i in range(n - 1, -1, -1) if reverse else range(n):
        rows.append(c.call(mul, rows[-1], first[i : i + 1]) if rows else first[i : i + 1])
    rows = rows[::-1] if reverse else rows
    return [c.moved(c.stacked(rows, (n,)), lambda p: np.moveaxis(p[:, 0], 0, axis))]


def logsumexp(c: Calculator, x: Precise, *, axes: tuple[int, ...]) -> Result:
    """The logarithm of the sum of exponentials."""
    top = c.lift(np.max(c.values(x), axis=axes, keepdims=True))
    exps = c.call(exp, c.call(sub, x, top))
    flat = c.moved(top, lambda p: np.squeeze(p, axes))
    return [c.call(add, c.call(log, c.fold(add, exps, axes)), flat)]


def log_total(
    c: Calculator, total: Precise, _exponentials: Precise, *, axes: tuple[int, ...]
) -> Result:
    """The logarithm of a sum of exponentials that is known."""
    return [c.call(log, total)]


def vector_norm(c: Calculator, x: Precise, *, axes: tuple[int, ...], order: float) -> Result | None:
    """The norm along axes; None for orders that pick elements."""
    size = c.call(absolute, x)
    if order in (np.inf, -np.inf, 0):
        return None
    if order == 1:
        return [c.fold(add, size, axes)]
    if order == 2:
        return [c.call(sqrt, c.fold(add, c.call(mul, size, size), axes))]
    exponent = c.lift(np.float64(order))
    total = c.fold(add, c.call(power, size, exponent), axes)
    return [c.call(power, total, c.call(reciprocal, exponent))]


def lanes(c: Calculator, function: Callable[..., Result], *operands: Precise) -> Result:
    """A function of matrices for each matrix of a batch."""
    lead = operands[0].shape[:-2]
    results = [function(*[x[i] for x in operands]) for i in np.ndindex(*lead)]
    return [c.stacked(column, lead) for column in zip(*results, strict=True)]


def eliminate(c: Calculator, a: Precise, b: Precise) -> tuple[Precise, Precise, float]:
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


def back_substitute(c: Calculator, a: Precise, b: Precise) -> Precise:
    """Solve with an upper triangular matrix."""
    b = b.copy()
    for k in range(a.shape[0] - 1, -1, -1):
        if c.is_zero(a, k):
            raise SingularError
        b[k : k + 1] = b[k : k + 1] / a[k : k + 1, k : k + 1]
        b[:k] = b[:k] - a[:k, k : k + 1] * b[k : k + 1]
    return b


def solve_one(c: Calculator, a: Precise, b: Precise) -> Result:
    """The solution of one system of equations."""
    upper, right, _ = eliminate(c, a, b)
    return [back_substitute(c, upper, right)]


def solve(c: Calculator, a: Precise, b: Precise, **_: object) -> Result:
    """The solutions of systems of equations."""
    return lanes(c, lambda x, y: solve_one(c, x, y), a, b)


def inv(c: Calculator, a: Precise, **_: object) -> Result:
    """Inverse matrices."""
    dtype = c.numbers.terms(a)[0].dtype
    eye = c.lift(np.eye(a.shape[-1], dtype=dtype))
    return lanes(c, lambda x: solve_one(c, x, eye), a)


def triangular_solve(
    c: Calculator,
    a: Precise,
    b: Precise,
    *,
    lower: bool,
    transpose_a: int,
    unit_diagonal: bool,
    **_: object,
) -> Result:
    """The solutions of systems with a triangular matrix."""

    def one(x: Precise, y: Precise) -> Result:
        n = x.shape[0]
        kept = np.tri(n, dtype=bool) if lower else np.tri(n, dtype=bool).T
        if unit_diagonal:
            kept = kept & ~np.eye(n, dtype=bool)
        fixed = c.lift(np.eye(n) if unit_diagonal else np.zeros((n, n)))
        own = np.arange(n * n).reshape(n, n)
        places = np.where(kept, own, n * n + own)
        x = c.numbers.choose([x, fixed], places)
        if transpose_a:
            x = c.moved(x, np.transpose)
            x = c.call(conj, x) if transpose_a == 2 else x
        return solve_one(c, x, y)

    return lanes(c, one, a, b)


def cholesky(c: Calculator, a: Precise, **_: object) -> Result | None:
    """Cholesky's factors of real matrices; None for complex ones."""
    if c.numbers.terms(a)[0].dtype.kind == "c":
        return None

    def one(x: Precise) -> Result:
        x = x.copy()
        n = x.shape[0]
        for k in range(n):
            if not c.values(x[k : k + 1, k])[0] > 0:
                raise SingularError
            root = c.call(sqrt, x[k : k + 1, k : k + 1])
            x[k : k + 1, k + 1 :] = c.lift(np.zeros((1, n - k - 1)))
            x[k:, k : k + 1] = x[k:, k : k + 1] / root
            column = x[k + 1 :, k : k + 1]
            x[k + 1 :, k + 1 :] = x[k + 1 :, k + 1 :] - column * c.moved(column, np.transpose)
        return [x]

    return lanes(c, one, a)


def determinant(c: Calculator, a: Precise) -> Result:
    """The product of the pivots."""
    n = a.shape[0]
    upper, _, sign = eliminate(c, a, a[:, :0])
    diagonal = c.moved(upper, lambda p: p[np.arange(n), np.arange(n)])
    complex_in = c.numbers.terms(a)[0].dtype.kind == "c"
    one = c.lift(np.ones(1, np.complex128 if complex_in else np.float64) * sign)
    for k in range(n):
        one = one * diagonal[k : k + 1]
    return [c.moved(one, lambda p: p.reshape(()))]


def det(c: Calculator, a: Precise) -> Result:
    """Determinants of matrices."""
    return lanes(c, lambda x: determinant(c, x), a)


def slogdet(c: Calculator, a: Precise, **_: object) -> Result | None:
    """Signs and logarithms of determinants of real matrices; None for complex ones."""
    if c.numbers.terms(a)[0].dtype.kind == "c":
        return None
    (value,) = det(c, a)
    signs = c.lift(np.sign(c.values(value)))
    return [signs, c.call(log, c.call(absolute, value))]


RULES: dict[Primitive, Callable[..., Result | None]] = {
    reducing.reduce_prod: reduce_prod,
    cumulative.cumprod: cumprod,
    reducing.logsumexp: logsumexp,
    softmax.log_total: log_total,
    norms.vector_norm: vector_norm,
    solving.solve: solve,
    inverses.inv: inv,
    solving.triangular_solve: triangular_solve,
    factorizations.cholesky: cholesky,
    determinants.det: det,
    determinants.slogdet: slogdet,
}
"""Functions (calculator, *operands, **params) by the operator; None where they do not go.

Those of funcgrad's own operators, written with other operators. A record may bring its own, as
``elements=ByRule(...)``.
"""
