"""Functions of arrays with a derivative rule written as a formula, right and with one mistake."""

from __future__ import annotations

from typing import Any

import numpy as np

from .mutant import Draw, Mutant, between, normal, of_function, pulled, pushed, with_jvp, with_vjp


def positive(rng: Any) -> tuple[Any, ...]:
    a = rng.standard_normal((3, 3))
    return (a @ a.T + 2 * np.eye(3),)


def regular(rng: Any) -> tuple[Any, ...]:
    return (rng.standard_normal((3, 3)) + 3 * np.eye(3),)


def halved(t: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return np.tril(t) - 0.5 * np.diag(np.diagonal(t))


def symmetric(a: Any) -> Any:
    return 0.5 * (a + a.T)


def vectors(a: Any) -> Any:
    return np.linalg.eigh(symmetric(a))[1]


def cholesky(a: Any) -> Any:
    return np.linalg.cholesky(symmetric(a))


def cholesky_tangent(a: Any, t: Any, middle: Any = halved) -> Any:
    factor = cholesky(a)
    inverse = np.linalg.inv(factor)
    return factor @ middle(inverse @ symmetric(t) @ inverse.T)


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def logsumexp(x: Any) -> Any:
    return np.log(np.sum(np.exp(x), axis=-1))


def top(x: Any) -> Any:
    return x == np.max(x, axis=-1, keepdims=True)


def ranks(x: Any) -> Any:
    return np.argsort(x, axis=-1)


def ordered(x: Any, t: Any) -> Any:
    return np.take_along_axis(t, ranks(x), -1)


def norm(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


def unit(x: Any) -> Any:
    return x / norm(x)


def inverse(a: Any) -> Any:
    return np.linalg.inv(a)


def total(x: Any) -> Any:
    return np.sum(x, axis=-1)


JVP: dict[str, tuple[Any, Any, Draw, dict[str, Any]]] = {
    "softmax": (softmax, lambda x, t: softmax(x) * (t - total(softmax(x) * t)[:, None]),
                normal((3, 4)), {
        "dropped term": lambda x, t: softmax(x) * t,
        "sign of a term": lambda x, t: softmax(x) * (t + total(softmax(x) * t)[:, None]),
        "weights forgotten": lambda x, t: softmax(x) * (t - total(t)[:, None]),
        "wrong axis": lambda x, t: softmax(x) * (t - np.sum(softmax(x) * t, axis=0)),
        "mean instead of sum": lambda x, t: softmax(x) * (
            t - np.mean(softmax(x) * t, axis=-1)[:, None]),
    }),
    "logsumexp": (logsumexp, lambda x, t: total(softmax(x) * t), normal((3, 4)), {
        "not normalised": lambda x, t: total(np.exp(x) * t),
        "mean instead of weights": lambda x, t: np.mean(t, axis=-1),
        "largest only": lambda x, t: total(np.where(top(x), t, 0)),
        "not summed": lambda x, t: softmax(x)[:, 0] * t[:, 0],
    }),
    "max": (lambda x: np.max(x, axis=-1), lambda x, t: total(np.where(top(x), t, 0)),
            normal((3, 4)), {
        "smallest instead": lambda x, t: total(np.where(top(-x), t, 0)),
        "all of them": lambda x, t: total(t),
        "last one always": lambda x, t: t[:, -1],
        "off by one": lambda x, t: total(np.where(np.roll(top(x), 1, -1), t, 0)),
    }),
    "prod": (lambda x: np.prod(x, axis=-1), lambda x, t: np.prod(x, axis=-1) * total(t / x),
             between(0.5, 2.0, (3, 4)), {
        "sum instead": lambda x, t: total(t),
        "factor kept": lambda x, t: np.prod(x, axis=-1) * total(t),
        "dropped term": lambda x, t: np.prod(x, axis=-1) * total((t / x)[:, 1:]),
        "relative 1e-5": lambda x, t: np.prod(x, axis=-1) * total(t / x) * 1.00001,
    }),
    "mean": (lambda x: np.mean(x, axis=0), lambda x, t: np.mean(t, axis=0), normal((5, 2)), {
        "missing 1/N": lambda x, t: np.sum(t, axis=0),
        "wrong N": lambda x, t: np.sum(t, axis=0) / 2,
        "N - 1": lambda x, t: np.sum(t, axis=0) / 4,
    }),
    "variance": (lambda x: np.mean((x - np.mean(x)) ** 2),
                 lambda x, t: 2 * np.mean((x - np.mean(x)) * t), normal((6,)), {
        "mean not subtracted": lambda x, t: 2 * np.mean(x * t),
        "N - 1": lambda x, t: 2 * np.sum((x - np.mean(x)) * t) / 5,
        "factor 2 forgotten": lambda x, t: np.mean((x - np.mean(x)) * t),
    }),
    "norm": (norm, lambda x, t: np.sum(unit(x) * t), normal((3, 2)), {
        "not normalised": lambda x, t: np.sum(x * t),
        "factor 2": lambda x, t: 2 * np.sum(unit(x) * t),
        "wrong power": lambda x, t: np.sum(x * t) / norm(x) ** 2,
    }),
    "unit vector": (unit, lambda x, t: (t - unit(x) * np.sum(unit(x) * t)) / norm(x),
                    normal((5,)), {
        "dropped term": lambda x, t: t / norm(x),
        "sign of a term": lambda x, t: (t + unit(x) * np.sum(unit(x) * t)) / norm(x),
        "norm forgotten": lambda x, t: t - unit(x) * np.sum(unit(x) * t),
    }),
    "inverse": (inverse, lambda a, t: -inverse(a) @ t @ inverse(a), regular, {
        "sign": lambda a, t: inverse(a) @ t @ inverse(a),
        "transposed": lambda a, t: -(inverse(a) @ t @ inverse(a)).T,
        "one factor missing": lambda a, t: -t @ inverse(a),
        "one factor transposed": lambda a, t: -inverse(a) @ t @ inverse(a).T,
        "elementwise": lambda a, t: -inverse(a) * t * inverse(a),
    }),
    "determinant": (lambda a: np.linalg.det(a),
                    lambda a, t: np.linalg.det(a) * np.trace(inverse(a) @ t), regular, {
        "determinant forgotten": lambda a, t: np.trace(inverse(a) @ t),
        "transposed": lambda a, t: np.linalg.det(a) * np.sum(inverse(a) * t),
        "not inverted": lambda a, t: np.linalg.det(a) * np.trace(a @ t),
    }),
    "log determinant": (lambda a: np.linalg.slogdet(a)[1],
                        lambda a, t: np.trace(inverse(a) @ t), regular, {
        "determinant kept": lambda a, t: np.linalg.det(a) * np.trace(inverse(a) @ t),
        "transposed": lambda a, t: np.sum(inverse(a) * t),
    }),
    "cholesky": (cholesky, cholesky_tangent, positive, {
        "diagonal not halved": lambda a, t: cholesky_tangent(a, t, np.tril),
        "wrong triangle": lambda a, t: cholesky_tangent(a, t, lambda m: halved(m.T).T),
        "not triangular": lambda a, t: cholesky_tangent(a, t, lambda m: 0.5 * m),
        "factor 1/2": lambda a, t: 0.5 * cholesky_tangent(a, t),
    }),
    "eigenvalues": (lambda a: np.linalg.eigvalsh(symmetric(a)),
                    lambda a, t: np.diagonal(vectors(a).T @ symmetric(t) @ vectors(a)),
                    positive, {
        "vectors not transposed": lambda a, t: np.diagonal(
            vectors(a) @ symmetric(t) @ vectors(a).T),
        "vectors forgotten": lambda a, t: np.diagonal(t),
        "order reversed": lambda a, t: np.diagonal(
            vectors(a).T @ symmetric(t) @ vectors(a))[::-1],
    }),
    "sort": (lambda x: np.sort(x, axis=-1), ordered, normal((3, 7)), {
        "not sorted": lambda x, t: t,
        "tangents sorted by themselves": lambda x, t: np.sort(t, axis=-1),
        "permutation inverted": lambda x, t: np.take_along_axis(t, ranks(ranks(x)), -1),
        "descending": lambda x, t: ordered(x, t)[:, ::-1],
    }),
    "cumulative product": (lambda x: np.cumprod(x),
                           lambda x, t: np.cumprod(x) * np.cumsum(t / x),
                           between(0.5, 2.0, (5,)), {
        "not cumulative": lambda x, t: np.cumprod(x) * t / x,
        "product forgotten": lambda x, t: np.cumsum(t / x),
        "from the other end": lambda x, t: np.cumprod(x) * np.cumsum((t / x)[::-1])[::-1],
    }),
    "cosine similarity": (
        lambda x, y: np.sum(unit(x) * unit(y)),
        lambda x, y, t, s: np.sum((unit(y) - unit(x) * np.sum(unit(x) * unit(y))) * t) / norm(x)
        + np.sum((unit(x) - unit(y) * np.sum(unit(x) * unit(y))) * s) / norm(y),
        normal((4,), (4,)), {
        "lengths held constant": lambda x, y, t, s: np.sum(unit(y) * t) / norm(x)
        + np.sum(unit(x) * s) / norm(y),
        "dropped operand": lambda x, y, t, s: np.sum(
            (unit(y) - unit(x) * np.sum(unit(x) * unit(y))) * t) / norm(x),
    }),
    "complex modulus": (lambda z: np.abs(z) ** 2, lambda z, t: 2 * np.real(np.conj(z) * t),
                        normal((3,), dtype="c16"), {
        "missing conj": lambda z, t: 2 * np.real(z * t),
        "real part only": lambda z, t: 2 * np.real(z) * np.real(t),
        "factor 2 forgotten": lambda z, t: np.real(np.conj(z) * t),
        "imaginary part": lambda z, t: 2 * np.imag(np.conj(z) * t),
    }),
}  # fmt: skip
"""Function, its tangent, arguments, wrong tangents by mistake."""

VJP: dict[str, tuple[Any, Any, Draw, dict[str, Any]]] = {
    "matrix product": (
        np.matmul, lambda x, w, ct: (ct @ w.T, x.T @ ct), normal((3, 3), (3, 3)), {
        "not transposed": lambda x, w, ct: (ct @ w, x.T @ ct),
        "sides swapped": lambda x, w, ct: (w.T @ ct, x.T @ ct),
        "operands swapped": lambda x, w, ct: (x.T @ ct, ct @ w.T),
        "cotangent transposed": lambda x, w, ct: (ct @ w.T, x.T @ ct.T),
        "dropped operand": lambda x, w, ct: (ct @ w.T, None),
        "result transposed": lambda x, w, ct: (ct @ w.T, ct.T @ x),
    }),
    "complex product": (
        lambda z, w: z * w, lambda z, w, ct: (ct * w, ct * z), normal((3,), (3,), dtype="c16"), {
        "conj of the factor": lambda z, w, ct: (ct * np.conj(w), ct * z),
        "conj of both": lambda z, w, ct: (ct * np.conj(w), ct * np.conj(z)),
        "real part": lambda z, w, ct: (np.real(ct * w), ct * z),
    }),
    "outer product": (
        lambda x, y: np.outer(x, y), lambda x, y, ct: (ct @ y, x @ ct), normal((3,), (3,)), {
        "not transposed": lambda x, y, ct: (y @ ct, ct @ x),
        "operands swapped": lambda x, y, ct: (ct @ x, y @ ct),
        "sum over rows": lambda x, y, ct: (ct @ y, np.sum(ct, axis=0)),
    }),
    "quadratic form": (
        lambda x, a: x @ a @ x, lambda x, a, ct: (ct * (a + a.T) @ x, ct * np.outer(x, x)),
        normal((3,), (3, 3)), {
        "symmetry assumed": lambda x, a, ct: (2 * ct * a @ x, ct * np.outer(x, x)),
        "one term": lambda x, a, ct: (ct * a @ x, ct * np.outer(x, x)),
    }),
    "scale and shift": (
        lambda x, w, b: x * w + b,
        lambda x, w, b, ct: (ct * w, np.sum(ct * x, axis=0), np.sum(ct, axis=0)),
        normal((4, 3), (3,), (3,)), {
        "missing broadcast sum": lambda x, w, b, ct: (ct * w, np.sum(ct * x, axis=0), ct),
        "mean instead of sum": lambda x, w, b, ct: (
            ct * w, np.sum(ct * x, axis=0), np.mean(ct, axis=0)),
        "dropped factor": lambda x, w, b, ct: (ct * w, np.sum(ct, axis=0), np.sum(ct, axis=0)),
        "sum of products": lambda x, w, b, ct: (
            ct * w, np.sum(ct, axis=0) * np.sum(x, axis=0), np.sum(ct, axis=0)),
    }),
    "difference": (
        lambda x: x[1:] - x[:-1],
        lambda x, ct: (np.concatenate([-ct[:1], ct[:-1] - ct[1:], ct[-1:]]),), normal((5,)), {
        "ends forgotten": lambda x, ct: (np.pad(ct[:-1] - ct[1:], 1),),
        "sign": lambda x, ct: (np.concatenate([ct[:1], ct[1:] - ct[:-1], -ct[-1:]]),),
        "off by one": lambda x, ct: (np.concatenate([-ct, ct[-1:]]),),
    }),
}  # fmt: skip
"""Function, its cotangents, arguments, wrong cotangents by mistake."""


def of_jvp(name: str, mistake: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    return of_function(
        f"jvp of {name}: {mistake}",
        mistake,
        with_jvp(f, wrong),
        with_jvp(f, right),
        draw,
        probe=pushed,
    )


def of_vjp(name: str, mistake: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    return of_function(
        f"vjp of {name}: {mistake}",
        mistake,
        with_vjp(f, wrong),
        with_vjp(f, right),
        draw,
        probe=pulled,
    )


MUTANTS = [
    *(
        of_jvp(name, mistake, f, wrong, right, draw)
        for name, (f, right, draw, mistakes) in JVP.items()
        for mistake, wrong in mistakes.items()
    ),
    *(
        of_vjp(name, mistake, f, wrong, right, draw)
        for name, (f, right, draw, mistakes) in VJP.items()
        for mistake, wrong in mistakes.items()
    ),
]
