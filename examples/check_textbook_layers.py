"""Backward passes written by hand, as textbooks teach them: the checker finds the classic mistakes.

Six layers in plain NumPy, none of which uses funcgrad: a GRU cell, a two-dimensional convolution,
softmax with cross-entropy, a normalised square error, batch normalisation, and a small tape that
records operations. Each comes with its right backward pass and with mistakes that are easy to make
and hard to see: training goes on, only worse. One line checks each of them:

    check_pair(forward, backward, arguments)

    python examples/check_textbook_layers.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from funcgrad.testing import GradientCheckError, check_gradient, check_pair

Array = np.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


# A GRU cell: u = s(x Wu + h Uu), r = s(x Wr + h Ur), c = tanh(x Wc + (r h) Uc),
# new h = u h + (1 - u) c.


def gru(x: Array, h: Array, p: dict[str, Array]) -> tuple[Array, Any]:
    u = sigmoid(x @ p["wu"] + h @ p["uu"])
    r = sigmoid(x @ p["wr"] + h @ p["ur"])
    c = np.tanh(x @ p["wc"] + (r * h) @ p["uc"])
    return u * h + (1 - u) * c, (x, h, p, u, r, c)


def gru_gates(ct: Array, cache: Any) -> tuple[Array, Array, Array, Array]:
    """Cotangents of what goes into the three nonlinearities, and of r * h."""
    _, h, p, u, r, c = cache
    dc = ct * (1 - u) * (1 - c * c)
    du = ct * (h - c) * u * (1 - u)
    drh = dc @ p["uc"].T
    dr = drh * h * r * (1 - r)
    return du, dr, dc, drh


def gru_backward(ct: Array, cache: Any) -> tuple[Array, Array, dict[str, Array]]:
    x, h, p, u, r, _ = cache
    du, dr, dc, drh = gru_gates(ct, cache)
    dx = du @ p["wu"].T + dr @ p["wr"].T + dc @ p["wc"].T
    dh = ct * u + du @ p["uu"].T + dr @ p["ur"].T + drh * r
    dp = {"wu": x.T @ du, "wr": x.T @ dr, "wc": x.T @ dc}
    dp |= {"uu": h.T @ du, "ur": h.T @ dr, "uc": (r * h).T @ dc}
    return dx, dh, dp


def gru_without_direct_path(ct: Array, cache: Any) -> Any:
    """The old state reaches the new one through u * h, too."""
    dx, dh, dp = gru_backward(ct, cache)
    return dx, dh - ct * cache[3], dp


def gru_with_swapped_weights(ct: Array, cache: Any) -> Any:
    """The cotangent of the update gate goes back through the weights of the reset gate."""
    p = cache[2]
    dx, dh, dp = gru_backward(ct, cache)
    du = gru_gates(ct, cache)[0]
    return dx + du @ (p["wr"] - p["wu"]).T, dh, dp


# A convolution without padding: images (n, height, width, in), kernel (kh, kw, in, out).


def windows(x: Array, kh: int, kw: int) -> Array:
    view = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))
    return np.moveaxis(view, 3, -1)  # n, i, j, kh, kw, in


def convolution(x: Array, k: Array) -> tuple[Array, Any]:
    kh, kw = k.shape[:2]
    rows, columns = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    parts = [x[:, a : a + rows, b : b + columns] @ k[a, b] for a in range(kh) for b in range(kw)]
    return sum(parts), (x, k)


def full_convolution(ct: Array, k: Array) -> Array:
    kh, kw = k.shape[:2]
    padded = np.pad(ct, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    return np.einsum("nijabo,abco->nijc", windows(padded, kh, kw), k)


def convolution_backward(ct: Array, cache: Any) -> tuple[Array, Array]:
    x, k = cache
    dk = np.einsum("nijabc,nijo->abco", windows(x, *k.shape[:2]), ct)
    return full_convolution(ct, k[::-1, ::-1]), dk


def convolution_without_flip(ct: Array, cache: Any) -> Any:
    """The kernel has to be turned around on the way back."""
    _, k = cache
    return full_convolution(ct, k), convolution_backward(ct, cache)[1]


def convolution_of_first_image(ct: Array, cache: Any) -> Any:
    """The kernel's cotangent is a sum over all images; tests with one image do not show it."""
    x, k = cache
    return full_convolution(ct, k[::-1, ::-1]), convolution_backward(ct[:1], (x[:1], k))[1]


