"""The rates are those that others found, and move with the data as differences show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

pytest.importorskip("matplotlib")


@pytest.mark.slow
def test_what_the_program_reaches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "l.png"
    program = load("lotka_volterra")
    rates = program.main(["--output", str(path)])
    assert list(rates) == list(program.RATES)
    np.testing.assert_allclose(list(rates.values()), [0.55, 0.028, 0.80, 0.024], rtol=0.04)
    assert "births" in capsys.readouterr().out
    check_picture(path)


def test_quick_mode(tmp_path: Path) -> None:
    path = tmp_path / "l.png"
    load("lotka_volterra").main(["--quick", "--output", str(path)])
    check_picture(path)


def test_the_equations_are_solved() -> None:
    """Along a solution, what Volterra found stays as it is."""
    program = load("lotka_volterra")
    births, eaten, deaths, raised = np.exp(program.START["rates"])
    hares, lynxes = program.populations(program.START, np.linspace(0.0, 20.0, 50)).T
    kept = raised * hares - deaths * np.log(hares) + eaten * lynxes - births * np.log(lynxes)
    np.testing.assert_allclose(kept, kept[0], rtol=1e-5)


@pytest.mark.slow
def test_derivatives_of_the_rates() -> None:
    program = load("lotka_volterra")
    moved = program.moved_rates(program.PELTS)
    more = program.PELTS.copy()
    more[12, 0] *= np.exp(0.01)
    less = program.PELTS.copy()
    less[12, 0] *= np.exp(-0.01)
    difference = (program.fit(more).x["rates"] - program.fit(less).x["rates"]) / 0.02
    np.testing.assert_allclose(moved[:, 12], difference, rtol=1e-3)
