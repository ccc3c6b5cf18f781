"""Linear models by closed form and by gradient descent, and a network that beats them.

Linear regression (diabetes) and logistic regression (breast cancer) reach by gradient descent what
the closed form and Newton's method reach. On Boston's housing prices a small network has less than
three quarters of the linear model's error on held-out houses:

    python examples/linear_models.py --output linear_models.png
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import nn, optim, random, train

try:
    from matplotlib.figure import Figure
    from mlxtend.data import boston_housing_data
    from sklearn.datasets import load_breast_cancer, load_diabetes
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error


def standardized(x: Any) -> Any:
    """Columns of mean 0 and standard deviation 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def squared_error(params: Any, batch: Any) -> Any:
    """Mean squared error of a linear model."""
    x, y = batch
    return np.mean((nn.dense(params, x)[:, 0] - y) ** 2)


def log_loss(params: Any, batch: Any) -> Any:
    """Cross-entropy of a logistic model, with a small penalty that makes the minimum unique."""
    x, y = batch
    loss = np.mean(nn.sigmoid_binary_cross_entropy(nn.dense(params, x)[:, 0], y))
    return loss + 1e-3 * np.sum(params["w"] ** 2)


def zeros(features: int) -> Any:
    """The start of gradient descent."""
    return {"w": np.zeros((features, 1)), "b": np.zeros(1)}


def least_squares(x: Any, y: Any) -> Any:
    """The closed form of linear regression."""
    design = np.column_stack([x, np.ones(len(x))])
    solution, *_ = np.linalg.lstsq(design, y)
    return {"w": solution[:-1, None], "b": solution[-1:]}


def newton(loss: Any, params: Any, steps: int = 10) -> Any:
    """Newton's method, with the Hessian of a flat vector of parameters."""
    flat, unflatten = fg.ravel_pytree(params)

    def f(v: Any) -> Any:
        return loss(unflatten(v))

    for _ in range(steps):
        flat = flat - np.linalg.solve(fg.hessian(f)(flat), fg.grad(f)(flat))
    return unflatten(flat)


def descend(loss: Any, data: Any, steps: int) -> Any:
    """Gradient descent with momentum on all of the data."""
    optimizer = optim.sgd(0.1, momentum=0.9)
    return train.fit(loss, zeros(data[0].shape[1]), optimizer, [data], epochs=steps)


def fit_housing(epochs: int, seed: int) -> tuple[float, float, Any, Any]:
    """Root mean squared errors on held-out houses, in 1000 dollars, and the predictions."""
    x, y = boston_housing_data()
    x, y = standardized(x), y.astype(float)
    held_out = np.arange(len(y)) % 5 == 0
    linear = least_squares(x[~held_out], y[~held_out])

    init, apply = nn.stateless(nn.serial(nn.Dense(32), nn.relu, nn.Dense(32), nn.relu, nn.Dense(1)))
    init_key, order_key = random.split(random.key(seed))
    _, params = init(init_key, (-1, x.shape[1]))

    def loss(params: Any, batch: Any) -> Any:
        inputs, prices = batch
        return np.mean((apply(params, inputs)[:, 0] + 22.5 - prices) ** 2)

    batches = train.Batches((x[~held_out], y[~held_out]), 32, key=order_key)
    optimizer = optim.adamw(
        optim.cosine_decay_schedule(5e-3, epochs * len(batches)), weight_decay=0.1
    )
    fitted = train.fit(loss, params, optimizer, batches, epochs=epochs)

    test, prices = x[held_out], y[held_out]
    guess = apply(fitted.params, test)[:, 0] + 22.5
    errors = [np.sqrt(np.mean((g - prices) ** 2)) for g in (nn.dense(linear, test)[:, 0], guess)]
    return float(errors[0]), float(errors[1]), guess, prices


def draw(path: str, curves: dict[str, Any], prices: Any, guess: Any, errors: Any) -> None:
    """How far gradient descent is from the minimum; predicted against true prices."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, gap in curves.items():
        left.semilogy(np.arange(1, len(gap) + 1), np.maximum(gap, 1e-16), label=name)
    left.set(xlabel="step", ylabel="loss above the exact minimum", title="gradient descent")
    left.legend(frameon=False)
    left.grid(alpha=0.3)
    right.plot(prices, guess, "o", alpha=0.6, label="held-out houses, network")
    right.plot([5, 50], [5, 50], "k--", linewidth=1, label="exact")
    right.set(
        xlabel="price, 1000 dollars",
        ylabel="predicted price",
        title=f"error {errors[1]:.2f}; of the linear model {errors[0]:.2f}",
    )
    right.legend(frameon=False)
    right.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Fit all models, draw, and return how far each is from what it should reach."""
    parser = argparse.ArgumentParser(description="Linear models, and a network that beats them.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="linear_models.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="take fewer steps")
    args = parser.parse_args(argv)
    steps, epochs = (300, 30) if args.quick else (3000, 150)

    jobs = {
        "linear regression": (squared_error, load_diabetes(return_X_y=True)),
        "logistic regression": (log_loss, load_breast_cancer(return_X_y=True)),
    }
    curves, reached = {}, {}
    for name, (loss, (x, y)) in jobs.items():
        data = standardized(x), (standardized(y) if loss is squared_error else y)
        if loss is squared_error:
            exact = least_squares(*data)
        else:
            exact = newton(lambda p, loss=loss, data=data: loss(p, data), zeros(x.shape[1]))
        fitted = descend(loss, data, steps)
        curves[name] = fitted.history.losses - loss(exact, data)
        reached[name] = float(loss(fitted.params, data) - loss(exact, data))
        print(f"{name}: minimum {loss(exact, data):.6f}, descent ends {reached[name]:.1e} above")
    linear, network, guess, prices = fit_housing(epochs, args.seed)
    print(f"housing prices: error {linear:.2f} by least squares, {network:.2f} by a small network")
    draw(args.output, curves, prices, guess, (linear, network))
    print(f"picture: {args.output}")
    return reached | {"housing, linear": linear, "housing, network": network}


if __name__ == "__main__":
    main()
