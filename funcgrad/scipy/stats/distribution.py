"""What a distribution is: densities, probabilities, quantiles and moments, with loc and scale."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, log, pi
from typing import Any

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise.comparison import select
from ...typing import Array, ArrayLike

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)

Formula = Callable[..., Any]
Ends = Callable[..., tuple[Any, Any]]


def everywhere(*_: Array) -> tuple[float, float]:
    """The support of all numbers."""
    return -inf, inf


def positive(*_: Array) -> tuple[float, float]:
    """The support of numbers from 0 on."""
    return 0.0, inf


def above_zero(*shapes: Array) -> Any:
    """Whether all parameters are positive."""
    valid: Any = True
    for s in shapes:
        valid = valid & (s > 0)
    return valid


def where_above(
    bound: float, a: Array, formula: Callable[[Array], Array], otherwise: Array | float = np.nan
) -> Array:
    """A formula of parameters above a bound, and something else of the others."""
    above = a > bound
    return select(above, formula(select(above, a, bound + 1)), otherwise)


def between(low: Any, high: Any) -> Any:
    """A number in the inside of a support, to stand for numbers outside."""
    if isinstance(low, float) and isinstance(high, float):
        if np.isfinite(high):
            return 0.5 * (low + high)
        return low + 1.0 if np.isfinite(low) else 0.0
    inside = select(np.isfinite(high), 0.5 * (low + high), low + 1.0)
    return select(np.isfinite(low), inside, select(np.isfinite(high), high - 1.0, 0.0))


def log_of_share(share: Array, rest: Array) -> Array:
    """The logarithm of a probability, of which what is missing to 1 is known, too."""
    small = share < 0.5
    of_large = np.log1p(-select(small, 0, rest))
    return select(small, np.log(select(small, share, 1)), of_large)


def by_name(name: str) -> Any:
    """The distribution of a name, for what was pickled."""
    return getattr(importlib.import_module(__package__ or ""), name)


@dataclass(frozen=True, eq=False)
class Distribution:
    """A family of distributions, as SciPy has it under its name.

    Attributes:
        name: SciPy's name.
        shapes: names of the parameters before loc and scale.
        log_density: the logarithm of the density, or of the probability, of a standard number.
        ends: the support, from the parameters.
        valid: whether parameters are; positive ones by default.
        formulas: the other functions of a standard number and the parameters, by name.
    """

    name: str
    shapes: tuple[str, ...]
    log_density: Formula
    ends: Ends = everywhere
    valid: Formula = above_zero
    formulas: dict[str, Formula] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters, in their order."""
        return (*self.shapes, "loc", "scale")

    def __repr__(self) -> str:
        return f"<distribution {self.name}({', '.join(self.parameters)})>"

    def _given(
        self, function: str, x: Sequence[ArrayLike], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Array]:
        """The numbers x, and the parameters in their order, in one dtype."""
        where = f"{self.name}.{function}"
        found: dict[str, Any] = {"loc": 0.0, "scale": 1.0}
        if len(args) > len(self.parameters):
            raise TypeError(
                f"{where} takes the parameters {', '.join(self.parameters)}, got {len(args)}"
            )
        by_place = dict(zip(self.parameters, args, strict=False))
        for name in kwargs:
            if name not in self.parameters or name in by_place:
                problem = "twice" if name in by_place else "which is none of its parameters"
                raise TypeError(
                    f"{where} got {name}= {problem}; they are {', '.join(self.parameters)}"
                )
        found = {**found, **by_place, **kwargs}
        missing = [s for s in self.parameters if s not in found]
        if missing:
            raise TypeError(f"{where} needs the parameters {', '.join(missing)}")
        return real_floats(where, *x, *(found[p] for p in self.parameters))

    def _standard(
        self, function: str, x: ArrayLike, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Array, list[Array], Array, Any]:
        """A standard number, the parameters, the scale, and whether they are valid."""
        number, *shapes, loc, scale = self._given(function, [x], args, kwargs)
        valid = self.valid(*shapes) & (scale > 0)
        return (number - loc) / scale, shapes, scale, valid

    def _by(
        self,
        formula: Formula,
        function: str,
        x: ArrayLike,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        below: float,
        above: float,
    ) -> Array:
        """A formula inside of the support, and constants outside."""
        y, shapes, scale, valid = self._standard(function, x, args, kwargs)
        low, high = self.ends(*shapes)
        inside = (y >= low) & (y <= high)
        out = formula(select(inside, y, between(low, high)), *shapes)
        if function in ("logpdf", "pdf"):
            out = out - np.log(select(scale > 0, scale, 1))
            out = np.exp(out) if function == "pdf" else out
        kind = out.dtype.type
        out = select(inside, out, select(y < low, kind(below), kind(above)))
        return select(valid & (y == y), out, np.nan)

    def _function(self, name: str) -> Formula:
        """A formula by name, made of others where there is none."""
        given = self.formulas
        if name in given:
            return given[name]
        other = {"cdf": "sf", "sf": "cdf"}.get(name)
        if other in given:
            return lambda *args: 1 - given[other](*args)
        log = {"cdf": "logcdf", "sf": "logsf"}.get(name)
        if log in given:
            return lambda *args: np.exp(given[log](*args))
        if name == "isf" and "ppf" in given:
            return lambda q, *shapes: given["ppf"](1 - q, *shapes)
        plain = {"logcdf": "cdf", "logsf": "sf"}.get(name)
        if plain is not None:
            share, rest = self._function(plain), given.get("sf" if plain == "cdf" else "cdf")
            if rest is None:
                return lambda *args: np.log(share(*args))
            return lambda *args: log_of_share(share(*args), rest(*args))
        raise AttributeError(
            f"{self.name} has no {name} here; there are {', '.join(sorted(given)) or 'none'}"
        )

    @user_facing
    def logcdf(self, x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The logarithm of ``cdf``."""
        return self._by(self._function("logcdf"), "logcdf", x, args, kwargs, -inf, 0.0)

    @user_facing
    def cdf(self, x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The probability of numbers up to x."""
        return self._by(self._function("cdf"), "cdf", x, args, kwargs, 0.0, 1.0)

    @user_facing
    def sf(self, x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The probability of numbers above x."""
        return self._by(self._function("sf"), "sf", x, args, kwargs, 1.0, 0.0)

    @user_facing
    def logsf(self, x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The logarithm of ``sf``."""
        return self._by(self._function("logsf"), "logsf", x, args, kwargs, 0.0, -inf)

    def _moment(
        self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], power: int
    ) -> Array:
        formula = self._function(function)
        *shapes, loc, scale = self._given(function, [], args, kwargs)
        standard = formula(*shapes)
        out = loc + scale * standard if power == 1 else standard * scale * scale + 0 * loc
        return select(self.valid(*shapes) & (scale > 0), out, np.nan)

    @user_facing
    def mean(self, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The mean."""
        return self._moment("mean", args, kwargs, 1)

    @user_facing
    def var(self, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The variance."""
        return self._moment("var", args, kwargs, 2)

    @user_facing
    def std(self, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The standard deviation."""
        return np.sqrt(self._moment("var", args, kwargs, 2))

    def _shape_of(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Array:
        """The skewness or the excess kurtosis, which loc and scale do not change."""
        *shapes, loc, scale = self._given(name, [], args, kwargs)
        out = self._function(name)(*shapes) + 0 * (loc + scale)
        return select(self.valid(*shapes) & (scale > 0), out, np.nan)

    @user_facing
    def stats(
        self, *args: ArrayLike, moments: str = "mv", **kwargs: ArrayLike
    ) -> Array | tuple[Array, ...]:
        """The mean "m", variance "v", skewness "s" and excess kurtosis "k" that are asked for.

        Args:
            args: the parameters.
            moments: letters, in any order; results are in that of "mvsk".
            kwargs: parameters by name.

        Returns:
            A tuple of results, or the only one.

        Raises:
            ValueError: there is another letter.
        """
        if not isinstance(moments, str) or not set(moments) <= set("mvsk") or not moments:
            raise ValueError(
                f"{self.name}.stats: moments must be letters of 'mvsk', got {describe(moments)}"
            )
        found = []
        for letter, name in zip("mvsk", ("mean", "var", "skew", "kurtosis"), strict=True):
            if letter not in moments:
                continue
            if letter in "mv":
                found.append(self._moment(name, args, kwargs, 1 if letter == "m" else 2))
            else:
                found.append(self._shape_of(name, args, kwargs))
        return found[0] if len(found) == 1 else tuple(found)

    @user_facing
    def moment(self, order: int, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The mean of numbers to the power of ``order``, from 1 to 4.

        Args:
            order: the power, a whole number.
            args: the parameters.
            kwargs: parameters by name.

        Returns:
            The moments about 0.

        Raises:
            ValueError: there is no formula for this order.
        """
        if not is_integer(order) or not 0 <= order <= 4:
            raise ValueError(
                f"{self.name}.moment: order must be a whole number from 0 to 4, got "
                f"{describe(order)}"
            )
        mean = self._moment("mean", args, kwargs, 1)
        if order < 2:
            return mean if order else mean * 0 + 1
        variance = self._moment("var", args, kwargs, 2)
        if order == 2:
            return variance + mean * mean
        third = self._shape_of("skew", args, kwargs) * variance**1.5
        if order == 3:
            return third + 3 * mean * variance + mean**3
        fourth = (self._shape_of("kurtosis", args, kwargs) + 3) * variance * variance
        return fourth + 4 * mean * third + 6 * mean * mean * variance + mean**4

    @user_facing
    def median(self, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The number below and above which others are with the same probability."""
        return self._quantile("ppf", 0.5, args, kwargs)

    @user_facing
    def interval(
        self, confidence: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike
    ) -> tuple[Array, Array]:
        """The ends of an interval around the median with this probability."""
        (share,) = real_floats(f"{self.name}.interval", confidence)
        tail = 0.5 * (1 - share)
        low = self._quantile("ppf", tail, args, kwargs)
        return low, self._quantile("ppf", 1 - tail, args, kwargs)

    @user_facing
    def support(self, *args: ArrayLike, **kwargs: ArrayLike) -> tuple[Array, Array]:
        """The ends of the numbers that there can be."""
        *shapes, loc, scale = self._given("support", [], args, kwargs)
        valid = self.valid(*shapes) & (scale > 0)
        low, high = (select(valid, e * scale + loc, np.nan) for e in self.ends(*shapes))
        return low, high

    def _quantile(
        self, function: str, q: ArrayLike, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Array:
        formula = self._function(function)
        share, *shapes, loc, scale = self._given(function, [q], args, kwargs)
        low, high = self._ends_of_quantiles(*shapes)
        if function == "isf":
            low, high = high, low
        inside = (share > 0) & (share < 1)
        out = formula(select(inside, share, 0.5), *shapes) * scale + loc
        out = select(share == 0, low * scale + loc, select(share == 1, high * scale + loc, out))
        valid = self.valid(*shapes) & (scale > 0) & (share >= 0) & (share <= 1)
        return select(valid, out, np.nan)

    def _ends_of_quantiles(self, *shapes: Array) -> tuple[Any, Any]:
        return self.ends(*shapes)

    @user_facing
    def ppf(self, q: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The number below which others are with probability q."""
        return self._quantile("ppf", q, args, kwargs)

    @user_facing
    def isf(self, q: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The number above which others are with probability q."""
        return self._quantile("isf", q, args, kwargs)

    def __reduce__(self) -> Any:
        """The public ones by their names, since formulas are functions without one."""
        home = sys.modules.get(__package__ or "")
        if getattr(home, self.name, None) is not self:
            return object.__reduce__(self)
        return by_name, (self.name,)

    @user_facing
    def entropy(self, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The (differential) entropy, in nats."""
        formula = self._function("entropy")
        *shapes, loc, scale = self._given("entropy", [], args, kwargs)
        out = formula(*shapes) + self._entropy_of(scale) + 0 * loc
        return select(self.valid(*shapes) & (scale > 0), out, np.nan)

    def _entropy_of(self, scale: Array) -> Any:
        return np.log(select(scale > 0, scale, 1))


class Continuous(Distribution):
    """A distribution with a density.

    >>> Continuous("flat", (), lambda y: 0 * y, lambda: (0.0, 1.0)).pdf([0.5, 3.0], scale=2.0)
    array([0.5, 0. ])
    """

    @user_facing
    def logpdf(self, x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The logarithm of the density at x."""
        return self._by(self.log_density, "logpdf", x, args, kwargs, -inf, -inf)

    @user_facing
    def pdf(self, x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The density at x."""
        return self._by(self.log_density, "pdf", x, args, kwargs, 0.0, 0.0)


class Discrete(Distribution):
    """A distribution of whole numbers; it has no scale.

    >>> coin = Discrete("coin", (), lambda k: 0 * k - np.log(2), lambda: (0.0, 1.0))
    >>> coin.pmf([0, 1, 2])
    array([0.5, 0.5, 0. ])
    """

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters, in their order."""
        return (*self.shapes, "loc")

    def _given(
        self, function: str, x: Sequence[ArrayLike], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Array]:
        found = super()._given(function, x, args, kwargs)
        return [*found, found[-1].dtype.type(1)]  # type: ignore[list-item]

    def _standard(
        self, function: str, x: ArrayLike, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Array, list[Array], Array, Any]:
        y, shapes, scale, valid = super()._standard(function, x, args, kwargs)
        return (y if "pmf" in function else np.floor(y)), shapes, scale, valid

    def _entropy_of(self, scale: Array) -> Any:
        return 0.0

    def _ends_of_quantiles(self, *shapes: Array) -> tuple[Any, Any]:
        """The quantile of 0 is below all numbers, as in SciPy."""
        low, high = self.ends(*shapes)
        return low - 1.0, high

    def _log_probability(self, k: Array, *shapes: Array) -> Array:
        whole = k == np.floor(k)
        return select(whole, self.log_density(select(whole, k, np.floor(k)), *shapes), -inf)

    @user_facing
    def logpmf(self, k: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The logarithm of the probability of k."""
        return self._by(self._log_probability, "logpmf", k, args, kwargs, -inf, -inf)

    @user_facing
    def pmf(self, k: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
        """The probability of k."""
        return np.exp(self._by(self._log_probability, "pmf", k, args, kwargs, -inf, -inf))
