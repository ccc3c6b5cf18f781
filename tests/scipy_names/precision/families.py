"""Distributions in mpmath's numbers, and the comparisons of all their functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import scipy.stats as sps

from funcgrad.scipy import stats

from .comparing import Compared, Range, slope_of
from .references import root

SHARE: Range = ("log", 1e-6, 0.999)

Formula = Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """A distribution's functions of a standard number and the parameters.

    Attributes:
        name: of the distribution.
        numbers: from where numbers are drawn.
        shapes: from where parameters are.
        log_density: the logarithm of the density, or of the probability of a whole number.
        share: the probability of smaller numbers, with all digits where it is small.
        rest: that of larger numbers.
        entropy: of the parameters, as mean and var are; None where it is infinite or none.
        mean: the first moment.
        var: the second about the first.
        quantiles: from the probabilities below and above, where a search has to be helped.
        bound: of errors of values.
        slope: of errors of derivatives.
        looser: other bounds of some functions, of values and derivatives.
        whole: whether numbers are.
    """

    name: str
    numbers: Range
    shapes: tuple[Range, ...]
    log_density: Formula
    share: Formula
    rest: Formula
    entropy: Formula | None = None
    mean: Formula | None = None
    var: Formula | None = None
    quantiles: tuple[Formula, Formula] | None = None
    bound: float = 1e-12
    slope: float = 1e-11
    looser: dict[str, tuple[float, float]] = field(default_factory=dict)
    whole: bool = False

    def cases(self) -> dict[str, Compared]:
        """The comparisons of all functions, by their names in SciPy."""
        density = "pmf" if self.whole else "pdf"
        given = (self.numbers, *self.shapes)
        out: dict[str, Compared] = {}

        def add(name: str, theirs: Formula, ranges: tuple[Range, ...], **options: Any) -> None:
            bound, slope = self.looser.get(name, (self.bound, self.slope))
            ours = getattr(getattr(stats, self.name), name)
            out[f"{self.name}.{name}"] = Compared(
                ours, theirs, ranges, bound=bound, slope=slope, **options
            )

        add(f"log{density}", self.log_density, given, floor=1e-2)
        add(density, lambda *a: mp.exp(self.log_density(*a)), given)
        add("cdf", self.share, given, changes=self.smaller)
        add("sf", self.rest, given, changes=lambda *a: -self.smaller(*a))
        for name, below in (("logcdf", True), ("logsf", False)):
            add(name, self.log_of(below), given, within=self.seen(below))
        for name, upper in (("ppf", False), ("isf", True)):
            quantile = self.quantile(upper)
            if self.whole:
                add(name, quantile, (SHARE, *self.shapes), smooth=False)
            else:
                add(name, quantile, (SHARE, *self.shapes), floor=1e-2,
                    derivatives=self.slopes_of_quantile(quantile, upper))  # fmt: skip
        for name in ("entropy", "mean", "var"):
            formula = getattr(self, name)
            if formula is not None and self.shapes:
                add(name, formula, self.shapes, floor=1e-2)
        return out

    def both(self, below: bool, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """A probability and what is missing to 1."""
        share, rest = self.share(*args), self.rest(*args)
        return (share, rest) if below else (rest, share)

    def log_of(self, below: bool) -> Formula:
        """The logarithm of a probability."""

        def exact(*args: Any) -> Any:
            share, rest = self.both(below, args)
            return mp.log(share) if share < 0.5 else mp.log1p(-rest)

        return exact

    def seen(self, below: bool) -> Formula:
        """Whether a probability is one of floating point's numbers."""
        return lambda *args: self.both(below, args)[0] > mp.mpf(10) ** -290

    def smaller(self, *args: Any) -> Any:
        """The probability of smaller numbers, or minus that of larger ones."""
        share, rest = self.share(*args), self.rest(*args)
        return share if share < rest else -rest

    def quantile(self, upper: bool) -> Formula:
        """The number with a probability below, or above."""
        near = getattr(getattr(sps, self.name), "isf" if upper else "ppf")

        def exact(q: Any, *shapes: Any) -> Any:
            target = 1 - q if upper else q
            if self.whole:
                return self.first(target, *shapes)
            if self.quantiles:
                return self.quantiles[upper](q, *shapes)

            def wrong(x: Any) -> Any:
                share = self.share(x, *shapes)
                if target < 0.5:
                    return mp.log(share) - mp.log(target)
                return mp.log(1 - target) - mp.log(self.rest(x, *shapes))

            return root(wrong, near(float(q), *(float(s) for s in shapes)))

        return exact

    def first(self, target: Any, *shapes: Any) -> Any:
        """The first whole number whose probability is large enough."""
        low, high = int(self.numbers[1]) - 1, 1
        while self.share(mp.mpf(high), *shapes) < target:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if self.share(mp.mpf(middle), *shapes) < target:
                low = middle
            else:
                high = middle
        return mp.mpf(high)

    def slopes_of_quantile(self, quantile: Formula, upper: bool) -> tuple[Formula, ...]:
        """The derivatives of the quantile in the probability and in each parameter."""

        def in_share(q: Any, *shapes: Any) -> Any:
            found = mp.exp(-self.log_density(quantile(q, *shapes), *shapes))
            return -found if upper else found

        def in_shape(i: int) -> Formula:
            def slope(q: Any, *shapes: Any) -> Any:
                row = [quantile(q, *shapes), *shapes]
                return -slope_of(self.smaller, row, i) / mp.exp(self.log_density(*row))

            return slope

        return (in_share, *(in_shape(i + 1) for i in range(len(self.shapes))))
