"""The laws that every operator obeys, as functions of one of its cases."""

from __future__ import annotations

from typing import Any

import numpy as np
from effort import THOROUGH

from funcgrad.api.jit import jit
from funcgrad.api.staging import eval_shape, make_jaxpr
from funcgrad.api.to_source import to_source
from funcgrad.api.vmap import vmap
from funcgrad.core.jaxpr import eval_jaxpr
from funcgrad.core.primitive import REGISTRY, Case, Primitive
from funcgrad.core.tracing import aval_of
from funcgrad.ops.families import Elementwise
from funcgrad.testing import check_grads


def all_cases() -> list[tuple[str, int]]:
    found = []
    for name, prim in sorted(REGISTRY.items()):
        if prim.cases is None:
            continue
        found += [(name, i) for i in range(len(cases_of(prim)))]
    return found


def cases_of(prim: Primitive) -> list[Case]:
    seed = sum(map(ord, prim.name))
    return list(prim.cases(np.random.default_rng(seed)))


def as_tuple(prim: Primitive, out: Any) -> tuple[Any, ...]:
    return tuple(out) if prim.multiple else (out,)


def inexact_positions(args: Any) -> list[int]:
    return [
        i
        for i, a in enumerate(args)
        if isinstance(a, np.ndarray | np.generic) and a.dtype.kind in "fc"
    ]


def close(a: Any, b: Any, rtol: float, what: str) -> None:
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    scale = max(1.0, float(np.max(np.abs(b), initial=0)))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale, err_msg=what)


def function_of(prim: Primitive, case: Case, positions: list[int]) -> Any:
    """The operator as a function of its inexact operands, with only inexact outputs."""

    def fun(*xs: Any) -> tuple[Any, ...]:
        args = list(case.args)
        for i, x in zip(positions, xs, strict=True):
            args[i] = x
        outs = as_tuple(prim, prim(*args, **case.params))
        return tuple(o for o in outs if o.dtype.kind in "fc")

    return fun


DRAWN = {name for name in REGISTRY if name.startswith(("random_", "threefry"))}
"""Samplers, whose operands are what the functions of funcgrad.random make of arguments."""

KINDS = ("f2", "f4", "f8", "c8", "c16", "i1", "i4", "i8", "u1", "u8", "?")
ONE_DTYPE_ONLY = {
    "pow": "?",  # NumPy's x**2 of booleans has another type than its x**3
}


def in_dtype(case: Case, dtype: str) -> Case | None:
    """A case with operands of another kind in the place of its inexact ones, or of all."""
    positions = inexact_positions(case.args) or range(len(case.args))
    args = list(case.args)
    for i in positions:
        if not isinstance(args[i], np.ndarray | np.generic):
            return None
        values = np.asarray(args[i])
        values = values if dtype[0] == "c" else values.real
        args[i] = values.astype(dtype)[()]
    return Case(*args, **case.params)


@np.errstate(all="ignore")
def check_abstract(prim: Primitive, case: Case) -> None:
    """Declared shapes and dtypes are those of the results, for every kind of operand.

    Where an operator takes no operands of a kind, its evaluation or its abstract form raises.
    """
    for dtype in KINDS:
        other = in_dtype(case, dtype)
        if other is None or ONE_DTYPE_ONLY.get(prim.name) == dtype or prim.name in DRAWN:
            continue
        try:
            outs = as_tuple(prim, prim.compute(other.args, other.params))
            declared = prim.abstract(*map(aval_of, other.args), **other.params)
        except (TypeError, ValueError, IndexError, ArithmeticError, Warning):
            continue
        for out, aval in zip(outs, as_tuple(prim, declared), strict=True):
            found = f"{np.asarray(out).dtype}{list(np.shape(out))}"
            said = f"{aval.dtype}{list(aval.shape)}"
            assert found == said, (
                f"{prim.name}: abstract says {said} of operands {other}, evaluate returns {found}; "
                "make abstract say what evaluate returns"
            )


def check_masks(prim: Primitive, case: Case) -> None:
    """Elementwise operators whose partial derivatives are 0 at generic points say if they mask."""
    if not isinstance(prim, Elementwise) or prim.masks is not None:
        return
    with np.errstate(all="ignore"):
        out = prim(*case.args)
        for i in inexact_positions(case.args):
            partial = prim.partials[i]
            if not callable(partial):
                continue
            d = np.asarray(partial(out, *case.args))
            assert np.all(d != 0), (
                f"{prim.name}: its partial derivative for operand {i} is 0 at generic points; "
                "declare masks=True if it selects there (so that 0 * inf is 0), masks=False if not"
            )


def check_accumulation(prim: Primitive, case: Case) -> None:
    """Adding a cotangent in place gives what the transpose gives."""
    accumulate = getattr(prim, "accumulate", None)
    if accumulate is None or not inexact_positions(case.args):
        return
    (x,) = case.args
    ct = np.asarray(prim(x, **case.params)) * 2
    start = np.full(np.shape(x), 0.5, np.asarray(x).dtype)
    total = start.copy()
    accumulate(total, ct, **case.params)
    expected = start + prim.transpose(ct, aval_of(x), **case.params)  # type: ignore[misc]
    np.testing.assert_array_equal(
        total, expected, f"{prim.name}: accumulate and transpose differ; mend one of them"
    )


