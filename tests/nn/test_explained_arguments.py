"""Arguments have types, and the docstrings say what they mean."""

import pytest
from optim.explained import functions, unexplained, untyped

from funcgrad import nn

FUNCTIONS = functions(nn)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_explained(name):
    assert not unexplained(FUNCTIONS[name], nn)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_have_types(name):
    assert not untyped(FUNCTIONS[name])


def test_functions_are_found():
    assert len(FUNCTIONS) > 80
