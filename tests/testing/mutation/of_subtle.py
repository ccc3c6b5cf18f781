"""Mistakes that a look at one derivative at one point does not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg

from .mutant import (
    Draw,
    Mutant,
    between,
    called_twice,
    normal,
    of_claimed_jvp,
    of_function,
    pulled,
    pulled_again,
    pulled_twice,
    pushed,
    transformed,
    twice,
    with_jvp,
    with_vjp,
)

V, X, POSITIVE = normal((6,)), normal((3, 4)), between(0.4, 2.0, (3, 4))


# --- right at the first order, wrong at the second -----------------------------------------------


def stopped(x: Any) -> Any:
    return fg.stop_gradient(x)


SECOND: dict[str, tuple[Any, Any, Any, Draw]] = {
    "cube, stopped": (
        lambda x: x**3, lambda x, t: stopped(3 * x**2) * t, lambda x, t: 3 * x**2 * t, X),
    "sine, stopped": (
        lambda x: np.sin(x), lambda x, t: stopped(np.cos(x)) * t, lambda x, t: np.cos(x) * t, X),
    "product, one factor stopped": (
        lambda x, y: x * y, lambda x, y, t, s: y * t + stopped(x) * s,
        lambda x, y, t, s: y * t + x * s, normal((3,), (3,))),
    "quotient, square stopped": (
        lambda x, y: x / y, lambda x, y, t, s: t / y - x * s / stopped(y) ** 2,
        lambda x, y, t, s: t / y - x * s / y**2, between(0.5, 2.0, (3,), (3,))),
    "softplus, sigmoid stopped": (
        lambda x: np.log1p(np.exp(x)), lambda x, t: t * stopped(1 / (1 + np.exp(-x))),
        lambda x, t: t / (1 + np.exp(-x)), X),
    "inverse, one factor stopped": (
        lambda a: np.linalg.inv(a),
        lambda a, t: -np.linalg.inv(a) @ t @ stopped(np.linalg.inv(a)),
        lambda a, t: -np.linalg.inv(a) @ t @ np.linalg.inv(a),
        lambda rng: (rng.standard_normal((3, 3)) + 3 * np.eye(3),)),
    "norm, length stopped": (
        lambda x: np.sqrt(np.sum(x * x)),
        lambda x, t: np.sum(x * t) / stopped(np.sqrt(np.sum(x * x))),
        lambda x, t: np.sum(x * t) / np.sqrt(np.sum(x * x)), V),
    "softmax, weights stopped": (
        lambda x: np.log(np.sum(np.exp(x))),
        lambda x, t: np.sum(stopped(np.exp(x) / np.sum(np.exp(x))) * t),
        lambda x, t: np.sum(np.exp(x) / np.sum(np.exp(x)) * t), V),
    "exponential of the square, stopped in the square": (
        lambda x: np.exp(x * x), lambda x, t: 2 * x * np.exp(stopped(x * x)) * t,
        lambda x, t: 2 * x * np.exp(x * x) * t, between(-1.0, 1.0, (4,))),
    "complex square, stopped": (
        lambda z: z * z, lambda z, t: 2 * stopped(z) * t, lambda z, t: 2 * z * t,
        normal((3,), dtype="c16")),
}  # fmt: skip
"""Function, wrong tangent, right tangent, arguments."""

SECOND_PULLED: dict[str, tuple[Any, Any, Any, Draw]] = {
    "cube by vjp, stopped": (
        lambda x: x**3, lambda x, ct: (stopped(3 * x**2) * ct,), lambda x, ct: (3 * x**2 * ct,),
        X),
    "product by vjp, stopped": (
        lambda x, w: x @ w, lambda x, w, ct: (ct @ stopped(w).T, x.T @ ct),
        lambda x, w, ct: (ct @ w.T, x.T @ ct), normal((3, 4), (4, 2))),
    "tanh by vjp, output stopped": (
        lambda x: np.tanh(x), lambda x, ct: (ct * (1 - stopped(np.tanh(x)) ** 2),),
        lambda x, ct: (ct * (1 - np.tanh(x) ** 2),), X),
}  # fmt: skip


def of_second(name: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    return of_function(
        name, "wrong at order 2", with_jvp(f, wrong), with_jvp(f, right), draw, order=2, probe=twice
    )


def of_second_pulled(name: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    both = with_vjp(f, wrong), with_vjp(f, right)
    return of_function(name, "wrong at order 2", *both, draw, order=2, probe=pulled_twice)


# --- wrong for some elements, or by little -------------------------------------------------------


def weights(n: int, where: int, factor: float) -> Any:
    return np.where(np.arange(n) == where, factor, 1.0)


def cosine(factor: Any) -> Any:
    return lambda x, t: np.cos(x) * t * factor


def logarithm(x: Any) -> Any:
    return np.log(x)


def sine(x: Any) -> Any:
    return np.sin(x)


def largest(x: Any) -> Any:
    return x == np.max(x)


SOME: dict[str, tuple[str, Any, Any, Any, Draw]] = {
    "first element zero": ("one element", sine, cosine(weights(6, 0, 0)), cosine(1), V),
    "last element zero": ("one element", sine, cosine(weights(6, 5, 0)), cosine(1), V),
    "one of 200 doubled": (
        "one element", sine, cosine(weights(200, 77, 2)), cosine(1), normal((200,))),
    "one of 1000 zero": (
        "one element", sine, cosine(weights(1000, 771, 0)), cosine(1), normal((1000,))),
    "largest element zero": (
        "one element", sine, lambda x, t: np.where(largest(x), 0, np.cos(x) * t), cosine(1), V),
    "negative half zero": (
        "part of the domain", lambda x: x**2, lambda x, t: np.where(x > 0, 2 * x * t, 0),
        lambda x, t: 2 * x * t, X),
    "negative half has the wrong sign": (
        "part of the domain", lambda x: x**2, lambda x, t: 2 * np.abs(x) * t,
        lambda x, t: 2 * x * t, X),
    "clipped slope": (
        "part of the domain", lambda x: x**3, lambda x, t: np.minimum(3 * x**2, 1.0) * t,
        lambda x, t: 3 * x**2 * t, X),
    "outside of a window": (
        "part of the domain", np.tanh, lambda x, t: np.where(np.abs(x) < 0.7, 1 - x * x, 0.5) * t,
        lambda x, t: (1 - np.tanh(x) ** 2) * t, X),
    "NaN where x < 0.8": (
        "not a number", logarithm, lambda x, t: np.where(x < 0.8, np.nan, 1 / x) * t,
        lambda x, t: t / x, lambda rng: (np.linspace(0.5, 2.0, 7) + 0.02 * rng.random(7),)),
    "NaN in one element": (
        "not a number", sine, cosine(weights(6, 2, np.nan)), cosine(1), V),
    "infinite in one element": (
        "not a number", sine, cosine(weights(6, 3, np.inf)), cosine(1), V),
    "NaN everywhere": ("not a number", sine, cosine(np.nan), cosine(1), V),
    "relative 1e-3": ("small", sine, cosine(1 + 1e-3), cosine(1), X),
    "relative 1e-4": ("small", sine, cosine(1 + 1e-4), cosine(1), X),
    "relative 1e-5": ("small", sine, cosine(1 + 1e-5), cosine(1), X),
    "relative 1e-6": ("small", sine, cosine(1 - 1e-6), cosine(1), X),
    "relative 1e-7": ("small", sine, cosine(1 + 1e-7), cosine(1), X),
    "relative 1e-2 in single precision": (
        "small", sine, cosine(np.float32(1.01)), cosine(np.float32(1)), normal((3, 4), dtype="f4")),
    "relative 5e-3 in single precision": (
        "small", lambda x: x * x, lambda x, t: 2 * x * t * np.float32(1.005),
        lambda x, t: 2 * x * t, normal((3, 4), dtype="f4")),
    "pi with five digits": (
        "small", lambda x: np.sin(np.pi * x), lambda x, t: 3.1416 * np.cos(np.pi * x) * t,
        lambda x, t: np.pi * np.cos(np.pi * x) * t, X),
    "epsilon forgotten in the derivative": (
        "small", lambda x: x / np.sqrt(np.mean(x * x) + 1e-3),
        lambda x, t: (t - x * np.mean(x * t) / np.mean(x * x)) / np.sqrt(np.mean(x * x)),
        lambda x, t: (t - x * np.mean(x * t) / (np.mean(x * x) + 1e-3))
        / np.sqrt(np.mean(x * x) + 1e-3), V),
    "one digit too few": (
        "small", lambda x: np.exp2(x), lambda x, t: 0.69315 * np.exp2(x) * t,
        lambda x, t: np.log(2) * np.exp2(x) * t, X),
    "differences in place of the derivative": (
        "small", sine, lambda x, t: (np.sin(x + 1e-4) - np.sin(x)) / 1e-4 * t, cosine(1), X),
    "not linear": ("not linear", sine, lambda x, t: np.cos(x) * t * np.abs(t), cosine(1), X),
    "almost linear": (
        "not linear", sine, lambda x, t: np.cos(x) * (t + 1e-6 * t * t), cosine(1), X),
    "affine": ("not linear", sine, lambda x, t: np.cos(x) * t + 1e-4, cosine(1), X),
    "modulus of the tangent": (
        "not linear", sine, lambda x, t: np.cos(x) * np.abs(t), cosine(1), X),
    "tangent in single precision": (
        "dtype", sine, lambda x, t: (np.cos(x) * t).astype("f4"), cosine(1), X),
    "rounded through half precision": (
        "dtype", sine, lambda x, t: (np.cos(x) * t).astype("f2").astype("f8"), cosine(1), X),
    "real tangent of a complex function": (
        "dtype", sine, lambda z, t: np.real(np.cos(z) * t), cosine(1), normal((3,), dtype="c16")),
}  # fmt: skip
"""Kind, function, wrong tangent, right tangent, arguments."""


CLAIMED: dict[str, tuple[str, Any, Any, Any, Draw]] = {
    "tangent in double precision": (
        "dtype", sine, lambda x, t: (np.cos(x) * t).astype("f8"), cosine(1),
        normal((3, 4), dtype="f4")),
    "complex tangent of a real function": (
        "dtype", sine, lambda x, t: np.cos(x) * t + 0j, cosine(1), X),
    "tangent with an axis too many": (
        "shape", sine, lambda x, t: (np.cos(x) * t)[None], cosine(1), X),
    "tangent of a part": ("shape", sine, lambda x, t: (np.cos(x) * t)[:2], cosine(1), X),
    "tangent transposed": (
        "shape", sine, lambda x, t: (np.cos(x) * t).T, cosine(1), X),
    "sum of the tangent": (
        "shape", sine, lambda x, t: np.sum(np.cos(x) * t), cosine(1), X),
}  # fmt: skip
"""Kind, function, wrong tangent, right tangent, arguments: tangents that nothing casts."""


def of_some(name: str, kind: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    return of_function(name, kind, with_jvp(f, wrong), with_jvp(f, right), draw, probe=pushed)


# --- wrong only under a transformation -----------------------------------------------------------


def is_batched(x: Any) -> bool:
    return "Batch" in type(x).__name__


def is_staged(x: Any) -> bool:
    return "Stag" in type(x).__name__ or "Jaxpr" in type(x).__name__


def batched(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a stack of three."""
    return lambda *xs: fg.vmap(f)(*[np.stack([x, x * 1.1, x * 0.9]) for x in xs])


