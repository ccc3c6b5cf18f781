"""Source text that takes pytrees apart and puts them together again."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from .. import tree
from ..typing import PyTree


def unlike(names: Container[str], wanted: str) -> str:
    """A name that is not among some others."""
    while wanted in names:
        wanted += "_"
    return wanted


def program_wrapper(
    run: str, args: tuple[Any, ...], kwargs: dict[str, Any], out_tree: tree.PyTreeSpec
) -> str:
    """Source of ``program(*args, **kwargs)``, which calls a function ``run`` on the leaves."""
    names = [unlike(kwargs, f"arg{i}") for i in range(len(args))]
    out = unlike(kwargs, "out")
    parameters = names + sorted(kwargs)
    leaves: list[str] = []
    for name, value in zip(names, args, strict=True):
        leaves += [name + _access(p, value) for p in tree.paths_of(value)]
    for name in sorted(kwargs):
        leaves += [name + _access(p, kwargs[name]) for p in tree.paths_of(kwargs[name])]
    count = out_tree.num_leaves
    outs = [f"{out}[{i}]" for i in range(count)]
    result = _construct(tree.unflatten(out_tree, [_Slot(o) for o in outs]))
    return (
        f"def program({', '.join(parameters)}):\n"
        f"    {out} = {run}({', '.join(leaves)})\n"
        f"    return {result}\n"
    )


class _Slot:
    """A leaf that prints as the expression for it."""

    def __init__(self, text: str) -> None:
        self.text = text


def _access(path: tuple[Any, ...], value: PyTree) -> str:
    """The expression that reaches a leaf."""
    text = ""
    for entry in path:
        fields = getattr(type(value), "__dataclass_fields__", None)
        if fields is not None and entry in fields:
            text += f".{entry}"
            value = getattr(value, entry)
        elif isinstance(value, dict):
            text += f"[{entry!r}]"
            value = value[entry]
        elif isinstance(value, list | tuple):
            text += f"[{entry!r}]" if isinstance(entry, int) else f".{entry}"
            value = value[entry] if isinstance(entry, int) else getattr(value, entry)
        else:
            raise TypeError(
                f"to_source: {type(value).__name__} is no plain container; pass tuples, lists, "
                "dicts, named tuples or dataclasses"
            )
    return text


def _construct(x: PyTree) -> str:
    """The expression that builds a result."""
    if isinstance(x, _Slot):
        return x.text
    if x is None:
        return "None"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k!r}: {_construct(v)}" for k, v in x.items()) + "}"
    if isinstance(x, list):
        return "[" + ", ".join(map(_construct, x)) + "]"
    if isinstance(x, tuple):
        inner = ", ".join(map(_construct, x))
        return f"({inner},)" if len(x) == 1 else f"({inner})"
    raise TypeError(
        f"to_source: a result of type {type(x).__name__} is no plain container; return tuples, "
        "lists or dicts"
    )
