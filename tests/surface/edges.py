"""Calls of every function with arrays at the edges: without axes, empty, of one element, numbers.

What is right is what NumPy says: the same shape, dtype and values, or an error where it raises one.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp

from .checks import Call, is_array, leaves_of, rebuild

NUMBERS = {"bool": True, "int": 3, "float": 0.7, "complex": 0.7 - 0.4j}
KINDS = {"bool": "biufc", "int": "iufc", "float": "fc", "complex": "fc"}
"""Arrays of which kinds a number stands for: a mask or a position is no number with a fraction."""


def resized(x: np.ndarray, old: int | None, new: int) -> np.ndarray:
    """The array with dimensions ``old`` (None: all) in size ``new``, of its own elements."""
    shape = tuple(new if old in (None, d) else d for d in x.shape)
    return np.resize(x, shape).astype(x.dtype)


def variants(case: Call) -> Iterator[tuple[str, list[Any]]]:
    """The leaves of a call with its arrays replaced, and what was done to them."""
    leaves = leaves_of((case.args, case.kwargs))
    places = [i for i, x in enumerate(leaves) if is_array(x)]
    if not places:
        return

    def changed(change: Callable[[Any], Any], which: list[int]) -> list[Any]:
        return [change(x) if i in which else x for i, x in enumerate(leaves)]

    sizes = sorted({d for i in places for d in leaves[i].shape})
    for old in [*sizes, *([None] if len(sizes) > 1 else [])]:
        for new in (0, 1):
            if old != new:
                change = functools.partial(resized, old=old, new=new)
                yield f"size {old} -> {new}", changed(change, places)
    yield "without axes", changed(lambda x: np.resize(x, ())[()], places)
    yield "first without axes", changed(lambda x: np.resize(x, ())[()], places[:1])
    yield "first empty", changed(lambda x: np.zeros(0, x.dtype), places[:1])
    yield "one axis more", changed(lambda x: x[None], places)


def numbers(case: Call) -> Iterator[tuple[str, list[Any]]]:
    """The leaves of a call with Python numbers in place of arrays."""
    leaves = leaves_of((case.args, case.kwargs))
    places = [i for i, x in enumerate(leaves) if is_array(x)]
    for name, number in NUMBERS.items():
        for which in [places[:1], *([places] if len(places) > 1 else [])]:
            wide = [i for i in which if leaves[i].dtype.kind in KINDS[name]]
            if wide:
                made = [number if i in wide else x for i, x in enumerate(leaves)]
                yield f"{name} for {len(wide)}", made


class Outcome:
    """The results of a call, or its error."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self.error: Exception | None = None
        self.values: list[Any] = []
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                self.values = leaves_of(run())
            except Exception as error:
                self.error = error

    def __str__(self) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__}: {str(self.error)[:150]}"
        return ", ".join(f"{np.asarray(v).dtype}{np.shape(v)} {v}"[:90] for v in self.values)


BROKEN = (AttributeError, RecursionError, AssertionError, SystemError, KeyError, NameError)


def difference(got: Outcome, expected: Outcome, rtol: float) -> str | None:
    """What is wrong with an outcome, or None."""
    if expected.error is not None:
        if got.error is None or isinstance(got.error, BROKEN):
            return f"{got}, but NumPy raises {expected}"
        return None
    if got.error is not None:
        return f"{got}, but NumPy gives {expected}"
    if len(got.values) != len(expected.values):
        return f"{len(got.values)} results, but NumPy gives {len(expected.values)}"
    for a, b in zip(got.values, expected.values, strict=True):
        if not same_value(a, b, rtol):
            return f"{got}, but NumPy gives {expected}"
    return None


def same_value(a: Any, b: Any, rtol: float) -> bool:
    number = isinstance(a, int | float | complex) and not isinstance(a, np.generic)
    known = isinstance(b, int | float | complex) and not isinstance(b, np.generic)
    if number and not known:
        return False
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if b.dtype.kind not in "fc":
        return np.array_equal(a, b)
    if b.dtype.itemsize <= (8 if b.dtype.kind == "c" else 4):
        rtol = max(rtol, 2e-5)
    scale = float(np.max(np.abs(b[np.isfinite(b)]), initial=0))
    with np.errstate(all="ignore"):
        return np.allclose(a, b, rtol=rtol, atol=rtol * max(1.0, scale), equal_nan=True)


class EdgeCall:
    """A call of a function as a function of those of its leaves that are traced."""

    def __init__(
        self, fun: Any, reference: Any, case: Call, leaves: list[Any] | None = None
    ) -> None:
        originals = leaves_of((case.args, case.kwargs))
        leaves = originals if leaves is None else leaves
        self.fun, self.reference = fun, reference
        self.case, self.leaves = case, leaves
        self.tree = (case.args, case.kwargs)
        arrays = [i for i, x in enumerate(originals) if is_array(x)]
        inexact = [i for i in arrays if originals[i].dtype.kind in "fc"]
        self.places = arrays if case.traced == "all" or not inexact else inexact
        self.traced = [leaves[i] for i in self.places]

    def run(self, fun: Any, *traced: Any) -> Any:
        full = list(self.leaves)
        for i, x in zip(self.places, traced, strict=True):
            full[i] = x
        args, kwargs = rebuild(self.tree, iter(full))
        out = fun(*args, **kwargs)
        return tuple(leaves_of(out)) if not isinstance(out, list | tuple) else tuple(out)

    def __call__(self, *traced: Any) -> Any:
        return self.run(self.fun, *traced)


def of_numpy(name: str, case: Call, leaves: list[Any]) -> EdgeCall:
    """A call of a function of NumPy's."""
    fun = getattr(fnp, name)
    return EdgeCall(fun, case.reference or getattr(np, name, fun), case, leaves)


def expected_of(edge: EdgeCall) -> Outcome:
    """NumPy's outcome; where there is a reference, NumPy's function decides on errors."""
    own = getattr(np, edge.fun.__name__, None) if edge.case.reference is not None else None
    if own is not None:
        outcome = Outcome(lambda: edge.run(own, *edge.traced))
        if outcome.error is not None:
            return outcome
    return Outcome(lambda: edge.run(edge.reference, *edge.traced))


def batched(call: EdgeCall) -> Any:
    """The call on two equal examples; its first result."""
    stacked = [np.stack([x, x]) for x in call.traced]
    return [v[0] for v in leaves_of(fg.vmap(call)(*stacked))]


def unbatched(call: EdgeCall) -> Any:
    out = fg.vmap(call, in_axes=None, axis_size=2)(*call.traced)
    return [np.asarray(v)[0] for v in leaves_of(out)]


def differentiated(call: EdgeCall) -> Any:
    """The values that reverse mode computes, after a pullback of zeros."""
    places = [i for i, x in enumerate(call.traced) if np.asarray(x).dtype.kind in "fc"]

    def inexact(*xs: Any) -> Any:
        traced = list(call.traced)
        for i, x in zip(places, xs, strict=True):
            traced[i] = x
        return call(*traced)

    xs = [call.traced[i] for i in places]
    out, pullback = fg.vjp(inexact, *xs)
    if all(np.asarray(o).dtype.kind in "fc" for o in leaves_of(out)):
        cotangents = pullback(fg.tree.map(np.zeros_like, out))
        for ct, x in zip(cotangents, xs, strict=True):
            assert np.shape(ct) == np.shape(x), f"cotangent of shape {np.shape(ct)}"
    return out
