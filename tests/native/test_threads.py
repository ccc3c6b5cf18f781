"""Kernels in parts: the same bits with any number of threads, at forks, and with many callers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from fuzzing import traced
from fuzzing.generation import function, generate
from native.row_programs import layer_norm, softmax

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import blocks, pool, pool_text, shares

RNG = np.random.default_rng(0)

needs_threads = pytest.mark.skipif(
    not pool_text.has_threads(), reason="parts are shared by POSIX threads, which are not here"
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels of a few elements are divided, and rows of few bytes go through blocks."""
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
    monkeypatch.setattr(shares, "LEAST", 60.0)
    monkeypatch.setattr(shares, "EACH", 20.0)
    monkeypatch.setattr(blocks, "LEAST_BYTES", 1 << 10)
    monkeypatch.setattr(blocks, "MOST_BYTES", 1 << 10)
    before = pool.threads()
    yield
    pool.pool().use(before)


def with_threads(count: int, fun: Callable[..., Any], *args: Any) -> list[np.ndarray]:
    pool.pool().use(count)
    return [np.asarray(x) for x in fg.tree.leaves(fun(*args))]


def text(fun: Callable[..., Any], *args: Any) -> str:
    return fg.jit(fun).lower(*args).llvm_ir()


def layer(x: Any) -> Any:
    return np.tanh(x @ x.swapaxes(-1, -2) + x[..., :1])


def images(x: Any) -> Any:
    return fg.lax.conv(x[..., None, :, :], np.ones((3, 1, 2, 2)), (1, 1), "SAME")


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: np.tanh(x) * 2 + 1,
    "broadcast": lambda x: np.exp(x) - x[..., :1] * x[:1],
    "transposed": lambda x: np.sin(np.swapaxes(x, 0, -1)),
    "sum": lambda x: np.sum(np.exp(x)),
    "columns": lambda x: (np.sum(x, axis=0), np.max(x * x, axis=0)),
    "rows": lambda x: (np.prod(1 + x / 9, axis=-1), np.min(x, axis=-1)),
    "softmax": softmax,
    "softmax gradient": fg.grad(lambda x: np.sum(np.sin(softmax(x)))),
    "norm": layer_norm,
    "norm gradient": fg.grad(lambda x: np.sum(np.sin(layer_norm(x) * x[0]))),
    "layer": layer,
    "layer gradient": fg.grad(lambda x: np.sum(np.sin(layer(x)))),
    "images": images,
}

SHAPES = [(64, 48), (61, 37), (3, 50, 19), (2, 97), (131, 8)]


