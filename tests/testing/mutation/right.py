"""What a right function is: a function and its domain; one run of the checker at a random point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from funcgrad.testing import GradientCheckError, check_grads, gradcheck
from funcgrad.testing import strategies as fst
from funcgrad.testing.reports.report import InconclusiveCheckError

Domain = Callable[[Any, str], Any]
"""From a random generator and a dtype to an argument."""

EVERY = 2
"""One of so many runs has points drawn by gradcheck: simple numbers, special ones, all scales."""

POINTS = 2
"""The number of points that gradcheck draws in a run."""

SIZES = 3
"""The same for arrays of all sizes: a short, a longer and a long one."""


@dataclass(frozen=True)
class Drawn:
    """A Domain that hypothesis can draw from, too, by ``strategy`` of a dtype."""

    plain: Domain
    strategy: Callable[[Any], Any]

    def __call__(self, rng: Any, dtype: str) -> Any:
        return self.plain(rng, dtype)


def numbers(plain: Domain, shape: tuple[int, ...], members: Any) -> Drawn:
    """A Domain of arrays of a shape; hypothesis draws elements from a domain of the strategies."""
    return Drawn(plain, lambda dtype: fst.arrays(shape, dtype, members))


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


@dataclass(frozen=True)
class Sized:
    """A function whose derivatives are right for arrays of all sizes, described as to gradcheck."""

    name: str
    f: Callable[..., Any]
    specs: tuple[Any, ...]
    domain: Any = "real"


def is_drawn(function: Any, seed: int) -> bool:
    """Whether the points of a run are drawn by gradcheck."""
    if isinstance(function, Sized):
        return True
    domains = getattr(function, "domains", ())
    turn = (sum(map(ord, function.name)) + seed // 2) % EVERY == 0
    return turn and any(isinstance(d, Drawn) for d in domains)


def run(function: Any, seed: int) -> tuple[str, str]:
    """One check at a random point, of order 1 or 2: 'pass', 'inconclusive' or 'fail', and why.

    In some runs gradcheck draws points of its own.
    """
    number = sum(map(ord, function.name))
    rng = np.random.default_rng([number, seed])
    try:
        if isinstance(function, Sized):
            gradcheck(
                function.f,
                *function.specs,
                order=1 + seed % 2,
                domain=function.domain,
                max_examples=SIZES,
                seed=seed,
            )
            return "pass", ""
        if is_drawn(function, seed):
            return run_drawn(function, rng, seed)
        f, args = function.draw(rng)
        check_grads(f, args, order=1 + seed % 2, seed=seed)
    except InconclusiveCheckError as error:
        return "inconclusive", str(error)
    except GradientCheckError as error:
        return "fail", str(error)
    return "pass", ""


def run_drawn(function: Right, rng: Any, seed: int) -> tuple[str, str]:
    """One run of gradcheck, with its own points; what has no strategy is as in other runs."""
    dtype = np.dtype(function.kinds[0])
    _, args = function.draw(rng)
    strategies = [
        d.strategy(dtype) if isinstance(d, Drawn) else a
        for d, a in zip(function.domains, args, strict=True)
    ]
    try:
        gradcheck(function.f, *strategies, order=1 + seed % 2, max_examples=POINTS, seed=seed)
    except ValueError as error:  # the domain of the strategies is larger than that of f
        if "outside the domain" not in str(error):
            raise
    return "pass", ""


# --- domains -------------------------------------------------------------------------------------


def uniform(low: float, high: float, *shape: int) -> Domain:
    def draw(rng: Any, dtype: str) -> Any:
        x = rng.uniform(low, high, shape)
        if np.dtype(dtype).kind == "c":
            x = x + 1j * rng.uniform(-0.8, 0.8, shape)
        return np.asarray(x, dtype)[()]

    return numbers(draw, shape, fst.interval(low, high))


def real(*shape: int) -> Domain:
    """Normal numbers; complex ones for a complex dtype."""

    def draw(rng: Any, dtype: str) -> Any:
        x = rng.standard_normal(shape)
        if np.dtype(dtype).kind == "c":
            x = x + 1j * rng.standard_normal(shape)
        return np.asarray(x, dtype)[()]

    return numbers(draw, shape, "real")


def positive(*shape: int) -> Domain:
    return uniform(0.2, 3.0, *shape)


def unit(*shape: int) -> Domain:
    return uniform(-0.9, 0.9, *shape)


def nonzero(*shape: int) -> Domain:
    """Real numbers of both signs between 0.2 and 2 in size."""
    return numbers(
        lambda rng, dtype: np.asarray(
            rng.uniform(0.2, 2.0, shape) * rng.choice([-1, 1], shape), dtype
        )[()],
        shape,
        fst.away_from(0),
    )


def distinct(*shape: int) -> Domain:
    """Numbers that are at least 0.05 apart, in random order."""

    def draw(rng: Any, dtype: str) -> Any:
        size = int(np.prod(shape))
        steps = np.cumsum(rng.uniform(0.05, 0.5, size))
        return np.asarray(rng.permutation(steps - steps.mean()).reshape(shape), dtype)

    return numbers(draw, shape, fst.distinct())


def regular(n: int) -> Domain:
    """Matrices far from singular ones."""
    return Drawn(
        lambda rng, dtype: np.asarray(real(n, n)(rng, dtype) + 3 * np.eye(n), dtype),
        lambda dtype: fst.invertible_matrices(n, dtype=dtype),
    )


def definite(n: int) -> Domain:
    """Hermitian matrices with eigenvalues of at least one."""

    def draw(rng: Any, dtype: str) -> Any:
        a = real(n, n)(rng, dtype)
        return np.asarray(a @ a.conj().T + np.eye(n), dtype)

    return Drawn(draw, lambda dtype: fst.spd_matrices(n, dtype=dtype))


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
