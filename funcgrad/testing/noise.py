"""Derivatives of functions with noise: means of many calls, and a verdict with their errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from . import options
from .derivatives.functions import nothing_to_vary
from .derivatives.leaves import generator, has_tangent, leaf_scale, random_leaf
from .derivatives.lines import moved, pack, unit_step
from .reports.diagnosis import diagnose
from .reports.report import Finding, GradientCheckError, InconclusiveCheckError, Report

STEPS = (2.0**-1, 2.0**-2, 2.0**-3, 2.0**-4, 2.0**-6)
"""Steps of the differences, relative to the point; noise wants large ones, bends small ones."""

SURE = 5.0
"""A difference of this many standard errors is a mistake: once in two million right checks."""

CLEAR = 0.25
"""A derivative whose error is above this part of it is not known."""

ROUNDS = 3
"""How often four times as many samples are taken while nothing is clear."""

ELEMENTS = 40
"""Gradients of at most so many numbers are compared one by one where they are wrong."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error, and what the finite step may add."""

    mean: float
    error: float
    bias: float = 0.0


@user_facing
def check_noisy(
    f: Callable[..., Any],
    f_vjp: Callable[..., Any],
    args: tuple[Any, ...],
    samples: int = 64,
    *,
    directions: int = 3,
    eps: float | None = None,
    seed: int = 0,
) -> Report:
    """Check the derivative of the mean of a function whose value is another in each call.

    Central differences of means at several steps, extrapolated by Richardson's rule, are compared
    with the mean of the derivative that is claimed. A gap is a mistake if it exceeds five standard
    errors plus the error of the steps; if that error is too large to say anything, four times as
    many samples are taken, twice at most.

    Args:
        f: function of positional arguments with independent noise in each call.
        f_vjp: as in ``check_vjp``; it may be noisy, too.
        args: the point, a tuple.
        samples: the number of calls at each step.
        directions: number of random directions.
        eps: the largest step; None for half of the size of the arguments.
        seed: of the random directions.

    Returns:
        A Report that says how large the noise is.

    Raises:
        GradientCheckError: the derivative is wrong.
        InconclusiveCheckError: there is too much noise for the number of samples.

    >>> rng = np.random.default_rng(0)
    >>> f = lambda x: np.sum(x**2) + 0.01 * rng.standard_normal()
    >>> report = check_noisy(f, lambda x: (f(x), lambda ct: (2 * ct * x,)), (np.array([1.0, 2.0]),))
    >>> report.verdict
    'pass'
    """
    caller = "check_noisy"
    options.function(f, "f", caller)
    options.function(f_vjp, "f_vjp", caller)
    args = options.arguments(args, caller)
    samples = max(4, options.count(samples, "samples", caller))
    eps = options.positive(eps, "eps", caller)
    run = Noisy(f, f_vjp, args, generator(seed), eps)
    report = Report(passed=[f"the noise of f has a standard deviation of {run.noise(samples):.3g}"])
    for _ in range(options.count(directions, "directions", caller)):
        report.passed.append(run.compared(samples))
    return report


