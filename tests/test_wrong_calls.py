"""Wrong calls raise the right errors, which say what argument, what came and what is wanted."""

import contextlib
import copy
import io
import os
import pickle
import re
import traceback
import warnings

import pytest
from generated_calls import WRONG, mutated, mutations, namespace, public_callables
from wrong_calls import GIVEN, TABLE

import funcgrad as fg
from funcgrad.testing import GradientCheckError

ROOT = os.path.dirname(fg.__file__)


def frames_of_ours(error):
    return [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(ROOT)]


def test_the_table_is_long():
    assert len(TABLE) >= 150


@pytest.mark.parametrize("label", TABLE)
def test_table(label, tmp_path, monkeypatch):
    call, kind, *words = TABLE[label]
    monkeypatch.chdir(tmp_path)
    before = pickle.dumps(GIVEN)
    with pytest.raises(kind) as info:
        call()
    text = str(info.value)
    missing = [w for w in words if w not in text]
    assert not missing, f"{missing} not in {text!r}"
    assert len(text.splitlines()) <= 4
    assert len(frames_of_ours(info.value)) <= 1
    assert ROOT not in text
    assert info.value.__cause__ is None or not isinstance(info.value.__cause__, AttributeError)
    assert pickle.dumps(copy.copy(GIVEN)) == before
    assert not os.listdir(tmp_path)


# --- generated -----------------------------------------------------------------------------------

INTERNAL = re.compile(
    r"'NoneType' object|object has no attribute|zip\(\) argument|(tuple|list) index|pop from|"
    r"not subscriptable|not supported between|cannot unpack|values to unpack|is not iterable|"
    r"object is not callable|interpreted as an integer|substring|must be real number, not|"
    r"unhashable type|has no len|modulo by zero|unexpected keyword|<locals>|maximum recursion|"
    r"builtin_function_or_method|" + re.escape(ROOT)
)
"""What errors say of our code, or of Python's, instead of the argument."""

PUBLIC = dict(public_callables())
MADE_BY_US = {"testing.Report", "debug.NanReport"}
"""Results of our functions, which nobody makes."""

SLOW = {"testing.gradcheck", "testing.check_grads", "testing.check_derivatives"}
"""What searches for points for seconds; the table has wrong calls of them."""


def run(code, names):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        exec(code, names)


def error_of(name, mutation, wrong, before):
    """The error of a wrong call; None if it works."""
    _, _, source, number, place = mutation
    try:
        run(mutated(name, source, number, place), {**before, "WRONG": wrong})
    except Exception as error:
        return error
    return None


def is_the_examples_own(monkeypatch, *call):
    """Whether the code of the example itself fails, for example with what a call returned."""
    with monkeypatch.context() as m:
        m.setenv("FUNCGRAD_TRACEBACK", "full")
        error = error_of(*call)
    return error is not None and (
        traceback.extract_tb(error.__traceback__)[-1].filename.startswith("<")
    )


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - MADE_BY_US - SLOW))
def test_generated(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names, done = namespace(PUBLIC[name]), []
    for mutation in mutations(name, PUBLIC[name]):
        for source in mutation[1][len(done) :]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with contextlib.suppress(fg.errors.ShapeError):  # which an example shows
                    run(compile(source, "<before>", "exec"), names)
            done.append(source)
        for what, wrong in WRONG.items():
            call = (name, mutation, wrong, names)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                error = error_of(*call)
            if error is None:
                continue
            where = f"{mutation[0]}, {what}: {type(error).__name__}: {error}"
            allowed = (TypeError, ValueError, fg.errors.FuncgradError, ImportError, OSError)
            plain = (IndexError, NameError, OverflowError)  # NumPy's classes, with words of ours
            if isinstance(error, GradientCheckError):
                continue  # the example shows one
            assert isinstance(error, (*allowed, *plain)), where
            assert len(frames_of_ours(error)) <= 1, where
            if INTERNAL.search(str(error)):
                assert is_the_examples_own(monkeypatch, *call), where


def test_enough_wrong_calls_are_generated():
    calls = sum(1 for name, value in PUBLIC.items() for _ in mutations(name, value)) * len(WRONG)
    assert calls > 7000
