"""An example of training runs on a device as it does on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import example_programs
import pytest

pytest.importorskip("sklearn", reason="the example needs scikit-learn")


@pytest.mark.parametrize("device", ["gpu", "gpu:1"])
def test_digits(xp: Any, device: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if device == "gpu:1" and xp.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("one GPU only")
    train_digits = example_programs.load("train_digits")
    accuracies = []
    for where in ("cpu", device):
        path = tmp_path / f"{where}.png"
        args = ["--epochs", "1", "--device", where, "--output", str(path)]
        accuracies.append(train_digits.main(args))
        assert path.stat().st_size > 10_000
    assert abs(accuracies[0] - accuracies[1]) <= 2 / 360
    assert accuracies[0] > 0.8
