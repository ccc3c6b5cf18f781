"""No operator makes the host wait for the device, but where it must know of a failure.

A look at values from the host stops it until all kernels before have run, and cannot be part of a
CUDA graph.
"""

from __future__ import annotations

from typing import Any

import laws
import pytest
from devices import transforming
from devices.placing import upload

import funcgrad as fg
from funcgrad.core.primitive import REGISTRY

ON_THE_HOST = {
    *("hessenberg", "logm", "logm_frechet", "polynomial_roots", "schur"),
    *("sqrtm", "sylvester", "tridiagonal"),
    *("dawsn", "fresnel_c", "fresnel_s", "hyp1f1", "hyp2f1", "iv", "ive", "jv", "kv", "kve"),
    *("lambertw", "owens_t", "spence", "stdtrit", "yn", "yv"),
    *("airy_ai", "airy_ai_slope", "airy_bi", "airy_bi_slope", "beta_binomial_quantile"),
    *("beta_binomial_share", "beta_binomial_upper_quantile", "beta_slope", "binomial_quantile"),
    *("binomial_upper_quantile", "complex_digamma", "complex_gamma", "complex_loggamma"),
    *("complex_rgamma", "ellipe"),
    *("ellipe_slope", "ellipeinc_slope", "ellipk_slope", "ellipkinc_slope", "erfi", "hyp0f1"),
    *("hyp0f1_slope", "hyp1f1_slope", "hyp2f1_slope", "iv_slope", "ive_slope", "jv_slope"),
    *("kv_slope", "kve_slope", "legendre_derivative", "ndtri_exp"),
    *("negative_binomial_quantile", "negative_binomial_upper_quantile", "poisson_quantile"),
    *("poisson_upper_quantile", "riemann_zeta"),
    *("riemann_zeta_slope", "spherical_legendre", "student_slope"),
    *("von_mises_quantile", "von_mises_tail", "wofz", "yv_slope", "zeta_slope"),
}
"""Forms and functions that CuPy does not have, and that LAPACK and SciPy compute on the host."""
SLOPES_ON_THE_HOST = {
    "j1",
    *("betainc", "betaincc", "betainccinv", "betaincinv", "ellipeinc", "ellipk", "ellipkinc"),
    *("ellipkm1", "stdtr", "zeta"),
}
"""Those whose derivatives need a function that CuPy does not have."""
NAMES = sorted({name for name, _ in laws.all_cases()} - ON_THE_HOST)
FAILURES = "linalg."
"""Routines that raise for singular matrices have to look whether there were any."""


def looks(cupy: Any) -> dict[str, int]:
    """Where the host waited, and how often."""
    found = cupy.statistics.places("sync")
    return {place: n for place, n in found.items() if not place.startswith(FAILURES)}


@pytest.mark.parametrize("name", NAMES)
def test_values(cupy: Any, name: str) -> None:
    prim = REGISTRY[name]
    case = laws.cases_of(prim)[0]
    args = transforming.placed(case, lambda a: upload(cupy, a)).args
    run = fg.jit(transforming.whole(prim, case))
    run(*args)
    cupy.statistics.reset()
    run(*args)
    assert not looks(cupy)


@pytest.mark.parametrize("name", NAMES)
def test_gradients(cupy: Any, name: str) -> None:
    prim = REGISTRY[name]
    case = laws.cases_of(prim)[0]
    if name in SLOPES_ON_THE_HOST or not (
        prim.has_derivative() and laws.inexact_positions(case.args)
    ):
        return
    put = lambda a: upload(cupy, a)  # noqa: E731
    fun, xs, _ = transforming.inexact(prim, case, put)
    cts = tuple(map(put, transforming.cotangents(fun, xs)))
    run = fg.jit(lambda xs, cts: fg.vjp(fun, *xs)[1](cts))
    run(xs, cts)
    cupy.statistics.reset()
    run(xs, cts)
    assert not looks(cupy)
