"""Functions of HIPS autograd, and its primitives, as claims."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import tree
from ...core.source import where_defined
from ...typing import PyTree
from ..claims import Claim, Point
from ..derivatives.functions import nothing_to_vary
from ..derivatives.leaves import has_tangent, random_leaf
from .flattened import alone, claim_of, homogeneous, repeated, required


def autograd(f: Callable[..., Any]) -> Claim:
    """A function written for HIPS autograd, with the derivatives that autograd gives it.

    Args:
        f: function of positional arguments, arrays in containers or not, that returns arrays;
            also a primitive with rules of its own (``defvjp``, ``defjvp``).

    Returns:
        A Claim with a vjp, and a jvp where there are rules for it.

    Raises:
        ImportError: autograd is not installed.
    """
    system = required("autograd")

    def at(args: tuple[Any, ...]) -> Point:
        opened = Opened(system, f, args)
        point = point_of(opened.side, opened.args, opened.names)
        return replace(point, of_rule=getattr(f, "_is_autograd_primitive", False))

    def trees(args: tuple[Any, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return Opened(system, f, args).trees()

    return claim_of(f, at, trees)


class Opened:
    """A function of containers as one of the flat arrays that are differentiated."""

    def __init__(self, system: Any, f: Any, args: tuple[Any, ...]) -> None:
        self.system, self.f = system, f
        value_of = system.tracer.getval
        found, self.spec = tree.flatten(args)
        self.leaves = [value_of(x) for x in found]
        names = [tree.format_path(p, "args") for p in tree.paths_of(args)]
        self.places = [i for i, x in enumerate(self.leaves) if has_tangent(x)]
        if not self.places:
            raise ValueError(nothing_to_vary(where_defined(f), args))
        self.names = [names[i] for i in self.places]
        self.args = tuple(self.leaves[i] for i in self.places)
        self.side = Side(system, self.call, f)

    def call(self, xs: Sequence[Any]) -> Any:
        """The output, a tree, from the arrays that are differentiated."""
        full = list(self.leaves)
        for i, x in zip(self.places, xs, strict=True):
            full[i] = x
        return self.f(*tree.unflatten(self.spec, full))

    def trees(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Functions between trees and flat arrays."""

        def flat(xs: PyTree, *, of_output: bool) -> list[Any]:
            leaves = tree.leaves(xs)
            return [x for x in leaves if has_tangent(x)] if of_output else [
                leaves[i] for i in self.places
            ]  # fmt: skip

        def rebuilt(xs: Sequence[Any], *, of_output: bool) -> Any:
            if of_output:
                leaves, spec = tree.flatten(self.call(self.args))
                it = iter(xs)
                return tree.unflatten(spec, [next(it) if has_tangent(x) else x for x in leaves])
            full = list(self.leaves)
            for i, x in zip(self.places, xs, strict=True):
                full[i] = x
            return tree.unflatten(self.spec, full)

        return flat, rebuilt


