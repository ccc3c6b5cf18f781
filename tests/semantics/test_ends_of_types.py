"""Values and derivatives at the ends of every inexact type, of every public function."""

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from effort import THOROUGH
from semantics.ends import check
from semantics.ends_elementwise import LAX, ONE, POWERS, SCIPY, TWO
from semantics.ends_names import ALIASES, LAX_ALIASES, LAX_LISTED, LISTED
from semantics.ends_reductions import REDUCTIONS

import funcgrad as fg
import funcgrad.numpy as fnp

ELEMENTWISE = {
    **{name: (getattr(np, name), entry) for name, entry in (ONE | TWO).items()},
    **{f"lax.{name}": (getattr(fg.lax, name), entry) for name, entry in LAX.items()},
    **{f"scipy.{name}": (getattr(scipy.special, name), entry) for name, entry in SCIPY.items()},
    **POWERS,
}
SCALES = {
    np.float16: (1e-4, 1.0, 1e3),
    np.float32: (1e-36, 1e-25, 1.0, 1e25, 1e36),
    np.float64: (1e-290, 1e-200, 1.0, 1e200, 1e290),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("code", "efdFD")
def test_elementwise_functions(name, code):
    function, entry = ELEMENTWISE[name]
    if ("c" if code.isupper() else "f") in entry.kinds:
        assert check(entry, function, code) == []


@pytest.mark.parametrize("dtype", SCALES)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_scale(name, dtype):
    reduction = REDUCTIONS[name]
    if reduction.degree is None:
        return
    base = np.array([3.0, -4.0, 12.0, 5.0, -2.0, 12.0, 1.0])
    rtol = 64 * float(np.finfo(dtype).eps)
    value, slopes = reduction.exact(base), reduction.slopes(base)
    largest, smallest = float(np.finfo(dtype).max), float(np.finfo(dtype).smallest_subnormal)
    for scale in SCALES[dtype]:
        x = (base * scale).astype(dtype)
        with mp.workdps(30):
            expected = float(value * mp.mpf(scale) ** reduction.degree)
            slope = slopes * float(mp.mpf(scale) ** (reduction.degree - 1))
        with np.errstate(all="ignore"):
            both = fg.value_and_grad(reduction.call)
            for run in (both, fg.jit(both)):
                got, gradient = run(x)
                assert got.dtype == gradient.dtype == dtype
                if abs(expected) < largest:
                    np.testing.assert_allclose(float(got), expected, rtol=rtol, atol=2 * smallest)
                if np.abs(slope).max() < largest:
                    atol = rtol * np.abs(slope).max() + 2 * smallest
                    np.testing.assert_allclose(gradient.astype(float), slope, rtol=0, atol=atol)
            pushed = fg.jvp(reduction.call, (x,), (np.ones_like(x),))[1]
        if abs(slope).sum() < largest:
            atol = rtol * np.abs(slope).sum() + 2 * smallest
            np.testing.assert_allclose(float(pushed), slope.sum(), rtol=0, atol=atol)


@pytest.mark.parametrize("kind", ["zeros and ones", "hundreds", *(["ones", "random"] * THOROUGH)])
@pytest.mark.parametrize("name", [n for n, r in REDUCTIONS.items() if r.many])
def test_reductions_of_many_numbers(name, kind):
    n = 70_000
    x = {
        "ones": np.ones(n), "zeros and ones": np.arange(n) % 2, "hundreds": np.full(n, 100.0),
        "random": np.random.default_rng(0).normal(size=n) + 2,
    }[kind].astype(np.float16)  # fmt: skip
    reduction = REDUCTIONS[name]
    wide = x.astype(float)
    slopes = reduction.slopes(wide)
    for run in (fg.value_and_grad(reduction.call), fg.jit(fg.value_and_grad(reduction.call))):
        value, gradient = run(x)
        assert value.dtype == gradient.dtype == np.float16
        np.testing.assert_allclose(float(value), reduction.exact(wide), rtol=2e-3)
        # Below the normal numbers a float16 has a fixed distance.
        np.testing.assert_allclose(gradient.astype(float), slopes, rtol=4e-3, atol=6e-8)


def test_every_public_function_is_covered_or_listed():
    names = {n for n in fnp.__all__ if callable(getattr(fnp, n)) and n != "linalg"}
    covered = set(ONE) | set(TWO) | set(REDUCTIONS) | set(ALIASES) | set(LISTED)
    assert names - covered == set(), "cover it in ends_elementwise.py, or list it with a reason"
    for alias, name in ALIASES.items():
        assert getattr(np, alias) is getattr(np, name)
    of_lax = set(fg.lax.__all__)
    known = {n for n in of_lax if n in LAX or n in LAX_ALIASES or n in LAX_LISTED}
    assert of_lax - known == set()
    for alias, name in LAX_ALIASES.items():
        assert name in ONE | TWO | REDUCTIONS, alias
    assert not (set(LISTED) & (set(ONE) | set(TWO) | set(REDUCTIONS)))


@pytest.mark.parametrize("x", [1e200, 1e-200, np.float32(1e25), np.float32(1e-21), np.float16(2e3)])
@pytest.mark.parametrize("order", [lambda x: x * np.log(x), lambda x: np.log(x) * x])
def test_the_curvature_of_x_log_x_in_every_mixture_of_modes(order, x):
    modes = [fg.grad, fg.jacfwd]
    for outer in modes:
        for inner in modes:
            for f in (outer(inner(order)), fg.jit(outer(inner(order)))):
                np.testing.assert_allclose(f(x) * x, 1, rtol=8 * np.finfo(type(x)).eps)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_values_under_forward_mode_are_those_of_the_formula_as_written():
    """Only tangents are simplified: 0 / 0 * 0 stays what it is."""

    def value(y):
        return fg.jvp(lambda x: y / x * x, (y,), (1.0,))[0]

    zero = np.float64(0.0)
    assert np.isnan(value(zero))
    assert np.isnan(fg.jvp(value, (zero,), (1.0,))[0])
