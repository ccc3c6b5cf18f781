"""What comes in and goes out: subclasses of arrays are refused, and one type covers all arrays."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp


class Quantity(np.ndarray):
    pass


KINDS = {
    "masked": lambda: np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]),
    "user's": lambda: np.ones(3).view(Quantity),
    "record": lambda: np.ones(3).view(np.recarray),
}

ONES = np.ones(3)

BOUNDARIES = {
    "jit": lambda m: fg.jit(np.mean)(m),
    "jit of a pytree": lambda m: fg.jit(lambda d: np.mean(d["a"]))({"a": m}),
    "lower": lambda m: fg.jit(np.mean).lower(m),
    "grad": lambda m: fg.grad(np.mean)(m),
    "value_and_grad": lambda m: fg.value_and_grad(np.mean)(m),
    "vjp": lambda m: fg.vjp(np.sum, m),
    "cotangent": lambda m: fg.vjp(lambda x: 2 * x, ONES)[1](m),
    "jvp": lambda m: fg.jvp(np.sum, (m,), (ONES,)),
    "tangent": lambda m: fg.jvp(np.sum, (ONES,), (m,)),
    "linearize": lambda m: fg.linearize(np.sum, m),
    "jacfwd": lambda m: fg.jacfwd(lambda x: 2 * x)(m),
    "jacrev": lambda m: fg.jacrev(lambda x: 2 * x)(m),
    "hessian": lambda m: fg.hessian(np.sum)(m),
    "hvp": lambda m: fg.hvp(np.sum, (m,), (ONES,)),
    "vmap": lambda m: fg.vmap(lambda x: x)(m),
    "vmap, not mapped": lambda m: fg.vmap(lambda x, y: x + y, in_axes=(0, None))(ONES, m),
    "make_jaxpr": lambda m: fg.make_jaxpr(np.sum)(m),
    "eval_shape": lambda m: fg.eval_shape(np.sum, m),
    "checkpoint": lambda m: fg.checkpoint(np.sum)(m),
    "scan, carry": lambda m: lax.scan(lambda c, x: (c + x, c), m, np.ones((2, 3))),
    "scan, xs": lambda m: lax.scan(lambda c, x: (c + x, c), 0.0, m),
    "while_loop": lambda m: lax.while_loop(lambda c: np.sum(c) < 9, lambda c: c * 2, m),
    "fori_loop": lambda m: lax.fori_loop(0, 2, lambda i, c: c * 2, m),
    "map": lambda m: lax.map(lambda x: x, m),
    "cond": lambda m: lax.cond(True, lambda x: x, lambda x: 2 * x, m),
    "cond in jit": lambda m: fg.jit(lambda p: lax.cond(p, lambda x: x, lambda x: 2 * x, m))(True),
    "switch": lambda m: lax.switch(0, [lambda x: x], m),
    "at": lambda m: fnp.at(m)[0].set(1.0),
    "ravel_pytree": lambda m: fg.ravel_pytree({"a": m}),
    "pure_callback": lambda m: fg.pure_callback(np.sum, fg.ShapeDtypeStruct((), float), m),
    "stabilize": lambda m: fg.stabilize(np.sum)(m),
    "output of jit": lambda m: fg.jit(lambda x: m)(1.0),
    "output of grad": lambda m: fg.vjp(lambda x: m, 1.0),
    "factor in grad": lambda m: fg.grad(lambda x: np.sum(x * m))(ONES),
    "left factor in grad": lambda m: fg.grad(lambda x: np.sum(m * x))(ONES),
    "product in grad": lambda m: fg.grad(lambda x: np.dot(x, m))(ONES),
    "product in jvp": lambda m: fg.jvp(lambda x: m @ x, (ONES,), (ONES,)),
    "sum in vmap": lambda m: fg.vmap(lambda x: x + m)(ONES),
    "constant of jit": lambda m: fg.jit(lambda x: np.sum(x * m))(ONES),
    "constant of scan": lambda m: lax.scan(lambda c, x: (c + np.sum(m * x), c), 0.0, ONES),
    "where": lambda m: fg.grad(lambda x: np.sum(np.where(x > 0, x, m)))(ONES),
    "operand of an operator": lambda m: lax.cumsum(m),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_subclasses_of_arrays_are_refused(boundary, kind):
    array = KINDS[kind]()
    before = array.copy()
    with pytest.raises(fg.errors.TracerError) as info:
        BOUNDARIES[boundary](array)
    if not ("left" in boundary or "in vmap" in boundary or "constant" in boundary):
        # Masked arrays get hold of operators themselves, and NumPy's message is about that.
        if not (kind == "masked" and boundary == "factor in grad"):
            assert type(array).__name__ in str(info.value)
    assert_allclose(np.asarray(array), np.asarray(before))


def test_matrices_are_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    for call in (fg.jit(np.sum), fg.grad(np.sum), fg.vmap(lambda x: x), fg.stabilize(np.sum)):
        with pytest.raises(fg.errors.TracerError, match="matrix"):
            call(matrix)


def test_memory_maps_are_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=(3,))
    mapped[:] = [1.0, 2.0, 3.0]
    assert fg.jit(np.sum)(mapped) == 6.0
    assert_allclose(fg.grad(lambda x: np.sum(x * x))(mapped), [2.0, 4.0, 6.0])
    assert_allclose(fg.vmap(lambda x: 2 * x)(mapped), [2.0, 4.0, 6.0])
    assert_allclose(fg.grad(lambda x: np.sum(x * mapped))(np.ones(3)), mapped)
    assert type(fg.jit(lambda x: x * 2)(mapped)) is np.ndarray


@pytest.mark.parametrize(
    "array", [np.zeros(2, [("a", float)]), np.array(["a"]), np.array([None]), np.zeros(1, "M8[D]")]
)
def test_dtypes_that_are_not_numeric(array):
    for call in (fg.jit(lambda x: x), fg.vmap(lambda x: x), fg.make_jaxpr(lambda x: x)):
        with pytest.raises(fg.errors.TracerError, match="not numeric"):
            call(array)


class TestArray:
    def test_plain_values(self):
        yes = (np.ones(2), np.float32(1), np.sum(np.ones(2)), np.True_, np.int64(1))
        assert all(isinstance(x, fg.Array) and isinstance(x, fnp.ndarray) for x in yes)
        assert not any(isinstance(x, fg.Array) for x in (1.0, True, [1.0], "a", None, np.float64))
        assert issubclass(np.ndarray, fg.Array)
        assert issubclass(np.float64, fg.Array)
        assert not issubclass(float, fg.Array)

    @pytest.mark.parametrize(
        "wrap",
        [
            fg.grad, fg.jit, fg.checkpoint, lambda f: fg.vmap(f, in_axes=None, axis_size=2),
            lambda f: lambda x: fg.vmap(f)(x[None]), lambda f: lambda x: fg.jvp(f, (x,), (x,)),
            lambda f: fg.jit(fg.grad(f)), lambda f: lambda x: lax.map(f, x[None]),
        ],
    )  # fmt: skip
    def test_traced_values(self, wrap):
        seen = []

        def f(x):
            seen.extend([x, np.sum(x), x[0], np.max(x), x > 0, np.argmax(x)])
            assert all(isinstance(v, fg.Array) and isinstance(v, fnp.ndarray) for v in seen)
            return np.sum(x)

        wrap(f)(np.ones(3))
        assert len(seen) == 6

    def test_it_makes_no_arrays(self):
        with pytest.raises(TypeError, match="isinstance"):
            fnp.ndarray((2,))


class TestGradientOptions:
    @pytest.mark.parametrize("wrap", [fg.grad, fg.value_and_grad, fg.jacfwd, fg.jacrev, fg.hessian])
    @pytest.mark.parametrize("argnums", [(0, 0), (0, -2), (1, 0, -1)])
    def test_an_argument_named_twice(self, wrap, argnums):
        with pytest.raises(ValueError, match="names an argument twice"):
            wrap(lambda x, y: x * x * y, argnums)(2.0, 3.0)

    @pytest.mark.parametrize("jit", [lambda f: f, fg.jit])
    def test_integers_have_derivatives_of_no_size(self, jit):
        slope = jit(fg.grad(lambda n: 1.0 * n, allow_int=True))(2)
        assert (slope.dtype, slope.shape) == (fg.float0, ())
        slopes = jit(fg.grad(lambda p: np.sum(p["n"] * p["x"]), allow_int=True))(
            {"n": np.arange(3), "x": np.ones(3)}
        )
        assert (slopes["n"].dtype, slopes["n"].shape) == (fg.float0, (3,))
        assert_allclose(slopes["x"], [0.0, 1.0, 2.0])
        rows = jit(fg.vmap(fg.grad(lambda n: 1.0 * n, allow_int=True)))(np.arange(3))
        assert (rows.dtype, rows.shape) == (fg.float0, (3,))

    @pytest.mark.parametrize("nothing", [(), {}, None, [], {"a": ()}])
    def test_functions_without_outputs_have_zero_cotangents(self, nothing):
        def pull(x, n):
            return fg.vjp(lambda x, n: nothing, x, n)[1](nothing)

        for run in (pull, fg.jit(pull)):
            ct, none = run(np.ones(2), 3)
            assert_allclose(ct, np.zeros(2))
            assert none.dtype == fg.float0


def test_scipy_functions_name_the_users_line():
    scipy_special = pytest.importorskip("scipy.special")
    import scipy.linalg
    import scipy.signal
    import scipy.stats

    calls = [
        lambda x: scipy.linalg.expm(x), lambda x: scipy.stats.norm.logpdf(x),
        lambda x: scipy_special.logsumexp(x), lambda x: scipy.signal.detrend(x),
        lambda x: scipy.linalg.cholesky(x), lambda x: scipy_special.struve(1.0, x),
        lambda x: np.ma.masked_array(x, 0),
    ]  # fmt: skip
    for call in calls:
        for wrap in (fg.jit, lambda f: fg.grad(lambda x: np.sum(f(x)))):
            with pytest.raises(fg.errors.TracerError, match=r"test_boundaries\.py"):
                wrap(call)(np.eye(3))
