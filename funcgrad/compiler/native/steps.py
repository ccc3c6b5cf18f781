"""The steps in which native code computes a jaxpr, and which of them it can.

A loop or a branch is native if all that stands inside of it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal
from ..groups import Map, Step, grouped
from ..pipeline import optimized
from . import complex_arrays, kernels, operations, reductions, registers
from .forms import with_formulas
from .kinds import kind_of
from .pairs import Native, as_pairs, of_pairs
from .places import Memory, is_small, kind_of_var
from .views import permutation, view
from .wide import with_wide


def native_form(jaxpr: Jaxpr) -> Jaxpr:
    """The optimised jaxpr as native code has it.

    There are formulas in the place of operators that have no kernel, float32 in that of float16
    where operators are on whole arrays, and pairs in that of complex numbers.
    """
    found = jaxpr.cache.get("native form")
    if found is None:
        plain = optimized(jaxpr)
        found = with_formulas(with_wide(plain, _fits))
        pairs = with_formulas(as_pairs(found, _NATIVE))
        if pairs is not found and any(map(computes, steps_of(pairs))):
            found = pairs
        found = None if found is plain else optimized(found)
        jaxpr.cache["native form"] = found or False
        if found is not None:
            found.cache["native form"] = False
    return found or optimized(jaxpr)


def is_reshape(e: Eqn) -> bool:
    """True for a reshape of a contiguous array, which moves nothing."""
    if not e.primitive.reshapes:
        return False
    x = e.inputs[0].aval
    known = kind_of(x.dtype) is not None and not x.symbolic and not x.weak
    return known and type(e.inputs[0]) is not Literal


def _reduces(e: Eqn) -> bool:
    return reductions.takes(e) and not is_small(e.inputs[0].aval.shape)


def _begins(e: Eqn) -> bool:
    return kernels.joins(e) and not is_small(e.outvars[0].aval.shape)


def _turns(e: Eqn) -> bool:
    return bool(e.primitive.view) and permutation(e) is not None


def steps_of(jaxpr: Jaxpr) -> list[Step]:
    """The steps in which native code computes a jaxpr."""
    return grouped(jaxpr, operations.takes, _reduces, _begins, _turns)


def _is_view(e: Eqn) -> bool:
    """True for an operator that only looks at an array in memory in another way."""
    every = (*e.inputs, *e.outvars)
    if not e.primitive.view or type(e.inputs[0]) is Literal:
        return False
    if any(a.aval.symbolic or a.aval.weak or kind_of(a.aval.dtype) is None for a in every):
        return False
    x = e.inputs[0].aval
    return view(e, x.shape, Memory("", x.shape, kind_of_var(e.inputs[0]), None).steps) is not None


def is_native(step: Step) -> bool:
    """True if a step can be part of a native function."""
    if isinstance(step, Map):
        return True
    return (
        is_reshape(step)
        or complex_arrays.takes(step)
        or registers.takes(step)
        or reductions.takes(step)
        or _is_view(step)
        or kernels.takes(step)
        or is_control(step)
    )


def computes(step: Step) -> bool:
    """True for what a native function is called for: not for reshapes and parts of numbers."""
    if isinstance(step, Map):
        return True
    return is_native(step) and not (is_reshape(step) or complex_arrays.takes(step))


# --- loops and branches --------------------------------------------------------------------------


def is_control(e: Eqn) -> bool:
    """True for a loop or branch of which everything inside is native."""
    check = _CHECKS.get(e.primitive.name)
    return check is not None and check(e)


def _jaxpr_fits(jaxpr: Jaxpr) -> bool:
    """True if each step of a jaxpr inside, once optimised, is native."""
    jaxpr = native_form(jaxpr)
    found = jaxpr.cache.get("fits native code")
    if found is None:
        every = (*jaxpr.constvars, *jaxpr.invars, *jaxpr.outvars)
        found = (
            all(map(_is_known, every))
            and all(is_native(step) for step in steps_of(jaxpr))
            and not without_rows(jaxpr)
        )
        jaxpr.cache["fits native code"] = found
    return bool(found)


def without_rows(jaxpr: Jaxpr) -> set[int]:
    """The loops, by identity, of which rows in unknown number go where native code has none.

    Only a scan can read the rows that a while loop stacks.
    """
    made = {v: e for e in jaxpr.eqns for v in e.outvars if v.aval.symbolic}
    given = {v for v in (*jaxpr.constvars, *jaxpr.invars) if v.aval.symbolic}
    if not made and not given:
        return set()
    refused = {id(e) for e in made.values() if not is_control(e)}
    refused.update(id(e) for e in jaxpr.eqns if not given.isdisjoint(_variables(e)))
    refused.update(id(made[a]) for a in jaxpr.outvars if a in made)
    readers = [(e, [made[a] for a in e.inputs if a in made]) for e in jaxpr.eqns]
    readers = [(e, makers) for e, makers in readers if makers]
    refused.update(id(e) for e, _ in readers if not (e.primitive.name == "scan" and is_control(e)))
    before = -1
    while len(refused) > before:
        before = len(refused)
        for e, makers in readers:
            together = {id(e), *map(id, makers)}
            if together & refused:
                refused |= together
    return refused


def _variables(e: Eqn) -> list[Any]:
    return [a for a in e.inputs if type(a) is not Literal]


def _is_known(a: Any) -> bool:
    """True for arrays of a kind, and of a shape known beforehand."""
    return kind_of(a.aval.dtype) is not None and not a.aval.symbolic


def _scan_fits(e: Eqn) -> bool:
    layout = e.params["layout"]
    fixed = e.inputs[: layout.first_x]
    if isinstance(e.params["length"], int):
        known = all(map(_is_known, (*e.inputs, *e.outvars)))
    else:  # the rows come from a while loop, and none are made
        known = all(map(_is_known, fixed)) and len(e.outvars) == layout.carry
    return known and _jaxpr_fits(e.params["jaxpr"])


def _while_fits(e: Eqn) -> bool:
    carry = e.outvars[: e.params["layout"].carry]
    known = all(map(_is_known, (*e.inputs, *carry)))
    return known and _jaxpr_fits(e.params["cond"]) and _jaxpr_fits(e.params["body"])


def _cond_fits(e: Eqn) -> bool:
    known = all(map(_is_known, (*e.inputs, *e.outvars)))
    return known and all(map(_jaxpr_fits, e.params["branches"]))


_CHECKS: dict[str, Callable[[Eqn], bool]] = {
    "scan": _scan_fits,
    "while": _while_fits,
    "cond": _cond_fits,
}


# --- complex numbers -----------------------------------------------------------------------------


def _fits(jaxpr: Jaxpr) -> bool:
    return all(is_native(step) for step in steps_of(native_form(jaxpr)))


def _of_pairs(jaxpr: Jaxpr) -> Jaxpr | None:
    """The function of parts that a jaxpr inside of a loop is; made once."""
    if "pairs" not in jaxpr.cache:
        jaxpr.cache["pairs"] = of_pairs(with_formulas(optimized(jaxpr)), _NATIVE)
    return jaxpr.cache["pairs"]  # type: ignore[no-any-return]


_NATIVE = Native(_fits, is_control, _of_pairs)
