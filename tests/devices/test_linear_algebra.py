"""The functions of funcgrad.numpy.linalg give on a device what they give on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload

import funcgrad as fg
from funcgrad.numpy import linalg

RNG = np.random.default_rng(0)
SYMMETRIC = (lambda a: a + np.swapaxes(a, -1, -2) + 8 * np.eye(4))(RNG.normal(size=(2, 4, 4)))
SKEW = (lambda a: a - np.swapaxes(a, -1, -2))(RNG.normal(size=(2, 4, 4)))
ON_THE_HOST = RNG.normal(size=(2, 4, 3))

CALLS: dict[str, Callable[[Any], Any]] = {
    "norm": lambda a: linalg.norm(a[0]),
    "norm 1": lambda a: linalg.norm(a, 1, axis=(1, 2)),
    "norm 2": lambda a: linalg.norm(a, 2, axis=(1, 2)),
    "norm nuc": lambda a: linalg.norm(a, "nuc", axis=(1, 2)),
    "norm -inf": lambda a: linalg.norm(a, -np.inf, axis=1),
    "norm 0": lambda a: linalg.norm(a, 0, axis=1),
    "norm -1.5": lambda a: linalg.norm(a, -1.5, axis=1),
    "vector_norm": lambda a: linalg.vector_norm(a, axis=(0, 2), keepdims=True),
    "matrix_norm": lambda a: linalg.matrix_norm(a),
    "matrix_rank": lambda a: linalg.matrix_rank(a),
    "matrix_rank tol": lambda a: linalg.matrix_rank(a, tol=np.array([0.5, 9])),
    "matrix_rank rtol": lambda a: linalg.matrix_rank(a, hermitian=True, rtol=np.array([0.5, 0.1])),
    "matrix_rank vector": lambda a: linalg.matrix_rank(a[0, 0]),
    "matrix_rank empty": lambda a: linalg.matrix_rank(a[:, :0]),
    "cond": lambda a: linalg.cond(a),
    "cond 1": lambda a: linalg.cond(a, 1),
    "inv": linalg.inv,
    "pinv": linalg.pinv,
    "pinv hermitian": lambda a: linalg.pinv(a, hermitian=True),
    "pinv rtol": lambda a: linalg.pinv(a, rtol=np.array([1e-3, 0.1])),
    "pinv rcond": lambda a: linalg.pinv(a, rcond=abs(a[:, 0, 0]) * 0 + 0.1),
    "det": linalg.det,
    "slogdet": linalg.slogdet,
    "solve": lambda a: linalg.solve(a, ON_THE_HOST),
    "lstsq": lambda a: linalg.lstsq(a[0][:, :2], a[0][:, 3])[:2],
    "lstsq wide": lambda a: linalg.lstsq(a[0][:2], a[0][:2, 0])[:2],
    "tensorinv": lambda a: linalg.tensorinv(a[0].reshape(2, 2, 4)),
    "tensorsolve": lambda a: linalg.tensorsolve(a[0].reshape(2, 2, 4), a[0, :2, :2]),
    "eig": lambda a: abs(linalg.eig(a * (1 + 0j))[1]),
    "eigvals": lambda a: linalg.eigvals(a * (1 + 0j)).real,
    "eigh": lambda a: linalg.eigh(a)[0],
    "eigvalsh": linalg.eigvalsh,
    "svd": lambda a: linalg.svd(a[:, :3], full_matrices=True)[1],
    "svdvals": linalg.svdvals,
    "qr": lambda a: abs(linalg.qr(a)[1]),
    "cholesky": lambda a: linalg.cholesky(a),
    "matrix_power": lambda a: linalg.matrix_power(a, 3),
    "matrix_power 0": lambda a: linalg.matrix_power(a, 0) + a,
    "matrix_power -2": lambda a: linalg.matrix_power(a, -2),
    "multi_dot": lambda a: linalg.multi_dot([a[0], a[1], a[0]]),
    "outer": lambda a: linalg.outer(a[0, 0], a[0, 1]),
    "vecdot": lambda a: linalg.vecdot(a, a),
    "cross": lambda a: linalg.cross(a[..., :3], a[..., 1:]),
    "tensordot": lambda a: linalg.tensordot(a, a, axes=([1], [2])),
    "matrix_transpose": linalg.matrix_transpose,
    "diagonal": linalg.diagonal,
    "trace": linalg.trace,
    "matmul": lambda a: linalg.matmul(a, a),
}  # fmt: skip


def weighed(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def total(a: Any) -> Any:
        return sum(np.sum(np.sin(o) * 0.1) for o in fg.tree.leaves(f(a)))

    return total


MODES: dict[str, Callable[..., Any]] = {
    "value": lambda f: f, "jit": fg.jit, "vmap": fg.vmap,
    "grad": lambda f: fg.grad(weighed(f)), "jit grad": lambda f: fg.jit(fg.grad(weighed(f))),
}  # fmt: skip


def test_all_functions_are_called() -> None:
    missing = set(linalg.__all__) - {name.split()[0] for name in CALLS}
    assert not {name for name in missing if callable(getattr(linalg, name)) and name.islower()}


@pytest.mark.parametrize("dtype", ["d", "D"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CALLS)
def test_functions(xp: Any, name: str, mode: str, dtype: str) -> None:
    x = SYMMETRIC + (1j * SKEW if dtype == "D" else 0)
    if "grad" in mode and dtype == "D":
        return
    a = np.stack([x, x * 1.1]) if mode == "vmap" else x
    run = MODES[mode](CALLS[name])
    assert_same(run(upload(xp, a)), run(a), 1e-7)
