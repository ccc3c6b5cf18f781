"""Operators for derivatives of special functions in their parameters, of every order.

SciPy evaluates the functions, not these derivatives. Each is a sum or an integral whose terms are
differentiated: of the order that the parameter ``orders`` says, for each of the function's
parameters. So the derivative of such an operator is the same one of a higher order, and nothing is
a difference of nearby values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import comb, factorial
from typing import Any, TypeAlias

import numpy as np

from ...arrays import special_functions
from ...core.avals import Aval
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...core.tracing import shape_of
from ...typing import Array
from ..families import General, broadcast_shapes, expand_rank, general, sample
from ..shape import reshape

Orders: TypeAlias = tuple[int, ...]
Kernel: TypeAlias = Callable[..., Array]
"""(orders, *operands) -> values, of vectors of float64 of one length."""

BLOCK = 2048
"""Elements at a time: the places of integrals are an axis of temporary arrays."""


def more(orders: Orders, i: int, by: int = 1) -> Orders:
    """The orders with that of one parameter raised."""
    return (*orders[:i], orders[i] + by, *orders[i + 1 :])


def result_dtype(last: Any) -> np.dtype:
    """The dtype of results: that of the argument, in which SciPy computes, too."""
    dtype = getattr(last, "dtype", np.dtype(np.float64))
    return np.result_type(dtype, np.float32) if dtype.kind == "f" else np.dtype(np.float64)


def by_blocks(kernel: Kernel, orders: Orders, operands: Sequence[Any]) -> Array:
    """Values of a kernel on arrays of any shapes."""
    dtype = result_dtype(operands[-1])
    given = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in operands])
    columns = [x.reshape(-1) for x in given]
    out = np.empty(columns[0].size)
    with np.errstate(all="ignore"):
        for start in range(0, out.size, BLOCK):
            part = slice(start, start + BLOCK)
            out[part] = kernel(orders, *[c[part] for c in columns])
        return out.astype(dtype).reshape(given[0].shape)[()]


def few_cases(
    domains: Sequence[tuple[float, float]],
) -> Callable[[np.random.Generator], Iterator[Case]]:
    """One case, which broadcasts, of a function whose evaluation takes long."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        shapes = [(2,), (3, 1), *[()] * (len(domains) - 2)][: len(domains)][::-1]
        yield Case(*[sample(rng, s, "f8", d) for s, d in zip(shapes, domains, strict=True)])

    return cases


def parameter_slope(
    name: str,
    count: int,
    kernel: Kernel,
    along: Callable[..., Array] | None,
    *,
    domains: Sequence[tuple[float, float]],
    constants: Sequence[float] = (),
) -> General:
    """An operator of parameters and an argument, with ``orders`` of derivatives in the parameters.

    Args:
        name: name in jaxprs.
        count: how many parameters there are; an argument comes behind them.
        kernel: its evaluation.
        along: (operator, orders, *operands) -> the derivative in the argument, of operators; None
            where there is none.
        domains: for each operand the interval from which cases are drawn.
        constants: values, in cases, of operands behind those, which have no derivative.

    Returns:
        The registered record.
    """

    def evaluate(xp: Any, *operands: Any, orders: Orders) -> Array:
        return by_blocks(kernel, orders, operands)

    def on_gpu(xp: Any, *operands: Any, orders: Orders) -> Array:
        there = [x.get() if hasattr(x, "get") else x for x in operands]
        return xp.asarray(by_blocks(kernel, orders, there))  # type: ignore[no-any-return]

    def abstract(*avals: Aval, orders: Orders) -> Aval:
        return Aval(broadcast_shapes(name, *[a.shape for a in avals]), result_dtype(avals[-1]))

    def batch(_size: int, args: Sequence[Any], batched: Sequence[bool], *, orders: Orders) -> Array:
        ndim = max(len(shape_of(x)) - b for x, b in zip(args, batched, strict=True))
        aligned = [
            expand_rank(x, ndim, reshape) if b else x for x, b in zip(args, batched, strict=True)
        ]
        return operator(*aligned, orders=orders)

    def rule_of(i: int) -> Callable[..., Array]:
        def rule(t: Array, _out: Array, *operands: Array, orders: Orders) -> Array:
            return t * operator(*operands, orders=more(orders, i))

        return rule

    def rule_along(t: Array, _out: Array, *operands: Array, orders: Orders) -> Array:
        return t * along(operator, orders, *operands)  # type: ignore[misc]

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for i in sorted({0, count - 1}):
            for case in few_cases(domains)(rng):
                args = (*case.args, *constants)
                if constants:
                    yield Case(*args, orders=(0,) * count)
                yield Case(*args, orders=more((0,) * count, i))

    operator = general(
        name,
        evaluate,
        on_gpu=on_gpu,
        abstract=abstract,
        batch=batch,
        cases=cases,
        jvp=(*map(rule_of, range(count)), *([rule_along] if along else [None] * len(constants))),
        elements=Float64("series and integrals made for float64"),
        hazard=Hazard.DOMAIN,
    )
    return operator


