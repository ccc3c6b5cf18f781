"""Writes docs/coverage.md: which names of NumPy, JAX and SciPy there are, and what they can do.

Run it after public names have changed: python docs/coverage_page.py
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"
NAMES = ROOT / "docs" / "names_elsewhere.txt"

Groups = dict[str, list[str]]
"""Names by what is said of them."""

NOT_NUMBERS = {
    "dates, text, records, matrix objects: not arrays of numbers": (
        "asmatrix bmat busday_count busday_offset busdaycalendar bytes_ datetime64 "
        "datetime_as_string datetime_data is_busday isnat matrix recarray record str_ timedelta64 "
        "void"
    ),
    "about NumPy itself, its memory and its loops": (
        "broadcast flatiter get_include getbufsize info little_endian memmap nditer nested_iters "
        "sctypeDict setbufsize show_config show_runtime test typecodes"
    ),
    "they write into an array: `fnp.where(mask, values, x)`": "copyto putmask",
}
"""Names that mean nothing on immutable arrays of numbers."""

MISSING_OF_NUMPY = {
    "long doubles: neither native code nor GPUs have them": (
        "clongdouble complex256 float128 longdouble"
    ),
    "classes of polynomials: `fnp.polyadd` and its relatives take coefficients": "poly1d",
    "old names: `fnp.vstack`, `fnp.generic`; a traced value has no layout of memory": (
        "row_stack ScalarType isfortran"
    ),
}
MISSING_OF_JAX = {
    "types that NumPy does not have": (
        "float4_e2m1fn float6_e2m3fn float6_e3m2fn float8_e8m0fnu int1 int2 int4 uint1 uint2 uint4"
    ),
    "NumPy 2 has removed them: `float64`, `complex128`, `np.exceptions.ComplexWarning`": (
        "float_ complex_ ComplexWarning"
    ),
    "about XLA, its devices and its compilation: programs are NumPy's, or native code": (
        "AccuracyMode DotAlgorithm DotAlgorithmPreset Precision PrecisionLike RandomAlgorithm "
        "RoundingMethod Tolerance after_all composite create_token dce_sink optimization_barrier "
        "platform_dependent stage with_sharding_constraint rng_bit_generator rng_uniform"
    ),
    "collectives between devices: the axes of `vmap` are on one": (
        "pbroadcast pcast precv psend pshuffle pswapaxes ragged_all_to_all unreduced_psum"
    ),
    "keys are plain arrays of one kind": "key_dtype key_impl",
}

OF_THEIR_OWN = "at c_ frompyfunc logsumexp ndenumerate r_ vectorize"
"""Names beside the tables that derivatives pass through."""

LINALG: dict[str, Callable[[Any], Any]] = {
    "cross": lambda x: fnp.linalg.cross(x, x[::-1]),
    "lstsq": lambda x: fnp.linalg.lstsq(x, x[0])[0],
    "matrix_power": lambda x: fnp.linalg.matrix_power(x, 3),
    "matmul": lambda x: fnp.linalg.matmul(x, x),
    "multi_dot": lambda x: fnp.linalg.multi_dot([x, x, x]),
    "outer": lambda x: fnp.linalg.outer(x[0], x[1]),
    "solve": lambda x: fnp.linalg.solve(x, x[0]),
    "tensordot": lambda x: fnp.linalg.tensordot(x, x),
    "tensorinv": lambda x: fnp.linalg.tensorinv(np.reshape(x, (3, 3)), 1),
    "tensorsolve": lambda x: fnp.linalg.tensorsolve(x, x[0]),
    "vecdot": lambda x: fnp.linalg.vecdot(x, x),
}
"""Calls of what does not take one matrix only."""
FOURIER: dict[str, Callable[[Any], Any]] = {
    "fftfreq": lambda x: np.sum(x) * fnp.fft.fftfreq(4),  # type: ignore[attr-defined]
    "rfftfreq": lambda x: np.sum(x) * fnp.fft.rfftfreq(4),  # type: ignore[attr-defined]
}
MATRIX = np.array([[4.0, 0.5, 0.2], [0.5, 3.0, -0.3], [0.2, -0.3, 2.0]])


def listed(text: str) -> dict[str, list[str]]:
    """The names of the file of names, by module."""
    modules: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            names = modules[line.strip("[]")] = []
        elif modules:
            names += line.split()
    return modules


def tables() -> ModuleType:
    """The module of tests whose table says what each function of NumPy does, and proves it."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        path = ROOT / "tests" / "numpy" / "test_calls.py"
        spec: Any = importlib.util.spec_from_file_location("calls_for_the_page", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "tests"))


