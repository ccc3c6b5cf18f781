"""Linear systems over pytrees as systems of vectors, solved by iterations, with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .... import tree
from ....api.jvp import linear_transpose
from ....api.ravel import ravel_pytree
from ....api.staging import eval_shape
from ....api.stop_gradient import stop_gradient
from ....core.arguments import is_integer
from ....core.blame import describe
from ....core.tracing import Tracer, aval_of, owner_name
from ....errors import ShapeError, TreeError
from ....lax.bodies import as_carried, check_operands
from ....lax.solving import custom_linear_solve
from ....numpy.indexing.updates import at
from ....numpy.protocol import inexact
from ....ops.shape import cast
from ....typing import Array, PyTree

Map = Callable[[Any], Any]
"""A linear map, of pytrees or of vectors."""


class Iteration(NamedTuple):
    """What an iteration starts from and when it ends.

    Attributes:
        matvec: the matrix, as a map of vectors.
        b: right-hand side, a vector.
        precondition: an approximate inverse of the matrix, as a map of vectors.
        start: where it starts; None stands for zeros.
        goal: the norm of the residual that is small enough.
        maxiter: the largest number of steps.
    """

    matvec: Map
    b: Array
    precondition: Map
    start: Array | None
    goal: Array
    maxiter: int

    def begin(self) -> tuple[Array, Array]:
        """Where it starts, and the residual there."""
        if self.start is None:
            return np.zeros_like(self.b), self.b
        return self.start, self.b - self.matvec(self.start)


Method = Callable[[Iteration], tuple[Array, Array]]
"""From an iteration to (solution, info), where info is 0 if the goal was reached."""


def inner(x: Array, y: Array) -> Array:
    """The inner product of two vectors, the first of which is conjugated."""
    return np.vdot(x, y)  # type: ignore[return-value]


def norm(x: Array) -> Array:
    """The length of a vector."""
    return np.sqrt(np.vdot(x, x).real)


def outcome(residual: Array, goal: Array, steps: Any) -> Array:
    """0 if the residual is small enough, else the number of steps, as in SciPy."""
    return np.where(norm(residual) <= goal, 0, np.maximum(steps, 1))


def as_map(name: str, argument: str, given: Any) -> Map:
    """A matrix or function as a map; matrices of ``scipy.sparse`` by their elements."""
    if callable(given):
        return given  # type: ignore[no-any-return]
    if hasattr(given, "tocoo"):
        return _of_elements(name, argument, given)
    matrix = np.asarray(given) if isinstance(given, list | tuple) else given
    if not isinstance(matrix, Tracer) and not hasattr(matrix, "dtype"):
        raise TypeError(
            f"{name}: {argument} must be a square matrix or a function, got {describe(given)}"
        )
    _check_square(name, argument, tuple(matrix.shape))
    return lambda x: matrix @ x


def _check_square(name: str, argument: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ShapeError(f"{name}: {argument} must be a square matrix, got shape {shape}")


def _of_elements(name: str, argument: str, matrix: Any) -> Map:
    """A matrix of which only some elements are stored."""
    _check_square(name, argument, tuple(matrix.shape))
    elements = matrix.tocoo()
    rows, columns, values = elements.row, elements.col, elements.data

    def product(x: Array) -> Array:
        terms = values * x[columns]
        return at(np.zeros(matrix.shape[0], terms.dtype))[rows].add(terms)

    return product


def solve(
    name: str,
    A: Any,
    b: PyTree,
    x0: PyTree | None,
    tol: Any,
    atol: Any,
    maxiter: int | None,
    M: Any,
    method: Method,
    symmetric: bool = False,
) -> tuple[PyTree, Array]:
    """The solution of a system by a method, and whether it was reached.

    Derivatives solve the system again or its transpose, by the same method.
    """
    check_operands((b, x0), f"{name}: b and x0")
    b = tree.map(lambda x: inexact(as_carried(x)), b)
    matrix, inverse = as_map(name, "A", A), None if M is None else as_map(name, "M", M)
    dtype = _common(name, "A", matrix, A, b)
    if inverse is not None:
        dtype = np.result_type(dtype, _common(name, "M", inverse, M, b))
    if x0 is not None:
        _check_start(name, b, x0)
        dtype = np.result_type(dtype, *(aval_of(x).dtype for x in tree.leaves(x0)))
    right, unravel = ravel_pytree(tree.map(lambda x: cast(x, dtype), b))
    steps = _steps(name, maxiter, right.shape[0])

    def on_vectors(of_trees: Map) -> Map:
        return lambda v: cast(ravel_pytree(of_trees(unravel(v)))[0], dtype)

    matvec = on_vectors(matrix)
    zero = np.zeros_like(right)
    start = None if x0 is None else stop_gradient(cast(ravel_pytree(x0)[0], dtype))
    precondition = (lambda v: v) if inverse is None else on_vectors(inverse)

    def transposed(v: Array) -> Array:
        if inverse is None:
            return v
        (found,) = linear_transpose(precondition, zero)(v)
        return found  # type: ignore[no-any-return]

    def run(matvec: Map, y: Array, precondition: Map, start: Array | None) -> tuple[Array, Array]:
        goal = np.maximum(tol * norm(y), atol)
        goal = cast(goal, np.real(y).dtype)
        found, info = method(Iteration(matvec, y, precondition, start, goal, steps))
        return found, cast(info, np.dtype(np.int64))

    found, info = custom_linear_solve(
        matvec,
        right,
        lambda f, y: run(f, y, precondition, start),
        lambda f, y: run(f, y, transposed, None),
        symmetric=symmetric and dtype.kind == "f",
        has_aux=True,
    )
    return unravel(found), info


def _common(name: str, argument: str, of_trees: Map, given: Any, b: PyTree) -> np.dtype:
    """The type in which a map and a right-hand side go together, after checking that they do."""
    owner = owner_name(f"{name}: {argument}", given) if callable(given) else f"{name}: {argument}"
    out = eval_shape(of_trees, b)
    wanted, found = tree.structure(b), tree.structure(out)
    if wanted != found:
        raise TreeError(f"{owner} returns {found} for {wanted}; it must return the structure of b")
    pairs = list(zip(tree.leaves(b), tree.leaves(out), strict=True))
    for x, y in pairs:
        if tuple(x.shape) != tuple(y.shape):
            raise ShapeError(
                f"{owner} returns shape {tuple(y.shape)} for {tuple(x.shape)} in b; it must return "
                "the shapes of b"
            )
    return np.result_type(*(x.dtype for pair in pairs for x in pair), np.float16)


def _check_start(name: str, b: PyTree, x0: PyTree) -> None:
    if tree.structure(b) != tree.structure(x0):
        raise TreeError(
            f"{name}: x0 must have the structure of b, {tree.structure(b)}; got "
            f"{tree.structure(x0)}"
        )
    for x, y in zip(tree.leaves(b), tree.leaves(x0), strict=True):
        if aval_of(x).shape != aval_of(y).shape:
            raise ShapeError(
                f"{name}: x0 must have the shapes of b; got {aval_of(y)} for {aval_of(x)}"
            )


def _steps(name: str, maxiter: int | None, size: int) -> int:
    if maxiter is None:
        return 10 * size
    if not is_integer(maxiter):
        raise TypeError(f"{name}: maxiter must be an int or None, got {describe(maxiter)}")
    if maxiter < 0:
        raise ValueError(f"{name}: maxiter must not be negative, got {maxiter}")
    return int(maxiter)
