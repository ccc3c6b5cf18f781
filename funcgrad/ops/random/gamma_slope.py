"""The slope of a gamma random number in its shape parameter, at constant probability.

Let y be the logarithm of a number from the gamma distribution of shape a, with the density
q(y) = exp(a y - exp(y)) / Gamma(a), and F(y; a) the probability of a smaller number. Implicit
differentiation of F(y; a) = constant gives dy/da = -(dF/da) / q (Figurnov, Mohamed and Mnih,
Implicit reparameterization gradients, 2018). Since d(log q)/da = y - digamma(a),

    dy/da = integral of (digamma(a) - s) q(s) / q(y) over s from -inf to y,

and minus this integral from y to inf as well. Below digamma(a) the first one, above it the second
one has an integrand without change of sign, so that nothing cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...arrays import ArrayModule, special_functions
from ...core.avals import Aval
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import General, broadcast_shapes, expand_rank, general, sample
from ..pointwise.special import digamma, digamma_values, polygamma, polygamma_values
from ..shape import reshape

Function: TypeAlias = Callable[..., Any]
"""A special function."""


def legendre_rule() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The 14 positive nodes of the Gauss-Legendre rule of 28 points on [-1, 1]; their weights."""
    nodes = (
        0.05507928988403427, 0.16456928213338076, 0.2720616276351781, 0.3762515160890787,
        0.4758742249551183, 0.5697204718114017, 0.656651094038865, 0.7356108780136318,
        0.8056413709171791, 0.8658925225743951, 0.9156330263921321, 0.9542592806289382,
        0.9813031653708727, 0.9964424975739544,
    )  # fmt: skip
    weights = (
        0.1100470130164752, 0.10871119225829413, 0.10605576592284642, 0.10211296757806076,
        0.09693065799792992, 0.09057174439303284, 0.08311341722890121, 0.07464621423456878,
        0.0652729239669996, 0.05510734567571675, 0.04427293475900423, 0.03290142778230438,
        0.02113211259277126, 0.009124282593094517,
    )  # fmt: skip
    return nodes, weights


def gamma_slope_series(
    xp: ArrayModule, a: Array, y: Array, order: int, digammas: Function, polygammas: Function
) -> Array:
    """The slope for small z = exp(y), from F(y; a) = z**a exp(-z) S / Gamma(a + 1).

    S is the sum over n of z**n / ((a + 1) ... (a + n)), and the slope is
    ((digamma(a + 1) - y) S - dS/da) / a, without cancellation where y < digamma(a + 1). All
    quantities are truncated Taylor series in a, which give derivatives of any order.
    """
    z = xp.exp(y)
    term = [xp.ones_like(a)] + [xp.zeros_like(a)] * (order + 1)
    total = term
    for n in range(1, 24):
        quotient: Any = []
        for t in term:
            before = quotient[-1] if quotient else 0.0
            quotient.append((z * t - before) / (a + n))
        term = quotient
        total = [s + t for s, t in zip(total, term)]
    log_slope = [digammas(a + 1) - y]
    factorial = 1
    for j in range(1, order + 1):
        factorial *= j
        log_slope.append(polygammas(j, a + 1) / factorial)
    slope: Any = 0.0
    for j in range(order + 1):
        product = -(j + 1) * total[j + 1]
        for i in range(j + 1):
            product = product + total[i] * log_slope[j - i]
        slope = (product - slope) / a
    return slope * factorial


def gamma_slope_integral(
    xp: ArrayModule, a: Array, y: Array, order: int, digammas: Function, polygammas: Function
) -> Array:
    """The slope by quadrature up to where the integrand has decayed by a factor of exp(-38)."""
    decay = 38.0
    z = xp.exp(y)
    lead = digammas(a) - y
    left = lead > 0
    # Over s = y - r the integrand falls like exp(-(a - z) r - z (r - 1 + exp(-r))), where the
    # last bracket is at least r**2 / (2 + r); over s = y + r like exp(-(z - a) r - z r**2 / 2).
    b = decay - 2 * (a - z)
    root = xp.hypot(b, xp.sqrt(8 * a * decay))
    reach_left = xp.where(b < 0, 4 * decay / (root - b), (b + root) / (2 * a))
    reach = 2 * decay / (z - a + xp.hypot(z - a, xp.sqrt(2 * z * decay)))
    for _ in range(2):
        reach = xp.minimum(reach, xp.log((decay + z + a * reach) / z))
    reach = xp.where(left, -reach_left, reach)
    nodes, weights = (xp.asarray(v)[:, None] for v in legendre_rule())
    s = xp.concatenate([0.5 - 0.5 * nodes, 0.5 + 0.5 * nodes]) * reach
    # The derivatives of (lead - s) exp(a s - z (exp(s) - 1)) are polynomials times the exponential.
    polynomial = lead - s
    binomial = 1
    for i in range(1, order + 1):
        binomial = binomial * (order + 1 - i) // i
        polynomial = polynomial * s + binomial * polygammas(i, a)
    integrand = polynomial * xp.exp(a * s - z * xp.expm1(s))
    half = nodes.shape[0]
    folded = (integrand[:half] + integrand[half:]) * weights
    return folded.sum(axis=0) * reach * -0.5


