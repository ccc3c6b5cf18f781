"""Draws have the moments of the posterior, found by summation; predictions are better for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

import funcgrad as fg

for package in ("sklearn", "matplotlib"):
    pytest.importorskip(package)


def test_averaged_predictions_lose_less(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.png"
    program = load("bayesian_logistic_regression")
    reached = program.main(["--quick", "--output", str(path)])
    assert reached["posterior"] < reached["most likely"] - 0.05
    assert reached["posterior"] < 0.15
    assert reached["R"] < 1.05
    assert reached["wrong"] < 0.05
    assert "held-out tumours: loss 0.1" in capsys.readouterr().out
    check_picture(path)


def test_moments_are_those_of_the_posterior() -> None:
    """Two weights: their posterior is summed over a grid."""
    program = load("bayesian_logistic_regression")
    x = np.array([[1.0, -1.0], [1.0, 0.5], [1.0, 1.5], [1.0, 3.0]])
    y = np.array([0.0, 1.0, 0.0, 1.0])
    line = np.linspace(-20, 20, 401)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    logits = grid @ x.T
    log_p = logits @ y - np.logaddexp(0, logits).sum(1) - 0.5 * np.sum((grid / 5) ** 2, 1)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = p @ grid
    covariance = (grid - mean).T @ ((grid - mean) * p[:, None])
    best = grid[np.argmax(p)]
    found, accepted = program.chains(x, y, best, 4000)
    assert found.shape == (4, 4000, 2)
    assert np.all((accepted > 0.5) & (accepted < 1))
    assert np.max(program.disagreement(found)) < 1.01
    draws = found.reshape(-1, 2)
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.05 * np.sqrt(np.diag(covariance)).max())
    np.testing.assert_allclose(np.cov(draws.T), covariance, rtol=0.1, atol=0.1)


def test_motion_is_reversible_and_keeps_energy() -> None:
    program = load("bayesian_logistic_regression")
    x, y, _, _ = program.tumours()

    def log_p(w: np.ndarray) -> np.ndarray:
        return program.log_posterior(w, x[:, :4], y)

    rng = np.random.default_rng(0)
    q, p = rng.normal(size=(2, 4))
    errors = []
    for steps in (20, 40):
        far, speed = program.leapfrog(fg.grad(log_p), q, p, 0.1 / steps, steps)
        back, _ = program.leapfrog(fg.grad(log_p), far, -speed, 0.1 / steps, steps)
        np.testing.assert_allclose(back, q, rtol=1e-9)
        errors.append(speed @ speed / 2 - log_p(far) - p @ p / 2 + log_p(q))
    assert abs(log_p(far) - log_p(q)) > 1
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)  # a method of second order


def test_chains_apart_disagree() -> None:
    program = load("bayesian_logistic_regression")
    chains = np.random.default_rng(0).normal(size=(4, 500, 1))
    assert program.disagreement(chains) == pytest.approx(1, abs=0.01)
    chains[0] += 2
    assert program.disagreement(chains) > 1.2
