"""Saving and loading need, beside the tree itself, at most a little more than its largest leaf."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

N = 1_000_000
LARGEST = N * 8


def peak_of(action: Callable[[], Any]) -> tuple[int, Any]:
    """The greatest memory that an action takes beside what it returns."""
    tracemalloc.start()
    try:
        result = action()
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    held = sum(x.nbytes for x in fg.tree.leaves(result)) if result is not None else 0
    assert now < held + LARGEST / 10
    return peak - held, result


TREES: dict[str, Callable[[], Any]] = {
    "plain": lambda: [np.full(N, float(i)) for i in range(12)],
    "transposed": lambda: [np.full((N // 500, 500), float(i)).T for i in range(6)],
    "strided": lambda: [np.arange(2.0 * N)[::2] for _ in range(6)],
    "swapped": lambda: [np.arange(N).astype(">f8") for _ in range(6)],
    "complex": lambda: [np.ones(N // 2, np.complex128) for _ in range(6)],
    "boolean": lambda: [np.ones(8 * N, bool) for _ in range(6)],
    "odd boolean": lambda: [np.full(8 * N, 2, np.uint8).view(bool) for _ in range(6)],
}


@pytest.mark.parametrize("kind", TREES)
def test_at_most_the_largest_leaf_is_copied(tmp_path: Path, kind: str) -> None:
    tree, path = TREES[kind](), tmp_path / "t"
    fg.save(path, {"warm": np.ones(3)})
    fg.load(path)
    copies = kind in ("transposed", "strided", "swapped", "odd boolean")
    extra, _ = peak_of(lambda: fg.save(path, tree))
    # Contiguous leaves are written from where they are, through a small buffer.
    assert extra < (1.1 if copies else 0.1) * LARGEST
    extra, back = peak_of(lambda: fg.load(path))
    assert extra < 0.1 * LARGEST
    extra, back = peak_of(lambda: fg.load(path, tree))
    assert extra < 0.1 * LARGEST
    for a, b in zip(tree, back, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in KiB on Linux")
def test_the_process_does_not_grow(tmp_path: Path) -> None:
    """The same as the operating system sees it, which counts what tracemalloc cannot."""
    code = """
import resource, sys, numpy as np, funcgrad as fg
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
fg.save(sys.argv[1], {"w": np.ones(1000)})
fg.load(sys.argv[1])
leaf = 32  # MiB
tree = [np.full(leaf << 17, float(i)) for i in range(4)]
begin = peak()
fg.save(sys.argv[1], tree)
saved = peak()
del tree
back = fg.load(sys.argv[1])
print((saved - begin) / leaf, (peak() - saved) / leaf)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(fg.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "t"], env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    saving, loading = map(float, done.stdout.split())
    assert saving < 1.1
    assert loading < 1.1
