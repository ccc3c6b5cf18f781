"""Every rewrite on numbers of all signs and sizes: values and derivatives are those of the formula.

Judge of finite numbers is the formula in mpmath, whose exponents do not end; of infinities and NaN
the formula as NumPy computes it, wherever that gives a number.
"""

from __future__ import annotations

import ast
import functools
import itertools
from pathlib import Path
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from mpmath import mp

import funcgrad as fg
from funcgrad.compiler import stabilize
from funcgrad.compiler.stabilize import RULES

FINITE = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-9, -1e-9, 1e-300, -1e-300, 1e300, -1e300]
FINITE += [40.0, -40.0, 800.0, -800.0, 1e-320]
ENDLESS = [np.inf, -np.inf, np.nan]
MANY = [1.0, -1.0, 0.5, -2.5, 1e-9, 1e300, -1e-300, 0.0, -800.0]
FEW = [1.0, -2.5, 1e300, 0.0, -800.0, np.inf]
LARGEST = mp.mpf(np.finfo(float).max)

F = {
    "log1p": lambda m, x: m.log(1 + x),
    "log1p of less": lambda m, x: m.log(1 - x),
    "softplus": lambda m, x: m.log(1 + m.exp(x)),
    "softplus of less": lambda m, x: m.log(1 + m.exp(-x)),
    "softplus by log1p": lambda m, x: m.log1p(m.exp(x)),
    "log1mexp": lambda m, x: m.log(1 - m.exp(x)),
    "log_expm1": lambda m, x: m.log(m.exp(x) - 1),
    "log exp": lambda m, x: m.log(m.exp(x)),
    "log sigmoid": lambda m, x: m.log(1 / (1 + m.exp(-x))),
    "log 1 - sigmoid": lambda m, x: m.log(1 - 1 / (1 + m.exp(-x))),
    "logaddexp": lambda m, x, y: m.log(m.exp(x) + m.exp(y)),
    "log of c + exp": lambda m, x: m.log(2 + m.exp(x)),
    "log of c * exp": lambda m, x: m.log(3 * m.exp(x)),
    "log of exp / c": lambda m, x: m.log(m.exp(x) / 3),
    "log of c / exp": lambda m, x: m.log(3 / m.exp(x)),
    "log of exp * exp": lambda m, x, y: m.log(m.exp(x) * m.exp(y)),
    "log of exp / exp": lambda m, x, y: m.log(m.exp(x) / m.exp(y)),
    "log of exp ** c": lambda m, x: m.log(m.exp(x) ** 3),
    "log of sqrt": lambda m, x: m.log(m.sqrt(m.exp(x))),
    "log of sum * exp": lambda m, x, y: m.log((m.exp(x) + m.exp(y)) * m.exp(x)),
    "log sech": lambda m, x: m.log(1 - m.tanh(x) ** 2),
    "expm1": lambda m, x: m.exp(x) - 1,
    "-1 + exp": lambda m, x: -1 + m.exp(x),
    "1 - exp": lambda m, x: 1 - m.exp(x),
    "1 - cos": lambda m, x: 1 - m.cos(x),
    "cos - 1": lambda m, x: m.cos(x) - 1,
    "1 - sigmoid": lambda m, x: 1 - 1 / (1 + m.exp(-x)),
    "sigmoid": lambda m, x: 1 / (1 + m.exp(-x)),
    "sigmoid by reciprocal": lambda m, x: m.reciprocal(1 + m.exp(-x)),
    "sigmoid by power": lambda m, x: (1 + m.exp(-x)) ** -1,
    "sigmoid by exp": lambda m, x: m.exp(x) / (1 + m.exp(x)),
    "tanh": lambda m, x: (m.exp(x) - m.exp(-x)) / (m.exp(x) + m.exp(-x)),
    "tanh of half": lambda m, x: (m.exp(2 * x) - 1) / (m.exp(2 * x) + 1),
    "sinh": lambda m, x: (m.exp(x) - m.exp(-x)) / 2,
    "sinh by half": lambda m, x: 0.5 * (m.exp(x) - m.exp(-x)),
    "y * sigmoid": lambda m, x, y: y / (1 + m.exp(-x)),
    "abs": lambda m, x: m.sqrt(x**2),
    "abs by power": lambda m, x: (x**2) ** 0.5,
    "hypot": lambda m, x, y: m.sqrt(x**2 + y**2),
    "difference of squares": lambda m, x, y: x**2 - y**2,
    "sqrt(1 + x) - 1": lambda m, x: m.sqrt(1 + x) - 1,
    "1 - sqrt(1 - x)": lambda m, x: 1 - m.sqrt(1 - x),
    "-1 + sqrt(1 + x)": lambda m, x: -1 + m.sqrt(1 + x),
    "sqrt(x + 1) - sqrt(x)": lambda m, x: m.sqrt(x + 1) - m.sqrt(x),
    "sqrt(x) - sqrt(x - 2)": lambda m, x: m.sqrt(x) - m.sqrt(x - 2),
    "sqrt(x + y) - sqrt(x)": lambda m, x, y: m.sqrt(x + y) - m.sqrt(x),
    "sqrt(x) - sqrt(x - y)": lambda m, x, y: m.sqrt(x) - m.sqrt(x - y),
    "sqrt(x**2 + 1) - x": lambda m, x: m.sqrt(x**2 + 1) - x,
    "sqrt(x**2 - 1) + x": lambda m, x: m.sqrt(x**2 - 1) + x,
    "-x - sqrt(x**2 + 3)": lambda m, x: -x - m.sqrt(x**2 + 3),
    "sqrt(x**2 + y) - x": lambda m, x, y: m.sqrt(x**2 + y) - x,
    "hypot(x, y) - x": lambda m, x, y: m.sqrt(x**2 + y**2) - x,
    "quadratic": lambda m, x, y: (-x + m.sqrt(x * x - 4 * y)) / 2,
    "asinh": lambda m, x: m.log(x + m.sqrt(x**2 + 1)),
    "acosh": lambda m, x: m.log(x + m.sqrt(x**2 - 1)),
    "tan - sin": lambda m, x: m.tan(x) - m.sin(x),
    "sin - tan": lambda m, x: m.sin(x) - m.tan(x),
    "xlogx": lambda m, x: x * m.log(x),
    "x log2 x": lambda m, x: x * m.log2(x),
    "xlogratio": lambda m, x, y: x * m.log(x / y),
    "xlogratio negative": lambda m, x, y: -x * m.log(x / y),
    "xlogratio log10": lambda m, x, y: x * m.log10(x / y),
    "xlogratio of c": lambda m, x: x * m.log(x / -3.0),
    "x * (log x - log y)": lambda m, x, y: x * (m.log(x) - m.log(y)),
    "x * (log y - log x)": lambda m, x, y: x * (m.log(y) - m.log(x)),
    "y log y of exp": lambda m, x: m.exp(x) * m.log(m.exp(x)),
}
"""Formulas of one or two numbers."""

