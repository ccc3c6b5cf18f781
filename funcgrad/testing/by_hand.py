"""Gradients and backward passes that somebody wrote by hand, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .adapters.systems import InNumpy
from .checks import check_grads, check_vjp
from .conclusions import of_a_rule
from .derivatives.leaves import has_tangent
from .held import Held, holding, released, restored, rule_holding
from .noise import check_noisy
from .reports.report import Report


@user_facing
def check_gradient(
    f: Callable[..., Any],
    gradient: Any = None,
    args: Any = None,
    argnums: int | Sequence[int] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    samples: int | None = None,
    **settings: Any,
) -> Report:
    """Check a gradient that somebody wrote by hand, or that a system computes.

    ``check_gradient(f, x)`` and ``check_gradient(f, (x, y))``, without a gradient, check the one
    that the system gives to which f or the arguments belong: PyTorch, JAX, autograd or funcgrad.

    Args:
        f: function of positional arguments that returns a real scalar, or an array that
            ``gradient`` takes the sum of, or a pair of such a value and anything else.
        gradient: takes the same arguments and returns the gradient with respect to those that
            ``argnums`` names: an array, or a tuple of arrays for several. True if f itself
            returns (value, gradient), as ``scipy.optimize.minimize(jac=True)`` takes it.
        args: the point, a tuple. Arrays may be those of PyTorch or JAX; f and ``gradient`` are
            called with what they are.
        argnums: position or positions of what is differentiated; None for the first argument, or
            for as many leading ones as ``gradient`` returns.
        kwargs: keyword arguments for f and for ``gradient``.
        samples: for noisy simulators: the number of calls at each step; see ``check_noisy``.
        settings: as in ``check_claim``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: the gradient is wrong; the message says how.

    >>> check_gradient(lambda x: np.mean(x**2), lambda x: 2 * x, (np.array([1.0, 2.0, 4.0]),))
    Traceback (most recent call last):
        ...
    funcgrad.testing.reports.report.GradientCheckError: <lambda> ...: the vjp differs from ...
      order ...
      diagnosis  found/expected is 3 everywhere: that is the length of args[0]: a sum taken ...
    """
    caller = "check_gradient"
    options.function(f, "f", caller)
    if gradient is True:
        f, gradient = parts_of(f, caller)
    if gradient is not None and args is None and not callable(gradient):
        gradient, args = None, gradient
        args = args if isinstance(args, tuple) else (args,)
    if gradient is None:
        if args is None:
            raise TypeError(f"{caller}: give the point, as in check_gradient(f, x)")
        args = options.arguments(args, caller)
        return check_grads(f, args, modes="rev", argnums=argnums, kwargs=kwargs, **settings)
    options.function(gradient, "gradient", caller)
    args = options.arguments(args, caller)
    other = InNumpy(args)
    f, gradient, args = other.value(f), other.gradient(gradient), other.args
    f, gradient = (rule_holding(g, kwargs, caller) if kwargs else g for g in (f, gradient))

    first = gradient(*args)
    one = 0 if argnums is None else argnums
    alone = (
        isinstance(one, int | np.integer)
        and -len(args) <= one < len(args)
        and tree.structure(first) == tree.structure(args[one])
    )
    parts = (lambda found: (found,)) if alone else as_tuple
    places = positions(argnums, len(parts(first)), len(args), caller)

    def value(*xs: PyTree) -> Any:
        out = f(*released(xs))
        return np.sum(out[0] if isinstance(out, tuple) else out)

    def vjp(*xs: PyTree) -> Any:
        grads = parts(gradient(*released(xs)))
        out = value(*xs)

        def pull(ct: PyTree) -> Any:
            found: list[Any] = [None if isinstance(x, Held) else zero_like(x) for x in xs]
            for i, grad in zip(places, grads, strict=True):
                found[i] = tree.map(lambda g: ct * np.asarray(g), grad)
            return tuple(found)

        return out, pull

    value.__wrapped__ = f  # type: ignore[attr-defined]
    held = tuple(x if i in places else Held(x) for i, x in enumerate(args))
    if samples is not None:
        return check_noisy(value, vjp, held, samples, **settings)
    with of_a_rule():
        return check_vjp(value, vjp, held, **settings)


def parts_of(
    both: Callable[..., Any], caller: str
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The value and the gradient of a function that returns both."""

    def part(i: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = both(*args, **kwargs)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise TypeError(
                f"{caller}: with gradient=True {where_defined(both)} must return "
                f"(value, gradient), got {type(found).__name__}"
            )
        return found[i]

    def value(*args: PyTree, **kwargs: PyTree) -> Any:
        return part(0, args, kwargs)

    value.__wrapped__ = both  # type: ignore[attr-defined]
    return value, lambda *args, **kwargs: part(1, args, kwargs)


def described(x: PyTree) -> str:
    """What a cotangent is: its shape, or its kind."""
    return f"of shape {np.shape(x)}" if has_tangent(x) else f"a {type(x).__name__}"


def as_tuple(x: PyTree) -> tuple[Any, ...]:
    """A tuple or list as a tuple, and anything else as its only element."""
    return tuple(x) if isinstance(x, tuple | list) else (x,)


def zero_like(x: PyTree) -> Any:
    """Zeros in the place of real and complex leaves."""
    return tree.map(lambda leaf: np.zeros(np.shape(leaf)) if has_tangent(leaf) else leaf, x)


def positions(
    argnums: int | Sequence[int] | None, parts: int, count: int, caller: str
) -> tuple[int, ...]:
    """The arguments that the parts of a gradient belong to."""
    if argnums is None:
        argnums = range(parts)
    nums = (argnums,) if isinstance(argnums, int | np.integer) else tuple(argnums)
    for n in nums:
        if not -count <= n < count:
            raise ValueError(f"{caller}: there is no argument {n}: f was given {count} of them")
    if len(nums) != parts:
        raise ValueError(
            f"{caller}: argnums names {len(nums)} arguments, but the gradient has {parts} parts"
        )
    return tuple(int(n) % count for n in nums)


@user_facing
def check_pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: int | Sequence[int] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    stateful: bool = False,
    **settings: Any,
) -> Report:
    """Check a forward and a backward pass that somebody wrote by hand.

    Args:
        forward: takes the arguments and returns (output, cache), where ``cache`` is whatever
            ``backward`` needs.
        backward: takes (cotangent of the output, cache) and returns the cotangents of the
            arguments: a tuple, with None for arguments that have none, or one array.
        args: the point, a tuple.
        argnums: position or positions of the arguments that are varied; None for all.
        kwargs: keyword arguments for ``forward``.
        stateful: ``forward`` is a method or an object that changes itself when it is called: let
            each call start in its present state.
        settings: as in ``check_claim``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: the backward pass is wrong; the message says how.

    >>> def scale(x, w):
    ...     return x * w, (x, w)
    >>> def scale_backward(ct, cache):
    ...     x, w = cache
    ...     return ct * w, ct * x
    >>> check_pair(scale, scale_backward, (np.ones((2, 3)), np.ones(3)))
    Traceback (most recent call last):
        ...
    funcgrad.testing.reports.report.GradientCheckError: scale ...: the vjp has the wrong type
      order ...
      diagnosis  found has shape (2, 3), expected (3,): the sum over broadcast axes (0,) is missing
    """
    caller = "check_pair"
    options.function(forward, "forward", caller)
    options.function(backward, "backward", caller)
    args = options.arguments(args, caller)
    forward = restored(forward) if stateful else forward
    name = where_defined(forward)
    forward, args = holding(forward, args, argnums, kwargs, caller)

    def value(*xs: PyTree) -> Any:
        found = forward(*xs)
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(
                f"{caller}: {name} must return (output, cache), got {type(found).__name__}"
            )
        return found[0]

    def vjp(*xs: PyTree) -> Any:
        out, cache = forward(*xs)

        def pull(ct: PyTree) -> Any:
            try:
                found = as_tuple(backward(ct, cache))
            except Exception as error:
                error.add_note(
                    f"{caller} calls {where_defined(backward)} as backward(ct, cache), with the "
                    f"cotangent of the output, {described(ct)}, first"
                )
                raise
            if len(found) != len(xs):
                raise ValueError(
                    f"{caller}: {where_defined(backward)} returned {len(found)} cotangents for "
                    f"{len(xs)} arguments"
                )
            return tuple(
                None if isinstance(x, Held) else zero_like(x) if g is None else g
                for g, x in zip(found, xs, strict=True)
            )

        return out, pull

    value.__wrapped__ = forward  # type: ignore[attr-defined]
    with of_a_rule():
        return check_vjp(value, vjp, args, **settings)
