"""Linear algebra, matrix functions by hand, and nearly singular matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad.numpy as fnp

from .right import Domain, constant, definite, real, regular, table, uniform

A, B, S = regular(3), real(3, 2), definite(3)


def hermitian(a: Any) -> Any:
    return 0.5 * (a + np.conj(a).T)


def nearly_singular(gap: float) -> Domain:
    """Matrices whose smallest singular value is about ``gap``."""

    def draw(rng: Any, dtype: str) -> Any:
        u, _, v = np.linalg.svd(rng.standard_normal((3, 3)))
        return np.asarray(u @ np.diag([2.0, 1.0, gap]) @ v, dtype)

    return draw


def spread(*values: float) -> Domain:
    """Symmetric matrices of given eigenvalues."""

    def draw(rng: Any, dtype: str) -> Any:
        q = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
        return np.asarray(hermitian(q @ np.diag(values) @ q.T), dtype)

    return draw


def exponential(a: Any) -> Any:
    """The matrix exponential by scaling and a series."""
    a = a / 8
    term = out = np.eye(3)
    for k in range(1, 12):
        term = term @ a / k
        out = out + term
    for _ in range(3):
        out = out @ out
    return out


def newton_inverse(a: Any) -> Any:
    """Newton's iteration for the inverse, from the scaled transpose."""
    x = a.T / np.sum(a * a)
    for _ in range(25):
        x = x @ (2 * np.eye(3) - a @ x)
    return x


def leverrier(a: Any) -> Any:
    """The coefficients of the characteristic polynomial."""
    m, c, out = np.zeros((3, 3)), 1.0, []
    for k in range(1, 4):
        m = a @ m + c * np.eye(3)
        c = -np.trace(a @ m) / k
        out.append(c)
    return out


def gram_schmidt(a: Any) -> Any:
    q: list[Any] = []
    for j in range(3):
        v = a[:, j]
        for u in q:
            v = v - u * np.sum(u * v)
        q.append(v / np.sqrt(np.sum(v * v)))
    return q


def lower_factor(a: Any) -> Any:
    """Cholesky's algorithm, number by number."""
    rows: list[list[Any]] = []
    for i in range(3):
        row: list[Any] = []
        for j in range(i):
            row.append((a[i, j] - sum(row[k] * rows[j][k] for k in range(j))) / rows[j][j])
        row.append(np.sqrt(a[i, i] - sum(r * r for r in row)))
        rows.append(row)
    return [r for row in rows for r in row]


def power_iteration(a: Any) -> Any:
    v = np.array([1.0, 0.5, 0.25])
    for _ in range(60):
        v = a @ v
        v = v / np.sqrt(np.sum(v * v))
    return v @ a @ v


def spectral_square_root(a: Any) -> Any:
    w, v = np.linalg.eigh(hermitian(a))
    return v @ np.diag(np.sqrt(w)) @ v.T


