"""NumPy's indexing of traced arrays: values, gradients, batches, functional updates."""

from __future__ import annotations

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

import funcgrad as fg
import funcgrad.numpy as fnp

SHAPES = [(4,), (3, 4), (2, 3, 4), (2, 1, 3, 2), (), (0, 3)]
FEW = settings(max_examples=examples(120), deadline=None, derandomize=True)


@st.composite
def indexed(draw, shapes=SHAPES):
    """A shape and an index that fits it."""
    shape = draw(st.sampled_from(shapes))
    if 0 in shape or draw(st.booleans()):
        return shape, draw(nps.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    return shape, draw(mixed(shape))


@st.composite
def mixed(draw, shape):
    """Integers, slices, None, Ellipsis, integer arrays that broadcast together, boolean masks."""
    common = draw(st.sampled_from([(2,), (3,), (2, 3), (1,), (), (0,)]))
    entries = []
    axis = 0
    stop = draw(st.integers(0, len(shape)))
    while axis < stop:
        n = shape[axis]
        kind = draw(st.sampled_from(["int", "slice", "array", "array", "none", "mask"]))
        if kind == "none":
            entries.append(None)
            continue
        if kind == "int":
            entries.append(draw(st.integers(-n, n - 1)))
        elif kind == "slice":
            entries.append(draw(st.slices(n)))
        elif kind == "array":
            cut = common[draw(st.integers(0, len(common))) :]
            dims = tuple(d if draw(st.booleans()) else 1 for d in cut)
            values = st.integers(-n, n - 1)
            entries.append(draw(nps.arrays(np.int64, dims, elements=values)))
        else:
            entries.append(draw(nps.arrays(bool, (n,))))
        axis += 1
    if stop < len(shape) and draw(st.booleans()):
        entries.append(Ellipsis)
    return tuple(entries)


def numbers(shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)[()]


def expected_or_error(x, key):
    try:
        return np.asarray(np.asarray(x)[key]), None
    except IndexError as error:
        return None, error


def check_index(x, key):
    want, error = expected_or_error(x, key)
    if error is not None:
        with pytest.raises((IndexError, ValueError)):
            fg.jit(lambda v: v[key])(x)
        return
    for got in (fg.jit(lambda v: v[key])(x), fg.jvp(lambda v: v[key], (x,), (x,))[1]):
        assert np.shape(got) == want.shape
        np.testing.assert_array_equal(got, want)
    weights = numbers(want.shape)
    gradient = fg.grad(lambda v: np.sum(v[key] * weights))(x)
    scattered = np.zeros(np.shape(x))
    np.add.at(scattered, key, weights)
    np.testing.assert_allclose(gradient, scattered, atol=1e-13)
    rows = np.stack([x, 2 * x])
    np.testing.assert_array_equal(fg.vmap(lambda v: v[key])(rows), np.stack([want, 2 * want]))


@FEW
@given(indexed())
def test_any_index(case):
    shape, key = case
    check_index(numbers(shape), key)


KEYS = [
    (slice(None, None, -2), 1),
    (..., None, [0, 2, -1]),
    ([1, 0], slice(None), [[0], [3]]),
    (1, slice(None), [0, 2]),
    ([0, 1], 2, slice(None)),
    (slice(1, 1),),
    (np.array(1), np.array(2)),
    (None, [True, False], ..., -1),
    (np.zeros((2, 3), bool),),
    np.array([[True] * 3] * 2),
    ([], slice(None)),
    (slice(5, 0, -1), slice(-9, 9)),
    True,
    False,
    (np.True_, 1),
    (0, True, [1]),
    (slice(None), np.array([True, False, True]), [1, 2]),
    ...,
    None,
    (),
    -1,
    [1, 1, 0],
    [[1], [0]],
    (slice(None), [1], None, [2]),
    (np.int8(1), slice(np.int64(0), np.int64(2))),
    ([1],),
    5,
    (0, 0, 0, 0),
    ([0], [1, 2], [0, 1, 2]),
    (np.array([True, False, True]),),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_index(key):
    check_index(numbers((2, 3, 4)), key)


@pytest.mark.parametrize("key", [(0.5,), "a", (slice(None), 1.0), ({},), (..., ...)], ids=repr)
def test_what_is_no_index(key):
    with pytest.raises((IndexError, TypeError)):
        fg.jit(lambda v: v[key])(numbers((2, 3)))


def test_traced_indices():
    x, i = numbers((3, 4)), np.array([[2, 0], [-1, 1]])
    for fun in (
        lambda a, k: a[k],
        lambda a, k: a[:, k],
        lambda a, k: a[k, k],
        lambda a, k: a[k, 1:3],
        lambda a, k: a[1, k],
        lambda a, k: fnp.take(x, k, 1) * a[0, 0],
        lambda a, k: a[k[0, 0]],
        lambda a, k: a[k[0, 0], k[1, 1]],
        lambda a, k: fnp.at(x)[k].get() * a[0, 0],
        lambda a, k: a[k[0, 0], :, None],
        lambda a, k: a[..., k[0, 1]],
    ):
        np.testing.assert_array_equal(fg.jit(fun)(x, i), fun(x, i))
        got = fg.vmap(fun)(np.stack([x, 2 * x]), np.stack([i, i[::-1]]))
        np.testing.assert_array_equal(got, np.stack([fun(x, i), fun(2 * x, i[::-1])]))
        got = fg.jacrev(fun)(x, i)
        np.testing.assert_allclose(got, fg.jacfwd(fun)(x, i), atol=1e-13)


def test_masks_need_values():
    x = numbers((4,))
    np.testing.assert_array_equal(fg.grad(lambda v: np.sum(v[v > 0] ** 2))(x), 2 * x * (x > 0))
    for run in (fg.jit, fg.vmap):
        with pytest.raises(fg.errors.ConcretizationError, match=r"fnp\.where"):
            run(lambda v: v[v > 0])(np.stack([x, x]))


def test_index_out_of_range():
    x = numbers((3, 4))
    for key in (3, -4, (0, 4), [0, 3], (slice(None), [0, -5])):
        with pytest.raises(IndexError):
            fg.grad(lambda v, k=key: np.sum(v[k]))(x)


# --- updates --------------------------------------------------------------------------------------

IN_PLACE = {
    "set": lambda y, k, v: y.__setitem__(k, v),
    "add": np.add.at,
    "multiply": np.multiply.at,
    "min": np.minimum.at,
    "max": np.maximum.at,
    "subtract": np.subtract.at,
    "mul": np.multiply.at,
}


def in_place(name, x, key, value):
    y = np.array(x)
    IN_PLACE[name](y, key, value)
    return y


def check_update(name, x, key, value):
    try:
        want = in_place(name, x, key, value)
    except IndexError:
        return

    def fun(a, v):
        return getattr(fnp.at(a)[key], name)(v)

    before = np.array(x)
    np.testing.assert_allclose(fun(x, value), want, err_msg="plain")
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(fg.jit(fun)(x, value), want, err_msg="jit")
    primal, slope = fg.jvp(fun, (x, value), (x * 0.3, value * 0.7))
    np.testing.assert_allclose(primal, want, err_msg="jvp")
    h = 1e-5
    up = in_place(name, x * (1 + 0.3 * h), key, value * (1 + 0.7 * h))
    down = in_place(name, x * (1 - 0.3 * h), key, value * (1 - 0.7 * h))
    np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-6, atol=1e-6)
    ct = np.cos(np.arange(want.size)).reshape(want.shape)
    pulled = fg.vjp(fun, x, value)[1](ct)
    left, right = np.sum(ct * slope), np.sum(pulled[0] * x * 0.3) + np.sum(pulled[1] * value * 0.7)
    np.testing.assert_allclose(right, left, rtol=1e-9, atol=1e-12)
    rows = np.stack([x, x + 3.0])
    got = fg.vmap(fun, in_axes=(0, None))(rows, value)
    np.testing.assert_allclose(got, np.stack([want, in_place(name, x + 3.0, key, value)]))


@settings(max_examples=examples(100), deadline=None, derandomize=True)
@given(indexed(SHAPES[:4]), st.sampled_from(sorted(IN_PLACE)), st.booleans())
def test_any_update(case, name, broadcast):
    shape, key = case
    x = numbers(shape)
    want, error = expected_or_error(x, key)
    if error is not None:
        return
    value = np.float64(1.3) if broadcast else 1.1 * np.random.default_rng(7).random(want.shape)[()]
    check_update(name, x, key, value)


UPDATES = [
    (1, 5),
    ((slice(None), 1), 3),
    (([1, 1, 0],), 4),
    (([1, 0], slice(None), [2, 2]), 3),
    ((..., -1), 3),
    ((slice(None, None, -1),), 4),
    ((np.array([True, False]),), 4),
]


@pytest.mark.parametrize("name", sorted(IN_PLACE))
@pytest.mark.parametrize("key", [k for k, _ in UPDATES], ids=repr)
def test_update(name, key):
    x = numbers((2, 3, 4))
    shape = np.shape(x[key])
    value = 0.5 + np.random.default_rng(3).random(shape[-1:])
    check_update(name, x, key, value)


def test_divide_power_and_apply():
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(fnp.at(x)[[0, 2]].divide(4.0), [0.25, 2.0, 0.75])
    np.testing.assert_allclose(fnp.at(x)[1].power(3), [1.0, 8.0, 3.0])
    np.testing.assert_allclose(fnp.at(x)[1:].apply(np.exp), [1.0, np.exp(2.0), np.exp(3.0)])
    np.testing.assert_allclose(fg.grad(lambda v: v.at[1].power(3).sum())(x), [1.0, 12.0, 1.0])
    with pytest.raises(TypeError, match=r"astype\(float\)"):
        fnp.at(np.array([7, 8, 9]))[1].divide(2)


def test_plain_arrays_with_traced_indices():
    x, i = numbers((3, 4)), np.array([[2, 0], [-1, 1]])
    for fun in (
        lambda k: fnp.at(x)[k].get(),
        lambda k: fnp.at(x)[:, k].get(),
        lambda k: fnp.take(x, k, 1),
        lambda k: fnp.take_along_axis(x[:2], k, 1),
        lambda k: fnp.roll(x, k[0, 0], 1),
        lambda k: fnp.roll(x, (k[0, 0], 1), (0, 1)),
        lambda k: fnp.roll(x, k[0, 0]),
        lambda k: fnp.choose(k % 3, [1.0, 2.0, 3.0]),
        lambda k: fnp.at(x)[k].add(1.0),
        lambda k: fnp.full_like(x, k[0, 1]),
        lambda k: fnp.pad(x, 1, constant_values=k[0, 0]),
    ):
        np.testing.assert_array_equal(fg.jit(fun)(i), fun(i))
        got = fg.vmap(fun)(np.stack([i, i[::-1]]))
        np.testing.assert_array_equal(got, np.stack([fun(i), fun(i[::-1])]))
    with pytest.raises(fg.errors.TracerError):
        fg.jit(lambda k: x[k])(i)


def test_updates_keep_the_dtype():
    x = np.zeros(3, np.float32)
    for run in (lambda f, *a: f(*a), lambda f, *a: fg.jit(f)(*a)):
        assert run(lambda v: fnp.at(v)[0].set(2.5), x).dtype == np.float32
        assert run(lambda v: fnp.at(v)[0].add(np.float64(2.5)), x).dtype == np.float32
        got = run(lambda v: fnp.at(v)[0].set(2.7), np.zeros(3, int))
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got, [2, 0, 0])
    with pytest.raises(fg.errors.TracerError, match=r"\.real"):
        fnp.at(x)[0].set(1j)


