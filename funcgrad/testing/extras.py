"""More checks at a drawn point: the same function in single precision, and of complex numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import tree
from ..core.avals import is_inexact
from ..core.facts import Picks
from ..core.tracing import aval_of
from ..transforms.opened import record_inside, record_peeking
from ..transforms.recording import Operation
from ..typing import PyTree
from .claims import Claim
from .derivatives.differences import directional
from .derivatives.functions import Flat, flatten_function, reverse
from .derivatives.leaves import generator, has_tangent, host, random_leaf

Point = tuple[Any, ...]

SINGLE = {"float64": np.dtype(np.float32), "complex128": np.dtype(np.complex64)}
CLOSE = 1e-3
"""How close values in single precision must be to the others for derivatives to be checked."""

LEAST = 1e-9
"""Smaller numbers, and larger ones than the reciprocal, are not taken to single precision."""

LARGEST = 64
"""Third derivatives are checked at points of up to so many numbers."""

ORDERS = {
    np.maximum, np.minimum, np.fmax, np.fmin, np.greater, np.less, np.greater_equal, np.less_equal,
}  # fmt: skip
"""Functions that compare; NumPy compares complex numbers by their real parts first."""

TURN = 0.3
"""Imaginary parts, relative to the real ones."""


@dataclass(frozen=True)
class Extra:
    """A further check of every ``every``-th point: where, and to which order.

    ``point`` takes the function and the arguments, and returns others, or None where there is
    nothing to check. With ``of_rules`` only functions are checked that have derivative rules of
    their own inside: those of operators hold for all dtypes that they take.
    """

    name: str
    every: int
    order: int
    point: Callable[[Callable[..., Any], Point], Point | None]
    of_rules: bool = False


def extras(f: Callable[..., Any], *, third_order: bool) -> tuple[Extra, ...]:
    """The further checks of a function that ``gradcheck`` makes."""
    if isinstance(f, Claim):
        return ()
    found = [] if dtypes_annotated(f) else [SINGLE_PRECISION, COMPLEX]
    return (*found, THIRD_ORDER) if third_order else tuple(found)


def has_rules(f: Callable[..., Any], args: Point) -> bool:
    """True if a function with a derivative rule is called by another one, or is it."""
    try:
        return any("rule" in o.params for o in operations_of(f, args))
    except Exception:  # what cannot be recorded is not known
        return False


def has_rule_without_number(f: Callable[..., Any], args: Point) -> bool:
    """True if a derivative rule inside of a function, or its own, returns infinities or NaN."""
    rng = generator(0)
    try:
        for o in operations_of(f, args):
            if "rule" not in o.params:
                continue
            flat = flatten_function(partial(o.primitive, **o.params), o.operands)
            outs, pull = reverse(flat, flat.point)
            found = pull([random_leaf(rng, x) for x in outs])
            if not all(np.all(np.isfinite(host(x))) for x in found):
                return True
    except Exception:  # what cannot be recorded is not known
        return False
    return False


def operations_of(f: Callable[..., Any], args: Point) -> list[Operation]:
    """The operations of a function at a point."""
    leaves, structure = tree.flatten(args)
    places = [i for i, x in enumerate(leaves) if has_tangent(x)]

    def flat(*xs: PyTree) -> list[Any]:
        full = list(leaves)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return tree.leaves(f(*tree.unflatten(structure, full)))

    return record_peeking(flat, [leaves[i] for i in places], "", 1)


def compares(operations: Sequence[Operation]) -> bool:
    """True if complex numbers are put in an order: what does that is meant for real ones."""
    for o in operations:
        if any(aval_of(x).dtype.kind == "c" for x in o.operands):
            ordered = getattr(o.primitive, "ufunc", None) in ORDERS
            if ordered or isinstance(getattr(o.primitive, "elements", None), Picks):
                return True
        if "rule" in o.params and compares(record_inside(o, "", 1)):
            return True
    return False


def dtypes_annotated(f: Callable[..., Any]) -> bool:
    """True if the annotations of a function say of what dtypes its arguments are."""
    while hasattr(f, "__wrapped__"):
        f = f.__wrapped__
    notes = [str(a) for n, a in getattr(f, "__annotations__", {}).items() if n != "return"]
    return any("float" in n.lower() or "complex" in n.lower() or "dtype" in n for n in notes)


def in_single_precision(f: Callable[..., Any], args: Point) -> Point | None:
    """Arguments in single precision, if the function takes them and computes with them."""
    leaves, structure = tree.flatten(args)
    names = [x.dtype.name if has_tangent(x) and hasattr(x, "dtype") else "" for x in leaves]
    if any(has_tangent(x) and n not in SINGLE for x, n in zip(leaves, names, strict=True)):
        return None
    single = [x.astype(SINGLE[n]) if n in SINGLE else x for x, n in zip(leaves, names, strict=True)]
    found = tree.unflatten(structure, single)
    outs, expected = values(f, found), values(f, args)
    if outs is None or expected is None or len(outs) != len(expected):
        return None
    if not all(map(ordinary, [*(host(x) for x in leaves if has_tangent(x)), *expected])):
        return None
    for o, e in zip(outs, expected, strict=True):
        if o.dtype.itemsize >= e.dtype.itemsize or not close(o, e):
            return None
    return found


def of_complex_numbers(f: Callable[..., Any], args: Point) -> Point | None:
    """Complex arguments close to real ones, if the function is analytic there."""
    leaves, structure = tree.flatten(args)
    inexact = [x for x in leaves if has_tangent(x)]
    if any(aval_of(x).dtype.name != "float64" or not hasattr(x, "dtype") for x in inexact):
        return None
    rng = np.random.default_rng(len(inexact))
    turned = [
        x + 1j * TURN * (x * rng.standard_normal(np.shape(x)))
        if has_tangent(x) and np.any(x)
        else x
        for x in leaves
    ]
    found = tree.unflatten(structure, turned)
    outs = values(f, found)
    if outs is None or any(o.dtype.kind != "c" or not np.all(np.isfinite(o)) for o in outs):
        return None
    if not analytic(f, found, rng):
        return None
    try:
        return None if compares(operations_of(f, found)) else found
    except Exception:  # what cannot be recorded may be anything
        return None


def analytic(f: Callable[..., Any], args: Point, rng: np.random.Generator) -> bool:
    """True if the derivative along i t is i times that along t, by differences."""
    try:
        with np.errstate(all="ignore"):
            flat: Flat = flatten_function(f, args)
            if any(aval_of(x).dtype.kind != "c" for x in flat.point):
                return False
            ts = [host(x) * rng.standard_normal(np.shape(x)) for x in flat.point]
            (_, along), (_, across) = (directional(flat, t) for t in (ts, [1j * t for t in ts]))
    except Exception:  # what cannot be evaluated close to the point is not checked
        return False
    first, second = along.value.view(np.complex128), across.value.view(np.complex128)
    size = np.max(np.abs(first), initial=0.0)
    settled = np.all(along.settled) and np.all(across.settled)
    return bool(settled and np.all(np.abs(second - 1j * first) <= 1e-6 * size))


def small_enough(f: Callable[..., Any], args: Point) -> Point | None:
    """The arguments, if they hold few numbers."""
    sizes = [aval_of(x).size for x in tree.leaves(args) if has_tangent(x)]
    return args if sum(sizes) <= LARGEST else None


def values(f: Callable[..., Any], args: Point) -> list[np.ndarray] | None:
    """The real and complex outputs of a function, None if it does not take the arguments."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            outs: PyTree = f(*args)
    except Exception:  # a function may refuse a dtype in any way it likes
        return None
    found = [host(o) for o in tree.leaves(outs) if has_tangent(o)]
    return found if all(is_inexact(o.dtype) for o in found) else None


def ordinary(x: np.ndarray) -> bool:
    """True if the numbers are far from the largest and the least of single precision."""
    size = np.abs(x[x != 0])
    return bool(np.all((size > LEAST) & (size < 1 / LEAST)))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """True if two finite arrays differ by little."""
    if a.shape != b.shape or not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return False
    size = np.max(np.abs(b), initial=0.0)
    return bool(np.all(np.abs(a - b) <= CLOSE * size))


SINGLE_PRECISION = Extra("single precision", 2, 1, in_single_precision, of_rules=True)
COMPLEX = Extra("complex numbers", 4, 1, of_complex_numbers, of_rules=True)
THIRD_ORDER = Extra("third derivatives", 5, 3, small_enough)
