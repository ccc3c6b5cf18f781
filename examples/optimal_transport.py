"""The colours of one photograph for another: Sinkhorn's iterations with implicit derivatives.

A transport plan says which part of each colour of one photograph belongs to which colour of the
other. Its potential is a fixed point of Sinkhorn's iteration, so that derivatives are those of the
equation that it satisfies: they go through no iterations and need no memory for them. Along the
gradient of the divergence between both sets of colours one moves to the other:

    python examples/optimal_transport.py --output transport.png

The implicit derivative of the cost of transport is what derivatives through many iterations come
near to. Sources: Peyré and Cuturi, "Computational Optimal Transport" (2019), chapters 4 and 9;
Feydy and others, "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences"
(2019); Luise and others, "Differential Properties of Sinkhorn Approximation" (2018).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, random
from funcgrad.scipy import optimize, special

try:
    from matplotlib.figure import Figure
    from sklearn.datasets import load_sample_image
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

BLUR = 0.03
"""How much entropy the plan has, in the units of the cost."""


def photograph(name: str) -> Any:
    """One of scikit-learn's photographs at half of its size, colours between 0 and 1."""
    return load_sample_image(name)[::2, ::2] / 255


def costs(x: Any, y: Any) -> Any:
    """Half of the squared distances of all pairs."""
    return 0.5 * np.sum((x[:, None] - y) ** 2, axis=-1)


def partner(f: Any, cost: Any) -> Any:
    """The potential of the second set for one of the first."""
    return -BLUR * (special.logsumexp((f[:, None] - cost) / BLUR, axis=0) - np.log(len(f)))


def sinkhorn(f: Any, cost: Any) -> Any:
    """One iteration. A constant means nothing: with a mean of 1, there is one fixed point only."""
    f = partner(partner(f, cost), cost.T)
    return f - np.mean(f) + 1.0


def implicit(cost: Any) -> Any:
    """The potential as a fixed point."""
    return optimize.fixed_point(sinkhorn, np.ones(len(cost)), cost, 1e-9, 10_000, "anderson")


def symmetric(cost: Any) -> Any:
    """The potential of a set and itself, which is its own partner; means of both converge fast."""
    mean = lambda f, cost: 0.5 * (f + partner(f, cost))  # noqa: E731
    return optimize.fixed_point(mean, np.ones(len(cost)), cost, 1e-9, method="iteration")


def unrolled(cost: Any, steps: int = 1000) -> Any:
    """The same by a number of iterations, through which derivatives go."""
    return lax.fori_loop(0, steps, lambda _, f: sinkhorn(f, cost), np.ones(len(cost)))


def plan(cost: Any, potential: Any = implicit) -> Any:
    """How much goes from where to where: rows and columns have the same sums."""
    f = potential(cost)
    return np.exp((f[:, None] + partner(f, cost) - cost) / BLUR) / cost.size


def transport_cost(x: Any, y: Any, potential: Any = implicit) -> Any:
    """What the plan costs, without its entropy."""
    cost = costs(x, y)
    return np.sum(plan(cost, potential) * cost)


def regularised(x: Any, y: Any, potential: Any = implicit) -> Any:
    """What the plan costs, with its entropy."""
    cost = costs(x, y)
    p = plan(cost, potential)
    return np.sum(p * cost) + BLUR * np.sum(special.xlogy(p, p * cost.size))


def divergence(x: Any, y: Any) -> Any:
    """Zero where both sets are equal, and positive elsewhere."""
    alone = regularised(x, x, symmetric) + regularised(y, y, symmetric)
    return regularised(x, y) - 0.5 * alone


def move(x: Any, y: Any, steps: int) -> tuple[Any, Any]:
    """One set on its way to the other, and the divergence on the way."""

    def step(x: Any, _: Any) -> Any:
        value, slope = fg.value_and_grad(divergence)(x, y)
        return x - len(x) * slope, value

    return fg.jit(lambda x: lax.scan(step, x, length=steps))(x)


def recolour(image: Any, before: Any, after: Any) -> Any:
    """Each pixel moves as the colours near to it do."""
    pixels = image.reshape(-1, 3)
    weight = special.softmax(-costs(pixels, before) / 0.05**2, axis=1)
    return np.clip(pixels + weight @ (after - before), 0, 1).reshape(image.shape)


def convergence(x: Any, y: Any, counts: Any) -> Any:
    """How far derivatives through so many iterations are from the implicit one, relatively."""
    exact = fg.grad(transport_cost)(x, y)
    gaps = []
    for count in counts:
        slope = fg.grad(transport_cost)(x, y, lambda cost, count=count: unrolled(cost, count))
        gaps.append(float(np.linalg.norm(slope - exact) / np.linalg.norm(exact)))
    return np.array(gaps)


def draw(path: str, pictures: dict[str, Any], colours: Any, values: Any, unrolled: Any) -> None:
    """The photographs; the colours, the way and the derivatives."""
    figure = Figure(figsize=(13, 7), layout="constrained")
    top, bottom = figure.subplots(2, 3)
    for axes, (name, image) in zip(top, pictures.items(), strict=True):
        axes.imshow(image)
        axes.set_title(name)
        axes.set_axis_off()
    left, middle, right = bottom
    x, y, moved = colours
    left.quiver(
        x[:, 0], x[:, 2], *(moved - x)[:, ::2].T, color="0.7", width=0.002, angles="xy",
        scale_units="xy", scale=1,
    )  # fmt: skip
    for points, marker, name in ((x, "o", "palace"), (y, "s", "flower"), (moved, "^", "moved")):
        left.scatter(
            points[:, 0], points[:, 2], 18, np.clip(points, 0, 1), marker=marker, label=name,
            edgecolors="k", linewidths=0.3,
        )  # fmt: skip
    left.set(xlabel="red", ylabel="blue", title="colours, and how they move")
    left.legend(frameon=False)
    middle.semilogy(values, "o-", ms=3, color="#2f5d8a")
    middle.set(xlabel="step", ylabel="divergence", title="along the gradient")
    right.loglog(*unrolled, "o-", ms=3, color="#b5542c")
    right.set(
        xlabel="iterations", ylabel="relative difference",
        title="gap to the implicit derivative",
    )  # fmt: skip
    for axes in bottom:
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Move colours, draw, and return what was reached."""
    parser = argparse.ArgumentParser(description="Colour transfer by optimal transport.")
    parser.add_argument("--output", default="transport.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="take few colours and steps")
    args = parser.parse_args(argv)
    palace, flower = photograph("china.jpg"), photograph("flower.jpg")
    number, steps = (40, 10) if args.quick else (200, 30)
    keys = random.split(random.key(0))
    x, y = (
        random.choice(key, image.reshape(-1, 3), (number,), replace=False)
        for key, image in zip(keys, (palace, flower), strict=True)
    )
    moved, values = move(x, y, steps)
    print(f"divergence of {number} colours: {values[0]:.1e} -> {values[-1]:.1e}")
    counts = np.array([1, 3, 10, 30, 100, 300, 1000])
    gaps = convergence(x[:40], y[:40], counts)
    for count, gap in zip(counts, gaps, strict=True):
        print(f"derivative through {count:4d} iterations: {gap:.1e} from the implicit one")
    pictures = {
        "palace": palace, "flower": flower,
        "palace, with the flower's colours": recolour(palace, x, moved),
    }  # fmt: skip
    draw(args.output, pictures, (x, y, moved), values, (counts, gaps))
    print(f"picture: {args.output}")
    return {"start": float(values[0]), "end": float(values[-1]), "gap": float(gaps[-1])}


if __name__ == "__main__":
    main()
