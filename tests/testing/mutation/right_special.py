"""Right functions at special points: zeros, ties, ends of domains, large and tiny entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn

from .right import Domain, Right, definite, real, regular

S = {
    "zeros": lambda rng: np.zeros(4),
    "ones": lambda rng: np.ones(4),
    "integers": lambda rng: rng.integers(-2, 3, 4).astype(float),
    "some zeros": lambda rng: rng.standard_normal(4) * (rng.random(4) > 0.5),
    "a tie among large ones": lambda rng: np.array([3.0, 3.0, 700.0, -0.5]) * rng.choice([1, -1]),
    "all equal": lambda rng: np.full(4, np.round(rng.uniform(0.5, 3), 1)),
    "large": lambda rng: rng.standard_normal(4) * 300,
    "tiny": lambda rng: rng.standard_normal(4) * 1e-9,
    "tiny beside ordinary": lambda rng: rng.standard_normal(4) * np.array([1e-9, 1, 1, 1e-6]),
    "large beside ordinary": lambda rng: rng.standard_normal(4) * np.array([1, 1, 600.0, 1]),
    "halves": lambda rng: rng.choice([-1.0, -0.5, 0.5, 1.0, 2.0], 4),
    "near a kink": lambda rng: rng.choice([-1.0, 1.0], 4) * 10.0 ** rng.integers(-12, -2, 4),
}
"""Points of four numbers."""

POSITIVE = ("ones", "all equal", "halves", "tiny", "tiny beside ordinary", "large")


def point(name: str, *, positive: bool = False, size: int = 4) -> Domain:
    """Numbers of one kind of special points; positive ones are magnitudes, none of them zero."""

    def draw(rng: Any, dtype: str) -> Any:
        x = S[name](rng)[:size]
        x = np.abs(x) + 1e-12 * (x == 0) if positive else x
        if np.dtype(dtype).kind == "c":
            x = x + 1j * S[name](rng)[:size] / 4
        return np.asarray(x, dtype)

    return draw


ANYWHERE: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "relu": nn.relu,
    "x or its square": lambda x: np.where(x > 0, x, x * x),
    "leaky relu of slope 0": lambda x: nn.leaky_relu(x, 0.0),
    "sum of relus with weights": lambda x: np.sum(nn.relu(x) * np.arange(-1.0, 3.0)),
    "relu squared": lambda x: nn.relu(x) ** 2,
    "clipped": lambda x: np.clip(x, -1, 1),
    "largest": lambda x: np.max(x),
    "largest magnitude": lambda x: np.max(np.abs(x)),
    "sorted": lambda x: np.sort(x),
    "total variation": lambda x: np.sum(np.abs(np.diff(x))),
    "soft threshold": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "hinge": lambda x: np.mean(np.maximum(0, 1 - x)),
    "huber": lambda x: np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5),
    "abs plus square": lambda x: np.sum(np.abs(x)) + np.sum(x * x),
    "elu by where": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "sigmoid, naive": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softmax": nn.softmax,
    "log of sums of exp": nn.logsumexp,
    "sinc": np.sinc,
    "x / (1 + x^2)": lambda x: x / (1 + x * x),
    "smooth abs": lambda x: np.sqrt(x * x + 1e-4),
    "product": np.prod,
    "cube": lambda x: x**3,
    "variance": lambda x: np.mean((x - np.mean(x)) ** 2),
    "largest less smallest": lambda x: np.max(x) - np.min(x),
    "two pieces": lambda x: np.where(x > 1, 2 * x - 1, x),
    "sine": np.sin,
}
"""Functions that are defined for all numbers."""

PLACES: dict[str, Callable[..., Any]] = {
    "log": np.log,
    "square root": np.sqrt,
    "reciprocal": lambda x: 1 / x,
    "x log x": lambda x: np.sum(x * np.log(x)),
    "power 1.5": lambda x: x**1.5,
    "length": lambda x: np.sqrt(np.sum(x * x)),
    "geometric mean": lambda x: np.exp(np.mean(np.log(x))),
    "shares": lambda x: x / np.sum(x),
    "log of shares": lambda x: np.log(x / np.sum(x)),
    "x to the x": lambda x: x**x if np.max(x) < 9 else x,
}
"""Functions of positive numbers."""

ONE_ARGUMENT = [
    Right(f"{name} at {where}", f, (point(where),))
    for name, f in ANYWHERE.items()
    for where in S
] + [
    Right(f"{name} at {where}, positive", f, (point(where, positive=True),))
    for name, f in PLACES.items()
    for where in POSITIVE
]  # fmt: skip


def fixed(*values: Any) -> Domain:
    """One of some arrays."""

    def draw(rng: Any, dtype: str) -> Any:
        x = np.asarray(values[rng.integers(len(values))])
        return np.asarray(x, dtype)[()]

    return draw


def of_two(name: str, f: Any, x: Domain, y: Domain, kinds: str = "d") -> Right:
    return Right(name, f, (x, y), kinds)


TIES = fixed([1.0, 2.0, 3.0], [1.0, -2.0, 0.0], [0.0, 0.0, 0.0], [1000.0, 2.0, 1e-9])
OTHERS = fixed([1.0, 2.0, 3.0], [1.0, 5.0, 0.0], [0.0, 0.0, 0.0], [1000.0, 2.0, 1.0])
SLOPES = fixed(0.0, 0.25, 1.0, -0.5)

TWO_ARGUMENTS = [
    of_two("maximum at ties", np.maximum, TIES, OTHERS),
    of_two("minimum at ties", np.minimum, TIES, OTHERS),
    of_two("sum of maxima at ties", lambda x, y: np.sum(np.maximum(x, y) * y), TIES, OTHERS),
    of_two("absolute difference at ties", lambda x, y: np.abs(x - y), TIES, OTHERS),
    of_two("mean absolute error at ties", lambda x, y: np.mean(np.abs(x - y)), TIES, OTHERS),
    of_two("hypot at zeros", np.hypot, TIES, OTHERS),
    of_two("prelu by where", lambda x, a: np.where(x > 0, x, a * x), TIES, SLOPES),
    of_two("prelu by maxima", lambda x, a: np.maximum(x, 0) + a * np.minimum(x, 0), TIES, SLOPES),
    of_two("prelu by relus", lambda x, a: nn.relu(x) - a * nn.relu(-x), TIES, SLOPES),
    of_two("leaky relu of any slope", nn.leaky_relu, TIES, SLOPES),
    of_two("product with zeros", lambda x, y: x * y, TIES, OTHERS),
    of_two("inner product with zeros", lambda x, y: x @ y, TIES, OTHERS),
    of_two("quotient", lambda x, y: x / (1 + y * y), TIES, OTHERS),
    of_two("relu layer", lambda x, y: nn.relu(np.outer(x, y)), TIES, OTHERS),
    of_two("largest of products", lambda x, y: np.max(x * y), TIES, OTHERS),
    of_two("squared distance", lambda x, y: np.sum((x - y) ** 2), TIES, OTHERS),
    of_two("switch at equality", lambda x, y: np.where(x >= y, x * x - y * y, 2 * y * (x - y)),
           TIES, OTHERS),
    of_two("logaddexp", np.logaddexp, TIES, OTHERS),
    of_two("arctan2", np.arctan2, fixed([1.0, 0.5, -2.0]), fixed([1.0, -3.0, 2.0])),
    of_two("remainder inside", np.remainder, fixed([5.5, -1.5, 0.25]), fixed([2.0, 4.0, 1.0])),
]  # fmt: skip


# --- matrices ------------------------------------------------------------------------------------


def matrix(name: str) -> Domain:
    """Symmetric matrices whose eigenvalues are special, in random directions or along axes."""
    values = {
        "equal eigenvalues": [1.0, 1.0, 1.0],
        "two equal eigenvalues": [1.0, 1.0, 3.0],
        "eigenvalues 1e-5 apart": [1.0, 1.0 + 1e-5, 3.0],
        "eigenvalues 1e-7 apart": [1.0, 1.0 + 1e-7, 3.0],
        "condition 1e4": [1.0, 1e-2, 1e-4],
        "condition 1e6": [1.0, 1e-3, 1e-6],
        "large": [1e5, 2e5, 4e5],
        "small": [1e-5, 2e-5, 4e-5],
        "integers": [1.0, 2.0, 4.0],
    }[name]

    def draw(rng: Any, dtype: str) -> Any:
        q = np.linalg.qr(rng.standard_normal((3, 3)))[0] if name != "integers" else np.eye(3)
        a = q @ np.diag(values) @ q.T
        return np.asarray((a + a.T) / 2, dtype)

    return draw


def symmetric(a: Any) -> Any:
    return 0.5 * (a + a.T)


MATRICES = (
    "equal eigenvalues", "two equal eigenvalues", "eigenvalues 1e-5 apart",
    "eigenvalues 1e-7 apart", "condition 1e4", "condition 1e6", "large", "small", "integers",
)  # fmt: skip
OF_MATRICES: dict[str, Callable[..., Any]] = {
    "inverse": lambda a: np.linalg.inv(a),
    "solution": lambda a: np.linalg.solve(a, np.array([1.0, -1.0, 2.0])),
    "determinant": lambda a: np.linalg.det(a),
    "log of the determinant": lambda a: np.linalg.slogdet(a)[1],
    "cholesky": lambda a: np.linalg.cholesky(symmetric(a)),
    "eigenvalues": lambda a: np.linalg.eigvalsh(symmetric(a)),
    "sum of square roots of eigenvalues": lambda a: np.sum(
        np.sqrt(np.linalg.eigvalsh(symmetric(a)))
    ),
    "quadratic form of the inverse": lambda a: np.sum(np.linalg.inv(symmetric(a))[0]),
    "trace of the square": lambda a: np.trace(a @ a),
    "singular values": lambda a: np.linalg.svd(a, compute_uv=False),
    "normalised": lambda a: a / np.sqrt(np.sum(a * a)),
}

ALGEBRA = [
    Right(f"{name} at {where}", f, (matrix(where),))
    for name, f in OF_MATRICES.items()
    for where in MATRICES
]


# --- single and half precision, complex numbers --------------------------------------------------


def many(n: int, *, shift: float = 0.0, scale: float = 1.0) -> Domain:
    return lambda rng, dtype: np.asarray(rng.standard_normal(n) * scale + shift, dtype)


IMAGE, KERNEL = real(1, 2, 6, 6), real(3, 2, 3, 3)
SINGLE = [
    Right(name, f, domains, kinds)
    for name, f, domains, kinds in (
        ("sum of thousands of squares", lambda x: np.sum(x * x), (many(4000),), "f"),
        ("mean of thousands", lambda x: np.mean(np.tanh(x)), (many(3000),), "f"),
        ("softmax of hundreds", nn.softmax, (many(400, scale=4),), "f"),
        ("log of sums of exp of hundreds", nn.logsumexp, (many(400, scale=9),), "f"),
        ("standardised", lambda x: (x - x.mean()) / np.sqrt(x.var() + 1e-5), (many(500),), "f"),
        ("standardised, far from 0",
         lambda x: (x - x.mean()) / np.sqrt(x.var() + 1e-5), (many(500, shift=30.0),), "f"),
        ("variance, naive", lambda x: np.mean(x * x) - np.mean(x) ** 2,
         (many(500, shift=10.0),), "f"),
        ("1 - cos", lambda x: 1 - np.cos(x), (many(9, scale=1e-2),), "f"),
        ("sine of hundreds", np.sin, (many(9, scale=300.0),), "f"),
        ("roots of a quadratic", lambda b: (-b + np.sqrt(b * b + 4)) / 2,
         (many(9, scale=50.0),), "f"),
        ("convolution", lambda x, k: lax.conv(x, k, (1, 1), "SAME"), (IMAGE, KERNEL), "f"),
        ("product of matrices", lambda a, b: a @ b, (real(4, 200), real(200, 3)), "f"),
        ("gram matrix", lambda a: a.T @ a, (real(100, 3),), "f"),
        ("inverse", lambda a: np.linalg.inv(a), (regular(4),), "f"),
        ("cholesky", lambda a: np.linalg.cholesky(symmetric(a)), (definite(4),), "f"),
        ("cumulative product", np.cumprod, (many(12, shift=1.0, scale=0.2),), "f"),
        ("running sum", np.cumsum, (many(900),), "f"),
        ("recurrent", lambda x: lax.scan(lambda h, a: (np.tanh(0.9 * h + a), h), x[0] * 0, x)[1],
         (many(40),), "f"),
        ("layer norm", lambda x: nn.standardize(x), (real(6, 32),), "f"),
        ("attention", nn.dot_product_attention, (real(1, 5, 2, 8),) * 3, "f"),
        ("distances", lambda x, y: np.sum(x * x) + np.sum(y * y) - 2 * x @ y,
         (many(60), many(60)), "f"),
        ("cross entropy", lambda s: -np.mean(nn.log_softmax(s)[:, 0]), (real(40, 10),), "f"),
        ("exponentials", lambda x: np.exp(x) - np.exp(-x), (many(20, scale=3.0),), "f"),
        ("power 7", lambda x: x**7, (many(9, scale=2.0),), "f"),
        ("abs of zeros", np.abs, (point("some zeros"),), "f"),
        ("relu of zeros", nn.relu, (point("some zeros"),), "f"),
        ("largest of ties", np.max, (point("integers"),), "f"),
        ("gelu", nn.gelu, (many(30),), "fe"),
        ("tanh in halves", np.tanh, (many(12),), "e"),
        ("softmax in halves", nn.softmax, (many(12),), "e"),
        ("product in halves", lambda a, b: a @ b, (real(3, 4), real(4, 2)), "e"),
        ("square in halves", lambda x: x * x, (many(12),), "e"),
        ("mean of squares in halves", lambda x: np.mean(x * x), (many(30),), "e"),
        ("sine in complex singles", np.sin, (real(5),), "F"),
        ("product in complex singles", lambda a, b: a @ b, (real(3, 40), real(40, 2)), "F"),
        ("moduli in complex singles", lambda z: np.sum(np.abs(z) ** 2), (real(200),), "F"),
        ("inverse in complex singles", lambda a: np.linalg.inv(a), (regular(3),), "F"),
        ("single precision inside", lambda x: np.sum(x.astype("f4") ** 2), (many(50),), "d"),
    )
]  # fmt: skip

COMPLEX = [
    Right(f"{name} at {where}", f, (point(where),), "D")
    for name, f in {
        "square": lambda z: z * z,
        "modulus squared": lambda z: np.abs(z) ** 2,
        "conjugate product": lambda z: z * np.conj(z) + z,
        "exponential of i z": lambda z: np.exp(1j * z / (1 + np.max(np.abs(z)))),
        "real part of the cube": lambda z: np.real(z**3),
        "reciprocal plus 9": lambda z: 1 / (z * z + 900000.0),
    }.items()
    for where in ("zeros", "ones", "some zeros", "integers", "large", "tiny beside ordinary")
]


# --- overflow, rounding, saturation --------------------------------------------------------------


def near(low: float, high: float, n: int = 3) -> Domain:
    return lambda rng, dtype: np.asarray(rng.uniform(low, high, n), dtype)


EDGES = [
    Right(name, f, (domain,))
    for name, f, domain in (
        ("log of sums of exp at 360", lambda x: np.log(np.sum(np.exp(x))), near(355, 362)),
        ("log of sums of exp at 500", lambda x: np.log(np.sum(np.exp(x))), near(200, 500)),
        ("log of one exp", lambda x: np.log(np.exp(x)), near(200, 700)),
        ("softmax at 600", lambda x: np.exp(x) / np.sum(np.exp(x)), near(400, 600)),
        ("softplus at 650", lambda x: np.log(1 + np.exp(x)), near(600, 700)),
        ("softplus at -650", lambda x: np.log1p(np.exp(x)), near(-700, -600)),
        ("sigmoid at 200", lambda x: 1 / (1 + np.exp(-x)), near(-300, 300)),
        ("saturated tanh", np.tanh, near(15, 25)),
        ("saturated erf by tanh", lambda x: np.tanh(1.1 * x) ** 3, near(8, 12)),
        ("log cosh", lambda x: np.log(np.cosh(x)), near(-600, 600)),
        ("normal density, far", lambda x: np.exp(-x * x / 2), near(8, 30)),
        ("log of 1 - tiny", lambda x: np.log(1 - x), near(1e-12, 1e-9)),
        ("1 - sqrt(1 - tiny)", lambda x: 1 - np.sqrt(1 - x), near(1e-10, 1e-6)),
        ("arcsin near 1", np.arcsin, near(0.99999, 0.9999999)),
        ("arccos near -1", np.arccos, near(-0.9999999, -0.99999)),
        ("arctanh near 1", np.arctanh, near(0.99999, 0.9999999)),
        ("arccosh near 1", np.arccosh, near(1.0000001, 1.00001)),
        ("log near 0", np.log, near(1e-120, 1e-100)),
        ("sqrt near 0", np.sqrt, near(1e-120, 1e-100)),
        ("power 0.1 near 0", lambda x: x**0.1, near(1e-30, 1e-20)),
        ("reciprocal of 1e-90", lambda x: 1 / x, near(1e-90, 2e-90)),
        ("square of 1e150", lambda x: x * 1e-300 * x, near(1e150, 2e150)),
        ("tan near a pole", np.tan, near(1.5707, 1.57079)),
        ("expm1 of tiny", np.expm1, near(-1e-12, 1e-12)),
        ("log1p of tiny", np.log1p, near(-1e-12, 1e-12)),
        ("sinc near 0", np.sinc, near(-1e-6, 1e-6)),
        ("difference of squares", lambda x: (x + 1e6) ** 2 - (x - 1e6) ** 2, near(1, 2)),
        ("sum and its difference", lambda x: (x + 1e8) - 1e8, near(1, 2)),
        ("kink beside", lambda x: np.arctan(np.maximum(x, 0.1 * x**3 + 0.0119)), near(-0.02, 0.02)),
        ("kink close by", lambda x: np.maximum(x, 1.0) ** 2 + np.sin(x), near(0.999, 1.001)),
        ("kinks on both sides", lambda x: np.clip(x, 0.99, 1.01) ** 3, near(0.985, 1.015)),
        ("small kink", lambda x: np.sin(x) + 1e-4 * np.abs(x - 1), near(0.9, 1.1)),
        ("rounded beside", lambda x: x * np.round(x), near(1.6, 2.4)),
        ("fraction of a number", lambda x: x - np.floor(x), near(1.1, 1.9)),
        ("waves of 300", lambda x: np.sin(300 * x), near(-1, 1)),
        ("narrow bell, beside", lambda x: np.exp(-1e4 * (x - 1) ** 2), near(0.9, 1.1)),
        ("steep step", lambda x: np.tanh(1e4 * (x - 1)), near(0.999, 1.001)),
        ("smooth abs of 1e-8", lambda x: np.sqrt(x * x + 1e-16), near(-1e-7, 1e-7)),
        ("polynomial near a root of order 5", lambda x: (x - 1) ** 5, near(0.999, 1.001)),
        ("the same, expanded",
         lambda x: x**5 - 5 * x**4 + 10 * x**3 - 10 * x * x + 5 * x - 1, near(0.9, 1.1)),
    )
]  # fmt: skip


# --- iterations to a tolerance -------------------------------------------------------------------


def root_of(tolerance: float) -> Callable[..., Any]:
    """The root of y^3 + y = x by Newton's method, with the derivative of the exact one."""

    def value(x: Any) -> Any:
        def step(c: Any) -> Any:
            y, _ = c
            new = y - (y**3 + y - x) / (3 * y * y + 1)
            return new, np.abs(new - y)

        return lax.while_loop(lambda c: c[1] > tolerance, step, (x * 0 + 1.0, x * 0 + 1.0))[0]

    f = fg.custom_jvp(fg.jit(value))
    f.defjvp(lambda p, t: (f(*p), t[0] / (3 * f(*p) ** 2 + 1)))
    return f


def growth_to(tolerance: float) -> Callable[..., Any]:
    """exp(x) by a series that ends at a tolerance; its derivative is the value itself."""

    def value(x: Any) -> Any:
        def step(c: Any) -> Any:
            total, term, k = c
            term = term * x / k
            return total + term, term, k + 1

        start = (x * 0 + 1.0, x * 0 + 1.0, 1)
        return lax.while_loop(lambda c: np.abs(c[1]) > tolerance, step, start)[0]

    f = fg.custom_jvp(fg.jit(value))
    f.defjvp(lambda p, t: (f(*p), f(*p) * t[0]))
    return f


def one_of(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: f(x[0])


SOLVED = [
    Right(f"{name} to {tolerance:g}", make(tolerance), (near(0.5, 3.0, 1),))
    for name, make in (("root", lambda t: one_of(root_of(t))),
                       ("series", lambda t: one_of(growth_to(t))))
    for tolerance in (1e-4, 1e-6, 1e-9, 1e-12)
]  # fmt: skip


FUNCTIONS = [*ONE_ARGUMENT, *TWO_ARGUMENTS, *ALGEBRA, *SINGLE, *COMPLEX, *EDGES, *SOLVED]
