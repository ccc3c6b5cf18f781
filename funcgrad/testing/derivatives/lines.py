"""Functions on lines through a point, in double precision, and leaves as vectors of numbers."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import arrays
from ...core.dtypes import finfo, kind_of, result_type
from ...core.tracing import aval_of
from ...typing import PyTree
from .functions import Flat, Leaves
from .layouts import copied
from .leaves import finite_max, host, leaf_scale, widened
from .sizes import CANCELLED

MANY = 100_000
"""Functions of more numbers are looked at along fewer directions, and by fewer steps."""

KEPT = 1_000
"""Outputs along a line are kept if they are not more numbers than that."""

Vector = np.ndarray


def pack(leaves: Sequence[Any]) -> Vector:
    """Leaves as one vector of doubles; a complex number is two."""
    if len(leaves) == 1 and type(leaves[0]) in (np.ndarray, np.float64):
        if leaves[0].dtype == np.float64:
            return leaves[0].flatten()
    parts = [np.zeros(0)]
    for x in leaves:
        a = np.ravel(host(x))
        wide = np.complex128 if a.dtype.kind == "c" else np.float64
        parts.append(a.astype(wide, copy=False).view(np.float64))
    return np.concatenate(parts)


def unpack(vector: Vector, like: Sequence[Any]) -> list[np.ndarray]:
    """A vector made by pack as arrays of the shapes of other leaves."""
    out, start = [], 0
    for x in like:
        aval = aval_of(x)
        count = aval.size * (2 if aval.dtype.kind == "c" else 1)
        part = vector[start : start + count]
        start += count
        out.append(
            (part.view(np.complex128) if aval.dtype.kind == "c" else part).reshape(aval.shape)
        )
    return out


def unpack_error(vector: Vector, like: Sequence[Any]) -> list[np.ndarray]:
    """Like unpack, for error bounds: of a complex number, the sum of both."""
    found = unpack(vector, like)
    return [np.real(e) + np.imag(e) if e.dtype.kind == "c" else e for e in found]


def pack_bounds(bounds: Sequence[Any], outs: Sequence[Any]) -> Vector:
    """Bounds of leaves beside pack(outs): both parts of a complex number have the same."""
    parts = [np.zeros(0)]
    for bound, o in zip(bounds, outs, strict=True):
        aval = aval_of(o)
        full = np.ravel(np.broadcast_to(bound, aval.shape))
        parts.append(np.repeat(full, 2 if aval.dtype.kind == "c" else 1))
    return np.concatenate(parts)


@dataclass(frozen=True)
class Start:
    """What all lines through a point have in common.

    The point and the outputs there are in double precision if the function lets itself be
    evaluated so; ``values`` are the outputs as a vector, ``terms`` sizes of what they are sums of.
    """

    given: Sequence[Any]
    point: Leaves
    outs: Leaves
    values: Vector
    terms: Vector
    eps: float
    largest: float
    scales: list[float]


def start_of(flat: Flat, point: Sequence[Any]) -> Start:
    """The start of lines through a point, which is kept for other lines through it."""
    if flat.start is not None and flat.start.given is point:
        return flat.start  # type: ignore[no-any-return]
    wide, outs = best_precision(flat, point)
    values = pack(outs)
    sizes = [finite_max(values), *(finite_max(host(x)) for x in wide)]
    flat.start = Start(
        given=point,
        point=wide,
        outs=outs,
        values=values,
        terms=np.fmax(np.abs(values), pack_bounds(flat.sizes, outs)),
        eps=max(2.0**-52, *(precision(x) for x in (*wide, *outs))),
        largest=max([1.0, *sizes]),
        scales=[leaf_scale(x) for x in wide],
    )
    return flat.start


class Line:
    """A function restricted to the line through a point: h -> f(x + h t), as a vector.

    Evaluated in double precision if the function lets itself be, otherwise in its own. With
    weights the vector has one element, the weighted sum of all finite outputs. What is known of
    a line that is ``like`` this one, but for the sizes of the outputs, is not computed again.
    """

    def __init__(
        self,
        flat: Flat,
        point: Sequence[Any],
        tangents: Sequence[Any],
        weights: Vector | None = None,
        like: Line | None = None,
    ) -> None:
        self.flat = flat
        self.tangents: Leaves = [host(t) for t in tangents]
        start = start_of(flat, point)
        self.point: Leaves = start.point
        self.outs: Leaves = start.outs
        self.eps: float = start.eps
        self.terms: Vector = start.terms
        self.nondet: float = flat.nondet
        self.weights: Vector | None = None
        if weights is not None:
            finite = np.isfinite(start.values)
            self.weights = np.where(finite, weights, 0.0)
            self.terms = np.array([np.sum(np.abs(self.weights[finite]) * self.terms[finite])])
            self.nondet *= float(np.sum(np.abs(self.weights)))
        self.start: Vector = self.project(start.values)
        self.natural: Vector = np.minimum(self.terms, CANCELLED * start.largest)
        self.unit: float = unit_step(start.scales, self.tangents)
        self.bends: dict[float, tuple[Vector, Vector]] = {}
        self.seen: dict[float, Vector] = {} if like is None else like.seen
        self.exact: list[Vector | None] = [] if like is None else like.exact
        """The complex step, if it was computed."""

    def project(self, values: Vector) -> Vector:
        """All outputs, or their weighted sum."""
        if self.weights is None:
            return values
        used = self.weights != 0
        return np.array([np.sum(self.weights[used] * values[used])])

    @property
    def is_long(self) -> bool:
        """True if f is one of so many numbers that drawing a direction takes long, too."""
        return sum(aval_of(x).size for x in self.point) > MANY

    def beside(self, point: Leaves) -> Line:
        """The line along the same direction through another point."""
        other = copy.copy(self)
        other.point, other.seen, other.exact = point, {}, []
        return other

    def points(self, h: float) -> Leaves:
        """The point at a step."""
        return [moved(x, t, h) for x, t in zip(self.point, self.tangents, strict=True)]

    def at(self, h: float) -> Vector:
        """The outputs at a step, or NaN where there are none; few numbers are kept."""
        found = self.seen.get(h)
        if found is None:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.evaluated(h)
        return found

    def at_all(self, steps: Sequence[float]) -> Vector:
        """The same at several steps, as rows."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = [self.seen.get(h) for h in steps]
            rows = [self.evaluated(h) if r is None else r for h, r in zip(steps, rows, strict=True)]
        return np.array(rows)

    def evaluated(self, h: float) -> Vector:
        """The outputs at a step, computed anew."""
        xs = self.points(h)
        if self.flat.tangents is not None:
            pairs = zip(self.point, xs, strict=True)
            xs = [self.flat.tangents.curved(k, x, y) for k, (x, y) in enumerate(pairs)]
        try:
            found = self.project(pack(self.flat.evaluate(xs)))
            exists = found.shape == self.start.shape
        except (ArithmeticError, np.linalg.LinAlgError, ValueError, IndexError):
            exists = False
        if not exists:
            found = np.full_like(self.start, np.nan)
        if found.size <= KEPT and not self.nondet:
            self.seen[h] = found
        return found

    def noise(self, *values: Vector) -> Vector:
        """The rounding error to be expected of outputs."""
        largest = np.abs(self.terms)
        for value in values:
            largest = np.maximum(largest, np.abs(value))
        return self.eps * largest + self.nondet


