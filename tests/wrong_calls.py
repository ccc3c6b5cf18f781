"""Wrong calls of public functions: what is called, the class of its error, and what it must say."""

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn, optim, random, train
from funcgrad import numpy as fnp

X = np.array([1.0, 2.0, 3.0])
M = np.arange(6.0).reshape(2, 3)
KEY = random.key(0)
PARAMS = {"w": X.copy(), "b": [np.ones(2)]}
STATE = optim.adam(0.1).init(PARAMS)
DATA = [X, X]
GIVEN = {"X": X, "M": M, "KEY": KEY, "PARAMS": PARAMS, "STATE": STATE, "DATA": DATA}
"""What the calls below are given, and must leave as it is."""

errors = fg.errors


def f(x):
    return np.sum(x**2)


def loss(params, batch):
    return np.sum((params["w"] - batch) ** 2)


def fit(*args, **options):
    given = [loss, PARAMS, optim.sgd(0.1), DATA]
    given[: len(args)] = args
    return train.fit(*given, **{"progress": False, **options})


def with_jvp(rule):
    g = fg.custom_jvp(lambda x: x * 2)
    g.defjvp(rule)
    return g


def with_vjp(fwd, bwd):
    g = fg.custom_vjp(lambda x, y: x * y)
    g.defvjp(fwd, bwd)
    return g


def traced(call):
    """A call inside of jit, at a vector."""
    return lambda: fg.jit(call)(X)


def graded(call):
    return lambda: fg.grad(lambda x: np.sum(call(x)))(X)


