"""Learning x1 * x2: why one layer is not enough, and what reverse-mode differentiation records.

A linear layer cannot represent a product; a hidden layer can. Before it trains them, the script
prints the jaxpr of a scalar function and of its gradient, equation by equation:

    python examples/two_layers.py --output two_layers.png
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import nn, optim, random, train

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error


def product_of_sines(x: Any, y: Any) -> Any:
    """The scalar function whose differentiation is printed."""
    return np.sin(x) * y


def explain() -> str:
    """A function and its gradient as jaxprs, with what the equations mean."""
    at = np.float64(2), np.float64(3)
    gradient = fg.grad(product_of_sines, argnums=(0, 1))
    forward, backward = fg.make_jaxpr(product_of_sines)(*at), fg.make_jaxpr(gradient)(*at)
    dx, dy = gradient(*at)
    return f"""\
f(x, y) = sin(x) * y is traced into equations, one for each operation:

{forward}

Reverse mode evaluates them, keeps what their derivatives need (residuals), and runs the linear part
backwards from the output's cotangent 1: through the product, to y with sin(x) and to sin(x) with y;
then through the sine, with its derivative cos(x):

{backward}

At (2, 3): df/dx = y cos(x) = {dx:.4f} and df/dy = sin(x) = {dy:.4f}.
"""


def make_data(n: int, key: Any) -> tuple[Any, Any]:
    """Points of the square [-1, 1]², and the products of their coordinates."""
    x = random.uniform(key, (n, 2), minval=-1.0, maxval=1.0)
    return x, x[:, 0] * x[:, 1]


MODELS = {
    "one layer": nn.Dense(1),
    "two layers": nn.serial(nn.Dense(16), np.tanh, nn.Dense(1)),
}


def fit(model: Any, data: Any, epochs: int, key: Any) -> Any:
    """Train a model on products; what fit returns, and the model's function."""
    init, apply = nn.stateless(model)
    init_key, order_key = random.split(key)
    _, params = init(init_key, (-1, 2))

    def loss(params: Any, batch: Any) -> Any:
        x, y = batch
        return np.mean((apply(params, x)[:, 0] - y) ** 2)

    batches = train.Batches(data, 32, key=order_key)
    return train.fit(loss, params, optim.adam(1e-2), batches, epochs=epochs), apply


def draw(path: str, curves: dict[str, Any], surfaces: dict[str, Any]) -> None:
    """Both loss curves, and what the models have learned on the square."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    loss, *maps = figure.subplots(1, 1 + len(surfaces), width_ratios=[1.5] + [1] * len(surfaces))
    for name, history in curves.items():
        loss.semilogy([e["loss"] for e in history.epochs], label=name)
    loss.axhline(1 / 9, color="k", linestyle="--", linewidth=1, label="variance of x1 * x2")
    loss.set(xlabel="epoch", ylabel="mean squared error")
    loss.legend(frameon=False)
    loss.grid(alpha=0.3)
    for axes, (name, surface) in zip(maps, surfaces.items(), strict=True):
        image = axes.imshow(
            surface, extent=(-1, 1, -1, 1), origin="lower", vmin=-1, vmax=1, cmap="RdBu"
        )
        axes.set(title=name, xlabel="x1", ylabel="x2")
    figure.colorbar(image, ax=maps, shrink=0.8)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Explain, train both models, draw, and return their errors on new points."""
    parser = argparse.ArgumentParser(description="Learn x1 * x2 with one and with two layers.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="two_layers.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="train for fewer epochs")
    args = parser.parse_args(argv)
    print(explain())
    data_key, test_key, model_key = random.split(random.key(args.seed), 3)
    data, (x_test, y_test) = make_data(1000, data_key), make_data(1000, test_key)
    line = np.linspace(-1, 1, 50)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    errors, curves, surfaces = {}, {}, {"x1 * x2": grid[..., 0] * grid[..., 1]}
    for name, model in MODELS.items():
        fitted, apply = fit(model, data, 30 if args.quick else 200, model_key)
        errors[name] = float(np.mean((apply(fitted.params, x_test)[:, 0] - y_test) ** 2))
        curves[name] = fitted.history
        surfaces[name] = apply(fitted.params, grid)[..., 0]
        print(f"{name}: mean squared error {errors[name]:.2e} on new points")
    draw(args.output, curves, surfaces)
    print(f"picture: {args.output}")
    return errors


if __name__ == "__main__":
    main()
