"""Structured control flow against plain Python, under every transformation."""

from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp

X = np.array([0.3, 0.7, 0.2])
V = np.array([1.0, -0.5, 2.0])
BATCH = np.array([[0.3, 0.7, 0.2], [2.0, 0.1, 0.1], [9.0, 9.0, 9.0]])


def cond_staged(x):
    def yes(x):
        return {"y": np.sin(x) * 2, "n": 1}

    def no(x):
        return {"y": np.sqrt(x), "n": 2}

    return np.sum(lax.cond(x[0] > 0.5, yes, no, x)["y"] ** 2)


def cond_python(x):
    return np.sum((np.sin(x) * 2 if x[0] > 0.5 else np.sqrt(x)) ** 2)


def switch_staged(x):
    def third(x):
        return x**3 + np.exp(-x)

    index = np.floor(2 * x[1]).astype(int)
    return np.sum(lax.switch(index, [np.sin, np.cos, third], x))


def switch_python(x):
    branches = [np.sin, np.cos, lambda x: x**3 + np.exp(-x)]
    return np.sum(branches[int(np.clip(np.floor(2 * x[1]), 0, 2))](x))


def while_staged(x):
    def body(carry):
        y, i = carry
        return y * 1.5 + np.sin(x) * 0.1, i + 1

    y, _ = lax.while_loop(lambda c: c[0].sum() < 10.0, body, (x, 0))
    return np.sum(y * y)


def while_python(x):
    y = x
    while y.sum() < 10.0:
        y = y * 1.5 + np.sin(x) * 0.1
    return np.sum(y * y)


def fori_staged(x):
    return np.sum(lax.fori_loop(1, 5, lambda i, c: np.sin(c) * x + i, x))


def fori_python(x):
    c = x
    for i in range(1, 5):
        c = np.sin(c) * x + i
    return np.sum(c)


A = np.arange(12.0).reshape(4, 3) / 10


def scan_staged(x):
    def step(carry, a):
        c = np.tanh(carry * a + x)
        return c, (c * a, carry.sum())

    last, (rows, sums) = lax.scan(step, x, A)
    return last.sum() + np.sum(rows**2) + np.sum(sums * np.arange(4))


def scan_python(x):
    carry, rows, sums = x, [], []
    for a in A:
        new = np.tanh(carry * a + x)
        rows.append(new * a)
        sums.append(carry.sum())
        carry = new
    return carry.sum() + np.sum(np.stack(rows) ** 2) + np.sum(np.stack(sums) * np.arange(4))


def scan_reverse_staged(x):
    def step(carry, a):
        c = carry * a + np.cos(x)
        return c, c.sum()

    last, sums = lax.scan(step, x, A, reverse=True)
    return np.sum(last) + np.sum(sums * np.arange(1, 5))


def scan_reverse_python(x):
    carry, sums = x, [None] * 4
    for i in range(3, -1, -1):
        carry = carry * A[i] + np.cos(x)
        sums[i] = carry.sum()
    return np.sum(carry) + np.sum(np.stack(sums) * np.arange(1, 5))


def nested_staged(x):
    """A while loop in a scan, with a branch inside."""

    def step(carry, limit):
        inner = lax.while_loop(lambda q: q.sum() < limit, lambda q: q * 1.3 + x * 0.2, carry)
        out = lax.cond(inner[0] > 1.0, np.log, np.sin, inner)
        return inner, out.sum()

    _, sums = lax.scan(step, x, np.array([1.0, 3.0, 8.0]))
    return np.sum(sums**2)


def nested_python(x):
    carry, total = x, []
    for limit in (1.0, 3.0, 8.0):
        while carry.sum() < limit:
            carry = carry * 1.3 + x * 0.2
        total.append((np.log(carry) if carry[0] > 1.0 else np.sin(carry)).sum())
    return np.sum(np.stack(total) ** 2)


