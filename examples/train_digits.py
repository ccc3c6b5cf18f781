"""Train a small neural network on scans of handwritten digits.

The model is a pure function of its parameters, the optimizer is a pair of pure functions, and so is
one step of training, which ``fg.jit`` compiles:

    python examples/train_digits.py --epochs 50 --output digits.png

With ``--device gpu`` the same program trains on a GPU: only where arrays are made differs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp

try:
    from matplotlib.figure import Figure
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from sklearn.datasets import load_digits
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

# The model. Its parameters are plain arrays in a list of dictionaries, one per layer.


def init_params(key: Any, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Random weights, scaled so that activations keep their size, and biases of zero."""
    keys = fg.random.split(key, len(sizes) - 1)
    return [
        {"w": fg.random.normal(k, (m, n)) * np.sqrt(2 / m), "b": fnp.zeros(n)}
        for k, m, n in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def predict(params: Any, x: Any, key: Any = None, dropout: float = 0.5) -> Any:
    """Unnormalised log-probabilities of the ten digits; with a key, units are dropped at random."""
    *hidden, last = params
    for i, layer in enumerate(hidden):
        x = np.maximum(x @ layer["w"] + layer["b"], 0)
        if key is not None:
            kept = fg.random.bernoulli(fg.random.fold_in(key, i), 1 - dropout, x.shape)
            x = x * kept / (1 - dropout)
    return x @ last["w"] + last["b"]


def cross_entropy(params: Any, x: Any, y: Any, key: Any = None) -> Any:
    """Minus the log-probability of the true digit, averaged over the batch."""
    z = predict(params, x, key)
    return np.mean(fnp.logsumexp(z, axis=1) - z[np.arange(len(y)), y])


# The optimizer: init makes a state, update maps gradients, state and parameters to new ones.


def adam(rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> tuple[Any, Any]:
    """Adam (Kingma and Ba, 2015) as a pair of pure functions."""

    def init(params: Any) -> Any:
        zeros = fg.tree.map(np.zeros_like, params)
        return {"step": 0, "mean": zeros, "square": zeros}

    def update(grads: Any, state: Any, params: Any) -> tuple[Any, Any]:
        step = state["step"] + 1
        mean = fg.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state["mean"], grads)
        square = fg.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, state["square"], grads)
        size = rate * np.sqrt(1 - b2**step) / (1 - b1**step)
        params = fg.tree.map(
            lambda p, m, s: p - size * m / (np.sqrt(s) + eps), params, mean, square
        )
        return params, {"step": step, "mean": mean, "square": square}

    return init, update


def make_step(update: Callable[..., Any]) -> Callable[..., Any]:
    """One step of training: (params, state, x, y, key) to (params, state, loss)."""

    @fg.jit
    def step(params: Any, state: Any, x: Any, y: Any, key: Any) -> tuple[Any, Any, Any]:
        key = fg.random.fold_in(key, state["step"])
        loss, grads = fg.value_and_grad(cross_entropy)(params, x, y, key)
        return *update(grads, state, params), loss

    return step


@fg.jit
def evaluate(params: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """The loss on held-out digits, and what each is taken for."""
    return cross_entropy(params, x, y), np.argmax(predict(params, x), axis=1)


def load_data() -> tuple[Any, Any, Any, Any]:
    """1,797 scans of 8 x 8 pixels with values in [0, 1]; every fifth is held out."""
    digits = load_digits()
    x, y = digits.data / 16, digits.target
    held_out = np.arange(len(y)) % 5 == 0
    return x[~held_out], y[~held_out], x[held_out], y[held_out]


def draw(path: str, losses: Any, x: Any, y: Any, guess: Any) -> None:
    """Loss curves on the left, misclassified digits on the right."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    for values, label in zip(
        np.transpose(losses), ("training, with dropout", "held out"), strict=True
    ):
        axes.semilogy(np.arange(1, len(values) + 1), values, label=label)
    axes.set(xlabel="epoch", ylabel="cross-entropy")
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    wrong = np.flatnonzero(guess != y)
    right.suptitle(
        f"{len(wrong)} of {len(y)} held-out digits misclassified"
        + (", the first 8:" if len(wrong) > 8 else "")
    )
    cells = list(right.subplots(2, 4).flat)
    for cell in cells:
        cell.axis("off")
    for cell, i in zip(cells, wrong, strict=False):
        cell.imshow(x[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        cell.set_title(f"{y[i]} read as {guess[i]}", fontsize=10)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> float:
    """Train, draw, and return the accuracy on the held-out digits."""
    parser = argparse.ArgumentParser(description="Train a neural network on handwritten digits.")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="digits.png", help="file for the picture")
    parser.add_argument("--device", default="cpu", help="cpu, gpu, or gpu:1 for the second GPU")
    parser.add_argument("--quick", action="store_true", help="train for 5 epochs only")
    args = parser.parse_args(argv)
    epochs = 5 if args.quick else args.epochs
    if epochs < 1:
        parser.error("--epochs must be at least 1")

    try:
        with fg.default_device(args.device):
            return train(args.seed, epochs, args.output)
    except ImportError as error:
        parser.error(f"--device {args.device}: {error}")


def train(seed: int, epochs: int, output: str) -> float:
    """Train on the default device, draw, and return the accuracy on the held-out digits."""
    x, y, x_test, y_test = fg.device_put(load_data())
    init_key, order_key, dropout_key = fg.random.split(fg.random.key(seed), 3)
    params = init_params(init_key, (64, 512, 10))
    init, update = adam(rate=2e-3)
    state, step = init(params), make_step(update)

    losses, accuracy, batch_size = [], 0.0, 64
    columns = (
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("loss {task.fields[loss]:.3f}, {task.fields[accuracy]:.1%} right"),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("", total=epochs, loss=np.nan, accuracy=accuracy)
        for epoch in range(epochs):
            order = fg.random.permutation(fg.random.fold_in(order_key, epoch), len(y))
            batch_losses = []
            for start in range(0, len(y) - batch_size + 1, batch_size):
                i = order[start : start + batch_size]
                params, state, loss = step(params, state, x[i], y[i], dropout_key)
                batch_losses.append(loss)
            loss, guess = evaluate(params, x_test, y_test)
            accuracy = float(np.mean(guess == y_test))
            losses.append((float(np.mean(np.stack(batch_losses))), float(loss)))
            progress.update(task, advance=1, loss=losses[-1][0], accuracy=accuracy)

    draw(output, losses, *fg.device_get((x_test, y_test, guess)))
    print(f"{accuracy:.1%} of {len(y_test)} held-out digits recognised; picture: {output}")
    return accuracy


if __name__ == "__main__":
    main()
