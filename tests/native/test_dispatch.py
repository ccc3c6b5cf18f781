"""Calls that native code takes in the place of a jitted function: which, and with what results."""

import collections
import copy
import dataclasses
import enum
import gc
import math
import pickle
import sys
import threading
import traceback
import weakref
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="kernels are compiled by llvmlite")

import funcgrad as fg
from funcgrad import lax
from funcgrad.api import jit_calls
from funcgrad.compiler.native import layout
from funcgrad.context import Plain, current


@pytest.fixture(autouse=True)
def native(monkeypatch, native_entry):
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
    assert type(current()) is Plain


@pytest.fixture
def general(monkeypatch):
    """The calls that went the general way, as pairs of arguments by position and by name."""
    calls = []
    run = jit_calls.General.run

    def counted(self, *args, **kwargs):
        calls.append((args, kwargs))
        return run(self, *args, **kwargs)

    monkeypatch.setattr(jit_calls.General, "run", counted)
    return calls


class Point(NamedTuple):
    x: Any
    y: Any


class Mode(enum.Enum):
    TWICE = 2


X = np.arange(6.0).reshape(2, 3) / 7 - 0.3
F = X.astype("f")
V = np.array([0.5, -1.5, 2.0])


def doubled(*trees):
    return fg.tree.map(lambda a: a * 2.0 + 1.0, trees)


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "one array": (X,),
    "two arrays": (X, X[::-1].copy()),
    "nine arrays": tuple(X + i for i in range(9)),
    "float32": (F,),
    "arrays of several ranks": (V, X, np.ones((1, 2, 1, 3)), np.ones((2, 0))),
    "a NumPy scalar": (np.float64(0.3),),
    "an array without axes": (np.array(0.3, "f"),),
    "a Python float": (0.3,),
    "a Python float beside arrays": (X, 0.3, F),
    "a tuple": ((X, V),),
    "a list": ([X, V, 0.5],),
    "a dict": ({"w": X, "b": V},),
    "a named tuple": (Point(X, V),),
    "nothing inside": ((), [], {}, X, None),
    "nested": ([{"w": X, "b": (V, [F, None])}, Point({"a": X}, (V,))], {"c": {"d": {"e": X}}}),
    "fifteen leaves": ([{"w": X, "b": V, "s": np.float32(2)} for _ in range(5)],),
}


