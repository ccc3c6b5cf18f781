"""What adapters share: functions of trees as functions of flat arrays, and laws of any system."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...typing import PyTree
from ..claim_laws import rounded_alike
from ..claims import Claim, Law, Point
from ..derivatives.functions import Leaves
from ..derivatives.leaves import random_leaf

MOVED = 0.0625
"""By how much the point of another call differs, relative to the entries."""


LARGE = 32.0
"""A power of two: multiplying by it adds no rounding errors."""


def required(name: str) -> Any:
    """A module of another system, or an error that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"funcgrad.testing.adapters.{name} needs {name}, which is not installed: "
            f"pip install {name}"
        ) from error


def claim_of(
    f: Callable[..., Any],
    at: Callable[[tuple[Any, ...]], Point],
    trees: Callable[[tuple[Any, ...]], tuple[Callable[..., Any], Callable[..., Any]]],
) -> Claim:
    """The claim of a function of trees from its points.

    ``trees`` takes arguments and returns two functions: from arguments to their flat arrays and
    from flat arrays to trees like the output, or like the arguments.
    """

    def value(*args: PyTree) -> Any:
        point = at(args)
        return trees(args)[1](point.claim.value(*point.args), of_output=True)

    def vjp(*args: PyTree) -> Any:
        point, (flat, rebuilt) = at(args), trees(args)
        assert point.claim.vjp is not None
        outs, pull = point.claim.vjp(*point.args)
        return rebuilt(outs, of_output=True), lambda ct: rebuilt(
            pull(flat(ct, of_output=True)), of_output=False
        )

    def jvp(args: Sequence[Any], tangents: Sequence[Any]) -> Any:
        point, (flat, rebuilt) = at(tuple(args)), trees(tuple(args))
        assert point.claim.jvp is not None
        outs, ts = point.claim.jvp(point.args, flat(tuple(tangents), of_output=False))
        return rebuilt(outs, of_output=True), rebuilt(ts, of_output=True)

    value.__wrapped__ = f  # type: ignore[attr-defined]
    return Claim(value, vjp, jvp, at)


def cotangent_names(inputs: Sequence[str]) -> list[str]:
    """The names of the cotangents of arguments."""
    return [f"the cotangent of {name}" for name in inputs]


def alone(vjp: Callable[..., Any], one: Callable[[int], Callable[..., Any]], count: int) -> Law:
    """The law that each gradient alone is the one that all arguments get together.

    ``one`` makes the vjp with respect to one argument, the others constant.
    """

    def sides(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        outs, pull = vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        expected, found = list(pull(cts)), []
        for i in range(count):
            found += [one(i)(*xs)[1](cts)[i]]
        return expected, found, cotangent_names([f"args[{i}]" for i in range(count)])

    return Law(
        "the vjp of each argument alone equals that of all together",
        "the vjp of one argument differs when the others are constant",
        "the rule depends on which arguments need gradients, and mistakes one for another",
        sides,
    )


def repeated(vjp: Callable[..., Any]) -> Law:
    """The law that a backward pass gives the same when it is run again, and after other calls."""

    def sides(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        outs, pull = vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        first = list(pull(cts))
        again = list(pull(cts))
        others = [x * np.asarray(1 + MOVED, np.asarray(x).dtype)[()] for x in xs]
        kept = vjp(*xs)[1]
        vjp(*others)
        between = list(kept(cts))
        names = cotangent_names([f"args[{i}]" for i in range(len(xs))])
        later = [f"{name}, after another call of f" for name in names]
        return [*first, *first], [*again, *between], [*(f"{n}, again" for n in names), *later]

    return Law(
        "the vjp gives the same again, and after other calls of f",
        "the vjp changes when it is run again",
        "the rule keeps state outside of what belongs to one call (on its class, or in a cache), "
        "or writes into what it has saved",
        sides,
    )


def one_output(
    vjp: Callable[..., Any], single: Callable[[int], Callable[..., Any]], count: int
) -> Law:
    """The law that an output that is not used is one whose cotangent is zero."""

    def sides(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        outs, pull = vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        expected: Leaves = []
        found: Leaves = []
        names: list[str] = []
        for k in range(count):
            alone = [c if i == k else c * 0 for i, c in enumerate(cts)]
            expected += list(pull(alone))
            found += list(single(k)(*xs)[1]([cts[k]]))
            names += [f"the cotangent of args[{i}], of output[{k}] alone" for i in range(len(xs))]
        return expected, found, names

    return Law(
        "the vjp of each output alone equals that with zeros for the others",
        "the vjp differs where only one output is used",
        "the rule mistakes an output that is not used",
        sides,
    )


def homogeneous(vjp: Callable[..., Any]) -> Law:
    """The law that large, zero and one-hot cotangents are cotangents like others."""

    def sides(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        outs, pull = vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        hot = [one_hot(rng, o) for o in outs]
        first = list(pull(cts))
        large = [g / LARGE for g in pull([LARGE * c for c in cts])]
        none = list(pull([0 * c for c in cts]))
        both = pull([c + h for c, h in zip(cts, hot, strict=True)])
        alone = [b - h for b, h in zip(both, pull(hot), strict=True)]
        whole = [np.abs(c) + 2 * h for c, h in zip(cts, hot, strict=True)]
        alone = rounded_alike(first, alone, xs, whole, outs)
        names = cotangent_names([f"args[{i}]" for i in range(len(xs))])
        finite = [np.where(np.isfinite(g), 0 * g, n) for g, n in zip(first, none, strict=True)]
        labels = ("a large cotangent", "a cotangent of zeros", "a one-hot cotangent")
        return (
            [*first, *finite, *first],
            [*large, *none, *alone],
            [f"{name}, of {label}" for label in labels for name in names],
        )

    return Law(
        "large, zero and one-hot cotangents",
        "the vjp is not linear",
        "the backward pass treats some cotangents differently: large ones, zeros, or single ones",
        sides,
    )


def one_hot(rng: np.random.Generator, x: PyTree) -> Any:
    """One at a random place, zero elsewhere, of the shape and dtype of an array."""
    found = np.zeros(np.shape(x), np.asarray(x).dtype)
    if found.size:
        found.reshape(-1)[int(rng.integers(found.size))] = 1
    return found[()]
