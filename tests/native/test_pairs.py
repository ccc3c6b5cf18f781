"""Complex numbers in native code: every operator, special values, loops, derivatives, calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.api.jit import jit
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.families import Elementwise

COMPLEX = ["F", "D"]


def told(fun: Any, *args: Any) -> str:
    return str(jit(fun, stabilize=False).lower(*args).groups())


def natively(fun: Any, *args: Any) -> Any:
    """The function's result, of which nothing was left to NumPy."""
    text = told(fun, *args)
    assert "NumPy:" not in text, text
    return jit(fun, stabilize=False)(*args)


def numbers(char: str, *shape: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(char)


def close(found: Any, expected: Any, ulps: float = 8) -> None:
    """Near by the distance in the plane, with respect to the largest number."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, expected)
        return
    eps, size = np.finfo(expected.dtype).eps, np.max(np.abs(expected), initial=0)
    np.testing.assert_allclose(found, expected, rtol=ulps * eps, atol=ulps * eps * size)


# --- operators -----------------------------------------------------------------------------------


def complex_cases(char: str) -> list[Any]:
    """The declared cases with complex operands."""
    found = []
    for name, prim in sorted(REGISTRY.items()):
        if prim.cases is None or "for_the_test" in name:
            continue
        for i, case in enumerate(prim.cases(np.random.default_rng(3))):
            args = [np.asarray(a) if hasattr(a, "dtype") else a for a in case.args]
            if any(a.dtype.kind == "c" for a in args if hasattr(a, "dtype")):
                found.append(pytest.param(name, i, char, id=f"{name}-{i}-{char}"))
    return found


LEFT_TO_NUMPY = set(
    "banded_solve broadcast_to complex_digamma complex_gamma complex_loggamma complex_rgamma "
    "cholesky cofactors cofactors_change convert_element_type cumprod det dynamic_slice "
    "dynamic_update_slice eig eigh eigvals eigvalsh expm expm_frechet fft fmax fmin "
    "hessenberg imag inv irfft lambertw log_total logm logm_frechet logsumexp lu_with_pivots "
    "max mean_of_equals mean_of_hits min order_of_columns pinv polynomial_roots pos qr real "
    "reshape schur share_of_equals slogdet solve spread_to_hits sqrtm stop_gradient svd "
    "svdvals sylvester triangular_solve tridiagonal tridiagonal_solve vector_norm wofz".split()
)
"""Operators that have no form for pairs, or only move numbers: what comes into it gets slower."""


@pytest.mark.parametrize(("name", "number", "char"), [c for k in COMPLEX for c in complex_cases(k)])
def test_operators(name: str, number: int, char: str) -> None:
    prim = REGISTRY[name]
    case = list(prim.cases(np.random.default_rng(3)))[number]
    args = [
        a.astype(char)[()] if hasattr(a, "dtype") and a.dtype.kind == "c" else a for a in case.args
    ]

    def fun(*xs: Any) -> Any:
        return prim(*xs, **case.params)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = fun(*args)
        except (TypeError, np.linalg.LinAlgError):
            return  # NumPy has no such operation
    if "NumPy:" in told(fun, *args):
        assert name in LEFT_TO_NUMPY
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = jit(fun, stabilize=False)(*args)
    every = zip(found, expected, strict=True) if prim.multiple else [(found, expected)]
    for p, q in every:
        close(p, q)


ENDS = [-np.inf, -7.5, -1.0, -1e-3, -0.0, 0.0, 1e-3, 0.25, 1.0, 40.0, np.inf, np.nan]
GRID = np.array([complex(a, b) for a in ENDS for b in ENDS])


@pytest.mark.parametrize("char", COMPLEX)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "negative", "square"])
def test_arithmetic_has_the_same_bits(name: str, char: str) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.permutation(GRID), numbers("D", 101)]).astype(char)
    y = np.concatenate([rng.permutation(GRID), numbers("D", 101, seed=1)]).astype(char)
    args = (x, y)[: getattr(np, name).nin]
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(*args)
    found = natively(getattr(np, name), *args)
    np.testing.assert_array_equal(found, expected)
    for p, q in ((found.real, expected.real), (found.imag, expected.imag)):
        np.testing.assert_array_equal(np.signbit(p[q == q]), np.signbit(q[q == q]))


def test_products_with_real_numbers_have_the_same_bits() -> None:
    z, x = np.concatenate([GRID, numbers("D", 33)]), np.linspace(-2, 2, len(GRID) + 33)
    for fun in (lambda z, x: z * x, lambda z, x: 1j * z + 2 * x, lambda z, x: x - z * 3.5):
        with np.errstate(all="ignore"):
            expected = fun(z, x)
        np.testing.assert_array_equal(natively(fun, z, x), expected)


FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "exp": (np.exp, mpmath.exp), "expm1": (np.expm1, mpmath.expm1), "log": (np.log, mpmath.log),
    "log1p": (np.log1p, mpmath.log1p), "sqrt": (np.sqrt, mpmath.sqrt), "sin": (np.sin, mpmath.sin),
    "cos": (np.cos, mpmath.cos), "tan": (np.tan, mpmath.tan), "sinh": (np.sinh, mpmath.sinh),
    "cosh": (np.cosh, mpmath.cosh), "tanh": (np.tanh, mpmath.tanh),
    "arcsin": (np.arcsin, mpmath.asin), "arccos": (np.arccos, mpmath.acos),
    "arctan": (np.arctan, mpmath.atan), "arcsinh": (np.arcsinh, mpmath.asinh),
    "arccosh": (np.arccosh, mpmath.acosh), "arctanh": (np.arctanh, mpmath.atanh),
    "abs": (np.abs, abs), "reciprocal": (np.reciprocal, lambda z: 1 / z),
    "cube": (lambda z: z**3, lambda z: z**3), "power": (lambda z: z**-2, lambda z: z**-2),
}  # fmt: skip


@pytest.mark.parametrize("char", COMPLEX)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_near_the_exact_ones(name: str, char: str) -> None:
    fun, exact = FUNCTIONS[name]
    z = np.concatenate([
        numbers("D", 60), numbers("D", 60, seed=1) * 20, 1 + 1e-3 * numbers("D", 30, seed=2),
        np.exp(1j * np.linspace(-3, 3, 30)), numbers("D", 20, seed=3) * 1e-5,
    ]).astype(char)  # fmt: skip
    found = natively(fun, z)
    with mpmath.workdps(40):
        expected = [exact(mpmath.mpmathify(complex(v))) for v in z]
        errors = [
            float(abs(mpmath.mpmathify(complex(p)) - q) / abs(q))
            for p, q in zip(found, expected, strict=True)
        ]
    assert max(errors) < 5 * np.finfo(char).eps


@pytest.mark.parametrize("char", COMPLEX)
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("cube", "power")])
def test_special_values(name: str, char: str) -> None:
    """NaN, infinities and signed zeros are where NumPy has them; an infinity's sign may be free."""
    z = GRID.astype(char)
    with np.errstate(all="ignore"):
        found, expected = natively(FUNCTIONS[name][0], z), FUNCTIONS[name][0](z)
    free = {"sinh": np.isinf(z.real) & ~np.isfinite(z.imag)}
    free["sin"] = np.isinf(z.imag) & ~np.isfinite(z.real)
    free["expm1"] = z.imag == 0  # NumPy multiplies infinity with sin(0)
    keep = ~free.get(name, np.zeros(len(z), bool))
    for part in (np.real, np.imag):
        p, q = part(found)[keep], part(expected)[keep]
        np.testing.assert_array_equal(np.isnan(p), np.isnan(q))
        endless = np.isinf(q)
        np.testing.assert_array_equal(p[endless], q[endless])
        zero = q == 0
        assert np.all(p[zero] == 0)


INVERSE = [np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh]


@pytest.mark.parametrize("char", COMPLEX)
@pytest.mark.parametrize("fun", INVERSE)
def test_both_parts_of_inverse_functions(fun: Callable[..., Any], char: str) -> None:
    """On branch cuts, beside branch points, far out, at tiny numbers, with signs of zeros."""
    dtype = np.finfo(char).dtype
    beside = [float(np.nextafter(dtype.type(1), dtype.type(to))) for to in (0, 2)]
    ends = [*ENDS, *beside, *((1e300, -1e-200, 1e17) if char == "D" else (1e35, -1e-25, 1e9))]
    z = np.array([complex(a, b) for a in ends for b in ends]).astype(char)
    with np.errstate(all="ignore"):
        found, expected = natively(fun, z), fun(z)
    for p, q in ((found.real, expected.real), (found.imag, expected.imag)):
        np.testing.assert_allclose(p, q, rtol=8 * np.finfo(char).eps, atol=0)
        known = ~np.isnan(q)
        np.testing.assert_array_equal(np.signbit(p)[known], np.signbit(q)[known])


@pytest.mark.parametrize("char", COMPLEX)
def test_huge_and_tiny_numbers(char: str) -> None:
    info = np.finfo(char)
    big, small = float(info.max) / 4, float(info.tiny)
    z = np.array([big * (1 + 1j), big * 1j, small * (1 - 1j), small * (3 + 0.5j), -big + 1j, 1e-30])
    z = np.resize(z, 24).astype(char)
    for fun in (np.sqrt, np.abs, np.log, lambda z: z / (0.5 * z)):
        with np.errstate(all="ignore"):
            expected = fun(z)
        np.testing.assert_allclose(natively(fun, z), expected, rtol=10 * info.eps)
    near = info.maxexp * np.log(2) + 0.2 + 1j * np.array([0.7, 0.8])
    z = np.resize(near, 24).astype(char)
    with np.errstate(all="ignore"):
        expected = np.exp(z)
    np.testing.assert_allclose(natively(np.exp, z), expected, rtol=10 * info.eps)


def test_orders() -> None:
    z = np.concatenate([GRID, GRID[::-1], numbers("D", 30)])
    w = np.concatenate([np.random.default_rng(5).permutation(GRID), GRID, numbers("D", 30)])
    comparisons = (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
    for fun in (*comparisons, np.maximum, np.minimum, np.fmax, np.fmin):
        for other in (w, w.real):
            with np.errstate(invalid="ignore"):
                expected = fun(z, other)
            np.testing.assert_array_equal(natively(fun, z, other), expected)


def test_comparisons_and_choices() -> None:
    z = np.concatenate([GRID, numbers("D", 50)])
    w = np.where(np.arange(len(z)) % 2, z, np.conj(z))

    def fun(z: Any, w: Any) -> Any:
        chosen = np.where(z == w, z, 2 * w)
        return chosen, z != w, np.isnan(z), np.isinf(z), np.isfinite(z), np.angle(z), np.sign(w)

    with np.errstate(all="ignore"):
        expected = fun(z, w)
    for p, q in zip(natively(fun, z, w), expected, strict=True):
        np.testing.assert_array_max_ulp(np.real(p) * 1.0, np.real(q) * 1.0, 3)
        np.testing.assert_array_max_ulp(np.imag(p) * 1.0, np.imag(q) * 1.0, 3)


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", COMPLEX)
def test_products_of_matrices(char: str) -> None:
    a, b = numbers(char, 17, 33), numbers(char, 33, 9, seed=1)
    real = np.linspace(-1, 1, 33 * 9, dtype=a.real.dtype).reshape(33, 9)
    for x, y in ((a, b), (a, real), (real.T, a.T), (a, np.conj(a.T)), (np.stack([a, a]), b)):
        close(natively(np.matmul, x, y), x @ y, 60)
    close(natively(np.vdot, a[0], a[1]), np.vdot(a[0], a[1]), 60)
    close(natively(lambda a: np.einsum("ij,kj->ik", a, a.conj()), a), a @ a.conj().T, 60)


def test_moves_and_reductions() -> None:
    z, at = numbers("D", 6, 7), np.array([4, 0, 5, -1])

    def fun(z: Any, at: Any) -> Any:
        put = z[at]
        return (
            put, z[::-1, 2:], z.T * 1j, np.concatenate([z, z.real], 1), np.stack([z, 2 * z]),
            z.sum(0), z.mean(), z.prod(1), np.cumsum(z, 0), np.roll(z, 2, 1), np.trace(z[:, :6]),
            np.pad(z, 1), np.tile(z, (2, 1)), np.broadcast_to(z[0], (3, 7)) + z[:3],
        )  # fmt: skip

    for p, q in zip(natively(fun, z, at), fun(z, at), strict=True):
        close(p, q, 40)


def test_updates() -> None:
    """Those that multiply or compare are no moves of parts."""
    z, at, v = numbers("D", 20), np.array([1, 1, 3]), np.array([2 + 1j, 3j, 1 - 1j])
    for name in ("set", "add", "multiply", "divide", "min", "max", "power"):

        def fun(z: Any, v: Any, name: str = name) -> Any:
            return getattr(fg.numpy.at(z)[at], name)(v)

        close(jit(fun)(z, v), fun(z, v))
        assert ("NumPy:" in told(fun, z, v)) is (name in ("multiply", "divide", "min", "max"))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2), (16,), (17,), (0,), (0, 3), (5, 13)])
