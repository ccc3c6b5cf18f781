"""Functions of vectors: to 2.5 units in the last place, with special values as in NumPy and SciPy.

The exact values are mpmath's for float64, and those of NumPy and SciPy in float64 for float32.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special
from effort import examples

from funcgrad.compiler.native import llvm
from funcgrad.compiler.native.builder import Builder, Value
from funcgrad.compiler.native.functions import NotNativeError, VectorFunctions
from funcgrad.compiler.native.kinds import DOUBLE, FLOAT, KINDS, Kind
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.families import Elementwise
from funcgrad.ops.families.formulas import by_formula

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

ULPS = 2.5
SHORT = {FLOAT: 8, DOUBLE: 4}

Formula = Callable[..., Any]


def kernel_text(name: str, formula: Formula, kinds: list[Kind], out: Kind, lanes: int) -> Builder:
    """The body of a function that applies a formula to arrays, and its declarations."""
    b = Builder(lanes)
    b.start("entry")
    with b.loop("0", "%n", lanes) as i:
        mask = b.lanes_below(i, "%n") if lanes > 1 else None
        xs = [b.load(b.pointer(f"%x{j}", i, k), k, mask) for j, k in enumerate(kinds)]
        y = formula(VectorFunctions(b), *xs)
        b.store(b.value(y, out), b.pointer("%y", i, out), mask)
    b.emit("ret void")
    return b


def module_text(name: str, formula: Formula, kinds: list[Kind], out: Kind, lanes: int) -> str:
    b = kernel_text(name, formula, kinds, out, lanes)
    given = ", ".join([*(f"ptr %x{j}" for j in range(len(kinds))), "ptr %y", "i64 %n"])
    head = f"define void @{name}({given}) {{"
    return "\n".join([*b.declared.values(), head, *b.lines, "}"])


@functools.cache
def kernel(formula: Formula, kinds: tuple[Kind, ...], out: Kind, lanes: int) -> Any:
    """A formula as a function of arrays of one length."""
    text = module_text("kernel", formula, list(kinds), out, lanes)
    library = llvm.Library(llvm.object_code(text), ("kernel",))
    types = [ctypes.c_void_p] * (len(kinds) + 1)
    function = ctypes.CFUNCTYPE(None, *types, ctypes.c_int64)(library.addresses["kernel"])

    def call(*xs: np.ndarray) -> np.ndarray:
        assert library is not None  # keeps the code
        assert [x.dtype for x in xs] == [k.dtype for k in kinds]
        given = [np.ascontiguousarray(x) for x in xs]
        y = np.empty(given[0].shape, out.dtype)
        function(*(x.ctypes.data for x in given), y.ctypes.data, y.size)
        return y

    return call


@functools.cache
def named(name: str) -> Formula:
    return lambda m, *xs: getattr(m, name)(*xs)


def computed(name: str, *xs: np.ndarray, lanes: int | None = None) -> np.ndarray:
    kinds = tuple(KINDS[x.dtype.char] for x in xs)
    return kernel(named(name), kinds, kinds[0], lanes or SHORT[kinds[0]])(*xs)


NUMPY: dict[str, Any] = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2, "erf": scipy.special.erf,
    "erfc": scipy.special.erfc, "erfcx": scipy.special.erfcx, "erf_inv": scipy.special.erfinv,
}  # fmt: skip
PAIRS = ["atan2", "hypot", "power", "copysign", "nextafter"]
EXACT: dict[str, Callable[..., Any]] = {
    "sqrt": mpmath.sqrt,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "exp": mpmath.exp, "exp2": lambda x: mpmath.power(2, x), "expm1": mpmath.expm1,
    "log": mpmath.log, "log1p": mpmath.log1p, "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "asin": mpmath.asin, "acos": mpmath.acos, "atan": mpmath.atan,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh,
    "asinh": mpmath.asinh, "acosh": mpmath.acosh, "atanh": mpmath.atanh,
    "erf": mpmath.erf, "erfc": mpmath.erfc, "erf_inv": mpmath.erfinv,
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "atan2": mpmath.atan2, "hypot": mpmath.hypot, "power": mpmath.power,
}  # fmt: skip
DOMAINS = {
    "sqrt": (0, np.inf), "log": (0, np.inf), "log2": (0, np.inf), "log10": (0, np.inf),
    "log1p": (-1, np.inf), "asin": (-1, 1), "acos": (-1, 1), "acosh": (1, np.inf),
    "atanh": (-1, 1), "erf_inv": (-1, 1), "power": (0, np.inf),
    # mpmath takes long for huge numbers
    "erfcx": (-27, 1e12), "exp": (-800, 800), "exp2": (-1100, 1100), "expm1": (-800, 800),
    "sinh": (-800, 800), "cosh": (-800, 800), "erfc": (-30, 30),
}  # fmt: skip
BITS_ONLY = ["abs", "copysign", "nextafter"]


def numpy_function(name: str) -> Any:
    return NUMPY.get(name) or getattr(np, name)


def points(name: str, dtype: Any, count: int) -> np.ndarray:
    """Numbers of every size, beside special points, and where results leave the range."""
    rng = np.random.default_rng([ord(c) for c in name])
    info = np.finfo(dtype)
    few = count // 5
    low, high = np.log2(float(info.smallest_subnormal)), np.log2(float(info.max))
    sizes = np.exp2(rng.uniform(low, high, few)) * rng.choice([-1, 1], few)
    middle = np.concatenate([rng.uniform(-2, 2, few), 10 * rng.normal(size=few)])
    corners = np.array([0.25, 0.5, 0.55, 0.75, 1.0, 2.0, np.pi / 2, np.pi, 20.0, np.log(2) / 2])
    beside = rng.choice(corners, few) * (1 + rng.normal(size=few) * 10 ** rng.uniform(-9, -1, few))
    beside *= rng.choice([-1, 1], few)
    limit = 110 if dtype == np.float32 else 760
    ends = rng.uniform(-limit, limit, count - 4 * few)
    with np.errstate(over="ignore"):
        x = np.concatenate([sizes, middle, beside, ends]).astype(dtype)
    first, last = DOMAINS.get(name, (-np.inf, np.inf))
    keep = np.isfinite(x) & (x > first) & (x < last)
    return rng.permutation(x[keep])


def arguments(name: str, dtype: Any, count: int) -> tuple[np.ndarray, ...]:
    x = points(name, dtype, count)
    if name not in PAIRS:
        return (x,)
    y = points(name + "'s second", dtype, count)
    size = min(x.size, y.size)
    x, y = x[:size], y[:size]
    if name == "power":  # most powers of such numbers are 0 or infinite
        with np.errstate(all="ignore"):
            scale = np.where(np.arange(size) % 4, 1.0, 700 / np.abs(np.log(x)))
            y = np.where(scale == 1, y, np.sin(y) * scale).astype(dtype)
    if name == "hypot":
        y = np.where(np.arange(size) % 2, y, x * np.sin(y[::-1])).astype(dtype)
    return x, y


def unit(exact: np.ndarray, dtype: Any) -> np.ndarray:
    """The unit in the last place of numbers that are more exact than a type."""
    info = np.finfo(dtype)
    _, e = np.frexp(np.maximum(np.abs(exact), float(info.tiny)))
    return np.ldexp(1.0, e - 1 - info.nmant)


@pytest.mark.parametrize("name", EXACT)
def test_float32_is_within_some_units_of_float64(name):
    xs = arguments(name, np.float32, examples(100_000))
    found = computed(name, *xs)
    with np.errstate(all="ignore"):
        exact = numpy_function(name)(*(x.astype(np.float64) for x in xs))
    largest = float(np.finfo(np.float32).max)
    inside = np.abs(exact) <= largest
    assert inside.sum() > found.size // 4
    assert np.isfinite(found[np.abs(exact) < largest * (1 - 2**-22)]).all()
    assert np.isinf(found[np.abs(exact) > largest * (1 + 2**-22)]).all()
    seen = inside & np.isfinite(found)
    error = np.abs(found[seen].astype(np.float64) - exact[seen]) / unit(exact[seen], np.float32)
    worst = int(np.argmax(error))
    assert error[worst] <= ULPS, (error[worst], [x[seen][worst] for x in xs])
    np.testing.assert_array_equal(np.signbit(found), np.signbit(exact))


@pytest.mark.parametrize("name", EXACT)
def test_float64_is_within_some_units_of_exact_values(name):
    xs = arguments(name, np.float64, examples(400))
    found = computed(name, *xs)
    worst: tuple[float, Any] = (0.0, None)
    with mpmath.workprec(130):
        largest = mpmath.mpf(np.finfo(np.float64).max)
        for y, *x in zip(found, *xs, strict=True):
            exact = EXACT[name](*map(mpmath.mpf, map(float, x)))
            if abs(exact) > largest * (1 - mpmath.mpf(2) ** -51):
                assert np.isinf(y) or abs(y) == float(largest), x
                continue
            magnitude = max(mpmath.mag(exact), -1021) if exact else -1021
            error = float(abs(mpmath.mpf(float(y)) - exact) / mpmath.mpf(2) ** (magnitude - 53))
            worst = max(worst, (error, x), key=lambda pair: pair[0])
    assert worst[0] <= ULPS, worst


def special_points(dtype: Any) -> np.ndarray:
    info = np.finfo(dtype)
    least, tiny = float(info.smallest_subnormal), float(info.tiny)
    sizes = [
        0.0, np.inf, np.nan, least, 2 * least, 3 * least, 0.37 * tiny, tiny, float(info.max),
        float(info.eps), 1 - float(info.epsneg), 1.0, 1 + float(info.eps), 1e-10, 0.1, 0.3, 0.5,
        0.75, 1.5, 2.0, 3.0, 10.0, 33.0, 36.0, 100.0, 88.72284, 88.73, 103.9, 104.5, 709.78,
        709.79, 745.1, 746.0,
        np.pi / 2, np.pi, 39000.0, 39001.0, 1e5, 5e8, 5.1e8, 1e10, 1e20, 1e30, 2.0**23, 2.0**24 + 2,
        2.0**52, 2.0**53 + 2,
    ]  # fmt: skip
    return np.array([s * x for x in sizes for s in (1, -1)]).astype(dtype)


def assert_same_specials(found: np.ndarray, expected: np.ndarray, *xs: np.ndarray) -> None:
    """NaN, infinities and signs agree, and finite numbers nearly."""
    nan = np.isnan(expected)
    wrong = np.isnan(found) != nan
    wrong |= np.isinf(found) != np.isinf(expected)
    wrong |= ~nan & (np.signbit(found) != np.signbit(expected))
    both = np.isfinite(found) & np.isfinite(expected)
    scale = unit(expected.astype(np.float64), found.dtype)
    with np.errstate(invalid="ignore"):
        far = np.abs(found.astype(np.float64) - expected.astype(np.float64)) > 6 * scale
    wrong |= both & far
    assert not wrong.any(), [(*(x[wrong] for x in xs), found[wrong], expected[wrong])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*EXACT, *BITS_ONLY])
def test_special_values_are_those_of_numpy_and_scipy(name, dtype):
    x = special_points(dtype)
    xs = tuple(g.ravel() for g in np.meshgrid(x, x)) if name in PAIRS else (x,)
    function = numpy_function(name)
    with np.errstate(all="ignore"):
        narrow = name in BITS_ONLY or dtype == np.float64
        given = xs if narrow else [v.astype(np.float64) for v in xs]
        expected = function(*given).astype(dtype)
    found = computed(name, *xs)
    assert_same_specials(found, expected, *xs)
    if name in BITS_ONLY:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("integer", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ldexp_is_rounded_once(dtype, integer):
    x = np.concatenate([special_points(dtype), points("ldexp", dtype, examples(500))])
    n = [0, 1, -1, 30, -30, 127, 128, -126, -149, -150, 1023, -1022, -1074, -1075, 2000, -2000]
    n = [*n, 2100, -2100, 2**31 - 1, -(2**31)]
    n += [2**40, -(2**62)] if integer == np.int64 else []
    x, e = (g.ravel().copy() for g in np.meshgrid(x, np.array(n, integer)))
    with np.errstate(all="ignore"):
        expected = np.ldexp(x, np.clip(e, -(2**20), 2**20).astype(np.int32))
    np.testing.assert_array_equal(computed("ldexp", x, e), expected)
    signs = np.signbit(expected) == np.signbit(computed("ldexp", x, e))
    assert (signs | np.isnan(expected)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clip_is_numpys_with_nan_everywhere(dtype):
    x = special_points(dtype)[:30]
    x, low, high = (g.ravel().copy() for g in np.meshgrid(x, x, x))
    np.testing.assert_array_equal(computed("clip", x, low, high), np.clip(x, low, high))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*EXACT, *BITS_ONLY])
def test_every_number_of_lanes_gives_the_same_bits(name, dtype):
    xs = [np.resize(v, 203) for v in arguments(name, dtype, 300)]
    xs[0][7:9] = 1e30, -2e20  # beside others, in one vector
    xs[0][100:102] = np.inf, np.nan
    one = computed(name, *xs, lanes=1)
    for lanes in (4, 8, 16):
        found = computed(name, *xs, lanes=lanes)
        np.testing.assert_array_equal(found, one)
        assert (np.signbit(found) == np.signbit(one))[~np.isnan(one)].all()


def test_integers_are_computed_with_in_double_precision():
    x = np.arange(1, 20, dtype=np.int32)
    found = kernel(named("log"), (KINDS["i"],), DOUBLE, 4)(x)
    np.testing.assert_allclose(found, np.log(x), rtol=1e-15)
    root = kernel(lambda m, x: m.power(x, 0.5), (KINDS["l"],), DOUBLE, 4)(x.astype(np.int64))
    np.testing.assert_allclose(root, np.sqrt(x), rtol=1e-15)
    size = kernel(named("abs"), (KINDS["i"],), KINDS["i"], 8)(-x)
    np.testing.assert_array_equal(size, x)


def test_choices_and_numbers_of_formulas():
    def formula(m, x):
        assert not m.is_complex(x)
        assert m.real(x) is x
        assert m.tiny(x) == np.finfo(np.float32).tiny
        assert m.where(True, x, 0.0) is x
        return m.where(x > m.pi, m.ln2, m.where(m.abs(x) < 1, m.exp(0.0), x / m.ln10))

    x = np.linspace(-5, 5, 50, dtype=np.float32)
    found = kernel(formula, (FLOAT,), DOUBLE, 8)(x)
    inner = np.where(np.abs(x) < 1, 1.0, x / np.float32(np.log(10)))
    np.testing.assert_allclose(found, np.where(x > np.pi, np.log(2), inner), rtol=1e-6)


@pytest.mark.parametrize("name", ["polygamma", "complex"])
def test_what_has_no_native_code_says_so(name):
    b = Builder(4)
    x = Value(b, "%x", DOUBLE)
    with pytest.raises(NotNativeError, match=name):
        getattr(VectorFunctions(b), name)(x, x)
    n = Value(b, "%n", KINDS["i"])
    with pytest.raises(NotNativeError, match="powers of integers"):
        VectorFunctions(b).power(n, 2)


def test_a_condition_may_be_a_number():
    c, x = np.arange(-2, 4, dtype=np.int32), np.linspace(1, 2, 6)
    found = kernel(lambda m, c, x: m.where(c, x, -x), (KINDS["i"], DOUBLE), DOUBLE, 4)(c, x)
    np.testing.assert_array_equal(found, np.where(c, x, -x))


FORMULAS = sorted(
    n
    for n, p in REGISTRY.items()
    if isinstance(p, Elementwise) and (p.rounded or p.scalar) and "for_the_test" not in n
)
COMPLEX = {"angle", "complex", "conj", "conjugate", "imag", "polygamma", "real"}


@pytest.mark.parametrize("name", sorted(set(FORMULAS) - COMPLEX))
def test_formulas_of_operators_give_vectors(name):
    """What an operator's formula computes on vectors is what it computes on arrays."""
    prim: Any = REGISTRY[name]
    formula = prim.rounded or prim.scalar
    tried = 0
    for case in prim.cases(np.random.default_rng(0)):
        xs = np.broadcast_arrays(*map(np.asarray, case.args)) if len(case.args) > 1 else case.args
        xs = [np.ascontiguousarray(x).ravel() for x in xs]
        if any(x.dtype.char not in "?ilfd" for x in xs) or not any(
            x.dtype.char in "fd" for x in xs
        ):
            continue
        expected = np.asarray(by_formula(prim, np, xs))
        out = KINDS[expected.dtype.char]
        kinds = tuple(KINDS[x.dtype.char] for x in xs)
        found = kernel(functools.partial(formula, **case.params), kinds, out, 4)(*xs)
        eps = np.finfo(expected.dtype).eps if out.is_float else 0.0
        np.testing.assert_allclose(found, expected, rtol=8 * eps, atol=8 * eps)
        tried += 1
    assert tried


