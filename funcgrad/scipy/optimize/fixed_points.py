"""fixed_point: where a function of pytrees returns its argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arguments import check_function, is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...lax.loops import while_loop
from ...typing import Array, PyTree
from ..arguments import one_of
from .explicit import explicit, is_traced, owned, run_loops
from .implicit import along, implicitly, solve_jacobian
from .roots import shape_of
from .vectors import Vectors, as_start

MEMORY = 5
"""The number of steps that Anderson's acceleration combines."""


@user_facing
def fixed_point(
    func: Callable[..., PyTree],
    x0: PyTree,
    args: Any = (),
    xtol: float = 1e-8,
    maxiter: int = 500,
    method: str = "del2",
) -> PyTree:
    """The x with ``func(x, *args) = x``, by iteration.

    It has derivatives in ``args`` and in what ``func`` closes over, in every mode and order: those
    of the equation, which hold where 1 is no eigenvalue of the Jacobian. They need no memory for
    iterations.

    Args:
        func: function from a pytree to one of the same structure and shapes.
        x0: where to start: a pytree of arrays; a list of numbers is a vector. The result has no
            derivative in it.
        args: further arguments, a tuple, or one that is no tuple.
        xtol: the relative change of all elements that is small enough.
        maxiter: the largest number of iterations.
        method: "iteration" applies the function again and again; "del2" accelerates each element by
            Aitken's formula, as in SciPy; "anderson" combines the last steps (Walker and Ni,
            "Anderson acceleration for fixed-point iterations", 2011).

    Returns:
        A pytree like x0. Inside of ``jit`` and ``vmap`` it is NaN where nothing was found.

    Raises:
        RuntimeError: nothing was found.
        TreeError: the function returns another structure.

    >>> from funcgrad import grad
    >>> babylonian = lambda x, a: (x + a / x) / 2
    >>> f = lambda a: fixed_point(babylonian, 1.0, a)
    >>> f(4.0).round(6), grad(f)(4.0).round(6)
    (np.float64(2.0), np.float64(0.25))
    """
    check_function(func, "fixed_point", "func")
    one_of("fixed_point", "method", method, ("del2", "iteration", "anderson"))
    if not is_integer(maxiter):
        raise TypeError(f"fixed_point: maxiter must be an int, got {describe(maxiter)}")
    args = args if isinstance(args, tuple) else (args,)
    start = as_start("fixed_point", x0)
    vectors = Vectors(start)
    call, operands = explicit(func, (start,), args)
    vectors.check_same(
        shape_of(call, operands, start), f"what {owned('fixed_point', func)} returns"
    )
    way = {"del2": _aitken, "iteration": _plain, "anderson": _anderson}[method]

    def image(given: list[Any], v: Array) -> Array:
        return vectors.ravel(call(given, vectors.unravel(v)))

    def iterate(v: Array, given: list[Any]) -> tuple[Array, Any]:
        return way(lambda v: image(given, v), v, xtol, int(maxiter))

    def search(v: Array, given: list[Any]) -> tuple[Array, Any]:
        return run_loops(iterate, v, given)  # type: ignore[no-any-return]

    def tangent(v: Array, given: list[Any], dots: list[Any]) -> Array:
        moved = along(image, v, given, dots)
        return solve_jacobian(lambda v: v - image(given, v), v, moved)

    found, reached = implicitly(search, tangent, vectors.ravel(start), operands)
    if is_traced(reached):
        return vectors.unravel(np.where(reached, found, np.nan))
    if not reached:
        raise RuntimeError(
            f"fixed_point: {owned('fixed_point', func).partition(': ')[2]} has no fixed point near "
            f"x0, or it was not found in {maxiter} iterations"
        )
    return vectors.unravel(found)


def _changed(new: Array, old: Array, xtol: float) -> Any:
    """Whether an element has changed by more than a part."""
    part = np.where(old == 0, new, (new - old) / np.where(old == 0, 1, old))
    return ~np.all(abs(part) < xtol)


def _repeated(
    advance: Callable[[Array, Any], tuple[Array, Any]],
    v: Array,
    memory: Any,
    xtol: float,
    maxiter: int,
) -> tuple[Array, Any]:
    """The last of a sequence, and whether it stands still."""

    def going(s: Any) -> Any:
        _, _, count, moving = s
        return moving & (count < maxiter)

    def iterate(s: Any) -> Any:
        v, memory, count, _ = s
        new, memory = advance(v, memory)
        return new, memory, count + 1, _changed(new, v, xtol)

    new, _, _, moving = while_loop(going, iterate, (v, memory, np.int64(0), np.True_))
    return new, ~moving


def _plain(
    image: Callable[[Array], Array], v: Array, xtol: float, maxiter: int
) -> tuple[Array, Any]:
    return _repeated(lambda v, none: (image(v), none), v, (), xtol, maxiter)


def _aitken(
    image: Callable[[Array], Array], v: Array, xtol: float, maxiter: int
) -> tuple[Array, Any]:
    def advance(v: Array, none: Any) -> tuple[Array, Any]:
        once = image(v)
        twice = image(once)
        bend = twice - 2 * once + v
        straight = bend == 0
        ahead = v - (once - v) ** 2 / np.where(straight, 1, bend)
        return np.where(straight, twice, ahead), none

    return _repeated(advance, v, (), xtol, maxiter)


def _anderson(
    image: Callable[[Array], Array], v: Array, xtol: float, maxiter: int
) -> tuple[Array, Any]:
    """Each step is the combination of the last ones with the smallest residual."""
    rows: Any = np.zeros((MEMORY, v.shape[0]), v.dtype)
    eps = np.finfo(v.dtype).eps

    def advance(v: Array, memory: Any) -> tuple[Array, Any]:
        images, residuals, last, before, count = memory
        there = image(v)
        residual = there - v
        known = count > 0
        images = _shifted(images, np.where(known, there - last, 0))
        residuals = _shifted(residuals, np.where(known, residual - before, 0))
        products = residuals @ residuals.T
        # Rows of zeros are not known yet; others may depend on each other.
        scale = np.trace(products)
        safe = 10 * eps * scale + np.where(scale == 0, 1, 0)
        weights = np.linalg.solve(
            products + safe * np.eye(MEMORY, dtype=v.dtype), residuals @ residual
        )
        return there - weights @ images, (images, residuals, there, residual, count + 1)

    return _repeated(advance, v, (rows, rows, v, v, np.int64(0)), xtol, maxiter)


def _shifted(rows: Array, new: Array) -> Array:
    return np.concatenate([rows[1:], new[None]])