@pytest.mark.parametrize("char", COMPLEX)
def test_shapes_and_orders_of_memory(char: str, shape: tuple[int, ...]) -> None:
    z = numbers(char, *shape)

    def fun(z: Any, x: Any) -> Any:
        return z * z + x, np.conj(z), z.real * 2, z

    for w in (z, np.asfortranarray(z), np.repeat(z, 2, -1)[..., ::2] if shape else z):
        found, expected = jit(fun)(w, w.imag), fun(w, w.imag)
        for p, q in zip(found, expected, strict=True):
            assert type(p) is type(q)
            close(p, q, 4)


def test_part_of_a_program_stays_numpy() -> None:
    z = numbers("D", 64)

    def fun(z: Any) -> Any:
        w = np.linalg.solve((z * np.exp(1j * np.arange(64))).reshape(8, 8), np.eye(8) * z[:8])
        return w * np.conj(w) / 2

    text = told(fun, z)
    assert "solve" in text.split("NumPy:")[1]
    assert "native 2" in text
    close(jit(fun)(z), fun(z), 1000)


def test_what_is_only_moved_is_left_to_numpy() -> None:
    assert "native 1" not in told(lambda z: (z.reshape(-1), z.real), numbers("D", 4, 5))


# --- loops ---------------------------------------------------------------------------------------