TRANSFORMATIONS = {
    "grad of no function": (lambda: fg.grad(3), TypeError, "grad", "3"),
    "grad, argnums a string": (lambda: fg.grad(f, argnums="x"), TypeError, "argnums", "'x'"),
    "grad, argnums a float": (lambda: fg.grad(f, argnums=1.0), TypeError, "argnums", "1.0"),
    "grad, argnums None": (lambda: fg.grad(f, argnums=None), TypeError, "argnums", "None"),
    "grad, no argnums": (lambda: fg.grad(f, argnums=()), TypeError, "argnums", "()"),
    "grad, argnums too large": (
        lambda: fg.grad(f, argnums=2)(X), TypeError, "argnums=2", "1 positional"),
    "grad, an argument twice": (
        lambda: fg.grad(lambda x, y: f(x), (0, 0))(X, X), ValueError, "argnums", "twice"),
    "grad of a vector": (lambda: fg.grad(lambda x: x)(X), TypeError, "scalar", "f64[3]"),
    "grad of a tuple": (lambda: fg.grad(lambda x: (x, x))(1.0), TypeError, "scalar", "tuple"),
    "grad of None": (lambda: fg.grad(lambda x: None)(1.0), TypeError, "scalar", "None"),
    "grad at an integer": (
        lambda: fg.grad(lambda p: p["n"] * 1.0)({"n": 3}), TypeError, "args[0]['n']", "float"),
    "grad at a string": (lambda: fg.grad(f)("a"), TypeError, "args[0]", "'a'"),
    "grad at a string in a dict": (
        lambda: fg.grad(lambda p: f(p["w"]))({"w": X, "name": "net"}), TypeError,
        "args[0]['name']", "'net'"),
    "grad, no pair": (lambda: fg.grad(f, has_aux=True)(X), TypeError, "has_aux", "pair"),
    "grad, complex": (lambda: fg.grad(lambda x: x * 1j)(1.0), TypeError, "holomorphic"),
    "holomorphic grad at a real": (
        lambda: fg.grad(lambda x: x, holomorphic=True)(1.0), TypeError, "complex", "args[0]"),
    "value_and_grad of no function": (
        lambda: fg.value_and_grad(None), TypeError, "value_and_grad", "None"),
    "vjp of no function": (lambda: fg.vjp(X, X), TypeError, "vjp", "function"),
    "vjp at a string": (lambda: fg.vjp(f, "a"), TypeError, "vjp", "'a'"),
    "vjp, cotangent of another structure": (
        lambda: fg.vjp(lambda x: {"y": x}, X)[1]({"z": X}), ValueError, "cotangent", "'y'"),
    "vjp, cotangent of another shape": (
        lambda: fg.vjp(np.sin, X)[1](np.ones(2)), ValueError, "cotangent", "(2,)", "(3,)"),
    "vjp, cotangent of another dtype": (
        lambda: fg.vjp(np.sin, X)[1](X * 1j), ValueError, "cotangent", "complex128", "float64"),
    "vjp, cotangent a string": (lambda: fg.vjp(np.sin, X)[1]("a"), TypeError, "cotangent", "'a'"),
    "vjp, cotangent a tuple": (
        lambda: fg.vjp(np.sin, X)[1]((X,)), TypeError, "cotangent", "tuple"),
    "jvp of no function": (lambda: fg.jvp(None, (X,), (X,)), TypeError, "jvp", "None"),
    "jvp, primals an array": (lambda: fg.jvp(f, X, (X,)), TypeError, "primals", "tuple"),
    "jvp, tangents an array": (lambda: fg.jvp(f, (X,), X), TypeError, "tangents", "tuple"),
    "jvp, too few tangents": (
        lambda: fg.jvp(lambda x, y: x * y, (X, X), (X,)), ValueError, "tangents"),
    "jvp, tangent of another shape": (
        lambda: fg.jvp(f, (X,), (np.ones(2),)), ValueError, "tangent", "(2,)", "(3,)"),
    "jvp, tangent of another structure": (
        lambda: fg.jvp(lambda p: p["a"], ({"a": X},), ({"b": X},)), ValueError, "tangents", "'a'"),
    "jvp, no pair": (lambda: fg.jvp(f, (X,), (X,), has_aux=True), TypeError, "has_aux", "pair"),
    "linearize of no function": (lambda: fg.linearize(1, X), TypeError, "linearize", "1"),
    "linearize, a tangent too many": (
        lambda: fg.linearize(f, X)[1](X, X), ValueError, "tangents", "[1]"),
    "linearize, tangent of another shape": (
        lambda: fg.linearize(f, X)[1](np.ones(2)), ValueError, "tangent", "(2,)"),
    "linear_transpose of no function": (
        lambda: fg.linear_transpose("f", X), TypeError, "linear_transpose", "'f'"),
    "linear_transpose of a sine": (
        lambda: fg.linear_transpose(np.sin, X)(X), TypeError, "not linear"),
    "linear_transpose of a square": (
        lambda: fg.linear_transpose(lambda x: x * x, X)(X), TypeError, "not linear"),
    "linear_transpose of a constant": (
        lambda: fg.linear_transpose(lambda x: np.ones(3), X), TypeError, "not linear"),
    "linear_transpose, another shape": (
        lambda: fg.linear_transpose(lambda x: 2 * x, X)(np.ones(2)), ValueError, "(2,)", "(3,)"),
    "linear_transpose at a string": (
        lambda: fg.linear_transpose(lambda x: x, {"a": "b"}), TypeError, "args[0]['a']", "'b'"),
    "jacfwd of no function": (lambda: fg.jacfwd(X), TypeError, "jacfwd"),
    "jacfwd, argnums": (lambda: fg.jacfwd(f, "x"), TypeError, "argnums", "'x'"),
    "jacfwd at an integer": (lambda: fg.jacfwd(f)(3), TypeError, "jacfwd", "args[0]", "float"),
    "jacrev of no function": (lambda: fg.jacrev({}), TypeError, "jacrev"),
    "jacrev, argnums": (lambda: fg.jacrev(f, [0.5]), TypeError, "argnums", "0.5"),
    "jacrev at a string": (lambda: fg.jacrev(f)({"a": "b"}), TypeError, "args[0]['a']", "'b'"),
    "jacrev of a complex function": (
        lambda: fg.jacrev(lambda x: x * 1j)(X), TypeError, "real outputs", "holomorphic"),
    "hessian of no function": (lambda: fg.hessian(3), TypeError, "hessian", "3"),
    "hessian, argnums": (lambda: fg.hessian(f, argnums="w"), TypeError, "hessian", "argnums"),
    "hvp of a vector": (lambda: fg.hvp(lambda x: x, (X,), (X,)), TypeError, "scalar", "f64[3]"),
    "hvp, primals an array": (lambda: fg.hvp(f, X, (X,)), TypeError, "hvp", "primals", "tuple"),
    "hvp, no primals": (lambda: fg.hvp(f, (), ()), TypeError, "hvp", "primals"),
    "hvp, tangents of another shape": (
        lambda: fg.hvp(f, (X,), (np.ones(2),)), ValueError, "tangent", "(2,)"),
    "vmap of no function": (lambda: fg.vmap(1.5), TypeError, "vmap", "1.5"),
    "vmap, in_axes a string": (lambda: fg.vmap(f, in_axes="0"), TypeError, "in_axes", "'0'"),
    "vmap, in_axes a float": (lambda: fg.vmap(f, in_axes=0.0), TypeError, "in_axes", "0.0"),
    "vmap, in_axes of strings": (lambda: fg.vmap(f, in_axes=("a",)), TypeError, "in_axes", "'a'"),
    "vmap, in_axes of another length": (
        lambda: fg.vmap(f, in_axes=(0, 0))(X), ValueError, "in_axes", "2 entries", "1 positional"),
    "vmap, in_axes of another structure": (
        lambda: fg.vmap(lambda p: f(p["w"]), in_axes=({"v": 0},))({"w": X}), ValueError,
        "in_axes[0]", "'v'"),
    "vmap, in_axes out of range": (
        lambda: fg.vmap(f, in_axes=2)(X), ValueError, "out of range", "(3,)", "axis 2"),
    "vmap, a scalar": (lambda: fg.vmap(f)(1.0), ValueError, "args[0]", "out of range"),
    "vmap, sizes differ": (
        lambda: fg.vmap(lambda x, y: x)(X, np.ones(4)), ValueError, "size 3", "size 4"),
    "vmap, nothing mapped": (lambda: fg.vmap(f, in_axes=None)(X), ValueError, "axis_size"),
    "vmap, out_axes a string": (lambda: fg.vmap(f, out_axes="a"), TypeError, "out_axes", "'a'"),
    "vmap, out_axes out of range": (
        lambda: fg.vmap(lambda x: x, out_axes=3)(X), ValueError, "out_axes", "3"),
    "vmap, out_axes of another structure": (
        lambda: fg.vmap(lambda x: x, out_axes=(0, 0))(X), ValueError, "out_axes"),
    "vmap, out_axes None of a mapped value": (
        lambda: fg.vmap(lambda x: x, out_axes=None)(X), ValueError, "out_axes", "None"),
    "vmap, axis_size a string": (
        lambda: fg.vmap(f, axis_size="3"), TypeError, "axis_size", "'3'"),
    "vmap, axis_size negative": (lambda: fg.vmap(f, axis_size=-1), ValueError, "axis_size", "-1"),
    "vmap, axis_name a list": (lambda: fg.vmap(f, axis_name=[]), TypeError, "axis_name", "[]"),
    "vmap at a string": (
        lambda: fg.vmap(lambda p: p["a"])({"a": X, "b": "c"}), TypeError, "args[0]['b']", "'c'"),
    "vmap, output a string": (
        lambda: fg.vmap(lambda x: {"y": "s"})(X), TypeError, "output['y']", "'s'"),
    "checkpoint of no function": (lambda: fg.checkpoint(0), TypeError, "checkpoint", "0"),
    "checkpoint, policy": (
        lambda: fg.checkpoint(f, policy="dots"), TypeError, "policy", "'dots'"),
    "checkpoint, static_argnums": (
        lambda: fg.checkpoint(f, static_argnums="x"), TypeError, "static_argnums", "'x'"),
    "checkpoint at a string": (
        lambda: fg.checkpoint(lambda p: p)({"m": "x"}), TypeError, "args[0]['m']", "'x'"),
    "stabilize of no function": (lambda: fg.stabilize(3), TypeError, "3"),
    "stabilize at a string": (
        lambda: fg.stabilize(lambda x, k: x)(X, k="x"), TypeError, "kwargs['k']", "'x'"),
    "closure_convert of no function": (
        lambda: fg.closure_convert([1], X), TypeError, "closure_convert"),
    "accuracy of no function": (lambda: fg.accuracy(3)(X), TypeError, "3"),
}  # fmt: skip

