"""Tests of this folder run on the emulated CuPy, and on the real one where there is a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from devices.modules import emulated_cupy, has_compiler, real_cupy

REAL = real_cupy()
MODULES = ["emulated"] + ([] if REAL is None else [pytest.param("cupy", marks=pytest.mark.gpu)])


@pytest.fixture(scope="module", params=MODULES)
def xp(request: Any) -> Iterator[ModuleType]:
    """The array module of the device."""
    if request.param == "cupy":
        assert REAL is not None
        yield REAL
        return
    if not has_compiler():
        pytest.skip("kernels of the emulator need g++, on Linux")
    with emulated_cupy() as cupy:
        yield cupy


@pytest.fixture(autouse=True)
def _current_device_stays(xp: ModuleType) -> Iterator[None]:
    """Nothing may leave another device current than it found."""
    before = xp.cuda.runtime.getDevice()
    yield
    after = xp.cuda.runtime.getDevice()
    xp.cuda.runtime.setDevice(before)
    assert after == before, f"device {after} is left current; before it was {before}"


@pytest.fixture
def cupy(xp: ModuleType) -> ModuleType:
    """The emulator, for what the real CuPy does not tell: counts of launches and copies."""
    if not hasattr(xp, "emulated"):
        pytest.skip("the real CuPy counts nothing")
    xp.statistics.reset()
    return xp


@pytest.fixture
def two_devices(xp: ModuleType) -> ModuleType:
    """An array module with a second device."""
    if xp.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("one GPU only")
    return xp
