"""The structure of a tree as JSON: the kinds of its nodes, and the names of its tensors."""

from __future__ import annotations

import functools
import json
import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import optree

from .. import arrays, tree
from ..core.dtypes import kind_of
from ..core.tracing import Tracer
from ..typing import Array, PyTree
from .tensor_file import DTYPES, METADATA, Form, Malformed, stored_form

MAX_DEPTH = 200
"""The greatest depth of a tree: its JSON is three times as deep, and is parsed recursively."""

_MAX_DEPTH_OF_FILES = 400
"""The greatest depth in older files, for which Python's recursion limit was the only one."""

_SHORT = 2000
"""Bits up to which an integer is written in decimal, which Python refuses for long ones."""

_PLAIN = (type(None), bool, int, float, complex, str)

Path: TypeAlias = tuple[str | int, ...]
PlainValue: TypeAlias = bool | int | float | complex | str | None
Json: TypeAlias = dict[str, Any]


class Plain(NamedTuple):
    """A Python number, string or None."""

    kind: str
    value: PlainValue


class Tensor(NamedTuple):
    """An array or a NumPy scalar (kinds "array" and "scalar"), stored under a name.

    Its bytes are little-endian in a file; in memory they may be swapped.
    """

    kind: str
    name: str
    dtype: str
    swapped: bool = False


class Node(NamedTuple):
    """A container; children of a mapping, named tuple or dataclass have keys."""

    kind: str
    keys: tuple[str | int, ...] | None
    children: tuple[Entry, ...]


Entry = Plain | Tensor | Node


class Opened(NamedTuple):
    """A container of the user's, one level deep."""

    kind: str
    keys: tuple[str | int, ...] | None
    children: list[PyTree]
    make: Callable[[list[PyTree]], PyTree]


def where(path: Path) -> str:
    """A path in words: a/0/w. Keys that would be misread are quoted."""
    return "/".join(_shown(k) for k in path) or "the top"


def _shown(key: object) -> str:
    text = str(key)
    return text if text.isprintable() and text and "/" not in text else repr(key)


def opened(x: PyTree) -> Opened | None:
    """The children of a container, None for what is a leaf."""
    if x is None or type(x) in (str, bool, int, float, complex, np.ndarray):
        return None
    if type(x) is dict:
        keys = tuple(x)
        return Opened("dict", keys, list(x.values()), lambda c: dict(zip(keys, c, strict=True)))
    children, spec = tree.flatten(x, is_leaf=lambda y: y is not x)
    if len(children) == 1 and children[0] is x:
        return None
    named = type(x) not in (list, tuple)
    kind = f"{type(x).__module__}:{type(x).__qualname__}" if named else type(x).__name__
    return Opened(kind, _keys(x) if named else None, children, lambda c: tree.unflatten(spec, c))


def _keys(x: PyTree) -> tuple[str | int, ...] | None:
    """The names of the children of a mapping, a named tuple or a dataclass, None for others."""
    children, _, entries, *_ = optree.tree_flatten_one_level(x, namespace=tree.NAMESPACE)
    fields = getattr(x, "_fields", None)
    if isinstance(x, tuple) and isinstance(fields, tuple) and len(fields) == len(children):
        return fields
    if isinstance(x, dict) or (entries and all(type(e) is str for e in entries)):
        return tuple(entries)
    return None


def leaf_of(x: Any, path: Path, argument: str) -> Plain | Tensor:
    """The entry of a leaf, its tensor without a name; what has no place in a file is refused."""
    if type(x) in _PLAIN:
        return Plain(type(x).__name__, x)
    if isinstance(x, Tracer) or not arrays.is_array(x):
        raise TypeError(f"{argument}: the leaf at {where(path)} is {_why_no_array(x)}")
    if type(x) is not np.ndarray:
        _check_class(x, path, argument)
    name, swapped = _dtype(x.dtype)
    if name not in DTYPES:
        raise TypeError(
            f"{argument}: the leaf at {where(path)} has dtype {x.dtype}, which has no place in a "
            "safetensors file"
        )
    return Tensor("scalar" if isinstance(x, np.generic) else "array", "", name, swapped)


