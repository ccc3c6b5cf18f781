"""Breast tumours, malignant or benign: a logistic regression whose weights are a distribution.

Hamiltonian Monte Carlo draws weights from their posterior: a step follows the gradient of its
logarithm for a while and is accepted or not. A chain is a ``scan`` over such steps, ``vmap`` runs
several of them, and ``jit`` makes one program of it all:

    python examples/bayesian_logistic_regression.py --output bayesian.png

Under a wide prior, predictions that average over the posterior lose 0.13 on each held-out tumour,
by the logarithm of probabilities, and those of the most likely weights 0.20; and they say for
which tumours they are unsure.
Sources: Neal, "MCMC using Hamiltonian dynamics" (2011); Gelman and others, "Bayesian Data
Analysis" (3rd edition, 2013), chapter 11, for the comparison of chains.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn, random
from funcgrad.scipy import optimize

try:
    from matplotlib.figure import Figure
    from sklearn.datasets import load_breast_cancer
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

SPREAD = 5.0
"""Standard deviation of each weight before anything is seen."""


def tumours() -> tuple[Any, Any, Any, Any]:
    """Standardised features with a 1, whether malignant, which are held out, and names."""
    data = load_breast_cancer()
    x = (data.data - data.data.mean(0)) / data.data.std(0)
    held_out = np.arange(len(x)) % 3 == 0
    names = ["(constant)", *map(str, data.feature_names)]
    return np.column_stack([np.ones(len(x)), x]), 1.0 - data.target, held_out, names


def log_posterior(weights: Any, x: Any, y: Any) -> Any:
    """The logarithm of likelihood times prior, up to a constant."""
    logits = x @ weights
    return np.sum(y * logits - np.logaddexp(0.0, logits)) - 0.5 * np.sum((weights / SPREAD) ** 2)


def leapfrog(slope: Callable[[Any], Any], q: Any, p: Any, size: Any, steps: int) -> tuple[Any, Any]:
    """Follow the equations of motion of a place and a momentum; reversible, and keeps volumes."""

    def step(_: Any, state: Any) -> Any:
        q, p = state
        q = q + size * p
        return q, p + size * slope(q)

    q, p = lax.fori_loop(0, steps - 1, step, (q, p + 0.5 * size * slope(q)))
    q = q + size * p
    return q, p + 0.5 * size * slope(q)


def sample(
    log_p: Callable[[Any], Any], start: Any, key: Any, size: float, draws: int, steps: int = 16
) -> tuple[Any, Any]:
    """A chain of draws from the density exp(log_p), and how many of them were accepted."""

    def draw(state: Any, key: Any) -> Any:
        q, value = state
        for_momentum, for_size, for_choice = random.split(key, 3)
        p = random.normal(for_momentum, q.shape)
        length = size * random.uniform(for_size, minval=0.6, maxval=1.0)  # no closed orbits
        new_q, new_p = leapfrog(fg.grad(log_p), q, p, length, steps)
        new_value = log_p(new_q)
        gain = new_value - value - 0.5 * (new_p @ new_p - p @ p)
        accepted = np.log(random.uniform(for_choice)) < gain
        state = np.where(accepted, new_q, q), np.where(accepted, new_value, value)
        return state, (state[0], accepted)

    chain, accepted = lax.scan(draw, (start, log_p(start)), random.split(key, draws))[1]
    return chain, np.mean(accepted)


def chains(x: Any, y: Any, best: Any, draws: int, number: int = 4) -> tuple[Any, Any]:
    """Several chains of weights, without the first fifth of each; rates of acceptance.

    Places are measured in standard deviations of the posterior's normal approximation at its
    maximum (``best``), where one size of steps suits all directions.
    """
    covariance = -np.linalg.inv(fg.hessian(log_posterior)(best, x, y))
    scale = np.linalg.cholesky(covariance)
    keys = random.split(random.key(0), number)
    starts = 2.0 * random.normal(random.key(1), (number, len(best)))

    def log_p(z: Any) -> Any:
        return log_posterior(best + scale @ z, x, y)

    run = fg.jit(fg.vmap(lambda z, key: sample(log_p, z, key, 0.3, draws + draws // 4)))
    found, accepted = run(starts, keys)
    return best + found[:, draws // 4 :] @ scale.T, accepted


def disagreement(chains: Any) -> Any:
    """Gelman's R of halves of chains: near 1 where they have found the same distribution."""
    halves = np.concatenate(np.split(chains, 2, axis=1))
    within, length = np.mean(np.var(halves, axis=1, ddof=1), axis=0), halves.shape[1]
    between = np.var(np.mean(halves, axis=1), axis=0, ddof=1)
    return np.sqrt((length - 1) / length + between / within)


