"""Integrals by subdivision where the integrand needs it, differentiated in limits and arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import numpy as np

from ...api.closure_convert import closure_convert
from ...api.stop_gradient import stop_gradient
from ...api.vmap import vmap
from ...arrays import like
from ...core.arguments import check_function, is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...lax.loops import while_loop
from ...numpy.protocol import inexact
from ...typing import Array, ArrayLike

_HALF = (
    0.9956571630258081, 0.9739065285171717, 0.9301574913557082, 0.8650633666889845,
    0.7808177265864169, 0.6794095682990244, 0.5627571346686047, 0.4333953941292472,
    0.2943928627014602, 0.14887433898163122, 0.0,
)  # fmt: skip
_KRONROD = (
    0.011694638867371874, 0.032558162307964725, 0.054755896574351995, 0.07503967481091995,
    0.0931254545836976, 0.10938715880229764, 0.12349197626206584, 0.13470921731147334,
    0.14277593857706009, 0.1477391049013385, 0.1494455540029169,
)  # fmt: skip
_GAUSS = (
    0.06667134430868814, 0.1494513491505806, 0.21908636251598204, 0.26926671930999635,
    0.29552422471475287,
)  # fmt: skip


def _rule() -> tuple[Array, Array, Array]:
    """Places in [-1, 1], the weights of Kronrod's 21 and, of every second one, of Gauss' 10."""
    inner = np.zeros(11)
    inner[1::2] = _GAUSS
    places = np.concatenate([-np.array(_HALF), np.array(_HALF[-2::-1])])
    kronrod = np.concatenate([np.array(_KRONROD), np.array(_KRONROD[-2::-1])])
    gauss = np.concatenate([inner, inner[-2::-1]])
    return places, kronrod, gauss


PLACES, KRONROD, GAUSS = _rule()


@user_facing
def quad_vec(
    f: Callable[..., Array],
    a: ArrayLike,
    b: ArrayLike,
    epsabs: float = 1e-200,
    epsrel: float = 1e-8,
    norm: str = "2",
    limit: int = 64,
    *,
    args: Sequence[Any] = (),
) -> tuple[Array, Array]:
    """The integral of a function with arrays as values, by adaptive Gauss-Kronrod quadrature.

    Intervals are halved where the error is largest, by the rules of 10 and 21 points (Piessens et
    al., QUADPACK, 1983). The intervals are found without derivatives, and the integral over them is
    differentiated: in a, b, args and whatever ``f`` closes over, in all modes and to any order.

    Args:
        f: function ``f(x, *args)`` of a number.
        a: lower end, a scalar; it may be infinite, as a plain number.
        b: upper end.
        epsabs: the error that is allowed.
        epsrel: likewise, relative to the norm of the integral.
        norm: "2" or "max", by which errors are measured.
        limit: how many intervals there may be at most; all are evaluated once more at the end.
        args: further arguments of the function.

    Returns:
        (integral, error), the error as estimated.

    Raises:
        ValueError: an argument is none of those.

    >>> quad_vec(lambda x: np.exp(-x), 0.0, np.inf)[0].round(9)
    np.float64(1.0)
    """
    check_function(f, "quad_vec", "f")
    if norm not in ("2", "max"):
        raise ValueError(f'quad_vec: norm must be "2" or "max", got {describe(norm)}')
    if not is_integer(limit) or limit < 1:
        raise ValueError(f"quad_vec: limit must be a positive int, got {describe(limit)}")
    low, high = _ends("quad_vec", a, b)
    integrand, low, high = _finite(lambda x: f(x, *args), low, high)
    middle = 0.5 * (low + high)
    converted, captured = closure_convert(lambda t: inexact(integrand(t)), middle)
    held = [stop_gradient(c) for c in captured]

    def over(start: Array, end: Array, values: list[Any]) -> tuple[Array, Array]:
        """The integral over an interval and its error, of all numbers in one vector."""
        half = 0.5 * (end - start)
        at = 0.5 * (start + end) + half * like(half, PLACES.astype(half.dtype))
        found = vmap(lambda t: converted(t, *values))(at)
        rows = np.reshape(found, (len(PLACES), -1))
        fine = half * (like(rows, KRONROD.astype(half.dtype)) @ rows)
        return fine, half * (like(rows, GAUSS.astype(half.dtype)) @ rows)

    first = stop_gradient(low), stop_gradient(high)
    edges = _subdivided(over, first, held, epsabs, epsrel, norm, int(limit))
    # Only the ends of the whole move with the limits: places where the integrand is not smooth, and
    # intervals are short, stay where they are.
    starts = np.where(edges[0] == first[0], low, edges[0])
    ends = np.where(edges[1] == first[1], high, edges[1])
    total, error = _sum_over(over, starts, ends, edges[2], captured, norm)
    shape = converted(middle, *captured).shape
    return np.reshape(total, shape), error


def _ends(name: str, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    low, high = inexact(a), inexact(b)
    if low.shape or high.shape:
        raise ValueError(
            f"{name}: a and b must be scalars, got shapes {tuple(low.shape)} and "
            f"{tuple(high.shape)}; use funcgrad.vmap for several intervals"
        )
    return low, high


def _is_infinite(x: Array) -> bool:
    return not isinstance(x, Tracer) and bool(np.isinf(x))


def _finite(
    f: Callable[[Array], Array], low: Array, high: Array
) -> tuple[Callable[[Array], Array], Array, Array]:
    """An integrand over a finite interval, by a change of the variable."""
    below, above = _is_infinite(low), _is_infinite(high)
    if not below and not above:
        return f, low, high
    zero, one = low.dtype.type(0), low.dtype.type(1)
    if below and above:
        if float(low) == float(high):
            return lambda t: 0.0 * f(t), zero, zero
        way = 1.0 if float(high) > 0 else -1.0

        def both(t: Array) -> Array:
            rest = 1 - t * t
            return way * f(t / rest) * ((1 + t * t) / (rest * rest))

        return both, -one, one
    end, far = (high, float(low)) if below else (low, float(high))
    direction = 1.0 if far == inf else -1.0
    # Places go from the finite end; with the infinite one first the sign is the other.
    sign = direction * (-1.0 if below else 1.0)

    def one_end(t: Array) -> Array:
        rest = 1 - t
        return sign * f(end + direction * t / rest) / (rest * rest)

    return one_end, zero, one


def _size(x: Array, norm: str) -> Array:
    size = np.abs(x)
    return np.max(size) if norm == "max" else np.sqrt(np.sum(size * size))


def _subdivided(
    over: Callable[..., tuple[Array, Array]],
    ends: tuple[Array, Array],
    values: list[Any],
    epsabs: float,
    epsrel: float,
    norm: str,
    limit: int,
) -> tuple[Array, Array, Array]:
    """The starts and ends of intervals, and which of them there are."""
    fine, coarse = over(*ends, values)
    numbers = like(fine, np.arange(limit))
    single = numbers == 0
    starts, stops = (np.where(single, e, ends[0]) for e in ends)
    sums = np.where(single[:, None], fine, 0.0 * fine)
    errors = np.where(single, _size(fine - coarse, norm), 0.0 * _size(fine, norm))

    def goes_on(state: Any) -> Any:
        count, _, _, sums, errors = state
        target = np.maximum(epsabs, epsrel * _size(np.sum(sums, axis=0), norm))
        return (count < limit) & (np.sum(errors) > target) & np.isfinite(np.sum(errors))

    def halve(state: Any) -> Any:
        count, starts, stops, sums, errors = state
        worst = np.argmax(errors)
        begin, end = starts[worst], stops[worst]
        middle = 0.5 * (begin + end)
        parts = [over(begin, middle, values), over(middle, end, values)]
        here, there = numbers == worst, numbers == count

        def put(old: Array, left: Array, right: Array) -> Array:
            rank = (slice(None),) + (None,) * (len(old.shape) - 1)
            return np.where(here[rank], left, np.where(there[rank], right, old))

        return (
            count + 1,
            put(starts, begin, middle),
            put(stops, middle, end),
            put(sums, parts[0][0], parts[1][0]),
            put(errors, *(_size(f - c, norm) for f, c in parts)),
        )

    count, starts, stops, _, _ = while_loop(
        goes_on, halve, (np.int64(1), starts, stops, sums, errors)
    )
    there = numbers < count
    # Those that there are not are the first one, with a weight of 0: no other place is evaluated.
    return np.where(there, starts, starts[0]), np.where(there, stops, stops[0]), there


def _sum_over(
    over: Callable[..., tuple[Array, Array]],
    starts: Array,
    ends: Array,
    there: Array,
    values: list[Any],
    norm: str,
) -> tuple[Array, Array]:
    fine, coarse = vmap(lambda s, e: over(s, e, values))(starts, ends)
    weight = there[:, None]
    total = np.sum(np.where(weight, fine, 0.0), axis=0)
    apart = np.where(weight, stop_gradient(fine - coarse), 0.0)
    errors = vmap(lambda x: _size(x, norm))(apart)
    return total, stop_gradient(np.sum(errors))


@user_facing
def quad(
    func: Callable[..., Array],
    a: ArrayLike,
    b: ArrayLike,
    args: Sequence[Any] = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
) -> tuple[Array, Array]:
    """The integral of a function with numbers as values, by adaptive quadrature; see ``quad_vec``.

    Args:
        func: function ``func(x, *args)`` of a number.
        a: lower end, a scalar; it may be infinite, as a plain number.
        b: upper end.
        args: further arguments of the function.
        epsabs: the error that is allowed.
        epsrel: likewise, relative to the integral.
        limit: how many intervals there may be at most.

    Returns:
        (integral, error), the error as estimated.

    >>> quad(np.cos, 0.0, 1.0)[0].round(9)
    np.float64(0.841470985)
    """
    check_function(func, "quad", "func")
    given = tuple(args) if isinstance(args, tuple | list) else (args,)
    return quad_vec(func, a, b, epsabs, epsrel, "max", limit, args=given)