def rotated(z: Any, turn: Any) -> Any:
    def step(state: Any, x: Any) -> Any:
        z, total = state
        z = z * turn + x
        return (z, total + np.abs(z)), np.conj(z)

    (z, total), rows = fg.lax.scan(step, (z, np.float64(0)), np.linspace(0, 1, 7))
    return z, total, rows


def test_scan() -> None:
    for z in (np.complex128(1 + 2j), numbers("D", 3), numbers("D", 40)):
        start = (z, np.exp(0.3j))
        if z.ndim:
            fun = lambda z, t: rotated_rows(z, t)  # noqa: E731
        else:
            fun = rotated
        for p, q in zip(natively(fun, *start), fun(*start), strict=True):
            close(p, q, 30)


def rotated_rows(z: Any, turn: Any) -> Any:
    def step(z: Any, x: Any) -> Any:
        z = z * turn + x
        return z, (np.sum(z), np.abs(z))

    z, rows = fg.lax.scan(step, z, np.linspace(0, 1, 7))
    return z, *rows


def test_while_and_cond() -> None:
    def escape(c: Any) -> Any:
        def body(s: Any) -> Any:
            z, n = s
            return z * z + c, n + 1

        return fg.lax.while_loop(
            lambda s: (np.abs(s[0]) < 2) & (s[1] < 50), body, (0 * c, np.int64(0))
        )

    for c in (np.complex128(0.3 + 0.5j), np.complex128(1 + 1j)):
        found, expected = natively(escape, c), escape(c)
        close(found[0], expected[0], 100)
        assert found[1] == expected[1]
    grid = numbers("D", 20)
    found = natively(fg.vmap(lambda c: escape(c)[1]), grid)
    np.testing.assert_array_equal(found, [escape(c)[1] for c in grid])

    def branch(i: Any, z: Any) -> Any:
        return fg.lax.switch(i, [lambda z: z * 1j, lambda z: np.conj(z), lambda z: z * z], z)

    for i in range(3):
        close(natively(branch, np.int64(i), grid), branch(np.int64(i), grid))