def moves(bound: Any) -> bool:
    """True if the results of a call have a derivative that is not zero."""
    floating = [x.dtype.kind in "fc" for x in bound.leaves]
    tangents = tuple(
        np.cos(1.0 + np.arange(x.size)).reshape(x.shape).astype(x.dtype)[()]
        if f
        else np.zeros(x.shape, fg.float0)
        for x, f in zip(bound.leaves, floating, strict=True)
    )
    if not any(floating):
        return False
    with np.errstate(all="ignore"):
        try:
            outs = fg.jvp(bound, tuple(bound.leaves), tangents)[1]
        except (TypeError, ValueError):
            return False  # a function of real numbers, called with complex ones
    return any(np.asarray(o).dtype != fg.float0 and np.any(o) for o in outs)


def groups_of_numpy(names: Iterable[str]) -> Groups:
    """Every name of NumPy's main namespace, by what it can do."""
    calls = tables()
    checks = importlib.import_module("surface.checks")
    reasons = by_name(NOT_NUMBERS) | by_name(MISSING_OF_NUMPY)
    exempt = by_name({why: names for why, names in calls.EXEMPT.items()})
    found: Groups = {}
    for name in names:
        if not hasattr(fnp, name):
            what = f"**Missing**: {reasons.get(name, 'not there yet')}"
            if name in by_name(NOT_NUMBERS):
                what = f"Left out: {reasons[name]}"
        elif name in OF_THEIR_OWN.split():
            what = DIFFERENTIABLE
        elif name in calls.TABLE:
            cases = calls.TABLE[name]
            fun = getattr(fnp, name)
            slope = any(
                c.derivative and moves(checks.Bound(fun, c, kind))
                for c in cases
                for kind in sorted(set(c.dtypes) & set("dD"))
            )
            if all(c.concrete for c in cases):
                what = SIZED if takes_size(fun) else KNOWN
            else:
                what = DIFFERENTIABLE if slope else CONSTANT
        else:
            why = exempt.get(name, "")
            what = "Of plain values: " + (
                why if "of their own" not in why else "written as indices, or objects"
            )
        found.setdefault(what, []).append(name)
    return found


DIFFERENTIABLE = "Differentiated in both modes, batched and staged"
CONSTANT = "Batched and staged; integers, truth values or steps, whose derivative is zero"
SIZED = "The size of the result depends on values: staged and batched with `size=`"
KNOWN = "Differentiated where values are known, refused under `jit` and `vmap`"


def takes_size(fun: Callable[..., Any]) -> bool:
    """True if a function has JAX's argument for the size of its result."""
    return not isinstance(fun, np.ufunc) and "size" in inspect.signature(fun).parameters


def by_name(groups: dict[str, str]) -> dict[str, str]:
    """What is said of each name."""
    return {name: what for what, names in groups.items() for name in names.split()}


def groups_by_running(module: Any, names: Iterable[str], calls: dict[str, Any], x: Any) -> Groups:
    """Every name of a smaller namespace, by what a call under each transformation gives."""
    found: Groups = {}
    for name in names:
        fun = getattr(module, name, None)
        if fun is None:
            what = "**Missing**: not there yet"
        elif isinstance(fun, type):
            what = "A class"
        else:
            what = outcome(calls.get(name, fun), x)
        found.setdefault(what, []).append(name)
    return found


