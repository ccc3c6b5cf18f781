"""funcgrad.scipy.special: values of SciPy and mpmath, derivatives, dtypes, what is refused."""

from __future__ import annotations

import inspect
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special as sps
from surface.arrays import INTS, LARGE, POSITIVE, SMALL, X, Y
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import special

UNIT = (1 + SMALL) / 2
"""Numbers between 0 and 1."""

TABLE: dict[str, list[tuple[Any, Any, Call]]] = {}


def entry(name: str, *args: Any, **options: Any) -> None:
    """A call, None in place of arrays that have no derivative, by a function around it."""
    fun, reference = options.pop("fun", None), options.pop("reference", None)
    options = {"dtypes": "df", "rtol": 1e-11, **options}
    TABLE.setdefault(name, []).append(
        (fun or getattr(special, name), reference or getattr(sps, name), Call(args, **options))
    )


def at(name: str, *given: Any) -> dict[str, Any]:
    """A function with its first arguments given, of both modules."""

    def fun(*xs: Any) -> Any:
        return getattr(special, name)(*given, *xs)

    fun.given = len(given)  # type: ignore[attr-defined]
    return {
        "fun": fun,
        "reference": lambda *xs: getattr(sps, name)(*given, *xs),
    }


for (
    _name
) in "erf erfc erfcx ndtr log_ndtr dawsn fresnel expit log_expit i0 i0e i1 i1e j0 j1".split():
    entry(_name, X)
for _name in (
    "gamma gammaln gammasgn digamma psi exp1 expi sici spence entr y0 y1 k0 k0e k1 k1e"
).split():
    entry(_name, POSITIVE)
for _name in "erfinv".split():
    entry(_name, SMALL)
for _name in "logit ndtri".split():
    entry(_name, UNIT)
entry("erfcinv", 2 * UNIT)
for (
    _name
) in "gammainc gammaincc beta betaln poch rel_entr kl_div xlogy xlog1py boxcox boxcox1p".split():
    entry(_name, POSITIVE, LARGE)
entry("binom", 3 + POSITIVE, UNIT * 3)
entry("comb", 3 + POSITIVE, UNIT * 3)
entry("comb", 3 + POSITIVE, UNIT * 3, kwargs={"repetition": True})
entry("comb", INTS, 2, derivative=False)
entry("factorial", POSITIVE, dtypes="d")
entry("factorial", INTS - 2, derivative=False)
entry("owens_t", X, Y)
entry("inv_boxcox", POSITIVE, UNIT)
entry("inv_boxcox1p", POSITIVE, UNIT)
entry("boxcox", POSITIVE, SMALL * 1e-3, dtypes="d")
entry("inv_boxcox", POSITIVE, SMALL * 1e-3, dtypes="d")
entry("lambertw", POSITIVE, dtypes="d")
entry("lambertw", POSITIVE, -1, dtypes="d")
entry("polygamma", POSITIVE, **at("polygamma", 2), dtypes="d")
entry("zeta", 1 + POSITIVE)
entry("zeta", 1 + POSITIVE, LARGE, dtypes="d")
entry("zeta", UNIT - 1.5, dtypes="d", rtol=1e-10)
for _name in "betainc betaincc betaincinv betainccinv".split():
    entry(_name, POSITIVE, LARGE, UNIT, dtypes="d")
for _name in "gammaincinv gammainccinv".split():
    entry(_name, POSITIVE, UNIT)
for _name in "jn jv yv iv ive kv kve".split():
    entry(_name, POSITIVE, **at(_name, 2))
for _name in "yn kn expn".split():
    entry(_name, POSITIVE, **at(_name, 2), dtypes="d")
for _name in "jv yv iv ive kv kve".split():
    entry(_name, X, POSITIVE, dtypes="d", rtol=1e-10)
entry("airy", X)
entry("bessel_jn", X, kwargs={"v": 2}, dtypes="d",
      reference=lambda x, v: np.stack([sps.jv(k, x) for k in range(v + 1)]))  # fmt: skip
entry("hyp0f1", POSITIVE, X, dtypes="d")
entry("hyp1f1", POSITIVE, LARGE, X, dtypes="d")
entry("hyp2f1", POSITIVE, LARGE, LARGE + 1, SMALL, dtypes="d", rtol=1e-10)
for _name in "ellipk ellipkm1 ellipe".split():
    entry(_name, UNIT)
for _name in "ellipkinc ellipeinc".split():
    entry(_name, X, UNIT)
for _name in "stdtr chdtr chdtrc".split():
    entry(_name, LARGE, POSITIVE)
