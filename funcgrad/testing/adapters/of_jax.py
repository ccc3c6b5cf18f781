"""Functions of JAX arrays, rules of ``custom_vjp`` and ``custom_jvp``, and callable pytrees."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.source import where_defined
from ...typing import PyTree
from ..claims import Claim, Law, Point
from ..derivatives.functions import Leaves, nothing_to_vary
from ..derivatives.leaves import random_leaf
from .flattened import alone, claim_of, cotangent_names, homogeneous, required

LANES = 3

SLOW, PATIENCE = 0.02, 3
"""After so many calls of so many seconds a function is compiled."""

UNSUPPORTED = (
    "can't apply forward-mode",
    "No VJP defined",
    "No JVP defined",
    "not differentiable",
    "does not work with reverse-mode",
    "Reverse-mode differentiation does not work",
    "Differentiation rule for",
    "Pure callbacks do not support",
    "Batching rule for",
)
"""What JAX says where there is no such derivative."""

TRACER_ERRORS = (
    "ConcretizationTypeError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
    "NonConcreteBooleanIndexError",
)


def jax(f: Callable[..., Any]) -> Claim:
    """A function of JAX arrays, with the derivatives that JAX gives it.

    Args:
        f: function of positional arguments, pytrees of arrays; also the object that
            ``custom_vjp``, ``custom_jvp`` or ``jit`` returns, or a callable pytree (a module of
            Equinox), whose arrays count as further arguments. Arguments in double precision are
            computed in double precision, whatever ``jax_enable_x64`` says, and differences are
            taken in it also for those in single precision.

    Returns:
        A Claim with a vjp, and a jvp unless there is only a rule for reverse mode.

    Raises:
        ImportError: JAX is not installed.
    """
    system = required("jax")

    def at(args: tuple[Any, ...]) -> Point:
        opened = Opened(system, f, args)
        point = point_of(opened.side, opened.args, opened.names)
        return replace(point, of_rule=isinstance(f, system.custom_vjp | system.custom_jvp))

    def trees(args: tuple[Any, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return Opened(system, f, args).trees()

    return claim_of(f, at, trees)


def in_double(system: Any, xs: Sequence[Any]) -> AbstractContextManager[Any]:
    """Double precision switched on where one of the arrays has it."""
    if not any(np.asarray(x).dtype in (np.float64, np.complex128) for x in xs):
        return nullcontext()
    if hasattr(system, "enable_x64"):
        return system.enable_x64(True)
    return required("jax.experimental").enable_x64()


def array_of(x: PyTree) -> Any:
    """An array of JAX as a NumPy array."""
    return np.array(x)[()]


def is_array(system: Any, x: PyTree) -> bool:
    """True for arrays of JAX and NumPy."""
    return isinstance(x, np.ndarray | np.generic | system.Array)


def inexact(system: Any, x: PyTree) -> bool:
    """True for real and complex arrays and numbers."""
    if isinstance(x, float | complex):
        return True
    return is_array(system, x) and bool(system.numpy.issubdtype(x.dtype, system.numpy.inexact))


class Opened:
    """A function of pytrees as one of the flat arrays that are differentiated."""

    def __init__(self, system: Any, f: Any, args: tuple[Any, ...]) -> None:
        util = system.tree_util
        self.system, self.f = system, f
        pairs, self.spec = util.tree_flatten_with_path(args)
        self.leaves = [x for _, x in pairs]
        fixed = nondifferentiable(f, len(args))
        names = [f"args{util.keystr(path)}" for path, _ in pairs]
        self.inside: list[Any] = []
        self.inside_spec: Any = None
        if not util.all_leaves([f]):
            inside, self.inside_spec = util.tree_flatten_with_path(f)
            self.inside = [x for _, x in inside]
            names += [f"f{util.keystr(path)}" for path, _ in inside]
        self.everything = [*self.leaves, *self.inside]
        self.places = [
            i
            for i, (x, name) in enumerate(zip(self.everything, names, strict=True))
            if inexact(system, x) and not name.startswith(fixed)
        ]
        if not self.places:
            raise ValueError(nothing_to_vary(where_defined(f), args))
        self.names = [names[i] for i in self.places]
        chosen = [self.everything[i] for i in self.places]
        double = any(is_array(system, x) and x.dtype in (np.float64, np.complex128) for x in chosen)
        double = double or bool(system.config.jax_enable_x64)
        double = double or not any(is_array(system, x) for x in chosen)
        self.args = tuple(number(x, double) for x in chosen)
        self.side = Side(system, self.call, f)

    def call(self, xs: Sequence[Any]) -> Any:
        """The output, a tree, from the arrays that are differentiated."""
        util, full = self.system.tree_util, list(self.everything)
        for i, x in zip(self.places, xs, strict=True):
            full[i] = x
        count = len(self.leaves)
        args = util.tree_unflatten(self.spec, full[:count])
        f = self.f if self.inside_spec is None else util.tree_unflatten(
            self.inside_spec, full[count:]
        )  # fmt: skip
        return f(*args)

    def trees(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Functions between trees and flat arrays."""
        util, system = self.system.tree_util, self.system

        def flat(xs: PyTree, *, of_output: bool) -> list[Any]:
            leaves = util.tree_leaves(xs)
            if of_output:
                return [x for x in leaves if inexact(system, x)]
            return [leaves[i] for i in self.places if i < len(leaves)]

        def rebuilt(xs: Sequence[Any], *, of_output: bool) -> Any:
            if of_output:
                with in_double(system, self.args):
                    leaves, spec = util.tree_flatten(self.call(self.args))
                it = iter(xs)
                return util.tree_unflatten(
                    spec, [next(it) if inexact(system, x) else x for x in leaves]
                )
            full = list(self.leaves)
            for i, x in zip(self.places, xs, strict=True):
                if i < len(full):
                    full[i] = x
            return util.tree_unflatten(self.spec, full)

        return flat, rebuilt


