"""Calls of kernels: what the kernel runs on, and that all else goes to the slow way unchanged."""

import ctypes
import gc
import math
import os
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="kernels are compiled by llvmlite")

from funcgrad.compiler.native import calling, entry, layout, llvm
from funcgrad.compiler.native.builder import Builder
from funcgrad.compiler.native.entry import Signature, Spec
from funcgrad.compiler.native.kinds import BOOL, DOUBLE, FLOAT, INT32, INT64, KINDS


def kernel_text(signature):
    """Output j is the sum of inputs plus j; one without axes, of the inputs' first numbers."""
    b = Builder(1)
    b.start("entry")
    specs = (*signature.ins, *signature.outs)
    at = [b.scalar(f"getelementptr ptr, ptr %p, i64 {i}") for i in range(len(specs))]
    at = [b.scalar(f"load ptr, ptr {a}") for a in at]
    for j, out in enumerate(signature.outs):
        with b.loop("0", str(math.prod(out.shape)), 1) as i:
            total = b.constant(j, out.kind)
            for a, spec in zip(at, signature.ins, strict=False):
                x = b.load(b.pointer(a, i if spec.shape else "0", spec.kind), spec.kind)
                x = b.cast(x, out.kind)
                total = x ^ total if out.kind is BOOL else x + total
            b.store(total, b.pointer(at[len(signature.ins) + j], i, out.kind))
    b.emit("ret i32 0")
    head = "define i32 @kernel(ptr %p) nounwind {"
    return "\n".join([*b.declared.values(), head, *b.lines, "}", ""])


def expected(signature, arrays):
    """The same by NumPy."""
    found = []
    for j, out in enumerate(signature.outs):
        total = np.full(out.shape, j, out.kind.dtype)
        for x, spec in zip(arrays, signature.ins, strict=True):
            x = np.asarray(x).astype(out.kind.dtype)
            x = x.ravel()[0] if spec.shape and not out.shape else x
            total = total ^ x if out.kind is BOOL else total + x
        found.append(total)
    return found


def slow(*arrays):
    return "slow", arrays


def compiled(signature, text=None):
    return llvm.Library(llvm.object_code(text or kernel_text(signature)), ("kernel",))


@pytest.fixture(params=["native", "portable"])
def way(request, monkeypatch, native_entry):
    if request.param == "portable":
        monkeypatch.setenv("FUNCGRAD_NATIVE_ENTRY", "0")
    layout.is_as_assumed.cache_clear()
    assert layout.is_as_assumed() == (request.param == "native")
    yield request.param
    layout.is_as_assumed.cache_clear()


@pytest.fixture
def bind(way):
    def bind(signature, slow=slow, text=None):
        library = compiled(signature, text)
        f = entry.bound(library.addresses["kernel"], signature, slow, None, library)
        assert isinstance(f, type(len)) == (way == "native")
        return f

    return bind


def ones(*specs):
    return tuple(Spec(shape, kind) for shape, kind in specs)


def check(f, signature, arrays):
    found = f(*arrays)
    assert type(found) is tuple
    assert len(found) == len(signature.outs)
    for y, e, spec in zip(found, expected(signature, arrays), signature.outs, strict=True):
        assert type(y) is (np.ndarray if spec.shape else spec.kind.dtype.type)
        assert y.dtype is spec.kind.dtype
        assert y.shape == spec.shape
        np.testing.assert_array_equal(y, e)
        if spec.shape:
            assert y.flags.c_contiguous
            assert y.flags.writeable
            assert y.flags.owndata
            assert not any(np.shares_memory(y, x) for x in arrays)


# --- what the kernel runs on --------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_as_array_and_scalar(kind, bind):
    signature = Signature(ones(((2, 3), kind), ((), kind)), ones(((2, 3), kind), ((), kind)))
    f = bind(signature)
    x = np.array([[1, 0, 1], [0, 1, 1]], kind.dtype)
    for scalar in (kind.dtype.type(1), np.array(1, kind.dtype)):
        check(f, signature, (x, scalar))