def check_shape_rule(prim: Primitive, case: Case) -> None:
    out = as_tuple(prim, prim(*case.args, **case.params))
    shapes = eval_shape(lambda *a: as_tuple(prim, prim(*a, **case.params)), *case.args)
    for o, s in zip(out, shapes, strict=True):
        found = f"{np.asarray(o).dtype}{list(np.shape(o))}"
        said = f"{s.dtype}{list(s.shape)}"
        assert found == said, (
            f"{prim.name}: abstract says {said}, evaluate returns {found}; make abstract say what "
            "evaluate returns"
        )
        assert not (isinstance(o, np.ndarray) and o.ndim == 0), (
            f"{prim.name}: evaluate returns a 0-d array; make it a scalar, by [()]"
        )


def check_staged(prim: Primitive, case: Case) -> None:
    out = as_tuple(prim, prim(*case.args, **case.params))
    jaxpr = make_jaxpr(lambda *a: as_tuple(prim, prim(*a, **case.params)))(*case.args)
    again = eval_jaxpr(jaxpr, jaxpr.consts, case.args)
    for a, b in zip(again, out, strict=True):
        np.testing.assert_array_equal(a, b)


def check_inputs_unchanged(prim: Primitive, case: Case) -> None:
    copies = [np.array(a) for a in case.args]
    prim(*case.args, **case.params)
    for a, b in zip(case.args, copies, strict=True):
        np.testing.assert_array_equal(a, b)


SINGLE = {"d": np.dtype(np.float32), "D": np.dtype(np.complex64)}


def in_single_precision(case: Case) -> Case | None:
    """A case in double precision as one in single precision, if it is right there, too."""
    positions = inexact_positions(case.args)
    if "double" in case.check or any(case.args[i].dtype.char not in SINGLE for i in positions):
        return None
    args = list(case.args)
    for i in positions:
        args[i] = np.asarray(args[i], SINGLE[args[i].dtype.char])[()]
    return Case(*args, **case.params)


def check_derivatives(prim: Primitive, case: Case) -> None:
    """The checker that users have, on one operator: order two in all mixtures of modes.

    Rules are the same in single precision: there order two is for those that are to be thorough.
    """
    positions = inexact_positions(case.args)
    xs = tuple(case.args[i] for i in positions)
    fun = function_of(prim, case, positions)
    check_grads(fun, xs, order=2, directions=2 if THOROUGH else 1)
    check_grads(fun, xs, modes="lin", directions=1, laws=False)
    single = in_single_precision(case)
    if single is not None:
        xs = tuple(single.args[i] for i in positions)
        order = 2 if THOROUGH else 1
        check_grads(function_of(prim, single, positions), xs, order=order, directions=1)


def check_vmap(prim: Primitive, case: Case) -> None:
    """Vmap against a loop, for every choice of batched operands."""
    arrays = [i for i, a in enumerate(case.args) if isinstance(a, np.ndarray | np.generic)]
    choices = [arrays] + ([[i] for i in arrays] if len(arrays) > 1 else [])
    size = 3
    for chosen in choices:
        stacked = list(case.args)
        for i in chosen:
            x = np.asarray(case.args[i])
            rows = [x]
            for k in range(1, size):
                if x.dtype.kind in "iu" and prim.mask_indices is not None:
                    rows.append(x)
                elif x.dtype.kind in "fc":
                    rows.append((x * (1 + 0.01 * k)).astype(x.dtype))
                elif x.dtype.kind == "b":
                    rows.append(np.flip(x))
                else:
                    rows.append(x)
            stacked[i] = np.stack(rows)
        axes = tuple(0 if i in chosen else None for i in range(len(stacked)))
        fun = lambda *a: as_tuple(prim, prim(*a, **case.params))  # noqa: E731
        batched = vmap(fun, in_axes=axes)(*stacked)
        for k in range(size):
            row = [a[k] if i in chosen else a for i, a in enumerate(stacked)]
            one = fun(*row)
            for b, o in zip(batched, one, strict=True):
                what = f"{prim.name}: batch gives other results than one example at a time"
                close(b[k], o, 1e-4 if np.asarray(o).dtype.itemsize <= 4 else 1e-10, what)
                assert b.dtype == np.asarray(o).dtype, what


def check_jit(prim: Primitive, case: Case) -> None:
    """The compiled program gives the operator's own result, in memory of its own."""
    expected = as_tuple(prim, prim(*case.args, **case.params))
    fun = lambda *a: as_tuple(prim, prim(*a, **case.params))  # noqa: E731
    found = jit(fun)(*case.args)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
    arrays = [a for a in found if np.ndim(a)]
    for i, a in enumerate(arrays):
        assert a.flags.writeable
        for other in (*case.args, *arrays[:i]):
            assert not np.shares_memory(a, other)


def check_source(prim: Primitive, case: Case) -> None:
    """The generated source stands alone and computes the same."""
    expected = as_tuple(prim, prim(*case.args, **case.params))
    text = to_source(lambda *a: as_tuple(prim, prim(*a, **case.params)))(*case.args)
    assert "import funcgrad" not in text
    assert "from funcgrad" not in text
    scope: dict[str, Any] = {}
    exec(compile(text, prim.name, "exec"), scope)
    for a, b in zip(scope["program"](*case.args), expected, strict=True):
        np.testing.assert_array_equal(a, b)
