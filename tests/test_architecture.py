"""Imports flow one way, stay light, and the records of operators are complete."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import funcgrad as fg
from funcgrad.core.primitive import REGISTRY, Primitive
from funcgrad.ops.families import (
    Bilinear,
    Control,
    Elementwise,
    General,
    Linear,
    elementwise,
    general,
)

ROOT = Path(fg.__file__).parent

LAYERS = {
    "context": -1, "errors": 0, "arrays": 0, "equality": 0, "typing": 0.5,
    "core": 1, "tree": 1.5,
    "ops": 2,
    "transforms": 3,
    "compiler": 4,
    "control": 5,
    "api": 6, "checkpoint_policies": 6,
    "custom_derivatives": 7,
    "numpy": 7,
    "lax": 8, "custom_batching": 8.5,
    "random": 9, "debug": 9, "testing": 9.25,
    "image": 9.5,
    "nn": 10, "optim": 10,
    "scipy": 10.5,
    "train": 11,
}  # fmt: skip


def modules():
    return sorted(ROOT.rglob("*.py"))


@cache
def parsed(path):
    return ast.parse(path.read_text())


def imports(path):
    """Modules of funcgrad that a file imports, with whether the import is inside a function."""
    tree = parsed(path)
    package = path.relative_to(ROOT.parent).with_suffix("").parts[:-1]
    for_checkers = [n for n in tree.body if isinstance(n, ast.If) and "TYPE_CHECK" in ast.dump(n)]
    top = {id(n) for n in [*tree.body, *(m for n in for_checkers for m in n.body)]}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (
            node.level or (node.module or "").startswith("funcgrad")
        ):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            names = [module] if len(module) > 1 else [(*module, a.name) for a in node.names]
            for name in names:
                yield name, id(node) not in top


def layer(parts):
    return LAYERS[parts[1]]


def test_imports_point_down():
    wrong = []
    for path in modules():
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        if len(parts) == 2 and parts[1] == "__init__":
            continue
        for name, inside in imports(path):
            if inside:
                wrong.append(f"{path}: late import of {name}")
            elif name[1] != parts[1] and layer(name) >= layer(parts):
                wrong.append(f"{'.'.join(parts)} imports {'.'.join(name)}")
    assert not wrong, "\n".join(wrong)


def test_imports_have_no_cycles():
    graph = {}
    for path in modules():
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        graph[parts] = {n for n, _ in imports(path)}
    done, active = set(), []

    def visit(node):
        if node in done or node not in graph:
            return
        assert node not in active, f"cycle: {active[active.index(node) :]}"
        active.append(node)
        for other in graph[node]:
            visit(other)
        active.pop()
        done.add(node)

    for node in graph:
        visit(node)


def test_only_one_file_names_cupy():
    """Outside arrays.py CuPy is named in prose only."""
    for path in modules():
        if path.name == "arrays.py":
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                assert not any("cupy" in n for n in names), path


def test_importing_is_light():
    code = (
        "import sys, funcgrad\n"
        "heavy = {'scipy', 'cupy', 'matplotlib', 'numpy', 'optree', 'jax'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "funcgrad.grad, funcgrad.numpy, funcgrad.random\n"
        "heavy = {'scipy', 'cupy', 'matplotlib', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_resolve():
    for name in fg.__all__:
        assert getattr(fg, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        fg.no_such_name  # type: ignore[attr-defined]  # noqa: B018


def test_public_functions_have_docstrings_with_examples():
    skip = set(
        "errors tree typing lax numpy ops random testing debug __version__ float0 Jaxpr eval_jaxpr "
        "remat jacobian checkpoint_policies custom_batching custom_derivatives".split()
    )
    for name in set(fg.__all__) - skip:
        doc = getattr(fg, name).__doc__ or ""
        assert ">>>" in doc, f"{name} has no example"


def test_every_record_is_complete():
    for prim in REGISTRY.values():
        assert prim.has_derivative() or prim.nondifferentiable, prim
        assert prim.cases is not None or prim.no_cases, prim
        assert isinstance(prim, Elementwise | Linear | Bilinear | General | Control), prim


def test_an_incomplete_record_cannot_be_made():
    def rule(*_, **__):
        return None

    with pytest.raises(TypeError, match="no derivative"):
        general("bad_1", rule, abstract=rule, batch=rule, cases=rule)
    with pytest.raises(TypeError, match="no batching rule"):
        general("bad_2", rule, abstract=rule, batch=None, cases=rule, nondifferentiable="x")
    with pytest.raises(TypeError, match="no test cases"):
        general("bad_3", rule, abstract=rule, batch=rule, cases=None, nondifferentiable="x")
    with pytest.raises(TypeError, match="defined twice"):
        elementwise("sin", rule, None, nondifferentiable="x")
    with pytest.raises(TypeError, match="unknown maskz; a record of Elementwise can say"):
        elementwise("bad_4", rule, None, nondifferentiable="x", maskz=True)
    assert all(isinstance(p, Primitive) for p in REGISTRY.values())


def test_users_can_define_operators():
    import numpy as np

    name = "cube_for_the_test"
    cube = REGISTRY.get(name) or elementwise(name, lambda x: x * x * x, lambda _o, x: 3 * x * x)
    x = np.array([1.0, 2.0])
    assert fg.grad(lambda x: np.sum(cube(x)))(x).tolist() == [3.0, 12.0]
    assert fg.jit(fg.vmap(fg.grad(cube)))(x).tolist() == [3.0, 12.0]


SINCE_NUMPY_2_0 = {"astype", "unstack", "cumulative_sum", "cumulative_prod", "matvec", "vecmat"}


def test_only_names_of_the_oldest_supported_numpy_are_used():
    """Functions that came after NumPy 2.0 are looked up by name, where NumPy has them."""
    found = [
        f"{path}:{node.lineno}: np.{node.attr}"
        for path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in SINCE_NUMPY_2_0
        and isinstance(node.value, ast.Name) and node.value.id == "np"
    ]  # fmt: skip
    assert not found, "\n".join(found)


def test_variables_are_what_is_no_literal():
    """Tapes have a class of variables of their own: a question for Var leaves those out."""
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot):
                against = node.comparators[0]
                asked = isinstance(against, ast.Name) and against.id == "Var"
                assert not asked, f"{path}:{node.lineno}: ask whether it is a Literal"
