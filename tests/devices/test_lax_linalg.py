"""The functions of funcgrad.lax.linalg give on a device what they give on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload

import funcgrad as fg
from funcgrad.lax import linalg

RNG = np.random.default_rng(0)
A = RNG.normal(size=(2, 4, 4)) + np.diag([3.0, -4.0, 5.0, 7.0])[::-1]
SYMMETRIC = A + np.swapaxes(A, -1, -2) + 16 * np.eye(4)

CALLS: dict[str, Callable[[Any], Any]] = {
    "cholesky": lambda a: linalg.cholesky(a @ np.swapaxes(a, -1, -2)),
    "cholesky_update": lambda a: linalg.cholesky_update(np.triu(a), a[:, 0]),
    "eig": lambda a: [abs(x) for x in linalg.eig(a)],
    "eigh": lambda a: linalg.eigh(a + np.swapaxes(a, -1, -2))[1],
    "hessenberg": linalg.hessenberg,
    "householder_product": lambda a: linalg.householder_product(a, a[:, 0, :3]),
    "lu": lambda a: linalg.lu(a),
    "lu wide": lambda a: linalg.lu(a[:, :3])[0],
    "lu_pivots_to_permutation": lambda a: linalg.lu_pivots_to_permutation(linalg.lu(a)[1], 5),
    "ormqr": lambda a: linalg.ormqr(a, a[:, 0], a, transpose=True),
    "qdwh": lambda a: linalg.qdwh(a, eps=1e-4)[:2],
    "qdwh part": lambda a: linalg.qdwh(a, eps=1e-4, dynamic_shape=(3, 2))[:2],
    "qr": lambda a: linalg.qr(a[:, :, :3], pivoting=True, full_matrices=False)[1:],
    "schur": linalg.schur,
    "svd": lambda a: linalg.svd(a, compute_uv=False),
    "symmetric_product": lambda a: linalg.symmetric_product(a, a, beta=2.0),
    "triangular_solve": lambda a: linalg.triangular_solve(a, a, conjugate_a=True),
    "tridiagonal": linalg.tridiagonal,
    "tridiagonal_solve": lambda a: linalg.tridiagonal_solve(a[:, 0], a[:, 1] * 9, a[:, 2], a),
}
WITHOUT_DERIVATIVE = {"hessenberg", "schur", "tridiagonal"}


def leaves(out: Any) -> list[Any]:
    return list(fg.tree.leaves(out))


def total(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda a: sum(np.sum(np.sin(x) * 0.1) for x in leaves(f(a)) if x.dtype.kind == "f")


MODES: dict[str, Callable[..., Any]] = {
    "value": lambda f: f, "jit": fg.jit, "vmap": fg.vmap,
    "grad": lambda f: fg.grad(total(f)), "jit grad": lambda f: fg.jit(fg.grad(total(f))),
}  # fmt: skip


def test_all_functions_are_called() -> None:
    assert set(linalg.__all__) == {name.split()[0] for name in CALLS}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CALLS)
def test_functions(xp: Any, name: str, mode: str) -> None:
    if "grad" in mode and (name in WITHOUT_DERIVATIVE or "permutation" in name):
        return
    a = np.stack([A, A * 1.1]) if mode == "vmap" else A
    run = MODES[mode](lambda x: leaves(CALLS[name](x)))
    assert_same(run(upload(xp, a)), run(a), 1e-7)
