"""How equations are written on pairs: by formulas, or part by part."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Sequence
from math import inf, nan
from typing import Any, TypeAlias

import numpy as np

from ...core.avals import Aval
from ...core.facts import Moves
from ...core.jaxpr import Eqn, Jaxpr, Literal
from ...core.tracing import shape_of
from ...equality import exact_key
from ...ops.families import Bilinear, Elementwise, Linear
from ...ops.shape import convert
from ...transforms.staging import Formulas, stage
from .pair_functions import PairFunctions
from .pair_numbers import NoPairsError, Pair, Real, is_complex, part_of

MOST_FORMS = 4096
"""So many forms of equations are kept."""

_ADDED: dict[str, slice] = {"scatter_add": slice(1, None), "index_add": slice(2, None)}
"""Operators that add numbers at indices, and which of their operands those are."""

_forms: dict[Hashable, Jaxpr | None] = {}


def pair_form(e: Eqn, fits: Callable[[Jaxpr], bool]) -> Jaxpr | None:
    """An equation as a function of the parts of its variables; None if there is no such form."""
    rule = _rule(e)
    if rule is None or any(a.aval.symbolic for a in (*e.inputs, *e.outvars)):
        return None
    key = (
        e.primitive,
        tuple((a.aval.shape, a.aval.dtype, _value_key(a)) for a in e.inputs),
        tuple((k, exact_key(v)) for k, v in e.params.items()),
    )
    if key not in _forms:
        while len(_forms) >= MOST_FORMS:
            del _forms[next(iter(_forms))]
        found = _staged(e, rule)
        _forms[key] = found if found is not None and fits(found) else None
    return _forms[key]


def _value_key(a: Any) -> Hashable:
    return exact_key(a.value) if type(a) is Literal else None


Rule: TypeAlias = Callable[..., Sequence["Pair | Real"]]
"""(equation, functions of pairs, operands) -> results."""


def _staged(e: Eqn, rule: Rule) -> Jaxpr | None:
    made = [v.aval.dtype for v in e.outvars if is_complex(v)]
    given = [a.value if type(a) is Literal else a.aval.dtype for a in e.inputs]
    m = PairFunctions(part_of(np.result_type(*(made or given))))
    avals = [
        Aval(a.aval.shape, part_of(a.aval.dtype) if is_complex(a) else a.aval.dtype)
        for a in e.inputs
        if type(a) is not Literal
        for _ in range(1 + is_complex(a))
    ]

    def run(*parts: Any) -> list[Any]:
        left = iter(parts)
        operands: list[Any] = []
        for a in e.inputs:
            if type(a) is Literal:
                operands.append(m.pair(a.value) if is_complex(a) else a.value)
            else:
                operands.append(Pair(next(left), next(left)) if is_complex(a) else next(left))
        found: list[Any] = []
        for v, out in zip(e.outvars, rule(e, m, operands), strict=True):
            dtype = part_of(v.aval.dtype) if is_complex(v) else v.aval.dtype
            both = m.pair(out) if is_complex(v) else out
            every = (both.re, both.im) if isinstance(both, Pair) else (both,)
            found += [_shaped(x, v.aval.shape, dtype) for x in every]
        return found

    try:
        return stage(run, avals, f"the parts of {e.primitive.name}", Formulas(None))
    except (NoPairsError, TypeError, AttributeError):
        return None


def _shaped(x: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    x = x.astype(dtype) if hasattr(x, "astype") else dtype.type(x)
    return x if shape_of(x) == shape else np.broadcast_to(x, shape)


def _rule(e: Eqn) -> Rule | None:
    """How an equation is written on pairs."""
    prim = e.primitive
    if prim is convert:
        return _converted
    if isinstance(prim, Elementwise):
        return _by_formula if prim.name in OPERATIONS or prim.rounded or prim.scalar else None
    moves = prim.elements
    if isinstance(moves, Moves):
        return _moved if moves.holds is None or moves.holds(e.params) else None
    if prim.name in _ADDED:
        return _moved
    if isinstance(prim, Linear):
        return _moved if _keeps_reals(e) else None
    if isinstance(prim, Bilinear):
        return _bilinear
    return {"reduce_prod": _multiplied, "vector_norm": _norm}.get(prim.name)


def _keeps_reals(e: Eqn) -> bool:
    """True if an operator makes real numbers of real ones, each part of its own."""
    x, out = e.inputs[0].aval, e.outvars[0].aval
    if out.dtype.kind != "c":  # both parts of the operand count for one real number
        return False
    found = e.primitive.abstract(Aval(x.shape, part_of(x.dtype)), **e.params)
    return bool(found.dtype == part_of(out.dtype))


def _converted(e: Eqn, m: PairFunctions, operands: Sequence[Any]) -> Sequence[Any]:
    (x,), dtype = operands, e.outvars[0].aval.dtype
    if dtype.kind == "c":
        x = m.pair(x) if not isinstance(x, Pair) else x
        return [Pair(x.re.astype(m.dtype), x.im.astype(m.dtype))]
    return [(x.re != 0) | (x.im != 0) if dtype.kind == "b" else x.re]


def _by_formula(e: Eqn, m: PairFunctions, operands: Sequence[Any]) -> Sequence[Any]:
    prim = e.primitive
    of_name = OPERATIONS.get(prim.name)
    if of_name is not None:
        return [of_name(m, *operands)]
    if prim.name != "select_n":
        operands = [_converted_pair(m, x) for x in operands]
    return [(prim.rounded or prim.scalar)(m, *operands)]


def _converted_pair(m: PairFunctions, x: Any) -> Pair:
    x = m.pair(x)
    return Pair(x.re.astype(m.dtype), x.im.astype(m.dtype))


def _moved(e: Eqn, m: PairFunctions, operands: Sequence[Any]) -> Sequence[Any]:
    """The operator on the real parts, and on the imaginary ones."""
    prim = e.primitive
    where = prim.elements.where if isinstance(prim.elements, Moves) else slice(0)
    where = _ADDED.get(prim.name, where)
    places = set(range(len(operands))[where])
    pairs = [x if i in places else m.pair(x) for i, x in enumerate(operands)]
    both = []
    for part in ("re", "im"):
        given = [
            x if i in places else np.broadcast_to(getattr(x, part), shape_of(x.re))
            for i, x in enumerate(pairs)
        ]
        found = prim(*given, **e.params)
        both.append(found if prim.multiple else [found])
    return [Pair(*parts) for parts in zip(*both, strict=True)]


def _bilinear(e: Eqn, m: PairFunctions, operands: Sequence[Any]) -> Sequence[Any]:
    """Four products of parts; two where one operand is real. Strong zeros are those of parts."""
    x, y = operands

    def product(a: Any, b: Any) -> Any:
        return e.primitive(a.astype(m.dtype), b.astype(m.dtype), **e.params)

    if not isinstance(x, Pair):
        return [Pair(product(x, y.re), product(x, y.im))]
    if not isinstance(y, Pair):
        return [Pair(product(x.re, y), product(x.im, y))]
    return [
        Pair(product(x.re, y.re) - product(x.im, y.im), product(x.re, y.im) + product(x.im, y.re))
    ]


def _multiplied(e: Eqn, m: PairFunctions, operands: Sequence[Any]) -> Sequence[Any]:
    """The product along axes: halves with halves."""
    (x,), axes = operands, e.params["axes"]
    shape = x.re.shape
    kept = [k for k in range(len(shape)) if k not in axes]
    order = (*axes, *kept)
    rows = [np.transpose(p, order).reshape(-1, *[shape[k] for k in kept]) for p in (x.re, x.im)]
    if not rows[0].shape[0]:
        one = np.ones([shape[k] for k in kept], m.dtype)
        return [Pair(one, 0 * one)]
    found = Pair(*rows)
    while (n := found.re.shape[0]) > 1:
        half = n // 2
        product = Pair(found.re[:half], found.im[:half]) * Pair(
            found.re[half : 2 * half], found.im[half : 2 * half]
        )
        if n % 2:
            rest = Pair(found.re[-1:], found.im[-1:])
            product = Pair(
                np.concatenate([product.re, rest.re]), np.concatenate([product.im, rest.im])
            )
        found = product
    return [Pair(found.re[0], found.im[0])]


def _norm(e: Eqn, m: PairFunctions, operands: Sequence[Any]) -> Sequence[Any]:
    """The norm of the parts' norms, or that of the sizes."""
    (x,) = operands
    if e.params["order"] == 2:
        return [np.hypot(e.primitive(x.re, **e.params), e.primitive(x.im, **e.params))]
    return [e.primitive(np.hypot(x.re, x.im), **e.params)]