V = {
    "log prod": lambda m, v: m.log(m.prod(v)),
    "log abs prod": lambda m, v: m.log(abs(m.prod(v))),
    "log det": lambda m, v: m.log(m.det(m.diag(v))),
    "log abs det": lambda m, v: m.log(abs(m.det(m.diag(v)))),
    "norm": lambda m, v: m.sqrt(m.sum(v**2)),
    "root mean square": lambda m, v: m.sqrt(m.sum(v**2) / 3),
    "softmax": lambda m, v: (m.exp(v) / m.sum(m.exp(v)))[0],
    "log softmax": lambda m, v: (v - m.log(m.sum(m.exp(v))))[0],
    "log of softmax": lambda m, v: m.log(m.exp(v) / m.sum(m.exp(v)))[0],
    "logsumexp": lambda m, v: m.log(m.sum(m.exp(v))),
    "log of picked": lambda m, v: m.log(m.exp(v) / m.sum(m.exp(v)))[np.array([2])][0],
    "log(exp(x) @ c)": lambda m, v: m.log(m.exp(v) @ np.array([1.0, 3.0, 0.5])),
    "inv(a) @ b": lambda m, v: (m.inv(m.diag(v)) @ np.array([1.0, 3.0, 0.5]))[1],
    "b @ inv(a)": lambda m, v: (np.array([1.0, 3.0, 0.5]) @ m.inv(m.diag(v)))[1],
}
"""Formulas of one array of three numbers."""

LEFT_OUT = {
    "log(exp(x) @ c)": 1e300,  # log(c) has no digit in common with it
    **dict.fromkeys(("log det", "log abs det", "inv(a) @ b", "b @ inv(a)"), 0.0),  # no inverse
}
"""Numbers at which the arrays of some formulas are not tried."""


