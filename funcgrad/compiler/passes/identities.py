"""Equations that change nothing, or that another equation does with less: exactly, NaN, infinities
and signed zeros included.

What an operator is, its record says: ``right_unit``, ``involution``, ``idempotent``, ``even`` and
``single``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...core.avals import Aval
from ...core.dtypes import is_inexact, kind_of
from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ...core.primitive import Primitive
from ...ops.contraction.dot_general import dot_general
from ...ops.families import Elementwise
from ...ops.pointwise.arithmetic import add, neg
from ...ops.pointwise.comparison import select
from ...ops.shape import convert, reduce_sum, reshape, transpose
from ...ops.structural.indexing import FULL, index, index_put, key_places
from ...ops.structural.joining import concatenate
from ...ops.structural.stacking import stack
from ..costs import work_of
from .drafts import renamed

SMALL = 1 << 12
"""Elements of a constant that are looked at."""

Found: TypeAlias = "Atom | list[Eqn] | None"
"""What an equation's result is, or equations that make it, or neither."""


class _Before:
    """What is known where an equation stands."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.made: dict[Any, Eqn] = {}
        self.known: dict[Any, Any] = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))

    def maker(self, a: Any) -> Eqn | None:
        """The equation that makes an operand."""
        return None if type(a) is Literal else self.made.get(a)

    def constant(self, a: Any) -> Any:
        """The value of a small constant; None for other operands."""
        if type(a) is Literal:
            return a.value
        value = self.known.get(a)
        return value if isinstance(value, np.ndarray) and value.size <= SMALL else None


def drop_identities(jaxpr: Jaxpr) -> Jaxpr:
    """Replace equations by what they come to."""
    names: dict[Any, Any] = {}
    before = _Before(jaxpr)
    eqns: list[Eqn] = []
    changed = False
    for old in jaxpr.eqns:
        e = renamed([old], names)[0] if names else old
        found = _simpler(e, before)
        if found is None:
            new = [e]
        elif isinstance(found, list):
            new, changed = found, True
        else:
            names[e.outvars[0]] = found
            changed = True
            continue
        for each in new:
            eqns.append(each)
            before.made.update((v, each) for v in each.outvars)
    if not changed:
        return jaxpr
    outs = [a if type(a) is Literal else names.get(a, a) for a in jaxpr.outvars]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, outs, jaxpr.consts)


def _simpler(e: Eqn, before: _Before) -> Found:
    if len(e.outvars) != 1 or not e.inputs:
        return None
    if e.outvars[0].aval.symbolic or any(a.aval.symbolic for a in e.inputs):
        return None
    for rule in (*RULES, *RULES_OF.get(e.primitive, ())):
        found = rule(e, before)
        if found is not None:
            return found
    return None


def _same(a: Any, e: Eqn) -> Any:
    """The operand, if it is the result also in shape, dtype and weakness."""
    return a if a.aval == e.outvars[0].aval else None


# --- facts of records ----------------------------------------------------------------------------


def _unit(e: Eqn, _before: _Before) -> Found:
    """A quotient by one, a difference from zero."""
    unit = e.primitive.right_unit
    if unit is None or type(e.inputs[-1]) is not Literal:
        return None
    value = e.inputs[-1].value
    if e.outvars[0].aval.dtype.kind == "c" or value != unit or np.signbit(value):
        return None
    return _same(e.inputs[0], e)  # type: ignore[no-any-return]


def _twice(e: Eqn, before: _Before) -> Found:
    """What is undone, done before, or blind to the sign before it."""
    prim, inner = e.primitive, before.maker(e.inputs[0])
    if inner is None or not inner.inputs or len(e.inputs) != 1:
        return None
    if inner.primitive is prim and prim.involution and not e.params:
        return _same(inner.inputs[0], e)
    if inner.primitive is prim and prim.idempotent and inner.params == e.params:
        return _same(e.inputs[0], e)
    x = inner.inputs[0]
    if inner.primitive is neg and prim.even and x.aval == e.inputs[0].aval:
        return [Eqn(prim, [x], e.params, e.outvars, e.source)]
    return None


def _single(e: Eqn, _before: _Before) -> Found:
    """Reductions along axes of length one; of negative zeros the sum is zero."""
    x, out = e.inputs[0], e.outvars[0]
    if not (e.primitive.single or e.primitive is reduce_sum) or type(x) is Literal:
        return None
    if any(x.aval.shape[i] != 1 for i in e.params["axes"]) or not e.params["axes"]:
        return None
    if x.aval.dtype != out.aval.dtype or x.aval.weak or out.aval.weak:
        return None
    params = {"shape": out.aval.shape}
    if e.primitive is not reduce_sum or not is_inexact(x.aval.dtype):
        return [Eqn(reshape, [x], params, e.outvars, e.source)]
    flat = Var(out.aval)
    zero = Literal(out.aval.dtype.type(0), Aval((), out.aval.dtype))
    return [
        Eqn(reshape, [x], params, [flat], e.source),
        Eqn(add, [flat, zero], {}, e.outvars, e.source),
    ]


# --- moves of elements ---------------------------------------------------------------------------


def _transposes(e: Eqn, before: _Before) -> Found:
    """A transpose of a transpose."""
    inner = before.maker(e.inputs[0])
    if inner is None or inner.primitive is not transpose:
        return None
    perm = tuple(inner.params["perm"][p] for p in e.params["perm"])
    if perm == tuple(range(len(perm))):
        return _same(inner.inputs[0], e)
    return [Eqn(transpose, inner.inputs, {"perm": perm}, e.outvars, e.source)]


def _contraction(e: Eqn, before: _Before) -> Found:
    """A contraction of a transpose, of which the free axes stay in their order."""
    inputs, contract, batch = list(e.inputs), list(e.params["contract"]), list(e.params["batch"])
    for i, a in enumerate(e.inputs):
        inner = before.maker(a)
        if inner is None or inner.primitive is not transpose:
            continue
        perm = inner.params["perm"]
        used = {*contract[i], *batch[i]}
        free = [perm[k] for k in range(len(perm)) if k not in used]
        if free == sorted(free) and inner.inputs[0].aval.weak == a.aval.weak:
            inputs[i] = inner.inputs[0]
            contract[i] = tuple(perm[k] for k in contract[i])
            batch[i] = tuple(perm[k] for k in batch[i])
    if all(a is b for a, b in zip(inputs, e.inputs, strict=True)):
        return None
    params = {**e.params, "contract": tuple(contract), "batch": tuple(batch)}
    return [Eqn(dot_general, inputs, params, e.outvars, e.source)]


def _flips(e: Eqn, before: _Before) -> Found:
    """Axes turned round twice."""
    inner = before.maker(e.inputs[0])
    if inner is None or inner.primitive is not index:
        return None
    shape = e.outvars[0].aval.shape
    if not inner.inputs[0].aval.shape == e.inputs[0].aval.shape == shape:
        return None
    there, back = key_places(inner.params["key"], shape), key_places(e.params["key"], shape)
    whole = [range(d) for d in shape]
    turned = there == back and all(p in (r, r[::-1]) for p, r in zip(there, whole, strict=False))
    return _same(inner.inputs[0], e) if turned else None


def _part(e: Eqn, before: _Before) -> Found:
    """What was joined, or put into zeros, and is looked at again."""
    inner = before.maker(e.inputs[0])
    if inner is None:
        return None
    key = e.params["key"]
    shape = e.inputs[0].aval.shape
    if inner.primitive is index_put and key_places(inner.params["key"], shape) == key_places(
        key, shape
    ):
        return _same(inner.inputs[0], e)
    if inner.primitive is stack and key and isinstance(key[0], int):
        part, rest = inner.inputs[key[0]], key[1:]
    elif inner.primitive is concatenate:
        axis, places = inner.params["axis"], [i for i, k in enumerate(key) if k is not None]
        if len(places) <= axis or not isinstance(key[places[axis]], tuple):
            return None
        at = places[axis]
        found = _within(inner.inputs, axis, key[at])
        if found is None:
            return None
        part, rest = found[0], (*key[:at], found[1], *key[at + 1 :])
    else:
        return None
    if part.aval.dtype != e.outvars[0].aval.dtype or part.aval.weak or type(part) is Literal:
        return None
    if all(k == FULL for k in rest):
        return _same(part, e)
    return [Eqn(index, [part], {"key": rest}, e.outvars, e.source)]


def _within(parts: Sequence[Any], axis: int, key: Any) -> tuple[Any, Any] | None:
    """The part that a slice of joined ones lies in, and the slice of that."""
    total = sum(p.aval.shape[axis] for p in parts)
    places = range(*slice(*key).indices(total))
    if not places or places.step < 0:
        return None
    start = 0
    for part in parts:
        size = part.aval.shape[axis]
        if start <= places[0] and places[-1] < start + size:
            first, last = places[0] - start, places[-1] - start + 1
            whole = places.step == 1 and (first, last) == (0, size)
            return part, FULL if whole else (first, last, places.step)
        start += size
    return None


def _joined(e: Eqn, _before: _Before) -> Found:
    """One array joined to nothing."""
    return _same(e.inputs[0], e) if len(e.inputs) == 1 else None


# --- choices and conversions ---------------------------------------------------------------------


def _choice(e: Eqn, before: _Before) -> Found:
    """A choice between equals, or by a constant."""
    condition, x, y = e.inputs
    if x is y:
        return _same(x, e)
    value = before.constant(condition)
    if value is None or np.size(value) == 0:
        return None
    if np.all(value):
        return _same(x, e)
    return None if np.any(value) else _same(y, e)


def _conversions(e: Eqn, before: _Before) -> Found:
    """A conversion after one that loses nothing."""
    inner = before.maker(e.inputs[0])
    if inner is None or inner.primitive is not convert or inner.inputs[0].aval.weak:
        return None
    start, middle = inner.inputs[0].aval.dtype, inner.outvars[0].aval.dtype
    if not _holds(middle, start) or "c" in (start.kind, middle.kind):
        return None
    if _same(inner.inputs[0], e) is not None:
        return inner.inputs[0]
    return [Eqn(convert, inner.inputs, e.params, e.outvars, e.source)]


def _holds(wide: np.dtype, narrow: np.dtype) -> bool:
    """True if numbers of a type are numbers of another, too."""
    if not np.can_cast(narrow, wide, "safe"):
        return False
    return kind_of(wide) != "f" or narrow.kind not in "iu" or narrow.itemsize < wide.itemsize


# --- repetitions ---------------------------------------------------------------------------------


def _before_repeating(e: Eqn, before: _Before) -> Found:
    """An elementary function of what is repeated is computed once, and repeated."""
    prim, out = e.primitive, e.outvars[0].aval
    if not isinstance(prim, Elementwise) or prim.effect or prim.opaque or prim.bodily or out.weak:
        return None
    inputs: list[Any] = []
    broadcasts: Eqn | None = None
    for a in e.inputs:
        inner = before.maker(a)
        if inner is not None and inner.primitive.broadcasts and not inner.inputs[0].aval.weak:
            broadcasts, a = inner, inner.inputs[0]
        elif a.aval.shape:
            return None
        inputs.append(a)
    if broadcasts is None or out.dtype.itemsize > max(a.aval.dtype.itemsize for a in inputs):
        return None  # of what it makes, more bytes would be repeated
    if work_of([e]).transcendentals == 0:
        return None
    shape = np.broadcast_shapes(*(a.aval.shape for a in inputs))
    small = Var(Aval(shape, out.dtype))
    if 2 * small.aval.size > out.size:
        return None
    return [
        Eqn(prim, inputs, e.params, [small], e.source),
        Eqn(broadcasts.primitive, [small], {"shape": out.shape}, e.outvars, e.source),
    ]


Rule: TypeAlias = Callable[[Eqn, _Before], Found]

RULES: tuple[Rule, ...] = (_unit, _twice, _single, _before_repeating)
"""Each says what an equation comes to, if it finds something simpler."""

RULES_OF: dict[Primitive, tuple[Rule, ...]] = {
    transpose: (_transposes,),
    dot_general: (_contraction,),
    index: (_flips, _part),
    concatenate: (_joined,),
    select: (_choice,),
    convert: (_conversions,),
}
"""Likewise, of equations with one operator."""

__all__ = ["drop_identities"]
