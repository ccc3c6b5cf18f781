"""Writes docs/edges.md: what happens at the edges of arrays, found by trying it.

Run it after that has changed: python docs/edges_page.py
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  (NumPy knows its types by name then)
import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "edges.md"

X = np.arange(6.0).reshape(2, 3)
V = np.arange(4.0)
NONE = np.zeros((0, 3))
UNALIGNED = np.frombuffer(b"\0" + V.tobytes(), np.uint8)[1:].view(np.float64)

Row = tuple[str, str, Any]
"""A description, a formula of ``x``, and what x is."""

HEAD = """\
# At the edges of arrays

What a formula gives where an index is out of range, an array is empty, or its memory or type is
unusual. `docs/edges_page.py` writes this page by trying it; `tests/test_documents.py` fails where
it is not so any longer. Words in italics are errors. The column "plain" is what the formula gives
on the array itself, which for NumPy's functions is NumPy's business."""

INDICES: list[Row] = [
    ("in range, from the end", "x[-1]", V),
    ("out of range", "x[4]", V),
    ("out of range, from the start", "x[-5]", V),
    ("an array with one out of range", "x[np.array([1, 9])]", V),
    ("a slice beyond the end", "x[2:9]", V),
    ("`take`, out of range", "np.take(x, 9)", V),
    ("`take` with `mode='clip'`", "np.take(x, 9, mode='clip')", V),
    ("`take` with `mode='wrap'`", "np.take(x, 9, mode='wrap')", V),
    ("an update out of range", "fnp.at(x)[9].set(1.0)", V),
    ("an update out of range with `mode='drop'`", "fnp.at(x)[9].set(1.0, mode='drop')", V),
    ("an update out of range with `mode='clip'`", "fnp.at(x)[9].set(1.0, mode='clip')", V),
    ("`dynamic_slice` beyond the end", "fg.lax.dynamic_slice(x, (3,), (2,))", V),
]
EMPTY: list[Row] = [
    ("sum of nothing", "np.sum(x)", NONE),
    ("product of nothing", "np.prod(x)", NONE),
    ("mean of nothing", "np.mean(x)", NONE),
    ("maximum of nothing", "np.max(x)", NONE),
    ("place of the maximum of nothing", "np.argmax(x)", NONE),
    ("norm of nothing", "np.linalg.norm(x)", NONE),
    ("sum along an axis of no length", "np.sum(x, axis=0)", NONE),
    ("maximum along an axis of no length", "np.max(x, axis=0)", NONE),
    ("maximum along the other axis", "np.max(x, axis=1)", NONE),
    ("product of matrices over no terms", "x.T @ x", NONE),
    ("determinant of a 0 x 0 matrix", "np.linalg.det(x)", np.zeros((0, 0))),
    ("sorted", "np.sort(x, axis=0)", NONE),
    ("running sum", "np.cumsum(x, axis=0)", NONE),
    ("elementwise", "np.sin(x) * 2", NONE),
]
FORMS: list[Row] = [
    ("an array of no axes", "np.sin(x)", np.array(0.5)),
    ("a Python float", "2 * x", 1.5),
    ("a Python int", "2 * x", 3),
    ("a NumPy scalar", "2 * x", np.float32(1.5)),
    ("an axis that an array of no axes lacks", "np.sum(x, axis=0)", np.array(0.5)),
    ("negative strides", "x * 2", V[::-1]),
    ("Fortran order", "x * 2", np.asfortranarray(X)),
    ("not aligned", "x * 2", UNALIGNED),
    ("read-only", "x * 2", np.broadcast_to(2.0, 3)),
    ("memory of a file (`np.memmap`)", "x * 2", "memmap"),
]
TYPES: list[Row] = [
    ("`float16`", "x * 2", V.astype(np.float16)),
    ("`float16` beyond its range", "x * 2", np.array([4e4], np.float16)),
    ("`float16` in linear algebra", "np.linalg.inv(x)", np.eye(2, dtype=np.float16)),
    ("`bfloat16`", "x * 2", V.astype("bfloat16")),
    ("`bfloat16` times a Python float", "x * 1.5", V.astype("bfloat16")),
    ("`bfloat16` and `float32`", "x + np.ones(4, np.float32)", V.astype("bfloat16")),
    ("`bfloat16` and `int64`", "x + np.arange(4)", V.astype("bfloat16")),
    ("sum of many, `bfloat16`", "np.sum(x)", np.ones(1000, "bfloat16")),
    ("`bfloat16` in linear algebra", "np.linalg.inv(x)", np.eye(2).astype("bfloat16")),
    ("`float8_e4m3fn`", "x * 2", V.astype("float8_e4m3fn")),
    ("`float8_e4m3fn` beyond its range", "x * 2", np.array([400], "float8_e4m3fn")),
    ("`float8_e5m2` beyond its range", "x * 2", np.array([5e4], "float8_e5m2")),
    ("two types of eight bits", "x + np.ones(4, 'float8_e5m2')", V.astype("float8_e4m3fn")),
    ("`int4` of ml_dtypes", "x * 2", V.astype("int4")),
    ("`bool`", "np.sum(x)", V > 1),
    ("`int8`, wrapping around", "x * np.int8(2)", np.array([100], np.int8)),
    ("`uint64`", "x + np.uint64(1)", np.array([2**64 - 2], np.uint64)),
    ("`complex64`", "np.abs(x)", np.array([3 + 4j], np.complex64)),
    ("another byte order", "x * 2", V.astype(">f8" if sys.byteorder == "little" else "<f8")),
    ("`longdouble`", "x * 2", V.astype(np.longdouble)),
    ("objects", "x * 2", V.astype(object)),
    ("text", "x", np.array(["a", "b"])),
    ("dates", "x", np.array(["2000-01-01"], "M8[D]")),
    ("records", "x", np.zeros(2, [("a", float)])),
    ("masked arrays", "x * 2", np.ma.masked_array(V, V > 1)),
    ("`np.matrix`", "x * 2", "matrix"),
]
SECTIONS = {
    "Indices": INDICES,
    "Nothing": EMPTY,
    "Forms of arrays": FORMS,
    "Types": TYPES,
}

WAYS: dict[str, Callable[[Callable[[Any], Any]], Callable[[Any], Any]]] = {
    "plain": lambda f: f,
    "`grad` of the sum": lambda f: fg.grad(lambda x: np.sum(f(x))),
    "`jit`": fg.jit,
    "`vmap` of two": lambda f: lambda x: fg.vmap(f)(np.stack([x, x])),
}


def shown(x: Any) -> str:
    """A result in few words: the number, or the type and shape of an array."""
    if isinstance(x, float | int | np.generic) and not isinstance(x, np.void):
        return f"{type(x).__name__} {x:.3g}" if not isinstance(x, complex) else str(x)
    a = np.asarray(x)
    shape = " x ".join(map(str, a.shape)) or "0 axes"
    if 0 < a.size <= 4 and a.ndim == 1:
        return f"{a.dtype} {np.array2string(a, precision=3, floatmode='maxprec')}"
    return f"{a.dtype} {shape}"


def found(row: Row, way: str) -> str:
    """What a formula gives in some way: a result, or the class of its error."""
    _, formula, x = row
    scope = {"np": np, "fnp": fnp, "fg": fg}
    fun = eval(f"lambda x: {formula}", scope)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if isinstance(x, str):
            x = np.matrix([1.0, 2.0]) if x == "matrix" else memory_of_a_file()
        try:
            return shown(WAYS[way](fun)(x))
        except Exception as error:
            kind = next(k for k in type(error).__mro__ if not k.__name__.startswith("_"))
            return f"*{kind.__name__}*"


def memory_of_a_file() -> np.ndarray:
    """An array in memory that stands for a file."""
    with tempfile.TemporaryFile() as file:
        file.write(V.tobytes())
        return np.memmap(file, np.float64, "r+", shape=4)


def page() -> str:
    """The text of the page."""
    lines = [HEAD]
    for title, rows in SECTIONS.items():
        lines += ["", f"## {title}", "", f"| | formula | {' | '.join(WAYS)} |"]
        lines.append("|---" * (2 + len(WAYS)) + "|")
        for row in rows:
            cells = [found(row, way) for way in WAYS]
            lines.append(f"| {row[0]} | `{row[1]}` | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