def precision(x: PyTree) -> float:
    """The distance from 1 to the next number of the dtype of x."""
    return float(finfo(aval_of(x).dtype).eps)


def change(a: Vector, b: Vector) -> Vector:
    """A - b, where infinity less itself is zero."""
    return np.where(a == b, 0.0, a - b)


def best_precision(flat: Flat, point: Sequence[Any]) -> tuple[Leaves, Leaves]:
    """The point and the outputs there, in double precision if the function allows that."""
    known = flat.outs if point is flat.point and flat.staged is flat.wide is None else None
    outs = flat.evaluate([copied(x) for x in point]) if known is None else known
    wide = [widened(x) for x in point]
    if all(w is x for w, x in zip(wide, point, strict=True)):
        return wide, outs
    try:
        found = (flat.wide or flat).call(wide)
        kinds = [(aval_of(o).shape, kind_of(aval_of(o).dtype)) for o in found]
    except Exception:  # a function may refuse double precision in any way it likes
        return list(point), outs
    if kinds != [(aval_of(o).shape, kind_of(aval_of(o).dtype)) for o in outs]:
        return list(point), outs
    if any(aval_of(o).dtype.itemsize < 8 for o in found):
        return list(point), outs
    return wide, found


def moved(x: PyTree, t: np.ndarray, h: complex) -> Any:
    """X + h t in the dtype of x, or the complex one of its precision; a Python number stays one."""
    if type(x) in (float, complex):
        return (x + h * t).item()
    if type(x) is np.ndarray and x.dtype == t.dtype == np.float64 and type(h) is float:
        return x + h * t
    dtype = aval_of(x).dtype
    if isinstance(h, complex):
        dtype = result_type(dtype, np.complex64)
    step = np.asarray(h * t.astype(result_type(t.dtype, float), copy=False), dtype)
    if arrays.is_gpu_array(x):
        step = arrays.namespace((x,)).asarray(step)
    return x.astype(dtype, copy=False) + step


def unit_step(scales: Sequence[float], tangents: Sequence[Any]) -> float:
    """The step that moves leaves of some sizes by as much as they are large."""
    ratios = []
    for scale, t in zip(scales, tangents, strict=True):
        largest = np.max(np.abs(t), initial=0)
        if largest > 0:
            ratios.append(scale / float(largest))
    return float(2.0 ** np.round(np.log2(max(ratios, default=1.0))))
