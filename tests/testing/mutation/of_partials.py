"""Elementwise operators with one mistake in a partial derivative or a transposition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.core.primitive import REGISTRY, Primitive
from funcgrad.ops.families import elementwise, is_value
from funcgrad.ops.pointwise import (  # noqa: F401  (fills the registry)
    exponentials,
    powers,
    rounding,
    special,
    trigonometry,
)
from funcgrad.ops.pointwise.arithmetic import fit
from funcgrad.ops.pointwise.complex import real

from .mutant import Draw, Mutant, Record, between, normal, of_function, pulled, twice, with_jvp

Partial = Callable[..., Any]

UNARY: dict[str, Callable[[Partial], Partial]] = {
    "sign": lambda p: lambda o, x: -p(o, x),
    "factor 2": lambda p: lambda o, x: 2 * p(o, x),
    "factor 1/2": lambda p: lambda o, x: p(o, x) / 2,
    "factor of a unit": lambda p: lambda o, x: p(o, x) * (np.pi / 180),
    "wrong power": lambda p: lambda o, x: p(o, x) ** 2,
    "reciprocal": lambda p: lambda o, x: 1 / p(o, x),
    "output for input": lambda p: lambda o, x: p(x, o),
    "constant added": lambda p: lambda o, x: p(o, x) + 1e-3,
    "relative 1e-3": lambda p: lambda o, x: p(o, x) * (1 + 1e-3),
    "relative 1e-5": lambda p: lambda o, x: p(o, x) * (1 + 1e-5),
    "zero": lambda p: lambda o, x: p(o, x) * 0,
    "one": lambda p: lambda o, x: p(o, x) * 0 + 1,
    "absolute value": lambda p: lambda o, x: np.abs(p(o, x)),
    "times the input": lambda p: lambda o, x: p(o, x) * x,
    "at a shifted point": lambda p: lambda o, x: p(o + 0.01, x + 0.01),
    "rounded to single": lambda p: lambda o, x: p(o, x).astype("f4").astype("f8"),
    "stopped": lambda p: lambda o, x: fg.stop_gradient(p(o, x)),
    "conj": lambda p: lambda o, x: np.conj(p(o, x)),
    "real part": lambda p: lambda o, x: np.real(p(o, x)) + 0j,
    "times i": lambda p: lambda o, x: 1j * p(o, x),
}
"""Mistakes in the partial derivative of an operator of one operand."""

ONE = {
    "square": ("sign", "factor 1/2", "stopped", "relative 1e-5"),
    "reciprocal": ("sign", "wrong power", "output for input", "stopped"),
    "sqrt": ("factor 2", "output for input", "reciprocal", "relative 1e-3"),
    "cbrt": ("factor 1/2", "output for input", "stopped"),
    "exp": ("sign", "output for input", "times the input", "at a shifted point"),
    "exp2": ("factor 2", "constant added", "stopped"),
    "expm1": ("output for input", "relative 1e-5", "stopped"),
    "log": ("reciprocal", "output for input", "sign", "stopped"),
    "log2": ("factor 2", "wrong power", "relative 1e-3"),
    "log10": ("factor of a unit", "constant added", "at a shifted point"),
    "log1p": ("output for input", "relative 1e-5", "stopped"),
    "sin": ("sign", "output for input", "rounded to single", "stopped"),
    "cos": ("sign", "absolute value", "relative 1e-5"),
    "tan": ("reciprocal", "output for input", "stopped"),
    "asin": ("sign", "reciprocal", "at a shifted point"),
    "acos": ("sign", "wrong power", "rounded to single"),
    "atan": ("output for input", "wrong power", "relative 1e-3"),
    "sinh": ("sign", "output for input", "stopped"),
    "cosh": ("sign", "absolute value", "constant added"),
    "tanh": ("output for input", "factor 2", "one", "relative 1e-5"),
    "asinh": ("wrong power", "sign", "rounded to single"),
    "acosh": ("reciprocal", "output for input", "zero"),
    "atanh": ("factor 1/2", "output for input", "stopped"),
    "logistic": ("output for input", "sign", "times the input"),
    "logit": ("reciprocal", "sign", "relative 1e-5"),
    "erf": ("factor 1/2", "output for input", "stopped"),
    "erfc": ("sign", "zero", "relative 1e-3"),
    "gaussian": ("sign", "times the input", "stopped"),
    "lgamma": ("factor 2", "at a shifted point", "stopped"),
    "digamma": ("sign", "relative 1e-3"),
    "erf_inv": ("factor 1/2", "constant added"),
    "deg2rad": ("reciprocal", "one"),
    "rad2deg": ("reciprocal", "relative 1e-5"),
}

DOMAINS = {
    "reciprocal": (0.4, 2.0), "sqrt": (0.3, 3.0), "cbrt": (0.3, 3.0), "log": (0.3, 3.0),
    "log2": (0.3, 3.0), "log10": (0.3, 3.0), "log1p": (-0.5, 2.0), "tan": (-1.0, 1.0),
    "asin": (-0.8, 0.8), "acos": (-0.8, 0.8), "acosh": (1.4, 3.0), "atanh": (-0.7, 0.7),
    "logit": (0.1, 0.9), "lgamma": (0.6, 3.0), "digamma": (0.6, 3.0), "erf_inv": (-0.7, 0.7),
}  # fmt: skip

COMPLEX = {
    "exp": ("conj", "real part", "times i"),
    "sin": ("conj", "sign"),
    "cos": ("conj", "stopped"),
    "tanh": ("conj", "output for input"),
    "square": ("conj", "real part"),
    "sqrt": ("conj", "factor 2"),
    "log": ("conj", "output for input"),
    "reciprocal": ("conj", "wrong power"),
}

BINARY: dict[str, Callable[[Partial, Partial], tuple[Any, Any]]] = {
    "sign of the first": lambda p, q: (lambda o, x, y: -p(o, x, y), q),
    "sign of the second": lambda p, q: (p, lambda o, x, y: -q(o, x, y)),
    "swapped partials": lambda p, q: (q, p),
    "dropped operand": lambda p, _: (p, None),
    "dropped first operand": lambda _, q: (None, q),
    "swapped operands": lambda p, q: (lambda o, x, y: p(o, y, x), q),
    "output for input": lambda p, q: (lambda o, x, y: p(x, o, y), q),
    "factor 2": lambda p, q: (p, lambda o, x, y: 2 * q(o, x, y)),
    "relative 1e-5": lambda p, q: (p, lambda o, x, y: q(o, x, y) * (1 + 1e-5)),
    "stopped": lambda p, q: (p, lambda o, x, y: fg.stop_gradient(q(o, x, y))),
}
"""Mistakes in the partial derivatives of an operator of two operands."""

TWO = {
    "mul": ("sign of the second", "swapped partials", "dropped operand", "stopped"),
    "div": ("sign of the second", "dropped operand", "swapped operands", "relative 1e-5"),
    "pow": ("swapped partials", "dropped operand", "swapped operands", "stopped"),
    "atan2": ("sign of the first", "swapped partials", "factor 2", "stopped"),
    "hypot": ("dropped operand", "swapped partials", "output for input"),
    "logaddexp": ("swapped partials", "dropped first operand", "relative 1e-5"),
    "logaddexp2": ("swapped partials", "factor 2"),
    "rel_entr": ("sign of the first", "swapped operands", "stopped"),
}


def as_function(partial: Any, count: int) -> Partial:
    """A partial derivative as a function of the output and the operands."""
    if callable(partial):
        return partial
    return lambda _o, x, *_: x * 0 + partial


def record(name: str, mistake: Any) -> Record:
    """An operator's record with mistaken partial derivatives."""
    prim: Any = REGISTRY[name]
    partials = tuple(as_function(p, prim.arity) for p in prim.partials)

    def make(new: str) -> Primitive:
        return elementwise(
            new, prim.ufunc, *mistake(*partials), operator=prim.evaluate, cases=prim.cases
        )

    return Record(make, {})


