"""User functions of pytrees as functions of flat lists of real and complex leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ... import arrays, tree
from ...api.jvp import jvp
from ...api.leaves import is_leaf_value
from ...api.vjp import vjp
from ...core.avals import float0, is_inexact
from ...core.dtypes import finfo, kind_of
from ...core.small_floats import lifting
from ...core.source import where_defined
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...ops.shape import cast
from ...typing import Array, PyTree
from .staged import Leaves, Staged

STEEPEST = 1e3
"""By so much the terms of a derivative may be larger than its outputs, beside the arguments."""

CANCELLED = 1e3
"""Outputs are taken for sums of terms up to this many times the largest number seen."""

OF_NOTHING = 1e-2
"""What outputs of zero that stay zero are a sum of, beside the arguments: nothing shows it."""

STREAM = 0x66756E63
"""Sets the random numbers of checks apart from other people's."""

SHAKES = (2, 2, 4, 8, 16)
"""By how many units in the last place inputs are moved to see the rounding errors of outputs."""

COARSE = 1e-4
"""From here on the distance from 1 to the next number is too large for a rounding error."""

ROUGH_STEPS = (2.0**-24, 2.0**-16)
"""By how much inputs are moved, relative to them, to see outputs that change in jumps."""

ROUGHEST = 1e-5
"""Larger jumps, relative to the largest number seen, are none of rounding."""

WIDE: dict[str, np.dtype[Any]] = {"f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


def has_tangent(x: PyTree) -> bool:
    """True if x is a real or complex array or number."""
    return is_leaf_value(x) and is_inexact(aval_of(x).dtype)


def host(x: PyTree) -> np.ndarray:
    """An array of any device as a NumPy array."""
    return x if type(x) is np.ndarray else np.asarray(arrays.device_get(x))


class Measured(Sequence[Any]):
    """A list that is computed when it is first looked at: most comparisons do not need sizes."""

    def __init__(self, measure: Callable[[], list[Any]]) -> None:
        self.measure = measure

    @cached_property
    def values(self) -> list[Any]:
        """The list."""
        return self.measure()

    def __getitem__(self, i: Any) -> Any:
        return self.values[i]

    def __len__(self) -> int:
        return len(self.values)


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
            sizes = self.cotangent_sizes(seeds) if mode == "rev" else self.sizes
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

    def cotangent_sizes(self, cts: Sequence[Any]) -> list[np.ndarray]:
        """The sizes of the terms of the cotangents of the inputs."""
        return cotangent_sizes(cts, self.sizes, self.point)


def cotangent_sizes(
    cts: Sequence[Any], values: Sequence[Any], point: Sequence[Any]
) -> list[np.ndarray]:
    """The sizes of the terms of the cotangents of arguments, of outputs of some sizes.

    They are those of the outputs, beside the arguments; where f does not depend on how large these
    are, as a softmax, of the outputs themselves.
    """
    parts = [length(np.abs(host(c)) * np.abs(host(v))) for c, v in zip(cts, values, strict=True)]
    scales = [entry_scales(x) for x in point]
    return [np.sum(parts) * np.clip(s, 1.0, STEEPEST) / s for s in scales]


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


def value_sizes(call: Callable[[Sequence[Any]], Leaves], point: Sequence[Any]) -> list[np.ndarray]:
    """For each output the size of what it is a sum of, as its rounding errors show it.

    That is its value, or more if it changes by more than its rounding where the inputs do.
    """
    outs = [host(o) for o in call(point)]
    eps = max(float(finfo(x.dtype).eps) for x in (*map(host, point), *outs))
    rng = np.random.default_rng(0)
    sizes = [finite_max(o) for o in outs]
    limit = CANCELLED * max([1.0, *sizes, *(finite_max(host(x)) for x in point)])
    for ulps in SHAKES:
        try:
            with np.errstate(all="ignore"):
                moved = call([shaken(x, rng, ulps) for x in point])
                changes = [finite_max(host(a) - b) for a, b in zip(moved, outs, strict=True)]
        except (ArithmeticError, np.linalg.LinAlgError, ValueError):
            continue
        unit = eps if eps < 1e-10 else eps * ulps  # single precision has no digits to spare
        sizes = [max(s, min(c / unit, limit)) for s, c in zip(sizes, changes, strict=True)]
    jumps = roughness(call, point, outs) if eps < 1e-10 else [0.0] * len(outs)
    jumps = [j if j <= ROUGHEST * limit / CANCELLED else 0.0 for j in jumps]
    sizes = [max(s, j / eps) for s, j in zip(sizes, jumps, strict=True)]
    if not all(sizes):
        scale = max(finite_max(entry_scales(x)) for x in point)
        sizes = [s or OF_NOTHING * scale for s in sizes]
    return [np.asarray(s) for s in sizes]


def roughness(
    call: Callable[[Sequence[Any]], Leaves], point: Sequence[Any], outs: Sequence[np.ndarray]
) -> list[float]:
    """For each output the size of its jumps between close points, 0 if it has none but rounding.

    Fourth differences of a smooth function vanish with the step, those of a kink are in proportion
    to it; where a function computes in single precision inside, or adds to large numbers, they do
    not shrink (Moré and Wild, "Estimating computational noise", 2011).
    """
    rng = np.random.default_rng(1)
    found = [0.0] * len(outs)
    for step in ROUGH_STEPS:  # along each by other parts, lest all of them are single precision's
        signs = [_signs(rng, x) for x in point]
        jumps = jumps_of(call, point, outs, signs, step)
        large = [j > 1e-13 * (1 + finite_max(o)) for j, o in zip(jumps, outs, strict=True)]
        if any(large):  # at steps as large as the distance to a kink it looks like jumps
            more = jumps_of(call, point, outs, signs, 8 * step)
            jumps = [min(a, b) for a, b in zip(jumps, more, strict=True)]
        found = [max(a, b) for a, b in zip(found, jumps, strict=True)]
    return found


def _signs(rng: np.random.Generator, x: PyTree) -> np.ndarray:
    """Steps of numbers, of 0.3 to 1 in either direction."""
    shape = np.shape(x)
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 1.0, shape)