def evaluate_gamma_slope(xp: ArrayModule, a: Array, y: Array, *, order: int) -> Array:
    """The derivative of this order with respect to a, at constant y, of the slope dy/da."""
    shape, dtype = xp.broadcast(a, y).shape, a.dtype
    a, y = (xp.broadcast_to(x, shape).reshape(-1).astype(xp.float64) for x in (a, y))
    out = xp.empty(a.size)
    block = 2048
    with np.errstate(all="ignore"):
        small = (y < 0.4) & (y < digamma_values(a + 1))
        chosen = xp.flatnonzero(small)
        if chosen.size:
            out[chosen] = gamma_slope_series(
                xp, a[chosen], y[chosen], order, digamma_values, polygamma_values
            )
        others = xp.flatnonzero(~small)
        for start in range(0, others.size, block):
            part = others[start : start + block]
            out[part] = gamma_slope_integral(
                xp, a[part], y[part], order, digamma_values, polygamma_values
            )
        return out.astype(dtype).reshape(shape)[()]


def gamma_slope_there(xp: Any, a: Array, y: Array, *, order: int) -> Array:
    """The same on arrays of a GPU, where each element is computed in both ways and selected."""
    special: Any = special_functions(xp)

    def polygammas(n: int, x: Array) -> Any:
        return special.polygamma(xp.full((), n, xp.float64), x)

    shape, dtype = xp.broadcast(a, y).shape, a.dtype
    a, y = (xp.broadcast_to(x, shape).reshape(-1).astype(xp.float64) for x in (a, y))
    parts: list[Any] = []
    block = 2**18  # the nodes of the integral are an axis of temporary arrays
    for start in range(0, max(a.size, 1), block):
        operands = (xp, a[start : start + block], y[start : start + block], order)
        small = (operands[2] < 0.4) & (operands[2] < special.digamma(operands[1] + 1))
        series = gamma_slope_series(*operands, special.digamma, polygammas)
        integral = gamma_slope_integral(*operands, special.digamma, polygammas)
        parts.append(xp.where(small, series, integral))
    out: Array = parts[0] if len(parts) == 1 else xp.concatenate(parts)
    return out.astype(dtype).reshape(shape)


def _abstract(a: Aval, y: Aval, *, order: int) -> Aval:
    return Aval(broadcast_shapes("gamma_slope", a.shape, y.shape), a.dtype)


def _batch(_size: int, args: Sequence[Array], batched: Sequence[bool], *, order: int) -> Array:
    ndim = max(len(x.shape) - b for x, b in zip(args, batched, strict=True))
    a, y = (expand_rank(x, ndim, reshape) if b else x for x, b in zip(args, batched, strict=True))
    return gamma_slope(a, y, order=order)


def _slope_of_a(t: Array, _out: Array, a: Array, y: Array, *, order: int) -> Array:
    return t * gamma_slope(a, y, order=order + 1)


def _slope_of_y(t: Array, out: Array, a: Array, y: Array, *, order: int) -> Array:
    """F's equation, differentiated once: d(slope)/dy = digamma(a) - y + (exp(y) - a) slope."""
    if order == 0:
        return t * (digamma(a) - y + (np.exp(y) - a) * out)
    lower = gamma_slope(a, y, order=order - 1)
    return t * (polygamma(order, a) + (np.exp(y) - a) * out - order * lower)


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    for order in (0, 1):
        a, y = sample(rng, (2, 3), "f8", (0.2, 6)), sample(rng, (3,), "f8", (-6, 3))
        yield Case(a, y, order=order)
        a, y = sample(rng, (4,), "f4", (0.5, 3)), sample(rng, (4,), "f4", (-2, 1))
        yield Case(a, y, order=order)
    yield Case(sample(rng, (), "f8", (2, 3)), sample(rng, (), "f8", (0, 1)), order=2)
    large = np.array([300.0, 900.0, 4000.0]), np.array([5.8, 6.7, 8.3])
    yield Case(*large, order=0, check=("double",))


gamma_slope: General = general(
    "gamma_slope",
    evaluate_gamma_slope,
    on_gpu=gamma_slope_there,
    abstract=_abstract,
    batch=_batch,
    cases=_cases,
    jvp=(_slope_of_a, _slope_of_y),
    elements=Float64("a series and continued fractions made for float64"),
    hazard=Hazard.NONE,
)