entry("stdtrit", LARGE, UNIT, dtypes="d")
for _name in "gdtr gdtrc fdtr fdtrc".split():
    entry(_name, POSITIVE, LARGE, LARGE[::-1])
for _name in "pdtr pdtrc".split():
    entry(_name, POSITIVE, **at(_name, 2))
for _name in "rgamma erfi shichi exprel cosm1".split():
    entry(_name, X if _name != "shichi" else POSITIVE)
entry("exprel", SMALL * 1e-3, dtypes="d")
for _name in "loggamma".split():
    entry(_name, POSITIVE)
entry("ndtri_exp", -LARGE)
entry("wofz", X, dtypes="d")
entry("wofz", X + 1j * Y, dtypes="d")
entry("huber", POSITIVE, X)
entry("pseudo_huber", POSITIVE, X)
DEGREES = np.arange(4)[:, None, None]
entry("legendre_p", SMALL, fun=lambda z: special.legendre_p(DEGREES, z),
      reference=lambda x: sps.eval_legendre(DEGREES, x), dtypes="d")  # fmt: skip
entry("eval_legendre", SMALL, fun=lambda x: special.eval_legendre(DEGREES, x),
      reference=lambda x: sps.eval_legendre(DEGREES, x), dtypes="d")  # fmt: skip
entry("lpmv", SMALL, **at("lpmv", 1, 3.0), dtypes="d")
entry("lpmv", SMALL, **at("lpmv", 2, 2.5), dtypes="d")


def _by_lpmv(x: Any, norm: bool) -> Any:
    """Associated functions of the orders -3 to 3, whose negative ones are multiples."""
    orders = np.arange(-3, 4)[:, None, None, None]
    size = np.abs(orders)
    value = sps.lpmv(size, DEGREES, x)
    quotient = sps.poch(np.maximum(DEGREES - size, 0) + 1.0, 2 * size)
    if norm:
        sign = np.where(orders < 0, (-1.0) ** size, 1)
        return np.where(size > DEGREES, 0, sign * value * np.sqrt((DEGREES + 0.5) / quotient))
    negative = (-1.0) ** size / quotient * value
    return np.where(size > DEGREES, 0, np.where(orders < 0, negative, value))


def _by_harmonics(theta: Any, phi: Any) -> Any:
    orders = np.arange(-3, 4)[:, None, None, None]
    wave = np.exp(1j * orders * phi)
    return _by_lpmv(np.cos(theta), True) * wave / np.sqrt(2 * np.pi)


ORDERS = np.arange(-3, 4)[:, None, None, None]
for _norm in (False, True):
    entry("assoc_legendre_p", SMALL, dtypes="d", reference=lambda x, n=_norm: _by_lpmv(x, n),
          fun=lambda z, n=_norm: special.assoc_legendre_p(DEGREES, ORDERS, z, norm=n))  # fmt: skip
entry("sph_legendre_p", POSITIVE, fun=lambda theta: special.sph_legendre_p(DEGREES, ORDERS, theta),
      reference=lambda t: _by_harmonics(t, 0.0).real, dtypes="d")  # fmt: skip
entry("sph_harm_y", POSITIVE, X, dtypes="d", reference=_by_harmonics,
      fun=lambda theta, phi: special.sph_harm_y(DEGREES, ORDERS, theta, phi))  # fmt: skip
LINE = SMALL.ravel()
for _norm in (False, True):
    entry("lpmn_values", LINE, dtypes="d", fun=lambda z, n=_norm: special.lpmn_values(2, 3, z, n),
          reference=lambda x, n=_norm: _by_lpmv(x[:, None], n)[3:6, :, :, 0]
          / (np.sqrt(2 * np.pi) if n else 1))  # fmt: skip
entry("multigammaln", 2 + POSITIVE, 3, dtypes="d")
for _name in "softmax log_softmax logsumexp".split():
    entry(_name, X)
    entry(_name, X, kwargs={"axis": 0})
    entry(_name, X, kwargs={"axis": (0, 1)})
entry("logsumexp", X, kwargs={"axis": 1, "keepdims": True})
entry("logsumexp", X, 1, POSITIVE)
entry("logsumexp", X, None, POSITIVE, True)
entry("logsumexp", X, 1, Y, False, True)
entry("logsumexp", X, kwargs={"axis": 0, "return_sign": True})

CALLS = [
    (name, i, dtype)
    for name, calls in TABLE.items()
    for i, (_, _, case) in enumerate(calls)
    for dtype in case.dtypes
]


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    fun, reference, case = TABLE[name][i]
    check_function(fun, reference, case, dtype)


