"""The laws that every operator obeys, as functions of one of its cases."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad import jvp, vjp
from funcgrad.api.batching import vmap
from funcgrad.api.jit import jit, to_source
from funcgrad.api.staging import eval_shape, make_jaxpr
from funcgrad.core.jaxpr import eval_jaxpr
from funcgrad.core.primitive import REGISTRY, Case, Primitive


def all_cases() -> list[tuple[str, int]]:
    found = []
    for name, prim in sorted(REGISTRY.items()):
        if prim.cases is None:
            continue
        found += [(name, i) for i in range(len(cases_of(prim)))]
    return found


def cases_of(prim: Primitive) -> list[Case]:
    seed = sum(map(ord, prim.name))
    return list(prim.cases(np.random.default_rng(seed)))


def as_tuple(prim: Primitive, out: Any) -> tuple[Any, ...]:
    return tuple(out) if prim.multiple else (out,)


def tolerance(*arrays: Any) -> float:
    small = any(getattr(a, "dtype", None) in (np.float32, np.complex64) for a in arrays)
    return 2e-2 if small else 2e-6


def inexact_positions(args: Any) -> list[int]:
    return [
        i
        for i, a in enumerate(args)
        if isinstance(a, np.ndarray | np.generic) and a.dtype.kind in "fc"
    ]


def random_like(rng: Any, x: Any) -> Any:
    t = rng.standard_normal(np.shape(x))
    if x.dtype.kind == "c":
        t = t + 1j * rng.standard_normal(np.shape(x))
    return np.asarray(t, x.dtype)[()]


def close(a: Any, b: Any, rtol: float, what: str) -> None:
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    scale = max(1.0, float(np.max(np.abs(b), initial=0)))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale, err_msg=what)


def function_of(prim: Primitive, case: Case, positions: list[int]) -> Any:
    """The operator as a function of its inexact operands, with only inexact outputs."""

    def fun(*xs: Any) -> tuple[Any, ...]:
        args = list(case.args)
        for i, x in zip(positions, xs, strict=True):
            args[i] = x
        outs = as_tuple(prim, prim(*args, **case.params))
        return tuple(o for o in outs if o.dtype.kind in "fc")

    return fun


def check_shape_rule(prim: Primitive, case: Case) -> None:
    out = as_tuple(prim, prim(*case.args, **case.params))
    shapes = eval_shape(lambda *a: as_tuple(prim, prim(*a, **case.params)), *case.args)
    for o, s in zip(out, shapes, strict=True):
        assert np.shape(o) == s.shape, (np.shape(o), s)
        assert np.asarray(o).dtype == s.dtype, (np.asarray(o).dtype, s)
        assert not (isinstance(o, np.ndarray) and o.ndim == 0), "0-d array instead of a scalar"


def check_staged(prim: Primitive, case: Case) -> None:
    out = as_tuple(prim, prim(*case.args, **case.params))
    jaxpr = make_jaxpr(lambda *a: as_tuple(prim, prim(*a, **case.params)))(*case.args)
    again = eval_jaxpr(jaxpr, jaxpr.consts, case.args)
    for a, b in zip(again, out, strict=True):
        np.testing.assert_array_equal(a, b)


def check_inputs_unchanged(prim: Primitive, case: Case) -> None:
    copies = [np.array(a) for a in case.args]
    prim(*case.args, **case.params)
    for a, b in zip(case.args, copies, strict=True):
        np.testing.assert_array_equal(a, b)


def check_jvp(prim: Primitive, case: Case) -> None:
    """The jvp against central differences with Richardson extrapolation."""
    positions = inexact_positions(case.args)
    fun = function_of(prim, case, positions)
    xs = [case.args[i] for i in positions]
    rng = np.random.default_rng(1)
    ts = [random_like(rng, x) for x in xs]
    outs, out_ts = jvp(fun, tuple(xs), tuple(ts))
    rtol = tolerance(*xs, *outs)
    for o, t in zip(outs, out_ts, strict=True):
        assert np.asarray(t).dtype == np.asarray(o).dtype, "tangent dtype"
        assert np.shape(t) == np.shape(o), "tangent shape"
    low = any(np.asarray(o).dtype in (np.float32, np.complex64) for o in outs)
    step = 1e-2 if low and rtol > 1e-3 else 2e-4
    wide = [np.asarray(x, np.complex128 if x.dtype.kind == "c" else np.float64)[()] for x in xs]

    def difference(h: float) -> list[Any]:
        plus = fun(*[x + h * t for x, t in zip(wide, ts, strict=True)])
        minus = fun(*[x - h * t for x, t in zip(wide, ts, strict=True)])
        return [(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)]

    coarse, fine = difference(step), difference(step / 2)
    for t, c, f in zip(out_ts, coarse, fine, strict=True):
        close(t, (4 * f - c) / 3, rtol, "jvp against differences")


def check_vjp(prim: Primitive, case: Case) -> None:
    """<ct, jvp(t)> = <vjp(ct), t>, without conjugation."""
    positions = inexact_positions(case.args)
    fun = function_of(prim, case, positions)
    xs = [case.args[i] for i in positions]
    rng = np.random.default_rng(2)
    ts = [random_like(rng, x) for x in xs]
    outs, out_ts = jvp(fun, tuple(xs), tuple(ts))
    cts = tuple(random_like(rng, np.asarray(o)) for o in outs)
    _, pull = vjp(fun, *xs)
    grads = pull(cts)
    for g, x in zip(grads, xs, strict=True):
        assert np.asarray(g).dtype == np.asarray(x).dtype, "cotangent dtype"
        assert np.shape(g) == np.shape(x), "cotangent shape"
    left = sum(np.sum(np.asarray(c) * t).real for c, t in zip(cts, out_ts, strict=True))
    right = sum(np.sum(np.asarray(g) * t).real for g, t in zip(grads, ts, strict=True))
    size = 1.0 + sum(np.sum(np.abs(np.asarray(c) * t)) for c, t in zip(cts, out_ts, strict=True))
    small = any(np.asarray(x).dtype in (np.float32, np.complex64) for x in (*xs, *outs))
    assert abs(left - right) <= (1e-4 if small else 1e-9) * size, (left, right)


def check_second_order(prim: Primitive, case: Case) -> None:
    """The four mixtures of modes at order two agree with each other and with differences."""
    positions = inexact_positions(case.args)
    fun = function_of(prim, case, positions)
    xs = tuple(case.args[i] for i in positions)
    rng = np.random.default_rng(3)
    ts = tuple(random_like(rng, x) for x in xs)
    us = tuple(random_like(rng, x) for x in xs)
    outs = fun(*xs)
    cts = tuple(random_like(rng, np.asarray(o)) for o in outs)

    def forward(*p: Any) -> Any:
        return jvp(fun, p, ts)[1]

    def pair(cs: Any, values: Any) -> Any:
        return sum(np.sum((c * v).real) for c, v in zip(cs, values, strict=True))

    def reverse(*p: Any) -> Any:
        return vjp(fun, *p)[1](cts)

    rtol = max(tolerance(*xs, *outs), 1e-5)
    ff = pair(cts, jvp(forward, xs, us)[1])
    fr = pair(ts, jvp(reverse, xs, us)[1])
    rf = pair(us, vjp(forward, *xs)[1](cts))
    rr = pair(us, vjp(reverse, *xs)[1](ts))
    h = 1e-2 if rtol > 1e-3 else 1e-4
    wide = [np.asarray(x, np.complex128 if x.dtype.kind == "c" else np.float64)[()] for x in xs]
    up = forward_at(fun, [x + h * u for x, u in zip(wide, us, strict=True)], ts)
    down = forward_at(fun, [x - h * u for x, u in zip(wide, us, strict=True)], ts)
    fd = pair(cts, [(a - b) / (2 * h) for a, b in zip(up, down, strict=True)])
    for name, value in (("ff", ff), ("fr", fr), ("rf", rf), ("rr", rr)):
        close(value, fd, rtol * 10, f"second order {name}")


def forward_at(fun: Any, xs: Any, ts: Any) -> Any:
    ts = [np.asarray(t, x.dtype)[()] for t, x in zip(ts, xs, strict=True)]
    return jvp(fun, tuple(xs), tuple(ts))[1]


def check_vmap(prim: Primitive, case: Case) -> None:
    """Vmap against a loop, for every choice of batched operands."""
    arrays = [i for i, a in enumerate(case.args) if isinstance(a, np.ndarray | np.generic)]
    choices = [arrays] + ([[i] for i in arrays] if len(arrays) > 1 else [])
    size = 3
    for chosen in choices:
        stacked = list(case.args)
        for i in chosen:
            x = np.asarray(case.args[i])
            rows = [x]
            for k in range(1, size):
                if x.dtype.kind in "iu" and "indexes" in prim.traits:
                    rows.append(x)
                elif x.dtype.kind in "fc":
                    rows.append((x * (1 + 0.01 * k)).astype(x.dtype))
                elif x.dtype.kind == "b":
                    rows.append(np.flip(x))
                else:
                    rows.append(x)
            stacked[i] = np.stack(rows)
        axes = tuple(0 if i in chosen else None for i in range(len(stacked)))
        fun = lambda *a: as_tuple(prim, prim(*a, **case.params))  # noqa: E731
        batched = vmap(fun, in_axes=axes)(*stacked)
        for k in range(size):
            row = [a[k] if i in chosen else a for i, a in enumerate(stacked)]
            one = fun(*row)
            for b, o in zip(batched, one, strict=True):
                close(b[k], o, 1e-4 if np.asarray(o).dtype.itemsize <= 4 else 1e-10, "vmap")
                assert b.dtype == np.asarray(o).dtype


def check_jit(prim: Primitive, case: Case) -> None:
    """The compiled program gives the operator's own result, in memory of its own."""
    expected = as_tuple(prim, prim(*case.args, **case.params))
    fun = lambda *a: as_tuple(prim, prim(*a, **case.params))  # noqa: E731
    found = jit(fun)(*case.args)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
    arrays = [a for a in found if np.ndim(a)]
    for i, a in enumerate(arrays):
        assert a.flags.writeable
        for other in (*case.args, *arrays[:i]):
            assert not np.shares_memory(a, other)


def check_source(prim: Primitive, case: Case) -> None:
    """The generated source stands alone and computes the same."""
    expected = as_tuple(prim, prim(*case.args, **case.params))
    text = to_source(lambda *a: as_tuple(prim, prim(*a, **case.params)))(*case.args)
    assert "import funcgrad" not in text
    assert "from funcgrad" not in text
    scope: dict[str, Any] = {}
    exec(compile(text, prim.name, "exec"), scope)
    for a, b in zip(scope["program"](*case.args), expected, strict=True):
        np.testing.assert_array_equal(a, b)