# Softmax and cross-entropy: the mean over examples of -log p[label].


def cross_entropy(scores: Array, labels: Array) -> tuple[Array, Any]:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    rows = np.arange(len(labels))
    return -np.mean(log_p[rows, labels]), (np.exp(log_p), labels)


def cross_entropy_backward(ct: Any, cache: Any) -> Any:
    p, labels = cache
    return ct * (p - np.eye(p.shape[1])[labels]) / len(labels), None


def cross_entropy_without_mean(ct: Array, cache: Any) -> Any:
    """The loss is a mean, so its gradient is divided by the number of examples."""
    p, labels = cache
    return ct * (p - np.eye(p.shape[1])[labels]), None


def binary_cross_entropy(scores: Array, labels: Array) -> tuple[Array, Any]:
    """Another loss: it also punishes what is given to wrong classes, -log(1 - p)."""
    value, (p, labels) = cross_entropy(scores, labels)
    y = np.eye(p.shape[1])[labels]
    return value - np.mean(np.sum((1 - y) * np.log(1 - p), axis=1)), (p, labels)


# A square error in units of the targets' size: sum((p - t)²) / sum(t²).


def normalised_error(p: Array, t: Array) -> tuple[Array, Any]:
    return np.sum((p - t) ** 2) / np.sum(t * t), (p, t)


def normalised_error_backward(ct: Array, cache: Any) -> Any:
    p, t = cache
    size, error = np.sum(t * t), np.sum((p - t) ** 2)
    dp = 2 * (p - t) / size
    return ct * dp, ct * (-dp - 2 * t * error / size**2)


def normalised_error_unnormalised(ct: Array, cache: Any) -> Any:
    """The gradient of the error without its denominator."""
    p, t = cache
    return ct * 2 * (p - t), ct * -2 * (p - t)


# Batch normalisation.

EPSILON = 1e-5


def batch_norm(x: Array, scale: Array, offset: Array) -> tuple[Array, Any]:
    deviation = np.sqrt(np.var(x, axis=0) + EPSILON)
    z = (x - np.mean(x, axis=0)) / deviation
    return z * scale + offset, (z, scale, deviation)


def batch_norm_backward(ct: Array, cache: Any) -> Any:
    z, scale, deviation = cache
    dz = ct * scale
    dx = (dz - np.mean(dz, axis=0) - z * np.mean(dz * z, axis=0)) / deviation
    return dx, np.sum(ct * z, axis=0), np.sum(ct, axis=0)


def batch_norm_of_constants(ct: Array, cache: Any) -> Any:
    """Mean and variance depend on the batch, too."""
    z, scale, deviation = cache
    return ct * scale / deviation, np.sum(ct * z, axis=0), np.sum(ct, axis=0)


def batch_norm_without_sums(ct: Array, cache: Any) -> Any:
    """Scale and offset are shared by all examples, so their cotangents are sums."""
    dx, _, _ = batch_norm_backward(ct, cache)
    return dx, ct * cache[0], ct


# A tape: values remember what made them; backward visits them in reverse.


class Value:
    """An array on a tape."""

    def __init__(self, data: Array, parents: tuple[Any, ...] = (), pull: Any = None) -> None:
        self.data, self.parents, self.pull = data, parents, pull
        self.gradient = np.zeros_like(data)

    def __mul__(self, other: Value) -> Value:
        return Value(
            self.data * other.data,
            (self, other),
            lambda ct: (ct * other.data, ct * self.data),
        )

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, (self, other), lambda ct: (ct, ct))

    def tanh(self) -> Value:
        y = np.tanh(self.data)
        return Value(y, (self,), lambda ct: (ct * (1 - y * y),))


def program(x: Value, w: Value) -> Value:
    h = (x * w).tanh()
    return h * h + h * x


def in_order(end: Value) -> list[Value]:
    """Every value once, after all that it is made of."""
    order: list[Value] = []

    def visit(v: Value) -> None:
        if all(v is not seen for seen in order):
            for parent in v.parents:
                visit(parent)
            order.append(v)

    visit(end)
    return order


def run_tape(x: Array, w: Array) -> tuple[Array, Any]:
    leaves = Value(x), Value(w)
    end = program(*leaves)
    return end.data, (leaves, end)


