"""The likelihood is scikit-learn's, and houses have the influence that differences show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

for package in ("mlxtend", "sklearn", "matplotlib", "rich"):
    pytest.importorskip(package)


def test_quick_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "g.png"
    reached = load("gaussian_process").main(["--quick", "--output", str(path)])
    assert reached["process"] < reached["linear"]
    assert 0.5 < reached["inside"] < 0.95
    assert "held-out houses: error" in capsys.readouterr().out
    check_picture(path)


@pytest.mark.slow
def test_what_the_program_reaches(tmp_path: Path) -> None:
    reached = load("gaussian_process").main(["--output", str(tmp_path / "g.png")])
    assert reached["process"] < 2 / 3 * reached["linear"]
    assert reached["inside"] == pytest.approx(0.69, abs=0.03)


def test_the_likelihood_is_scikit_learns_and_so_is_its_maximum() -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    program = load("gaussian_process")
    x, y, _ = program.houses(8)
    x = x[:, [5, 12]]
    found = program.fit(x, y)
    params = found.x
    kernel = ConstantKernel(np.exp(2 * params["amplitude"])) * RBF(
        np.exp(params["length"])
    ) + WhiteKernel(np.exp(2 * params["noise"]))
    theirs = GaussianProcessRegressor(kernel, alpha=1e-8, optimizer=None).fit(x, y)
    likelihood = theirs.log_marginal_likelihood_value_
    np.testing.assert_allclose(found.fun * len(y), -likelihood, rtol=1e-9)
    mean, spread = theirs.predict(x[:5], return_std=True)
    ours = program.predict(params, x, y, x[:5] + 1e-12)
    np.testing.assert_allclose(ours[0], mean, rtol=1e-6)
    np.testing.assert_allclose(ours[1], spread, rtol=1e-6)
    again = GaussianProcessRegressor(kernel, alpha=1e-8).fit(x, y)
    np.testing.assert_allclose(again.log_marginal_likelihood_value_, likelihood, rtol=1e-6)


def test_influence() -> None:
    program = load("gaussian_process")
    x, y, _ = program.houses(16)
    x = x[:, program.POOR :]
    moved = program.influence(x, y, -0.5)

    def prediction(y: np.ndarray) -> float:
        return float(program.predict(program.fit(x, y).x, x, y, np.array([[-0.5]]))[0][0])

    for i in (0, 7):
        step = 1e-2 * (np.arange(len(y)) == i)
        difference = (prediction(y + step) - prediction(y - step)) / 2e-2
        np.testing.assert_allclose(moved[i], difference, rtol=0.02, atol=1e-4)
