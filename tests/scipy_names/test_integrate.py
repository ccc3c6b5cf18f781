"""Integrals and differential equations: SciPy's values, closed forms, derivatives in all modes."""

from typing import Any

import numpy as np
import pytest
import scipy.integrate as si
from surface.arrays import ASCENDING, LARGE, POSITIVE, VECTOR, WIDE, X
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import integrate

LONG = np.sort(np.concatenate([ASCENDING, [2.5, 3.1]]))

SAMPLES: dict[str, Any] = {
    "trapezoid": [((VECTOR,), {}), ((VECTOR, ASCENDING), {}), ((X,), {"dx": 0.3, "axis": 0})],
    "cumulative_trapezoid": [
        ((VECTOR, ASCENDING), {}), ((X,), {"axis": 0, "initial": 0}),
        ((X, np.cumsum(POSITIVE, 1)), {}),
    ],
    "simpson": [
        ((VECTOR,), {"dx": 0.5}), ((VECTOR, ASCENDING), {}), ((WIDE,), {}), ((X,), {"axis": 0}),
        ((WIDE, np.array([0.1, 0.4, 1.1, 1.3])), {}), ((np.cos(LONG), LONG), {}),
        ((X, np.cumsum(LARGE, 1)), {}),
    ],
}  # fmt: skip
CALLS = [(name, i) for name, calls in SAMPLES.items() for i in range(len(calls))]


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_samples(name, i):
    args, options = SAMPLES[name][i]
    ours, theirs = getattr(integrate, name), getattr(si, name)
    places = options.pop("x", None) if "x" in options else (args[1] if len(args) > 1 else None)
    if places is not None:
        options = {**options, "x": places}
    check_function(
        lambda y, **kw: ours(y, **kw),
        lambda y, **kw: theirs(y, **kw),
        Call(args[:1], options),
        "d",
    )


def test_fixed_quad():
    found = integrate.fixed_quad(lambda x, k: np.cos(k * x), 0.2, 1.3, (1.5,))[0]
    np.testing.assert_allclose(found, si.fixed_quad(lambda x: np.cos(1.5 * x), 0.2, 1.3)[0])
    ends = fg.grad(lambda a, b: integrate.fixed_quad(np.exp, a, b)[0], (0, 1))(0.2, 1.3)
    np.testing.assert_allclose(ends, [-np.exp(0.2), np.exp(1.3)], rtol=1e-7)


# --- adaptive quadrature ----------------------------------------------------------------------


def test_weights_of_kronrod():
    from funcgrad.scipy.integrate import adaptive

    for power in range(0, 32, 2):
        exact = 2 / (power + 1)
        np.testing.assert_allclose(adaptive.KRONROD @ adaptive.PLACES**power, exact, rtol=1e-14)
        if power < 20:
            np.testing.assert_allclose(adaptive.GAUSS @ adaptive.PLACES**power, exact, rtol=1e-14)


