"""A call of a NumPy function, and the laws it obeys when its arrays are traced."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp

OLDER_NUMPY = np.lib.NumpyVersion(np.__version__) < "2.4.0"
"""Whether NumPy, to which results are compared, may refuse calls that it takes by now."""


@dataclass(frozen=True)
class Call:
    """One call: arguments, and how it is checked.

    traced: "inexact" (integer arrays only if there are no others) or "all" arrays are traced.
    concrete: the shape of the result depends on values: jit and vmap must refuse it.
    derivative: whether to compare with differences.
    dtypes: also run it with the inexact arrays in these dtypes, where NumPy accepts them.
    reference: what it is compared with; NumPy's function of that name by default.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    traced: str = "inexact"
    concrete: bool = False
    derivative: bool = True
    dtypes: str = "fdD"
    vmap: bool = True
    rtol: float = 1e-12
    reference: Any = None


def call(*args: Any, **kwargs: Any) -> Call:
    """A call; keyword arguments that start with an underscore are fields of the record."""
    options = {k[1:]: v for k, v in kwargs.items() if k.startswith("_")}
    return Call(args, {k: v for k, v in kwargs.items() if not k.startswith("_")}, **options)


# --- leaves ---------------------------------------------------------------------------------------


def is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic)


def leaves_of(tree: Any) -> list[Any]:
    if isinstance(tree, list | tuple):
        return [leaf for part in tree for leaf in leaves_of(part)]
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves_of(part)]
    return [tree]


def rebuild(tree: Any, leaves: Any) -> Any:
    """The tree with leaves taken from an iterator."""
    if isinstance(tree, list | tuple):
        return type(tree)([rebuild(part, leaves) for part in tree])
    if isinstance(tree, dict):
        return {k: rebuild(part, leaves) for k, part in tree.items()}
    return next(leaves)


class Bound:
    """A function of the traced arrays of a call."""

    def __init__(self, fun: Any, case: Call, dtype: str = "d") -> None:
        self.fun = fun
        self.case = case
        self.tree = (case.args, case.kwargs)
        everything = [convert(x, dtype) for x in leaves_of(self.tree)]
        inexact = [i for i, x in enumerate(everything) if is_array(x) and x.dtype.kind in "fc"]
        arrays = [i for i, x in enumerate(everything) if is_array(x)]
        self.places = arrays if case.traced == "all" or not inexact else inexact
        self.all = everything
        self.leaves = [everything[i] for i in self.places]

    def __call__(self, *leaves: Any) -> Any:
        return self.run(self.fun, *leaves)

    def run(self, fun: Any, *leaves: Any) -> Any:
        full = list(self.all)
        for i, x in zip(self.places, leaves, strict=True):
            full[i] = x
        args, kwargs = rebuild(self.tree, iter(full))
        return tuple(leaves_of(fun(*args, **kwargs)))


def convert(x: Any, dtype: str) -> Any:
    if not (is_array(x) and x.dtype == np.float64) or dtype == "d":
        return x
    if dtype == "D":
        with np.errstate(invalid="ignore"):
            return (x + 1j * np.cos(3 * x)).astype(complex)[()]
    return x.astype(dtype)[()]


# --- comparison -----------------------------------------------------------------------------------


def same(got: Any, expected: Any, rtol: float, what: str) -> None:
    """Equal in shape, dtype and value, and a scalar where there are no axes."""
    assert not (isinstance(got, np.ndarray) and got.ndim == 0), f"{what}: 0-d array"
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, not {expected.shape}"
    assert got.dtype == expected.dtype, f"{what}: dtype {got.dtype}, not {expected.dtype}"
    if expected.dtype.kind in "biu":
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    if expected.dtype.itemsize <= (8 if expected.dtype.kind == "c" else 4):
        rtol = max(rtol, 2e-5)
    finite = np.abs(expected[np.isfinite(expected)])
    atol = rtol * max(1.0, float(np.max(finite, initial=0)))
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol, err_msg=what)


def same_all(got: Any, expected: Any, rtol: float, what: str) -> None:
    assert len(got) == len(expected), f"{what}: {len(got)} results, not {len(expected)}"
    for g, e in zip(got, expected, strict=True):
        same(g, e, rtol, what)


def check(name: str, case: Call, dtype: str, ours: Any = fnp, theirs: Any = np) -> None:
    """All the laws of a call of a function of two modules in one dtype."""
    fun = getattr(ours, name)
    check_function(fun, case.reference or getattr(theirs, name, fun), case, dtype)


def check_function(fun: Any, reference: Any, case: Call, dtype: str) -> None:
    """All the laws of a call in one dtype, compared with a reference."""
    bound = Bound(fun, case, dtype)
    if dtype == "f" and case.rtol < 2e-5:
        case = replace(case, rtol=2e-5)
    with np.errstate(all="ignore"):
        try:
            expected = bound.run(reference, *bound.leaves)
        except (TypeError, ValueError, np.exceptions.ComplexWarning):
            if dtype == "d":
                assert OLDER_NUMPY, "NumPy refuses this call"
                pytest.skip("this NumPy does not know the call yet")
            return
        if not bound.leaves:
            return
        if case.concrete:
            check_refused(bound)
        else:
            check_staged(bound, expected, case)
            if case.vmap:
                check_batched(bound, reference, case)
        if any(x.dtype.kind in "fc" for x in bound.leaves):
            check_primal(bound, expected, case)
            if case.derivative:
                check_derivative(bound, reference)