STAGING = {
    "jit of no function": (lambda: fg.jit(X), TypeError, "jit", "function"),
    "jit, static_argnums a float": (
        lambda: fg.jit(f, static_argnums=1.0), TypeError, "static_argnums", "1.0"),
    "jit, static_argnums a string": (
        lambda: fg.jit(f, static_argnums="n"), TypeError, "static_argnums", "'n'"),
    "jit, static_argnums out of range": (
        lambda: fg.jit(f, static_argnums=3), ValueError, "static_argnums", "3", "1 positional"),
    "jit, static_argnames an int": (
        lambda: fg.jit(f, static_argnames=1), TypeError, "static_argnames", "1"),
    "jit, static_argnames of ints": (
        lambda: fg.jit(f, static_argnames=[1]), TypeError, "static_argnames", "[1]"),
    "jit, static_argnames unknown": (
        lambda: fg.jit(f, static_argnames="n"), ValueError, "no argument", "'n'"),
    "jit, donate_argnums out of range": (
        lambda: fg.jit(f, donate_argnums=1), ValueError, "donate_argnums", "1 positional"),
    "jit, donate_argnums a string": (
        lambda: fg.jit(f, donate_argnums="x"), TypeError, "donate_argnums", "'x'"),
    "jit, a list as static argument": (
        lambda: fg.jit(lambda x, n: x, static_argnums=1)(X, [1]), TypeError, "hash", "[1]"),
    "jit at a string": (
        lambda: fg.jit(lambda p: p)({"w": X, "n": "a"}), TypeError, "args[0]['n']", "'a'"),
    "jit at a string behind a static argument": (
        lambda: fg.jit(lambda n, p: p, static_argnums=0)(3, ["a"]), TypeError, "args[1][0]", "'a'"),
    "jit at a string by name": (
        lambda: fg.jit(lambda x, mode: x)(X, mode="train"), TypeError, "kwargs['mode']", "static"),
    "jit at an object": (lambda: fg.jit(f)(object()), TypeError, "args[0]", "object"),
    "jit at an array of strings": (
        lambda: fg.jit(f)([np.array(["a"])]), TypeError, "args[0][0]", "not numeric"),
    "jit, output a string": (
        lambda: fg.jit(lambda x: {"y": [x, "s"]})(X), TypeError, "output['y'][1]", "'s'"),
    "jit, output an object": (lambda: fg.jit(lambda x: object())(X), TypeError, "the output"),
    "jit, a condition": (
        lambda: fg.jit(lambda x: x if x[0] > 0 else -x)(X), TypeError, "concrete", "lax.cond"),
    "jit, range": (lambda: fg.jit(lambda n: list(range(n)))(3), TypeError, "concrete", "range"),
    "lower at a string": (lambda: fg.jit(f).lower("a"), TypeError, "args[0]", "'a'"),
    "to_source of no function": (lambda: fg.to_source(3), TypeError, "to_source", "3"),
    "to_source at a string": (lambda: fg.to_source(f)("a"), TypeError, "args[0]", "'a'"),
    "make_jaxpr of no function": (lambda: fg.make_jaxpr(None), TypeError, "make_jaxpr", "None"),
    "make_jaxpr, static_argnums": (
        lambda: fg.make_jaxpr(f, static_argnums=0.5), TypeError, "static_argnums", "0.5"),
    "make_jaxpr at a string": (
        lambda: fg.make_jaxpr(lambda d: d)({"k": "v"}), TypeError, "args[0]['k']", "'v'"),
    "eval_shape of no function": (lambda: fg.eval_shape(X, X), TypeError, "eval_shape"),
    "eval_shape at a string": (lambda: fg.eval_shape(f, "a"), TypeError, "args[0]", "'a'"),
    "ShapeDtypeStruct, shape None": (
        lambda: fg.ShapeDtypeStruct(None, float), TypeError, "shape", "None"),
    "ShapeDtypeStruct, shape of floats": (
        lambda: fg.ShapeDtypeStruct((1.5,), float), TypeError, "shape", "1.5"),
    "ShapeDtypeStruct, shape negative": (
        lambda: fg.ShapeDtypeStruct((-1,), float), ValueError, "shape", "-1"),
    "ShapeDtypeStruct, no dtype": (lambda: fg.ShapeDtypeStruct((2,), None), TypeError, "dtype"),
    "ShapeDtypeStruct, dtype unknown": (
        lambda: fg.ShapeDtypeStruct((2,), "what"), TypeError, "what"),
    "pure_callback of no function": (
        lambda: fg.pure_callback(3, fg.ShapeDtypeStruct((), float), X), TypeError,
        "pure_callback", "3"),
    "pure_callback, no struct": (
        lambda: fg.pure_callback(np.sin, {"y": float}, X), TypeError, "result_shape_dtypes['y']"),
    "pure_callback, another shape": (
        lambda: fg.pure_callback(np.sin, fg.ShapeDtypeStruct((2,), float), X), ValueError,
        "(3,)", "(2,)"),
    "pure_callback, another structure": (
        lambda: fg.pure_callback(lambda x: (x, x), [fg.ShapeDtypeStruct((3,), float)] * 2, X),
        ValueError, "pure_callback"),
    "pure_callback, vmap_method": (
        lambda: fg.pure_callback(np.sin, X, X, vmap_method="what"), ValueError, "vmap_method"),
    "pure_callback, derivative": (
        graded(lambda x: fg.pure_callback(np.sin, X, x)), TypeError, "no derivative", "custom_jvp"),
    "device_put, device unknown": (
        lambda: fg.device_put(X, "tpu"), ValueError, "'tpu'", "'cpu'", "'gpu'"),
    "device_put, device a float": (lambda: fg.device_put(X, 1.5), TypeError, "1.5", "'gpu'"),
    "device_put, device number": (lambda: fg.device_put(X, "gpu:x"), ValueError, "'gpu:x'"),
    "zeros, device unknown": (lambda: fnp.zeros(3, device="tpu"), ValueError, "'tpu'"),
    "ravel_pytree, another length": (
        lambda: fg.ravel_pytree(PARAMS)[1](np.ones(2)), ValueError, "length 5", "(2,)"),
    "check_jaxpr of a string": (lambda: fg.check_jaxpr("{ lambda }"), TypeError, "jaxpr"),
}  # fmt: skip

