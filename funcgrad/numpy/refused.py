"""NumPy functions that a traced value cannot pass through, each with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..errors import TracerError
from .protocol import FUNCTIONS

ADVICE: dict[Any, str] = {
    np.copyto: "it writes into an array, which would drop the derivative. Write "
    "dst = fnp.where(mask, src, dst), or dst = fnp.at(dst)[:].set(src)",
    np.array2string: "use funcgrad.debug.print",
}
ADVICE |= {
    f: "save the result of the transformation instead"
    for f in (np.save, np.savez, np.savez_compressed, np.savetxt)
}
ADVICE |= {
    f: "it has no memory of its own, and nothing can change it"
    for f in (np.may_share_memory, np.shares_memory)
}
ADVICE |= {
    f: "it changes an array in place, which would drop derivatives. Write "
    "x = fnp.at(x)[i].set(v), or x = fnp.where(mask, v, x)"
    for f in (np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal)
}


def _refusing(function: Callable[..., Any], advice: str) -> Callable[..., NoReturn]:
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise TracerError(f"np.{function.__name__} cannot take a traced value: {advice}.")

    return refuse


FUNCTIONS.update({f: _refusing(f, advice) for f, advice in ADVICE.items()})
