"""bfloat16 and float8 of ml_dtypes: operators compute in float32 and round once, in every mode.

What results are compared with is the operator on the same numbers in float32, rounded by ml_dtypes.
"""

import subprocess
import sys

import laws
import numpy as np
import pytest
from surface import elementwise, products, reducing, shaping
from surface.checks import OLDER_NUMPY, Bound, leaves_of

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import lax, nn, optim, random, train, tree
from funcgrad.compiler.native import llvm
from funcgrad.core import hooks
from funcgrad.core.primitive import REGISTRY
from funcgrad.core.tracing import Tracer
from funcgrad.errors import TracerError

ml_dtypes = pytest.importorskip(
    "ml_dtypes", reason="ml_dtypes, which has these types, is not installed"
)

BF16 = np.dtype(ml_dtypes.bfloat16)
E4M3 = np.dtype(ml_dtypes.float8_e4m3fn)
E5M2 = np.dtype(ml_dtypes.float8_e5m2)
SMALL_TYPES = [BF16] if llvm.usable() else [BF16, E5M2]
"""Those whose programs are native, where there is native code: float8 stays in NumPy's."""
NAMES = (
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
    "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
)  # fmt: skip
TYPES = [np.dtype(getattr(ml_dtypes, name)) for name in NAMES]
SINGLE = np.dtype(np.float32)

hooks.complete()


def is_float(x):
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"


def wide(x):
    """The numbers in float64, complex ones in complex128."""
    x = np.asarray(x)
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def equal(a, b):
    """The same type, shape and numbers."""
    a, b = np.asarray(a), np.asarray(b)
    return (
        a.dtype == b.dtype
        and a.shape == b.shape
        and np.array_equal(wide(a), wide(b), equal_nan=True)
    )


