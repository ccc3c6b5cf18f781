"""One training step of the examples' models against the same models in PyTorch (eager, CPU).

A step is forward, backward, clipping where the example clips, and Adam. Both sides get the same
batch in the layout that they prefer. Each case runs with one thread and with two, in processes of
their own, since NumPy's BLAS reads the number of threads when it is loaded.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pairs import paired, report
from torch import nn as tnn

from funcgrad import nn, optim, random, train

VOCABULARY = 96
CLIP = 1.0
THREADS = os.environ.get("OPENBLAS_NUM_THREADS")


def example(name):
    """An example as a module."""
    path = Path(__file__).parent.parent / "examples" / f"{name}.py"
    spec: Any = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(model, shape, batch, clip):
    """A function that takes one step with funcgrad."""
    _, params, state = model.init(random.key(0), shape, np.float32)

    def loss(params, batch, *, state, key):
        x, y = batch
        logits, state = model.apply(params, state, x, key=key, train=True)
        return nn.softmax_cross_entropy_with_integer_labels(logits, y), state

    pieces = [optim.clip_by_global_norm(CLIP)] if clip else []
    optimizer = optim.chain(*pieces, optim.adam(1e-3))
    step = train.training_step(loss, optimizer)
    now = [params, state, optimizer.init(params)]
    count = itertools.count()

    def run():
        *now[:], value, _ = step(*now, batch, random.key(1), next(count))
        return float(value)

    return run


def theirs(model, x, y, clip):
    """A function that takes one step with PyTorch."""
    x, y = torch.tensor(x), torch.tensor(y)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()

    def run():
        optimizer.zero_grad()
        logits = model(x)
        value = tnn.functional.cross_entropy(logits.flatten(0, -2), y.flatten())
        value.backward()
        if clip:
            tnn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        return value.item()

    return run


class Recurrent(tnn.Module):
    """Embedding, a recurrent layer, a dense layer."""

    def __init__(self, kind, hidden):
        super().__init__()
        self.embedding = tnn.Embedding(VOCABULARY, 64)
        self.layer = getattr(tnn, kind)(64, hidden, batch_first=True)
        self.dropout = tnn.Dropout(0.1)
        self.dense = tnn.Linear(hidden, VOCABULARY)

    def forward(self, x):
        """Logits for numbers of characters."""
        return self.dense(self.dropout(self.layer(self.embedding(x))[0]))


class Transformer(tnn.Module):
    """Tied embedding, learned positions, blocks that normalise first."""

    def __init__(self, length, features, heads, blocks, dropout):
        super().__init__()
        self.embedding = tnn.Embedding(VOCABULARY, features)
        self.positions = tnn.Parameter(torch.randn(length, features) * 0.02)
        self.blocks = tnn.ModuleList(
            tnn.TransformerEncoderLayer(
                features, heads, 4 * features, dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(blocks)
        )
        self.norm = tnn.LayerNorm(features)
        self.mask = tnn.Transformer.generate_square_subsequent_mask(length)

    def forward(self, x):
        """Logits for numbers of characters."""
        h = self.embedding(x) + self.positions
        for block in self.blocks:
            h = block(h, src_mask=self.mask, is_causal=True)
        return self.norm(h) @ self.embedding.weight.T


def text_batch(rows, length):
    """Random characters and those that follow."""
    codes = np.random.default_rng(0).integers(0, VOCABULARY, (rows, length + 1))
    return codes[:, :-1], codes[:, 1:]


def images():
    """The convolutional network of examples/digits_cnn.py."""
    rng = np.random.default_rng(0)
    x = rng.random((50, 28, 28, 1)).astype(np.float32)
    y = rng.integers(0, 10, 50)
    peer = tnn.Sequential(
        tnn.Conv2d(1, 12, 5), tnn.MaxPool2d(2), tnn.ReLU(),
        tnn.Conv2d(12, 24, 5), tnn.MaxPool2d(2), tnn.ReLU(),
        tnn.Flatten(), tnn.Linear(384, 128), tnn.ReLU(), tnn.Dropout(0.3), tnn.Linear(128, 10),
    )  # fmt: skip
    model = example("digits_cnn").make_model()
    return ours(model, (-1, 28, 28, 1), (x, y), False), theirs(
        peer, x.transpose(0, 3, 1, 2).copy(), y, False
    )


def characters(kind):
    """A recurrent network of examples/char_rnn.py."""
    x, y = text_batch(16, 64)
    model = example("char_rnn").make_model(kind, VOCABULARY, 256, 0.1)
    return ours(model, (16, 64), (x, y), True), theirs(Recurrent(kind, 256), x, y, True)


def transformer():
    """The transformer of examples/transformer.py."""
    program = example("transformer")
    x, y = text_batch(16, 64)
    model = program.make_model(VOCABULARY, 64, 128)
    peer = Transformer(64, 128, program.HEADS, 2, 0.1)
    return ours(model, (-1, 64), (x, y), True), theirs(peer, x, y, True)


def main() -> None:
    """Print paired medians, with one thread and with two."""
    if THREADS is None:
        for n in ("1", "2"):
            env = os.environ | {"OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n}
            subprocess.run([sys.executable, __file__], env=env, check=True)
        return
    torch.set_num_threads(int(THREADS))
    cases = {
        "convolutional network, batch 50": images,
        "RNN, 16 x 64 characters, 256 units": lambda: characters("RNN"),
        "GRU, 16 x 64 characters, 256 units": lambda: characters("GRU"),
        "LSTM, 16 x 64 characters, 256 units": lambda: characters("LSTM"),
        "transformer, 16 x 64 characters, 128 features": transformer,
    }
    for title, make in cases.items():
        a, b = make()
        a(), b()
        times = paired({"funcgrad": a, "PyTorch, eager": b}, number=2, rounds=11)
        report(f"{title}, {THREADS} thread(s)", times)


if __name__ == "__main__":
    main()
