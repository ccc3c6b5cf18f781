"""What changes nothing is left out of compiled programs, and what records say of that is true."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compiler.passes.identities import drop_identities
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.avals import Aval
from funcgrad.core.jaxpr import Eqn, Jaxpr, Var
from funcgrad.core.primitive import REGISTRY, Primitive

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan, 1e300, -5e-324, 7.0]
X = np.array(SPECIAL).reshape(3, 4)
FINITE = np.random.default_rng(0).normal(size=(3, 4))


def same_bits(x: Any, y: Any) -> None:
    for a, b in zip(fg.tree.leaves(x), fg.tree.leaves(y), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
        if a.dtype.kind == "f":
            known = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a)[known], np.signbit(b)[known])


def left(fun: Any, *args: Any) -> list[str]:
    return [e.primitive.name for e in optimized(fg.jit(fun).lower(*args).jaxpr()).eqns]


# --- facts ---------------------------------------------------------------------------------------


def having(fact: str) -> list[Any]:
    found = [p for p in REGISTRY.values() if getattr(p, fact) not in (False, None)]
    assert found
    return [pytest.param(p, id=p.name) for p in found]


def operands(prim: Primitive) -> list[Any]:
    """The special values, in each dtype in which the operator has cases."""
    kinds = {np.asarray(case.args[0]).dtype for case in prim.cases(np.random.default_rng(0))}
    with np.errstate(all="ignore"):
        return [np.nan_to_num(X, posinf=7, neginf=-7).astype(d) for d in kinds] + [
            X.astype(d) for d in kinds if d.kind == "f"
        ]


@pytest.mark.parametrize("prim", having("involution"))
def test_involutions(prim: Primitive) -> None:
    for x in operands(prim):
        if prim(x).dtype == x.dtype:
            same_bits(prim(prim(x)), x)


@pytest.mark.parametrize("prim", having("idempotent"))
def test_idempotent_operators(prim: Primitive) -> None:
    for x in operands(prim):
        same_bits(prim(prim(x)), prim(x))


@pytest.mark.parametrize("prim", having("even"))
def test_even_operators(prim: Primitive) -> None:
    with np.errstate(all="ignore"):
        for x in operands(prim):
            same_bits(prim(-x), prim(x))


@pytest.mark.parametrize("prim", having("right_unit"))
def test_right_units(prim: Primitive) -> None:
    for x in operands(prim):
        if x.dtype.kind == "f":
            same_bits(prim(x, x.dtype.type(prim.right_unit)), x)


@pytest.mark.parametrize("prim", having("single"))
def test_reductions_of_single_elements(prim: Primitive) -> None:
    for x in operands(prim):
        out = prim(x[:, None], axes=(1,))
        if out.dtype == x.dtype:
            same_bits(out, x)


# --- programs ------------------------------------------------------------------------------------

MASK = np.arange(12).reshape(3, 4) > 5

GONE = {
    "quotient by one": lambda x: x / 1,
    "less zero": lambda x: x - 0,
    "less 0.0": lambda x: x - 0.0,
    "two signs": lambda x: np.negative(-x),
    "two absolute values": lambda x: np.abs(np.abs(x)),
    "absolute value of the negative": lambda x: np.abs(-x),
    "square of the negative": lambda x: np.square(-x[:2]),
    "two transposes": lambda x: x.T.T,
    "three axes": lambda x: np.transpose(np.transpose(np.tile(x, (2, 1, 1)), (2, 0, 1)), (1, 2, 0)),
    "wide and back": lambda x: x.astype("f4").astype("f8").astype("f4"),
    "integers, wide and back": lambda x: (x > 0).astype("i4").astype("f8").astype("i4"),
    "equal branches": lambda x: np.where(x > 0, x, x),
    "always": lambda x: np.where(np.ones((3, 4), bool), x, 2 * x),
    "never": lambda x: np.where(False, 2 * x, x),
    "sum of one": lambda x: np.sum(x[None], 0),
    "largest of one": lambda x: np.max(x[:, None], 1),
    "product of one": lambda x: np.prod(x[:, None], 1),
    "padded and cut": lambda x: np.pad(x, 1)[1:-1, 1:-1],
    "first of two": lambda x: np.concatenate([x, 2 * x])[:3],
    "second of two": lambda x: np.concatenate([2 * x, x])[3:],
    "middle of one": lambda x: np.concatenate([x, 2 * x, x], axis=1)[:, 5:8:2],
    "row of a stack": lambda x: np.stack([x, 2 * x])[1],
    "last row of a stack": lambda x: np.stack([2 * x, x])[-1],
    "joined to nothing": lambda x: np.concatenate([x]),
    "turned twice": lambda x: x[::-1, ::-1][::-1, ::-1],
    "repeated": lambda x: np.exp(np.broadcast_to(x[:, :1], (3, 50))) * 2,
}
EQUATIONS = {
    "absolute value of the negative": 1,
    "two absolute values": 1,
    "square of the negative": 2,
    "three axes": 1,
    "wide and back": 1,
    "integers, wide and back": 2,
    "sum of one": 1,
    "middle of one": 2,
    "first of two": 0,
    "row of a stack": 1,
    "repeated": 4,
}
"""How many are left, if not none."""


@pytest.mark.parametrize("name", GONE)
def test_programs(name: str, by_numpy: None) -> None:
    with np.errstate(all="ignore"):
        fun: Any = GONE[name]
        names = left(fun, X)
        if name == "repeated":
            sizes = [e.outvars[0].aval.size for e in optimized(fg.jit(fun).lower(X).jaxpr()).eqns]
            assert sizes == [3, 3, 150, 150]
        elif name == "three axes":
            assert names.count("transpose") == 0
        else:
            allowed = {"reshape"} if "of one" in name and "sum" not in name else set()
            assert len([n for n in names if n not in allowed]) == EQUATIONS.get(name, 0), names
        same_bits(fg.jit(fun)(X), np.asarray(fun(X)))


STAYS = {
    "plus zero": lambda x: x + 0,
    "less negative zero": lambda x: x - -0.0,
    "narrow and back": lambda x: x.astype("f4").astype("f8"),
    "wider than floats": lambda x: x.astype("i8").astype("f8").astype("i8") + 1,
    "some": lambda x: np.where(MASK, x, 2 * x),
    "across parts": lambda x: np.concatenate([x, 2 * x])[2:4],
    "backwards": lambda x: np.concatenate([x, 2 * x])[2::-1],
    "cut elsewhere": lambda x: np.pad(x, 1)[:-2, 1:-1],
    "turned once": lambda x: x[::-1, ::-1][::-1],
    "sums": lambda x: np.sum(x[:, None], 0),
    "whole and rounded": lambda x: np.floor(np.ceil(x)),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_is_no_identity(name: str, by_numpy: None) -> None:
    x = FINITE * 1e17 if name == "wider than floats" else X
    with np.errstate(all="ignore"):
        fun: Any = STAYS[name]
        assert left(fun, x)
        same_bits(fg.jit(fun)(x), fun(x))


@pytest.mark.parametrize("turned", [0, 1])
def test_contractions_of_transposes(turned: int, by_numpy: None) -> None:
    a, b = FINITE, np.random.default_rng(1).normal(size=(3, 5))

    def fun(a: Any, b: Any) -> Any:
        return (
            a.T @ b
            if turned == 0
            else np.einsum("kij,ik->ikj", np.transpose(a[None], (2, 1, 0)), b[:, :4])
        )

    assert "transpose" not in left(fun, a, b)[:-1]
    same_bits(fg.jit(fun)(a, b), fun(a, b))


def test_identities_of_weak_numbers_keep_their_type() -> None:
    assert fg.jit(lambda x: np.float32(2) * operator.neg(-x))(1.5).dtype == np.float32
    out = fg.jit(lambda x: operator.neg(-x) * 2)(np.float32(1.5))
    assert (out, out.dtype) == (3, np.float32)


# --- sums of parts -------------------------------------------------------------------------------


def cotangent_of_parts(*keys: Any) -> Any:
    """A gradient that is a sum of parts put into zeros; zeros of it are negative in places."""

    def fun(x: Any, y: Any) -> Any:
        return fg.grad(lambda x: sum(np.sum(np.sin(x[k]) * y[k] * c) for c, k in enumerate(keys)))(
            x
        )

    return fun


CUTS = {
    "columns": [np.s_[:, 2:4], np.s_[:, :1], np.s_[:, 1:2]],
    "rows by number": [np.s_[1], np.s_[0], np.s_[2]],
    "rows of both kinds": [np.s_[-1], np.s_[:2]],
    "new axes": [np.s_[:2, None], np.s_[None, 2:]],
}
OTHERS = {
    "a gap": [np.s_[:, :1], np.s_[:, 2:4]],
    "an overlap": [np.s_[:2], np.s_[1:]],
    "two axes": [np.s_[:1], np.s_[1:, :2], np.s_[1:, 2:]],
    "steps": [np.s_[::2], np.s_[1::2]],
}


@pytest.mark.parametrize("name", [*CUTS, *OTHERS])
def test_parts_are_joined(name: str, by_numpy: None) -> None:
    keys = CUTS.get(name) or OTHERS[name]
    fun = cotangent_of_parts(*keys)
    y = X.copy()
    y[0] = [-0.0, np.nan, np.inf, -1.0]
    names = left(fun, FINITE, y)
    assert ("concatenate" in names) is (name in CUTS)
    assert ("index_put" in names) is (name in OTHERS)
    with np.errstate(all="ignore"):
        same_bits(fg.jit(fun)(FINITE, y), fun(FINITE, y))


def test_what_is_read_elsewhere_is_added(by_numpy: None) -> None:
    def fun(x: Any) -> Any:
        a, b = (
            fg.linear_transpose(lambda x, k=k: x[k], FINITE)(x[k])[0]
            for k in (np.s_[:1], np.s_[1:])
        )
        return a + b, a * b

    assert left(fun, FINITE).count("index_put") == 2
    same_bits(fg.jit(fun)(FINITE), fun(FINITE))


def test_what_is_made_of_nothing():
    """A loop of which nothing is left but what every turn gives has no operands."""
    rows, out = Var(Aval((3,), np.float64)), Var(Aval((3,), np.float64))
    eqns = [
        Eqn(REGISTRY["scan"], [], {}, [rows]),
        Eqn(REGISTRY["abs"], [rows], {}, [out]),
    ]
    found = drop_identities(Jaxpr([], [], eqns, [out]))
    assert [e.primitive.name for e in found.eqns] == ["scan", "abs"]
