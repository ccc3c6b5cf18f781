"""Jaxprs equation by equation with NumPy: what native code has to give, and how exactly.

A value is *exact* if all that it was made of are operators whose results native code has bit for
bit. The others are computed again with every result shifted by what its rounding may be; how far
they move then is how far native code may be away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np

from funcgrad.control.cond import clamp_index
from funcgrad.control.scan import trip_count
from funcgrad.core.facts import Decided, Moves, Picks
from funcgrad.core.jaxpr import Eqn, Jaxpr, Literal
from funcgrad.ops.families import Elementwise

EXACT = frozenset(
    """add sub mul div neg pos mul_strong mul_both_strong div_strong eq ne lt le gt ge logical_and
    logical_or logical_xor logical_not is_nan is_inf is_finite and or xor not shift_left shift_right
    max min fmax fmin select_n abs sign floor ceil trunc round signbit nextafter spacing copysign
    square sqrt reciprocal convert_element_type stop_gradient real conj argmax argmin sort
    argsort top_k searchsorted reduce_max reduce_min reduce_and reduce_or cummax cummin
    reduce_window_max reduce_window_min scatter_winners threefry2x32 random_uniform deg2rad rad2deg
    index_put""".split()
)
"""Operators of which native results have NumPy's bits. Those on integers all have."""

SUMS = frozenset(
    """reduce_sum dot_general cumsum overlap_add reduce_window_sum conv_general_dilated scatter_add
    """.split()
)
"""Sums of terms: rounded by the sum of their absolute values."""

CANCELLING = frozenset("logaddexp logaddexp2 rel_entr xlogratio".split())
"""Elementwise operators of several numbers whose results may be smaller than their parts."""

EQUALITIES = {"eq": (False, True), "ne": (False, True), "tie_shares": (0.0, 0.5, 1.0)}
"""Operators that tell equal numbers from almost equal ones, and what they may say of these."""

SIGNS = ("copysign", "signbit")
"""Operators that read the sign of a NaN, which may be any."""

LOGARITHMS = ("logsumexp", "log_total", "log_expm1", "log1mexp", "logit")
"""Logarithms of what is rounded before."""

EXTREMA = ("max", "min", "fmax", "fmin")
"""Operators of which NumPy's loops take either zero, some for the last few elements another one."""

ORDERS = frozenset(
    """sort top_k reduce_max reduce_min cummax cummin reduce_window_max reduce_window_min""".split()
)
"""Operators to which zeros of both signs are equal."""

ULPS = 5.0
"""Units in the last place between two evaluations of an elementary function."""


class Known(NamedTuple):
    """A value, and whether native code has its bits."""

    value: Any
    exact: bool


def evaluated(
    jaxpr: Jaxpr, args: Sequence[Any], rng: np.random.Generator | None = None
) -> list[Known]:
    """The results of a jaxpr; with a generator those of one that rounds in another way."""
    with np.errstate(all="ignore"):
        return _run(jaxpr, [Known(x, True) for x in args], rng)


def _run(jaxpr: Jaxpr, args: Sequence[Known], rng: Any) -> list[Known]:
    env: dict[Any, Known] = {
        v: Known(c, True) for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True)
    }
    env.update(zip(jaxpr.invars, args, strict=True))

    def known(a: Any) -> Known:
        return Known(a.value, True) if isinstance(a, Literal) else env[a]

    parts: set[Any] = set()  # arrays that are zero but for a part, and sums of such
    for e in _needed(jaxpr):
        given = [known(a) for a in e.inputs]
        adds = e.primitive.name == "add" and not parts.isdisjoint(e.inputs)
        outs = _sum_of_parts(e, given, rng) if adds else _equation(e, given, rng)
        if adds or e.primitive.onto is not None:
            parts.update(e.outvars)
        env.update(zip(e.outvars, outs, strict=True))
    return [known(a) for a in jaxpr.outvars]


