"""The level of the Nile: a Kalman filter, whose derivatives fit its noises and smooth its states.

The flow of a year is the river's level, which wanders, with noise. The filter is a ``scan``; the
gradient of its likelihood fits both noises. Smoothing needs no second pass over the years: by
Tweedie's formula, the level in the light of all years is the flow plus the noise's variance times
the derivative of the log-likelihood by this flow; the second derivative has its variance:

    python examples/kalman_filter.py --output kalman_filter.png

The variances that are found, 15,099 and 1,469, are those of Durbin and Koopman, "Time Series
Analysis by State Space Methods" (2nd edition, 2012), chapter 2, from where the numbers come
(after Cobb, "The problem of the Nile", 1978). Source of the formula: Efron, "Tweedie's formula
and selection bias" (2011).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax
from funcgrad.scipy import optimize

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

YEARS = np.arange(1871, 1971)
FLOWS = np.array([
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180,
    799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833,
    701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845,
    864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649,
    846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815,
    1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
], float)  # fmt: skip
"""Flow at Aswan in each of the years, in 10^8 cubic metres."""

START = {"noise": np.log(100.0), "drift": np.log(100.0)}
"""Logarithms of both standard deviations, so that they stay positive."""


def kalman_filter(model: dict[str, Any], observed: Any) -> tuple[Any, Any, Any]:
    """Means and covariances of states x given observations up to theirs; the log-likelihood.

    x' = move @ x + noise of covariance ``drift``; an observation is look @ x + noise of ``noise``.
    """
    move, look, noise = model["move"], model["look"], model["noise"]

    def step(state: Any, y: Any) -> Any:
        mean, cov = state
        error, spread = y - look @ mean, look @ cov @ look.T + noise
        gain = np.linalg.solve(spread, look @ cov).T
        mean, cov = mean + gain @ error, cov - gain @ look @ cov
        log_p = -0.5 * (error @ np.linalg.solve(spread, error) + np.linalg.slogdet(spread)[1])
        log_p = log_p - 0.5 * len(error) * np.log(2 * np.pi)
        return (move @ mean, move @ cov @ move.T + model["drift"]), (mean, cov, log_p)

    means, covs, log_p = lax.scan(step, model["first"], observed)[1]
    return means, covs, np.sum(log_p)


def local_level(params: Any) -> dict[str, Any]:
    """A level that wanders, about which nothing is known at first."""
    one = np.eye(1)
    noise, drift = (np.exp(2 * params[name]) * one for name in ("noise", "drift"))
    return {
        "move": one,
        "look": one,
        "noise": noise,
        "drift": drift,
        "first": (0 * one[0], 1e7 * one),
    }


def log_likelihood(params: Any, flows: Any) -> Any:
    """The logarithm of the density of all flows."""
    return kalman_filter(local_level(params), flows[:, None])[2]


def fit(flows: Any) -> Any:
    """The most likely noises."""
    return optimize.minimize(lambda p: -log_likelihood(p, flows), START, method="BFGS")


def smooth(params: Any, flows: Any) -> tuple[Any, Any]:
    """The level of each year given all years, and its standard deviation, by Tweedie's formula."""
    variance = np.exp(2 * params["noise"])
    slope = fg.grad(log_likelihood, 1)(params, flows)
    curvature = np.diag(fg.hessian(log_likelihood, 1)(params, flows))
    return flows + variance * slope, np.sqrt(variance + variance**2 * curvature)


def uncertainty(params: Any, flows: Any) -> Any:
    """Covariance of the logarithms of (drift, noise): the inverse of the likelihood's curvature."""
    flat, unravel = fg.ravel_pytree(params)
    return -np.linalg.inv(fg.hessian(lambda p: log_likelihood(unravel(p), flows))(flat))


def draw(path: str, params: Any, flows: Any, points: int) -> None:
    """The level, filtered and smoothed; the likelihood of both noises."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    left.plot(YEARS, flows, "o", ms=3, color="0.5", label="flow of the year")
    filtered = kalman_filter(local_level(params), flows[:, None])[0][:, 0]
    left.plot(YEARS, filtered, color="#b5542c", lw=1, label="level, from the years until then")
    mean, spread = smooth(params, flows)
    left.fill_between(
        YEARS, mean - 2 * spread, mean + 2 * spread, color="#2f5d8a", alpha=0.2, lw=0,
        label="two standard deviations",
    )  # fmt: skip
    left.plot(YEARS, mean, color="#2f5d8a", label="level, from all years")
    left.axvline(1899, color="k", ls=":", lw=1, label="work on the dam of Aswan begins")
    left.set(xlabel="year", ylabel="10$^8$ m$^3$", title="the Nile at Aswan")
    left.legend(frameon=False, fontsize=8)

    noise, drift = np.linspace(95, 155, points), np.linspace(5, 100, points)
    grid = dict(zip(("noise", "drift"), map(np.log, np.meshgrid(noise, drift)), strict=True))
    surface = fg.jit(fg.vmap(fg.vmap(lambda p: log_likelihood(p, flows))))(grid)
    best = log_likelihood(params, flows)
    lines = right.contour(
        noise, drift, surface - best, [-8, -4, -2, -1, -0.5],
        colors="#2f5d8a", linestyles="solid", linewidths=1,
    )  # fmt: skip
    right.clabel(lines, fontsize=8)
    at = {name: np.exp(params[name]) for name in params}
    ends = [np.exp(np.array([-x, x])) for x in np.sqrt(np.diag(uncertainty(params, flows)))]
    right.plot([at["noise"], at["noise"]], at["drift"] * ends[0], "k")
    right.plot(at["noise"] * ends[1], [at["drift"], at["drift"]], "k")
    right.plot(at["noise"], at["drift"], "ko-", label="most likely, with standard errors")
    right.set(
        xlabel="standard deviation of the noise", ylabel="that of the level's steps",
        title="log-likelihood below its maximum",
    )  # fmt: skip
    right.legend(framealpha=1, edgecolor="none", fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Fit, draw, and return the variances."""
    parser = argparse.ArgumentParser(description="A Kalman filter of the Nile's flows.")
    parser.add_argument("--output", default="kalman_filter.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="draw the likelihood at fewer points")
    args = parser.parse_args(argv)
    found = fit(FLOWS)
    variances = {name: float(np.exp(2 * found.x[name])) for name in START}
    spreads = np.sqrt(np.diag(uncertainty(found.x, FLOWS)))
    print(f"{found.nit} steps, log-likelihood {-found.fun:.2f}")
    for (name, value), spread in zip(sorted(variances.items()), spreads, strict=True):
        print(f"{name}: variance {value:.0f}, its logarithm give or take {2 * spread:.2f}")
    draw(args.output, found.x, FLOWS, 15 if args.quick else 60)
    print(f"picture: {args.output}")
    return variances


if __name__ == "__main__":
    main()
