"""Implicit derivatives are those through iterations and those of formulas; colours arrive."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from example_programs import load

import funcgrad as fg

for package in ("scipy", "sklearn", "matplotlib", "PIL"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load("optimal_transport")


@pytest.fixture
def sets() -> Any:
    rng = np.random.default_rng(0)
    return rng.uniform(size=(6, 3)), rng.uniform(size=(8, 3))


def test_colours_arrive(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "o.png"
    reached = program.main(["--quick", "--output", str(path)])
    assert reached["start"] > 0.1
    assert 0 < reached["end"] < 1e-3 * reached["start"]
    assert reached["gap"] < 1e-6
    assert "derivative through 1000 iterations: " in capsys.readouterr().out
    image = pytest.importorskip("matplotlib.image").imread(path)
    assert image.shape[0] > 300
    assert image.std() > 0.1


def test_rows_and_columns_of_the_plan(program: ModuleType, sets: Any) -> None:
    p = program.plan(program.costs(*sets))
    np.testing.assert_allclose(p.sum(1), 1 / 6, rtol=1e-6)
    np.testing.assert_allclose(p.sum(0), 1 / 8, rtol=1e-6)


def test_without_blur_it_is_an_assignment(
    program: ModuleType, sets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scipy.optimize import linear_sum_assignment

    monkeypatch.setattr(program, "BLUR", 1e-3)
    x, y = sets[0], sets[1][:6]
    cost = program.costs(x, y)
    best = cost[linear_sum_assignment(cost)].mean()
    assert program.transport_cost(x, y) == pytest.approx(best, rel=1e-3)


def test_the_plan_says_how_the_regularised_cost_changes(program: ModuleType, sets: Any) -> None:
    """What makes the plan the best one leaves no derivative of it in that of the minimum."""
    x, y = sets
    p = program.plan(program.costs(x, y))
    formula = p.sum(1)[:, None] * x - p @ y
    np.testing.assert_allclose(fg.grad(program.regularised)(x, y), formula, atol=1e-7)


def test_implicit_derivatives_of_both_orders(program: ModuleType, sets: Any) -> None:
    x, y = sets
    x, y = 0.3 * x, 0.3 * y
    implicit = fg.grad(program.transport_cost)(x, y)
    unrolled = fg.grad(program.transport_cost)(x, y, program.unrolled)
    np.testing.assert_allclose(implicit, unrolled, rtol=1e-5, atol=1e-8)
    way = np.random.default_rng(1).normal(size=x.shape)
    cost = lambda x: program.transport_cost(x, y)  # noqa: E731
    bend = fg.hvp(cost, (x,), (way,))
    ahead, back = (fg.grad(cost)(x + s * 1e-4 * way) for s in (1, -1))
    np.testing.assert_allclose(bend, (ahead - back) / 2e-4, rtol=1e-3, atol=1e-4)


def test_equal_sets_stay(program: ModuleType, sets: Any) -> None:
    x = sets[0]
    assert program.divergence(x, x) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(program.move(x, x, 3)[0], x, atol=1e-6)
    image = x.reshape(2, 3, 3)
    np.testing.assert_allclose(program.recolour(image, x, x), image)
    lighter = program.recolour(0.5 * image, 0.5 * x, 0.5 * x + 0.1)
    np.testing.assert_allclose(lighter, 0.5 * image + 0.1)
