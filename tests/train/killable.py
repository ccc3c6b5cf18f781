"""A training run that saves every step: python killable.py CHECKPOINT prints when it has begun."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from funcgrad import nn, optim, random, train

MODEL = nn.serial(nn.Dense(16), nn.BatchNorm(), nn.relu, nn.Dropout(0.3), nn.Dense(1))
EPOCHS = 60
X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)


def loss(params: Any, x: Any, *, state: Any, key: Any) -> Any:
    y, state = MODEL.apply(params, state, x, key=key, train=True)
    return np.mean((y[:, 0] - np.sin(x[:, 0])) ** 2), state


def batches(epoch: int) -> Any:
    for i, batch in enumerate(train.Batches(X, 8, key=random.key(1)).epoch(epoch)):
        if i == 0:
            print("begun", flush=True)
        yield batch


def run(checkpoint: str | None) -> Any:
    _, params, state = MODEL.init(random.key(0), (-1, 3), np.float32)
    optimizer = optim.adam(optim.cosine_decay_schedule(1e-2, EPOCHS * 10))
    return train.fit(
        loss,
        params,
        optimizer,
        batches,
        epochs=EPOCHS,
        state=state,
        key=random.key(2),
        checkpoint=checkpoint,
        save_every=1,
        progress=False,
    )


if __name__ == "__main__":
    run(sys.argv[1])
