"""Gradient descent reaches the exact minima, and the network beats the linear model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

for package in ("mlxtend", "sklearn", "matplotlib", "rich"):
    pytest.importorskip(package)


def test_what_the_program_reaches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "l.png"
    reached = load("linear_models").main(["--output", str(path)])
    assert abs(reached["linear regression"]) < 1e-12
    assert 0 <= reached["logistic regression"] < 1e-8
    assert reached["housing, network"] < 0.75 * reached["housing, linear"]
    assert "housing prices: error" in capsys.readouterr().out
    check_picture(path)


def test_the_exact_minima_are_scikit_learns() -> None:
    from sklearn.datasets import load_breast_cancer, load_diabetes
    from sklearn.linear_model import LinearRegression, LogisticRegression

    program = load("linear_models")
    x, y = load_diabetes(return_X_y=True)
    ours, theirs = program.least_squares(x, y), LinearRegression().fit(x, y)
    np.testing.assert_allclose(ours["w"][:, 0], theirs.coef_, rtol=1e-8)
    x, y = load_breast_cancer(return_X_y=True)
    x = program.standardized(x)
    found = program.newton(lambda p: program.log_loss(p, (x, y)), program.zeros(30))
    penalty = 1 / (2 * 1e-3 * len(y))
    theirs = LogisticRegression(C=penalty, tol=1e-10, max_iter=10_000).fit(x, y)
    np.testing.assert_allclose(found["w"][:, 0], theirs.coef_[0], rtol=1e-4, atol=1e-5)


def test_quick_mode(tmp_path: Path) -> None:
    reached = load("linear_models").main(["--quick", "--output", str(tmp_path / "l.png")])
    assert 0 < reached["logistic regression"] < 1e-2
