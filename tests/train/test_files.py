"""Pytrees come back from files with the same bits, and damaged files give one clear error."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
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

pytest.importorskip("safetensors")

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Model:
    w: Any
    name: str = dataclasses.field(metadata={"static": True})


def assert_same(a: Any, b: Any) -> None:
    assert fg.tree.structure(a) == fg.tree.structure(b)
    for x, y in zip(fg.tree.leaves(a), fg.tree.leaves(b), strict=True):
        assert type(x) is type(y)
        if isinstance(x, np.ndarray | np.generic):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            assert x.tobytes() == y.tobytes()
        elif x != x:
            assert y != y
        else:
            assert x == y


DTYPES = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()


@pytest.mark.parametrize("dtype", [*DTYPES, "complex64", "complex128"])
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


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3),
    st.complex_numbers(allow_nan=False),
    hnp.arrays(
        st.sampled_from([np.dtype(d) for d in ("f4", "f8", "i8", "c8", "?")]),
        hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
    ),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda t: st.one_of(
        st.lists(t, max_size=3), st.tuples(t, t), st.dictionaries(st.integers(), t, max_size=3),
        st.dictionaries(st.text(max_size=3).filter(lambda k: "/" not in k and k), t, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(tree=trees)
def test_any_tree_comes_back(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.mktemp("trees") / "t"
    fg.save(path, tree)
    assert_same(fg.load(path), tree)
    assert_same(fg.load(path, like=tree), tree)


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
    ],
)  # fmt: skip
def test_another_structure_is_refused(tmp_path: Path, like: Any, message: str) -> None:
    fg.save(tmp_path / "t", {"a": [np.ones(2), 1.0], "b": (1,)})
    with pytest.raises(FileError, match=message):
        fg.load(tmp_path / "t", like)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": [np.array(["x"])]}, "leaf at a/0 has dtype <U1"),
        ({"a": object()}, "leaf at a is <object"),
        ({(1, 2): 3}, "key"),
        ({"a": np.array([None])}, "leaf at a has dtype object"),
        ({"a/b": np.ones(1), "a": {"b": np.ones(1)}}, "two leaves have the path a/b"),
    ],
)
def test_what_cannot_be_saved_changes_no_file(tmp_path: Path, tree: Any, message: str) -> None:
    fg.save(tmp_path / "t", 1)
    with pytest.raises(TypeError, match=message):
        fg.save(tmp_path / "t", tree)
    assert fg.load(tmp_path / "t") == 1
    assert os.listdir(tmp_path) == ["t"]


def test_traced_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="leaf at w is traced"):
        fg.grad(lambda x: fg.save(tmp_path / "t", {"w": x}) or x)(1.0)


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    fg.save(path, {"a": np.arange(6.0), "b": [1, 2.5]})
    data = path.read_bytes()
    for n in range(len(data)):
        path.write_bytes(data[:n])
        with pytest.raises(FileError, match=f"{n} bytes"):
            fg.load(path)


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    tree = {"a": np.arange(3.0), "b": [1, 2.5]}
    fg.save(path, tree)
    data = path.read_bytes()
    for i in range(len(data)):
        changed = bytearray(data)
        changed[i] ^= 1
        path.write_bytes(changed)
        try:
            back = fg.load(path)
        except FileError:
            continue
        # A space of the header's padding may differ; the contents may not.
        assert_same(back, tree)
        assert data[i : i + 1] == b" "


def test_files_of_other_programs(tmp_path: Path) -> None:
    numpy_files = pytest.importorskip("safetensors.numpy")
    fg.save(tmp_path / "t", {"layer": [{"w": np.ones((2, 3))}]})
    found = numpy_files.load_file(tmp_path / "t")
    np.testing.assert_array_equal(found["layer/0/w"], np.ones((2, 3)))
    numpy_files.save_file({"w": np.ones(3)}, tmp_path / "other")
    with pytest.raises(FileError, match=r"not a whole file that funcgrad\.save wrote"):
        fg.load(tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        fg.load(tmp_path / "missing")


def test_names_in_a_file_import_nothing(tmp_path: Path) -> None:
    """A file may name any class; only named tuples of funcgrad are made."""
    from funcgrad.train import files

    for name in ("os:system", "subprocess:Popen", "funcgrad.train.files:save"):
        text = {"kind": name, "items": [{"kind": "str", "value": "echo"}]}
        with pytest.raises(FileError, match="only with like="):
            files.Stored("f", json.loads(json.dumps(text)), {}).restore()


def test_a_failing_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    fg.save(path, 1)

    def no_space(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        fg.save(path, 2)
    monkeypatch.undo()
    assert fg.load(path) == 1
    assert os.listdir(tmp_path) == ["t"]
