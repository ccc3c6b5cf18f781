"""Functions of a matrix, as users write them: ``(v * f(w)) @ v.T`` after ``eigh`` or ``svd``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..compiler.passes.diagonals import is_diagonal
from ..compiler.stabilize import add_rules, stabilize_jaxpr
from ..compiler.stabilize.forms import LAYOUT, axes_after, operand, unplaced
from ..compiler.stabilize.graph import Graph, NoMatch
from ..compiler.stabilize.rewriting import Builder, Match, Rule
from ..core.avals import Aval
from ..core.jaxpr import Atom, Eqn, Jaxpr, Var
from ..core.restarts import replace_formulas
from ..ops.contraction.dot_general import dot_general
from ..ops.families import Elementwise
from ..ops.linalg.matrices import swap
from ..ops.linalg.spectral import between, eigh, eigvalsh, svd, svdvals
from ..ops.pointwise.arithmetic import div, mul
from ..ops.pointwise.complex import conj
from ..ops.shape import convert, reshape, transpose
from ..ops.structural.gather import scatter_add
from ..typing import Array
from .matrix_function import matrix_function, weights

VALUES, ROW, FREE = "values", "row", "free"
"""Axes of vectors: one for each value, and the other one; and of what they are multiplied with."""


class Factor(NamedTuple):
    """Vectors of a decomposition times functions of the values, as an operand of a product has it.

    Attributes:
        made: the decomposition.
        left: whether these are the vectors on the left; None where they are both.
        turned: whether they are conjugated, apart from what makes them those on the right.
        axes: the name of each axis; numbers for those of stacks.
        scales: operators and operands, in the layout of the axes as it was then.
        product: the product of the vectors with something else, if there is one.
    """

    made: Eqn
    left: bool | None
    turned: bool
    axes: tuple[Any, ...]
    scales: tuple[Scale, ...] = ()
    product: tuple[Eqn, int] | None = None


class Scale(NamedTuple):
    """A product with, or quotient by, a function of the values."""

    operator: Elementwise
    by: Atom


def _factor(g: Graph, a: Atom) -> Factor | None:
    """An atom as vectors of a decomposition, times functions of its values."""
    a = g.resolve(a)
    e = g.eqn(a)
    if e is None:
        return None
    if e.primitive is eigh or e.primitive is svd:
        return _vectors(e, a)
    find = _FACTORS.get(e.primitive)
    return None if find is None else find(g, e)


def _vectors(e: Eqn, a: Atom) -> Factor | None:
    lead = tuple(range(len(a.aval.shape) - 2))
    if e.primitive is eigh and a is e.outvars[1]:
        both = None if a.aval.dtype.kind == "f" else True
        return Factor(e, both, False, (*lead, ROW, VALUES))
    if e.primitive is svd and not e.params["full_matrices"]:
        if a is e.outvars[0]:
            return Factor(e, True, False, (*lead, ROW, VALUES))
        if a is e.outvars[2]:
            return Factor(e, False, False, (*lead, VALUES, ROW))
    return None


def _transposed(g: Graph, e: Eqn) -> Factor | None:
    inner = _factor(g, e.inputs[0])
    return inner and inner._replace(axes=tuple(inner.axes[i] for i in e.params["perm"]))


def _reshaped(g: Graph, e: Eqn) -> Factor | None:
    same = e.inputs[0].aval.shape == e.outvars[0].aval.shape
    return _factor(g, e.inputs[0]) if same else None


def _conjugated(g: Graph, e: Eqn) -> Factor | None:
    """Of Hermitian matrices the vectors on the right are those on the left, conjugated."""
    inner = _factor(g, e.inputs[0])
    if inner is None or (inner.scales and inner.made.outvars[0].aval.dtype.kind == "c"):
        return None
    if inner.product is not None:
        return None
    if inner.made.primitive is eigh:
        return inner._replace(left=None if inner.left is None else not inner.left)
    real = e.outvars[0].aval.dtype.kind == "f"
    return inner if real else inner._replace(turned=not inner.turned)


def _scaled(g: Graph, e: Eqn) -> Factor | None:
    """Vectors times a function of the values along their axis."""
    shape = e.outvars[0].aval.shape
    orders = ((0, 1), (1, 0)) if e.primitive is mul else ((0, 1),)
    for i, k in orders:
        if e.inputs[i].aval.shape != shape:
            continue
        inner = _factor(g, e.inputs[i])
        if inner is not None and _is_weight(g, inner, e.inputs[k]):
            return inner._replace(scales=(*inner.scales, Scale(e.primitive, e.inputs[k])))
    return None


def _multiplied(g: Graph, e: Eqn) -> Factor | None:
    """Vectors times a diagonal, and the product of vectors with something else."""
    contract, batch = e.params["contract"], e.params["batch"]
    if not contract[0] and len(batch[0]) == 1:
        return _beside(g, e)
    if len(contract[0]) != 1 or e.params["strong"] is not None:
        return None
    for i in (0, 1):
        inner, other = _factor(g, e.inputs[i]), e.inputs[1 - i]
        if inner is None or inner.product is not None or not _stacked(inner, batch[i]):
            continue
        if inner.axes[contract[i][0]] == VALUES:
            return _times_diagonal(g, inner, other, i)
        stack = inner.axes[: len(batch[i])]
        used = (*contract[1 - i], *batch[1 - i])
        rest = tuple((FREE, k) for k in range(len(other.aval.shape)) if k not in used)
        axes = (*stack, VALUES, *rest) if i == 0 else (*stack, *rest, VALUES)
        return inner._replace(axes=axes, product=(e, i))
    return None


def _stacked(f: Factor, batch: Sequence[int]) -> bool:
    """True if the axes of a product's stack are all axes of the factor's stack, in order."""
    stack = tuple(range(len(batch)))
    rest = f.axes[len(batch) :]
    return tuple(batch) == f.axes[: len(batch)] == stack and not any(type(n) is int for n in rest)


def _beside(g: Graph, e: Eqn) -> Factor | None:
    """Each vector times a number: an outer product of which one axis is the same in both."""
    for i in (0, 1):
        inner, other = _factor(g, e.inputs[i]), e.inputs[1 - i]
        if inner is None or len(other.aval.shape) != 1:
            continue
        (axis,) = e.params["batch"][i]
        if inner.axes[axis] != VALUES or any(type(n) is int for n in inner.axes):
            continue
        if _is_weight(g, inner._replace(axes=(VALUES,)), other):
            axes = (VALUES, *(n for n in inner.axes if n != VALUES))
            return inner._replace(axes=axes, scales=(*inner.scales, Scale(mul, other)))
    return None


def _times_diagonal(g: Graph, inner: Factor, other: Atom, i: int) -> Factor | None:
    e = operand(g, other, scatter_add)
    if e is None or len(inner.axes) != 2 or not is_diagonal(e, g.constant):
        return None
    if not _is_weight(g, inner._replace(axes=(VALUES,)), e.inputs[0]):
        return None
    axes = (ROW, VALUES) if i == 0 else (VALUES, ROW)
    return inner._replace(axes=axes, scales=(*inner.scales, Scale(mul, e.inputs[0])))


_FACTORS: dict[Any, Callable[[Graph, Eqn], Factor | None]] = {
    transpose: _transposed,
    reshape: _reshaped,
    conj: _conjugated,
    mul: _scaled,
    div: _scaled,
    dot_general: _multiplied,
}

# --- functions of the values ---------------------------------------------------------------------


def _values(made: Eqn) -> Any:
    return made.outvars[0 if made.primitive is eigh else 1]


def _is_weight(g: Graph, f: Factor, a: Atom) -> bool:
    """True if an atom is a function of the values, element by element, along their axis."""
    places = {n: k - len(f.axes) for k, n in enumerate(f.axes)}
    return _dependence(g, f.made, a, places) is True


def _dependence(g: Graph, made: Eqn, a: Atom, places: dict[Any, int]) -> bool | None:
    """Whether an atom is a function of the values (true) or of scalars alone; None for neither."""
    a = g.resolve(a)
    if all(d == 1 for d in a.aval.shape) or g.uniform(a) is not None:
        return False
    base, steps = unplaced(g, a)
    shape = _values(made).aval.shape
    if steps and base.aval.shape == shape:
        names = axes_after(tuple(range(len(shape))), shape, steps)
        if names is None or not _in_place(names, places):
            return None
        lead = {n: n - len(shape) for n in range(len(shape) - 1)}
        return _dependence(g, made, base, {**lead, VALUES: -1})
    if steps:
        return None
    if base is _values(made):
        return _in_place(tuple(range(len(shape))), places) or None
    e = g.eqn(base)
    if e is None or not (isinstance(e.primitive, Elementwise) or e.primitive is convert):
        return None
    if e.primitive.effect or e.primitive.opaque:
        return None
    found = [_dependence(g, made, x, places) for x in e.inputs]
    return None if None in found else any(found)


def _in_place(names: Sequence[int | None], places: dict[Any, int]) -> bool:
    """True if each axis of the values stands where the factor has it."""
    last = max((n for n in names if n is not None), default=-1)
    for k, n in enumerate(names):
        if n is not None and places[VALUES if n == last else n] != k - len(names):
            return False
    return True


class _Reading:
    """Evaluates functions of values; the scalars that they read are numbered."""

    def __init__(self, g: Graph, made: Eqn) -> None:
        self.g = g
        self.values = _values(made)
        self.scalars: list[Atom] = []

    def find(self, a: Atom) -> None:
        """Number the scalars that an atom reads."""
        a = self.g.resolve(a)
        if a is self.values or self.g.uniform(a) is not None:
            return
        if all(d == 1 for d in a.aval.shape):
            if a not in self.scalars:
                self.scalars.append(a)
            return
        e = self.g.eqn(a)
        assert e is not None
        for x in e.inputs[:1] if e.primitive in LAYOUT else e.inputs:
            self.find(x)

    def evaluate(self, a: Atom, values: Array, scalars: Sequence[Array]) -> Any:
        """The function that an atom is, at values."""
        a = self.g.resolve(a)
        if a is self.values:
            return values
        number = self.g.uniform(a)
        if number is not None:
            return number
        if a in self.scalars:
            return scalars[self.scalars.index(a)]
        e = self.g.eqn(a)
        assert e is not None
        if e.primitive in LAYOUT:
            return self.evaluate(e.inputs[0], values, scalars)
        return e.primitive(*(self.evaluate(x, values, scalars) for x in e.inputs), **e.params)

    def product(self, scales: Sequence[Scale], values: Array, scalars: Sequence[Array]) -> Array:
        """The product of all scales, at values."""
        found: Any = None
        for operator, by in scales:
            value = self.evaluate(by, values, scalars)
            if found is None:
                found = value if operator is mul else operator(1.0, value)
            else:
                found = operator(found, value)
        return found  # type: ignore[no-any-return]


# --- the whole formula ---------------------------------------------------------------------------


def _formula(g: Graph, e: Eqn) -> Match | None:
    if len(e.params["contract"][0]) != 1 or e.params["strong"] is not None:
        return None
    f0, f1 = (_factor(g, a) for a in e.inputs)
    if f0 is None or f1 is None or f0.made is not f1.made or not (f0.scales or f1.scales):
        return None
    for i, f in enumerate((f0, f1)):
        if f.axes[e.params["contract"][i][0]] != VALUES or not _stacked(f, e.params["batch"][i]):
            return None
    if f0.left is None:
        f0, f1 = f0._replace(left=True), f1._replace(left=False)
    if f0.left == f1.left or f0.turned != f1.turned or (f0.product and f1.product):
        return None
    name = "(v * f(w)) @ v.T" if f0.made.primitive is eigh else "(u * f(s)) @ vh"
    return Match(f"{name} -> function of a matrix", lambda get: _build(g, get, f0, f1))


def _build(g: Graph, get: Builder, f0: Factor, f1: Factor) -> Array:
    made, scales = f0.made, (*f0.scales, *f1.scales)
    reading = _Reading(g, made)
    for scale in scales:
        reading.find(scale.by)

    def run(values: Array, *scalars: Array) -> Array:
        return reading.product(scales, values, scalars)

    scalars = [reshape(get.as_it_is(a), shape=()) for a in reading.scalars]
    avals = [Aval((), a.aval.dtype, a.aval.weak) for a in reading.scalars]
    of = weights(run, _values(made).aval, avals)
    if of.vector.out_avals[0].dtype.kind == "c" and f0.turned:
        raise NoMatch
    params = {k: v for k, v in made.params.items() if k != "full_matrices"}
    whole = matrix_function(of, get.as_it_is(made.inputs[0]), scalars, **params)
    if f0.turned:
        whole = conj(whole)
    plain, other = (f0, f1) if f0.product is None else (f1, f0)
    rows = whole if plain.left else swap(whole)
    if other.product is None:
        return rows
    return _applied(get, rows, other, first=plain is f0)


def _applied(get: Builder, matrix: Array, f: Factor, *, first: bool) -> Array:
    """The matrix times what the vectors of a factor are multiplied with, in its layout."""
    assert f.product is not None
    e, i = f.product
    n = len(matrix.shape) - 2
    contract, batch = e.params["contract"][1 - i], e.params["batch"][1 - i]
    out = dot_general(
        matrix,
        get.as_it_is(e.inputs[1 - i]),
        contract=((n + 1,), contract),
        batch=(tuple(range(n)), batch),
        strong=None,
    )
    free = [k for k in range(len(e.inputs[1 - i].aval.shape)) if k not in (*contract, *batch)]
    made = [*range(n), ROW, *((FREE, k) for k in free)]
    rest = [a for a in f.axes if a != VALUES and type(a) is not int]
    wanted = [*range(n), ROW, *rest] if first else [*range(n), *rest, ROW]
    perm = tuple(made.index(a) for a in wanted)
    return out if perm == tuple(range(len(perm))) else transpose(out, perm=perm)


def with_values_alone(jaxpr: Jaxpr) -> tuple[Jaxpr, int]:
    """The jaxpr with values in the place of decompositions of which no vectors are read; how many.

    The rules of values alone have nothing to do with vectors of equal values.
    """
    read = {a for e in jaxpr.eqns for a in e.inputs if isinstance(a, Var)}
    read.update(a for a in jaxpr.outvars if isinstance(a, Var))
    eqns: list[Eqn] = []
    found = 0
    for e in jaxpr.eqns:
        values = _values(e) if e.primitive in (eigh, svd) else None
        if values is not None and read.isdisjoint(v for v in e.outvars if v is not values):
            params = {k: v for k, v in e.params.items() if k != "full_matrices"}
            alone = eigvalsh if e.primitive is eigh else svdvals
            e = Eqn(alone, e.inputs, params, [values], e.source)
            found += 1
        eqns.append(e)
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts), found


def for_equal_values(jaxpr: Jaxpr) -> tuple[Jaxpr, Sequence[Any]]:
    """The jaxpr with derivatives that are right where values are equal; what was found, if any."""
    jaxpr, rewrites = stabilize_jaxpr(jaxpr)
    jaxpr, alone = with_values_alone(jaxpr)
    return jaxpr, (*rewrites, *range(alone))


add_rules((Rule(dot_general, frozenset([eigh, svd]), _formula, complex=True),))
replace_formulas(between, for_equal_values)
