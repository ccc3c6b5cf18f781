"""Backward passes, right and with one mistake each, that are the same text in every system.

A rule is a forward pass ``f(xp, *args)`` and backward passes ``b(xp, ct, *args)``, which return a
tuple of cotangents. ``xp`` is NumPy, ``torch`` or ``jax.numpy``; what is used of
it has the same name and meaning in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Pass = Callable[..., Any]


@dataclass(frozen=True)
class Rule:
    """A forward pass, its right backward pass, and wrong ones by name.

    ``shapes`` describe the arguments for a search, ``typical`` are shapes of a typical point, and
    ``domain`` says what their elements are.
    """

    name: str
    forward: Pass
    backward: Pass
    wrong: dict[str, Pass]
    shapes: tuple[str, ...]
    typical: tuple[tuple[int, ...], ...]
    domain: str = "real"
    constants: tuple[Any, ...] = field(default=())


def total(x: Any, axis: int) -> Any:
    """The sum along an axis, which stays."""
    return x.sum(axis)[..., None] if axis in (-1, x.ndim - 1) else x.sum(axis)[None]


def mean(x: Any, axis: int) -> Any:
    """The mean along an axis, which stays."""
    return total(x, axis) / x.shape[axis]


# --- elementwise ---------------------------------------------------------------------------------

SINE = Rule(
    "sine",
    lambda xp, x: xp.sin(x),
    lambda xp, ct, x: (ct * xp.cos(x),),
    {
        "sign": lambda xp, ct, x: (-ct * xp.cos(x),),
        "not the cosine": lambda xp, ct, x: (ct * xp.sin(x),),
        "factor": lambda xp, ct, x: (1.001 * ct * xp.cos(x),),
        "a millionth": lambda xp, ct, x: (ct * xp.cos(x) * (1 + 3e-6),),
        "series to the fourth power": lambda xp, ct, x: (ct * (1 - x**2 / 2 + x**4 / 24),),
        "without the cotangent": lambda xp, ct, x: (xp.cos(x) + 0 * ct,),
        "a constant is added": lambda xp, ct, x: (ct * xp.cos(x) + 1e-4,),
        "only positive cotangents": lambda xp, ct, x: (xp.where(ct > 0, ct, 0 * ct) * xp.cos(x),),
        "large cotangents clipped": lambda xp, ct, x: (
            xp.where(ct > 5, 5 + 0 * ct, ct) * xp.cos(x),
        ),
        "square of the cotangent": lambda xp, ct, x: (ct * abs(ct) * xp.cos(x),),
    },
    ("n m",),
    ((4, 3),),
)

SOFTPLUS = Rule(
    "softplus",
    lambda xp, x: xp.log(1 + xp.exp(-abs(x))) + xp.where(x > 0, x, 0 * x),
    lambda xp, ct, x: (ct / (1 + xp.exp(-x)),),
    {
        "sigmoid of minus x": lambda xp, ct, x: (ct / (1 + xp.exp(x)),),
        "hard sigmoid beyond 10": lambda xp, ct, x: (
            ct * xp.where(x > 10, 0.99 + 0 * x, 1 / (1 + xp.exp(-x))),
        ),
        "zero below -3": lambda xp, ct, x: (ct * xp.where(x < -3, 0 * x, 1 / (1 + xp.exp(-x))),),
        "slope one above 2": lambda xp, ct, x: (
            ct * xp.where(x > 2, 1 + 0 * x, 1 / (1 + xp.exp(-x))),
        ),
    },
    ("n m",),
    ((4, 3),),
)

LEAKY = Rule(
    "leaky",
    lambda xp, x: xp.where(x > 0, x, 0.1 * x),
    lambda xp, ct, x: (xp.where(x > 0, ct, 0.1 * ct),),
    {
        "no slope below": lambda xp, ct, x: (xp.where(x > 0, ct, 0 * ct),),
        "slopes exchanged": lambda xp, ct, x: (xp.where(x > 0, 0.1 * ct, ct),),
        "outside of both slopes at zero": lambda xp, ct, x: (
            xp.where(x > 0, ct, xp.where(x < 0, 0.1 * ct, -ct)),
        ),
        "threshold at one": lambda xp, ct, x: (xp.where(x > 1, ct, 0.1 * ct),),
    },
    ("n m",),
    ((4, 3),),
)

HUBER = Rule(
    "huber",
    lambda xp, x: xp.where(abs(x) <= 1.0, 0.5 * x**2, abs(x) - 0.5),
    lambda xp, ct, x: (ct * xp.where(abs(x) <= 1.0, x, xp.sign(x)),),
    {
        "not clipped": lambda xp, ct, x: (ct * x,),
        "clipped above only": lambda xp, ct, x: (ct * xp.where(x > 1.0, 1.0 + 0 * x, x),),
        "modulus": lambda xp, ct, x: (ct * abs(xp.where(abs(x) <= 1.0, x, xp.sign(x))),),
        "clipped at two": lambda xp, ct, x: (ct * xp.where(abs(x) <= 2.0, x, xp.sign(x)),),
    },
    ("n m",),
    ((4, 3),),
)

ROOT = Rule(
    "root",
    lambda xp, x: xp.sqrt(x),
    lambda xp, ct, x: (ct / (2 * xp.sqrt(x)),),
    {
        "no factor": lambda xp, ct, x: (ct / xp.sqrt(x),),
        "clamped": lambda xp, ct, x: (ct / (2 * xp.sqrt(x + 1e-3)),),
        "the output": lambda xp, ct, x: (ct * xp.sqrt(x) / 2,),
        "clipped below a tenth": lambda xp, ct, x: (
            ct / (2 * xp.sqrt(xp.where(x < 0.1, 0.1 + 0 * x, x))),
        ),
    },
    ("n m",),
    ((4, 3),),
    "positive",
)

# --- several arguments and broadcasting ----------------------------------------------------------

SCALE = Rule(
    "scale",
    lambda xp, x, w: x * w,
    lambda xp, ct, x, w: (ct * w, (ct * x).sum(0)),
    {
        "mean for sum": lambda xp, ct, x, w: (ct * w, (ct * x).sum(0) / x.shape[0]),
        "w forgotten": lambda xp, ct, x, w: (ct + 0 * w, (ct * x).sum(0)),
        "x forgotten": lambda xp, ct, x, w: (ct * w, ct.sum(0)),
        "only the first example": lambda xp, ct, x, w: (ct * w, (ct * x)[0]),
        "w is a constant": lambda xp, ct, x, w: (ct * w, 0 * w),
        "examples beyond the eighth": lambda xp, ct, x, w: (ct * w, (ct * x)[:8].sum(0)),
        "small x taken for zero": lambda xp, ct, x, w: (
            ct * w,
            (ct * xp.where(abs(x) < 1e-2, 0 * x, x)).sum(0),
        ),
    },
    ("n m", "m"),
    ((4, 3), (3,)),
)

LINEAR = Rule(
    "linear",
    lambda xp, x, w: x @ w,
    lambda xp, ct, x, w: (ct @ w.T, x.T @ ct),
    {
        "w not transposed": lambda xp, ct, x, w: (ct @ w, x.T @ ct),
        "divided by the batch": lambda xp, ct, x, w: (ct @ w.T, x.T @ ct / x.shape[0]),
        "half of w": lambda xp, ct, x, w: (ct @ w.T, x.T @ ct / 2),
        "gradient of x twice": lambda xp, ct, x, w: (2 * ct @ w.T, x.T @ ct),
        "gradient of w transposed": lambda xp, ct, x, w: (ct @ w.T, (x.T @ ct).T),
        "symmetric part": lambda xp, ct, x, w: (ct @ (w + w.T) / 2, x.T @ ct),
    },
    ("n 3", "3 3"),
    ((4, 3), (3, 3)),
)

SQUARES = Rule(
    "squares",
    lambda xp, x, y: ((x - y) ** 2).sum() / x.shape[0],
    lambda xp, ct, x, y: (2 * ct * (x - y) / x.shape[0], -2 * ct * (x - y) / x.shape[0]),
    {
        "no mean": lambda xp, ct, x, y: (2 * ct * (x - y), -2 * ct * (x - y)),
        "no factor": lambda xp, ct, x, y: (
            ct * (x - y) / x.shape[0],
            -ct * (x - y) / x.shape[0],
        ),
        "the same sign twice": lambda xp, ct, x, y: (
            2 * ct * (x - y) / x.shape[0],
            2 * ct * (x - y) / x.shape[0],
        ),
        "mean over columns": lambda xp, ct, x, y: (
            2 * ct * (x - y) / x.shape[1],
            -2 * ct * (x - y) / x.shape[1],
        ),
    },
    ("n m", "n m"),
    ((4, 3), (4, 3)),
)

# --- reductions and normalisations ---------------------------------------------------------------


def softmax(xp: Any, x: Any) -> Any:
    """The softmax of rows; entries are small enough to do without a shift."""
    e = xp.exp(x)
    return e / total(e, -1)


SOFTMAX = Rule(
    "softmax",
    softmax,
    lambda xp, ct, x: (softmax(xp, x) * (ct - total(ct * softmax(xp, x), -1)),),
    {
        "diagonal only": lambda xp, ct, x: (ct * softmax(xp, x) * (1 - softmax(xp, x)),),
        "sum of ct": lambda xp, ct, x: (softmax(xp, x) * (ct - total(ct, -1)),),
        "mean for sum": lambda xp, ct, x: (softmax(xp, x) * (ct - mean(ct * softmax(xp, x), -1)),),
        "over all rows": lambda xp, ct, x: (softmax(xp, x) * (ct - (ct * softmax(xp, x)).sum()),),
        "rare classes forgotten": lambda xp, ct, x: (
            xp.where(softmax(xp, x) < 1e-2, 0 * x, softmax(xp, x))
            * (ct - total(ct * softmax(xp, x), -1)),
        ),
    },
    ("n m",),
    ((4, 3),),
    "small",
)

LOGSUM = Rule(
    "logsum",
    lambda xp, x: xp.log(xp.exp(x).sum(-1)),
    lambda xp, ct, x: (ct[..., None] * softmax(xp, x),),
    {
        "not divided": lambda xp, ct, x: (ct[..., None] * xp.exp(x),),
        "equal weights": lambda xp, ct, x: (ct[..., None] * (0 * x + 1) / x.shape[-1],),
        "sum of the cotangents": lambda xp, ct, x: (ct.sum() * softmax(xp, x),),
        "the largest only": lambda xp, ct, x: (
            ct[..., None] * xp.where(softmax(xp, x) > 0.5, 1 + 0 * x, 0 * x),
        ),
    },
    ("n m",),
    ((4, 3),),
    "small",
)


def normed(xp: Any, x: Any) -> tuple[Any, Any]:
    """Rows less their mean, and their standard deviations."""
    c = x - mean(x, -1)
    return c, xp.sqrt(mean(c**2, -1) + 0.1)


def normed_backward(xp: Any, ct: Any, x: Any, first: float = 1.0, second: float = 1.0) -> Any:
    """The backward pass of the normalisation, its two corrections times factors."""
    c, s = normed(xp, x)
    return ((ct - first * mean(ct, -1) - second * c / s**2 * mean(ct * c, -1)) / s,)


NORM = Rule(
    "norm",
    lambda xp, x: normed(xp, x)[0] / normed(xp, x)[1],
    normed_backward,
    {
        "mean forgotten": lambda xp, ct, x: normed_backward(xp, ct, x, first=0.0),
        "deviation forgotten": lambda xp, ct, x: normed_backward(xp, ct, x, second=0.0),
        "deviation twice": lambda xp, ct, x: normed_backward(xp, ct, x, second=2.0),
        "unbiased": lambda xp, ct, x: normed_backward(xp, ct, x, second=x.shape[-1] / 2.0),
    },
    ("n 4",),
    ((4, 4),),
)

LENGTH = Rule(
    "length",
    lambda xp, x: xp.sqrt((x**2).sum(-1)),
    lambda xp, ct, x: (ct[..., None] * x / xp.sqrt(total(x**2, -1)),),
    {
        "squared": lambda xp, ct, x: (ct[..., None] * x / total(x**2, -1),),
        "of the whole": lambda xp, ct, x: (ct[..., None] * x / xp.sqrt((x**2).sum()),),
        "with an epsilon": lambda xp, ct, x: (ct[..., None] * x / xp.sqrt(total(x**2, -1) + 1e-2),),
        "twice": lambda xp, ct, x: (2 * ct[..., None] * x / xp.sqrt(total(x**2, -1)),),
    },
    ("n 3",),
    ((4, 3),),
    "positive",
)

# --- order along axes ----------------------------------------------------------------------------


def summed(xp: Any, x: Any) -> Any:
    """The cumulative sum along rows."""
    return xp.cumsum(x, -1)


def from_right(xp: Any, x: Any) -> Any:
    """The cumulative sum along rows from the right."""
    return total(x, -1) - summed(xp, x) + x


CUMSUM = Rule(
    "cumsum",
    summed,
    lambda xp, ct, x: (from_right(xp, ct) + 0 * x,),
    {
        "from the left": lambda xp, ct, x: (summed(xp, ct) + 0 * x,),
        "less itself": lambda xp, ct, x: (from_right(xp, ct) - ct + 0 * x,),
        "the total": lambda xp, ct, x: (total(ct, -1) + 0 * x,),
        "columns beyond the fourth": lambda xp, ct, x: (
            xp.where(xp.cumsum(0 * x + 1, -1) > 4, ct, from_right(xp, ct)) + 0 * x,
        ),
    },
    ("n m",),
    ((4, 3),),
)

FORM = Rule(
    "form",
    lambda xp, x, a: x @ (a @ x),
    lambda xp, ct, x, a: (ct * (a @ x + x @ a), ct * x[:, None] * x[None, :]),
    {
        "as if symmetric": lambda xp, ct, x, a: (
            2 * ct * (a @ x),
            ct * x[:, None] * x[None, :],
        ),
        "one side": lambda xp, ct, x, a: (ct * (a @ x), ct * x[:, None] * x[None, :]),
        "the diagonal": lambda xp, ct, x, a: (
            ct * (a @ x + x @ a),
            ct * xp.where(x[:, None] == x[None, :], x[:, None] * x[None, :], 0 * a),
        ),
        "symmetric part halved": lambda xp, ct, x, a: (
            ct * (a @ x + x @ a) / 2,
            ct * x[:, None] * x[None, :],
        ),
    },
    ("3", "3 3"),
    ((3,), (3, 3)),
)


def differences(xp: Any, x: Any) -> Any:
    """Differences of neighbours along rows."""
    return x[..., 1:] - x[..., :-1]


def padded(xp: Any, ct: Any, left: float, right: float) -> Any:
    """The transpose of differences, the two ends times factors."""
    first, last = -left * ct[..., :1], right * ct[..., -1:]
    inner = ct[..., :-1] - ct[..., 1:]
    parts = [first, inner, last]
    return xp.cat(parts, -1) if hasattr(xp, "cat") else xp.concatenate(parts, -1)


NEIGHBOURS = Rule(
    "neighbours",
    differences,
    lambda xp, ct, x: (padded(xp, ct, 1.0, 1.0),),
    {
        "sign": lambda xp, ct, x: (-padded(xp, ct, 1.0, 1.0),),
        "the first forgotten": lambda xp, ct, x: (padded(xp, ct, 0.0, 1.0),),
        "the last forgotten": lambda xp, ct, x: (padded(xp, ct, 1.0, 0.0),),
        "the last with the wrong sign": lambda xp, ct, x: (padded(xp, ct, 1.0, -1.0),),
    },
    ("n 4",),
    ((4, 4),),
)

RULES = [
    SINE,
    SOFTPLUS,
    LEAKY,
    HUBER,
    ROOT,
    SCALE,
    LINEAR,
    SQUARES,
    SOFTMAX,
    LOGSUM,
    NORM,
    LENGTH,
    CUMSUM,
    FORM,
    NEIGHBOURS,
]

MISTAKES = [(rule, name) for rule in RULES for name in rule.wrong]
