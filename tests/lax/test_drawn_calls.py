"""Functions of lax against NumPy, SciPy or plain loops, over drawn values, dtypes and shapes."""

import hypothesis.strategies as st
import numpy as np
import pytest
from effort import THOROUGH, examples
from hypothesis import given, settings
from lax.window_calls import TABLE
from surface.checks import is_array, leaves_of
from surface.drawn import SEEDS, check_drawn
from surface.edges import EdgeCall, Outcome, difference

import funcgrad as fg

OTHER_REFERENCES = {
    "ragged_dot": "the reference has the groups of the table",
    "scatter_apply": "the reference has the rows of the table",
    "conv_general_dilated_local": "the loops are in float64",
}
"""Functions whose references are for the arrays of the table only."""


@pytest.mark.parametrize("name", sorted(set(TABLE) - set(OTHER_REFERENCES)))
def test_drawn_calls(name):
    check_drawn(TABLE[name], 4, alike=True)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_plain_and_staged_calls_refuse_the_same_shapes(name):
    @given(st.data())
    @settings(max_examples=examples(6), deadline=None, derandomize=not THOROUGH)
    def check(data):
        fun, reference, case = data.draw(st.sampled_from(TABLE[name]))
        rng = np.random.default_rng(data.draw(SEEDS))
        leaves = leaves_of((case.args, case.kwargs))
        for i, x in enumerate(leaves):
            if is_array(x):
                shape = [int(rng.choice([d, d, d, 1, 0, 2, 3, 5])) for d in np.shape(x)]
                first = rng.choice(6)
                shape = shape[1:] if first == 0 else [2, *shape] if first == 1 else shape
                leaves[i] = np.resize(x, shape).astype(x.dtype)[()]
        edge = EdgeCall(fun, reference, case, leaves)
        plain = Outcome(lambda: edge(*edge.traced))
        staged = Outcome(lambda: fg.jit(edge)(*edge.traced))
        wrong = difference(staged, plain, 1e-6)
        assert wrong is None, f"{name} of {[np.shape(x) for x in leaves]}: {wrong}"

    check()


def test_start_indices_and_sizes_are_integers():
    x = np.arange(6.0)
    for wrong, words in [
        (lambda x: fg.lax.dynamic_slice(x, (1.5,), (2,)), "start indices are integers, got 1.5"),
        (lambda x: fg.lax.dynamic_slice(x, (np.array([1, 2]),), (2,)), "of shape"),
        (lambda x: fg.lax.dynamic_slice(x, (1,), (2.5,)), "slice_sizes must be"),
        (lambda x: fg.lax.dynamic_index_in_dim(x, 0.0), "start indices are integers"),
    ]:
        for run in (wrong, fg.jit(wrong)):
            with pytest.raises(TypeError, match=words):
                run(x)


def test_numbers_of_python_have_the_precision_of_the_other_operand():
    axes = (((), ()), ((), ()))
    for run in (lambda f: f, fg.jit):
        assert run(lambda x: fg.lax.dot_general(x, 3.0, axes))(np.float32(2)).dtype == np.float32
        assert run(lambda x: fg.lax.dot_general(2, x, axes))(np.float32(2)).dtype == np.float32
        assert run(lambda x: fg.lax.dot_general(x, 3.0, axes))(np.int64(2)).dtype == np.float64