# --- derivatives ---------------------------------------------------------------------------------


def test_gradients_through_complex_numbers() -> None:
    """Of real functions with complex numbers in between, against differences."""
    x = np.linspace(0.2, 1.5, 24)

    def wave(x: Any) -> Any:
        phase = np.exp(1j * x * np.arange(1, 25))
        return np.abs(np.sum(phase)) ** 2 + np.sum(np.real(phase * np.conj(phase[::-1])))

    found = natively(fg.grad(wave), x)
    np.testing.assert_allclose(found, fg.grad(wave)(x), rtol=1e-12, atol=1e-12)
    d = np.eye(24)[3] * 1e-6
    difference = (wave(x + d) - wave(x - d)) / 2e-6
    np.testing.assert_allclose(found[3], difference, rtol=1e-6)


def test_gradient_of_a_scan_of_schroedinger_steps() -> None:
    n = 24
    hopping = -0.5 * (np.eye(n, k=1) + np.eye(n, k=-1))

    def energy(potential: Any, psi: Any) -> Any:
        hamiltonian = hopping + np.diag(potential)

        def step(psi: Any, _: Any) -> Any:
            change = -1j * (hamiltonian @ psi)
            psi = psi + 0.05 * change - 0.00125 * (hamiltonian @ (hamiltonian @ psi))
            return psi, np.sum(np.abs(psi) ** 2)

        psi, norms = fg.lax.scan(step, psi, None, length=10)
        return np.real(np.vdot(psi, hamiltonian @ psi)) + np.sum(norms)

    potential, psi = np.linspace(0, 1, n) ** 2, numbers("D", n) / n
    found = natively(fg.grad(energy), potential, psi)
    np.testing.assert_allclose(found, fg.grad(energy)(potential, psi), rtol=1e-11, atol=1e-13)
    d = np.eye(n)[5] * 1e-5
    difference = (energy(potential + d, psi) - energy(potential - d, psi)) / 2e-5
    np.testing.assert_allclose(found[5], difference, rtol=1e-6)


