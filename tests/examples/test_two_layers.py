"""Two layers learn a product, one does not; the explanation shows real jaxprs."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_programs import check_picture, load

for package in ("matplotlib", "rich"):
    pytest.importorskip(package)


def test_two_layers_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.png"
    errors = load("two_layers").main(["--quick", "--output", str(path)])
    assert errors["one layer"] > 0.08
    assert errors["two layers"] < 2e-3
    shown = capsys.readouterr().out
    for text in ("c:f64[] = sin a", "d:f64[] = mul c b", "= cos a", "df/dx = y cos(x) = -1.2484"):
        assert text in shown
    check_picture(path)