def depends(test: Callable[[Any], bool], yes: Any, no: Any) -> Any:
    """A rule that does one thing where a test of its tangent holds, another where not."""
    return lambda x, t: yes(x, t) if test(t) or test(x) else no(x, t)


def value_depends(test: Callable[[Any], bool], yes: Any, no: Any) -> Any:
    return lambda x: yes(x) if test(x) else no(x)


def mean_over_batch(x: Any) -> Any:
    """A loss that also sums over what vmap has hidden, by the wrong axis."""
    return np.sum(x, axis=0) if not is_batched(x) else np.sum(x, axis=-1)


UNDER_VMAP: dict[str, tuple[Any, Any, Any]] = {
    "value": (value_depends(is_batched, lambda x: 2 * x, lambda x: x), lambda x: x, X),
    "axis": (mean_over_batch, lambda x: np.sum(x, axis=0), normal((3, 3))),
    "slope": (
        with_jvp(sine, depends(is_batched, lambda x, t: -np.cos(x) * t, cosine(1))),
        with_jvp(sine, cosine(1)), V),
    "slope, little": (
        with_jvp(sine, depends(is_batched, cosine(1 + 1e-5), cosine(1))),
        with_jvp(sine, cosine(1)), V),
    "matrix transposed": (
        value_depends(is_batched, lambda x: x.T @ x, lambda x: x @ x), lambda x: x @ x,
        normal((3, 3))),
}  # fmt: skip
"""Wrong function, right function, arguments."""

