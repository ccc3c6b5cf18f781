"""Groups of equations compute what the equations do, in an order in which they can be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fuzzing import traced
from fuzzing.generation import function, generate

import funcgrad as fg
from funcgrad.compiler.groups import Map, Step, grouped
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.jaxpr import Jaxpr, Literal, Var, eval_jaxpr
from funcgrad.ops.families import Elementwise


def staged(fun: Any, *args: Any) -> Jaxpr:
    return optimized(fg.jit(fun).lower(*args).jaxpr())


def run(steps: list[Step], jaxpr: Jaxpr, args: Any) -> list[Any]:
    """Evaluate step by step, each of which must find what it reads."""
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    known.update(zip(jaxpr.invars, args, strict=True))

    def value(a: Any) -> Any:
        return a.value if type(a) is Literal else known[a]

    for step in steps:
        if isinstance(step, Map):
            outs: Any = eval_jaxpr(step.jaxpr(), [], [known[v] for v in step.inputs])
            outs = [np.broadcast_to(o, step.shape) for o in outs]
            known.update(zip(step.outputs, outs, strict=True))
        else:
            outs = step.primitive(*map(value, step.inputs), **step.params)
            outs = outs if step.primitive.multiple else (outs,)
            known.update(zip(step.outvars, outs, strict=True))
    return [value(a) for a in jaxpr.outvars]


def check(jaxpr: Jaxpr, args: Any, takes: Any = lambda e: True) -> list[Step]:
    steps = grouped(jaxpr, takes)
    with np.errstate(all="ignore"):
        found = run(steps, jaxpr, args)
        expected = eval_jaxpr(jaxpr, jaxpr.consts, args)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    return steps


def maps(steps: list[Step]) -> list[Map]:
    return [s for s in steps if isinstance(s, Map)]


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int) -> None:
    case = generate(seed)
    fun = function(case.program, traced.SCOPE)
    wanted = tuple(range(len(case.args)))

    def total(*xs: Any) -> Any:
        return sum(np.sum(np.sin(o)) for o in fun(*xs))

    for f in (fun, lambda *xs: fg.grad(total, wanted)(*xs)):
        try:
            jaxpr = staged(f, *case.args)
        except fg.errors.FuncgradError:
            continue  # a rule for the other mode only
        for takes in (lambda e: True, lambda e: len(e.primitive.name) % 2):
            check(jaxpr, case.args, takes)


X, ROW = np.linspace(0.1, 1.0, 12).reshape(3, 4), np.arange(4.0)


def test_a_chain_is_one_map() -> None:
    (group,) = check(staged(lambda x: np.tanh(x * 2 + 1) - np.exp(x), X), (X,))
    assert isinstance(group, Map)
    assert (len(group.inputs), len(group.outputs), len(group.eqns)) == (1, 1, 5)


def test_a_map_reads_what_is_repeated_where_it_is() -> None:
    steps = check(staged(lambda x, r: x * np.broadcast_to(r, (3, 4)) + 1, X, ROW), (X, ROW))
    (group,) = steps
    assert isinstance(group, Map)
    assert [v.aval.shape for v in group.inputs] == [(3, 4), (4,)]


def test_a_repetition_that_others_read_stays() -> None:
    def f(r: Any) -> Any:
        wide = np.broadcast_to(r, (3, 4))
        return wide @ np.ones((4, 2)), wide + 1

    steps = check(staged(f, ROW), (ROW,))
    assert sum(not isinstance(s, Map) and s.primitive.broadcasts for s in steps) <= 1
    assert len(maps(steps)) == 1


def test_maps_meet_around_what_is_in_none() -> None:
    """What does not depend on the product is computed with what is before it."""
    steps = check(staged(lambda x: (np.sin(x) @ x.T, np.cos(x), np.sin(x) + 1), X), (X,))
    (group,) = maps(steps)
    assert len(group.outputs) == 3
    later = check(staged(lambda x: np.sin(x) + np.sum(np.sin(x)), X), (X,))
    assert [len(g.eqns) for g in maps(later) if g.shape == (3, 4)] == [1, 1]


def test_several_outputs_and_literals() -> None:
    steps = check(staged(lambda x: (x + 1, x * 2, 3.0), X), (X,))
    (group,) = maps(steps)
    assert len(group.outputs) == 2
    assert all(isinstance(v, Var) for v in group.inputs)
    assert all(isinstance(e.primitive, Elementwise) for e in group.eqns)
