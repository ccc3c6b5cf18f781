"""Names in generated programs: no variable is called like what the program calls or reads."""

from __future__ import annotations

import builtins
import functools
import keyword
import operator

import laws
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.compiler.names import VARIABLE, variable_name
from funcgrad.compiler.source import RESERVED, Module
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.families import elementwise

X = np.array([0.3, -1.2, 2.0])
MANY = 3000


def among_many(f):
    """The function in a program where thousands of variables are alive, and then f's result."""

    def program(x, *args):
        many = [x + float(k) for k in range(MANY)]
        out = f(*args)
        for y in many:
            x = np.maximum(x, y)
        return out, x

    return program


def run_source(f, *args, **kwargs):
    scope = {}
    exec(fg.to_source(f)(*args, **kwargs), scope)
    return scope["program"](*args, **kwargs)


def check(f, args):
    expected = f(*args)
    for got in (fg.jit(among_many(f))(X, *args), run_source(among_many(f), X, *args)):
        for a, b in zip(got[0], expected, strict=True):
            assert_array_equal(a, b)
        assert_array_equal(got[1], X + (MANY - 1.0))


def every_case(args):
    """The first case of each operator, all in one program."""
    outs, args = [], list(args)
    for name, case in CASES:
        prim = REGISTRY[name]
        mine = [args.pop(0) for _ in case.args]
        outs += laws.as_tuple(prim, prim(*mine, **case.params))
    return outs


CASES = [
    (name, cases[0])
    for name, prim in sorted(REGISTRY.items())
    if prim.cases is not None and (cases := laws.cases_of(prim))
]


@pytest.mark.usefixtures("by_numpy")
def test_every_operator_among_thousands_of_variables():
    check(lambda *args: every_case(args), [a for _, case in CASES for a in case.args])


def test_builtins_and_functions_of_programs_among_thousands_of_variables():
    def f(x, flag):
        counted = fg.lax.scan(lambda c, a: (c * a, c + a), x[0], x)
        looped = fg.lax.while_loop(lambda c: np.sum(c) < 50, lambda c: c * 2 + 1, x)
        chosen = fg.lax.cond(flag, np.sin, np.cos, x)
        infinite = np.where(x > 0, np.inf, -np.inf)
        return [*counted, looped, chosen, abs(x), np.abs(x), infinite, fg.checkpoint(np.tanh)(x)]

    check(f, (X, True))


def test_variables_have_names_of_a_shape_that_nothing_else_has():
    names = [variable_name(i) for i in range(20_000)]
    assert len(set(names)) == len(names)
    assert all(VARIABLE.fullmatch(n) and n not in RESERVED for n in names)
    assert not any(VARIABLE.fullmatch(n) for n in (*dir(builtins), *keyword.kwlist, "np"))


def named(name):
    def f(x):
        return x

    f.__name__ = name
    return f


@pytest.mark.parametrize("wanted", "a k0 x1 len np program build run lambda function_0 k_0".split())
def test_called_functions_get_names_of_their_own(wanted):
    module = Module()
    taken = [module.value(np.ones(2)), module.callee(named("cast")), module.callee(named("cast"))]
    taken.append(module.function(fg.make_jaxpr(np.sin)(1.0)))
    taken.append(module.callee(named(wanted)))
    assert len(set(taken)) == len(taken)
    assert not any(VARIABLE.fullmatch(name) or name in RESERVED for name in taken)


@pytest.mark.parametrize("name", ["a", "b", "abs", "np", "program", "k_0", "function_0"])
def test_functions_of_users_have_any_name(name):
    seen = []
    show = lambda v: seen.append(v)  # noqa: E731
    show.__name__ = name

    def f(x):
        y = np.array([1.0, 2.0, 4.0]) * abs(x)
        fg.debug.callback(show, y)
        return fg.lax.cond(np.sum(x) > 0, np.sin, np.cos, y)

    assert_array_equal(fg.jit(f)(X), np.sin(np.array([1.0, 2.0, 4.0]) * abs(X)))
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["run", "out", "arg0", "np", "program", "run_", "a"])
def test_parameters_of_a_source_have_any_name(name):
    f = lambda x, **kwargs: np.logaddexp(x, kwargs[name]) @ X  # noqa: E731
    assert run_source(f, X, **{name: X}) == f(X, **{name: X})


# --- operators whose functions are lambdas, partials, closures, or of other modules --------------

FACTOR = 1.25


def half(x):
    return x * 0.5


def outer_function(x, factor):
    def scaled(y):
        return y * factor

    return scaled(x) + FACTOR


def made(factor, inner):
    def scaled(x, base=factor):
        return inner(x) * factor + base

    return scaled


def same_names():
    """Two functions of one name that read different things under one name."""

    def first():
        shift = 1.0

        def shifted(x):
            return x + shift

        return shifted

    def second():
        shift = 2.0

        def shifted(x):
            return x * shift

        return shifted

    return first(), second()


_factor = 3.0
FUNCTIONS = {
    "lambda": lambda x: x * 2.0 if x.ndim else x,
    "lambda_of_global": lambda x: half(x) + FACTOR,
    "lambda_with_default": lambda x, by=_factor: x * by,
    "partial": functools.partial(outer_function, factor=1.5),
    "partial_of_numpy": functools.partial(np.multiply, 1.5),
    "closure": made(1.5, half),
    "closure_of_array": made(np.float32(1.5), np.sin),
    "closure_of_lambda": made(-0.0, lambda x: np.hypot(x, np.nan)),
    "linalg": lambda x: np.linalg.norm(x) * x,
    "first_of_a_name": same_names()[0],
    "second_of_a_name": same_names()[1],
    "operator": operator.neg,
}


def operator_of(name, fun):
    """An operator that later tests of all operators do not see."""
    prim = elementwise(f"test_{name}", fun, nondifferentiable="a test", arity=1)
    return REGISTRY.pop(prim.name)


OPERATORS = {name: operator_of(name, fun) for name, fun in FUNCTIONS.items()}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_operators_of_users_have_runnable_source(name):
    prim, fun = OPERATORS[name], FUNCTIONS[name]
    f = lambda x: prim(x) + 1.0  # noqa: E731
    assert_array_equal(fg.jit(f)(X), fun(X) + 1.0)
    text = fg.to_source(f)(X)
    assert "funcgrad" not in text
    assert_array_equal(run_source(f, X), fun(X) + 1.0)


def test_operators_of_one_name_in_one_source():
    f = lambda x: [OPERATORS[name](x) for name in sorted(FUNCTIONS)]  # noqa: E731
    for got, name in zip(run_source(f, X), sorted(FUNCTIONS), strict=True):
        assert_array_equal(got, FUNCTIONS[name](X))


def test_special_functions_of_scipy_in_a_source():
    special = pytest.importorskip("scipy.special")
    prim = operator_of("i0", special.i0)
    assert_array_equal(fg.jit(prim)(X), special.i0(X))
    assert_array_equal(run_source(prim, X), special.i0(X))


class Callable:
    def __call__(self, x):
        return x * 2.0


@pytest.mark.parametrize(
    ("name", "fun"),
    [
        ("object", Callable()),
        ("closure_of_object", made(1.0, Callable())),
        ("written_nowhere", eval("lambda x: x * 2.0")),
        ("of_funcgrad", lambda x: fnp.at(x)),
    ],
)
def test_operators_without_text_are_named(name, fun):
    prim = operator_of(name, fun)
    if name == "of_funcgrad":
        object.__setattr__(prim, "abstract", lambda x: x)
    with pytest.raises(TypeError, match=f"the operator test_{name} calls"):
        fg.to_source(prim)(X)