UNDER_JIT: dict[str, tuple[Any, Any, Any]] = {
    "value": (value_depends(is_staged, lambda x: 2 * x, lambda x: x), lambda x: x, X),
    "slope": (
        with_jvp(sine, depends(is_staged, lambda x, t: -np.cos(x) * t, cosine(1))),
        with_jvp(sine, cosine(1)), V),
    "dtype": (
        value_depends(is_staged, lambda x: x.astype("f4"), lambda x: x * 1), lambda x: x * 1, X),
    "little": (
        value_depends(is_staged, lambda x: x * (1 + 1e-5), lambda x: x * 1), lambda x: x * 1, X),
}  # fmt: skip


# --- side effects --------------------------------------------------------------------------------


def overwriting_rule(x: Any, ct: Any) -> Any:
    """Multiplies the cosine into the primal's own memory."""
    if isinstance(x, np.ndarray):
        np.cos(x, out=x)
        return (x * ct,)
    return (np.cos(x) * ct,)


def overwriting_value(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x *= 2
        return x.sum()
    return (x * 2).sum()


class Drifting:
    """A function with a state that every call changes, in its value or in its slope."""

    def __init__(self, what: str) -> None:
        self.what, self.calls = what, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return np.sin(x) * (1 + 1e-3 * self.calls) if self.what == "value" else np.sin(x)

    def rule(self, x: Any, t: Any) -> Any:
        self.calls += 1
        return np.cos(x) * t * (1 + 1e-3 * (self.calls % 5))


class Noisy:
    """A slope with random noise."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)

    def __call__(self, x: Any, ct: Any) -> Any:
        return (np.cos(x) * ct * (1 + 1e-4 * self.rng.standard_normal()),)


class Reused:
    """A buffer that every call of the rule fills anew and returns."""

    def __init__(self) -> None:
        self.buffer = np.zeros(6)

    def __call__(self, x: Any) -> Any:
        if isinstance(x, np.ndarray):
            self.buffer += x
            return self.buffer * 1
        return x * 1


SIDE_EFFECTS: dict[str, tuple[str, Any, Any, Any, Draw]] = {
    "rule overwrites its argument": (
        "aliasing", with_vjp(sine, overwriting_rule),
        with_vjp(sine, lambda x, ct: (np.cos(x) * ct,)), pulled_again, V),
    "function overwrites its argument": (
        "aliasing", overwriting_value, lambda x: (x * 2).sum(), called_twice, V),
    "function adds into a buffer": ("aliasing", Reused(), lambda x: x * 1, called_twice, V),
    "value drifts": ("nondeterminism", Drifting("value"), sine, pushed, V),
    "slope drifts": (
        "nondeterminism", with_jvp(sine, Drifting("slope").rule), with_jvp(sine, cosine(1)),
        lambda f, args: pushed(f, args) + pushed(f, args), V),
    "slope with noise": (
        "nondeterminism", with_vjp(sine, Noisy()), with_vjp(sine, lambda x, ct: (np.cos(x) * ct,)),
        pulled, V),
}  # fmt: skip
"""Kind, wrong function, right function, probe, arguments."""


MUTANTS = [
    *(of_second(name, *row) for name, row in SECOND.items()),
    *(of_second_pulled(name, *row) for name, row in SECOND_PULLED.items()),
    *(of_some(name, *row) for name, row in SOME.items()),
    *(of_claimed_jvp(name, *row) for name, row in CLAIMED.items()),
    *(
        of_function(f"under vmap: {name}", "only under vmap", *row,
                    probe=transformed(batched, pushed))
        for name, row in UNDER_VMAP.items()
    ),
    *(
        of_function(f"under jit: {name}", "only under jit", *row, probe=transformed(fg.jit, pushed))
        for name, row in UNDER_JIT.items()
    ),
    *(
        of_function(name, kind, wrong, right, draw, probe=probe)
        for name, (kind, wrong, right, probe, draw) in SIDE_EFFECTS.items()
    ),
]  # fmt: skip
