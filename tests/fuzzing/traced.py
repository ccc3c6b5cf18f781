"""What programs mean to funcgrad: the names that their text is executed with."""

from __future__ import annotations

from typing import Any

PREAMBLE = """\
import numpy as np

import funcgrad as fg
from funcgrad import checkpoint, jit, lax, nn, vmap
from funcgrad import numpy as fnp


def custom_jvp(fun):
    custom = fg.custom_jvp(fun)
    custom.defjvp(lambda primals, tangents: fg.jvp(fun, primals, tangents))
    return custom


def custom_vjp(fun):
    custom = fg.custom_vjp(fun)
    custom.defvjp(lambda *xs: (fun(*xs), xs), lambda xs, ct: fg.vjp(fun, *xs)[1](ct))
    return custom
"""

SCOPE: dict[str, Any] = {}
exec(compile(PREAMBLE, "<preamble>", "exec"), SCOPE)
