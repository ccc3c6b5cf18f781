"""Sums with arrays that are zero but for some elements become updates of those elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.jaxpr import subjaxprs

X = np.arange(12.0).reshape(4, 3)
I = np.array([0, 2, 0])  # noqa: E741
V = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])

PART = X.copy()
PART[1:, ::2] += V[:, :2]


def names(fun: Callable[..., Any], *args: Any) -> set[str]:
    """The operators of a function after all passes, those of loops' bodies included."""
    found: set[str] = set()
    waiting = [optimized(fg.make_jaxpr(fun)(*args))]
    while waiting:
        for e in waiting.pop().eqns:
            found.add(e.primitive.name)
            waiting += [optimized(inner) for inner in subjaxprs(e)]
    return found


def added(x: Any, i: Any, v: Any) -> np.ndarray:
    out = np.array(x)
    np.add.at(out, i, v)
    return out


def pulled(x: Any, i: Any) -> Any:
    """The cotangent of a gather, added to another one."""
    return fg.grad(lambda x: np.sum(np.sin(x[i])) + np.sum(x * x))(x)


@pytest.mark.parametrize(
    ("fun", "args", "expected"),
    [
        (lambda x, v: fnp.at(x)[I].add(v), (X, V), added(X, I, V)),
        (lambda x, v: fnp.at(x)[:, I].add(v[0, 0]), (X, V), added(X.T, I, 1.0).T),
        (lambda x, v: fnp.at(x)[1].add(v[0]), (X, V), added(X, 1, V[0])),
        (lambda x, v: fnp.at(x)[1:, ::2].add(v[:, :2]), (X, V), PART),
        (lambda x: pulled(x, I), (X,), added(2 * X, I, np.cos(X[I]))),
        (lambda x: pulled(x, slice(1, 3)), (X,), added(2 * X, slice(1, 3), np.cos(X[1:3]))),
    ],
)  # fmt: skip
def test_sums_are_updates(fun: Any, args: Any, expected: Any) -> None:
    found = names(fun, *args)
    assert found & {"index_add", "index_set"}
    assert not found & {"scatter_add", "index_put"}
    np.testing.assert_allclose(fg.jit(fun)(*args), expected, rtol=1e-15)
    np.testing.assert_allclose(fun(*args), expected, rtol=1e-15)


def test_what_is_read_elsewhere_stays() -> None:
    def fun(x: Any, v: Any) -> Any:
        u = fg.linear_transpose(lambda x: x[I], x)(v)[0]
        return x + u, u

    assert "scatter_add" in names(fun, X, V)
    total, u = fg.jit(fun)(X, V)
    np.testing.assert_array_equal(u, added(0 * X, I, V))
    np.testing.assert_array_equal(total, X + u)


def test_numbers_of_another_dtype_stay() -> None:
    def fun(x: Any, v: Any) -> Any:
        return x + fg.linear_transpose(lambda x: x[I], np.zeros((4, 3), "f4"))(v)[0]

    assert "scatter_add" in names(fun, X, V.astype("f4"))
    np.testing.assert_array_equal(fg.jit(fun)(X, V.astype("f4")), added(X, I, V))


def test_nothing_is_added_elsewhere() -> None:
    """As for NumPy's ``add.at``: a negative zero stays where nothing is added."""
    x = np.full(4, -0.0)
    for f in (lambda x: fnp.at(x)[np.array([1])].add(0.0), lambda x: fnp.at(x)[1].add(0.0)):
        for run in (f, fg.jit(f)):
            assert list(np.signbit(run(x))) == [True, False, True, True]


def test_loops_only_touch_what_they_add_to() -> None:
    def total(x: Any) -> Any:
        def body(carry: Any, i: Any) -> Any:
            return carry + np.sin(x[i]) * x[(3 * i) % 50], None

        return fg.lax.scan(body, 0.0, np.arange(50))[0]

    def counts(x: Any) -> Any:
        return fg.lax.fori_loop(0, 50, lambda i, c: fnp.at(c)[(7 * i) % 50].add(x[i]), 0 * x)

    x = np.linspace(0.0, 1.0, 50)
    assert not names(fg.grad(total), x) & {"scatter_add", "index_put"}
    i = np.arange(50)
    expected = added(np.cos(x) * x[(3 * i) % 50], (3 * i) % 50, np.sin(x))
    np.testing.assert_allclose(fg.jit(fg.grad(total))(x), expected, rtol=1e-13)
    np.testing.assert_allclose(fg.jit(counts)(x), added(0 * x, (7 * i) % 50, x), rtol=1e-15)


def test_batches_and_derivatives() -> None:
    xs, vs = np.stack([X, X + 1]), np.stack([V, 2 * V])

    def fun(x: Any, i: Any, v: Any) -> Any:
        return fnp.at(x)[i].add(v)

    found = fg.jit(fg.vmap(fun, (0, None, 0)))(xs, I, vs)
    np.testing.assert_array_equal(found, [added(x, I, v) for x, v in zip(xs, vs, strict=True)])
    each = np.array([[0, 1, 1], [3, 3, 2]])
    found = fg.jit(fg.vmap(fun, (None, 0, 0)))(X, each, vs)
    np.testing.assert_array_equal(found, [added(X, i, v) for i, v in zip(each, vs, strict=True)])
    ct = np.arange(12.0).reshape(4, 3)
    _, pull = fg.vjp(lambda x, v: fun(x, I, v), X, V)
    for a, b in zip(pull(ct), (ct, ct[I]), strict=True):
        np.testing.assert_array_equal(a, b)