# --- elementwise operators without a formula -----------------------------------------------------


def _both(test: Callable[[Real], Real], all_of: bool) -> Callable[..., Real]:
    def run(m: PairFunctions, x: Pair) -> Real:
        return test(x.re) & test(x.im) if all_of else test(x.re) | test(x.im)

    return run


def _equal(m: PairFunctions, x: Any, y: Any) -> Real:
    return _converted_pair(m, x) == _converted_pair(m, y)


def _unequal(m: PairFunctions, x: Any, y: Any) -> Real:
    return _converted_pair(m, x) != _converted_pair(m, y)


def _ordered(test: Callable[[Real, Real], Real]) -> Callable[..., Real]:
    """A comparison by real parts, of equal ones by imaginary parts, as NumPy has it."""

    def run(m: PairFunctions, x: Any, y: Any) -> Real:
        u, v = _converted_pair(m, x), _converted_pair(m, y)
        numbers = (u.im == u.im) & (v.im == v.im)
        apart = test(u.re, v.re) & (u.re != v.re) & numbers
        return apart | ((u.re == v.re) & test(u.im, v.im))

    return run


def _chosen_by(test: Callable[[Real, Real], Real], unordered: int) -> Callable[..., Pair]:
    """The first number if it passes a test, or if one of the operands, by number, is NaN."""

    def run(m: PairFunctions, x: Any, y: Any) -> Pair:
        both = _converted_pair(m, x), _converted_pair(m, y)
        z = both[unordered]
        lost = (z.re != z.re) | (z.im != z.im)
        return m.where(_ordered(test)(m, *both) | lost, *both)

    return run


