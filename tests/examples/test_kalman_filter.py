"""The noises are those of the textbook; filter and smoother are those of the joint distribution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

for package in ("scipy", "matplotlib"):
    pytest.importorskip(package)


def test_the_variances_of_the_textbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "k.png"
    variances = load("kalman_filter").main(["--quick", "--output", str(path)])
    assert variances["noise"] == pytest.approx(15099, rel=2e-3)
    assert variances["drift"] == pytest.approx(1469.1, rel=5e-3)
    assert "noise: variance 15" in capsys.readouterr().out
    check_picture(path)


def test_smoothed_levels_are_those_of_the_joint_distribution() -> None:
    """Levels and flows are normal together: conditioning needs one large matrix, and no filter."""
    program = load("kalman_filter")
    flows = program.FLOWS[:30]
    params = {"noise": np.log(120.0), "drift": np.log(40.0)}
    n = np.arange(30)
    prior = 1e7 + 40.0**2 * np.minimum(n[:, None], n)
    whole = prior + 120.0**2 * np.eye(30)
    gain = np.linalg.solve(whole, prior).T
    mean, spread = program.smooth(params, flows)
    np.testing.assert_allclose(mean, gain @ flows, rtol=1e-6)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(prior - gain @ prior)), rtol=1e-4)
    log_p = -0.5 * (flows @ np.linalg.solve(whole, flows) + np.linalg.slogdet(2 * np.pi * whole)[1])
    np.testing.assert_allclose(program.log_likelihood(params, flows), log_p, rtol=1e-9)


def test_a_filter_of_several_states() -> None:
    """Place and speed along two axes, seen as places: the last state against least squares."""
    program = load("kalman_filter")
    rng = np.random.default_rng(0)
    move = np.kron(np.eye(2), [[1.0, 1.0], [0.0, 1.0]])
    look = np.kron(np.eye(2), [[1.0, 0.0]])
    drift, noise = np.diag([0.1, 0.2, 0.3, 0.1]), np.array([[1.0, 0.3], [0.3, 0.5]])
    model = {
        "move": move, "look": look, "drift": drift, "noise": noise,
        "first": (np.arange(4.0), 2 * np.eye(4)),
    }  # fmt: skip
    y = rng.normal(size=(6, 2))
    means, covs, _ = program.kalman_filter(model, y)
    # All states as one vector: whitened equations of the start, the steps and the observations.
    rows, right = [np.kron(np.eye(6)[0], np.eye(4)) / np.sqrt(2)], [np.arange(4.0) / np.sqrt(2)]
    for t in range(1, 6):
        whiten = np.linalg.inv(np.linalg.cholesky(drift))
        rows.append(whiten @ (np.kron(np.eye(6)[t], np.eye(4)) - np.kron(np.eye(6)[t - 1], move)))
        right.append(np.zeros(4))
    for t in range(6):
        whiten = np.linalg.inv(np.linalg.cholesky(noise))
        rows.append(whiten @ np.kron(np.eye(6)[t], look))
        right.append(whiten @ y[t])
    a = np.concatenate(rows)
    covariance = np.linalg.inv(a.T @ a)
    np.testing.assert_allclose(
        means[-1], (covariance @ a.T @ np.concatenate(right))[-4:], rtol=1e-9
    )
    np.testing.assert_allclose(covs[-1], covariance[-4:, -4:], rtol=1e-9, atol=1e-12)
