"""Linear and bilinear operators with one mistake in their transposition: forward mode is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.contraction.dot_general import matmul
from funcgrad.ops.families import Joint, Linear, bilinear
from funcgrad.ops.linalg.matrices import swap
from funcgrad.ops.linalg.solving import solve
from funcgrad.ops.pointwise.complex import imag, real
from funcgrad.ops.reductions.cumulative import cumsum
from funcgrad.ops.shape import (
    broadcast,
    convert,
    flip,
    inverse_permutation,
    kept_shape,
    reduce_sum,
    reshape,
    sum_to,
    transpose,
)
from funcgrad.ops.structural.gather import gather, scatter_add
from funcgrad.ops.structural.indexing import index, index_put
from funcgrad.ops.structural.joining import concatenate, split
from funcgrad.ops.windows import reduce_window as windows  # noqa: F401  (fills the registry)

from .mutant import Draw, Mutant, Record, normal, of_function, pulled

CUBE, SQUARE, LINE, PLANE = normal((3, 3, 3)), normal((3, 3)), normal((4,)), normal((3, 4))
COMPLEX = normal((3, 4), dtype="c16")
TURN: dict[str, Any] = {"perm": (1, 2, 0)}
ROWS: dict[str, Any] = {"axis": 0, "reverse": False}


def every_other(ct: Any, x: Any, *, key: Any) -> Any:
    """Puts cotangents at neighbouring places, forgetting the step."""
    (_, _, step), count = key[0], ct.shape[0]
    del step
    return index_put(ct, key=((0, count, None),), shape=x.shape)


LINEAR: list[tuple[str, str, Any, Draw, dict[str, Any]]] = [
    ("reshape", "sign", lambda ct, x, *, shape: -reshape(ct, shape=x.shape), PLANE,
     {"shape": (2, 6)}),
    ("reshape", "columns first", lambda ct, x, *, shape: transpose(
        reshape(ct, shape=x.shape[::-1]), perm=(1, 0)), PLANE, {"shape": (12,)}),
    ("reshape", "shape", lambda ct, x, *, shape: ct, PLANE, {"shape": (12,)}),
    ("transpose", "permutation not inverted", lambda ct, _x, *, perm: transpose(ct, perm=perm),
     CUBE, TURN),
    ("transpose", "not transposed", lambda ct, _x, *, perm: ct, CUBE, TURN),
    ("transpose", "two axes swapped", lambda ct, _x, *, perm: transpose(
        transpose(ct, perm=inverse_permutation(perm)), perm=(0, 2, 1)), CUBE, TURN),
    ("broadcast_to", "first row instead of sum", lambda ct, x, *, shape: index(ct, key=(0,)), LINE,
     {"shape": (3, 4)}),
    ("broadcast_to", "mean instead of sum", lambda ct, x, *, shape: sum_to(ct, x.shape) / 3, LINE,
     {"shape": (3, 4)}),
    ("broadcast_to", "wrong axis", lambda ct, x, *, shape: reshape(
        reduce_sum(ct, axes=(0,)), shape=(3, 1)), normal((3, 1)), {"shape": (3, 3)}),
    ("broadcast_to", "missing broadcast sum", lambda ct, x, *, shape: ct, LINE, {"shape": (3, 4)}),
    ("reduce_sum", "mean instead of sum", lambda ct, x, *, axes: broadcast(
        reshape(ct, shape=kept_shape(x.shape, axes)), shape=x.shape) / 3, PLANE, {"axes": (0,)}),
    ("reduce_sum", "wrong axis", lambda ct, x, *, axes: broadcast(
        reshape(ct, shape=(1, 3)), shape=x.shape), SQUARE, {"axes": (1,)}),
    ("reduce_sum", "one row only", lambda ct, x, *, axes: index_put(
        ct, key=(0,), shape=x.shape), PLANE, {"axes": (0,)}),
    ("reduce_sum", "shape", lambda ct, x, *, axes: ct, PLANE, {"axes": (0,)}),
    ("rev", "not reversed", lambda ct, _x, *, axes: ct, PLANE, {"axes": (1,)}),
    ("rev", "wrong axis", lambda ct, _x, *, axes: flip(ct, axes=(0,)), PLANE, {"axes": (1,)}),
    ("rev", "dropped axis", lambda ct, _x, *, axes: flip(ct, axes=(1,)), PLANE, {"axes": (0, 1)}),
    ("index", "off by one", lambda ct, x, *, key: index_put(ct, key=((0, 2, None),), shape=x.shape),
     LINE, {"key": ((1, 3, None),)}),
    ("index", "step forgotten", every_other, LINE, {"key": ((None, None, 2),)}),
    ("index", "reversed", lambda ct, x, *, key: flip(
        index_put(ct, key=key, shape=x.shape), axes=(0,)), LINE, {"key": ((0, 2, None),)}),
    ("index", "wrong axis", lambda ct, x, *, key: index_put(ct, key=((None,) * 3, 1),
     shape=x.shape), SQUARE, {"key": (1,)}),
    ("index_put", "off by one", lambda ct, _x, *, key, shape: index(ct, key=((2, 4, None),)),
     normal((2,)), {"key": ((1, 3, None),), "shape": (5,)}),
    ("index_put", "sign", lambda ct, _x, *, key, shape: -index(ct, key=key), normal((2,)),
     {"key": ((1, 3, None),), "shape": (5,)}),
    ("cumsum", "not reversed", lambda ct, _x, *, axis, reverse: cumsum(
        ct, axis=axis, reverse=reverse), PLANE, ROWS),
    ("cumsum", "wrong axis", lambda ct, _x, *, axis, reverse: cumsum(
        ct, axis=1 - axis, reverse=not reverse), SQUARE, ROWS),
    ("cumsum", "off by one", lambda ct, _x, *, axis, reverse: cumsum(
        ct, axis=axis, reverse=not reverse) - ct, PLANE, ROWS),
    ("cumsum", "not summed", lambda ct, _x, *, axis, reverse: ct, PLANE, ROWS),
    ("convert_element_type", "dtype", lambda ct, x, *, dtype: ct, PLANE,
     {"dtype": np.dtype("f4")}),
    ("convert_element_type", "real part", lambda ct, x, *, dtype: real(ct) * 0, PLANE,
     {"dtype": np.dtype("c16")}),
    ("convert_element_type", "imaginary part", lambda ct, x, *, dtype: imag(ct), PLANE,
     {"dtype": np.dtype("c16")}),
    ("convert_element_type", "times i", lambda ct, x, *, dtype: 1j * convert(ct, dtype=x.dtype),
     COMPLEX, {"dtype": np.dtype("f8")}),
]  # fmt: skip
"""Operator, mistake, wrong transposition, operand, parameters."""


def of_linear(name: str, mistake: str, wrong: Any, draw: Draw, params: dict[str, Any]) -> Mutant:
    prim: Any = REGISTRY[name]
    return of_function(
        f"transposition of {name}: {mistake}",
        mistake,
        Record(lambda new: prim.replaced(name=new, transpose=wrong, accumulate=None), params),
        Record(lambda new: prim.replaced(name=new, accumulate=None), params),
        draw,
        probe=pulled,
    )


# --- what only has test cases of its own ---------------------------------------------------------

AFTER: dict[str, Any] = {
    "sign": lambda ct: -ct,
    "factor 2": lambda ct: 2 * ct,
    "reversed": lambda ct: flip(ct, axes=tuple(range(len(ct.shape)))),
    "shifted": lambda ct: np.roll(ct, 1, len(ct.shape) - 1),
    "conj": np.conj,
    "relative 1e-5": lambda ct: ct * 1.00001,
    "zero": lambda ct: ct * 0,
}
"""What a mistaken transposition does to the right result."""

CASES = [
    ("window_patches", "reversed", 0), ("window_patches", "factor 2", 1),
    ("overlap_add", "shifted", 0), ("overlap_add", "sign", 1),
    ("reduce_window_sum", "reversed", 0), ("reduce_window_sum", "relative 1e-5", 1),
    ("dot_general", "sign", 0), ("dot_general", "factor 2", 4), ("dot_general", "conj", 2),
    ("dot_general", "shifted", 5), ("dot_general", "relative 1e-5", 6), ("dot_general", "zero", 0),
    ("conv_general_dilated", "reversed", 0), ("conv_general_dilated", "shifted", 1),
    ("conv_general_dilated", "sign", 2), ("conv_general_dilated", "zero", 0),
    ("conv_general_dilated", "relative 1e-5", 0),
]  # fmt: skip
"""Operator, mistake, number of its test case."""


def changed(result: Any, mistake: str) -> Any:
    """The result of a transposition, with a mistake in the last cotangent that it has."""
    if not isinstance(result, tuple):
        return AFTER[mistake](result)
    return tuple(None if ct is None else AFTER[mistake](ct) for ct in result)


def of_case(name: str, mistake: str, number: int) -> Mutant:
    prim: Any = REGISTRY[name]
    params = list(prim.cases(np.random.default_rng(0)))[number].params

    def wrong(*args: Any, **kw: Any) -> Any:
        return changed(prim.transpose(*args, **kw), mistake)

    def copied(rule: Any) -> Record:
        if isinstance(prim, Linear):
            return Record(
                lambda new: prim.replaced(name=new, transpose=rule, accumulate=None), params
            )
        about: dict[str, Any] = {"abstract": prim.abstract, "batch": prim.batch}
        return Record(
            lambda new: bilinear(new, prim.evaluate, transpose=rule, cases=prim.cases, **about),
            params,
        )

    return of_function(
        f"transposition of {name} (case {number}): {mistake}",
        mistake,
        copied(wrong),
        copied(prim.transpose),
        lambda rng: list(prim.cases(rng))[number].args,
        probe=pulled,
    )


# --- operators of several operands, with integers among them -------------------------------------


def systems(rng: Any) -> tuple[Any, ...]:
    return rng.standard_normal((3, 3)) + 3 * np.eye(3), rng.standard_normal((3, 2))


ROWS_TAKEN = (np.array([2, 0, 2]),)
BLOCK = (np.int64(1), np.int64(0))


def taken(ts: Any, shift: int, *idx: Any) -> Any:
    return gather(ts[0], *(i - shift for i in idx))


def without_repeats(ct: Any, v: Any, *idx: Any) -> Any:
    """Every place that is written twice gets its cotangent once."""
    return gather(ct, *idx) * np.array([0.0, 1.0, 1.0])[:, None], *(None for _ in idx)


GENERAL: list[tuple[str, str, dict[str, Any], Draw, dict[str, Any], tuple[Any, ...]]] = [
    ("gather", "off by one", {"jvp": Joint(lambda ts, _o, _x, *idx: taken(ts, 1, *idx))}, PLANE, {},
     ROWS_TAKEN),
    ("gather", "last one wins", {"transpose": lambda ct, x, *idx: (
        index_put(index(ct, key=((1, 3, None),)), key=((None, None, 2),), shape=(3, 4)), None)},
     PLANE, {}, ROWS_TAKEN),
    ("gather", "order forgotten", {"transpose": lambda ct, x, *idx: (
        scatter_add(ct, np.sort(idx[0]), shape=x.shape), None)}, PLANE, {}, ROWS_TAKEN),
    ("scatter_add", "repeats forgotten", {"transpose": lambda ct, v, *idx, shape: without_repeats(
        ct, v, *idx)}, PLANE, {"shape": (3, 4)}, ROWS_TAKEN),
    ("scatter_add", "off by one", {"transpose": lambda ct, v, *idx, shape: (
        gather(ct, *(i - 1 for i in idx)), None)}, PLANE, {"shape": (3, 4)}, ROWS_TAKEN),
    ("concatenate", "swapped operands", {"transpose": lambda ct, x, y, *, axis: split(
        ct, ends=(0, 3, 6), axis=0)[::-1]}, normal((3, 2), (3, 2)), {"axis": 0}, ()),
    ("concatenate", "dropped operand", {"transpose": lambda ct, x, y, *, axis: (
        split(ct, ends=(0, 3, 6), axis=0)[0], None)}, normal((3, 2), (3, 2)), {"axis": 0}, ()),
    ("concatenate", "wrong axis", {"transpose": lambda ct, x, y, *, axis: tuple(
        reshape(c, shape=(2, 2)) for c in split(ct, ends=(0, 1, 2), axis=1))},
     normal((2, 2), (2, 2)), {"axis": 0}, ()),
    ("split", "swapped operands", {"transpose": lambda cts, x, *, ends, axis: concatenate(
        *cts[::-1], axis=axis)}, normal((6,)), {"ends": (0, 3, 6), "axis": 0}, ()),
    ("split", "dropped operand", {"transpose": lambda cts, x, *, ends, axis: concatenate(
        cts[0], cts[1] * 0, axis=axis)}, normal((6,)), {"ends": (0, 3, 6), "axis": 0}, ()),
    ("dynamic_slice", "off by one", {"transpose": lambda ct, x, *starts, sizes: (
        index_put(ct, key=((0, 2, None), (0, 2, None)), shape=x.shape), None, None)}, PLANE,
     {"sizes": (2, 2)}, BLOCK),
    ("dynamic_slice", "sign", {"jvp": Joint(lambda ts, _o, _x, *starts, sizes: index(
        -ts[0], key=((1, 3, None), (0, 2, None))))}, PLANE, {"sizes": (2, 2)}, BLOCK),
    ("solve", "not transposed", {"transpose": lambda ct, a, _b, **_: (None, solve(a, ct))},
     systems, {}, ()),
    ("solve", "sign", {"transpose": lambda ct, a, _b, **_: (None, -solve(swap(a), ct))},
     systems, {}, ()),
    ("solve", "dropped operand", {"jvp": (None, lambda t, _x, a, _b, **_: solve(a, t))},
     systems, {}, ()),
    ("solve", "wrong side", {"jvp": (lambda t, x, a, _b, **_: -solve(a, matmul(swap(t), x)),
                                     lambda t, _x, a, _b, **_: solve(a, t))}, systems, {}, ()),
]  # fmt: skip
"""Operator, mistake, its rules, arguments, parameters, constant operands behind the arguments."""


def tangent_by_itself(ts: Any, _out: Any, *operands: Any, **params: Any) -> Any:
    """The operator applied to its tangents: so it is the copy that gets transposed."""
    held = operands[len([t for t in ts if t is not None]) :]
    return REGISTRY["mutant"](*[t for t in ts if t is not None], *held, **params)


def own_tangents(name: str) -> Any:
    """The jvp rule of an operator that is linear in its operands, or of solve."""
    if name == "solve":
        solve_record: Any = REGISTRY[name]
        first = solve_record.jvp[0]
        return (first, lambda t, _x, a, _b, **_: REGISTRY["mutant"](a, t))
    if name == "split":
        return (lambda t, _out, _x, **params: REGISTRY["mutant"](t, **params),)
    return Joint(tangent_by_itself)


def without_flags(rule: Any) -> Any:
    """A transpose rule that does not care whether zeros are strong."""
    return lambda *operands, flagged=False, **params: rule(*operands, **params)


def of_general(
    name: str, mistake: str, rules: dict[str, Any], draw: Draw, params: Any, held: Any
) -> Mutant:
    prim: Any = REGISTRY[name]
    own = {"jvp": own_tangents(name)}
    if "transpose" in rules:
        rules = {**rules, "transpose": without_flags(rules["transpose"])}
    return of_function(
        f"rules of {name}: {mistake}",
        mistake,
        Record(lambda new: prim.replaced(name=new, **(own | rules)), params, held),
        Record(lambda new: prim.replaced(name=new, **own), params, held),
        draw,
        probe=pulled,
    )


MUTANTS = [
    *(of_linear(*row) for row in LINEAR),
    *(of_case(*row) for row in CASES),
    *(of_general(*row) for row in GENERAL),
]