def unchanged(*partials: Partial) -> tuple[Partial, ...]:
    return partials


def of_one(name: str, mistake: str, dtype: str = "f8") -> Mutant:
    low, high = DOMAINS.get(name, (-1.9, 1.9))
    plain = between(low, high, (3, 4))
    both = between(max(low, 0.3), min(high, 1.5), (3,), (3,))

    def draw(rng: Any) -> tuple[Any, ...]:
        if dtype == "f8":
            return plain(rng)
        a, b = both(rng)
        return (a + 1j * b,)

    late = mistake == "stopped"
    return of_function(
        f"{name}{'' if dtype == 'f8' else ' of complex numbers'}: {mistake}",
        mistake,
        record(name, lambda p: (UNARY[mistake](p),)),
        record(name, unchanged),
        draw,
        order=2 if late else 1,
        probe=twice if late else pulled,
    )


def of_two(name: str, mistake: str) -> Mutant:
    late = mistake == "stopped"
    return of_function(
        f"{name}: {mistake}",
        mistake,
        record(name, BINARY[mistake]),
        record(name, unchanged),
        between(0.4, 1.9, (2, 3), (3,)),
        order=2 if late else 1,
        probe=twice if late else pulled,
    )


def tangent_of(op: Any, name: str, xs: Any, ts: Any) -> Any:
    """The tangent of an operator, computed by a copy of it: that copy gets transposed."""
    if name == "mul":
        return op(ts[0], xs[1]) + op(xs[0], ts[1])
    if name == "div":
        return op(ts[0], xs[1]) - ts[1] * (xs[0] / xs[1] ** 2)
    return op(*ts)


