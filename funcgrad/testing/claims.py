"""Derivatives from anywhere: a function with a claimed gradient, vjp or jvp, and its check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .checks import check_jvp, check_vjp
from .derivatives.functions import has_tangent
from .reports.report import Report


@dataclass(frozen=True)
class Claim:
    """A function and what someone says that its derivative is.

    Args:
        value: function of positional arguments, pytrees of arrays.
        vjp: takes the arguments and returns (output, pull); ``pull`` takes a cotangent of the
            output and returns a tuple of cotangents, one per argument. None if there is none.
        jvp: takes (args, tangents) and returns (output, tangent_out). None if there is none.

    >>> Claim(np.sin, jvp=lambda x, t: (np.sin(*x), np.cos(*x) * t[0])).vjp is None
    True
    """

    value: Callable[..., Any]
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None

    def __call__(self, *args: PyTree) -> Any:
        """The value."""
        return self.value(*args)

    @property
    def __wrapped__(self) -> Any:
        return self.value


@user_facing
def check_claim(claim: Claim, args: tuple[Any, ...], **settings: Any) -> Report:
    """Check a claimed derivative against finite differences and its laws.

    The functions that make claims for other systems are in ``funcgrad.testing.adapters``.

    Args:
        claim: the function and its derivatives.
        args: the point, a tuple.
        settings: ``atol``, ``rtol``, ``eps``, ``directions``, ``seed`` and ``laws`` of
            ``check_vjp``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: a derivative is wrong.

    >>> pair = Claim(np.sin, vjp=lambda x: (np.sin(x), lambda ct: (ct * np.cos(x),)))
    >>> print(check_claim(pair, (np.ones(2),)))
    8 checks passed
    """
    if claim.vjp is None and claim.jvp is None:
        raise ValueError(f"check_claim: nothing is claimed of {where_defined(claim)}")
    report = Report()
    for check, derivative in ((check_jvp, claim.jvp), (check_vjp, claim.vjp)):
        if derivative is not None:
            found = check(claim, derivative, args, **settings)
            report.passed += [text for text in found.passed if text not in report.passed]
            report.subgradients += found.subgradients
    return report


@user_facing
def check_gradient(
    f: Callable[..., Any],
    gradient: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: int | Sequence[int] | None = None,
    **settings: Any,
) -> Report:
    """Check a gradient that somebody wrote by hand.

    Args:
        f: function of positional arguments that returns a real scalar, or an array that
            ``gradient`` takes the sum of, or a pair of such a value and anything else.
        gradient: takes the same arguments and returns the gradient with respect to those that
            ``argnums`` names: an array, or a tuple of arrays for several.
        args: the point, a tuple.
        argnums: position or positions of what is differentiated; None for the first argument, or
            for as many leading ones as ``gradient`` returns.
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
      diagnosis  found/expected is 3 everywhere: that is the number of elements: a sum taken ...
    """
    caller = "check_gradient"
    options.function(f, "f", caller)
    options.function(gradient, "gradient", caller)
    args = options.arguments(args, caller)

    first = gradient(*args)
    one = 0 if argnums is None else argnums
    alone = (
        isinstance(one, int | np.integer)
        and -len(args) <= one < len(args)
        and tree.structure(first) == tree.structure(args[one])
    )
    parts = (lambda found: (found,)) if alone else as_tuple
    places = positions(argnums, len(parts(first)), len(args), caller)

    def all_arguments(xs: PyTree) -> list[Any]:
        full = list(args)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return full

    def value(*xs: PyTree) -> Any:
        out = f(*all_arguments(xs))
        return np.sum(out[0] if isinstance(out, tuple) else out)

    def vjp(*xs: PyTree) -> Any:
        grads = parts(gradient(*all_arguments(xs)))
        return value(*xs), lambda ct: tuple(tree.map(lambda g: ct * np.asarray(g), grads))

    value.__wrapped__ = f  # type: ignore[attr-defined]
    return check_vjp(value, vjp, tuple(args[i] for i in places), **settings)


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
    **settings: Any,
) -> Report:
    """Check a forward and a backward pass that somebody wrote by hand.

    Args:
        forward: takes the arguments and returns (output, cache), where ``cache`` is whatever
            ``backward`` needs.
        backward: takes (cotangent of the output, cache) and returns the cotangents of the
            arguments: a tuple, with None for arguments that have none, or one array.
        args: the point, a tuple.
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

    def value(*xs: PyTree) -> Any:
        found = forward(*xs)
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(
                f"{caller}: {where_defined(forward)} must return (output, cache), got "
                f"{type(found).__name__}"
            )
        return found[0]

    def vjp(*xs: PyTree) -> Any:
        out, cache = forward(*xs)

        def pull(ct: PyTree) -> Any:
            found = as_tuple(backward(ct, cache))
            if len(found) != len(xs):
                raise ValueError(
                    f"{caller}: {where_defined(backward)} returned {len(found)} cotangents for "
                    f"{len(xs)} arguments"
                )
            return tuple(zero_like(x) if g is None else g for g, x in zip(found, xs, strict=True))

        return out, pull

    value.__wrapped__ = forward  # type: ignore[attr-defined]
    return check_vjp(value, vjp, args, **settings)