@pytest.mark.parametrize("shape", [(), (1,), (7,), (0,), (2, 0, 3), (2, 1, 3, 1, 2), (1,) * 9])
def test_every_rank(shape, bind):
    signature = Signature(ones((shape, DOUBLE), (shape, INT32)), ones((shape, FLOAT)))
    x = np.arange(math.prod(shape), dtype="d").reshape(shape)
    check(bind(signature), signature, (x, x.astype("i")))


def test_many_arguments_and_outputs(bind):
    shapes = [(3,), (), (3,), (3,), (), (3,), (3,), (3,), ()]
    signature = Signature(ones(*[(s, DOUBLE) for s in shapes]), ones(*[(s, FLOAT) for s in shapes]))
    arrays = [np.full(s, i + 1.0) for i, s in enumerate(shapes)]
    check(bind(signature), signature, arrays)


def test_nothing_in_nothing_out(bind):
    assert bind(Signature((), ()))() == ()
    signature = Signature((), ones(((2,), DOUBLE)))
    check(bind(signature), signature, ())
    assert bind(Signature(ones(((2,), DOUBLE)), ()))(np.zeros(2)) == ()


def test_readonly_arrays_are_read(bind):
    signature = Signature(ones(((3,), DOUBLE)), ones(((3,), DOUBLE)))
    x = np.arange(3.0)
    x.flags.writeable = False
    check(bind(signature), signature, (x,))
    check(bind(signature), signature, (np.frombuffer(bytes(24)),))


def test_strides_of_axes_of_one_do_not_matter(bind):
    signature = Signature(ones(((1, 3), DOUBLE)), ones(((1, 3), DOUBLE)))
    check(bind(signature), signature, (np.arange(12.0).reshape(4, 3)[::2][1:],))


NUMBERS: dict[str, list] = {
    "d": [0.0, -2.5, math.inf, 1e300],
    "l": [0, -1, 2**63 - 1, -(2**63), 10**12],
    "?": [True, False],
}


@pytest.mark.parametrize("char", NUMBERS)
def test_numbers_of_python(char, bind):
    kind = KINDS[char]
    signature = Signature((Spec((), kind, is_python=True),), (Spec((), kind),))
    f = bind(signature)
    for x in NUMBERS[char]:  # type: ignore[attr-defined]
        (y,) = f(x)
        assert type(y) is kind.dtype.type
        assert y == x
    others = [1.5, 1, True, np.float64(1.5), np.int64(1), np.True_, 2**63, -(2**63) - 1, 10**40]
    others += [np.array(1.0), np.array(1), np.array(True), "1", None, 1j]
    for x in others:
        if type(x) is not entry.PYTHONS[char] or x in others[6:9]:
            assert f(x) == ("slow", (x,))


@pytest.mark.parametrize("char", NUMBERS)
def test_numbers_of_python_are_made(char, bind):
    kind = KINDS[char]
    f = bind(Signature((Spec((), kind, True),), (Spec((), kind, True), Spec((), kind))))
    for x in NUMBERS[char]:
        y, _ = f(x)
        assert type(y) is entry.PYTHONS[char]
        assert y == x


def test_nan_of_python_and_numpy(bind):
    for is_python in (True, False):
        signature = Signature((Spec((), DOUBLE, is_python),), (Spec((), DOUBLE),))
        assert np.isnan(bind(signature)(float("nan") if is_python else np.float64("nan"))[0])


def test_numbers_that_python_does_not_have_are_refused():
    for spec in (Spec((), FLOAT, is_python=True), Spec((3,), DOUBLE, is_python=True)):
        with pytest.raises(TypeError, match="input 0 is a Python number, but has kind"):
            entry.bound(0, Signature((spec,), ()), slow, slow)
        with pytest.raises(TypeError, match="output 0 is a Python number, but has kind"):
            entry.bound(0, Signature((), (spec,)), slow, slow)


