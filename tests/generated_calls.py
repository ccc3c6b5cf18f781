"""Wrong calls made from right ones: the calls in docstrings, each argument replaced in turn."""

import ast
import doctest
import inspect

import numpy as np

import funcgrad as fg

SPACES = {
    "fg": fg, "lax": fg.lax, "fnp": fg.numpy, "linalg": fg.numpy.linalg, "random": fg.random,
    "nn": fg.nn, "optim": fg.optim, "train": fg.train, "tree": fg.tree, "debug": fg.debug,
    "testing": fg.testing, "checkpoint_policies": fg.checkpoint_policies,
    "special": fg.scipy.special, "scipy_linalg": fg.scipy.linalg, "stats": fg.scipy.stats,
    "fft": fg.scipy.fft, "integrate": fg.scipy.integrate, "interpolate": fg.scipy.interpolate,
    "ndimage": fg.scipy.ndimage, "signal": fg.scipy.signal, "vq": fg.scipy.cluster.vq,
    "distance": fg.scipy.spatial.distance, "transform": fg.scipy.spatial.transform,
    "optimize": fg.scipy.optimize, "sparse_linalg": fg.scipy.sparse.linalg,
    "custom_batching": fg.custom_batching, "custom_derivatives": fg.custom_derivatives,
}  # fmt: skip

WRONG = {
    "None": None, "a string": "no such thing", "an object": object(), "a negative number": -7,
    "a list of strings": ["a", "b"],
}  # fmt: skip

ROOT = fg.__file__.rpartition("/")[0]


def home(value):
    """The module of a function or class of ours; None for NumPy's and others."""
    module = inspect.getmodule(inspect.unwrap(value)) if callable(value) else None
    return module if module is not None and module.__name__.startswith("funcgrad") else None


def public_callables():
    """Name and value of every public function and class of ours, each once."""
    seen = set()
    for space, module in SPACES.items():
        for name in getattr(module, "__all__", None) or vars(module):
            value = getattr(module, name)
            if name.startswith("_") or not callable(value) or inspect.ismodule(value):
                continue
            if id(value) not in seen and home(value) is not None and hasattr(value, "__name__"):
                seen.add(id(value))
                yield f"{space}.{name}", value


def examples(value):
    return doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")


def calls_of(name, tree):
    """Calls of a function in an example."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else (
                getattr(node.func, "id", None))  # fmt: skip
            if called == name:
                yield node


def parameters_not_given(value, call):
    """Keywords that a call does not use."""
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return []
    positional = [p for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD]
    rest = positional[len(call.args) :] + [p for p in parameters if p.kind == p.KEYWORD_ONLY]
    given = {k.arg for k in call.keywords}
    return [p.name for p in rest if p.name not in given and p.kind != p.POSITIONAL_ONLY]


def mutations(name, value):
    """Programs with one wrong argument: (description, statements before, wrong statement)."""
    before = []
    for example in examples(value):
        source = example.source
        tree = ast.parse(source)
        for k, call in enumerate(calls_of(name.rpartition(".")[2], tree)):
            places = [("args", i) for i in range(len(call.args))
                      if not isinstance(call.args[i], ast.Starred)]  # fmt: skip
            places += [("keywords", i) for i in range(len(call.keywords)) if call.keywords[i].arg]
            places += [("more", n) for n in parameters_not_given(value, call)]
            for place in places:
                yield f"{source.strip()} {place} call {k}", list(before), source, k, place
        before.append(source)


def mutated(name, source, number, place):
    tree = ast.parse(source)
    call = list(calls_of(name.rpartition(".")[2], tree))[number]
    wrong = ast.Name("WRONG", ast.Load())
    kind, where = place
    if kind == "args":
        call.args[where] = wrong
    elif kind == "keywords":
        call.keywords[where].value = wrong
    else:
        call.keywords.append(ast.keyword(where, wrong))
    ast.fix_missing_locations(tree)
    return compile(tree, "<wrong call>", "exec")


def namespace(value):
    """The names that a docstring's examples see."""
    return {**vars(home(value)), "np": np, "fg": fg, value.__name__: value}
