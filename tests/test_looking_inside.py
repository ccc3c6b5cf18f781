"""What a jitted function tells of itself: why it was traced, what it is made of, what it costs."""

import pickle
import re
from typing import Any, NamedTuple

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.compiler import costs
from funcgrad.compiler.native import llvm

X = np.ones((3, 4))
V = np.ones(3)

needs_llvm = pytest.mark.skipif(llvm.binding() is None, reason="llvmlite is not installed")


class Pair(NamedTuple):
    a: Any
    b: Any


# --- why a function was traced again ----------------------------------------------------------


def total(p, k=1, *, scale=1.0):
    return sum(np.sum(x) for x in fg.tree.leaves(p)) * scale


CHANGES: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], str]] = {
    "shape": (({"w": [V, X]},), ({"w": [V, V]},), r"\]\['w'\]\[1\] was f64\[3,4\], is f64\[3\]\."),
    "dtype": ((V,), (V.astype("f"),), r"args\[0\] was f64\[3\], is f32\[3\]\."),
    "weak": ((np.float64(1),), (1.0,), r"args\[0\] was f64\[\], is f64\*\[\], a Python float\."),
    "kind of number": ((1.0,), (1,), "was f64.*, a Python float, is i64.*, a Python int"),
    "static": ((V, 2), (V, 3), r"the static argument 1 is 3, was 2\."),
    "static type": ((V, 2), (V, 2.0), r"the static argument 1 is 2\.0, was 2\."),
    "not given": ((V,), (V, 2), "the static argument 1 was not given, is 2"),
    "a leaf more": (({"a": V},), ({"a": V, "b": X},), r"args\[0\]\['b'\] is new: f64\[3,4\]\."),
    "a leaf less": (((V, X),), ((V,),), r"args\[0\]\[1\] is not there; it was f64\[3,4\]\."),
    "structure": (((V, X),), ([V, X],), r"the structure of \(args, kwargs\) was .*, is "),
    "named": (((V, X),), (Pair(V, X),), r"args\[0\]\[0\] is not there|structure of"),
    "keys": (({1: V},), ({True: V},), "is new: f64"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_kind_of_change_is_named(name):
    before, after, expected = CHANGES[name]
    f = fg.jit(total, static_argnums=1)
    f(*before)
    assert f.explain_last().startswith("jit of total")
    assert f.explain_last().endswith("was traced for the first time.")
    f(*after)
    assert "was traced again" in f.explain_last()
    assert re.search(expected, f.explain_last()), f.explain_last()


def test_arguments_by_name():
    f = fg.jit(total)
    f(V, scale=2.0)
    f(V, scale=V)
    assert "kwargs['scale'] was f64*[], a Python float, is f64[3]." in f.explain_last()


def test_positions_count_static_arguments():
    f = fg.jit(lambda k, x: x, static_argnums=0)
    f(1, V), f(1, X)
    assert "args[1] was f64[3], is f64[3,4]." in f.explain_last()


def test_the_trace_that_is_most_alike_is_compared():
    f = fg.jit(lambda x, y: (x, y))
    f(V, V), f(X, X), f(V, X)
    assert f.explain_last().endswith("again: args[0] was f64[3,4], is f64[3].")


def test_many_changes_are_cut():
    f = fg.jit(lambda *xs: xs)
    f(*[V] * 9), f(*[X] * 9)
    assert f.explain_last().endswith("args[3] was f64[3], is f64[3,4]; and 5 more.")


def test_changes_around_a_call():
    f = fg.jit(lambda x: np.exp(x) - 1)
    f(1.0)
    fg.jit(lambda y: y * f(1.0), stabilize=False)(1.0)
    assert "called where formulas are kept as they are written" in f.explain_last()
    h = fg.jit(lambda x: x * 2)
    h(V)
    fg.vmap(lambda r: r + h(V), axis_name="rows")(X[:, :3])
    assert "the named axes in scope were none, are {'rows': 3}" in h.explain_last()
    h(V), fg.grad(lambda x: np.sum(h(x)))(V)
    assert "is f64[3], traced by a transformation" in h.explain_last()


def test_functions_that_close_over_traced_values():
    def outer(w):
        f = fg.jit(lambda x: x * w)
        result = np.sum(f(V) + f(V))
        seen.append(f.explain_last())
        return result

    seen: list[str] = []
    fg.grad(outer)(2.0)
    assert "closes over values that are traced" in seen[0]


def test_forgotten_programs(monkeypatch):
    monkeypatch.setattr("funcgrad.api.jit_calls.MOST_SIGNATURES", 1)
    f = fg.jit(lambda x: x)
    f(V), f(X), f(V)
    assert f.explain_last().endswith("its program for these arguments was forgotten.")


def test_before_any_call():
    assert fg.jit(total).explain_last().endswith("has not been traced yet.")


# --- no_retrace -------------------------------------------------------------------------------


def test_no_retrace():
    f, g = fg.jit(lambda x: x + 1), fg.jit(lambda x: x + 2)
    f(V)
    with fg.no_retrace():
        f(V)
        g(V)  # its first trace
        with pytest.raises(fg.errors.RetraceError) as caught:
            f(X)
        assert "would be traced again inside of no_retrace(): args[0] was f64[3]" in str(
            caught.value
        )
        with pytest.raises(RuntimeError, match="jit of"):
            g(V.astype("f"))
        f(V)
    assert f.cache_info().misses == 1
    f(X)
    assert f.cache_info().misses == 2
    with fg.no_retrace():
        f(X), f(V)


def test_no_retrace_ends_with_an_error():
    f = fg.jit(lambda x: x + 1)
    f(V)
    with pytest.raises(fg.errors.RetraceError), fg.no_retrace():
        f(X)
    f(X)


def test_lowering_is_no_retrace():
    f = fg.jit(lambda x: x + 1)
    f(V)
    with fg.no_retrace():
        assert f.lower(X).compile()(X).shape == X.shape


# --- the cache --------------------------------------------------------------------------------


@pytest.mark.parametrize("native", ["0", pytest.param("1", marks=needs_llvm)])
def test_cache_info(native, monkeypatch):
    monkeypatch.setenv("FUNCGRAD_NATIVE", native)
    f = fg.jit(lambda d: d["x"] * 2.0)
    assert f.cache_info() == (0, 0, 4096, 0)
    for x in (V, V, X, V, V, V, 0.5, 0.5):
        f({"x": x})
    assert f.cache_info() == (5, 3, 4096, 3)
    assert f.cache_info()._fields == ("hits", "misses", "maxsize", "currsize")
    f.clear_cache()
    assert f.cache_info().currsize == 0


# --- groups -----------------------------------------------------------------------------------


def loss(w, x, y):
    return np.mean((np.tanh(x @ w) - y) ** 2)


def lowered(fun, *args):
    return fg.jit(fun).lower(*args)


def test_groups_of_a_map():
    found = lowered(lambda x: np.sum(np.sin(x) * x), np.ones(100)).groups()
    assert [g.kind for g in found] == ["map"]
    assert found.functions == 1
    assert found[0].equations[0] == "b:f64[100] = sin a"
    assert len(found[0].equations) == 3


def test_reasons():
    def fun(x, s):
        z = np.linalg.eigvalsh(x)
        turned = lax.scan(lambda c, r: (c @ c, None), x, None, 2)[0]
        return np.sum(z * z) + 0 * s, np.sort(x + 1j), turned

    found = lowered(fun, np.ones((20, 20)), 2.0).groups()
    reasons = {text: g.why for g in found if g.function is None for text in g.equations}
    by_name = {
        text.split(" = ")[1].split("[")[0].split(" ")[0]: why for text, why in reasons.items()
    }
    assert by_name["eigvalsh"] == "eigvalsh has no native kernel"
    assert by_name["sort"] == "native code has no c128 numbers"
    shown = repr(found)
    assert shown.startswith(f"steps: {len(found)}, native functions: ")
    assert "NumPy:  # eigvalsh has no native kernel" in shown


def test_what_is_not_joined_is_explained():
    x = np.ones((30, 40))
    found = lowered(lambda x: (np.sin(np.sum(x, 1)), np.sum(np.cos(x), 0)), x).groups()
    assert all(g.function == 1 for g in found)
    assert any("shape" in g.why or "not computed in a map" in g.why for g in found[1:])


def test_every_equation_is_in_one_group():
    args = np.ones((5, 2)), np.ones((40, 5)), np.ones((40, 2))
    low = lowered(fg.grad(loss), *args)
    count = sum(len(g.equations) for g in low.groups())
    assert count == low.as_text().count(" = ")


# --- native code ------------------------------------------------------------------------------


@needs_llvm
def test_llvm_ir_and_assembly():
    low = lowered(lambda x: np.sin(x) * x, np.ones(100))
    assert low.llvm_ir().count("define i32 @kernel") == 1
    assert low.llvm_ir().startswith("; native function 1\n")
    assert "kernel:" in low.asm()
    assert "# native function 1\n" in low.asm()
    assert low.compile().llvm_ir() == low.llvm_ir()
    nothing = lowered(lambda x: np.sort(x), np.ones(20) + 1j)
    assert nothing.llvm_ir() == "; nothing of this program is native\n"


def test_without_llvmlite(monkeypatch):
    monkeypatch.setattr(llvm, "binding", lambda: None)
    low = lowered(lambda x: np.sin(x) * x, np.ones(100))
    for ask in (low.llvm_ir, low.asm):
        with pytest.raises(ImportError, match=r"pip install 'funcgrad\[llvm\]'"):
            ask()
    assert low.groups().functions == 1
    seconds = low.compile_time()
    assert seconds.stage > 0
    assert seconds[2:] == (0, 0, 0, False)


@needs_llvm
def test_compile_time(monkeypatch, tmp_path):
    monkeypatch.setenv("FUNCGRAD_CACHE_DIR", str(tmp_path / "cache"))
    low = lowered(lambda x: np.exp(x) * x, np.ones(100))
    first, second = low.compile_time(), low.compile_time()
    assert (first.from_disk, second.from_disk) == (False, True)
    assert all(seconds > 0 for seconds in first[:5])
    assert second.codegen < first.codegen
    monkeypatch.setenv("FUNCGRAD_CACHE", "0")
    assert not low.compile_time().from_disk


# --- costs ------------------------------------------------------------------------------------


def cost_of(fun, *args):
    return lowered(fun, *args).cost_analysis()


def test_elementwise_costs():
    x = np.ones((30, 40))
    cost = cost_of(lambda x: np.sin(x) * x + 1, x)
    assert cost[:6] == (2 * 1200, 1200, x.nbytes, x.nbytes, 0, cost.predicted_seconds)
    assert cost.measured_seconds is None


def test_costs_of_products():
    a, b = np.ones((2, 30, 40)), np.ones((2, 40, 50))
    cost = cost_of(lambda a, b: a @ b, a, b)
    assert cost.flops == 2 * 2 * 30 * 40 * 50
    assert cost.bytes_read == a.nbytes + b.nbytes
    assert cost.bytes_written == 2 * 30 * 50 * 8


def test_costs_of_loops_and_branches():
    x = np.ones(20)

    def loop(x):
        return lax.scan(lambda c, _: (np.sin(c) + c, None), x, None, 7)[0]

    once = cost_of(lambda x: np.sin(x) + x, x)
    seven = cost_of(loop, x)
    assert (seven.flops, seven.transcendentals) == (7 * once.flops, 7 * once.transcendentals)
    branch = cost_of(lambda x: lax.cond(x[0] > 0, loop, lambda x: x * 2, x), x)
    assert branch.transcendentals == seven.transcendentals


def test_peak_bytes():
    x = np.ones((200, 200))

    def two(x):
        y = np.sort(x, 0)  # lives until the last step
        return np.sort(np.sort(x, 1), 0) * y

    assert cost_of(two, x).peak_bytes in (2 * x.nbytes, 3 * x.nbytes)
    assert cost_of(lambda x: np.sort(x), x).peak_bytes == 0


def test_measured_seconds():
    low = lowered(lambda x, k: np.sort(x * k), np.ones(1000), 2.0)
    cost = low.cost_analysis(measure=True)
    assert 1e-7 < cost.measured_seconds < 0.1
    assert cost.predicted_seconds > 0


def test_a_roofline_takes_what_is_slower():
    machine = costs.Machine(flops=10, transcendentals=1, bytes=5, call=0)
    assert costs.Work(20, 1, 0, 0).seconds(machine) == 3
    assert costs.Work(20, 1, 30, 10).seconds(machine) == 8


def test_lowered_functions_are_pickled_with_what_is_inside():
    low = lowered(np.sin, V)
    again = pickle.loads(pickle.dumps(low))
    assert again.groups() == low.groups()
