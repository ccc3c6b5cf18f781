"""What is loaded when: little before the first gradient, the rest when it is asked for."""

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import funcgrad.numpy as fnp
from funcgrad.numpy import binding, protocol

FIRST_GRADIENT = """
import sys
import numpy as np
import funcgrad as fg
x = np.array([0.25, 0.5, 1.0])
gradient = fg.grad(lambda x: np.sum(np.sin(x) * x))(x)
assert np.allclose(gradient, np.sin(x) + x * np.cos(x))
"""


def run(code):
    """Run a program in a new process, in which nothing is loaded."""
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_a_first_gradient_loads_little():
    """Neither the containers' library nor linear algebra, windows, the compiler or loops."""
    run(
        FIRST_GRADIENT
        + """
heavy = ["optree", "decimal", "dataclasses", "funcgrad.numpy.implementations"]
heavy += ["funcgrad.ops.linalg", "funcgrad.ops.windows", "funcgrad.compiler", "funcgrad.lax"]
assert not [m for m in heavy if m in sys.modules], [m for m in heavy if m in sys.modules]
assert len([m for m in sys.modules if m.startswith("funcgrad")]) < 85
"""
    )


# What a program may ask for first, as an expression in a traced x of three numbers, the same for a
# plain one. In brackets: another scalar that has the same value.
FIRST_USES = {
    "index": "x[1] * x[0]",
    "slice": "np.sum(x[1:])",
    "functional update": "np.sum(x.at[0].set(2.0)) [2.0 + x[1] + x[2]]",
    "functional update by name": "np.sum(fg.numpy.at(x)[0].add(2.0)) [2.0 + np.sum(x)]",
    "iteration": "sum([y * y for y in x]) [np.sum(x**2)]",
    "unpacking": "(lambda a, b, c: a * b + c)(*x) [x[0] * x[1] + x[2]]",
    "matmul": "x @ x",
    "matmul from the right": "np.arange(3.0) @ x",
    "matmul as a ufunc": "np.matmul(x, np.arange(3.0))",
    "divmod": "np.sum(divmod(x, 0.3)[1])",
    "divmod from the right": "np.sum(divmod(1.3, x)[1])",
    "round": "np.sum(round(x)) + x[0] [np.sum(np.round(x)) + x[0]]",
    "method": "x.sum()",
    "method with arguments": "np.sum(x.reshape(3, 1) * np.arange(2.0))",
    "property": "np.sum(x.T * np.arange(3.0))",
    "function": "np.mean(x)",
    "function of linalg": "np.linalg.norm(x)",
    "ufunc method": "np.add.reduce(x * x)",
    "ufunc that is no operator": "np.sum(np.modf(x)[0])",
    "sequence of traced values": "np.sum(fg.numpy.array([x[0], x[1]]))",
    "container": "(lambda d: d['a'][0])({'a': x})",
    "operator by name": "np.sum(operator_named('cumsum')(x, axis=0, reverse=False)) "
    "[np.sum(np.cumsum(x))]",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_everything_is_found_when_it_is_asked_for_first():
    """Each use in a process of its own, forked from one that has only taken one gradient."""
    run(
        FIRST_GRADIENT
        + f"""
import os
from funcgrad.core.primitive import operator_named

def value(text, x):
    return eval(text, {{"np": np, "fg": fg, "x": x, "operator_named": operator_named}})

def check(use):
    text, _, oracle = use.partition(" [")
    oracle = oracle[:-1] or text
    at = np.array([0.25, 0.7, 1.1])
    found, gradient = fg.value_and_grad(lambda x: value(text, x))(at)
    assert np.allclose(found, value(oracle, at)), use
    h = 1e-6
    slopes = [(value(oracle, at + h * e) - value(oracle, at - h * e)) / (2 * h) for e in np.eye(3)]
    assert np.allclose(gradient, slopes, atol=1e-6), (use, gradient, slopes)

failed = []
for name, use in {FIRST_USES!r}.items():
    child = os.fork()
    if not child:
        try:
            check(use)
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
assert not failed, failed
"""
    )


def test_unknown_names_are_refused_before_and_after():
    run(
        FIRST_GRADIENT
        + """
def refused(use, error):
    try:
        fg.grad(use)(x)
    except error as e:
        return str(e)
    raise AssertionError("not refused")

for _ in range(2):
    assert "no attribute 'no_such'" in refused(lambda x: x.no_such, AttributeError)
    assert "no derivative rule" in refused(lambda x: np.busday_count(x, x), Exception)
    assert not hasattr(fg.numpy, "no_such")
"""
    )


def test_methods_that_come_later_are_those_looked_up_in_the_class():
    special = {name for name in protocol.METHODS if name.startswith("__")}
    assert special == set(binding.LATER)


def test_the_names_that_come_later_are_those_a_checker_sees():
    body = ast.parse(Path(fnp.__file__).read_text()).body
    (block,) = [n for n in body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)
                and any(isinstance(m, ast.ImportFrom) for m in n.body)]  # fmt: skip
    seen = {a.name: n.module for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert {seen.pop("linalg"), seen.pop("fft")} == {None}
    assert seen == fnp._HOME
    for name in seen:
        assert getattr(fnp, name).__module__.startswith("funcgrad.numpy")
    assert np.array_equal(fnp.arange(3), np.arange(3))


def test_a_container_by_name_is_registered_whichever_comes_first():
    """``Partial`` is a container from the first use of containers on."""
    run("""
        from funcgrad.tree import Partial, leaves
        assert leaves(Partial(max, 1, 2)) == [1, 2]
    """)
    run("""
        import numpy as np
        import funcgrad as fg
        f = fg.tree.Partial(lambda a, x: a * x, 2.0)
        assert fg.grad(lambda f: f(3.0))(f).args == (3.0,)
    """)
