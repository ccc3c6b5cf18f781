"""Gaussian process regression of Boston's housing prices, its hyper-parameters fitted by L-BFGS-B.

Length scales, noise and amplitude maximise the likelihood of the prices. Fitting them is a function
like any other: its derivative says how a prediction moves when one price is another one, although
all is fitted anew:

    python examples/gaussian_process.py --output gaussian_process.png

On held-out houses the error is less than two thirds of that of least squares; 69 % of them are
within one standard deviation. Source: Rasmussen and Williams, "Gaussian Processes for
Machine Learning" (2006), chapters 2 and 5.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.scipy import linalg, optimize

try:
    from matplotlib.figure import Figure
    from mlxtend.data import boston_housing_data
    from rich.progress import Progress
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

POOR = 12
"""The column with the percentage of poor inhabitants."""


def covariance(params: Any, a: Any, b: Any) -> Any:
    """How much the values at two sets of places vary together."""
    a, b = (x / np.exp(params["length"]) for x in (a, b))
    squares = np.sum(a**2, 1)[:, None] - 2 * a @ b.T + np.sum(b**2, 1)
    return np.exp(2 * params["amplitude"] - 0.5 * squares)


def factor(params: Any, x: Any) -> Any:
    """The Cholesky factor of the covariance of noisy observations."""
    noise = np.exp(2 * params["noise"]) + 1e-8
    return linalg.cho_factor(covariance(params, x, x) + noise * np.eye(len(x)), lower=True)


def surprise(params: Any, x: Any, y: Any) -> Any:
    """The negative logarithm of the likelihood of observations, for each of them."""
    chol = factor(params, x)
    fit = 0.5 * y @ linalg.cho_solve(chol, y)
    return (fit + np.sum(np.log(np.diag(chol[0])))) / len(y) + 0.5 * np.log(2 * np.pi)


def predict(params: Any, x: Any, y: Any, places: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of new observations."""
    chol, cross = factor(params, x), covariance(params, places, x)
    mean = cross @ linalg.cho_solve(chol, y)
    explained = np.sum(cross * linalg.cho_solve(chol, cross.T).T, 1)
    spread = np.exp(2 * params["amplitude"]) + np.exp(2 * params["noise"]) - explained
    return mean, np.sqrt(spread)


def fit(x: Any, y: Any, progress: Any = None) -> Any:
    """The most likely hyper-parameters, logarithms between e^-5 and e^5."""
    start = {"length": np.full(x.shape[1], 1.0), "amplitude": 0.0, "noise": -1.0}
    return optimize.minimize(
        surprise, start, (x, y), "L-BFGS-B", bounds=(-5.0, 5.0), callback=progress,
        options={"gtol": 1e-5, "ftol": 1e-12},
    )  # fmt: skip


def influence(x: Any, y: Any, place: float) -> Any:
    """How a prediction moves with each price; the hyper-parameters are fitted to them."""

    def prediction(y: Any) -> Any:
        return predict(fit(x, y).x, x, y, np.array([[place]]))[0][0]

    return fg.grad(prediction)(y)


def houses(step: int) -> tuple[Any, Any, Any]:
    """Standardised features and prices of each so many-th house, and which are held out."""
    x, y = boston_housing_data()
    x, y = x[::step], y[::step].astype(float)
    return (x - x.mean(0)) / (x.std(0) + 1e-9), (y - y.mean()) / y.std(), np.arange(len(y)) % 5 == 0


def least_squares(x: Any, y: Any, places: Any) -> Any:
    """What a linear model predicts."""
    design = [np.column_stack([a, np.ones(len(a))]) for a in (x, places)]
    return design[1] @ np.linalg.lstsq(design[0], y)[0]


def draw(path: str, one: Any, place: float, other: Any) -> None:
    """The fit in one feature with each house's influence; predictions of held-out houses."""
    x, y, params, moved = one
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.linspace(x.min() - 0.3, x.max() + 0.3, 200)[:, None]
    mean, spread = predict(params, x, y, places)
    left.fill_between(places[:, 0], mean - 2 * spread, mean + 2 * spread, color="#edf2fb", lw=0)
    left.plot(places[:, 0], mean, color="#2f5d8a")
    limit = float(np.max(abs(moved)))
    dots = left.scatter(x[:, 0], y, 14, moved, cmap="coolwarm", vmin=-limit, vmax=limit)
    left.axvline(place, color="k", ls=":", lw=1)
    figure.colorbar(dots, ax=left, label="influence on the prediction at the line")
    left.set(xlabel="poor inhabitants (standardised)", ylabel="price", title="one feature")
    prices, mean, spread, errors = other
    right.errorbar(prices, mean, spread, fmt="o", ms=4, alpha=0.6, elinewidth=0.7)
    right.plot([-2, 3], [-2, 3], "k--", lw=1)
    right.set(
        xlabel="price of a held-out house", ylabel="predicted, with standard deviation",
        title=f"all features: error {errors[0]:.2f}, by least squares {errors[1]:.2f}",
    )  # fmt: skip
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Fit, draw, and return the errors."""
    parser = argparse.ArgumentParser(description="Gaussian processes with fitted hyper-parameters.")
    parser.add_argument("--output", default="gaussian_process.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="take every fourth house")
    args = parser.parse_args(argv)
    x, y, held_out = houses(4 if args.quick else 1)
    with Progress() as bar:
        task = bar.add_task("fitting 15 hyper-parameters", total=None)
        found = fit(x[~held_out], y[~held_out], lambda _: bar.advance(task))
    mean, spread = predict(found.x, x[~held_out], y[~held_out], x[held_out])
    guesses = mean, least_squares(x[~held_out], y[~held_out], x[held_out])
    errors = [float(np.sqrt(np.mean((g - y[held_out]) ** 2))) for g in guesses]
    inside = float(np.mean(abs(mean - y[held_out]) < spread))
    print(f"{found.nit} steps; surprise {found.fun:.3f} for each house")
    print(f"held-out houses: error {errors[0]:.3f}, by least squares {errors[1]:.3f}")
    print(f"within one standard deviation: {inside:.0%}")

    poor, place = x[::3, POOR : POOR + 1], -0.5
    one = fit(poor, y[::3]).x
    moved = influence(poor, y[::3], place)
    draw(args.output, (poor, y[::3], one, moved), place, (y[held_out], mean, spread, errors))
    print(f"picture: {args.output}")
    return {"process": errors[0], "linear": errors[1], "inside": inside, "surprise": found.fun}


if __name__ == "__main__":
    main()
