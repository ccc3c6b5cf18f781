"""Deeply nested programs and data; each prints a line. Run by itself, since it may crash."""

import pickle
import sys
import tempfile
import time
import traceback
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax


def nested(wrap, times):
    function = np.sin
    for _ in range(times):
        function = wrap(function)
    return function


def container(kind, depth):
    x: Any = 1.0
    for _ in range(depth):
        x = [x] if kind == "list" else {"a": x} if kind == "dict" else (x,)
    return x


def total(p):
    return sum(fg.tree.leaves(p)) ** 2


def save(value):
    with tempfile.TemporaryDirectory() as folder:
        fg.save(f"{folder}/deep.safetensors", value)


def conds(x, depth):
    if not depth:
        return x * 2.0
    return lax.cond(x > 0, lambda x: conds(x, depth - 1), lambda x: x, x)


def scans(x, depth):
    if not depth:
        return x * 2.0
    return lax.scan(lambda c, _: (scans(c, depth - 1), None), x, None, length=1)[0]


def loops(x, depth):
    if not depth:
        return x * 2.0
    return lax.while_loop(lambda c: c < 1.0, lambda c: loops(c, depth - 1), x)


def long_function(equations):
    def f(x):
        for i in range(equations):
            x = np.sin(x) if i % 2 else x * 1.5
        return x

    return f


def functions(n):
    unmapped = {"in_axes": None, "out_axes": None, "axis_size": 2}
    product = nested(lambda g: lambda x: g(x) * fg.grad(lambda y: y * 1.5)(x), n)
    return {
        "jit": lambda: nested(fg.jit, n)(1.0),
        "jit, 20": lambda: nested(fg.jit, 20)(1.0),
        "grad of jit": lambda: fg.grad(nested(fg.jit, n))(1.0),
        "vmap": lambda: nested(lambda g: fg.vmap(g, **unmapped), n)(1.0),
        "checkpoint": lambda: nested(fg.checkpoint, n)(1.0),
        "grad of checkpoint": lambda: fg.grad(nested(fg.checkpoint, n))(1.0),
        "stabilize": lambda: nested(fg.stabilize, n)(1.0),
        "grad": lambda: nested(lambda g: fg.grad(lambda x: g(x) * 1.0), n)(1.0),
        "grad beside grad": lambda: product(1.0),
    }


def data(n):
    found = {}
    for kind in ("list", "dict", "tuple"):
        x = container(kind, n)
        ones = fg.tree.map(lambda a: np.ones(2), x)
        strings = fg.tree.map(lambda a: "s", x)
        found |= {
            f"jit, {kind}": lambda x=x: fg.jit(total)(x),
            f"grad, {kind}": lambda x=x: fg.grad(total)(x),
            f"vmap, {kind}": lambda ones=ones: fg.vmap(lambda p: p)(ones),
            f"vjp, {kind}": lambda x=x: fg.vjp(lambda p: p, x)[1](x),
            f"jvp, {kind}": lambda x=x: fg.jvp(total, (x,), (x,)),
            f"tree.map, {kind}": lambda x=x: fg.tree.map(lambda a: a + 1, x),
            f"save, {kind}": lambda x=x: save(x),
            f"wrong leaf, {kind}": lambda strings=strings: fg.jit(lambda p: p)(strings),
            f"another depth, {kind}": lambda x=x, kind=kind: fg.tree.map(
                np.add, x, container(kind, n - 1)),
        }  # fmt: skip
    return found


def control(n):
    return {
        "conds": lambda: fg.jit(lambda x: conds(x, n))(1.0),
        "scans": lambda: scans(1.0, n),
        "grad of scans": lambda: fg.grad(lambda x: scans(x, n))(1.0),
        "loops": lambda: loops(0.7, n),
        "20 conds": lambda: fg.jit(lambda x: conds(x, 20))(1.0),
        "10 scans": lambda: fg.grad(lambda x: scans(x, 10))(1.0),
    }


def equations(n):
    f = long_function(n)
    jaxpr = fg.make_jaxpr(f)(1.0)
    return {
        "printed": lambda: str(jaxpr),
        "pickled": lambda: pickle.loads(pickle.dumps(jaxpr)),
        "evaluated": lambda: fg.eval_jaxpr(jaxpr, jaxpr.consts, [1.0]),
        "checked": lambda: fg.check_jaxpr(jaxpr),
        "jit": lambda: fg.jit(f)(1.0),
        "grad": lambda: fg.grad(f)(1.0),
        "to_source": lambda: fg.to_source(f)(1.0),
    }


def main(part, size):
    for name, call in globals()[part](size).items():
        start = time.perf_counter()
        try:
            call()
            found = "works"
        except Exception as error:
            lines = len("".join(traceback.format_exception(error)).splitlines())
            known = isinstance(error, fg.errors.FuncgradError | ValueError)
            kind = "clear" if known else "unclear"
            found = f"{kind} {type(error).__name__} {len(str(error))} {lines}"
        print(f"{name}: {time.perf_counter() - start:.1f} {found}", flush=True)
    print("done")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
