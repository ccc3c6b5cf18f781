"""Drawn pytrees: from descriptions, like an example, and from annotations of functions."""

import dataclasses
import re
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from shrinking import smallest

import funcgrad as fg
from funcgrad.testing import strategies as fst

some = settings(max_examples=examples(25), deadline=None)


@some
@given(
    fst.from_spec(
        {
            "w": "n m",
            "b": fst.spec("m", dtype="float32", domain="positive"),
            "more": ["*batch n", fst.spec("*batch", dtype=complex), "n+m 2*n"],
            "free": "_ ... 3",
            "broadcast": "#n m",
            "struct": fg.ShapeDtypeStruct((2,), "float32"),
            "power": 3,
            "mode": st.just("mean"),
        }
    )
)
def test_named_dimensions_agree(tree):
    n, m = tree["w"].shape
    assert tree["b"].shape == (m,)
    assert tree["b"].dtype == np.float32
    assert np.all(tree["b"] > 0)
    first, second, third = tree["more"]
    assert (*second.shape, n) == first.shape
    assert second.dtype == complex
    assert third.shape == (n + m, 2 * n)
    assert tree["free"].shape[-1] == 3
    assert tree["broadcast"].shape in {(n, m), (1, m)}
    assert (tree["struct"].shape, tree["struct"].dtype) == ((2,), np.float32)
    assert (tree["power"], tree["mode"]) == (3, "mean")


def test_sizes_can_be_given():
    sizes = {"n": 5, "m": st.integers(2, 6), "batch": (2, 1)}
    a, b = smallest(fst.from_spec(("n m", "*batch 2"), sizes=sizes))
    assert a.shape == (5, 2)
    assert b.shape == (2, 1, 2)


def test_computed_sizes_are_positive():
    a, _ = smallest(fst.from_spec(("n-1", "n")))
    assert a.shape == (1,)
    a, _ = smallest(fst.from_spec(("min(n,m)", "n m")), lambda tree: tree[1].shape == (2, 3))
    assert a.shape == (2,)


@pytest.mark.parametrize("word", ["#", "{name}", "*"])
def test_unreadable_dimensions_are_refused(word):
    with pytest.raises(ValueError, match=re.escape(f"cannot read the dimension {word!r}")):
        fst.spec(f"n {word}")


class Layer(NamedTuple):
    w: Any
    b: Any


@some
@given(
    fst.like(
        [Layer(np.ones((2, 3), np.float32), 0.5), np.arange(3), 1j, None, "text"],
        domain="unit_interval",
    )
)
def test_like_keeps_structure_shapes_and_dtypes(tree):
    (w, b), index, z, none, text = tree
    assert (w.shape, w.dtype) == ((2, 3), np.float32)
    assert type(b) is float
    assert type(z) is complex
    assert fst.unit_interval.contains(w)
    assert 0 < b < 1
    assert_array_equal(index, np.arange(3))
    assert (none, text) == (None, "text")


class Jaxtyped(type):
    """What jaxtyping's annotations show of themselves: dtypes and dim_str."""

    dtypes: list[str]

    def __getitem__(cls, item):
        return type(cls.__name__, (), {"dtypes": cls.dtypes, "dim_str": item[1]})


class Float(metaclass=Jaxtyped):
    dtypes = ("bfloat16", "float16", "float32", "float64")


class Float32(metaclass=Jaxtyped):
    dtypes = ("float32",)


class Complex(metaclass=Jaxtyped):
    dtypes = (re.compile("complex.*"),)


class Shaped(metaclass=Jaxtyped):
    dtypes = object()


class Int(metaclass=Jaxtyped):
    dtypes = ("int4", "int8", "int16", "int32", "int64")


def jaxtyped(x, w, z, s, i): ...


jaxtyped.__annotations__ = {
    "x": Float[np.ndarray, "batch n"],
    "w": Float32[np.ndarray, "n rows=3"],
    "z": Complex[np.ndarray, "*rest batch"],
    "s": Shaped[np.ndarray, ""],
    "i": Int[np.ndarray, "n"],
}


@some
@given(fst.from_signature(jaxtyped))
def test_jaxtyping_annotations(args):
    x, w, z, s, i = args
    batch, n = x.shape
    assert x.dtype == np.float64
    assert (w.shape, w.dtype) == ((n, 3), np.float32)
    assert z.shape[-1] == batch
    assert z.dtype == np.complex128
    assert (s.shape, s.dtype) == ((), np.float64)
    assert (i.shape, i.dtype) == ((n,), np.int64)


@dataclasses.dataclass
class Linear:
    w: Annotated[np.ndarray, fst.spec("n m", dtype="float32", domain="positive")]
    b: "Annotated[np.ndarray, fst.spec('m')]"
    scale: Annotated[float, fst.interval(2, 3)] = 1.0
    steps: int = 5
    name: str = dataclasses.field(default="linear", metadata={"static": True})


class State(NamedTuple):
    x: Annotated[np.ndarray, "n"]
    steps: int = 3


class Options(TypedDict):
    rate: float
    kind: Literal["a", "b"]


def annotated(
    layer: Linear,
    state: State,
    options: Options,
    pair: tuple[float, npt.NDArray[np.float32]],
    several: list[Annotated[np.ndarray, "m"]],
    table: dict[str, Annotated[np.ndarray, fst.positive]],
    maybe: Annotated[np.ndarray, "m"] | None,
    free,
    also_free,
    power=2,
    axis: int = -1,
): ...


@some
@given(fst.from_signature(annotated, domain=(-7, -6)))
def test_annotations_of_records_and_containers(args):
    layer, state, options, pair, several, table, maybe, free, also_free = args
    n, m = layer.w.shape
    assert isinstance(layer, Linear)
    assert layer.w.dtype == np.float32
    assert np.all(layer.w > 0)
    assert layer.b.shape == (m,)
    assert 2 < layer.scale < 3
    assert (layer.steps, layer.name, state.steps) == (5, "linear", 3)
    assert state.x.shape == (n,)
    assert -7 < options["rate"] < -6
    assert options["kind"] in {"a", "b"}
    assert type(pair[0]) is float
    assert pair[1].dtype == np.float32
    assert [x.shape for x in several] == [(m,), (m,)]
    assert set(table) == {"a", "b"}
    assert np.all(table["a"] > 0)
    assert maybe is None or maybe.shape == (m,)
    assert free.shape == also_free.shape
    assert np.all((free > -7) & (free < -6))


def test_what_annotations_cannot_say_is_an_error():
    def local(x: "Missing"): ...  # type: ignore[name-defined]  # noqa: F821

    def opaque(x: object): ...

    def keyword(*, x: float): ...

    with pytest.raises(TypeError, match=r"cannot be evaluated.*'Missing'"):
        fst.from_signature(local)
    with pytest.raises(TypeError, match=r"x of opaque .* says nothing of its values; describe"):
        fst.from_signature(opaque)
    with pytest.raises(TypeError, match=r"x of keyword .* is passed by keyword"):
        fst.from_signature(keyword)