def tape_backward(ct: Array, cache: Any) -> Any:
    (x, w), end = cache
    for v in in_order(end):
        v.gradient = np.zeros_like(v.data)
    end.gradient = ct
    for v in reversed(in_order(end)):
        for parent, g in zip(v.parents, v.pull(v.gradient) if v.pull else (), strict=True):
            parent.gradient = parent.gradient + g
    return x.gradient, w.gradient


def tape_that_overwrites(ct: Array, cache: Any) -> Any:
    """A value that is used twice gets two cotangents, which add up."""
    (x, w), end = cache
    end.gradient = ct
    for v in reversed(in_order(end)):
        for parent, g in zip(v.parents, v.pull(v.gradient) if v.pull else (), strict=True):
            parent.gradient = g
    return x.gradient, w.gradient


def tape_that_counts_twice(ct: Array, cache: Any) -> Any:
    """Going back from a value at each of its uses counts what it has already passed on again."""
    (x, w), end = cache
    for v in in_order(end):
        v.gradient = np.zeros_like(v.data)

    def back(v: Value, g: Array) -> None:
        v.gradient = v.gradient + g
        for parent, part in zip(v.parents, v.pull(v.gradient) if v.pull else (), strict=True):
            back(parent, part)

    back(end, ct)
    return x.gradient, w.gradient


class Layer(NamedTuple):
    """A layer, its arguments, and its wrong backward passes with what is wrong in them."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    arguments: tuple[Any, ...]
    mistakes: tuple[Callable[..., Any], ...]


def layers(rng: Any) -> dict[str, Layer]:
    def normal(*shape: int) -> Array:
        return rng.standard_normal(shape)

    gates = {k: normal(3 if k[0] == "w" else 4, 4) for k in ("wu", "wr", "wc", "uu", "ur", "uc")}
    labels = np.array([2, 0, 1, 2, 3])
    return {
        "GRU cell": Layer(
            gru, gru_backward, (normal(2, 3), normal(2, 4), gates),
            (gru_without_direct_path, gru_with_swapped_weights),
        ),
        "convolution": Layer(
            convolution, convolution_backward, (normal(2, 5, 4, 2), normal(3, 2, 2, 3)),
            (convolution_without_flip, convolution_of_first_image),
        ),
        "cross-entropy": Layer(
            cross_entropy, cross_entropy_backward, (normal(5, 4), labels),
            (cross_entropy_without_mean,),
        ),
        "normalised error": Layer(
            normalised_error, normalised_error_backward, (normal(3, 2), normal(3, 2)),
            (normalised_error_unnormalised,),
        ),
        "batch norm": Layer(
            batch_norm, batch_norm_backward, (normal(6, 3), normal(3), normal(3)),
            (batch_norm_of_constants, batch_norm_without_sums),
        ),
        "tape": Layer(
            run_tape, tape_backward, (normal(3), normal(3)),
            (tape_that_overwrites, tape_that_counts_twice),
        ),
    }  # fmt: skip


def report(name: str, check: Callable[[], Any]) -> str | None:
    """Run a check, print what it says, and return what is wrong."""
    start = time.perf_counter()
    try:
        check()
        found = None
    except GradientCheckError as error:
        found = error.finding
    seconds = time.perf_counter() - start
    print(f"{name:50} {'wrong' if found else 'right'}   {seconds:.2f} s")
    if found is None:
        return None
    print(f"    {found.path}{f', {found.spread}' if found.spread else ''}")
    if found.diagnosis:
        print(f"    {found.diagnosis}")
    return found.diagnosis or found.path


def main() -> dict[str, str | None]:
    """Check every backward pass; returns what was found, by name."""
    known = layers(np.random.default_rng(0))
    results: dict[str, str | None] = {}

    def check(name: str, run: Callable[[], Any]) -> None:
        results[name] = report(name, run)

    print("With the mistakes:\n")
    for layer in known.values():
        for wrong in layer.mistakes:
            check(wrong.__name__, lambda a=layer, b=wrong: check_pair(a.forward, b, a.arguments))
    scores, labels = known["cross-entropy"].arguments
    check(
        "binary_cross_entropy with the other's gradient",
        lambda: check_gradient(
            lambda s: binary_cross_entropy(s, labels)[0],
            lambda s: cross_entropy_backward(1.0, cross_entropy(s, labels)[1])[0],
            (scores,),
        ),
    )
    print("\nWithout them:\n")
    for name, layer in known.items():
        check(name, lambda a=layer: check_pair(a.forward, a.backward, a.arguments))
    return results


if __name__ == "__main__":
    main()
