"""The average of the clients' parameters knows all digits; a client alone does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

for package in ("sklearn", "matplotlib", "rich"):
    pytest.importorskip(package)


def test_the_average_beats_every_client(tmp_path: Path) -> None:
    path = tmp_path / "f.png"
    together, *alone = load("federated").main(["--quick", "--output", str(path)]).values()
    assert together > 0.75
    assert max(alone) < 0.45
    check_picture(path)


def test_averages_are_weighted() -> None:
    trees = [{"w": np.array([0.0, 2.0])}, {"w": np.array([4.0, 6.0])}]
    averaged = load("federated").average(trees, [0.25, 0.75])
    np.testing.assert_array_equal(averaged["w"], [3.0, 5.0])