class Number:
    """A number of mpmath with the operators of real numbers: NaN where there is none."""

    def __init__(self, x):
        self.x = x

    @staticmethod
    def binary(function):
        def run(a, b):
            a, b = (v.x if isinstance(v, Number) else mp.mpf(float(v)) for v in (a, b))
            try:
                out = function(a, b)
            except (ZeroDivisionError, ValueError):
                out = mp.nan
            return Number(mp.nan if isinstance(out, mpmath.mpc) else out)

        return run

    def __neg__(self):
        return Number(-self.x)

    def __abs__(self):
        return Number(abs(self.x))

    @staticmethod
    def unary(function):
        function = functools.cache(function)  # the same few numbers come again and again

        def run(a):
            try:
                out = function(a.x)
            except (ZeroDivisionError, ValueError):
                out = mp.nan
            return Number(mp.nan if isinstance(out, mpmath.mpc) else out)

        return np.frompyfunc(run, 1, 1)


def _divided(a, b):
    return a / b if b else (mp.sign(a) * mp.inf if a else mp.nan)


def _power(a, b):
    return a ** (int(b) if mp.isint(b) else b)


for _name, _function in {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "truediv": _divided,
    "pow": _power,
}.items():
    _run = Number.binary(_function)
    setattr(Number, f"__{_name}__", _run)
    setattr(Number, f"__r{_name}__", lambda a, b, run=_run: run(b, a))


def _inverse(a):
    out = np.full(a.shape, Number(mp.mpf(0)), object)
    for i in range(len(a)):
        out[i, i] = 1 / a[i, i]
    return out


EXACT = SimpleNamespace(
    exp=Number.unary(mp.exp),
    log=Number.unary(lambda x: mp.log(x) if x else -mp.inf),
    log1p=Number.unary(lambda x: mp.log(1 + x)),
    log2=Number.unary(lambda x: mp.log(x, 2)),
    log10=Number.unary(mp.log10),
    sqrt=Number.unary(mp.sqrt),
    cos=Number.unary(mp.cos),
    sin=Number.unary(mp.sin),
    tan=Number.unary(mp.tan),
    tanh=Number.unary(mp.tanh),
    reciprocal=Number.unary(lambda x: 1 / x),
    sum=np.sum,
    prod=np.prod,
    diag=lambda v: np.where(np.eye(3), v, Number(mp.mpf(0))),
    det=lambda a: np.prod(np.diag(a)),
    inv=_inverse,
)
PLAIN = SimpleNamespace(
    exp=np.exp,
    log=np.log,
    log1p=np.log1p,
    log2=np.log2,
    log10=np.log10,
    sqrt=np.sqrt,
    cos=np.cos,
    sin=np.sin,
    tan=np.tan,
    tanh=np.tanh,
    reciprocal=np.reciprocal,
    sum=np.sum,
    prod=np.prod,
    diag=np.diag,
    det=np.linalg.det,
    inv=np.linalg.inv,
)


def exact(x, step=0):
    return np.frompyfunc(lambda v: Number(mp.mpf(float(v)) + step), 1, 1)(np.asarray(x))


def numbers(x):
    return np.frompyfunc(lambda v: v.x, 1, 1)(np.asarray(x, object))


class Formula:
    """A formula at points, as it is written, stabilized, and exactly."""

    def __init__(self, f, points, elementwise):
        self.f, self.points, self.elementwise = f, points, elementwise
        plain = functools.partial(f, PLAIN)
        self.count = len(points)

        def both(fun):
            if not elementwise:
                slope = fg.value_and_grad(fun)
                rows = [slope(p) for p in points.T]
                return np.array([r[0] for r in rows]), np.array([r[1] for r in rows]).T
            slope = fg.grad(lambda *a: np.sum(fun(*a)), argnums=tuple(range(len(points))))
            return fun(*points), np.stack(slope(*points))

        with np.errstate(all="ignore"):
            self.value, self.slope = both(fg.jit(plain, stabilize=False))
            self.stable, self.stable_slope = both(fg.jit(plain))

    def exactly(self, columns, moved=None, step=0):
        """Exact values at some points, one number of each moved by a step."""
        chosen = [exact(p, step if i == moved else 0) for i, p in enumerate(columns)]
        if self.elementwise:
            return numbers(self.f(EXACT, *chosen))
        rows = np.stack(chosen, 1)
        return numbers([self.f(EXACT, row) for row in rows])


def near(found, true, small):
    """Whether a float is a number of mpmath, rounded."""
    if abs(true) > LARGEST * mp.mpf("0.999"):
        return bool(np.isinf(found)) or abs(found) > 1e300
    return abs(mp.mpf(float(found)) - true) <= abs(true) * mp.mpf("1e-9") + small


