"""User functions of pytrees as functions of flat lists of real and complex leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ... import tree
from ...api.jvp import jvp
from ...api.leaves import is_leaf_value
from ...api.vjp import vjp
from ...core.avals import float0
from ...core.dtypes import finfo
from ...core.small_floats import lifting
from ...core.source import where_defined
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...ops.shape import cast
from ...typing import PyTree
from .leaves import finite_max, generator, has_tangent, host, random_leaf
from .sizes import Measured, cotangent_sizes, steepness_of, value_sizes
from .staged import Leaves, Staged


@dataclass
class Flat:
    """A function of the real and complex leaves of its arguments, at a point.

    ``call`` takes and returns lists of leaves; leaves of other kinds are held constant and
    outputs of other kinds are left out. ``sizes`` are bounds of what the outputs are sums of:
    rounding errors of values and derivatives are in proportion to them, however much cancels.
    Calls with the same arguments may differ by ``nondet``.
    ``tangents`` says how the point is moved if it has to stay on a set, and ``outs`` are the
    outputs at the point, where they are known.
    """

    call: Callable[[Sequence[Any]], Leaves]
    point: Leaves
    in_paths: list[str]
    name: str
    out_paths: list[str] = field(default_factory=list)
    sizes: Sequence[Any] = field(default_factory=list)
    nondet: float = 0.0
    staged: Staged | None = None
    tangents: Any = None
    outs: Leaves | None = None
    plain: Flat | None = field(default=None, init=False, repr=False)
    start: Any = field(default=None, init=False, repr=False)
    """What ``plainly`` returned, and what lines through the point have in common, once known."""
    pushed: tuple[Leaves, tuple[Leaves, Leaves]] | None = field(
        default=None, init=False, repr=False
    )
    """A direction, and outputs and tangents along it, where they are known before the checks."""
    wide: Flat | None = field(default=None, init=False, repr=False)
    """The same function in double precision, where ``call`` computes in less inside."""

    def evaluate(self, xs: Sequence[Any]) -> Leaves:
        """What ``call`` returns, up to rounding, by a compiled program where there is one."""
        if self.wide is not None:
            return self.wide.call(xs)
        return self.call(xs) if self.staged is None else self.staged(xs)

    def widen(self, wide: Callable[[Sequence[Any]], Leaves], outs: Sequence[Any]) -> None:
        """Have differences taken of another function; errors are those of the outputs' sizes."""
        self.wide = Flat(wide, self.point, self.in_paths, self.name, self.out_paths)
        self.sizes = [np.asarray(finite_max(host(o))) for o in outs]

    def plainly(self, outs: Sequence[Any]) -> Flat:
        """The same with the sizes of the outputs themselves, which need no more calls."""
        if self.plain is None:
            self.plain = replace(self, sizes=[np.asarray(finite_max(host(o))) for o in outs])
            self.plain.wide = self.wide
        return self.plain

    def differentiated(self, mode: str, seeds: Sequence[Any], *, staged: bool = False) -> Flat:
        """The derivative along fixed directions, as a function of the point.

        In mode 'rev' ``seeds`` are cotangents of the outputs, else tangents of the inputs.
        With ``staged`` it is compiled for evaluations, if it can be.
        """
        if mode == "rev":

            def derivative(xs: Sequence[Any]) -> Leaves:
                outs, pull = reverse(self, xs)
                return pull(cast_like(seeds, outs))

            paths = [f"vjp({p})" for p in self.in_paths]
        else:

            def derivative(xs: Sequence[Any]) -> Leaves:
                return forward(self, xs, cast_like(seeds, xs))[1]

            paths = [f"jvp({p})" for p in self.out_paths]
        program = Staged(derivative, self.point) if staged else None

        def measured() -> list[Any]:
            sizes = self.cotangent_sizes(seeds) if mode == "rev" else self.tangent_sizes(seeds)
            if self.wide is not None:
                return list(sizes)
            found = value_sizes(program or derivative, self.point)
            return [np.maximum(a, b) for a, b in zip(sizes, found, strict=True)]

        sizes = Measured(measured)
        given = self.point, self.in_paths, self.name, paths, sizes, self.nondet
        derived = Flat(derivative, *given, program, self.tangents)
        if self.wide is not None:
            derived.wide = self.wide.differentiated(mode, seeds)
        return derived

    def tangent_sizes(self, ts: Sequence[Any]) -> list[np.ndarray]:
        """The sizes of the terms of the tangents of the outputs."""
        eps = max((float(finfo(aval_of(t).dtype).eps) for t in ts), default=0.0)
        return [size * steepness_of(eps, ts) for size in self.sizes]

    def cotangent_sizes(self, cts: Sequence[Any]) -> list[np.ndarray]:
        """The sizes of the terms of the cotangents of the inputs."""
        return cotangent_sizes(cts, self.sizes, self.point)