def _sum_of_parts(e: Eqn, given: Sequence[Known], rng: Any) -> list[Known]:
    """A sum of arrays of which some are zero but for a part: parts are added one by one."""
    values = [k.value for k in given]
    outs = _computed(e, values)
    if rng is not None:
        outs = _shifted_sums(e, values, outs, rng)
    return [Known(o, False) for o in outs]


def _needed(jaxpr: Jaxpr) -> list[Eqn]:
    """The equations that results depend on: an error of another one is none."""
    wanted = {a for a in jaxpr.outvars if not isinstance(a, Literal)}
    found = []
    for e in reversed(jaxpr.eqns):
        if not wanted.isdisjoint(e.outvars):
            found.append(e)
            wanted.update(a for a in e.inputs if not isinstance(a, Literal))
    return found[::-1]


def _equation(e: Eqn, given: list[Known], rng: Any) -> list[Known]:
    name, params = e.primitive.name, e.params
    if name == "scan":
        return _scan(e, given, rng)
    if name == "while":
        return _while(e, given, rng)
    if name == "cond":
        branches = params["branches"]
        chosen = branches[clamp_index(given[0].value, len(branches))]
        outs = _run(chosen, given[1:], rng)
        return [Known(o.value, o.exact and given[0].exact) for o in outs]
    called = params["jaxpr"] if name == "checkpoint" else e.primitive.called(params)
    if called is not None:
        return _run(called, given, rng)
    values = [k.value for k in given]
    outs = _computed(e, values)
    exact = all(k.exact for k in given) and _has_numpys_bits(e, [*values, *outs])
    exact = exact and not _has_two_zeros(e, values)
    if rng is None or exact:
        return [Known(o, exact) for o in outs]
    return [Known(o, False) for o in _shifted(e, values, outs, rng)]


def _lgamma(x: float) -> float:
    """The logarithm of the gamma function; SciPy's is wrong beside its zeros, and near 0."""
    if not math.isfinite(x) or (x <= 0 and x == math.floor(x)):
        return math.nan if math.isnan(x) else math.inf
    return float(mpmath.loggamma(x).real)


def _digamma(x: float, by_scipy: float) -> float:
    """The digamma function; SciPy's loses digits beside its poles."""
    ordinary = math.isfinite(x) and x != math.floor(x)
    return float(mpmath.digamma(x)) if ordinary else by_scipy


def _computed(e: Eqn, values: Sequence[Any]) -> list[Any]:
    if e.primitive.name == "lgamma":
        dtype = e.outvars[0].aval.dtype
        return [np.vectorize(_lgamma, otypes=[dtype])(np.asarray(values[0], np.float64))]
    out = e.primitive(*values, **e.params)
    if e.primitive.name == "digamma":
        dtype = e.outvars[0].aval.dtype
        return [np.vectorize(_digamma, otypes=[dtype])(np.asarray(values[0], np.float64), out)]
    return list(out) if e.primitive.multiple else [out]


def _has_numpys_bits(e: Eqn, every: Sequence[Any]) -> bool:
    if all(np.asarray(x).dtype.kind in "iub" for x in every):
        return True
    moves = e.primitive.elements
    if isinstance(moves, Moves | Picks):
        return moves.holds is None or moves.holds(e.params)
    return isinstance(moves, Decided) or e.primitive.name in EXACT


def _scan(e: Eqn, given: list[Known], rng: Any) -> list[Known]:
    layout, body = e.params["layout"], e.params["jaxpr"]
    fixed, carry, xs = layout.split(given)
    n = trip_count(e.params["length"], [x.value for x in xs])
    state: list[Known] = list(carry)
    rows: list[list[Known]] = [[] for _ in body.outvars[layout.carry :]]
    for i in range(n - 1, -1, -1) if e.params["reverse"] else range(n):
        row = [Known(x.value[i], x.exact) for x in xs]
        outs = _run(body, [*fixed, *state, *row], rng)
        state = outs[: layout.carry]
        for made, v in zip(rows, outs[layout.carry :], strict=True):
            made.append(v)
    if e.params["reverse"]:
        rows = [made[::-1] for made in rows]
    return [*_as_carried(state, body), *_stacked(rows, body.outvars[layout.carry :])]


