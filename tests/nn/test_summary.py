"""The table of layers."""

from __future__ import annotations

import numpy as np

import funcgrad as fg
from funcgrad import nn, random, train


def test_rows_of_nested_models() -> None:
    model = nn.serial(
        nn.Conv(4, 3),
        nn.BatchNorm(),
        nn.Flatten,
        nn.Residual(nn.Dense(64), np.tanh),
        nn.FanOut(2),
        nn.parallel(nn.Dense(3), nn.Dense(2, bias=False)),
        nn.FanInConcat(),
    )
    rows = nn.summary(model, (-1, 4, 4, 2))
    assert [(r.depth, r.name) for r in rows] == [
        (0, "serial"), (1, "Conv(4, 3)"), (1, "BatchNorm"), (1, "Flatten"), (1, "Residual"),
        (2, "serial"), (3, "Dense(64)"), (3, "tanh"), (2, "Identity"), (1, "FanOut(2)"),
        (1, "parallel"), (2, "Dense(3)"), (2, "Dense(2)"), (1, "FanInConcat"),
    ]  # fmt: skip
    counts = {r.name: r.parameters for r in rows}
    assert counts["Conv(4, 3)"] == 3 * 3 * 2 * 4 + 4
    assert counts["BatchNorm"] == 8
    assert counts["Dense(2)"] == 128
    _, params, state = model.init(random.key(0), (-1, 4, 4, 2))
    assert rows[0].parameters == sum(x.size for x in fg.tree.leaves(params))
    assert rows[0].state == sum(x.size for x in fg.tree.leaves(state)) == 8
    assert rows[0].output_shape == (-1, 5)
    text = str(rows)
    assert "(batch, 3) (batch, 2)" in text
    assert text.endswith("parameters, 8 numbers of state")
    assert len({len(line) for line in text.splitlines()[:3]}) == 1


def test_no_numbers_are_drawn() -> None:

    huge = nn.serial(nn.Dense(200_000), nn.Dense(200_000))
    assert nn.summary(huge, (-1, 10))[0].parameters == 200_000 * 11 + 200_000 * 200_001
    assert train.summary is nn.summary
