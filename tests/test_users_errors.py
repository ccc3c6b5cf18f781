"""What users raise comes out as they raised it, wherever funcgrad was when they did."""

import concurrent.futures
import os
import threading
import traceback

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax, nn, optim, random, train

X = np.array([1.0, 2.0, 3.0])
TracerError = fg.errors.TracerError


class Mine(Exception):
    pass


class MyTypeError(TypeError):
    pass


class MyInterrupt(BaseException):
    pass


def traced_error(x):
    """A TracerError that reached the user's frame."""
    try:
        if isinstance(x, np.ndarray | np.generic | float | int):
            fg.grad(lambda v: float(v))(1.0)
        float(np.sum(x))
    except TracerError as error:
        return error
    raise AssertionError("no TracerError")


def dropped(x):
    """Fail with a TracerError."""
    if isinstance(x, np.ndarray | np.generic | float | int):
        fg.grad(lambda v: float(v))(1.0)
    return float(np.sum(x))


def from_ours(kept, x):
    try:
        dropped(x)
    except TracerError as error:
        kept.append(ValueError("mine"))
        raise kept[0] from error


def in_handler(kept, x):
    try:
        dropped(x)
    except TracerError:
        kept.append(TypeError("mine"))
        raise kept[0]  # noqa: B904


def from_none(kept, x):
    try:
        dropped(x)
    except TracerError:
        kept.append(ValueError("mine"))
        raise kept[0] from None


def own_class(kept, x):
    try:
        dropped(x)
    except TypeError:
        kept.append(MyTypeError("mine"))
        raise kept[0]  # noqa: B904


def from_stored(kept, x):
    kept.append(ValueError("mine"))
    raise kept[0] from traced_error(x)


def from_fresh(kept, x):
    kept.append(ValueError("mine"))
    raise kept[0] from TracerError("never raised")


def without_traceback(kept, x):
    try:
        dropped(x)
    except TracerError as error:
        kept.append(TypeError("mine"))
        error.__traceback__ = None
        raise kept[0].with_traceback(None) from error


def in_finally(kept, x):
    try:
        dropped(x)
    finally:
        kept.append(ValueError("mine"))
        raise kept[0]


def thrown_into_a_generator(kept, x):
    def waiting():
        yield

    generator = waiting()
    next(generator)
    try:
        dropped(x)
    except TracerError:
        kept.append(ValueError("mine"))
        generator.throw(kept[0])


def with_note(kept, x):
    kept.append(KeyError("mine"))
    kept[0].add_note("a note")
    raise kept[0]


def group(kept, x):
    kept.append(ExceptionGroup("mine", [ValueError("a"), traced_error(x)]))
    raise kept[0]


def raised_again(kept, x):
    kept.append(traced_error(x))
    raise kept[0]


def like_numpy(kept, x):
    """What the user raises may have the very words of NumPy's errors."""
    try:
        dropped(x)
    except TypeError as error:
        kept.append(ValueError("setting an array element with a sequence."))
        raise kept[0] from error


def plain(error):
    def raiser(kept, x):
        kept.append(error("mine"))
        raise kept[0]

    raiser.__name__ = error.__name__
    return raiser


RAISERS = [
    from_ours, in_handler, from_none, own_class, from_stored, from_fresh, without_traceback,
    in_finally, thrown_into_a_generator, with_note, group, raised_again, like_numpy,
    *map(plain, (KeyboardInterrupt, SystemExit, StopIteration, GeneratorExit, MyInterrupt, Mine,
                 AttributeError, IndexError, KeyError, AssertionError, RecursionError, TypeError,
                 ValueError, ZeroDivisionError, LookupError, np.linalg.LinAlgError)),
]  # fmt: skip


def custom_jvp(f):
    @fg.custom_jvp
    def g(x):
        return x

    g.defjvp(lambda primals, tangents: f(*primals))
    return g


def custom_vjp(fwd=None, bwd=None):
    g = fg.custom_vjp(lambda x: x)
    g.defvjp(fwd or (lambda x: (x, x)), bwd or (lambda x, ct: (ct,)))
    return g


