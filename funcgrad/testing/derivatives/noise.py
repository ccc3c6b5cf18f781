"""How far derivatives and differences can be trusted: rounding, solvers, steps that mislead."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from ...context import within
from ...core.tracing import aval_of
from .differences import SAFETY, Difference, central_quotient, extrapolated
from .functions import Flat
from .leaves import finite_max, host, shaken
from .lines import Line, Vector, change, pack
from .sizes import FINE

Again = Callable[[Sequence[Any]], Vector]
"""From a point to the derivative there, as it was found at the point of the check."""

ULPS = (1, 2, 4, 2, 3)
"""By how many units in the last place points are moved to see the rounding of derivatives."""

FEW_ULPS, FAR_LESS = 3, 1e-4
"""So many of these points suffice where they differ by no more than this part of a gap."""

LENGTHS = (1.0, 1.021, 0.973, 1.013, 0.987, 0.994, 1.031)
"""How long directions are made to see how a linear map rounds: what is not linear changes less."""

OF_LENGTHS = 4.0
"""So many times what is seen of rounding is allowed; of a square that is a quarter of itself."""

OTHER_STEPS = (2.0**-6.5, 2.0**-10.5, 2.0**-14.5, 2.0**-19.5, 2.0**-23.5)
"""First steps of differences that are compared with those that disagree with a derivative."""

SHORT_STEPS = tuple(2.0**-k for k in range(12, 30, 2))
NEARLY = 1e-2
"""How well short steps have to agree with each other, relative to the derivative."""

SURE = 1e-4
"""And to stand for all steps."""

NOISY_STEPS = tuple(2.0**-k for k in range(20, 30, 2))
SECOND_ORDER = tuple(2.0**-k for k in range(2, 20))
"""Steps at which noise is seen, and of quotients whose error of second order is taken away."""

WINDOWS = (0.5, 0.125, 2.0**-5)
"""How far around the point slopes are looked at, relative to it."""

PLACES = 33
"""An odd number, so that the point itself is one of them."""
DEGREES = (14, 20)
FEW_PLACES = 9
"""At so many places slopes are looked at first."""
LARGEST = 1e-2
"""The largest deviation of slopes from a curve, relative to them, that is one of solvers."""

BIAS = 30.0
"""Solvers may be wrong by this many times what their slopes deviate from a curve."""

OF_SOLVERS = 100.0
"""The same of the relative tolerance that they are asked for: errors grow along a solution."""

ROUNDED = 4.0
"""Slopes that deviate by no more than this many roundings of f show no solver."""

SOLVERS = "funcgrad.scipy."
"""Where the functions are that take the tolerance of a solver."""

FAILURES = (ArithmeticError, np.linalg.LinAlgError, ValueError, IndexError)


def quietly(again: Again, point: Sequence[Any]) -> Vector:
    """A derivative at another point, whatever it warns of there."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return again(point)


def rounding(
    point: Sequence[Any], again: Again, found: Vector, enough: Vector | None = None
) -> Vector:
    """By how much derivatives differ at points that differ by some units in the last place.

    That is their rounding error, or what the rounding of the point itself would do to them. The
    point itself is none of these points: a rule may be wrong there alone. A few points suffice if
    they differ by far less than ``enough``.
    """
    rng = np.random.default_rng(2)
    values = []
    for ulps in ULPS:
        try:
            values.append(quietly(again, [shaken(x, rng, ulps) for x in point]))
        except FAILURES:
            continue
        if enough is not None and len(values) == FEW_ULPS:
            if np.all(np.ptp(values, axis=0) <= FAR_LESS * enough):
                break
    if len(values) < 2:
        return np.zeros(found.shape)
    spread = np.ptp(values, axis=0)
    return np.where(np.isfinite(spread), spread, 0.0)


def rounding_of_sum(
    call: Callable[[Sequence[Any]], Sequence[Any]],
    terms: Sequence[tuple[float, Sequence[Any]]],
    eps: float,
) -> Vector:
    """By how much a linear map in single precision rounds a sum of factors times directions.

    It is seen along directions that are somewhat longer or shorter, and grows with their size. Zero
    for maps that do not give the same numbers for the same direction.
    """
    relative, total = np.zeros(()), 0.0
    for factor, direction in terms if eps > FINE else ():
        found = pack(call(direction))
        if not np.array_equal(pack(call(direction)), found, equal_nan=True):
            return np.zeros(found.shape)
        size = max((finite_max(host(t)) for t in direction), default=0.0)
        values = [pack(call(scaled(direction, f))) / f for f in LENGTHS]
        spread = np.ptp(values, axis=0) / (size or 1.0)
        relative = np.fmax(relative, np.where(np.isfinite(spread), spread, 0.0))
        total += abs(factor) * size
    return OF_LENGTHS * relative * total