def _while(e: Eqn, given: list[Known], rng: Any) -> list[Known]:
    tests, layout = e.params["tests"], e.params["layout"]
    cond, body = e.params["cond"], e.params["body"]
    start = tests + layout.consts
    fixed, state = given[tests:start], list(given[start:])
    rows: list[list[Known]] = [[] for _ in body.outvars[layout.carry :]]
    exact = True
    while True:
        (goes,) = _run(cond, [*given[:tests], *state], rng)
        exact = exact and goes.exact
        if not goes.value:
            break
        outs = _run(body, [*fixed, *state], rng)
        state = outs[: layout.carry]
        for made, v in zip(rows, outs[layout.carry :], strict=True):
            made.append(v)
    found = [*_as_carried(state, body), *_stacked(rows, body.outvars[layout.carry :])]
    return [Known(k.value, k.exact and exact) for k in found]


def _as_carried(state: Sequence[Known], body: Jaxpr) -> list[Known]:
    return [
        Known(np.asarray(k.value, v.aval.dtype), k.exact)
        for k, v in zip(state, body.outvars, strict=False)
    ]


def _stacked(rows: Sequence[list[Known]], outvars: Sequence[Any]) -> list[Known]:
    found = []
    for made, v in zip(rows, outvars, strict=True):
        stacked = np.empty((len(made), *v.aval.shape), v.aval.dtype)
        for i, k in enumerate(made):
            stacked[i] = k.value
        found.append(Known(stacked, all(k.exact for k in made)))
    return found


# --- other roundings ------------------------------------------------------------------------------


def _signs(rng: np.random.Generator, shape: Any) -> np.ndarray:
    return rng.uniform(0.5, 1.0, shape) * rng.choice((-1.0, 1.0), shape)


def _moved(x: Any, ulps: float, rng: np.random.Generator) -> Any:
    """Floats, each by some units in the last place further up or down."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        return (x * (1 + ulps * np.finfo(x.dtype).eps * _signs(rng, x.shape))).astype(x.dtype)
    if x.dtype.kind != "f":
        return x
    unit = np.spacing(np.abs(x))
    return np.where(np.isfinite(unit), x + ulps * unit * _signs(rng, x.shape), x).astype(x.dtype)


def _shifted(
    e: Eqn, values: Sequence[Any], outs: Sequence[Any], rng: np.random.Generator
) -> list[Any]:
    """The results of an equation as another evaluation may round them."""
    if e.primitive.name in SIGNS:
        return [_with_any_sign(e, values, outs[0], rng)]
    if e.primitive.name in EXTREMA:
        other = np.copysign(outs[0], _signs(rng, np.shape(outs[0])))
        return [np.where(_zeros_of_both_signs(values), other, outs[0]).astype(outs[0].dtype)]
    if e.primitive.name in ORDERS:
        return [_with_other_zeros(o, rng) for o in outs]
    if e.primitive.name in EQUALITIES:
        return [_at_ties(e, values, outs[0], rng)]
    if _has_numpys_bits(e, [*values, *outs]):
        return list(outs)
    name = e.primitive.name
    if name in LOGARITHMS:  # of numbers that may be near 1
        found = [_moved(np.asarray(o) + _noise(o, rng), ULPS, rng) for o in outs]
        return [np.where(np.abs(x) < 1e-6, _or_zero(x, rng), x) for x in found]
    if isinstance(e.primitive, Elementwise) and name not in CANCELLING:
        return [_moved(o, ULPS, rng) for o in outs]
    if e.primitive.name in SUMS:
        return _shifted_sums(e, values, outs, rng)
    near = [_moved(x, ULPS, rng) for x in values]
    if e.primitive.name == "reduce_prod":  # what overflows or vanishes is a matter of the order
        for axis in e.params["axes"]:
            near[0] = rng.permutation(near[0], axis=axis)
    length = max((np.asarray(x).size for x in values), default=1) ** 0.5
    try:
        again = _computed(e, near)
    except (np.linalg.LinAlgError, ArithmeticError, ValueError):
        again = list(outs)
    return [_moved(o, ULPS + length, rng) for o in again]


def _size(x: Any) -> Any:
    """Absolute values of what is finite."""
    if np.asarray(x).dtype.kind not in "fc":
        return x
    return np.where(np.isfinite(x), np.abs(x), 0).astype(np.asarray(x).dtype)


def _or_zero(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers that may vanish."""
    return np.where(rng.random(np.shape(x)) < 0.3, np.zeros((), x.dtype), x)


