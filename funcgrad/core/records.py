"""Records: frozen values with named fields.

They are written and checked like frozen dataclasses that take keywords only. Dataclasses compile
their methods from text: for the records of operators that was half a millisecond each, before the
first gradient of every program.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NoReturn, Self, dataclass_transform

_REQUIRED = object()


class _Derived:
    __slots__ = ("default",)

    def __init__(self, default: Any) -> None:
        self.default: Any = default


def derived(default: Any, *, init: Literal[False] = False) -> Any:
    """A field that follows from others: ``complete`` sets it, and nobody gives it.

    Args:
        default: its value before.
        init: for type checkers; always False.
    """
    return _Derived(default)


@dataclass_transform(
    eq_default=False, frozen_default=True, kw_only_default=True, field_specifiers=(derived,)
)
class RecordType(type):
    """The class of classes of records: it makes slots of annotated names."""

    given: frozenset[str]
    """The names of the fields that may be given."""
    required: frozenset[str]
    """The names of those without a default."""
    defaults: dict[str, Any]
    """The defaults of all fields by their names."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> RecordType:
        annotations = namespace.get("__annotations__", {})
        new = {
            field: namespace.pop(field, _REQUIRED)
            for field, kind in annotations.items()
            if "ClassVar" not in str(kind)
        }
        follow = {field for field, default in new.items() if isinstance(default, _Derived)}
        defaults: dict[str, Any] = {}
        given: frozenset[str] = frozenset()
        for base in bases:
            if isinstance(base, RecordType):
                defaults, given = dict(base.defaults), base.given
        namespace["__slots__"] = tuple(field for field in new if field not in defaults)
        defaults.update({f: new[f].default if f in follow else new[f] for f in new})
        namespace["defaults"] = defaults
        namespace["given"] = given = (given | new.keys()) - follow
        namespace["required"] = frozenset(f for f in given if defaults[f] is _REQUIRED)
        return super().__new__(mcs, name, bases, namespace)


class Record(metaclass=RecordType):
    """A frozen value with the annotated names as fields, given by keyword.

    >>> class Point(Record):
    ...     x: float
    ...     y: float = 0.0
    >>> Point(x=1.0).y
    0.0
    >>> Point(x=1.0, z=2.0)
    Traceback (most recent call last):
    TypeError: Point has no field z; its fields are x, y
    """

    given: ClassVar[frozenset[str]]
    required: ClassVar[frozenset[str]]
    defaults: ClassVar[dict[str, Any]]

    def __init__(self, **given: Any) -> None:
        kind = type(self)
        if not given.keys() <= kind.given:
            unknown = ", ".join(sorted(given.keys() - kind.given))
            known = ", ".join(f for f in kind.defaults if f in kind.given)
            raise TypeError(f"{kind.__name__} has no field {unknown}; its fields are {known}")
        if not kind.required <= given.keys():
            missing = ", ".join(sorted(kind.required - given.keys()))
            raise TypeError(f"{kind.__name__} needs {missing}")
        values = {**kind.defaults, **given}
        put = object.__setattr__
        for name, value in values.items():
            put(self, name, value)
        self.complete()

    def replaced(self, **changes: Any) -> Self:
        """A record of the same kind with some fields changed."""
        fields = {name: getattr(self, name) for name in type(self).given}
        return type(self)(**{**fields, **changes})

    def complete(self) -> None:
        """Check the fields, and set those that follow from others."""

    def derive(self, **fields: Any) -> None:
        """Set fields that follow from others: for ``complete``."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")
