"""Calls with drawn arrays in place of those of a table, compared with a reference.

Sizes of axes are drawn, the same for equal ones, some arrays get axes of size 1 to be broadcast,
and dtypes and values others of their kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
from effort import THOROUGH, examples
from hypothesis import HealthCheck, given, reject, settings

import funcgrad as fg

from .checks import Call, is_array, leaves_of
from .edges import BROKEN, EdgeCall, Outcome, difference, differentiated

DTYPES = {"f": ["f8", "f4"], "c": ["c16", "c8"], "i": ["i8", "i4"], "u": ["u1", "u4"], "b": ["?"]}
BESIDE = np.array([[1.0, 0.3], [0.3, 1.2]])
SEEDS = st.integers(0, 2**32 - 1)
Entry = tuple[Any, Any, Call]
"""A function, a reference, and arguments."""


@st.composite
def drawn_leaves(draw: Any, case: Call, matrices: bool = False, alike: bool = False) -> list[Any]:
    """The leaves of a call with other arrays of the same kinds.

    matrices: of square matrices the kind is kept, too: triangular, Hermitian, positive definite,
    well conditioned. alike: all floats have one precision, and integers keep theirs.
    """
    leaves = leaves_of((case.args, case.kwargs))
    places = [i for i, x in enumerate(leaves) if is_array(x)]
    sizes = sorted({d for i in places for d in leaves[i].shape})
    new = {d: draw(st.sampled_from([d, d, 1, 2, 3, 4])) for d in sizes}
    rng = np.random.default_rng(draw(SEEDS))
    thin = draw(st.sampled_from([None, None, *places]))
    single = alike and draw(st.booleans())
    for i in places:
        x = np.asarray(leaves[i])
        square = matrices and x.dtype.kind in "fc" and x.ndim > 1 and x.shape[-1] == x.shape[-2]
        shape = [new[d] for d in x.shape]
        if i == thin and len(shape) > 2 * square:
            shape[draw(st.integers(0, len(shape) - 1 - 2 * square))] = 1
        dtypes = DTYPES.get(x.dtype.kind, [x.dtype])
        if matrices and x.dtype.kind == "f" and "D" in case.dtypes:
            dtypes = [*dtypes, *dtypes, *DTYPES["c"]]
        if alike:
            dtype = np.dtype(dtypes[single] if x.dtype.kind in "fc" else x.dtype)
        else:
            dtype = np.dtype(draw(st.sampled_from(dtypes)))
        made = of_square(x, shape, rng) if square else blended(x, shape, rng)
        with np.errstate(all="ignore"):
            if dtype.kind == "c" and made.dtype.kind != "c":
                made = made + 1j * np.cos(3 * made)
            leaves[i] = np.asarray(made).astype(dtype)[()]
    return leaves


def blended(x: np.ndarray, shape: list[int], rng: np.random.Generator) -> np.ndarray:
    """Numbers between those of an array, of a shape; in order if they are."""
    if x.size and x.dtype.kind in "fc":
        blend = rng.uniform(size=shape)  # of two of its own numbers, so that it stays inside
        one, other = rng.choice(x.ravel(), shape), rng.choice(x.ravel(), shape)
        with np.errstate(all="ignore"):
            made = np.where(np.isfinite(one - other), blend * one + (1 - blend) * other, one)
    else:
        made = rng.choice(x.ravel(), shape) if x.size else np.zeros(shape)
    if x.ndim == 1 and x.dtype.kind != "c":  # edges of bins, or places to interpolate between
        if np.all(x[1:] >= x[:-1]):
            made = np.sort(made)
        elif np.all(x[1:] <= x[:-1]):
            made = np.sort(made)[::-1]
    return made


def of_square(x: np.ndarray, shape: list[int], rng: np.random.Generator) -> np.ndarray:
    """Matrices of the kind of an array's: sections of them, rows and columns scaled alike."""
    n = shape[-1]
    matrices = x.reshape(-1, *x.shape[-2:])
    matrices = matrices[rng.integers(len(matrices), size=int(np.prod(shape[:-2])))]
    if n > x.shape[-1]:
        matrices = np.stack([np.kron(BESIDE, m) for m in matrices])
    rows = np.sort(rng.permutation(matrices.shape[-1])[:n])
    scale = rng.uniform(0.8, 1.25, (len(matrices), n))
    made = matrices[:, rows[:, None], rows] * scale[:, None] * scale[:, :, None]
    return made.reshape(shape)


def ways(edge: EdgeCall) -> dict[str, Callable[[], Any]]:
    """The traced ways in which a call is evaluated."""
    found = {} if edge.case.concrete else {"jit": lambda: fg.jit(edge)(*edge.traced)}
    if any(np.asarray(x).dtype.kind in "fc" for x in edge.traced):
        found["vjp"] = lambda: differentiated(edge)
    return found


def is_single(x: Any) -> bool:
    return is_array(x) and x.dtype in (np.float32, np.complex64)