@pytest.mark.parametrize(
    ("a", "b"),
    [(0.0, 2.0), (2.0, 0.0), (0.3, np.inf), (-np.inf, 0.3), (np.inf, 0.3), (-np.inf, np.inf),
     (np.inf, -np.inf), (0.4, 0.4)],
)  # fmt: skip
def test_limits_of_integrals(a, b):
    def f(x):
        return np.exp(-(np.abs(x - 0.1) ** 1.5)) * np.array([1.0, 2.0]) / (1 + x * x)

    found, error = integrate.quad_vec(f, a, b, epsrel=1e-10)
    expected = [si.quad(lambda x, i=i: f(x)[i], a, b, epsabs=1e-12)[0] for i in (0, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert error <= 1e-10 * np.linalg.norm(found) + 1e-200


def test_derivatives_of_integrals():
    def area(a, b, k):
        return integrate.quad(lambda x: np.sqrt(np.abs(x - k)) * np.cos(k * x), a, b,
                              epsabs=1e-11, epsrel=1e-11, limit=80)[0]  # fmt: skip

    ends = fg.grad(area, (0, 1))(0.1, 2.0, 0.7)
    slopes = [-np.sqrt(0.6) * np.cos(0.07), np.sqrt(1.3) * np.cos(1.4)]
    np.testing.assert_allclose(ends, slopes, rtol=1e-6)
    smooth = lambda a, k: integrate.quad(lambda x: np.exp(-k * x * x), a, np.inf)[0]  # noqa: E731
    fg.testing.check_grads(smooth, (0.3, 1.2), order=2)
    slope = fg.grad(smooth)
    places = np.array([0.3, 0.5])
    found = [fg.jit(slope)(0.3, 1.2), *fg.vmap(slope, (0, None))(places, 1.2)]
    np.testing.assert_allclose(found, -np.exp(-1.2 * np.array([0.09, 0.09, 0.25])), rtol=1e-7)


def test_wrong_integrals():
    for call, words in (
        (lambda: integrate.quad_vec(np.cos, 0.0, 1.0, norm="1"), '"2" or "max"'),
        (lambda: integrate.quad(np.cos, 0.0, 1.0, limit=0), "positive int, got 0"),
        (lambda: integrate.quad(np.cos, np.zeros(2), 1.0), "must be scalars"),
        (lambda: integrate.romb(VECTOR[:4]), "there must be"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


# --- differential equations -----------------------------------------------------------------------

TS = np.array([0.3, 0.7, 1.9])


def linear(y, t, rates):
    """An equation with the solution y0 * exp(rate * (sin(t) - sin(t0)))."""
    return {"a": rates["r"] * np.cos(t) * y["a"]}


def solved(y0, ts, rates):
    return y0["a"] * np.exp(rates["r"] * (np.sin(ts) - np.sin(ts[0]))[:, None])


Y0, RATES = {"a": np.array([1.0, -0.5])}, {"r": np.array([0.4, -1.2])}


def total(solution):
    return lambda y0, ts, rates: np.sum(np.sin(solution(y0, ts, rates)))


def by_steps(y0, ts, rates):
    return integrate.odeint(linear, y0, ts, rates, rtol=1e-9, atol=1e-9)["a"]


def compare(f, g, rtol=1e-6):
    for a, b in zip(fg.tree.leaves(f), fg.tree.leaves(g), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


MODES = {
    "value": lambda f: f,
    "reverse": lambda f: fg.grad(f, (0, 1, 2)),
    "forward": lambda f: fg.jacfwd(f, (0, 1, 2)),
    "compiled reverse": lambda f: fg.jit(fg.grad(f, (0, 1, 2))),
    "forward over reverse": lambda f: fg.hessian(f, 2),
    "batch of reverse": lambda f: (
        lambda y, t, r: fg.vmap(fg.grad(f, 2), (None, None, 0))(
            y, t, {"r": np.stack([r["r"], 0.3 - r["r"]])}
        )
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_odeint(mode):
    transform = MODES[mode]
    compare(transform(total(by_steps))(Y0, TS, RATES), transform(total(solved))(Y0, TS, RATES))


def test_odeint_of_a_function_that_closes_over_what_is_differentiated():
    def f(k):
        return np.sum(integrate.odeint(lambda y, t: -k * y, np.ones(2), np.array([0.0, 1.0])))

    np.testing.assert_allclose(fg.grad(f)(0.7), -2 * np.exp(-0.7), rtol=1e-6)
    np.testing.assert_allclose(fg.jit(fg.grad(fg.grad(f)))(0.7), 2 * np.exp(-0.7), rtol=1e-5)


def test_odeint_keeps_types():
    y0 = np.ones(2, np.float32)
    out = integrate.odeint(
        lambda y, t, n: -y * n, y0, np.array([0.0, 1.0]), 2, rtol=1e-5, atol=1e-5
    )
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[1], np.exp(-2.0), rtol=1e-3)
    spiral = integrate.odeint(lambda y, t: 1j * y, np.ones(1, complex), np.array([0.0, np.pi]))
    np.testing.assert_allclose(spiral[1], -1.0, atol=1e-6)


def test_limits_of_steps():
    out = integrate.odeint(lambda y, t: y, np.ones(1), np.array([0.0, 5.0]), hmax=0.1, mxstep=3)
    assert np.isnan(out[1, 0])


def pendulum(t, y, g=1.0):
    return [y[1], -g * np.sin(y[0])]


START = np.array([1.0, 0.2])


def test_solve_ivp_steps_as_scipy():
    found, theirs = (m.solve_ivp(pendulum, (0, 3.0), START) for m in (integrate, si))
    np.testing.assert_allclose(found.t, theirs.t, rtol=1e-6)
    np.testing.assert_allclose(found.y, theirs.y, rtol=1e-6)


@pytest.mark.parametrize(("span", "at"), [((0.0, 3.0), [0.0, 0.1, 3.0]), ((2.0, 0.5), [1.7, 0.5])])
def test_solve_ivp_at_times(span, at):
    options = {"t_eval": at, "rtol": 1e-9, "atol": 1e-9, "args": (1.4,)}
    found, theirs = (m.solve_ivp(pendulum, span, START, **options) for m in (integrate, si))
    np.testing.assert_allclose(found.y, theirs.y, rtol=1e-6)
    np.testing.assert_array_equal(found.t, at)


def grows(t, y):
    return y * y


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
def test_what_grows_without_bound_has_no_success():
    found, theirs = (m.solve_ivp(grows, (0.0, 2.0), np.ones(1)) for m in (integrate, si))
    assert (found.status, found.success) == (theirs.status, theirs.success) == (-1, False)
    assert "before the last time" in found.message
    assert abs(found.t[-1] - 1) < 1e-3
    at = np.array([0.5, 0.9, 1.5])
    for run in (integrate.solve_ivp, fg.jit(integrate.solve_ivp, static_argnums=(0, 3))):
        found = run(grows, (0.0, 2.0), np.ones(1), "RK45", at)
        assert found.status == -1
        assert np.isnan(found.y[0]).tolist() == [False, False, True]
        found = run(grows, (0.0, 2.0), -np.ones(1), "RK45", at)
        assert found.status == 0
        assert found.success
        assert "all times" in found.message


def test_traced_times_that_the_solution_does_not_come_by():
    at = np.array([0.5, 0.9, 0.7, 1.2, -0.1])
    found = fg.jit(lambda t: integrate.solve_ivp(decay, (0.0, 1.0), np.ones(1), t_eval=t))(at)
    assert np.isnan(found.y[0, 3:]).all()
    assert found.status == -1
    np.testing.assert_allclose(found.y[0, :3], np.exp(-at[:3]), rtol=1e-3)
    times = np.array([0.0, 1.0, 2.0, 0.5])
    rows = fg.jit(lambda t: integrate.odeint(lambda y, t: -y, np.ones(1), t))(times)
    np.testing.assert_allclose(rows[:3, 0], np.exp(-times[:3]), rtol=1e-6)
    assert np.isnan(rows[3, 0])
    rows = integrate.odeint(lambda y, t: -y, np.ones(1), times[:3], mxstep=2)
    assert np.isnan(rows[1:]).all()


def decay(t, y):
    return -y


def test_solve_ivp_derivatives():
    def last(k, at):
        return integrate.solve_ivp(
            lambda t, y: -k * y, (0.0, 1.0), np.ones(1), t_eval=at, rtol=1e-8, atol=1e-8
        ).y[0, -1]

    np.testing.assert_allclose(fg.grad(last)(0.5, None), -np.exp(-0.5), rtol=1e-6)
    np.testing.assert_allclose(fg.jit(fg.grad(last))(0.5, TS / 1.9), -np.exp(-0.5), rtol=1e-6)


WRONG = {
    "structure": (lambda: integrate.odeint(lambda y, t: (y,), START, TS), ValueError, "structure"),
    "shape": (lambda: integrate.odeint(lambda y, t: y[:1], START, TS), ValueError, r"f64\[1\]"),
    "times": (lambda: integrate.odeint(lambda y, t: y, START, 3.0), ValueError, "vector"),
    "rtol": (lambda: integrate.odeint(lambda y, t: y, START, TS, rtol=-1), ValueError, "rtol"),
    "function": (lambda: integrate.odeint(3, START, TS), TypeError, "func"),
    "traced": (
        lambda: fg.jit(lambda y: integrate.solve_ivp(pendulum, (0, 1), y).y)(START),
        fg.errors.ConcretizationError, "t_eval"),
    "decreasing": (
        lambda: integrate.odeint(lambda y, t: -y, START, TS[::-1]), ValueError, "not decrease"),
    "outside": (
        lambda: integrate.solve_ivp(decay, (0, 1), START, t_eval=[0.5, 1.5]), ValueError,
        "outside of t_span"),
    "order": (
        lambda: integrate.solve_ivp(decay, (0, 1), START, t_eval=[0.5, 0.2]), ValueError,
        "order in which time goes"),
    "backwards": (
        lambda: integrate.solve_ivp(decay, (1, 0), START, t_eval=[0.2, 0.5]), ValueError,
        "order in which time goes"),
    "method": (lambda: integrate.solve_ivp(pendulum, (0, 1), START, "BDF"), ValueError, "'BDF'"),
    "span": (lambda: integrate.solve_ivp(pendulum, 3.0, START), ValueError, "t_span"),
    "quad": (lambda: integrate.fixed_quad(np.sin, 0, 1, n=0), ValueError, "n must be positive"),
    "samples": (lambda: integrate.simpson(VECTOR, x=X), ValueError, "along axis"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call()
