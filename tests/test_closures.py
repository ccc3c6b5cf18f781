"""What a body closes over is what it would have been passed.

Every public function and every operator is called inside of every kind of body, on operands that
the body closes over, under every transformation. Values and derivatives are those of the function
called without a body. Which bodies and transformations a call meets is drawn from its name; with
FUNCGRAD_THOROUGH=100 and more, every call meets every body under every transformation, and a
hundred nested ones.
"""

import warnings
import zlib

import numpy as np
import pytest
from closures import bodies, functions, transformations
from closures.functions import SURFACE, Subject
from effort import THOROUGH, examples

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core.tracing import Tracer

SUBJECTS = functions.subjects()
EXHAUSTIVE = 100
"""From this effort on, every call meets every body under every transformation."""


def meetings(name, number):
    """Pairs of a body and a transformation: single and nested bodies, mostly derivatives."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {number}".encode()))

    def drawn(some_bodies, some_transformations):
        return rng.choice(list(some_bodies)), rng.choice(list(some_transformations))

    found = []
    if examples(1) >= EXHAUSTIVE:
        found = [(b, t) for b in bodies.PLAIN for t in transformations.ALL]
    for i in range(number, number + examples(1)):
        kinds = bodies.NESTED if i % 2 else bodies.PLAIN
        if i % 2 or not name.startswith("operator."):
            found.append(drawn(kinds, transformations.ALL))
        if i % 2 == 0 or not name.startswith("operator."):
            found.append(drawn(bodies.BODIES, transformations.DERIVATIVES))
    return found


def closed(subject, body, like):
    """The function of a subject inside of a body that closes over its operands."""
    return lambda *xs: tuple(bodies.ALL[body](lambda: subject.fun(*xs), like))


def run(transformation, fun, leaves):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fg.tree.leaves(transformations.ALL[transformation](fun, leaves))


def refused(error, body, transformation):
    """Whether it is said that a rule knows nothing of what its function closes over."""
    return (
        bodies.has_rules(body)
        and transformation in transformations.DERIVATIVES
        and isinstance(error, fg.errors.DifferentiationError)
        and "closes over" in str(error)
    )


def same(found, expected, what):
    assert len(found) == len(expected), what
    for a, b in zip(found, expected, strict=True):
        assert not isinstance(a, Tracer), f"{what}: a result is a tracer"
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape, f"{what}: shape {a.shape}, not {b.shape}"
        assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, not {b.dtype}"
        if a.dtype.kind not in "fc":
            np.testing.assert_array_equal(a, b, err_msg=what)
            continue
        rtol = 1e-9 if np.finfo(a.dtype).eps < 1e-10 else 2e-3 if a.dtype == np.float16 else 2e-5
        scale = max(1.0, float(np.max(np.abs(b[np.isfinite(b)]), initial=0)))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale, err_msg=what)


def check(subject: Subject, body: str, transformation: str) -> None:
    has_derivative = transformation not in transformations.DERIVATIVES or any(
        transformations.is_inexact(x) for x in subject.leaves
    )
    if not has_derivative:
        transformation = "jit"
    try:
        like = run_plain(subject)
        expected = run(transformation, subject.fun, subject.leaves)
    except Exception:
        return  # that it has no such derivative is tested elsewhere
    what = f"{transformation} of {subject.name} closed over by {body}"
    try:
        found = run(transformation, closed(subject, body, like), subject.leaves)
    except Exception as error:
        if refused(error, body, transformation):
            return
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
    same(found, expected, what)


def run_plain(subject):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return subject.fun(*subject.leaves)


@pytest.mark.parametrize("name", SUBJECTS)
def test_operands_closed_over(name):
    for number, subject in enumerate(SUBJECTS[name]):
        if THOROUGH or number % 2 == 0:
            for body, transformation in meetings(name, number):
                check(subject, body, transformation)


SORTED = np.array([2.0, 1.0])


@pytest.mark.parametrize("transformation", transformations.DERIVATIVES)
@pytest.mark.parametrize("body", bodies.BODIES)
def test_every_body_under_every_transformation(body, transformation):
    """One operator whose rule indexes, one that may fail, and one that does neither."""
    matrix = functions.DEFINITE
    for name, fun, x in (
        ("sort", lambda x: (np.sort(x),), SORTED),
        ("cholesky", lambda x: (np.linalg.cholesky(x),), matrix),
        ("multiply", lambda x: (x * x,), SORTED),
    ):
        check(Subject(name, fun, (x,)), body, transformation)


FORWARD = ("jvp", "linearize", "jvp of grad", "grad of jvp")


def by_jvp(fun):
    """A function whose rule differentiates it."""
    custom = fg.custom_jvp(fun)
    custom.defjvp(lambda primals, tangents: fg.jvp(fun, primals, tangents))
    return custom


def by_vjp(fun):
    custom = fg.custom_vjp(fun)
    custom.defvjp(lambda *xs: (fun(*xs), xs), lambda xs, cts: fg.vjp(fun, *xs)[1](cts))
    return custom


@pytest.mark.parametrize("transformation", transformations.DERIVATIVES)
@pytest.mark.parametrize("body", bodies.BODIES)
def test_rules_that_differentiate_a_body(body, transformation):
    """The rule of a custom function calls jvp or vjp on a body, and what it gives is looked at."""
    x = np.array([0.7, 1.9])
    plain = lambda x: (np.nancumsum(np.sin(x) * x),)  # noqa: E731
    expected = run(transformation, plain, (x,))
    like = plain(x)
    for rule in (by_jvp, by_vjp) if transformation not in FORWARD else (by_jvp,):

        def inside(x):
            (y,) = bodies.ALL[body](lambda: (np.sin(x) * x,), like)
            return (np.nancumsum(y),)

        found = run(transformation, rule(inside), (x,))
        same(found, expected, f"{transformation} of {rule.__name__} around {body}")


def test_the_tables_hold_the_public_functions():
    assert set(functions.LINALG) == set(fnp.linalg.__all__) - {"LinAlgError"}
    assert len(SURFACE) > 250


def test_a_body_that_loses_its_operands_is_noticed(monkeypatch):
    """The instrument itself: a body whose operands are constants to it."""
    lost = lambda thunk, like: like  # noqa: E731
    monkeypatch.setitem(bodies.ALL, "lost", lost)
    monkeypatch.setitem(bodies.ALL, "jit", lost)
    subject = Subject("sin", lambda x: (np.sin(x),), (functions.X,))
    check(subject, "jit", "value")
    for transformation in transformations.DERIVATIVES:
        with pytest.raises(AssertionError):
            check(subject, "jit", transformation)
