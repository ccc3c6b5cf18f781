"""The instructions of plans, by which native code takes arguments and gives results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from . import layout
from .builder import Builder


class Instruction(NamedTuple):
    """An instruction of plans.

    Attributes:
        operands: how many it has.
        write: writes what it does; it is given the registers of the operands, as integers.
    """

    operands: int
    write: Callable[..., None]


class Text:
    """The text of a function under construction, in C's words."""

    def __init__(self) -> None:
        self.b: Builder = Builder(1)
        self.known: dict[str, str] = {}

    # --- single instructions

    def at(self, base: str, offset: str | int) -> str:
        """The address some bytes behind another one."""
        return self.b.scalar(f"getelementptr i8, ptr {base}, i64 {offset}")

    def item(self, base: str, index: str) -> str:
        """The address of an item of a row of words."""
        return self.b.scalar(f"getelementptr i64, ptr {base}, i64 {index}")

    def load(self, kind: str, base: str, offset: str | int = 0) -> str:
        """What stands some bytes behind an address."""
        return self.b.scalar(f"load {kind}, ptr {self.at(base, offset) if offset else base}")

    def get(self, row: str, index: str) -> str:
        """A pointer in a row."""
        return self.load("ptr", self.item(row, index))

    def put(self, row: str, index: str, value: str) -> None:
        """Store a pointer in a row."""
        self.b.emit(f"store ptr {value}, ptr {self.item(row, index)}")

    def pointer(self, word: str) -> str:
        """A word as a pointer."""
        return self.b.scalar(f"inttoptr i64 {word} to ptr")

    def same(self, a: str, b: str, kind: str = "ptr") -> str:
        """Whether two values are equal."""
        return self.b.scalar(f"icmp eq {kind} {a}, {b}")

    def call(self, function: str, result: str, given: str) -> str:
        """The result of a function at an address."""
        return self.b.scalar(f"call {result} {function}({given})")

    def all_of(self, conditions: Sequence[str]) -> str:
        """Whether all conditions hold."""
        found = conditions[0]
        for c in conditions[1:]:
            found = self.b.scalar(f"and i1 {found}, {c}")
        return found

    def go_on_if(self, condition: str, otherwise: str) -> None:
        """Go on if a condition holds."""
        following = self.b.name("next")
        self.b.emit(f"br i1 {condition}, label %{following}, label %{otherwise}")
        self.b.start(following)

    def found(self, x: str, otherwise: str) -> str:
        """A pointer; go elsewhere if it is null."""
        self.go_on_if(self.b.scalar(f"icmp ne ptr {x}, null"), otherwise)
        return x


# --- to take arguments apart ---------------------------------------------------------------------


def _context(t: Text, variable: str, wanted: str) -> None:
    """Go on if the value of a context variable is of a type."""
    get = t.known["PyContextVar_Get"]
    failed = t.call(get, "i32", f"ptr {t.pointer(variable)}, ptr null, ptr %found")
    t.go_on_if(t.same(failed, "0", "i32"), "slow")
    value = t.found(t.load("ptr", "%found"), "slow")
    kind = t.load("ptr", value, layout.FIELDS["type"])
    t.b.emit(f"call void {t.known['Py_DecRef']}(ptr {value})")
    t.go_on_if(t.same(kind, t.pointer(wanted)), "slow")


def _is_orderly(t: Text, x: str, dtype: str, rank: str) -> list[str]:
    """Conditions for an array to have a dtype and rank, and to be contiguous and aligned."""
    flags = t.load("i32", x, layout.FIELDS["flags"])
    flags = t.b.scalar(f"and i32 {flags}, {layout.ORDERLY}")
    ndim = t.b.scalar(f"sext i32 {t.load('i32', x, layout.FIELDS['ndim'])} to i64")
    return [
        t.same(t.load("ptr", x, layout.FIELDS["dtype"]), t.pointer(dtype)),
        t.same(ndim, rank, "i64"),
        t.same(flags, str(layout.ORDERLY), "i32"),
    ]


def _array(t: Text, at: str, dtype: str, rank: str, lengths: str, place: str) -> None:
    x = t.get("%objects", at)
    kind = t.load("ptr", x, layout.FIELDS["type"])
    t.go_on_if(t.same(kind, t.known["ndarray"]), "slow")
    t.go_on_if(t.all_of(_is_orderly(t, x, dtype, rank)), "slow")
    shape = t.load("ptr", x, layout.FIELDS["shape"])
    wanted = t.pointer(lengths)
    with t.b.loop("0", rank, 1) as i:
        n, m = t.load("i64", t.item(shape, i)), t.load("i64", t.item(wanted, i))
        t.go_on_if(t.same(n, m, "i64"), "slow")
    t.put("%places", place, t.load("ptr", x, layout.FIELDS["data"]))


