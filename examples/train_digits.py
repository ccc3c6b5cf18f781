"""Train a small neural network on scanned handwritten digits.

The model is a pure function of its parameters, a list of dictionaries of arrays; the optimizer is
a pair of pure functions; one training step is a pure function that ``fg.jit`` compiles.

    python examples/train_digits.py --epochs 30 --output digits.png
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp

try:
    import matplotlib
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from sklearn.datasets import load_digits
except ImportError as error:
    raise SystemExit(
        f"This example also needs {error.name}: pip install 'funcgrad[examples]'"
    ) from error

matplotlib.use("Agg")
import matplotlib.pyplot as plt

Params = list[dict[str, Any]]


# The model: parameters are plain arrays in a list of dictionaries.


def init_params(key: Any, sizes: tuple[int, ...]) -> Params:
    """Random weights, scaled so that signals keep their size, and zero biases."""
    keys = fg.random.split(key, len(sizes) - 1)
    return [
        {"w": fg.random.normal(k, (m, n)) * np.sqrt(2 / m), "b": np.zeros(n)}
        for k, m, n in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def logits(params: Params, x: Any) -> Any:
    """Unnormalised log-probabilities of the ten digits, for a batch of images."""
    *hidden, last = params
    for layer in hidden:
        x = np.maximum(x @ layer["w"] + layer["b"], 0)
    return x @ last["w"] + last["b"]


def loss(params: Params, x: Any, y: Any) -> Any:
    """Mean cross-entropy: minus the log-probability of the true digit."""
    z = logits(params, x)
    return np.mean(fnp.logsumexp(z, axis=1) - z[np.arange(len(y)), y])


def accuracy(params: Params, x: Any, y: Any) -> float:
    """The fraction of images whose most probable digit is the true one."""
    return float(np.mean(logits(params, x).argmax(axis=1) == y))


# The optimizer: init makes a state, update maps (gradients, state, params) to (params, state).


def adam(rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> tuple[Any, Any]:
    """Adam (Kingma & Ba 2015) as a pair of pure functions."""

    def init(params: Params) -> dict[str, Any]:
        zeros = fg.tree.map(np.zeros_like, params)
        return {"step": np.int64(0), "mean": zeros, "square": fg.tree.map(np.copy, zeros)}

    def update(grads: Params, state: dict[str, Any], params: Params) -> tuple[Params, dict]:
        step = state["step"] + 1
        mean = fg.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state["mean"], grads)
        square = fg.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, state["square"], grads)
        scale = rate * np.sqrt(1 - b2**step) / (1 - b1**step)
        new = fg.tree.map(lambda p, m, s: p - scale * m / (np.sqrt(s) + eps), params, mean, square)
        return new, {"step": step, "mean": mean, "square": square}

    return init, update


def make_step(update: Callable[..., Any]) -> Callable[..., Any]:
    """One training step, compiled. The old parameters and state may be overwritten: donated."""

    @fg.jit(donate_argnums=(0, 1))
    def step(params: Params, state: Any, x: Any, y: Any) -> tuple[Params, Any, Any]:
        value, grads = fg.value_and_grad(loss)(params, x, y)
        params, state = update(grads, state, params)
        return params, state, value

    return step


# Data, training, and the picture.


def load_data(key: Any) -> tuple[Any, Any, Any, Any]:
    """1,797 scans of 8 x 8 pixels, shuffled; a fifth of them is held out."""
    digits = load_digits()
    order = fg.random.permutation(key, len(digits.target))
    x, y = digits.data[order] / 16, digits.target[order]
    held_out = len(y) // 5
    return x[held_out:], y[held_out:], x[:held_out], y[:held_out]


def batches(key: Any, x: Any, y: Any, size: int) -> Iterator[tuple[Any, Any]]:
    """The examples in random order, in batches of equal size."""
    order = fg.random.permutation(key, len(y))
    for start in range(0, len(y) - size + 1, size):
        chosen = order[start : start + size]
        yield x[chosen], y[chosen]


def draw(path: str, history: dict[str, list[float]], x: Any, y: Any, guess: Any) -> None:
    """Loss curves on the left, misclassified test digits on the right."""
    wrong = np.flatnonzero(guess != y)
    figure = plt.figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.05])
    axes = left.subplots()
    epochs = np.arange(1, len(history["train"]) + 1)
    axes.semilogy(epochs, history["train"], color="tab:blue", label="training")
    axes.semilogy(epochs, history["test"], color="tab:orange", label="held out")
    axes.set(xlabel="epoch", ylabel="cross-entropy", title="Loss")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    right.suptitle(f"{len(wrong)} of {len(y)} held-out digits misclassified")
    for cell, i in zip(right.subplots(3, 5).flat, [*wrong[:15], *[None] * 15], strict=False):
        cell.axis("off")
        if i is not None:
            cell.imshow(x[i].reshape(8, 8), cmap="gray_r")
            cell.set_title(f"{guess[i]}, is {y[i]}", fontsize=10)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(argv: list[str] | None = None) -> float:
    """Train, report, draw; return the accuracy on the held-out digits."""
    parser = argparse.ArgumentParser(description="Train an MLP on scikit-learn's digits.")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="digits.png", help="where to save the picture")
    parser.add_argument("--quick", action="store_true", help="three epochs only")
    args = parser.parse_args(argv)
    n_epochs = 3 if args.quick else args.epochs

    data_key, init_key, epoch_key = fg.random.split(fg.random.key(args.seed), 3)
    x, y, x_test, y_test = load_data(data_key)
    params = init_params(init_key, (64, 128, 64, 10))
    init, update = adam(rate=2e-3)
    state, step = init(params), make_step(update)
    history: dict[str, list[float]] = {"train": [], "test": []}

    columns = (TextColumn("epoch {task.completed}/{task.total}"), BarColumn(), TimeElapsedColumn(),
               TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:.1%}"))
    start = time.perf_counter()
    with Progress(*columns) as progress:
        task = progress.add_task("", total=n_epochs, loss=np.nan, accuracy=0.0)
        for epoch in range(n_epochs):
            values = []
            for batch in batches(fg.random.fold_in(epoch_key, epoch), x, y, 32):
                params, state, value = step(params, state, *batch)
                values.append(value)
            history["train"].append(float(np.mean(values)))
            history["test"].append(float(loss(params, x_test, y_test)))
            progress.update(task, advance=1, loss=history["train"][-1],
                            accuracy=accuracy(params, x_test, y_test))

    result = accuracy(params, x_test, y_test)
    print(f"{result:.1%} of {len(y_test)} held-out digits right, "
          f"after {time.perf_counter() - start:.1f} s of training")
    draw(args.output, history, x_test, y_test, logits(params, x_test).argmax(axis=1))
    print(f"picture: {args.output}")
    return result


if __name__ == "__main__":
    main()