def while_of_scan_staged(x):
    def body(y):
        return lax.scan(lambda c, a: (c + a * 0.3, None), y, A)[0] * 1.1

    return np.sum(lax.while_loop(lambda y: y.sum() < 20.0, body, x))


def while_of_scan_python(x):
    y = x
    while y.sum() < 20.0:
        for a in A:
            y = y + a * 0.3
        y = y * 1.1
    return np.sum(y)


PROGRAMS = {
    "cond": (cond_staged, cond_python),
    "switch": (switch_staged, switch_python),
    "while": (while_staged, while_python),
    "fori": (fori_staged, fori_python),
    "scan": (scan_staged, scan_python),
    "reverse scan": (scan_reverse_staged, scan_reverse_python),
    "nested": (nested_staged, nested_python),
    "while of scan": (while_of_scan_staged, while_of_scan_python),
}


@pytest.fixture(params=PROGRAMS)
def program(request):
    return PROGRAMS[request.param]


def test_values(program):
    staged, python = program
    for row in BATCH:
        assert_allclose(staged(row), python(row))
        assert_allclose(fg.jit(staged)(row), python(row))
    assert_allclose(fg.vmap(staged)(BATCH), [python(row) for row in BATCH])
    assert_allclose(fg.jit(fg.vmap(staged))(BATCH), [python(row) for row in BATCH])


FIRST = {
    "grad": lambda f: fg.grad(f),
    "jit grad": lambda f: fg.jit(fg.grad(f)),
    "grad jit": lambda f: fg.grad(fg.jit(f)),
    "jit grad jit": lambda f: fg.jit(fg.grad(fg.jit(f))),
    "jacfwd": lambda f: fg.jacfwd(f),
    "jit jacfwd": lambda f: fg.jit(fg.jacfwd(f)),
    "checkpoint": lambda f: fg.grad(fg.checkpoint(f)),
    "linearize": lambda f: lambda x: fg.vmap(fg.linearize(f, x)[1])(np.eye(3)),
}


@pytest.mark.parametrize("mode", FIRST)
def test_first_order(program, mode):
    staged, python = program
    assert_allclose(FIRST[mode](staged)(X), fg.grad(python)(X), rtol=1e-10)


@pytest.mark.parametrize("mode", ["grad", "jit grad jit"])
def test_first_order_of_a_batch(program, mode):
    staged, python = program
    expected = [fg.grad(python)(row) for row in BATCH]
    gradient = FIRST[mode](staged)
    assert_allclose(fg.vmap(gradient)(BATCH), expected, rtol=1e-10)
    assert_allclose(fg.jit(fg.vmap(gradient))(BATCH), expected, rtol=1e-10)

    def total(b):
        return np.sum(fg.vmap(staged)(b))

    assert_allclose(fg.grad(total)(BATCH), expected, rtol=1e-10)
    assert_allclose(fg.jit(fg.grad(total))(BATCH), expected, rtol=1e-10)


SECOND = {
    "fwd-rev": lambda g: lambda x: fg.jvp(fg.grad(g), (x,), (V,))[1],
    "rev-rev": lambda g: fg.grad(lambda x: np.sum(fg.grad(g)(x) * V)),
    "rev-fwd": lambda g: fg.grad(lambda x: fg.jvp(g, (x,), (V,))[1]),
    "fwd-fwd": lambda g: fg.jacfwd(lambda x: fg.jvp(g, (x,), (V,))[1]),
}


