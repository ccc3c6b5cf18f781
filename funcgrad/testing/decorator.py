"""check_derivatives: the check of a function, or of a test, written next to it."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .gradcheck import PointsReport, gradcheck

CALLER = "check_derivatives"

SAME_SHAPE = "*shape_of_all"
"""Dimensions of arguments whose shapes are not given: one shape for all of them."""


@dataclass(frozen=True)
class DerivativeCheck:
    """The settings of ``check_derivatives``, which a decorated function carries."""

    domain: Any = "real"
    shapes: Any = None
    order: int = 2
    modes: tuple[str, ...] = ("fwd", "rev")
    args: Any = None
    max_examples: int | None = None
    directions: int | None = None
    tangents: Any = None

    def run(self, f: Callable[..., Any], **replaced: object) -> PointsReport:
        """Check the derivatives of f by ``gradcheck``; ``replaced`` are options of it."""
        settings: dict[str, Any] = {
            "order": self.order,
            "modes": self.modes,
            "max_examples": self.max_examples,
        }
        settings |= {} if self.directions is None else {"directions": self.directions}
        settings |= {} if self.tangents is None else {"tangents": self.tangents}
        settings |= replaced
        if isinstance(self.args, Mapping):
            return gradcheck(f, **settings, **self.args)
        if self.args is not None:
            return gradcheck(f, *self.args, **settings)
        if not isinstance(self.domain, list | Mapping):
            settings["domain"] = self.domain
        return gradcheck(f, **settings, **self.described(f))

    def described(self, f: Callable[..., Any]) -> dict[str, Any]:
        """Descriptions of the arguments for which there is a shape or a domain, by name."""
        names = list(inspect.signature(f).parameters)
        shapes = by_name(self.shapes, names, "shapes", f)
        several = isinstance(self.domain, list | Mapping)
        domains = by_name(self.domain, names, "domain", f) if several else {}
        common = "real" if several else self.domain
        chosen = [name for name in names if name in shapes or name in domains]
        return {
            name: described(shapes.get(name, SAME_SHAPE), domains.get(name, common))
            for name in chosen
        }


def described(shape: object, domain: object) -> Any:
    """The description of an argument of a shape: text, numbers, or a strategy for shapes."""
    strategies = importlib.import_module(".strategies", __package__)
    if isinstance(shape, str | int | tuple | list):
        return strategies.spec(shape, domain=domain)
    return strategies.arrays(shape, domain=domain)


def by_name(
    values: Sequence[object] | Mapping[str, object] | None,
    names: list[str],
    what: str,
    f: Callable[..., Any],
) -> dict[str, Any]:
    """Settings of arguments by name, from a mapping or from a list in order."""
    given = {} if values is None else values
    if not isinstance(given, Mapping):
        if isinstance(given, str) or not isinstance(given, list | tuple):
            raise TypeError(
                f"{CALLER}: {what} must be a list with one entry for each argument, or a mapping "
                f"from their names, got {values!r}"
            )
        if len(given) > len(names):
            raise ValueError(
                f"{CALLER}: {what} has {len(given)} entries, and {where_defined(f)} has "
                f"{len(names)} parameters"
            )
        given = dict(zip(names, given, strict=False))
    unknown = set(given) - set(names)
    if unknown:
        raise ValueError(f"{CALLER}: {where_defined(f)} has no parameter {min(unknown)!r}: {what}")
    return dict(given)


def check_derivatives(
    function: Callable[..., Any] | None = None,
    *,
    domain: PyTree = "real",
    shapes: Sequence[object] | Mapping[str, object] | None = None,
    order: int = 2,
    modes: str | Sequence[str] = ("fwd", "rev"),
    args: PyTree = None,
    max_examples: int | None = None,
    directions: int | None = None,
    tangents: Any = None,
) -> Any:
    """Register a check of the derivatives of a function, or turn a function into a test of it.

    A decorated function works as before, and ``function.check_derivatives()`` checks its
    derivatives by ``gradcheck`` at drawn points (options of gradcheck can be given there).

    A decorated function whose name begins with ``test_`` becomes a test without parameters: its
    arguments are drawn, and what it returns is differentiated by them and checked. Its attribute
    ``checked`` is the function.

    What is not said of the arguments is read from annotations as by ``from_signature``; arguments
    without annotation are float64 arrays, all of one shape.

    Args:
        function: the function, when the decorator is used without parentheses.
        domain: what elements are drawn from: a domain, its name, or a pair (low, high); or a
            list or a mapping from names with one for each argument.
        shapes: a list or a mapping from names with a shape for each argument: a tuple, text
            ("batch 3": the same name is the same size) or a strategy for shapes.
        order: derivatives up to this order are checked.
        modes: 'fwd' (jvp), 'rev' (vjp), 'lin' (linearize), or several of them.
        args: what arguments are drawn from, in place of domain and shapes: a tuple or a mapping
            from names of what gradcheck takes.
        max_examples: how many points; by default as many as the active profile says.
        directions: number of random directions at each point; by default 3.
        tangents: as in ``check_grads``, for arguments that have to lie on a set.

    Returns:
        The function, or the test; its attribute ``__derivative_check__`` holds the settings.

    Raises:
        GradientCheckError: when the check is run, and the derivatives are wrong.

    >>> import numpy as np
    >>> @check_derivatives(domain=(-5, 5), shapes=["n"])
    ... def softplus(x):
    ...     return np.log1p(np.exp(x))
    >>> print(softplus.check_derivatives(max_examples=3))
    softplus (...): 3 points passed (order 2, modes fwd, rev, seed 0)
    """
    settings = DerivativeCheck(
        domain=domain,
        shapes=shapes,
        order=options.count(order, "order", CALLER),
        modes=options.modes_option(modes, CALLER),
        args=args if args is None or isinstance(args, Mapping) else options.arguments(args, CALLER),
        max_examples=None
        if max_examples is None
        else options.count(max_examples, "max_examples", CALLER),
        directions=None if directions is None else options.count(directions, "directions", CALLER),
        tangents=tangents,
    )

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        options.function(f, "function", CALLER)
        is_test = getattr(f, "__name__", "").startswith("test_")
        if is_test and next(iter(inspect.signature(f).parameters), "") == "self":
            raise TypeError(
                f"{CALLER}: {getattr(f, '__qualname__', f)} is a method, and its object is no "
                "argument to differentiate by; decorate a function or a static method"
            )
        by_name(shapes, list(inspect.signature(f).parameters), "shapes", f)
        if is_test:
            return registered(as_test(f, settings), f, settings)
        return registered(f, f, settings)

    return decorate if function is None else decorate(function)


def as_test(f: Callable[..., Any], settings: DerivativeCheck) -> Callable[[], None]:
    """A test without parameters that checks the derivatives of what f returns."""

    @functools.wraps(f)
    def test() -> None:
        settings.run(f)

    del test.__wrapped__  # type: ignore[attr-defined]  # pytest would see its parameters
    test.place_as = f  # type: ignore[attr-defined]  # where pytest says that the test is
    test.checked = f  # type: ignore[attr-defined]
    return test


def registered(
    decorated: Any, checked: Callable[..., Any], settings: DerivativeCheck
) -> Callable[..., Any]:
    """A function with its settings, and with a function that runs the check."""

    @user_facing
    def check_derivatives_now(**replaced: object) -> PointsReport:
        return settings.run(checked, **replaced)

    decorated.__derivative_check__ = settings
    decorated.check_derivatives = check_derivatives_now
    return decorated
