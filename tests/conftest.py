"""Common set-up: every operator is registered before tests are collected."""

import pytest

import funcgrad.lax
import funcgrad.nn
import funcgrad.numpy.linalg
import funcgrad.optim
import funcgrad.random
import funcgrad.scipy.linalg
import funcgrad.scipy.special
import funcgrad.scipy.stats  # noqa: F401


@pytest.fixture
def by_numpy(monkeypatch):
    """Compiled programs are NumPy's, whose bits those of eager calls are; native ones round."""
    monkeypatch.setenv("FUNCGRAD_NATIVE", "0")


collect_ignore = ["emulator"]  # a package named cupy, which only tests in devices import
