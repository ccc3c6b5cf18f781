"""Every operator's record against the laws, over its own cases."""

import laws
import numpy as np
import pytest

from funcgrad.core.primitive import REGISTRY

CASES = laws.all_cases()


def pick(name, i):
    prim = REGISTRY[name]
    return prim, laws.cases_of(prim)[i]


def differentiable(prim, case):
    return (
        prim.nondifferentiable is None
        and bool(laws.inexact_positions(case.args))
        and any(
            np.asarray(o).dtype.kind in "fc"
            for o in laws.as_tuple(prim, prim(*case.args, **case.params))
        )
    )


@pytest.mark.parametrize(("name", "i"), CASES)
def test_values(name, i):
    prim, case = pick(name, i)
    laws.check_shape_rule(prim, case)
    laws.check_abstract(prim, case)
    laws.check_masks(prim, case)
    laws.check_accumulation(prim, case)
    laws.check_staged(prim, case)
    laws.check_inputs_unchanged(prim, case)


@pytest.mark.parametrize(("name", "i"), CASES)
def test_vmap(name, i):
    laws.check_vmap(*pick(name, i))


DIFFERENTIABLE = [c for c in CASES if differentiable(*pick(*c))]


@pytest.mark.parametrize(("name", "i"), DIFFERENTIABLE)
def test_derivatives(name, i):
    laws.check_derivatives(*pick(name, i))


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize(("name", "i"), CASES)
def test_compiled(name, i):
    prim, case = pick(name, i)
    laws.check_jit(prim, case)
    laws.check_source(prim, case)
