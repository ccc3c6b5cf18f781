"""Hares and lynxes: the equations of Lotka and Volterra, fitted through their solution.

The pelts that the Hudson's Bay Company traded in a year follow the numbers of hares and lynxes.
Four rates and the numbers of the first year are fitted to 21 years by least squares of logarithms;
their Jacobian goes through ``odeint``. The covariance of the parameters, and the derivative of the
fitted parameters by each year's pelts, come from the same equations:

    python examples/lotka_volterra.py --output lotka_volterra.png

The rates that are found, 0.54, 0.027, 0.80 and 0.024 a year, are near the posterior means 0.55,
0.028, 0.80 and 0.024 of Carpenter, "Predator-prey population dynamics: the Lotka-Volterra model in
Stan" (2018), from where the numbers come (Howard, "Modeling basics", 2009, after the company's
records).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.scipy import integrate, optimize

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

YEARS = np.arange(1900, 1921)
HARES = np.array([
    30, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22, 25.4, 27.1, 40.3, 57, 76.6, 52.3, 19.5, 11.2,
    7.6, 14.6, 16.2, 24.7,
])  # fmt: skip
LYNXES = np.array([
    4, 6.1, 9.8, 35.2, 59.4, 41.7, 19, 13, 8.3, 9.1, 7.4, 8, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8,
    9.7, 10.1, 8.6,
])  # fmt: skip
PELTS = np.stack([HARES, LYNXES], axis=1)
"""Thousands of pelts in a year."""

RATES = ("births", "eaten", "deaths", "raised")
START = {"rates": np.log([0.5, 0.03, 0.7, 0.03]), "first": np.log([30.0, 4.0])}
"""Logarithms of all parameters, so that they stay positive."""


def change(numbers: Any, _t: Any, rates: Any) -> Any:
    """The growth of both populations: hares are born and eaten, lynxes die and are raised."""
    hares, lynxes = numbers
    births, eaten, deaths, raised = rates
    return np.stack([hares * (births - eaten * lynxes), lynxes * (raised * hares - deaths)])


def populations(params: Any, times: Any) -> Any:
    """Hares and lynxes at some times, as rows."""
    first, rates = np.exp(params["first"]), np.exp(params["rates"])
    return integrate.odeint(change, first, times, rates, rtol=1e-7, atol=1e-7)


def errors(params: Any, pelts: Any) -> Any:
    """How far logarithms of populations and pelts are apart."""
    return np.log(populations(params, np.arange(len(pelts)) * 1.0)) - np.log(pelts)


def fit(pelts: Any) -> Any:
    """The parameters with the least squares of errors."""
    return optimize.least_squares(errors, START, args=(pelts,), xtol=1e-10)


def uncertainty(found: Any) -> Any:
    """Relative standard deviations of all parameters."""
    flat, unravel = fg.ravel_pytree(found.x)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    variance = 2 * found.cost / (PELTS.size - len(flat))
    return unravel(np.sqrt(variance * np.diag(covariance)))


def moved_rates(pelts: Any) -> Any:
    """The relative change of each rate where the hares of a year are one percent more."""
    return fg.jacobian(lambda logs: fit(np.exp(logs)).x["rates"])(np.log(pelts))[:, :, 0]


def draw(path: str, params: Any, moved: Any) -> None:
    """Populations over the years; what each year does to the rates."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    times = np.linspace(0, 20, 201)
    lines = populations(params, times)
    for i, (name, colour) in enumerate((("hares", "#2f5d8a"), ("lynxes", "#b5542c"))):
        left.plot(YEARS, PELTS[:, i], "o", color=colour, label=f"{name}, pelts")
        left.plot(1900 + times, lines[:, i], color=colour, label=f"{name}, fitted")
    left.set(xlabel="year", ylabel="thousands", title="Hudson's Bay Company")
    left.set_xticks(YEARS[::5])
    left.legend(frameon=False)
    for row, name in zip(moved, RATES, strict=True):
        right.plot(YEARS, row, "o-", ms=3, label=name)
    right.axhline(0, color="k", lw=0.8)
    right.set(
        xlabel="year with one percent more hares", ylabel="percent by which a rate changes",
        title="derivatives of the fitted rates",
    )  # fmt: skip
    right.set_xticks(YEARS[::5])
    right.legend(frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Fit, draw, and return the rates."""
    parser = argparse.ArgumentParser(description="Lotka-Volterra equations, fitted to pelts.")
    parser.add_argument("--output", default="lotka_volterra.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="leave out the picture's right half")
    args = parser.parse_args(argv)
    found = fit(PELTS)
    rates, spread = np.exp(found.x["rates"]), uncertainty(found)["rates"]
    print(f"{found.nfev} evaluations, cost {found.cost:.3f}")
    for name, rate, part in zip(RATES, rates, spread, strict=True):
        print(f"{name:8s} {rate:.3f} a year, give or take {part:.0%}")
    moved = np.zeros((4, len(YEARS))) if args.quick else moved_rates(PELTS)
    draw(args.output, found.x, moved)
    print(f"picture: {args.output}")
    return dict(zip(RATES, map(float, rates), strict=True))


if __name__ == "__main__":
    main()
