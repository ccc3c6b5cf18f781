"""Calls of every public function of NumPy on arrays of a device give what they give on the CPU.

Arrays that are traced are on the device; masks, indices and other arrays of a call are NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from closures.functions import LAX, NN, of_table
from devices.placing import assert_same, upload
from devices.transforming import direction
from lax import window_calls
from surface import elementwise, polynomials, products, reducing, shaping, sized
from surface.checks import Bound, Call

import funcgrad as fg
import funcgrad.numpy as fnp

TABLE: dict[str, list[Call]] = {
    **elementwise.TABLE,
    **reducing.TABLE,
    **shaping.TABLE,
    **products.TABLE,
    **polynomials.TABLE,
    **sized.TABLE,
}  # fmt: skip
NAMES = [name for name in sorted(TABLE) if hasattr(fnp, name)]  # NumPy may be older


def gradients(bound: Bound, xs: Any, put: Any) -> Any:
    """Results and cotangents, eagerly."""
    outs, pull = fg.vjp(bound, *xs)
    return pull(tuple(put(cotangent(o, i)) for i, o in enumerate(outs)))


def cotangent(o: Any, i: int) -> Any:
    if getattr(o, "dtype", np.dtype(bool)).kind not in "fc":
        return np.zeros(np.shape(o), fg.float0)
    return np.asarray(direction(np.shape(o), o.dtype, 5 + i))[()]


@pytest.mark.parametrize("name", sized.SIZED)
def test_sizes(xp: Any, name: str) -> None:
    check_calls(xp, name, sized.SIZED[name])


@pytest.mark.parametrize("name", NAMES)
def test_calls(xp: Any, name: str) -> None:
    check_calls(xp, name, TABLE[name])


def check_calls(xp: Any, name: str, calls: list[Call]) -> None:
    """Compare calls of a function of NumPy with those on the CPU."""
    for case in calls:
        compare(xp, Bound(getattr(fnp, name), case))


@pytest.mark.parametrize("name", sorted(window_calls.TABLE))
def test_calls_of_lax(xp: Any, name: str) -> None:
    for fun, _, case in window_calls.TABLE[name]:
        compare(xp, Bound(fun, case))


def compare(xp: Any, bound: Bound) -> None:
    """A call on a device, compiled and differentiated, beside the same on the CPU."""
    if not bound.leaves:
        return
    there, rtol = upload(xp, bound.leaves), max(1e-9, bound.case.rtol)
    with np.errstate(all="ignore"):
        if not bound.case.concrete:
            assert_same(fg.jit(bound)(*there), fg.jit(bound)(*bound.leaves), rtol)
        if any(x.dtype.kind in "fc" for x in bound.leaves):
            found = gradients(bound, there, lambda c: c if c.dtype == fg.float0 else upload(xp, c))
            assert_same(found, gradients(bound, bound.leaves, lambda c: c), rtol)


TABLES = {"lax": LAX, "nn": NN}


@pytest.mark.parametrize("mode", ["eager", "jit", "vmap"])
@pytest.mark.parametrize(("table", "name"), [(t, n) for t in TABLES for n in TABLES[t]])
def test_functions(xp: Any, table: str, name: str, mode: str) -> None:
    subject = of_table(TABLES[table], name)

    def run(put: Any) -> Any:
        leaves = [put(x) for x in subject.leaves]
        if mode == "vmap":
            return fg.vmap(subject.fun)(*[np.stack([x, x]) for x in leaves])
        if mode == "jit":
            return fg.jit(subject.fun)(*leaves)
        return gradients(subject.fun, leaves, lambda c: c if c.dtype == fg.float0 else put(c))

    assert_same(run(lambda x: upload(xp, x)), run(lambda x: x), 1e-9)