def outcome(fun: Callable[..., Any], x: Any) -> str:
    """What works on a function of one array."""
    runs = {
        "forward": lambda: fg.jvp(fun, (x,), (x,)),
        "reverse": lambda: pulled_back(fun, x),
        "batched": lambda: fg.vmap(fun)(np.stack([x, x])),
        "staged": lambda: fg.jit(fun)(x),
    }
    works = []
    for what, run in runs.items():
        try:
            run()
        except Exception:
            continue
        works.append(what)
    if works == list(runs):
        return DIFFERENTIABLE
    return f"Works: {', '.join(works) or 'on plain arrays only'}"


def pulled_back(fun: Callable[..., Any], x: Any) -> Any:
    """The cotangent of ones."""
    out, pullback = fg.vjp(fun, x)
    return pullback(fg.tree.map(lambda y: np.ones_like(y) if y.dtype.kind in "fc" else
                                np.zeros(y.shape, fg.float0), out))  # fmt: skip


def groups_of_jax(module: Any, names: Iterable[str]) -> Groups:
    """The names of a namespace of JAX, by whether they are there."""
    reasons = by_name(MISSING_OF_JAX)
    found: Groups = {"There": []}
    for name in names:
        what = "There" if hasattr(module, name) else reasons.get(name, "not there yet")
        found.setdefault(what, []).append(name)
    return {k: found[k] for k in ("There", *sorted(k for k in found if k != "There"))}


def text_of(title: str, groups: Groups, order: Iterable[str] = ()) -> list[str]:
    """A part of the page: a line of names for each group."""
    first = [k for k in order if k in groups]
    rest = sorted((k for k in groups if k not in first), key=lambda k: ("*" in k, k))
    lines = [f"## {title}", ""]
    for what in (*first, *rest):
        names = " ".join(f"`{n}`" for n in groups[what])
        lines += [f"{what} ({len(groups[what])}):", "", *textwrap.wrap(names, 110), ""]
    return lines


def share(groups: Groups) -> tuple[int, int]:
    """The names that there are, and those that mean something here."""
    left_out = sum(len(v) for k, v in groups.items() if k.startswith("Left out"))
    missing = sum(len(v) for k, v in groups.items() if k.startswith("**Missing"))
    total = sum(map(len, groups.values())) - left_out
    return total - missing, total


def page() -> str:
    """The text."""
    names = listed(NAMES.read_text(encoding="utf-8"))
    main = groups_of_numpy(names["numpy"])
    there, total = share(main)
    fourier = importlib.import_module("funcgrad.numpy.fft") if has_fourier() else None
    intro = (
        "Written by `docs/coverage_page.py`; do not edit. The names are those of NumPy 2.4 and JAX "
        "0.10 (`docs/names_elsewhere.txt`). What functions of NumPy's main namespace can do is "
        "what the tables in `tests/surface` say, whose calls are compared with NumPy, loops and "
        f"differences in every mode. Of the {total} names of that namespace that mean something on "
        f"arrays of numbers that do not change, {there} are in `funcgrad.numpy`: "
        f"{100 * there / total:.1f} %."
    )
    lines = [
        "# Coverage of NumPy's, JAX's and SciPy's names",
        "",
        *textwrap.wrap(intro, 110),
        "",
        *text_of("numpy", main, (DIFFERENTIABLE, CONSTANT, SIZED, KNOWN)),
        *text_of(
            "numpy.linalg",
            groups_by_running(fnp.linalg, names["numpy.linalg"], LINALG, MATRIX),
            (DIFFERENTIABLE,),
        ),
        *text_of(
            "numpy.fft",
            groups_by_running(fourier, names["numpy.fft"], FOURIER, MATRIX),
            (DIFFERENTIABLE,),
        ),
    ]
    for name, module in (("numpy", fnp), ("lax", fg.lax), ("random", fg.random)):
        groups = groups_of_jax(module, names[f"jax.{name}"])
        lines += text_of(f"jax.{name}", groups, ("There",))
    sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests")]
    try:
        lines += importlib.import_module("coverage_of_scipy").lines()
    finally:
        del sys.path[:2]
    return "\n".join(lines).rstrip() + "\n"


def has_fourier() -> bool:
    """True if there is a namespace of Fourier transforms."""
    return importlib.util.find_spec("funcgrad.numpy.fft") is not None


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
