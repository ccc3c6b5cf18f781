"""Share common subexpressions: equal operations on equal operands are done once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from ...core.dtypes import kind_of
from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ...equality import exact_key


def share_subexpressions(jaxpr: Jaxpr) -> Jaxpr:
    """Replace an equation by an earlier one with the same operator, operands and parameters,
    and a constant by an earlier one that is equal to it.
    """
    env: dict[Atom, Any] = dict(_equal_constants(jaxpr))
    seen: dict[Hashable, Eqn] = {}
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        inputs = [a if type(a) is Literal else env.get(a, a) for a in e.inputs]
        key = _key(e, inputs)
        found = seen.get(key) if key is not None else None
        if found is not None:
            env.update(zip(e.outvars, found.outvars, strict=True))
            continue
        new = Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
        if key is not None:
            seen[key] = new
        eqns.append(new)
    outvars = [a if type(a) is Literal else env.get(a, a) for a in jaxpr.outvars]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, outvars, jaxpr.consts)


def _equal_constants(jaxpr: Jaxpr) -> Iterator[tuple[Var, Var]]:
    """Constants that are the same array as an earlier one, number for number, and that one."""
    alike: dict[Hashable, list[tuple[Var, np.ndarray]]] = {}
    for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True):
        if not isinstance(c, np.ndarray) or kind_of(c.dtype) not in "biufc":
            continue
        found = alike.setdefault((v.aval.weak, c.dtype, c.shape, c.strides), [])
        same = next((first for first, other in found if _same_bits(c, other)), None)
        if same is None:
            found.append((v, c))
        else:
            yield v, same


def _same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    """True for arrays of one dtype and shape with the same bits."""
    if x is y:
        return True
    few = (slice(0, 1),) * x.ndim
    if x[few].tobytes() != y[few].tobytes():
        return False
    if not x.flags.c_contiguous:
        return x.tobytes() == y.tobytes()
    return np.array_equal(x.reshape(-1).view(np.uint8), y.reshape(-1).view(np.uint8))


def atom_key(a: Atom) -> Hashable:
    """A key of an operand: the variable, or a literal's exact value."""
    if type(a) is not Literal:
        return a
    value = a.value
    if isinstance(value, np.generic):
        return (value.dtype, value.tobytes())
    return (type(value), repr(value))


def _key(e: Eqn, inputs: list[Atom]) -> Hashable:
    if e.primitive.effect or e.primitive.opaque:
        return None
    atoms = tuple(atom_key(a) for a in inputs)
    if not e.params:
        return (e.primitive, atoms)
    key = (e.primitive, atoms, tuple((k, exact_key(v)) for k, v in e.params.items()))
    try:
        hash(key)
    except TypeError:
        return None
    return key
