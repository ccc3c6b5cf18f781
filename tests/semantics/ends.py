"""Derivatives at the ends of a number type: how they are taken, and what they should be."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
from effort import THOROUGH

import funcgrad as fg

SIZES = {
    "e": (1e-4, 1e-3, 0.3, 1.7, 8.0, 300.0, 6e4),
    "f": (1e-36, 1e-22, 1e-8, 0.3, 1.7, 25.0, 80.0, 1e5, 1e12, 1e25, 1e36),
    "d": (1e-290, 1e-160, 0.3, 1.7, 25.0, 300.0, 1e5, 1e100, 1e200, 1e290),
}
"""Magnitudes of arguments, by the code of a real type."""
ANGLES = (0.3, -2.0)
"""Arguments of complex numbers of these magnitudes."""


@dataclass(frozen=True)
class Elementwise:
    """An elementwise function and what it is in mpmath.

    exact: the same function of mpf or mpc.
    low, high: the open interval of real arguments.
    kinds: f and c, for real and complex arguments.
    absolute: orders of derivatives that may cancel: their errors are in units of the largest of
        value / x**order and of 1 (at |x| < 1 of x**-order).
    units: allowed error in units in the last place.
    digits: working precision of mpmath, where that of ``digits`` takes too long.
    largest: largest magnitude of arguments.
    """

    exact: Callable[..., Any]
    low: float = -np.inf
    high: float = np.inf
    kinds: str = "fc"
    absolute: tuple[int, ...] = ()
    units: float = 64
    digits: int | None = None
    largest: float = np.inf
    smallest: float = 0.0
    operands: int = 1


def real_code(code: str) -> str:
    """The code of the real type of the parts."""
    return np.dtype(code).char.lower() if np.dtype(code).kind == "c" else code


def points(entry: Elementwise, code: str) -> np.ndarray:
    """Arguments of all magnitudes in the domain."""
    every = SIZES[real_code(code)]
    if entry.operands == 2 and not THOROUGH:
        every = every[::3] + every[1::6]
    sizes = np.array([s for s in every if entry.smallest <= s <= entry.largest])
    if np.dtype(code).kind == "c":
        return (sizes[:, None] * np.exp(1j * np.array(ANGLES))).astype(code).ravel()
    x = np.concatenate([sizes, -sizes]).astype(code)
    return x[(x > entry.low) & (x < entry.high)]


def operands(entry: Elementwise, code: str) -> list[tuple[np.ndarray, ...]]:
    """Arguments: of two operands, of one size each and of different ones."""
    x = points(entry, code)
    if entry.operands == 1:
        return [(x,)]
    one = np.full_like(x, 1.25)
    return [(x, (0.75 * x).astype(x.dtype)), (x, one), (one, x)]


def digits(at: tuple[Any, ...], code: str) -> int:
    """Enough for third differences whose error is below the smallest number of the type."""
    sizes = [abs(complex(x)) for x in at]
    powers = [4 * abs(np.log10(s)) if s < 1 else 3 * np.log10(s) for s in sizes]
    return int({"e": 60, "f": 140, "d": 430}[code] + max(powers))


def derivatives_of(f: Callable[..., Any], at: tuple[Any, ...], total: int) -> dict[Any, Any]:
    """Derivatives up to an order of a function of mpmath, by differences with very many digits."""
    steps = [min(abs(x), mp.mpf(1)) * mp.mpf(10) ** (-mp.mp.dps // 8) for x in at]
    known: dict[Any, Any] = {}

    def value(place: tuple[int, ...]) -> Any:
        if place not in known:
            known[place] = f(*(x + k * h / 2 for x, k, h in zip(at, place, steps, strict=True)))
        return known[place]

    def central(order: tuple[int, ...], place: tuple[int, ...]) -> Any:
        for i, k in enumerate(order):
            if k:
                less = tuple(k - (j == i) for j, k in enumerate(order))
                above, below = (
                    central(less, tuple(p + s * (j == i) for j, p in enumerate(place)))
                    for s in (1, -1)
                )
                return (above - below) / steps[i]
        return value(place)

    zero = (0,) * len(at)
    every = itertools.product(range(total + 1), repeat=len(at))
    return {order: central(order, zero) for order in every if sum(order) <= total}


def orders(count: int) -> Iterator[tuple[int, ...]]:
    """The value, the first and the second derivatives, by how often in each operand."""
    yield (0,) * count
    for i in range(count):
        yield tuple(int(j == i) for j in range(count))
    for i in range(count):
        for k in range(i, count):
            yield tuple(int(j == i) + int(j == k) for j in range(count))


def _pulled(f: Any, i: int) -> Any:
    kind = {"holomorphic": True}
    return lambda *xs: fg.grad(
        lambda *xs: np.sum(f(*xs)), argnums=i, **(kind if np.iscomplexobj(xs[0]) else {})
    )(*xs)


def _pushed(f: Any, i: int) -> Any:
    def push(*xs: Any) -> Any:
        return fg.jvp(lambda x: f(*xs[:i], x, *xs[i + 1 :]), (xs[i],), (np.ones_like(xs[i]),))[1]

    return push


def derivatives(f: Any, order: tuple[int, ...]) -> dict[str, Any]:
    """The derivative in several modes, eagerly and compiled."""
    places = [i for i, k in enumerate(order) for _ in range(k)]
    if not places:
        return {"jit": fg.jit(f)}
    if len(places) == 1:
        (i,) = places
        return {"grad": _pulled(f, i), "jvp": _pushed(f, i), "jit": fg.jit(_pulled(f, i))}
    i, k = places
    modes = {
        "jvp of grad": _pushed(_pulled(f, i), k),
        "jit of grad of grad": fg.jit(_pulled(_pulled(f, i), k)),
    }
    if len(order) == 1 or THOROUGH:
        modes["grad of grad"] = _pulled(_pulled(f, i), k)
        modes["grad of jvp"] = _pulled(_pushed(f, i), k)
    return modes


def to_mp(x: Any) -> Any:
    """A number of NumPy as one of mpmath."""
    return mp.mpc(complex(x)) if np.iscomplexobj(x) else mp.mpf(float(x))


def size(x: Any) -> float:
    """The size of a number of mpmath as a float, which may be infinite."""
    return float(min(abs(x), mp.mpf(10) ** 400)) if not mp.isnan(x) else np.nan


def check(entry: Elementwise, f: Any, code: str) -> list[str]:
    """What is wrong with the function in a type: lines of text."""
    wrong = []
    info = np.finfo(real_code(code))
    for args in operands(entry, code):
        exact = []
        for at in zip(*args, strict=True):
            with mp.workdps(entry.digits or digits(at, real_code(code))):
                exact.append(derivatives_of(entry.exact, tuple(map(to_mp, at)), 3))
        with mp.workdps(60):
            for order in orders(entry.operands):
                if np.dtype(code).kind == "c" and not any(order):
                    continue  # NumPy's values
                allowed = [
                    _allowed(entry, tuple(map(to_mp, at)), known, order, info)
                    for at, known in zip(zip(*args, strict=True), exact, strict=True)
                ]
                for mode, g in derivatives(f, order).items():
                    with np.errstate(all="ignore"):
                        got = np.asarray(g(*args))
                    wrong += [
                        f"{code} d{order} {mode} at {[a[n] for a in args]}: "
                        f"{got[n]}, not {mp.nstr(exact[n][order], 8)}"
                        for n in range(got.size)
                        if not _close(got[n], exact[n][order], allowed[n], info)
                    ]
    return wrong


def _allowed(entry: Any, at: Any, known: Any, order: Any, info: Any) -> Any:
    """Some units of the result and of what one unit of an argument changes."""
    eps = mp.mpf(float(info.eps)) * entry.units
    scale = abs(known[order])
    for i, x in enumerate(at):
        scale += abs(x * known[tuple(k + (j == i) for j, k in enumerate(order))])
    if sum(order) in entry.absolute:
        whole = abs(known[(0,) * len(at)]) + 1
        for x, k in zip(at, order, strict=True):
            whole /= min(abs(x), 1) ** k
        scale += whole
    return eps * scale + mp.mpf(float(info.tiny)) * entry.units


def _close(got: Any, exact: Any, allowed: Any, info: Any) -> bool:
    if abs(exact) > mp.mpf(float(info.max)) / 4:
        # Infinite, or near it; a complex infinity has parts that are NaN.
        return not np.isfinite(got) or abs(complex(got)) > float(info.max) / 64
    if not np.isfinite(got):
        return False
    return abs(to_mp(got) - exact) <= allowed