# --- truncated Taylor series in the parameters ----------------------------------------------------

Jet: TypeAlias = dict[Orders, Any]
"""Coefficients of a polynomial in small steps of the parameters, by their powers."""


def powers_below(orders: Orders) -> list[Orders]:
    """The powers that a derivative of these orders needs, lower ones first."""
    return [tuple(int(i) for i in p) for p in np.ndindex(*(n + 1 for n in orders))]


def below(power: Orders, i: int) -> Orders | None:
    """The powers with one less of a step, if there is one."""
    return more(power, i, -1) if power[i] else None


def times_linear(jet: Jet, constant: Any, signs: Sequence[int]) -> Jet:
    """The product with constant + the sum of signs[i] * step i."""
    out: Jet = {}
    for power, c in jet.items():
        total = constant * c
        for i, s in enumerate(signs):
            lower = below(power, i) if s else None
            if lower is not None:
                total = total + jet[lower] if s > 0 else total - jet[lower]
        out[power] = total
    return out


def over_linear(jet: Jet, constant: Any, signs: Sequence[int]) -> Jet:
    """The quotient by constant + the sum of signs[i] * step i."""
    out: Jet = {}
    for power, c in jet.items():
        total = c
        for i, s in enumerate(signs):
            lower = below(power, i) if s else None
            if lower is not None:
                total = total - out[lower] if s > 0 else total + out[lower]
        out[power] = total / constant
    return out


def times(a: Jet, b: Jet) -> Jet:
    """The product of two."""
    out: Jet = {}
    for power in a:
        total: Any = 0.0
        for part in powers_below(power):
            rest = tuple(n - m for n, m in zip(power, part, strict=True))
            total = total + a[part] * b[rest]
        out[power] = total
    return out


def log_gamma_jet(x: Array, orders: Orders, sign: float) -> Jet:
    """The series of sign * log(gamma(x + step))."""
    special = special_functions(np)
    jet: Jet = {(0,): sign * special.gammaln(x)}
    for k in range(1, orders[0] + 1):
        slope = special.digamma(x) if k == 1 else special.polygamma(k - 1, x)
        jet[(k,)] = sign * slope / factorial(k)
    return jet


def exponential_jet(jet: Jet, n: int) -> Jet:
    """The exponential of a series in one step."""
    out: Jet = {(0,): np.exp(jet[(0,)])}
    for k in range(1, n + 1):
        total: Any = 0.0
        for i in range(1, k + 1):
            total = total + i * jet[(i,)] * out[(k - i,)]
        out[(k,)] = total / k
    return out


def exponential_factor(g: Callable[..., Any], orders: Orders) -> Any:
    """The derivative of exp(G) over exp(G), where g(*orders) is the one of G, not of order 0.

    By Leibniz' rule for exp(G)' = G' exp(G); of parameters as of operators.
    """
    known: dict[Orders, Any] = {(0,) * len(orders): 1.0}
    for power in powers_below(orders):
        if power in known:
            continue
        first = next(i for i, n in enumerate(power) if n)
        base = more(power, first, -1)
        total: Any = 0.0
        for part in powers_below(base):
            rest = tuple(n - m for n, m in zip(base, part, strict=True))
            weight = 1
            for n, m in zip(base, part, strict=True):
                weight *= comb(n, m)
            total = total + weight * g(*more(part, first)) * known[rest]
        known[power] = total
    return known[orders]