# --- what goes to the slow way ------------------------------------------------------------------


def misaligned(x):
    y = np.zeros(x.nbytes + 1, "B")[1:].view(x.dtype).reshape(x.shape)
    y[...] = x
    return y


class Derived(np.ndarray):
    pass


X = np.arange(6.0).reshape(2, 3)
OTHERS = {
    "float32": X.astype("f"),
    "int64": X.astype("l"),
    "the same bits": X.view("l"),
    "complex": X.astype("D"),
    "object": X.astype("O"),
    "dates": X.astype("M8[s]"),
    "byte order": X.astype(">f8"),
    "dtype with metadata": X.astype(np.dtype("d", metadata={"a": 1})),
    "longdouble": X.astype("g"),
    "fields": np.zeros((2, 3), [("a", "d")]),
    "transposed shape": X.reshape(3, 2),
    "one more": np.zeros((2, 4)),
    "rank 1": X.ravel(),
    "rank 3": X[None],
    "rank 0": np.array(1.0),
    "empty": np.zeros((2, 0)),
    "fortran": np.asfortranarray(X),
    "columns": np.zeros((2, 6))[:, ::2],
    "rows": np.zeros((4, 3))[::2],
    "backwards": X[::-1],
    "broadcast": np.broadcast_to(1.0, (2, 3)),
    "misaligned": misaligned(X),
    "matrix": X.view(np.matrix),
    "derived": X.view(Derived),
    "masked": np.ma.array(X),
    "list": X.tolist(),
    "none": None,
    "float": 1.0,
    "scalar": np.float64(1),
    "type": np.ndarray,
}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("other", OTHERS)
def test_other_arrays_go_the_slow_way_as_they_are(other, place, bind):
    signature = Signature(ones(((2, 3), DOUBLE), ((2, 3), DOUBLE)), ones(((2, 3), DOUBLE)))
    f = bind(signature)
    check(f, signature, (X, X))
    arrays = (X, OTHERS[other]) if place else (OTHERS[other], X)
    said, given = f(*arrays)
    assert said == "slow"
    assert all(a is b for a, b in zip(given, arrays, strict=True))


@pytest.mark.parametrize(
    "x",
    [
        *(1.0, 1, True, np.float32(1), np.int64(1), np.array(1.0, "f"), np.array([1.0]), None),
        *(np.array(1.0, ">f8"), misaligned(np.array(1.0)), np.longdouble(1), np.complex128(1)),
    ],
    ids=repr,
)
def test_other_numbers_go_the_slow_way(x, bind):
    f = bind(Signature(ones(((), DOUBLE)), ones(((), DOUBLE))))
    said, (given,) = f(x)
    assert said == "slow"
    assert given is x


@pytest.mark.parametrize("count", [0, 1, 3, 9])
def test_another_number_of_arguments_goes_the_slow_way(count, bind):
    f = bind(Signature(ones(((2, 3), DOUBLE), ((2, 3), DOUBLE)), ones(((2, 3), DOUBLE))))
    said, given = f(*[X] * count)
    assert said == "slow"
    assert len(given) == count


def test_arguments_have_no_names(bind):
    f = bind(Signature(ones(((2, 3), DOUBLE)), ones(((2, 3), DOUBLE))))
    with pytest.raises(TypeError, match="keyword argument"):
        f(x=X)
    with pytest.raises(TypeError, match="keyword argument"):
        f(X, x=X)


def test_errors_of_the_slow_way_are_seen(bind):
    def fail(*arrays):
        raise KeyError(len(arrays))

    f = bind(Signature(ones(((2, 3), DOUBLE)), ones(((2, 3), DOUBLE))), fail)
    for _ in range(3):
        with pytest.raises(KeyError, match="2"):
            f(X, X)