def drawing_of(count: int) -> settings:
    """How many calls are drawn, and that many of them may be rejected."""
    return settings(
        max_examples=examples(count),
        deadline=None,
        derandomize=not THOROUGH,
        suppress_health_check=[HealthCheck.filter_too_much],
    )


def check_drawn(
    entries: list[Entry],
    count: int,
    matrices: bool = False,
    alike: bool = False,
    promoted: bool = False,
) -> None:
    """Some entries with drawn arrays, each evaluated plainly, by jit and by vjp.

    Options are those of ``drawn_leaves`` and of ``compare_with_reference``.
    """

    @given(st.data())
    @drawing_of(count)
    def check(data: Any) -> None:
        fun, reference, case = data.draw(st.sampled_from(entries))
        edge = EdgeCall(fun, reference, case, data.draw(drawn_leaves(case, matrices, alike)))
        compare_with_reference(edge, data.draw(SEEDS), narrow=alike, promoted=promoted)

    check()


def compare_with_reference(
    edge: EdgeCall, seed: int, narrow: bool = False, promoted: bool = False
) -> None:
    """Values within what rounding of the arguments changes; what the reference refuses is left.

    narrow: what the function refuses is left, too. promoted: where the reference computes in double
    precision, results may have the precision that the arguments promote to.
    """
    expected = Outcome(lambda: edge.run(edge.reference, *edge.traced))
    found = {"eager": Outcome(lambda: edge(*edge.traced))}
    found |= {how: Outcome(run) for how, run in ways(edge).items()}
    arguments = ", ".join(f"{np.asarray(x).dtype}{np.shape(x)}" for x in edge.leaves)
    for how, got in found.items():
        assert not isinstance(got.error, BROKEN), f"{how} of {arguments}: {got}"
    refused = isinstance(found["eager"].error, ValueError | TypeError)
    singular = isinstance(found["eager"].error, np.linalg.LinAlgError) and not all(
        np.all(np.isfinite(v)) for v in expected.values
    )
    if expected.error is not None or (narrow and refused) or singular:
        reject()
    rtol = max(10 * edge.case.rtol, 2e-5 if any(map(is_single, edge.leaves)) else 0)
    rtol += change_by_rounding(edge, expected, np.random.default_rng(seed))
    if promoted:
        expected.values = as_promoted(edge, found["eager"].values, expected.values, rtol)
    for how, got in found.items():
        wrong = difference(got, expected, rtol)
        assert wrong is None, f"{how} of {arguments}: {wrong}"


def as_promoted(edge: EdgeCall, found: list[Any], known: list[Any], rtol: float) -> list[Any]:
    """Values of a reference, in the dtypes of those found that have the arguments' precision.

    Integers may be of any size. Real numbers may stand for complex ones whose imaginary parts are
    rounding.
    """
    arrays = [x for x in edge.leaves if is_array(x)]
    own = np.result_type(*arrays, np.float16).type(0).real.dtype if arrays else None
    out = []
    for a, b in zip(found, known, strict=len(found) == len(known)):
        got, kept = np.asarray(a), np.asarray(b)
        if got.dtype.kind in "fc" and got.real.dtype == own and kept.dtype.kind in "fc":
            size = np.max(np.abs(kept), initial=1)
            if got.dtype.kind == "c" or np.all(np.abs(kept.imag) <= rtol * size):
                kept = (kept if got.dtype.kind == "c" else kept.real).astype(got.dtype)
        elif got.dtype.kind == kept.dtype.kind == "i":
            kept = kept.astype(got.dtype)
        out.append(kept)
    return out


def change_by_rounding(edge: EdgeCall, expected: Outcome, rng: np.random.Generator) -> float:
    """How far results move, of their size, when arguments move by a few units in the last place."""
    change = 0.0
    for _ in range(2):
        moved = [
            x + 8 * np.finfo(x.dtype).eps * x * rng.choice([-1, 1], np.shape(x))
            if np.asarray(x).dtype.kind in "fc"
            else x
            for x in edge.traced
        ]
        moved = [
            np.asarray(m, x.dtype)[()] if is_array(x) else m
            for m, x in zip(moved, edge.traced, strict=True)
        ]
        beside = Outcome(lambda moved=moved: edge.run(edge.reference, *moved))
        if beside.error is not None or len(beside.values) != len(expected.values):
            reject()
        for a, b in zip(beside.values, expected.values, strict=True):
            a, b = np.asarray(a), np.asarray(b)
            if a.shape != b.shape:
                reject()
            if b.dtype.kind not in "fc" or not b.size:
                continue
            with np.errstate(all="ignore"):
                size = max(1.0, float(np.max(np.abs(b[np.isfinite(b)]), initial=0)))
                change = max(change, float(np.max(np.abs(np.nan_to_num(a - b)))) / size)
    if change > 1e-2:
        reject()  # next to a jump
    return 10 * change