def test_what_is_computed_beside_a_product_has_memory_of_its_own_size() -> None:
    """The product goes among the parts of a complex result, twice as far apart as what is kept."""

    def fun(v: Any, w: Any) -> Any:
        product, size = v @ w, np.real(v) * 2
        return product, size + np.argmax(size * 2, axis=1)[:, None]

    v, w = numbers("D", 2, 3, 3), numbers("D", 2, 3, 3, seed=1)
    for found, expected in zip(natively(fun, v, w), fun(v, w), strict=True):
        close(found, expected)


def test_holomorphic_gradients() -> None:
    z = numbers("D", 30)
    of = fg.vmap(fg.grad(lambda z: z**3 * np.exp(z), holomorphic=True))
    np.testing.assert_allclose(natively(of, z), (3 * z**2 + z**3) * np.exp(z), rtol=1e-13)
    a = numbers("D", 8, 8)
    of_trace = fg.grad(lambda a: np.trace(a @ a @ a), holomorphic=True)
    np.testing.assert_allclose(natively(of_trace, a), 3 * (a @ a).T, rtol=1e-12)


# --- calls ---------------------------------------------------------------------------------------


def test_arguments_and_results_of_calls() -> None:
    def fun(z: Any, c: Any) -> Any:
        return {"sum": z + c, "twice": c + c}

    z, jitted = numbers("D", 20), jit(fun)
    for c in (1 + 2j, np.complex128(2 - 1j), np.complex64(1j), np.array(3j), 2j, 0.5 + 0j):
        for w in (z, z.astype("F")):
            found, expected = jitted(w, c), fun(w, c)
            for name, value in expected.items():
                assert type(found[name]) is type(value)
                np.testing.assert_array_equal(found[name], value)
                if hasattr(value, "dtype"):
                    assert found[name].dtype == value.dtype


