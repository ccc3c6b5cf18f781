"""Linear algebra, complex layers and gradients by hand, right and with mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .layers_dense import Layer, changed
from .mutant import Mutant, between, normal, of_gradient

Array = np.ndarray


def regular(rng: Any) -> tuple[Any, ...]:
    return (rng.standard_normal((3, 3)) + 3 * np.eye(3),)


# --- matrices ------------------------------------------------------------------------------------


def inverse(a: Array) -> Any:
    y = np.linalg.inv(a)
    return y, y


INVERSE = Layer("matrix inverse", inverse, lambda ct, y: (-y.T @ ct @ y.T,), regular, {
    "not transposed": lambda ct, y: (-y @ ct @ y,),
    "sign": lambda ct, y: (y.T @ ct @ y.T,),
    "cotangent transposed": lambda ct, y: (-y.T @ ct.T @ y.T,),
    "one factor missing": lambda ct, y: (-y.T @ ct,),
})  # fmt: skip


def determinant(a: Array) -> Any:
    return np.linalg.det(a), a


DETERMINANT = Layer(
    "determinant", determinant,
    lambda ct, a: (ct * np.linalg.det(a) * np.linalg.inv(a).T,), regular, {
    "not transposed": lambda ct, a: (ct * np.linalg.det(a) * np.linalg.inv(a),),
    "determinant forgotten": lambda ct, a: (ct * np.linalg.inv(a).T,),
    "trace only": lambda ct, a: (ct * np.eye(3) * np.linalg.det(a),),
})  # fmt: skip


def cholesky_solve(s: Array, b: Array) -> Any:
    """(S + S^T)^-1 b by the Cholesky factor, for any S with a positive symmetric part."""
    factor = np.linalg.cholesky(s + s.T)
    return np.linalg.solve(factor.T, np.linalg.solve(factor, b)), (factor, s, b)


def cholesky_solve_backward(ct: Array, cache: Any) -> Any:
    factor, s, b = cache
    g = np.linalg.solve(factor.T, np.linalg.solve(factor, ct))
    outer = -np.outer(g, np.linalg.solve(s + s.T, b))
    return outer + outer.T, g


def positive_system(rng: Any) -> tuple[Any, ...]:
    a = rng.standard_normal((3, 3))
    return a @ a.T + 2 * np.eye(3), rng.standard_normal(3)


CHOLESKY_SOLVE = Layer("Cholesky solve", cholesky_solve, cholesky_solve_backward, positive_system, {
    "symmetric part forgotten": changed(cholesky_solve_backward, 0, lambda g, ct, c: -np.outer(
        cholesky_solve_backward(ct, c)[1], np.linalg.solve(c[1] + c[1].T, c[2]))),
    "one triangle": changed(cholesky_solve_backward, 0, lambda g, ct, c: np.tril(g)),
    "one solve only": changed(
        cholesky_solve_backward, 1, lambda g, ct, c: np.linalg.solve(c[0], ct)),
    "matrix dropped": changed(cholesky_solve_backward, 0, lambda g, ct, c: None),
})  # fmt: skip


def outer(x: Array, y: Array) -> Any:
    return x[:, None] * y, (x, y)


def outer_backward(ct: Array, cache: Any) -> Any:
    x, y = cache
    return ct @ y, x @ ct


OUTER = Layer("outer product", outer, outer_backward, normal((4,), (4,)), {
    "operands swapped": lambda ct, c: outer_backward(ct, c)[::-1],
    "not transposed": lambda ct, c: (c[1] @ ct, ct @ c[0]),
    "diagonal only": lambda ct, c: (np.diagonal(ct) * c[1], c[0] @ ct),
})  # fmt: skip


def cosine(x: Array, y: Array) -> Any:
    a, b = np.sqrt(np.sum(x * x)), np.sqrt(np.sum(y * y))
    return np.sum(x * y) / (a * b), (x, y, a, b)


def cosine_backward(ct: Array, cache: Any, projected: float = 1.0) -> Any:
    x, y, a, b = cache
    c = np.sum(x * y) / (a * b)
    return (
        ct * (y / (a * b) - projected * c * x / a**2),
        ct * (x / (a * b) - projected * c * y / b**2),
    )


COSINE = Layer("cosine similarity", cosine, cosine_backward, normal((5,), (5,)), {
    "lengths held constant": lambda ct, c: cosine_backward(ct, c, 0.0),
    "sign of a term": lambda ct, c: cosine_backward(ct, c, -1.0),
    "operands swapped": lambda ct, c: cosine_backward(ct, c)[::-1],
    "wrong power": changed(cosine_backward, 0, lambda g, ct, c: g * c[2]),
})  # fmt: skip


def logsumexp(x: Array) -> Any:
    top = x.max(axis=1, keepdims=True)
    e = np.exp(x - top)
    return np.log(e.sum(axis=1)) + top[:, 0], e / e.sum(axis=1, keepdims=True)


LOGSUMEXP = Layer("log-sum-exp", logsumexp, lambda ct, p: (ct[:, None] * p,), normal((3, 3)), {
    "wrong axis": lambda ct, p: (ct * p,),
    "uniform": lambda ct, p: (ct[:, None] * np.full_like(p, 1 / 3),),
    "largest only": lambda ct, p: (ct[:, None] * (p == p.max(axis=1, keepdims=True)),),
    "weights normalised again": lambda ct, p: (
        ct[:, None] * np.exp(p) / np.exp(p).sum(axis=1, keepdims=True),),
})  # fmt: skip

# --- Fourier and complex layers ------------------------------------------------------------------


def filtered(x: Array, k: Array) -> Any:
    """Circular convolution by the Fourier transform."""
    fx, fk = np.fft.fft(x), np.fft.fft(k)
    return np.fft.ifft(fx * fk).real, (fx, fk)


def filtered_backward(ct: Array, cache: Any, turn: Any = np.conj) -> Any:
    fx, fk = cache
    f = np.fft.fft(ct)
    return np.fft.ifft(f * turn(fk)).real, np.fft.ifft(f * turn(fx)).real


FILTER = Layer("Fourier filter", filtered, filtered_backward, normal((8,), (8,)), {
    "missing conj": lambda ct, c: filtered_backward(ct, c, lambda z: z),
    "missing 1/N": lambda ct, c: tuple(8 * g for g in filtered_backward(ct, c)),
    "operands swapped": lambda ct, c: filtered_backward(ct, c)[::-1],
    "off by one": lambda ct, c: tuple(np.roll(g, 1) for g in filtered_backward(ct, c)),
})  # fmt: skip


def complex_dense(z: Array, w: Array) -> Any:
    return z @ w, (z, w)


def complex_dense_backward(ct: Array, cache: Any) -> Any:
    z, w = cache
    return ct @ w.T, z.T @ ct


COMPLEX_DENSE = Layer("complex dense", complex_dense, complex_dense_backward,
                      normal((2, 3), (3, 3), dtype="c16"), {
    "conj of the weights": changed(
        complex_dense_backward, 0, lambda g, ct, c: ct @ np.conj(c[1]).T),
    "conj of the input": changed(complex_dense_backward, 1, lambda g, ct, c: np.conj(c[0]).T @ ct),
    "conj of the cotangent": lambda ct, c: complex_dense_backward(np.conj(ct), c),
    "real part": changed(complex_dense_backward, 1, lambda g, ct, c: g.real),
    "real part, complex": changed(complex_dense_backward, 1, lambda g, ct, c: g.real + 0j),
})  # fmt: skip


def modulus_relu(z: Array, b: Array) -> Any:
    """Z with its modulus shortened by b: z (1 - b / |z|)."""
    r = np.abs(z)
    return z * (1 - b / r), (z, b, r)


def modulus_relu_backward(ct: Array, cache: Any, radial: float = 1.0) -> Any:
    z, b, r = cache
    along = np.real(ct * z)
    dz = ct * (1 - b / r) + radial * along * b / r**3 * np.conj(z)
    return dz, -along / r


def around_one(rng: Any) -> tuple[Any, ...]:
    turned = np.exp(2j * np.pi * rng.random(4))
    return rng.uniform(0.5, 2.0, 4) * turned, rng.uniform(0.1, 0.4, 4)


MODULUS = Layer("complex modulus layer", modulus_relu, modulus_relu_backward, around_one, {
    "modulus held constant": lambda ct, c: modulus_relu_backward(ct, c, 0.0),
    "sign of a term": lambda ct, c: modulus_relu_backward(ct, c, -1.0),
    "missing conj": changed(modulus_relu_backward, 0, lambda g, ct, c: ct * (
        1 - c[1] / c[2]) + np.real(ct * c[0]) * c[1] / c[2] ** 3 * c[0]),
    "shift forgotten": changed(modulus_relu_backward, 1, lambda g, ct, c: None),
})  # fmt: skip

# --- gradients of losses, checked by check_gradient ----------------------------------------------


def ridge(w: Array, x: Array, y: Array) -> Any:
    return np.mean((x @ w - y) ** 2) + 0.1 * np.sum(w * w)


def ridge_gradient(w: Array, x: Array, y: Array, penalty: float = 0.2, n: float = 1.0) -> Any:
    return 2 * x.T @ (x @ w - y) / (len(y) * n) + penalty * w


def logistic(w: Array, x: Array) -> Any:
    return np.mean(np.log1p(np.exp(-(x @ w))))


def logistic_gradient(w: Array, x: Array, sign: float = 1.0) -> Any:
    return -sign * x.T @ (1 / (1 + np.exp(sign * (x @ w)))) / len(x)


def rosenbrock(x: Array) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Array, first: float = 400.0, both: float = 1.0) -> Any:
    g, d = np.zeros(len(x)), x[1:] - x[:-1] ** 2
    g[:-1] = -first * x[:-1] * d - 2 * (1 - x[:-1])
    g[1:] += both * 200 * d
    return g


def entropy(p: Array) -> Any:
    return -np.sum(p * np.log(p))


LINEAR_DATA = normal((3,), (6, 3), (6,))
LOGISTIC_DATA = normal((3,), (6, 3))
GRADIENTS: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    "ridge": (ridge, ridge_gradient, LINEAR_DATA, {
        "penalty forgotten": lambda w, x, y: ridge_gradient(w, x, y, 0.0),
        "factor 2 of the penalty": lambda w, x, y: ridge_gradient(w, x, y, 0.1),
        "missing 1/N": lambda w, x, y: ridge_gradient(w, x, y, n=1 / 6),
        "sign of the error": lambda w, x, y: ridge_gradient(w, x, 2 * x @ w - y),
    }),
    "logistic loss": (logistic, logistic_gradient, LOGISTIC_DATA, {
        "sign": lambda w, x: -logistic_gradient(w, x),
        "missing 1/N": lambda w, x: logistic_gradient(w, x) * len(x),
        "label of the other class": lambda w, x: logistic_gradient(w, x, -1.0),
    }),
    "Rosenbrock": (rosenbrock, rosenbrock_gradient, normal((4,)), {
        "factor 2": lambda x: rosenbrock_gradient(x, 200.0),
        "one neighbour": lambda x: rosenbrock_gradient(x, both=0.0),
        "sign of a term": lambda x: rosenbrock_gradient(x, both=-1.0),
    }),
    "entropy": (entropy, lambda p: -np.log(p) - 1, between(0.1, 1.0, (4,)), {
        "constant forgotten": lambda p: -np.log(p),
        "sign of a term": lambda p: -np.log(p) + 1,
        "wrong base": lambda p: -np.log2(p) - 1,
    }),
}  # fmt: skip
"""Loss, its gradient, arguments, wrong gradients by mistake."""


def of_loss(name: str, mistake: str, f: Any, wrong: Any, right: Any, draw: Any) -> Mutant:
    return of_gradient(f"gradient of {name}: {mistake}", mistake, f, wrong, right, draw)


LAYERS = [
    INVERSE, DETERMINANT, CHOLESKY_SOLVE, OUTER, COSINE, LOGSUMEXP, FILTER, COMPLEX_DENSE, MODULUS,
]  # fmt: skip
MUTANTS = [
    *(mutant for layer in LAYERS for mutant in layer.mutants()),
    *(
        of_loss(name, mistake, f, wrong, right, draw)
        for name, (f, right, draw, mistakes) in GRADIENTS.items()
        for mistake, wrong in mistakes.items()
    ),
]
