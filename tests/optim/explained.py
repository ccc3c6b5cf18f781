"""The arguments of a function that its docstring, or what that names, does not explain."""

import importlib
import inspect
import re


def text_of(doc):
    """A docstring without its examples."""
    return re.sub(r"^ *>>>.*?(?=\n\s*\n|\Z)", "", doc, flags=re.DOTALL | re.MULTILINE)


def sources(doc, space):
    """The docstrings of pages and functions that a docstring refers to."""
    for page in re.findall(r"``help\((?:optim|nn)\.(\w+)\)``", doc):
        yield inspect.getdoc(importlib.import_module(f"{space.__name__}.{page}")) or ""
    for name in re.findall(r"``(\w+)``", doc):
        if callable(getattr(space, name, None)):
            yield text_of(inspect.getdoc(getattr(space, name)) or "")


def unexplained(fun, space):
    """Names of parameters that no text speaks of."""
    doc = text_of(inspect.getdoc(fun) or "")
    first = list(sources(doc, space))
    texts = [doc, *first, *(text for d in first for text in sources(d, space))]
    return [
        name
        for name in inspect.signature(fun).parameters
        if not any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)
    ]


def untyped(fun):
    """Names of parameters without a type, and "return" if the result has none."""
    found = {name: p.annotation for name, p in inspect.signature(fun).parameters.items()}
    found["return"] = inspect.signature(fun).return_annotation
    return [name for name, a in found.items() if a in (inspect.Parameter.empty, "Any")]


def functions(space):
    """The public functions of a package by name."""
    named = {name: getattr(space, name) for name in space.__all__}
    return {
        n: f for n, f in named.items() if callable(f) and not isinstance(f, type)
        and inspect.isfunction(inspect.unwrap(f))
    }  # fmt: skip
