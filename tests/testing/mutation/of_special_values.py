"""Rules that are right at ordinary numbers and shapes, and not at zeros, overflow or length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.testing import strategies as fst

from .mutant import Draw, Mutant, between, normal, pulled, pushed, searched, with_jvp, with_vjp

# --- values at which a formula breaks down -------------------------------------------------------


def logistic(x: Any) -> Any:
    return np.exp(x - np.logaddexp(0.0, x))  # with all digits where it is small


def softplus(x: Any) -> Any:
    return np.logaddexp(0.0, x)


def length(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


def deviation(x: Any) -> Any:
    return np.sqrt(np.mean((x - np.mean(x)) ** 2) + 1e-2)


def others(x: Any) -> Any:
    """For each number the product of the others."""
    n = x.shape[0]
    rows = np.where(np.eye(n, dtype=bool), 1.0, x[None, :] * np.ones((n, 1)))
    return np.prod(rows, axis=1)


def slope_by_logarithms(x: Any, t: Any) -> Any:
    with np.errstate(all="ignore"):
        return x**3 * 3 * np.log(np.abs(x)) / np.log(np.abs(x)) / x * t


def constant(*numbers: float) -> Draw:
    return lambda rng: (np.array(numbers),)


FORMULAS: dict[str, tuple[Any, Any, Any, Draw, dict[str, Any]]] = {
    "product by division, NaN at zeros": (
        lambda x: np.prod(x), lambda x, t: np.sum(np.prod(x) / x * t),
        lambda x, t: np.sum(others(x) * t), constant(0.0, 2.0, 3.0), {}),
    "zero where a product is zero": (
        lambda x: np.prod(x),
        lambda x, t: np.where(np.prod(x) == 0, 0.0, 1.0) * np.sum(others(x) * t),
        lambda x, t: np.sum(others(x) * t), constant(0.0, 2.0, 3.0), {}),
    "slope of tanh from exponentials, NaN if they overflow": (
        lambda x: np.tanh(x), lambda x, t: (4 * np.exp(2 * x) / (1 + np.exp(2 * x)) ** 2) * t,
        lambda x, t: (1 - np.tanh(x) ** 2) * t, between(400, 500, (3,)),
        {"domain": (-1000, 1000)}),
    "softplus is linear above 5": (
        softplus, lambda x, t: np.where(x > 5, 1.0, logistic(x)) * t,
        lambda x, t: logistic(x) * t, between(5.5, 8, (3,)), {}),
    "softplus is linear above 12": (
        softplus, lambda x, t: np.where(x > 12, 1.0, logistic(x)) * t,
        lambda x, t: logistic(x) * t, between(12.5, 14, (3,)), {}),
    "softplus is zero below -9": (
        softplus, lambda x, t: np.where(x < -9, 0.0, logistic(x)) * t,
        lambda x, t: logistic(x) * t, between(-12, -9.5, (3,)), {}),
    "logarithm of the sigmoid, linear below -7": (
        lambda x: -softplus(-x), lambda x, t: np.where(x < -7, 1.0, logistic(-x)) * t,
        lambda x, t: logistic(-x) * t, between(-9, -7.5, (3,)), {}),
    "hyperbolic tangent saturated above 6": (
        np.tanh, lambda x, t: np.where(np.abs(x) > 6, 0.0, 1 - np.tanh(x) ** 2) * t,
        lambda x, t: (1 - np.tanh(x) ** 2) * t, between(6.1, 7, (3,)), {}),
    "series for small numbers, one term too few": (
        lambda x: np.where(np.abs(x) < 0.5, x - x**3 / 6 + x**5 / 120, np.sin(x)),
        lambda x, t: np.where(np.abs(x) < 0.5, 1 - x * x / 2, np.cos(x)) * t,
        lambda x, t: np.where(np.abs(x) < 0.5, 1 - x * x / 2 + x**4 / 24, np.cos(x)) * t,
        between(0.3, 0.45, (3,)), {}),
    "length, NaN for zeros": (
        lambda x: np.sqrt(np.sum(x * x) + 1e-3),
        lambda x, t: np.sum(x * t) / length(x) * (length(x) / np.sqrt(np.sum(x * x) + 1e-3)),
        lambda x, t: np.sum(x * t) / np.sqrt(np.sum(x * x) + 1e-3), constant(0.0, 0.0), {}),
    "cosine with itself, NaN for zeros": (
        lambda x: np.sum(x * x), lambda x, t: 2 * length(x) * np.sum(x * t) / length(x),
        lambda x, t: 2 * np.sum(x * t), constant(0.0, 0.0, 0.0), {}),
    "sine over x with no value at 0": (
        lambda x: np.sinc(x), lambda x, t: (np.cos(np.pi * x) - np.sinc(x)) / x * t,
        lambda x, t: np.where(x == 0, 0.0, (np.cos(np.pi * x) - np.sinc(x))
                              / np.where(x == 0, 1.0, x)) * t, constant(0.0, 0.5), {}),
    "sign of zero is one": (
        lambda x: x * np.abs(x), lambda x, t: np.where(x == 0, 1.0, 2 * np.abs(x)) * t,
        lambda x, t: 2 * np.abs(x) * t, constant(0.0, 1.0), {}),
    "power with a logarithm at base 0": (
        lambda x: x**3, slope_by_logarithms,
        lambda x, t: 3 * x * x * t, constant(0.0, 2.0), {}),
    "whole numbers take another branch": (
        lambda x: np.sin(x), lambda x, t: np.where(x == np.round(x), 0.5, 1.0) * np.cos(x) * t,
        lambda x, t: np.cos(x) * t, constant(1.0, 2.0), {}),
    "negative zero apart": (
        lambda x: x * x + x, lambda x, t: (2 * x + np.where(np.abs(x) < 1e-8, 0.0, 1.0)) * t,
        lambda x, t: (2 * x + 1) * t, constant(0.0, 1.0), {}),
    "clipped argument, unclipped slope": (
        lambda x: np.exp(np.minimum(x, 4.0)), lambda x, t: np.exp(np.minimum(x, 4.0)) * t,
        lambda x, t: np.where(x < 4, np.exp(np.minimum(x, 4.0)), 0.0) * t,
        between(4.5, 6, (3,)), {}),
    "ties of the maximum counted twice": (
        lambda x: np.max(x), lambda x, t: np.sum(np.where(x == np.max(x), t, 0.0)),
        lambda x, t: np.sum(np.where(x == np.max(x), t, 0.0)) / np.sum(x == np.max(x)),
        constant(2.0, 2.0, 1.0), {}),
}  # fmt: skip
"""Function, wrong and right tangent, arguments that show it, settings of the search."""


def of_formula(name: str, f: Any, wrong: Any, right: Any, draw: Draw, **more: Any) -> Mutant:
    settings = {"domain": (-30, 30), **more}
    return searched(name, "special values", with_jvp(lambda x: f(x), wrong),
                    with_jvp(lambda x: f(x), right), draw, "n", probe=pushed,
                    **settings)  # fmt: skip


# --- shapes at which a rule takes one axis for another -------------------------------------------


def squeezed(x: Any, ct: Any) -> Any:
    """The cotangent of the sum of rows, with axes of length one lost and one found again."""
    rows = np.squeeze(ct[:, None] * np.ones_like(x))
    return (np.reshape(np.cos(np.squeeze(x)) * rows[()], x.shape) if x.shape[0] != 1
            else np.cos(x) * np.sum(ct) / x.shape[1],)  # fmt: skip


def by_length(x: Any, b: Any, ct: Any) -> Any:
    """The cotangent of a bias summed over the axis that does not have its length."""
    axis = 1 if ct.shape[0] == b.shape[0] else 0
    return ct * np.cos(x + b), np.sum(ct * np.cos(x + b), axis)


def unbiased(x: Any, ct: Any) -> Any:
    """The slope of a deviation with n - 1 put right by n / (n - 1), which fails for one number."""
    n = x.shape[0]
    return (ct * (x - np.mean(x)) / (n - 1) * (n - 1) / n / deviation(x),)


SHAPES: dict[str, tuple[Any, Any, Any, Draw, tuple[Any, ...]]] = {
    "one row": (
        lambda x: np.sum(np.sin(x), 1), squeezed, lambda x, ct: (np.cos(x) * ct[:, None],),
        normal((1, 3)), ("m n",)),
    "square matrices": (
        lambda x, b: np.sin(x + b), by_length,
        lambda x, b, ct: (ct * np.cos(x + b), np.sum(ct * np.cos(x + b), 0)),
        normal((3, 3), (3,)), ("m n", "n")),
    "a single number": (
        deviation, unbiased, lambda x, ct: (ct * (x - np.mean(x)) / x.shape[0] / deviation(x),),
        normal((1,)), ("n",)),
    "more columns than rows": (
        lambda x: x.T @ x,
        lambda x, ct: (x @ (ct + ct.T) * (1.0 if x.shape[0] >= x.shape[1] else 0.5),),
        lambda x, ct: (x @ (ct + ct.T),), normal((2, 4)), ("m n",)),
    "five columns and more": (
        lambda x: np.cumsum(x, 1),
        lambda x, ct: (np.concatenate([np.cumsum(ct[:, ::-1], 1)[:, ::-1][:, :4],
                                       ct[:, 4:]], 1),),
        lambda x, ct: (np.cumsum(ct[:, ::-1], 1)[:, ::-1],), normal((2, 7)), ("m n",)),
    "chunks of ten": (
        lambda x: np.sum(np.sin(x)),
        lambda x, ct: (np.cos(x) * ct * np.where(np.arange(x.shape[0]) < max(
            x.shape[0] // 10 * 10, min(10, x.shape[0])), 1.0, 0.0),),
        lambda x, ct: (np.cos(x) * ct,), normal((13,)), ("n",)),
    "pairs of neighbours, odd lengths": (
        lambda x: np.sum(x * x),
        lambda x, ct: (2 * x * ct * np.where(
            (np.arange(x.shape[0]) == x.shape[0] - 1) & (x.shape[0] % 2 == 1)
            & (x.shape[0] > 8), 0.0, 1.0),),
        lambda x, ct: (2 * x * ct,), normal((11,)), ("n",)),
    "blocks of four rows, the rest twice": (
        lambda x: np.sum(np.exp(x), 0),
        lambda x, ct: (np.exp(x) * ct * np.where(
            np.arange(x.shape[0]) >= max(x.shape[0] // 4 * 4, 4), 2.0, 1.0)[:, None],),
        lambda x, ct: (np.exp(x) * ct,), normal((6, 2)), ("m n",)),
    "an inner dimension above six": (
        lambda x, w: x @ w,
        lambda x, w, ct: (ct @ w.T * np.where(np.arange(x.shape[1]) < 6, 1.0, 0.0),
                          x.T @ ct),
        lambda x, w, ct: (ct @ w.T, x.T @ ct), normal((2, 8), (8, 2)), ("m k", "k n")),
    "a hundred numbers summed in halves": (
        lambda x: np.sum(x) * np.sum(x),
        lambda x, ct: (2 * np.sum(x) * ct * np.ones_like(x)
                       * (1.0 if x.shape[0] < 100 else 1.001),),
        lambda x, ct: (2 * np.sum(x) * ct * np.ones_like(x),), normal((120,)), ("n",)),
}  # fmt: skip
"""Function, wrong and right cotangents, arguments that show it, what the search is told."""


def of_shape(name: str, f: Any, wrong: Any, right: Any, draw: Draw, specs: Any) -> Mutant:
    return searched(f"wrong for {name}", "special shapes", with_vjp(lambda *xs: f(*xs), wrong),
                    with_vjp(lambda *xs: f(*xs), right), draw, *specs, probe=pulled,
                    domain=(-3, 3))  # fmt: skip


# --- numbers of dimensions -----------------------------------------------------------------------


def last(x: Any) -> Any:
    return np.sum(x * x, -1)


RANKS: dict[str, tuple[Any, Any, Any, Draw]] = {
    "axis 1 for the last one": (
        last, lambda x, ct: (2 * x * (np.expand_dims(ct, -1) if x.ndim < 3
                                      else np.expand_dims(np.swapaxes(ct, 0, 1), -1)
                                      if ct.shape[0] == ct.shape[1]
                                      else 1.5 * np.expand_dims(ct, -1)),),
        lambda x, ct: (2 * x * np.expand_dims(ct, -1),), normal((2, 2, 3))),
    "vectors taken for columns": (
        lambda x: np.sin(x), lambda x, ct: (np.cos(x) * ct * (0.5 if x.ndim == 1 else 1.0),),
        lambda x, ct: (np.cos(x) * ct,), normal((3,))),
    "numbers without axes": (
        lambda x: np.exp(x), lambda x, ct: (np.exp(x) * ct * (2.0 if x.ndim == 0 else 1.0),),
        lambda x, ct: (np.exp(x) * ct,), normal(())),
}  # fmt: skip


def of_rank(name: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    arrays = fst.arrays(fst.shapes(min_dims=1 if f is last else 0, max_dims=3), domain=(-3, 3))
    return searched(f"dimensions: {name}", "special shapes", with_vjp(lambda x: f(x), wrong),
                    with_vjp(lambda x: f(x), right), draw, arrays, probe=pulled)  # fmt: skip


MUTANTS = [
    *(of_formula(name, *row[:4], **row[4]) for name, row in FORMULAS.items()),
    *(of_shape(name, *row) for name, row in SHAPES.items()),
    *(of_rank(name, *row) for name, row in RANKS.items()),
]
