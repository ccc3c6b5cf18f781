"""Federated averaging: three clients train on their own digits, a server averages parameters.

The clients hold different digits (0-3, 3-6 and 6-9), which never leave them. Alone, none of them
can recognise the digits that it has not seen; the average of their parameters learns all ten. On
pytrees averaging is one tree map:

    python examples/federated.py --output federated.png

The average reaches 96 % of held-out digits after 120 rounds; each client alone stays below 45 %.
Source: McMahan, Moore, Ramage, Hampson and Agüera y Arcas (2017), "Communication-efficient learning
of deep networks from decentralized data".
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import nn, optim, random, train

try:
    from matplotlib.figure import Figure
    from rich.progress import track
    from sklearn.datasets import load_digits
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

CLIENTS = ((0, 1, 2, 3), (3, 4, 5, 6), (6, 7, 8, 9))

init, apply = nn.stateless(nn.serial(nn.Dense(64), nn.relu, nn.Dense(10)))
optimizer = optim.sgd(0.1)


def loss(params: Any, batch: Any) -> Any:
    """Mean cross-entropy."""
    x, y = batch
    return np.mean(nn.softmax_cross_entropy_with_integer_labels(apply(params, x), y))


def local_epochs(params: Any, data: Any, key: Any, epochs: int) -> Any:
    """What a client does with the server's parameters: some epochs of its own."""
    batches = train.Batches(data, 16, key=key)
    return train.fit(loss, params, optimizer, batches, epochs=epochs, progress=False).params


def average(trees: list[Any], weights: Any) -> Any:
    """The weighted mean of pytrees."""
    return fg.tree.map(
        lambda *leaves: sum(w * x for w, x in zip(weights, leaves, strict=True)), *trees
    )


def load_clients() -> tuple[list[Any], Any]:
    """The clients' examples (inputs, labels), and held-out examples of all digits."""
    digits = load_digits()
    x, y = digits.data.astype(np.float32) / 16, digits.target
    held_out = np.arange(len(y)) % 5 == 0
    shares = [~held_out & np.isin(y, own) for own in CLIENTS]
    return [(x[s], y[s]) for s in shares], (x[held_out], y[held_out])


def run(rounds: int, seed: int) -> dict[str, list[float]]:
    """Accuracy on all digits after each round: of the average, and of clients alone."""
    clients, (x_test, y_test) = load_clients()
    weights = np.array([len(y) for _, y in clients], np.float32)
    weights /= weights.sum()
    init_key, *keys = random.split(random.key(seed), 1 + len(clients))
    _, server = init(init_key, (-1, 64), np.float32)
    alone = [server] * len(clients)
    names = [f"client with {own[0]}-{own[-1]} alone" for own in CLIENTS]
    curves: dict[str, list[float]] = {n: [] for n in ("federated average", *names)}
    for r in track(range(rounds), "rounds"):
        step_keys = [random.fold_in(k, r) for k in keys]
        jobs = list(zip(clients, step_keys, strict=True))
        server = average([local_epochs(server, d, k, 1) for d, k in jobs], weights)
        alone = [local_epochs(p, d, k, 1) for p, (d, k) in zip(alone, jobs, strict=True)]
        for name, params in zip(curves, [server, *alone], strict=True):
            curves[name].append(float(nn.accuracy(apply(params, x_test), y_test)))
    return curves


def draw(path: str, curves: dict[str, list[float]]) -> None:
    """Accuracy over rounds."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, values in curves.items():
        axes.plot(
            np.arange(1, len(values) + 1),
            values,
            label=name,
            linewidth=2.5 if name == "federated average" else 1.2,
        )
    axes.set(xlabel="round", ylabel="accuracy on all ten digits", ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Run the rounds, draw, and return the accuracies at the end."""
    parser = argparse.ArgumentParser(description="Federated averaging over three clients.")
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="federated.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="take 15 rounds only")
    args = parser.parse_args(argv)
    curves = run(15 if args.quick else args.rounds, args.seed)
    for name, values in curves.items():
        print(f"{name}: {values[-1]:.1%}")
    draw(args.output, curves)
    print(f"picture: {args.output}")
    return {name: values[-1] for name, values in curves.items()}


if __name__ == "__main__":
    main()
