"""Every operator's record against the laws, over its own cases."""

from collections import defaultdict

import laws
import numpy as np
import pytest

from funcgrad.core.primitive import REGISTRY


def differentiable(prim, case):
    return (
        prim.nondifferentiable is None
        and bool(laws.inexact_positions(case.args))
        and any(
            np.asarray(o).dtype.kind in "fc"
            for o in laws.as_tuple(prim, prim(*case.args, **case.params))
        )
    )


def by_name(places):
    """The numbers of the cases of each operator."""
    out = defaultdict(list)
    for name, i in places:
        out[name].append(i)
    return dict(out)


CASES = by_name(laws.all_cases())
DIFFERENTIABLE = by_name(
    (name, i)
    for name, i in laws.all_cases()
    if differentiable(REGISTRY[name], laws.cases_of(REGISTRY[name])[i])
)


def each(name, numbers, *checks):
    """Check all cases of an operator; an error says which."""
    prim = REGISTRY[name]
    for i in numbers:
        try:
            for check in checks:
                check(prim, laws.cases_of(prim)[i])
        except BaseException as error:
            error.add_note(f"case {i} of {name}")
            raise


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    each(
        name,
        CASES[name],
        laws.check_shape_rule,
        laws.check_abstract,
        laws.check_masks,
        laws.check_accumulation,
        laws.check_staged,
        laws.check_inputs_unchanged,
    )


@pytest.mark.parametrize("name", CASES)
def test_vmap(name):
    each(name, CASES[name], laws.check_vmap)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives(name):
    each(name, DIFFERENTIABLE[name], laws.check_derivatives)


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize("name", CASES)
def test_compiled(name):
    each(name, CASES[name], laws.check_jit, laws.check_source)