def _true(m: PairFunctions, x: Any) -> Real:
    return m.pair(x) != 0


def _power(m: PairFunctions, x: Any, y: Any) -> Any:
    """Powers with small integers are products."""
    if isinstance(x, Pair) and isinstance(y, int | float) and y == int(y) and abs(y) < 100:
        n, found, square = abs(int(y)), None, x
        while n:
            if n & 1:
                found = square if found is None else found * square
            n >>= 1
            square = square * square if n else square
        if found is None:
            return Pair(np.ones_like(x.re), np.zeros_like(x.re))
        return _reciprocal(m, found) if y < 0 else found
    if isinstance(x, Pair) and type(y) is float and y == 0.5:
        return m.sqrt(x)
    return m.power(_converted_pair(m, x), _converted_pair(m, y))


def _reciprocal(m: PairFunctions, x: Pair) -> Pair:
    flat = np.abs(x.im) <= np.abs(x.re)
    larger, lesser = m.where(flat, x.re, x.im), m.where(flat, x.im, x.re)
    ratio = lesser / larger
    below = larger + lesser * ratio
    one = np.ones_like(ratio)
    return Pair(m.where(flat, one, ratio) / below, -(m.where(flat, ratio, one) / below))


def _sign(m: PairFunctions, x: Pair) -> Pair:
    """The number over its size; an infinity along an axis is the unit there."""
    size, ends = np.hypot(x.re, x.im), (np.abs(x.re) == inf, np.abs(x.im) == inf)
    one, both = ends[0] ^ ends[1], ends[0] & ends[1]

    def part(p: Real, endless: Real) -> Real:
        unit = np.where(endless, np.copysign(m.number(1), p), m.number(0))
        share = np.where(both, m.number(nan), np.where(one, unit, p / size))
        return np.where(size == 0, m.number(0), share)

    return Pair(part(x.re, ends[0]), part(x.im, ends[1]))


OPERATIONS: dict[str, Callable[..., Any]] = {
    "complex": lambda m, x, y: Pair(x, y),
    "conj": lambda m, x: Pair(np.positive(x.re), -x.im),  # both are made in one pass
    "eq": _equal,
    "ne": _unequal,
    "lt": _ordered(operator.lt),
    "le": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "ge": _ordered(operator.ge),
    "max": _chosen_by(operator.ge, 0),
    "min": _chosen_by(operator.le, 0),
    "fmax": _chosen_by(operator.ge, 1),
    "fmin": _chosen_by(operator.le, 1),
    "logical_and": lambda m, x, y: _true(m, x) & _true(m, y),
    "logical_or": lambda m, x, y: _true(m, x) | _true(m, y),
    "logical_xor": lambda m, x, y: _true(m, x) ^ _true(m, y),
    "logical_not": lambda m, x: ~_true(m, x),
    "is_nan": _both(np.isnan, False),
    "is_inf": _both(np.isinf, False),
    "is_finite": _both(np.isfinite, True),
    "pos": lambda m, x: x,
    "stop_gradient": lambda m, x: x,
    "round": lambda m, x: Pair(np.rint(x.re), np.rint(x.im)),
    "pow": _power,
    "sign": _sign,
    "reciprocal": _reciprocal,
}
"""By the names of operators."""