def jumps_of(
    call: Callable[[Sequence[Any]], Leaves],
    point: Sequence[Any],
    outs: Sequence[np.ndarray],
    signs: Sequence[np.ndarray],
    step: float,
) -> list[float]:
    """The size of the jumps of each output between points that are a step apart, 0 if none."""
    values: dict[int, Sequence[np.ndarray]] = {0: outs}
    try:
        with np.errstate(all="ignore"):
            for k in (-4, -2, -1, 1, 2, 4):
                xs = [_scaled(x, 1 + k * step * s) for x, s in zip(point, signs, strict=True)]
                values[k] = [host(o) for o in call(xs)]
            near, far = fourth_differences(values, 1), fourth_differences(values, 2)
    except (ArithmeticError, np.linalg.LinAlgError, ValueError):
        return [0.0] * len(outs)
    return [
        0.0 if 1.9 * n < f < 2.1 * n or f > 4 * n else n for n, f in zip(near, far, strict=True)
    ]


def fourth_differences(values: dict[int, Sequence[np.ndarray]], step: int) -> list[float]:
    """The largest fourth difference of each output, as if by rounding errors of its size."""
    columns = zip(*(values[k * step] for k in (-2, -1, 0, 1, 2)), strict=True)
    return [finite_max(a - 4 * b + 6 * c - 4 * d + e) / 8 for a, b, c, d, e in columns]


def _scaled(x: PyTree, factor: np.ndarray) -> Any:
    if type(x) in (float, complex):
        return x * float(factor)
    return x * arrays.namespace((x,)).asarray(factor, aval_of(x).dtype)[()]


