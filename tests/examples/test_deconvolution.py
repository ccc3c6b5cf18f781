"""The picture is nearer to the truth than Wiener's, which is the minimum of a quadratic loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import load

for package in ("sklearn", "matplotlib", "PIL"):
    pytest.importorskip(package)


def test_total_variation_beats_the_best_wiener_filter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "d.png"
    reached = load("deconvolution").main(["--quick", "--output", str(path)])
    assert reached["Wiener filter"] > reached["seen"] + 3
    assert reached["total variation"] > reached["Wiener filter"] + 0.4
    assert "total variation  " in capsys.readouterr().out
    image = pytest.importorskip("matplotlib.image").imread(path)
    assert image.shape[0] > 300
    assert image.std() > 0.1


@pytest.mark.slow
def test_what_the_program_reaches(tmp_path: Path) -> None:
    reached = load("deconvolution").main(["--output", str(tmp_path / "d.png")])
    assert reached["total variation"] > reached["Wiener filter"] + 1


def test_the_least_quadratic_loss_is_the_wiener_filter() -> None:
    program = load("deconvolution")
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(12, 17))
    transfer = np.fft.rfft2(rng.normal(size=seen.shape) / 10)
    found = program.sharpen(transfer, seen, 0.05, lambda image: 0.5 * np.sum(image**2))
    np.testing.assert_allclose(found.x, program.wiener(transfer, seen, 0.05), atol=1e-3)


def test_the_blur_is_a_moving_average() -> None:
    program = load("deconvolution")
    image = np.random.default_rng(0).normal(size=(9, 14))
    blurred = program.blur(program.motion(image.shape, 2, 0), image)
    kernel = [0.25, 0.5, 0.25]  # half of the way is nearer to the middle than to either end
    expected = sum(w * np.roll(image, i - 1, 1) for i, w in enumerate(kernel))
    np.testing.assert_allclose(blurred, expected, atol=0.02)