def same_tree(a, b):
    """Equal in every type, dtype and shape, and to the last bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same_tree(a[key], b[key])
    elif isinstance(a, tuple | list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same_tree(x, y)
    elif a is not None:
        x, y = np.asarray(a), np.asarray(b)
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        assert x.tobytes() == y.tobytes()


# --- what native code takes ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ARGUMENTS)
def test_calls_after_the_first_reach_native_code_at_once(name, general):
    args = ARGUMENTS[name]
    f = fg.jit(doubled)
    first = f(*args)
    assert len(general) == 1
    for _ in range(3):
        found = f(*args)
        same_tree(found, first)
        same_tree(found, doubled(*args))
    assert len(general) == 1
    leaves = [x for x in fg.tree.leaves(found) if isinstance(x, np.ndarray)]
    assert all(x.flags.owndata and x.flags.writeable for x in leaves)
    assert not any(np.shares_memory(x, y) for x in leaves for y in fg.tree.leaves(args))


STATIC = [3, True, None, "name", 2.5, b"b", len, np.sin, math.tau, Mode.TWICE, doubled, float]


@pytest.mark.parametrize("value", STATIC, ids=lambda v: getattr(v, "__name__", repr(v)))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_static_arguments(value, place, general):
    def fun(*args):
        arrays = [a for i, a in enumerate(args) if i != place]
        return arrays[0] + arrays[1] * len(str(args[place]))

    f = fg.jit(fun, static_argnums=place)
    args: list[Any] = [V, V + 1]
    args.insert(place, value)
    expected = fun(*args)
    for _ in range(3):
        same_tree(f(*args), expected)
    taken = 1 if type(value) is not np.ufunc else 3
    assert len(general) == taken
    args[place] = "another one"
    same_tree(f(*args), fun(*args))
    assert len(general) == taken + 1


def test_what_is_equal_to_a_static_argument_but_another_object(general):
    f = fg.jit(lambda x, k: x * k, static_argnums=1)
    seen = [type(f(V, k)[0] * 1) for k in (1000, int("1000"), 1000.0, True, 1)]
    assert seen == [np.float64] * 5
    assert f.cache_info().misses == 4
    same_tree(f(V, int("1000")), V * 1000)


def test_random_trees(general):
    rng = np.random.default_rng(7)

    def tree(depth):
        kind = rng.integers(8 if depth else 3)
        if kind < 3:
            return [X, V * rng.normal(), np.float64(rng.normal())][kind]
        children = [tree(depth - 1) for _ in range(rng.integers(4))]
        if kind < 5:
            return dict(zip(rng.permutation(list("abcd"))[: len(children)].tolist(), children))  # noqa: B905
        return [tuple(children), children, Point(children, None)][kind - 5]

    checked = 0
    for _ in range(60):
        args = tuple(tree(3) for _ in range(rng.integers(1, 4)))
        if not fg.tree.leaves(args):
            continue
        f = fg.jit(doubled)
        f(*args)
        general.clear()
        same_tree(f(*args), doubled(*args))
        assert not general
        checked += 1
    assert checked > 40


def test_the_order_of_keys_does_not_matter(general):
    f = fg.jit(lambda d: d["a"] - d["b"])
    f({"a": V, "b": 2 * V})
    same_tree(f({"b": 2 * V, "a": V}), -V)
    assert len(general) == 1


def test_results_of_every_kind(general):
    f = fg.jit(lambda x, s: {"b": [x + 1, (np.sum(x), s * 2.0)], "a": None, "c": Point(x > 0, ())})
    args = (V, 0.25)
    first: Any = f(*args)
    second: Any = f(*args)
    assert len(general) == 1
    same_tree(second, first)
    assert type(second["b"][1][1]) is float
    assert type(second["b"][1][0]) is np.float64
    assert second["c"].x.dtype == bool


def test_results_that_are_arguments_come_back_as_those_objects(general):
    def fun(p, s, n):
        return {"s": s, "w": p["w"], "y": p["w"] * s, "n": (n, n), "v": [p["v"]]}

    f = fg.jit(fun)
    p, n = {"w": X * 1, "v": V[::-1]}, np.array(2.0)
    for args in ((p, 0.5, n), (p, 0.25, np.float64(3))):
        f(*args), f(*args)
        found: Any = f(*args)
        same_tree(found, fun(*args))
        assert found["w"] is p["w"]
        assert found["v"][0] is p["v"]
        assert found["s"] is args[1]
        assert found["n"][0] is found["n"][1] is args[2]
    general.clear()
    p["v"] = V
    assert f(p, 0.5, n)["v"][0] is V
    f(p, 0.5, n)
    assert not general
    count = sys.getrefcount(V)
    for _ in range(100):
        f(p, 0.5, n)
    assert sys.getrefcount(V) == count


def test_python_floats_keep_python_rules(general):
    for fun, value, expected in (
        (lambda x: 2 * x + 1, 1.5, 4.0),
        (lambda x: x * 1e308, 1e10, math.inf),
        (lambda x: -x, 0.0, -0.0),
        (lambda x: abs(x - 3), math.nan, math.nan),
    ):
        f = fg.jit(fun)
        f(value)
        general.clear()
        found = f(value)
        assert not general
        assert type(found) is float
        assert found == expected or math.isnan(expected)
        assert math.copysign(1, found) == math.copysign(1, expected)
    f = fg.jit(lambda x: (x > 1, x + 1 < x))
    assert [f(v) for v in (0.5, 1.5, math.nan)] == [(False, False), (True, False), (False, False)]
    assert type(f(0.5)[0]) is bool
    for fun, value, error in (
        (lambda x: 1 / x, 0.0, ZeroDivisionError),
        (lambda x: x**x, 1e300, OverflowError),
    ):
        f = fg.jit(fun)
        for _ in range(2):
            with pytest.raises(error):
                f(value)


@pytest.mark.parametrize("value", [0.1, -3.3, 1e-50, math.inf, math.nan])
def test_python_floats_are_rounded_to_float32_before_they_meet_it(value, general):
    def fun(x, s):
        return x + s, s * x - (s + 1.0), np.where(x > s, x, s), np.maximum(s, x)

    f = fg.jit(fun)
    f(F, value)
    general.clear()
    with np.errstate(all="ignore"):
        same_tree(f(F, value), fun(F, value))
    assert not general


def test_gradients(general):
    def three(x):
        return np.tanh(np.tanh(np.tanh(x)))

    f = fg.jit(fg.grad(three))
    for x in (0.3, np.float64(0.3)):
        f(x)
        general.clear()
        found = f(x)
        assert not general
        assert type(found) is np.float64
        step = 1e-6
        assert abs(found - (three(x + step) - three(x - step)) / (2 * step)) < 1e-9


def test_constants_are_as_they_were_when_the_function_was_traced(general):
    c = V.copy()
    f = fg.jit(lambda x: x * c)
    f(V)
    c[:] = 0
    same_tree(f(V), V * V)
    assert len(general) == 1


# --- what it leaves to the general way ----------------------------------------------------------


class Derived(np.ndarray):
    pass


class Odd(dict):
    pass


def misaligned(x):
    y = np.zeros(x.nbytes + 1, "B")[1:].view(x.dtype).reshape(x.shape)
    y[...] = x
    return y


OTHERS: dict[str, Any] = {
    "float32": F,
    "integers": np.arange(6).reshape(2, 3),
    "complex": X + 1j,
    "another shape": np.ones((3, 2)),
    "another rank": X[0],
    "empty": np.ones((2, 0)),
    "columns": np.ones((2, 6))[:, ::2],
    "Fortran order": np.asfortranarray(X),
    "misaligned": misaligned(X),
    "another byte order": X.astype(">f8"),
    "derived": X.view(Derived),
    "matrix": X.view(np.matrix),
    "masked": np.ma.array(X, mask=X > 0),
    "Python float": 1.5,
    "Python int": 2,
    "Python bool": True,
    "Python complex": 1j,
    "NumPy scalar": np.float64(1.5),
    "list": [X, X],
    "tuple": (X,),
    "None": None,
    "text": "text",
    "object": object(),
    "objects": np.array([None]),
    "a structure": np.zeros(3, [("a", "d")]),
    "class": np.ndarray,
}


def outcome(f, args, kwargs=None):
    """What a call returns, or the type and text of what it raises."""
    try:
        return f(*args, **(kwargs or {}))
    except Exception as error:
        return type(error), str(error)


def equal_outcomes(a, b):
    if isinstance(a, tuple) and a and isinstance(a[0], type):
        assert a == b
    else:
        same_tree(a, b)


@pytest.mark.parametrize("other", OTHERS)
def test_other_arguments(other, general, monkeypatch):
    def fun(x, y):
        return fg.tree.map(lambda a: a * 3.0, x), y + 1.0

    x = OTHERS[other]
    direct = fg.jit(fun)
    direct(X, X), direct(X, X)
    assert len(general) == 1
    for args in ((x, X), (X, x)):
        general.clear()
        found = outcome(direct, args)
        assert len(general) == 1
        assert all(a is b for a, b in zip(general[0][0], args, strict=True))
        monkeypatch.setenv("FUNCGRAD_NATIVE", "0")
        expected = outcome(fg.jit(fun), args)
        monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
        equal_outcomes(found, expected)
        same_tree(direct(X, X), fun(X, X))


TREES: dict[str, Any] = {
    "a key more": {"a": V, "b": V, "c": V},
    "a key less": {"a": V},
    "other keys": {"a": V, "c": V},
    "keys that are no text": {"a": V, 1: V},
    "a tuple": (V, V),
    "a list": [V, V],
    "a named tuple": Point(V, V),
    "an ordered dict": collections.OrderedDict(a=V, b=V),
    "a defaultdict": collections.defaultdict(list, a=V, b=V),
    "a dict of another class": Odd(a=V, b=V),
    "deeper": {"a": V, "b": (V,)},
    "None inside": {"a": V, "b": None},
    "an array": V,
    "other leaves": {"a": V, "b": "text"},
}


@pytest.mark.parametrize("other", TREES)
def test_other_structures(other, general, monkeypatch):
    def fun(t):
        return fg.tree.map(lambda a: a * 3.0, t)

    f = fg.jit(fun)
    f({"a": V, "b": V}), f({"a": V, "b": V})
    assert len(general) == 1
    found = outcome(f, (TREES[other],))
    assert len(general) == 2
    monkeypatch.setenv("FUNCGRAD_NATIVE", "0")
    equal_outcomes(found, outcome(fg.jit(fun), (TREES[other],)))


@pytest.mark.parametrize("args", [(), (X,), (X, X, X)], ids=len)
def test_another_number_of_arguments(args, general):
    f = fg.jit(lambda x, y: x + y)
    f(X, X), f(X, X)
    found, message = outcome(f, args)
    assert found is TypeError
    assert "argument" in message
    assert len(general) == 2


def test_arguments_by_name(general):
    f = fg.jit(lambda x, y=1.0: x * y)
    f(X, X), f(X, X)
    same_tree(f(X, y=X), X * X)
    same_tree(f(x=X, y=X), X * X)
    same_tree(f(X), X)
    assert len(general) == 4
    assert outcome(f, (X,), {"z": 1})[0] is TypeError


def test_traced_arguments(general):
    f = fg.jit(lambda x: np.sum(x * x))
    f(V), f(V)
    same_tree(fg.grad(f)(V), 2 * V)
    same_tree(fg.vmap(f)(np.stack([V, V])), np.array([np.sum(V * V)] * 2))
    same_tree(fg.jit(lambda x: f(x) * 2)(V), np.sum(V * V) * 2)
    same_tree(f(V), np.sum(V * V))


def test_donated_arguments_and_effects(general):
    x = np.arange(20.0)  # small arrays are not overwritten
    for given, count in ((V, 1), (x, 4)):
        donating = fg.jit(lambda x: x * 2, donate_argnums=0)
        for _ in range(3):
            same_tree(donating(given.copy()), given * 2)
        assert len(general) == count
    seen: list[Any] = []

    @fg.jit
    def loud(x):
        fg.debug.callback(lambda y: seen.append(y.copy()), x)
        return x + 1

    for _ in range(3):
        loud(V)
    assert len(seen) == 3
    fg.jit(lambda x: fg.debug.callback(lambda: seen.append(0)) or x * 2)(V)
    assert len(seen) == 4


@dataclasses.dataclass
class Layer:
    w: Any
    name: str = dataclasses.field(metadata={"static": True}, default="first")


def test_nodes_of_users_classes(general):
    f = fg.jit(lambda layer: layer.w * len(layer.name))
    for _ in range(2):
        same_tree(f(Layer(V)), V * 5)
        same_tree(f(Layer(V, "second")), V * 6)
    assert len(general) == 4


# --- what holds around a call -------------------------------------------------------------------


def test_the_context_is_looked_at(general):
    calls = []
    f = fg.jit(lambda x: calls.append(1) or np.exp(x) - 1)
    small = np.array([1e-20])
    for _ in range(2):
        same_tree(f(small), np.expm1(small))
    assert (len(general), len(calls)) == (1, 1)
    with fg.disable_jit():
        same_tree(f(small), np.zeros(1))
    assert (len(general), len(calls)) == (2, 2)
    outer = fg.jit(lambda y: y * f(small)[0], stabilize=False)
    assert outer(1.0) == 0
    general.clear()
    same_tree(f(small), np.expm1(small))
    assert not general
    with fg.no_retrace():
        f(small)
    assert not general


def test_observers_see_results(general):
    f = fg.jit(lambda x: np.log(x))
    f(V[:1]), f(V[:1])
    with fg.debug.nan_checks(), pytest.raises(fg.errors.NonFiniteError):
        f(V[1:2])


def test_named_axes(general):
    f = fg.jit(lambda x: x * 2)
    f(V), f(V)
    rows = np.stack([V, V])
    found = fg.vmap(lambda r: r + f(V) + lax.psum(r, "rows"), axis_name="rows")(rows)
    same_tree(found, rows + V * 2 + rows.sum(0))


def test_signatures_take_turns(general):
    f = fg.jit(lambda x: x * 2 + 1)
    given = [V, X, F, np.float64(2), 0.5, np.float32(3)]
    for _ in range(3):
        for x in given:
            same_tree(f(x), x * 2 + 1)
    info = f.cache_info()
    assert (info.misses, info.currsize) == (6, 6)
    assert info.hits == 12
    general.clear()
    for _ in range(5):
        f(given[-1])
    assert not general
    assert f.cache_info().hits == 17


def test_threads_start_where_nothing_holds(general):
    f = fg.jit(lambda d: d["x"] * 2)
    f({"x": X})
    results: list[Any] = [None] * 4

    def work(i):
        results[i] = [f({"x": X + i}) for _ in range(200)][-1]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i, found in enumerate(results):
        same_tree(found, (X + i) * 2)
    assert len(general) == 1


def test_arrays_in_a_dict_that_changes_meanwhile_are_kept():
    """The lock is not held while the kernel reads what only the dict refers to."""
    n = 300_000
    held = {"x": np.ones(n)}
    f = fg.jit(lambda d: np.sin(np.sin(d["x"])) * 2)
    expected = f(held)
    stop = threading.Event()

    def change():
        while not stop.is_set():
            held["x"] = np.ones(n)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(50):
            same_tree(f(held), expected)
    finally:
        stop.set()
        thread.join()


# --- what is kept, and what goes -----------------------------------------------------------------


def test_references_are_what_they_were():
    @fg.jit
    def f(p, q):
        return {
            "a": p["a"] * 2.0,
            "b": [p["b"][0] + 1.0, (q * 2.0, None)],
            "c": Point(p["b"][0], ()),
        }

    del f
    g = fg.jit(doubled)
    p: Any = {"a": X, "b": [V, (None, F)], "c": Point(V * 1, ())}
    wrong = {"a": X.T, "b": [V, (None, F)], "c": Point(V * 1, ())}
    seen = (p, p["a"], p["b"], p["b"][1], p["c"], p["c"].x, None, Point, dict, "a", X.dtype)

    def work(times):
        for _ in range(times):
            g(p, 0.5)
        for _ in range(times // 100):
            g(wrong, 0.5)

    work(1000)
    g(p, 0.5)
    gc.collect()
    before, blocks = [sys.getrefcount(x) for x in seen], sys.getallocatedblocks()
    work(20_000)
    g(p, 0.5)
    gc.collect()
    after = [sys.getrefcount(x) for x in seen]
    assert all(abs(a - b) < 20 for a, b in zip(after, before, strict=True))
    assert abs(sys.getallocatedblocks() - blocks) < 300


def test_a_jitted_function_goes_with_its_last_reference():
    class Held:
        pass

    held = Held()
    f = fg.jit(lambda x, held=held: x * 2)
    f(V), f(V)
    gone, function = weakref.ref(held), weakref.ref(f)
    del held
    gc.collect()
    gc.disable()
    try:
        del f
        assert function() is None
        assert gone() is None
    finally:
        gc.enable()


def test_what_was_called_outlives_the_function():
    f = fg.jit(lambda x, k: x * k, static_argnums=1)
    f(V, 2), f(V, 2)
    way = f.__call__
    del f
    same_tree(way(V, 2), V * 2)
    same_tree(way(X, 3), X * 3)


def twice(x):
    return x * 2


jitted_twice = fg.jit(twice)


def test_copies_and_pickles(general):
    f = jitted_twice
    f(V), f(V)
    assert copy.deepcopy(f) is copy.copy(f) is f
    again = pickle.loads(pickle.dumps(fg.jit(twice, static_argnums=())))
    for _ in range(2):
        same_tree(again(V), V * 2)


def test_methods(general):
    class Scaled:
        def __init__(self, k):
            self.k = k

        @fg.jit
        def __call__(self, x):
            return x * 2

        times = fg.jit(lambda self, x: x * self.k, static_argnums=0)

    same_tree(Scaled(3).times(V), V * 3)
    same_tree(Scaled(4).times(V), V * 4)
    assert "jit of" in repr(Scaled.times)


def test_clear_cache(general):
    f = fg.jit(lambda x: x * 2)
    f(V), f(V)
    f.clear_cache()
    f(V)
    assert len(general) == 2
    assert f.cache_info().misses == 2


def test_users_see_their_own_lines_in_tracebacks():
    @fg.jit
    def f(d):
        if d["a"].ndim == 2:
            raise KeyError("two")
        return d["a"] * 2

    f({"a": V}), f({"a": V})
    with pytest.raises(KeyError) as caught:
        f({"a": X})
    files = {frame.filename for frame in traceback.extract_tb(caught.tb)}
    assert files == {__file__}


def test_without_the_assumed_layout_calls_go_the_general_way(general, monkeypatch):
    monkeypatch.setenv("FUNCGRAD_NATIVE_ENTRY", "0")
    layout.is_as_assumed.cache_clear()
    try:
        f = fg.jit(doubled)
        for _ in range(3):
            same_tree(f({"a": X}, 0.5), doubled({"a": X}, 0.5))
        assert len(general) == 3
    finally:
        monkeypatch.delenv("FUNCGRAD_NATIVE_ENTRY")
        layout.is_as_assumed.cache_clear()