# --- references --------------------------------------------------------------------------------


def counts(*objects):
    gc.collect()
    return [sys.getrefcount(x) for x in objects]


def held(outs):
    """Counts of references of a tuple, and of what is in it."""
    return [sys.getrefcount(outs), *[sys.getrefcount(y) for y in outs]]


def test_references_are_what_they_were(bind, way):
    text = Signature(
        (*ones(((2, 3), DOUBLE), ((), FLOAT)), Spec((), DOUBLE, True), Spec((), INT64, True)),
        ones(((2, 3), FLOAT), ((), DOUBLE), ((2,), INT32), ((), BOOL)),
    )
    x, y = np.ones((2, 3)), np.float32(1)
    number, whole = 2.5, 10**12
    f = bind(text)
    seen = (x, y, number, whole, slow, *[k.dtype for k in KINDS.values()], np.ndarray, np.True_, f)
    wrong = X.T

    def work(times):
        for _ in range(times):
            f(x, y, number, whole)
            f(wrong, y, number, whole)

    work(10)
    before, blocks = counts(*seen, wrong), sys.getallocatedblocks()
    work(50_000 if way == "native" else 2_000)
    assert counts(*seen, wrong) == before
    assert abs(sys.getallocatedblocks() - blocks) < 300
    outs = f(x, y, number, whole)
    plain = tuple([np.ones((2, 3)), np.float64(1), np.ones(2), np.True_])
    assert held(outs)[:4] == held(plain)[:4]
    assert gc.is_tracked(outs)


def test_outputs_that_were_made_are_released_when_a_later_one_cannot_be(bind):
    too_big = (2**59,)
    for outs in (
        ones((too_big, DOUBLE)),
        ones(((2, 3), DOUBLE), (too_big, DOUBLE), ((), FLOAT)),
        ones(((2, 3), DOUBLE), ((), DOUBLE), ((4,), FLOAT), (too_big, FLOAT)),
    ):
        f = bind(Signature(ones(((2, 3), DOUBLE)), outs))
        x = np.ones((2, 3))
        seen = (x, DOUBLE.dtype, FLOAT.dtype)

        def work(f=f, x=x):
            for _ in range(200):
                with pytest.raises(MemoryError):
                    f(x)

        work()
        before, blocks = counts(*seen), sys.getallocatedblocks()
        work()
        assert counts(*seen) == before
        assert abs(sys.getallocatedblocks() - blocks) < 150


def test_what_a_callable_keeps_goes_with_it(bind):
    class Slow:
        def __call__(self, *arrays):
            return arrays

    one = Slow()
    f = bind(Signature(ones(((2, 3), DOUBLE)), ones(((2, 3), DOUBLE))), one)
    gone = weakref.ref(one)
    del one
    assert f(1) == (1,)
    del f
    gc.collect()
    assert gone() is None


def test_a_callable_that_its_slow_way_refers_to_is_collected(bind):
    class Slow:
        f: Any = None

        def __call__(self, *arrays):
            return arrays

    one = Slow()
    one.f = bind(Signature(ones(((2, 3), DOUBLE)), ones(((2, 3), DOUBLE))), one)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


# --- threads and processes ----------------------------------------------------------------------


def test_eight_threads_at_once(bind):
    signature = Signature(
        ones(((200,), DOUBLE), ((), DOUBLE)), ones(((200,), DOUBLE), ((), DOUBLE)), release_above=10
    )
    assert signature.releases
    f = bind(signature)
    wrong, ready = [], threading.Barrier(8)

    def work(number):
        x = np.arange(200.0) + number
        ready.wait()
        for i in range(300):
            y, z = f(x, np.float64(i))
            if not (np.array_equal(y, x + i) and z == x[0] + i + 1):
                wrong.append((number, i))
            if f(x)[0] != "slow":
                wrong.append((number, "slow"))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