def _has_two_zeros(e: Eqn, values: Sequence[Any]) -> bool:
    """True if an operator takes one of two zeros, of which either will do."""
    name = e.primitive.name
    if name in EXTREMA:
        return bool(_zeros_of_both_signs(values).any())
    x = np.asarray(values[0])
    if name not in ORDERS or x.dtype.kind != "f":
        return False
    zeros = np.signbit(x[x == 0])
    return bool(zeros.any() and not zeros.all())


def _with_other_zeros(x: Any, rng: np.random.Generator) -> Any:
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return x
    return np.where(x == 0, np.copysign(x, _signs(rng, x.shape)), x).astype(x.dtype)


def _zeros_of_both_signs(values: Sequence[Any]) -> Any:
    x, y = (np.asarray(v, np.float64) for v in values)
    return (x == 0) & (y == 0) & (np.signbit(x) != np.signbit(y))


def _noise(x: Any, rng: np.random.Generator) -> np.ndarray:
    dtype = np.asarray(x).dtype
    return (ULPS * np.finfo(dtype).eps * _signs(rng, np.shape(x))).astype(dtype)


def _with_any_sign(e: Eqn, values: Sequence[Any], out: Any, rng: np.random.Generator) -> Any:
    """The result where a NaN may have the other sign."""
    flipped = rng.choice((-1.0, 1.0), np.shape(out))
    other = np.signbit(flipped) if e.primitive.name == "signbit" else out * flipped
    return np.where(np.isnan(values[-1]), other, out).astype(np.asarray(out).dtype)


def _at_ties(e: Eqn, values: Sequence[Any], out: Any, rng: np.random.Generator) -> Any:
    """The result where numbers that are almost equal may be so, and equal ones not."""
    x, y = (np.asarray(v) for v in values)
    if x.dtype.kind != "f" or y.dtype.kind != "f":
        return out
    unit = np.spacing(np.maximum(np.abs(x), np.abs(y)).astype(np.result_type(x, y)))
    near = np.abs(x - y) <= 40 * unit
    other = rng.choice(EQUALITIES[e.primitive.name], np.shape(out))
    return np.where(near, other, out).astype(np.asarray(out).dtype)


def _shifted_sums(
    e: Eqn, values: Sequence[Any], outs: Sequence[Any], rng: np.random.Generator
) -> list[Any]:
    with np.errstate(all="ignore"):
        sizes = [_size(x) for x in values]
        totals = _computed(e, sizes)
    found = []
    for o, total in zip(outs, totals, strict=True):
        if np.asarray(o).dtype.kind not in "fc":
            found.append(o)
            continue
        terms = max(np.asarray(x).size for x in values) / max(1, np.asarray(o).size)
        bound = (3 + np.log2(1 + terms)) * np.finfo(np.asarray(o).dtype).eps * np.abs(total)
        overflows = np.isinf(bound)  # and which partial sums do is a matter of their order
        bound = np.where(np.isfinite(bound), bound, 0.0)
        signs = _signs(rng, np.shape(o))
        moved = np.asarray(o + bound * signs, np.asarray(o).dtype)
        if moved.dtype.kind == "f":  # so is the sign of a zero
            moved = np.where(moved == 0, np.copysign(moved, signs), moved).astype(moved.dtype)
        moved = np.where(np.abs(o) <= bound, _or_zero(moved, rng), moved)
        other = rng.choice((0.0, np.inf, -np.inf, np.nan), np.shape(o)).astype(moved.dtype)
        found.append(np.where(overflows, other, moved))
    return found
