"""Each mistake that somebody can make in an operator's record fails with a sentence that helps."""

from __future__ import annotations

from typing import Any

import laws
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.avals import Aval
from funcgrad.core.primitive import REGISTRY, Case
from funcgrad.ops import elementwise, general, linear


@pytest.fixture(autouse=True)
def registry():
    """Operators of a test are forgotten after it."""
    before = dict(REGISTRY)
    yield
    for name in REGISTRY.keys() - before.keys():
        del REGISTRY[name]


def cases(rng: Any) -> list[Case]:
    return [Case(rng.uniform(0.5, 2, (2, 3)))]


def twice(xp: Any, x: Any) -> Any:
    return x + x


def doubled(**changes: Any) -> Any:
    """A right linear operator, but for the changes."""
    rules: dict[str, Any] = {
        "abstract": lambda x: Aval(x.shape, x.dtype),
        "transpose": lambda ct, _x: 2 * ct,
        "batch": lambda _size, args, _batched: op(args[0]),
        "cases": cases,
    }
    op = linear("planted", twice, **{**rules, **changes})
    return op


def run_laws(prim: Any) -> None:
    for case in laws.cases_of(prim):
        laws.check_shape_rule(prim, case)
        laws.check_abstract(prim, case)
        laws.check_masks(prim, case)
        laws.check_vmap(prim, case)
        laws.check_derivatives(prim, case)
        laws.check_jit(prim, case)
        laws.check_source(prim, case)


def test_a_right_operator_passes():
    run_laws(doubled())


MISTAKES = {
    "wrong dtype": (
        lambda: doubled(abstract=lambda x: Aval(x.shape, np.dtype(np.float64))),
        "make abstract say what evaluate returns",
    ),
    "wrong shape": (
        lambda: doubled(abstract=lambda x: Aval(x.shape[::-1], x.dtype)),
        "make abstract say what evaluate returns",
    ),
    "wrong batch": (
        lambda: doubled(batch=lambda _size, args, _batched: 4 * args[0]),
        "planted: batch gives other results than one example at a time",
    ),
    "wrong transpose": (lambda: doubled(transpose=lambda ct, _x: 3 * ct), "planted"),
    "forgotten mask": (
        lambda: elementwise(
            "planted", lambda x: np.maximum(x, 1.0), lambda _o, x: np.where(x > 1, 1.0, 0.0),
            cases=lambda rng: [Case(np.array([0.5, 0.7, 1.5]))],
        ),
        "declare masks=True if it selects there",
    ),
    "missing transpose": (
        lambda: general(
            "planted", twice, abstract=lambda x: Aval(x.shape, x.dtype),
            jvp=lambda t, _o, _x: REGISTRY["planted"](t), cases=cases,
            batch=lambda _size, args, _batched: REGISTRY["planted"](args[0]),
        ),
        "planted has no reverse derivative: give its record transpose=",
    ),
    "evaluation without a source": (
        lambda: elementwise(
            "planted", eval("lambda x: 2 * x"), lambda _o, x: x * 0 + 2, cases=cases
        ),
        "the operator planted calls .* Define the operator with a function of plain NumPy",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake):
    make, sentence = MISTAKES[mistake]
    prim = make()
    with pytest.raises((AssertionError, TypeError, fg.errors.FuncgradError), match=sentence):
        run_laws(prim)


def test_a_partial_may_be_any_callable():
    """Functions of NumPy, functools.partial and ``*args``: everything is handed to them."""
    import functools

    one = elementwise("planted", lambda x: np.sin(x), lambda _o, x: np.cos(x))
    two = elementwise("planted_2", lambda x: x**3, functools.partial(lambda k, _o, x: k * x**2, 3))
    three = elementwise("planted_3", lambda x: x**2, lambda *both: 2 * both[1])
    underscored = elementwise("planted_4", lambda x: x**2, lambda _o, _x: 2 * _x)
    x = np.array([0.3, 0.7])
    np.testing.assert_allclose(fg.grad(lambda x: np.sum(one(x)))(x), np.cos(x))
    np.testing.assert_allclose(fg.grad(lambda x: np.sum(two(x)))(x), 3 * x**2)
    np.testing.assert_allclose(fg.grad(lambda x: np.sum(three(x)))(x), 2 * x)
    np.testing.assert_allclose(fg.grad(lambda x: np.sum(underscored(x)))(x), 2 * x)
    direct = elementwise("planted_5", np.expm1, lambda o, _x: o + 1)
    np.testing.assert_allclose(fg.grad(lambda x: np.sum(direct(x)))(x), np.exp(x))


def test_unknown_fields_are_refused():
    with pytest.raises(TypeError, match="unknown tranpose; a record of General can say"):
        general(
            "planted",
            twice,
            abstract=lambda x: x,
            batch=lambda *_: None,
            cases=cases,
            jvp=lambda t, *_: t,
            tranpose=None,
        )