def scaled(direction: Sequence[Any], factor: float) -> list[Any]:
    """A direction times a number, in the dtypes of its leaves."""
    return [t * aval_of(t).dtype.type(factor) for t in direction]


def reconsidered(
    line: Line, known: Difference, found: Vector, allowed: Vector
) -> tuple[np.ndarray, Vector]:
    """Whether differences at other steps are for a derivative, and how far they are from known.

    Near a kink, or a wave, a tableau may settle at a wrong value. That counts only where another
    one contradicts it by more than its own error.
    """
    supported = np.zeros(found.shape, bool)
    doubt = np.zeros(found.shape)
    for first in OTHER_STEPS:
        with np.errstate(all="ignore"):
            other = extrapolated(lambda h: central_quotient(line, h), line.unit * first, 4.0)
            apart = np.abs(other.value - known.value)
            contradicts = np.isfinite(other.error) & (apart > SAFETY * other.error)
            near = np.abs(found - other.value) <= allowed + SAFETY * other.error
            supported |= contradicts & near
            doubt = np.where(contradicts, np.fmax(doubt, apart), doubt)
    return supported, doubt


def of_short_steps(line: Line, known: Difference) -> tuple[Vector, Vector, np.ndarray]:
    """Derivatives by steps so short that they agree with each other, their errors, and where they
    contradict the known ones, or those do not settle. They agree only if rounding is small there.

    Where two curves nearly meet, longer steps see the crossing, and may settle there.
    """
    steps = [line.unit * h for h in SHORT_STEPS[:: 2 if line.is_long else 1]]
    with np.errstate(all="ignore"):
        ends = [(line.at(h), line.at(-h), h) for h in steps]
        rows = np.array([change(plus, minus) / (2 * h) for plus, minus, h in ends])
        three = np.array([rows[k : k + 3] for k in range(len(steps) - 2)])
        noise = np.array([line.eps * np.fmax(np.abs(p), np.abs(m)) / h for p, m, h in ends[2:]])
        errors = np.ptp(three, axis=1) + SAFETY * noise
        best = np.nanargmin(np.where(np.isfinite(errors), errors, np.inf), axis=0)
        value, error = (np.take_along_axis(a, best[None], 0)[0] for a in (three[:, 1], errors))
        apart = np.abs(value - known.value) > SAFETY * (known.error + error)
        contradicts = apart | ~known.settled
        contradicts &= (error <= NEARLY * np.abs(value)) & (value != 0)
    return value, error, contradicts


def error_by_noise(line: Line, known: Difference) -> Vector:
    """The error of differences where f is noisier than rounding of its values, 0 elsewhere.

    Such noise is seen at points that are somewhat apart, and not in the last places of one of them:
    matrices that are nearly triangular, for example, take other branches than those that are. A
    tableau may agree with itself by chance. This is the error of the best of its entries of second
    order, by the noise and by what shorter steps change.
    """
    with np.errstate(all="ignore"):
        noises = []
        for h in (line.unit * step for step in NOISY_STEPS):
            quotient = change(line.at(h), line.at(-h)) / (2 * h)
            noises.append(np.abs(quotient - known.value) * h)
        noise = np.sort(noises, axis=0)[1]  # the smallest may be so by chance; kinks have larger
        noisy = noise > ROUNDED * line.noise()
        if not np.any(noisy):
            return np.zeros(noise.shape)
        steps = [line.unit * step for step in SECOND_ORDER]
        slopes = [change(line.at(h), line.at(-h)) / (2 * h) for h in steps]
        better = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
        errors = [
            np.abs(b - a) + 3 * noise / h
            for a, b, h in zip(better, better[1:], steps[2:], strict=False)
        ]
        error = np.nanmin(np.where(np.isfinite(errors), errors, np.inf), axis=0)
        return np.where(np.isfinite(error) & noisy, error, 0.0)


def settled_close(line: Line, known: Difference) -> tuple[Difference, np.ndarray]:
    """Differences, those at short steps where others do not settle and there is no kink close by.

    The mask says which these are.
    """
    value, error, contradicts = of_short_steps(line, known)
    size = np.abs(value)
    with np.errstate(all="ignore"):
        straight = ~known.settled & contradicts & (error <= SURE * size)
        for h in (line.unit * step for step in SHORT_STEPS[3:6]):
            ends = change(line.at(h), line.start) / h, change(line.start, line.at(-h)) / h
            noise = SAFETY * line.noise() / h
            straight &= np.all([np.abs(end - value) <= NEARLY * size + noise for end in ends], 0)
    pairs = (value, known.value), (error, known.error)
    chosen = [np.where(straight, short, long) for short, long in pairs]
    return Difference(chosen[0], chosen[1], known.natural), straight