FUNCTIONS = table({
    "inv | dfD": (np.linalg.inv, A), "solve | dfD": (np.linalg.solve, A, B),
    "solve of a vector": (np.linalg.solve, A, real(3)), "stacked solve": (
        lambda a, b: np.linalg.solve(np.stack([a, a.T]), np.stack([b, b])), A, B),
    "det | dfD": (np.linalg.det, A), "det of a singular matrix": (
        np.linalg.det, constant([[1.0, 2.0], [2.0, 4.0]])),
    "slogdet | d": (lambda a: np.linalg.slogdet(a)[1], A), "cholesky | dD": (
        lambda a: np.linalg.cholesky(hermitian(a)), S),
    "eigenvalues | dD": (lambda a: np.linalg.eigvalsh(hermitian(a)), spread(0.5, 1.5, 4.0)),
    "eigenvectors": (lambda a: np.linalg.eigh(hermitian(a))[1] ** 2, spread(0.5, 1.5, 4.0)),
    "spectral square root": (spectral_square_root, spread(0.5, 1.5, 4.0)),
    "svd | d": (lambda a: np.linalg.svd(a, full_matrices=False)[1], nearly_singular(0.3)),
    "singular projector": (lambda a: (lambda u, s, v: np.outer(u[:, 0], v[0]))(
        *np.linalg.svd(a)), nearly_singular(0.3)),
    "nuclear norm": (lambda a: np.linalg.norm(a, "nuc"), nearly_singular(0.3)),
    "spectral norm": (lambda a: np.linalg.norm(a, 2), nearly_singular(0.3)), "qr": (
        np.linalg.qr, A),
    "r of a tall matrix": (lambda a: np.linalg.qr(a)[1], real(4, 2)), "pinv | dD": (
        np.linalg.pinv, real(4, 2)),
    "lstsq": (lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], real(5, 2), real(5)), "norm | dfD":
        (np.linalg.norm, real(3, 4)),
    "norm, order 1": (lambda x: np.linalg.norm(x, 1, axis=1), real(3, 4)), "norm, order 3": (
        lambda x: np.linalg.norm(x, 3, axis=0), real(3, 4)),
    "matrix_power -2": (lambda a: np.linalg.matrix_power(a, -2), A), "cond": (
        np.linalg.cond, nearly_singular(0.4)),
    "tensorsolve": (lambda a, b: np.linalg.tensorsolve(a.reshape(3, 3), b), A, real(3)),
    "log determinant of a Gram matrix": (lambda x: np.linalg.slogdet(
        x @ x.T + np.eye(3))[1], real(3, 4)),
    "Mahalanobis distance": (lambda s, x: x @ np.linalg.solve(s, x), S, real(3)),
    "Gaussian log density": (lambda s, x: -0.5 * (x @ np.linalg.solve(hermitian(s), x)
        + np.linalg.slogdet(hermitian(s))[1]), S, real(3)),
    "ridge regression": (lambda x, y: np.linalg.solve(x.T @ x + np.eye(2), x.T @ y), real(5, 2),
        real(5)),
    "Kalman gain": (lambda p, h: p @ h.T @ np.linalg.inv(h @ p @ h.T + np.eye(2)), S, real(2, 3)),
    "whitening": (lambda x: np.linalg.solve(np.linalg.cholesky(x @ x.T + np.eye(3)), x),
        real(3, 5)),
    "matrix exponential": (exponential, real(3, 3)), "Newton's inverse": (newton_inverse, A),
    "characteristic polynomial": (leverrier, real(3, 3)), "Gram-Schmidt": (gram_schmidt, A),
    "Cholesky by hand": (lower_factor, S), "power iteration": (
        power_iteration, spread(4.0, 1.5, 0.5)),
    "determinant by cofactors": (lambda a: a[0, 0] * (a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1])
        - a[0, 1] * (a[1, 0] * a[2, 2] - a[1, 2] * a[2, 0])
        + a[0, 2] * (a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0]), real(3, 3)),
    "inv, nearly singular 1e-2": (np.linalg.inv, nearly_singular(1e-2)),
    "inv, nearly singular 1e-4": (np.linalg.inv, nearly_singular(1e-4)),
    "solve, nearly singular 1e-3": (np.linalg.solve, nearly_singular(1e-3), real(3)),
    "slogdet, nearly singular 1e-4": (
        lambda a: np.linalg.slogdet(a)[1], nearly_singular(1e-4)),
    "cholesky, nearly singular": (
        lambda a: np.linalg.cholesky(hermitian(a)), spread(1e-2, 1.0, 2.0)),
    "close eigenvalues": (
        lambda a: np.linalg.eigvalsh(hermitian(a)), spread(1.0, 1.01, 2.0)),
    "all scales in a matrix": (np.linalg.inv, spread(1e-3, 1.0, 1e3)), "logsumexp of products": (
        lambda x, w: fnp.logsumexp(x @ w, axis=1), real(4, 3), uniform(-1, 1, 3, 2)),
    "Hilbert matrix times x": (
        lambda x: np.linalg.solve(1 / (np.arange(4)[:, None] + np.arange(4) + 1.0), x), real(4)),
})  # fmt: skip
