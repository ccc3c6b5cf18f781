"""What a call on plain arrays costs beside NumPy's own function, for fifty functions used most.

Functions that are NumPy's own cost nothing more, and are counted as that. A call of one of the
others may cost a microsecond more: medians of differences between calls that take turns.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from pairs import paired

import funcgrad.numpy as fnp

X = np.array([[0.5, -1.25, 2.0], [3.5, 0.25, -0.75]])
V = np.array([2.0, 0.5, 1.0])
B = X > 0
I = np.array([2, 0, 1])  # noqa: E741
LIMIT = 1e-6

CALLS: dict[str, tuple[Any, ...]] = {
    "array": ([1.0, 2.0, 3.0],),
    "asarray": (X,),
    "zeros": (3,),
    "ones": ((2, 3),),
    "empty": (3,),
    "full": (3, 1.5),
    "eye": (3,),
    "arange": (5,),
    "linspace": (0.0, 1.0, 5),
    "zeros_like": (X,),
    "ones_like": (X,),
    "full_like": (X, 2.0),
    "where": (B, X, 0.0),
    "nonzero": (B,),
    "argwhere": (B,),
    "sort": (V,),
    "argsort": (V,),
    "clip": (X, 0.0, 1.0),
    "take": (V, I),
    "take_along_axis": (V, I, 0),
    "repeat": (V, 2),
    "roll": (V, 1),
    "pad": (V, 1),
    "unique": (V,),
    "bincount": (I,),
    "tri": (3,),
    "identity": (3,),
    "indices": ((2, 3),),
    "finfo": (np.float64,),
    "concatenate": ([X, X],),
    "stack": ([X, X],),
    "reshape": (X, (3, 2)),
    "transpose": (X,),
    "expand_dims": (X, 0),
    "squeeze": (X[:1],),
    "sum": (X,),
    "mean": (X,),
    "max": (X,),
    "min": (X,),
    "argmax": (X,),
    "exp": (X,),
    "log": (abs(X),),
    "sqrt": (abs(X),),
    "sin": (X,),
    "cos": (X,),
    "tanh": (X,),
    "abs": (X,),
    "maximum": (X, 0.0),
    "dot": (X, V),
    "einsum": ("ij,j->i", X, V),
    "tile": (V, 2),
    "isnan": (X,),
    "allclose": (X, X),
}


def calling(function: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], Any]:
    """A call without arguments."""
    return lambda: function(*args)


def main() -> None:
    """Print what each function that is not NumPy's own costs more, the most expensive first."""
    own = [name for name in CALLS if getattr(fnp, name) is getattr(np, name)]
    rows = []
    for name, args in CALLS.items():
        if name in own:
            continue
        contenders = {
            "funcgrad": calling(getattr(fnp, name), args),
            "numpy": calling(getattr(np, name), args),
        }
        times = paired(contenders, number=300, rounds=151)
        more = statistics.median(
            a - b for a, b in zip(times["funcgrad"], times["numpy"], strict=True)
        )
        rows.append((more, name, statistics.median(times["numpy"])))
    print(f"\neager calls of {len(CALLS)} functions, of which {len(own)} are NumPy's own")
    for more, name, numpys in sorted(rows, reverse=True):
        mark = "" if more <= LIMIT else "  (wanted: at most 1)"
        print(f"  {name:18s} {numpys * 1e6:8.2f} us of NumPy  {more * 1e6:+6.2f} us{mark}")


if __name__ == "__main__":
    main()