def tolerance_of_solvers(flat: Flat) -> float:
    """The largest tolerance that our solvers are called with inside of f, 0 if none is.

    Absolute ones count beside the initial value.

    Where they hold their steps constant, derivatives are right to the tolerance, and not those of
    what is computed, which may be as smooth as if there were none.
    """
    found = [0.0]

    def note(fun: Callable[..., Any], args: Any, kwargs: Any, result: object) -> None:
        if fun.__module__.startswith(SOLVERS):
            bound = inspect.signature(fun).bind(*args, **kwargs)
            bound.apply_defaults()
            rtol, atol = (bound.arguments.get(name) for name in ("rtol", "atol"))
            start = bound.arguments.get("y0")
            size = finite_max(start) if isinstance(start, np.ndarray) else 0.0
            if isinstance(rtol, float):
                found.append(rtol + (atol / size if isinstance(atol, float) and size else 0.0))

    try:
        with within(observer=note):
            flat.call(flat.point)
    except FAILURES:
        return 0.0
    return max(found)


def off_the_trend(line: Line, known: Difference, found: Vector, allowed: Vector) -> Vector:
    """The error of derivatives that functions have which are computed to a tolerance.

    Slopes at points around are fitted by polynomials. Those of a smooth function fit the better
    the higher the degree is, up to rounding; where a solver decides on its steps, its slopes lie
    beside every smooth curve. The result is 0 where that is not seen, or where the curve does not
    go through what was found (compare Moré and Wild, "Estimating computational noise", 2011).
    """
    error = np.zeros(found.shape)
    if smooth_around(line, np.abs(found - known.value)):
        return error
    low, high = (projector(PLACES, degree) for degree in DEGREES)
    size = np.maximum(np.abs(known.value), np.abs(found))
    for window in WINDOWS:
        slopes = slopes_around(line, window, PLACES)
        with np.errstate(all="ignore"):
            curve, rough, rest = fitted(slopes, low, high)
            noise = rest_of(rough, rest, size)
            noise = np.where(noise > ROUNDED * line.noise() / step_of(line, window), noise, 0.0)
            off = curve - slopes[PLACES // 2]  # both have the same error of their step
            through = np.abs(found - known.value - off) <= allowed + BIAS * noise
            error = np.fmax(error, np.where(through & (noise <= LARGEST * size), noise, 0.0))
            if np.all(np.abs(found - known.value) <= allowed + BIAS * error):
                break
    return error


def step_of(line: Line, window: float) -> float:
    """The step of the slopes around a point."""
    return line.unit * window / 32


def slopes_around(line: Line, window: float, places: int) -> np.ndarray:
    """Slopes at so many of Chebyshev's nodes around the point."""
    step = step_of(line, window)
    with np.errstate(all="ignore"):
        around = [line.unit * window * place for place in chebyshev_nodes(places)]
        return np.array([change(line.at(h + step), line.at(h - step)) / (2 * step) for h in around])


def smooth_around(line: Line, gap: Vector) -> bool:
    """True if few slopes, that at the point among them, lie on a curve, closer than matters."""
    slopes = slopes_around(line, WINDOWS[0], FEW_PLACES)
    if not np.all(np.isfinite(slopes)):
        return False
    basis = projector(FEW_PLACES, FEW_PLACES - 3)
    rest = np.max(np.abs(slopes - basis @ (basis.T @ slopes)), axis=0)
    return bool(np.all((gap == 0) | (rest <= 1e-3 * gap / BIAS)))


def rest_of(rough: Vector, rest: Vector, size: Vector) -> Vector:
    """What lies beside a curve of high degree, if it is not less than beside one of low degree."""
    with np.errstate(all="ignore"):
        return np.where((rest > 0.3 * rough) & (rest <= LARGEST * size), rest, 0.0)


def fitted(rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[Vector, Vector, Vector]:
    """Values in the middle of polynomials through rows, and what two of them leave, typically."""
    remains = []
    for basis, degree in zip((low, high), DEGREES, strict=True):
        rest = rows - basis @ (basis.T @ rows)
        remains.append(np.sqrt(np.sum(rest**2, axis=0) / (PLACES - degree - 1)))
    middle = (high @ (high.T @ rows))[PLACES // 2]
    return middle, remains[0], remains[1]


@lru_cache(maxsize=4)
def projector(places: int, degree: int) -> np.ndarray:
    """An orthonormal basis of the polynomials up to a degree, at Chebyshev's nodes."""
    return np.linalg.qr(np.polynomial.chebyshev.chebvander(chebyshev_nodes(places), degree))[0]


def chebyshev_nodes(places: int) -> np.ndarray:
    """Chebyshev's nodes between -1 and 1."""
    return np.cos(np.pi * (np.arange(places) + 0.5) / places)
