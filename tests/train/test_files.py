"""Pytrees come back from files with the same bits, under any keys, and other programs read them."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import hashlib
import json
import math
import os
import struct
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import funcgrad as fg
from funcgrad.errors import FileError

numpy_files = pytest.importorskip("safetensors.numpy")

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Model:
    w: Any
    name: str = dataclasses.field(metadata={"static": True})


class Registered:
    def __init__(self, *parts: Any) -> None:
        self.parts = parts


fg.tree.register_node(Registered, lambda r: (r.parts, None), lambda _, parts: Registered(*parts))


class Color(enum.IntEnum):
    RED = 1


class Array(np.ndarray):
    pass


def bits(x: Any) -> Any:
    """What must not change of a leaf."""
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.str, x.shape, x.tobytes()
    if isinstance(x, float | complex):
        return struct.pack("2d", x.real, x.imag)
    return x


def little_endian(tree: Any) -> list[bytes]:
    """The bytes of the arrays of a tree, as they are in files."""
    if isinstance(tree, np.ndarray | np.generic):
        return [tree.astype(tree.dtype.newbyteorder("<")).tobytes()]
    inner = tree.values() if isinstance(tree, dict) else tree
    return [b for x in inner for b in little_endian(x)] if isinstance(
        tree, dict | list | tuple
    ) else []  # fmt: skip


def assert_same(a: Any, b: Any) -> None:
    """Equal in structure, types, the order of keys, and bits; written without fg.tree."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert [(type(k), k) for k in a] == [(type(k), k) for k in b]
        a, b = list(a.values()), list(b.values())
    elif dataclasses.is_dataclass(a):
        a, b = list(vars(a).values()), list(vars(b).values())
    elif isinstance(a, Registered):
        a, b = a.parts, b.parts
    if isinstance(a, list | tuple | collections.deque):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert bits(a) == bits(b)


DTYPES = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()
COMPLEX = ["complex64", "complex128"]


@pytest.mark.parametrize("dtype", [*DTYPES, *COMPLEX])
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3, 1)])
def test_arrays_of_every_dtype(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) * 100).astype(dtype)
    if dtype.startswith("complex"):
        x = np.asarray(x * (1 - 2j), dtype)
    tree = {"array": np.asarray(x), "scalar": np.dtype(dtype).type(1), "f": np.array(x, order="F")}
    fg.save(tmp_path / "a", tree)
    back = fg.load(tmp_path / "a")
    assert_same(back, tree)
    assert back["array"].flags.writeable


@st.composite
def arrays(draw: Any) -> Any:
    """Arrays of any bits, byte order and layout, and NumPy scalars."""
    dtype = np.dtype(draw(st.sampled_from([*DTYPES, *COMPLEX])))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    size = math.prod(shape) * dtype.itemsize
    data = draw(st.binary(min_size=size, max_size=size))
    if dtype.kind == "b":
        data = bytes(b & 1 for b in data)
    x = np.frombuffer(data, dtype).reshape(shape)
    if draw(st.booleans()):
        x = x.view(dtype.newbyteorder())
    view = draw(st.sampled_from(["as it is", "transposed", "reversed", "every other", "one"]))
    if view == "transposed":
        return x.T
    if view == "reversed":
        return x[(slice(None, None, -1),) * x.ndim]
    if view == "every other":
        return x[..., ::2] if x.ndim else x
    return x.reshape(-1)[0] if view == "one" and x.size else x


any_float = st.integers(0, 2**64 - 1).map(lambda n: struct.unpack("d", n.to_bytes(8, "little"))[0])
odd_keys = ["", "/", "a", "a/b", "b", ".", "..", "\0", "__metadata__", "__metadata__#2", "value",
            "\ud800", "\\ud800", "#2", "a#2", "0", "é", "key\n", "kind", "items"]  # fmt: skip
