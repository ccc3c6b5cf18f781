"""Kernels give what the operators' evaluations give, for the cases that their records declare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import kernels
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.primitive import REGISTRY

INTEGERS = {"pick_window_extrema", "drop_at_window_extrema"}
"""Of these the declared cases have integers, which native code leaves to NumPy."""


@pytest.mark.parametrize("name", sorted(set(kernels.KERNELS) - INTEGERS))
def test_declared_cases(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
    prim: Any = REGISTRY[name]
    taken = 0
    for case in prim.cases(np.random.default_rng(0)):
        args = [np.asarray(a) for a in case.args]

        def run(*xs: Any, params: Any = case.params) -> Any:
            return prim(*xs, **params)

        jaxpr = optimized(fg.jit(run).lower(*args).jaxpr)
        (e,) = jaxpr.eqns
        if not kernels.takes(e):
            continue
        taken += 1
        assert [x.primitive.name for x in fused(jaxpr).eqns] == [native_call.name]
        expected = fg.tree.leaves(prim.evaluate(np, *args, **case.params))
        for found, wanted in zip(fg.tree.leaves(fg.jit(run)(*args)), expected, strict=True):
            found, wanted = np.asarray(found), np.asarray(wanted)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            eps = np.finfo(found.dtype).eps if found.dtype.kind == "f" else 0
            np.testing.assert_allclose(found, wanted, rtol=50 * eps, atol=50 * eps)
    assert taken
