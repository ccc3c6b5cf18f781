"""A second opinion in more digits, for functions of which rounding leaves few right ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.facts import Decided, Picks
from ...core.tracing import aval_of
from ...debug.precise import DoubleDoubles, Multiprecision, Numbers
from ...debug.precise.following import precise_results
from ...debug.precise.matrices import as_array
from ...debug.precise.operations import inexact
from ...debug.recorded_calls import recorded_call
from ...transforms.recording import Operation
from ..reports.report import Finding, GradientCheckError, InconclusiveCheckError
from .differences import SAFETY
from .functions import Flat, Leaves, cast_like, forward, reverse
from .kinds import one_hot, scales, times
from .leaves import finite_max, generator, host
from .session import Session

MOST = 2_000
"""Functions of more numbers are not computed with more digits."""

MOST_OPERATIONS = 1_000
"""Longer programs are not computed with more digits."""

SECONDS = 5.0
"""The time that a second opinion may take."""

VALUES, DERIVATIVES = 1e-13, 1e-10
"""Relative errors of values and of derivatives by which rounding can be seen."""

SAME = 1e-6
"""A recorded call has to return what a plain call does, but for this part: not all rules do."""

FEW_DIGITS = (2.0**-18, 2.0**-22)
"""Steps of differences, relative to the point, with 31 digits."""

MANY_DIGITS = (2.0**-90, 2.0**-100)
"""The same with many digits, by mpmath."""

DIGITS = 100

FEW = 200
"""Functions of more numbers are not computed by mpmath."""

SETTLED = 1e-4
"""How well differences at two steps have to agree, relative to them."""

LEAST, LEAST_OF_MANY = 1e-20, 1e-60
"""What is smaller, beside values and what was computed, counts as zero: of 31 digits, and more."""

WIDE = frozenset([np.dtype(np.float64), np.dtype(np.complex128)])

OF_MAPS = ("finite differences", "not linear", "transpose", "symmetric", "add up", "of a zero")
"""Words of findings about derivatives as maps, which are looked at with more digits."""


class UnknownError(Exception):
    """More digits say nothing."""


class Recorded:
    """A call that was recorded, to be evaluated with more digits at the same point or beside it."""

    def __init__(
        self, numbers: Numbers[Any], call: Callable[[Sequence[Any]], Leaves], xs: Sequence[Any]
    ) -> None:
        self.numbers = numbers
        few = isinstance(numbers, DoubleDoubles)
        self.steps, self.least = (FEW_DIGITS, LEAST) if few else (MANY_DIGITS, LEAST_OF_MANY)
        fresh = [np.array(x)[()] if np.ndim(x) == 0 else x for x in xs]  # no two are one object
        found = recorded_call(lambda *leaves: call(list(leaves)), tuple(fresh), {}, "check")
        self.recording, self.args = found.recording, found.args
        operations = self.recording.operations
        if len(operations) > MOST_OPERATIONS or any(map(narrows, operations)):
            raise UnknownError
        self.computed: Leaves = self.recording.outs

    def at(self, steps: Sequence[Any] | None = None) -> list[Any]:
        """The results, where the first arguments are moved by steps."""
        total = self.numbers.total
        moved = {id(x): total([x, s]) for x, s in zip(self.args, steps or (), strict=False)}
        found, exact = precise_results(self.numbers, self.recording, moved)
        if not exact:
            raise UnknownError
        return found

    def rounded(self, precise: Sequence[Any]) -> list[np.ndarray]:
        """Results as arrays of doubles."""
        pairs = zip(self.computed, precise, strict=True)
        return [np.asarray(self.numbers.nearest(p, host(c).dtype)) for c, p in pairs]

    def slopes(self, ts: Sequence[Any], size: float) -> list[np.ndarray]:
        """Derivatives along tangents, by differences of values that are sums of such a size."""
        found = []
        for h in self.steps:
            plus, minus = (self.at([times_of(sign * h, t) for t in ts]) for sign in (1, -1))
            apart = [as_array(p - m) for p, m in zip(plus, minus, strict=True)]
            found.append([x / (2 * h) for x in self.rounded(apart)])
        far, near = found
        for a, b in zip(far, near, strict=True):
            least = 1e-8 * finite_max(b) + self.least * size
            if not np.all(np.abs(a - b) <= SETTLED * np.abs(b) + least):
                raise UnknownError
        shrinks = (self.steps[0] / self.steps[1]) ** 2 - 1  # what is left of the error
        return [b + (b - a) / shrinks for a, b in zip(far, near, strict=True)]


def times_of(factor: float, t: Any) -> Any:
    """A direction times a power of two, in double precision."""
    return factor * np.asarray(t)


def rounding_explains(session: Session, order: int, seed: int, error: GradientCheckError) -> str:
    """How much rounding takes from derivatives that agree with more digits; empty if they do not.

    What is found without differences, as that vmap is another function, may only be as large as
    that.
    """
    flat, finding = session.flat, error.finding
    if flat is None or not finding.order or not can_be(flat, finding):
        return ""
    for numbers in kinds_of_numbers(flat):
        judge = Judge(session, seed, numbers)
        try:
            with np.errstate(all="ignore"):
                lost = judge.lost_part(flat, finding.order)
                if lost is None and not isinstance(error, InconclusiveCheckError):
                    if isinstance(numbers, DoubleDoubles) and is_tiny(flat, finding):
                        continue  # 31 digits lose it, too
                    return ""
                if not any(word in finding.check + finding.source for word in OF_MAPS):
                    size = max(abs(finding.found), abs(finding.expected))  # type: ignore[type-var,arg-type]
                    if abs(finding.found - finding.expected) > SAFETY * (lost or 0.0) * size:  # type: ignore[operator]
                        return ""
                if isinstance(error, InconclusiveCheckError):
                    judge.check_smooth(flat)
                judge.check(flat, order)
        except Exception:  # whatever keeps a function from being recorded; or they do not agree
            continue
        right = "differences do not settle"
        if lost is not None:
            right = f"{max(0.0, -np.log10(max(lost, 1e-16))):.1f} digits are right"
        return f"{right}; with {numbers.digits} digits derivatives agree with differences"
    return ""


def kinds_of_numbers(flat: Flat) -> Iterator[Numbers[Any]]:
    """Numbers of 31 digits, and of many more where mpmath is installed."""
    yield DoubleDoubles()
    if sum(np.size(x) for x in flat.point) <= FEW:
        with suppress(ImportError):
            yield Multiprecision(DIGITS)


def can_be(flat: Flat, finding: Finding) -> bool:
    """True if a finding is about numbers of a function that can be computed with more digits."""
    pair = finding.found, finding.expected
    numbers = all(isinstance(x, float | int) and np.isfinite(x) for x in pair)
    leaves = [*flat.point, *(flat.outs or [])]
    wide = all(aval_of(x).dtype in WIDE for x in leaves)
    return numbers and wide and sum(np.size(x) for x in leaves) <= MOST and flat.wide is None


def is_tiny(flat: Flat, finding: Finding) -> bool:
    """True if 31 digits of arguments do not show a derivative that is what remains of them."""
    pair = abs(finding.found), abs(finding.expected)  # type: ignore[arg-type]
    return max(pair) < LEAST * max(finite_max(host(x)) for x in flat.point)


class Judge:
    """Derivatives with more digits, against differences with more digits."""

    def __init__(self, session: Session, seed: int, numbers: Numbers[Any]) -> None:
        self.numbers = numbers
        self.session = replace(session, rng=generator(seed))
        self.session.tolerances = session.tolerances
        self.modes = session.modes
        self.end = time.monotonic() + SECONDS

    def pushed(self, flat: Flat, ts: Sequence[Any]) -> Recorded:
        """The tangents of outputs."""
        n = len(flat.point)
        given = [*flat.point, *cast_like(ts, flat.point)]
        return Recorded(
            self.numbers, lambda leaves: forward(flat, leaves[:n], leaves[n:])[1], given
        )

    def pulled(self, flat: Flat, cts: Sequence[Any]) -> Recorded:
        """The cotangents of inputs."""
        n = len(flat.point)

        def pull(leaves: Sequence[Any]) -> Leaves:
            outs, pull = reverse(flat, leaves[:n])
            return pull(cast_like(leaves[n:], outs))

        return Recorded(self.numbers, pull, [*flat.point, *cts])

    def lost_part(self, flat: Flat, order: int) -> float | None:
        """The largest relative error of values and of derivatives by rounding, None if it is small.

        Raises UnknownError where a recorded call is not what a plain call is, or not finite.
        """
        lost = self.lost_here(flat)
        if order > 1:
            for mode in self.modes:
                outs = flat.outs or flat.call(flat.point)
                seeds = self.session.random(outs if mode == "rev" else flat.point)
                more = self.lost_part(flat.differentiated(mode, seeds), order - 1)
                lost = more if lost is None else max(lost, more or 0.0)
        return lost

    def lost_here(self, flat: Flat) -> float | None:
        """The same of first derivatives."""
        outs = flat.outs or flat.call(flat.point)
        calls = [(Recorded(self.numbers, flat.call, flat.point), outs, VALUES)]
        if "fwd" in self.modes or "lin" in self.modes:
            ts = self.session.random_tangents(flat.point)
            plain = forward(flat, flat.point, ts)[1]
            calls.append((self.pushed(flat, ts), plain, DERIVATIVES))
        if "rev" in self.modes:
            cts = self.session.random(outs)
            plain = reverse(flat, flat.point)[1](cts)
            calls.append((self.pulled(flat, cts), plain, DERIVATIVES))
        errors = []
        for recorded, plain, limit in calls:
            if not same(plain, recorded.computed):
                raise UnknownError
            errors.append((relative_error(plain, recorded.rounded(recorded.at())), limit))
        return max(e for e, _ in errors) if any(e > limit for e, limit in errors) else None

    def check(self, flat: Flat, order: int, size: float = 0.0) -> None:
        """Raise unless derivatives up to an order are right as maps.

        ``size`` is that of the values that they are derivatives of.
        """
        recorded = Recorded(self.numbers, flat.call, flat.point)
        along = self.session.random_tangents(flat.point)
        size = max(size, *(finite_max(host(o)) for o in recorded.computed))
        slopes = recorded.slopes(along, size)
        if "fwd" in self.modes or "lin" in self.modes:
            for parts in self.kinds(along):
                calls = [self.pushed(flat, part) for _, part in parts]
                self.compare(slopes, *total(parts, calls), size)
        if "rev" in self.modes:
            cts = self.session.random(recorded.computed)
            product = sum_of_products(cts, slopes)
            for parts in self.kinds(cts):
                found, computed = total(parts, [self.pulled(flat, part) for _, part in parts])
                terms = max(product[1], sum_of_products(computed, along)[1])
                self.compare([product[0]], [sum_of_products(found, along)[0]], [terms], size)
        if order > 1:
            for mode in self.modes:
                seeds = self.session.random(recorded.computed if mode == "rev" else flat.point)
                self.check(flat.differentiated(mode, seeds), order - 1, size)

    def check_smooth(self, flat: Flat) -> None:
        """Raise if the function decides something by its values: it may jump, or have a kink."""
        if any(map(decides, Recorded(self.numbers, flat.call, flat.point).recording.operations)):
            raise UnknownError

    def kinds(self, whole: Leaves) -> Iterator[list[tuple[float, Leaves]]]:
        """Parts of a direction, and factors for what they become, that add up to it."""
        if time.monotonic() > self.end:
            raise UnknownError
        yield [(1.0, whole)]
        one, rest = one_hot(self.session.rng, whole)
        large, small = scales(self.session.tolerances.eps)
        yield [(1 / large, times(large, one)), (1 / small, times(small, rest))]

    def compare(
        self, right: Sequence[Any], found: Sequence[Any], computed: Sequence[Any], size: float
    ) -> None:
        """Raise unless derivatives are as right as tolerances allow, beside what was computed."""
        rtol = self.session.tolerances.rtol
        few = isinstance(self.numbers, DoubleDoubles)
        for e, f, c in zip(right, found, computed, strict=True):
            least = (LEAST if few else LEAST_OF_MANY) * (size + finite_max(np.asarray(c)))
            most = finite_max(np.asarray(e))
            if not np.all(np.abs(f - e) <= rtol * (np.abs(e) + 1e-3 * most) + least):
                raise UnknownError


def narrows(operation: Operation) -> bool:
    """True if an operation has results of fewer digits: numbers are rounded where it says so."""
    return any(inexact(o) and aval_of(o).dtype not in WIDE for o in operation.outputs)


def decides(operation: Operation) -> bool:
    """True if an operation says something of values, or chooses among them."""
    prim = operation.primitive
    if prim.nondifferentiable is not None or isinstance(prim.elements, Decided | Picks):
        return True
    return not all(map(inexact, operation.outputs))


def total(
    parts: Sequence[tuple[float, Leaves]], found: Sequence[Recorded]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Sums of derivatives along parts, times factors: with more digits, and as computed."""
    factors = [factor for factor, _ in parts]

    def summed(results: Sequence[Sequence[Any]]) -> list[np.ndarray]:
        return [
            np.sum([f * host(x) for f, x in zip(factors, column, strict=True)], axis=0)
            for column in zip(*results, strict=True)
        ]

    return summed([r.rounded(r.at()) for r in found]), summed([r.computed for r in found])


def sum_of_products(a: Sequence[Any], b: Sequence[Any]) -> tuple[float, float]:
    """Re sum(a * b) over all leaves, and the size of its largest term."""
    terms = [np.real(np.asarray(host(x)) * np.asarray(host(y))) for x, y in zip(a, b, strict=True)]
    return float(sum(np.sum(t) for t in terms)), max(finite_max(t) for t in terms)


def same(plain: Sequence[Any], recorded: Sequence[Any]) -> bool:
    """True if two calls return the same numbers, but for what another order of sums may do."""
    return len(plain) == len(recorded) and all(
        bool(np.all(np.isfinite(host(a))))
        and np.allclose(host(a), host(b), rtol=SAME, atol=SAME * finite_max(host(a)))
        for a, b in zip(plain, recorded, strict=True)
    )


def relative_error(computed: Sequence[Any], right: Sequence[Any]) -> float:
    """The largest error of an element, relative to it."""
    worst = 0.0
    for a, b in zip(computed, right, strict=True):
        gap = np.abs(host(a) - b)
        ratio = np.where(gap > 0, gap / np.abs(b), 0.0)
        worst = max(worst, float(np.max(np.nan_to_num(ratio, nan=0.0, posinf=1e300), initial=0.0)))
    return worst