keys = st.one_of(
    st.sampled_from(odd_keys),
    st.text(st.characters(exclude_categories=()), max_size=3),
    st.integers(),
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**700), 10**700), st.floats(),
    any_float, st.builds(complex, any_float, st.floats()),
    st.text(st.characters(exclude_categories=()), max_size=3), arrays(), arrays(),
)  # fmt: skip
NEEDS_LIKE = (Point, Model, Registered, collections.deque, collections.defaultdict)
plain_trees = st.recursive(
    leaves,
    lambda t: st.one_of(
        st.lists(t, max_size=3), st.tuples(t, t), st.dictionaries(keys, t, max_size=4),
        st.dictionaries(keys, t, max_size=3).map(collections.OrderedDict),
    ),
    max_leaves=10,
)  # fmt: skip
all_trees = st.recursive(
    leaves,
    lambda t: st.one_of(
        st.lists(t, max_size=3), st.dictionaries(keys, t, max_size=4), st.builds(Point, t, t),
        st.builds(Model, t, st.just("name")), st.lists(t, max_size=2).map(lambda x: Registered(*x)),
        st.lists(t, max_size=2).map(lambda x: collections.deque(x, 5)),
        st.dictionaries(st.text(max_size=2), t, max_size=3).map(
            lambda d: collections.defaultdict(int, d)
        ),
    ),
    max_leaves=10,
)  # fmt: skip


def holds(tree: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(tree, kinds):
        return True
    inner = list(tree.values()) if isinstance(tree, dict) else tree
    return isinstance(inner, list) and any(holds(x, kinds) for x in inner)


@settings(max_examples=examples(250), deadline=None)
@given(tree=plain_trees)
def test_any_tree_comes_back(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any-tree"
    fg.save(path, tree)
    assert_same(fg.load(path), tree)
    assert_same(fg.load(path, like=tree), tree)
    found = numpy_files.load_file(path)  # the judge of what a safetensors file is
    assert sorted(x.tobytes() for x in found.values()) == sorted(little_endian(tree))


@settings(max_examples=examples(100), deadline=None)
@given(tree=all_trees)
def test_any_tree_with_classes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, tree: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-class"
    fg.save(path, tree)
    back = fg.load(path, like=tree)
    # A defaultdict's keys are sorted wherever there are pytrees.
    if not holds(tree, (collections.defaultdict,)):
        assert_same(back, tree)
    assert fg.tree.structure(back) == fg.tree.structure(tree)
    for a, b in zip(fg.tree.leaves(back), fg.tree.leaves(tree), strict=True):
        assert_same(a, b)
    if holds(tree, NEEDS_LIKE):
        with pytest.raises(FileError, match="only with like="):
            fg.load(path)


def test_paths_that_join_to_one_name(tmp_path: Path) -> None:
    """Every leaf has a name of its own in the file, and the joined path where it is free."""
    one, two, three, four = (np.full(2, x) for x in (1.0, 2.0, 3.0, 4.0))
    tree = {"a/b": one, "a": {"b": two}, "a/b#2": three, "__metadata__": four}
    fg.save(tmp_path / "t", tree)
    assert_same(fg.load(tmp_path / "t"), tree)
    found = numpy_files.load_file(tmp_path / "t")
    assert {k: v[0] for k, v in found.items()} == {
        "a/b": 1, "a/b#2": 2, "a/b#2#2": 3, "__metadata__#2": 4
    }  # fmt: skip


def test_classes_come_back_with_like(tmp_path: Path) -> None:
    tree = {"p": Point(np.ones(2), 3), "m": Model(np.zeros(3), "name"), "o": None}
    fg.save(tmp_path / "t", tree)
    like = {"p": Point(np.zeros(2), 0), "m": Model(np.ones(3), "other"), "o": None}
    back = fg.load(tmp_path / "t", like)
    assert back["p"].y == 3
    assert back["m"].name == "other"  # static fields are structure
    np.testing.assert_array_equal(back["m"].w, 0)
    with pytest.raises(FileError, match=r"Point at p, which load makes only with like="):
        fg.load(tmp_path / "t")


def test_children_with_names_come_back_by_name(tmp_path: Path) -> None:
    """A mapping or class whose order has changed since does not get its values mixed up."""
    fg.save(tmp_path / "t", [collections.OrderedDict(a=1, b=2), Point(3, 4)])
    other = collections.namedtuple("Point", "y x")  # type: ignore[name-match]
    other.__module__ = Point.__module__
    first, second = fg.load(tmp_path / "t", [collections.OrderedDict(b=0, a=0), other(0, 0)])
    assert list(first.items()) == [("b", 2), ("a", 1)]
    assert (second.x, second.y) == (3, 4)
    with pytest.raises(FileError, match=r"at 0 has the keys \['a', 'b'\]; like has \['a', 'c'\]"):
        fg.load(tmp_path / "t", [collections.OrderedDict(a=0, c=0), Point(0, 0)])


def test_states_of_optimizers_need_no_like(tmp_path: Path) -> None:
    params = {"w": np.ones((2, 3), np.float32), "b": np.zeros(3)}
    optimizer = fg.optim.chain(fg.optim.clip_by_global_norm(1.0), fg.optim.adamw(1e-3))
    state = optimizer.update(params, optimizer.init(params), params)[1]
    fg.save(tmp_path / "s", state)
    assert_same(fg.load(tmp_path / "s"), state)


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ({"a": [np.ones(2), 1.0]}, r"at the top has the keys \['a', 'b'\]; like has \['a'\]"),
        ({"a": [np.ones(2)], "b": (1,)}, r"list at a has 2 elements; like has 1"),
        ({"a": (np.ones(2), 1.0), "b": (1,)}, "at a there is a list; like has a tuple"),
        ({"a": [np.ones(3), 1.0], "b": (1,)}, r"at a/0 is float64\[2\]; like has float64\[3\]"),
        ({"a": [np.ones(2, "f4"), 1.0], "b": (1,)}, r"like has float32\[2\]"),
        ({"a": [np.ones(2), 1], "b": (1,)}, "at a/1 there is a float; like has a int"),
        ({"a": [[np.ones(2)], 1.0], "b": (1,)}, "at a/0 there is a array; like has a list"),
        ({"a": [None, 1.0], "b": (1,)}, "at a/0 there is a array; like has a NoneType"),
        ({"a": 1, "b": (1,)}, "at a there is a list; like has a int"),
    ],
)  # fmt: skip
def test_another_structure_is_refused(tmp_path: Path, like: Any, message: str) -> None:
    fg.save(tmp_path / "t", {"a": [np.ones(2), 1.0], "b": (1,)})
    with pytest.raises(FileError, match=message):
        fg.load(tmp_path / "t", like)


