"""The smallest edit of the right backward pass that gives a wrong gradient.

Where funcgrad can trace a function, it has the right backward pass as a linear program. A gradient
that somebody wrote by hand is often that program with one mistake: a path left out or counted
twice, a factor forgotten or transposed, one array taken for another, a sum over examples missing.
Each such edit is tried; the one that gives what was found names the mistake and its line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from ...control.custom import ignoring_rules
from ...core.dtypes import is_inexact
from ...core.jaxpr import Eqn, Literal
from ...ops.pointwise.arithmetic import div, mul
from .functions import Flat
from .leaves import random_leaf
from .linear_programs import CLOSE, MOST, BackwardPass, ForwardPass, with_eqns
from .lines import Vector, pack
from .paths import Paths

SECONDS = 3.0
"""The time for edits other than cuts of paths."""

ENOUGH = 4
"""The number of edits with the same result that are looked at."""


@dataclass
class Search:
    """A search for the edits of the right derivative at a point that give the claimed one."""

    flat: Flat
    right: BackwardPass
    claimed: list[Vector]
    end: float

    @classmethod
    def of(
        cls,
        flat: Flat,
        outs: Sequence[Any],
        claimed: Callable[[Sequence[Any]], Sequence[Any]],
        argument: int,
        *,
        reverse: bool,
    ) -> Search | None:
        """A search in the derivative with respect to one argument; None if f cannot be traced."""
        rng = np.random.default_rng(8)
        kind: type[BackwardPass] = BackwardPass if reverse else ForwardPass
        if reverse:
            seeds = [random_leaf(rng, o) for o in outs]
            found = [pack([claimed(seeds)[argument]])]
        else:
            seeds = [
                random_leaf(rng, x) if i == argument else x * 0 for i, x in enumerate(flat.point)
            ]
            found = [pack([t]) for t in claimed(seeds)]
        try:
            with ignoring_rules():
                return cls(flat, kind(flat, seeds), found, time.monotonic() + SECONDS)
        except Exception:  # what cannot be traced has no derivative to edit
            return None

    def matching(self, i: int, wanted: Sequence[str] | None = None) -> list[Text]:
        """The edits, in words, that give what is claimed of argument i; the simplest first.

        ``wanted`` are those that matter. With each edit comes whether it is one of several paths.
        """
        rev = not isinstance(self.right, ForwardPass)
        right = self.right.right[i] if rev else np.concatenate(self.right.right)
        given = np.concatenate(self.claimed)
        size = float(np.max(np.abs(right), initial=0))
        gap = float(np.max(np.abs(right - given), initial=0))
        tolerance = min(CLOSE * size, gap / 20)
        if not tolerance:
            return []

        def picked(grads: Sequence[Vector]) -> Vector:
            return grads[i] if rev else np.concatenate(grads)

        with ignoring_rules():
            return list(self.found(i, right, given, tolerance, picked, wanted))

    def found(
        self,
        i: int,
        right: Vector,
        given: Vector,
        tolerance: float,
        picked: Callable[[Sequence[Vector]], Vector],
        wanted: Sequence[str] | None,
    ) -> Iterator[Text]:
        """The same, one by one."""
        paths = Paths(self.right, picked, right, right - given, tolerance)
        seen: set[str] = set()
        if wanted is None or any("the path" in text for text in wanted):
            yield from ((text, False) for text in paths.single())
        edits = chain(
            edited_numbers(self.right),
            edited_constants(self.right),
            edited_arguments(self.flat, self.right, i),
            () if isinstance(self.right, ForwardPass) else partial_cotangents(self.right),
        )
        for text, pulled in edits:
            if time.monotonic() > self.end or len(seen) >= ENOUGH:
                break
            if text in seen or (wanted is not None and text not in wanted):
                continue
            try:
                edited = picked(pulled())
            except (ArithmeticError, np.linalg.LinAlgError, ValueError, TypeError):
                continue  # an edit may make a matrix singular, or shapes that do not fit
            if np.max(np.abs(edited - given), initial=0) <= tolerance:
                seen.add(text)
                yield text, False
        if not seen:
            yield from ((text, False) for text in paths.multiplied)
        if not seen and (wanted is None or any(" and " in t or " paths " in t for t in wanted)):
            yield from ((text, True) for text in paths.several())


Text = tuple[str, bool]
Edit = tuple[str, Callable[[], list[Vector]]]


def edited_constants(backward: BackwardPass) -> Iterator[Edit]:
    """A factor left out, transposed, turned around or conjugated, or another in its place.

    Where the same array is used several times, first in one place and then in all of them.
    """
    program = backward.program
    names = dict(zip(backward.paths, backward.point, strict=True))
    pairs = list(zip(program.constvars, backward.consts, strict=True))[:MOST]
    kept = [k for k, (_, v) in enumerate(pairs) if isinstance(v, np.ndarray)]
    alike: list[list[int]] = []
    for k in kept:
        group = next((g for g in alike if np.array_equal(pairs[g[0]][1], pairs[k][1])), None)
        group.append(k) if group else alike.append([k])
    for places in [*([k] for k in kept), *(g for g in alike if len(g) > 1)]:
        yield from edited_places(backward, places, names)


def edited_places(
    backward: BackwardPass, places: Sequence[int], names: dict[str, np.ndarray]
) -> Iterator[Edit]:
    """Other arrays in the place of some constants, which hold the same numbers."""
    program = backward.program
    var, value = program.constvars[places[0]], backward.consts[places[0]]
    users = [e for e in program.eqns if any(a is var for a in e.inputs)]
    if not is_inexact(value.dtype) or not users:
        return
    plain = "the mask" if np.all((value == 0) | (value == 1)) and np.ptp(value) else "the factor"
    name = next((p for p, x in names.items() if np.array_equal(x, value)), plain)
    at = f"in {users[0].primitive.name} at {users[0].source}"
    for what, new in substitutes(value, names):
        if new.shape == value.shape and not np.array_equal(new, value):
            consts = list(backward.consts)
            for k in places:
                consts[k] = new
            text = f"{name} {what}"
            ratio = ratio_of(value, new)
            if ratio is not None and name == "the factor":
                text = f"a factor {ratio:.6g} is left out"
            yield f"{text} {at}", partial(backward.pull, consts=consts)


def ratio_of(value: np.ndarray, new: np.ndarray) -> float | None:
    """The number that an array is times another one, if it is."""
    if value.dtype.kind != "f" or not np.any(new) or value.size < 2:
        return None
    ratio = float(np.sum(value * new) / np.sum(new * new))
    return ratio if np.allclose(value, ratio * new, rtol=1e-9, atol=0) else None


def edited_numbers(backward: BackwardPass) -> Iterator[Edit]:
    """A number that multiplies left out."""
    program = backward.program
    for k, e in enumerate(program.eqns):
        for place, a in enumerate(e.inputs):
            if type(a) is Literal and e.primitive in (mul, div):
                inputs = list(e.inputs)
                inputs[place] = Literal(a.value * 0 + 1, a.aval)
                eqns = list(program.eqns)
                eqns[k] = Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
                edited = with_eqns(program, eqns)
                text = f"the factor {a.value:.6g} is left out at {e.source}"
                yield text, partial(backward.pull, edited)


def edited_arguments(flat: Flat, backward: BackwardPass, i: int) -> Iterator[Edit]:
    """The right backward pass at another argument than the given one."""
    for j, value in enumerate(backward.point):
        own = j == i and not isinstance(backward, ForwardPass)
        if own or not is_inexact(value.dtype) or value.ndim < 2:
            continue
        for what, new in substitutes(value, {}):
            if new.shape == value.shape and not np.array_equal(new, value):
                point = [*flat.point[:j], new, *flat.point[j + 1 :]]
                there = replace(flat, point=point)
                text = f"{flat.in_paths[j]} {what}"
                yield text, partial(right_at, type(backward), there, backward.cts)


def right_at(kind: type[BackwardPass], flat: Flat, cts: Sequence[Any]) -> list[Vector]:
    """The right gradient, or tangent, at a point."""
    return kind(flat, cts).right


def substitutes(value: np.ndarray, names: dict[str, np.ndarray]) -> Iterator[tuple[str, Any]]:
    """Values that may stand by mistake for another, in words and as an array."""
    yield "is left out", np.ones_like(value)
    if value.ndim > 1:
        yield "is transposed", np.swapaxes(value, -1, -2)
    if value.dtype.kind == "c":
        yield "is conjugated", np.conj(value)
    for axis in range(value.ndim):
        yield f"is turned around along axis {axis}", np.flip(value, axis)
    if value.ndim > 1:
        yield "is turned around along axes 0 and 1", np.flip(value, (0, 1))
    for name, other in names.items():
        yield f"is replaced by {name}", other


def partial_cotangents(backward: BackwardPass) -> Iterator[Edit]:
    """Only the first part of the output's cotangent along an axis: a sum is missing."""
    for i, ct in enumerate(backward.cts):
        for axis in range(ct.ndim):
            if ct.shape[axis] < 2:
                continue
            for where in (0, -1):
                mask = np.zeros(ct.shape[axis])
                mask[where] = 1
                shape = [-1 if a == axis else 1 for a in range(ct.ndim)]
                cts = list(backward.cts)
                cts[i] = ct * mask.reshape(shape).astype(ct.dtype)
                which = "first" if where == 0 else "last"
                text = f"only the {which} part along axis {axis} of the output's cotangent counts: "
                yield text + "a sum is missing", partial(backward.pull, cts=cts)