def log_loss(logits: Any, y: Any) -> float:
    """How surprising the truth is: logarithms of probabilities, which are means over the rows."""
    return float(-np.mean(np.log(np.mean(nn.sigmoid((2 * y - 1) * logits), axis=0))))


def draw_picture(path: str, weights: Any, best: Any, names: list[str], p: Any, y: Any) -> None:
    """The posterior of each weight; probabilities of held-out tumours with their uncertainty."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, right = figure.subplots(1, 2)
    order = np.argsort(np.mean(weights, 0))
    rows = np.arange(len(order))
    low, middle, high = np.quantile(weights[:, order], [0.05, 0.5, 0.95], axis=0)
    left.hlines(rows, low, high, color="#2f5d8a", label="90 % of the posterior")
    left.plot(middle, rows, "o", ms=4, color="#2f5d8a", label="median")
    left.plot(best[order], rows, "x", ms=5, color="#b5542c", label="most likely together")
    left.axvline(0, color="k", lw=0.8)
    left.set_yticks(rows, [names[i] for i in order], fontsize=8)
    left.set(xlabel="weight of the standardised feature", title="posterior of the weights")
    left.legend(frameon=False, loc="lower right")

    mean = np.mean(p, 0)
    order = np.argsort(mean)
    low, high = np.quantile(p[:, order], [0.05, 0.95], axis=0)
    for is_malignant, colour, name in ((0, "#2f5d8a", "benign"), (1, "#b5542c", "malignant")):
        rows = np.flatnonzero(y[order] == is_malignant)
        right.vlines(rows, low[rows], high[rows], color=colour, alpha=0.4, lw=1)
        right.plot(rows, mean[order][rows], "o", ms=3, color=colour, label=name)
    right.axhline(0.5, color="k", ls=":", lw=1)
    shown = np.flatnonzero((high - low > 0.01) | ((mean[order] > 0.5) != y[order]))
    first, last = shown[0] - 5, shown[-1] + 5
    right.set(
        xlim=(first - 0.5, last + 0.5), xlabel="held-out tumour, in the order of its probability",
        ylabel="probability of being malignant, with 90 % interval",
        title=f"predictions ({len(y) - 1 - last + first} more, left and right, are sure and right)",
    )  # fmt: skip
    right.legend(frameon=False, loc="upper left", title="in truth")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Draw from the posterior, predict, and return how good predictions are."""
    parser = argparse.ArgumentParser(description="Bayesian logistic regression by HMC.")
    parser.add_argument("--output", default="bayesian.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="take few draws")
    args = parser.parse_args(argv)
    x, y, held_out, names = tumours()
    seen, new = (x[~held_out], y[~held_out]), (x[held_out], y[held_out])
    best = optimize.minimize(lambda w: -log_posterior(w, *seen), np.zeros(x.shape[1])).x
    found, accepted = chains(*seen, best, 200 if args.quick else 2000)
    worst = float(np.max(disagreement(found)))
    print(f"{found.shape[0]} chains of {found.shape[1]} draws, {np.mean(accepted):.0%} accepted")
    print(f"R of chains: at most {worst:.3f}")
    weights = found.reshape(-1, x.shape[1])
    losses = [log_loss(w @ new[0].T, new[1]) for w in (weights, best[None])]
    p = nn.sigmoid(weights @ new[0].T)
    print(f"held-out tumours: loss {losses[0]:.3f}, of the most likely weights {losses[1]:.3f}")
    unsure = np.ptp(np.quantile(p, [0.05, 0.95], axis=0), axis=0) > 0.5
    wrong = (np.mean(p, 0) > 0.5) != new[1]
    print(f"{np.sum(wrong)} of {len(wrong)} wrong, {np.sum(wrong & unsure)} of them among the "
          f"{np.sum(unsure)} with an interval wider than 0.5")  # fmt: skip
    draw_picture(args.output, weights, best, names, p, new[1])
    print(f"picture: {args.output}")
    return {
        "posterior": losses[0],
        "most likely": losses[1],
        "R": worst,
        "wrong": float(np.mean(wrong)),
    }


if __name__ == "__main__":
    main()