def test_update_with_a_shape_that_does_not_fit():
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        fnp.at(np.zeros((2, 3)))[0].set(np.ones(2))


def test_updates_of_plain_arrays_share_no_memory():
    x = np.zeros((2, 3))
    for out in (fnp.at(x)[0].set(1.0), fnp.at(x)[[0]].add(1.0), fnp.at(x)[0].set(1.0, mode="drop")):
        assert not np.shares_memory(out, x)
        assert out.flags.writeable


# --- modes ----------------------------------------------------------------------------------------

FAR = np.array([1, -1, 7, -9])


@pytest.mark.parametrize("traced", ["plain", "jit", "jit of the indices", "vmap"])
def test_get_modes(traced):
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    want = {
        "clip": x[[1, 2, 2, 0]],
        "wrap": x[[1, 2, 1, 0]],
        "fill": np.array([x[1], x[2], [np.nan] * 2, [np.nan] * 2]),
    }
    for mode, rows in want.items():

        def fun(v, i, mode=mode):
            return fnp.at(v)[i].get(mode=mode)

        if traced == "plain":
            got = fun(x, FAR)
        elif traced == "jit":
            got = fg.jit(lambda v, f=fun: f(v, FAR))(x)
        elif traced == "jit of the indices":
            got = fg.jit(fun)(x, FAR)
        else:
            got = fg.vmap(fun, in_axes=(None, 0))(x, FAR)
        np.testing.assert_array_equal(got, rows, err_msg=mode)
    zero = fg.grad(lambda v: fnp.at(v)[FAR].get(mode="fill", fill_value=0.0).sum())(x)
    np.testing.assert_array_equal(zero, [[0, 0], [1, 1], [1, 1]])