RULES = {
    "custom_jvp of no function": (lambda: fg.custom_jvp(3), TypeError, "custom_jvp", "3"),
    "custom_jvp, nondiff_argnums": (
        lambda: fg.custom_jvp(f, nondiff_argnums="x"), TypeError, "nondiff_argnums", "'x'"),
    "custom_jvp, nondiff_argnums out of range": (
        lambda: _nondiff()(X), TypeError, "nondiff_argnums", "3"),
    "custom_jvp without a rule": (lambda: fg.custom_jvp(f)(X), TypeError, "defjvp", "f ("),
    "custom_jvp, rule no function": (
        lambda: fg.custom_jvp(f).defjvp(None), TypeError, "defjvp", "None"),
    "custom_jvp, rule returns one": (
        graded(with_jvp(lambda p, t: p[0])), TypeError, "jvp rule", "(output, tangent_out)"),
    "custom_jvp, rule returns three": (
        graded(with_jvp(lambda p, t: (p[0], t[0], 1))), TypeError, "jvp rule", "tangent_out"),
    "custom_jvp, tangent of another structure": (
        graded(with_jvp(lambda p, t: (p[0], (t[0],)))), ValueError, "tangent", "jvp rule"),
    "custom_jvp, tangent of another shape": (
        graded(with_jvp(lambda p, t: (p[0], np.sum(t[0])))), ValueError, "tangent", "()", "(3,)"),
    "custom_jvp, keyword-only": (
        lambda: fg.grad(_keyword_only())(1.0), TypeError, "keyword-only", "n"),
    "custom_vjp of no function": (lambda: fg.custom_vjp(None), TypeError, "custom_vjp", "None"),
    "custom_vjp without a rule": (lambda: fg.custom_vjp(f)(X), TypeError, "defvjp"),
    "custom_vjp, fwd no function": (
        lambda: fg.custom_vjp(f).defvjp(1, f), TypeError, "fwd", "1"),
    "custom_vjp, bwd no function": (
        lambda: fg.custom_vjp(f).defvjp(f, 2), TypeError, "bwd", "2"),
    "custom_vjp, fwd returns one": (
        lambda: fg.grad(with_vjp(lambda x, y: x, None.__eq__))(1.0, 2.0), TypeError,
        "fwd rule", "(output, residuals)"),
    "custom_vjp, bwd returns too few": (
        lambda: fg.grad(with_vjp(lambda x, y: (x, ()), lambda r, ct: (ct,)))(1.0, 2.0), TypeError,
        "bwd rule", "2 cotangents"),
    "custom_vjp, bwd returns no tuple": (
        lambda: fg.grad(with_vjp(lambda x, y: (x, ()), lambda r, ct: ct))(1.0, 2.0), TypeError,
        "bwd rule", "2 cotangents"),
    "custom_vjp, bwd of another structure": (
        lambda: fg.grad(with_vjp(lambda x, y: (x, ()), lambda r, ct: ((ct,), ct)))(1.0, 2.0),
        ValueError, "cotangent", "bwd rule"),
    "custom_vjp, bwd of another shape": (
        lambda: fg.grad(with_vjp(lambda x, y: (x, ()), lambda r, ct: (X, ct)))(1.0, 2.0),
        ValueError, "bwd rule", "(3,)", "()"),
    "custom_vjp, forward mode": (
        lambda: fg.jvp(with_vjp(lambda x, y: (x, ()), lambda r, ct: (ct, ct)), (X, X), (X, X)),
        TypeError, "custom_vjp"),
    "scan over a string": (
        lambda: lax.scan(lambda c, x: (c, x), 0.0, ["abc"]), TypeError, "xs[0]", "'abc'"),
    "scan over strings": (
        lambda: lax.scan(lambda c, x: (c, x), 0.0, np.array(["a"])), TypeError, "xs", "numeric"),
    "scan, init a string": (
        lambda: lax.scan(lambda c, x: (c, x), {"a": "b"}, X), TypeError, "init['a']", "'b'"),
    "scan of no function": (lambda: lax.scan(3, 0.0, X), TypeError, "scan", "3"),
    "scan over a scalar": (
        lambda: lax.scan(lambda c, x: (c, x), 0.0, 1.0), ValueError, "xs", "scalar"),
    "scan, lengths differ": (
        lambda: lax.scan(lambda c, x: (c, c), 0.0, (X, np.ones(2))), ValueError, "3", "2"),
    "scan, no length": (lambda: lax.scan(lambda c, x: (c, c), 0.0), ValueError, "length"),
    "scan, length a string": (
        lambda: lax.scan(lambda c, x: (c, c), 0.0, length="3"), TypeError, "length", "'3'"),
    "scan, length negative": (
        lambda: lax.scan(lambda c, x: (c, c), 0.0, length=-3), ValueError, "length", "-3"),
    "scan, unroll a string": (
        lambda: lax.scan(lambda c, x: (c, c), 0.0, X, unroll="x"), TypeError, "unroll", "'x'"),
    "scan, no pair": (lambda: lax.scan(lambda c, x: c, 0.0, X), TypeError, "pair (carry, y)"),
    "scan, carry of another shape": (
        lambda: lax.scan(lambda c, x: (X, x), 0.0, X), ValueError, "carry", "f64[]", "f64[3]"),
    "scan, carry of another structure": (
        lambda: lax.scan(lambda c, x: ((c, c), x), 0.0, X), ValueError, "carry", "structure"),
    "while_loop, condition no function": (
        lambda: lax.while_loop(True, lambda c: c, 0.0), TypeError, "cond_fun", "True"),
    "while_loop, body no function": (
        lambda: lax.while_loop(lambda c: c < 1, 1, 0.0), TypeError, "body_fun", "1"),
    "while_loop, condition no boolean": (
        lambda: lax.while_loop(lambda c: c, lambda c: c, 0.0), TypeError, "condition", "boolean"),
    "while_loop, condition a vector": (
        lambda: lax.while_loop(lambda c: c < 1, lambda c: c, X), ValueError, "condition", "scalar"),
    "while_loop, init a string": (
        lambda: lax.while_loop(lambda c: c, lambda c: c, "a"), TypeError, "init_val", "'a'"),
    "fori_loop, a float": (
        lambda: lax.fori_loop(0, 3.0, lambda i, c: c, 0.0), TypeError, "upper", "3.0"),
    "fori_loop, a string": (
        lambda: lax.fori_loop("0", 3, lambda i, c: c, 0.0), TypeError, "lower", "'0'"),
    "fori_loop of no function": (
        lambda: lax.fori_loop(0, 3, None, 0.0), TypeError, "body_fun", "None"),
    "map of no function": (lambda: lax.map(1, X), TypeError, "map", "1"),
    "map over a string": (lambda: lax.map(lambda x: x, "abc"), TypeError, "xs", "'abc'"),
    "cond, no function": (lambda: lax.cond(True, 1, f, X), TypeError, "true_fun", "1"),
    "cond, no second function": (lambda: lax.cond(True, f, None, X), TypeError, "false_fun"),
    "cond, a vector": (lambda: lax.cond(X > 1, f, f, X), ValueError, "scalar", "fnp.where"),
    "cond, a string": (lambda: lax.cond("yes", f, f, X), TypeError, "predicate", "'yes'"),
    "cond, operand a string": (
        lambda: lax.cond(True, f, f, {"a": "b"}), TypeError, "operands[0]['a']", "'b'"),
    "cond, branches differ": (
        lambda: fg.jit(lambda p: lax.cond(p, lambda: X, lambda: 1.0))(True), ValueError,
        "f64[3]", "branches"),
    "cond, structures differ": (
        lambda: fg.jit(lambda p: lax.cond(p, lambda: (X,), lambda: X))(True), ValueError,
        "structures"),
    "switch, no branches": (lambda: lax.switch(0, [], X), TypeError, "branch"),
    "switch, a function": (lambda: lax.switch(0, f, X), TypeError, "branches", "sequence"),
    "switch, a branch is no function": (
        lambda: lax.switch(0, [f, "g"], X), TypeError, "branches[1]", "'g'"),
    "switch, a float": (lambda: lax.switch(0.0, [f], X), TypeError, "index", "integer"),
    "associative_scan of no function": (
        lambda: lax.associative_scan(None, X), TypeError, "associative_scan", "None"),
    "associative_scan, axis": (
        lambda: lax.associative_scan(np.add, X, axis=2), ValueError, "axis 2", "f64[3]"),
    "associative_scan over a string": (
        lambda: lax.associative_scan(np.add, ["a"]), TypeError, "elems[0]", "'a'"),
    "psum without an axis": (lambda: lax.psum(1.0, "i"), NameError, "'i'"),
    "cumsum, axis": (lambda: lax.cumsum(X, axis=4), ValueError, "axis 4", "1 dim"),
    "rev, axis": (lambda: lax.rev(X, (2,)), ValueError, "axis 2", "1 dim"),
    "dynamic_slice_in_dim, axis": (
        lambda: lax.dynamic_slice_in_dim(X, 0, 1, axis=3), ValueError, "axis 3"),
    "dot_general, numbers": (
        lambda: lax.dot_general(X, X, (0, 0)), TypeError, "dimension_numbers", "(0, 0)"),
    "top_k, k": (lambda: lax.top_k(X, 7), ValueError, "k=7", "(3,)"),
    "slice, bounds": (lambda: lax.slice(X, (0,), (9,)), ValueError, "0:9", "3"),
}  # fmt: skip


