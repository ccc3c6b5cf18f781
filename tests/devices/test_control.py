"""Loops, branches, custom rules, collectives and callbacks on arrays of a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload

import funcgrad as fg
from funcgrad import lax

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])


@fg.custom_jvp
def doubled(x: Any) -> Any:
    return 2 * x


doubled.defjvp(lambda primals, tangents: (2 * primals[0], 5 * tangents[0]))


@fg.custom_vjp
def tripled(x: Any) -> Any:
    return 3 * x


tripled.defvjp(lambda x: (3 * x, np.cos(x)), lambda residual, ct: (ct * residual,))


def host_sine(x: Any) -> Any:
    """A function that only takes arrays of the CPU."""
    assert type(x) in (np.ndarray, np.float64)
    return np.sin(x)


def on_the_host(x: Any) -> Any:
    fun = fg.custom_jvp(
        lambda x: fg.pure_callback(host_sine, fg.ShapeDtypeStruct(x.shape, x.dtype), x)
    )
    fun.defjvp(lambda primals, tangents: (fun(*primals), np.cos(primals[0]) * tangents[0]))
    return fun(x)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "scan": lambda x: lax.scan(lambda c, a: (np.tanh(c + a), c * a), x[0], x),
    "scan reverse": lambda x: lax.scan(lambda c, a: (c * a, c + a), x[0], x, reverse=True),
    "fori_loop": lambda x: lax.fori_loop(0, 3, lambda i, c: np.sin(c) + i, x),
    "fori_loop indexing": lambda x: lax.fori_loop(
        0, 2, lambda i, c: c + lax.dynamic_index_in_dim(x, i, 0, False), x[0]
    ),
    "while_loop": lambda x: lax.while_loop(lambda c: np.sum(c * c) > 0.5, lambda c: c * 0.8, x),
    "cond": lambda x: lax.cond(np.sum(x) > 0, np.sin, np.cos, x),
    "cond in vmap": fg.vmap(lambda r: lax.cond(r[0] > 0.5, np.sin, np.cos, r)),
    "switch": lambda x: lax.switch(np.sum(x > 0), [np.sin, np.cos, np.exp, np.tanh, np.abs], x),
    "map": lambda x: lax.map(lambda r: np.sum(np.exp(r)), x),
    "associative_scan": lambda x: lax.associative_scan(np.multiply, x, axis=1),
    "checkpoint": fg.checkpoint(lambda x: np.sin(np.sin(x))),
    "stabilize": fg.stabilize(lambda x: np.log(1 + np.exp(x))),
    "custom_jvp": doubled,
    "custom_vjp": tripled,
    "pure_callback": on_the_host,
    "dynamic_slice": lambda x: lax.dynamic_slice(x, (0, np.argmax(x[0]) - 1), (2, 2)),
    "dynamic_update_slice": lambda x: lax.dynamic_update_slice(x, x[:1] * 2, (1, 0)),
    "set": lambda x: fg.numpy.at(x)[0, 1].set(2 * x[1, 1]),
    "add at": lambda x: fg.numpy.at(x)[:, np.array([0, 2, 0])].add(x),
    "gather": lambda x: x[np.array([1, 0, 1])],
    "sorted": lambda x: np.sort(np.sin(x), axis=1),
    "where": lambda x: np.where(x > 0, np.log(np.abs(x)), 0.0),
    "norm": lambda x: np.linalg.norm(x * 0.0 + x, axis=1),
    "constant": lambda x: x * HOST + np.sum(HOST),
    "literals": lambda x: np.stack([x * 2, np.zeros_like(x), np.full(x.shape, 0.5) + x]),
    "inner grad": lambda x: x * fg.grad(lambda y: np.sum(np.sin(y) * x))(x),
    "hessian": fg.hessian(lambda x: np.sum(np.sin(x) * x[::-1])),
    "jacfwd": fg.jacfwd(lambda x: x @ x.T),
    "ravel_pytree": lambda x: fg.ravel_pytree({"a": x, "b": x[0]})[0],
}
HOST = np.array([2.0, 3.0, 5.0])

COLLECTIVES: dict[str, Callable[[Any], Any]] = {
    "psum": lambda r: lax.psum(r, "i"),
    "pmean": lambda r: lax.pmean(r, "i"),
    "pmax": lambda r: lax.pmax(r, "i"),
    "all_gather": lambda r: lax.all_gather(r, "i"),
    "all_to_all": lambda r: lax.all_to_all(r[:2], "i", 0, 0),
    "psum_scatter": lambda r: lax.psum_scatter(r[:2], "i"),
    "ppermute": lambda r: lax.ppermute(r, "i", [(0, 1)]),
    "axis_index": lambda r: r * lax.axis_index("i"),
}
PROGRAMS |= {name: fg.vmap(f, axis_name="i") for name, f in COLLECTIVES.items()}


def weighed(f: Callable[..., Any]) -> Callable[..., Any]:
    """A scalar that depends on all outputs differently."""

    def total(x: Any) -> Any:
        return sum(np.sum(np.sin(o) * (k + 1)) for k, o in enumerate(fg.tree.leaves(f(x))))

    return total


MODES: dict[str, Callable[..., Any]] = {
    "value": lambda f: f,
    "jit": lambda f: fg.jit(f),
    "grad": lambda f: fg.grad(weighed(f)),
    "jit grad": lambda f: fg.jit(fg.grad(weighed(f))),
    "jvp": lambda f: lambda x: fg.jvp(f, (x,), (x,)),
    "linearize": lambda f: lambda x: fg.linearize(f, x)[1](x),
    "vmap": lambda f: fg.vmap(f),
    "jit vmap grad": lambda f: fg.jit(fg.vmap(fg.grad(weighed(f)))),
    "hvp": lambda f: lambda x: fg.hvp(weighed(f), (x,), (x,)),
}


LANES = np.stack([X, X * 0.9])
ARGUMENTS = {mode: LANES if "vmap" in mode else X for mode in MODES}

LEFT_OUT = {
    "custom_vjp": ("jvp", "linearize", "hvp"),  # has a rule for reverse mode only
    "constant": ("value",),  # CuPy alone, which refuses the constant
    "literals": ("value",),
}


@pytest.mark.parametrize(
    ("name", "mode"), [(n, m) for n in PROGRAMS for m in MODES if m not in LEFT_OUT.get(n, ())]
)
def test_programs(xp: Any, name: str, mode: str) -> None:
    run, x = MODES[mode](PROGRAMS[name]), ARGUMENTS[mode]
    assert_same(run(upload(xp, x)), run(x), 1e-9)


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit, fg.vmap])
def test_debug_callbacks_see_arrays(xp: Any, wrap: Any) -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        fg.debug.callback(lambda v: seen.append(fg.device_get(v)), x * 2)
        return x

    wrap(f)(upload(xp, X))
    np.testing.assert_array_equal(np.concatenate([np.ravel(s) for s in seen]), np.ravel(X * 2))


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
@pytest.mark.parametrize("method", ["sequential", "expand_dims", "broadcast_all"])
def test_host_functions_get_arrays_of_the_cpu(xp: Any, method: Any, wrap: Any) -> None:
    """Whichever operand is batched; results that are arrays of the device are fetched."""

    def on_cpu(x: Any, c: Any, *, shift: float) -> Any:
        assert not fg.arrays.is_gpu_array(x)
        assert not fg.arrays.is_gpu_array(c)
        return {"sum": x + c, "there": xp.asarray(np.array(x * shift))}

    def f(x: Any, c: Any) -> Any:
        shape = fg.ShapeDtypeStruct(x.shape, x.dtype)
        return fg.pure_callback(
            on_cpu, {"sum": shape, "there": shape}, x, c, vmap_method=method, shift=3.0
        )

    run = wrap(fg.vmap(f, in_axes=(0, None)))
    found = run(*upload(xp, (X, np.ones(3))))
    assert_same(found, {"sum": X + 1, "there": X * 3})


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
def test_arrays_of_the_cpu_are_uploaded(xp: Any, wrap: Any) -> None:
    """Beside arrays of a device, in either place, with gradients where each of them lives."""
    x, c = upload(xp, np.ones(3)), np.arange(3.0)
    assert_same(wrap(fg.grad(lambda x: np.sum(x * c + c)))(x), c)
    assert_same(wrap(fg.grad(lambda x: np.sum(c * (c + x))))(x), c)
    assert_same(wrap(fg.value_and_grad(lambda x, c: np.sum(x * c)))(x, c), (np.float64(3.0), c))


def test_constants_of_the_device_meet_arguments_of_the_cpu(xp: Any) -> None:
    c = upload(xp, np.arange(3.0))
    assert_same(fg.jit(lambda x: np.sum(x * c))(np.ones(3)), np.float64(3.0))
    for run in (lambda f: f, fg.jit):
        found = run(fg.grad(lambda x: np.sum(x * c)))(np.ones(3))
        np.testing.assert_array_equal(fg.device_get(found), np.arange(3.0))


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
def test_indices_out_of_range_are_not_trained_on(xp: Any, wrap: Any) -> None:
    """A wrong number of a row raises, or gives NaN: it never reads another row in silence."""
    table, wrong = upload(xp, (np.ones((3, 2)), np.array([1, 7])))
    try:
        found = fg.device_get(wrap(fg.nn.embedding)({"table": table}, wrong))
    except (IndexError, ValueError):
        return
    assert np.isnan(found[1]).all()


def row(x: Any, i: Any) -> Any:
    return np.sum(x[i])


OUT_OF_RANGE: dict[str, Callable[[Any, Any], Any]] = {
    "index": row,
    "grad": lambda x, i: fg.grad(row)(x, i),
    "take": lambda x, i: np.take(x, i, axis=0),
    "along": lambda x, i: np.take_along_axis(x, i[:, None], 1),
    "loss": lambda x, i: fg.nn.softmax_cross_entropy_with_integer_labels(x, i, reduction="none"),
    "metric": lambda x, i: fg.nn.top_k_accuracy(x, i, 2),
    "set": lambda x, i: fg.numpy.at(x)[i].set(5.0),
    "add": lambda x, i: fg.numpy.at(x)[i].add(5.0),
    "multiply": lambda x, i: fg.numpy.at(x)[i].multiply(5.0),
    "integers": lambda x, i: x[0].astype(np.int64)[i],
}
EXPECTED = {
    "index": np.nan, "grad": [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
    "take": [[3, 4, 5], [np.nan] * 3, [np.nan] * 3], "along": [[1], [np.nan], [np.nan]],
    "loss": [np.log(np.sum(np.exp([-1, 0, 1.0]))), np.nan, np.nan], "metric": 1 / 3,
    "set": [[0, 1, 2], [5, 5, 5], [6, 7, 8]], "add": [[0, 1, 2], [8, 9, 10], [6, 7, 8]],
    "multiply": [[0, 1, 2], [15, 20, 25], [6, 7, 8]], "integers": [1, -(2**63), -(2**63)],
}  # fmt: skip


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_indices_out_of_range(xp: Any, name: str) -> None:
    """They read NaN, and write nowhere."""
    x, i = upload(xp, (np.arange(9.0).reshape(3, 3), np.array([1, 3, -4])))
    np.testing.assert_allclose(fg.jit(OUT_OF_RANGE[name])(x, i).get(), EXPECTED[name])
    if name in ("loss", "metric", "grad"):
        np.testing.assert_allclose(OUT_OF_RANGE[name](x, i).get(), EXPECTED[name])