@needs_threads
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PROGRAMS)
def test_bits_are_the_same_with_any_number_of_threads(name: str, shape: Any) -> None:
    if name == "images" and len(shape) == 2:
        shape = (2, *shape)
    x, fun = RNG.normal(size=shape), PROGRAMS[name]
    compiled = fg.jit(fun)
    expected = fg.tree.leaves(fun(x))
    once = with_threads(1, compiled, x)
    for a, b in zip(once, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    for count in (2, 4):
        for a, b in zip(with_threads(count, compiled, x), once, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", PROGRAMS)
def test_those_programs_are_divided(name: str) -> None:
    shape = (2, 64, 48) if name == "images" else (64, 48)
    assert f"@{pool.NAME}(ptr @part_" in text(PROGRAMS[name], np.ones(shape))


@needs_threads
@pytest.mark.parametrize("seed", range(100, 130))
def test_random_programs(seed: int) -> None:
    case = generate(seed)
    fun = fg.jit(function(case.program, traced.SCOPE))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [with_threads(n, fun, *case.args) for n in (1, 3)]
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@needs_threads
def test_a_part_that_gives_up_leaves_all_to_numpy() -> None:
    x, n = np.arange(1, 2001), np.ones(2000, int)
    power = fg.jit(lambda x, n: np.power(x, n) + np.tanh(x))
    pool.pool().use(4)
    np.testing.assert_allclose(power(x, n) - np.tanh(x), x, rtol=1e-15)
    n[1234] = -1
    for _ in range(20):
        with pytest.raises(ValueError, match="negative integer powers"):
            power(x, n)


def test_memory_of_parts_beyond_the_stack() -> None:
    x = RNG.normal(size=(16, 9000))
    written = text(layer_norm, x)
    assert "malloc" in written.split("define i32 @kernel")[0]
    once = with_threads(1, fg.jit(layer_norm), x)[0]
    np.testing.assert_array_equal(with_threads(3, fg.jit(layer_norm), x)[0], once)
    np.testing.assert_allclose(once, layer_norm(x), rtol=1e-10, atol=1e-12)


@needs_threads
def test_many_callers_at_a_time() -> None:
    xs = [RNG.normal(size=(61, 37)) for _ in range(8)]
    compiled = [fg.jit(PROGRAMS[n]) for n in ("softmax", "norm gradient", "layer", "columns")]
    expected = [[fg.tree.leaves(f(x)) for f in compiled] for x in xs]
    pool.pool().use(3)
    wrong: list[Any] = []

    def call(k: int) -> None:
        for turn in range(40):
            j = (turn + k) % len(compiled)
            for a, b in zip(fg.tree.leaves(compiled[j](xs[k])), expected[k][j], strict=True):
                if not np.array_equal(a, b):
                    wrong.append((k, j))

    callers = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


# --- processes -----------------------------------------------------------------------------------


def run(code: str, **environment: str) -> str:
    """What a Python process prints; kernels of a few elements are divided in it."""
    small = (
        "import os, sys, numpy as np, funcgrad as fg\n"
        "from funcgrad.compiler.native import pool, shares\n"
        "shares.LEAST, shares.EACH = 60.0, 20.0\n"
    )
    env = {**os.environ, "FUNCGRAD_NATIVE": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", small + code],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout


@needs_threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_threads_are_there_again_after_a_fork() -> None:
    code = (
        "f, x = fg.jit(lambda x: np.tanh(x) + 1), np.linspace(-1, 1, 1000)\n"
        "expected = f(x)\n"
        "for turn in range(10):\n"
        "    child = os.fork()\n"
        "    g = fg.jit(lambda x: np.cos(x) * 2)\n"
        "    same = np.array_equal(f(x), expected) and np.allclose(g(x), 2 * np.cos(x))\n"
        "    fine = same and pool.pool().started() == 2\n"
        "    if not child:\n"
        "        os._exit(0 if fine else 1)\n"
        "    assert fine and os.waitpid(child, 0)[1] == 0\n"
        "print('fine')"
    )
    assert run(code, FUNCGRAD_NUM_THREADS="3") == "fine\n"


@needs_threads
def test_threads_start_when_there_is_something_for_them() -> None:
    code = (
        "fg.jit(lambda x: np.tanh(x) + 1)(np.ones(3))\n"
        "print(pool.pool.cache_info().currsize)\n"
        "f = fg.jit(lambda x: np.tanh(x) + 1).lower(np.ones(1000)).llvm_ir()\n"
        "print(pool.pool().started())\n"
        "fg.jit(lambda x: np.tanh(x) + 1)(np.ones(1000))\n"
        "print(pool.pool().started())"
    )
    assert run(code, FUNCGRAD_NUM_THREADS="4").split() == ["0", "0", "3"]
    assert run(code, FUNCGRAD_NUM_THREADS="1").split() == ["0", "0", "0"]


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1.5", ""])
def test_a_wrong_number_of_threads(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NUM_THREADS", asked)
    with pytest.raises(ValueError, match="FUNCGRAD_NUM_THREADS"):
        pool.threads()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes have no affinity here")
def test_affinity_is_respected() -> None:
    code = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nprint(pool.threads())"
    env = {k: v for k, v in os.environ.items() if k != "FUNCGRAD_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", "import os\nfrom funcgrad.compiler.native import pool\n" + code],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "1\n"


def test_a_container_may_grant_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("FUNCGRAD_NUM_THREADS", raising=False)
    monkeypatch.setattr(pool, "_QUOTA", str(tmp_path / "cpu.max"))
    every = pool.threads()
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert pool.threads() == every
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert pool.threads() == 1


def test_parts_are_those_of_sizes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.ones((64, 48))
    texts = set()
    for count in ("1", "2", "16"):
        monkeypatch.setenv("FUNCGRAD_NUM_THREADS", count)
        texts.add(text(PROGRAMS["norm gradient"], x))
    assert len(texts) == 1


def test_callers_compute_alone_without_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_text, "has_threads", lambda: False)
    one = pool.Pool(4)
    assert one.started() == 0
    one.use(2)
    monkeypatch.setattr(pool, "pool", lambda: one)
    x = RNG.normal(size=(61, 37))
    compiled = fg.jit(lambda x: layer_norm(x) * 3)
    np.testing.assert_allclose(compiled(x), layer_norm(x) * 3, rtol=1e-10, atol=1e-12)