def _nondiff():
    g = fg.custom_jvp(f, nondiff_argnums=(3,))
    g.defjvp(lambda *a: a)
    return g


def _keyword_only():
    g = fg.custom_jvp(lambda x, *, n=1: x * n)
    g.defjvp(lambda p, t: (p[0], t[0]))
    return lambda x: g(x, n=2)


ARRAYS = {
    "einsum, an output index unknown": (
        traced(lambda x: np.einsum("i->j", x)), ValueError, "einsum", "j"),
    "einsum, too many indices": (
        traced(lambda x: np.einsum("ij->i", x)), ValueError, "einsum", "ij"),
    "einsum, too few operands": (
        traced(lambda x: np.einsum("i,i->i", x)), ValueError, "einsum", "operands"),
    "einsum, sizes differ": (
        traced(lambda x: np.einsum("i,i->", x, np.ones(2))), ValueError, "3", "2"),
    "einsum, an output index twice": (
        traced(lambda x: np.einsum("i->ii", x)), ValueError, "einsum", "ii"),
    "einsum, a sign unknown": (traced(lambda x: np.einsum("i?->", x)), ValueError, "?"),
    "einsum, no string": (traced(lambda x: np.einsum(3, x)), TypeError, "index"),
    "sum, axis out of range": (traced(lambda x: np.sum(x, axis=1)), ValueError, "axis 1"),
    "sum, axis a string": (traced(lambda x: np.sum(x, axis="x")), TypeError, "axis", "'x'"),
    "sum, axis a float": (traced(lambda x: np.sum(x, axis=0.5)), TypeError, "axis", "0.5"),
    "sum, axis twice": (traced(lambda x: np.sum(x, axis=(0, 0))), ValueError, "axes (0, 0)"),
    "sum, dtype unknown": (traced(lambda x: np.sum(x, dtype="what")), TypeError, "what"),
    "max, axis out of range": (traced(lambda x: np.max(x, axis=-2)), ValueError, "axis -2"),
    "mean, axis a string": (graded(lambda x: np.mean(x, axis="a")), TypeError, "axis", "'a'"),
    "cumsum, axis out of range": (traced(lambda x: np.cumsum(x, axis=3)), ValueError, "axis 3"),
    "sort, axis out of range": (traced(lambda x: np.sort(x, axis=3)), ValueError, "axis 3"),
    "reshape, size": (traced(lambda x: np.reshape(x, (2, 2))), ValueError, "(3,)", "(2, 2)"),
    "reshape, two unknown": (traced(lambda x: x.reshape(-1, -1)), ValueError, "-1"),
    "reshape, a string": (traced(lambda x: x.reshape("a")), TypeError, "'a'"),
    "transpose, axes": (traced(lambda x: np.transpose(x, (0, 1))), ValueError, "axis 1"),
    "swapaxes, axis": (traced(lambda x: np.swapaxes(x, 0, 1)), ValueError, "axis 1"),
    "moveaxis, axis": (traced(lambda x: np.moveaxis(x, 0, 4)), ValueError, "axis 4"),
    "squeeze, axis": (traced(lambda x: np.squeeze(x, axis=0)), ValueError, "axis", "3"),
    "expand_dims, axis": (traced(lambda x: np.expand_dims(x, 5)), ValueError, "axis 5"),
    "broadcast_to": (
        traced(lambda x: np.broadcast_to(x, (2, 4))), ValueError, "(3,)", "(2, 4)"),
    "concatenate, shapes": (
        traced(lambda x: np.concatenate([x, M])), ValueError, "(3,)", "(2, 3)"),
    "concatenate, nothing": (traced(lambda x: np.concatenate([])), ValueError, "concatenate"),
    "stack, shapes": (traced(lambda x: np.stack([x, np.ones(2)])), ValueError, "shape"),
    "split, sections": (traced(lambda x: np.split(x, 2)), ValueError, "equal"),
    "matmul, shapes": (traced(lambda x: x @ np.ones((4, 2))), ValueError, "(3,)", "(4, 2)"),
    "dot, shapes": (traced(lambda x: np.dot(x, np.ones(4))), ValueError, "3", "4"),
    "add, shapes": (traced(lambda x: x + np.ones(4)), ValueError, "(3,)", "(4,)"),
    "add, a string": (traced(lambda x: np.add(x, "a")), TypeError, "add"),
    "where, shapes": (
        traced(lambda x: np.where(x > 0, x, np.ones(4))), ValueError, "(3,)", "(4,)"),
    "take, index out of range": (lambda: fnp.take(X, 7), IndexError, "7", "3"),
    "index out of range": (traced(lambda x: x[5]), IndexError, "5", "3"),
    "too many indices": (traced(lambda x: x[0, 0]), IndexError, "indices", "(3,)"),
    "index a string": (traced(lambda x: x["a"]), IndexError, "indices", "str"),
    "index a float": (traced(lambda x: x[0.5]), IndexError, "indices", "float"),
    "in place": (traced(lambda x: x.__setitem__(0, 1.0)), TypeError, "in place", ".at[i].set"),
    "attribute": (traced(lambda x: x.nothing), AttributeError, "'nothing'"),
    "unknown function": (traced(lambda x: np.kaiser(3, x)), TypeError, "traced"),
    "inv, not square": (lambda: fg.jit(np.linalg.inv)(M), ValueError, "square", "(2, 3)"),
    "solve, shapes": (
        lambda: fg.jit(np.linalg.solve)(np.eye(2), X), ValueError, "(2, 2)", "(3"),
    "det, a vector": (lambda: fg.jit(np.linalg.det)(X), ValueError, "(3,)"),
    "norm, order": (
        lambda: fg.jit(lambda x: np.linalg.norm(x, ord="what"))(X), ValueError, "norm", "what"),
    "astype, dtype": (traced(lambda x: x.astype("what")), TypeError, "what"),
    "at, mode": (lambda: fnp.at(X)[0].set(1.0, mode="what"), ValueError, "mode", "'what'"),
    "linspace, number": (traced(lambda x: np.linspace(x[0], 1.0, -2)), ValueError, "-2"),
    "pad, mode": (traced(lambda x: np.pad(x, 1, mode="what")), ValueError, "what"),
    "roll, axis": (traced(lambda x: np.roll(x, 1, axis=4)), ValueError, "axis 4"),
    "len of a scalar": (traced(lambda x: len(x[0])), TypeError, "len", "0-d"),
    "iteration over a scalar": (traced(lambda x: list(x[0])), TypeError, "iteration", "0-d"),
    "normal, key an int": (lambda: random.normal(0, (2,)), TypeError, "normal", "key"),
    "normal, key None": (lambda: random.normal(None, (2,)), TypeError, "key"),
    "normal, key of floats": (lambda: random.normal(X, (2,)), TypeError, "key"),
    "normal, key of another shape": (
        lambda: random.normal(np.zeros(3, np.uint32), (2,)), (TypeError, ValueError), "key"),
    "normal, shape a string": (lambda: random.normal(KEY, "a"), TypeError, "shape", "'a'"),
    "normal, shape negative": (lambda: random.normal(KEY, (-1,)), ValueError, "-1"),
    "normal, dtype integer": (
        lambda: random.normal(KEY, (2,), int), (TypeError, ValueError), "normal", "int64"),
    "randint, dtype float": (
        lambda: random.randint(KEY, (2,), 0, 3, float), (TypeError, ValueError), "float64"),
    "split, number": (lambda: random.split(KEY, -1), ValueError, "split", "-1"),
    "split, a string": (lambda: random.split(KEY, "a"), TypeError, "split", "'a'"),
    "key, a float": (lambda: random.key(0.5), TypeError, "key", "0.5"),
    "bernoulli, a string": (lambda: random.bernoulli(KEY, "p"), TypeError, "bernoulli", "p"),
    "choice, nothing": (
        lambda: random.choice(KEY, np.zeros(0), (2,)), ValueError, "choice"),
    "choice, probabilities of another length": (
        lambda: random.choice(KEY, X, (2,), p=np.ones(2) / 2), ValueError, "p", "2"),
    "permutation, a float": (lambda: random.permutation(KEY, 2.5), ValueError, "permutation"),
}  # fmt: skip

