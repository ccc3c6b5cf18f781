"""What a right function is: a function and its domain; one run of the checker at a random point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from funcgrad.testing import GradientCheckError, check_grads
from funcgrad.testing.reports.report import InconclusiveCheckError

Domain = Callable[[Any, str], Any]
"""From a random generator and a dtype to an argument."""


@dataclass(frozen=True)
class Right:
    """A function whose derivatives are right, and where it is defined.

    ``kinds`` are the dtypes of its arguments: most runs take the first one.
    """

    name: str
    f: Callable[..., Any]
    domains: tuple[Domain, ...]
    kinds: str = "d"

    def draw(self, rng: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """The function and random arguments."""
        kind = self.kinds[0] if rng.random() < 0.7 else rng.choice(list(self.kinds))
        return self.f, tuple(domain(rng, str(kind)) for domain in self.domains)


def run(function: Any, seed: int) -> tuple[str, str]:
    """One check at a random point, of order 1 or 2: 'pass', 'inconclusive' or 'fail', and why."""
    rng = np.random.default_rng([sum(map(ord, function.name)), seed])
    f, args = function.draw(rng)
    try:
        check_grads(f, args, order=1 + seed % 2, seed=seed)
    except InconclusiveCheckError as error:
        return "inconclusive", str(error)
    except GradientCheckError as error:
        return "fail", str(error)
    return "pass", ""


# --- domains -------------------------------------------------------------------------------------


def uniform(low: float, high: float, *shape: int) -> Domain:
    def draw(rng: Any, dtype: str) -> Any:
        x = rng.uniform(low, high, shape)
        if np.dtype(dtype).kind == "c":
            x = x + 1j * rng.uniform(-0.8, 0.8, shape)
        return np.asarray(x, dtype)[()]

    return draw


def real(*shape: int) -> Domain:
    """Normal numbers; complex ones for a complex dtype."""

    def draw(rng: Any, dtype: str) -> Any:
        x = rng.standard_normal(shape)
        if np.dtype(dtype).kind == "c":
            x = x + 1j * rng.standard_normal(shape)
        return np.asarray(x, dtype)[()]

    return draw


def positive(*shape: int) -> Domain:
    return uniform(0.2, 3.0, *shape)


def unit(*shape: int) -> Domain:
    return uniform(-0.9, 0.9, *shape)


def nonzero(*shape: int) -> Domain:
    """Real numbers of both signs between 0.2 and 2 in size."""
    return lambda rng, dtype: np.asarray(
        rng.uniform(0.2, 2.0, shape) * rng.choice([-1, 1], shape), dtype
    )[()]


def distinct(*shape: int) -> Domain:
    """Numbers that are at least 0.05 apart, in random order."""

    def draw(rng: Any, dtype: str) -> Any:
        size = int(np.prod(shape))
        steps = np.cumsum(rng.uniform(0.05, 0.5, size))
        return np.asarray(rng.permutation(steps - steps.mean()).reshape(shape), dtype)

    return draw


def regular(n: int) -> Domain:
    """Matrices far from singular ones."""
    return lambda rng, dtype: np.asarray(real(n, n)(rng, dtype) + 3 * np.eye(n), dtype)


def definite(n: int) -> Domain:
    """Hermitian matrices with eigenvalues of at least one."""

    def draw(rng: Any, dtype: str) -> Any:
        a = real(n, n)(rng, dtype)
        return np.asarray(a @ a.conj().T + np.eye(n), dtype)

    return draw


def probabilities(*shape: int) -> Domain:
    def draw(rng: Any, dtype: str) -> Any:
        p = rng.uniform(0.1, 1.0, shape)
        return np.asarray(p / p.sum(axis=-1, keepdims=True), dtype)

    return draw


def constant(value: Any) -> Domain:
    return lambda rng, dtype: np.asarray(value, dtype)[()]


def table(rows: dict[str, Any], kinds: str = "d") -> list[Right]:
    """Right functions from rows ``name: (function, domain, ...)``; a name may say its dtypes."""
    found = []
    for name, (f, *domains) in rows.items():
        plain, _, given = name.partition(" | ")
        found.append(Right(plain, f, tuple(domains), given or kinds))
    return found