def mistakes(formula):
    """Where values or derivatives are not those of the formula."""
    points = formula.points
    with mp.workdps(1200):
        step = mp.mpf(10) ** -360
        values = formula.exactly(points)
        around = [
            [formula.exactly(points, i, s) for s in (step, -step)] for i in range(len(points))
        ]
        for k in range(points.shape[1]):
            sides = [(up[k], down[k]) for up, down in around]
            yield from wrong_values(formula, k, values[k], sides)
            if not mp.isnan(values[k]):
                yield from wrong_slopes(formula, k, values[k], sides, step)


def wrong_values(formula, k, true, sides):
    point, plain, found = formula.points[:, k], formula.value[k], formula.stable[k]
    if np.array_equal(plain, found, equal_nan=True):
        return
    if mp.isnan(true):
        outside = np.isfinite(point).all() and all(mp.isnan(s) for pair in sides for s in pair)
        if not np.isnan(found) if outside else not np.isnan(plain):
            yield point, "value", plain, found
    elif mp.isinf(true):
        known = (point != 0) & ((np.abs(point) < 1e3) | np.isinf(point))
        if known.all() and found != float(true):  # mpmath has no -0, and digits that end
            yield point, "value", true, found
    elif not near(found, true, mp.mpf("1e-300" if formula.elementwise else "4e-16")):
        yield point, "value", mp.nstr(true, 8), found


def wrong_slopes(formula, k, true, sides, step):
    point = formula.points[:, k]
    for i, (up, down) in enumerate(sides):
        plain, found = formula.slope[i, k], formula.stable_slope[i, k]
        right, left = (up - true) / step, (true - down) / step
        whole = (up - down) / (2 * step)
        if not np.isfinite(point).all() or mp.isinf(true):
            lost = np.isnan(found) and not np.isnan(plain) and not np.isnan(formula.stable[k])
        elif abs(right - left) <= abs(whole) * mp.mpf("1e-20") + mp.mpf("1e-30"):
            lost = not near(found, whole, mp.mpf("4e-16"))
        else:
            lost = np.isnan(found) and not np.isnan(plain)
        if lost:
            yield point, f"slope {i}", f"{mp.nstr(whole, 8)} (plain {plain})", found


def formula_of(name):
    if name in V:
        chosen = [x for x in FEW if x != LEFT_OUT.get(name)]
        return Formula(V[name], np.array(list(itertools.product(chosen, repeat=3))).T, False)
    n = F[name].__code__.co_argcount - 1
    chosen = FINITE + ENDLESS if n == 1 else MANY + ENDLESS
    return Formula(F[name], np.array(list(itertools.product(chosen, repeat=n))).T, True)


@pytest.mark.parametrize("name", [*F, *V])
def test_values_and_slopes_on_all_signs(name):
    with np.errstate(all="ignore"):
        wrong = list(mistakes(formula_of(name)))
    found = [f"{p}: {what} {true}, not {got}" for p, what, true, got in wrong]
    assert not found, "\n".join(found)


def names_written():
    """The names of all rewrites that are written as they are in the source."""
    folder = Path(stabilize.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Match":
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    yield name.value
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "name":
                yield from (
                    c.value
                    for c in ast.walk(node.value)
                    if isinstance(c, ast.Constant) and isinstance(c.value, str)
                )


def test_every_rule_and_every_name_is_tried(monkeypatch):
    used, names = set(), set()

    def watched(rule):
        def find(graph, e):
            match = rule.find(graph, e)
            if match is not None:
                used.add(rule)
                names.add(match.name)
            return match

        return rule._replace(find=find)

    monkeypatch.setattr(
        stabilize, "RULES", {root: tuple(map(watched, rules)) for root, rules in RULES.items()}
    )
    for table, arguments in ((F, None), (V, np.array([0.5, 0.25, 2.0]))):
        for f in table.values():
            n = f.__code__.co_argcount - 1
            xs = (0.5, 0.25)[:n] if arguments is None else (arguments,)
            jaxpr = fg.make_jaxpr(functools.partial(f, PLAIN))(*map(np.asarray, xs))
            stabilize.stabilize_jaxpr(jaxpr)
    every = {rule for table in stabilize.TABLES for rule in table}
    assert not [(rule.root, rule.find.__name__) for rule in every - used]
    assert set(names_written()) - names == set()
