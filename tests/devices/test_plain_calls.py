"""Functions beside NumPy's, called with plain arrays of a device: results of the CPU, and there.

Nothing is traced. The calls are those of the tables that are compared with SciPy, and those of the
examples in docstrings, with the arrays and lists of numbers in them moved to the device.
"""

from __future__ import annotations

import types
import warnings
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload
from generated_calls import examples, namespace, public_callables
from scipy_names import test_linalg, test_linalg_more, test_special, test_stats
from scipy_names.one_call import ONE_CALL
from scipy_names.test_rotation import ANGLES, QUATS, VECTORS
from surface import sized
from surface.checks import Bound, Call

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import tree
from funcgrad.scipy import stats
from funcgrad.scipy.spatial.transform import Rotation, Slerp

CALLS = [(m, name) for m, calls in ONE_CALL.items() for name in calls]


def compare(xp: Any, fun: Any, args: tuple[Any, ...], rtol: float = 1e-9) -> None:
    """A call with arrays of the device gives what it gives on the CPU, on the device."""
    with np.errstate(all="ignore"):
        expected = fun(*args)
        found = fun(*upload(xp, args))
    assert_same(found, expected, rtol)


@pytest.mark.parametrize(("module", "name"), CALLS)
def test_one_call(xp: Any, module: str, name: str) -> None:
    made, args = ONE_CALL[module][name]
    ours = fg.scipy
    for part in module.split("."):
        ours = getattr(ours, part)
    compare(xp, made(ours), args)


@pytest.mark.parametrize("name", [*test_stats.CONTINUOUS, *test_stats.DISCRETE])
def test_distributions(xp: Any, name: str) -> None:
    distribution = getattr(stats, name)
    if name in test_stats.CONTINUOUS:
        shapes, x = test_stats.CONTINUOUS[name]
        rest: tuple[Any, ...] = (test_stats.LOC, test_stats.SCALE)
        functions = test_stats.FUNCTIONS
    else:
        shapes, x, rest = test_stats.DISCRETE[name], test_stats.COUNTS, ()
        functions = "logpmf pmf cdf sf logcdf logsf ppf isf".split()
    numbers = tuple(float(np.ravel(s)[0]) for s in shapes)
    for function in functions:
        at = test_stats.INSIDE if function in ("ppf", "isf") else x
        fun = getattr(distribution, function)
        compare(xp, fun, (at, *shapes, *rest))
        compare(xp, fun, (at, *numbers))
    for function in ("mean", "var", "entropy"):
        try:
            getattr(distribution, function)(*shapes)
        except AttributeError:
            continue  # not every distribution has all of them
        if shapes:
            compare(xp, getattr(distribution, function), shapes)


TABLES = {
    "special": test_special.TABLE,
    "linalg": test_linalg.TABLE,
    "more of linalg": test_linalg_more.TABLE,
}
CLOSED = {"cholesky", "cho_factor", "solve", "cholesky_banded"}
"""Calls of the table that add arrays of the host to their arguments."""
TABLED = [(t, n) for t in TABLES for n in TABLES[t] if t == "special" or n not in CLOSED]


@pytest.mark.parametrize(("table", "name"), TABLED)
def test_tables(xp: Any, table: str, name: str) -> None:
    for fun, _, case in TABLES[table][name]:
        compare_bound(xp, Bound(fun, case), case)


@pytest.mark.parametrize("name", sorted({*sized.TABLE, *sized.SIZED}))
def test_sizes(xp: Any, name: str) -> None:
    for case in (*sized.TABLE.get(name, ()), *sized.SIZED.get(name, ())):
        compare_bound(xp, Bound(getattr(fnp, name), case), case)


def compare_bound(xp: Any, bound: Bound, case: Call) -> None:
    if bound.leaves:
        compare(xp, bound, tuple(bound.leaves), max(1e-9, case.rtol))


ROTATIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    **{name: (lambda q, name=name: getattr(Rotation.from_quat(q), name)(), (QUATS,))
       for name in ("as_matrix", "as_rotvec", "as_mrp", "magnitude", "as_quat", "inv", "mean")},
    "as_euler": (lambda q: Rotation.from_quat(q).as_euler("xyz"), (QUATS,)),
    "mul": (lambda p, q: Rotation.from_quat(p) * Rotation.from_quat(q), (QUATS, QUATS[::-1])),
    "apply": (lambda q, v: Rotation.from_quat(q).apply(v, inverse=True), (QUATS, VECTORS)),
    "from_euler": (lambda a: Rotation.from_euler("XYZ", a, degrees=True), (ANGLES,)),
    "from_matrix": (lambda q: Rotation.from_matrix(Rotation.from_quat(q).as_matrix()), (QUATS,)),
    "from_rotvec": (lambda v: Rotation.from_rotvec(v), (VECTORS,)),
    "from_mrp": (lambda v: Rotation.from_mrp(v), (VECTORS,)),
    "weights": (lambda q, w: Rotation.from_quat(q).mean(w), (QUATS, np.arange(1.0, 6.0))),
    "concatenate": (lambda q: Rotation.concatenate([Rotation.from_quat(q)] * 2), (QUATS,)),
    "slerp": (lambda t, q, at: Slerp(t, Rotation.from_quat(q))(at),
              (np.arange(5.0), QUATS, np.array([0.3, 2.0, 3.7]))),
}  # fmt: skip


@pytest.mark.parametrize("name", ROTATIONS)
def test_rotations(xp: Any, name: str) -> None:
    fun, args = ROTATIONS[name]
    compare(xp, fun, args)


# --- calls in docstrings --------------------------------------------------------------------------

PACKAGES = ("funcgrad.scipy", "funcgrad.image", "funcgrad.ops", "funcgrad.numpy.sized")
HOST = {
    "optimize.curve_fit": "SciPy's methods work on the host, and say so",
    "optimize.linear_sum_assignment": "SciPy's",
    "optimize.nnls": "SciPy's",
    "optimize.root": "SciPy's",
    "optimize.minimize": "SciPy's",
}
"""Functions that need arrays of the host, and why."""
DOCUMENTED = {
    name: value for name, value in public_callables()
    if isinstance(value, types.FunctionType | types.MethodType)
    and value.__module__.startswith(PACKAGES) and name not in HOST
}  # fmt: skip


def as_arrays(x: Any) -> Any:
    """A list of numbers, nested or not, as an array; what else there is as it is."""
    if isinstance(x, list):
        try:
            found = np.array(x)
        except (ValueError, TypeError):
            return x
        return found if found.dtype.kind in "biufc" else x
    return x


def unnamed(x: Any) -> Any:
    """NumPy and CuPy have records of their own."""
    return tuple(x) if isinstance(x, tuple) else x


def on_device_too(xp: Any, fun: Any, seen: list[str]) -> Any:
    """A function that compares each of its calls with the one on the device."""

    def call(*args: Any, **kwargs: Any) -> Any:
        expected = fun(*args, **kwargs)
        there = upload(xp, [as_arrays(a) for a in args])
        options = upload(xp, {k: as_arrays(v) for k, v in kwargs.items()})
        if any(isinstance(x, xp.ndarray) for x in tree.leaves([there, options])):
            seen.append(fun.__name__)
            found = fun(*there, **options)
            assert_same(unnamed(found), unnamed(expected), 1e-9)
        return expected

    return call


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples(xp: Any, name: str) -> None:
    value = DOCUMENTED[name]
    seen: list[str] = []
    names = {**namespace(value), value.__name__: on_device_too(xp, value, seen)}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for example in examples(value):
            if example.exc_msg is None:
                exec(compile(example.source, name, "single"), names)