# --- random programs -----------------------------------------------------------------------------

UNARY = [
    np.conj, np.exp, np.sin, np.sqrt, np.tanh, lambda z: z * 1j, lambda z: z - 2, np.negative,
    lambda z: np.abs(z) + 0j, lambda z: z.real - 1j * z.imag, lambda z: z[::-1],
    lambda z: np.where(np.real(z) > 0, z, 1j), lambda z: z / (1 + np.abs(z)),
]  # fmt: skip
BINARY = [np.add, np.subtract, np.multiply, lambda z, w: z * np.conj(w), lambda z, w: z + w.sum()]


@st.composite
def programs(draw: Any) -> Callable[..., Any]:
    """A function of two arrays, the first complex and the second real, maybe with a loop."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([*UNARY, *BINARY]), st.integers(0, 9), st.integers(0, 9)),
            min_size=1,
            max_size=6,
        )
    )
    turns = draw(st.integers(0, 3))

    def run(z: Any, x: Any) -> Any:
        known = [z, x + 0j]
        for f, i, j in steps:
            args = (known[i % len(known)], known[j % len(known)])
            known.append(f(*args) if f in BINARY else f(args[0]))
            known[-1] = known[-1] / (1 + np.abs(known[-1]))  # keeps numbers in range
        return known[-1]

    def fun(z: Any, x: Any) -> Any:
        if not turns:
            return run(z, x)
        return fg.lax.scan(lambda z, k: (run(z, x * k), np.sum(z)), z, np.linspace(0, 1, turns))

    return fun


@given(programs(), st.sampled_from([3, 21]), st.sampled_from(["plain", "vmap", "grad"]))
@settings(max_examples=60, deadline=None)
def test_random_programs(fun: Any, size: int, how: str) -> None:
    z, x = numbers("D", size), np.linspace(0.1, 1, size)
    if how == "vmap":
        fun, z = fg.vmap(fun, (0, None)), numbers("D", 2, size)
    if how == "grad":
        inner = fun

        def total(x: Any, z: Any) -> Any:
            leaves = fg.tree.leaves(inner(z, x))
            return sum(np.sum(np.real(v)) + np.sum(np.imag(v)) for v in leaves)

        expected = fg.grad(total)(x, z)
        found = natively(fg.grad(total), x, z)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
        return
    with np.errstate(all="ignore"):
        expected = fun(z, x)
    for p, q in zip(fg.tree.leaves(natively(fun, z, x)), fg.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-10, atol=1e-10)


def test_every_elementwise_operator_with_a_formula_for_pairs_was_tried() -> None:
    """The grid of arrays that are longer than any vector, for each operator."""
    z, w = numbers("D", 40) * 0.4 + 1, numbers("D", 40, seed=1) * 0.3 + 1.5
    tried = 0
    for name, prim in sorted(REGISTRY.items()):
        if not isinstance(prim, Elementwise) or prim.arity > 2 or "for_the_test" in name:
            continue
        args = (z, w)[: prim.arity]
        try:
            with np.errstate(all="ignore"):
                expected = prim(*args)
        except (TypeError, ValueError, AttributeError, np.exceptions.ComplexWarning):
            continue
        if "NumPy:" in told(lambda *xs, prim=prim: prim(*xs), *args):
            continue
        found = jit(lambda *xs, prim=prim: prim(*xs), stabilize=False)(*args)
        close(found, expected, 30)
        tried += 1
    assert tried > 35