class Noisy:
    """A noisy function and what is claimed of its derivative, at a point."""

    def __init__(
        self,
        f: Callable[..., Any],
        f_vjp: Callable[..., Any],
        args: tuple[Any, ...],
        rng: np.random.Generator,
        eps: float | None,
    ) -> None:
        self.f, self.f_vjp, self.rng, self.eps = f, f_vjp, rng, eps
        self.leaves, self.spec = tree.flatten(args)
        self.places = [i for i, x in enumerate(self.leaves) if has_tangent(x)]
        self.point = [self.leaves[i] for i in self.places]
        self.names = [tree.format_path(tree.paths_of(args)[i], "args") for i in self.places]
        if not self.point:
            raise ValueError(nothing_to_vary(where_defined(f), args))

    def args(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """Arguments with other leaves."""
        full = list(self.leaves)
        for i, x in zip(self.places, xs, strict=True):
            full[i] = x
        return tree.unflatten(self.spec, full)

    def outputs(self, xs: Sequence[Any]) -> list[Any]:
        """The real and complex leaves of one value."""
        return [o for o in tree.leaves(self.f(*self.args(xs))) if has_tangent(o)]

    def noise(self, samples: int) -> float:
        """The largest standard deviation of an output."""
        values = np.stack([pack(self.outputs(self.point)) for _ in range(samples)])
        return float(np.max(np.std(values, axis=0, ddof=1), initial=0))

    def weighted(self, xs: Sequence[Any], weights: np.ndarray, samples: int) -> np.ndarray:
        """Samples of the weighted sum of the outputs."""
        return np.array([weights @ pack(self.outputs(xs)) for _ in range(samples)])

    def slope(self, ts: Sequence[Any], weights: np.ndarray, samples: int) -> Estimate:
        """The derivative of the mean of a weighted sum, by differences."""
        scales = [leaf_scale(x) for x in self.point]
        first = self.eps or unit_step(scales, [np.asarray(t) for t in ts])
        found = []
        for h in (first * s for s in STEPS):
            ends = []
            for sign in (1.0, -1.0):
                xs = [
                    moved(x, np.asarray(t), sign * h) for x, t in zip(self.point, ts, strict=True)
                ]
                with np.errstate(all="ignore"):
                    ends.append(self.weighted(xs, weights, samples))
            mean = (np.mean(ends[0]) - np.mean(ends[1])) / (2 * h)
            spread = np.sqrt((np.var(ends[0], ddof=1) + np.var(ends[1], ddof=1)) / samples)
            found.append((h, float(mean), float(spread / (2 * h))))
        best = Estimate(0.0, np.inf, np.inf)
        for (h, far, far_error), (k, near, near_error) in pairwise(found):
            ratio = (h / k) ** 2
            mean = near + (near - far) / (ratio - 1)
            error = float(np.hypot(near_error * ratio, far_error) / (ratio - 1))
            here = Estimate(mean, error, abs(mean - near))
            if np.isfinite(mean) and SURE * error + here.bias < SURE * best.error + best.bias:
                best = here
        return best

    def claimed(self, cts: Sequence[Any], samples: int) -> tuple[np.ndarray, np.ndarray]:
        """The mean of the packed cotangents that are claimed, and the samples."""
        rows = []
        for _ in range(samples):
            out, pull = self.f_vjp(*self.args(self.point))
            it = iter(cts)
            leaves, spec = tree.flatten(out)
            given = tree.unflatten(spec, [next(it) if has_tangent(o) else o for o in leaves])
            found = pull(given)
            spec_args = tree.structure(tuple(self.args(self.point)))
            parts = tree.match_prefix(spec_args, tuple(found), "the cotangents from f_vjp")
            rows.append(pack([np.conj(np.asarray(parts[i])) for i in self.places]))
        return np.mean(rows, axis=0), np.stack(rows)

    def compared(self, samples: int) -> str:
        """Compare in one random direction; what was seen, in words."""
        ts = [random_leaf(self.rng, x) * np.asarray(1.0, np.asarray(x).dtype) for x in self.point]
        cts = [random_leaf(self.rng, o) for o in self.outputs(self.point)]
        weights = pack([np.conj(np.asarray(c)) for c in cts])
        direction = pack(ts)
        for _ in range(ROUNDS):
            known = self.slope(ts, weights, samples)
            _, rows = self.claimed(cts, samples)
            products = rows @ direction
            mean, error = float(np.mean(products)), float(np.std(products, ddof=1))
            error = float(np.hypot(error / np.sqrt(samples), known.error))
            limit = SURE * error + known.bias + 1e-6 * abs(known.mean)
            gap, size = abs(mean - known.mean), max(abs(mean), abs(known.mean))
            if gap > limit:
                raise self.wrong(cts, samples, known, mean, limit)
            if limit <= CLEAR * size:
                z = gap / error if error else 0.0
                return f"derivative = mean of {samples} differences ({z:.1f} standard errors apart)"
            samples *= 4
        raise InconclusiveCheckError(
            self.finding(
                "inconclusive: there is too much noise",
                known.mean,
                mean,
                limit,
                f"the error of {samples // 4} samples is {limit:.3g}; give more samples, a larger "
                "step with eps, or the same random numbers to each call",
            )
        )

    def wrong(
        self, cts: Sequence[Any], samples: int, known: Estimate, mean: float, limit: float
    ) -> GradientCheckError:
        """The error of a derivative that is wrong, with words from its elements if they are few."""
        diagnosis = None
        size = pack(self.point).size
        if size <= ELEMENTS:
            weights = pack([np.conj(np.asarray(c)) for c in cts])
            right, errors = np.zeros(size), np.zeros(size)
            start = 0
            for place, x in enumerate(self.point):
                count = pack([x]).size
                for k in range(count if np.asarray(x).dtype.kind == "f" else 0):
                    ts = [np.zeros(np.shape(y)) for y in self.point]
                    ts[place].reshape(-1)[k] = 1.0
                    found = self.slope(ts, weights, samples)
                    right[start + k] = found.mean
                    errors[start + k] = SURE * found.error + found.bias
                start += count
            claimed, rows = self.claimed(cts, samples)
            errors = errors + SURE * np.std(rows, axis=0, ddof=1) / np.sqrt(samples)
            ratio = float(right @ claimed / (right @ right)) if np.any(right) else np.nan
            diagnosis = in_words(right, claimed, errors, ratio)
        about = f"the vjp differs from differences of the mean of {samples} calls"
        return GradientCheckError(self.finding(about, known.mean, mean, limit, diagnosis))

    def finding(
        self, check: str, expected: float, found: float, limit: float, diagnosis: str | None
    ) -> Finding:
        """A finding about one direction."""
        return Finding(
            function=where_defined(self.f),
            check=check,
            order=1,
            mode="'rev'",
            path="sum(cotangent * direction) over " + ", ".join(self.names),
            index=None,
            expected=expected,
            found=found,
            error_estimate=0.0,
            tolerance=limit,
            source="differences of means",
            diagnosis=diagnosis,
        )


def in_words(
    right: np.ndarray, claimed: np.ndarray, errors: np.ndarray, ratio: float
) -> str | None:
    """The likely mistake: a factor, as far as the noise lets it be known, or what is evident."""
    wrong = np.abs(claimed - right) > errors
    rounded = round(ratio * 12) / 12
    for factor in (ratio if abs(ratio - rounded) > 0.05 * abs(ratio) else rounded,):
        if np.all(np.abs(claimed - factor * right) <= (1 + abs(factor)) * errors) and factor != 1:
            if factor == -1:
                return "the sign is flipped: found = -expected everywhere"
            return f"found/expected is about {factor:.3g} everywhere"
    if 0 < np.sum(wrong) < wrong.size:
        return (
            f"{int(np.sum(wrong))} of {wrong.size} elements differ: numbers {np.flatnonzero(wrong)}"
        )
    return diagnose(right, claimed, errors)
