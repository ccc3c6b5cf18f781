"""Transposition: running a linear program backwards.

Every cotangent carries a static flag, 'has passed a select'. Where it is set, products with
residuals treat the zeros of the cotangent as strong: 0 * inf = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import arrays
from ..context import Place, current, enter, leave
from ..core.dtypes import MODULES
from ..core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..core.small_floats import lifted
from ..core.source import Transposed, as_source
from ..ops.families import FUNCTION, NEGATIVE, SCALING, Bilinear
from ..ops.families.transposing import rule_of
from ..ops.pointwise.arithmetic import Mask, StrongTangent, add, mul_strong
from ..ops.shape import cast, sum_to
from .algebra import ALGEBRA


def backward(entries: list[Any], cts: dict[Var, Any], flagged: set[Var]) -> None:
    """Run linear equations backwards, in place on ``cts``.

    Args:
        entries: Factors and equations, taken from the end and dropped one by one, so that
            residuals are freed as they are consumed; variables among their inputs are linear,
            everything else is a value.
        cts: cotangents by variable.
        flagged: variables whose cotangents have passed a select.
    """
    here = current()
    on_gpus = arrays.loaded_cupy() is not None
    if not here.records_sources and not on_gpus:
        _backward(entries, cts, flagged, None, False)
        return
    place = Place() if here.records_sources else None
    token = enter(here.having(place=place) if here.records_sources else here)
    try:
        with arrays.current_on(arrays.first_on_gpu(cts.values())):
            _backward(entries, cts, flagged, place, on_gpus)
    finally:
        leave(token)


def _backward(
    entries: list[Any], cts: dict[Var, Any], flagged: set[Var], place: Place | None, on_gpus: bool
) -> None:
    """The same; ``on_gpus`` says that some of the arrays may be on a GPU, and others not."""
    take = entries.pop
    buffers: dict[Var, Any] = {}
    while entries:
        e = take()
        if place is not None:
            source = as_source(e[7], e[8]) if e.__class__ is tuple else e.source
            place.source = source and Transposed(source)
        if on_gpus:
            e = _on_one_device(e, cts)
        if e.__class__ is not tuple:
            _backward_eqn(e, cts, flagged)
            continue
        prim, x, y, out, r, a, b, _, _ = e
        ct = cts.pop(out, None)
        if ct is None:
            continue
        strong = bool(prim.masks or (flagged and out in flagged))
        if prim.recorded:
            _pull_recorded(e, ct, strong, cts, flagged, buffers)
            continue
        if x is not None:
            kind, partial = prim.partial_table[0]
            flag = strong
            if kind == FUNCTION:
                d = partial(r, a) if prim.arity == 1 else partial(r, a, b)
                if type(d) is Mask:
                    c, flag = mul_strong(d.values, ct), True
                else:
                    c = ct * d if not strong else _strong_factor(prim, ct, d)
            elif kind == SCALING:
                t = StrongTangent(ct) if strong else ct
                c = partial(t, r, a) if prim.arity == 1 else partial(t, r, a, b)
                c = c.value if strong else c
            else:
                c = ct if kind != NEGATIVE else -ct
            if c.shape != x.shape:
                c = sum_to(c, x.shape)
            if c.dtype is not x.dtype:
                c = lifted(cast(c, x.dtype))
            cts[x] = c if x not in cts else cts[x] + c
            if flag:
                flagged.add(x)
        if y is not None:
            kind, partial = prim.partial_table[1]
            flag = strong
            if kind == FUNCTION:
                d = partial(r, a, b)
                if type(d) is Mask:
                    c, flag = mul_strong(d.values, ct), True
                else:
                    c = ct * d if not strong else _strong_factor(prim, ct, d)
            elif kind == SCALING:
                t = StrongTangent(ct) if strong else ct
                c = partial(t, r, a, b)
                c = c.value if strong else c
            else:
                c = ct if kind != NEGATIVE else -ct
            if c.shape != y.shape:
                c = sum_to(c, y.shape)
            if c.dtype is not y.dtype:
                c = lifted(cast(c, y.dtype))
            cts[y] = c if y not in cts else cts[y] + c
            if flag:
                flagged.add(y)


def _on_one_device(e: Any, cts: dict[Var, Any]) -> Any:
    """An entry of a tape, and the cotangents of its results, with those of NumPy beside others
    that are on a GPU uploaded to it.
    """
    outs = e[3:4] if e.__class__ is tuple else e.outvars
    values = e[2:7] if e.__class__ is tuple else e.inputs
    there = arrays.first_on_gpu((*[cts[v] for v in outs if v in cts], values))
    if there is None:
        return e
    for v in outs:
        if v in cts:
            cts[v] = arrays.like(there, cts[v])
    if e.__class__ is not tuple:
        inputs = [a if isinstance(a, Var) else arrays.like(there, a) for a in e.inputs]
        return Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
    prim, x, y, out, r, a, b, code, offset = e
    if prim.jointly:
        y = [arrays.like(there, v) for v in y]
        return (prim, x, y, out, r, a, b, code, offset)
    if not prim.recorded:
        r = arrays.like(there, r)
    return (prim, x, y, out, r, arrays.like(there, a), arrays.like(there, b), code, offset)


def _pull_recorded(
    entry: tuple[Any, ...],
    ct: Any,
    strong: bool,
    cts: dict[Var, Any],
    flagged: set[Var],
    buffers: dict[Var, Any],
) -> None:
    """Transpose an operation of a linear or bilinear operator."""
    prim, x, y, _, params, a, b, _, _ = entry
    rule = prim.transpose or rule_of(prim)
    if prim.jointly:
        operands = [c if v is None else v.aval for v, c in zip(x, y, strict=True)]
        found = rule(ct, *operands, flagged=strong, **params)
        for v, c in zip(x, found, strict=True):
            if v is not None and c is not None:
                _add_cotangent(v, c, strong, cts, flagged)
    elif isinstance(prim, Bilinear):
        if x is not None:
            c = rule(ct, x.aval, b, flagged=strong, **params)[0]
            cts[x] = c if x not in cts else cts[x] + c
        if y is not None:
            c = rule(ct, a, y.aval, flagged=strong, **params)[1]
            cts[y] = c if y not in cts else cts[y] + c
        if strong:
            flagged.update(v for v in (x, y) if v is not None)
    elif prim.accumulate is None or not _accumulated(prim, x, ct, params, cts, buffers):
        c = rule(ct, x, **params)
        if "ml_dtypes" in MODULES:
            c = lifted(c)
        cts[x] = c if x not in cts else cts[x] + c
        if strong:
            flagged.add(x)
    elif strong:
        flagged.add(x)


def _accumulated(
    prim: Any, x: Any, ct: Any, params: dict[str, Any], cts: dict[Var, Any], buffers: dict[Var, Any]
) -> bool:
    """Add the cotangent of a part to that of the whole in place, if both are plain arrays."""
    before = cts.get(x)
    if type(ct) not in _PLAIN or not (before is None or type(before) is np.ndarray):
        return False
    total = buffers.get(x)
    if total is None or before is not total:
        total = np.zeros(x.shape, x.dtype)
        if before is not None:
            total += before
        cts[x] = buffers[x] = total
    prim.accumulate(total, ct, **params)
    return True


_PLAIN = frozenset([np.ndarray, np.float64, np.float32])


def _add_cotangent(v: Var, c: Any, strong: bool, cts: dict[Var, Any], flagged: set[Var]) -> None:
    cts[v] = c if v not in cts else cts[v] + c
    if strong:
        flagged.add(v)


def _strong_factor(prim: Any, ct: Any, d: Any) -> Any:
    return mul_strong(d, ct) if prim.masks else mul_strong(ct, d)


def _backward_eqn(e: Eqn, cts: dict[Var, Any], flagged: set[Var]) -> None:
    outs = [cts.pop(v, None) for v in e.outvars]
    if all(ct is None for ct in outs):
        return
    out_flags = [v in flagged for v in e.outvars]
    operands = [v.aval if isinstance(v, Var) else v for v in e.inputs]
    avals = [v.aval for v in e.outvars]
    results, flags = e.primitive.pull_back(ALGEBRA, outs, out_flags, operands, avals, e.params)
    _accumulate(e.inputs, results, flags, cts, flagged)


def _accumulate(
    inputs: Sequence[Any],
    results: Sequence[Any],
    flags: Sequence[bool],
    cts: dict[Var, Any],
    flagged: set[Var],
) -> None:
    for v, c, strong in zip(inputs, results, flags, strict=True):
        if c is None or not isinstance(v, Var):
            continue
        cts[v] = c if v not in cts else add(cts[v], c)
        if strong:
            flagged.add(v)


def forward_nonlinear(
    jaxpr: Jaxpr, consts: Sequence[Any], known: dict[Var, Any]
) -> tuple[list[Eqn], dict[Var, Any]]:
    """Evaluate the equations that touch no linear variable; this is what rematerialises.

    Args:
        jaxpr: a jaxpr that is linear in the invars that are not ``known``.
        consts: values of its constvars.
        known: values of its other invars.

    Returns:
        The linear equations with values in place of known variables, and the known values.
    """
    env = dict(zip(jaxpr.constvars, consts, strict=True))
    env.update(known)
    linear = {v for v in jaxpr.invars if v not in known}
    remaining: list[Eqn] = []
    for e in jaxpr.eqns:
        if any(type(a) is not Literal and a in linear for a in e.inputs):
            linear.update(e.outvars)
            inputs = [a if a in linear else read(env, a) for a in e.inputs]
            remaining.append(Eqn(e.primitive, inputs, e.params, e.outvars, e.source))
            continue
        out = e.primitive(*[read(env, a) for a in e.inputs], **e.params)
        env.update(zip(e.outvars, out if e.primitive.multiple else (out,), strict=True))
    return remaining, env


def read(env: dict[Var, Any], atom: Any) -> Any:
    """The value of an atom."""
    return atom.value if type(atom) is Literal else env[atom]


def transpose_values(
    jaxpr: Jaxpr,
    consts: Sequence[Any],
    known: dict[Var, Any],
    outs: Sequence[Any],
    out_flags: Sequence[bool],
) -> tuple[list[Any], list[bool]]:
    """Transpose a linear jaxpr at given residuals and output cotangents (None for zero).

    Returns:
        Cotangents of the linear invars in order (None for zero), and their flags.
    """
    there = arrays.first_on_gpu((outs, consts))
    if there is not None:
        outs = [arrays.like(there, ct) for ct in outs]
    remaining, env = forward_nonlinear(jaxpr, consts, known)
    cts: dict[Var, Any] = {}
    flagged: set[Var] = set()
    seed_cotangents(cts, flagged, jaxpr.outvars, outs, out_flags, known=env)
    backward(remaining, cts, flagged)
    linear = [v for v in jaxpr.invars if v not in known]
    return [cts.get(v) for v in linear], [v in flagged for v in linear]


def seed_cotangents(
    cts: dict[Var, Any],
    flagged: set[Var],
    outvars: Sequence[Any],
    outs: Sequence[Any],
    flags: Iterable[bool],
    known: Any = (),
) -> None:
    """Start a transposition: add up the cotangents of outputs that are variables."""
    for v, ct, flag in zip(outvars, outs, flags, strict=True):
        if ct is None or not isinstance(v, Var) or v in known:
            continue
        cts[v] = ct if v not in cts else add(cts[v], ct)
        if flag:
            flagged.add(v)
