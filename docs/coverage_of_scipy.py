"""The part of docs/coverage.md on SciPy's names: what is differentiated in which argument.

It is made of the tables of calls in tests/scipy_names, which are compared with SciPy in every mode.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import funcgrad as fg

ROOT = Path(__file__).resolve().parent.parent

MODULES = "special stats linalg interpolate ndimage integrate signal fft"
MORE = "spatial.distance spatial.transform cluster.vq"

Called = tuple[Callable[..., Any], tuple[Any, ...], tuple[str, ...]]
"""A function, arguments, and their names."""


def module_of_tests(name: str) -> Any:
    """A module of tests/scipy_names, which needs tests on the path."""
    path = ROOT / "tests" / "scipy_names" / f"{name}.py"
    spec: Any = importlib.util.spec_from_file_location(f"{name}_for_the_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names_of(fun: Callable[..., Any], count: int, public: Callable[..., Any]) -> tuple[str, ...]:
    """The names of arguments by place; of a function with some given, those of the public one."""
    given = getattr(fun, "given", 0)
    parameters = list(inspect.signature(public if given else fun).parameters)[given:]
    return tuple(parameters[:count])


def calls_of_tables() -> Iterator[tuple[str, str, Called]]:
    """Module, name and a call, from the tables with SciPy's arguments."""
    tables = (("special", "special"), ("linalg", "linalg"), ("linalg", "linalg_more"))
    for module, table in tables:
        public = importlib.import_module(f"funcgrad.scipy.{module}")
        for name, calls in module_of_tests(f"test_{table}").TABLE.items():
            for fun, _, case in calls:
                if case.derivative and not any(np.iscomplexobj(x) for x in case.args):
                    run = lambda *xs, f=fun, k=case.kwargs: f(*xs, **k)  # noqa: E731
                    names = names_of(fun, len(case.args), getattr(public, name))
                    yield module, name, (run, case.args, names)
    for module, calls in module_of_tests("one_call").ONE_CALL.items():
        ours = importlib.import_module(f"funcgrad.scipy.{module}")
        for name, (made, args) in calls.items():
            fun = made(ours)
            yield module, name, (fun, args, tuple(inspect.signature(fun).parameters))


def calls_of_distributions() -> Iterator[tuple[str, str, Called]]:
    """The functions of distributions, by the name of each."""
    tables = module_of_tests("test_stats")
    stats = importlib.import_module("funcgrad.scipy.stats")
    for name, (shapes, x) in tables.CONTINUOUS.items():
        for function in tables.FUNCTIONS:
            at = tables.INSIDE if function in ("ppf", "isf") else x
            names = ("q" if function in ("ppf", "isf") else "x", *getattr(stats, name).parameters)
            fun = getattr(getattr(stats, name), function)
            yield function, name, (fun, (at, *shapes, tables.LOC, tables.SCALE), names)
    for name, shapes in tables.DISCRETE.items():
        for function in ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf"):
            at = tables.INSIDE if function in ("ppf", "isf") else np.minimum(tables.COUNTS, 1)
            if name == "geom" and function not in ("ppf", "isf"):
                at = at + 1
            fun = getattr(getattr(stats, name), function)
            run = lambda *s, f=fun, at=at: f(at, *s)  # noqa: E731
            yield function, name, (run, shapes, getattr(stats, name).shapes)
    for name, function, args in tables.SEVERAL.values():
        fun = getattr(getattr(stats, name), function)
        names = tuple(inspect.signature(fun).parameters)[: len(args)]
        yield function, name, (fun, args, names)


def moving(called: Called) -> tuple[list[str], list[str]]:
    """The names of arguments in which both modes have a derivative; what else works."""
    fun, args, names = called
    args = tuple(np.asarray(a)[()] if isinstance(a, float | list) else a for a in args)
    places = [
        i for i, a in enumerate(args)
        if isinstance(a, np.ndarray | np.generic) and a.dtype.kind in "fc"
    ]  # fmt: skip
    found = []
    with np.errstate(all="ignore"):
        for i in places:

            def alone(x: Any, i: int = i) -> Any:
                return fun(*args[:i], x, *args[i + 1 :])

            try:
                tangent = np.cos(1.0 + np.arange(args[i].size)).reshape(args[i].shape)
                outs = fg.tree.leaves(fg.jvp(alone, (args[i],), (tangent[()],))[1])
                forward = any(np.asarray(o).dtype != fg.float0 and np.any(o) for o in outs)
                out, pullback = fg.vjp(alone, args[i])
                backward = np.any(pullback(fg.tree.map(_ones, out))[0])
            except (fg.errors.DifferentiationError, TypeError, ValueError):
                continue
            if forward and backward:
                name = names[min(i, len(names) - 1)]  # of several that one name takes
                found += [name] if name not in found else []
        works = []
        some = tuple(args[i] for i in places)

        def of_arrays(*xs: Any) -> Any:
            full = list(args)
            for i, x in zip(places, xs, strict=True):
                full[i] = x
            return fun(*full)

        for what, run in (
            ("batched", lambda: fg.vmap(of_arrays)(*[np.stack([x, x]) for x in some])),
            ("staged", lambda: fg.make_jaxpr(of_arrays)(*some)),
        ):
            try:
                if some:
                    run()
                    works.append(what)
            except Exception:
                continue
    return found, works