def _scalar(t: Text, at: str, dtype: str, scalar: str, place: str) -> None:
    """A NumPy scalar, or an array without axes."""
    b = t.b
    x = t.get("%objects", at)
    kind = t.load("ptr", x, layout.FIELDS["type"])
    array, number, both = (b.name(name) for name in ("array", "number", "both"))
    is_scalar = t.same(kind, t.pointer(scalar))
    b.emit(f"br i1 {is_scalar}, label %{number}, label %{array}")
    b.start(array)
    t.go_on_if(t.same(kind, t.known["ndarray"]), "slow")
    t.go_on_if(t.all_of(_is_orderly(t, x, dtype, "0")), "slow")
    data, of_array = t.load("ptr", x, layout.FIELDS["data"]), b.block
    b.emit(f"br label %{both}")
    b.start(number)
    inside = t.at(x, layout.FIELDS["number"])
    b.emit(f"br label %{both}")
    b.start(both)
    t.put("%places", place, b.scalar(f"phi ptr [ {inside}, %{number} ], [ {data}, %{of_array} ]"))


def _object_of(t: Text, at: str, kind: str) -> str:
    x = t.get("%objects", at)
    found = t.load("ptr", x, layout.FIELDS["type"])
    t.go_on_if(t.same(found, t.pointer(kind)), "slow")
    return x


def _python_float(t: Text, at: str, kind: str, place: str) -> None:
    t.put("%places", place, t.at(_object_of(t, at, kind), layout.FIELDS["number"]))


def _integer_of(t: Text, at: str, kind: str) -> str:
    x = _object_of(t, at, kind)
    read = t.known["PyLong_AsLongLongAndOverflow"]
    number = t.call(read, "i64", f"ptr {x}, ptr %overflow")
    t.go_on_if(t.same(t.load("i32", "%overflow"), "0", "i32"), "slow")
    return number


def _python_int(t: Text, at: str, kind: str, place: str, number: str) -> None:
    found = _integer_of(t, at, kind)
    where = t.item("%numbers", number)
    t.b.emit(f"store i64 {found}, ptr {where}")
    t.put("%places", place, where)


def _python_bool(t: Text, at: str, kind: str, place: str, number: str) -> None:
    found = t.b.scalar(f"trunc i64 {_integer_of(t, at, kind)} to i8")
    where = t.item("%numbers", number)
    t.b.emit(f"store i8 {found}, ptr {where}")
    t.put("%places", place, where)


def _very_object(t: Text, at: str, wanted: str) -> None:
    t.go_on_if(t.same(t.get("%objects", at), t.pointer(wanted)), "slow")


def _container(t: Text, at: str, kind: str, size_of: str, size: str) -> None:
    x = _object_of(t, at, kind)
    t.go_on_if(t.same(t.call(t.pointer(size_of), "i64", f"ptr {x}"), size, "i64"), "slow")


def _child(t: Text, at: str, get: str, key: str, target: str) -> None:
    x = t.get("%objects", at)
    t.put("%objects", target, t.found(t.call(t.pointer(get), "ptr", f"ptr {x}, i64 {key}"), "slow"))


# --- to make what the kernel writes to -----------------------------------------------------------


def _new_array(t: Text, dtype: str, rank: str, shape: str, place: str, target: str) -> None:
    given = t.pointer(dtype)
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {given})")  # NewFromDescr takes it
    ndim = t.b.scalar(f"trunc i64 {rank} to i32")
    x = t.call(
        t.known["PyArray_NewFromDescr"],
        "ptr",
        f"ptr {t.known['ndarray']}, ptr {given}, i32 {ndim}, ptr {t.pointer(shape)}, "
        "ptr null, ptr null, i32 0, ptr null",
    )
    t.put("%made", target, t.found(x, "fail"))
    t.put("%places", place, t.load("ptr", x, layout.FIELDS["data"]))


def _made_by(t: Text, function: str, place: str, target: str) -> None:
    """The array that an object returns, which is called without arguments."""
    x = t.call(t.known["PyObject_CallObject"], "ptr", f"ptr {t.pointer(function)}, ptr null")
    t.put("%made", target, t.found(x, "fail"))
    t.put("%places", place, t.load("ptr", x, layout.FIELDS["data"]))