class Side:
    """A function of flat arrays in autograd: its values and derivatives."""

    def __init__(self, system: Any, call: Callable[..., Any], f: Any) -> None:
        self.system, self.call, self.f = system, call, f
        self.box = system.tracer.Box
        self.shown = getattr(f, "fun", f)  # a primitive is a function around the user's

    def leaves(self, xs: Sequence[Any]) -> list[Any]:
        """The real and complex parts of the output."""
        found = tree.leaves(self.call(xs), is_leaf=lambda x: isinstance(x, self.box))
        return [x for x in found if isinstance(x, self.box) or has_tangent(x)]

    def value(self, *xs: PyTree) -> list[Any]:
        """The outputs."""
        return self.leaves(xs)

    def vjp(self, *xs: PyTree) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
        """The outputs, and the function from their cotangents to those of the arguments."""
        return self.pull_of(xs, list(range(len(xs))))

    def pull_of(
        self, xs: Sequence[Any], chosen: Sequence[int]
    ) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
        """A vjp with respect to chosen arguments, the others constant."""
        builtins = required("autograd.builtins")

        def some(ys: Any) -> Any:
            values = list(xs)
            for place, i in enumerate(chosen):
                values[i] = ys[place]
            return builtins.tuple(self.leaves(values))

        given = tuple(xs[i] for i in chosen)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent")
            pull_native, outs = self.system.make_vjp(some)(given)
        outs = list(outs)

        def pull(cts: Sequence[Any]) -> tuple[Any, ...]:
            found = pull_native(tuple(cts))
            grads = [x * 0 for x in xs]
            for i, g in zip(chosen, found, strict=True):
                grads[i] = g if type(xs[i]) in (float, complex) else np.asarray(g)[()]
            return tuple(grads)

        return outs, pull

    def jvp(self, xs: Sequence[Any], ts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs and their tangents."""
        builtins = required("autograd.builtins")
        push = self.system.make_jvp(lambda ys: builtins.tuple(self.leaves(list(ys))))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent")
            outs, tangents = push(tuple(xs))(tuple(ts))
        return list(outs), list(tangents)

    def backward(
        self, rng: np.random.Generator, args: Sequence[Any], names: Sequence[str]
    ) -> Point:
        """The backward pass as a function of the arguments and the cotangents of the outputs."""
        outs, count = self.value(*args), len(args)
        cts = [random_leaf(rng, o) for o in outs]
        builtins = required("autograd.builtins")

        def call(xs: Sequence[Any]) -> Any:
            point = builtins.tuple(xs[:count])
            pull = self.system.make_vjp(lambda ys: builtins.tuple(self.leaves(list(ys))))(point)[0]
            return list(pull(builtins.tuple(xs[count:])))

        more = [f"the cotangent of output[{k}]" for k in range(len(cts))]
        point = point_of(Side(self.system, call, self.f), (*args, *cts), [*names, *more])
        return replace(point, outputs=[f"vjp({name})" for name in names])


def point_of(side: Side, args: tuple[Any, ...], names: Sequence[str]) -> Point:
    """The point of a function of flat arrays; arguments without a rule are held constant."""
    found = side.value(*args)
    if not found:
        raise ValueError(
            f"{where_defined(side.shown)} returned no real or complex array to differentiate"
        )
    outputs = ["output"] if len(found) == 1 else [f"output[{k}]" for k in range(len(found))]
    places, left_out = [], {}
    for i in range(len(args)):
        reason = missing_rule(side, args, i)
        if reason is None:
            places.append(i)
        else:
            left_out[names[i]] = reason
    if left_out and places:
        return replace(holding(side, args, names, places), left_out=left_out)
    laws = [homogeneous(side.vjp), repeated(side.vjp)]
    if len(args) > 1:
        laws.append(alone(side.vjp, lambda i: lambda *xs: side.pull_of(xs, [i]), len(args)))
    value = lambda *xs: side.value(*xs)  # noqa: E731
    value.__wrapped__ = side.shown  # type: ignore[attr-defined]
    return Point(
        Claim(value, side.vjp, side.jvp),
        args,
        list(names),
        outputs,
        left_out,
        laws,
        lambda rng: side.backward(rng, args, names),
        unsupported,
    )


def holding(side: Side, args: Sequence[Any], names: Sequence[str], places: Sequence[int]) -> Point:
    """The point where only some arguments are varied: the others have no rules."""

    def call(xs: Sequence[Any]) -> Any:
        full = list(args)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return side.call(full)

    varied = Side(side.system, call, side.f)
    return point_of(varied, tuple(args[i] for i in places), [names[i] for i in places])


def missing_rule(side: Side, args: Sequence[Any], i: int) -> str | None:
    """What autograd says if one argument has no rule."""
    try:
        side.pull_of(args, [i])
    except NotImplementedError as error:
        return unsupported(error)
    except Exception:  # the check itself shows what is wrong
        return None
    return None


def unsupported(error: BaseException) -> str | None:
    """The reason why autograd has no such derivative; None if an error is the rule's own."""
    text = str(error).strip()
    if isinstance(error, NotImplementedError) and "not defined" in text:
        return text.splitlines()[0]
    return None
