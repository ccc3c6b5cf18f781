"""The digits of scikit-learn and plain NumPy functions: the programs run, and do what they say."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from example_programs import check_picture, load

import funcgrad as fg


@pytest.fixture
def train_digits() -> ModuleType:
    for package in ("sklearn", "matplotlib", "rich"):
        pytest.importorskip(package)
    return load("train_digits")


def test_digits_reach_97_percent(
    train_digits: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "digits.png"
    accuracy = train_digits.main(["--output", str(path)])
    assert accuracy >= 0.97
    assert f"{accuracy:.1%} of 360 held-out digits" in capsys.readouterr().out
    check_picture(path)


def test_digits_quick_mode_trains_less_but_learns(train_digits: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "digits.png"
    accuracy = train_digits.main(["--quick", "--seed", "1", "--output", str(path)])
    assert accuracy >= 0.9  # five epochs instead of fifty
    check_picture(path)


def test_digits_are_reproducible(train_digits: ModuleType, tmp_path: Path) -> None:
    args = ["--epochs", "1", "--output", str(tmp_path / "digits.png")]
    assert train_digits.main([*args, "--seed", "3"]) == train_digits.main([*args, "--seed", "3"])


def test_digits_refuse_to_train_for_no_epochs(train_digits: ModuleType) -> None:
    with pytest.raises(SystemExit):
        train_digits.main(["--epochs", "0"])


def test_dropout_needs_a_key(train_digits: ModuleType) -> None:
    params = train_digits.init_params(fg.random.key(0), (64, 32, 10))
    x = np.ones((2, 64))
    kept = train_digits.predict(params, x)
    np.testing.assert_array_equal(kept, train_digits.predict(params, x))
    assert not np.allclose(kept, train_digits.predict(params, x, fg.random.key(1)))


def test_plain_numpy_checks_pass_and_draw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "tanh.png"
    load("plain_numpy").main(["--quick", "--output", str(path)])
    report = capsys.readouterr().out
    assert "doubled 11 times" in report
    assert "order 4: largest error" in report
    check_picture(path)


def test_plain_numpy_needs_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    load("plain_numpy").main(["--quick"])
    assert "picture" not in capsys.readouterr().out
