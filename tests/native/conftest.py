"""What tests of native code have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def native_entry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls from Python go through native code, though FUNCGRAD_NATIVE_ENTRY=0 may deny it."""
    from funcgrad.compiler.native import layout

    monkeypatch.delenv("FUNCGRAD_NATIVE_ENTRY", raising=False)
    layout.is_as_assumed.cache_clear()
    assert layout.is_as_assumed()
    yield
    monkeypatch.undo()
    layout.is_as_assumed.cache_clear()
