"""Records are frozen, take their fields by keyword, and refuse what is not among them."""

from __future__ import annotations

from typing import ClassVar

import pytest

from funcgrad.core.primitive import REGISTRY, Primitive, operator_named
from funcgrad.core.records import Record, derived
from funcgrad.ops.families import Control, general


class Shape(Record):
    """A record with a required field, a default, one that follows, and a constant of the class."""

    sides: int
    name: str = "shape"
    angles: int = derived(0)
    kind: ClassVar[str] = "flat"

    def complete(self) -> None:
        self.derive(angles=self.sides)


class Square(Shape):
    """One that fixes a field of its base, which nobody may give any more."""

    sides: int = derived(4)
    width: float = 1.0


def test_fields_are_given_by_keyword_or_have_defaults():
    shape = Shape(sides=3)
    assert (shape.sides, shape.name, shape.angles, shape.kind) == (3, "shape", 3, "flat")
    square = Square(width=2.0, name="square")
    assert (square.sides, square.name, square.angles, square.width) == (4, "square", 4, 2.0)


def test_wrong_fields_are_refused():
    with pytest.raises(TypeError, match="Shape has no field sizes; its fields are sides, name"):
        Shape(sides=3, sizes=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Shape needs sides"):
        Shape(name="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no field angles"):
        Shape(sides=3, angles=4)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no field sides"):
        Square(sides=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        Shape(3)  # type: ignore[misc]


def test_records_cannot_be_changed():
    shape = Shape(sides=3)
    with pytest.raises(AttributeError, match="Shape is frozen: sides cannot be set"):
        shape.sides = 4  # type: ignore[misc]
    with pytest.raises(AttributeError, match="colour"):
        shape.colour = "red"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del shape.sides
    assert shape.sides == 3
    assert not hasattr(shape, "__dict__")


def test_every_field_of_every_operator_is_set():
    for prim in REGISTRY.values():
        kind = type(prim)
        assert issubclass(kind, Primitive)
        assert all(hasattr(prim, name) for name in kind.defaults)
        assert kind.given <= kind.defaults.keys()
    assert Control.given.isdisjoint({"multiple", "bodily", "recorded"})


def test_a_slope_is_an_operator_that_is_linear_in_its_first_operand():
    def rule(*_, **__):
        return None

    slope = operator_named("mean_of_hits")
    with pytest.raises(TypeError, match="slope stands for jvp"):
        general("bad_5", rule, abstract=rule, batch=rule, cases=rule, slope=operator_named("sort"))
    with pytest.raises(TypeError, match="slope stands for jvp"):
        general("bad_6", rule, abstract=rule, batch=rule, cases=rule, slope=slope, jvp=rule)
    with_slopes = {name for name, prim in REGISTRY.items() if prim.slope is not None}
    assert {"reduce_max", "reduce_min", "reduce_window_max", "reduce_window_min"} <= with_slopes