def test_fill_with_the_index_behind_a_slice():
    x = np.arange(6.0).reshape(2, 3)
    for run in (lambda f: f, fg.jit):
        got = run(lambda v: fnp.at(v)[:, np.array([0, 5])].get(mode="fill", fill_value=-1.0))(x)
        np.testing.assert_array_equal(got, [[0.0, -1.0], [3.0, -1.0]])
        got = run(lambda v: fnp.at(v)[1, 9].get(mode="fill", fill_value=-1.0))(x)
        assert got == -1.0
        got = run(lambda v: fnp.at(v)[np.array([0, 7]), :, None].get(mode="fill", fill_value=0))(x)
        np.testing.assert_array_equal(got, [[[0.0], [1.0], [2.0]], [[0.0], [0.0], [0.0]]])


@pytest.mark.parametrize("run", [lambda f: f, fg.jit], ids=["plain", "jit"])
def test_update_modes(run):
    x = np.array([10.0, 20.0, 30.0])
    v = np.array([1.0, 2.0, 3.0, 4.0])
    want = {
        ("set", "drop"): [10.0, 1.0, 2.0],
        ("add", "drop"): [10.0, 21.0, 32.0],
        ("add", "fill"): [10.0, 21.0, 32.0],
        ("add", "clip"): [14.0, 21.0, 35.0],
        ("add", "wrap"): [14.0, 24.0, 32.0],
        ("max", "drop"): [10.0, 20.0, 30.0],
        ("mul", "drop"): [10.0, 20.0, 60.0],
        ("min", "clip"): [4.0, 1.0, 2.0],
    }
    for (name, mode), result in want.items():
        got = run(lambda a, b, n=name, m=mode: getattr(fnp.at(a)[FAR], n)(b, mode=m))(x, v)
        np.testing.assert_array_equal(got, result, err_msg=f"{name} {mode}")
    gradient = fg.grad(lambda b: run(lambda c: fnp.at(x)[FAR].add(c, mode="drop"))(b).sum())(v)
    np.testing.assert_array_equal(gradient, [1, 1, 0, 0])
    grid = np.zeros((2, 3))
    got = run(lambda a: fnp.at(a)[np.array([1, 5]), 1:].set(np.ones(2), mode="drop"))(grid)
    np.testing.assert_array_equal(got, [[0, 0, 0], [0, 1, 1]])


def test_unknown_mode():
    with pytest.raises(ValueError, match="'clip', 'wrap', 'fill' or 'drop'"):
        fnp.at(np.zeros(3))[0].get(mode="near")


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "i4", "f2", "f4", "c8"])
@pytest.mark.parametrize("transform", [lambda f: f, fg.jit])
def test_many_rows_are_added_in_every_type(dtype, transform):
    rng = np.random.default_rng(0)
    rows = rng.integers(-7, 7, 70)
    x = np.zeros((7, 64)).astype(dtype)
    v = rng.integers(0, 2 if dtype == "?" else 3, (70, 64)).astype(dtype)
    expected = x.copy()
    np.add.at(expected, rows, v)
    found = transform(lambda x, v: fnp.at(x)[rows].add(v))(x, v)
    np.testing.assert_array_equal(found, expected, strict=True)
