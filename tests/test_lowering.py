"""Shapes without arrays: ShapeDtypeStruct, eval_shape, and compiling ahead of time."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg

Struct = fg.ShapeDtypeStruct


class Duck:
    shape = (2, 3)
    dtype = np.dtype("f4")


def test_structs():
    s = Struct((4, 2), "f4")
    assert (len(s), s.size, s.ndim, s.weak_type) == (4, 8, 2, False)
    assert bool(Struct((0,), float))
    assert s.update(shape=(3,)) == Struct((3,), "f4")
    assert s.update(dtype=int).dtype == np.int64
    assert Struct.like(np.ones((4, 2), "f4")) == s
    assert Struct.like(Duck()) == Struct((2, 3), "f4")
    assert Struct.like(1.0) == Struct((), float, weak_type=True) != Struct((), float)
    assert fg.tree.leaves({"a": s, "b": [s]}) == [s, s]
    assert pickle.loads(pickle.dumps(s)) == copy.deepcopy(s) == s
    assert len({s, Struct((4, 2), "f4")}) == 1
    scalar = Struct((), float)
    for wrong in (lambda: len(scalar), lambda: s.update(size=3), lambda: Struct((), None)):
        with pytest.raises(TypeError):
            wrong()


def test_eval_shape():
    assert fg.eval_shape(lambda x: x + 1, Duck()) == Struct((2, 3), "f4")
    assert fg.eval_shape(lambda d: d["a"].T, {"a": Duck()}) == Struct((3, 2), "f4")
    inner = fg.eval_shape(lambda x: {"y": fg.eval_shape(lambda y: y * 2, x), "x": x[0]}, Duck())
    assert inner == {"y": Struct((2, 3), "f4"), "x": Struct((3,), "f4")}
    made = fg.eval_shape(lambda s: np.zeros(fg.eval_shape(np.sum, Struct((2,), int)).shape) + s, 1)
    assert made == Struct((), float)
    assert fg.eval_shape(lambda x: 2 * x, Struct((), float, weak_type=True)) == Struct((), float)
    with pytest.raises(fg.errors.TracerError, match="not an array"):
        fg.eval_shape(np.sum, object())


class TestLower:
    def test_compile_and_call(self):
        f = fg.jit(lambda x, k, *, scale: (x * k, {"a": x * scale}), static_argnums=1)
        lowered = f.lower(Struct((2,), "f4"), 3, scale=Struct((), "f4"))
        assert lowered.out_info == (Struct((2,), "f4"), {"a": Struct((2,), "f4")})
        assert "mul" in lowered.as_text()
        program = lowered.compile()
        x = np.array([1.0, 2.0], "f4")
        out = program(x, scale=np.float32(2))
        assert_allclose(out[0], 3 * x)
        assert_allclose(out[1]["a"], 2 * x)
        assert_allclose(fg.grad(lambda x: np.sum(program(x, scale=np.float32(1))[0]))(x), [3, 3])
        assert_allclose(fg.vmap(lambda x: program(x, scale=np.float32(1))[0])(x[None]), 3 * x[None])

    def test_arguments_must_fit(self):
        program = fg.jit(lambda d, n: d["a"] * n).lower({"a": Struct((2,), float)}, 1).compile()
        assert_allclose(program({"a": np.ones(2)}, 3), [3.0, 3.0])
        for wrong, part in (
            (({"a": np.ones(3)}, 3), r"args\[0\]\['a'\] of f64\[2\], got f64\[3\]"),
            (({"a": np.ones(2)}, 3.0), r"args\[1\] of i64\*\[\], got f64\*\[\]"),
            (({"b": np.ones(2)}, 3), "structure"),
        ):
            with pytest.raises(fg.errors.FuncgradError, match=part):
                program(*wrong)

    def test_captured_values(self):
        def outer(w):
            program = fg.jit(lambda x: x * w).lower(Struct((2,), float)).compile()
            return np.sum(program(np.ones(2)))

        assert fg.grad(outer)(3.0) == 2.0
        assert fg.jit(outer)(3.0) == 6.0
