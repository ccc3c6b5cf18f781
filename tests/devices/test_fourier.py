"""Fourier transforms on arrays of a device give what they give on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload
from surface.checks import Bound
from surface.fourier import TABLE

import funcgrad as fg
from funcgrad.numpy import fft


@pytest.mark.parametrize("name", TABLE)
def test_calls(xp: Any, name: str) -> None:
    for case in TABLE[name]:
        bound = Bound(getattr(fft, name), case)
        there = upload(xp, bound.leaves)
        tolerance = max(case.rtol, 1e-9)
        assert_same(bound(*there), bound(*bound.leaves), tolerance)
        assert_same(fg.jit(bound)(*there), fg.jit(bound)(*bound.leaves), tolerance)
        if bound.leaves[0].dtype.kind in "fc" and case.derivative:
            outs, pull = fg.vjp(bound, *bound.leaves)
            cts = tuple(np.cos(np.arange(o.size).reshape(o.shape)).astype(o.dtype) for o in outs)
            found = fg.vjp(bound, *there)[1](tuple(upload(xp, c) for c in cts))
            assert_same(found, pull(cts), 1e-9)


@pytest.mark.parametrize("n", [4, 5])
def test_imaginary_parts_of_what_is_real_do_not_count(xp: Any, n: int) -> None:
    """A library may take the symmetry of the spectrum for granted; the definition does not."""
    z = np.random.default_rng(1).normal(size=(3, 2, n // 2 + 1, 2)).view(complex)[..., 0]
    for axes in ((2,), (0, 2)):
        s = [(3, 2, n)[k] for k in axes]
        found: Any = fft.irfftn(upload(xp, z), s, axes)
        np.testing.assert_allclose(found.get(), np.fft.irfftn(z, s, axes), rtol=1e-12)


def test_nothing_waits_for_the_device(cupy: Any) -> None:
    x = cupy.asarray(np.random.default_rng(2).normal(size=(4, 6)))
    fg.grad(lambda x: np.sum(np.abs(np.fft.rfft2(x)) ** 2))(x)
    assert cupy.statistics.syncs == 0
