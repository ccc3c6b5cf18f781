"""Tests of this folder run on the emulated CuPy, and on the real one where there is a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from devices.modules import emulated_cupy, real_cupy

TO_BE_MENDED = Path(__file__).with_name("to_be_mended.txt")
"""Tests that funcgrad does not pass on the emulator yet, and must not until they are taken out."""

REAL = real_cupy()
MODULES = ["emulated"] + ([] if REAL is None else [pytest.param("cupy", marks=pytest.mark.gpu)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the failures that are listed."""
    listed = set(TO_BE_MENDED.read_text(encoding="utf-8").splitlines())
    reason = "funcgrad is not right here on arrays of devices yet"
    for item in items:
        if item.nodeid.rpartition("tests/devices/")[2] in listed:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="module", params=MODULES)
def xp(request: Any) -> Iterator[ModuleType]:
    """The array module of the device."""
    if request.param == "cupy":
        assert REAL is not None
        yield REAL
        return
    with emulated_cupy() as cupy:
        yield cupy


@pytest.fixture(autouse=True)
def _current_device_stays(xp: ModuleType, request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing may leave another device current than it found."""
    before = xp.cuda.runtime.getDevice()
    yield
    after = xp.cuda.runtime.getDevice()
    xp.cuda.runtime.setDevice(before)
    if request.node.get_closest_marker("xfail") is None:
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