TREES = {
    "tree.map, another structure": (
        lambda: fg.tree.map(np.add, {"a": [1, 2]}, {"a": [1]}), ValueError, "['a'][1]"),
    "tree.map, a key too many": (
        lambda: fg.tree.map(np.add, {"a": 1}, {"a": 1, "b": 2}), ValueError, "'b'"),
    "tree.map of no function": (lambda: fg.tree.map(3, [1]), TypeError, "map", "3"),
    "tree.unflatten, no structure": (
        lambda: fg.tree.unflatten({"a": 1}, [1]), TypeError, "treedef", "{'a': 1}"),
    "tree.unflatten, too few leaves": (
        lambda: fg.tree.unflatten(fg.tree.structure([1, 2]), [1]), ValueError, "leaves"),
    "tree.transpose, another structure": (
        lambda: fg.tree.transpose(fg.tree.structure([0]), fg.tree.structure(0), [1, 2]),
        ValueError, "tree.transpose", "[1]"),
    "save, path None": (lambda: fg.save(None, PARAMS), TypeError, "path", "None"),
    "save, path an int": (lambda: fg.save(5.5, PARAMS), TypeError, "5.5"),
    "save, no such folder": (
        lambda: fg.save("no/such/folder/x.safetensors", PARAMS), OSError, "no/such/folder"),
    "save, an object": (lambda: fg.save("x.safetensors", {"a": object()}), TypeError, "leaf at a"),
    "load, no such file": (lambda: fg.load("nothing.safetensors"), OSError, "nothing"),
    "load, path None": (lambda: fg.load(None), TypeError, "path", "None"),
    "load, a folder": (lambda: fg.load("."), (OSError, ValueError), "."),
    "debug.print, a field too many": (
        lambda: fg.debug.print("{} {}", X), ValueError, "2 positional", "1"),
    "debug.print, no string": (lambda: fg.debug.print(X), TypeError, "fmt"),
    "debug.print, a name missing": (lambda: fg.debug.print("{x}", y=1), ValueError, "'x'"),
    "debug.callback of no function": (lambda: fg.debug.callback(3), TypeError, "callback", "3"),
    "explain_nan of no function": (lambda: fg.debug.explain_nan(3)(X), TypeError, "3"),
    "check_grads of no function": (
        lambda: fg.testing.check_grads(3, (X,)), TypeError, "check_grads", "3"),
    "check_grads, args an array": (
        lambda: fg.testing.check_grads(f, X), TypeError, "args"),
    "check_grads, order": (
        lambda: fg.testing.check_grads(f, (X,), order=-1), ValueError, "order", "-1"),
    "check_grads, modes": (
        lambda: fg.testing.check_grads(f, (X,), modes=["what"]), ValueError, "modes", "what"),
    "check_gradient of no function": (
        lambda: fg.testing.check_gradient(None, f, (X,)), TypeError, "None"),
    "check_gradient, argnums": (
        lambda: fg.testing.check_gradient(f, f, (X,), argnums=3), ValueError, "no argument 3"),
    "check_grads, argnums": (
        lambda: fg.testing.check_grads(f, (X,), argnums=1.5), TypeError, "argnums", "1.5"),
    "check_grads, kwargs": (
        lambda: fg.testing.check_grads(f, (X,), kwargs=3), TypeError, "kwargs", "3"),
    "check_grads, tangents": (
        lambda: fg.testing.check_grads(f, (X,), tangents="what"), ValueError, "what", "sphere"),
    "check_jacobian of no function": (
        lambda: fg.testing.check_jacobian(f, 3, (X,)), TypeError, "jac", "3"),
    "check_hessian of no function": (
        lambda: fg.testing.check_hessian(f, 3, (X,)), TypeError, "hess", "3"),
    "check_hvp of no function": (
        lambda: fg.testing.check_hvp(f, 3, (X,)), TypeError, "hvp", "3"),
    "check_noisy, samples": (
        lambda: fg.testing.check_noisy(f, f, (X,), 0), ValueError, "samples", "0"),
    "check_layer of no layer": (
        lambda: fg.testing.check_layer(3, X), TypeError, "no forward method", "fprop"),
    "profile_of, unknown": (lambda: fg.testing.profile_of("x"), ValueError, "'x'", "quick"),
}  # fmt: skip