def _why_no_array(x: object) -> str:
    if isinstance(x, Tracer):
        return "traced by a transformation; call this outside of it"
    shown = f"{x!r:.200} of type {type(x).__name__}"
    for plain in _PLAIN[1:]:
        if isinstance(x, plain):
            name = plain.__name__
            return f"{shown}; it would come back as {name}; convert it with {name}(...)"
    return f"{shown}; arrays, numbers, booleans, strings and None can be saved"


def _check_class(x: Array, path: Path, argument: str) -> None:
    """Refuse arrays and scalars of classes that do not come back, and may not behave as arrays."""
    of_gpus = getattr(arrays.loaded_cupy(), "ndarray", np.ndarray)
    if type(x) in (np.memmap, of_gpus, np.dtype(x.dtype).type):
        return
    at = f"{argument}: the leaf at {where(path)}"
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{at} is a masked array; take its data and its mask, as two leaves, or fill it"
        )
    raise TypeError(
        f"{at} is a {type(x).__name__}, of which an array would come back; convert it with "
        "np.asarray"
    )


@functools.lru_cache(256)
def _dtype(dtype: np.dtype) -> tuple[str, bool]:
    """The name of a dtype, and whether its bytes are swapped."""
    if kind_of(dtype) not in "biufc":
        return str(dtype), False
    return dtype.newbyteorder("=").name, not dtype.isnative


class Description:
    """A tree that is to be saved: its entries as JSON, its arrays and their forms by name."""

    def __init__(self, value: PyTree, argument: str) -> None:
        self._argument = argument
        self.arrays: dict[str, Any] = {}
        self.forms: dict[str, Form] = {}
        try:
            self.text: str = json.dumps({"version": 1, "tree": self._describe(value, ())})
        except RecursionError:
            raise self._too_deep() from None

    def _too_deep(self) -> ValueError:
        return ValueError(
            f"{self._argument} is nested more than {MAX_DEPTH} deep, or more than Python's "
            "recursion limit leaves, or contains itself; keep it flatter"
        )

    def _describe(self, x: PyTree, path: Path) -> Json:
        node = opened(x)
        if node is None:
            return self._describe_leaf(x, path)
        if len(path) == MAX_DEPTH:
            raise self._too_deep()
        for key in node.keys or ():
            if type(key) not in (str, int) or (type(key) is int and key.bit_length() > _SHORT):
                raise TypeError(
                    f"{self._argument}: the {node.kind} at {where(path)} has the key "
                    f"{_brief(key)}; keys must be strings or integers of up to {_SHORT} bits"
                )
        keys = node.keys if node.keys is not None else range(len(node.children))
        items = []
        for key, child in zip(keys, node.children, strict=True):
            items.append(self._describe(child, (*path, key)))
        if node.kind == "dict":
            return {"kind": "dict", "items": list(zip(keys, items, strict=True))}
        found = {"kind": node.kind, "items": items}
        return found if node.keys is None else found | {"keys": list(keys)}

    def _describe_leaf(self, x: Any, path: Path) -> Json:
        leaf = leaf_of(x, path, self._argument)
        if isinstance(leaf, Plain):
            return _plain_to_json(leaf)
        name = self._free_name(path)
        self.arrays[name], self.forms[name] = x, stored_form(leaf.dtype, x.shape)
        found: Json = {"kind": leaf.kind, "name": name, "dtype": leaf.dtype}
        return found | {"swapped": True} if leaf.swapped else found

    def _free_name(self, path: Path) -> str:
        """The path with slashes; a name that is taken, or a word of the format, gets a number."""
        joined = "/".join(str(k) for k in path) or "value"
        joined = joined.encode("utf-8", "backslashreplace").decode()
        name, number = joined, 1
        while name in self.arrays or name == METADATA:
            number += 1
            name = f"{joined}#{number}"
        return name


def _brief(key: object) -> str:
    return f"of {key.bit_length()} bits" if type(key) is int else f"{key!r:.80}"