def _new_number(t: Text, number: str, place: str) -> None:
    t.put("%places", place, t.item("%numbers", number))


def _constant(t: Text, address: str, place: str) -> None:
    t.put("%places", place, t.pointer(address))


# --- to put results together ---------------------------------------------------------------------


def _give_scalar(t: Text, dtype: str, number: str, target: str) -> None:
    given = f"ptr {t.item('%numbers', number)}, ptr {t.pointer(dtype)}, ptr null"
    t.put("%made", target, t.found(t.call(t.known["PyArray_Scalar"], "ptr", given), "fail"))


def _give_float(t: Text, convert: str, number: str, target: str) -> None:
    value = t.load("double", t.item("%numbers", number))
    x = t.call(t.pointer(convert), "ptr", f"double {value}")
    t.put("%made", target, t.found(x, "fail"))


def _give_int(t: Text, convert: str, number: str, target: str) -> None:
    value = t.load("i64", t.item("%numbers", number))
    t.put("%made", target, t.found(t.call(t.pointer(convert), "ptr", f"i64 {value}"), "fail"))


def _give_bool(t: Text, convert: str, number: str, target: str) -> None:
    value = t.b.scalar(f"zext i8 {t.load('i8', t.item('%numbers', number))} to i64")
    t.put("%made", target, t.found(t.call(t.pointer(convert), "ptr", f"i64 {value}"), "fail"))


def _give_complex(t: Text, convert: str, number: str, target: str) -> None:
    where = t.item("%numbers", number)
    re, im = t.load("double", where), t.load("double", where, 8)
    x = t.call(t.pointer(convert), "ptr", f"double {re}, double {im}")
    t.put("%made", target, t.found(x, "fail"))


def _give_object(t: Text, given: str, target: str) -> None:
    x = t.pointer(given)
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {x})")
    t.put("%made", target, x)


def _give_argument(t: Text, at: str, target: str) -> None:
    x = t.get("%objects", at)
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {x})")
    t.put("%made", target, x)


def _give_container(t: Text, make: str, size: str, target: str) -> None:
    t.put("%made", target, t.found(t.call(t.pointer(make), "ptr", f"i64 {size}"), "fail"))


def _set(t: Text, container: str, put: str, key: str, value: str) -> None:
    """Put a value into a dict."""
    given = f"ptr {t.get('%made', container)}, i64 {key}, ptr {t.get('%made', value)}"
    t.go_on_if(t.same(t.call(t.pointer(put), "i32", given), "0", "i32"), "fail")


def _set_item(t: Text, container: str, put: str, key: str, value: str) -> None:
    """Put a value into a tuple or list, which takes the reference."""
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {t.get('%made', value)})")
    _set(t, container, put, key, value)


def _called(t: Text, function: str, given: str, target: str) -> None:
    """Call an object with a tuple of arguments."""
    call = t.known["PyObject_CallObject"]
    x = t.call(call, "ptr", f"ptr {t.pointer(function)}, ptr {t.get('%made', given)}")
    t.put("%made", target, t.found(x, "fail"))


def _listed(*writers: Callable[..., None]) -> tuple[Instruction, ...]:
    return tuple(Instruction(w.__code__.co_argcount - 1, w) for w in writers)


TAKING: tuple[Instruction, ...] = _listed(
    _array, _scalar, _python_float, _python_int, _python_bool,
    _very_object, _container, _child, _context,
)  # fmt: skip
MAKING: tuple[Instruction, ...] = _listed(_new_array, _made_by, _new_number, _constant)
GIVING: tuple[Instruction, ...] = _listed(
    _give_scalar, _give_float, _give_int, _give_bool, _give_complex, _give_object, _give_argument,
    _give_container, _set, _set_item, _called,
)  # fmt: skip

ARRAY, SCALAR, FLOAT, INT, BOOL, VERY_OBJECT, CONTAINER, CHILD, CONTEXT = range(1, len(TAKING) + 1)
NEW_ARRAY, MADE_BY, NEW_NUMBER, CONSTANT = range(1, len(MAKING) + 1)
(
    GIVE_SCALAR, GIVE_FLOAT, GIVE_INT, GIVE_BOOL, GIVE_COMPLEX, GIVE_OBJECT, GIVE_ARGUMENT,
    GIVE_CONTAINER, SET, SET_ITEM, CALLED,
) = range(1, len(GIVING) + 1)  # fmt: skip
"""The numbers of instructions."""
