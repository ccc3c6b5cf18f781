"""Derivatives of NumPy code as it is, checked against formulas.

Run ``python examples/plain_numpy.py --output tanh.png``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg


def grow(x: Any) -> Any:
    """Double a vector until its norm exceeds 1000, then branch on the sign of its sum.

    Written for NumPy alone: a loop whose length depends on the data, and an ``if``.
    """
    while np.linalg.norm(x) <= 1000:
        x = x * 2
    if np.sum(x) > 0:
        return np.sum(np.sin(x / 1000))
    return np.sum(x**2) / 1000


def control_flow() -> None:
    """The gradient of ``grow``, on both sides of its branch."""
    print("1. A NumPy function with a while loop and an if")
    for x in (np.array([0.3, -0.1, 0.4]), np.array([0.3, -0.9, 0.4])):
        gradient = fg.grad(grow)(x)

        k = np.floor(np.log2(1000 / np.linalg.norm(x))) + 1  # the number of doublings
        y = 2**k * x
        formula = np.cos(y / 1000) * 2**k / 1000 if x.sum() > 0 else 2 * y * 2**k / 1000
        np.testing.assert_allclose(gradient, formula, rtol=1e-12)
        print(f"   x = {x}: doubled {k:.0f} times, gradient {gradient.round(4)}")


TANH_DERIVATIVES: list[Callable[[Any], Any]] = [  # as polynomials in y = tanh(x)
    lambda y: y,
    lambda y: 1 - y**2,
    lambda y: -2 * y + 2 * y**3,
    lambda y: -2 + 8 * y**2 - 6 * y**4,
    lambda y: 16 * y - 40 * y**3 + 24 * y**5,
]


def nested_derivatives(n: int) -> tuple[Any, list[Any]]:
    """Derivatives of tanh of orders 0 to 4, each the gradient of the one before."""
    print("2. grad of grad of grad of grad of tanh")
    x = np.linspace(-4, 4, n)
    function: Callable[[Any], Any] = np.tanh
    curves = [function(x)]
    for order, formula in enumerate(TANH_DERIVATIVES[1:], start=1):
        function = fg.grad(function)
        curves.append(fg.vmap(function)(x))
        error = np.max(np.abs(curves[-1] - formula(np.tanh(x))))
        assert error < 1e-12
        print(f"   order {order}: largest error {error:.0e} at {n} points")
    return x, curves


def hessian_vector_product() -> None:
    """The Hessian of a quartic function times a vector, without the Hessian."""
    print("3. A Hessian-vector product")
    rng = np.random.default_rng(0)
    n = 1000
    a, x, v = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)

    def f(x: Any) -> Any:
        return np.sum(x**4) / 12 + (a @ x) ** 2 / 2

    product = fg.hvp(f, (x,), (v,))
    np.testing.assert_allclose(product, x**2 * v + a * (a @ v), rtol=1e-12)
    print(f"   {n} variables: equal to x**2 * v + a * (a @ v)")


def per_example_gradients() -> None:
    """The gradient of each example's loss, by one batched evaluation and by a loop."""
    print("4. One gradient per example")
    rng = np.random.default_rng(1)
    w, xs, ys = rng.normal(size=5), rng.normal(size=(32, 5)), rng.normal(size=32)

    def loss(w: Any, x: Any, y: Any) -> Any:
        return (np.tanh(x @ w) - y) ** 2

    together = fg.vmap(fg.grad(loss), in_axes=(None, 0, 0))(w, xs, ys)
    one_by_one = np.stack([fg.grad(loss)(w, x, y) for x, y in zip(xs, ys, strict=True)])
    np.testing.assert_allclose(together, one_by_one, rtol=1e-12)
    print(f"   vmap(grad(loss)) gives shape {together.shape}, equal to a loop over the examples")


def draw(path: str, x: Any, curves: list[Any]) -> None:
    """Plot tanh and its derivatives."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for order, curve in enumerate(curves):
        axes.plot(x, curve, label=f"order {order}" if order else "tanh")
    axes.set(xlabel="x", title="tanh and its derivatives")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    print(f"picture: {path}")


def main(argv: list[str] | None = None) -> None:
    """Run the four checks and, with --output, draw the derivatives of tanh."""
    parser = argparse.ArgumentParser(description="Derivatives of NumPy code, checked.")
    parser.add_argument("--output", help="file for a picture of the derivatives of tanh")
    parser.add_argument("--quick", action="store_true", help="use fewer points")
    args = parser.parse_args(argv)
    control_flow()
    x, curves = nested_derivatives(51 if args.quick else 401)
    hessian_vector_product()
    per_example_gradients()
    if args.output:
        draw(args.output, x, curves)


if __name__ == "__main__":
    main()