def check_refused(bound: Bound) -> None:
    stacked = [np.stack([x, x]) for x in bound.leaves]
    for transform, leaves in ((fg.jit(bound), bound.leaves), (fg.vmap(bound), stacked)):
        try:
            transform(*leaves)
        except fg.errors.ConcretizationError:
            continue
        raise AssertionError("a result whose shape depends on values was staged")


def check_staged(bound: Bound, expected: Any, case: Call) -> None:
    got = fg.jit(bound)(*bound.leaves)
    same_all(got, expected, case.rtol, "jit")


def check_batched(bound: Bound, reference: Any, case: Call) -> None:
    rows = [bound.leaves, [nearby(x) for x in bound.leaves]]
    stacked = [np.stack([a, b]) for a, b in zip(*rows, strict=True)]
    got = fg.vmap(bound)(*stacked)
    for i, row in enumerate(rows):
        expected = bound.run(reference, *row)
        same_all([np.asarray(g)[i] for g in got], expected, max(case.rtol, 1e-10), "vmap")


def nearby(x: Any) -> Any:
    return (x * 0.97).astype(x.dtype) if x.dtype.kind in "fc" else x


def check_primal(bound: Bound, expected: Any, case: Call) -> None:
    """The value that differentiation computes, forward and reverse."""
    zeros = tuple(np.zeros_like(x) if x.dtype.kind in "fc" else fg_zero(x) for x in bound.leaves)
    same_all(fg.jvp(bound, tuple(bound.leaves), zeros)[0], expected, case.rtol, "jvp")
    same_all(fg.vjp(bound, *bound.leaves)[0], expected, case.rtol, "vjp")


def fg_zero(x: Any) -> Any:
    return np.zeros(np.shape(x), fg.float0)


def random_like(rng: Any, x: Any) -> Any:
    t = rng.standard_normal(np.shape(x))
    if x.dtype.kind == "c":
        t = t + 1j * rng.standard_normal(np.shape(x))
    return np.asarray(t, x.dtype)[()]


def check_derivative(bound: Bound, reference: Any) -> None:
    """Jvp against central differences of NumPy's function; vjp against jvp."""
    at = [i for i, x in enumerate(bound.leaves) if x.dtype.kind in "fc"]
    base = list(bound.leaves)

    def inexact(fun: Any) -> Any:
        def restricted(*xs: Any) -> Any:
            full = list(base)
            for i, x in zip(at, xs, strict=True):
                full[i] = x
            return tuple(
                o
                for o in bound.run(fun, *full)
                if getattr(o, "dtype", None) is not None and o.dtype.kind in "fc"
            )

        return restricted

    ours, theirs = inexact(bound.fun), inexact(reference)
    xs = tuple(base[i] for i in at)
    rng = np.random.default_rng(5)
    ts = tuple(random_like(rng, x) for x in xs)
    outs, out_ts = fg.jvp(ours, xs, ts)
    if not outs:
        return
    cts = tuple(random_like(rng, np.asarray(o)) for o in outs)
    grads = fg.vjp(ours, *xs)[1](cts)
    small = any(np.asarray(x).dtype in (np.float32, np.complex64) for x in (*xs, *outs))
    for g, x in zip(grads, xs, strict=True):
        assert np.asarray(g).dtype == x.dtype, f"cotangent dtype {np.asarray(g).dtype}"
        assert np.shape(g) == np.shape(x), f"cotangent shape {np.shape(g)}"
    left = sum(np.sum(np.asarray(c) * t).real for c, t in zip(cts, out_ts, strict=True))
    right = sum(np.sum(np.asarray(g) * t).real for g, t in zip(grads, ts, strict=True))
    size = 1.0 + sum(np.sum(np.abs(np.asarray(c) * t)) for c, t in zip(cts, out_ts, strict=True))
    assert abs(left - right) <= (1e-4 if small else 1e-9) * size, f"vjp {right}, jvp {left}"
    if small:
        return
    h = 1e-4

    def difference(step: float) -> list[Any]:
        up = theirs(*[x + step * t for x, t in zip(xs, ts, strict=True)])
        down = theirs(*[x - step * t for x, t in zip(xs, ts, strict=True)])
        return [(np.asarray(u) - np.asarray(d)) / (2 * step) for u, d in zip(up, down, strict=True)]

    for t, coarse, fine in zip(out_ts, difference(h), difference(h / 2), strict=True):
        expected = (4 * fine - coarse) / 3
        scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
        np.testing.assert_allclose(t, expected, rtol=1e-6, atol=1e-6 * scale, err_msg="jvp")
