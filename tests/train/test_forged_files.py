"""Whatever a file holds, loading gives a tree or a FileError, and costs no more than the file."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import examples

import funcgrad as fg
from funcgrad import optim, train
from funcgrad.errors import FileError

numpy_files = pytest.importorskip("safetensors.numpy")

TREE: Any = {
    "a": [np.arange(6.0).reshape(2, 3), np.float32(2.5), 3, 2.5, 1j, True, None, "text"],
    "b": (np.array([True, False]), {1: np.arange(3, dtype=np.int8), "z": np.ones(2) * 1j}),
    "s": optim.EmptyState(),
    "big": 10**800,
    "n": float("-nan"),
    "o": np.arange(2, dtype=">i4"),
}


@dataclasses.dataclass
class Parts:
    """A file taken apart: its header, the description of its tree, and its data."""

    header: Any
    tree: Any
    data: bytes

    @staticmethod
    def of(data: bytes) -> Parts:
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:end])
        return Parts(header, json.loads(header["__metadata__"]["funcgrad"]), data[end:])

    def joined(self) -> bytes:
        """A file with a right checksum, as far as there can be one."""
        header = copy.deepcopy(self.header)
        text = json.dumps(self.tree)
        digest = hashlib.sha256(text.encode())
        kinds = {"BOOL": "|b1", "I8": "|i1", "U8": "|u1"}
        for name in sorted(set(header) - {"__metadata__"}):
            try:
                code, (begin, end) = header[name]["dtype"], header[name]["data_offsets"]
                dtype = kinds.get(code) or f"<{code[0].lower()}{int(code[1:]) // 8}"
                shape = tuple(header[name]["shape"])
                digest.update(f"{name} {dtype} {shape}".encode())
                digest.update(self.data[begin:end])
            except (TypeError, ValueError, KeyError, IndexError, AttributeError):
                continue
        if isinstance(header.get("__metadata__"), dict):
            header["__metadata__"] |= {"funcgrad": text, "sha256": digest.hexdigest()}
        encoded = json.dumps(header).encode()
        return len(encoded).to_bytes(8, "little") + encoded + self.data


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    fg.save(tmp_path / "whole", TREE)
    return (tmp_path / "whole").read_bytes()


def outcome(path: Path, data: bytes, like: Any = None) -> Any:
    """What loading gives: a tree, or a FileError; anything else fails the test."""
    path.unlink(missing_ok=True)  # writing over it would wait for the disk
    path.write_bytes(data)
    try:
        return fg.load(path) if like is None else fg.load(path, like)
    except FileError as error:
        found = error
    assert str(path) in str(found)
    return found


SAFE = (dict, list, tuple, type(None), bool, int, float, complex, str, np.ndarray, np.generic)


def check_safe(tree: Any) -> None:
    assert isinstance(tree, SAFE)
    module = type(tree).__module__
    assert module in ("builtins", "numpy", "collections") or (
        module.startswith("funcgrad.") and hasattr(tree, "_fields")
    )
    children = tree.values() if isinstance(tree, dict) else tree
    if isinstance(tree, dict | list | tuple):
        for child in children:
            check_safe(child)


def test_the_tool_of_these_tests_makes_whole_files(tmp_path: Path, whole: bytes) -> None:
    back = outcome(tmp_path / "t", Parts.of(whole).joined())
    assert not isinstance(back, FileError), back
    assert list(back) == list(TREE)


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    fg.save(path, {"a": np.arange(6.0), "b": [1, 2.5]})
    data = path.read_bytes()
    for n in range(len(data)):
        assert f"({n} bytes)" in str(outcome(path, data[:n]))


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    tree = {"a": np.arange(3.0), "b": [1, 2.5]}
    fg.save(path, tree)
    data = path.read_bytes()
    for i in range(len(data)):
        for bit in (1, 32, 128):
            changed = bytearray(data)
            changed[i] ^= bit
            back = outcome(path, bytes(changed))
            if isinstance(back, FileError):
                continue
            # A space of the header's padding may differ; the contents may not.
            assert data[i : i + 1] == b" "
            assert back["a"].tolist() == [0, 1, 2]
            assert back["b"] == [1, 2.5]


def test_bytes_changed_at_random(tmp_path: Path, whole: bytes) -> None:
    rng, noticed = random.Random(0), 0
    count = examples(2000)
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 1, 2, 5])):
            i, j = sorted(rng.randrange(len(data)) for _ in range(2))
            change = rng.randrange(5)
            if change == 0:
                data[i] = rng.randrange(256)
            elif change == 1:
                del data[i:j]
            elif change == 2:
                data[i:i] = data[j : j + 20]
            elif change == 3:
                data[i:i] = rng.randbytes(3)
            else:
                data[:8] = rng.choice([rng.randbytes(8), bytes([i % 256, i // 256, *6 * [0]])])
            data = data or bytearray(1)
        noticed += isinstance(outcome(tmp_path / "t", bytes(data)), FileError)
    assert noticed > 0.95 * count


def places(x: Any) -> list[tuple[Any, Any]]:
    """Everywhere in a JSON value where something can be replaced."""
    found = []
    inner = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for key, value in list(inner):
        found.append((x, key))
        found += places(value)
    return found


def odd_value(rng: random.Random, old: Any) -> Any:
    if isinstance(old, int) and rng.random() < 0.5:
        return old + rng.choice([-1, 1, 8, -8, 2**31, 2**63, 2**64, -(2**63)])
    return rng.choice([
        None, True, False, 0, -1, 1, 2, 1.5, 1e308, 10**30, 10**700, "", "x", "\ud800", "\0", [],
        {}, [[]], [1, 2], [[1, 2]], [["a", {}]], {"kind": "dict"}, "a/0", "list", "tuple", "dict",
        "array", "scalar", "float", "complex", "int", "str", "bool", "NoneType", "object",
        "float64", "complex128", "bool", "F64", "BOOL", "I64", "BF16", "F8_E4M3", "C64",
        "os:system", ":", "builtins:exec", "funcgrad.optim:EmptyState",
        "funcgrad.train.fitting:Training",
        "collections:OrderedDict", "nan", "0x1p99999", "-0x", "7ff8", [-1], [2**62, 4], [0, 2**62],
        [0, 0], [8, 0], {"kind": "array", "name": "a/0", "dtype": "float64"},
        {"kind": "int", "value": True}, {"kind": "int", "hex": "zz"},
    ])  # fmt: skip


def mutate(rng: random.Random, root: Any) -> None:
    where = rng.choice(places(root))
    box, key = where
    change = rng.randrange(6)
    if change == 0 and isinstance(box, dict):
        del box[key]
    elif change == 0:
        box.pop(key)
    elif change == 1 and isinstance(box, list):
        box.append(copy.deepcopy(box[key]))
    elif change == 1:
        box[rng.choice(["x", "keys", "bits", "hex", "swapped", "items", "value"])] = odd_value(
            rng, None
        )
    elif change == 2:
        other, index = rng.choice(places(root))
        box[key] = copy.deepcopy(other[index])
    else:
        box[key] = odd_value(rng, box[key])


@pytest.mark.parametrize("part", ["header", "tree"])
@pytest.mark.parametrize("with_like", [False, True])
def test_forged_structures_with_a_right_checksum(
    tmp_path: Path, whole: bytes, part: str, with_like: bool
) -> None:
    rng = random.Random(part)
    refused = 0
    count = examples(1500)
    before = set(sys.modules)
    for _ in range(count):
        parts = Parts.of(whole)
        for _ in range(rng.choice([1, 1, 1, 3])):
            mutate(rng, getattr(parts, part))
        back = outcome(tmp_path / "t", parts.joined(), TREE if with_like else None)
        if isinstance(back, FileError):
            refused += 1
        else:
            check_safe(back)
    assert count > refused > 0.3 * count
    assert set(sys.modules) == before


def named(kind: str, *items: Any, **more: Any) -> Any:
    return {"kind": kind, "items": list(items), **more}


ONE = {"kind": "int", "value": 1}


def array(name: str, dtype: str = "float64", kind: str = "array") -> Any:
    return {"kind": kind, "name": name, "dtype": dtype}


def deep(n: int) -> Any:
    tree: Any = ONE
    for _ in range(n):
        tree = named("list", tree)
    return tree


def forged(tree: Any, data: bytes = b"", **tensors: Any) -> bytes:
    header = {"__metadata__": {}} | {
        name: {"dtype": code, "shape": shape, "data_offsets": place}
        for name, (code, shape, place) in tensors.items()
    }
    return Parts(header, {"version": 1, "tree": tree}, data).joined()


def raw(header: bytes, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + data


E8 = bytes(8)
FORGED = {
    "empty": b"",
    "length only": E8,
    "header of nothing": raw(b""),
    "no object": raw(b"[]"),
    "no metadata": raw(b"{}"),
    "length beyond the end": (2**40).to_bytes(8, "little") + b"{}",
    "greatest length": b"\xff" * 8 + b"{}",
    "UTF-16": raw('{"__metadata__": {}}'.encode("utf-16")),
    "not UTF-8": raw(b'{"__metadata__": {"funcgrad": "\xff"}}'),
    "deep header": raw(b'{"__metadata__":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "deep unclosed header": raw(b'{"a":' * 100_000),
    "long number": raw(b'{"a":' + b"1" * 5000 + b"}"),
    "NaN": raw(b'{"a": NaN}'),
    "duplicate keys": raw(b'{"__metadata__": {}, "__metadata__": {}}'),
    "text no string": raw(b'{"__metadata__": {"funcgrad": 3, "sha256": "00"}}'),
    "text not Unicode": raw(b'{"__metadata__": {"funcgrad": "\\ud800", "sha256": "00"}}'),
    "name not Unicode": raw(
        b'{"\\ud800": {"dtype":"F64","shape":[],"data_offsets":[0,8]},'
        b'"__metadata__": {"funcgrad": "{}", "sha256": ""}}', E8),
    "deep tree": forged(deep(450)),
    "very deep tree": raw(json.dumps({"__metadata__": {
        "funcgrad": '{"version":1,"tree":' + '{"kind":"list","items":[' * 50_000, "sha256": ""
    }}).encode()),
    "two names for one tensor": forged(
        named("list", *[array("a")] * 1000), E8, a=("F64", [], [0, 8])),
    "unused tensor": forged(ONE, E8, a=("F64", [], [0, 8])),
    "missing tensor": forged(array("a")),
    "overlapping": forged(named("list", array("a"), array("b")), bytes(12),
                          a=("F64", [], [0, 8]), b=("F64", [], [4, 12])),
    "same place": forged(named("list", array("a"), array("b")), E8,
                         a=("F64", [], [0, 8]), b=("F64", [], [0, 8])),
    "gap": forged(named("list", array("a"), array("b")), bytes(24),
                  a=("F64", [], [0, 8]), b=("F64", [], [16, 24])),
    "data after the end": forged(array("a"), bytes(9), a=("F64", [], [0, 8])),
    "outside": forged(array("a"), E8, a=("F64", [2**40], [0, 2**43])),
    "backwards": forged(array("a"), E8, a=("F64", [], [8, 0])),
    "negative": forged(array("a"), E8, a=("F64", [-1, -1], [0, 8])),
    "negative place": forged(array("a"), E8, a=("F64", [], [-8, 0])),
    "shape of bool": forged(array("a"), E8, a=("F64", [True], [0, 8])),
    "shape of float": forged(array("a"), E8, a=("F64", [1.0], [0, 8])),
    "huge empty shape": forged(array("a"), b"", a=("F64", [0, 2**62], [0, 0])),
    "overflowing empty shape": forged(array("a"), b"", a=("F64", [0, 2**70], [0, 0])),
    "many dimensions": forged(array("a"), E8, a=("F64", [1] * 100, [0, 8])),
    "65 dimensions": forged(array("a"), E8, a=("F64", [1] * 65, [0, 8])),
    "complex of one number": forged(array("a", "complex128"), E8, a=("F64", [1], [0, 8])),
    "complex of no axis": forged(array("a", "complex128"), E8, a=("F64", [], [0, 8])),
    "dtype of another size": forged(array("a", "float32"), E8, a=("F64", [], [0, 8])),
    "object dtype": forged(array("a", "O"), E8, a=("F64", [], [0, 8])),
    "dtype of NumPy": forged(array("a", "<f8"), E8, a=("F64", [], [0, 8])),
    "unknown code": forged(array("a"), E8, a=("F128", [], [0, 8])),
    "code that cannot be a key": forged(array("a"), E8, a=([], [], [0, 8])),
    "scalar with an axis": forged(array("a", kind="scalar"), E8, a=("F64", [1], [0, 8])),
    "no boolean": forged(array("a", "bool"), b"\2", a=("BOOL", [], [0, 1])),
    "version": Parts({"__metadata__": {}}, {"version": 2, "tree": ONE}, b"").joined(),
    "tree is a list": Parts({"__metadata__": {}}, [], b"").joined(),
    "no tree": Parts({"__metadata__": {}}, {"version": 1}, b"").joined(),
    "same key twice": forged({"kind": "dict", "items": [["a", ONE], ["a", ONE]]}),
    "key that is a list": forged({"kind": "dict", "items": [[["a"], ONE]]}),
    "key that is true": forged({"kind": "dict", "items": [[True, ONE]]}),
    "items of three": forged({"kind": "dict", "items": [["a", ONE, ONE]]}),
    "infinity": forged({"kind": "float", "value": "0x1p+99999"}),
    "int that is a float": forged({"kind": "int", "value": 1.5}),
    "int that is true": forged({"kind": "int", "value": True}),
    "none that is something": forged({"kind": "NoneType", "value": 1}),
    "bits of a wrong length": forged({"kind": "float", "value": "nan", "bits": "00"}),
    "too many fields": forged(named("funcgrad.optim.transformation:EmptyState", ONE)),
    "too few fields": forged(named("funcgrad.train.fitting:Training", ONE)),
    "other fields": forged(named("funcgrad.optim.momentum:TraceState", ONE, keys=["x"])),
    **{f"names {kind}": forged(named(kind, {"kind": "str", "value": "echo"})) for kind in (
        "os:system", "subprocess:Popen", "builtins:exec", "funcgrad.train.files:save",
        "funcgrad:grad",
        "funcgrad.tree:Partial", "funcgrad.train.history:History", "funcgrad.missing:X", ":", "x",
        "funcgrad.testing.__main__:X", "funcgrad.optim.transformation:EmptyState.__new__",
        "collections:OrderedDict", "collections:deque", "funcgrad.core.tracing:Tracer",
        "funcgrad.train.entries:np", "pathlib:Path",
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_forged_files_raise_one_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t"
    for like in (None, TREE, np.ones(3)):
        assert isinstance(outcome(path, FORGED[name], like), FileError)
    with pytest.raises(FileError):
        train.fit(
            lambda p, b: np.sum((p - b) ** 2), np.ones(2), optim.sgd(0.1), [np.ones(2)],
            checkpoint=path, progress=False,
        )  # fmt: skip


def test_the_library_refuses_what_is_no_safetensors_file(tmp_path: Path) -> None:
    """The judge agrees where a file breaks the format and not only what funcgrad puts into it."""
    for name in ("overlapping", "same place", "gap", "data after the end", "outside", "backwards",
                 "negative", "unknown code", "no object", "length beyond the end"):  # fmt: skip
        with pytest.raises(Exception, match=r"(?i)header|offset|metadata|deserial|invalid|range"):
            numpy_files.load(FORGED[name])


def test_deep_files_do_not_overflow_the_stack(tmp_path: Path) -> None:
    """Where a program has lifted Python's limit, parsing without one of our own would crash."""
    (tmp_path / "t").write_bytes(FORGED["deep header"])
    (tmp_path / "u").write_bytes(raw(b'{"a":' * 5_000_000))
    code = """
import sys, funcgrad as fg
sys.setrecursionlimit(10**9)
for path in sys.argv[1:]:
    try:
        fg.load(path)
    except fg.errors.FileError as error:
        print(error)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(fg.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "t", tmp_path / "u"], env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.count("nested") == 2


def test_names_in_a_file_import_nothing(tmp_path: Path) -> None:
    """A module that a file names is not imported, not even one of funcgrad."""
    kinds = ["this:s", "antigravity:x", "funcgrad.testing.__main__:X", "funcgrad.pytest_plugin:X"]
    for i, kind in enumerate(kinds):
        (tmp_path / str(i)).write_bytes(forged(named(kind, ONE)))
    code = """