def _ones(x: Any) -> Any:
    x = np.asarray(x)
    if x.dtype.kind in "fc":
        return (0.3 + np.arange(x.size).reshape(x.shape)).astype(x.dtype)[()]
    return np.zeros(x.shape, fg.float0)


def groups(calls: Iterator[tuple[str, str, Called]]) -> dict[str, dict[str, list[str]]]:
    """For each module or function the names, by the arguments with derivatives and what works."""
    arguments: dict[tuple[str, str], list[str]] = {}
    order: dict[tuple[str, str], tuple[str, ...]] = {}
    works: dict[tuple[str, str], set[str]] = {}
    for module, name, called in calls:
        found, able = moving(called)
        known = arguments.setdefault((module, name), [])
        known += [f for f in found if f not in known]
        order[module, name] = max(order.get((module, name), ()), called[2], key=len)
        works.setdefault((module, name), set()).update(able)
    out: dict[str, dict[str, list[str]]] = {}
    for (module, name), names in arguments.items():
        place = {n: k for k, n in enumerate(order[module, name])}
        names = [n for n in place if n in names]
        modes = " and ".join(sorted(works[module, name])) or "on plain arrays only"
        if names:
            listed = ", ".join(f"`{n}`" for n in names)
            what = f"Differentiated in {listed}; {modes}"
        else:
            what = f"Without a derivative (steps, or constants); {modes}"
        out.setdefault(module, {}).setdefault(what, []).append(name)
    return out


def lines_of(title: str, found: dict[str, list[str]], beside: list[str]) -> list[str]:
    """A part of the page."""
    lines = [f"## {title}", ""]
    for what, names in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        text = " ".join(f"`{n}`" for n in sorted(set(names)))
        lines += [f"{what} ({len(set(names))}):", "", *textwrap.wrap(text, 110), ""]
    if beside:
        text = " ".join(f"`{n}`" for n in beside)
        lines += [f"Others ({len(beside)}):", "", *textwrap.wrap(text, 110), ""]
    return lines


def lines() -> list[str]:
    """The part of the page."""
    intro = (
        "SciPy's names, below `funcgrad.scipy`. What is said of a function is what its calls in "
        "`tests/scipy_names` show, which are compared with SciPy, loops and differences: the "
        "arguments in which forward and reverse mode have a derivative that is not zero, by name, "
        "and whether calls are batched and staged. How many digits special functions have is in "
        "[special_functions.md](special_functions.md)."
    )
    found = groups(calls_of_tables())
    out = ["# SciPy's names", "", *textwrap.wrap(intro, 110), ""]
    for name in (*MODULES.split(), *MORE.split()):
        module = importlib.import_module(f"funcgrad.scipy.{name}")
        if name == "stats":
            out += lines_of_distributions(module)
            continue
        called = {n for names in found.get(name, {}).values() for n in names}
        beside = sorted(set(module.__all__) - called)
        out += lines_of(f"scipy.{name}", found.get(name, {}), beside)
    return out


def lines_of_distributions(module: Any) -> list[str]:
    """A line for each distribution and arguments of its functions."""
    calls = ((name, function, called) for function, name, called in calls_of_distributions())
    out = ["## scipy.stats", ""]
    for name, by_what in sorted(groups(calls).items()):
        for what, functions in by_what.items():
            text = f"- `{name}`: {' '.join(f'`{f}`' for f in functions)}. {what}."
            out += textwrap.wrap(text, 110, subsequent_indent="  ")
    classes = {n for v in groups_of_stats() for n in v}
    others = sorted(set(module.__all__) - classes)
    return [*out, "", *lines_of("scipy.stats: others", {}, others)]


def groups_of_stats() -> list[list[str]]:
    """The distributions that the tables have."""
    tables = module_of_tests("test_stats")
    return [list(tables.CONTINUOUS), list(tables.DISCRETE), [v[0] for v in tables.SEVERAL.values()]]