@dataclass(frozen=True)
class Transposed(Record):
    """A function whose tangent is computed by the record."""

    name: str = ""

    @contextmanager
    def registered(self) -> Iterator[Callable[..., Any]]:
        prim: Any = REGISTRY[self.name]
        with super().registered() as op:

            def rule(*both: Any) -> Any:
                return tangent_of(op, self.name, both[: prim.arity], both[prim.arity :])

            yield with_jvp(lambda *xs: prim(*xs), rule)


def of_transpose(name: str, mistake: str, wrong: Any, draw: Draw) -> Mutant:
    """An elementwise operator with a mistaken transposition: forward mode stays right."""
    prim: Any = REGISTRY[name]

    def rule(*operands: Any, flagged: bool) -> Any:
        return wrong(*operands)

    return of_function(
        f"transposition of {name}: {mistake}",
        mistake,
        Transposed(lambda new: prim.replaced(name=new, transpose=rule), {}, (), name),
        Transposed(lambda new: prim.replaced(name=new), {}, (), name),
        draw,
        probe=pulled,
    )


def of_product(ct: Any, x: Any, y: Any, wrong: Any) -> tuple[Any, Any]:
    """The transposition of a product whose linear operand gets ``wrong(ct, other)``."""
    if is_value(y):
        return fit(wrong(ct, y), x), None
    return None, fit(wrong(ct, x), y)


MATRIX, COLUMNS = normal((2, 3), (2, 3)), normal((2, 3), (3,))

TRANSPOSES = [
    ("add", "sign of the second", lambda ct, x, y: (fit(ct, x), fit(-ct, y)), COLUMNS),
    ("add", "missing broadcast sum", lambda ct, x, y: (ct, ct), COLUMNS),
    ("add", "first row instead of sum", lambda ct, x, y: (ct, ct[0]), COLUMNS),
    ("add", "dropped operand", lambda ct, x, y: (fit(ct, x), None), COLUMNS),
    ("sub", "sign of the second", lambda ct, x, y: (fit(ct, x), fit(ct, y)), COLUMNS),
    ("sub", "mean instead of sum", lambda ct, x, y: (fit(ct, x), fit(-ct, y) / 2), COLUMNS),
    ("mul", "sign", lambda ct, x, y: of_product(ct, x, y, lambda c, v: -c * v), MATRIX),
    ("mul", "dtype", lambda ct, x, y: of_product(
        ct, x, y, lambda c, v: (c * v).astype("f4").astype("f8")), MATRIX),
    ("mul", "missing conj", lambda ct, x, y: of_product(
        ct, x, y, lambda c, v: c * np.conj(v)), normal((2, 3), (3,), dtype="c16")),
    ("div", "wrong power", lambda ct, x, y: (fit(ct * y, x), None), MATRIX),
    ("div", "relative 1e-5", lambda ct, x, y: (fit(ct / y * 1.00001, x), None), MATRIX),
    ("neg", "sign", lambda ct, x: (ct,), normal((3, 4))),
    ("conj", "missing conj", lambda ct, x: (ct,), normal((3,), dtype="c16")),
    ("real", "times i", lambda ct, x: (fit(ct * 1j, x),), normal((3,), dtype="c16")),
    ("real", "both parts", lambda ct, x: (fit(ct * (1 - 1j), x),), normal((3,), dtype="c16")),
    ("imag", "missing conj", lambda ct, x: (fit(ct * 1j, x),), normal((3,), dtype="c16")),
    ("complex", "missing conj", lambda ct, x, y: (
        None if is_value(x) else fit(real(ct), x),
        None if is_value(y) else fit(real(ct * -1j), y)), MATRIX),
    ("complex", "swapped operands", lambda ct, x, y: (
        None if is_value(x) else fit(real(ct * 1j), x),
        None if is_value(y) else fit(real(ct), y)), MATRIX),
]  # fmt: skip

MUTANTS = [
    *(of_one(name, m) for name, mistakes in ONE.items() for m in mistakes),
    *(of_one(name, m, "c16") for name, mistakes in COMPLEX.items() for m in mistakes),
    *(of_two(name, m) for name, mistakes in TWO.items() for m in mistakes),
    *(of_transpose(*row) for row in TRANSPOSES),
]
