"""Names and signatures as a type checker reads them: those that there are, and no others."""

import ast
import functools
import importlib
import inspect
import pickle
import pydoc
import re
import subprocess
import sys
from pathlib import Path
from typing import get_overloads

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import lax, random, train
from funcgrad.core import hooks
from funcgrad.numpy import protocol, refused

PACKAGES = {"numpy": fnp, "lax": lax, "random": random, "train": train, "linalg": fnp.linalg,
            "fft": fnp.fft, "lax.linalg": lax.linalg,
            "scipy.linalg": fg.scipy.linalg, "scipy.special": fg.scipy.special,
            "scipy.stats": fg.scipy.stats, "scipy.fft": fg.scipy.fft,
            "scipy.integrate": fg.scipy.integrate, "scipy.interpolate": fg.scipy.interpolate,
            "scipy.ndimage": fg.scipy.ndimage, "scipy.signal": fg.scipy.signal,
            "scipy.spatial.transform": fg.scipy.spatial.transform,
            "scipy.optimize": fg.scipy.optimize,
            "scipy.sparse.linalg": fg.scipy.sparse.linalg}  # fmt: skip


def bound_names(module):
    """The public names that a module binds by statements that a type checker understands."""
    found = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {a.asname or a.name for a in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    assert "*" not in found
    return {n for n in found if not n.startswith("_")}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_checker_knows_the_public_names(name):
    module = PACKAGES[name]
    bound = bound_names(module)
    assert set(module.__all__) <= bound
    others = bound - set(module.__all__) - {"annotations"}
    modules = {n for n in others if inspect.ismodule(getattr(module, n, None))}
    assert others - modules <= {"Any", "NUMPY_FUNCTIONS"}, "public, but not in __all__"
    hidden = [n for n in ast.walk(ast.parse(Path(module.__file__).read_text()))
              if isinstance(n, ast.Call) and ast.unparse(n.func) == "globals().update"]  # fmt: skip
    assert not hidden


def test_a_checker_knows_the_names_of_funcgrad():
    """The names that are imported for a checker: the public ones, from where they are found."""
    body = ast.parse(Path(fg.__file__).read_text()).body
    (block,) = [n for n in body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    found = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            (alias,) = node.names
            assert alias.asname == alias.name, "exported only when it is renamed to itself"
            home = importlib.import_module("." * node.level + (node.module or ""), "funcgrad")
            found[alias.name] = getattr(home, alias.name)
    assert set(found) == set(fg.__all__) - {"__version__"}
    assert all(value is getattr(fg, name) for name, value in found.items())
    hidden = {n.name for n in ast.walk(ast.Module(body, [])) if isinstance(n, ast.FunctionDef)}
    assert hidden == {"__getattr__", "__dir__"}
    assert not [n for n in body if isinstance(n, ast.FunctionDef)], "hides misspelt names"


def test_what_is_implemented_is_public():
    """All of NumPy's top-level functions that have an implementation, but for those refused."""
    tables = (*hooks.hooks.functions, *hooks.hooks.ufuncs, *protocol.UFUNCS)
    wanted = {f.__name__ for f in tables if getattr(np, f.__name__, None) is f}
    wanted -= {f.__name__ for f in refused.ADVICE}
    assert wanted <= set(fnp.__all__)


def test_functions_of_numpy_are_its_own():
    ours = {n for n in fnp.__all__ if getattr(np, n, None) is not getattr(fnp, n)}
    expected = (
        "all amax amin any apply_along_axis arange argsort argwhere array asanyarray "
        "asarray asarray_chkfinite ascontiguousarray asfortranarray at bartlett bincount "
        "blackman c_ clip compress diag_indices empty extract eye fft fill_diagonal finfo "
        "flatnonzero from_dlpack fromfunction frompyfunc full full_like geomspace hamming "
        "hanning histogram histogram2d histogram_bin_edges histogramdd identity iinfo "
        "indices interp intersect1d kaiser linalg linspace logspace logsumexp "
        "mask_indices max mean mgrid min nan_to_num nanmax nanmean nanmin nanpercentile "
        "nanprod nanquantile nanstd nansum nanvar ndarray ndenumerate nonzero ogrid ones "
        "pad percentile piecewise place polyder polydiv polyint polymul prod put put_along_axis "
        "quantile r_ repeat require roll roots select setdiff1d setxor1d sort std sum "
        "take take_along_axis trapezoid tri tril_indices triu_indices ufunc union1d "
        "unique unique_all unique_counts unique_inverse unique_values unwrap var "
        "vectorize where zeros "
    )
    assert ours == set(expected.split())


@pytest.mark.parametrize("name", [n for n in lax.__all__ if inspect.isfunction(getattr(lax, n))])
def test_functions_of_lax_are_functions(name):
    fun = getattr(lax, name)
    assert callable(fun)
    assert fun.__name__ == name
    assert fun.__doc__
    assert inspect.signature(fun).parameters
    assert f"{name}(" in pydoc.plain(pydoc.render_doc(fun))
    assert pickle.loads(pickle.dumps(fun)) is fun
    assert pickle.loads(pickle.dumps(functools.partial(fun, 1.0))).func is fun

    @functools.wraps(fun)
    def wrapped(*args, **kwargs):
        return fun(*args, **kwargs)

    assert inspect.signature(wrapped) == inspect.signature(fun)


ELEMENTWISE = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atan2": "arctan2", "atanh": "arctanh", "bitwise_not": "invert", "div": "divide",
    "eq": "equal", "ge": "greater_equal", "gt": "greater", "is_finite": "isfinite",
    "le": "less_equal", "lt": "less", "max": "maximum", "min": "minimum", "mul": "multiply",
    "ne": "not_equal", "neg": "negative", "pow": "power", "population_count": "bitwise_count",
    "rem": "fmod", "round": "rint", "shift_left": "left_shift",
    "shift_right_arithmetic": "right_shift", "sub": "subtract",
    **{n: n for n in "abs add bitwise_and bitwise_or bitwise_xor cbrt ceil conj cos cosh exp exp2 "
       "expm1 floor imag log log1p nextafter real reciprocal sign sin sinh sqrt square tan "
       "tanh".split()},
}  # fmt: skip


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_operators_of_lax_are_those_of_numpy(name):
    fun, numpy_fun = getattr(lax, name), getattr(np, ELEMENTWISE[name])
    bits = name.startswith(("bitwise", "shift", "population"))
    args: tuple[object, ...] = (
        (np.array([6, 5]), np.array([1, 3])) if bits else (np.array([1.5, 0.25]), 0.75)
    )
    needed = [p for p in inspect.signature(fun).parameters.values() if p.default is p.empty]
    args = args[: len(needed)]
    with np.errstate(invalid="ignore"):
        expected = numpy_fun(*args)
        np.testing.assert_array_equal(fun(*args), expected)
        np.testing.assert_array_equal(fg.jit(fun)(*args), expected)
        np.testing.assert_array_equal(fg.vmap(fun, in_axes=(0,) + (0 if bits else None,) *
                                              (len(args) - 1))(*args), expected)  # fmt: skip


@pytest.mark.parametrize("fun", [lax.cond, fnp.linalg.qr, fnp.linalg.svd])
def test_overloads_fit_the_signature(fun):
    overloads = get_overloads(inspect.unwrap(fun))
    assert len(overloads) == 3
    for overload in overloads:
        parameters = inspect.signature(overload).parameters.values()
        given = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        named = {p.name: 0 for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
        inspect.signature(fun).bind(*given, **named)


SAMPLE = """
from functools import partial
import numpy as np
import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import lax, random

x = np.zeros(3)
reveal_type(lax.scan(lambda c, x: (c + x, c), x, np.zeros((4, 3))))  # tuple[Vector, Vector]
reveal_type(lax.fori_loop(0, 4, lambda i, s: s + i, x))  # Vector
reveal_type(lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1]), (0, x)))
# tuple[int, Vector]
reveal_type(lax.cond(True, lambda a: a + 1, lambda a: a - 1, x))  # Vector
reveal_type(lax.cond(True, lambda a: a + 1, lambda a: a - 1, operand=x))  # Vector
reveal_type(lax.map(lambda a: (a, a), x))  # tuple[Vector, Vector]
reveal_type(lax.psum(x, "i"))  # Vector
reveal_type(lax.associative_scan(lambda a, b: a + b, x))  # Vector
reveal_type(lax.sin(1.0))  # Array
reveal_type(random.normal(random.key(0), (3,)))  # Array
reveal_type(fnp.at(x)[0].set(1.0))  # Array
reveal_type(fnp.zeros((2,)))  # Array
reveal_type(fnp.linalg.qr(x).R)  # Array
reveal_type(fnp.linalg.qr(x, "r"))  # Array
reveal_type(fnp.linalg.svd(x).S)  # Array
reveal_type(fnp.linalg.svd(x, compute_uv=False))  # Array
lax.while_loop(lambda s: s < 3, lambda s: str(s), 1.0)  # error: arg-type, return-value
lax.scan(lambda c, x: c, x, x)  # error: arg-type, return-value
lax.cond(True, lambda a: a, lambda a: a, x, x)  # error: arg-type, misc
lax.sin(1.0, 2.0)  # error: call-arg
fnp.typo  # error: attr-defined
lax.typo  # error: attr-defined
random.typo  # error: attr-defined
fnp.zeros("a")  # error: arg-type
random.normal(0)  # error: arg-type

reveal_type(fg.__version__)  # str
reveal_type(fg.numpy.sin(x))  # Array
reveal_type(fg.numpy.zeros(3))  # Array
fg.typo_here  # error: attr-defined
fg.numpy.typo_here  # error: attr-defined

def loss(w: float, n: int = 1) -> float: return w * n
def with_aux(w: float) -> tuple[float, str]: return w, ""

reveal_type(fg.jit(loss)(2.0, n=3))  # float
reveal_type(fg.jit(static_argnums=1)(loss)(2.0, 3))  # float
reveal_type(fg.jit(loss).lower(2.0).compile())  # funcgrad.api.lowering.Executable
reveal_type(fg.vmap(loss)(2.0, 3))  # float
reveal_type(fg.checkpoint(loss)(2.0))  # float
reveal_type(fg.stabilize(loss)(2.0))  # float
reveal_type(fg.stabilize(loss).report(2.0))  # funcgrad.api.stabilize.Report
reveal_type(fg.custom_jvp(loss)(2.0))  # float
reveal_type(fg.custom_vjp(loss)(2.0))  # float
reveal_type(partial(fg.custom_vjp, nondiff_argnums=(1,))(loss)(2.0, 1))  # float
reveal_type(fg.value_and_grad(loss)(2.0))  # tuple[float, Any]
reveal_type(fg.value_and_grad(with_aux, has_aux=True)(2.0))  # tuple[tuple[float, str], Any]
reveal_type(fg.grad(loss)(2.0))  # Any
reveal_type(fg.grad(with_aux, has_aux=True)(2.0))  # tuple[Any, str]
reveal_type(fg.jacrev(with_aux, has_aux=True)(2.0))  # tuple[Any, str]
reveal_type(fg.jit(fg.vmap(fg.value_and_grad(loss)))(2.0, 3))  # tuple[float, Any]
reveal_type(fg.jvp(loss, (2.0,), (1.0,)))  # tuple[float, float]
reveal_type(fg.vjp(loss, 2.0)[0])  # float
reveal_type(fg.vjp(with_aux, 2.0, has_aux=True)[2])  # str
reveal_type(fg.linearize(loss, 2.0)[1])  # funcgrad.api.jvp.Pushforward
reveal_type(fg.make_jaxpr(loss)(2.0))  # funcgrad.core.jaxpr.Jaxpr
reveal_type(fg.make_jaxpr(loss, return_shape=True)(2.0)[0])  # funcgrad.core.jaxpr.Jaxpr
reveal_type(fg.closure_convert(loss, 2.0)[0](2.0))  # float
reveal_type(fg.stop_gradient((1.0, x)))  # tuple[float, Vector]
reveal_type(fg.device_put(x))  # Array
reveal_type(fg.device_get(x))  # Array
reveal_type(fg.ravel_pytree((1.0, x)))  # tuple[Array, def (Array) -> tuple[float, Vector]]
reveal_type(fg.to_source(loss)(2.0))  # str
fg.jit(np.tanh)(x)
fg.grad(np.tanh)(1.0)
fg.vmap(np.multiply, in_axes=(0, None))(x, x)
fg.jit(np.sum)(x)
fg.jit(loss)("")  # error: arg-type
fg.jit(loss, static_argnums="n")  # error: arg-type
fg.jit(loss)(2.0, m=3)  # error: call-arg
fg.vmap(loss)("")  # error: arg-type
fg.grad(loss)(2.0, 3, 4)  # error: call-arg
fg.grad(loss, argnums="w")  # error: arg-type
fg.value_and_grad(loss)()  # error: call-arg
fg.hessian(loss)("")  # error: arg-type
fg.jit(loss).typo_here  # error: attr-defined

class Model:
    @fg.jit
    def double(self, w: float) -> float: return 2 * w
    @partial(fg.jit, static_argnums=0)
    def triple(self, w: float) -> float: return 3 * w

reveal_type(Model().double(2.0))  # float
Model().double("")  # error: arg-type
Model().triple(2.0)
"""
SHORT = {
    "numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]": "Vector",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[Any]]": "Array",
    "Literal[0]?": "int",
    "builtins.": "",
}


def test_what_mypy_finds(tmp_path):
    """Types and errors as the comments in SAMPLE say."""
    file = tmp_path / "sample.py"
    file.write_text(SAMPLE.replace("\n# tuple", "  # tuple"))
    root = str(Path(fg.__file__).parent.parent)
    options = ["--follow-imports=silent", "--hide-error-context", "--cache-dir", str(tmp_path)]
    command = [sys.executable, "-m", "mypy", *options, str(file)]
    out = subprocess.run(command, capture_output=True, text=True, cwd=root).stdout
    found = {}
    for line, kind, text in re.findall(r"sample\.py:(\d+): (note|error): (.*)", out):
        revealed = re.search(r'Revealed type is "(.*)"', text)
        said = revealed[1] if revealed else text.rpartition("[")[2].rstrip("]")
        if kind == "error" or revealed:
            for long, short in SHORT.items():
                said = said.replace(long, short)
            found.setdefault(int(line), set()).add(said)
    wrong = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        code, _, wanted = line.partition("  # ")
        said = found.get(number, set())
        if wanted.startswith("error: "):
            fits = bool(said & set(wanted[7:].split(", ")))
        else:
            fits = said == ({wanted} if wanted else set())
        if not fits:
            wrong.append((code, said))
    assert not wrong
