"""A minimisation as functions of a vector and of operands, whatever solves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...api.grad import value_and_grad
from ...api.jvp import jvp
from ...core.arguments import check_function
from ...core.containers import is_pair
from ...core.tracing import aval_of
from ...lax.bodies import as_carried
from ...numpy.protocol import inexact
from ...ops.shape import reshape
from ...typing import Array, PyTree
from .bounds import as_box
from .constraints import Constraint, Held, as_constraints
from .explicit import Explicit, explicit, owned
from .implicit import jacobian
from .vectors import Vectors, as_matrix


class Operands(NamedTuple):
    """Everything that the minimiser depends on."""

    fun: list[Any]
    jac: list[Any]
    hess: list[Any]
    hessp: list[Any]
    lower: Array | None
    upper: Array | None
    constraints: list[Held]


class Problem:
    """The function that is minimised and its derivatives, in ``vector``s of the unknowns.

    ``value``, ``gradient``, ``value_and_gradient``, ``hessian`` and ``product`` take operands, then
    a vector. Derivatives are the user's where there are some, else those of the function. No traced
    value is held, since rules of derivatives hold problems.
    """

    def __init__(
        self,
        name: str,
        owner: str,
        vectors: Vectors,
        fun: Explicit,
        jac: Explicit | None,
        hess: Explicit | None,
        hessp: Explicit | None,
        both: bool,
        keep_feasible: Any,
        constraints: list[Constraint],
    ) -> None:
        self.name: str = name
        self.owner: str = owner
        self.vectors: Vectors = vectors
        self.fun: Explicit = fun
        self.jac: Explicit | None = jac
        self.hess: Explicit | None = hess
        self.hessp: Explicit | None = hessp
        self.both: bool = both
        self.keep_feasible: Any = keep_feasible  # None without bounds
        self.constraints: list[Constraint] = constraints

    def _result(self, given: Operands, v: Array) -> tuple[Any, Any]:
        out = self.fun(given.fun, self.vectors.unravel(v))
        if not self.both:
            return out, None
        if not is_pair(out):
            raise TypeError(f"{self.owner} must return a pair (value, gradient), since jac=True")
        return out

    def value(self, given: Operands, v: Array) -> Array:
        """The value, a scalar."""
        return self._scalar(self._result(given, v)[0])

    def _scalar(self, out: Any) -> Array:
        leaves = tree.leaves(out)
        avals = [aval_of(x) for x in leaves]
        if len(avals) != 1 or avals[0].size != 1:
            found = avals[0] if len(avals) == 1 else tree.structure(out)
            raise TypeError(f"{self.owner} must return a scalar, got {found}; sum it first")
        if avals[0].dtype.kind == "c":
            raise TypeError(f"{self.owner} must return a real number, got {avals[0]}")
        value = inexact(as_carried(leaves[0]))
        return value if not avals[0].shape else reshape(value, shape=())

    def value_and_gradient(self, given: Operands, v: Array) -> tuple[Array, Array]:
        """Both."""
        if self.both:
            value, gradient = self._result(given, v)
            return self._scalar(value), self.vectors.gradient(gradient)
        if self.jac is not None:
            return self.value(given, v), self.gradient(given, v)
        value, slope = value_and_grad(self.value, 1)(given, v)
        return value, slope

    def gradient(self, given: Operands, v: Array) -> Array:
        """The gradient, a vector."""
        if self.jac is None:
            return self.value_and_gradient(given, v)[1]
        found = self.jac(given.jac, self.vectors.unravel(v))
        self.vectors.check_same(found, f"{self.name}: what jac returns")
        return self.vectors.gradient(found)

    def hessian(self, given: Operands, v: Array) -> Array:
        """The Hessian, a matrix."""
        if self.hess is not None:
            found = self.hess(given.hess, self.vectors.unravel(v))
            return as_matrix(found, self.vectors.size, self.vectors)
        return jacobian(lambda v: self.gradient(given, v), v)

    def product(self, given: Operands, v: Array, p: Array) -> Array:
        """The product of the Hessian and a vector."""
        if self.hessp is not None:
            of = self.vectors.unravel
            return self.vectors.gradient(self.hessp(given.hessp, of(v), of(p)))
        return jvp(lambda v: self.gradient(given, v), (v,), (p,))[1]

    def dtype(self, given: Operands, v: Array) -> np.dtype:
        """The dtype of values, in which they are returned."""
        return np.result_type(aval_of(self.value(given, v)).dtype, np.float16)


def pose(
    name: str,
    fun: Callable[..., Any],
    start: PyTree,
    args: tuple[Any, ...],
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
) -> tuple[Problem, Array, Operands]:
    """A problem, the vector at which the search starts, and what the minimiser depends on."""
    check_function(fun, name, "fun")
    vectors = Vectors(start)
    box = as_box(name, bounds, vectors)
    listed = as_constraints(name, constraints, start, vectors)
    given: list[Explicit | None] = []
    operands: list[list[Any]] = []
    for f, values in ((fun, (start,)), (jac, (start,)), (hess, (start,)), (hessp, (start, start))):
        call, own = explicit(f, values, args) if callable(f) else (None, [])
        given.append(call)
        operands.append(own)
    value, slope, second, product = given
    assert value is not None
    keep = None if box is None else box.keep_feasible
    problem = Problem(
        name, owned(name, fun), vectors, value, slope, second, product, jac is True, keep,
        [c for c, _ in listed],
    )  # fmt: skip
    sides: Any = (None, None) if box is None else (box.lower, box.upper)
    everything: Any = (*operands, *sides, [held for _, held in listed])
    return problem, vectors.ravel(start), Operands(*everything)