def within(found, expected, units, what):
    """Elements that differ by no more than some units in the last place."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), what
    if found.dtype not in TYPES:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5, err_msg=what)
        return
    info = ml_dtypes.finfo(found.dtype)
    a, b = wide(found), wide(expected)
    limit = units * float(info.eps) * np.maximum(np.abs(b), float(info.tiny))
    with np.errstate(invalid="ignore"):
        assert np.all((np.abs(a - b) <= limit) | (a == b) | (np.isnan(a) & np.isnan(b))), what


# --- operators ------------------------------------------------------------------------------------

OF_TYPES = {"bitcast_convert_type", "convert_element_type", "nextafter", "spacing"}
"""Operators that ask for the type itself: tested below."""


class Operator:
    """A case of an operator with its floats in a small type, and in float32 with their values."""

    def __init__(self, name, number, dtype):
        self.prim = REGISTRY[name]
        self.dtype = dtype
        case = laws.cases_of(self.prim)[number]
        self.given = case.args
        self.params = case.params
        self.places = [i for i, a in enumerate(case.args) if is_float(a)]
        with np.errstate(all="ignore"):
            self.small = [case.args[i].astype(dtype) for i in self.places]
        self.single = [x.astype(SINGLE) for x in self.small]

    def __call__(self, *floats):
        dtype = self.dtype if floats[0].dtype == self.dtype else SINGLE
        args = list(self.given)
        for i, x in zip(self.places, floats, strict=True):
            args[i] = x
        params = {
            k: dtype if isinstance(v, np.dtype) and v.kind == "f" else v
            for k, v in self.params.items()
        }
        return laws.as_tuple(self.prim, self.prim(*args, **params))

    def loss(self, *floats):
        """The sum of all results that have a derivative."""
        parts = [np.sum(np.real(o)) for o in self(*floats) if wide_kind(o.dtype) in "fc"]
        return sum(p.astype(np.float32) for p in parts)


def wide_kind(dtype):
    return "f" if dtype in TYPES else dtype.kind


CASES = [
    (name, i)
    for name, i in laws.all_cases()
    if name not in OF_TYPES and any(map(is_float, laws.cases_of(REGISTRY[name])[i].args))
]


@pytest.mark.parametrize("dtype", SMALL_TYPES, ids=str)
@pytest.mark.parametrize(("name", "i"), CASES)
def test_operators_round_once(name, i, dtype):
    with np.errstate(all="ignore"):
        f = Operator(name, i, dtype)
        try:
            expected = f(*f.single)
        except (ValueError, np.linalg.LinAlgError):
            pytest.skip("in float32 these numbers, which are rounded, are refused")
        found = f(*f.small)
        for a, b in zip(found, expected, strict=True):
            within(a, np.asarray(b).astype(np.asarray(a).dtype), 1, name)
        for s, a in zip(fg.eval_shape(f, *f.small), found, strict=True):
            assert (s.shape, s.dtype) == (np.shape(a), np.asarray(a).dtype)
        for a, b in zip(fg.jit(f)(*f.small), found, strict=True):
            if np.asarray(a).dtype == dtype:
                assert equal(a, b), f"{name} in a program"
            else:
                within(a, b, 1, name)
        several = fg.vmap(f)(*[np.stack([x, x]) for x in f.small])
        for a, b in zip(several, found, strict=True):
            within(a, np.stack([b, b]), 2, f"{name} under vmap")


@pytest.mark.parametrize(("name", "i"), [c for c in CASES if not REGISTRY[c[0]].nondifferentiable])
def test_derivatives_of_operators_have_the_type_of_the_argument(name, i):
    with np.errstate(all="ignore"):
        f = Operator(name, i, BF16)
        try:
            outs = f(*f.single)
        except (ValueError, np.linalg.LinAlgError):
            pytest.skip("in float32 these numbers, which are rounded, are refused")
        if not any(np.asarray(o).dtype.kind in "fc" for o in outs):
            pytest.skip("no result of this case has a derivative")
        every = tuple(range(len(f.small)))
        found = fg.grad(f.loss, argnums=every)(*f.small)
        expected = fg.grad(f.loss, argnums=every)(*f.single)
        for g, x, e in zip(found, f.small, expected, strict=True):
            assert (g.dtype, np.shape(g)) == (BF16, np.shape(x))
            assert isinstance(g, np.ndarray | np.generic)
            size = float(np.max(np.abs(e), initial=0.01, where=np.isfinite(e)))
            if name != "gamma_slope":  # in bfloat16 its recurrence cancels all digits
                near = np.abs(wide(g) - wide(e)) <= 60 * 2.0**-7 * size
                assert np.all(near | ~np.isfinite(e)), name
        if f.dtype in (np.asarray(o).dtype for o in f(*f.small)):
            compiled = fg.jit(fg.grad(f.loss, argnums=every))(*f.small)
            assert all(map(equal, compiled, found)), f"{name} in a program"


# --- NumPy's functions ----------------------------------------------------------------------------

TABLE = {
    name: calls
    for part in (elementwise, products, reducing, shaping)
    for name, calls in part.TABLE.items()
    if hasattr(fnp, name) and name != "empty_like"
}
CALLS = [
    (name, i)
    for name, calls in sorted(TABLE.items())
    for i, c in enumerate(calls)
    if c.traced != "all"
    and not c.concrete
    and any(getattr(a, "dtype", None) == np.float64 for a in leaves_of((c.args, c.kwargs)))
]


class InDtype(Bound):
    """A call with its float64 arrays rounded to bfloat16, in some dtype that holds them."""

    def __init__(self, name, case, dtype):
        super().__init__(getattr(fnp, name), case)
        self.all = [
            x.astype(BF16).astype(dtype)[()] if is_float(x) and x.dtype == np.float64 else x
            for x in self.all
        ]
        self.leaves = [self.all[i] for i in self.places]


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_functions_of_numpy(name, i):
    with np.errstate(all="ignore"):
        small, single, half = (InDtype(name, TABLE[name][i], t) for t in (BF16, SINGLE, "f2"))
        try:
            expected = single(*single.leaves)
        except TypeError:
            assert OLDER_NUMPY
            pytest.skip("this version of NumPy refuses the call")
        found = fg.jit(small)(*small.leaves)
        types = fg.eval_shape(half, *half.leaves)
        for a, e, t in zip(found, expected, types, strict=True):
            a, e = np.asarray(a), np.asarray(e)
            assert a.shape == e.shape
            assert a.dtype == (BF16 if t.dtype == np.float16 else t.dtype)
            if a.dtype.kind in "biu":
                continue
            there = np.isfinite(e)
            size = max(1.0, float(np.max(np.abs(e[there]), initial=0)))
            assert np.all(np.abs(wide(a) - wide(e))[there] <= 8 * 2.0**-7 * size)
        outs, pull = fg.vjp(small, *small.leaves)
        if all(np.asarray(o).dtype == BF16 for o in outs):
            ones = tuple(np.ones_like(o) for o in outs)
            grads = pull(ones)
            compiled = fg.jit(lambda *xs: fg.vjp(small, *xs)[1](ones))(*small.leaves)
            for g, x, c in zip(grads, small.leaves, compiled, strict=True):
                assert (g.dtype, np.shape(g)) == (BF16, np.shape(x))
                assert equal(g, c)


# --- types ----------------------------------------------------------------------------------------


def sum_type(x, y):
    """The dtype of a sum, traced; jit and grad must agree on it."""
    return fg.eval_shape(lambda a, b: a + b, x, y).dtype


@pytest.mark.parametrize("small", TYPES, ids=str)
@pytest.mark.parametrize("other", "?bBhHiIlLfdFD")
def test_promotion_is_that_of_numpy(small, other):
    # of int16 and wider ones as of float16
    assert (
        sum_type(np.ones(2, small), np.ones(2, other))
        == (np.ones(2, small) + np.ones(2, other)).dtype
    )


@pytest.mark.parametrize("small", TYPES, ids=str)
def test_python_numbers_take_the_small_type(small):
    x = np.ones(2, small)
    for number in (True, 2, 1.5):
        assert sum_type(x, number) == small
        assert fg.jit(lambda v, n=number: v * n)(x).dtype == small
        assert fg.grad(lambda v, n=number: np.sum(v * n))(x).dtype == small
    assert sum_type(x, 1j) == np.complex64


def test_small_floats_do_not_mix():
    x, y, z = (np.ones(2, t) for t in (E4M3, E5M2, BF16))
    for a, b in ((x, y), (x, z), (z, y)):
        with pytest.raises(TypeError, match=r"have no common type: convert one of them"):
            fg.jit(lambda p, q: p + q)(a, b)
    assert sum_type(z, np.ones(2, np.float16)) == np.float32
    assert fg.jit(lambda p, q: p.astype(np.float32) + q)(x, y).dtype == np.float32


def test_linspace_counts_further_than_bfloat16_does():
    found = fg.jit(lambda a, b: np.linspace(a, b, 2001))(BF16.type(-1), BF16.type(1))
    assert equal(found, np.linspace(-1, 1, 2001, dtype=np.float32).astype(BF16))


def test_rounding_is_to_nearest_even_after_each_operation():
    # 1 + 2**-8 is half way between 1, which is even, and an odd one; so is 1 + 3 * 2**-8, below
    one = np.ones(1, BF16)
    f = fg.jit(lambda x, d: (x + d) - x)
    assert float(f(one, np.array([2.0**-8], BF16))[0]) == 0
    assert float(f(one, np.array([3 * 2.0**-8], BF16))[0]) == 2.0**-6
    # 256 + 1 is 256: a sum of many ones counts on in float32
    many = np.ones(1000, BF16)
    assert float(fg.jit(np.sum)(many)) == 1000
    assert float(fg.jit(np.mean)(many)) == 1
    assert float(fg.jit(lambda v: v @ v)(many)) == 1000


@pytest.mark.parametrize(
    ("name", "largest", "least_normal", "distance"),
    # from the definitions of the formats: Micikevicius et al., FP8 formats for deep learning
    # (2022), Noune et al., 8-bit numerical formats (2022), and IEEE's rules for the others
    [
        ("bfloat16", 2.0**127 * (2 - 2.0**-7), 2.0**-126, 2.0**-7),
        ("float8_e4m3fn", 448.0, 2.0**-6, 2.0**-3),
        ("float8_e5m2", 57344.0, 2.0**-14, 2.0**-2),
        ("float8_e4m3", 240.0, 2.0**-6, 2.0**-3),
        ("float8_e3m4", 15.5, 2.0**-2, 2.0**-4),
        ("float8_e4m3b11fnuz", 30.0, 2.0**-10, 2.0**-3),
        ("float8_e4m3fnuz", 240.0, 2.0**-7, 2.0**-3),
        ("float8_e5m2fnuz", 57344.0, 2.0**-15, 2.0**-2),
    ],
)
def test_formats(name, largest, least_normal, distance):
    dtype = getattr(fnp, name)
    info = fnp.finfo(dtype)
    assert tuple(map(float, (info.max, info.tiny, info.eps))) == (largest, least_normal, distance)
    next_to_one = fg.jit(lambda x: np.nextafter(x, x + x))(np.ones(1, dtype))
    assert float(next_to_one[0]) == 1 + distance
    assert float(fg.jit(np.spacing)(np.ones(1, dtype))[0]) == distance
    beyond = fg.jit(lambda x: x * x)(np.array([largest], dtype))
    assert not np.isfinite(float(beyond[0]))


def test_bits():
    x = np.array([1.0, -2.0, 3.140625], BF16)
    bits = np.array([0x3F80, 0xC000, 0x4049], np.uint16)
    for run in (lambda f: f, fg.jit):
        assert equal(run(lambda v: lax.bitcast_convert_type(v, np.uint16))(x), bits)
        assert equal(run(lambda v: lax.bitcast_convert_type(v, BF16))(bits), x)
        rounded = run(lambda v: lax.reduce_precision(v, 8, 3))(x)
        assert equal(rounded, np.array([1, -2, 3.25], BF16))
    assert equal(lax.reduce_precision(x.astype(np.float32), 8, 7), x.astype(np.float32))


def test_conversions():
    x = np.array([0.1, 1.0 + 2.0**-8, 3e38, np.nan, -np.inf])
    for dtype in TYPES:
        expected = x.astype(np.float32).astype(dtype)
        assert equal(fg.jit(lambda v, t=dtype: v.astype(np.float32).astype(t))(x), expected)
    gradient = fg.grad(lambda v: np.sum(v.astype(BF16) * 2.0).astype(np.float64))(x[:2])
    assert equal(gradient, [2.0, 2.0])


def test_a_program_as_text_runs_alone():
    table = np.linspace(0, 1, 300).astype(BF16)

    def f(x):
        return (x * BF16.type(1.5)).astype(E4M3), np.sum(table) * x[0], BF16.type(2.5)

    source = fg.to_source(f)(X)
    assert "import ml_dtypes\nimport numpy" in source
    program = f"{source}\nx = np.array([1, 2.5, 3.25]).astype('bfloat16')\nprint(program(x))"
    run = [sys.executable, "-W", "error", "-c", program]
    found = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert found.strip() == str(fg.jit(f)(X))


def test_conversions_in_native_code():
    every = np.arange(1 << 16, dtype=np.uint16).view(BF16)
    with np.errstate(all="ignore"):
        numbers = np.random.default_rng(0).integers(0, 1 << 32, 50_000, np.uint32).view(np.float32)
        near = [
            (every.view(np.uint16).astype(np.uint32) << 16) | k for k in (0x7FFF, 0x8000, 0x8001)
        ]
        single = np.concatenate([numbers, *[n.view(np.float32) for n in near]])
        double = single.astype(np.float64) * (1 + 2.0**-40)
        assert equal(fg.jit(lambda v: v.astype(np.float32))(every), every.astype(np.float32))
        for x in (single, double, *[single[:500].astype(t) for t in ("i8", "i4", "u1")]):
            assert equal(fg.jit(lambda v: v.astype(BF16))(x), x.astype(BF16))
    if llvm.usable():
        groups = str(fg.jit(lambda v: np.sin(v) * 2.0).lower(every).groups())
        assert "steps: 1, native functions: 1" in groups


def test_names_of_types():
    jaxpr = str(fg.make_jaxpr(lambda a, b: (a + 1, b.astype(E4M3)))(np.ones(3, BF16), 1.0))
    assert "a:bf16[3]" in jaxpr
    assert "f8_e4m3fn[]" in jaxpr


# --- transformations ------------------------------------------------------------------------------

X = np.array([1.0, 2.5, 3.25], BF16)


def body(c, v):
    return c * 1.5 + v, np.sin(c) * 2.0


@fg.custom_jvp
def tripled(x):
    return np.sin(x) * 2.0


@tripled.defjvp
def _(primals, tangents):
    return tripled(*primals), tangents[0] * 3.0


@fg.custom_vjp
def fourfold(x):
    return np.sin(x) * 2.0


fourfold.defvjp(lambda x: (fourfold(x), x), lambda x, ct: (ct * 4.0 + x * 0.0,))

FUNCTIONS = {
    "scan": lambda x: np.sum(lax.scan(body, x[0], x)[1]),
    "while": lambda x: np.sum(lax.while_loop(lambda c: c[0] < 50, lambda c: c * 2.0, x)),
    "for": lambda x: np.sum(lax.fori_loop(0, 4, lambda i, c: c * 1.25, x)),
    "cond": lambda x: np.sum(lax.cond(x[0] > 0, lambda v: v * 2.0, lambda v: -v, x)),
    "switch": lambda x: np.sum(lax.switch(1, [np.sin, lambda v: v / 3.0], x)),
    "map": lambda x: np.sum(lax.map(lambda v: np.tanh(v) * 0.5, x)),
    "checkpoint": lambda x: np.sum(fg.checkpoint(lambda v: np.sin(np.sin(v) * 2.0))(x)),
    "jit": lambda x: np.sum(fg.jit(lambda v: np.exp(-v) * 0.5)(x)),
    "vmap": lambda x: np.sum(fg.vmap(lambda v: v**2 * 0.5)(x)),
    "grad": lambda x: np.sum(fg.grad(lambda v: np.sum(v**3 * 0.5))(x)),
    "custom_jvp": lambda x: np.sum(tripled(x)),
    "custom_vjp": lambda x: np.sum(fourfold(x)),
    "index": lambda x: np.sum(x[1:] * 2.0) + x[0],
    "update": lambda x: np.sum(x.at[1].multiply(3.0)),
    "where": lambda x: np.sum(np.where(x > 2, np.log(x), 0.0)),
    "softmax": lambda x: nn.softmax(x)[1] * 10.0,
    "gelu": lambda x: np.sum(nn.gelu(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_transformations(name):
    f = FUNCTIONS[name]
    value, gradient = fg.value_and_grad(f)(X)
    assert value.dtype == gradient.dtype == BF16
    assert type(gradient) is np.ndarray
    assert gradient.flags.writeable
    assert equal(fg.jit(f)(X), value)
    assert equal(fg.jit(fg.grad(f))(X), gradient)
    if name != "while":
        forward = fg.jacfwd(f)(X) if name != "custom_vjp" else gradient
        within(forward, gradient, 4, name)
        single = fg.grad(f)(X.astype(np.float32))
        np.testing.assert_allclose(wide(gradient), single, rtol=0.06, atol=0.06)
    rows = np.stack([X, X * np.array(0.5, BF16)])
    for a, row in zip(fg.vmap(fg.grad(f))(rows), rows, strict=True):
        within(a, fg.grad(f)(row), 4, name)


def test_second_derivatives():
    cube = fg.hessian(lambda v: np.sum(v**3 * 0.5))
    assert equal(cube(X), np.diag(3 * X.astype(np.float32)).astype(BF16))
    assert equal(fg.jit(cube)(X), cube(X))
    out, push = fg.linearize(lambda v: v * 2.0, X)
    assert equal(push(X), out)


def test_arguments_that_are_not_differentiated_are_seen_alike():
    f = fg.grad(lambda w, x: np.sum(w * (x * 2.0)))
    assert f(X, X).dtype == BF16
    seen = []
    fg.grad(lambda w, x: seen.append((x * 2.0).dtype) or np.sum(w))(X, X)
    assert seen == [BF16]


def test_results_are_plain_and_share_no_memory():
    value, kept = fg.value_and_grad(
        lambda x: (np.sum(x), {"same": x, "view": x[:2]}), has_aux=True
    )(X)
    (_, aux), gradient = (value, kept)
    leaves = [*tree.leaves(aux), gradient]
    assert not any(isinstance(x, Tracer) for x in leaves)
    assert aux["same"] is X
    assert not np.shares_memory(aux["view"], X)
    gradient[0] = 7


def test_small_floats_that_are_made_inside_come_out_plain():
    def f(x):
        return np.sum(x.astype(BF16) * 2.0).astype(np.float32), {"half": x.astype(BF16) * 0.5}

    x = X.astype(np.float32)
    (value, aux), gradient = fg.value_and_grad(f, has_aux=True)(x)
    assert equal(gradient, np.full(3, 2, np.float32))
    assert type(aux["half"]) is np.ndarray
    assert equal(aux["half"], (x * 0.5).astype(BF16))
    assert type(value) is np.float32
    out, pull = fg.vjp(lambda v: v.astype(BF16), x)
    assert type(out) is np.ndarray
    assert equal(pull(out)[0], x)
    out, tangent = fg.jvp(lambda v: v.astype(E5M2), (x,), (x,))
    assert type(out) is type(tangent) is np.ndarray
    assert type(fg.vmap(lambda v: v.astype(BF16) * 2.0)(x)) is np.ndarray
    # what a Python number is differentiated by, beside a constant
    assert fg.value_and_grad(lambda s: np.sum(s * X))(1.5)[0].dtype == BF16


def test_without_jit():
    with fg.disable_jit():
        assert equal(fg.jit(lambda v: v * 1.5)(X), np.array([1.5, 3.75, 4.875], BF16))


def test_donated_arguments():
    f = fg.jit(lambda v: v * 2.0 + 1.0, donate_argnums=0)
    for _ in range(2):
        assert equal(f(np.ones(200, BF16)), np.full(200, 3, BF16))


def test_plain_values_inside_of_derivatives():
    def f(x):
        return x[0] * 2.0 if float(fg.stop_gradient(x[0])) > 0 and x[1] > 2 else x[1]

    assert equal(fg.grad(f)(X), np.array([2, 0, 0], BF16))


def test_check_grads():
    for dtype in (BF16, E4M3):
        fg.testing.check_grads(lambda x: np.sin(x) * x, (np.array([0.5, 1.0], dtype),), order=2)
    with pytest.raises(fg.testing.GradientCheckError):
        fg.testing.check_grads(tripled, (X,))


# --- training -------------------------------------------------------------------------------------

WEIGHTS = {
    "w": np.linspace(-1, 1, 6).astype(np.float32).reshape(3, 2),
    "b": np.zeros(2, np.float32),
}
INPUTS = np.linspace(-2, 2, 24).reshape(8, 3).astype(BF16)


def loss(params, x):
    return np.mean((np.tanh(x @ params["w"] + params["b"]) - 0.5) ** 2)


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit], ids=["eager", "jit"])
def test_training_with_master_weights(wrap):
    optimizer = optim.adam(0.05)

    @wrap
    def step(params, state):
        small = tree.map(lambda p: p.astype(BF16), params)
        value, grads = fg.value_and_grad(loss)(small, INPUTS)
        assert grads["w"].dtype == value.dtype == BF16
        grads = tree.map(lambda g: g.astype(np.float32), grads)
        updates, state = optimizer.update(grads, state, params)
        return optim.apply_updates(params, updates), state, value

    params, state = WEIGHTS, optimizer.init(WEIGHTS)
    values = []
    for _ in range(20):
        params, state, value = step(params, state)
        values.append(float(value))
    assert params["w"].dtype == np.float32
    assert values[-1] < 0.5 * values[0]


def test_training_in_bfloat16():
    params = tree.map(lambda p: p.astype(BF16), WEIGHTS)
    optimizer = optim.sgd(0.1)
    state = optimizer.init(params)
    first = loss(params, INPUTS)
    for _ in range(20):
        grads = fg.grad(loss)(params, INPUTS)
        updates, state = optimizer.update(grads, state, params)
        params = optim.apply_updates(params, updates)
        assert {p.dtype for p in params.values()} == {BF16}
    assert float(loss(params, INPUTS)) < 0.8 * float(first)


def test_states_of_optimizers_are_of_float32():
    params = tree.map(lambda p: p.astype(BF16), WEIGHTS)
    optimizer = optim.adam(0.1)
    state = optimizer.init(params)
    arrays = [x for x in tree.leaves(state) if getattr(x, "ndim", 0)]
    assert {x.dtype for x in arrays} == {SINGLE}
    updates, _ = optimizer.update(params, state, params)
    assert {u.dtype for u in updates.values()} == {BF16}


def test_random_numbers():
    key = random.key(3)
    u = random.uniform(key, (4000,), BF16)
    assert u.dtype == BF16
    assert len(np.unique(wide(u))) == 256
    assert (wide(u).min(), wide(u).max()) == (0, 1 - 2.0**-8)
    for dtype in (BF16, E5M2):
        for draw in (random.normal, random.exponential, random.gumbel):
            single = draw(key, (50,), np.float32)
            assert equal(draw(key, (50,), dtype), single.astype(dtype))
            assert equal(
                fg.jit(lambda k, d=draw, t=dtype: d(k, (50,), t))(key), single.astype(dtype)
            )
    with pytest.raises(TypeError, match="integer dtypes; got bfloat16"):
        random.randint(key, (2,), 0, 5, BF16)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["int4", "uint4", "float8_e8m0fnu", "float4_e2m1fn"])
def test_types_for_storage_alone_are_refused(name):
    if not hasattr(ml_dtypes, name):
        pytest.skip(f"this version of ml_dtypes has no {name}")
    x = np.ones(2, getattr(ml_dtypes, name))
    for transform in (fg.grad, fg.jit, fg.vmap):
        with pytest.raises(
            TracerError, match=rf"has dtype {name}, a type that is for storage alone"
        ):
            transform(lambda v: v)(x)


def test_linear_algebra_is_refused_as_for_float16():
    with pytest.raises(TypeError, match="not in bfloat16"):
        fg.jit(np.linalg.inv)(np.eye(2, dtype=BF16))
    with pytest.raises(TypeError, match="complex takes float32 or float64, got bfloat16"):
        lax.complex(X, X)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match="bfloat16 is a type of the package ml_dtypes: pip"):
        getattr(fnp, NAMES[0])


def test_the_package_is_not_imported_by_itself():
    program = (
        "import sys, numpy as np, funcgrad as fg, funcgrad.numpy as fnp\n"
        "fg.jit(fg.grad(lambda x: np.sum(np.sin(x))))(np.ones(3))\n"
        "assert 'ml_dtypes' not in sys.modules\n"
        "x = np.ones(3, fnp.bfloat16)\n"
        "assert fg.grad(lambda x: np.sum(x * 2.0))(x).dtype == x.dtype\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_files(tmp_path):
    value = {"w": X, "s": BF16.type(3), "a": X.astype(E4M3), "b": [X.astype(E5M2).reshape(3, 1)]}
    path = tmp_path / "small.safetensors"
    train.save(path, value)
    for found in (train.load(path), train.load(path, like=value)):
        assert all(map(equal, tree.leaves(found), tree.leaves(value)))
        assert type(found["s"]) is BF16.type
    header = path.read_bytes()
    for code in (b'"BF16"', b'"F8_E4M3"', b'"F8_E5M2"'):
        assert code in header
    with pytest.raises(TypeError, match=r"dtype float8_e3m4, which has no place in a safetensors"):
        train.save(path, np.ones(2, fnp.float8_e3m4))
