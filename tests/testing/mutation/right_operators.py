"""Every differentiable operator at random operands of its record, and chains of operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import laws
import numpy as np

import funcgrad.lax
import funcgrad.nn
import funcgrad.numpy
import funcgrad.random  # noqa: F401  (with the others: fills the registry)
from funcgrad.core.primitive import REGISTRY, Case, Primitive

from .right import Right, nonzero, positive, real, unit


@dataclass(frozen=True)
class Operator:
    """An operator; a run takes one of the cases of its record, with random operands."""

    name: str
    prim: Primitive

    def draw(self, rng: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        cases = [c for c in self.prim.cases(rng) if differentiable(self.prim, c)]
        case = cases[rng.integers(len(cases))]
        places = laws.inexact_positions(case.args)
        return laws.function_of(self.prim, case, places), tuple(case.args[i] for i in places)


def differentiable(prim: Primitive, case: Case) -> bool:
    """Whether real or complex results depend on real or complex operands."""
    if not laws.inexact_positions(case.args):
        return False
    outs = laws.as_tuple(prim, prim(*case.args, **case.params))
    return any(np.asarray(o).dtype.kind in "fc" for o in outs)


def operators() -> list[Operator]:
    found = []
    for name, prim in sorted(REGISTRY.items()):
        if prim.cases is None or prim.nondifferentiable is not None:
            continue
        if any(differentiable(prim, case) for case in prim.cases(np.random.default_rng(0))):
            found.append(Operator(f"operator {name}", prim))
    return found


INNER: dict[str, tuple[Any, Any]] = {
    "sin": (np.sin, real(3, 2)),
    "cos": (np.cos, real(3, 2)),
    "tanh": (np.tanh, real(3, 2)),
    "arctan": (np.arctan, real(3, 2)),
    "exp": (np.exp, unit(3, 2)),
    "log": (np.log, positive(3, 2)),
    "sqrt": (np.sqrt, positive(3, 2)),
    "square": (np.square, real(3, 2)),
    "reciprocal": (lambda x: 1 / x, nonzero(3, 2)),
    "arcsinh": (np.arcsinh, real(3, 2)),
    "arcsin": (np.arcsin, unit(3, 2)),
    "cumsum": (lambda x: np.cumsum(x, axis=0), unit(3, 2)),
}
OUTER: dict[str, Any] = {
    "sin": np.sin,
    "exp of minus": lambda y: np.exp(-0.3 * y),
    "tanh": np.tanh,
    "softplus": lambda y: np.log1p(np.exp(y)),
    "log of one plus square": lambda y: np.log(1 + y * y),
    "root of one plus square": lambda y: np.sqrt(1 + y * y),
    "times its sum": lambda y: y * np.sum(y),
    "gram": lambda y: y @ y.T,
    "softmax": lambda y: np.exp(y - np.max(y)) / np.sum(np.exp(y - np.max(y))),
    "norm": lambda y: np.sqrt(1 + np.sum(y * y)),
    "cosine with itself": lambda y: np.cos(y) * y,
}


def chain(outer: Callable[..., Any], inner: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: outer(inner(x))


CHAINS = [
    Right(f"{second} of {first}", chain(g, f), (domain,), "df")
    for first, (f, domain) in INNER.items()
    for second, g in OUTER.items()
]
FUNCTIONS = [*operators(), *CHAINS]