@pytest.mark.parametrize("wrap", ["plain", "jit"])
@pytest.mark.parametrize("mode", SECOND)
def test_second_order(program, mode, wrap):
    staged, python = program
    hvp = SECOND[mode](fg.jit(staged) if wrap == "jit" else staged)
    hvp = fg.jit(hvp) if wrap == "jit" else hvp
    expected = SECOND["fwd-rev"](python)(X)
    assert_allclose(hvp(X), expected, rtol=1e-9, atol=1e-12)
    assert_allclose(fg.vmap(hvp)(X[None]), expected[None], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mode", SECOND)
def test_second_order_of_a_batch_with_different_trip_counts(mode):
    expected = [SECOND[mode](while_python)(row) for row in BATCH]
    assert_allclose(fg.vmap(SECOND[mode](while_staged))(BATCH), expected, rtol=1e-9)
    assert_allclose(fg.jit(fg.vmap(SECOND[mode](while_staged)))(BATCH), expected, rtol=1e-9)


def test_third_order_of_a_while_loop():
    def staged(x):
        return lax.while_loop(lambda k: k < 50.0, lambda k: k * k * x, x)

    def python(x):
        k = x
        while k < 50.0:
            k = k * k * x
        return k

    third = fg.grad(fg.grad(fg.grad(staged)))
    assert_allclose(third(3.0), fg.grad(fg.grad(fg.grad(python)))(3.0))
    assert_allclose(fg.jit(third)(3.0), third(3.0))


def test_inactive_lanes_that_blow_up_give_no_nan():
    def f(x):
        return lax.while_loop(lambda k: k < 1.0, lambda k: k + np.sqrt(1.0 - k), x)

    x = np.array([0.5, 1.0, 3.0])
    with np.errstate(all="ignore"):
        expected = [1 - 0.5 / np.sqrt(0.5), 1.0, 1.0]
        assert_allclose(fg.vmap(fg.grad(f))(x), expected)
        assert_allclose(fg.vmap(f)(x), [0.5 + np.sqrt(0.5), 1.0, 3.0])


def test_inactive_lanes_index_position_zero():
    table = np.array([10.0, 20.0, 30.0])

    def f(i, x):
        return lax.cond(i < 3, lambda: fnp.take(table, i, axis=0) * x, lambda: x)

    i = np.array([0, 2, 7])
    out = fg.vmap(f, in_axes=(0, None))(i, 2.0)
    assert_array_equal(out, [20.0, 60.0, 2.0])
    assert_array_equal(fg.jit(fg.vmap(f, in_axes=(0, None)))(i, 2.0), [20.0, 60.0, 2.0])
    gradient = fg.vmap(fg.grad(f, argnums=1), in_axes=(0, None))(i, 2.0)
    assert_array_equal(gradient, [10.0, 30.0, 1.0])


def test_concrete_predicate_runs_only_the_branch_taken():
    def f(x):
        return lax.cond(x > 0, lambda x: x**2, lambda x: fg.no_such_name, x)  # type: ignore[attr-defined]

    assert fg.grad(f)(3.0) == 6.0


def test_cond_operand_keyword_and_integer_predicate():
    assert fg.jit(lambda p: lax.cond(p, np.sin, np.cos, operand=0.0))(1) == 0.0


def test_scan_without_xs_and_with_empty_xs():
    last, ys = lax.scan(lambda c, _: (2 * c, c), 1.0, None, length=4)
    assert last == 16.0
    assert_array_equal(ys, [1, 2, 4, 8])
    last, ys = lax.scan(lambda c, a: (c + a, c), 1.0, np.zeros((0,)))
    assert last == 1.0
    assert np.shape(ys) == (0,)
    gradient = fg.grad(lambda x: lax.scan(lambda c, a: (c * a, c), x, np.zeros(0))[0])(2.0)
    assert gradient == 1.0


def test_while_loop_that_never_runs():
    assert fg.grad(lambda x: lax.while_loop(lambda c: c < 0, lambda c: c * 2, x * 3))(2.0) == 3.0


def test_fori_loop_with_traced_bound():
    def f(x, n):
        return lax.fori_loop(0, n, lambda i, c: c * x, 1.0)

    assert fg.jit(f)(3.0, 4) == 81.0
    assert fg.jit(fg.grad(f))(3.0, 4) == 108.0
    assert_allclose(fg.vmap(fg.grad(f), in_axes=(None, 0))(3.0, np.arange(4)), [0, 1, 6, 27])


def test_map():
    assert_allclose(lax.map(lambda r: r @ r, A), np.sum(A * A, 1))
    assert_allclose(fg.grad(lambda a: lax.map(np.sum, a**2).sum())(A), 2 * A)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(n, reverse):
    x = np.linspace(0.5, 1.5, 2 * n).reshape(n, 2)
    expected = np.flip(np.cumprod(np.flip(x, 0), 0), 0) if reverse else np.cumprod(x, 0)
    assert_allclose(lax.associative_scan(np.multiply, x, reverse=reverse), expected)
    assert_allclose(fg.jit(lambda x: lax.associative_scan(np.multiply, x, reverse))(x), expected)
    one = fg.jacrev(lambda x: lax.associative_scan(np.multiply, x, reverse))(x)
    two = fg.jacfwd(lambda x: np.flip(np.cumprod(np.flip(x, 0), 0), 0) if reverse
                    else np.cumprod(x, 0))(x)  # fmt: skip
    assert_allclose(one, two, atol=1e-12)


def test_disable_jit_runs_loops_in_python():
    seen = []

    def step(c, a):
        seen.append(float(a))
        return c + a, c

    with fg.disable_jit():
        lax.scan(step, 0.0, np.array([1.0, 2.0]))
    assert seen == [1.0, 2.0]


class TestMessages:
    def test_carry_dtype(self):
        with pytest.raises(fg.errors.ShapeError, match=r"comes in as i64\[\] and out as f64\[\]"):
            lax.while_loop(lambda c: c < 3, lambda c: c + 0.5, np.int64(0))

    def test_carry_structure(self):
        with pytest.raises(fg.errors.TreeError, match="structure"):
            lax.scan(lambda c, a: ((c, c), a), 0.0, np.ones(2))

    def test_branches(self):
        with pytest.raises(fg.errors.ShapeError, match=r"returns f64\[\], .*returns f64\[3\]"):
            fg.jit(lambda x: lax.cond(x[0] > 0, lambda x: x, np.sum, x))(X)

    def test_lengths(self):
        with pytest.raises(fg.errors.ShapeError, match="lengths differ"):
            lax.scan(lambda c, a: (c, a), 0.0, (np.ones(2), np.ones(3)))

    def test_predicate_shape(self):
        with pytest.raises(fg.errors.ShapeError, match="scalar"):
            lax.cond(X > 0, np.sin, np.cos, X)

    def test_pair(self):
        with pytest.raises(TypeError, match="pair"):
            lax.scan(lambda c, a: c, 0.0, np.ones(2))


def test_memory_of_loop_constants():
    """A weight used in every step is not stacked: residuals hold it once."""
    w = np.ones((50, 50))

    def f(w, x):
        return lax.scan(lambda c, _: (np.tanh(w @ c), None), x, None, length=20)[0].sum()

    jaxpr = fg.make_jaxpr(lambda w, x: fg.vjp(f, w, x)[1])(w, np.ones(50))
    assert all(v.aval.shape != (20, 50, 50) for e in jaxpr.eqns for v in e.outvars)


class TestOlderAndLooserCalls:
    def test_operand_none_is_an_operand(self):
        assert lax.cond(True, lambda o: (o, 1), lambda o: (o, 2), operand=None) == (None, 1)
        f = fg.jit(lambda p: lax.cond(p, lambda o: 1.0, lambda o: 2.0, operand=None))
        assert (f(True), f(False)) == (1.0, 2.0)

    def test_an_operand_for_each_branch(self):
        def f(p, x):
            return lax.cond(p, x, lambda x: x + 1, (x, x), lambda xs: xs[0] * xs[1])

        for run in (f, fg.jit(f)):
            assert (run(True, 3.0), run(False, 3.0)) == (4.0, 9.0)
        assert fg.jit(fg.grad(f, 1))(False, 3.0) == 6.0
        xs = np.array([3.0, 4.0])
        assert_allclose(fg.vmap(f)(np.array([True, False]), xs), [4.0, 16.0])

    LOOPS: ClassVar = {
        "scan": lambda b, start: lax.scan(lambda c, x: (b(c, x), c), start, X)[0],
        "fori_loop": lambda b, start: lax.fori_loop(0, 3, lambda i, c: b(c, 0.5), start),
        "unknown length": lambda b, start: fg.jit(
            lambda n: lax.fori_loop(0, n, lambda i, c: b(c, 0.5), start)
        )(3),
        "while_loop": lambda b, start: lax.while_loop(lambda c: c < 2, lambda c: b(c, 0.5), start),
    }

    @pytest.mark.parametrize("loop", LOOPS)
    @pytest.mark.parametrize("start", [0, False, 0.0])
    def test_python_numbers_take_the_dtype_of_the_carry(self, loop, start):
        run = self.LOOPS[loop]
        expected = run(lambda c, x: c + x, 0.0)
        got = run(lambda c, x: c + x, start)
        assert type(got) is np.float64
        assert got == expected
        assert run(lambda c, x: c + 1j * x, start + 0).dtype == complex if loop[0] != "w" else True
        assert_allclose(fg.grad(lambda s: run(lambda c, x: c + s * x, start))(1.0), expected)

    def test_numpy_numbers_keep_theirs(self):
        for run in self.LOOPS.values():
            with pytest.raises(fg.errors.ShapeError, match="i64") as info:
                run(lambda c, x: c + x, np.int64(0))
            assert "test_control_flow.py" in str(info.value)
            assert "loops.py" not in str(info.value)

    @pytest.mark.parametrize("wrap", [fg.jit, fg.vmap, lambda f: fg.jit(fg.vmap(f))])
    def test_branches_that_return_numbers(self, wrap):
        x = np.array([0.5, 1.5])

        def f(x):
            index = np.sum(x > 1)
            return lax.switch(index, [lambda x: 1, lambda x: x * x, lambda x: 2.5], x)

        def g(x):
            return lax.cond(np.sum(x) > 1, lambda: 1, lambda: 0.5)

        for h, want in ((f, [1.0, 2.25]), (g, [0.5, 1.0])):
            if wrap is fg.jit:
                got = [wrap(h)(v) for v in x]
            else:
                got = wrap(h)(x)
            assert_allclose(got, want)
            assert np.asarray(got).dtype == float
        slopes = fg.vmap(fg.grad(f))(x)
        assert_allclose(slopes, [0.0, 3.0])

    def test_loops_that_return_numbers(self):
        carry, ys = lax.scan(lambda c, x: (1.0, 2), 5.0, X)
        assert type(carry) is np.float64
        assert np.asarray(ys).dtype == np.int64
        assert fg.vmap(lambda z: lax.while_loop(lambda c: c < 1, lambda c: 2.0, z))(X[:1]) == [2.0]

    def test_bounds_that_are_no_integers(self):
        for bounds in ((0, 2.5), (0.0, 2), (np.zeros(1, int), 2), (0, "3")):
            with pytest.raises(TypeError, match=r"fori_loop: (lower|upper) must be an integer"):
                lax.fori_loop(bounds[0], bounds[1], lambda i, c: c, 0.0)

    def test_conditions_that_are_no_booleans(self):
        with pytest.raises(TypeError, match="must return a boolean, got f64"):
            lax.while_loop(lambda c: c, lambda c: c - 1, 3.0)

    def test_constant_bounds_take_no_memory(self):
        jaxpr = fg.make_jaxpr(lambda x: lax.fori_loop(0, 10**12, lambda i, c: c + x * i, 0.0))(2.0)
        assert "length=1000000000000" in str(jaxpr)
        assert sum(c.nbytes for c in jaxpr.consts) < 1000