def itself() -> Any:
    tree: list[Any] = [1]
    tree.append({"again": tree})
    return tree


def nested(depth: int) -> Any:
    tree: Any = np.ones(1)
    for i in range(depth):
        tree = [tree] if i % 2 else {"a": tree}
    return tree


REFUSED = [
    ({"a": [np.array(["x"])]}, TypeError, "leaf at a/0 has dtype <U1"),
    ({"a": object()}, TypeError, "leaf at a is <object"),
    ({(1, 2): 3}, TypeError, r"dict at the top has the key \(1, 2\)"),
    ({"b": {True: 3}}, TypeError, "dict at b has the key True"),
    ({None: 3}, TypeError, "has the key None"),
    ({"b": {10**700: 3}}, TypeError, "has the key of 2326 bits"),
    (collections.OrderedDict({2.0: 1}), TypeError, r"OrderedDict at the top has the key 2\.0"),
    ({"a": np.array([None])}, TypeError, "leaf at a has dtype object"),
    ({"a": np.zeros(2, "i4,f4")}, TypeError, "leaf at a has dtype"),
    ({"a": np.zeros(2, "i4,f4")[0]}, TypeError, "leaf at a has dtype"),
    ({"a": np.zeros(2, "M8[s]")}, TypeError, "leaf at a has dtype datetime64"),
    ({"a": np.zeros(2, np.longdouble)}, TypeError, "leaf at a has dtype"),
    ({"a": np.array(["x"], np.dtypes.StringDType())}, TypeError, "leaf at a has dtype StringD"),
    ({"a": np.array([b"x"])}, TypeError, "leaf at a has dtype"),
    ({"a": np.str_("x")}, TypeError, "leaf at a "),
    ({"": {"/": [object()]}}, TypeError, "leaf at ''/'/'/0 is"),
    ({"\ud800": object()}, TypeError, r"leaf at '\\ud800' is"),
    ({"m": np.ma.masked_array([1.0, 2.0], [True, False])}, TypeError, "leaf at m is a masked"),
    ({"m": np.ma.masked}, TypeError, "leaf at m is a masked"),
    ({"m": np.ones((2, 2)).view(np.matrix)}, TypeError, r"leaf at m is a matrix.*np\.asarray"),
    ({"m": np.ones(2).view(np.recarray)}, TypeError, "leaf at m is a recarray"),
    ({"m": np.array([b"x"]).view(np.char.chararray)}, TypeError, "leaf at m is a chararray"),
    ({"m": np.ones(2).view(Array)}, TypeError, "leaf at m is a Array"),
    ({"m": type("Number", (np.float64,), {})(1.0)}, TypeError, "leaf at m is a Number"),
    ({"c": Color.RED}, TypeError, r"leaf at c is <Color.* as int; convert it with int"),
    ({"c": collections.UserDict()}, TypeError, "leaf at c is .* of type UserDict"),
    ({"c": type("Text", (str,), {})("x")}, TypeError, "leaf at c is 'x' of type Text"),
    ({"c": {1, 2}}, TypeError, "leaf at c is {1, 2}"),
    (itself(), ValueError, "nested more than 200 deep.*contains itself"),
    (nested(201), ValueError, "value is nested more than 200 deep"),
    (nested(20_000), ValueError, "value is nested more than 200 deep"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize(("tree", "kind", "message"), REFUSED)
def test_what_cannot_be_saved_changes_no_file(
    tmp_path: Path, tree: Any, kind: type[Exception], message: str
) -> None:
    fg.save(tmp_path / "t", 1)
    with pytest.raises(kind, match=message) as found:
        fg.save(tmp_path / "t", tree)
    str(found.value).encode()
    assert type(found.value) is kind
    assert fg.load(tmp_path / "t") == 1
    assert os.listdir(tmp_path) == ["t"]


def test_a_tree_as_deep_as_is_accepted_comes_back(tmp_path: Path) -> None:
    fg.save(tmp_path / "t", nested(200))
    assert_same(fg.load(tmp_path / "t"), nested(200))
    assert_same(fg.load(tmp_path / "t", nested(200)), nested(200))


def test_arrays_in_files_are_saved_as_arrays(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "raw", np.float32, "w+", shape=(2, 3))
    mapped[:] = np.arange(6.0).reshape(2, 3)
    fg.save(tmp_path / "t", [mapped, mapped[:, 1]])
    assert_same(fg.load(tmp_path / "t"), [np.array(mapped), np.array(mapped[:, 1])])


class OnDevice:
    """An array of a stand-in for CuPy: it has what saving and loading may use."""

    def __init__(self, host: Any, number: int) -> None:
        self._host, self.device = host, types.SimpleNamespace(id=number)
        self.data = types.SimpleNamespace(device_id=number)
        self.dtype, self.shape = host.dtype, host.shape

    def get(self) -> Any:
        return self._host.copy()


def test_arrays_of_devices_come_back_where_like_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current: list[int] = [0]

    @contextlib.contextmanager
    def device(number: int) -> Any:
        current.append(number)
        yield
        current.pop()

    cupy = types.ModuleType("cupy")
    cupy.__dict__.update(
        ndarray=OnDevice, cuda=types.SimpleNamespace(
            Device=device,
            runtime=types.SimpleNamespace(getDevice=lambda: current[-1], getDeviceCount=lambda: 8),
        ),
        array=lambda x: OnDevice(np.array(x), current[-1]),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    x = np.arange(6.0).reshape(2, 3).T
    fg.save(tmp_path / "t", {"x": OnDevice(x, 1), "y": np.float32(2), "z": 1})
    assert_same(fg.load(tmp_path / "t"), {"x": np.array(x), "y": np.float32(2), "z": 1})
    like = {"x": OnDevice(0 * x, 1), "y": OnDevice(np.zeros((), np.float32), 2), "z": 0}
    back = fg.load(tmp_path / "t", like)
    assert [back[k].device.id for k in "xy"] == [1, 2]
    assert_same(back["x"].get(), np.array(x))
    assert back["y"].get() == 2
    with pytest.raises(TypeError, match="leaf at x is a Sub"):
        fg.save(tmp_path / "t", {"x": type("Sub", (OnDevice,), {})(x, 1)})


def test_booleans_of_other_bytes_come_back_true(tmp_path: Path) -> None:
    odd = np.array([0, 1, 2, 255], np.uint8).view(bool)
    fg.save(tmp_path / "t", odd)
    assert fg.load(tmp_path / "t").tolist() == [False, True, True, True]


def test_traced_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="save: value: the leaf at w is traced"):
        fg.grad(lambda x: fg.save(tmp_path / "t", {"w": x}) or x)(1.0)
    fg.save(tmp_path / "t", {"w": np.ones(1)})
    with pytest.raises(TypeError, match="load: like: the leaf at w is traced"):
        fg.jit(lambda x: fg.load(tmp_path / "t", {"w": x}))(np.ones(1))
    with pytest.raises(TypeError, match="load: like: the leaf at w is a masked array"):
        fg.load(tmp_path / "t", {"w": np.ma.masked_array([1.0])})


class NoPath:
    def __fspath__(self) -> int:
        return 3


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        *[(p, TypeError, f"path must be a str.* of type {type(p).__name__}")
          for p in (3, None, 1.5, {"w": 1}, ["a"], np.ones(2), NoPath(), True)],
        ("", ValueError, "path must name a file"),
        ("a\0b", ValueError, "path must name a file"),
        (b"a\0b", ValueError, "path must name a file"),
    ],
)  # fmt: skip
def test_wrong_paths_are_named(path: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"save: {message}"):
        fg.save(path, 1)
    with pytest.raises(kind, match=f"load: {message}"):
        fg.load(path)