OTHER_TARGETS = [
    ("x86_64-unknown-linux-gnu", "skylake-avx512", 64),
    ("aarch64-unknown-linux-gnu", "neoverse-n1", 16),
]


def every_function(size: int) -> str:
    """A module with a kernel of each function, for vectors of some bytes."""
    b = Builder(1)
    lines = []
    for name in [*EXACT, *BITS_ONLY]:
        for kind in (FLOAT, DOUBLE):
            given = [kind] * (2 if name in PAIRS else 1)
            text = kernel_text(name, named(name), given, kind, size // kind.size)
            b.declared.update(text.declared)
            xs = ", ".join(f"ptr %x{j}" for j in range(len(given)))
            lines += [f"define void @{name}_{kind.char}({xs}, ptr %y, i64 %n) {{", *text.lines, "}"]
    return "\n".join([*b.declared.values(), *lines])


OBJECT = """
import sys
import llvmlite.binding as binding
binding.initialize_all_targets()
binding.initialize_all_asmprinters()
triple, cpu = sys.argv[1:]
machine = binding.Target.from_triple(triple).create_target_machine(
    cpu=cpu, opt=1, reloc="default", codemodel="jitdefault"
)
module = binding.parse_assembly(sys.stdin.read())
module.verify()
assert len(machine.emit_object(module)) > 10_000
"""


@pytest.mark.parametrize(("triple", "processor", "size"), OTHER_TARGETS)
def test_other_processors_have_machine_code(triple, processor, size):
    """In a process of its own, as LLVM ends the process where it has no instruction."""
    command = [sys.executable, "-c", OBJECT, triple, processor]
    subprocess.run(command, input=every_function(size).encode(), check=True)