def callback(f):
    return lambda x: fg.pure_callback(f, fg.ShapeDtypeStruct((), float), x)


def effect(f):
    def run(x):
        fg.debug.callback(f, x)
        return x * 2

    return run


def total(f):
    return lambda x: np.sum(f(x))


def fit(f=None, **hooks):
    def loss(w, batch):
        return f(w) if f else np.sum(w * batch)

    train.fit(loss, X, optim.sgd(0.1), [X, X], epochs=1, progress=False, **hooks)


class Pair:
    def __init__(self, a, raiser):
        self.a, self.raiser = a, raiser


fg.tree.register_node(
    Pair,
    lambda p: ((p.a,), p.raiser),
    lambda raiser, xs: (raiser or (lambda a: Pair(a, None)))(*xs),
)

TRACED = {
    "grad": lambda f: fg.grad(f)(X),
    "value_and_grad": lambda f: fg.value_and_grad(f)(X),
    "jit": lambda f: fg.jit(f)(X),
    "vmap": lambda f: fg.vmap(f)(X),
    "vjp": lambda f: fg.vjp(f, X),
    "jvp": lambda f: fg.jvp(f, (X,), (X,)),
    "linearize": lambda f: fg.linearize(f, X),
    "linear_transpose": lambda f: fg.linear_transpose(f, X),
    "jacfwd": lambda f: fg.jacfwd(f)(X),
    "jacrev": lambda f: fg.jacrev(f)(X),
    "hessian": lambda f: fg.hessian(f)(X),
    "hvp": lambda f: fg.hvp(f, (X,), (X,)),
    "checkpoint": lambda f: fg.checkpoint(f)(X),
    "closure_convert": lambda f: fg.closure_convert(f, X),
    "make_jaxpr": lambda f: fg.make_jaxpr(f)(X),
    "eval_shape": lambda f: fg.eval_shape(f, X),
    "to_source": lambda f: fg.to_source(f)(X),
    "stabilize": lambda f: fg.stabilize(f)(X),
    "lower": lambda f: fg.jit(f).lower(X),
    "jit of grad of vmap": lambda f: fg.jit(fg.grad(total(fg.vmap(f))))(X),
    "vmap of jit of jvp": lambda f: fg.vmap(fg.jit(lambda x: fg.jvp(f, (x,), (x,))))(X),
    "grad of jit of checkpoint": lambda f: fg.grad(total(fg.jit(fg.checkpoint(f))))(X),
    "scan": lambda f: lax.scan(lambda c, x: (f(c), x), 0.0, X),
    "scan in jit of grad": lambda f: fg.jit(fg.grad(
        lambda x: lax.scan(lambda c, v: (f(c), v), 0.0, x)[0]))(X),
    "while_loop, body": lambda f: lax.while_loop(lambda c: c < 3, f, 0.0),
    "while_loop, condition": lambda f: lax.while_loop(f, lambda c: c, 0.0),
    "fori_loop": lambda f: lax.fori_loop(0, 3, lambda i, c: f(c), 0.0),
    "map": lambda f: lax.map(f, X),
    "cond": lambda f: fg.jit(lambda p, x: lax.cond(p, f, lambda x: x, x))(True, X),
    "switch": lambda f: fg.jit(lambda i, x: lax.switch(i, [f, f], x))(1, X),
    "custom_jvp": lambda f: fg.grad(total(custom_jvp(f)))(X),
    "custom_jvp in jit": lambda f: fg.jit(fg.grad(total(custom_jvp(f))))(X),
    "the function of a custom_vjp": lambda f: fg.jit(_with_rule(f))(X),
    "fwd in jit": lambda f: fg.jit(fg.grad(total(custom_vjp(fwd=f))))(X),
    "bwd in jit": lambda f: fg.jit(fg.grad(total(custom_vjp(bwd=lambda r, ct: f(ct)))))(X),
    "fit, the loss": lambda f: fit(f),
}  # fmt: skip


def _with_rule(f):
    g = fg.custom_vjp(f)
    g.defvjp(lambda x: (x, x), lambda x, ct: (ct,))
    return g


