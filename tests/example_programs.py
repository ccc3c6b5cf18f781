"""Loading the programs in examples/, and looking at their pictures."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    """Import an example by its path."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # what pickle looks for
    spec.loader.exec_module(module)
    return module


def check_picture(path: Path) -> None:
    """A picture of some size on which something is drawn."""
    image = pytest.importorskip("matplotlib.image").imread(path)
    assert image.shape[0] > 300
    assert image.shape[1] > 600
    inked = np.any(image[:, :, :3] < 0.9, axis=2)
    assert 0.01 < inked.mean() < 0.5
    assert inked[:, : image.shape[1] // 2].any()
    assert inked[:, image.shape[1] // 2 :].any()