def shaken(x: PyTree, rng: np.random.Generator, ulps: int) -> Any:
    """A leaf whose numbers are all moved, by up to some units in the last place."""
    aval = aval_of(x)
    signs = rng.choice((-1, 1), aval.shape)
    steps = signs * rng.integers(1, ulps + 1, aval.shape) * float(finfo(aval.dtype).eps)
    if type(x) in (float, complex):
        return x * (1 + float(steps))
    return x + x * arrays.namespace((x,)).asarray(steps, aval.dtype)[()]


def inexact_paths(out: PyTree) -> list[str]:
    """The paths of the real and complex leaves of an output."""
    return [tree.format_path(p, "output") for p, o in tree.leaves_with_path(out) if has_tangent(o)]


def leaf_scale(x: PyTree) -> float:
    """The typical magnitude of a leaf's entries, 1 if they are zero or not finite."""
    values = np.abs(host(x)).astype(float)
    values = values[np.isfinite(values) & (values > 0)]
    return length(values) / float(np.sqrt(values.size)) if values.size else 1.0


def entry_scales(x: PyTree) -> np.ndarray:
    """The magnitudes of a leaf's entries, and for those that are zero the typical one."""
    values = np.abs(host(x)).astype(float)
    return np.where(np.isfinite(values) & (values > 0), values, leaf_scale(x))


def tied_direction(x: PyTree) -> Any:
    """A direction along which equal entries of a leaf stay equal, and zeros are equal to others."""
    values = host(x)
    scale = np.where(values == 0, leaf_scale(x), values)
    t = np.asarray(np.where(np.isfinite(scale), scale, 1.0), values.dtype)[()]
    if arrays.is_gpu_array(x):
        return arrays.namespace((x,)).asarray(t)
    return t.item() if type(x) in (float, complex) else t


def same_values(a: Array, b: Array) -> bool:
    """True if two arrays hold the same numbers, NaN included."""
    a, b = host(a), host(b)
    return np.array_equal(a, b, equal_nan=is_inexact(a.dtype) and is_inexact(b.dtype))


def length(x: PyTree) -> float:
    """The Euclidean length of all numbers in an array, however large or small they are."""
    size = np.abs(x)
    largest = float(np.max(size, initial=0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum((size / largest) ** 2)))


def finite_max(x: np.ndarray) -> float:
    """The largest finite magnitude in an array, 0 if there is none."""
    magnitude = np.abs(np.where(np.isfinite(x), x, 0.0))
    return float(np.max(magnitude, initial=0))


def widened(x: PyTree) -> Any:
    """A leaf in double precision, or as it is if it has that or more."""
    dtype = aval_of(x).dtype
    return x if dtype.itemsize >= WIDE[kind_of(dtype)].itemsize else x.astype(WIDE[kind_of(dtype)])


def with_zeros(values: Sequence[Any], whole: PyTree) -> Any:
    """A pytree like ``whole`` whose real and complex leaves are ``values``, the others float0."""
    it = iter(values)
    leaves, spec = tree.flatten(whole)
    filled = [next(it) if has_tangent(x) else np.zeros(np.shape(x), float0) for x in leaves]
    return tree.unflatten(spec, filled)


def random_leaf(
    rng: np.random.Generator, x: PyTree, scale: Array | float = 1.0, *, real: bool = False
) -> Any:
    """Normal random numbers of the shape and dtype of a leaf, on its device."""
    aval = aval_of(x)
    t: Any = rng.standard_normal(aval.shape) * scale
    if aval.dtype.kind == "c" and not real:
        t = t + 1j * rng.standard_normal(aval.shape) * scale
    t = np.asarray(t, aval.dtype)[()]
    if arrays.is_gpu_array(x):
        return arrays.namespace((x,)).asarray(t)
    return t.item() if type(x) in (float, complex) else t


def generator(seed: int) -> np.random.Generator:
    """Random numbers of a seed, others than those that users draw from the same seed.

    Directions that equal the user's data may be ones along which nothing changes.
    """
    return np.random.default_rng([STREAM, int(seed)])


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