WAITING = """
define i32 @kernel(ptr %p) nounwind {
entry:
  %flag = load ptr, ptr %p
  %q = getelementptr ptr, ptr %p, i64 1
  %out = load ptr, ptr %q
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %j, %again ]
  %j = add i64 %i, 1
  %seen = load volatile double, ptr %flag
  %found = fcmp one double %seen, 0.0
  %late = icmp sgt i64 %j, STEPS
  %done = or i1 %found, %late
  br i1 %done, label %end, label %again
end:
  store double %seen, ptr %out
  ret i32 0
}
"""


@pytest.mark.parametrize("released", [True, False])
def test_other_threads_run_while_a_large_kernel_does(released, bind):
    """The kernel waits for a number that another thread writes, and gives up in the end."""
    steps = 20_000_000_000 if released else 50_000_000
    signature = Signature(ones(((3,), DOUBLE)), ones(((1,), DOUBLE)), 2 if released else 3)
    assert signature.releases is released
    f = bind(signature, text=WAITING.replace("STEPS", str(steps)))
    flag, started = np.zeros(3), threading.Event()

    def write():
        started.wait()
        flag[:] = 7

    thread = threading.Thread(target=write)
    thread.start()
    switching = sys.getswitchinterval()
    sys.setswitchinterval(10)  # the lock goes to others only where it is released
    try:
        started.set()
        (seen,) = f(flag)
    finally:
        sys.setswitchinterval(switching)
    thread.join()
    assert seen == (7 if released else 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_calls_it(bind):
    signature = Signature(ones(((2, 3), DOUBLE)), ones(((2, 3), DOUBLE), ((), FLOAT)))
    f = bind(signature)
    check(f, signature, (X,))
    child = os.fork()
    if child == 0:
        try:
            check(f, signature, (X,))
            os._exit(0 if f(1)[0] == "slow" else 3)
        finally:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --- the layout --------------------------------------------------------------------------------


@pytest.fixture
def asking_again(native_entry):
    for f in (layout.is_as_assumed, layout.context):
        f.cache_clear()
    yield
    for f in (layout.is_as_assumed, layout.context):
        f.cache_clear()


@pytest.mark.parametrize("by", [-8, 8])
@pytest.mark.parametrize("field", layout.FIELDS)
def test_a_field_elsewhere_is_noticed(field, by, asking_again, monkeypatch):
    assert layout.is_as_assumed()
    layout.is_as_assumed.cache_clear()
    layout.context.cache_clear()
    monkeypatch.setitem(layout.FIELDS, field, layout.FIELDS[field] + by)
    assert not layout.is_as_assumed()


@pytest.mark.parametrize("name", ["TUPLE", "BYTES", "_NUMPYS_ABI", "_NUMPYS_TYPE"])
def test_other_layouts_are_noticed(name, asking_again, monkeypatch):
    monkeypatch.setattr(layout, name, getattr(layout, name) + 1)
    assert not layout.is_as_assumed()


@pytest.mark.parametrize("what", ["implementation", "lock", "switched off"])
def test_other_interpreters_go_the_portable_way(what, asking_again, monkeypatch):
    if what == "implementation":
        monkeypatch.setattr(sys, "implementation", type("Other", (), {"name": "pypy"}))
    elif what == "lock":
        monkeypatch.setattr(layout.sysconfig, "get_config_var", lambda name: 1)
    else:
        monkeypatch.setenv("FUNCGRAD_NATIVE_ENTRY", "0")
    assert not layout.is_as_assumed()


def test_the_text_has_no_addresses():
    """Object code must be the same in every process."""
    text = calling.text()
    known = [
        id(np.ndarray),
        id(DOUBLE.dtype),
        ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value,
    ]
    assert not any(str(address) in text for address in known)
    numbers = [int(word) for word in text.replace(",", " ").split() if word.isdecimal()]
    assert max(numbers) < 1000