CONCRETE = {
    "associative_scan": lambda f: lax.associative_scan(lambda a, b: f(a), X),
    "cond, known": lambda f: lax.cond(True, f, f, X),
    "switch, known": lambda f: lax.switch(0, [f], X),
    "bwd": lambda f: fg.grad(total(custom_vjp(bwd=lambda r, ct: f(ct))))(X),
    "bwd, by vjp": lambda f: fg.vjp(custom_vjp(bwd=lambda r, ct: f(ct)), X)[1](X),
    "pure_callback in linear_transpose": lambda f: fg.linear_transpose(
        lambda x: x * callback(f)(2.0), X)(X),
    "pure_callback": lambda f: callback(f)(X),
    "pure_callback in jit": lambda f: fg.jit(callback(f))(X),
    "pure_callback in vmap": lambda f: fg.vmap(callback(f))(X),
    "pure_callback in scan in jit": lambda f: fg.jit(lambda x: lax.map(callback(f), x))(X),
    "debug.callback": lambda f: effect(f)(X),
    "debug.callback in jit": lambda f: fg.jit(effect(f))(X),
    "debug.callback in jit of grad": lambda f: fg.jit(fg.grad(total(effect(f))))(X),
    "disable_jit": lambda f: _without_jit(fg.jit(f)),
    "tree.map": lambda f: fg.tree.map(f, {"a": [1.0]}),
    "tree.map_with_path": lambda f: fg.tree.map_with_path(lambda _, x: f(x), [1.0]),
    "tree.reduce": lambda f: fg.tree.reduce(lambda a, b: f(b), [1.0, 2.0]),
    "is_leaf": lambda f: fg.tree.leaves([1.0], is_leaf=lambda _: f(1.0)),
    "unflatten in jit": lambda f: fg.jit(lambda p: p.a)(Pair(X, f)),
    "unflatten in grad": lambda f: fg.grad(lambda p: np.sum(p.a))(Pair(X, f)),
    "fit, evaluate": lambda f: fit(evaluate=lambda *a: f(1.0)),
    "fit, callback": lambda f: fit(callbacks=[lambda *a: f(1.0)]),
    "Lambda": lambda f: nn.Lambda(f).apply((), (), X),
    "schedule": lambda f: optim.sgd(lambda n: f(n)).update(X, optim.sgd(0.1).init(X), X),
    "initializer": lambda f: nn.Dense(2, w_init=lambda *a: f(1.0)).init(random.key(0), (-1, 3)),
    "check_grads": lambda f: fg.testing.check_grads(f, (X,)),
    "check_gradient": lambda f: fg.testing.check_gradient(f, f, (X,)),
    "check_jacobian": lambda f: fg.testing.check_jacobian(f, f, (X,)),
    "check_hessian": lambda f: fg.testing.check_hessian(f, f, (X,)),
    "check_noisy": lambda f: fg.testing.check_noisy(f, f, (X,)),
    "accuracy": lambda f: fg.accuracy(f)(X),
    "explain_nan": lambda f: fg.debug.explain_nan(f)(X),
}  # fmt: skip


def _without_jit(f):
    with fg.disable_jit():
        return f(X)


def caught(run, raiser):
    """The error that comes out, the one that was raised, and how the latter was when raised."""
    kept, before = [], []

    def f(x, *_):
        try:
            raiser(kept, x)
        except BaseException as error:
            before.append((error.__cause__, error.__context__, error.__suppress_context__))
            raise

    try:
        run(f)
    except BaseException as error:
        return error, kept[-1], before[-1]
    raise AssertionError("nothing was raised")


def frames_of_ours(error):
    root = os.path.dirname(fg.__file__)
    return [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(root)]


def chain(error):
    found = [error]
    for e in found:
        for other in (e.__cause__, e.__context__, *getattr(e, "exceptions", ())):
            if other is not None and other not in found:
                found.append(other)
    return found