def number(x: PyTree, double: bool) -> Any:
    """An array of NumPy; numbers of Python in the precision of the others."""
    if isinstance(x, float | complex) and not isinstance(x, np.generic):
        kind = "c" if isinstance(x, complex) else "f"
        return np.asarray(x, {"f": "f8" if double else "f4", "c": "c16" if double else "c8"}[kind])[
            ()
        ]
    return array_of(x)


def nondifferentiable(f: Any, count: int) -> tuple[str, ...]:
    """How the names of arguments begin that a rule declares to be no arrays."""
    nums = getattr(f, "nondiff_argnums", ())
    return tuple(f"args[{n % count}]" for n in nums if -count <= n < count)


class Side:
    """A function of flat arrays in JAX: its values and derivatives, as NumPy arrays."""

    def __init__(self, system: Any, call: Callable[..., Any], f: Any) -> None:
        self.system, self.call, self.f = system, call, f
        self.run: Callable[..., Any] = self.leaves
        self.slow = 0
        self.last: Sequence[Any] | None = None

    def leaves(self, *xs: PyTree) -> tuple[Any, ...]:
        """The real and complex arrays of the output."""
        found = self.system.tree_util.tree_leaves(self.call(xs))
        return tuple(x for x in found if inexact(self.system, x))

    def given(self, xs: Sequence[Any]) -> list[Any]:
        """Arrays of JAX."""
        return [self.system.numpy.asarray(x) for x in xs]

    def value(self, *xs: PyTree) -> list[Any]:
        """The outputs; by a compiled function once calls have turned out to take long.

        That rounds otherwise: two calls in a row with the same arguments do the same.
        """
        if self.slow >= PATIENCE and self.run == self.leaves and not self.called_with(xs):
            self.slow = 0
            self.compile(xs)
        start = time.perf_counter()
        with in_double(self.system, xs):
            found = [array_of(o) for o in self.run(*self.given(xs))]
        self.slow += time.perf_counter() - start > SLOW
        if self.slow and self.run == self.leaves:
            self.last = [np.array(x) for x in xs]
        return found

    def called_with(self, xs: Sequence[Any]) -> bool:
        """True if the last call had the same arguments."""
        if self.last is None:
            return False
        return all(np.array_equal(a, b) for a, b in zip(xs, self.last, strict=True))

    def compile(self, xs: Sequence[Any]) -> None:
        """Compile the function if that can be done, and if it gives the same."""
        try:
            with in_double(self.system, xs):
                found = [array_of(o) for o in self.leaves(*self.given(xs))]
                compiled = self.system.jit(self.leaves)
                again = [array_of(o) for o in compiled(*self.given(xs))]
        except Exception:  # a function may need values in any way it likes
            return
        if all(
            np.allclose(a, b, 1e-12, 0, equal_nan=True) for a, b in zip(found, again, strict=True)
        ):
            self.run = compiled

    def vjp(self, *xs: PyTree) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
        """The outputs, and the function from their cotangents to those of the arguments."""
        return self.pull_of(xs, list(range(len(xs))))

    def pull_of(
        self, xs: Sequence[Any], chosen: Sequence[int], wrap: Callable[..., Any] | None = None
    ) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
        """A vjp with respect to chosen arguments, the others constant."""
        with in_double(self.system, xs):
            full = self.given(xs)

            def some(*ys: PyTree) -> tuple[Any, ...]:
                values = list(full)
                for i, y in zip(chosen, ys, strict=True):
                    values[i] = y
                return self.leaves(*values)

            call = some if wrap is None else wrap(some)
            outs, pull_native = self.system.vjp(call, *(full[i] for i in chosen))
            values = [array_of(o) for o in outs]

        def pull(cts: Sequence[Any]) -> tuple[Any, ...]:
            with in_double(self.system, xs):
                given = tuple(
                    self.system.numpy.asarray(c, o.dtype) for c, o in zip(cts, outs, strict=True)
                )
                found = pull_native(given)
                grads = [np.zeros(np.shape(x), np.asarray(x).dtype)[()] for x in xs]
                for i, g in zip(chosen, found, strict=True):
                    grads[i] = array_of(g)
            return tuple(grads)

        return values, pull

    def jvp(self, xs: Sequence[Any], ts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs and their tangents."""
        with in_double(self.system, xs):
            outs, tangents = self.system.jvp(
                self.leaves, tuple(self.given(xs)), tuple(self.given(ts))
            )
            return [array_of(o) for o in outs], [array_of(t) for t in tangents]

    def backward(
        self, rng: np.random.Generator, args: Sequence[Any], names: Sequence[str]
    ) -> Point:
        """The backward pass as a function of the arguments and the cotangents of the outputs."""
        outs, count, system = self.value(*args), len(args), self.system
        cts = [random_leaf(rng, o) for o in outs]

        def call(xs: Sequence[Any]) -> Any:
            return system.vjp(self.leaves, *xs[:count])[1](tuple(xs[count:]))

        more = [f"the cotangent of output[{k}]" for k in range(len(cts))]
        point = point_of(Side(system, call, self.f), (*args, *cts), [*names, *more])
        return replace(point, outputs=[f"vjp({name})" for name in names])


def point_of(side: Side, args: tuple[Any, ...], names: Sequence[str]) -> Point:
    """The point of a function of flat arrays."""
    found = side.value(*args)
    if not found:
        raise ValueError(
            f"{where_defined(side.f)} returned no real or complex array to differentiate"
        )
    outputs = ["output"] if len(found) == 1 else [f"output[{k}]" for k in range(len(found))]
    laws = [homogeneous(side.vjp), *transformations(side)]
    if len(args) > 1:
        laws.append(alone(side.vjp, lambda i: lambda *xs: side.pull_of(xs, [i]), len(args)))
    value = lambda *xs: side.value(*xs)  # noqa: E731
    value.__wrapped__ = side.f  # type: ignore[attr-defined]
    return Point(
        Claim(value, side.vjp, side.jvp),
        args,
        list(names),
        outputs,
        {},
        laws,
        lambda rng: side.backward(rng, args, names),
        unsupported,
    )


def translations(
    leaves: Sequence[Any],
) -> tuple[Callable[[Any], Any], Callable[..., Any]]:
    """From an array of JAX to NumPy's, and a call with arrays of JAX where the given ones are."""
    system = required("jax")

    def to_numpy(x: PyTree) -> Any:
        return array_of(x) if isinstance(x, system.Array) else x

    def call(f: Callable[..., Any], arrays: Sequence[Any]) -> Any:
        with in_double(system, [x for x in arrays if isinstance(x, np.ndarray | np.generic)]):
            return f(
                [
                    system.numpy.asarray(x) if isinstance(old, system.Array) else x
                    for x, old in zip(arrays, leaves, strict=True)
                ]
            )

    return to_numpy, call


def unsupported(error: BaseException) -> str | None:
    """The reason why JAX has no such derivative; None if an error is the rule's own."""
    text = str(error)
    first = (text.strip().splitlines() or [""])[0]
    if type(error).__name__ in TRACER_ERRORS:
        return first.split(". ")[0]
    return first.split(". ")[0] if any(words in text for words in UNSUPPORTED) else None


def transformations(side: Side) -> list[Law]:
    """The laws that jit changes nothing, and that vmap is a loop."""
    system = side.system

    def jitted(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        outs, pull = side.vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        with in_double(system, xs):
            values = [array_of(o) for o in system.jit(side.leaves)(*side.given(xs))]
        names = [f"output[{k}]" for k in range(len(outs))]
        _, pull_jitted = side.pull_of(xs, list(range(len(xs))), system.jit)
        names += cotangent_names([f"args[{i}]" for i in range(len(xs))])
        return [*outs, *pull(cts)], [*values, *pull_jitted(cts)], names

    def mapped(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        lanes = [[x * np.asarray(1 + 0.03125 * k, x.dtype) for x in xs] for k in range(LANES)]
        cts = [random_leaf(rng, o) for o in side.value(*xs)]

        def both(*ys: PyTree) -> Any:
            outs, pull = system.vjp(side.leaves, *ys)
            return [*outs, *pull(tuple(system.numpy.asarray(c, o.dtype)
                                       for c, o in zip(cts, outs, strict=True)))]  # fmt: skip

        expected: Leaves = []
        found: Leaves = []
        names: list[str] = []
        labels = [f"output[{k}]" for k in range(len(cts))]
        labels += cotangent_names([f"args[{i}]" for i in range(len(xs))])
        # All arguments mapped together, and each alone: then the others have no axis.
        for axes in axes_to_map(len(xs)):
            mixed = [
                [
                    x if axis == 0 else xs[i]
                    for i, (x, axis) in enumerate(zip(lane, axes, strict=True))
                ]
                for lane in lanes
            ]
            stacked = [
                np.stack([lane[i] for lane in lanes]) if axis == 0 else xs[i]
                for i, axis in enumerate(axes)
            ]
            with in_double(system, xs):
                rows = [[array_of(y) for y in both(*side.given(lane))] for lane in mixed]
                expected += [np.stack(column) for column in zip(*rows, strict=True)]
                found += [
                    array_of(y) for y in system.vmap(both, in_axes=axes)(*side.given(stacked))
                ]
            names += labels
        return expected, found, names

    return [
        Law(
            "jit of f and of its vjp",
            "jit changes f or its vjp",
            "f or its rule depends on values or state that a compiled program does not see",
            jitted,
        ),
        Law(
            "vmap of f and of its vjp = loop",
            "vmap of f or of its vjp differs from a loop",
            "the rule mixes examples: it reduces over, or reads the length of, the wrong axis",
            mapped,
        ),
    ]


def axes_to_map(count: int) -> list[tuple[int | None, ...]]:
    """Axes for vmap: of all arguments, and of each alone."""
    together: tuple[int | None, ...] = (0,) * count
    if count == 1:
        return [together]
    return [together, *(tuple(0 if j == i else None for j in range(count)) for i in range(count))]
