"""Every element of a Jacobian against finite differences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .comparison import check_projection, check_tangent
from .functions import Flat, forward, reverse
from .lines import pack, unpack
from .session import Session


def check_jacobian(session: Session, flat: Flat, modes: Sequence[str]) -> None:
    """Compare the derivative along every unit vector of inputs, and of outputs.

    A complex number counts as two: its real and its imaginary part.
    """
    outs = flat.call(flat.point)
    if "fwd" in modes or "lin" in modes:
        for ts in unit_vectors(flat.point):
            found = session.derive(flat, ("fwd",), partial(forward, flat, flat.point, ts))[1]
            check_tangent(session, flat, outs, ts, found, ("fwd",))
        session.passed("order 1, mode 'fwd': every column of the Jacobian")
    if "rev" in modes:
        outs, pull = reverse(flat, flat.point)
        for cts in unit_vectors(outs):
            found = session.derive(flat, ("rev",), partial(pull, cts))
            for ts in unit_vectors(flat.point):
                check_projection(session, flat, outs, cts, found, ("rev",), ts)
        session.passed("order 1, mode 'rev': every element of the Jacobian")


def unit_vectors(leaves: Sequence[Any]) -> list[list[Any]]:
    """Leaves like the given ones for each of their numbers: one there, zero elsewhere."""
    size = pack(leaves).size
    rows = []
    for k in range(size):
        unit = np.zeros(size)
        unit[k] = 1.0
        rows.append(
            [
                np.asarray(u, x.dtype)[()] if hasattr(x, "dtype") else u.item()
                for u, x in zip(unpack(unit, leaves), leaves, strict=True)
            ]
        )
    return rows
