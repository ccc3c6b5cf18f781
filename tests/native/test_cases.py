"""Every operator's cases as parts of native programs, against their evaluation."""

from __future__ import annotations

from typing import Any

import laws
import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

from funcgrad.api.jit import jit
from funcgrad.core.primitive import REGISTRY

CASES = [c for c in laws.all_cases() if not REGISTRY[c[0]].effect]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_native_results(name: str, i: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
    prim: Any = REGISTRY[name]
    case = laws.cases_of(prim)[i]

    def fun(*args: Any) -> Any:
        return [np.add(o, 0) for o in laws.as_tuple(prim, prim(*args, **case.params))]

    with np.errstate(all="ignore"):
        expected = fun(*case.args)
    found = jit(fun)(*case.args)
    for a, b in zip(found, expected, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        if np.asarray(b).dtype.kind not in "fc":
            np.testing.assert_array_equal(a, b)
            continue
        rtol = 200 * np.finfo(np.asarray(b).dtype).eps
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
