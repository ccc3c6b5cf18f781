"""Elementary functions of large arrays are computed by native code outside of programs, too."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="kernels are compiled by llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import eager, operations
from funcgrad.core.jaxpr import Eqn, Var
from funcgrad.core.primitive import REGISTRY
from funcgrad.core.tracing import aval_of
from funcgrad.ops.families import Elementwise
from funcgrad.ops.families.elementwise import LARGE


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def equation(prim: Any, chars: str) -> Eqn | None:
    """An equation of an operator on arrays of some dtypes, if there is such a thing."""
    operands = [Var(aval_of(np.ones(1, c))) for c in chars]
    try:
        return Eqn(prim, operands, {}, [Var(prim.abstract(*(v.aval for v in operands)))])
    except TypeError:
        return None


def elementary(char: str) -> list[str]:
    """The operators with native formulas that are more than an instruction or two."""
    found = []
    for name, prim in REGISTRY.items():
        if isinstance(prim, Elementwise) and (prim.scalar or prim.rounded):
            e = equation(prim, char * prim.arity)
            if e is not None and operations.takes(e) and not operations.is_short(e):
                found.append(name)
    return found


def numbers(char: str, arity: int, size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    found = [rng.normal(size=size).astype(char) for _ in range(arity)]
    for x in found:
        x[:: size // 7] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, 1e-40, 1.0]
    return found


@pytest.mark.parametrize(
    ("name", "char"),
    [*zip(sorted({*elementary("f"), *elementary("d")}), itertools.cycle("fd"), strict=False)],
)
def test_eager_bits_are_those_of_programs(name: str, char: str) -> None:
    prim: Any = REGISTRY[name]
    operands = numbers(char, prim.arity, LARGE + 5)
    with np.errstate(all="ignore"):
        found, compiled = prim(*operands), fg.jit(prim)(*operands)
        expected = prim.evaluate(*operands)
    assert type(found) is np.ndarray
    assert found.dtype == compiled.dtype
    same = (found == compiled) & (np.signbit(found) == np.signbit(compiled))
    assert (same | ((found != found) & (compiled != compiled))).all()
    assert (np.isnan(found) == np.isnan(expected)).all()


def kernels() -> int:
    return sum(k is not None for k in eager._kernels.values())


def test_small_arrays_and_short_operators_are_numpys(monkeypatch) -> None:
    monkeypatch.setattr(eager, "_kernels", {})
    x = np.linspace(0.1, 1.0, LARGE)
    exp, add, sqrt = (REGISTRY[n] for n in ("exp", "add", "sqrt"))
    exp(x[1:]), add(x, x), sqrt(x), exp(x[:1].repeat(3)), exp(2.0)
    assert kernels() == 0
    exp(x), exp(np.concatenate([x, x])), exp(x.reshape(2, -1))
    assert kernels() == 1


def test_switched_off(monkeypatch) -> None:
    monkeypatch.setattr(eager, "_kernels", {})
    monkeypatch.setenv("FUNCGRAD_NATIVE", "0")
    x = np.linspace(0.1, 1.0, LARGE)
    np.testing.assert_array_equal(REGISTRY["exp"](x), np.exp(x))
    assert not eager._kernels


@pytest.mark.parametrize(
    "order",
    [
        lambda x: x.reshape(128, -1, order="F"),
        lambda x: x.reshape(8, 16, -1).transpose(2, 0, 1),
        lambda x: x[::-2],
        lambda x: np.broadcast_to(x[:3], (LARGE, 3)),
        lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype),
    ],
)
def test_orders_of_memory(order) -> None:
    x = order(np.linspace(0.1, 3.0, 2 * LARGE))
    before = x.copy()
    out = REGISTRY["log1p"](x)
    np.testing.assert_allclose(out, np.log1p(before), rtol=1e-15)
    np.testing.assert_array_equal(x, before)
    assert 0 in x.strides or out.strides == np.log1p(x).strides
    assert out.flags.writeable
    y = np.ascontiguousarray(x)
    np.testing.assert_allclose(REGISTRY["atan2"](x, y), np.arctan2(x, y), rtol=1e-15)


def test_operands_of_other_shapes_are_numpys() -> None:
    x = np.linspace(0.1, 3.0, LARGE).reshape(-1, 4)
    np.testing.assert_array_equal(REGISTRY["atan2"](x, x[0]), np.arctan2(x, x[0]))
    np.testing.assert_allclose(REGISTRY["pow"](x, 2.5), x**2.5, rtol=1e-14)
    np.testing.assert_array_equal(REGISTRY["pow"](x, 2.5), fg.jit(lambda x: x**2.5)(x))


def test_numpy_warns_and_raises_as_before() -> None:
    x = np.linspace(-1.0, 1.0, LARGE)
    with pytest.warns(RuntimeWarning, match="invalid value encountered in log"):
        REGISTRY["log"](x)
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        REGISTRY["log"](x)
    with np.errstate(all="raise"):
        REGISTRY["exp"](x)


def test_gradients_compute_with_it() -> None:
    x = np.linspace(0.1, 3.0, LARGE)
    value, _ = fg.vjp(np.tanh, x)
    np.testing.assert_array_equal(value, fg.jit(np.tanh)(x))
    np.testing.assert_allclose(
        fg.grad(lambda x: np.sum(np.tanh(x)))(x), 1 / np.cosh(x) ** 2, rtol=1e-13
    )


def test_threads_make_a_kernel_at_the_same_time(monkeypatch) -> None:
    monkeypatch.setattr(eager, "_kernels", {})
    x = np.linspace(0.1, 3.0, 4 * LARGE)
    found: list[Any] = [None] * 6
    names = ["sin", "cos", "erf"] * 2

    def run(i: int) -> None:
        found[i] = REGISTRY[names[i]](x)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(3):
        np.testing.assert_array_equal(found[i], found[i + 3])
        np.testing.assert_allclose(found[i], REGISTRY[names[i]].evaluate(x), rtol=1e-13, atol=1e-15)


def test_small_programs_load_no_llvm() -> None:
    program = (
        "import sys, numpy as np, funcgrad as fg\n"
        "x = np.linspace(0.0, 1.0, 1000)\n"
        "fg.grad(lambda x: np.sum(np.sin(x)))(x)\n"
        "assert not [m for m in sys.modules if 'llvm' in m or 'funcgrad.compiler' in m]\n"
        "fg.grad(lambda x: np.sum(np.sin(x)))(np.repeat(x, 100))\n"
        "assert 'llvmlite' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