def test_every_public_name_is_in_the_table():
    assert set(TABLE) | {"bernoulli", "lpmn"} == set(special.__all__)
    assert all(inspect.isfunction(getattr(special, name)) for name in special.__all__)


MPMATH = {
    "erfcx": (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), 3.0),
    "log_ndtr": (lambda x: mpmath.log(mpmath.ncdf(x)), -30.0),
    "erfcinv": (lambda y: mpmath.erfinv(1 - y), 1e-3),
    "dawsn": (lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x), 1.7),
    "exp1": (mpmath.e1, 0.7),
    "expi": (mpmath.ei, 0.7),
    "spence": (lambda z: mpmath.polylog(2, 1 - z), 0.99),
    "gamma": (mpmath.gamma, -1.5),
    "j1": (lambda x: mpmath.besselj(1, x), 0.0),
    "i1": (lambda x: mpmath.besseli(1, x), 0.3),
    "k1": (lambda x: mpmath.besselk(1, x), 2.3),
    "k0e": (lambda x: mpmath.besselk(0, x) * mpmath.exp(x), 2.3),
}


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", MPMATH)
def test_derivatives_by_mpmath(name, order):
    reference, x = MPMATH[name]
    fun: Any = getattr(special, name)
    for _ in range(order):
        fun = fg.grad(fun)
    with mpmath.workdps(40):
        expected = float(mpmath.re(mpmath.diff(reference, mpmath.mpf(x), order)))
    np.testing.assert_allclose(fun(x), expected, rtol=1e-8, atol=1e-12)