LEARNING = {
    "Dense, features a string": (lambda: nn.Dense("a").init(KEY, (-1, 3)), TypeError, "'a'"),
    "Dense, features negative": (lambda: nn.Dense(-2).init(KEY, (-1, 3)), ValueError, "-2"),
    "Dense, shape an int": (lambda: nn.Dense(2).init(KEY, 3), TypeError, "shape", "3"),
    "Dense, shape of one axis": (lambda: nn.Dense(2).init(KEY, (3,)), ValueError, "(3,)"),
    "Dense, key None": (lambda: nn.Dense(2).init(None, (-1, 3)), TypeError, "key"),
    "Dense, w_init a string": (
        lambda: nn.Dense(2, w_init="x").init(KEY, (-1, 3)), TypeError, "w_init", "'x'"),
    "Dense, inputs of another size": (
        lambda: nn.Dense(2).apply(nn.Dense(2).init(KEY, (-1, 3))[1], (), np.ones((4, 5))),
        ValueError, "5", "3"),
    "Dense, params None": (lambda: nn.Dense(2).apply(None, (), M), TypeError, "params", "None"),
    "Conv, shape of two axes": (lambda: nn.Conv(2, 3).init(KEY, (-1, 3)), ValueError, "(-1, 3)"),
    "Conv, padding unknown": (
        lambda: nn.Conv(2, 3, padding="what").init(KEY, (-1, 8, 8, 1)), ValueError, "what"),
    "Conv, strides a string": (
        lambda: nn.Conv(2, 3, strides="a").init(KEY, (-1, 8, 8, 1)), ValueError, "strides"),
    "serial of a number": (lambda: nn.serial(nn.Dense(2), 3), TypeError, "layer", "3"),
    "Dropout, rate": (lambda: nn.Dropout(1.5), ValueError, "1.5"),
    "Dropout, no key": (
        lambda: nn.Dropout(0.5).apply((), (), M, train=True), (TypeError, ValueError), "key"),
    "Embedding, floats": (
        lambda: nn.Embedding(5, 2).apply(nn.Embedding(5, 2).init(KEY, (-1, 3))[1], (), M),
        TypeError, "integer", "f"),
    "MaxPool, window a string": (
        lambda: nn.MaxPool("a").init(KEY, (-1, 8, 8, 1)), ValueError, "window_shape"),
    "softmax, axis": (lambda: nn.softmax(X, axis=3), ValueError, "axis 3"),
    "cross entropy, shapes": (
        lambda: nn.softmax_cross_entropy(M, np.ones((2, 4))), ValueError, "(2, 3)", "(2, 4)"),
    "cross entropy, labels of floats": (
        lambda: nn.softmax_cross_entropy_with_integer_labels(M, np.ones(2)), TypeError, "integer"),
    "summary of no layer": (lambda: nn.summary(3, (-1, 3)), TypeError, "layer", "3"),
    "sgd, rate a string": (
        lambda: optim.sgd("a").update(X, optim.sgd(0.1).init(X), X), TypeError, "'a'"),
    "adam, state of sgd": (
        lambda: optim.adam(0.1).update(PARAMS, optim.sgd(0.1).init(PARAMS), PARAMS),
        (TypeError, ValueError), "state"),
    "scale_by_adam, state of trace": (
        lambda: optim.scale_by_adam().update(X, optim.trace(0.9).init(X), X), TypeError,
        "state", "TraceState"),
    "adam, state None": (
        lambda: optim.adam(0.1).update(PARAMS, None, PARAMS), TypeError, "state", "None"),
    "adam, updates of another structure": (
        lambda: optim.adam(0.1).update({"w": X}, STATE, PARAMS), ValueError, "'b'"),
    "chain of a number": (lambda: optim.chain(0.1), TypeError, "0.1", "optim.adam"),
    "chain, state too short": (
        lambda: optim.chain(optim.clip(1.0), optim.sgd(0.1)).update(X, (), X), ValueError, "state"),
    "named_chain, no pairs": (
        lambda: optim.named_chain(optim.sgd(0.1), optim.clip(1.0), 3), (TypeError, ValueError),
        "named_chain"),
    "named_chain, another state": (
        lambda: optim.named_chain(("a", optim.sgd(0.1))).update(X, {"b": ()}, X), ValueError,
        "state", "'a'"),
    "apply_updates, another structure": (
        lambda: optim.apply_updates(PARAMS, {"w": X}), ValueError, "'b'"),
    "adamw without params": (
        lambda: optim.adamw(0.1).update(X, optim.adamw(0.1).init(X)), ValueError, "params"),
    "cosine_decay_schedule, steps": (
        lambda: optim.cosine_decay_schedule(1.0, -5), ValueError, "-5"),
    "clip, a string": (lambda: optim.clip("a").update(X, (), X), TypeError, "'a'"),
    "fit, epochs a string": (lambda: fit(epochs="3"), TypeError, "epochs", "'3'"),
    "fit, epochs negative": (lambda: fit(epochs=-1), ValueError, "epochs", "-1"),
    "fit, optimizer a float": (lambda: fit(loss, PARAMS, 0.1), TypeError, "optimizer", "0.1"),
    "fit, loss no function": (lambda: fit(3), TypeError, "loss", "3"),
    "fit, no batches": (lambda: fit(loss, PARAMS, optim.sgd(0.1), []), ValueError, "batches"),
    "fit, batches None": (
        lambda: fit(loss, PARAMS, optim.sgd(0.1), None), TypeError, "batches", "None"),
    "fit, callbacks a function": (lambda: fit(callbacks=f), TypeError, "callbacks"),
    "fit, callbacks of strings": (
        lambda: fit(callbacks=["a"]), TypeError, "callbacks[0]", "'a'"),
    "fit, evaluate a number": (lambda: fit(evaluate=3), TypeError, "evaluate", "3"),
    "fit, patience a string": (
        lambda: fit(patience="a", evaluate=lambda p: 0.0, epochs=3), TypeError, "patience"),
    "fit, nothing to monitor": (
        lambda: fit(patience=1, monitor="what"), ValueError, "'what'", "monitor"),
    "fit, accumulate": (lambda: fit(accumulate=0), ValueError, "accumulate", "0"),
    "fit, loss a vector": (
        lambda: fit(lambda p, b: p["w"]), ValueError, "number", "f64[3]"),
    "fit, a folder missing": (
        lambda: fit(checkpoint="no/such/x.safetensors"), OSError, "no/such"),
    "Batches, size": (lambda: train.Batches(M, 0), ValueError, "0"),
    "Batches, sizes differ": (
        lambda: train.Batches((M, X), 1), ValueError, "2", "3"),
    "training_step, optimizer a float": (
        lambda: train.training_step(loss, 0.1), TypeError, "optimizer", "0.1"),
}  # fmt: skip

TABLE = {**TRANSFORMATIONS, **STAGING, **RULES, **ARRAYS, **TREES, **LEARNING}