import sys, funcgrad as fg
fg.load
before = set(sys.modules)
for path in sys.argv[1:]:
    try:
        fg.load(path)
    except fg.errors.FileError:
        print("refused")
for name in ("this", "antigravity", "funcgrad.testing.__main__", "funcgrad.pytest_plugin"):
    assert name not in sys.modules, name
"""
    environment = os.environ | {"PYTHONPATH": str(Path(fg.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, *(str(tmp_path / str(i)) for i in range(len(kinds)))],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["refused"] * len(kinds)


@pytest.mark.parametrize(
    "start",
    [b"", b"\1", b"{}      {}", (3 << 30).to_bytes(8, "little") + b"{",
     (1 << 20).to_bytes(8, "little") + b"{", raw(b'{"__metadata__": {}}'), b"junk" * 1000],
)  # fmt: skip
def test_huge_junk_is_not_read(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(start)
    os.truncate(path, 3 << 30)  # takes no room on the disk
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=f"{3 << 30} bytes"):
            fg.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a limit of Linux")
def test_a_tensor_beyond_the_memory_is_a_file_error(tmp_path: Path) -> None:
    """The file has the size that its header says; nearly all of it is a hole."""
    size = 8 << 30
    data = forged(array("a"), a=("F64", [size // 8], [0, size]))
    (tmp_path / "t").write_bytes(data)
    os.truncate(tmp_path / "t", len(data) + size)
    code = """
import resource, sys, funcgrad as fg
fg.load
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, resource.RLIM_INFINITY))
try:
    fg.load(sys.argv[1])
except fg.errors.FileError as error:
    print(error)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(fg.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "t"], env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert "'a' cannot be held in memory" in done.stdout


def test_a_file_that_shrinks_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, empty = tmp_path / "t", np.empty
    fg.save(path, [np.ones(1000), np.ones(1000)])

    def shrinking(*arguments: Any) -> Any:
        os.truncate(path, 12_000)
        return empty(*arguments)

    monkeypatch.setattr(np, "empty", shrinking)
    with pytest.raises(FileError, match="became shorter"):
        fg.load(path)