def _plain_to_json(leaf: Plain) -> Json:
    kind, x = leaf
    if isinstance(x, float):
        return {"kind": kind, "value": x.hex(), **_nan_bits(x)}
    if isinstance(x, complex):
        parts = x.real, x.imag
        bits = _nan_bits(x.real, x.imag)
        return {"kind": kind, "value": [p.hex() for p in parts], **bits}
    if type(x) is int and x.bit_length() > _SHORT:
        return {"kind": kind, "hex": hex(x)}
    return {"kind": kind, "value": x}


def _nan_bits(*numbers: float) -> dict[str, str]:
    """The bits of numbers with a NaN among them, of which ``float.hex`` keeps the name only."""
    if not any(math.isnan(x) for x in numbers):
        return {}
    return {"bits": struct.pack(f">{len(numbers)}d", *numbers).hex()}


def parse(raw: object, depth: int = 0) -> Entry:
    """The entry that JSON stands for; raises Malformed for anything that was not written here."""
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(kind, str):
        raise Malformed(f"its description has {raw!r:.80} where an entry should be")
    if depth > _MAX_DEPTH_OF_FILES:
        raise Malformed("its tree is nested too deeply")
    if "items" in raw:
        return _parse_node(kind, raw, depth)
    if kind in ("array", "scalar"):
        name, dtype = raw.get("name"), raw.get("dtype")
        if not isinstance(name, str) or not isinstance(dtype, str) or dtype not in DTYPES:
            raise Malformed(f"its description has the {kind} {name!r:.80} of {dtype!r:.80}")
        return Tensor(kind, name, dtype, raw.get("swapped") is True)
    try:
        return Plain(kind, _plain_from_json(kind, raw))
    except (ValueError, TypeError, KeyError, struct.error, OverflowError):
        raise Malformed(f"its description has a {kind!r:.80} that is none") from None


def _parse_node(kind: str, raw: Json, depth: int) -> Node:
    items, keys = raw["items"], raw.get("keys")
    if kind == "dict":
        if not isinstance(items, list) or not all(type(i) is list and len(i) == 2 for i in items):
            raise Malformed("its description has a dict without pairs")
        keys, items = [k for k, _ in items], [v for _, v in items]
    if not isinstance(items, list):
        raise Malformed(f"its description has a {kind!r:.80} without a list of items")
    if keys is not None and (
        not isinstance(keys, list)
        or not all(type(k) in (str, int) for k in keys)
        or not len(set(keys)) == len(keys) == len(items)
    ):
        raise Malformed(f"its description has a {kind!r:.80} with wrong keys")
    children = []
    for item in items:
        children.append(parse(item, depth + 1))
    return Node(kind, None if keys is None else tuple(keys), tuple(children))


def _plain_from_json(kind: str, raw: Json) -> PlainValue:
    if kind in ("float", "complex") and "bits" in raw:
        numbers = struct.unpack(">d" if kind == "float" else ">2d", bytes.fromhex(raw["bits"]))
        return numbers[0] if kind == "float" else complex(*numbers)
    if kind == "int" and "hex" in raw:
        return int(raw["hex"], 16)
    value = raw["value"]
    if kind == "float":
        return float.fromhex(value)
    if kind == "complex":
        real, imaginary = value
        return complex(float.fromhex(real), float.fromhex(imaginary))
    wanted = {"NoneType": type(None), "bool": bool, "int": int, "str": str}.get(kind)
    # Kinds of other names were written for subclasses of str and int, which are refused now.
    if type(value) is not wanted and (wanted is not None or type(value) not in (int, str)):
        raise ValueError(kind)
    return value


def tensors_in(entry: Entry) -> list[Tensor]:
    """The tensors of an entry and of what is below it."""
    found: list[Tensor] = []
    stack = [entry]
    while stack:
        top = stack.pop()
        if isinstance(top, Node):
            stack.extend(top.children)
        elif isinstance(top, Tensor):
            found.append(top)
    return found