def cast_like(values: Sequence[Any], like: Sequence[Any]) -> Leaves:
    """Values in the dtypes of other leaves."""
    return [cast(v, aval_of(x).dtype) for v, x in zip(values, like, strict=True)]


def forward(flat: Flat, xs: Sequence[Any], ts: Sequence[Any]) -> tuple[Leaves, Leaves]:
    """Outputs and their tangents, by forward mode."""
    return jvp(lambda *leaves: flat.call(leaves), tuple(xs), tuple(ts))


def reverse(flat: Flat, xs: Sequence[Any]) -> tuple[Leaves, Callable[[Sequence[Any]], Leaves]]:
    """Outputs and the function from their cotangents to those of the inputs."""
    outs, pull = vjp(lambda *leaves: flat.call(leaves), *xs)
    return outs, lambda cts: list(pull(list(cts)))


def flatten_function(f: Callable[..., Any], args: tuple[Any, ...]) -> Flat:
    """A user's function at its arguments as a Flat; evaluates it once for its output paths."""
    leaves, spec = tree.flatten(args)
    places = [i for i, x in enumerate(leaves) if has_tangent(x)]
    run = lifting(f)

    flat = len(places) == len(args) == len(leaves) and all(map(is_leaf_value, args))

    def call(xs: Sequence[Any]) -> Leaves:
        if flat and len(xs) == len(leaves):
            out = run(*xs)
        else:
            full = list(leaves)
            for i, x in zip(places, xs, strict=True):
                full[i] = x
            out = run(*tree.unflatten(spec, full))
        if type(out) in (np.ndarray, np.float64) and out.dtype.kind in "fc":
            return [out]
        return [o for o in tree.leaves(out) if has_tangent(o)]

    paths = tree.paths_of(args)
    in_paths = [tree.format_path(paths[i], "args") for i in places]
    out_paths = inexact_paths(run(*args))
    name = where_defined(f)
    if not places:
        raise ValueError(nothing_to_vary(name, args))
    if not out_paths:
        raise ValueError(f"{name} returned no real or complex array to differentiate")
    point = [leaves[i] for i in places]
    sizes = Measured(lambda: value_sizes(call, point))
    return Flat(call, point, in_paths, name, out_paths, sizes)


def nothing_to_vary(name: str, args: PyTree, what: str = "array") -> str:
    """The message for arguments of which none can be differentiated by: what they are."""
    leaves = [x.value if hasattr(x, "value") else x for x in tree.leaves(args)]
    kinds = [
        f"{type(x).__name__} of {x.dtype}" if hasattr(x, "dtype") else type(x).__name__
        for x in leaves
    ]
    got = ", ".join(dict.fromkeys(kinds)) or "nothing"
    hint = "; give floats, as in x.astype(float)" if "int" in got or "bool" in got else ""
    return f"args of {name} hold no real or complex {what} to differentiate by: got {got}{hint}"


def inexact_paths(out: PyTree) -> list[str]:
    """The paths of the real and complex leaves of an output."""
    return [tree.format_path(p, "output") for p, o in tree.leaves_with_path(out) if has_tangent(o)]


def with_zeros(values: Sequence[Any], whole: PyTree) -> Any:
    """A pytree like ``whole`` whose real and complex leaves are ``values``, the others float0."""
    it = iter(values)
    leaves, spec = tree.flatten(whole)
    filled = [next(it) if has_tangent(x) else np.zeros(np.shape(x), float0) for x in leaves]
    return tree.unflatten(spec, filled)


@user_facing
def rand_like(x: PyTree, seed: int = 0) -> Any:
    """Normal random numbers in the structure, shapes and dtypes of a pytree.

    Args:
        x: a pytree; its leaves that are neither real nor complex become float0 zeros, which is
            what the tangent of an integer is.
        seed: of the random numbers.

    Returns:
        A pytree that can serve as a tangent or cotangent of ``x``.

    >>> rand_like({"w": np.ones(2), "n": 3})["w"].shape
    (2,)
    """
    rng = generator(seed)
    return with_zeros([random_leaf(rng, leaf) for leaf in tree.leaves(x) if has_tangent(leaf)], x)