def test_slopes_at_special_points():
    grad = fg.grad
    assert grad(lambda x: special.sici(x)[0])(0.0) == 1
    assert grad(special.spence)(1.0) == -1
    np.testing.assert_allclose(grad(grad(special.spence))(1.0), 0.5)
    np.testing.assert_allclose(grad(special.boxcox, 1)(3.0, 0.0), np.log(3) ** 2 / 2)
    assert grad(special.xlogy)(0.0, 2.0) == np.log(2)
    np.testing.assert_allclose(grad(special.log_ndtr)(-1e3), 1e3, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i8", "?", "u1"])
@pytest.mark.parametrize("name", ["erf", "gammaln", "ndtr", "j0", "exp1", "log_expit", "boxcox"])
def test_float32_stays_and_everything_else_is_float64(name, dtype):
    x = np.array([1, 1], dtype)
    args = (x, x) if name == "boxcox" else (x,)
    expected = getattr(sps, name)(*args)
    for run in (getattr(special, name), fg.jit(getattr(special, name))):
        assert run(*args).dtype == ("f4" if dtype == "f4" else "f8")
        np.testing.assert_allclose(run(*args), expected, rtol=1e-6)


def test_sums_keep_float16():
    x = np.array([1, 2], np.float16)
    for fun in (special.logsumexp, special.softmax, special.log_softmax):
        assert fun(x).dtype == fg.jit(fun)(x).dtype == np.float16


def test_python_numbers_do_not_widen():
    x = np.array([0.5, 2], np.float32)
    for fun in (
        lambda x: special.xlogy(x, 2.0), lambda x: special.gammainc(2.0, x),
        lambda x: special.boxcox(x, 1), lambda x: special.betaln(x, 3),
        lambda x: special.jn(2, x), lambda x: special.logsumexp(x, b=2.0, axis=0),
    ):  # fmt: skip
        assert fun(x).dtype == np.float32
        assert fg.jit(fun)(x).dtype == np.float32


def test_logsumexp_at_its_ends():
    nothing = np.array([-np.inf, -np.inf])
    with np.errstate(divide="ignore"):
        assert special.logsumexp(nothing) == -np.inf
        assert special.logsumexp(nothing, b=[1.0, 2.0]) == -np.inf
        assert special.logsumexp([1.0, 2.0], b=[0.0, 0.0]) == -np.inf
        assert special.logsumexp(nothing, return_sign=True) == (-np.inf, 0)
    assert special.logsumexp([-2000.0], return_sign=True) == (-2000, 1)
    assert special.logsumexp([np.inf, 0.0], return_sign=True) == (np.inf, 1)
    with np.errstate(invalid="ignore"):
        assert np.isnan(special.logsumexp([0.0, 0.0], b=[1.0, -3.0]))
    chosen = special.logsumexp(X, axis=1, where=X > 0.1)
    masked = sps.logsumexp(np.where(X > 0.1, X, -np.inf), axis=1)
    np.testing.assert_allclose(chosen, masked)
    at_zero = fg.grad(lambda b: special.logsumexp(np.array([0.0, 800.0]), b=b))(np.array([1.0, 0]))
    assert np.isfinite(at_zero[0])


def test_bernoulli():
    np.testing.assert_allclose(special.bernoulli(8), sps.bernoulli(8))
    assert special.bernoulli(0).tolist() == [1]


def test_an_argument_without_a_derivative_says_so():
    with pytest.raises(fg.errors.DifferentiationError, match="lpmv has no derivative with respect"):
        fg.grad(lambda v: special.lpmv(1, v, 0.3))(1.5)


def test_derivatives_of_legendre_functions():
    values, slopes = special.lpmn(2, 3, LINE)
    np.testing.assert_allclose(values, special.lpmn_values(2, 3, LINE, False))
    expected = fg.jvp(lambda x: special.lpmn_values(2, 3, x, False), (LINE,), (np.ones(LINE.size),))
    np.testing.assert_allclose(slopes, expected[1], rtol=1e-12)
    # At the poles, where the formula with a quotient has none.
    slope = fg.grad(lambda t: special.sph_harm_y(1, 1, t, 0.0).real)(0.0)
    np.testing.assert_allclose(slope, -np.sqrt(3 / (8 * np.pi)))
    np.testing.assert_allclose(fg.grad(lambda x: special.legendre_p(4, x))(1.0), 10)


WRONG = {
    "erf of text": (lambda: special.erf("a"), "erf takes numbers, got 'a'"),
    "ndtr of complex": (lambda: special.ndtr(1j), "ndtr takes real numbers"),
    "factorial, exact": (lambda: special.factorial(3, exact=True), "exact=True"),
    "comb, exact": (lambda: special.comb(3, 2, exact=True), "exact=True"),
    "multigammaln, d": (lambda: special.multigammaln(3.0, 0), "whole number of at least 1, got 0"),
    "bernoulli, n": (lambda: special.bernoulli(-1), "whole number of at least 0, got -1"),
    "sph_harm_y, diff_n": (lambda: special.sph_harm_y(1, 1, 0.3, 0.4, diff_n=1), "funcgrad.grad"),
    "bessel_jn, v": (lambda: special.bessel_jn(1.0, v=-1), "whole number of at least 0, got -1"),
    "lpmn, m": (lambda: special.lpmn(-1, 2, [0.5]), "m must be a whole number"),
    "jv, order": (lambda: special.jv("a", 1.0), "jv takes numbers, got 'a'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    call, message = WRONG[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()


UFUNCS = (
    "erf erfc erfcx erfinv erfcinv ndtr ndtri log_ndtr dawsn expit logit log_expit gamma gammaln "
    "rgamma erfi ellipk ellipe ellipkm1 exprel cosm1 loggamma "
    "psi exp1 expi spence j0 j1 y0 y1 i0 i0e i1 i1e k0 k0e k1 k1e entr"
).split()


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_of_scipy_reach_the_same_code(name):
    theirs, ours = getattr(sps, name), getattr(special, name)
    np.testing.assert_allclose(fg.grad(theirs)(0.7), fg.grad(ours)(0.7), rtol=1e-14)


def test_ufuncs_of_several_arguments_reach_the_same_code():
    for theirs, args, place in (
        (sps.gammainc, (2.0, 1.5), 0), (sps.betainc, (2.0, 1.5, 0.4), 0), (sps.jv, (2.0, 1.5), 0),
        (sps.zeta, (3.0, 1.5), 0), (sps.lambertw, (1.5 + 0j,), 0), (sps.expn, (2, 1.5), 1),
        (sps.hyp2f1, (1.0, 2.0, 3.0, 0.2), 2), (sps.boxcox, (2.0, 1.5), 1),
        (sps.owens_t, (0.3, 0.4), 0), (sps.kve, (1, 2.0), 1), (sps.beta, (1.5, 2.0), 0),
    ):  # fmt: skip
        ours = getattr(special, theirs.__name__)
        holomorphic = np.iscomplexobj(args[place])
        found = [fg.grad(f, place, holomorphic=holomorphic)(*args) for f in (theirs, ours)]
        np.testing.assert_allclose(*found, rtol=1e-14)
    for theirs in (sps.sici, sps.fresnel, sps.shichi, sps.airy):
        found = [fg.jacfwd(f)(1.5) for f in (theirs, getattr(special, theirs.__name__))]
        np.testing.assert_array_equal(*found)
