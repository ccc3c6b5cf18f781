"""What traced values refuse to do, and what the messages say to write instead."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
from surface.arrays import VECTOR, X

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.errors import ConcretizationError, TracerError


def assign(v):
    v[0] = 1.0
    return v


def assign_into(v):
    a = np.zeros(3)
    a[0] = v[0]
    return a


def assign_slice(v):
    a = np.zeros((2, 5))
    a[1] = v
    return a


def grow(v):
    a = np.ones(5)
    a += v
    return a


def slice_store(v):
    v[1:] *= 2.0
    return v


def vectorized(v):
    return np.vectorize(lambda e: e * 2)(v)


REFUSED = {
    "x[0] = 1": (assign, r"x\.at\[i\]\.set\(v\)"),
    "x[1:] *= 2": (slice_store, r"x\.at\[i\]\.set\(v\)"),
    "array[0] = tracer": (assign_into, "would drop its derivative"),
    "array[1] = tracer": (assign_slice, r"fnp\.at\(a\)\[i\]\.set\(v\)"),
    "array += tracer": (grow, r"x = x \+ y"),
    "np.array([tracer])": (lambda v: np.array([v[0], 1.0]), r"fnp\.stack.*fnp\.array"),
    "np.asarray(tracer)": (lambda v: np.asarray(v), "fnp.array"),
    "np.asarray([tracers])": (lambda v: np.asarray([v, v]), "fnp.array"),
    "np.sum([tracers])": (lambda v: np.sum([v[0], v[1]]), "fnp.stack"),
    "float": (lambda v: float(v[0]), r"float\(\).*would drop its derivative"),
    "complex": (lambda v: complex(v[0]), r"complex\(\).*would drop"),
    "item": (lambda v: v[0].item(), r"\.item\(\).*would drop"),
    "tolist": (lambda v: v.tolist(), r"\.tolist\(\).*would drop"),
    "math.sin": (lambda v: math.sin(v[0]), r"np\.sin instead of math\.sin"),
    "np.copyto": (lambda v: np.copyto(np.zeros(5), v), r"fnp\.where\(mask, src, dst\)"),
    "np.copyto into a tracer": (lambda v: np.copyto(v, np.ones(5)), r"fnp\.at\(dst\)"),
    "np.put": (lambda v: np.put(v, [0], 1.0), r"fnp\.at\(x\)\[i\]\.set\(v\)"),
    "np.putmask": (lambda v: np.putmask(v, v > 0, 1.0), r"fnp\.where\(mask, v, x\)"),
    "np.place": (lambda v: np.place(v, v > 0, 1.0), "in place"),
    "np.put_along_axis": (lambda v: np.put_along_axis(v, np.array([0]), 1.0, 0), "in place"),
    "np.fill_diagonal": (lambda v: np.fill_diagonal(v[None], 1.0), "in place"),
    "np.savetxt": (lambda v: np.savetxt("nowhere", v), "save the result"),
    "np.shares_memory": (lambda v: np.shares_memory(v, v), "no memory of its own"),
    "fnp.put": (lambda v: fnp.put(v, [0], 1.0), r"fnp\.put\(x, \.\.\., inplace=False\)"),
    "fnp.put, plain": (lambda v: fnp.put(np.zeros(5), [0], v[0]), r"inplace=False"),
    "fnp.place": (lambda v: fnp.place(v, np.ones(5, bool), 1.0), r"inplace=False"),
    "fnp.put_along_axis": (
        lambda v: fnp.put_along_axis(v, np.array([0]), 1.0, 0),
        r"fnp\.put_along_axis\(x, \.\.\., inplace=False\)",
    ),
    "fnp.fill_diagonal": (lambda v: fnp.fill_diagonal(v[None], 1.0), r"inplace=False"),
    "np.vectorize": (vectorized, "drop its derivative"),
    "np.add.at": (lambda v: np.add.at(v, [0], 1.0), r"fnp\.at\(x\)\[i\]\.add\(v\)"),
    "np.add.at, plain": (
        lambda v: np.add.at(np.zeros(5), [0], v[0]),
        r"fnp\.at\(x\)\[i\]\.add\(v\)",
    ),
    "np.maximum.at": (lambda v: np.maximum.at(v, [0], 1.0), r"\.max\(v\)"),
    "np.minimum.at": (lambda v: np.minimum.at(v, [0], 1.0), r"\.min\(v\)"),
    "np.multiply.at": (lambda v: np.multiply.at(v, [0], 1.0), r"\.mul\(v\)"),
    "out= of a ufunc": (lambda v: np.sin(v, out=np.zeros(5)), "out="),
    "out= of a binary ufunc": (lambda v: np.add(v, 1, np.zeros(5)), "np.add"),
    "out= of a reduction": (lambda v: np.sum(v, out=np.zeros(())), "out=.*assign the result"),
    "out= of reduce": (lambda v: np.add.reduce(v, out=np.zeros(())), "out="),
    "out= of accumulate": (lambda v: np.add.accumulate(v, out=np.zeros(5)), "out="),
    "out= of cumsum": (lambda v: np.cumsum(v, out=np.zeros(5)), "out="),
    "out= of matmul": (lambda v: np.matmul(v, v, out=np.zeros(())), "out="),
    "out= of concatenate": (lambda v: np.concatenate([v, v], out=np.zeros(10)), "out="),
    "out= of clip": (lambda v: np.clip(v, 0, 1, out=np.zeros(5)), "out="),
    "where= of a ufunc": (lambda v: np.sin(v, where=v > 0), r"fnp\.where\(mask"),
    "reduceat": (lambda v: np.add.reduceat(v, [0, 2]), "np.add.reduceat is not supported"),
    "subtract.accumulate": (lambda v: np.subtract.accumulate(v), "not supported"),
    "struve": (lambda v: scipy.special.struve(1.0, v), "custom_jvp"),
    "axes= of matmul": (lambda v: np.matmul(v, v, axes=[(0,), (0,), ()]), "axes="),
    "float32(tracer)": (lambda v: np.float32(v[0]), "drop its derivative"),
}
BOTH = [fg.grad, fg.jit]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("transform", BOTH, ids=lambda t: t.__name__)
def test_refusal(name, transform):
    fun, message = REFUSED[name]
    with pytest.raises(TracerError, match=f"(?s){message}"):
        transform(fun)(VECTOR)


@pytest.mark.parametrize("transform", [fg.jit, fg.vmap])
def test_conditions_on_values(transform):
    for fun, message in (
        (lambda v: v if (v > 0).all() else -v, r"fnp\.where or fg\.lax\.cond"),
        (lambda v: [v for _ in range(v.astype(int).ravel()[0])], "range"),
        (lambda v: np.unique(v), "size that depends on values"),
        (lambda v: np.nonzero(v), r"fnp\.where"),
        (lambda v: fnp.arange(v[0]), "arange"),
    ):
        with pytest.raises(ConcretizationError, match=message):
            transform(fun)(np.ones((3, 3)))


def test_arguments_that_do_not_fit():
    cases = [
        (lambda v: np.reshape(v, (4, 2)), "cannot reshape"),
        (lambda v: np.reshape(v, (-1, -1)), "only one dimension"),
        (lambda v: np.sum(v, axis=2), "axis 2 is out of bounds"),
        (lambda v: np.sum(v, axis=(0, 0)), "repeated"),
        (lambda v: np.concatenate([v, v[0]]), "concatenate|dimension|shape"),
        (lambda v: np.stack([v, v[0]]), "differ in shape"),
        (lambda v: np.transpose(v, (0, 0)), "do not match"),
        (lambda v: np.split(v, 2, axis=1), "equal parts"),
        (lambda v: np.squeeze(v, 0), "cannot squeeze"),
        (lambda v: np.dot(v, v), "do not fit"),
        (lambda v: np.einsum("ij,jk->ik", v, v), "label 'j' has sizes"),
        (lambda v: np.pad(v, -1), "negative"),
        (lambda v: np.pad(v, 1, "sideways"), "use one of"),
        (lambda v: np.quantile(v, 0.5, method="guess"), "unknown method"),
        (lambda v: np.convolve(v[0], v[1], "most"), "full, same or valid"),
        (lambda v: np.take(v, 0, mode="far"), "'clip' or 'wrap'"),
        (lambda v: np.max(v, where=v > 0), "needs initial="),
        (lambda v: np.gradient(v, edge_order=2), "at least 3"),
        (lambda v: np.average(v, weights=v[0, :2]), "weights of shape"),
        (lambda v: np.tensordot(v, v, 1), "do not fit"),
        (lambda v: np.where(v > 0, v), "both of x and y|either both"),
        (lambda v: np.diff(v, -1), "not be negative"),
    ]
    if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
        cases.append((lambda v: np.cumulative_sum(v), "needs axis="))
    for fun, message in cases:
        with pytest.raises((ValueError, TypeError, IndexError), match=message):
            fg.jit(fun)(X)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no 'fft2d'"):
        _ = fnp.fft2d  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'strides'"):
        fg.jit(lambda v: v.strides)(X)


IGNORED_ONCE = {
    "clip, where": lambda v: np.clip(v, 0.0, 1.0, where=v > 0),
    "clip, dtype": lambda v: np.clip(v, 0.0, 1.0, dtype=np.float32),
}


@pytest.mark.parametrize("what", IGNORED_ONCE)
def test_arguments_that_change_the_result_are_refused(what):
    with pytest.raises(TracerError, match=f"{what.split()[1]}= is not supported"):
        fg.jit(IGNORED_ONCE[what])(np.array([0.5, 2.0]))
    harmless = fg.jit(lambda v: np.clip(v, 0.0, 1.0, where=True, dtype=None, order="K"))
    np.testing.assert_array_equal(harmless(np.array([0.5, 2.0])), [0.5, 1.0])


@pytest.mark.parametrize("stack", [np.stack, np.vstack, np.hstack])
def test_stacks_refuse_casts_as_numpy_does(stack):
    def narrow(v, casting):
        return stack([v, v], dtype=np.float32, casting=casting)

    x = np.array([0.5, 2.0])
    for run in (narrow, fg.jit(narrow, static_argnums=1)):
        with pytest.raises(TypeError, match="cast"):
            run(x, "safe")
        np.testing.assert_array_equal(run(x, "same_kind"), narrow(x, "same_kind"), strict=True)