@pytest.mark.parametrize("raiser", RAISERS, ids=lambda r: r.__name__)
@pytest.mark.parametrize("where", [*TRACED, *CONCRETE])
def test_the_very_error_comes_out(where, raiser):
    if where.startswith("fit") and raiser.__name__ == "KeyboardInterrupt":
        return  # it ends the training, whose results are returned
    out, raised, before = caught({**TRACED, **CONCRETE}[where], raiser)
    assert out is raised
    assert (out.__cause__, out.__context__, out.__suppress_context__) == before
    assert getattr(out, "__notes__", []) == (["a note"] if raiser is with_note else [])
    if isinstance(out, Exception):
        assert all(len(frames_of_ours(e)) <= 1 for e in chain(out))
    assert any(f.filename == __file__ for f in traceback.extract_tb(out.__traceback__))


@pytest.mark.parametrize("where", TRACED)
def test_an_error_of_ours_may_be_caught_inside(where):
    def f(x, *_):
        try:
            float(np.sum(x))
        except TracerError:
            pass
        raise Mine("went on")

    with pytest.raises(Mine) as info:
        TRACED[where](f)
    assert info.value.__context__ is None


def test_a_function_goes_on_after_catching():
    def f(x):
        try:
            float(x)
        except TracerError:
            return x * 2
        return x

    assert fg.grad(f)(1.0) == 2.0
    assert fg.jit(f)(1.0) == 2.0
    assert fg.vmap(f)(X).tolist() == [2.0, 4.0, 6.0]


def store(x):
    a = np.zeros(3)
    a[1] = np.sum(x)
    return a


STORES = {
    "item": store,
    "slice": lambda x: np.zeros((2, 3)).__setitem__(0, x),
    "list of lists": lambda x: np.array([[1.0, np.sum(x)]]),
    "dtype": lambda x: np.asarray(np.sum(x), dtype=float),
    "full of a list": lambda x: np.zeros(2).__setitem__(slice(None), [np.sum(x), 1.0]),
    "float": lambda x: float(np.sum(x)),
    "math": lambda x: __import__("math").sin(np.sum(x)),
    "array": lambda x: np.array(x),
    "fill": lambda x: np.zeros(3).fill(np.sum(x)),
    "put": lambda x: np.put(np.zeros(3), [0], np.sum(x)),
    "copyto": lambda x: np.copyto(np.zeros(3), x),
    "index": lambda x: np.zeros(3)[np.sum(x)],
    "float64": lambda x: np.float64(np.sum(x)),
    "in a handler": lambda x: _in_handler(x),
}


def _in_handler(x):
    try:
        raise Mine("first")
    except Mine:
        return store(x)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("wrap", [fg.grad, fg.jit, lambda f: fg.jit(fg.grad(f)),
                                  lambda f: lambda x: fg.jvp(f, (x,), (x,))])  # fmt: skip
def test_where_numpy_wraps_our_error_ours_is_shown(store, wrap):
    def f(x):
        return np.sum(STORES[store](x))

    with pytest.raises((TracerError, TypeError, IndexError)) as info:
        wrap(f)(X)
    if store != "index":
        assert isinstance(info.value, TracerError)
    assert "traced" in str(info.value) or store == "index"
    lines = "".join(traceback.format_exception(info.value))
    assert lines.count("Traceback") == (2 if store == "in a handler" else 1), lines
    assert len(frames_of_ours(info.value)) <= 1


def test_users_may_wrap_numpys_error():
    def f(x):
        try:
            return store(x)
        except (TypeError, ValueError) as error:
            raise Mine("cannot be stored") from error

    with pytest.raises(Mine) as info:
        fg.jit(fg.grad(f))(X)
    assert isinstance(info.value.__cause__, TypeError | ValueError)


@pytest.mark.parametrize("raiser", [from_ours, in_handler, group, plain(Mine)])
def test_threads(raiser):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for where in ("grad", "jit of grad of vmap", "pure_callback in jit"):
            found = pool.submit(caught, {**TRACED, **CONCRETE}[where], raiser).result()
            assert found[0] is found[1]
    results = []
    thread = threading.Thread(target=lambda: results.append(caught(TRACED["jit"], raiser)))
    thread.start()
    thread.join()
    assert results[0][0] is results[0][1]