def test_files_of_other_programs(tmp_path: Path) -> None:
    fg.save(tmp_path / "t", {"layer": [{"w": np.ones((2, 3))}], "z": np.arange(2) * 1j, "n": 1})
    found = numpy_files.load_file(tmp_path / "t")
    np.testing.assert_array_equal(found["layer/0/w"], np.ones((2, 3)))
    np.testing.assert_array_equal(found["z"], [[0, 0], [0, 1]])
    numpy_files.save_file({"w": np.ones(3)}, tmp_path / "other")
    with pytest.raises(FileError, match=r"not a whole file that funcgrad\.save wrote"):
        fg.load(tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        fg.load(tmp_path / "missing")


def write_as_before(path: Path, tree: Any, tensors: dict[str, Any]) -> None:
    """A file as the first writer made it, with the safetensors library."""
    text = json.dumps({"version": 1, "tree": tree})
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype.str} {tensors[name].shape}".encode())
        digest.update(tensors[name].tobytes())
    metadata = {"funcgrad": text, "sha256": digest.hexdigest()}
    path.write_bytes(numpy_files.save(tensors, metadata))


def test_old_files_are_read(tmp_path: Path) -> None:
    def array(name: str, dtype: str, kind: str = "array") -> Any:
        return {"kind": kind, "name": name, "dtype": dtype}

    scalar, nan = array("a/1", "float64", "scalar"), {"kind": "float", "value": "nan"}
    entries = {
        "kind": "dict",
        "items": [
            ["b", array("b", "bool")],
            ["a", {"kind": "list", "items": [array("a/0", "complex64"), scalar]}],
            ["s", {"kind": "funcgrad.optim.transformation:EmptyState", "items": []}],
            ["p", {"kind": f"{__name__}:Point", "items": [nan, {"kind": "int", "value": 7}]}],
            ["o", {"kind": "collections:OrderedDict", "items": [{"kind": "str", "value": "x"}]}],
            [3, {"kind": "NoneType", "value": None}],
            ["c", {"kind": "complex", "value": ["0x1.8p+0", "-inf"]}],
        ],
    }  # fmt: skip
    z = np.array([[1 + 2j], [3j]], np.complex64)
    tensors = {
        "b": np.array([True, False]), "a/0": z.view(np.float32).reshape(2, 1, 2),
        "a/1": np.array(0.1),
    }  # fmt: skip
    write_as_before(tmp_path / "old", entries, tensors)
    tree = {
        "b": np.array([True, False]), "a": [z, np.float64(0.1)],
        "s": fg.optim.EmptyState(), "p": Point(float("nan"), 7),
        "o": collections.OrderedDict(k="x"), 3: None, "c": complex(1.5, -math.inf),
    }  # fmt: skip
    assert_same(fg.load(tmp_path / "old", tree), tree)


def test_no_other_package_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    fg.save(tmp_path / "t", {"w": np.ones(2)})
    assert fg.load(tmp_path / "t")["w"].tolist() == [1, 1]


def test_more_than_programs_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fg.save(tmp_path / "t", 1)
    monkeypatch.setattr(fg.train.files.tensor_file, "MAX_HEADER", 2000)
    with pytest.raises(ValueError, match=r"save: value has 100 arrays, .* programs read 2000"):
        fg.save(tmp_path / "t", [np.ones(1)] * 100)
    assert fg.load(tmp_path / "t") == 1
